/* Rows of CSV, against a schema as the server says it. */
#include "cli/import_csv.h"

#include "base/memory.h"
#include "storage/schema.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char SCHEMA[] =
    "{\"tables\":{"
    "\"users\":{\"number\":10001,\"fields\":{\"name\":\"string\"}},"
    "\"free\":{\"number\":10002},"
    "\"mixed\":{\"number\":10003,\"fields\":{\"union\":["
    "  {\"object\":{\"kind\":{\"literal\":\"a\"},\"size\":\"number\"}},"
    "  {\"object\":{\"kind\":{\"literal\":\"b\"}}}]}},"
    "\"posts\":{\"number\":10004,\"fields\":{"
    "  \"string\":\"string\",\"number\":\"number\",\"int64\":\"int64\",\"boolean\":\"boolean\","
    "  \"null\":\"null\",\"bytes\":\"bytes\",\"any\":\"any\",\"id\":{\"id\":\"users\"},"
    "  \"array\":{\"array\":\"number\"},\"object\":{\"object\":{\"a\":\"number\"}},"
    "  \"optional\":{\"optional\":\"string\"},\"orNull\":{\"union\":[\"number\",\"null\"]},"
    "  \"optionalNull\":{\"optional\":{\"union\":[\"string\",\"null\"]}},"
    "  \"either\":{\"union\":[\"string\",\"number\",\"boolean\"]},"
    "  \"idOrNumber\":{\"union\":[\"number\",{\"id\":\"users\"}]},"
    "  \"literal\":{\"union\":[{\"literal\":\"new\"},{\"literal\":7},{\"literal\":true}]}}}}}";

struct fixture {
    struct schema *schema;
    struct import_table tables[2]; /* users, with keys, and the one that rows are read for */
    struct import_tables all;
    struct arena arena;
    struct buffer reason;
};

static void describe_table(struct fixture *fixture, size_t position, const char *name)
{
    const struct schema_table *known = schema_find_table(fixture->schema, slice_of(name));
    cr_assert_not_null(known);
    fixture->tables[position] =
        (struct import_table){.name = known->name, .number = known->number, .type = known->fields};
}

static void fixture_init(struct fixture *fixture, const char *table)
{
    static const uint8_t body[ID_BODY_SIZE] = {1};
    *fixture = (struct fixture){0};
    arena_init(&fixture->arena, 4096);
    fixture->schema = schema_read(SLICE(SCHEMA), "schema", &fixture->reason);
    cr_assert_not_null(fixture->schema, "%.*s", SLICE_FORMAT(buffer_slice(&fixture->reason)));
    describe_table(fixture, 0, "users");
    describe_table(fixture, 1, table);
    struct import_keys *keys = &fixture->tables[0].keys;
    fixture->tables[0].keyed = true;
    import_keys_init(keys, fixture->tables[0].number);
    cr_assert_not_null(import_keys_add(keys, SLICE("\"alice\""), body));
    cr_assert_not_null(import_keys_add(keys, SLICE("7"), body));
    cr_assert_not_null(import_keys_add(keys, SLICE("{\"$integer\":\"CAAAAAAAAAA=\"}"), body));
    cr_assert_not_null(import_keys_add(keys, SLICE("\"0012\""), body));
    fixture->all = (struct import_tables){.tables = fixture->tables, .count = 2};
}

static void fixture_deinit(struct fixture *fixture)
{
    import_keys_deinit(&fixture->tables[0].keys);
    schema_destroy(fixture->schema);
    arena_deinit(&fixture->arena);
    buffer_deinit(&fixture->reason);
}

/* Reads a row below a header; the header must be good. */
static bool read_row(struct fixture *fixture, const char *header_text, const char *text,
                     const char *key, struct import_row *row)
{
    struct csv_header header;
    fixture->reason.size = 0;
    cr_assert(csv_header_read(&fixture->arena, slice_of(header_text), &fixture->tables[1], &header,
                              &fixture->reason),
              "%.*s", SLICE_FORMAT(buffer_slice(&fixture->reason)));
    return import_csv_read(&fixture->arena, slice_of(text), slice_of(key), &header, &fixture->all,
                           row, &fixture->reason);
}

static void expect_row(struct fixture *fixture, const char *header, const char *text,
                       const char *expected)
{
    struct import_row row;
    cr_assert(read_row(fixture, header, text, "", &row), "%s: %.*s", text,
              SLICE_FORMAT(buffer_slice(&fixture->reason)));
    struct slice json = value_text(&fixture->arena, value_from_fields(row.fields, row.count));
    cr_expect(slice_equal(json, slice_of(expected)), "%s gave %.*s", text, SLICE_FORMAT(json));
}

static void expect_refusal(struct fixture *fixture, const char *header, const char *text,
                           const char *reason)
{
    struct import_row row;
    cr_expect_not(read_row(fixture, header, text, "", &row), "%s", text);
    cr_expect(slice_equal(buffer_slice(&fixture->reason), slice_of(reason)), "%s gave %.*s", text,
              SLICE_FORMAT(buffer_slice(&fixture->reason)));
}

Test(import_csv, a_cell_becomes_what_its_type_says)
{
    static const char *const cases[][3] = {
        {"string", "12", "{\"string\":\"12\"}"},
        {"string", "", "{\"string\":\"\"}"},
        {"string", "\"a\"\"b\n\"", "{\"string\":\"a\\\"b\\n\"}"},
        {"number", "-1.50e3", "{\"number\":-1.50e3}"},
        {"number", "NaN", "{\"number\":{\"$float\":\"AAAAAAAA+H8=\"}}"},
        {"number", "-infinity", "{\"number\":{\"$float\":\"AAAAAAAA8P8=\"}}"},
        {"int64", "258", "{\"int64\":{\"$integer\":\"AgEAAAAAAAA=\"}}"},
        {"int64", "-9223372036854775808", "{\"int64\":{\"$integer\":\"AAAAAAAAAIA=\"}}"},
        {"boolean", "TRUE", "{\"boolean\":true}"},
        {"boolean", "0", "{\"boolean\":false}"},
        {"null", "", "{\"null\":null}"},
        {"bytes", "/w==", "{\"bytes\":{\"$bytes\":\"/w==\"}}"},
        {"any", "5", "{\"any\":\"5\"}"},
        {"array", "\"[1, 2]\"", "{\"array\":[1,2]}"},
        {"object", "\"{\"\"a\"\": 1}\"", "{\"object\":{\"a\":1}}"},
        {"optional", "", "{}"},
        {"optional", "\"\"", "{\"optional\":\"\"}"},
        {"orNull", "", "{\"orNull\":null}"},
        {"orNull", "5", "{\"orNull\":5}"},
        {"optionalNull", "", "{}"},
        {"optionalNull", "null", "{\"optionalNull\":null}"},
        {"either", "5", "{\"either\":5}"},
        {"either", "true", "{\"either\":true}"},
        {"either", "x", "{\"either\":\"x\"}"},
        {"literal", "new", "{\"literal\":\"new\"}"},
        {"literal", "7", "{\"literal\":7}"},
        {"literal", "true", "{\"literal\":true}"},
        {"id", "alice", "{\"id\":\"alice\"}"},
        {"id", "7", "{\"id\":7}"},
        {"id", "8", "{\"id\":{\"$integer\":\"CAAAAAAAAAA=\"}}"},
        {"id", "0012", "{\"id\":\"0012\"}"},
        {"id", "nobody", "{\"id\":\"nobody\"}"},
        {"idOrNumber", "7", "{\"idOrNumber\":7}"},
        {"idOrNumber", "alice", "{\"idOrNumber\":\"alice\"}"},
        {"_creationTime,_id", "5,x", "{\"_creationTime\":5,\"_id\":\"x\"}"},
        {"stranger", "1", "{\"stranger\":\"1\"}"},
        {"string,optional,number", "a,,1\r", "{\"string\":\"a\",\"number\":1}"},
    };
    struct fixture f;
    fixture_init(&f, "posts");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_row(&f, cases[i][0], cases[i][1], cases[i][2]);
    }
    fixture_deinit(&f);
}

Test(import_csv, a_cell_that_its_type_does_not_take_is_refused_with_its_column)
{
    static const char *const cases[][3] = {
        {"number", "abc", "column 1 (number): \"abc\" is not v.float64()"},
        {"number", "", "column 1 (number): \"\" is not v.float64()"},
        {"number", "\"\"", "column 1 (number): \"\" is not v.float64()"},
        {"string,number", "a,1 ", NULL},
        {"string,number", "a,+1", "column 2 (number): \"+1\" is not v.float64()"},
        {"int64", "1.5", "column 1 (int64): \"1.5\" is not v.int64()"},
        {"int64", "-", "column 1 (int64): \"-\" is not v.int64()"},
        {"int64", "9223372036854775808",
         "column 1 (int64): \"9223372036854775808\" is not v.int64()"},
        {"boolean", "yes", "column 1 (boolean): \"yes\" is not v.boolean()"},
        {"bytes", "###", "column 1 (bytes): \"###\" is not v.bytes()"},
        {"array", "1", "column 1 (array): \"1\" is not v.array(v.float64())"},
        {"string", "\xFF", "column 1 (string): not UTF-8"},
        {"string,number", "a", "the row has 1 columns, the header 2"},
        {"string,number", "a,1,2", "the row has 3 columns, the header 2"},
        {"string,number", "a,\"1", "column 2: the quote that opens the cell is not closed"},
    };
    struct fixture f;
    fixture_init(&f, "posts");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i][2] == NULL) {
            expect_row(&f, cases[i][0], cases[i][1], "{\"string\":\"a\",\"number\":1}");
        } else {
            expect_refusal(&f, cases[i][0], cases[i][1], cases[i][2]);
        }
    }
    fixture_deinit(&f);
}

Test(import_csv, tables_without_one_object_type_get_what_is_certain)
{
    struct fixture f;
    fixture_init(&f, "free");
    expect_row(&f, "a,b", "1,", "{\"a\":\"1\"}");
    fixture_deinit(&f);
    fixture_init(&f, "mixed");
    expect_row(&f, "kind,size", "a,1", "{\"kind\":\"a\",\"size\":1}");
    expect_row(&f, "kind,size", "b,", "{\"kind\":\"b\"}");
    fixture_deinit(&f);
}

Test(import_csv, a_key_column_gives_the_key)
{
    static const char *const cases[][3] = {
        {"key", "7", "7"},         {"key", "\"7\"", "\"7\""},
        {"key", "007", "\"007\""}, {"key", "-3", "-3"},
        {"key", "a", "\"a\""},     {"key", "-0", "\"-0\""},
        {"string", "7", "\"7\""},  {"number", "7", "7"},
        {"id", "8", "8"},          {"id", "alice", "\"alice\""},
    };
    struct fixture f;
    struct import_row row;
    fixture_init(&f, "posts");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(read_row(&f, cases[i][0], cases[i][1], cases[i][0], &row), "%s", cases[i][1]);
        struct slice key = value_text(&f.arena, row.key);
        cr_expect(slice_equal(key, slice_of(cases[i][2])), "%s: %.*s", cases[i][1],
                  SLICE_FORMAT(key));
    }
    cr_expect_not(read_row(&f, "key,string", ",a", "key", &row));
    cr_expect(slice_equal(buffer_slice(&f.reason), SLICE("there is no key \"key\"")));
    fixture_deinit(&f);
}

Test(import_csv, a_header_has_names_and_each_of_them_once)
{
    static const char *const cases[][2] = {
        {"a,,b", "column 2: has no name"},
        {"a,b,a", "column 3 (a): the name is given twice"},
        {"a,\xFF", "column 2: the name is not UTF-8"},
        {"a,\"b", "column 2: the quote that opens the cell is not closed"},
    };
    struct fixture f;
    struct csv_header header;
    fixture_init(&f, "posts");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.reason.size = 0;
        cr_expect_not(
            csv_header_read(&f.arena, slice_of(cases[i][0]), &f.tables[1], &header, &f.reason));
        cr_expect(slice_equal(buffer_slice(&f.reason), slice_of(cases[i][1])), "%.*s",
                  SLICE_FORMAT(buffer_slice(&f.reason)));
    }
    fixture_deinit(&f);
}

Test(import_csv, a_path_is_told_as_a_column)
{
    static const char *const cases[][2] = {
        {"/number: no", "column 2 (number): no"},
        {"/number/0: no", "column 2 (number): /0: no"},
        {"/num: no", "/num: no"},
        {"no", "no"},
    };
    struct fixture f;
    struct csv_header header;
    fixture_init(&f, "posts");
    cr_assert(csv_header_read(&f.arena, SLICE("string,number"), &f.tables[1], &header, &f.reason));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.reason.size = 0;
        buffer_append_slice(&f.reason, slice_of(cases[i][0]));
        csv_header_name_column(&header, &f.reason);
        cr_expect(slice_equal(buffer_slice(&f.reason), slice_of(cases[i][1])), "%.*s",
                  SLICE_FORMAT(buffer_slice(&f.reason)));
    }
    fixture_deinit(&f);
}
