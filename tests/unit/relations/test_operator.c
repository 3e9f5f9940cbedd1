/* Every operator: what it gives, what it refuses, and how many arguments it takes. */
#include "base/macros.h"
#include "tests/support/local.h"

#include <criterion/criterion.h>

/* int64 values. */
#define I_ZERO   "{'$integer':'AAAAAAAAAAA='}"
#define I_ONE    "{'$integer':'AQAAAAAAAAA='}"
#define I_TWO    "{'$integer':'AgAAAAAAAAA='}"
#define I_THREE  "{'$integer':'AwAAAAAAAAA='}"
#define I_SEVEN  "{'$integer':'BwAAAAAAAAA='}"
#define I_M1     "{'$integer':'//////////8='}"
#define I_M2     "{'$integer':'/v////////8='}"
#define I_M3     "{'$integer':'/f////////8='}"
#define I_MAX    "{'$integer':'/////////38='}"
#define I_MIN    "{'$integer':'AAAAAAAAAIA='}"
#define INFINITE "{'$float':'AAAAAAAA8H8='}"
#define NEGATIVE "{'$float':'AAAAAAAA8P8='}"
#define NAN_     "{'$float':'AAAAAAAA+H8='}"
#define ZERO_    "{'$float':'AAAAAAAAAIA='}"

/* What all rows may refer to: $args.o lacks `m`. */
#define ARGS                                                                                       \
    "{'o':{'a':1,'b':'x','c':null},'l':[3,1,2],'e':[],'n':null,'s':'"                              \
    "h\xc3\xa4\xf0\x9f\x98\x80\xc3\x9f'}"

#define CHECK(rows) local_expect_values(ARGS, rows, COUNT_OF(rows))

Test(operator, comparisons_follow_the_order_of_values_and_never_convert)
{
    static const struct local_value ROWS[] = {
        {"{'$eq':[1,1.0]}", "true"},
        {"{'$eq':[1,1e0]}", "true"},
        {"{'$eq':[1,'1']}", "false"},
        {"{'$eq':[1," I_ONE "]}", "false"},
        {"{'$eq':[" I_ONE "," I_ONE "]}", "true"},
        {"{'$eq':[0," ZERO_ "]}", "false"},
        {"{'$eq':[" NAN_ "," NAN_ "]}", "true"},
        {"{'$eq':['a','\\u0061']}", "true"},
        {"{'$eq':[{'a':1,'b':2},{'b':2,'a':1}]}", "true"},
        {"{'$eq':[[1,2],[1,2]]}", "true"},
        {"{'$eq':[[1,2],[2,1]]}", "false"},
        {"{'$eq':['$args.o.m','$args.o.m']}", "true"},
        {"{'$eq':['$args.o.m',null]}", "false"},
        {"{'$eq':['$args.o',{'c':null,'b':'x','a':1}]}", "true"},
        {"{'$neq':[1,2]}", "true"},
        {"{'$neq':[1,1]}", "false"},
        {"{'$lt':['$args.o.m',null]}", "true"},
        {"{'$lt':[null," I_MIN "]}", "true"},
        {"{'$lt':[" I_MAX "," NEGATIVE "]}", "true"},
        {"{'$lt':[" ZERO_ ",0]}", "true"},
        {"{'$lt':[" INFINITE "," NAN_ "]}", "true"},
        {"{'$lt':[" NAN_ ",false]}", "true"},
        {"{'$lt':[false,true]}", "true"},
        {"{'$lt':[true,'']}", "true"},
        {"{'$lt':['z',{'$bytes':''}]}", "true"},
        {"{'$lt':[{'$bytes':'/w=='},[]]}", "true"},
        {"{'$lt':[[9],{}]}", "true"},
        {"{'$lt':[[1],[1,0]]}", "true"},
        {"{'$lt':['a','b']}", "true"},
        {"{'$lt':['a','a']}", "false"},
        {"{'$lte':['a','a']}", "true"},
        {"{'$lte':[2,1]}", "false"},
        {"{'$gt':[10,9]}", "true"},
        {"{'$gt':['10','9']}", "false"},
        {"{'$gt':[1,1]}", "false"},
        {"{'$gte':[1,1]}", "true"},
        {"{'$gte':[0,1]}", "false"},
        {"{'$in':[2,'$args.l']}", "true"},
        {"{'$in':[4,'$args.l']}", "false"},
        {"{'$in':[4,[]]}", "false"},
        {"{'$in':[null,['$args.o.m']]}", "true"},
        {"{'$in':[[1],[[1]]]}", "true"},
        {"{'$in':[1,1]}", "!TypeMismatch /return"},
        {"{'$in':[1,null]}", "!TypeMismatch"},
        {"{'$in':['a','abc']}", "!TypeMismatch"},
    };
    CHECK(ROWS);
}

Test(operator, logic_takes_booleans_and_stops_early)
{
    static const struct local_value ROWS[] = {
        {"{'$and':[]}", "true"},
        {"{'$or':[]}", "false"},
        {"{'$and':[true,true]}", "true"},
        {"{'$and':[true,false]}", "false"},
        {"{'$and':[false,1]}", "false"},
        {"{'$and':[false,'$args.n.x']}", "false"},
        {"{'$and':[true,1]}", "!TypeMismatch"},
        {"{'$and':[null]}", "!TypeMismatch"},
        {"{'$and':['$args.o.m']}", "!TypeMismatch"},
        {"{'$or':[false,true]}", "true"},
        {"{'$or':[true,'$args.n.x']}", "true"},
        {"{'$or':[false,'x']}", "!TypeMismatch"},
        {"{'$or':[false,'$args.n.x']}", "!NullReference /return/$or/1"},
        {"{'$not':true}", "false"},
        {"{'$not':{'$eq':[1,2]}}", "true"},
        {"{'$not':null}", "!TypeMismatch"},
        {"{'$not':0}", "!TypeMismatch"},
        {"{'$not':[true]}", "!TypeMismatch"},
        {"{'$if':[true,1,'$args.n.x']}", "1"},
        {"{'$if':[false,'$args.n.x',2]}", "2"},
        {"{'$if':[1,1,2]}", "!TypeMismatch"},
        {"{'$if':[null,1,2]}", "!TypeMismatch"},
        {"{'$if':[true,1]}", "!InvalidParams /return/$if"},
        {"{'$coalesce':[null,'$args.o.m',false,1]}", "false"},
        {"{'$coalesce':[1,'$args.n.x']}", "1"},
        {"{'$coalesce':[null,null]}", "null"},
        {"{'a':{'$coalesce':[null,'$args.o.m']}}", "{}"},
        {"{'$coalesce':[]}", "null"},
        {"{'$exists':'$args.o.m'}", "false"},
        {"{'$exists':'$args.o.c'}", "true"},
        {"{'$exists':'$args?.q'}", "false"},
        {"{'$exists':'$args.n?.x.y.z'}", "false"},
        {"{'$exists':{'$first':[]}}", "false"},
    };
    CHECK(ROWS);
}

Test(operator, arithmetic_of_numbers_is_that_of_ieee_754)
{
    static const struct local_value ROWS[] = {
        {"{'$add':[1,2]}", "3"},
        {"{'$add':[0.1,0.2]}", "0.30000000000000004"},
        {"{'$add':[1.50,0]}", "1.5"},
        {"{'$add':[9007199254740992,1]}", "9007199254740992"},
        {"{'$add':[1e308,1e308]}", INFINITE},
        {"{'$sub':[1,3]}", "-2"},
        {"{'$sub':[0,0]}", "0"},
        {"{'$mul':[3,0.5]}", "1.5"},
        {"{'$mul':[-1,0]}", ZERO_},
        {"{'$mul':[1e-7,1]}", "1e-7"},
        {"{'$mul':[1e21,1]}", "1e+21"},
        {"{'$mul':[1e20,1]}", "1e+20"},
        {"{'$div':[1,3]}", "0.3333333333333333"},
        {"{'$div':[4,2]}", "2"},
        {"{'$div':[1,0]}", INFINITE},
        {"{'$div':[0,0]}", NAN_},
        {"{'$mod':[3,0]}", NAN_},
        {"{'$neg':" NAN_ "}", NAN_},
        {"{'$gt':[{'$sub':[" INFINITE "," INFINITE "]}," INFINITE "]}", "true"},
        {"{'$div':[-1,0]}", NEGATIVE},
        {"{'$mod':[7,3]}", "1"},
        {"{'$mod':[-7,3]}", "-1"},
        {"{'$mod':[7,-3]}", "1"},
        {"{'$mod':[5.5,2]}", "1.5"},
        {"{'$neg':5}", "-5"},
        {"{'$neg':0}", ZERO_},
        {"{'$abs':-2.50}", "2.5"},
        {"{'$abs':" ZERO_ "}", "0"},
        {"{'$floor':-1.5}", "-2"},
        {"{'$floor':2}", "2"},
        {"{'$ceil':1.2}", "2"},
        {"{'$ceil':-1.2}", "-1"},
        {"{'$add':[1,'2']}", "!TypeMismatch /return"},
        {"{'$add':['1',2]}", "!TypeMismatch"},
        {"{'$add':[null,2]}", "!TypeMismatch"},
        {"{'$add':[1,'$args.o.m']}", "!TypeMismatch"},
        {"{'$add':[1,true]}", "!TypeMismatch"},
        {"{'$add':[1," I_ONE "]}", "!TypeMismatch"},
        {"{'$sub':[" I_ONE ",1]}", "!TypeMismatch"},
        {"{'$mul':[[],1]}", "!TypeMismatch"},
        {"{'$div':[1,null]}", "!TypeMismatch"},
        {"{'$mod':['a',1]}", "!TypeMismatch"},
        {"{'$neg':'1'}", "!TypeMismatch"},
        {"{'$abs':null}", "!TypeMismatch"},
        {"{'$floor':[1]}", "!TypeMismatch"},
        {"{'$ceil':{}}", "!TypeMismatch"},
        {"{'$add':[1]}", "!InvalidParams /return/$add"},
        {"{'$add':[1,2,3]}", "!InvalidParams /return/$add"},
        {"{'$add':'$args.l'}", "!InvalidParams /return/$add"},
        {"{'$add':[1,{'$add':['$args.n.x',1]}]}", "!NullReference /return/$add/1/$add/0"},
    };
    CHECK(ROWS);
}

Test(operator, int64_is_exact_and_overflow_is_an_error)
{
    static const struct local_value ROWS[] = {
        {"{'$add':[" I_SEVEN "," I_M1 "]}", "{'$integer':'BgAAAAAAAAA='}"},
        {"{'$add':[" I_MAX "," I_ONE "]}", "!ArithmeticError"},
        {"{'$sub':[" I_MIN "," I_ONE "]}", "!ArithmeticError"},
        {"{'$sub':[" I_ONE "," I_TWO "]}", I_M1},
        {"{'$mul':[" I_MAX "," I_TWO "]}", "!ArithmeticError"},
        {"{'$mul':[" I_MIN "," I_M1 "]}", "!ArithmeticError"},
        {"{'$mul':[" I_M1 "," I_TWO "]}", I_M2},
        {"{'$div':[" I_SEVEN "," I_M2 "]}", I_M3},
        {"{'$div':[" I_MIN "," I_M1 "]}", "!ArithmeticError"},
        {"{'$div':[" I_ONE "," I_ZERO "]}", "!ArithmeticError"},
        {"{'$mod':[" I_SEVEN "," I_M2 "]}", I_ONE},
        {"{'$mod':[" I_M3 "," I_TWO "]}", I_M1},
        {"{'$mod':[" I_MIN "," I_M1 "]}", I_ZERO},
        {"{'$mod':[" I_ONE "," I_ZERO "]}", "!ArithmeticError"},
        {"{'$neg':" I_TWO "}", I_M2},
        {"{'$neg':" I_MIN "}", "!ArithmeticError"},
        {"{'$abs':" I_M3 "}", I_THREE},
        {"{'$abs':" I_SEVEN "}", I_SEVEN},
        {"{'$abs':" I_MIN "}", "!ArithmeticError"},
        {"{'$floor':" I_SEVEN "}", I_SEVEN},
        {"{'$ceil':" I_MIN "}", I_MIN},
        {"{'$round':" I_SEVEN "}", I_SEVEN},
        {"{'$round':[" I_SEVEN ",2]}", I_SEVEN},
        {"{'$round':[" I_SEVEN ",-1]}", "{'$integer':'CgAAAAAAAAA='}"},
        {"{'$round':[" I_M3 ",-1]}", I_ZERO},
        {"{'$round':[" I_MAX ",-19]}", "!ArithmeticError"},
        {"{'$round':[" I_MIN ",-20]}", I_ZERO},
        {"{'$sum':[" I_ONE "," I_TWO "]}", I_THREE},
        {"{'$sum':[" I_MAX "," I_ONE "]}", "!ArithmeticError"},
        {"{'$avg':[" I_TWO "," I_THREE "]}", I_TWO},
        {"{'$min':[" I_TWO "," I_M1 "]}", I_M1},
        {"{'$max':[" I_TWO "," I_M1 "]}", I_TWO},
    };
    CHECK(ROWS);
}

Test(operator, round_takes_half_away_from_zero_on_the_shortest_decimal_form)
{
    static const struct local_value ROWS[] = {
        {"{'$round':2.5}", "3"},
        {"{'$round':-2.5}", "-3"},
        {"{'$round':[0.5]}", "1"},
        {"{'$round':0.49999999999999994}", "0"},
        {"{'$round':-0.4}", ZERO_},
        {"{'$round':[1.005,2]}", "1.01"},
        {"{'$round':[2.675,2]}", "2.68"},
        {"{'$round':[1.45,1]}", "1.5"},
        {"{'$round':[8.345,2]}", "8.35"},
        {"{'$round':[0.285,2]}", "0.29"},
        {"{'$round':[9.995,2]}", "10"},
        {"{'$round':[999.5,0]}", "1000"},
        {"{'$round':[1234,-2]}", "1200"},
        {"{'$round':[1250,-2]}", "1300"},
        {"{'$round':[50,-2]}", "100"},
        {"{'$round':[49,-2]}", "0"},
        {"{'$round':[5,-2]}", "0"},
        {"{'$round':[1.5e-7,7]}", "2e-7"},
        {"{'$round':[1e21,3]}", "1e+21"},
        {"{'$round':[1.10,5]}", "1.1"},
        {"{'$round':[0.000123456,6]}", "0.000123"},
        {"{'$round':" INFINITE "}", INFINITE},
        {"{'$round':" NAN_ "}", NAN_},
        {"{'$round':[1,101]}", "!TypeMismatch"},
        {"{'$round':[1,0.5]}", "!TypeMismatch"},
        {"{'$round':[1,'2']}", "!TypeMismatch"},
        {"{'$round':'1'}", "!TypeMismatch"},
        {"{'$round':[null]}", "!TypeMismatch"},
        {"{'$round':[1,2,3]}", "!InvalidParams /return/$round"},
        {"{'$round':[]}", "!InvalidParams /return/$round"},
    };
    CHECK(ROWS);
}

Test(operator, lists_are_counted_summed_and_turned)
{
    static const struct local_value ROWS[] = {
        {"{'$size':'$args.l'}", "3"},
        {"{'$size':[]}", "0"},
        {"{'$size':'$args.s'}", "4"},
        {"{'$size':'\\n\\u0000\\\\'}", "3"},
        {"{'$size':'$args.o'}", "3"},
        {"{'$size':{'a':'$args.o.m','b':1}}", "1"},
        {"{'$size':null}", "!TypeMismatch"},
        {"{'$size':5}", "!TypeMismatch"},
        {"{'$size':'$args.o.m'}", "!TypeMismatch"},
        {"{'$size':{'$bytes':'AA=='}}", "!TypeMismatch"},
        {"{'$sum':'$args.l'}", "6"},
        {"{'$sum':[]}", "0"},
        {"{'$sum':[1.50]}", "1.5"},
        {"{'$sum':[0.1,0.2,0.3]}", "0.6000000000000001"},
        {"{'$sum':[1,null]}", "!TypeMismatch"},
        {"{'$sum':['a']}", "!TypeMismatch"},
        {"{'$sum':[1," I_ONE "]}", "!TypeMismatch"},
        {"{'$sum':5}", "!TypeMismatch"},
        {"{'$avg':'$args.l'}", "2"},
        {"{'$avg':[1,2]}", "1.5"},
        {"['x',{'$avg':[]}]", "['x',null]"},
        {"{'a':{'$avg':[]},'b':{'$min':[]},'c':{'$max':[]},'d':{'$first':[]},'e':{'$last':[]}}",
         "{}"},
        {"{'$avg':['a']}", "!TypeMismatch"},
        {"{'$min':'$args.l'}", "1"},
        {"{'$max':'$args.l'}", "3"},
        {"{'$max':[1,'a',null]}", "'a'"},
        {"{'$min':[1,'a',null]}", "null"},
        {"{'$min':[1.0,1]}", "1.0"},
        {"{'$max':[1.0,1]}", "1.0"},
        {"{'$min':null}", "!TypeMismatch"},
        {"{'$first':'$args.l'}", "3"},
        {"{'$last':'$args.l'}", "2"},
        {"{'$first':['$args.o.m',1]}", "null"},
        {"{'$first':'abc'}", "!TypeMismatch"},
        {"{'$last':null}", "!TypeMismatch"},
        {"{'$reverse':'$args.l'}", "[2,1,3]"},
        {"{'$reverse':[]}", "[]"},
        {"{'$reverse':'abc'}", "!TypeMismatch"},
    };
    CHECK(ROWS);
}

Test(operator, strings_are_put_together_and_cut_by_code_points)
{
    static const struct local_value ROWS[] = {
        {"{'$concat':['a','','b']}", "'ab'"},
        {"{'$concat':[]}", "''"},
        {"{'$concat':['\\n','\\u0001']}", "'\\n\\u0001'"},
        {"{'$concat':['a',1]}", "!TypeMismatch"},
        {"{'$concat':['a',null]}", "!TypeMismatch"},
        {"{'$concat':'a'}", "!TypeMismatch"},
        {"{'$join':[['a','b','c'],', ']}", "'a, b, c'"},
        {"{'$join':[[],',']}", "''"},
        {"{'$join':[['a'],',']}", "'a'"},
        {"{'$join':[[1],',']}", "!TypeMismatch"},
        {"{'$join':[['a'],1]}", "!TypeMismatch"},
        {"{'$join':['a',',']}", "!TypeMismatch"},
        {"{'$split':['a,b,,c',',']}", "['a','b','','c']"},
        {"{'$split':['abc','']}", "['a','b','c']"},
        {"{'$split':['',',']}", "['']"},
        {"{'$split':['','']}", "[]"},
        {"{'$split':[',',',']}", "['','']"},
        {"{'$split':['$args.s','']}", "['h','\xc3\xa4','\xf0\x9f\x98\x80','\xc3\x9f']"},
        {"{'$split':['a\\\\nb\\nc','\\n']}", "['a\\\\nb','c']"},
        {"{'$split':['aaa','aa']}", "['','a']"},
        {"{'$split':[1,',']}", "!TypeMismatch"},
        {"{'$lower':'\xc3\x84"
         "BC\\n'}",
         "'\xc3\x84"
         "bc\\n'"},
        {"{'$upper':'\xc3\xa4"
         "bc\\n\\u001f'}",
         "'\xc3\xa4"
         "BC\\n\\u001f'"},
        {"{'$lower':null}", "!TypeMismatch"},
        {"{'$upper':1}", "!TypeMismatch"},
        {"{'$substring':['$args.s',1,2]}", "'\xc3\xa4\xf0\x9f\x98\x80'"},
        {"{'$substring':['abc',1]}", "'bc'"},
        {"{'$substring':['abc',0,0]}", "''"},
        {"{'$substring':['abc',5,2]}", "''"},
        {"{'$substring':['a\\tb',1,1]}", "'\\t'"},
        {"{'$substring':['abc',-1]}", "!TypeMismatch"},
        {"{'$substring':['abc',0.5]}", "!TypeMismatch"},
        {"{'$substring':['abc',null]}", "!TypeMismatch"},
        {"{'$substring':[1,0]}", "!TypeMismatch"},
        {"{'$startsWith':['abc','ab']}", "true"},
        {"{'$startsWith':['abc','']}", "true"},
        {"{'$startsWith':['ab','abc']}", "false"},
        {"{'$startsWith':[null,'a']}", "!TypeMismatch"},
        {"{'$endsWith':['abc','bc']}", "true"},
        {"{'$endsWith':['abc','']}", "true"},
        {"{'$endsWith':['a\\n','n']}", "false"},
        {"{'$endsWith':['a\\\\','\\\\']}", "true"},
        {"{'$endsWith':['abc',1]}", "!TypeMismatch"},
        {"{'$contains':['abc','b']}", "true"},
        {"{'$contains':['abc','']}", "true"},
        {"{'$contains':['','']}", "true"},
        {"{'$contains':['a\\nb','n']}", "false"},
        {"{'$contains':['\\\\n','\\n']}", "false"},
        {"{'$contains':[['a'],'a']}", "!TypeMismatch"},
        {"{'$contains':['a']}", "!InvalidParams /return/$contains"},
    };
    CHECK(ROWS);
}

Test(operator, objects_are_picked_apart)
{
    static const struct local_value ROWS[] = {
        {"{'$pick':['$args.o',['c','a','q']]}", "{'a':1,'c':null}"},
        {"{'$pick':['$args.o',[]]}", "{}"},
        {"{'$pick':['$args.o',[1]]}", "!TypeMismatch"},
        {"{'$pick':[null,['a']]}", "!TypeMismatch"},
        {"{'$pick':['$args.o','a']}", "!TypeMismatch"},
        {"{'$omit':['$args.o',['c','q']]}", "{'a':1,'b':'x'}"},
        {"{'$omit':[[],['c']]}", "!TypeMismatch"},
        {"{'$keys':'$args.o'}", "['a','b','c']"},
        {"{'$keys':{'a':'$args.o.m','b\\n':1}}", "['b\\n']"},
        {"{'$keys':{}}", "[]"},
        {"{'$keys':null}", "!TypeMismatch"},
        {"{'$keys':[1]}", "!TypeMismatch"},
        {"{'$values':'$args.o'}", "[1,'x',null]"},
        {"{'$values':'x'}", "!TypeMismatch"},
        {"{'$keys':{'$pick':['$args.o',['b']]}}", "['b']"},
    };
    CHECK(ROWS);
}

Test(operator, and_takes_more_than_255_conditions)
{
    struct local local;
    struct buffer expression = {0};
    local_start(&local, "{'tables':{}}");
    buffer_append_format(&expression, "{'$and':[true");
    for (int i = 0; i < 1000; i++) {
        buffer_append_format(&expression, ",true");
    }
    buffer_append_format(&expression, "]}%c", 0);
    local_expect_value(&local, "{}", expression.data, "true");
    buffer_deinit(&expression);
    local_stop(&local);
}
