/* Programs: what does not compile and where, scopes, verbs, errors while they run, the cache. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SCHEMA                                                                                     \
    "{'tables':{'users':{'fields':{'name':'string','boss':{'optional':{'id':'users'}}},"           \
    "'indexes':{'by_name':['name'],'boss':['boss']}},'notes':{'indexes':{'by_a_b':['a','b']}},"    \
    "'links':{'indexes':{'from':['from']}}}}"

#define ADA  "'j57fvvj31n0btnyyxb0rdkcqj189yr6f'"
#define BOB  "'j57e047x3kgtsgbkwet86pvp6n89ze5a'"
#define CY   "'j576h680hhfscjt6hfsc8p853589z696'"
#define GONE "'j574va30mpd4dt4c5drte6xff989z8s8'"
#define ADA_ "{'_id':" ADA ",'_creationTime':1,'name':'Ada'}"
#define BOB_ "{'_id':" BOB ",'_creationTime':2,'name':'Bob','boss':" ADA "}"
#define CY_  "{'_id':" CY ",'_creationTime':3,'name':'Cy','boss':" BOB "}"

struct row {
    const char *params;
    const char *expected;
};

static void fill(struct local *local)
{
    local_start(local, SCHEMA);
    local_expect(local, "insertMany", "['users',[" ADA_ "," BOB_ "," CY_ "]]",
                 "[" ADA "," BOB "," CY "]");
}

static void check(const char *method, const struct row *rows, size_t count)
{
    struct local local;
    fill(&local);
    for (size_t i = 0; i < count; i++) {
        local_expect(&local, method, rows[i].params, rows[i].expected);
    }
    local_stop(&local);
}

#define CHECK(rows) check("query", rows, sizeof(rows) / sizeof((rows)[0]))

Test(program, params_are_args_do_return_and_limits)
{
    static const struct row ROWS[] = {
        {"{}", "null"},
        {"{'do':[]}", "null"},
        {"{'args':{},'return':1}", "1"},
        {"{'return':'$args'}", "{}"},
        {"[]", "null"},
        {"[1]", "!InvalidParams"},
        {"{'args':1}", "!InvalidParams /args"},
        {"{'args':null}", "!InvalidParams /args"},
        {"{'args':{'a':{'$undefined':null}}}", "!InvalidValue /args/a"},
        {"{'args':{'a':1e999}}", "!InvalidValue /args/a"},
        {"{'args':{'$a':1}}", "!InvalidValue"},
        {"{'do':null}", "!InvalidParams /do"},
        {"{'do':{}}", "!InvalidParams /do"},
        {"{'value':1}", "!InvalidParams /value"},
        {"{'limits':1}", "!InvalidParams /limits"},
        {"{'limits':{'documents':-1}}", "!InvalidParams /limits"},
        {"{'limits':{'documents':0.5}}", "!InvalidParams /limits"},
        {"{'limits':{'rows':1}}", "!InvalidParams /limits"},
        {"{'limits':{'documents':1,'bytes':9,'milliseconds':50},'return':1}", "1"},
    };
    CHECK(ROWS);
}

Test(program, steps_that_do_not_compile_say_where)
{
    static const struct row ROWS[] = {
        {"{'do':[1]}", "!InvalidParams /do/0"},
        {"{'do':[{}]}", "!InvalidParams /do/0"},
        {"{'do':[{'let':'a'}]}", "!InvalidParams /do/0"},
        {"{'do':[{'count':['users']},{'let':'a','if':true}]}", "!InvalidParams /do/1"},
        {"{'do':[{'count':['users'],'exists':['users']}]}", "!InvalidParams /do/0"},
        {"{'do':[{'let':'a','fetch':['users']}]}", "!InvalidParams /do/0/fetch"},
        {"{'do':[{'query':{}}]}", "!InvalidParams /do/0/query"},
        {"{'do':[{'ping':[]}]}", "!InvalidParams /do/0/ping"},
        {"{'do':[{'let':1,'count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':null,'count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':'','count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':'9a','count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':'a-b','count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':'$a','count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':'args','count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':'it','count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'let':'link','count':['users']}]}", "!InvalidParams /do/0/let"},
        {"{'do':[{'count':1}]}", "!InvalidParams /do/0/count"},
        {"{'do':[{'count':null}]}", "!InvalidParams /do/0/count"},
        {"{'do':[{'count':'users'}]}", "!InvalidParams /do/0/count"},
        {"{'do':[{'count':[]}]}", "!InvalidParams /do/0/count"},
        {"{'do':[{'count':{'table':'users','limit':1}}]}", "!InvalidParams /do/0/count/limit"},
        {"{'do':[{'count':['users','by_name',[],1]}]}", "!InvalidParams /do/0/count/3"},
        {"{'do':[{'count':['$args.t']}],'args':{'t':'users'}}", "!UnknownTable /do/0/count/0"},
        {"{'do':[{'count':[{'$concat':['users']}]}]}", "!InvalidParams /do/0/count/0"},
        {"{'do':[{'count':['people']}]}", "!UnknownTable /do/0/count/0"},
        {"{'do':[{'count':{'table':'people'}}]}", "!UnknownTable /do/0/count/table"},
        {"{'do':[{'count':['users','by_age']}]}", "!UnknownIndex /do/0/count/1"},
        {"{'do':[{'getOneFrom':{'table':'users','index':'x','value':1}}]}",
         "!UnknownIndex /do/0/getOneFrom/index"},
        {"{'do':[{'getOneFrom':['users','by_name',1,'age']}]}",
         "!InvalidParams /do/0/getOneFrom/3"},
        {"{'do':[{'getManyVia':['users','bos','by_name',1]}]}",
         "!InvalidParams /do/0/getManyVia/1"},
        {"{'do':[{'collect':['users','by_name',[['eq','age',1]]]}]}",
         "!InvalidIndexRange /do/0/collect/2/0"},
        {"{'do':[{'collect':['users','by_name',[['is','name',1]]]}]}",
         "!InvalidParams /do/0/collect/2/0"},
        {"{'do':[{'collect':['users','by_name',[['eq','name','$x']]]}]}",
         "!InvalidParams /do/0/collect/2/0/2"},
        {"{'do':[{'collect':{'table':'users','order':'up'}}]}",
         "!InvalidParams /do/0/collect/order"},
        {"{'do':[{'collect':{'table':'users','order':'$args.o'}}],'args':{'o':'asc'}}",
         "!InvalidParams /do/0/collect/order"},
        {"{'do':[{'collect':{'table':'users','select':'name'}}]}",
         "!InvalidParams /do/0/collect/select"},
        {"{'do':[{'collect':{'table':'users','filter':{'$eq':['$link',1]}}}]}",
         "!InvalidParams /do/0/collect/filter/$eq/0"},
        {"{'do':[{'collect':{'table':'users','args':{}}}]}", "!InvalidParams /do/0/collect/args"},
        {"{'do':[{'getManyFrom':{'table':'users','index':'boss','value':1,'take':1,"
         "'paginate':{'numItems':1,'cursor':null}}}]}",
         "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'do':[{'take':['users']}]}", "!InvalidParams /do/0/take"},
        {"{'do':[{'get':['$nobody']}]}", "!InvalidParams /do/0/get/0"},
        {"{'do':[{'get':['users','$nobody']}]}", "!InvalidParams /do/0/get/1"},
        {"{'do':[{'let':'a','value':'$a'}]}", "!InvalidParams /do/0/value"},
        {"{'do':[{'value':'$b'},{'let':'b','value':1}]}", "!InvalidParams /do/0/value"},
        {"{'do':[{'if':'$b','value':1}]}", "!InvalidParams /do/0/if"},
        {"{'return':'$b'}", "!InvalidParams /return"},
        {"{'return':[{'a':'$b'}]}", "!InvalidParams /return/0/a"},
        {"{'do':[{'get':['$args.id']}]}", "!InvalidParams /do/0/get/0"},
        {"{'do':[{'insert':['users',{'name':'X'}]}]}", "!InvalidParams /do/0/insert"},
        {"{'do':[{'delete':[" ADA "]}]}", "!InvalidParams /do/0/delete"},
        {"{'do':[{'asyncMap':{'over':[],'as':'x','do':[{'patch':['$x',{}]}],'return':1}}]}",
         "!InvalidParams /do/0/asyncMap/do/0/patch"},
    };
    CHECK(ROWS);
}

Test(program, verbs_that_do_not_compile_say_where)
{
    static const struct row ROWS[] = {
        {"{'do':[{'asyncMap':[[],'x',1]}]}", "!InvalidParams /do/0/asyncMap"},
        {"{'do':[{'asyncMap':{'as':'x','return':1}}]}", "!InvalidParams /do/0/asyncMap"},
        {"{'do':[{'asyncMap':{'over':[],'return':1}}]}", "!InvalidParams /do/0/asyncMap"},
        {"{'do':[{'asyncMap':{'over':[],'as':'x'}}]}", "!InvalidParams /do/0/asyncMap"},
        {"{'do':[{'asyncMap':{'over':[],'as':'it','return':1}}]}",
         "!InvalidParams /do/0/asyncMap/as"},
        {"{'do':[{'asyncMap':{'over':[],'as':1,'return':1}}]}", "!InvalidParams /do/0/asyncMap/as"},
        {"{'do':[{'asyncMap':{'over':'$x','as':'x','return':1}}]}",
         "!InvalidParams /do/0/asyncMap/over"},
        {"{'do':[{'asyncMap':{'over':[],'as':'x','index':'x','return':1}}]}",
         "!InvalidParams /do/0/asyncMap/index"},
        {"{'do':[{'asyncMap':{'over':[],'as':'x','do':[{'let':'x','value':1}],'return':1}}]}",
         "!InvalidParams /do/0/asyncMap/do/0/let"},
        {"{'do':[{'asyncMap':{'over':[],'as':'x','return':'$y'}}]}",
         "!InvalidParams /do/0/asyncMap/return"},
        {"{'do':[{'let':'x','value':1},{'asyncMap':{'over':[],'as':'x','return':1}}]}",
         "!InvalidParams /do/1/asyncMap/as"},
        {"{'do':[{'let':'m','asyncMap':{'over':[],'as':'m','return':1}}]}", "null"},
        {"{'do':[{'asyncMap':{'over':[],'as':'x','do':[{'let':'y','value':1}],'return':1}}],"
         "'return':'$y'}",
         "!InvalidParams /return"},
        {"{'do':[{'asyncMap':{'over':[],'as':'x','return':1}}],'return':'$x'}",
         "!InvalidParams /return"},
        {"{'do':[{'filter':{'over':[],'as':'x'}}]}", "!InvalidParams /do/0/filter"},
        {"{'do':[{'filter':{'over':[],'as':'x','where':'$y'}}]}",
         "!InvalidParams /do/0/filter/where"},
        {"{'do':[{'sort':{'over':[],'as':'x','by':[]}}]}", "!InvalidParams /do/0/sort/by"},
        {"{'do':[{'sort':{'over':[],'as':'x','by':'$x'}}]}", "!InvalidParams /do/0/sort/by"},
        {"{'do':[{'sort':{'over':[],'as':'x','by':[['$x']]}}]}", "!InvalidParams /do/0/sort/by/0"},
        {"{'do':[{'sort':{'over':[],'as':'x','by':[['$x','asc'],['$x','up']]}}]}",
         "!InvalidParams /do/0/sort/by/1"},
        {"{'do':[{'sort':{'over':[],'as':'x','by':[['$y','asc']]}}]}",
         "!InvalidParams /do/0/sort/by/0/0"},
        {"{'do':[{'distinct':{'over':[],'by':1}}]}", "!InvalidParams /do/0/distinct"},
        {"{'do':[{'distinct':{'over':[],'as':'x'}}]}", "!InvalidParams /do/0/distinct"},
        {"{'do':[{'group':{'over':[],'as':'x'}}]}", "!InvalidParams /do/0/group"},
        {"{'do':[{'group':{'over':[],'as':'x','by':'$y'}}]}", "!InvalidParams /do/0/group/by"},
        {"{'do':[{'slice':{'start':1}}]}", "!InvalidParams /do/0/slice"},
        {"{'do':[{'flatten':{}}]}", "!InvalidParams /do/0/flatten"},
        {"{'do':[{'walk':{'from':" ADA "}}]}", "!InvalidParams /do/0/walk"},
        {"{'do':[{'walk':{'from':" ADA ",'field':1}}]}", "!InvalidParams /do/0/walk/field"},
        {"{'do':[{'traverse':{'from':[]}}]}", "!InvalidParams /do/0/traverse"},
        {"{'do':[{'traverse':{'from':[],'via':1}}]}", "!InvalidParams /do/0/traverse/via"},
        {"{'do':[{'traverse':{'from':[],'via':{'collect':{'table':'users'}}}}]}",
         "!InvalidParams /do/0/traverse/via/collect"},
        {"{'do':[{'traverse':{'from':[],'via':{'getManyFrom':['users','boss']}}}]}",
         "!InvalidParams /do/0/traverse/via/getManyFrom"},
        {"{'do':[{'traverse':{'from':[],'via':{'getManyFrom':{'table':'users','index':'boss',"
         "'value':1}}}}]}",
         "!InvalidParams /do/0/traverse/via/getManyFrom/value"},
        {"{'do':[{'traverse':{'from':[],'via':{'getManyFrom':{'table':'users','index':'x'}}}}]}",
         "!UnknownIndex /do/0/traverse/via/getManyFrom/index"},
        {"{'do':[{'traverse':{'from':[],'via':{'getManyVia':{'table':'users','toField':'boss',"
         "'index':'boss','withLink':true}}}}]}",
         "!InvalidParams /do/0/traverse/via/getManyVia/withLink"},
        {"{'do':[{'assert':{'that':true}}]}", "!InvalidParams /do/0/assert"},
    };
    CHECK(ROWS);
}

Test(program, names_are_seen_where_they_are_bound)
{
    static const struct row ROWS[] = {
        {"{'do':[{'let':'a','value':1},{'let':'b','value':['$a']}],'return':['$a','$b']}",
         "[1,[1]]"},
        {"{'do':[{'let':'a','asyncMap':{'over':[1,2],'as':'x','index':'i','do':["
         "{'let':'y','value':{'$mul':['$x',10]}}],'return':['$x','$y','$i']}},"
         "{'let':'b','asyncMap':{'over':'$a','as':'x','do':[{'let':'y','value':'$x[1]'}],"
         "'return':'$y'}}],'return':['$a','$b']}",
         "[[[1,10,0],[2,20,1]],[10,20]]"},
        {"{'do':[{'let':'m','asyncMap':{'over':[[1,2],[3]],'as':'r','do':[{'let':'s','asyncMap':"
         "{'over':'$r','as':'c','return':['$r[0]','$c']}}],'return':'$s'}}],'return':'$m'}",
         "[[[1,1],[1,2]],[[3,3]]]"},
        {"{'do':[{'let':'a','value':1,'if':false},{'let':'b','value':2,'if':true}],"
         "'return':['$a','$b']}",
         "[null,2]"},
        {"{'do':[{'value':'$args?.x.y','if':false}],'return':1}", "1"},
        {"{'do':[{'if':null,'value':1}]}", "!TypeMismatch /do/0/if"},
        {"{'do':[{'if':0,'value':1}]}", "!TypeMismatch /do/0/if"},
        {"{'args':{'o':{}},'do':[{'if':'$args.o.x','value':1}]}", "!TypeMismatch /do/0/if"},
        {"{'args':{'n':'Bob'},'do':[{'let':'u','collect':{'table':'users','filter':"
         "{'$eq':['$it.name','$args.n']}}}],'return':'$u[*].name'}",
         "['Bob']"},
        {"{'do':[{'let':'m','asyncMap':{'over':['Ada','Cy'],'as':'n','do':[{'let':'u','count':"
         "{'table':'users','filter':{'$eq':['$it.name','$n']}}}],'return':'$u'}}],'return':'$m'}",
         "[1,1]"},
    };
    CHECK(ROWS);
}

Test(program, verbs_on_lists)
{
    static const struct row ROWS[] = {
        {"{'do':[{'let':'x','asyncMap':{'over':[1,2],'as':'n','return':'$args?.q'}}],'return':'$x'"
         "}",
         "[null,null]"},
        {"{'do':[{'asyncMap':{'over':null,'as':'n','return':1}}]}",
         "!NullReference /do/0/asyncMap/over"},
        {"{'do':[{'asyncMap':{'over':'$args?.q','as':'n','return':1}}]}", "!NullReference"},
        {"{'do':[{'asyncMap':{'over':{},'as':'n','return':1}}]}",
         "!TypeMismatch /do/0/asyncMap/over"},
        {"{'do':[{'filter':{'over':'ab','as':'n','where':true}}]}",
         "!TypeMismatch /do/0/filter/over"},
        {"{'do':[{'filter':{'over':[1],'as':'n','where':'$n'}}]}",
         "!TypeMismatch /do/0/filter/where"},
        {"{'do':[{'filter':{'over':[1],'as':'n','where':null}}]}", "!TypeMismatch"},
        {"{'do':[{'filter':{'over':[{}],'as':'n','where':'$n.ok'}}]}", "!TypeMismatch"},
        {"{'do':[{'let':'x','filter':{'over':[1,null,2],'as':'n','where':{'$neq':['$n',1]}}}],"
         "'return':'$x'}",
         "[null,2]"},
        {"{'do':[{'sort':{'over':[{},null],'as':'n','by':[['$n.a','asc'],['$n.b','asc']]}}]}",
         "!NullReference /do/0/sort/by/0/0"},
        {"{'do':[{'let':'x','sort':{'over':[{'a':null},{'b':1},{'a':1}],'as':'n','by':[['$n.a','"
         "asc']]}}],"
         "'return':'$x'}",
         "[{'b':1},{'a':null},{'a':1}]"},
        {"{'do':[{'let':'x','sort':{'over':[[1,'a'],[0,'b'],[1,'c'],[0,'d']],'as':'n','by':"
         "[['$n[0]','desc']]}}],'return':'$x[*][1]'}",
         "['a','c','b','d']"},
        {"{'do':[{'let':'x','sort':{'over':[[1,2],[1],[0,9]],'as':'n','by':[['$n','asc']]}}],"
         "'return':'$x'}",
         "[[0,9],[1],[1,2]]"},
        {"{'do':[{'let':'x','distinct':{'over':[1,1.0,'1',null,{'a':1,'b':2},{'b':2,'a':1},[1]]}}],"
         "'return':'$x'}",
         "[1,'1',null,{'a':1,'b':2},[1]]"},
        {"{'do':[{'let':'x','distinct':{'over':[{'k':null,'v':1},{'v':2},{'v':3}],'as':'n','by':'$"
         "n.k'}}],"
         "'return':'$x'}",
         "[{'k':null,'v':1},{'v':2}]"},
        {"{'do':[{'distinct':{'over':[1],'as':'n','by':'$n.k'}}]}",
         "!TypeMismatch /do/0/distinct/by"},
        {"{'do':[{'let':'x','group':{'over':[{'k':2},{'k':1},{'k':2.0},{}],'as':'n','by':'$n.k'}}],"
         "'return':'$x'}",
         "[{'key':2,'items':[{'k':2},{'k':2.0}]},{'key':1,'items':[{'k':1}]},{'items':[{}]}]"},
        {"{'do':[{'let':'x','group':{'over':[],'as':'n','by':'$n.k'}}],'return':'$x'}", "[]"},
        {"{'do':[{'let':'x','slice':{'over':[1,2,3]}},{'let':'y','slice':{'over':[1,2,3],'start':3}"
         "},"
         "{'let':'z','slice':{'over':[1,2,3],'start':1,'count':9}},{'let':'w','slice':{'over':[],"
         "'count':0}}],'return':['$x','$y','$z','$w']}",
         "[[1,2,3],[],[2,3],[]]"},
        {"{'do':[{'slice':{'over':[1],'start':'1'}}]}", "!TypeMismatch /do/0/slice/start"},
        {"{'do':[{'slice':{'over':[1],'start':-1}}]}", "!InvalidParams /do/0/slice/start"},
        {"{'do':[{'slice':{'over':[1],'count':0.5}}]}", "!InvalidParams /do/0/slice/count"},
        {"{'do':[{'let':'x','flatten':{'over':[[1,[2]],3,[],null]}}],'return':'$x'}",
         "[1,[2],3,null]"},
        {"{'do':[{'let':'x','value':'$args?.q'}],'return':{'x':'$x','y':['$x']}}", "{'y':[null]}"},
        {"{'do':[{'value':{'$add':[1,null]}}]}", "!TypeMismatch /do/0/value"},
        {"{'do':[{'let':'x','assert':{'that':true,'message':'$args?.q'}}],'return':'$x'}", "null"},
        {"{'do':[{'assert':{'that':false,'message':'no'}}]}", "!AssertFailed /do/0"},
        {"{'do':[{'assert':{'that':null,'message':'no'}}]}", "!AssertFailed"},
        {"{'do':[{'assert':{'that':'$args?.q','message':'no'}}]}", "!AssertFailed"},
        {"{'do':[{'assert':{'that':'$args?.q.x','message':'no'}}],'args':{'q':null}}",
         "!NullReference /do/0/assert/that"},
    };
    CHECK(ROWS);
}

Test(program, walk_and_traverse_follow_references_once)
{
    static const struct row ROWS[] = {
        {"{'do':[{'let':'x','walk':{'from':" CY ",'field':'boss'}}],'return':'$x[*].name'}",
         "['Bob','Ada']"},
        {"{'do':[{'let':'x','walk':{'from':" CY
         ",'field':'boss','depth':1}}],'return':'$x[*].name'}",
         "['Bob']"},
        {"{'do':[{'let':'x','walk':{'from':" CY ",'field':'boss','depth':0}}],'return':'$x'}",
         "[]"},
        {"{'do':[{'let':'c','get':[" CY "]},{'let':'x','walk':{'from':'$c','field':'boss'}}],"
         "'return':'$x[*].name'}",
         "['Bob','Ada']"},
        {"{'do':[{'let':'x','walk':{'from':{'boss':" BOB
         "},'field':'boss'}}],'return':'$x[*].name'}",
         "['Bob','Ada']"},
        {"{'do':[{'let':'x','walk':{'from':{'boss':" GONE "},'field':'boss'}}],'return':'$x'}",
         "[]"},
        {"{'do':[{'let':'x','walk':{'from':" GONE ",'field':'boss'}}],'return':'$x'}", "[]"},
        {"{'do':[{'walk':{'from':'bad','field':'boss'}}]}", "!InvalidId /do/0/walk/from"},
        {"{'do':[{'walk':{'from':null,'field':'boss'}}]}", "!NullReference /do/0/walk/from"},
        {"{'do':[{'walk':{'from':5,'field':'boss'}}]}", "!TypeMismatch /do/0/walk/from"},
        {"{'do':[{'walk':{'from':{'boss':5},'field':'boss'}}]}", "!TypeMismatch"},
        {"{'do':[{'walk':{'from':" CY ",'field':'boss','depth':-1}}]}",
         "!InvalidParams /do/0/walk/depth"},
        {"{'do':[{'let':'x','traverse':{'from':[" ADA "],'via':{'getManyFrom':{'table':'users',"
         "'index':'boss'}}}}],'return':['$x[*].document.name','$x[*].depth']}",
         "[['Bob','Cy'],[1,2]]"},
        {"{'do':[{'let':'x','traverse':{'from':[" ADA "],'depth':1,'via':{'getManyFrom':{"
         "'table':'users','index':'boss','select':['name']}}}}],'return':'$x'}",
         "[{'document':{'name':'Bob'},'depth':1}]"},
        {"{'do':[{'let':'x','traverse':{'from':[" ADA "," BOB "],'via':{'getManyFrom':{"
         "'table':'users','index':'boss'}}}}],'return':'$x[*].document.name'}",
         "['Cy']"},
        {"{'do':[{'let':'x','traverse':{'from':[" CY "],'via':{'getManyVia':{'table':'users',"
         "'toField':'boss','index':'by_id'}}}}],'return':'$x[*].document.name'}",
         "['Bob','Ada']"},
        {"{'args':{'n':'Cy'},'do':[{'let':'x','traverse':{'from':[" ADA "],'via':{'getManyFrom':{"
         "'table':'users','index':'boss','filter':{'$neq':['$it.name','$args.n']}}}}}],"
         "'return':'$x[*].document.name'}",
         "['Bob']"},
        {"{'do':[{'let':'x','traverse':{'from':[],'via':{'getManyFrom':{'table':'users',"
         "'index':'boss'}}}}],'return':'$x'}",
         "[]"},
        {"{'do':[{'traverse':{'from':[null],'via':{'getManyFrom':{'table':'users',"
         "'index':'boss'}}}}]}",
         "!NullReference /do/0/traverse/from/0"},
        {"{'do':[{'traverse':{'from':['bad'],'via':{'getManyFrom':{'table':'users',"
         "'index':'boss'}}}}]}",
         "!InvalidId /do/0/traverse/via/getManyFrom"},
        {"{'do':[{'traverse':{'from':" ADA ",'via':{'getManyFrom':{'table':'users',"
         "'index':'boss'}}}}]}",
         "!TypeMismatch /do/0/traverse/from"},
    };
    CHECK(ROWS);
}

Test(program, lookups_say_which_value_they_cannot_take)
{
    static const struct row ROWS[] = {
        {"{'do':[{'get':[null]}]}", "!NullReference /do/0/get/0"},
        {"{'do':[{'get':['$args?.q']}]}", "!NullReference /do/0/get/0"},
        {"{'do':[{'get':['users',5]}]}", "!TypeMismatch /do/0/get/1"},
        {"{'do':[{'get':{'id':'bad'}}]}", "!InvalidId /do/0/get/id"},
        {"{'do':[{'get':['notes'," ADA "]}]}", "!InvalidId /do/0/get/1"},
        {"{'do':[{'getOrThrow':[" GONE "]}]}", "!DocumentNotFound /do/0"},
        {"{'do':[{'let':'a','getAll':[[" ADA ",null," GONE ",'$args?.q'," ADA
         "]]}],'return':'$a[*]?.name'}",
         "['Ada',null,null,null,'Ada']"},
        {"{'do':[{'getAll':[[" ADA ",5]]}]}", "!TypeMismatch /do/0/getAll/0/1"},
        {"{'do':[{'getAll':[[" ADA ",'bad']]}]}", "!InvalidId /do/0/getAll/0/1"},
        {"{'do':[{'getAll':['users',null]}]}", "!NullReference /do/0/getAll/1"},
        {"{'do':[{'getAllOrThrow':[[" ADA ",null]]}]}", "!DocumentNotFound /do/0"},
        {"{'do':[{'getOneFrom':['users','by_name','$args?.q']}]}",
         "!NullReference /do/0/getOneFrom/2"},
        {"{'do':[{'let':'a','getOneFrom':['users','boss',{'$undefined':null}]}],'return':'$a.name'"
         "}",
         "'Ada'"},
        {"{'do':[{'let':'a','getOneFrom':['users','boss',null]}],'return':'$a'}", "null"},
        {"{'do':[{'getOneFrom':['users','boss','bad']}]}", "!InvalidId /do/0/getOneFrom/2"},
        {"{'do':[{'getOneFrom':{'table':'users','index':'boss','value':'bad'}}]}",
         "!InvalidId /do/0/getOneFrom/value"},
        {"{'do':[{'getOneFromOrThrow':['users','by_name','Zoe']}]}", "!DocumentNotFound /do/0"},
        {"{'do':[{'unique':['users']}]}", "!NotUnique /do/0"},
        {"{'do':[{'collect':['users','by_name',[['gt','name','$args?.q']]]}]}",
         "!NullReference /do/0/collect/2/0/2"},
        {"{'do':[{'let':'a','collect':['users','boss',[['gt','boss',{'$undefined':null}]]]}],"
         "'return':'$a[*].name'}",
         "['Cy','Bob']"},
        {"{'do':[{'take':{'table':'users','n':'1'}}]}", "!TypeMismatch /do/0/take/n"},
        {"{'do':[{'take':{'table':'users','n':-1}}]}", "!InvalidParams /do/0/take/n"},
        {"{'do':[{'paginate':{'table':'users','numItems':0}}]}",
         "!InvalidParams /do/0/paginate/numItems"},
        {"{'do':[{'paginate':{'table':'users','numItems':1,'cursor':'x'}}]}",
         "!InvalidCursor /do/0/paginate/cursor"},
        {"{'do':[{'paginate':{'table':'users','numItems':1,'cursor':5}}]}",
         "!TypeMismatch /do/0/paginate/cursor"},
        {"{'do':[{'collect':{'table':'users','filter':'$it.name'}}]}",
         "!TypeMismatch /do/0/collect/filter"},
        {"{'do':[{'collect':{'table':'users','filter':'$it.boss.x'}}]}",
         "!NullReference /do/0/collect/filter"},
        {"{'do':[{'asyncMap':{'over':[1,2],'as':'x','do':[{'asyncMap':{'over':[1,2,3],'as':'y','do'"
         ":["
         "{'assert':{'that':{'$lt':['$y',3]},'message':''}}],'return':1}}],'return':1}}]}",
         "!AssertFailed /do/0/asyncMap/do/0/asyncMap/do/0"},
        {"{'do':[{'asyncMap':{'over':[1],'as':'x','return':['$x.y']}}]}",
         "!TypeMismatch /do/0/asyncMap/return/0"},
        {"{'return':{'a':[1,'$args.n.x']},'args':{'n':null}}", "!NullReference /return/a/1"},
    };
    CHECK(ROWS);
}

Test(program, an_error_tells_the_positions_in_the_asyncMaps_around_it)
{
    struct local local;
    fill(&local);
    struct slice reply = local_send(
        &local,
        SLICE("{\"id\":1,\"method\":\"query\",\"params\":{\"do\":[{\"asyncMap\":{\"over\":[[1],"
              "[2,3]],\"as\":\"x\",\"do\":[{\"asyncMap\":{\"over\":\"$x\",\"as\":\"y\",\"do\":[{"
              "\"assert\":"
              "{\"that\":{\"$neq\":[\"$y\",3]},\"message\":\"a\\u0000b\"}}],\"return\":1}}],"
              "\"return\":1}}]}}"));
    cr_expect(
        slice_equal(
            reply,
            SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":11,\"message\":\"a\\u0000b\","
                  "\"data\":{\"name\":\"AssertFailed\",\"path\":\"/do/0/asyncMap/do/0/asyncMap/do/"
                  "0\","
                  "\"items\":[1,1]}}}")),
        "%.*s", SLICE_FORMAT(reply));
    local_stop(&local);
}

Test(program, args_must_have_what_the_program_needs_each_time_it_is_run)
{
    struct local local;
    fill(&local);
    for (int round = 0; round < 3; round++) {
        local_expect(&local, "query", "{'args':{'a':1,'b':2},'return':['$args.a','$args?.b']}",
                     "[1,2]");
        local_expect(&local, "query", "{'args':{'a':7},'return':['$args.a','$args?.b']}",
                     "[7,null]");
        local_expect(&local, "query", "{'args':{'b':2},'return':['$args.a','$args?.b']}",
                     "!InvalidParams /return/0");
        local_expect(&local, "query", "{'return':['$args.a','$args?.b']}",
                     "!InvalidParams /return/0");
    }
    local_stop(&local);
}

Test(program, a_cached_query_is_no_mutation_and_the_other_way_round)
{
    struct local local;
    fill(&local);
    const char *reads = "{'do':[{'let':'n','count':['users']}],'return':'$n'}";
    const char *writes =
        "{'do':[{'insert':['notes',{}]},{'let':'n','count':['notes']}],'return':'$n'}";
    for (int round = 1; round < 4; round++) {
        char count[16];
        snprintf(count, sizeof(count), "%d", round);
        local_expect(&local, "query", reads, "3");
        local_expect(&local, "mutation", reads, "3");
        local_expect(&local, "mutation", writes, count);
        local_expect(&local, "query", writes, "!InvalidParams /do/0/insert");
        local_expect(&local, "explain", writes, "!InvalidParams /do/0/insert");
    }
    local_stop(&local);
}

/* More programs than the cache keeps, each used again after others have pushed it out. */
Test(program, programs_that_were_evicted_are_compiled_again)
{
    struct local local;
    fill(&local);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1100; i++) {
            char program[128];
            char result[32];
            snprintf(program, sizeof(program),
                     "{'do':[{'let':'n','count':['users']}],'return':{'$add':['$n',%d]}}", i);
            snprintf(result, sizeof(result), "%d", i + 3);
            local_expect(&local, "query", program, result);
        }
    }
    local_stop(&local);
}

Test(program, explain_counts_calls_and_documents_by_step)
{
    struct local local;
    fill(&local);
    local_expect(
        &local, "explain",
        "{'do':[{'let':'u','collect':['users']},{'let':'m','asyncMap':{'over':'$u','as':'x','do':["
        "{'let':'b','getManyFrom':['users','boss','$x._id']},{'let':'g','get':['$x._id'],'if':"
        "{'$eq':['$x.name','Ada']}}],'return':{'$size':'$b'}}},{'let':'t','traverse':{'from':[" ADA
        "],'via':{'getManyFrom':{'table':'users','index':'boss'}}}},"
        "{'count':['users'],'if':false}],'return':['$m',{'$size':'$t'}]}",
        "{'value':[[1,1,0],2],'cost':{'documents':8,'ranges':7,'bytes':11},'steps':["
        "{'path':'/do/0','verb':'collect','table':'users','index':'by_creation_time','calls':1,"
        "'documents':3},"
        "{'path':'/do/1','verb':'asyncMap','calls':1,'documents':0},"
        "{'path':'/do/1/asyncMap/do/0','verb':'getManyFrom','table':'users','index':'boss',"
        "'calls':3,'documents':2},"
        "{'path':'/do/1/asyncMap/do/1','verb':'get','calls':1,'documents':1},"
        "{'path':'/do/2','verb':'traverse','table':'users','index':'boss','calls':1,'documents':2},"
        "{'path':'/do/3','verb':'count','table':'users','index':'by_creation_time','calls':0,"
        "'documents':0}]}");
    local_expect(&local, "explain", "{}",
                 "{'value':null,'cost':{'documents':0,'ranges':0,'bytes':4},"
                 "'steps':[]}");
    local_stop(&local);
}

/* Names are looked for one by one: there are bounds to how many there may be. */
Test(program, args_and_names_have_a_bound)
{
    static const struct {
        int given;
        int referred;
        const char *expected;
    } ROWS[] = {
        {10000, 1000, "1000"},
        {10001, 1, "!InvalidParams /args"},
        {1001, 1001, "!InvalidParams /return/$size/1000"},
    };
    struct local local;
    fill(&local);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buffer params = {0};
        for (int arg = 0; arg < ROWS[i].given; arg++) {
            buffer_append_format(&params, "%s'a%d':1", arg ? "," : "{'args':{", arg);
        }
        for (int arg = 0; arg < ROWS[i].referred; arg++) {
            buffer_append_format(&params, "%s'$args.a%d'", arg ? "," : "},'return':{'$size':[",
                                 arg);
        }
        buffer_append_format(&params, "]}}%c", 0);
        local_expect(&local, "query", params.data, ROWS[i].expected);
        buffer_deinit(&params);
    }
    struct buffer steps = {0};
    for (int step = 0; step <= 1000; step++) {
        buffer_append_format(&steps, "%s{'let':'v%d','value':1}", step ? "," : "{'do':[", step);
    }
    buffer_append_format(&steps, "]}%c", 0);
    local_expect(&local, "query", steps.data, "!InvalidParams /do/1000/let");
    buffer_deinit(&steps);
    local_stop(&local);
}
