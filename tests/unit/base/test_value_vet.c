/* Vetting: what Tenon stores, what it refuses, and where. */
#include "base/value.h"

#include "base/json.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

struct row {
    const char *text;
    enum vet_result result;
    const char *path;
    const char *found; /* NULL: what the path leads to is missing */
};

static const struct row rows[] = {
    {"null", VET_OK, "", ""},
    {"[1,\"$a\",{\"a\":[true,{}]}]", VET_OK, "", ""},
    {"-0", VET_OK, "", ""},
    {"9007199254740992", VET_OK, "", ""},
    {"-9007199254740992", VET_OK, "", ""},
    {"9007199254740993", VET_INTEGER_RANGE, "", "9007199254740993"},
    {"-9007199254740993", VET_INTEGER_RANGE, "", "-9007199254740993"},
    {"12345678901234567", VET_INTEGER_RANGE, "", "12345678901234567"},
    {"9007199254740993.0", VET_OK, "", ""},
    {"9007199254740993e0", VET_OK, "", ""},
    {"1e308", VET_OK, "", ""},
    {"1e400", VET_NUMBER_RANGE, "", "1e400"},
    {"-1e400", VET_NUMBER_RANGE, "", "-1e400"},
    {"1e-400", VET_OK, "", ""},
    {"1.7976931348623159e308", VET_NUMBER_RANGE, "", "1.7976931348623159e308"},
    {"{\"a\":[0,{\"b/c\":1e400}]}", VET_NUMBER_RANGE, "/a/1/b~1c", "1e400"},
    {"{\"a\\n~\":1e999}", VET_NUMBER_RANGE, "/a\\n~0", "1e999"},
    {"[[[[[[[[1,{\"x\":1e999}]]]]]]]]", VET_NUMBER_RANGE, "/0/0/0/0/0/0/0/1/x", "1e999"},
    {"{\"$integer\":\"AQAAAAAAAAA=\"}", VET_OK, "", ""},
    {"[{\"$integer\":\"AQAAAAAAAAA=\"}]", VET_OK, "", ""},
    {"{\"$integer\":\"AQAAAAAAAA==\"}", VET_BAD_ENCODING, "", "{\"$integer\":\"AQAAAAAAAA==\"}"},
    {"{\"$integer\":\"AQAAAAAAAAB=\"}", VET_BAD_ENCODING, "", "{\"$integer\":\"AQAAAAAAAAB=\"}"},
    {"{\"$integer\":1}", VET_BAD_ENCODING, "", "{\"$integer\":1}"},
    {"{\"$integer\":\"AQAAAAAAAAA=\",\"a\":1}", VET_RESERVED_NAME, "/$integer", "\"AQAAAAAAAAA=\""},
    {"{\"a\":1,\"$integer\":\"AQAAAAAAAAA=\"}", VET_RESERVED_NAME, "/$integer", "\"AQAAAAAAAAA=\""},
    {"{\"$float\":\"AAAAAAAA+H8=\"}", VET_OK, "", ""},
    {"{\"$float\":\"AAAAAAAA8H8=\"}", VET_OK, "", ""},
    {"{\"$float\":\"AAAAAAAA8P8=\"}", VET_OK, "", ""},
    {"{\"$float\":\"AAAAAAAAAIA=\"}", VET_OK, "", ""},
    {"{\"$float\":\"AAAAAAAAAAA=\"}", VET_BAD_ENCODING, "", "{\"$float\":\"AAAAAAAAAAA=\"}"},
    {"{\"$float\":\"AAAAAAAA8D8=\"}", VET_BAD_ENCODING, "", "{\"$float\":\"AAAAAAAA8D8=\"}"},
    {"{\"$float\":{}}", VET_BAD_ENCODING, "", "{\"$float\":{}}"},
    {"{\"$bytes\":\"\"}", VET_OK, "", ""},
    {"{\"$bytes\":\"Zg==\"}", VET_OK, "", ""},
    {"{\"$bytes\":\"Zh==\"}", VET_BAD_ENCODING, "", "{\"$bytes\":\"Zh==\"}"},
    {"{\"$bytes\":\"Zg=\"}", VET_BAD_ENCODING, "", "{\"$bytes\":\"Zg=\"}"},
    {"{\"$bytes\":\"Z\\\"==\"}", VET_BAD_ENCODING, "", "{\"$bytes\":\"Z\\\"==\"}"},
    {"[0,{\"a\":{\"$bytes\":5}}]", VET_BAD_ENCODING, "/1/a", "{\"$bytes\":5}"},
    {"{\"$undefined\":null}", VET_UNDEFINED, "", "{\"$undefined\":null}"},
    {"{\"a\":{\"$undefined\":null}}", VET_UNDEFINED, "/a", "{\"$undefined\":null}"},
    {"[[[[[[[{\"$undefined\":null}]]]]]]]", VET_UNDEFINED, "/0/0/0/0/0/0/0", NULL},
    {"{\"$undefined\":0}", VET_BAD_ENCODING, "", "{\"$undefined\":0}"},
    {"{\"$other\":1}", VET_RESERVED_NAME, "/$other", "1"},
    {"{\"$\":1}", VET_RESERVED_NAME, "/$", "1"},
    {"{\"a\":{\"b\":1,\"$c\":[2]}}", VET_RESERVED_NAME, "/a/$c", "[2]"},
    {"{\"\\u0024a\":1}", VET_RESERVED_NAME, "/$a", "1"},
};

Test(value_vet, refuses_what_tenon_does_not_store_and_says_where)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena;
        arena_init(&arena, 256);
        struct value value;
        struct json_error error;
        struct slice path;
        struct value found;
        cr_assert(json_read(&arena, slice_of(rows[i].text), 64, &value, NULL, &error));
        enum vet_result result = value_vet(&arena, value, 64, &path, &found);
        cr_expect_eq(result, rows[i].result, "%s: %d", rows[i].text, (int)result);
        cr_expect(result == VET_OK || !(value.flags & VALUE_FLAG_VETTED), "%s", rows[i].text);
        if (result != VET_OK) {
            cr_expect(slice_equal(path, slice_of(rows[i].path)), "%s: %.*s", rows[i].text,
                      SLICE_FORMAT(path));
            struct slice text = value_is_missing(found) ? SLICE("") : value_text(&arena, found);
            struct slice expected = rows[i].found == NULL ? SLICE("") : slice_of(rows[i].found);
            cr_expect(slice_equal(text, expected), "%s: %.*s", rows[i].text, SLICE_FORMAT(text));
        }
        arena_deinit(&arena);
    }
}

Test(value_vet, text_and_what_is_taken_apart_are_judged_alike)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena;
        arena_init(&arena, 256);
        struct value value;
        struct json_error error;
        struct slice path;
        struct value found;
        cr_assert(json_read(&arena, slice_of(rows[i].text), 64, &value, NULL, &error));
        struct value text = value_from_text(value_text(&arena, value));
        cr_expect_eq(value_vet(&arena, text, 64, &path, &found), rows[i].result, "%s",
                     rows[i].text);
        cr_expect(rows[i].result == VET_OK || slice_equal(path, slice_of(rows[i].path)), "%s",
                  rows[i].text);
        arena_deinit(&arena);
    }
}

Test(value_vet, counts_every_container_as_a_level)
{
    for (unsigned depth = 1; depth < 70; depth++) {
        struct buffer text = {0};
        for (unsigned i = 0; i < depth; i++) {
            buffer_append(&text, i % 2 ? "[" : "{\"a\":", i % 2 ? 1 : 5);
        }
        buffer_append(&text, "{\"$integer\":\"AQAAAAAAAAA=\"}", 27);
        for (unsigned i = depth; i > 0; i--) {
            buffer_append_char(&text, i % 2 ? '}' : ']');
        }
        struct arena arena;
        arena_init(&arena, 256);
        struct value value;
        struct json_error error;
        struct slice path;
        struct value found;
        cr_assert(json_read(&arena, buffer_slice(&text), 128, &value, NULL, &error));
        cr_assert_eq(value_vet(&arena, value, depth, &path, &found), VET_OK);
        cr_assert_eq(value_vet(&arena, value, depth - 1, &path, &found), VET_TOO_DEEP);
        arena_deinit(&arena);
        buffer_deinit(&text);
    }
}

Test(value_vet, computed_values_may_miss_parts)
{
    struct arena arena;
    arena_init(&arena, 256);
    struct value items[] = {VALUE_IS(VALUE_MISSING), value_from_number(NAN), value_from_int64(1)};
    struct value_field fields[] = {{SLICE("a"), VALUE_IS(VALUE_MISSING)},
                                   {SLICE("b"), value_from_items(items, 3)}};
    struct slice path;
    struct value found;
    struct value object = value_from_fields(fields, 2);
    cr_assert_eq(value_vet(&arena, object, 2, &path, &found), VET_OK);
    cr_assert_eq(value_vet(&arena, object, 1, &path, &found), VET_TOO_DEEP);
    cr_assert_eq(value_vet(&arena, VALUE_IS(VALUE_MISSING), 9, &path, &found), VET_UNDEFINED);
    arena_deinit(&arena);
}

/* The fields of both parts are one level below, and paths begin with their names. */
Test(value_vet, a_document_that_is_extended_is_one_level)
{
    struct arena arena;
    struct slice path;
    struct value found;
    const char *text = "{\"a\":{\"b\":1}}";
    struct value_field parts[] = {
        {.value = {.kind = VALUE_DOCUMENT, .size = (uint32_t)strlen(text), .text = text}},
        {SLICE("c"), value_from_text(SLICE("{}"))},
        {SLICE("$d"), VALUE_IS(VALUE_NULL)},
    };
    arena_init(&arena, 256);
    cr_assert_eq(value_vet(&arena, value_from_extension(parts, 2), 2, &path, &found), VET_OK);
    cr_assert_eq(value_vet(&arena, value_from_extension(parts, 2), 1, &path, &found), VET_TOO_DEEP);
    cr_assert(slice_equal(path, SLICE("/a")));
    parts[0].value.size = 2;
    parts[0].value.text = "{}";
    cr_assert_eq(value_vet(&arena, value_from_extension(parts, 2), 1, &path, &found), VET_TOO_DEEP);
    cr_assert(slice_equal(path, SLICE("/c")));
    cr_assert_eq(value_vet(&arena, value_from_extension(parts, 3), 2, &path, &found),
                 VET_RESERVED_NAME);
    cr_assert(slice_equal(path, SLICE("/$d")));
    arena_deinit(&arena);
}

Test(value_vet, every_result_has_a_text)
{
    for (int i = VET_OK; i <= VET_TOO_DEEP; i++) {
        cr_assert_gt(strlen(vet_result_text((enum vet_result)i)), 10);
    }
}
