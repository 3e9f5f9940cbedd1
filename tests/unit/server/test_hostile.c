/* Requests that are made to cost much: what is refused, and that it is refused early. */
#include "base/macros.h"
#include "protocol/request.h"
#include "relations/expression.h"
#include "storage/document.h"
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <string.h>

#define SCHEMA "{'tables':{'notes':{'indexes':{'by_n':['n']}}}}"

/* Appends `piece` so often that `size` bytes are reached. */
static void append_times(struct buffer *text, const char *piece, size_t size)
{
    for (size_t end = text->size + size; text->size < end;) {
        buffer_append_slice(text, slice_of(piece));
    }
}

/* Starts a service for long messages: reading them counts as time, and sanitizers take long. */
static void start_patient(struct local *local)
{
    struct service_options options = service_default_options();
    options.limits.milliseconds = 100000;
    local_start_with(local, SCHEMA, &options);
}

/* Expects what `before`, `size` bytes of `piece`, and `after` together give. */
static void expect_long(struct local *local, const char *method, const char *const parts[3],
                        size_t size, const char *expected)
{
    struct buffer params = {0};
    buffer_append_slice(&params, slice_of(parts[0]));
    append_times(&params, parts[1], size);
    buffer_append_format(&params, "%s%c", parts[2], 0);
    local_expect(local, method, params.data, expected);
    buffer_deinit(&params);
}

/* The compiled form is much larger than the text; values have a place in `args`. */
Test(hostile, a_program_or_filter_is_compiled_up_to_its_limit)
{
    static const char *const result[] = {"{'return':{'$size':[", "1,", "1]}}"};
    static const char *const steps[] = {"{'do':[", "{'value':1},", "{'value':1}]}"};
    static const char *const filter[] = {"{'table':'notes','filter':{'$in':[1,[", "1,", "1]]}}"};
    static const char *const args[] = {"{'args':{'a':[", "1,", "1]},'return':'$args.a[0]'}"};
    struct local local;
    start_patient(&local);
    expect_long(&local, "query", result, 2000, "1001");
    expect_long(&local, "query", result, PROGRAM_SIZE_MAX, "!InvalidParams /return");
    expect_long(&local, "explain", steps, PROGRAM_SIZE_MAX, "!InvalidParams /do");
    expect_long(&local, "mutation", steps, PROGRAM_SIZE_MAX, "!InvalidParams /do");
    expect_long(&local, "collect", filter, 2000, "[]");
    expect_long(&local, "collect", filter, PROGRAM_SIZE_MAX, "!InvalidParams /filter");
    expect_long(&local, "query", args, 2 * PROGRAM_SIZE_MAX, "1");
    local_stop(&local);
}

/* No document could have it, and its key would be larger still. */
Test(hostile, a_value_that_no_document_can_hold_is_not_looked_for)
{
    static const char *const list[] = {"['notes','by_n',[", "1,", "1]]"};
    static const char *const text[] = {"['notes','by_n','", "x", "']"};
    static const char *const range[] = {"['notes','by_n',[['gte','n','", "x", "']]]"};
    static const char *const computed[] = {
        "{'args':{'a':[", "1,", "1]},'do':[{'getManyFrom':['notes','by_n',['$args.a']]}]}"};
    struct local local;
    start_patient(&local);
    expect_long(&local, "getManyFrom", list, 2000, "[]");
    expect_long(&local, "getManyFrom", list, DOCUMENT_SIZE_MAX, "!LimitExceeded");
    expect_long(&local, "getManyFrom", text, DOCUMENT_SIZE_MAX - 2, "[]");
    expect_long(&local, "getManyFrom", text, DOCUMENT_SIZE_MAX, "!LimitExceeded");
    expect_long(&local, "collect", range, DOCUMENT_SIZE_MAX, "!LimitExceeded");
    expect_long(&local, "query", computed, 2000, "null");
    expect_long(&local, "query", computed, DOCUMENT_SIZE_MAX, "!LimitExceeded");
    local_stop(&local);
}

#define NEEDLE_SIZE 500000

/* Such a search compares half of the needle at half of the places. */
Test(hostile, a_search_in_strings_that_begin_alike_ends_in_time)
{
    static const char *const operators[] = {"$contains", "$split"};
    struct service_options options = service_default_options();
    struct local local;
    options.limits.milliseconds = 20;
    local_start_with(&local, SCHEMA, &options);
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        struct buffer params = {0};
        buffer_append_slice(&params, SLICE("{'args':{'text':'"));
        append_times(&params, "x", 2 * NEEDLE_SIZE);
        buffer_append_slice(&params, SLICE("','needle':'"));
        append_times(&params, "x", NEEDLE_SIZE);
        buffer_append_format(&params, "y'},'return':{'%s':['$args.text','$args.needle']}}%c",
                             operators[i], 0);
        local_expect(&local, "query", params.data, "!LimitExceeded");
        buffer_deinit(&params);
    }
    local_stop(&local);
}

/* How often `part` stands in the reply to a batch of `count` requests. `request` is a format for
 * what stands before it, and its number, twice at most. */
static unsigned count_in_batch(struct local *local, const char *request, unsigned count,
                               const char *part)
{
    struct buffer batch = {0};
    unsigned found = 0;
    buffer_append_char(&batch, '[');
    for (unsigned i = 0; i < count; i++) {
        buffer_append_format(&batch, request, i == 0 ? "" : ",", i, i);
    }
    buffer_append_slice(&batch, SLICE("]"));
    struct slice reply = local_send(local, buffer_slice(&batch));
    for (size_t i = 0; i + strlen(part) <= reply.size; i++) {
        found += memcmp(reply.data + i, part, strlen(part)) == 0;
    }
    buffer_deinit(&batch);
    return found;
}

/* The answers of the server's own methods are long too. */
Test(hostile, a_batch_answers_no_more_bytes_than_one_request_may)
{
    struct service_options options = service_default_options();
    struct local local;
    unsigned count = TINY_OR(REQUEST_BATCH_MAX, 100);
    options.limits.bytes = 80000;
    local_start_with(&local, SCHEMA, &options);
    unsigned refused =
        count_in_batch(&local, "%s{\"id\":%u,\"method\":\"rpc.discover\"}", count, "LimitExceeded");
    cr_expect(refused > count / 2 && refused < count, "%u refused", refused);
    cr_expect_eq(count_in_batch(&local, "%s{\"id\":%u,\"method\":\"ping\"}", count, "pong"), count);
    local_stop(&local);
}

/* What the server's own methods build their answers in is given back at the end of the batch. */
Test(hostile, a_batch_counts_the_memory_of_answers_that_nobody_wants)
{
    static const char batch[] = "[{\"method\":\"rpc.discover\"},{\"method\":\"schema\"},"
                                "{\"method\":\"info\"},{\"method\":\"rpc.discover\"}]";
    struct caller admin = {.role = ROLE_ADMIN};
    struct buffer output = {0};
    struct local local;
    struct job job;
    local_start(&local, SCHEMA);
    job_init(&job);
    job_prepare(&job, local.service, &admin, SLICE(batch), false);
    job_run(&job, local.service, &output);
    cr_expect_eq(output.size, 0);
    cr_expect_gt(job.budget.bytes, 10000);
    job_deinit(&job);
    buffer_deinit(&output);
    local_stop(&local);
}

/* Compiling is no work that a budget sees; a batch of programs must not go on for ever. The short
 * batches of the build with tiny constants end in time. */
#ifndef TENON_TINY
Test(hostile, once_the_time_of_a_batch_is_over_the_rest_of_it_is_refused)
{
    struct service_options options = service_default_options();
    struct local local;
    options.limits.milliseconds = 1;
    local_start_with(&local, SCHEMA, &options);
    unsigned refused = count_in_batch(
        &local, "%s{\"id\":%u,\"method\":\"query\",\"params\":{\"return\":[%u,\"x\"]}}", 9000,
        "LimitExceeded");
    cr_expect(refused > 0, "nothing refused");
    unsigned last = count_in_batch(
        &local, "%s{\"id\":%u,\"method\":\"query\",\"params\":{\"return\":[%u,\"y\"]}}", 9000,
        "{\"jsonrpc\":\"2.0\",\"id\":8999,\"error\":{\"code\":13,");
    cr_expect_eq(last, 1, "the last one is carried out");
    local_stop(&local);
}
#endif
