/* Budgets that run out at every place where they can: for each request in a table, a limit begins
 * at nothing and becomes just large enough for what failed, until the request passes. Whatever
 * runs out, wherever: the request ends in LimitExceeded, which names the limit, a mutation has
 * left no trace, and with enough the answer is the one without a limit. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA                                                                                     \
    "{'tables':{'nodes':{'fields':{'name':'string','k':'number','tags':{'array':'string'},"        \
    "'next':{'optional':{'id':'nodes'}}},'indexes':{'name':['name'],'k':['k','name']}},"           \
    "'edges':{'fields':{'from':{'id':'nodes'},'to':{'id':'nodes'},'w':'number'},"                  \
    "'indexes':{'from':['from','w'],'to':['to'],'w':['w']}}}}"

#define TRIES_MAX 5000

/* What is limited. */
enum limited { DOCUMENTS, MEMORY, RESULT, TIME, LIMITED_COUNT };

static const char *const limit_names[LIMITED_COUNT] = {"documents", "bytes", "bytes",
                                                       "milliseconds"};

struct sweep {
    struct local local;
    struct job job;
    struct buffer line;   /* the request */
    struct buffer reply;  /* its newest reply */
    struct buffer answer; /* the one without a limit */
    struct buffer before; /* all documents */
    struct buffer after;
};

static void fill(struct local *local)
{
    local_call(local, "mutation",
               "{'args':{'n':[0,1,2,3,4]},'do':["
               "{'let':'ids','asyncMap':{'over':'$args.n','as':'i','do':[{'let':'id','insert':"
               "['nodes',{'name':{'$concat':['n',{'$if':[{'$lt':['$i',3]},'a','b']}]},'k':'$i',"
               "'tags':['red','green']}]}],'return':'$id'}},"
               "{'asyncMap':{'over':'$ids','as':'a','index':'i','do':["
               "{'if':{'$lt':['$i',4]},'patch':['$a',{'next':'$ids[0]'}]},"
               "{'asyncMap':{'over':'$ids','as':'b','index':'j','do':[{'insert':['edges',"
               "{'from':'$a','to':'$b','w':{'$add':['$i','$j']}}]}],'return':1}}],'return':1}}]}");
    local_expect(local, "count", "['edges']", "25");
}

static void sweep_start(struct sweep *sweep)
{
    *sweep = (struct sweep){.line = {0}};
    local_start(&sweep->local, SCHEMA);
    job_init(&sweep->job);
    fill(&sweep->local);
}

static void sweep_stop(struct sweep *sweep)
{
    job_deinit(&sweep->job);
    local_stop(&sweep->local);
    buffer_deinit(&sweep->line);
    buffer_deinit(&sweep->reply);
    buffer_deinit(&sweep->answer);
    buffer_deinit(&sweep->before);
    buffer_deinit(&sweep->after);
}

static void restrict_budget(struct budget *budget, enum limited what, uint64_t most)
{
    switch (what) {
    case DOCUMENTS:
        budget->limits.documents = most;
        break;
    case MEMORY:
        budget->bytes = LIMIT_MEMORY - most;
        break;
    case RESULT:
        budget->limits.bytes = most;
        break;
    default: /* the time is over at the first look at the clock */
        budget->ticks = (uint32_t)most;
        budget->deadline_ns = 1;
        break;
    }
}

/* The least that is more than `most`, and enough for what was refused. */
static uint64_t enough(const struct budget *budget, enum limited what, uint64_t most)
{
    uint64_t wanted = most + 1;
    if (what == DOCUMENTS) {
        wanted = budget->documents;
    } else if (what == MEMORY) {
        wanted = budget->bytes - (LIMIT_MEMORY - most);
    } else if (what == RESULT) {
        wanted = budget->result_bytes + budget->written_bytes;
    }
    return wanted > most ? wanted : most + 1;
}

/* Runs the request with at most so much. Returns whether it passes. */
static bool passes(struct sweep *sweep, enum limited what, uint64_t most)
{
    struct caller caller = {.role = ROLE_ADMIN};
    struct service *service = sweep->local.service;
    struct job *job = &sweep->job;
    sweep->reply.size = 0;
    job_prepare(job, service, &caller, buffer_slice(&sweep->line), false);
    if (most < UINT64_MAX) {
        restrict_budget(&job->budget, what, most);
    }
    for (unsigned stage = 0; stage < CALL_STAGES; stage++) {
        job_prefetch(job, stage);
    }
    job_run(job, service, &sweep->reply);
    buffer_append_char(&sweep->reply, '\0');
    return strstr(sweep->reply.data, "\"error\":") == NULL;
}

static void expect_exceeded(const struct sweep *sweep, enum limited what)
{
    char limit[64];
    snprintf(limit, sizeof(limit), "\"limit\":\"%s\"", limit_names[what]);
    cr_assert(strstr(sweep->reply.data, "\"name\":\"LimitExceeded\"") != NULL &&
                  strstr(sweep->reply.data, limit) != NULL,
              "%.*s gives %s", SLICE_FORMAT(buffer_slice(&sweep->line)), sweep->reply.data);
}

static void expect_untouched(struct sweep *sweep)
{
    local_dump(&sweep->local, &sweep->after);
    cr_assert(slice_equal(buffer_slice(&sweep->before), buffer_slice(&sweep->after)),
              "%.*s has left something", SLICE_FORMAT(buffer_slice(&sweep->line)));
}

/* Returns how often the limit was met. A mutation that passed has done its work. */
static unsigned meet_limit(struct sweep *sweep, enum limited what, bool writes)
{
    uint64_t most = 0;
    unsigned met = 0;
    while (!passes(sweep, what, most)) {
        expect_exceeded(sweep, what);
        if (writes) {
            expect_untouched(sweep);
        }
        most = enough(&sweep->job.budget, what, most);
        met += 1;
        cr_assert(met < TRIES_MAX, "%.*s does not pass", SLICE_FORMAT(buffer_slice(&sweep->line)));
    }
    return met;
}

static void make_request(struct sweep *sweep, const char *method, const char *steps)
{
    sweep->line.size = 0;
    local_append_quoted(&sweep->line, "{'id':1,'method':'");
    local_append_quoted(&sweep->line, method);
    local_append_quoted(&sweep->line, "','params':{'do':[{'let':'n','collect':['nodes']},");
    local_append_quoted(&sweep->line, steps);
    local_append_quoted(&sweep->line, "],'return':'$r'}}");
}

#define FROM "'table':'edges','index':'from','value':'$n[0]._id'"
#define VIA  "'table':'edges','toField':'to','index':'from','value':'$n[0]._id'"

static const char *const reads[] = {
    "{'let':'r','get':['nodes','$n[1]._id']}",
    "{'let':'r','getOrThrow':['$n[1]._id']}",
    "{'let':'r','getAll':['nodes','$n[*]._id']}",
    "{'let':'r','getAllOrThrow':['$n[*]._id']}",
    "{'let':'r','getOneFrom':['nodes','k',2]}",
    "{'let':'r','getOneFromOrThrow':['nodes','k',2]}",
    "{'let':'r','getManyFrom':['edges','from','$n[0]._id']}",
    "{'let':'r','getManyFrom':{" FROM ",'order':'desc','take':2,'range':[['gte','w',1]]}}",
    "{'let':'r','getManyFrom':{" FROM ",'filter':{'$gte':['$it.w',2]},'select':['w','_id']}}",
    "{'let':'r','getManyFrom':{" FROM ",'paginate':{'numItems':2,'cursor':null},'select':['w']}}",
    "{'let':'r','getManyFrom':{" FROM ",'paginate':{'numItems':2,'cursor':null},"
    "'filter':{'$gte':['$it.w',2]}}}",
    "{'let':'r','getManyVia':['edges','to','from','$n[0]._id']}",
    "{'let':'r','getManyVia':{" VIA ",'withLink':true,'select':['name','k']}}",
    "{'let':'r','getManyVia':{" VIA ",'withLink':true,'filter':{'$gt':['$link.w','$it.k']}}}",
    "{'let':'r','getManyVia':{" VIA ",'filter':{'$gte':['$it.k',2]},'take':2}}",
    "{'let':'r','getManyVia':{" VIA ",'paginate':{'numItems':3,'cursor':null},'withLink':true}}",
    "{'let':'r','getManyVia':{" VIA ",'paginate':{'numItems':3,'cursor':null},"
    "'filter':{'$gte':['$it.k',1]},'select':['k']}}",
    "{'let':'r','getManyViaOrThrow':['edges','to','from','$n[0]._id']}",
    "{'let':'r','collect':{'table':'edges','index':'w','range':[['gt','w',2],['lte','w',6]],"
    "'order':'desc','filter':{'$neq':['$it.w',4]},'select':['w','from']}}",
    "{'let':'r','collect':{'table':'nodes','index':'by_id','range':[['eq','_id','$n[2]._id']]}}",
    "{'let':'r','collect':{'table':'nodes','index':'by_id','range':[['eq','_id','$n[2]._id']],"
    "'filter':{'$eq':['$it.k',2]}}}",
    "{'let':'r','first':{'table':'edges','index':'w','filter':{'$gt':['$it.w',3]},"
    "'select':['w']}}",
    "{'let':'r','unique':{'table':'nodes','index':'k','range':[['eq','k',3]],"
    "'filter':{'$eq':['$it.name','nb']},'select':['k']}}",
    "{'let':'r','take':{'table':'edges','n':3,'filter':{'$gt':['$it.w',3]}}}",
    "{'let':'r','take':{'table':'edges','n':3,'select':['w']}}",
    "{'let':'r','paginate':{'table':'edges','numItems':4,'cursor':null,'select':['w','to']}}",
    "{'let':'p','paginate':{'table':'edges','index':'w','numItems':4,'cursor':null}},"
    "{'let':'r','paginate':{'table':'edges','index':'w','numItems':4,"
    "'cursor':'$p.continueCursor'}}",
    "{'let':'r','count':{'table':'edges','filter':{'$gt':['$it.w',3]}}}",
    "{'let':'r','exists':{'table':'edges','filter':{'$gt':['$it.w',7]}}}",
    "{'let':'r','normalizeId':['nodes','$n[0]._id']}",
    "{'let':'r','asyncMap':{'over':'$n','as':'a','index':'i','do':["
    "{'let':'out','getManyFrom':['edges','from','$a._id']},"
    "{'let':'to','getManyVia':['edges','to','from','$a._id']},"
    "{'let':'in','if':{'$gt':['$i',1]},'getManyFrom':['edges','to','$a._id']}],"
    "'return':{'$spread':'$a','i':'$i','out':'$out[*].w','to':{'$size':'$to'},'in':'$in'}}}",
    "{'let':'r','filter':{'over':'$n','as':'a','where':{'$in':['$a.k',[1,2,3]]}}}",
    "{'let':'r','sort':{'over':'$n','as':'a','by':[['$a.name','desc'],['$a.k','asc']]}}",
    "{'let':'r','distinct':{'over':'$n[*].tags[*]'}}",
    "{'let':'r','distinct':{'over':'$n','as':'a','by':'$a.name'}}",
    "{'let':'r','group':{'over':'$n','as':'a','by':{'t':'$a.tags','n':'$a.name'}}}",
    "{'let':'r','slice':{'over':'$n','start':1,'count':2}}",
    "{'let':'r','flatten':{'over':['$n',1,['$n[0]','$n[1]']]}}",
    "{'let':'r','walk':{'from':'$n[3]._id','field':'next'}}",
    "{'let':'r','walk':{'from':'$n[3]','field':'next','depth':1}}",
    "{'let':'r','traverse':{'from':['$n[0]._id'],'via':{'getManyVia':{'table':'edges','toField':"
    "'to','index':'from','select':['name']}},'depth':2}}",
    "{'let':'r','traverse':{'from':['$n[0]._id'],'via':{'getManyFrom':{'table':'nodes','index':"
    "'name'}}}}",
    "{'let':'r','value':[{'$concat':['a','$n[0].name','b']},{'$join':['$n[*].name',', ']},"
    "{'$split':['a,b,c',',']},{'$lower':'ABC'},{'$upper':'abc'},{'$substring':['abcdef',1,3]},"
    "{'$startsWith':['abc','a']},{'$endsWith':['abc','c']},{'$contains':['abc','b']}]}",
    "{'let':'r','value':[{'$sum':'$n[*].k'},{'$avg':'$n[*].k'},{'$min':'$n[*].k'},"
    "{'$max':'$n[*].k'},{'$first':'$n'},{'$last':'$n'},{'$reverse':'$n'},{'$size':'$n'}]}",
    "{'let':'r','value':[{'$pick':['$n[0]',['k','name']]},{'$omit':['$n[0]',['k']]},"
    "{'$keys':'$n[0]'},{'$values':'$n[0]'},{'$in':['$n[0]','$n']},{'$coalesce':['$n[4].next',1]},"
    "{'$exists':'$n[4].next'},{'$spread':['$n[0]','$n[1]'],'more':{'$literal':[1,2]}}]}",
    "{'let':'r','value':[{'$round':['$n[1].k',2]},{'$div':['$n[4].k',2]},{'$eq':['$n','$n']},"
    "{'$lt':['$n[0].tags','$n[1].tags']},{'$and':[true,{'$not':false}]},'$n[0][\\\"name\\\"]',"
    "'$n[*]?.next','$n[9]?.k']}",
};

Test(budget_sweep, reads_end_in_order_wherever_a_limit_is_met)
{
    struct sweep sweep;
    unsigned met[LIMITED_COUNT] = {0};
    sweep_start(&sweep);
    for (size_t i = 0; i < COUNT_OF(reads); i++) {
        make_request(&sweep, "query", reads[i]);
        cr_assert(passes(&sweep, TIME, UINT64_MAX), "%s: %s", reads[i], sweep.reply.data);
        sweep.answer.size = 0;
        buffer_append_slice(&sweep.answer, buffer_slice(&sweep.reply));
        for (enum limited what = 0; what < LIMITED_COUNT; what++) {
            met[what] += meet_limit(&sweep, what, false);
            cr_assert(slice_equal(buffer_slice(&sweep.answer), buffer_slice(&sweep.reply)), "%s",
                      reads[i]);
        }
    }
    for (enum limited what = 0; what < LIMITED_COUNT; what++) {
        cr_expect_geq(met[what], COUNT_OF(reads), "%s", limit_names[what]);
    }
    sweep_stop(&sweep);
}

static const char *const writes[] = {
    "{'let':'r','insert':['nodes',{'name':'x','k':{'$add':['$n[0].k',1]},'tags':[]}]}",
    "{'let':'r','insertMany':['nodes',[{'name':'x','k':1,'tags':[]},{'name':'y','k':2,'tags':"
    "'$n[0].tags'}]]}",
    "{'let':'r','asyncMap':{'over':[1,2,3],'as':'i','do':[{'let':'id','insert':['nodes',"
    "{'name':'x','k':'$i','tags':['a'],'next':'$n[0]._id'}]},{'let':'d','get':['$id']},"
    "{'if':{'$gt':['$i',1]},'delete':['$id']}],'return':'$d.name'}}",
    "{'let':'r','patch':['$n[1]._id',{'k':{'$add':['$n[1].k',7]}}]}",
    "{'let':'r','replace':['$n[2]._id',{'name':{'$join':[['a','b'],'-']},'k':1,'tags':[]}]}",
    "{'let':'r','asyncMap':{'over':'$n','as':'a','do':[{'patch':['$a._id',{'name':'all'}]},"
    "{'let':'e','getManyFrom':['edges','from','$a._id']},"
    "{'asyncMap':{'over':'$e','as':'b','do':[{'delete':['$b._id']}],'return':1}}],'return':1}}",
    "{'let':'r','delete':['nodes','$n[4]._id']}",
};

Test(budget_sweep, writes_leave_nothing_wherever_a_limit_is_met)
{
    static const enum limited each[] = {DOCUMENTS, MEMORY, RESULT, TIME};
    unsigned met = 0;
    for (size_t limit = 0; limit < COUNT_OF(each); limit++) {
        struct sweep sweep;
        sweep_start(&sweep);
        for (size_t i = 0; i < COUNT_OF(writes); i++) {
            make_request(&sweep, "mutation", writes[i]);
            local_dump(&sweep.local, &sweep.before);
            met += meet_limit(&sweep, each[limit], true);
        }
        local_expect(&sweep.local, "count", "['edges']", "0");
        sweep_stop(&sweep);
    }
    cr_expect_gt(met, COUNT_OF(writes) * COUNT_OF(each));
}
