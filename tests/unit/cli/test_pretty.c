/* Pretty-printing, which must change nothing but white space. */
#include "base/arena.h"
#include "base/json.h"
#include "base/value.h"
#include "cli/pretty.h"

#include <criterion/criterion.h>

/* Pretty-prints `json`, which must be canonical, and compares. */
static void check(const char *json, const char *expected)
{
    struct buffer buffer = {0};
    pretty_write(&buffer, slice_of(json));
    cr_assert(slice_equal(buffer_slice(&buffer), slice_of(expected)), "%s gave\n%.*s", json,
              SLICE_FORMAT(buffer_slice(&buffer)));
    buffer_deinit(&buffer);
}

Test(pretty, fields_and_items_get_a_line_each)
{
    check("{\"a\":1,\"b\":[true,null]}", "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null\n  ]\n}");
    check("[[1],[2]]", "[\n  [\n    1\n  ],\n  [\n    2\n  ]\n]");
}

Test(pretty, scalars_and_empty_containers_take_one_line)
{
    static const char *const same[] = {"1", "null", "\"text\"", "[]", "{}", "\"\""};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        check(same[i], same[i]);
    }
    check("{\"a\":[],\"b\":{}}", "{\n  \"a\": [],\n  \"b\": {}\n}");
}

Test(pretty, numbers_stay_as_they_were_written)
{
    check("[9007199254740991,0.30000000000000004,1e2,-0.0]",
          "[\n  9007199254740991,\n  0.30000000000000004,\n  1e2,\n  -0.0\n]");
}

Test(pretty, what_looks_like_structure_inside_a_string_is_text)
{
    check("{\"a{[,:\":\"]},:\\\"{\\\\\"}", "{\n  \"a{[,:\": \"]},:\\\"{\\\\\"\n}");
}

Test(pretty, an_encoding_takes_one_line)
{
    check("{\"n\":{\"$integer\":\"AQAAAAAAAAA=\"}}",
          "{\n  \"n\": {\"$integer\": \"AQAAAAAAAAA=\"}\n}");
}

Test(pretty, reading_it_again_gives_the_same_value)
{
    const char *json = "{\"a\":[{\"b\":\"\\u0000\"},[],[[{}]],{\"c\":{\"$bytes\":\"\"}}],\"d\":-1}";
    struct buffer buffer = {0};
    struct arena arena;
    struct value value;
    struct json_error problem;
    arena_init(&arena, 1024);
    pretty_write(&buffer, slice_of(json));
    cr_assert(json_read(&arena, buffer_slice(&buffer), 64, &value, NULL, &problem));
    cr_expect(slice_equal(value_text(&arena, value), slice_of(json)));
    arena_deinit(&arena);
    buffer_deinit(&buffer);
}

/* Colours come and go around what stands between the brackets. */
Test(pretty, colours_tell_names_from_values)
{
    struct buffer buffer = {0};
    pretty_write_coloured(&buffer, SLICE("{\"a\":[\"x\",-1,null]}"));
    cr_expect(slice_equal(buffer_slice(&buffer),
                          SLICE("{\n  \033[36m\"a\"\033[0m: [\n    \033[32m\"x\"\033[0m,\n"
                                "    \033[33m-1\033[0m,\n    \033[35mnull\033[0m\n  ]\n}")));
    buffer_deinit(&buffer);
}
