/* Requests of JSON-RPC 2.0: a table of messages and what they are read as. */
#include "base/buffer.h"
#include "protocol/request.h"

#include <criterion/criterion.h>

static void describe_error(struct buffer *seen, const struct error *error)
{
    buffer_append_format(seen, "!%s", error_code_name(error->code));
    if (error->offset >= 0) {
        buffer_append_format(seen, "@%d", (int)error->offset);
    }
}

/* Appends `id method params`, or `id !Error`, for each request of the message. */
static void describe(struct buffer *seen, struct slice source, struct arena *arena)
{
    struct message message;
    struct error error;
    error_init(&error, arena);
    if (!message_read(&message, source, arena, &error)) {
        describe_error(seen, &error);
        return;
    }
    buffer_append_slice(seen, message.batch ? SLICE("batch:") : SLICE(""));
    while (message_has_next(&message)) {
        struct request request;
        error_init(&error, arena);
        bool valid = message_next(&message, &request, &error);
        buffer_append_slice(seen, request_is_notification(&request) ? SLICE("-") : request.id);
        buffer_append_char(seen, ' ');
        if (!valid) {
            describe_error(seen, &error);
        } else {
            buffer_append_slice(seen, request.method);
            buffer_append_char(seen, ' ');
            value_write(seen, request.params);
        }
        buffer_append_char(seen, ';');
    }
}

/* The message is read from a copy of its exact size, so that reading past its end is seen. */
static void expect(const char *text, const char *expected)
{
    struct arena arena;
    struct buffer source = {0};
    struct buffer seen = {0};
    arena_init(&arena, 64);
    buffer_append_slice(&source, slice_of(text));
    describe(&seen, buffer_slice(&source), &arena);
    buffer_append_char(&seen, '\0');
    cr_expect_str_eq(seen.data, expected, "%s: %s", text, seen.data);
    buffer_deinit(&seen);
    buffer_deinit(&source);
    arena_deinit(&arena);
}

Test(request, reads_every_form_of_a_request)
{
    static const char *const rows[][2] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"a\":1}}", "1 m {\"a\":1};"},
        {"{\"id\":1,\"method\":\"m\",\"params\":[1, 2]}", "1 m [1,2];"},
        {" { \"method\" : \"m\" , \"id\" : \"x\" } ", "\"x\" m null;"},
        {"{\"method\":\"m\"}", "- m null;"},
        {"{\"id\":null,\"method\":\"m\"}", "null m null;"},
        {"{\"id\":1,\"method\":\"m\",\"extra\":[]}", "1 m null;"},
        {"{\"id\":1,\"m\\u0065thod\":\"m\"}", "1 m null;"},
        {"{\"id\":1,\"method\":\"\\u006d\"}", "1 m null;"},
        {"[{\"id\":1,\"method\":\"m\"}]", "batch:1 m null;"},
        {"[{\"method\":\"m\"},{\"id\":2,\"method\":\"n\",\"params\":[]}]",
         "batch:- m null;2 n [];"},
        {"[1,{\"id\":2,\"method\":\"n\"},[]]",
         "batch:null !InvalidRequest;2 n null;null !InvalidRequest;"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect(rows[i][0], rows[i][1]);
    }
}

Test(request, echoes_ids_as_they_were_sent)
{
    static const char *const rows[][2] = {
        {"{\"id\":12345678901234567890,\"method\":\"m\"}", "12345678901234567890 m null;"},
        {"{\"id\":1.0,\"method\":\"m\"}", "1.0 m null;"},
        {"{\"id\":-0e+1,\"method\":\"m\"}", "-0e+1 m null;"},
        {"{\"id\":1e999,\"method\":\"m\"}", "1e999 m null;"},
        {"{\"id\":\"\",\"method\":\"m\"}", "\"\" m null;"},
        {"{\"id\":\"\\u0041\",\"method\":\"m\"}", "\"\\u0041\" m null;"},
        {"{\"a\":{\"id\":\"\\u0042\"},\"id\" : \"\\/\\\"\",\"method\":\"m\"}",
         "\"\\/\\\"\" m null;"},
        {"{\"a\":[1,{\"b\":\"]}\"}],\"b\":-1.5e3 , \"c\":true,\"\\u0069d\":\"\\u0041\","
         "\"method\":\"m\"}",
         "\"\\u0041\" m null;"},
        {" [ {\"method\":\"a\"} , 7 , \"x\" , {\"id\" : \"\\u0041\",\"method\":\"m\"} , "
         "{\"method\":\"n\",\"id\":\"\\u0042\"}]",
         "batch:- a null;null !InvalidRequest;null !InvalidRequest;\"\\u0041\" m null;"
         "\"\\u0042\" n null;"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect(rows[i][0], rows[i][1]);
    }
}

Test(request, refuses_what_is_not_a_request)
{
    static const char *const rows[][2] = {
        {"", "!ParseError@0"},
        {"{", "!ParseError@1"},
        {"{} x", "!ParseError@3"},
        {"[]", "!InvalidRequest"},
        {"1", "null !InvalidRequest;"},
        {"null", "null !InvalidRequest;"},
        {"\"x\"", "null !InvalidRequest;"},
        {"{}", "null !InvalidRequest;"},
        {"{\"id\":1}", "1 !InvalidRequest;"},
        {"{\"id\":\"\\u0041\"}", "\"\\u0041\" !InvalidRequest;"},
        {"{\"$integer\":\"AAAAAAAAAAA=\"}", "null !InvalidRequest;"},
        {"{\"id\":1,\"method\":1,\"params\":\"bar\"}", "1 !InvalidRequest;"},
        {"{\"method\":1}", "null !InvalidRequest;"},
        {"{\"method\":\"m\",\"params\":\"bar\"}", "null !InvalidRequest;"},
        {"{\"id\":1,\"method\":\"m\",\"params\":null}", "1 !InvalidRequest;"},
        {"{\"id\":1,\"method\":\"m\",\"params\":{\"$float\":\"AAAAAAAA8H8=\"}}",
         "1 !InvalidRequest;"},
        {"{\"id\":[],\"method\":\"m\"}", "null !InvalidRequest;"},
        {"{\"id\":true,\"method\":\"m\"}", "null !InvalidRequest;"},
        {"{\"id\":{\"$integer\":\"AAAAAAAAAAA=\"},\"method\":\"m\"}", "null !InvalidRequest;"},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", "1 !InvalidRequest;"},
        {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", "1 !InvalidRequest;"},
        {"{\"jsonrpc\":null,\"id\":1,\"method\":\"m\"}", "1 !InvalidRequest;"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect(rows[i][0], rows[i][1]);
    }
}

/* Appends `count` times `piece`. */
static void repeat(struct buffer *text, const char *piece, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buffer_append_slice(text, slice_of(piece));
    }
}

static enum error_code read_code(struct buffer *text)
{
    struct arena arena;
    struct message message;
    struct error error;
    arena_init(&arena, 64);
    error_init(&error, &arena);
    bool valid = message_read(&message, buffer_slice(text), &arena, &error);
    cr_expect_eq(valid, error.code == ERROR_NONE);
    arena_deinit(&arena);
    buffer_deinit(text);
    return error.code;
}

Test(request, limits_depth_and_the_size_of_a_batch)
{
    static const struct {
        const char *open;
        const char *close;
        unsigned count;
        enum error_code code;
    } rows[] = {
        {"[", "]", REQUEST_DEPTH_MAX, ERROR_NONE},
        {"[", "]", REQUEST_DEPTH_MAX + 1, ERROR_INVALID_REQUEST},
        {"{},", "", REQUEST_BATCH_MAX - 1, ERROR_NONE},
        {"{},", "", REQUEST_BATCH_MAX, ERROR_INVALID_REQUEST},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer text = {0};
        bool batch = *rows[i].close == '\0';
        repeat(&text, batch ? "[" : "", 1);
        repeat(&text, rows[i].open, rows[i].count);
        repeat(&text, batch ? "{}]" : "", 1);
        repeat(&text, rows[i].close, rows[i].count);
        cr_expect_eq(read_code(&text), rows[i].code, "row %zu", i);
    }
}
