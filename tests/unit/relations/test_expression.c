/* Expressions beside references and operators: literals, lists, objects, `$spread`. */
#include "base/macros.h"
#include "tests/support/local.h"

#include <criterion/criterion.h>

#define ARGS                                                                                       \
    "{'o':{'a':1,'b':2},'p':{'b':3,'c':4},'n':null,'s':'text',"                                    \
    "'l':[{'a':5},null,{'d':6}]}"

#define CHECK(rows) local_expect_values(ARGS, rows, COUNT_OF(rows))

Test(expression, what_is_no_reference_or_operator_is_itself)
{
    static const struct local_value ROWS[] = {
        {"1", "1"},
        {"1.50", "1.50"},
        {"true", "true"},
        {"false", "false"},
        {"null", "null"},
        {"''", "''"},
        {"'plain'", "'plain'"},
        {"'a$b'", "'a$b'"},
        {"'$$5'", "'$5'"},
        {"'$$'", "'$'"},
        {"'$$$x'", "'$$x'"},
        {"'$$\\n'", "'$\\n'"},
        {"[]", "[]"},
        {"{}", "{}"},
        {"[[],{},[{}]]", "[[],{},[{}]]"},
        {"{'a':{'b':[1,'$$x']}}", "{'a':{'b':[1,'$x']}}"},
        {"{'$literal':'$args'}", "'$args'"},
        {"{'$literal':{'a':'$b','c':['$d']}}", "{'a':'$b','c':['$d']}"},
        {"{'$literal':{'$integer':'AQAAAAAAAAA='}}", "{'$integer':'AQAAAAAAAAA='}"},
        {"{'$integer':'AQAAAAAAAAA='}", "{'$integer':'AQAAAAAAAAA='}"},
        {"{'$float':'AAAAAAAA+H8='}", "{'$float':'AAAAAAAA+H8='}"},
        {"{'$bytes':'AA=='}", "{'$bytes':'AA=='}"},
        {"['$args.o','$args.s']", "[{'a':1,'b':2},'text']"},
    };
    CHECK(ROWS);
}

Test(expression, values_that_are_not_stored_are_refused_when_it_is_compiled)
{
    static const struct local_value ROWS[] = {
        {"1e400", "!InvalidValue /return"},
        {"[1,9007199254740993]", "!InvalidValue /return/1"},
        {"{'a':9007199254740993}", "!InvalidValue /return/a"},
        {"{'$literal':{'a':1e400}}", "!InvalidValue /return/$literal/a"},
        {"{'$literal':{'$x':1}}", "!InvalidValue"},
        {"{'$undefined':null}", "!InvalidValue /return"},
        {"{'a':{'$undefined':null}}", "!InvalidValue /return/a"},
        {"{'$integer':'x'}", "!InvalidValue /return"},
        {"{'$integer':5}", "!InvalidValue /return"},
        {"{'$float':'AAAAAAAA8D8='}", "!InvalidValue /return"},
        {"{'$bytes':'A'}", "!InvalidValue /return"},
        {"{'$undefined':1}", "!InvalidValue /return"},
    };
    CHECK(ROWS);
}

Test(expression, names_with_a_dollar_are_operators_or_do_not_compile)
{
    static const struct local_value ROWS[] = {
        {"{'$nonsense':1}", "!InvalidParams /return/$nonsense"},
        {"{'$':1}", "!InvalidParams /return/$"},
        {"{'$add':[1,2],'b':1}", "!InvalidParams /return/$add"},
        {"{'b':1,'$literal':2}", "!InvalidParams /return/$literal"},
        {"{'$spread':'$args.o','$add':[1,2]}", "!InvalidParams /return/$add"},
        {"{'$integer':'AQAAAAAAAAA=','a':1}", "!InvalidParams /return/$integer"},
        {"[0,{'a/b':{'$x':1}}]", "!InvalidParams /return/1/a~1b/$x"},
        {"{'$args':1}", "!InvalidParams /return/$args"},
    };
    CHECK(ROWS);
}

Test(expression, spread_puts_fields_in_and_what_comes_again_overrides_in_place)
{
    static const struct local_value ROWS[] = {
        {"{'$spread':'$args.o'}", "{'a':1,'b':2}"},
        {"{'$spread':'$args.o','c':3}", "{'a':1,'b':2,'c':3}"},
        {"{'z':0,'$spread':'$args.o','a':9}", "{'z':0,'a':9,'b':2}"},
        {"{'b':0,'$spread':'$args.o','c':3}", "{'b':2,'a':1,'c':3}"},
        {"{'$spread':['$args.o','$args.p']}", "{'a':1,'b':3,'c':4}"},
        {"{'$spread':['$args.o',null,'$args?.gone',{'x':1}]}", "{'a':1,'b':2,'x':1}"},
        {"{'$spread':'$args.l'}", "{'a':5,'d':6}"},
        {"{'x':1,'$spread':null}", "{'x':1}"},
        {"{'x':1,'$spread':'$args.n'}", "{'x':1}"},
        {"{'x':1,'$spread':'$args?.gone'}", "{'x':1}"},
        {"{'$spread':[]}", "{}"},
        {"{'$spread':{'$spread':'$args.p','b':0}}", "{'b':0,'c':4}"},
        {"{'$spread':'$args.s'}", "!TypeMismatch /return/$spread"},
        {"{'$spread':[{},1]}", "!TypeMismatch /return/$spread/1"},
        {"{'$spread':'$args.n.x'}", "!NullReference /return/$spread"},
        {"{'$spread':'$args.o','a':'$args?.gone'}", "{'b':2}"},
        {"{'a':'$args?.gone','$spread':'$args.o'}", "{'a':1,'b':2}"},
        {"{'$keys':{'$spread':'$args.o','a':'$args?.gone'}}", "['b']"},
    };
    CHECK(ROWS);
}
