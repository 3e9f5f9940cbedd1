/* The order of values: a table in ascending order, and two ways of comparing that must agree. */
#include "index/order.h"

#include "base/json.h"
#include "base/macros.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Canonical texts, each greater than the one before it. */
static const char *const ascending[] = {
    "{\"$undefined\":null}",
    "null",
    "{\"$integer\":\"AAAAAAAAAIA=\"}", /* the least int64 */
    "{\"$integer\":\"//////////8=\"}", /* -1 */
    "{\"$integer\":\"AAAAAAAAAAA=\"}", /* 0 */
    "{\"$integer\":\"AQAAAAAAAAA=\"}", /* 1 */
    "{\"$integer\":\"AAEAAAAAAAA=\"}", /* 256 */
    "{\"$integer\":\"/////////38=\"}", /* the greatest int64 */
    "{\"$float\":\"AAAAAAAA8P8=\"}",   /* -Infinity */
    "-1e300",
    "-2",
    "-1.5",
    "-1e-300",
    "{\"$float\":\"AAAAAAAAAIA=\"}", /* -0 */
    "0",
    "5e-324",
    "0.30000000000000004",
    "1",
    "1.0000000000000002",
    "9007199254740991",
    "1e300",
    "{\"$float\":\"AAAAAAAA8H8=\"}", /* Infinity */
    "{\"$float\":\"AAAAAAAA+H8=\"}", /* NaN */
    "false",
    "true",
    "\"\"",
    "\"\\u0000\"",
    "\"\\u0000\\u0000\"",
    "\"\\u0000a\"",
    "\"\\u0001\"",
    "\"\\b\"",
    "\"\\t\"",
    "\"\\n\"",
    "\"\\u000b\"",
    "\"\\f\"",
    "\"\\r\"",
    "\"\\u001f\"",
    "\" \"",
    "\"!\"",
    "\"\\\"\"",
    "\"#\"",
    "\"/\"",
    "\"A\"",
    "\"A\\\"\"",
    "\"A\\\"x\"",
    "\"A\\\\\"",
    "\"A\\\\\\\"\"",
    "\"A\\\\\\\\\"",
    "\"A\\\\n\"",
    "\"[\"",
    "\"\\\\\"",
    "\"\\\\\\n\"",
    "\"\\\\n\"",
    "\"\\\\u0000\"",
    "\"]\"",
    "\"a\"",
    "\"a\\u0000\"",
    "\"a\\u0000b\"",
    "\"a\\n\"",
    "\"aa\"",
    "\"ab\"",
    "\"b\"",
    "\"\x7f\"",
    "\"\xc3\xa4\"",
    "\"\xe2\x82\xac\"",
    "\"\xf0\x9f\x98\x80\"",
    "{\"$bytes\":\"\"}",
    "{\"$bytes\":\"AA==\"}",
    "{\"$bytes\":\"AAA=\"}",
    "{\"$bytes\":\"AAAA\"}",
    "{\"$bytes\":\"AAAAAA==\"}",
    "{\"$bytes\":\"AAD/\"}",
    "{\"$bytes\":\"AP8=\"}",
    "{\"$bytes\":\"AQ==\"}",
    "{\"$bytes\":\"Zm9v\"}",
    "{\"$bytes\":\"ag==\"}",
    "{\"$bytes\":\"+A==\"}",
    "{\"$bytes\":\"/w==\"}",
    "{\"$bytes\":\"//8=\"}",
    "[]",
    "[null]",
    "[null,null]",
    "[{\"$integer\":\"AAAAAAAAAAA=\"}]",
    "[0]",
    "[0,[]]",
    "[0,{}]",
    "[1]",
    "[\"\"]",
    "[\"\",null]",
    "[\"\\u0000\"]",
    "[[]]",
    "[[],null]",
    "[[null]]",
    "[{}]",
    "{}",
    "{\"\":null}",
    "{\"\\u0000\":null}",
    "{\"a\":null}",
    "{\"b\":1,\"a\":null}",
    "{\"a\":1}",
    "{\"b\":null,\"a\":1}",
    "{\"b\":0,\"a\":1,\"c\":0}",
    "{\"a\":1,\"b\":1}",
    "{\"a\":{}}",
    "{\"a\\u0000\":null}",
    "{\"a\\n\":null}",
    "{\"aa\":null}",
    "{\"b\":null}",
};

/* Pairs of different texts that say equal values. */
static const char *const equal[][2] = {
    {"1", "1.0"},
    {"1", "1e0"},
    {"-0", "{\"$float\":\"AAAAAAAAAIA=\"}"},
    {"100000", "1E+5"},
    {"0.1", "0.1000000000000000055511151231257827"},
    {"[1,{\"a\":10}]", "[1.0,{\"a\":1e1}]"},
    {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"},
    {"{\"a\":{\"x\":1,\"y\":[]},\"\\n\":2}", "{\"\\n\":2.0,\"a\":{\"y\":[],\"x\":1}}"},
};

struct maker {
    uint64_t random;
    unsigned until_change; /* random numbers until one is drawn otherwise; 0: none */
    uint64_t change;
    struct buffer text;
};

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static struct value value_of(const char *text)
{
    return value_from_text(slice_of(text));
}

/* The value taken apart, as the JSON reader hands it out. */
static struct value value_read(struct arena *arena, struct slice text)
{
    struct value value;
    struct json_error error;
    cr_assert(json_read(arena, text, 128, &value, NULL, &error), "%.*s: %s", SLICE_FORMAT(text),
              error.message);
    return value;
}

static int compare_keys(struct value a, struct value b)
{
    struct buffer key_a = {0};
    struct buffer key_b = {0};
    key_append(&key_a, a);
    key_append(&key_b, b);
    cr_assert_eq(key_skip(buffer_slice(&key_a)), key_a.size);
    int order = slice_compare(buffer_slice(&key_a), buffer_slice(&key_b));
    buffer_deinit(&key_a);
    buffer_deinit(&key_b);
    return order;
}

/* Both ways of comparing say `expected`, in both directions, and the hash follows. */
static void assert_order(struct value a, struct value b, int expected, const char *name)
{
    cr_assert_eq(sign(value_compare(a, b)), expected, "%s", name);
    cr_assert_eq(sign(value_compare(b, a)), -expected, "%s", name);
    cr_assert_eq(sign(compare_keys(a, b)), expected, "%s", name);
    cr_assert_eq(value_equal(a, b), expected == 0, "%s", name);
    cr_assert_eq(value_hash(a, 7) == value_hash(b, 7), expected == 0, "%s", name);
}

/* Every pair of the table compares as its places do. */
Test(order, the_table_ascends)
{
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        for (size_t j = 0; j < COUNT_OF(ascending); j++) {
            char name[200];
            snprintf(name, sizeof(name), "%s against %s", ascending[i], ascending[j]);
            int expected = (i > j) - (i < j);
            assert_order(value_of(ascending[i]), value_of(ascending[j]), expected, name);
        }
    }
}

/* The same holds for values that are taken apart, and between both forms. */
Test(order, the_table_ascends_taken_apart)
{
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 1; i < COUNT_OF(ascending); i++) {
        for (size_t j = 1; j < COUNT_OF(ascending); j++) {
            int expected = (i > j) - (i < j);
            struct value a = value_read(&arena, slice_of(ascending[i]));
            struct value b = value_read(&arena, slice_of(ascending[j]));
            assert_order(a, b, expected, ascending[i]);
            assert_order(a, value_of(ascending[j]), expected, ascending[i]);
        }
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

/* Different texts of equal values are equal, and so are their hashes. */
Test(order, equal_values_are_equal_however_they_are_written)
{
    for (size_t i = 0; i < COUNT_OF(equal); i++) {
        assert_order(value_of(equal[i][0]), value_of(equal[i][1]), 0, equal[i][0]);
    }
}

/* Computed values take their places among texts. */
Test(order, computed_values_compare_with_texts)
{
    assert_order(value_from_number(1), value_of("1.0"), 0, "number");
    assert_order(value_from_number(-0.0), value_of("0"), -1, "-0");
    assert_order(value_from_int64(256), value_of("{\"$integer\":\"AAEAAAAAAAA=\"}"), 0, "int64");
    assert_order(value_from_int64(INT64_MIN), value_from_int64(INT64_MAX), -1, "int64");
    assert_order(value_from_int64(5), value_from_number(-5), -1, "int64 and number");
    assert_order(value_from_bool(false), value_of("true"), -1, "boolean");
}

/* Missing fields count as not there, missing items as null: that is how they are written. */
Test(order, missing_parts_compare_as_they_are_written)
{
    const struct value items[] = {value_of("1"), VALUE_IS(VALUE_MISSING)};
    assert_order(value_from_items(items, 2), value_of("[1,null]"), 0, "array");
    const struct value_field fields[] = {
        {.name = SLICE("b"), .value = value_of("2")},
        {.name = SLICE("x"), .value = VALUE_IS(VALUE_MISSING)},
        {.name = SLICE("a"), .value = value_of("1")},
    };
    assert_order(value_from_fields(fields, 3), value_of("{\"a\":1,\"b\":2}"), 0, "object");
}

/* Objects of more fields than are sorted without allocating compare right. */
Test(order, a_document_that_is_extended_is_the_object_that_it_makes)
{
    const char *text = "{\"b\":1,\"d\":2}";
    struct value_field parts[] = {
        {.value = {.kind = VALUE_DOCUMENT, .size = (uint32_t)strlen(text), .text = text}},
        {SLICE("c"), value_from_number(3)},
        {SLICE("gone"), VALUE_IS(VALUE_MISSING)},
        {SLICE("a"), value_from_number(4)},
    };
    struct value extended = value_from_extension(parts, COUNT_OF(parts));
    struct value whole = value_from_text(SLICE("{\"a\":4,\"b\":1,\"c\":3,\"d\":2}"));
    cr_assert_eq(value_compare(extended, whole), 0);
    cr_assert_eq(value_hash(extended, 7), value_hash(whole, 7));
    cr_assert_neq(value_compare(extended, parts[0].value), 0);
    parts[3].value = value_from_number(5);
    cr_assert_gt(value_compare(extended, whole), 0);
}

Test(order, objects_of_many_fields_are_sorted)
{
    enum { count = 100 };
    char names[count][8];
    struct value_field up[count];
    struct value_field down[count];
    for (size_t i = 0; i < count; i++) {
        int size = snprintf(names[i], sizeof(names[i]), "f%zu", i);
        up[i].name = slice_make(names[i], (size_t)size);
        up[i].value = value_from_number((double)i);
        down[count - 1 - i] = up[i];
    }
    assert_order(value_from_fields(up, count), value_from_fields(down, count), 0, "same");
    down[3].value = value_from_number(1e9);
    assert_order(value_from_fields(up, count), value_from_fields(down, count), -1, "greater");
}

/* Making values at random. */

static uint64_t draw(struct maker *maker, uint64_t limit)
{
    uint64_t number = random_next(&maker->random) % limit;
    if (maker->until_change > 0 && --maker->until_change == 0) {
        number = (number + 1 + maker->change % limit) % limit;
    }
    return number;
}

static void add(struct maker *maker, const char *text)
{
    buffer_append_slice(&maker->text, slice_of(text));
}

static void make_string(struct maker *maker, unsigned size_limit)
{
    static const char *const letters[] = {
        "a",    "b", "c",     "\\n",      "\\u0000", "\\u0001", "\\u001f",      "\\\"",
        "\\\\", " ", "u0000", "\xc3\xa4", "z",       "\\t",     "\xe2\x82\xac", "/",
    };
    buffer_append_char(&maker->text, '"');
    for (uint64_t left = draw(maker, size_limit); left > 0; left--) {
        add(maker, letters[draw(maker, COUNT_OF(letters))]);
    }
    buffer_append_char(&maker->text, '"');
}

static void make_bytes(struct maker *maker)
{
    char bytes[600];
    size_t size = draw(maker, draw(maker, 20) == 0 ? sizeof(bytes) : 7);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(draw(maker, 3) * 0x7f + draw(maker, 2));
    }
    struct arena arena;
    arena_init(&arena, 1024);
    value_write(&maker->text, value_from_bytes(&arena, slice_make(bytes, size)));
    arena_deinit(&arena);
}

static void make_number(struct maker *maker)
{
    static const char *const texts[] = {"0",   "-0",   "1",      "1.0",    "-1",    "1e5",
                                        "1.5", "1e-7", "-1.5e3", "123456", "1e300", "5e-324"};
    if (draw(maker, 3) == 0) {
        add(maker, texts[draw(maker, COUNT_OF(texts))]);
        return;
    }
    uint64_t bits = draw(maker, 4) << 62 | draw(maker, 3) << 52 | draw(maker, 4);
    double number = 0;
    memcpy(&number, &bits, sizeof(number));
    value_write(&maker->text, value_from_number(number));
}

static void make_value(struct maker *maker, unsigned depth);

static void make_array(struct maker *maker, unsigned depth)
{
    buffer_append_char(&maker->text, '[');
    uint64_t count = draw(maker, 5);
    for (uint64_t i = 0; i < count; i++) {
        add(maker, i > 0 ? "," : "");
        make_value(maker, depth + 1);
    }
    buffer_append_char(&maker->text, ']');
}

/* Names are of one family, a step apart, so that none comes twice and their order varies. */
static void make_object(struct maker *maker, unsigned depth)
{
    static const char *const names[] = {"a",     "\\n",   "a\\u0000", "aa",      "",
                                        "b\\\"", "b\\\\", "b",        "\xc3\xa4"};
    buffer_append_char(&maker->text, '{');
    uint64_t count = draw(maker, 5);
    uint64_t first = draw(maker, COUNT_OF(names));
    uint64_t step = 1 + draw(maker, 2);
    for (uint64_t i = 0; i < count; i++) {
        add(maker, i > 0 ? ",\"" : "\"");
        add(maker, names[(first + i * step) % COUNT_OF(names)]);
        add(maker, "\":");
        make_value(maker, depth + 1);
    }
    buffer_append_char(&maker->text, '}');
}

static void make_value(struct maker *maker, unsigned depth)
{
    static const char *const plain[] = {"null", "true", "false"};
    switch (draw(maker, depth < 4 ? 9 : 6)) {
    case 0:
        add(maker, plain[draw(maker, COUNT_OF(plain))]);
        return;
    case 1:
        value_write(&maker->text, value_from_int64((int64_t)((draw(maker, 5) << 62) - 2)));
        return;
    case 2:
        make_number(maker);
        return;
    case 3:
        make_bytes(maker);
        return;
    case 4:
    case 5:
        make_string(maker, draw(maker, 10) == 0 ? 60 : 6);
        return;
    case 6:
        make_object(maker, depth);
        return;
    default:
        make_array(maker, depth);
    }
}

/* Makes two values, the second like the first but for one choice that was made on the way. */
static void make_pair(uint64_t *random, struct buffer *a, struct buffer *b)
{
    uint64_t seed = random_next(random);
    struct maker first = {.random = seed, .text = *a};
    struct maker second = {.random = seed, .text = *b};
    second.until_change = (unsigned)(random_next(random) % 40);
    second.change = random_next(random);
    first.text.size = 0;
    second.text.size = 0;
    make_value(&first, 0);
    make_value(&second, 0);
    *a = first.text;
    *b = second.text;
}

/* memcmp of keys, value_compare of texts and of values taken apart, and hashes agree. */
Test(order, keys_order_as_values_do, .timeout = 120)
{
    enum { pairs = 100000 };
    uint64_t random = random_seed("order");
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct buffer text_a = {0};
    struct buffer text_b = {0};
    unsigned counts[3] = {0};
    for (unsigned i = 0; i < pairs; i++) {
        make_pair(&random, &text_a, &text_b);
        struct value a = value_from_text(buffer_slice(&text_a));
        struct value b = value_from_text(buffer_slice(&text_b));
        int expected = sign(compare_keys(a, b));
        char name[400];
        snprintf(name, sizeof(name), "%.*s against %.*s", SLICE_FORMAT(buffer_slice(&text_a)),
                 SLICE_FORMAT(buffer_slice(&text_b)));
        assert_order(a, b, expected, name);
        assert_order(value_read(&arena, buffer_slice(&text_a)), b, expected, name);
        counts[expected + 1]++;
        arena_reset(&arena);
    }
    for (unsigned i = 0; i < COUNT_OF(counts); i++) {
        cr_assert_gt(counts[i], pairs / 20, "the pairs are one-sided");
    }
    buffer_deinit(&text_a);
    buffer_deinit(&text_b);
    arena_deinit(&arena);
}

/* The byte form is what cursors carry and what index/order.h says, to the byte. */
Test(order, keys_have_the_documented_bytes)
{
    static const struct {
        const char *text;
        struct slice key;
    } cases[] = {
        {"{\"$undefined\":null}", {"\x01", 1}},
        {"null", {"\x02", 1}},
        {"false", {"\x05", 1}},
        {"true", {"\x06", 1}},
        {"{\"$integer\":\"AQAAAAAAAAA=\"}", {"\x03\x80\0\0\0\0\0\0\x01", 9}},
        {"{\"$integer\":\"//////////8=\"}", {"\x03\x7f\xff\xff\xff\xff\xff\xff\xff", 9}},
        {"1", {"\x04\xbf\xf0\0\0\0\0\0\0", 9}},
        {"\"\"", {"\x07\0", 2}},
        {"\"a\\u0000b\"", {"\x07\x61\x01\x01\x62\0", 6}},
        {"\"\\u0001\\u001f\\u000b\"", {"\x07\x01\x02\x1f\x0b\0", 6}},
        {"\"\\b\\f\\n\\r\\t\\\"\\\\/\"", {"\x07\x08\x0c\x0a\x0d\x09\x22\x5c\x2f\0", 10}},
        {"\"\xc3\xa4\"", {"\x07\xc3\xa4\0", 4}},
        {"{\"$bytes\":\"AP8B\"}", {"\x08\x01\x01\xff\x01\x02\0", 7}},
        {"[]", {"\x09\0", 2}},
        {"[null,[true]]", {"\x09\x02\x09\x06\0\0", 6}},
        {"{\"b\":true,\"\\n\":null}", {"\x0a\x07\x0a\0\x02\x07\x62\0\x06\0", 10}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer key = {0};
        key_append(&key, value_of(cases[i].text));
        cr_assert(slice_equal(buffer_slice(&key), cases[i].key), "%s", cases[i].text);
        buffer_deinit(&key);
    }
}

/* Skips over a copy that ends where the key ends, so that the sanitizer sees any step beyond. */
static size_t skip_copy(const char *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    size_t skipped = key_skip(slice_make(copy, size));
    free(copy);
    return skipped;
}

/* A form ends itself: what follows does not matter, and no part of it is a whole one. */
Test(order, a_key_ends_itself)
{
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        struct buffer key = {0};
        key_append(&key, value_of(ascending[i]));
        size_t size = key.size;
        for (size_t cut = 0; cut < size; cut++) {
            cr_assert_eq(skip_copy(key.data, cut), 0, "%s cut to %zu", ascending[i], cut);
        }
        cr_assert_eq(skip_copy(key.data, size), size);
        buffer_append(&key, "\x01\x02", 2);
        cr_assert_eq(skip_copy(key.data, key.size), size, "%s", ascending[i]);
        buffer_deinit(&key);
    }
}

/* A range of one value is found by the beginning of keys, so that no form may begin another. */
Test(order, no_key_begins_another)
{
    struct buffer keys[COUNT_OF(ascending)] = {0};
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        key_append(&keys[i], value_of(ascending[i]));
    }
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        for (size_t j = 0; j < COUNT_OF(ascending); j++) {
            bool begins = slice_starts_with(buffer_slice(&keys[j]), buffer_slice(&keys[i]));
            cr_assert_eq(begins, i == j, "%s, %s", ascending[i], ascending[j]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        buffer_deinit(&keys[i]);
    }
}

/* Keys that no value has are refused. */
Test(order, skipping_is_strict)
{
    static const struct slice wrong[] = {
        {"", 0},
        {"\x00", 1},
        {"\x0b", 1},
        {"\xff", 1},
        {"\x03\x00\x00\x00\x00\x00\x00\x00", 8},
        {"\x07\x61", 2},
        {"\x07\x61\x01\x00", 4},
        {"\x07\x61\x01\x03\x00", 5},
        {"\x09\x02", 2},
        {"\x09\x01\x00", 3},                              /* missing in an array */
        {"\x09\x0b\x00", 3},                              /* an unknown type in an array */
        {"\x0a\x07\x61\x00\x00", 5},                      /* a name without value */
        {"\x0a\x07\x61\x00\x01\x00", 6},                  /* missing in an object */
        {"\x0a\x02\x02\x00", 4},                          /* a name that is no string */
        {"\x0a\x08\x61\x00\x02\x00", 6},                  /* a name that is bytes */
        {"\x0a\x07\x61\x00\x02\x07\x61\x00\x02\x00", 10}, /* a name twice */
        {"\x0a\x07\x62\x00\x02\x07\x61\x00\x02\x00", 10}, /* names that descend */
        {"\x0a\x07\x61\x00\x02", 5},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        cr_assert_eq(skip_copy(wrong[i].data, wrong[i].size), 0, "case %zu", i);
    }
    cr_assert_eq(key_skip(SLICE("\x0a\x07\x61\x00\x02\x07\x62\x00\x02\x00\x00")), 10);
}

/* Depth from outside is bounded: a key that nests without end is refused, not followed. */
Test(order, skipping_survives_any_depth)
{
    enum { size = 1000000 };
    char *key = malloc(size);
    memset(key, 0x09, size);
    cr_assert_eq(key_skip(slice_make(key, size)), 0);
    memset(key, 0x09, 128);
    memset(key + 128, 0x00, 128);
    cr_assert_eq(key_skip(slice_make(key, 256)), 256);
    free(key);
}

/* Keys with a byte changed are skipped or refused, and nothing behind their end is read. */
Test(order, skipping_damaged_keys_stays_inside)
{
    uint64_t random = random_seed("order");
    struct maker maker = {.random = random};
    struct buffer key = {0};
    for (unsigned i = 0; i < 20000; i++) {
        maker.text.size = 0;
        key.size = 0;
        make_value(&maker, 0);
        key_append(&key, value_from_text(buffer_slice(&maker.text)));
        key.data[random_next(&random) % key.size] = (char)(random_next(&random) % 12);
        cr_assert_leq(skip_copy(key.data, key.size), key.size);
    }
    buffer_deinit(&maker.text);
    buffer_deinit(&key);
}

/* A hint is the head of a key; what lacks is filled up. */
Test(order, a_hint_is_eight_bytes_of_the_key)
{
    cr_assert_eq(key_hint(SLICE("\x01\x02\x03\x04\x05\x06\x07\x08\x09"), 0), 0x0102030405060708);
    cr_assert_eq(key_hint(SLICE("\xfe"), 0), 0xfe00000000000000);
    cr_assert_eq(key_hint(SLICE("\x01"), 0xff), 0x01ffffffffffffff);
    cr_assert_eq(key_hint((struct slice){0}, 0), 0);
    cr_assert_eq(key_hint((struct slice){0}, 0xff), UINT64_MAX);
}

/* Different seeds give different hashes. */
Test(order, a_hash_depends_on_the_seed)
{
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        struct value value = value_of(ascending[i]);
        cr_assert_neq(value_hash(value, 1), value_hash(value, 2), "%s", ascending[i]);
    }
}
