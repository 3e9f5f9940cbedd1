/* Budgets: programs that would read, compute or return without end are ended in time, and take no
 * more memory than they may. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <sys/resource.h>
#include <time.h>

#define SCHEMA                                                                                     \
    "{'tables':{'nodes':{'indexes':{'next':['next'],'k':['k']}},'edges':{'indexes':{'a':['a']}}}}"

/* The limit of time, and what a refused program may take: sanitizers make what runs between two
 * looks at the clock slow. */
#define MILLISECONDS  250
#define SECONDS_MAX   2.5
#define MEMORY_MAX_KB (1024L * 1024)

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long memory_kb(void)
{
    struct rusage usage;
    cr_assert(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_maxrss;
}

/* The program must end in LimitExceeded, within the time and the memory. */
static void expect_refused(struct local *local, const char *method, const char *params)
{
    double begin = now_seconds();
    long memory = memory_kb();
    struct slice reply = local_call(local, method, params);
    double seconds = now_seconds() - begin;
    size_t shown = strlen(params) < 300 ? strlen(params) : 300;
    cr_expect(slice_starts_with(reply, SLICE("!LimitExceeded")), "%.*s gives %.*s", (int)shown,
              params, (int)(reply.size < 200 ? reply.size : 200), reply.data);
    cr_expect(seconds < SECONDS_MAX, "%.*s took %.1f s", (int)shown, params, seconds);
    cr_expect(memory_kb() - memory < MEMORY_MAX_KB, "%.*s took %ld KB", (int)shown, params,
              memory_kb() - memory);
    local_expect(local, "query", "{'return':1}", "1");
}

/* `count` nodes in a table, and none has `next`. */
static void fill(struct local *local, int count)
{
    struct buffer params = {0};
    struct service_options options = service_default_options();
    options.limits.milliseconds = 100000;
    local_start_with(local, SCHEMA, &options);
    buffer_append_format(&params, "['nodes',[");
    for (int i = 0; i < count; i++) {
        buffer_append_format(&params, "%s{'k':%d}", i ? "," : "", i % 10);
    }
    buffer_append_format(&params, "]]%c", 0);
    local_call(local, "insertMany", params.data);
    local->service->options.limits.milliseconds = MILLISECONDS;
    buffer_deinit(&params);
}

Test(budget, lookups_within_lookups_end_at_the_limit_of_documents)
{
    struct local local;
    fill(&local, 3000);
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']},{'let':'b','asyncMap':{'over':'$a','as':"
                   "'x','do':[{'let':'c','collect':['nodes']}],'return':{'$size':'$c'}}}],"
                   "'return':'$b'}");
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']},{'asyncMap':{'over':'$a','as':'x','do':["
                   "{'count':{'table':'nodes','filter':{'$eq':['$it.k','$x.k']}}}],'return':1}}]}");
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']}],'limits':{'documents':2999}}");
    local_expect(&local, "query",
                 "{'do':[{'let':'a','collect':['nodes']}],'return':{'$size':'$a'},"
                 "'limits':{'documents':3000}}",
                 "3000");
    local_stop(&local);
}

Test(budget, loops_that_read_nothing_end_at_a_limit)
{
    struct local local;
    fill(&local, 2000);
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']},{'asyncMap':{'over':'$a','as':'x','do':["
                   "{'asyncMap':{'over':'$a','as':'y','do':[{'asyncMap':{'over':'$a','as':'z',"
                   "'return':1}}],'return':1}}],'return':1}}]}");
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']},{'asyncMap':{'over':'$a','as':'x','do':["
                   "{'asyncMap':{'over':'$a','as':'y','do':[{'filter':{'over':'$a','as':'z',"
                   "'where':{'$eq':['$x','$z']}}}],'return':1}}],'return':1}}]}");
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']},{'asyncMap':{'over':'$a','as':'x','do':["
                   "{'asyncMap':{'over':'$a','as':'y','do':[{'value':{'$sum':'$a[*].k'}}],"
                   "'return':1}}],'return':1}}]}");
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']},{'asyncMap':{'over':'$a','as':'x','do':["
                   "{'asyncMap':{'over':'$a','as':'y','do':[{'getManyFrom':['edges','a','$y.k']}],"
                   "'return':1}}],'return':1}}]}");
    expect_refused(&local, "query",
                   "{'do':[{'let':'a','collect':['nodes']},{'asyncMap':{'over':'$a','as':'x','do':["
                   "{'sort':{'over':'$a','as':'y','by':[['$y.k','desc'],['$y._id','asc']]}}],"
                   "'return':1}}]}");
    local_stop(&local);
}

/* Values that mention their parts twice each, 60 times over: 2 to the 60th parts. */
static void append_doubling(struct buffer *program, const char *last)
{
    char first[1000];
    memset(first, 'a', sizeof(first));
    first[0] = '\'';
    first[sizeof(first) - 2] = '\'';
    first[sizeof(first) - 1] = 0;
    buffer_append_format(program, "{'do':[{'let':'x0','value':%s},{'let':'y0','value':%s}", first,
                         first);
    for (int i = 1; i <= 60; i++) {
        buffer_append_format(program, ",{'let':'x%d','value':['$x%d','$x%d']}", i, i - 1, i - 1);
        buffer_append_format(program, ",{'let':'y%d','value':['$y%d','$y%d']}", i, i - 1, i - 1);
    }
    buffer_append_format(program, "%s}%c", last, 0);
}

Test(budget, values_that_mention_their_parts_often_are_neither_returned_nor_compared)
{
    static const char *const LASTS[] = {
        "],'return':'$x60'",
        ",{'value':{'$eq':['$x60','$y60']}}]",
        ",{'value':{'$in':['$x60',['$y60']]}}]",
        ",{'value':{'$min':['$x60','$y60']}}]",
        ",{'distinct':{'over':'$x60'}}]",
        ",{'distinct':{'over':[1,2],'as':'z','by':'$x60'}}]",
        ",{'group':{'over':[1,2],'as':'z','by':['$x60']}}]",
        ",{'sort':{'over':['$x60','$y60'],'as':'z','by':[['$z','asc']]}}]",
        ",{'getManyFrom':['nodes','k','$x60']}]",
        ",{'collect':['nodes','k',[['gt','k','$x60']]]}]",
        ",{'paginate':{'table':'nodes','numItems':1,'filter':{'$eq':['$x60',1]}}}]",
        ",{'assert':{'that':false,'message':'$x60'}}]",
        ",{'filter':{'over':'$x60','as':'z','where':{'$eq':['$x60','$y60']}}}]",
    };
    struct local local;
    fill(&local, 1);
    for (size_t i = 0; i < sizeof(LASTS) / sizeof(LASTS[0]); i++) {
        struct buffer program = {0};
        append_doubling(&program, LASTS[i]);
        expect_refused(&local, "query", program.data);
        expect_refused(&local, "explain", program.data);
        buffer_deinit(&program);
    }
    static const char *const WRITES[] = {
        ",{'insert':['nodes',{'k':'$x60'}]}]",
        ",{'insertMany':['nodes',[{'k':{'a':'$x60'}}]]}]",
        ",{'let':'n','collect':['nodes']},{'patch':['$n[0]._id',{'k':'$x60'}]}]",
        ",{'let':'n','collect':['nodes']},{'replace':['$n[0]._id',{'k':'$x60'}]}]",
    };
    for (size_t i = 0; i < sizeof(WRITES) / sizeof(WRITES[0]); i++) {
        struct buffer program = {0};
        append_doubling(&program, WRITES[i]);
        expect_refused(&local, "mutation", program.data);
        buffer_deinit(&program);
    }
    local_stop(&local);
}

Test(budget, an_error_does_not_show_a_value_without_end)
{
    struct local local;
    struct buffer program = {0};
    fill(&local, 1);
    append_doubling(&program, "],'return':{'$add':['$x60',1]}");
    local_expect(&local, "query", program.data, "!TypeMismatch /return");
    program.size = 0;
    append_doubling(&program, ",{'get':['$x60']}]");
    local_expect(&local, "query", program.data, "!TypeMismatch");
    buffer_deinit(&program);
    local_stop(&local);
}

Test(budget, strings_do_not_grow_without_end)
{
    struct local local;
    struct buffer program = {0};
    fill(&local, 1);
    buffer_append_format(&program, "{'do':[{'let':'x0','value':'0123456789abcdef'}");
    for (int i = 1; i <= 60; i++) {
        buffer_append_format(&program, ",{'let':'x%d','value':{'$concat':['$x%d','$x%d']}}", i,
                             i - 1, i - 1);
    }
    buffer_append_format(&program, "]}%c", 0);
    expect_refused(&local, "query", program.data);
    buffer_deinit(&program);
    local_stop(&local);
}

/* 900 steps that each wrap the value before in 100 lists. */
Test(budget, values_nested_deeper_than_the_stack_are_refused)
{
    static const char *const LASTS[] = {
        "],'return':'$x900'",
        ",{'value':{'$eq':['$x900','$x899']}}]",
        ",{'distinct':{'over':['$x900']}}]",
        ",{'getManyFrom':['nodes','k','$x900']}]",
        ",{'assert':{'that':false,'message':'$x900'}}]",
    };
    struct local local;
    fill(&local, 1);
    for (size_t i = 0; i < sizeof(LASTS) / sizeof(LASTS[0]); i++) {
        struct buffer program = {0};
        buffer_append_format(&program, "{'do':[{'let':'x0','value':1}");
        for (int step = 1; step <= 900; step++) {
            buffer_append_format(&program, ",{'let':'x%d','value':", step);
            for (int level = 0; level < 100; level++) {
                buffer_append_char(&program, '[');
            }
            buffer_append_format(&program, "'$x%d'", step - 1);
            for (int level = 0; level < 100; level++) {
                buffer_append_char(&program, ']');
            }
            buffer_append_char(&program, '}');
        }
        buffer_append_format(&program, "%s}%c", LASTS[i], 0);
        expect_refused(&local, "query", program.data);
        buffer_deinit(&program);
    }
    local_stop(&local);
}

/* Large args that every turn of a loop walks, copies or compares. */
Test(budget, large_arguments_are_not_walked_without_end)
{
    static const char *const BODIES[] = {
        "{'value':{'$size':'$args.l[0][0][0][0][0]'}}",
        "{'value':{'$eq':['$args.l','$args.m']}}",
        "{'value':'$args.l[0][0][0][0][0][99999]'}",
        "{'value':{'$contains':['$args.s','nothing of this']}}",
        "{'value':{'$size':'$args.s'}}",
        "{'value':{'$upper':'$args.s'}}",
        "{'getManyFrom':['nodes','k','$args.s']}",
        "{'getOneFrom':['nodes','k','$args.l']}",
        "{'distinct':{'over':['$args.l']}}",
        "{'paginate':{'table':'nodes','numItems':1,'filter':{'$eq':['$args.s','a']}}}",
        "{'value':{'$split':['$args.s','a']}}",
    };
    struct local local;
    fill(&local, 1000);
    for (size_t i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); i++) {
        struct buffer program = {0};
        buffer_append_format(&program, "{'args':{");
        for (int side = 0; side < 2; side++) {
            buffer_append_format(&program, "'%c':[[[[[[0", "lm"[side]);
            for (int item = 0; item < 100000; item++) {
                buffer_append_format(&program, ",%d", item);
            }
            buffer_append_format(&program, "]]]]]],");
        }
        buffer_append_format(&program, "'s':'");
        for (int piece = 0; piece < 100000; piece++) {
            buffer_append_format(&program, "text that goes on ");
        }
        buffer_append_format(&program,
                             "'},'do':[{'let':'a','collect':['nodes']},{'asyncMap':{'over':'$a',"
                             "'as':'x','do':[{'asyncMap':{'over':'$a','as':'y','do':[%s],"
                             "'return':1}}],'return':1}}]}%c",
                             BODIES[i], 0);
        expect_refused(&local, "query", program.data);
        buffer_deinit(&program);
    }
    local_stop(&local);
}

/* One document of many fields, of which many names are selected that it does not have. */
Test(budget, a_select_of_many_names_ends_within_the_time)
{
    struct local local;
    struct buffer params = {0};
    fill(&local, 0);
    buffer_append_format(&params, "['nodes',{'k':0");
    for (int field = 0; field < 50000; field++) {
        buffer_append_format(&params, ",'f%05d':0", field);
    }
    buffer_append_format(&params, "}]%c", 0);
    local_call(&local, "insert", params.data);
    params.size = 0;
    buffer_append_format(&params, "{'table':'nodes','select':['k'");
    for (int field = 0; field < 50000; field++) {
        buffer_append_format(&params, ",'g%05d'", field);
    }
    buffer_append_format(&params, "]}%c", 0);
    expect_refused(&local, "collect", params.data);
    buffer_deinit(&params);
    local_stop(&local);
}

/* A ring of 500 nodes that each also refer to a common one. */
Test(budget, circles_of_references_end)
{
    struct local local;
    fill(&local, 500);
    local_expect(
        &local, "mutation",
        "{'do':[{'let':'n','collect':['nodes']},{'asyncMap':{'over':'$n','as':'x','index':"
        "'i','do':[{'let':'r','slice':{'over':'$n','start':{'$mod':[{'$add':['$i',1]},500]},"
        "'count':1}},{'patch':['$x._id',{'next':'$r[0]._id'}]},"
        "{'insert':['edges',{'a':'$x._id','b':'$n[0]._id'}]},"
        "{'insert':['edges',{'a':'$x._id','b':'$r[0]._id'}]}],'return':1}}],'return':1}",
        "1");
    local_expect(&local, "query",
                 "{'do':[{'let':'n','first':['nodes']},{'let':'w','walk':{'from':'$n','field':"
                 "'next'}}],'return':{'$size':'$w'}}",
                 "499");
    local_expect(&local, "query",
                 "{'do':[{'let':'n','first':['nodes']},{'let':'t','traverse':{'from':['$n._id'],"
                 "'via':{'getManyFrom':{'table':'nodes','index':'next'}}}}],"
                 "'return':[{'$size':'$t'},{'$max':'$t[*].depth'}]}",
                 "[499,499]");
    local_expect(&local, "query",
                 "{'do':[{'let':'n','first':['nodes']},{'let':'t','traverse':{'from':['$n._id'],"
                 "'via':{'getManyVia':{'table':'edges','toField':'b','index':'a'}}}}],"
                 "'return':{'$size':'$t'}}",
                 "499");
    expect_refused(&local, "query",
                   "{'do':[{'let':'n','first':['nodes']},{'walk':{'from':'$n','field':'next'}}],"
                   "'limits':{'documents':100}}");
    expect_refused(
        &local, "query",
        "{'do':[{'let':'n','collect':['nodes']},{'asyncMap':{'over':'$n','as':'x','do':["
        "{'asyncMap':{'over':'$n','as':'y','do':[{'traverse':{'from':['$y._id'],'via':"
        "{'getManyFrom':{'table':'nodes','index':'next'}}}}],'return':1}}],'return':1}}]}");
    local_stop(&local);
}

Test(budget, a_program_may_lower_its_limits_and_never_raise_them)
{
    struct local local;
    fill(&local, 10);
    local_expect(&local, "query", "{'return':'0123456789','limits':{'bytes':12}}", "'0123456789'");
    local_expect(&local, "query", "{'return':'0123456789','limits':{'bytes':11}}",
                 "!LimitExceeded");
    local_expect(&local, "query", "{'return':[1,2,3,4],'limits':{'bytes':9}}", "[1,2,3,4]");
    local_expect(&local, "query", "{'return':[1,2,3,4],'limits':{'bytes':8}}", "!LimitExceeded");
    local_expect(&local, "query",
                 "{'do':[{'let':'n','first':['nodes']}],'return':'$n','limits':{'bytes':50}}",
                 "!LimitExceeded");
    local_expect(&local, "explain", "{'return':1,'limits':{'bytes':20}}", "!LimitExceeded");
    expect_refused(
        &local, "query",
        "{'do':[{'let':'n','collect':['nodes']},{'asyncMap':{'over':'$n','as':'a','do':["
        "{'asyncMap':{'over':'$n','as':'b','do':[{'asyncMap':{'over':'$n','as':'c','do':["
        "{'asyncMap':{'over':'$n','as':'d','do':[{'asyncMap':{'over':'$n','as':'e','do':["
        "{'count':['nodes']}],'return':1}}],'return':1}}],'return':1}}],'return':1}}],"
        "'return':1}}],'limits':{'milliseconds':1,'documents':1e15,'bytes':1e15}}");
    local_stop(&local);
}

Test(budget, a_batch_has_one_budget)
{
    struct local local;
    struct buffer batch = {0};
    fill(&local, 1000);
    /* Each reads 140,000 documents, and asks for a limit that all of them together would pass. */
    for (int count = 1; count <= 8; count += 7) {
        batch.size = 0;
        for (int i = 0; i < count; i++) {
            buffer_append_format(
                &batch,
                "%c{\"id\":%d,\"method\":\"query\",\"params\":{\"do\":[{\"let\":\"n\",\"take\":{"
                "\"table\":\"nodes\",\"n\":140}},{\"asyncMap\":{\"over\":\"$n\",\"as\":\"x\","
                "\"do\":["
                "{\"collect\":[\"nodes\"]}],\"return\":1}}],\"limits\":{\"documents\":150000}}}",
                i ? ',' : '[', i);
        }
        buffer_append_char(&batch, ']');
        local_send(&local, buffer_slice(&batch));
        buffer_append_char(&local.output, 0);
        bool refused = strstr(local.output.data, "LimitExceeded") != NULL;
        cr_expect(refused == (count == 8), "%d: %.200s", count, local.output.data);
    }
    batch.size = 0;
    for (int i = 0; i < 2000; i++) {
        buffer_append_format(&batch, "%c{\"id\":%d,\"method\":\"collect\",\"params\":[\"nodes\"]}",
                             i ? ',' : '[', i);
    }
    buffer_append_char(&batch, ']');
    struct slice reply = local_send(&local, buffer_slice(&batch));
    cr_expect(reply.size < 100u * 1024 * 1024, "%zu", reply.size);
    buffer_deinit(&batch);
    local_stop(&local);
}
