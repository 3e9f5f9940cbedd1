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

/* Whether a message is read as a request in the usual form. */
static bool is_usual(struct slice source)
{
    struct arena arena;
    struct message message;
    struct error error;
    arena_init(&arena, 64);
    error_init(&error, &arena);
    bool valid = message_read(&message, source, &arena, &error);
    arena_deinit(&arena);
    return valid && message.elements == NULL;
}

/* `text`, which is usual or not, and the same behind white space, which never is. */
static void expect_both(const char *text, const char *expected, bool usual)
{
    struct buffer spaced = {0};
    buffer_append_slice(&spaced, SLICE("  "));
    buffer_append_slice(&spaced, slice_of(text));
    cr_expect_eq(is_usual(slice_of(text)), usual, "%s", text);
    cr_expect(!is_usual(buffer_slice(&spaced)));
    buffer_append_char(&spaced, '\0');
    expect(text, expected);
    expect(spaced.data, expected);
    buffer_deinit(&spaced);
}

#define USUAL_BEGINNING "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":"
#define USUAL(id, method, params)                                                                  \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"

Test(request, means_the_same_in_the_usual_form_as_in_any_other)
{
    static const struct {
        const char *text;
        const char *expected;
        bool usual;
    } rows[] = {
        {USUAL("1", "m", "{\"a\":[1,{\"b\":null}]}"), "1 m {\"a\":[1,{\"b\":null}]};", true},
        {USUAL("12345678901234567890", "m", "[]"), "12345678901234567890 m [];", true},
        {USUAL("\"x-1\"", "", "[\"\\u0041\"]"), "\"x-1\"  [\"A\"];", true},
        {USUAL("\"\"", "m", "[ 1 , 2 ]"), "\"\" m [1,2];", true},
        {USUAL("0", "m", "[]"), "0 m [];", false},
        {USUAL("-1", "m", "[]"), "-1 m [];", false},
        {USUAL("1.5", "m", "[]"), "1.5 m [];", false},
        {USUAL("1e3", "m", "[]"), "1e3 m [];", false},
        {USUAL("null", "m", "[]"), "null m [];", false},
        {USUAL("\"\\u0041\"", "m", "[]"), "\"\\u0041\" m [];", false},
        {USUAL("\"\xc3\xa9\"", "m", "[]"), "\"\xc3\xa9\" m [];", false},
        {USUAL("1", "\\u006d", "[]"), "1 m [];", false},
        {USUAL("1", "m", "[]") " ", "1 m [];", false},
        {USUAL("1", "m", "[] "), "1 m [];", false},
        {USUAL("1", "m", "[],\"extra\":1"), "1 m [];", false},
        {USUAL("1", "m", "{\"$undefined\":null}"), "1 m {\"$undefined\":null};", false},
        {USUAL("1", "m", "7"), "1 !InvalidRequest;", false},
        {USUAL("true", "m", "[]"), "null !InvalidRequest;", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect_both(rows[i].text, rows[i].expected, rows[i].usual);
    }
}

Test(request, tells_what_is_wrong_in_the_usual_form)
{
    static const char *const rows[][2] = {
        {USUAL("01", "m", "[]"), "!ParseError@23"},
        {USUAL("1", "m\x01", "[]"), "!ParseError@35"},
        {USUAL("1", "m", "[1,]"), "!ParseError@49"},
        {USUAL("1", "m", "{\"a\":1,\"a\":2}"), "!ParseError@53"},
        {USUAL("1", "m", "[]") "}", "!ParseError@49"},
        {USUAL("1", "m", "[],\"id\":2"), "!ParseError@49"},
        {USUAL("1", "m", "[],\"params\":[]"), "!ParseError@49"},
        {USUAL_BEGINNING "[]", "!ParseError@48"},
        {USUAL_BEGINNING, "!ParseError@46"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m", "!ParseError@35"},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"1", "!ParseError@24"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1", "!ParseError@23"},
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
        const char *before;
        const char *open;
        const char *close;
        const char *behind;
        unsigned count;
        enum error_code code;
    } rows[] = {
        {"", "[", "]", "", REQUEST_DEPTH_MAX, ERROR_NONE},
        {"", "[", "]", "", REQUEST_DEPTH_MAX + 1, ERROR_INVALID_REQUEST},
        {"[", "{},", "", "{}]", REQUEST_BATCH_MAX - 1, ERROR_NONE},
        {"[", "{},", "", "{}]", REQUEST_BATCH_MAX, ERROR_INVALID_REQUEST},
        {USUAL_BEGINNING, "[", "]", "}", REQUEST_DEPTH_MAX - 1, ERROR_NONE},
        {USUAL_BEGINNING, "[", "]", "}", REQUEST_DEPTH_MAX, ERROR_INVALID_REQUEST},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer text = {0};
        repeat(&text, rows[i].before, 1);
        repeat(&text, rows[i].open, rows[i].count);
        repeat(&text, rows[i].close, rows[i].count);
        repeat(&text, rows[i].behind, 1);
        cr_expect_eq(read_code(&text), rows[i].code, "row %zu", i);
    }
}
