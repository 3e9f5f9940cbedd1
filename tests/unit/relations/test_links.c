/* getManyVia where references lie deep, dangle or are none. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SCHEMA                                                                                     \
    "{'tables':{'people':{'number':10001},'links':{'indexes':{'by_a':['a'],'by_a_n':['a','n']}}}}"
#define ADA "j57000820c20a1g7104gm2rc1m70ynr8"

/* Five links of which one leads to somebody. */
static void start(struct local *local)
{
    local_start(local, SCHEMA);
    local_expect(local, "insert", "['people',{'_id':'" ADA "','name':'Ada'}]", "'" ADA "'");
    local_call(local, "insertMany",
               "['links',[{'a':1,'n':0,'ref':{'to':{'id':'" ADA "'}}},{'a':1,'n':1,'ref':{'to':1}},"
               "{'a':1,'n':2,'ref':null},{'a':1,'n':3},{'a':1,'n':4,'ref':{'to':{'id':7}}}]]");
}

#define VIA "'table':'links','toField':'ref.to.id','index':'by_a','value':1"

Test(links, a_path_leads_through_objects_and_nothing_else)
{
    struct local local;
    start(&local);
    local_expect(&local, "getManyVia", "{" VIA ",'select':['name']}",
                 "[{'name':'Ada'},null,null,null,null]");
    local_expect(&local, "getManyVia",
                 "{" VIA ",'filter':{'$eq':['$it.name','Ada']},"
                 "'select':['name']}",
                 "[{'name':'Ada'}]");
    local_stop(&local);
}

Test(links, pages_have_the_places_of_what_dangles)
{
    struct local local;
    start(&local);
    local_expect(&local, "query",
                 "{'do':[{'let':'r','getManyVia':{" VIA ",'select':['name'],"
                 "'paginate':{'numItems':3,'cursor':null}}}],'return':['$r.page','$r.isDone']}",
                 "[[{'name':'Ada'},null,null],false]");
    local_expect(&local, "query",
                 "{'do':[{'let':'r','getManyVia':{" VIA ",'withLink':true,'select':['name'],"
                 "'paginate':{'numItems':2,'cursor':null},'order':'desc'}}],"
                 "'return':['$r.page[*].link.n','$r.page[*].document']}",
                 "[[4,3],[null,null]]");
    local_stop(&local);
}

/* In whatever way they are read. */
Test(links, an_or_throw_form_refuses_what_dangles)
{
    static const char *const more[] = {
        "",
        ",'take':2",
        ",'withLink':true",
        ",'select':['name']",
        ",'paginate':{'numItems':2,'cursor':null}",
        ",'filter':true",
        ",'field':'a'",
        ",'order':'desc'",
    };
    struct local local;
    start(&local);
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        char params[256];
        snprintf(params, sizeof(params), "{" VIA "%s}", more[i]);
        local_expect(&local, "getManyViaOrThrow", params, "!DocumentNotFound");
    }
    local_expect(&local, "getManyViaOrThrow", "{" VIA ",'take':1,'select':['name']}",
                 "[{'name':'Ada'}]");
    local_stop(&local);
}

/* What params are is only known when a program runs. */
Test(links, params_of_a_wrong_type_are_refused_when_they_are_computed)
{
    static const struct {
        const char *more;
        const char *expected;
    } rows[] = {
        {"'withLink':'$args.x'", "!TypeMismatch /do/0/getManyVia/withLink"},
        {"'take':'$args.x'", "!TypeMismatch /do/0/getManyVia/take"},
        {"'take':'$args.minus'", "!InvalidParams /do/0/getManyVia/take"},
        {"'take':{'$div':[1,0.0]}", "!InvalidParams /do/0/getManyVia/take"},
        {"'filter':'$args.x'", "!TypeMismatch /do/0/getManyVia/filter"},
        {"'filter':'$it.name.more'", "!TypeMismatch /do/0/getManyVia/filter"},
        {"'withLink':'$args.x.y'", "!TypeMismatch /do/0/getManyVia/withLink"},
        {"'paginate':'$args.x.y'", "!TypeMismatch /do/0/getManyVia/paginate"},
    };
    struct local local;
    start(&local);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char params[512];
        snprintf(params, sizeof(params),
                 "{'args':{'x':'text','minus':-1},'do':[{'getManyVia':{" VIA ",%s}}]}",
                 rows[i].more);
        local_expect(&local, "query", params, rows[i].expected);
    }
    local_stop(&local);
}
