/* Types: which values they take, and what is said of the others. */
#include "storage/type.h"

#include "base/json.h"
#include "storage/schema.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* An id of table 10001, users, and one of 10002, posts. */
#define USER  "\"j57000820c20a1g7104gm2rc1m70ynr8\""
#define POST  "\"j97fzzzzzzzzzzzzzzzzzzzzzzzzzm7a\""
#define ONE   "{\"$integer\":\"AQAAAAAAAAA=\"}"
#define NAN_  "{\"$float\":\"AAAAAAAA+H8=\"}"
#define BYTES "{\"$bytes\":\"AAE=\"}"

/* A schema whose table users has one field, f, of the type. */
static struct schema *schema_of(const char *type)
{
    struct buffer text = {0};
    struct buffer message = {0};
    buffer_append_format(&text,
                         "{\"tables\":{\"users\":{\"number\":10001,\"fields\":{\"f\":%s}},"
                         "\"posts\":{\"number\":10002}}}",
                         type);
    struct schema *schema = schema_read(buffer_slice(&text), "s.json", &message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    buffer_deinit(&text);
    buffer_deinit(&message);
    return schema;
}

static const struct type *type_in(const struct schema *schema)
{
    return schema->tables[0].fields->fields[0].type;
}

static struct value read_value(struct arena *arena, const char *text)
{
    struct value value;
    struct json_error error;
    cr_assert(json_read(arena, slice_of(text), 128, &value, NULL, &error), "%s", text);
    return value;
}

struct taken {
    const char *type;
    const char *right[8];
    const char *wrong[12];
};

static const struct taken taken[] = {
    {"\"any\"", {"null", "1", "\"x\"", "[]", "{}", ONE, BYTES, "true"}, {NULL}},
    {"\"string\"",
     {"\"\"", "\"x\"", USER},
     {"null", "1", ONE, NAN_, BYTES, "true", "[]", "{}", "[\"x\"]", "{\"a\":\"x\"}"}},
    {"\"number\"",
     {"0", "-1.5e300", "1", NAN_, "{\"$float\":\"AAAAAAAAAIA=\"}"},
     {"null", "\"1\"", ONE, BYTES, "false", "[]", "{}"}},
    {"\"int64\"", {ONE}, {"1", "null", "\"1\"", NAN_, BYTES, "true", "[]", "{}"}},
    {"\"boolean\"", {"true", "false"}, {"null", "0", "\"true\"", "[]", "{}", ONE}},
    {"\"null\"", {"null"}, {"false", "0", "\"\"", "[]", "{}", ONE}},
    {"\"bytes\"", {BYTES, "{\"$bytes\":\"\"}"}, {"\"AAE=\"", "null", ONE, NAN_, "[]", "{}", "1"}},
    {"{\"id\":\"users\"}",
     {USER},
     {POST, "\"j57000820c20a1g7104gm2rc1m70ynr9\"", "\"\"", "\"ada\"", "null", "1", "{}",
      "\"J57000820C20A1G7104GM2RC1M70YNR8\""}},
    {"{\"array\":\"string\"}",
     {"[]", "[\"a\"]", "[\"a\",\"b\",\"c\"]"},
     {"[1]", "[\"a\",null]", "null", "{}", "\"a\"", "[[\"a\"]]"}},
    {"{\"array\":{\"array\":{\"array\":{\"array\":{\"array\":{\"array\":\"null\"}}}}}}",
     {"[[[[[[null]]]]]]", "[[[[[]]]]]", "[]"},
     {"[[[[[[1]]]]]]", "[[[[[[[]]]]]]]"}},
    {"{\"object\":{\"a\":\"string\",\"b\":{\"optional\":\"number\"},\"c\":\"null\"}}",
     {"{\"a\":\"x\",\"b\":1,\"c\":null}", "{\"a\":\"x\",\"c\":null}", "{\"c\":null,\"a\":\"x\"}",
      "{\"b\":1,\"c\":null,\"a\":\"\"}"},
     {"{}", "{\"a\":\"x\"}", "{\"c\":null}", "{\"a\":\"x\",\"b\":null,\"c\":null}",
      "{\"a\":\"x\",\"c\":null,\"d\":1}", "{\"a\":1,\"c\":null}", "[]", "null",
      "{\"a\":\"x\",\"b\":1,\"b2\":1,\"c\":null}", ONE}},
    {"{\"object\":{}}", {"{}"}, {"{\"a\":1}", "null", BYTES, NAN_}},
    {"{\"record\":{\"keys\":\"string\",\"values\":\"number\"}}",
     {"{}", "{\"a\":1}", "{\"a\":1,\"\":2}"},
     {"{\"a\":\"x\"}", "{\"a\":1,\"b\":null}", "[]", "null", ONE}},
    {"{\"record\":{\"keys\":{\"id\":\"users\"},\"values\":\"any\"}}",
     {"{}", "{" USER ":1}"},
     {"{" POST ":1}", "{\"ada\":1}", "{" USER ":1,\"x\":2}"}},
    {"{\"record\":{\"keys\":{\"union\":[{\"literal\":\"a\"},{\"literal\":\"b\"}]},\"values\":"
     "\"boolean\"}}",
     {"{}", "{\"a\":true}", "{\"b\":false,\"a\":true}"},
     {"{\"c\":true}", "{\"a\":1}"}},
    {"{\"union\":[]}", {NULL}, {"null", "1", "{}"}},
    {"{\"union\":[\"string\",\"null\",{\"object\":{\"a\":\"string\"}},{\"object\":{\"a\":"
     "\"number\","
     "\"b\":\"any\"}}]}",
     {"\"x\"", "null", "{\"a\":\"x\"}", "{\"a\":1,\"b\":2}"},
     {"1", "{\"a\":1}", "{\"a\":\"x\",\"b\":2}", "[]"}},
    {"{\"union\":[{\"id\":\"users\"},{\"id\":\"posts\"}]}", {USER, POST}, {"\"x\"", "null"}},
    {"{\"literal\":\"draft\"}", {"\"draft\""}, {"\"Draft\"", "\"\"", "null", "1"}},
    {"{\"literal\":\"\\n\"}", {"\"\\n\"", "\"\\u000a\""}, {"\"n\"", "\"\\\\n\""}},
    {"{\"literal\":1}", {"1", "1.0", "10e-1"}, {"2", ONE, "\"1\"", "true"}},
    {"{\"literal\":0}", {"0", "0.0"}, {"-0.0", "false", "null"}},
    {"{\"literal\":" ONE "}", {ONE}, {"1", "{\"$integer\":\"AgAAAAAAAAA=\"}"}},
    {"{\"literal\":true}", {"true"}, {"false", "1", "\"true\"", "null"}},
};

static void expect_check(const struct type *type, struct value value, bool right, const char *what)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, 4096);
    error_init(&error, &arena);
    cr_expect_eq(type_check(type, value, &error), right, "%s", what);
    cr_expect_eq(error.code, right ? ERROR_NONE : ERROR_SCHEMA_VIOLATION, "%s", what);
    cr_expect_eq(type_accepts(type, value), right, "%s", what);
    arena_deinit(&arena);
}

/* The value as the reader made it, and again as one text. */
static void expect_text_check(const struct type *type, const char *text, bool right)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct value value = read_value(&arena, text);
    expect_check(type, value, right, text);
    expect_check(type, value_from_text(value_text(&arena, value)), right, text);
    arena_deinit(&arena);
}

Test(type, every_type_takes_its_values_and_no_others)
{
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        struct schema *schema = schema_of(taken[i].type);
        for (size_t j = 0; j < COUNT_OF(taken[i].right) && taken[i].right[j] != NULL; j++) {
            expect_text_check(type_in(schema), taken[i].right[j], true);
        }
        for (size_t j = 0; j < COUNT_OF(taken[i].wrong) && taken[i].wrong[j] != NULL; j++) {
            expect_text_check(type_in(schema), taken[i].wrong[j], false);
        }
        schema_destroy(schema);
    }
}

/* What is found wrong must also be found again when it is to be told. */
static void expect_explained(const struct type *type, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count && values[i] != NULL; i++) {
        struct arena arena;
        struct error error;
        arena_init(&arena, 4096);
        error_init(&error, &arena);
        struct value value = read_value(&arena, values[i]);
        bool right = type_check(type, value, &error);
        cr_expect_eq(right, type_accepts(type, value));
        cr_expect_eq(right, error.message.size == 0);
        cr_expect_eq(right, error.path.data == NULL);
        arena_deinit(&arena);
    }
}

Test(type, whatever_is_refused_is_explained)
{
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        struct schema *schema = schema_of(taken[i].type);
        for (size_t j = 0; j < COUNT_OF(taken); j++) {
            expect_explained(type_in(schema), taken[j].right, COUNT_OF(taken[j].right));
            expect_explained(type_in(schema), taken[j].wrong, COUNT_OF(taken[j].wrong));
        }
        schema_destroy(schema);
    }
}

Test(type, computed_values_are_checked_as_read_ones)
{
    const struct value items[] = {value_from_number(1), VALUE_IS(VALUE_MISSING)};
    const struct value_field fields[] = {{SLICE("a"), value_from_int64(1)},
                                         {SLICE("b"), VALUE_IS(VALUE_MISSING)}};
    const struct {
        const char *type;
        struct value value;
        bool right;
    } cases[] = {
        {"\"number\"", value_from_number(1), true},
        {"\"number\"", value_from_number((double)NAN), true},
        {"\"number\"", value_from_int64(1), false},
        {"\"int64\"", value_from_int64(1), true},
        {"\"int64\"", value_from_number(1), false},
        {"{\"literal\":1}", value_from_number(1), true},
        {"{\"literal\":" ONE "}", value_from_int64(1), true},
        {"\"any\"", VALUE_IS(VALUE_MISSING), false},
        {"\"null\"", VALUE_IS(VALUE_MISSING), false},
        {"{\"array\":\"number\"}", value_from_items(items, 1), true},
        {"{\"array\":\"number\"}", value_from_items(items, 2), false},
        {"{\"array\":{\"union\":[\"number\",\"null\"]}}", value_from_items(items, 2), true},
        {"{\"array\":\"number\"}", value_from_items(NULL, 0), true},
        {"{\"object\":{\"a\":\"int64\"}}", value_from_fields(fields, 2), true},
        {"{\"object\":{\"a\":\"int64\",\"b\":{\"optional\":\"null\"}}}",
         value_from_fields(fields, 2), true},
        {"{\"object\":{\"a\":\"int64\",\"b\":\"null\"}}", value_from_fields(fields, 2), false},
        {"{\"object\":{}}", value_from_fields(NULL, 0), true},
        {"{\"record\":{\"keys\":\"string\",\"values\":\"int64\"}}", value_from_fields(fields, 2),
         true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct schema *schema = schema_of(cases[i].type);
        expect_check(type_in(schema), cases[i].value, cases[i].right, cases[i].type);
        schema_destroy(schema);
    }
}

static void expect_slice(struct slice slice, const char *expected)
{
    if (expected == NULL) {
        cr_expect_null(slice.data, "%.*s", SLICE_FORMAT(slice));
    } else {
        cr_expect(slice.data != NULL && slice_equal(slice, slice_of(expected)), "%.*s is not %s",
                  SLICE_FORMAT(slice), expected);
    }
}

struct violation {
    const char *type; /* of the field f of a document */
    const char *document;
    const char *message;
    const char *path;
    const char *field;
    const char *value;
};

#define MISSING(name)                                                                              \
    "Object is missing the required field `" name "`. Consider wrapping the field validator in "   \
    "`v.optional(...)` if this is expected.\n"
#define EXTRA(name) "Object contains extra field `" name "` that is not in the validator.\n"
#define WRONG       "Value does not match validator.\n"

static const struct violation violations[] = {
    {"\"string\"", "{}", MISSING("f") "Object: {}\nValidator: v.object({f: v.string()})", "", "f",
     NULL},
    {"\"string\"", "{\"f\":\"x\",\"g\":[1]}",
     EXTRA("g") "Object: {\"f\":\"x\",\"g\":[1]}\nValidator: v.object({f: v.string()})", "/g", "g",
     "[1]"},
    {"\"string\"", "{\"f\":1}", WRONG "Path: .f\nValue: 1\nValidator: v.string()", "/f", "f", "1"},
    {"\"number\"", "{\"g\":1,\"f\":null}", WRONG "Path: .f\nValue: null\nValidator: v.float64()",
     "/f", "f", "null"},
    {"{\"id\":\"users\"}", "{\"f\":" POST "}",
     WRONG "Path: .f\nValue: " POST "\nValidator: v.id(\"users\")", "/f", "f", POST},
    {"{\"array\":{\"object\":{\"a/b\":\"int64\"}}}", "{\"f\":[{\"a/b\":" ONE "},{\"a/b\":2}]}",
     WRONG "Path: .f[1].a/b\nValue: 2\nValidator: v.int64()", "/f/1/a~1b", "f", "2"},
    {"{\"array\":{\"object\":{\"a\":\"null\"}}}", "{\"f\":[{}]}",
     MISSING("a") "Path: .f[0]\nObject: {}\nValidator: v.object({a: v.null()})", "/f/0", "f", NULL},
    {"{\"object\":{\"a\":{\"optional\":\"bytes\"}}}", "{\"f\":{\"b\":true}}",
     EXTRA("b") "Path: .f\nObject: {\"b\":true}\nValidator: v.object({a: v.optional(v.bytes())})",
     "/f/b", "f", "true"},
    {"{\"record\":{\"keys\":{\"id\":\"posts\"},\"values\":\"any\"}}", "{\"f\":{\"x\":1}}",
     WRONG "Path: .f.x\nValue: \"x\"\nValidator: v.id(\"posts\")", "/f/x", "f", "\"x\""},
    {"{\"record\":{\"keys\":\"string\",\"values\":\"boolean\"}}", "{\"f\":{\"x\":1}}",
     WRONG "Path: .f.x\nValue: 1\nValidator: v.boolean()", "/f/x", "f", "1"},
    {"{\"union\":[\"any\",\"null\"]}", "{\"g\":1}",
     MISSING("f") "Object: {\"g\":1}\nValidator: v.object({f: v.union(v.any(), v.null())})", "",
     "f", NULL},
    {"{\"union\":[{\"literal\":\"a\"},{\"literal\":1.50},{\"literal\":" ONE
     "},{\"literal\":true}]}",
     "{\"f\":{\"x\":[]}}",
     WRONG "Path: .f\nValue: {\"x\":[]}\nValidator: v.union(v.literal(\"a\"), v.literal(1.5), "
           "v.literal(1n), v.literal(true))",
     "/f", "f", "{\"x\":[]}"},
    {"{\"record\":{\"keys\":\"string\",\"values\":{\"array\":\"number\"}}}", "{\"f\":[]}",
     WRONG "Path: .f\nValue: []\nValidator: v.record(v.string(), v.array(v.float64()))", "/f", "f",
     "[]"},
};

static void expect_violation(const struct violation *violation)
{
    struct schema *schema = schema_of(violation->type);
    struct arena arena;
    struct error error;
    arena_init(&arena, 4096);
    error_init(&error, &arena);
    uint32_t count = 0;
    struct value document = read_value(&arena, violation->document);
    const struct value_field *fields = value_fields(&arena, document, &count);
    cr_expect_not(type_check_fields(schema->tables[0].fields, fields, count, &error), "%s",
                  violation->document);
    cr_expect_eq(error.code, ERROR_SCHEMA_VIOLATION);
    expect_slice(error.message, violation->message);
    expect_slice(error.path, violation->path);
    expect_slice(error.field, violation->field);
    struct slice value = {0};
    if (!value_is_missing(error.value)) {
        value = value_text(&arena, error.value);
    }
    expect_slice(value, violation->value);
    arena_deinit(&arena);
    schema_destroy(schema);
}

Test(type, violations_are_told_in_the_words_of_convex)
{
    for (size_t i = 0; i < COUNT_OF(violations); i++) {
        expect_violation(&violations[i]);
    }
}

Test(type, a_name_with_escapes_is_canonical_in_path_and_field)
{
    struct violation violation = {"\"any\"",
                                  "{\"f\":1,\"a\\n\":2}",
                                  EXTRA("a\\n") "Object: {\"f\":1,\"a\\n\":2}\n"
                                                "Validator: v.object({f: v.any()})",
                                  "/a\\n",
                                  "a\\n",
                                  "2"};
    expect_violation(&violation);
}

Test(type, long_values_are_cut_between_characters)
{
    struct schema *schema = schema_of("\"number\"");
    struct arena arena;
    arena_init(&arena, 4096);
    for (unsigned shift = 0; shift < 4; shift++) {
        char text[512] = "\"";
        memset(text + 1, 'a', shift);
        for (unsigned i = 0; i < 60; i++) {
            memcpy(text + 1 + shift + i * 3, "\xe2\x82\xac", 3);
        }
        memcpy(text + 1 + shift + 180, "\"", 2);
        struct error error;
        error_init(&error, &arena);
        struct value value = read_value(&arena, text);
        cr_assert_not(type_check(type_in(schema), value, &error));
        unsigned size = 1 + shift + (100 - 1 - shift) / 3 * 3;
        struct slice expected =
            arena_format(&arena, WRONG "Value: %.*s...\nValidator: v.float64()", (int)size, text);
        cr_expect(slice_equal(error.message, expected), "%.*s", SLICE_FORMAT(error.message));
        expect_slice(error.path, "");
        expect_slice(error.field, NULL);
    }
    arena_deinit(&arena);
    schema_destroy(schema);
}

Test(type, a_table_of_several_kinds_takes_each_of_them)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(
        SLICE("{\"tables\":{\"t\":{\"fields\":{\"union\":[{\"object\":{\"kind\":{\"literal\":1},"
              "\"a\":\"string\"}},{\"object\":{\"kind\":{\"literal\":2},\"b\":\"string\"}}]}}}}"),
        "s.json", &message);
    cr_assert_not_null(schema);
    const struct {
        const char *document;
        bool right;
    } cases[] = {{"{\"kind\":1,\"a\":\"x\"}", true},
                 {"{\"b\":\"x\",\"kind\":2}", true},
                 {"{\"kind\":1,\"b\":\"x\"}", false},
                 {"{\"kind\":3}", false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena;
        struct error error;
        arena_init(&arena, 4096);
        error_init(&error, &arena);
        uint32_t count = 0;
        const struct value_field *fields =
            value_fields(&arena, read_value(&arena, cases[i].document), &count);
        cr_expect_eq(type_check_fields(schema->tables[0].fields, fields, count, &error),
                     cases[i].right);
        if (!cases[i].right) {
            cr_expect(slice_starts_with(error.message, SLICE(WRONG "Value: {")));
        }
        arena_deinit(&arena);
    }
    schema_destroy(schema);
}

#define MANY 200

static void shuffle(struct value_field *fields, uint32_t count, uint64_t *state)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)(random_next(state) % i);
        struct value_field moving = fields[i - 1];
        fields[i - 1] = fields[other];
        fields[other] = moving;
    }
}

/* An object type of many fields, every third optional, against documents in any order. */
Test(type, many_fields_match_in_any_order)
{
    uint64_t state = random_seed("type");
    char names[MANY][8];
    struct buffer text = {0};
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "f%u", i);
        buffer_append_format(&text, i == 0 ? "{\"object\":{" : ",");
        buffer_append_format(
            &text, i % 3 == 0 ? "\"f%u\":{\"optional\":\"null\"}" : "\"f%u\":\"null\"", i);
    }
    buffer_append_format(&text, "}}%c", '\0');
    struct schema *schema = schema_of(text.data);
    for (unsigned round = 0; round < 200; round++) {
        bool complete = round % 2 == 0;
        unsigned lacking = complete ? MANY : (unsigned)(random_next(&state) % (MANY / 3)) * 3 + 1;
        struct value_field fields[MANY];
        uint32_t count = 0;
        for (unsigned i = 0; i < MANY; i++) {
            bool left_out = i == lacking || (i % 3 == 0 && random_next(&state) % 2 == 0);
            fields[count] = (struct value_field){slice_of(names[i]), VALUE_IS(VALUE_NULL)};
            count += !left_out;
        }
        shuffle(fields, count, &state);
        expect_check(type_in(schema), value_from_fields(fields, count), complete, "many");
    }
    schema_destroy(schema);
    buffer_deinit(&text);
}

static const struct type *at_path(const struct type *type, const char *path)
{
    struct slice names[8];
    uint32_t count = 0;
    while (*path != '\0') {
        size_t size = strcspn(path, ".");
        names[count] = slice_make(path, size);
        count += 1;
        path += size + (path[size] == '.');
    }
    return type_at_path(type, names, count);
}

Test(type, a_path_leads_to_the_type_of_its_field)
{
    struct schema *schema = schema_of(
        "{\"object\":{\"s\":\"string\",\"o\":{\"optional\":{\"object\":{\"n\":\"number\"}}},"
        "\"any\":\"any\",\"list\":{\"array\":\"string\"},"
        "\"orNull\":{\"union\":[{\"object\":{\"n\":\"int64\"}},\"null\"]},"
        "\"either\":{\"union\":[{\"object\":{\"n\":\"int64\",\"m\":\"null\"}},"
        "{\"object\":{\"n\":\"bytes\"}}]},"
        "\"byName\":{\"record\":{\"keys\":\"string\",\"values\":\"boolean\"}},"
        "\"byId\":{\"record\":{\"keys\":{\"literal\":\"k\"},\"values\":\"boolean\"}}}}");
    static const struct {
        const char *path;
        int kind; /* -1: none */
    } cases[] = {{"", TYPE_KIND_OBJECT},
                 {"s", TYPE_KIND_STRING},
                 {"s.x", -1},
                 {"t", -1},
                 {"o", TYPE_KIND_OBJECT},
                 {"o.n", TYPE_KIND_NUMBER},
                 {"o.m", -1},
                 {"any", TYPE_KIND_ANY},
                 {"any.a.b", TYPE_KIND_ANY},
                 {"list", TYPE_KIND_ARRAY},
                 {"list.0", -1},
                 {"orNull.n", TYPE_KIND_INT64},
                 {"orNull.m", -1},
                 {"either.n", TYPE_KIND_ANY},
                 {"either.m", TYPE_KIND_NULL},
                 {"byName.x", TYPE_KIND_BOOLEAN},
                 {"byId.k", TYPE_KIND_BOOLEAN},
                 {"byId.x", -1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct type *found = at_path(type_in(schema), cases[i].path);
        cr_expect_eq(found == NULL ? -1 : (int)found->kind, cases[i].kind, "%s", cases[i].path);
    }
    schema_destroy(schema);
}

Test(type, what_indexes_and_lookups_ask_about_ids)
{
    static const struct {
        const char *type;
        const char *only_table;
        bool strings_are_ids;
        bool takes_users;
        bool takes_posts;
    } cases[] = {
        {"{\"id\":\"users\"}", "users", true, true, false},
        {"{\"union\":[{\"id\":\"users\"},\"null\"]}", "users", true, true, false},
        {"{\"union\":[\"null\",{\"union\":[{\"id\":\"users\"}]}]}", "users", true, true, false},
        {"{\"union\":[{\"id\":\"users\"},{\"id\":\"posts\"}]}", "", true, true, true},
        {"{\"union\":[{\"id\":\"posts\"},\"number\"]}", "", true, false, true},
        {"{\"union\":[{\"id\":\"posts\"},{\"literal\":1}]}", "", true, false, true},
        {"{\"union\":[{\"id\":\"posts\"},\"string\"]}", "", false, false, true},
        {"{\"union\":[{\"id\":\"posts\"},{\"literal\":\"none\"}]}", "", false, false, true},
        {"{\"union\":[{\"id\":\"posts\"},\"any\"]}", "", false, false, true},
        {"{\"array\":{\"id\":\"users\"}}", "", false, false, false},
        {"\"string\"", "", false, false, false},
        {"\"any\"", "", false, false, false},
        {"\"null\"", "", false, false, false},
        {"{\"union\":[]}", "", false, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct schema *schema = schema_of(cases[i].type);
        const struct type *type = type_in(schema);
        cr_expect(slice_equal(type_only_id_table(type), slice_of(cases[i].only_table)), "%s",
                  cases[i].type);
        cr_expect_eq(type_strings_are_ids(type), cases[i].strings_are_ids, "%s", cases[i].type);
        cr_expect_eq(type_takes_id_of(type, 10001), cases[i].takes_users, "%s", cases[i].type);
        cr_expect_eq(type_takes_id_of(type, 10002), cases[i].takes_posts, "%s", cases[i].type);
        schema_destroy(schema);
    }
}
