/* The slow log, alone and behind the method that lists it. */
#include "server/slowlog.h"

#include "base/json.h"
#include "server/service.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct value read(struct arena *arena, struct slice text)
{
    struct value value;
    struct json_error problem;
    cr_assert(json_read(arena, text, 16, &value, NULL, &problem));
    return value;
}

static void add(struct slowlog *slowlog, struct arena *arena, const char *params, uint64_t took_ns)
{
    struct slow_request request = {.method = SLICE("collect"),
                                   .params = read(arena, slice_of(params)),
                                   .took_ns = took_ns,
                                   .documents = 7};
    slowlog_add(slowlog, arena, &request);
}

static struct value entry(struct value list, uint32_t position)
{
    return value_item(list, position);
}

static double number_field(struct value entry, const char *name)
{
    return value_number(value_find(entry, slice_of(name)));
}

static bool has_text(struct arena *arena, struct value entry, const char *text)
{
    return slice_equal(value_string(arena, value_find(entry, SLICE("text"))), slice_of(text));
}

Test(slowlog, the_slowest_comes_first)
{
    struct slowlog slowlog;
    struct arena arena;
    arena_init(&arena, 4096);
    slowlog_init(&slowlog, 10);
    cr_expect_eq(value_count(slowlog_describe(&slowlog, &arena)), 0);
    add(&slowlog, &arena, "[1]", 1000000);
    add(&slowlog, &arena, "[2]", 3000000);
    add(&slowlog, &arena, "[3]", 2000000);
    struct value list = slowlog_describe(&slowlog, &arena);
    cr_assert_eq(value_count(list), 3);
    cr_expect(has_text(&arena, entry(list, 0), "[2]"));
    cr_expect(has_text(&arena, entry(list, 1), "[3]"));
    cr_expect(has_text(&arena, entry(list, 2), "[1]"));
    cr_expect_eq(number_field(entry(list, 0), "milliseconds"), 3);
    slowlog_deinit(&slowlog);
    arena_deinit(&arena);
}

Test(slowlog, the_newest_stay)
{
    struct slowlog slowlog;
    struct arena arena;
    arena_init(&arena, 4096);
    slowlog_init(&slowlog, 10);
    for (unsigned i = 0; i < SLOWLOG_COUNT + 3; i++) {
        char params[16];
        snprintf(params, sizeof params, "[%u]", i);
        add(&slowlog, &arena, params, 1000 - i);
    }
    struct value list = slowlog_describe(&slowlog, &arena);
    cr_assert_eq(value_count(list), SLOWLOG_COUNT);
    cr_expect(has_text(&arena, entry(list, 0), "[3]"));
    slowlog_deinit(&slowlog);
    arena_deinit(&arena);
}

Test(slowlog, of_a_program_the_text_is_what_stays_the_same)
{
    struct slowlog slowlog;
    struct arena arena;
    arena_init(&arena, 4096);
    slowlog_init(&slowlog, 10);
    add(&slowlog, &arena, "{\"args\":{\"a\":\"xyz\"},\"do\":[],\"return\":\"$args.a\"}", 5);
    struct value only = entry(slowlog_describe(&slowlog, &arena), 0);
    cr_expect(has_text(&arena, only, "{\"do\":[],\"return\":\"$args.a\"}"));
    cr_expect_eq(number_field(only, "argumentsBytes"), sizeof "{\"a\":\"xyz\"}" - 1);
    slowlog_deinit(&slowlog);
    arena_deinit(&arena);
}

/* "é" has two bytes, so a cut at an even byte of a list that begins with one would split one. */
Test(slowlog, a_long_text_is_cut_between_characters)
{
    struct slowlog slowlog;
    struct arena arena;
    struct buffer params = {0};
    arena_init(&arena, 4096);
    slowlog_init(&slowlog, 10);
    buffer_append_slice(&params, SLICE("[\"-"));
    for (unsigned i = 0; i < SLOWLOG_TEXT_SIZE; i++) {
        buffer_append_slice(&params, SLICE("é"));
    }
    buffer_append_slice(&params, SLICE("\"]"));
    buffer_append_char(&params, '\0');
    add(&slowlog, &arena, params.data, 5);
    struct value only = entry(slowlog_describe(&slowlog, &arena), 0);
    struct slice text = value_string(&arena, value_find(only, SLICE("text")));
    cr_expect_eq(text.size, SLOWLOG_TEXT_SIZE - 1);
    cr_expect_eq(number_field(only, "textBytes"), (double)params.size - 1);
    struct slice json = value_text(&arena, only);
    read(&arena, json);
    buffer_deinit(&params);
    slowlog_deinit(&slowlog);
    arena_deinit(&arena);
}

static struct service *start_service(uint64_t slow_ms)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(SLICE("{\"tables\":{\"users\":{}}}"), "test", &message);
    cr_assert_not_null(schema);
    struct service_options options = service_default_options();
    options.slow_ms = slow_ms;
    buffer_deinit(&message);
    return service_create(schema, &options);
}

static struct value ask(struct service *service, struct arena *arena, struct buffer *output,
                        const char *request)
{
    output->size = 0;
    service_handle(service, slice_of(request), output);
    return value_find(read(arena, buffer_slice(output)), SLICE("result"));
}

Test(slowlog, a_request_is_noted_only_if_it_took_long)
{
    struct arena arena;
    struct buffer output = {0};
    arena_init(&arena, 4096);
    for (uint64_t slow_ms = 0; slow_ms <= 60000; slow_ms += 60000) {
        struct service *service = start_service(slow_ms);
        ask(service, &arena, &output, "{\"id\":1,\"method\":\"collect\",\"params\":[\"users\"]}");
        ask(service, &arena, &output, "{\"id\":1,\"method\":\"collect\",\"params\":[\"ghosts\"]}");
        struct value list = ask(service, &arena, &output, "{\"id\":1,\"method\":\"slowlog\"}");
        cr_assert_eq(value_count(list), slow_ms == 0 ? 2 : 0);
        service_destroy(service);
    }
    buffer_deinit(&output);
    arena_deinit(&arena);
}

Test(slowlog, requests_of_every_method_are_timed)
{
    struct arena arena;
    struct buffer output = {0};
    arena_init(&arena, 4096);
    struct service *service = start_service(10);
    for (unsigned i = 0; i < 2 * METHOD_TIMED_EVERY; i++) {
        ask(service, &arena, &output, "{\"id\":1,\"method\":\"collect\",\"params\":[\"users\"]}");
        ask(service, &arena, &output, "{\"id\":1,\"method\":\"ping\"}");
    }
    struct value info = ask(service, &arena, &output, "{\"id\":1,\"method\":\"info\"}");
    struct value latency = value_find(info, SLICE("latency"));
    struct value collect = value_find(latency, SLICE("collect"));
    cr_expect_eq(number_field(collect, "timed"), 2 * METHOD_TIMED_EVERY);
    cr_expect_eq(number_field(value_find(latency, SLICE("ping")), "timed"), 2);
    cr_expect_gt(number_field(collect, "p50Ms"), 0);
    cr_expect_leq(number_field(collect, "p50Ms"), number_field(collect, "longestMs"));
    cr_expect_gt(value_count(value_find(collect, SLICE("buckets"))), 0);
    service_destroy(service);
    buffer_deinit(&output);
    arena_deinit(&arena);
}
