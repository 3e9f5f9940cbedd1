/* Budgets of writes: what a request writes counts as what it returns, and time is held back for
 * undoing it. */
#include "protocol/request.h"
#include "relations/budget.h"
#include "storage/document.h"
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#define SCHEMA                                                                                     \
    "{'tables':{'notes':{'fields':{'n':'number','text':'string'},'indexes':{'n':['n'],"            \
    "'text':['text']}},'anything':{}}}"

/* Of `notes`: the two indexes, by_creation_time and by_id. */
#define NOTES_ENTRIES 4

static struct service_options options_with_bytes(uint64_t bytes)
{
    struct service_options options = service_default_options();
    options.limits.bytes = bytes;
    return options;
}

/* Calls the method with documents, each of which is `document`, and `last` behind them. */
static struct slice insert_many(struct local *local, const char *document, unsigned count,
                                const char *last)
{
    struct buffer params = {0};
    buffer_append_format(&params, "['notes',[");
    for (unsigned i = 0; i < count; i++) {
        buffer_append_format(&params, "%s%s", i == 0 ? "" : ",", document);
    }
    buffer_append_format(&params, "%s]]%c", last, 0);
    struct slice reply = local_call(local, "insertMany", params.data);
    buffer_deinit(&params);
    return reply;
}

/* Whether `count` documents are refused for their bytes, where the limit is `bytes`, and so many
 * milliseconds are enough. */
static bool refuses(uint64_t bytes, unsigned count)
{
    struct service_options options = options_with_bytes(bytes);
    struct local local;
    options.limits.milliseconds = 100000;
    local_start_with(&local, SCHEMA, &options);
    struct slice reply = insert_many(&local, "{'n':1.25,'text':'abc'}", count, "");
    bool refused = reply.data[0] == '!';
    cr_assert(!refused || slice_starts_with(reply, SLICE("!LimitExceeded")), "%.*s",
              SLICE_FORMAT(reply));
    local_expect(&local, "count", "['notes']", refused ? "0" : "1000");
    local_stop(&local);
    return refused;
}

/* What a document of 60 bytes stores is twice as long, for the id and the creation time. */
Test(budget_writes, a_request_of_ordinary_documents_may_be_as_long_as_any)
{
    static const char document[] =
        "{'n':123456,'text':'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}"; /* of 60 bytes */
    cr_assert_eq(strlen(document), 60);
    struct service_options options = options_with_bytes(LIMIT_BYTES / 64);
    struct local local;
    options.limits.milliseconds = 100000;
    local_start_with(&local, SCHEMA, &options);
    unsigned count = 16 * 1024 * 1024 / 64 / sizeof(document);
    struct slice reply = insert_many(&local, document, count, "");
    cr_expect(slice_starts_with(reply, SLICE("[\"")), "%.*s",
              (int)(reply.size < 200 ? reply.size : 200), reply.data);
    local_stop(&local);
}

/* 94 to 98 bytes of JSON, and 35 for the id in the result. */
Test(budget_writes, a_document_counts_its_json_its_entries_and_its_id)
{
    uint64_t entries = NOTES_ENTRIES * WRITTEN_ENTRY_SIZE;
    cr_assert(refuses(1000 * (94 + entries + 35), 1000));
    cr_assert(!refuses(1000 * (98 + entries + 35) + 1000, 1000));
}

/* Names that no other document has are kept too. */
Test(budget_writes, names_of_their_own_count)
{
    struct local local;
    local_start(&local, SCHEMA);
    local_call(&local, "insert", "['anything',{'known':1}]");
    local_expect(&local, "mutation",
                 "{'do':[{'insert':['anything',{'known':1}]}],'limits':{'bytes':200}}", "null");
    local_expect(&local, "mutation",
                 "{'do':[{'insert':['anything',{'other':1}]}],'limits':{'bytes':200}}",
                 "!LimitExceeded /do/0/insert/1");
    local_expect(&local, "mutation",
                 "{'do':[{'insert':['anything',{'other':1}]}],'limits':{'bytes':600}}", "null");
    local_stop(&local);
}

/* The schema would find the last one wrong, but nothing is made. */
Test(budget_writes, documents_that_cannot_fit_are_refused_before_the_first_is_made)
{
    struct service_options options = options_with_bytes(10000);
    struct local local;
    local_start_with(&local, SCHEMA, &options);
    uint64_t change = local.service->database->change;
    struct slice reply = insert_many(&local, "{'n':1,'text':''}", 100, ",{'n':'x'}");
    cr_expect(slice_equal(reply, SLICE("!LimitExceeded /1")), "%.*s", SLICE_FORMAT(reply));
    cr_expect_eq(local.service->database->change, change, "something was made");
    reply = insert_many(&local, "{'n':1,'text':''}", 10, ",{'n':'x'}");
    cr_expect(slice_starts_with(reply, SLICE("!SchemaViolation /1/10")), "%.*s",
              SLICE_FORMAT(reply));
    cr_expect_gt(local.service->database->change, change, "nothing was made");
    local_expect(&local, "count", "['notes']", "0");
    local_stop(&local);
}

/* Each would need gigabytes. */
Test(budget_writes, a_small_mutation_does_not_write_a_large_document_without_end)
{
    static const char *const steps[] = {
        "{'insert':['anything',{'n':'$i','text':'$args.text'}]}",
        "{'insertMany':['anything',[{'n':'$i','text':'$args.text'}]]}",
        "{'patch':['$d._id',{'n':'$i'}]}",
        "{'replace':['$d._id',{'n':'$i','text':'$args.text'}]}",
    };
    struct local local;
    struct buffer params = {0};
    struct service_options options = service_default_options();
    options.limits.milliseconds = 100000;
    local_start_with(&local, SCHEMA, &options);
    buffer_append_format(&params, "['anything',{'text':'%0*d'}]%c", DOCUMENT_SIZE_MAX - 200, 0, 0);
    local_call(&local, "insert", params.data);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        params.size = 0;
        buffer_append_format(&params, "{'args':{'text':'%0*d','n':[", DOCUMENT_SIZE_MAX - 200, 0);
        for (unsigned n = 0; n < 5000; n++) {
            buffer_append_format(&params, "%s%u", n == 0 ? "" : ",", n);
        }
        buffer_append_format(&params,
                             "]},'do':[{'let':'d','first':['anything']},{'asyncMap':{'over':"
                             "'$args.n','as':'i','do':[%s],'return':1}}]}%c",
                             steps[i], 0);
        local_expect(&local, "mutation", params.data, "!LimitExceeded");
        cr_expect_lt(pool_used(local.service->database->pool), 4u * 1024 * 1024, "%s", steps[i]);
    }
    buffer_deinit(&params);
    local_expect(&local, "count", "['anything']", "1");
    local_stop(&local);
}

Test(budget_writes, what_a_batch_wrote_before_its_bytes_were_used_up_stays)
{
    struct service_options options = options_with_bytes(5000);
    struct local local;
    struct buffer batch = {0};
    unsigned count = TINY_OR(REQUEST_BATCH_MAX, 200);
    options.limits.bytes = TINY_OR(800, 5000);
    local_start_with(&local, SCHEMA, &options);
    for (unsigned i = 0; i < count; i++) {
        buffer_append_format(
            &batch, "%c{\"id\":%u,\"method\":\"insert\",\"params\":[\"anything\",{\"n\":1}]}",
            i == 0 ? '[' : ',', i);
    }
    buffer_append_char(&batch, ']');
    local_send(&local, buffer_slice(&batch));
    buffer_append_char(&local.output, 0);
    unsigned done = 0;
    for (const char *at = local.output.data; (at = strstr(at, "\"result\"")) != NULL; at += 1) {
        done += 1;
    }
    cr_expect(done > 1 && done < count, "%u", done);
    cr_expect_eq(local.service->database->documents.count, done);
    cr_expect(strstr(local.output.data, "LimitExceeded") != NULL);
    buffer_deinit(&batch);
    local_stop(&local);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A budget that has run so many seconds of its 100. */
static struct budget budget_after(uint64_t seconds)
{
    struct limits limits = {.documents = 1, .bytes = 1, .milliseconds = 100000};
    struct budget budget;
    budget_init(&budget, &limits);
    budget.deadline_ns = now_ns() + (98 - seconds) * 1000000000; /* two are for the end */
    return budget;
}

Test(budget_writes, time_is_held_back_for_undoing_but_no_more_than_has_run_and_a_quarter)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, 1024);
    error_init(&error, &arena);
    struct budget budget = budget_after(40);
    budget_hold_undo(&budget, 70 * UINT64_C(1000000000));
    cr_expect(budget_look_at_clock(&budget, &error), "more than 50 seconds are held back");
    budget = budget_after(60);
    cr_expect(budget_look_at_clock(&budget, &error));
    budget_hold_undo(&budget, 30 * UINT64_C(1000000000));
    cr_expect(budget_look_at_clock(&budget, &error), "more than 30 seconds are held back");
    budget_hold_undo(&budget, 10 * UINT64_C(1000000000));
    cr_expect_not(budget_look_at_clock(&budget, &error));
    cr_expect(slice_equal(error.limit, SLICE("milliseconds")));
    budget_keep_written(&budget);
    cr_expect(budget_look_at_clock(&budget, &error), "what is kept need not be undone");
    arena_deinit(&arena);
}

Test(budget_writes, what_was_spent_before_counts)
{
    struct arena arena;
    struct error error;
    struct limits limits = {.documents = 1, .bytes = 1, .milliseconds = 100000};
    struct budget budget;
    arena_init(&arena, 1024);
    error_init(&error, &arena);
    budget_init(&budget, &limits);
    budget.spent_ns = 90000000000;
    cr_expect(budget_look_at_clock(&budget, &error));
    budget_init(&budget, &limits);
    budget.spent_ns = 200000000000;
    cr_expect_not(budget_look_at_clock(&budget, &error));
    arena_deinit(&arena);
}

/* Reading a megabyte takes longer than a millisecond, and 1,000 items are more than pass between
 * two looks at the clock. */
Test(budget_writes, reading_a_long_message_counts_as_time)
{
    struct service_options options = service_default_options();
    struct local local;
    struct buffer params = {0};
    options.limits.milliseconds = 1;
    local_start_with(&local, SCHEMA, &options);
    buffer_append_format(&params, "{'args':{'text':'%01000000d','n':[0", 0);
    for (unsigned n = 1; n < 1000; n++) {
        buffer_append_format(&params, ",%u", n);
    }
    buffer_append_format(&params,
                         "]},'do':[{'filter':{'over':'$args.n','as':'x','where':true}}]}%c", 0);
    local_expect(&local, "query", params.data, "!LimitExceeded");
    buffer_deinit(&params);
    local_stop(&local);
}
