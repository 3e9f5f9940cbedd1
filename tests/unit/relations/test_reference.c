/* References: every form of a path, and what it meets on the way. */
#include "base/macros.h"
#include "tests/support/local.h"

#include <criterion/criterion.h>

#define ARGS                                                                                       \
    "{'a':{'b':[{'c':1},{'c':2},{'d':3}],'odd name':4,'x.y':5,'q\\'':6,'n':null,'s':'text','':7}," \
    "'p':[{'t':['a','b']},{'t':[]},{'t':['c']}],'m':[[1,2],[3,[4]]],'h':[{'t':[1]},null,{}],"      \
    "'i':{'$integer':'AQAAAAAAAAA='},'e':[]}"

#define CHECK(rows) local_expect_values(ARGS, rows, COUNT_OF(rows))

Test(reference, paths_lead_to_fields_and_items)
{
    static const struct local_value ROWS[] = {
        {"'$args.a.b[0].c'", "1"},
        {"'$args.a.b[1]'", "{'c':2}"},
        {"['$args.a.b[3]']", "[null]"},
        {"['$args.a.b[4294967295]','$args.m[0][1]']", "[null,2]"},
        {"'$args.a[\\'odd name\\']'", "4"},
        {"'$args[\\'a\\'][\\'x.y\\']'", "5"},
        {"'$args.a[\\'q\\\\\\'\\']'", "6"},
        {"'$args.a[\\'q\\\\u0022\\']'", "6"},
        {"'$args.a[\\'\\']'", "7"},
        {"{'x':'$args.a.nothing'}", "{}"},
        {"['$args.a.nothing']", "[null]"},
        {"'$args.a.nothing'", "null"},
        {"'$args.a.n'", "null"},
        {"'\\u0024args.a.s'", "'text'"},
    };
    CHECK(ROWS);
}

Test(reference, null_and_missing_have_no_fields_unless_it_is_said)
{
    static const struct local_value ROWS[] = {
        {"'$args.a.n.x'", "!NullReference /return"},
        {"'$args.a.nothing.x'", "!NullReference /return"},
        {"['$args.a.n?.x']", "[null]"},
        {"{'x':'$args.a.n?.x'}", "{}"},
        {"{'x':'$args.a.nothing?.x.y[0][*].z'}", "{}"},
        {"'$args.a.b[7].c'", "!NullReference"},
        {"{'x':'$args.a.b[7]?.c'}", "{}"},
        {"'$args.a.n[0]'", "!NullReference"},
        {"'$args.a.n[*]'", "!NullReference"},
        {"'$args.a.nothing[*]'", "!NullReference"},
        {"'$args.a.s.x'", "!TypeMismatch /return"},
        {"'$args.a.s?.x'", "!TypeMismatch"},
        {"'$args.i.x'", "!TypeMismatch"},
        {"'$args.a.b.c'", "!TypeMismatch"},
        {"'$args.a.s[0]'", "!TypeMismatch"},
        {"'$args.a[0]'", "!TypeMismatch"},
        {"'$args.a[*]'", "!TypeMismatch"},
        {"'$args.a.s[*]'", "!TypeMismatch"},
        {"{'k':[0,'$args.a.n.x']}", "!NullReference /return/k/1"},
    };
    CHECK(ROWS);
}

Test(reference, each_applies_the_rest_and_further_ones_join)
{
    static const struct local_value ROWS[] = {
        {"'$args.a.b[*].c'", "[1,2,null]"},
        {"'$args.a.b[*]'", "[{'c':1},{'c':2},{'d':3}]"},
        {"'$args.p[*].t'", "[['a','b'],[],['c']]"},
        {"'$args.p[*].t[*]'", "['a','b','c']"},
        {"'$args.p[*].t[0]'", "['a',null,'c']"},
        {"'$args.m[*][*]'", "[1,2,3,[4]]"},
        {"'$args.m[*][0]'", "[1,3]"},
        {"'$args.e[*].x.y'", "[]"},
        {"'$args.e[*].x[*].y[*]'", "[]"},
        {"'$args.a.n?.x[*].y'", "null"},
        {"'$args.h[*].t'", "!NullReference"},
        {"'$args.h[*]?.t'", "[[1],null,null]"},
        {"'$args.h[*]?.t[*]'", "!NullReference"},
        {"'$args.a.b[*].c.d'", "!TypeMismatch"},
        {"'$args.p[*].t[*].x'", "!TypeMismatch"},
    };
    CHECK(ROWS);
}

Test(reference, what_is_no_reference_does_not_compile)
{
    static const struct local_value ROWS[] = {
        {"'$'", "!InvalidParams /return"},
        {"'$ '", "!InvalidParams"},
        {"'$9'", "!InvalidParams"},
        {"'$args.'", "!InvalidParams"},
        {"'$args..a'", "!InvalidParams"},
        {"'$args.9'", "!InvalidParams"},
        {"'$args?'", "!InvalidParams"},
        {"'$args?[0]'", "!InvalidParams"},
        {"'$args a'", "!InvalidParams"},
        {"'$args!'", "!InvalidParams"},
        {"'$args['", "!InvalidParams"},
        {"'$args[]'", "!InvalidParams"},
        {"'$args[1'", "!InvalidParams"},
        {"'$args[-1]'", "!InvalidParams"},
        {"'$args[1.5]'", "!InvalidParams"},
        {"'$args[4294967296]'", "!InvalidParams"},
        {"'$args[4294967299]'", "!InvalidParams"},
        {"'$args[99999999999999999999]'", "!InvalidParams"},
        {"'$args[**]'", "!InvalidParams"},
        {"'$args[*'", "!InvalidParams"},
        {"'$args[\\'a]'", "!InvalidParams"},
        {"'$args[\\'a\\''", "!InvalidParams"},
        {"'$args[\\'\\\\x\\']'", "!InvalidParams"},
        {"'$args[\\'a\\\\'", "!InvalidParams"},
        {"'$args.\xc3\xa4'", "!InvalidParams"},
        {"'$it'", "!InvalidParams"},
        {"'$link'", "!InvalidParams"},
        {"'$nothing'", "!InvalidParams /return"},
        {"'$args.gone'", "!InvalidParams /return"},
        {"'$args[\\'gone\\']'", "!InvalidParams /return"},
        {"{'x':['$args?.gone','$args?.gone?.x']}", "{'x':[null,null]}"},
    };
    CHECK(ROWS);
}
