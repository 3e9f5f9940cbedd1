/* The JSON reader: tables of what RFC 8259 takes and refuses, and of what comes out.
 *
 * Every text is read from a block of exactly its size, so that a sanitizer sees a read beyond its
 * end. */
#include "base/json.h"

#include "base/memory.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>

/* Reads `text` from a block of its own; `*written`, where not NULL, becomes what value_write makes
 * of the value, to be released by the caller. */
static bool read_exactly(struct slice text, struct json_error *error, struct buffer *written)
{
    char *block = memory_allocate(text.size);
    memcpy(block, text.data, text.size);
    struct arena arena;
    arena_init(&arena, 64);
    struct value value;
    bool read = json_read(&arena, slice_make(block, text.size), 128, &value, NULL, error);
    if (read && written != NULL) {
        value_write(written, value);
        cr_assert_eq(written->size, value_write_size(value));
    }
    arena_deinit(&arena);
    memory_release(block);
    return read;
}

struct accepted {
    struct slice text;
    struct slice canonical; /* .data NULL: the text itself */
};

#define SAME(text)                                                                                 \
    {                                                                                              \
        SLICE_INIT(text),                                                                          \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define TO(text, canonical)                                                                        \
    {                                                                                              \
        SLICE_INIT(text), SLICE_INIT(canonical)                                                    \
    }
#define SLICE_INIT(literal)                                                                        \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void expect_accepted(const struct accepted *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice text = rows[i].text;
        struct slice expected = rows[i].canonical.data != NULL ? rows[i].canonical : text;
        struct json_error error;
        struct buffer written = {0};
        cr_expect(read_exactly(text, &error, &written), "refused: %.*s: %s", SLICE_FORMAT(text),
                  error.message);
        cr_expect(slice_equal(buffer_slice(&written), expected), "%.*s became %.*s",
                  SLICE_FORMAT(text), SLICE_FORMAT(buffer_slice(&written)));
        buffer_deinit(&written);
    }
}

struct refused {
    struct slice text;
    size_t offset;
};

#define AT(offset, text)                                                                           \
    {                                                                                              \
        SLICE_INIT(text), (offset)                                                                 \
    }

static void expect_refused(const struct refused *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice text = rows[i].text;
        struct json_error error;
        cr_expect_not(read_exactly(text, &error, NULL), "accepted: %.*s", SLICE_FORMAT(text));
        cr_expect_eq(error.status, JSON_SYNTAX, "%.*s", SLICE_FORMAT(text));
        cr_expect_eq(error.offset, rows[i].offset, "%.*s: %zu: %s", SLICE_FORMAT(text),
                     error.offset, error.message);
    }
}

Test(json, accepts_every_structure)
{
    static const struct accepted rows[] = {
        SAME("[]"),
        SAME("{}"),
        SAME("null"),
        SAME("true"),
        SAME("false"),
        SAME("0"),
        SAME("\"\""),
        SAME("[null]"),
        SAME("[[]]"),
        SAME("[{}]"),
        SAME("[[],[],{}]"),
        SAME("[null,1,\"1\",{}]"),
        SAME("[1,null,null,null,2]"),
        SAME("[\"asd\"]"),
        SAME("{\"a\":[]}"),
        SAME("{\"\":0}"),
        SAME("{\"a\":{\"a\":{\"a\":1}}}"),
        SAME("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10}"),
        SAME("{\"asd\":\"sdf\",\"dfg\":\"fgh\"}"),
        SAME("{\"a\":\"a\",\"A\":\"a\",\"aa\":\"a\"}"),
        SAME("{\"min\":-1.0e+28,\"max\":1.0e+28}"),
        SAME("[[[[[[[[[[1]]]]]]]]]]"),
        SAME("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"),
        TO(" [] ", "[]"),
        TO("[ ]", "[]"),
        TO("{ }", "{}"),
        TO("\t\n\r 1\t\n\r ", "1"),
        TO("[1\n]", "[1]"),
        TO(" [1]", "[1]"),
        TO("[1 , 2\t,\r\n3]", "[1,2,3]"),
        TO("{\"a\" :\t1 ,\n\"b\":\r{ } }", "{\"a\":1,\"b\":{}}"),
        TO("[[[[[[ [1, 2] , { \"a\" : \"b c\" } ]]]]]]", "[[[[[[[1,2],{\"a\":\"b c\"}]]]]]]"),
        TO("{\"$integer\" : \"AQAAAAAAAAA=\"}", "{\"$integer\":\"AQAAAAAAAAA=\"}"),
        SAME("{\"$undefined\":null}"),
        SAME("{\"$a\":1,\"$b\":[2]}"),
    };
    expect_accepted(rows, COUNT_OF(rows));
}

Test(json, accepts_every_number_and_keeps_its_text)
{
    static const struct accepted rows[] = {
        SAME("0"),
        SAME("-0"),
        SAME("0.0"),
        SAME("-0.0"),
        SAME("1"),
        SAME("-1"),
        SAME("123"),
        SAME("1.0"),
        SAME("0.5"),
        SAME("123.456789"),
        SAME("1E22"),
        SAME("1e22"),
        SAME("1E+2"),
        SAME("1E-2"),
        SAME("1e+2"),
        SAME("0e1"),
        SAME("0e+1"),
        SAME("20e1"),
        SAME("123e65"),
        SAME("123.456e78"),
        SAME("-0.1"),
        SAME("-123"),
        SAME("1e400"),
        SAME("-1e-400"),
        SAME("0.4e00669999999999999999999999999999999999999999"),
        SAME("100000000000000000000"),
        SAME("-237462374673276894279832749832423479823246327846"),
        SAME("1.00000000000000000000000000000001"),
        SAME("-0.000000000000000000000000000000000000000000000000000000000000000000000000000001"),
        SAME("[-0,1E5,1.0,1e00]"),
    };
    expect_accepted(rows, COUNT_OF(rows));
}

Test(json, accepts_every_string_and_rewrites_needless_escapes)
{
    static const struct accepted rows[] = {
        SAME("\"abc\""),
        SAME("\"\\\"\\\\\\b\\f\\n\\r\\t\""),
        SAME("\"\\u0000\\u0001\\u001f\\u000b\""),
        SAME("\"\x7f\""),
        SAME("\" a b \""),
        SAME("\"a/*b*/c/*d//e\""),
        SAME("\"\xc3\xa9\""),
        SAME("\"\xc2\x80\xdf\xbf\""),
        SAME("\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""),
        SAME("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
        SAME("\"\xe2\x80\xa8\xe2\x80\xa9\""),
        SAME("\"\xef\xbb\xbf\""),
        SAME("\"aaaaaaaaaaaaaaa\\n\""),
        SAME("\"aaaaaaaaaaaaaaaa\\n\""),
        SAME("\"aaaaaaaaaaaaaaaaa\xe2\x82\xac and more than sixteen\""),
        SAME("\"\\\\u0041\""),
        SAME("[\"\\\\\",\"\\\\\\\\\",\"\\\\\\\"\"]"),
        TO("\"\\/\"", "\"/\""),
        TO("\"\\u0041\\u00e9\\u20AC\"", "\"A\xc3\xa9\xe2\x82\xac\""),
        TO("\"\\u001F\"", "\"\\u001f\""),
        TO("\"\\u0008\\u0009\\u000a\\u000C\\u000D\"", "\"\\b\\t\\n\\f\\r\""),
        TO("\"\\u0022\\u005c\\u005C\\u002f\"", "\"\\\"\\\\\\\\/\""),
        TO("\"\\u007f\"", "\"\x7f\""),
        TO("\"\\u0080\\u07ff\\u0800\\uffff\"", "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\""),
        TO("\"\\uD801\\udc37\"", "\"\xf0\x90\x90\xb7\""),
        TO("\"\\ud83d\\ude39\\ud83d\\udc8d\"", "\"\xf0\x9f\x98\xb9\xf0\x9f\x92\x8d\""),
        TO("\"\\uDBFF\\uDFFE\\uD800\\uDC00\"", "\"\xf4\x8f\xbf\xbe\xf0\x90\x80\x80\""),
        TO("\"\\u2028\\uFDD0\\uFFFE\"", "\"\xe2\x80\xa8\xef\xb7\x90\xef\xbf\xbe\""),
        TO("\"\\uE000\"", "\"\xee\x80\x80\""),
        TO("{\"\\u0061\\/\":\"\\u0062\"}", "{\"a/\":\"b\"}"),
        TO("{\"\\u0024integer\":\"\"}", "{\"$integer\":\"\"}"),
        TO("[[[[[[{\"\\u0061\":\"\\/\"},\"\\u0041\"]]]]]]", "[[[[[[{\"a\":\"/\"},\"A\"]]]]]]"),
        TO("{\"x\\u0079\\\"\": [\"\\u005c\"] }", "{\"xy\\\"\":[\"\\\\\"]}"),
    };
    expect_accepted(rows, COUNT_OF(rows));
}

Test(json, refuses_broken_structure)
{
    static const struct refused rows[] = {
        AT(0, ""),
        AT(1, " "),
        AT(1, "["),
        AT(1, "{"),
        AT(0, "]"),
        AT(0, "}"),
        AT(2, "[1"),
        AT(3, "[1,"),
        AT(3, "[1,]"),
        AT(1, "[,1]"),
        AT(1, "[,]"),
        AT(3, "[1,,2]"),
        AT(4, "[\"\",,]"),
        AT(3, "[1 2]"),
        AT(2, "[1}"),
        AT(1, "[}"),
        AT(1, "{]"),
        AT(2, "[]]"),
        AT(2, "{}}"),
        AT(3, "[1]x"),
        AT(3, "[1]1"),
        AT(3, "{} {}"),
        AT(2, "1 2"),
        AT(4, "null,"),
        AT(0, "nul"),
        AT(0, "nulL"),
        AT(0, "True"),
        AT(0, "tru"),
        AT(0, "fals"),
        AT(4, "truex"),
        AT(0, "undefined"),
        AT(0, "NaN"),
        AT(0, "a"),
        AT(0, "'a'"),
        AT(0, "\xef\xbb\xbf{}"),
        AT(0, "\xef\xbb\xbf"),
        AT(0, "\xff\xfe[\0]\0"),
        AT(0, "\0"),
        AT(1, "1\0"),
        AT(1, "[\0]"),
        AT(0, "\v1"),
        AT(0, "\f[]"),
        AT(1, "[\f]"),
        AT(0, "\xc2\xa0"
              "1"),
        AT(0, "\xe2\x81\xa0"
              "1"),
    };
    expect_refused(rows, COUNT_OF(rows));
}

Test(json, refuses_broken_objects_and_comments)
{
    static const struct refused rows[] = {
        AT(1, "{1:1}"),
        AT(1, "{a:1}"),
        AT(1, "{'a':1}"),
        AT(1, "{null:1}"),
        AT(1, "{:1}"),
        AT(4, "{\"a\"}"),
        AT(5, "{\"a\" 1}"),
        AT(4, "{\"a\",1}"),
        AT(5, "{\"a\":}"),
        AT(5, "{\"a\":"),
        AT(4, "{\"a\""),
        AT(5, "{\"a\"::1}"),
        AT(6, "{\"a\":1"),
        AT(7, "{\"a\":1,}"),
        AT(7, "{\"a\":1,,\"b\":2}"),
        AT(7, "{\"a\":1 \"b\":2}"),
        AT(6, "{\"a\":1]"),
        AT(6, "{\"a\":1;"),
        AT(7, "{\"a\":1,1}"),
        AT(2, "[]/**/"),
        AT(0, "/**/1"),
        AT(0, "//\n1"),
        AT(2, "{}#"),
        AT(2, "[1:2]"),
    };
    expect_refused(rows, COUNT_OF(rows));
}

Test(json, refuses_broken_numbers)
{
    static const struct refused rows[] = {
        AT(1, "-"),
        AT(1, "-a"),
        AT(1, "--1"),
        AT(0, "+1"),
        AT(0, ".5"),
        AT(1, "-.5"),
        AT(2, "1."),
        AT(2, "1.e1"),
        AT(3, "-1."),
        AT(3, "[1.]"),
        AT(2, "1e"),
        AT(3, "1e+"),
        AT(3, "1e-"),
        AT(2, "1ea"),
        AT(3, "1e1.5"),
        AT(2, "1ee1"),
        AT(3, "0.1.2"),
        AT(1, "01"),
        AT(1, "00"),
        AT(2, "-01"),
        AT(2, "[012]"),
        AT(1, "0x1"),
        AT(1, "1a"),
        AT(1, "1_0"),
        AT(1, "-Infinity"),
        AT(0, "Infinity"),
        AT(1, "-NaN"),
        AT(2, "1 000"),
        AT(1, "1\xef\xbc\x91"),
        AT(2, "9.e+"),
        AT(2, "0e"),
        AT(3, "0e+"),
        AT(4, "0.3e"),
        AT(5, "1.2e+"),
    };
    expect_refused(rows, COUNT_OF(rows));
}

Test(json, refuses_broken_strings)
{
    static const struct refused rows[] = {
        AT(1, "\""),
        AT(4, "\"abc"),
        AT(2, "[\""),
        AT(2, "\"\\"),
        AT(3, "\"\\\""),
        AT(2, "\"\\a\""),
        AT(2, "\"\\x00\""),
        AT(2, "\"\\'\""),
        AT(2, "\"\\0\""),
        AT(2, "\"\\U0041\""),
        AT(2, "\"\\\xc3\xa9\""),
        AT(2, "\"\\\n\""),
        AT(1, "\"\\u\""),
        AT(1, "\"\\u1\""),
        AT(1, "\"\\u12\""),
        AT(1, "\"\\u123\""),
        AT(1, "\"\\u00A"),
        AT(1, "\"\\u12G4\""),
        AT(1, "\"\\u 123\""),
        AT(1, "\"\\u-123\""),
        AT(1, "\"\n\""),
        AT(2, "\"a\t\""),
        AT(1, "\"\0\""),
        AT(1, "\"\x1f\""),
        AT(17, "\"aaaaaaaaaaaaaaaa\x01\""),
        AT(1, "\"\\uD800\""),
        AT(1, "\"\\uDBFFa\""),
        AT(1, "\"\\uDC00\""),
        AT(1, "\"\\uDFFF\\uD800\""),
        AT(1, "\"\\uD800\\uD800\""),
        AT(1, "\"\\uD800\\u0041\""),
        AT(1, "\"\\uD800\\\""),
        AT(1, "\"\\uD800\\u\""),
        AT(1, "\"\\uD800\\uDC\""),
        AT(1, "\"\\uD800\\n\""),
        AT(1, "\"\\uD800\\uDC0G\""),
        AT(2, "{\"\\uD800\":1}"),
        AT(1, "\"\x80\""),
        AT(1, "\"\xbf\""),
        AT(1, "\"\xc0\x80\""),
        AT(1, "\"\xc1\xbf\""),
        AT(1, "\"\xc3\""),
        AT(1, "\"\xc3"),
        AT(1, "\"\xc3\x28\""),
        AT(1, "\"\xe0\x80\x80\""),
        AT(1, "\"\xe0\x9f\xbf\""),
        AT(1, "\"\xe2\x82\""),
        AT(1, "\"\xe2\x82"),
        AT(1, "\"\xed\xa0\x80\""),
        AT(1, "\"\xed\xbf\xbf\""),
        AT(1, "\"\xed\xa0\xbd\xed\xb8\x80\""),
        AT(1, "\"\xf0\x80\x80\x80\""),
        AT(1, "\"\xf0\x8f\xbf\xbf\""),
        AT(1, "\"\xf0\x9f\x98\""),
        AT(1, "\"\xf4\x90\x80\x80\""),
        AT(1, "\"\xf5\x80\x80\x80\""),
        AT(1, "\"\xf8\x88\x80\x80\x80\""),
        AT(1, "\"\xfc\x84\x80\x80\x80\x80\""),
        AT(1, "\"\xfe\""),
        AT(1, "\"\xff\""),
        AT(4, "\"\xe2\x82\xac\xe2\x28\xa1\""),
        AT(0, "\xc3\xa9"),
        AT(1, "[\xff]"),
        AT(0, "abc\""),
        AT(2, "\"\"\""),
    };
    expect_refused(rows, COUNT_OF(rows));
}

Test(json, refuses_names_given_twice)
{
    static const struct refused rows[] = {
        AT(7, "{\"a\":1,\"a\":2}"),
        AT(6, "{\"\":1,\"\":2}"),
        AT(19, "{\"a\":1,\"b\":2,\"c\":3,\"b\":4}"),
        AT(13, "[{\"a\":{\"b\":1,\"b\":2}}]"),
        AT(13, "{ \"a\" : 1 , \n\"a\":1}"),
        AT(15, "[[[[[[[[{\"a\":1,\"a\":1}]]]]]]]]"),
        AT(55, "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"h\":0}"),
        AT(1, "[{\"a\":1,\"\\u0061\":2}]"),
        AT(18, "{\"\\u0061\":1,\"b\":1,\"a\":2}"),
        AT(0, "{\"\\/\":1,\"\\/\":2}"),
    };
    expect_refused(rows, COUNT_OF(rows));
}

Test(json, names_that_only_look_alike_are_different)
{
    static const struct accepted rows[] = {
        SAME("{\"a\":1,\"A\":2,\"aa\":3,\"\":4,\" a\":5,\"a \":6,\"\\u0000a\":7,\"a\\u0000\":8}"),
        SAME("{\"\xc3\xa9\":1,\"e\xcc\x81\":2}"),
        SAME("[{\"a\":1},{\"a\":1},{\"a\":{\"a\":{\"a\":1}}}]"),
        SAME("{\"\\\\u0061\":1,\"a\":2}"),
    };
    expect_accepted(rows, COUNT_OF(rows));
}

/* `depth` lists within each other. */
static struct buffer nested(unsigned depth, const char *open, const char *inside, const char *close)
{
    struct buffer text = {0};
    for (unsigned i = 0; i < depth; i++) {
        buffer_append(&text, open, strlen(open));
    }
    buffer_append(&text, inside, strlen(inside));
    for (unsigned i = 0; i < depth; i++) {
        buffer_append(&text, close, strlen(close));
    }
    return text;
}

Test(json, depth_is_counted_and_limited)
{
    static const char *const shapes[][3] = {
        {"[", "", "]"}, {"[", "1", "]"}, {"{\"a\":", "0", "}"}, {"[1,{\"b\":[],\"a\":", "0", "}]"}};
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        unsigned per_unit = i == 3 ? 2 : 1;
        for (unsigned count = 1; count <= 12; count++) {
            struct buffer text = nested(count, shapes[i][0], shapes[i][1], shapes[i][2]);
            struct arena arena;
            arena_init(&arena, 64);
            struct value value;
            struct json_error error;
            unsigned levels = count * per_unit + (i == 3 ? 1 : 0);
            unsigned depth = 0;
            cr_assert(json_read(&arena, buffer_slice(&text), levels, &value, &depth, &error));
            cr_assert_eq(depth, levels);
            cr_assert_not(json_read(&arena, buffer_slice(&text), levels - 1, &value, NULL, &error));
            cr_assert_eq(error.status, JSON_DEPTH);
            arena_deinit(&arena);
            buffer_deinit(&text);
        }
    }
}

Test(json, a_hundred_thousand_brackets_are_too_deep_and_do_no_harm)
{
    static const char *const openings[] = {"[", "{\"a\":", "[{\"a\":"};
    for (size_t i = 0; i < COUNT_OF(openings); i++) {
        struct buffer text = nested(100000, openings[i], "", "");
        struct json_error error;
        cr_assert_not(read_exactly(buffer_slice(&text), &error, NULL));
        cr_assert_eq(error.status, JSON_DEPTH);
        buffer_deinit(&text);
    }
}

Test(json, scalars_need_no_depth)
{
    struct arena arena;
    arena_init(&arena, 64);
    struct value value;
    struct json_error error;
    unsigned depth = 9;
    cr_assert(json_read(&arena, SLICE("\"a\""), 0, &value, &depth, &error));
    cr_assert_eq(depth, 0);
    cr_assert_not(json_read(&arena, SLICE(" []"), 0, &value, &depth, &error));
    cr_assert(error.status == JSON_DEPTH && error.offset == 1);
    arena_deinit(&arena);
}

/* The kind of the first value `levels` lists down. */
static enum value_kind kind_at_level(struct arena *arena, struct value value, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++) {
        uint32_t count;
        value = *value_items(arena, value, &count);
    }
    return (enum value_kind)value.kind;
}

Test(json, the_outer_levels_are_taken_apart)
{
    struct arena arena;
    arena_init(&arena, 1024);
    struct value value;
    struct json_error error;
    cr_assert(json_read(&arena, SLICE("[[[[[[1]]]]]]"), 128, &value, NULL, &error));
    for (unsigned i = 0; i < JSON_TREE_LEVELS; i++) {
        cr_assert_eq(kind_at_level(&arena, value, i), VALUE_LIST);
    }
    cr_assert_eq(kind_at_level(&arena, value, JSON_TREE_LEVELS), VALUE_TEXT);
    cr_assert(json_read(&arena, SLICE("[null]"), 128, &value, NULL, &error));
    cr_assert_eq(value.items[0].kind, VALUE_NULL);
    cr_assert(json_read(&arena, SLICE("{\"$integer\":1}"), 128, &value, NULL, &error));
    cr_assert_eq(value.kind, VALUE_TEXT);
    cr_assert(json_read(&arena, SLICE("{\"a\":{\"b\":true}}"), 128, &value, NULL, &error));
    cr_assert_eq(value.kind, VALUE_OBJECT);
    cr_assert_eq(value_find(value_find(value, SLICE("a")), SLICE("b")).kind, VALUE_TRUE);
    arena_deinit(&arena);
}

/* "[0,0,…]" or "{"0":0,"1":0,…}" of `count` parts, with white space or without. */
static struct buffer many_parts(bool object, uint32_t count, bool spaced)
{
    struct buffer text = {0};
    buffer_append_char(&text, object ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            buffer_append(&text, ", ", spaced ? 2 : 1);
        }
        if (object) {
            buffer_append_format(&text, "\"%u\":", i);
        }
        buffer_append_char(&text, '0');
    }
    buffer_append_char(&text, object ? '}' : ']');
    return text;
}

Test(json, containers_with_too_many_parts_come_out_as_text)
{
    for (int i = 0; i < 8; i++) {
        bool object = i & 1;
        bool over = i & 2;
        uint32_t count = JSON_TREE_ITEMS + (over ? 1 : 0);
        struct buffer text = many_parts(object, count, i & 4);
        struct buffer plain = many_parts(object, count, false);
        struct arena arena;
        arena_init(&arena, 1024);
        struct value value;
        struct json_error error;
        cr_assert(json_read(&arena, buffer_slice(&text), 128, &value, NULL, &error));
        enum value_kind apart = object ? VALUE_OBJECT : VALUE_LIST;
        cr_assert_eq(value.kind, over ? VALUE_TEXT : apart);
        cr_assert_eq(value_count(value), count);
        cr_assert(slice_equal(value_text(&arena, value), buffer_slice(&plain)));
        cr_assert(value.flags & VALUE_FLAG_VETTED);
        arena_deinit(&arena);
        buffer_deinit(&text);
        buffer_deinit(&plain);
    }
}

Test(json, memory_stays_a_small_multiple_of_hostile_texts)
{
    static const char *const parts[] = {"0,",          "[],",          "[0],",
                                        "{},",         "[[[[[0]]]]],", "{\"a\":0},",
                                        "[ 0 ],",      "\"\\/\",",     "[[[[[[0 ]]]]]],",
                                        "{\"$a\":0},", "[[0,0],[0]],"};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct buffer text = {0};
        buffer_append_char(&text, '[');
        while (text.size < (size_t)4 << 20) {
            buffer_append(&text, parts[i], strlen(parts[i]));
        }
        text.data[text.size - 1] = ']';
        struct arena arena;
        arena_init(&arena, 1024);
        struct value value;
        struct json_error error;
        cr_assert(json_read(&arena, buffer_slice(&text), 128, &value, NULL, &error));
        cr_expect_leq(arena.reserved, text.size * 5, "%s: %zu", parts[i], arena.reserved);
        arena_deinit(&arena);
        buffer_deinit(&text);
    }
}

Test(json, a_million_names_are_told_apart)
{
    struct buffer text = many_parts(true, 1000000, false);
    struct json_error error;
    cr_assert(read_exactly(buffer_slice(&text), &error, NULL));
    size_t size = text.size;
    text.data[size - 1] = ',';
    buffer_append(&text, "\"123456\":0}", 11);
    cr_assert_not(read_exactly(buffer_slice(&text), &error, NULL));
    cr_assert_eq(error.offset, size);
    buffer_deinit(&text);
}

Test(json, the_vetted_flag_says_that_nothing_needs_vetting)
{
    static const struct {
        const char *text;
        bool vetted;
    } rows[] = {
        {"null", true},
        {"true", true},
        {"\"$a\"", true},
        {"123456789012345", true},
        {"1234567890123456", false},
        {"-12345678901234", true},
        {"1e5", false},
        {"0.5", true},
        {"[]", true},
        {"{}", true},
        {"[1,\"a\",{\"b\":[true]}]", true},
        {"[1,[2,[3e1]]]", false},
        {"[[[[[[[1]]]]]]]", true},
        {"[[[[[[[1e1]]]]]]]", false},
        {"[[[[[[[{\"$a\":1}]]]]]]]", false},
        {"{\"$a\":1}", false},
        {"{\"a\":{\"b\":1,\"$c\":1}}", false},
        {"{\"\\u0024a\":1}", false},
        {"{\"a$\":1}", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena;
        arena_init(&arena, 64);
        struct value value;
        struct json_error error;
        cr_assert(json_read(&arena, slice_of(rows[i].text), 128, &value, NULL, &error));
        cr_expect_eq((value.flags & VALUE_FLAG_VETTED) != 0, rows[i].vetted, "%s", rows[i].text);
        arena_deinit(&arena);
    }
}

/* Only what is canonical keeps its text; what stands within it or around it may differ. */
Test(json, containers_that_are_canonical_keep_their_text)
{
    static const struct {
        const char *text;
        const char *kept; /* "": nothing */
    } rows[] = {
        {"[]", "[]"},
        {"{}", "{}"},
        {" [1,{\"a\":2}] ", "[1,{\"a\":2}]"},
        {"[1, 2]", ""},
        {"{\"a\" :1}", ""},
        {"{\"\\u0061\":1}", ""},
        {"[[[[[[[1]]]]]]]", "[[[[[[[1]]]]]]]"},
        {"[[[[[[[1 ]]]]]]]", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena;
        arena_init(&arena, 64);
        struct value value;
        struct json_error error;
        cr_assert(json_read(&arena, slice_of(rows[i].text), 128, &value, NULL, &error));
        bool keeps = (value.flags & VALUE_FLAG_TEXT_KEPT) != 0;
        struct slice kept = keeps ? value_kept_text(value) : SLICE("");
        cr_expect(slice_equal(kept, slice_of(rows[i].kept)), "%s", rows[i].text);
        arena_deinit(&arena);
    }
    struct arena arena;
    arena_init(&arena, 64);
    struct value value;
    struct json_error error;
    cr_assert(json_read(&arena, SLICE("[[1],[1, 2]]"), 128, &value, NULL, &error));
    cr_expect(slice_equal(value_kept_text(value.items[0]), SLICE("[1]")));
    cr_expect_not(value.items[1].flags & VALUE_FLAG_TEXT_KEPT);
    cr_expect(slice_equal(value_text(&arena, value), SLICE("[[1],[1,2]]")));
    arena_deinit(&arena);
}

Test(json, errors_say_what_was_expected)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"", "text ends early"},
        {"[1", "text ends early"},
        {"x", "expected a value"},
        {"[1;", "expected ',' or ']'"},
        {"{\"a\":1;", "expected ',' or '}'"},
        {"{x", "expected a name"},
        {"{\"a\";", "expected ':'"},
        {"-x", "expected a digit"},
        {"01", "digit after a leading zero"},
        {"1 1", "expected nothing after the value"},
        {"{\"a\":1,\"a\":2}", "name given twice"},
        {"\"\\ud800\"", "lone surrogate"},
        {"\"\\q\"", "unknown escape"},
        {"\"\\u12g4\"", "expected four hexadecimal digits"},
        {"\"\x80\"", "invalid UTF-8"},
        {"\"\n\"", "control character in a string"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json_error error;
        cr_expect_not(read_exactly(slice_of(rows[i].text), &error, NULL));
        cr_expect_str_eq(error.message, rows[i].message, "%s", rows[i].text);
    }
}

Test(json, cjson_reads_the_same_from_what_is_written)
{
    static const char *const rows[] = {
        " [ 1 , -2.5e3 , \"a\\u00e9\\/\\n\" , true , false , null , { } , [ ] ] ",
        "{\"a\" : {\"b\" : [1, 2, {\"c\" : \"\\ud83d\\ude39\"}]}, \"d\" : 0.1}",
        "[[[[[[[ {\"x\" : [1 , 2]} ]]]]]]]",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json_error error;
        struct buffer written = {0};
        cr_assert(read_exactly(slice_of(rows[i]), &error, &written));
        cJSON *theirs = cJSON_Parse(rows[i]);
        cJSON *ours = cJSON_ParseWithLength(written.data, written.size);
        cr_assert(theirs != NULL && ours != NULL);
        cr_assert(cJSON_Compare(theirs, ours, true), "%s", rows[i]);
        cJSON_Delete(theirs);
        cJSON_Delete(ours);
        buffer_deinit(&written);
    }
}

Test(json, offsets_are_located_by_line_and_column)
{
    struct slice text = SLICE("{\n  \"a\": 1,\n\n  x\n}");
    static const struct {
        size_t offset;
        unsigned line;
        unsigned column;
    } rows[] = {{0, 1, 1}, {1, 1, 2}, {2, 2, 1}, {4, 2, 3}, {12, 3, 1}, {15, 4, 3}, {18, 5, 2}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned line;
        unsigned column;
        json_locate(text, rows[i].offset, &line, &column);
        cr_expect(line == rows[i].line && column == rows[i].column, "%zu: %u:%u", rows[i].offset,
                  line, column);
    }
}

Test(json, reads_a_value_within_a_text_and_says_where_it_ends)
{
    static const struct {
        const char *text;
        unsigned depth;
        int end; /* bytes from the start; -1: it cannot be read */
    } rows[] = {
        {"{\"a\":[1]}}", 1, 9}, {"[] , 1", 7, 2}, {"[[]]", 8, 4}, {"[[]]", 9, -1},
        {"[[]]", 10, -1},       {"1,2", 10, 1},   {"\"x", 0, -1}, {"", 0, -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena;
        struct value value;
        struct json_error error;
        arena_init(&arena, 64);
        const char *end =
            json_read_inner(&arena, slice_of(rows[i].text), rows[i].depth, 10, &value, &error);
        cr_expect_eq(end == NULL ? -1 : (int)(end - rows[i].text), rows[i].end, "row %zu", i);
        cr_expect_eq(end == NULL, error.status != JSON_OK);
        arena_deinit(&arena);
    }
}
