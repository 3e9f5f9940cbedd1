/* The patterns that transcripts are compared with: what they match, and what they do not. */
#include "tests/support/pattern.h"

#include <criterion/criterion.h>

static struct pattern_names make_names(struct arena *arena)
{
    struct pattern_names names = {.arena = arena};
    arena_init(arena, 4096);
    pattern_set(&names, SLICE("ada"), SLICE("\"j57\""));
    pattern_set(&names, SLICE("doc"), SLICE("{\"a\":1}"));
    return names;
}

Test(pattern, a_place_matches_one_value_and_all_else_itself)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } cases[] = {
        {"{\"a\":1}", "{\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":2}", false},
        {"{\"a\":1}", "{\"a\":1} ", false},
        {"{\"a\":1}", "{\"a\":1", false},
        {"[1.0]", "[1]", false},
        {"[<any>]", "[1]", true},
        {"[<any>]", "[]", false},
        {"[<any>]", "[1,2]", false},
        {"[<any>,2]", "[[1,{\"]\":\"}\\\"\"}],2]", true},
        {"{\"a\":<any>}", "{\"a\":\"x,\\\"}\"}", true},
        {"{\"a\":\"b<any>\"}", "{\"a\":\"bc\\\"d\"}", true},
        {"{\"a\":\"b<any>\"}", "{\"a\":\"cd\"}", false},
        {"{\"a\":\"<any>\"}", "{\"a\":1}", false},
        {"[<ada>]", "[\"j57\"]", true},
        {"[<ada>]", "[\"j58\"]", false},
        {"[<ada>]", "[\"j577\"]", false},
        {"[\"no <ada>!\"]", "[\"no j57!\"]", true},
        {"[\"no <ada>!\"]", "[\"no j5!\"]", false},
        {"[<doc>]", "[{\"a\":1}]", true},
        {"[<doc>]", "[{\"a\": 1}]", false},
        {"[\"Id<\\\"users\\\">\"]", "[\"Id<\\\"users\\\">\"]", true},
        {"[\"<1>\"]", "[\"<1>\"]", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct pattern_names names = make_names(&arena);
        bool matches = pattern_match(&names, slice_of(cases[i].pattern), slice_of(cases[i].text));
        cr_expect(matches == cases[i].matches, "%s and %s", cases[i].pattern, cases[i].text);
        arena_deinit(&arena);
    }
}

/* A name takes what stands at its first place, and means it from then on. */
Test(pattern, an_open_name_is_bound_where_it_is_first_met)
{
    struct arena arena;
    struct pattern_names names = make_names(&arena);
    struct buffer text = {0};
    cr_assert(pattern_match(&names, SLICE("[<x>,<y>,<x>]"), SLICE("[[1],\"t\",[1]]")));
    cr_assert(!pattern_match(&names, SLICE("[<x>]"), SLICE("[[2]]")));
    cr_assert(pattern_match(&names, SLICE("\"see <z>\""), SLICE("\"see there\"")));
    cr_assert(pattern_expand(&names, SLICE("{\"a\":<x>,\"b\":\"<y>-<z>\",\"c\":<z>}"), &text));
    cr_assert(
        slice_equal(buffer_slice(&text), SLICE("{\"a\":[1],\"b\":\"t-there\",\"c\":\"there\"}")));
    cr_assert(!pattern_expand(&names, SLICE("<unknown>"), &text));
    buffer_deinit(&text);
    arena_deinit(&arena);
}
