/* The schema file: what is read in either form, what is refused and how, and writing it. */
#include "storage/schema.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct schema *read_right(const char *text)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(slice_of(text), "s.json", &message);
    cr_assert_not_null(schema, "%.*s\n%s", SLICE_FORMAT(buffer_slice(&message)), text);
    cr_assert_eq(message.size, 0);
    buffer_deinit(&message);
    return schema;
}

static void assert_written(const struct schema *schema, const char *expected)
{
    struct buffer buffer = {0};
    schema_write(&buffer, schema);
    buffer_append_char(&buffer, '\0');
    cr_assert_str_eq(buffer.data, expected);
    buffer_deinit(&buffer);
}

static void assert_round_trip(const char *text)
{
    struct schema *schema = read_right(text);
    assert_written(schema, text);
    schema_destroy(schema);
}

struct wrong {
    const char *text;
    const char *message;
};

static void assert_refused(const struct wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer message = {0};
        struct schema *schema = schema_read(slice_of(cases[i].text), "s.json", &message);
        buffer_append_char(&message, '\0');
        cr_expect_null(schema, "taken: %s", cases[i].text);
        cr_expect_str_eq(message.data, cases[i].message);
        cr_expect_null(strchr(message.data, '\n'));
        buffer_deinit(&message);
        schema_destroy(schema);
    }
}

/* A table of one field with the type. */
#define FIELD(type) "{\"tables\":{\"t\":{\"fields\":{\"f\":" type "}},\"u\":{}}}"
/* A table with fields a, o.p, "x.y" and any and the indexes. */
#define INDEXES(indexes)                                                                           \
    "{\"tables\":{\"t\":{\"indexes\":" indexes ",\"fields\":{\"a\":\"string\",\"o\":{\"object\":"  \
    "{\"p\":\"string\"}},\"x.y\":\"string\",\"any\":\"any\"}}}}"

Test(schema, the_example_of_the_contract_is_read)
{
    struct schema *schema = read_right(
        "{\n"
        "  \"tables\": {\n"
        "    \"users\": {\"fields\": {\"name\": \"string\", \"email\": {\"optional\": \"string\"}},"
        "              \"indexes\": {\"by_email\": {\"fields\": [\"email\"], \"unique\": true}}},\n"
        "    \"posts\": {\"fields\": {\"title\": \"string\", \"authorId\": {\"id\": \"users\"}, "
        "\"tags\": {\"array\": \"string\"}},\n"
        "              \"indexes\": {\"by_authorId\": [\"authorId\"], \"by_author_title\": "
        "[\"authorId\", \"title\"]}},\n"
        "    \"drafts\": {\"number\": 10007}\n"
        "  }\n"
        "}\n");
    cr_assert_eq(schema->table_count, 3);
    const struct schema_table *users = schema_find_table(schema, SLICE("users"));
    const struct schema_table *posts = schema_find_table(schema, SLICE("posts"));
    const struct schema_table *drafts = schema_find_table(schema, SLICE("drafts"));
    cr_assert(users == &schema->tables[0] && posts == &schema->tables[1]);
    cr_assert_eq(users->fields->field_count, 2);
    cr_assert_eq(users->fields->required_count, 1);
    cr_assert(users->fields->fields[1].optional);
    cr_assert(users->indexes[0].unique);
    cr_assert_eq(posts->index_count, 2);
    cr_assert_not(posts->indexes[1].unique);
    cr_assert_eq(posts->indexes[1].field_count, 2);
    cr_assert(slice_equal(posts->indexes[1].fields[1].names[0], SLICE("title")));
    cr_assert_eq(drafts->number, 10007);
    cr_assert_null(drafts->fields);
    cr_assert_null(schema_find_table(schema, SLICE("user")));
    schema_destroy(schema);
}

Test(schema, every_type_is_written_as_it_was_read)
{
    static const char *types[] = {"\"string\"",
                                  "\"number\"",
                                  "\"int64\"",
                                  "\"boolean\"",
                                  "\"null\"",
                                  "\"bytes\"",
                                  "\"any\"",
                                  "{\"id\":\"u\"}",
                                  "{\"array\":{\"array\":\"number\"}}",
                                  "{\"object\":{}}",
                                  "{\"object\":{\"a\":\"any\",\"b\\\"\":{\"optional\":\"null\"}}}",
                                  "{\"record\":{\"keys\":\"string\",\"values\":{\"id\":\"t\"}}}",
                                  "{\"record\":{\"keys\":{\"union\":[{\"id\":\"t\"},{\"literal\":"
                                  "\"x\"}]},\"values\":\"any\"}}",
                                  "{\"union\":[]}",
                                  "{\"union\":[\"null\",{\"id\":\"u\"},{\"union\":[\"bytes\"]}]}",
                                  "{\"literal\":\"\\u0001 \\\"x\\\"\\n\"}",
                                  "{\"literal\":\"\\\\u0000\"}",
                                  "{\"literal\":9007199254740991}",
                                  "{\"literal\":-9007199254740991}",
                                  "{\"literal\":0.30000000000000004}",
                                  "{\"literal\":true}",
                                  "{\"literal\":{\"$integer\":\"AQAAAAAAAAA=\"}}",
                                  "{\"optional\":{\"union\":[\"string\",\"null\"]}}",
                                  "{\"object\":{\"a\":{\"object\":{\"b\":{\"object\":{\"c\":"
                                  "{\"object\":{\"d\":{\"array\":{\"id\":\"t\"}}}}}}}}}}"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        char text[512];
        snprintf(text, sizeof(text), FIELD("%s"), types[i]);
        assert_round_trip(text);
    }
}

Test(schema, tables_and_indexes_are_written_as_they_were_read)
{
    static const char *texts[] = {
        "{\"tables\":{}}",
        "{\"tables\":{\"a\":{},\"B_9\":{\"number\":1},\"c\":{\"number\":4294967295,\"fields\":{}}}"
        "}",
        "{\"tables\":{\"a\":{\"fields\":{\"x\":\"any\"},\"indexes\":{\"i\":[\"x\",\"x.y\"],"
        "\"j\":{\"fields\":[\"x\"],\"unique\":true}}}}}",
        "{\"tables\":{\"a\":{\"indexes\":{\"i\":[\"whatever.it.is\"]}}}}",
        "{\"tables\":{\"a\":{\"fields\":{\"union\":[{\"object\":{\"kind\":{\"literal\":\"x\"}}},"
        "{\"object\":{\"n\":\"number\"}}]},\"indexes\":{\"i\":[\"n\"],\"j\":[\"kind\"]}}}}",
        "{\"tables\":{\"a\":{\"fields\":{\"union\":\"string\"}}}}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_round_trip(texts[i]);
    }
}

Test(schema, an_index_reaches_into_objects_unions_and_records)
{
    struct schema *schema = read_right(
        "{\"tables\":{\"t\":{\"fields\":{"
        "\"o\":{\"object\":{\"p\":{\"optional\":{\"object\":{\"q\":\"string\"}}}}},"
        "\"u\":{\"union\":[\"null\",{\"object\":{\"x\":\"string\"}},{\"object\":{\"y\":\"null\"}}]}"
        ","
        "\"r\":{\"record\":{\"keys\":\"string\",\"values\":\"number\"}},\"a\":\"any\"},"
        "\"indexes\":{\"i1\":[\"o.p.q\"],\"i2\":[\"u.x\"],\"i3\":[\"u.y\"],\"i4\":[\"r.k\"],"
        "\"i5\":[\"a.b.c\"],\"i6\":[\"o\"]}}}}");
    const struct schema_index *index = &schema->tables[0].indexes[0];
    cr_assert_eq(schema->tables[0].index_count, 6);
    cr_assert_eq(index->fields[0].name_count, 3);
    cr_assert(slice_equal(index->fields[0].names[1], SLICE("p")));
    cr_assert(slice_equal(index->fields[0].text, SLICE("o.p.q")));
    schema_destroy(schema);
}

Test(schema, a_number_goes_to_the_table_and_to_every_id_of_it)
{
    struct schema *schema =
        read_right("{\"tables\":{\"a\":{\"fields\":{\"x\":{\"id\":\"b\"},\"y\":{\"array\":{\"id\":"
                   "\"a\"}}}},\"b\":{\"number\":7}}}");
    const struct type *fields = schema->tables[0].fields;
    cr_assert_eq(fields->fields[0].type->table_number, 7);
    cr_assert_eq(fields->fields[1].type->element->table_number, 0);
    schema_set_table_number(schema, &schema->tables[0], 10001);
    cr_assert_eq(fields->fields[1].type->element->table_number, 10001);
    cr_assert_eq(fields->fields[0].type->table_number, 7);
    assert_written(schema, "{\"tables\":{\"a\":{\"number\":10001,\"fields\":{\"x\":{\"id\":\"b\"},"
                           "\"y\":{\"array\":{\"id\":\"a\"}}}},\"b\":{\"number\":7}}}");
    schema_destroy(schema);
}

Test(schema, many_tables_are_found_by_name)
{
    struct buffer text = {0};
    unsigned count = 300;
    for (unsigned i = 0; i < count; i++) {
        buffer_append_format(&text, "%s\"t%u\":{\"fields\":{\"f\":{\"id\":\"t%u\"}}}",
                             i == 0 ? "{\"tables\":{" : ",", i * 7919 % count, i);
    }
    buffer_append_format(&text, "}}%c", '\0');
    struct schema *schema = read_right(text.data);
    cr_assert_eq(schema->id_type_count, count);
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%u", i);
        struct schema_table *table = schema_find_table(schema, slice_of(name));
        cr_assert_not_null(table);
        cr_assert(slice_equal(table->name, slice_of(name)));
    }
    schema_destroy(schema);
    buffer_deinit(&text);
}

Test(schema, what_convex_exports_means_the_same)
{
    struct schema *schema = read_right(
        "{\"tables\":[{\"tableName\":\"users\",\"indexes\":[{\"indexDescriptor\":\"by_email\","
        "\"fields\":[\"email\"]},{\"indexDescriptor\":\"by_q\",\"fields\":[\"o.q\",\"n\"]}],"
        "\"stagedDbIndexes\":[],\"searchIndexes\":[{\"indexDescriptor\":\"s\",\"searchField\":"
        "\"email\",\"filterFields\":[]}],\"stagedSearchIndexes\":[],\"vectorIndexes\":[],"
        "\"stagedVectorIndexes\":[],\"documentType\":{\"type\":\"object\",\"value\":{"
        "\"email\":{\"fieldType\":{\"type\":\"string\"},\"optional\":true},"
        "\"n\":{\"fieldType\":{\"type\":\"number\"},\"optional\":false},"
        "\"d\":{\"fieldType\":{\"type\":\"float64\"},\"optional\":false},"
        "\"i\":{\"fieldType\":{\"type\":\"bigint\"},\"optional\":false},"
        "\"i2\":{\"fieldType\":{\"type\":\"int64\"},\"optional\":false},"
        "\"b\":{\"fieldType\":{\"type\":\"boolean\"},\"optional\":false},"
        "\"z\":{\"fieldType\":{\"type\":\"null\"},\"optional\":false},"
        "\"by\":{\"fieldType\":{\"type\":\"bytes\"},\"optional\":false},"
        "\"any\":{\"fieldType\":{\"type\":\"any\"},\"optional\":false},"
        "\"id\":{\"fieldType\":{\"type\":\"id\",\"tableName\":\"posts\"},\"optional\":false},"
        "\"ar\":{\"fieldType\":{\"type\":\"array\",\"value\":{\"type\":\"string\"}},"
        "\"optional\":false},"
        "\"o\":{\"fieldType\":{\"type\":\"object\",\"value\":{\"q\":{\"fieldType\":{\"type\":"
        "\"string\"},\"optional\":true}}},\"optional\":false},"
        "\"u\":{\"fieldType\":{\"type\":\"union\",\"value\":[{\"type\":\"literal\",\"value\":\"x\"}"
        ","
        "{\"type\":\"literal\",\"value\":{\"$integer\":\"AQAAAAAAAAA=\"}}]},\"optional\":false},"
        "\"r\":{\"fieldType\":{\"type\":\"record\",\"keys\":{\"type\":\"string\"},\"values\":"
        "{\"fieldType\":{\"type\":\"number\"},\"optional\":false}},\"optional\":false}}}},"
        "{\"tableName\":\"posts\",\"indexes\":[],\"documentType\":{\"type\":\"any\"}},"
        "{\"tableName\":\"events\",\"indexes\":[{\"indexDescriptor\":\"by_a\",\"fields\":[\"a\"]}],"
        "\"documentType\":{\"type\":\"union\",\"value\":[{\"type\":\"object\",\"value\":{\"a\":"
        "{\"fieldType\":{\"type\":\"string\"},\"optional\":false}}},{\"type\":\"object\",\"value\":"
        "{\"b\":{\"fieldType\":{\"type\":\"string\"},\"optional\":false}}}]}}],"
        "\"schemaValidation\":true}");
    assert_written(
        schema,
        "{\"tables\":{\"users\":{\"fields\":{\"email\":{\"optional\":\"string\"},\"n\":\"number\","
        "\"d\":\"number\",\"i\":\"int64\",\"i2\":\"int64\",\"b\":\"boolean\",\"z\":\"null\","
        "\"by\":\"bytes\",\"any\":\"any\",\"id\":{\"id\":\"posts\"},\"ar\":{\"array\":\"string\"},"
        "\"o\":{\"object\":{\"q\":{\"optional\":\"string\"}}},\"u\":{\"union\":[{\"literal\":\"x\"}"
        ","
        "{\"literal\":{\"$integer\":\"AQAAAAAAAAA=\"}}]},\"r\":{\"record\":{\"keys\":\"string\","
        "\"values\":\"number\"}}},\"indexes\":{\"by_email\":[\"email\"],\"by_q\":[\"o.q\",\"n\"]}},"
        "\"posts\":{},\"events\":{\"fields\":{\"union\":[{\"object\":{\"a\":\"string\"}},"
        "{\"object\":{\"b\":\"string\"}}]},\"indexes\":{\"by_a\":[\"a\"]}}}}");
    schema_destroy(schema);
}

Test(schema, convex_schemas_without_validation_check_nothing)
{
    struct schema *schema = read_right(
        "{\"schemaValidation\":false,\"tables\":[{\"tableName\":\"t\",\"indexes\":[{"
        "\"indexDescriptor\":\"i\",\"fields\":[\"later\"]}],\"documentType\":{\"type\":\"object\","
        "\"value\":{}}}]}");
    assert_written(schema, "{\"tables\":{\"t\":{\"indexes\":{\"i\":[\"later\"]}}}}");
    schema_destroy(schema);
}

Test(schema, broken_json_is_located_by_line_and_column)
{
    static const struct {
        const char *text;
        const char *start;
    } cases[] = {{"{\"tables\":\n  {\"a\": {},}}", "s.json: line 2, column 12: "},
                 {"", "s.json: line 1, column 1: "},
                 {"{\"tables\":{\"a\":{},\n\"a\":{}}}", "s.json: line 2, column 1: "},
                 {"{\"tables\":{}} x", "s.json: line 1, column 15: "}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer message = {0};
        cr_assert_null(schema_read(slice_of(cases[i].text), "s.json", &message));
        cr_expect(slice_starts_with(buffer_slice(&message), slice_of(cases[i].start)), "%.*s",
                  SLICE_FORMAT(buffer_slice(&message)));
        cr_expect_gt(message.size, strlen(cases[i].start));
        buffer_deinit(&message);
    }
}

Test(schema, the_frame_of_the_file_is_checked)
{
    static const struct wrong cases[] = {
        {"[]", "s.json: a schema is an object with \"tables\""},
        {"{}", "s.json: a schema is an object with \"tables\""},
        {"{\"tables\":1}", "s.json: \"tables\" is an object of names and tables"},
        {"{\"tables\":{},\"table\":{}}", "s.json: unknown key \"table\"; a schema has tables"},
        {"{\"tables\":{\"a\":[]}}",
         "s.json: table \"a\": a table is an object with number, fields and indexes, all of which "
         "may be left out"},
        {"{\"tables\":{\"a\":{\"feilds\":{}}}}",
         "s.json: table \"a\": unknown key \"feilds\"; a table has number, fields and indexes"},
        {"{\"tables\":{\"a\":{\"number\":0}}}",
         "s.json: table \"a\": \"number\" is an integer from 1 to 4294967295"},
        {"{\"tables\":{\"a\":{\"number\":4294967296}}}",
         "s.json: table \"a\": \"number\" is an integer from 1 to 4294967295"},
        {"{\"tables\":{\"a\":{\"number\":18446744073709561617}}}",
         "s.json: table \"a\": \"number\" is an integer from 1 to 4294967295"},
        {"{\"tables\":{\"a\":{\"number\":1.5}}}",
         "s.json: table \"a\": \"number\" is an integer from 1 to 4294967295"},
        {"{\"tables\":{\"a\":{\"number\":5},\"b\":{\"number\":5}}}",
         "s.json: table \"b\": table \"a\" has the number 5 already"},
        {"{\"tables\":{\"_a\":{}}}", "s.json: table \"_a\": the name of a table is a letter, then "
                                     "letters, digits and \"_\", at most 64 in all"},
        {"{\"tables\":{\"\":{}}}", "s.json: the name of a table is a letter, then letters, digits "
                                   "and \"_\", at most 64 in all"},
        {"{\"tables\":{\"a-b\":{}}}", "s.json: table \"a-b\": the name of a table is a letter, "
                                      "then letters, digits and \"_\", at most 64 in all"},
        {"{\"tables\":{\"a1234567890123456789012345678901234567890123456789012345678901234\":{}}}",
         "s.json: table \"a1234567890123456789012345678901234567890123456789012345678901234\": "
         "the name of a table is a letter, then letters, digits and \"_\", at most 64 in all"},
    };
    assert_refused(cases, COUNT_OF(cases));
}

Test(schema, fields_and_types_are_checked)
{
    static const struct wrong cases[] = {
        {"{\"tables\":{\"t\":{\"fields\":[]}}}",
         "s.json: table \"t\": fields are said as an object of names and types"},
        {FIELD("\"strng\""),
         "s.json: table \"t\": field \"f\": unknown type \"strng\"; the types are string, number, "
         "int64, boolean, null, bytes and any, and with an argument id, array, object, record, "
         "union, literal and optional"},
        {FIELD("{\"list\":\"string\"}"),
         "s.json: table \"t\": field \"f\": unknown type \"list\"; with an argument there are id, "
         "array, object, record, union, literal and optional"},
        {FIELD("{\"a\":\"string\",\"b\":\"string\"}"),
         "s.json: table \"t\": field \"f\": a type is a name such as \"string\", or an object with "
         "one name, such as {\"array\": \"string\"}; fields in a field are {\"object\": …}"},
        {FIELD("17"), "s.json: table \"t\": field \"f\": a type is a name such as \"string\" or an "
                      "object such as {\"array\": \"string\"}"},
        {FIELD("{\"id\":\"v\"}"), "s.json: table \"t\": field \"f\": an id of the table \"v\", "
                                  "which the schema does not have"},
        {FIELD("{\"id\":1}"), "s.json: table \"t\": field \"f\": \"id\" takes the name of a table"},
        {FIELD("{\"union\":\"string\"}"),
         "s.json: table \"t\": field \"f\": \"union\" takes a list of types"},
        {FIELD("{\"record\":{\"keys\":\"string\"}}"),
         "s.json: table \"t\": field \"f\": \"record\" takes {\"keys\": type, \"values\": type}"},
        {FIELD("{\"record\":{\"keys\":\"number\",\"values\":\"any\"}}"),
         "s.json: table \"t\": field \"f\": the keys of a record are strings: string, id, "
         "literals of strings, or a union of these"},
        {FIELD("{\"literal\":null}"), "s.json: table \"t\": field \"f\": a literal is a string, a "
                                      "number, an int64 or a boolean, not null"},
        {FIELD("{\"literal\":[1]}"), "s.json: table \"t\": field \"f\": a literal is a string, a "
                                     "number, an int64 or a boolean, not array"},
        {FIELD("{\"optional\":{\"optional\":\"string\"}}"),
         "s.json: table \"t\": field \"f\": \"optional\" stands only around the whole type of a "
         "field, and once"},
        {FIELD("{\"array\":{\"optional\":\"string\"}}"),
         "s.json: table \"t\": field \"f\": \"optional\" stands only around the whole type of a "
         "field, and once"},
        {FIELD("{\"object\":{\"g\":{\"array\":{\"object\":{\"h\":\"?\"}}}}}"),
         "s.json: table \"t\": field \"f.g.h\": unknown type \"?\"; the types are string, number, "
         "int64, boolean, null, bytes and any, and with an argument id, array, object, record, "
         "union, literal and optional"},
        {FIELD("{\"object\":{\"$g\":\"any\"}}"),
         "s.json: table \"t\": field \"f.$g\": names of fields do not begin with \"$\""},
        {"{\"tables\":{\"t\":{\"fields\":{\"_id\":{\"id\":\"t\"}}}}}",
         "s.json: table \"t\": field \"_id\": names that begin with \"_\" belong to the system, "
         "and _id and _creationTime are there by themselves"},
        {"{\"tables\":{\"t\":{\"fields\":{\"union\":[\"string\"]}}}}",
         "s.json: table \"t\": documents are objects, or a union of objects"},
        {"{\"tables\":{\"t\":{\"fields\":{\"union\":[\"any\"]}}}}",
         "s.json: table \"t\": a union of documents cannot have \"any\" in it"},
    };
    assert_refused(cases, COUNT_OF(cases));
}

Test(schema, a_literal_that_cannot_be_stored_is_refused)
{
    static const char *literals[] = {"1e400",
                                     "9007199254740993",
                                     "-9007199254740992",
                                     "1e300",
                                     "{\"$integer\":1}",
                                     "{\"$float\":\"AAAAAAAA8D8=\"}",
                                     "{\"$integer\":\"AQ==\"}"};
    for (size_t i = 0; i < COUNT_OF(literals); i++) {
        char text[128];
        snprintf(text, sizeof(text), FIELD("{\"literal\":%s}"), literals[i]);
        struct buffer message = {0};
        cr_expect_null(schema_read(slice_of(text), "s.json", &message), "%s", text);
        cr_expect(
            slice_starts_with(buffer_slice(&message), SLICE("s.json: table \"t\": field \"f\": ")));
        buffer_deinit(&message);
    }
}

Test(schema, a_number_means_its_value_however_it_is_written)
{
    struct schema *schema = read_right(
        "{\"tables\":{\"t\":{\"number\":1.00070e4,\"fields\":{\"a\":{\"literal\":1.50},"
        "\"b\":{\"literal\":1e-7},\"c\":{\"literal\":0.1000000000000000055},"
        "\"d\":{\"literal\":-0.0},\"e\":{\"literal\":{\"$float\":\"AAAAAAAA+H8=\"}}}}}}");
    assert_written(schema,
                   "{\"tables\":{\"t\":{\"number\":10007,\"fields\":{\"a\":{\"literal\":1.5},"
                   "\"b\":{\"literal\":1e-7},\"c\":{\"literal\":0.1},\"d\":{\"literal\":"
                   "{\"$float\":\"AAAAAAAAAIA=\"}},\"e\":{\"literal\":{\"$float\":"
                   "\"AAAAAAAA+H8=\"}}}}}}");
    schema_destroy(schema);
}

Test(schema, what_the_tree_would_cut_is_refused)
{
#define ZERO "names and literals in a schema hold no \\u0000"
    static const struct wrong cases[] = {
        {FIELD("{\"literal\":\"\\u0000\"}"), "s.json: line 1, column 43: " ZERO},
        {FIELD("{\"literal\":\n\"a\\\\\\u0000\"}"), "s.json: line 2, column 5: " ZERO},
        {"{\"tables\":{\"t\\u0000\":{}}}", "s.json: line 1, column 14: " ZERO}};
#undef ZERO
    assert_refused(cases, COUNT_OF(cases));
}

Test(schema, names_are_decoded_before_they_are_compared)
{
    struct schema *schema =
        read_right("{\"t\\u0061bles\":{\"\\u0074\":{\"fields\":{\"\\u00e9\\ud83d\\ude00\\t\":"
                   "{\"\\u0069d\":\"t\"}}}}}");
    assert_written(schema, "{\"tables\":{\"t\":{\"fields\":{\"\u00e9\U0001f600\\t\":{\"id\":"
                           "\"t\"}}}}}");
    schema_destroy(schema);
}

Test(schema, indexes_are_checked)
{
#define AT "s.json: table \"t\": index \"i\": "
    static const struct wrong cases[] = {
        {INDEXES("[]"), "s.json: table \"t\": \"indexes\" is an object of names and fields"},
        {INDEXES("{\"i\":\"a\"}"), AT "the fields of an index are a list"},
        {INDEXES("{\"i\":{\"unique\":true}}"), AT "the fields of an index are a list"},
        {INDEXES("{\"i\":{\"fields\":[\"a\"],\"uniq\":true}}"),
         AT "unknown key \"uniq\"; an index has fields and unique"},
        {INDEXES("{\"i\":{\"fields\":[\"a\"],\"unique\":1}}"), AT "\"unique\" is true or false"},
        {INDEXES("{\"i\":[]}"), AT "an index has at least one field"},
        {INDEXES("{\"i\":[1]}"),
         AT "the fields of an index are strings: names, or paths such as \"author.name\""},
        {INDEXES("{\"i\":[\"b\"]}"), AT "the table's fields have no \"b\""},
        {INDEXES("{\"i\":[\"a.b\"]}"), AT "the table's fields have no \"a.b\""},
        {INDEXES("{\"i\":[\"o.q\"]}"), AT "the table's fields have no \"o.q\""},
        {INDEXES("{\"i\":[\"x.y\"]}"),
         AT "the field \"x.y\" has a dot in its name and cannot be indexed"},
        {INDEXES("{\"i\":[\"any..x\"]}"), AT "the path \"any..x\" has an empty name in it"},
        {INDEXES("{\"i\":[\"\"]}"), AT "the path \"\" has an empty name in it"},
        {INDEXES("{\"i\":[\"any.\"]}"), AT "the path \"any.\" has an empty name in it"},
        {INDEXES("{\"i\":[\"any.$x\"]}"), AT "no document has a field \"any.$x\""},
        {"{\"tables\":{\"t\":{\"indexes\":{\"i\":[\"_x\"]}}}}",
         AT "no document has a field \"_x\""},
        {INDEXES("{\"i\":[\"a\",\"a\"]}"), AT "the field \"a\" stands in it twice"},
        {INDEXES("{\"i\":[\"a\",\"_creationTime\"]}"),
         AT "every index ends in _creationTime and _id by itself; leave \"_creationTime\" out"},
        {INDEXES("{\"i\":[\"_id\"]}"),
         AT "every index ends in _creationTime and _id by itself; leave \"_id\" out"},
        {INDEXES("{\"j\":[\"a\",\"any\"],\"i\":[\"a\",\"any\"]}"),
         AT "the index \"j\" has the same fields"},
        {INDEXES("{\"by_id\":[\"a\"]}"), "s.json: table \"t\": index \"by_id\": every table has "
                                         "the index by itself; the name cannot be given"},
        {INDEXES("{\"by_creation_time\":[\"a\"]}"),
         "s.json: table \"t\": index \"by_creation_time\": every table has the index by itself; "
         "the name cannot be given"},
        {INDEXES("{\"_i\":[\"a\"]}"),
         "s.json: table \"t\": index \"_i\": the name of an index is "
         "a letter, then letters, digits and \"_\", at most 64 in all"},
        {INDEXES("{\"i\":[\"any.0\",\"any.1\",\"any.2\",\"any.3\",\"any.4\",\"any.5\",\"any.6\","
                 "\"any.7\",\"any.8\",\"any.9\",\"any.a\",\"any.b\",\"any.c\",\"any.d\",\"any.e\","
                 "\"any.f\"]}"),
         AT "16 fields are more than the 15 that an index may have"},
    };
#undef AT
    assert_refused(cases, COUNT_OF(cases));
}

/* `count` tables with, each, `index_count` indexes. */
static struct slice many(struct buffer *text, unsigned count, unsigned index_count)
{
    for (unsigned i = 0; i < count; i++) {
        buffer_append_format(text, "%s\"t%u\":{\"indexes\":", i == 0 ? "{\"tables\":{" : ",", i);
        for (unsigned j = 0; j < index_count; j++) {
            buffer_append_format(text, "%s\"i%u\":[\"f%u\"]", j == 0 ? "{" : ",", j, j);
        }
        buffer_append_format(text, index_count == 0 ? "{}}" : "}}");
    }
    buffer_append_format(text, "}}");
    return buffer_slice(text);
}

Test(schema, the_limits_are_met_exactly)
{
    static const struct {
        unsigned tables;
        unsigned indexes;
        const char *message; /* NULL: right */
    } cases[] = {
        {1, 64, NULL},
        {1, 65, "s.json: table \"t0\": 65 indexes are more than the 64 that a table may have"},
        {10000, 0, NULL},
        {10001, 0, "s.json: 10001 tables are more than the 10000 that are allowed"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer text = {0};
        struct buffer message = {0};
        struct schema *schema =
            schema_read(many(&text, cases[i].tables, cases[i].indexes), "s.json", &message);
        buffer_append_char(&message, '\0');
        cr_expect_eq(schema != NULL, cases[i].message == NULL, "case %zu", i);
        cr_expect_str_eq(message.data, cases[i].message == NULL ? "" : cases[i].message);
        schema_destroy(schema);
        buffer_deinit(&text);
        buffer_deinit(&message);
    }
}

#define CONVEX(members) "{\"tables\":[{\"tableName\":\"t\"" members "}]}"
#define CONVEX_FIELD(type)                                                                         \
    CONVEX(",\"documentType\":{\"type\":\"object\",\"value\":{\"f\":{\"fieldType\":" type          \
           ",\"optional\":false}}}")

Test(schema, convex_schemas_are_checked_too)
{
    static const struct wrong cases[] = {
        {"{\"tables\":[],\"version\":2}", "s.json: unknown key \"version\" in a schema"},
        {"{\"tables\":[],\"schemaValidation\":1}", "s.json: \"schemaValidation\" is true or false"},
        {"{\"tables\":[1]}", "s.json: a table is an object"},
        {"{\"tables\":[{}]}", "s.json: a table lacks \"tableName\""},
        {"{\"tables\":[{\"tableName\":1}]}", "s.json: \"tableName\" is the name of a table"},
        {"{\"tables\":[{\"tableName\":\"t\"},{\"tableName\":\"t\"}]}",
         "s.json: table \"t\": there are two tables of this name"},
        {"{\"tables\":[{\"tableName\":\"t x\"}]}",
         "s.json: table \"t x\": the name of a table is a letter, then letters, digits and \"_\", "
         "at most 64 in all"},
        {CONVEX(",\"index\":[]"), "s.json: unknown key \"index\" in a table"},
        {CONVEX(",\"documentType\":\"any\""),
         "s.json: table \"t\": a validator is an object with a \"type\""},
        {CONVEX(",\"documentType\":{\"type\":\"string\"}"),
         "s.json: table \"t\": documents are objects, or a union of objects"},
        {CONVEX_FIELD("{\"type\":\"text\"}"),
         "s.json: table \"t\": field \"f\": unknown type \"text\"; the types are string, number, "
         "float64, bigint, boolean, null, bytes, any, id, array, object, record, union and "
         "literal"},
        {CONVEX_FIELD("{\"type\":\"string\",\"value\":1}"),
         "s.json: table \"t\": field \"f\": unknown key \"value\" in a validator"},
        {CONVEX_FIELD("{\"type\":\"array\"}"),
         "s.json: table \"t\": field \"f\": a validator lacks \"value\""},
        {CONVEX_FIELD("{\"type\":\"id\",\"tableName\":\"_storage\"}"),
         "s.json: table \"t\": field \"f\": an id of the table \"_storage\", which the schema does "
         "not have"},
        {CONVEX_FIELD("{\"type\":\"id\",\"tableName\":null}"),
         "s.json: table \"t\": field \"f\": \"tableName\" is the name of a table"},
        {CONVEX_FIELD("{\"type\":\"union\",\"value\":{}}"),
         "s.json: table \"t\": field \"f\": the value of a union validator is a list of "
         "validators"},
        {CONVEX_FIELD("{\"type\":\"object\",\"value\":[]}"),
         "s.json: table \"t\": field \"f\": the value of an object validator is an object of "
         "fields"},
        {CONVEX_FIELD("{\"type\":\"object\",\"value\":{\"g\":{\"fieldType\":{\"type\":\"any\"}}}}"),
         "s.json: table \"t\": field \"f.g\": a field lacks \"optional\""},
        {CONVEX_FIELD("{\"type\":\"object\",\"value\":{\"g\":{\"fieldType\":{\"type\":\"any\"},"
                      "\"optional\":0}}}"),
         "s.json: table \"t\": field \"f.g\": \"optional\" is true or false"},
        {CONVEX_FIELD("{\"type\":\"record\",\"keys\":{\"type\":\"string\"},\"values\":{"
                      "\"fieldType\":{\"type\":\"any\"},\"optional\":true}}"),
         "s.json: table \"t\": field \"f\": the values of a record cannot be optional"},
        {CONVEX(",\"indexes\":{}"), "s.json: table \"t\": \"indexes\" is a list"},
        {CONVEX(",\"indexes\":[{\"fields\":[]}]"),
         "s.json: table \"t\": an index lacks \"indexDescriptor\""},
        {CONVEX(",\"indexes\":[{\"indexDescriptor\":1,\"fields\":[]}]"),
         "s.json: table \"t\": \"indexDescriptor\" is the name of an index"},
        {CONVEX(",\"indexes\":[{\"indexDescriptor\":\"i\",\"fields\":[\"a\"]},"
                "{\"indexDescriptor\":\"i\",\"fields\":[\"b\"]}]"),
         "s.json: table \"t\": index \"i\": there are two indexes of this name"},
    };
    assert_refused(cases, COUNT_OF(cases));
}

/* Damages a right schema in a few places: bytes changed, pieces left out, pieces doubled. */
static struct slice damage(char *text, size_t size, uint64_t *state)
{
    static const char bytes[] = "{}[]:,\"_$.0aeiou";
    unsigned places = 1 + (unsigned)(random_next(state) % 3);
    for (unsigned i = 0; i < places; i++) {
        size_t at = random_next(state) % size;
        size_t piece = random_next(state) % (size - at) % 24;
        uint64_t how = random_next(state) % 4;
        if (how <= 1) {
            text[at] = bytes[random_next(state) % (sizeof(bytes) - 1)];
        } else if (how == 2) {
            memmove(text + at, text + at + piece, size - at - piece);
            size -= piece;
        } else {
            memmove(text + at + piece, text + at, size - at);
            size += piece;
        }
    }
    return slice_make(text, size);
}

Test(schema, a_damaged_file_is_refused_in_one_line_or_is_another_schema)
{
    static const char *texts[] = {
        INDEXES("{\"i\":[\"a\",\"o.p\"],\"j\":{\"fields\":[\"any.x\"],\"unique\":true}}"),
        FIELD("{\"optional\":{\"union\":[\"null\",{\"id\":\"u\"},{\"record\":{\"keys\":\"string\","
              "\"values\":{\"literal\":1}}}]}}"),
        CONVEX_FIELD("{\"type\":\"array\",\"value\":{\"type\":\"id\",\"tableName\":\"t\"}}")};
    uint64_t state = random_seed("schema");
    for (unsigned round = 0; round < 20000; round++) {
        char text[1024];
        const char *right = texts[round % COUNT_OF(texts)];
        memcpy(text, right, strlen(right));
        struct buffer message = {0};
        struct schema *schema =
            schema_read(damage(text, strlen(right), &state), "s.json", &message);
        cr_assert_eq(schema == NULL, message.size > 0);
        cr_assert(message.size == 0 || memchr(message.data, '\n', message.size) == NULL);
        schema_destroy(schema);
        buffer_deinit(&message);
    }
}
