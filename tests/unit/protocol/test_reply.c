/* Replies: results and errors in both framings, alone and in a batch. */
#include "protocol/reply.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void expect(struct buffer *output, const char *expected)
{
    buffer_append_char(output, '\0');
    cr_expect_str_eq(output->data, expected);
    buffer_deinit(output);
}

static void answer(struct reply *reply, struct slice id, struct value result)
{
    reply_begin_result(reply, id);
    value_write(reply->output, result);
    reply_end_result(reply);
}

Test(reply, a_result_is_one_line)
{
    struct buffer output = {0};
    struct reply reply;
    reply_begin(&reply, &output, false, false);
    answer(&reply, SLICE("1.0"), value_from_text(SLICE("{\"a\":[1]}")));
    reply_end(&reply);
    expect(&output, "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"result\":{\"a\":[1]}}\n");
}

Test(reply, an_error_has_the_data_that_apply_in_order)
{
    struct buffer output = {0};
    struct reply reply;
    struct arena arena;
    struct error error;
    static const uint32_t items[] = {3, 14};
    arena_init(&arena, 64);
    error_init(&error, &arena);
    error_set(&error, ERROR_LIMIT_EXCEEDED, "say \"%s\"\n", "what");
    error.path = SLICE("/do/0");
    error.items = items;
    error.item_count = 2;
    error.table = SLICE("t");
    error.index = SLICE("i");
    error.field = SLICE("f");
    error.id = SLICE("d");
    error.value = value_from_number(1);
    error.limit = SLICE("bytes");
    error.reason = SLICE("r");
    error.outcome = SLICE("refused");
    error.offset = 0;
    reply_begin(&reply, &output, false, false);
    reply_error(&reply, SLICE("null"), &error);
    reply_end(&reply);
    expect(&output,
           "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":13,\"message\":"
           "\"say \\\"what\\\"\\n\",\"data\":{\"name\":\"LimitExceeded\",\"path\":\"/do/0\","
           "\"items\":[3,14],\"table\":\"t\",\"index\":\"i\",\"field\":\"f\",\"id\":\"d\","
           "\"value\":1,\"limit\":\"bytes\",\"reason\":\"r\",\"outcome\":\"refused\","
           "\"offset\":0}}}\n");
    arena_deinit(&arena);
}

Test(reply, a_large_value_is_left_out_of_an_error)
{
    struct buffer output = {0};
    struct reply reply;
    struct arena arena;
    struct error error;
    char text[REPLY_ERROR_VALUE_SIZE_MAX];
    memset(text, 'x', sizeof(text));
    arena_init(&arena, 64);
    error_init(&error, &arena);
    error_set(&error, ERROR_TYPE_MISMATCH, "m");
    error.value = value_from_string(&arena, slice_make(text, sizeof(text) - 1));
    reply_begin(&reply, &output, false, false);
    reply_error(&reply, SLICE("1"), &error);
    reply_end(&reply);
    expect(&output, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":15,\"message\":\"m\","
                    "\"data\":{\"name\":\"TypeMismatch\"}}}\n");
    arena_deinit(&arena);
}

Test(reply, a_batch_answers_as_one_array_and_nothing_as_nothing)
{
    struct buffer output = {0};
    struct reply reply;
    reply_begin(&reply, &output, true, true);
    reply_end(&reply);
    cr_expect_eq(output.size, 0);
    reply_begin(&reply, &output, false, true);
    answer(&reply, SLICE("1"), VALUE_IS(VALUE_NULL));
    answer(&reply, SLICE("\"b\""), VALUE_IS(VALUE_TRUE));
    reply_end(&reply);
    expect(&output, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null},"
                    "{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"result\":true}]\n");
}

Test(reply, an_answer_that_is_taken_back_leaves_nothing)
{
    struct buffer output = {0};
    struct reply reply;
    reply_begin(&reply, &output, false, true);
    answer(&reply, SLICE("1"), VALUE_IS(VALUE_NULL));
    for (int i = 0; i < 2; i++) {
        reply_begin_result(&reply, SLICE("2"));
        buffer_append_slice(&output, SLICE("[[[["));
        reply_abandon_result(&reply);
    }
    answer(&reply, SLICE("3"), VALUE_IS(VALUE_TRUE));
    reply_end(&reply);
    expect(&output, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null},"
                    "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":true}]\n");
    reply_begin(&reply, &output, true, true);
    reply_begin_result(&reply, SLICE("1"));
    reply_abandon_result(&reply);
    reply_end(&reply);
    cr_expect_eq(output.size, 0);
    buffer_deinit(&output);
}

/* Checks that the frame at the start of `output` says the size of all behind it. */
static void expect_length(const struct buffer *output, size_t before)
{
    char expected[64];
    const char *frame = output->data + before;
    struct slice body = SLICE("\r\n\r\n{\"jsonrpc\"");
    const char *end = memchr(frame, '\r', output->size - before);
    cr_assert_not_null(end);
    size_t header_size = (size_t)(end - frame) + 4;
    int size = snprintf(expected, sizeof(expected), "Content-Length: %zu\r\n\r\n",
                        output->size - before - header_size);
    cr_expect_eq((size_t)size, header_size);
    cr_expect_eq(memcmp(frame, expected, header_size), 0);
    cr_expect_eq(memcmp(end, body.data, body.size), 0);
    cr_expect_eq(output->data[output->size - 1], '}');
}

Test(reply, headers_say_the_length_of_what_follows)
{
    struct arena arena;
    arena_init(&arena, 64);
    for (size_t size = 1; size < 200000; size = size * 3 / 2 + 1) {
        struct buffer output = {0};
        struct reply reply;
        char *text = arena_allocate(&arena, size);
        memset(text, 'y', size);
        buffer_append_slice(&output, SLICE("before"));
        reply_begin(&reply, &output, true, false);
        answer(&reply, SLICE("1"), value_from_string(&arena, slice_make(text, size)));
        reply_end(&reply);
        cr_expect_eq(memcmp(output.data, "before", 6), 0);
        expect_length(&output, 6);
        buffer_deinit(&output);
    }
    arena_deinit(&arena);
}
