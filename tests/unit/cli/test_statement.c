/* Statements of the shell. */
#include "cli/statement.h"

#include <criterion/criterion.h>

Test(statement, is_open_while_a_bracket_is)
{
    static const struct {
        const char *text;
        bool open;
    } cases[] = {
        {"ping", false},        {"query {", true},           {"query {}", false},
        {"{\"do\": [\n", true}, {"{\"do\": [\n]}\n", false}, {"[\"]\"", true},
        {"[\"]\\\"]\"", true},  {"[\"a\\\\\"]", false},      {"]]", false},
        {"get it's", false},    {"{\"a\n}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(statement_is_open(slice_of(cases[i].text)), cases[i].open, "%s",
                     cases[i].text);
    }
}

Test(statement, words_become_params)
{
    static const char *const cases[][3] = {
        {"ping", "ping", ""},
        {"  ping \n", "ping", ""},
        {"count posts", "count", "[\"posts\"]"},
        {"get j57cn5w12b51qfeazb133cwt4d89z2y1", "get", "[\"j57cn5w12b51qfeazb133cwt4d89z2y1\"]"},
        {"f 1 -2.50 1e2 true false null", "f", "[1,-2.50,1e2,true,false,null]"},
        {"f 01 1. .5 +1 True", "f", "[\"01\",\"1.\",\".5\",\"+1\",\"True\"]"},
        {"f 12345678901234567", "f", "[\"12345678901234567\"]"},
        {"f \"a b\" \"\\u0061\"", "f", "[\"a b\",\"a\"]"},
        {"insert posts {\"a\": [1, 2]}", "insert", "[\"posts\",{\"a\":[1,2]}]"},
        {"take {\"table\": \"posts\"}", "take", "{\"table\":\"posts\"}"},
        {"take{\"table\": \"posts\"}", "take", "{\"table\":\"posts\"}"},
        {"getAll [[\"x\"]]", "getAll", "[[\"x\"]]"},
        {"f [1] [2]", "f", "[[1],[2]]"},
        {"f a\"b", "f", "[\"a\\\"b\"]"},
        {"{\"method\": \"get\", \"params\": [\"x\"]}", "get", "[\"x\"]"},
        {"{\"method\": \"ping\", \"id\": 7}", "ping", ""},
        {"{\"do\": [],\n \"return\": 1}", "query", "{\"do\":[],\"return\":1}"},
        {"{\"return\": 1}", "query", "{\"return\":1}"},
    };
    struct arena arena;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct statement statement;
        struct statement_error error;
        cr_assert(statement_read(&arena, slice_of(cases[i][0]), &statement, &error), "%s: %s",
                  cases[i][0], error.message);
        cr_expect(slice_equal(statement.method, slice_of(cases[i][1])), "%s", cases[i][0]);
        cr_expect(slice_equal(statement.params, slice_of(cases[i][2])), "%s gave %.*s", cases[i][0],
                  SLICE_FORMAT(statement.params));
    }
    arena_deinit(&arena);
}

Test(statement, what_cannot_be_read_is_told_with_its_place)
{
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = {
        {"query {\"a\": }", 12}, {"f [1,]", 5}, {"{\"a\": 1}", 0},      {"[1]", 0}, {"f \"a", 4},
        {"{\"do\": [}", 8},      {"f \xFF", 2}, {"f {} {\"a\":,}", 10},
    };
    struct arena arena;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct statement statement;
        struct statement_error error;
        cr_assert_not(statement_read(&arena, slice_of(cases[i].text), &statement, &error), "%s",
                      cases[i].text);
        cr_expect_eq(error.offset, cases[i].offset, "%s: %zu", cases[i].text, error.offset);
    }
    arena_deinit(&arena);
}

Test(statement, a_path_is_found_in_what_was_typed)
{
    static const char *const cases[][3] = {
        {"f a bcd", "/1", "bcd"},
        {"f a {\"b\": [5, 66]}", "/1/b/1", "66"},
        {"f a bcd", "/2", ""},
        {"f a bcd", "/name", ""},
        {"f {\"b\": [5, 66]}", "/b/1", "66"},
        {"f [[5, 66]]", "/0/1", "66"},
        {"{\"method\": \"f\", \"params\": {\"b\": 7}}", "/b", "7"},
        {"{\"do\": [{\"let\": \"a\"}]}", "/do/0/let", "\"a\""},
        {"ping", "/a", ""},
    };
    struct arena arena;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct statement statement;
        struct statement_error error;
        cr_assert(statement_read(&arena, slice_of(cases[i][0]), &statement, &error));
        struct slice place = statement_find_place(&arena, &statement, slice_of(cases[i][1]));
        cr_expect(slice_equal(place, slice_of(cases[i][2])), "%s of %s: %.*s", cases[i][1],
                  cases[i][0], SLICE_FORMAT(place));
    }
    arena_deinit(&arena);
}

/* Values are plain in a call, and expressions in a program. */
Test(statement, a_call_becomes_a_program_that_can_be_explained)
{
    static const char *const cases[][2] = {
        {"count posts",
         "{\"do\":[{\"let\":\"result\",\"count\":[\"posts\"]}],\"return\":\"$result\"}"},
        {"f a \"$b\" {\"$integer\": \"AQAAAAAAAAA=\"} [\"$c\"]",
         "{\"do\":[{\"let\":\"result\",\"f\":[\"a\",\"$$b\",{\"$integer\":\"AQAAAAAAAAA=\"},"
         "[\"$$c\"]]}],\"return\":\"$result\"}"},
        {"f {\"args\": {\"x\": \"$y\"}, \"value\": \"$z\", \"filter\": {\"$eq\": [\"$it.a\", 1]}}",
         "{\"args\":{\"x\":\"$y\"},\"do\":[{\"let\":\"result\",\"f\":{\"value\":\"$$z\","
         "\"filter\":{\"$eq\":[\"$it.a\",1]}}}],\"return\":\"$result\"}"},
        {"f {}", "{\"do\":[{\"let\":\"result\",\"f\":{}}],\"return\":\"$result\"}"},
        {"f", "{\"do\":[{\"let\":\"result\",\"f\":[]}],\"return\":\"$result\"}"},
    };
    struct arena arena;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct statement statement;
        struct statement_error error;
        struct buffer params = {0};
        cr_assert(statement_read(&arena, slice_of(cases[i][0]), &statement, &error));
        statement_write_explain(&arena, &statement, &params);
        cr_expect(slice_equal(buffer_slice(&params), slice_of(cases[i][1])), "%s gave %.*s",
                  cases[i][0], SLICE_FORMAT(buffer_slice(&params)));
        buffer_deinit(&params);
    }
    arena_deinit(&arena);
}
