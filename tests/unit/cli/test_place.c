/* Places in JSON as it was typed. */
#include "cli/place.h"

#include <criterion/criterion.h>

Test(place, a_pointer_leads_to_a_part_of_the_text)
{
    static const char *const cases[][3] = {
        {"{\"a\": 1}", "/a", "1"},
        {"{\"a\": 1}", "", "{\"a\": 1}"},
        {" {\"a\" : { \"b\" : [ 1 , \"x\" , [true] ] } } ", "/a/b/1", "\"x\""},
        {"{\"a\": {\"b\": [1, \"x\", [true]]}}", "/a/b/2/0", "true"},
        {"{\"a\": {\"b\": [1, \"x\", [true]]}}", "/a/b/2", "[true]"},
        {"[1, {\"a]\": \"}\"}, -2.5e3 ]", "/2", "-2.5e3"},
        {"{\"\\u0061\": 5}", "/a", "5"},
        {"{\"a/b\": 5, \"a~b\": 6}", "/a~1b", "5"},
        {"{\"a/b\": 5, \"a~b\": 6}", "/a~0b", "6"},
        {"{\"a\": {\"b\": 1}}", "/a/c", "{\"b\": 1}"},
        {"{\"a\": [1]}", "/a/7", "[1]"},
        {"{\"a\": 1}", "/a/b", "1"},
        {"{\"a\": \"\\\"}\", \"b\": 2}", "/b", "2"},
    };
    struct arena arena;
    arena_init(&arena, 256);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice place = place_find(&arena, slice_of(cases[i][0]), slice_of(cases[i][1]));
        cr_expect(slice_equal(place, slice_of(cases[i][2])), "%s of %s: %.*s", cases[i][1],
                  cases[i][0], SLICE_FORMAT(place));
    }
    arena_deinit(&arena);
}

static void expect_shown(const char *source, size_t start, size_t size, const char *expected)
{
    struct buffer buffer = {0};
    place_show(&buffer, slice_of(source), slice_make(source + start, size));
    cr_expect(slice_equal(buffer_slice(&buffer), slice_of(expected)), "%s gave\n%.*s", source,
              SLICE_FORMAT(buffer_slice(&buffer)));
    buffer_deinit(&buffer);
}

Test(place, what_is_wrong_is_pointed_at)
{
    expect_shown("get 5", 4, 1, "  get 5\n      ^\n");
    expect_shown("get five", 4, 4, "  get five\n      ^^^^\n");
    expect_shown("get", 3, 0, "  get\n     ^\n");
    expect_shown("get\tüöä x", 11, 1, "  get üöä x\n          ^\n");
    expect_shown("a\nbc\n", 3, 1, "line 2:   bc\n           ^\n");
    expect_shown("[\n1\n]", 0, 5, "line 1:   [\n          ^\n");
}

Test(place, of_a_long_line_the_part_around_the_place_is_shown)
{
    char line[400];
    struct buffer buffer = {0};
    memset(line, 'x', sizeof line);
    line[300] = 'Y';
    place_show(&buffer, slice_make(line, sizeof line), slice_make(line + 300, 1));
    cr_expect_lt(buffer.size, 250);
    const char *shown = memchr(buffer.data, 'Y', buffer.size);
    const char *caret = memchr(buffer.data, '^', buffer.size);
    const char *second = memchr(buffer.data, '\n', buffer.size);
    cr_assert(shown != NULL && caret != NULL && second != NULL);
    cr_expect_eq(shown - buffer.data, caret - (second + 1));
    buffer_deinit(&buffer);
}
