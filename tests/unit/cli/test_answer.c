/* Replies taken apart, and errors worded for people. */
#include "cli/answer.h"

#include <criterion/criterion.h>

Test(answer, a_result_is_kept_exactly)
{
    static const char *const results[] = {"null", "[1e2,9007199254740991]", "{\"a\":{}}", "false"};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1024);
        struct slice line =
            arena_format(&arena, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":%s}", results[i]);
        struct answer answer;
        cr_assert(answer_read(&arena, line, &answer));
        cr_expect_not(answer.is_error);
        cr_expect(slice_equal(value_text(&arena, answer.result), slice_of(results[i])));
        arena_deinit(&arena);
    }
}

Test(answer, an_error_says_name_code_message_and_path)
{
    static const struct {
        const char *error;
        const char *description;
    } cases[] = {
        {"{\"code\":1,\"message\":\"Could not find id x\",\"data\":{\"name\":\"DocumentNotFound\","
         "\"path\":\"/do/0\"}}",
         "DocumentNotFound (1): Could not find id x at /do/0"},
        {"{\"code\":-32700,\"message\":\"no\",\"data\":{\"name\":\"ParseError\"}}",
         "ParseError (-32700): no"},
        {"{\"code\":5,\"message\":\"\\u001b[2Jtwo\\nlines\"}", "error 5: ?[2Jtwo\nlines"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct buffer text = {0};
        arena_init(&arena, 1024);
        struct slice line = arena_format(&arena, "{\"id\":null,\"error\":%s}", cases[i].error);
        struct answer answer;
        cr_assert(answer_read(&arena, line, &answer));
        cr_expect(answer.is_error);
        answer_describe(&text, &answer);
        cr_expect(slice_equal(buffer_slice(&text), slice_of(cases[i].description)), "%.*s",
                  SLICE_FORMAT(buffer_slice(&text)));
        buffer_deinit(&text);
        arena_deinit(&arena);
    }
}

Test(answer, what_is_no_reply_is_told_apart)
{
    static const char *const lines[] = {
        "",
        "HTTP/1.1 400 Bad Request",
        "[]",
        "7",
        "{\"id\":1}",
        "{\"id\":1,\"error\":{\"code\":1}}",
        "{\"id\":1,\"error\":{\"message\":\"x\"}}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct arena arena;
        struct answer answer;
        arena_init(&arena, 1024);
        cr_expect_not(answer_read(&arena, slice_of(lines[i]), &answer), "%s", lines[i]);
        arena_deinit(&arena);
    }
}
