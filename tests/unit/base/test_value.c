/* Values: making, telling types, taking apart, writing. */
#include "base/value.h"

#include "base/json.h"

#include <criterion/criterion.h>
#include <math.h>

static struct value of(const char *text)
{
    return value_from_text(slice_of(text));
}

static void expect_written(struct value value, const char *expected)
{
    struct buffer written = {0};
    value_write(&written, value);
    cr_expect(slice_equal(buffer_slice(&written), slice_of(expected)), "%.*s, not %s",
              SLICE_FORMAT(buffer_slice(&written)), expected);
    cr_expect_eq(value_write_size(value), strlen(expected), "%s", expected);
    buffer_deinit(&written);
}

Test(value, text_tells_its_type)
{
    static const struct {
        const char *text;
        enum value_type type;
    } rows[] = {
        {"null", TYPE_NULL},
        {"true", TYPE_TRUE},
        {"false", TYPE_FALSE},
        {"0", TYPE_NUMBER},
        {"-1.5e3", TYPE_NUMBER},
        {"\"\"", TYPE_STRING},
        {"\"{\"", TYPE_STRING},
        {"[]", TYPE_ARRAY},
        {"{}", TYPE_OBJECT},
        {"{\"a\":1}", TYPE_OBJECT},
        {"{\"$integer\":\"AQAAAAAAAAA=\"}", TYPE_INT64},
        {"{\"$float\":\"AAAAAAAA+H8=\"}", TYPE_NUMBER},
        {"{\"$bytes\":\"\"}", TYPE_BYTES},
        {"{\"$bytes\":\"Zm9v\"}", TYPE_BYTES},
        {"{\"$undefined\":null}", TYPE_MISSING},
        {"{\"$integer\":1}", TYPE_OBJECT},
        {"{\"$integer\":\"AQAAAAAAAA==\"}", TYPE_OBJECT},
        {"{\"$integer\":\"AQAAAAAAAAA=\",\"a\":1}", TYPE_OBJECT},
        {"{\"$integer\":\"!QAAAAAAAAA=\"}", TYPE_OBJECT},
        {"{\"$float\":null}", TYPE_OBJECT},
        {"{\"$bytes\":[]}", TYPE_OBJECT},
        {"{\"$bytes\":\"Zm9\"}", TYPE_OBJECT},
        {"{\"$undefined\":1}", TYPE_OBJECT},
        {"{\"$spread\":\"$a\"}", TYPE_OBJECT},
        {"{\"$\":0}", TYPE_OBJECT},
        {"{\"\":\"\"}", TYPE_OBJECT},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_eq(value_type(of(rows[i].text)), rows[i].type, "%s", rows[i].text);
    }
    cr_expect_eq(value_type(value_from_int64(1)), TYPE_INT64);
    cr_expect_eq(value_type(value_from_number(1)), TYPE_NUMBER);
    cr_expect_eq(value_type(value_from_bool(false)), TYPE_FALSE);
    cr_expect_eq(value_type(value_from_items(NULL, 0)), TYPE_ARRAY);
    cr_expect_eq(value_type(value_from_fields(NULL, 0)), TYPE_OBJECT);
    cr_expect_eq(value_type(VALUE_IS(VALUE_MISSING)), TYPE_MISSING);
    cr_expect_eq(value_type(VALUE_IS(VALUE_NULL)), TYPE_NULL);
}

Test(value, types_have_the_names_of_the_contract)
{
    cr_assert_str_eq(value_type_name(TYPE_INT64), "int64");
    cr_assert_str_eq(value_type_name(TYPE_TRUE), value_type_name(TYPE_FALSE));
    cr_assert_str_eq(value_type_name(TYPE_OBJECT), "object");
}

Test(value, undefined_is_known_as_a_kind_and_as_text)
{
    struct arena arena;
    arena_init(&arena, 256);
    struct value value;
    struct json_error error;
    cr_assert(json_read(&arena, SLICE("{\"$undefined\" : null}"), 9, &value, NULL, &error));
    cr_assert_eq(value.kind, VALUE_TEXT);
    cr_assert(value_is_undefined(value));
    cr_assert(value_is_undefined(of("{\"$undefined\":null}")));
    cr_assert_not(value_is_undefined(of("null")));
    cr_assert_not(value_is_undefined(of("{\"a\":null}")));
    arena_deinit(&arena);
}

Test(value, numbers_and_integers_are_read_from_any_form)
{
    cr_assert_eq(value_number(of("12.5")), 12.5);
    cr_assert_eq(value_number(value_from_number(-1)), -1);
    cr_assert(isnan(value_number(of("{\"$float\":\"AAAAAAAA+H8=\"}"))));
    cr_assert_eq(value_number(of("{\"$float\":\"AAAAAAAA8P8=\"}")), -INFINITY);
    cr_assert(signbit(value_number(of("{\"$float\":\"AAAAAAAAAIA=\"}"))));
    cr_assert(signbit(value_number(of("-0"))));
    cr_assert_eq(value_int64(of("{\"$integer\":\"//////////8=\"}")), -1);
    cr_assert_eq(value_int64(of("{\"$integer\":\"AAAAAAAAAIA=\"}")), INT64_MIN);
    cr_assert_eq(value_int64(value_from_int64(77)), 77);
}

Test(value, computed_values_are_written_in_their_encodings)
{
    expect_written(value_from_int64(1), "{\"$integer\":\"AQAAAAAAAAA=\"}");
    expect_written(value_from_int64(-1), "{\"$integer\":\"//////////8=\"}");
    expect_written(value_from_number(NAN), "{\"$float\":\"AAAAAAAA+H8=\"}");
    expect_written(value_from_number(INFINITY), "{\"$float\":\"AAAAAAAA8H8=\"}");
    expect_written(value_from_number(-0.0), "{\"$float\":\"AAAAAAAAAIA=\"}");
    expect_written(value_from_number(0.1), "0.1");
    expect_written(value_from_number(-3), "-3");
    expect_written(value_from_bool(true), "true");
    expect_written(VALUE_IS(VALUE_MISSING), "null");
    expect_written(VALUE_IS(VALUE_NULL), "null");
}

Test(value, missing_parts_are_null_in_lists_and_left_out_of_objects)
{
    struct value items[] = {VALUE_IS(VALUE_MISSING), value_from_number(1), VALUE_IS(VALUE_NULL)};
    struct value_field fields[] = {
        {SLICE("a"), VALUE_IS(VALUE_MISSING)}, {SLICE("b\\n"), value_from_items(items, 3)},
        {SLICE("c"), VALUE_IS(VALUE_MISSING)}, {SLICE("d"), value_from_fields(NULL, 0)},
        {SLICE("e"), VALUE_IS(VALUE_MISSING)},
    };
    struct value object = value_from_fields(fields, COUNT_OF(fields));
    expect_written(object, "{\"b\\n\":[null,1,null],\"d\":{}}");
    cr_assert_eq(value_count(object), 2);
    expect_written(value_from_fields(fields, 1), "{}");
    cr_assert(value_is_missing(value_find(object, SLICE("a"))));
    cr_assert(value_is_missing(value_find(object, SLICE("z"))));
    cr_assert_eq(value_find(object, SLICE("b\\n")).kind, VALUE_LIST);
}

Test(value, strings_are_escaped_and_unescaped)
{
    static const struct {
        struct slice plain;
        const char *text;
    } rows[] = {
        {{"", 0}, "\"\""},
        {{"abc", 3}, "\"abc\""},
        {{"a\0b", 3}, "\"a\\u0000b\""},
        {{"\"\\/", 3}, "\"\\\"\\\\/\""},
        {{"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
        {{"\x01\x1f\x7f", 3}, "\"\\u0001\\u001f\x7f\""},
        {{"\xc3\xa9\xf0\x9f\x98\xb9", 6}, "\"\xc3\xa9\xf0\x9f\x98\xb9\""},
        {{"0123456789abcdef\n0123456789abcdef", 33}, "\"0123456789abcdef\\n0123456789abcdef\""},
    };
    struct arena arena;
    arena_init(&arena, 256);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct value value = value_from_string(&arena, rows[i].plain);
        expect_written(value, rows[i].text);
        cr_expect(slice_equal(value_string(&arena, value), rows[i].plain), "%s", rows[i].text);
        cr_expect(slice_equal(json_unescape(&arena, value_string_escaped(value)), rows[i].plain));
        struct buffer buffer = {0};
        json_write_string(&buffer, rows[i].plain);
        cr_expect(slice_equal(buffer_slice(&buffer), slice_of(rows[i].text)));
        buffer_deinit(&buffer);
    }
    arena_deinit(&arena);
}

Test(value, a_plain_string_is_recognised)
{
    cr_assert(value_is_string(of("\"asc\""), SLICE("asc")));
    cr_assert(value_is_string(of("\"\""), SLICE("")));
    cr_assert_not(value_is_string(of("\"asc\""), SLICE("as")));
    cr_assert_not(value_is_string(of("1"), SLICE("1")));
    cr_assert_not(value_is_string(VALUE_IS(VALUE_NULL), SLICE("null")));
    cr_assert_not(value_is_string(of("[]"), SLICE("")));
}

Test(value, bytes_come_back)
{
    struct arena arena;
    arena_init(&arena, 256);
    struct slice bytes = SLICE("\0\1\2\xff");
    for (size_t size = 0; size <= bytes.size; size++) {
        struct value value = value_from_bytes(&arena, slice_make(bytes.data, size));
        cr_assert_eq(value_type(value), TYPE_BYTES);
        cr_assert(slice_equal(value_bytes(&arena, value), slice_make(bytes.data, size)));
    }
    expect_written(value_from_bytes(&arena, SLICE("foob")), "{\"$bytes\":\"Zm9vYg==\"}");
    arena_deinit(&arena);
}

Test(value, parts_of_text_are_found_by_name_and_position)
{
    struct value object =
        of("{\"a\":[1,[2,\"]\"],{\"b\":\"}\\\"\"}],\"\\\\\":null,\"c\":true,\"\":0}");
    struct value list = value_find(object, SLICE("a"));
    expect_written(value_item(list, 0), "1");
    expect_written(value_item(list, 1), "[2,\"]\"]");
    expect_written(value_item(list, 2), "{\"b\":\"}\\\"\"}");
    cr_assert(value_is_missing(value_item(list, 3)));
    cr_assert_eq(value_find(object, SLICE("\\\\")).kind, VALUE_NULL);
    cr_assert_eq(value_find(object, SLICE("c")).kind, VALUE_TRUE);
    expect_written(value_find(object, SLICE("")), "0");
    cr_assert(value_is_missing(value_find(object, SLICE("b"))));
    cr_assert_eq(value_count(object), 4);
    cr_assert_eq(value_count(list), 3);
    cr_assert_eq(value_count(of("[]")), 0);
    cr_assert_eq(value_count(of("{}")), 0);
    struct value items[] = {value_from_number(5)};
    expect_written(value_item(value_from_items(items, 1), 0), "5");
    cr_assert(value_is_missing(value_item(value_from_items(items, 1), 1)));
}

Test(value, a_document_is_taken_apart_like_text)
{
    struct arena arena;
    arena_init(&arena, 256);
    const char *text = "{\"_id\":\"x\",\"n\":[false]}";
    struct value document = {.kind = VALUE_DOCUMENT, .size = (uint32_t)strlen(text), .text = text};
    uint32_t count;
    const struct value_field *fields = value_fields(&arena, document, &count);
    cr_assert_eq(count, 2);
    cr_assert(slice_equal(fields[1].name, SLICE("n")));
    cr_assert_eq(value_type(document), TYPE_OBJECT);
    cr_assert_eq(value_count(document), 2);
    const struct value *items = value_items(&arena, fields[1].value, &count);
    cr_assert(count == 1 && items[0].kind == VALUE_FALSE);
    cr_assert_eq(value_text(&arena, document).data, text);
    arena_deinit(&arena);
}

/* Whatever looks at it sees one object: its size, its fields, its text. */
Test(value, a_document_that_is_extended_is_one_object)
{
    struct arena arena;
    arena_init(&arena, 256);
    const char *text = "{\"_id\":\"x\",\"n\":[false]}";
    struct value_field parts[] = {
        {.value = {.kind = VALUE_DOCUMENT, .size = (uint32_t)strlen(text), .text = text}},
        {SLICE("gone"), VALUE_IS(VALUE_MISSING)},
        {SLICE("list"), value_from_items(NULL, 0)},
        {SLICE(""), value_from_number(5)},
    };
    struct value extended = value_from_extension(parts, COUNT_OF(parts));
    cr_assert_eq(value_type(extended), TYPE_OBJECT);
    cr_assert_eq(value_count(extended), 4);
    expect_written(extended, "{\"_id\":\"x\",\"n\":[false],\"list\":[],\"\":5}");
    expect_written(value_from_extension(parts, 1), text);
    expect_written(value_find(extended, SLICE("n")), "[false]");
    expect_written(value_find(extended, SLICE("")), "5");
    cr_assert(value_is_missing(value_find(extended, SLICE("gone"))));
    cr_assert(value_is_missing(value_find(extended, SLICE("other"))));
    uint32_t count;
    const struct value_field *fields = value_fields(&arena, extended, &count);
    cr_assert_eq(count, 5);
    cr_assert(slice_equal(fields[0].name, SLICE("_id")));
    cr_assert(slice_equal(fields[3].name, SLICE("list")));
    size_t size;
    cr_assert(value_fits_within(extended, 38, 2, &size));
    cr_assert_not(value_fits_within(extended, 37, 2, &size));
    cr_assert_not(value_fits_within(extended, 38, 1, &size));
    arena_deinit(&arena);
}

Test(value, text_is_skipped_to_its_end)
{
    static const char *const rows[] = {"null",   "true",        "false",
                                       "\"a\"",  "\"\\\"\"",    "\"\\\\\"",
                                       "[]",     "{}",          "[[\"]\"],{\"}\":[]}]",
                                       "-1.5e7", "\"\\\\\\\"\""};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer text = {0};
        buffer_append(&text, rows[i], strlen(rows[i]));
        buffer_append(&text, ",", 1);
        cr_expect_eq((size_t)(text_skip(text.data) - text.data), strlen(rows[i]), "%s", rows[i]);
        buffer_deinit(&text);
    }
}

/* Each level mentions the one below twice: written out it would be longer than memory. */
Test(value, measuring_stops_where_the_limit_is_passed)
{
    struct value levels[100][2];
    struct value value = value_from_number(0);
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        levels[i][0] = value;
        levels[i][1] = value;
        value = value_from_items(levels[i], 2);
    }
    size_t size;
    cr_assert_not(value_fits(value, 1000000, &size));
    cr_assert_gt(size, 1000000);
    cr_assert(value_fits(levels[2][0], 21, &size));
    cr_assert_eq(size, value_write_size(levels[2][0]));
    cr_assert_not(value_fits(levels[2][0], size - 1, &size));
}

/* A value is written whole or not at all, wherever in it the limit lies. */
Test(value, writing_stops_where_the_limit_is_passed_and_leaves_nothing)
{
    struct value_field fields[] = {
        {SLICE("list"), value_from_text(SLICE("[1,2]"))},
        {SLICE("name"), value_from_text(SLICE("\"long enough\""))},
    };
    struct value items[] = {value_from_number(1.5), value_from_text(SLICE("\"a\"")),
                            value_from_fields(fields, 2), value_from_text(SLICE("\"b\"")),
                            value_from_text(SLICE("7"))};
    struct value values[] = {value_from_items(items, 5), value_from_fields(fields, 2), items[1],
                             VALUE_IS(VALUE_NULL)};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        size_t whole = value_write_size(values[i]);
        for (size_t most = 0; most <= whole + 1; most++) {
            struct buffer text = {0};
            size_t size;
            buffer_append_slice(&text, SLICE("before"));
            bool written = value_write_within(&text, values[i], most, 2, &size);
            cr_assert_eq(written, most >= whole);
            cr_assert_eq(text.size, written ? 6 + whole : 6);
            cr_assert(written ? size == whole : size > most);
            buffer_deinit(&text);
        }
    }
    struct buffer text = {0};
    size_t size;
    cr_assert_not(value_write_within(&text, values[0], 1000, 1, &size));
    cr_assert(size <= 1000 && text.size == 0, "two levels are one too many");
    buffer_deinit(&text);
}

Test(value, deeply_nested_values_are_written_without_the_c_stack)
{
    enum { DEPTH = 300000 };
    struct arena arena;
    arena_init(&arena, 4096);
    struct value value = value_from_items(NULL, 0);
    for (int i = 1; i < DEPTH; i++) {
        struct value *item = arena_allocate(&arena, sizeof(*item));
        *item = value;
        value = value_from_items(item, 1);
    }
    struct slice text = value_text(&arena, value);
    cr_assert_eq(text.size, 2 * (size_t)DEPTH);
    cr_assert(text.data[DEPTH - 1] == '[' && text.data[DEPTH] == ']');
    arena_deinit(&arena);
}
