/* The catalog: it comes back as it was written, whatever is wrong with it is said, and numbers of
 * tables are for good. */
#include "storage/catalog.h"

#include "base/hash.h"
#include "storage/bytes.h"
#include "tests/support/memory_files.h"

#include <criterion/criterion.h>

static bool contains(const struct buffer *text, const char *word)
{
    struct slice rest = buffer_slice(text);
    for (; rest.size > 0; rest = slice_make(rest.data + 1, rest.size - 1)) {
        if (slice_starts_with(rest, slice_of(word))) {
            return true;
        }
    }
    return false;
}

static struct schema *read_schema(const char *text)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(slice_of(text), "s.json", &message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    buffer_deinit(&message);
    return schema;
}

/* Numbers the schema's tables with the catalog in the files, and writes that. Returns whether it
 * could. */
static bool number_tables(struct memory_files *files, struct schema *schema, struct buffer *message)
{
    struct catalog catalog;
    cr_assert(catalog_read(&catalog, &files->base, "data", message));
    bool numbered = catalog_number_tables(&catalog, schema, message);
    if (numbered) {
        cr_assert(catalog_write(&catalog, &files->base, "data", message));
        cr_assert_not(catalog.changed);
    }
    catalog_deinit(&catalog);
    return numbered;
}

Test(catalog, a_table_keeps_its_number_whatever_the_schema_says_of_others)
{
    struct memory_files *files = memory_files_create(1);
    struct buffer message = {0};
    const struct {
        const char *schema;
        uint32_t numbers[3];
        const char *error; /* NULL: the numbers are given */
    } rows[] = {
        {"{\"tables\":{\"a\":{},\"b\":{\"number\":10001}}}", {10002, 10001}, NULL},
        {"{\"tables\":{\"c\":{},\"a\":{},\"b\":{}}}", {10003, 10002, 10001}, NULL},
        {"{\"tables\":{\"d\":{}}}", {10004}, NULL},
        {"{\"tables\":{\"a\":{\"number\":10009}}}", {0}, "but in the data it has 10002"},
        {"{\"tables\":{\"e\":{\"number\":10003}}}", {0}, "is that of table c"},
        {"{\"tables\":{\"a\":{\"number\":10002},\"e\":{}}}", {10002, 10005}, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct schema *schema = read_schema(rows[i].schema);
        message.size = 0;
        bool numbered = number_tables(files, schema, &message);
        cr_expect_eq(numbered, rows[i].error == NULL, "%s", rows[i].schema);
        cr_expect(numbered || contains(&message, rows[i].error), "%s: %.*s", rows[i].schema,
                  SLICE_FORMAT(buffer_slice(&message)));
        for (uint32_t j = 0; numbered && j < schema->table_count; j++) {
            cr_expect_eq(schema->tables[j].number, rows[i].numbers[j], "%s", rows[i].schema);
        }
        schema_destroy(schema);
    }
    buffer_deinit(&message);
    memory_files_destroy(files);
}

/* Makes the file hold `bytes` and their checksum. */
static void write_catalog(struct memory_files *files, struct buffer *bytes)
{
    char hash[8];
    int file;
    bytes_put_u64(hash, hash_bytes(buffer_slice(bytes), 0));
    buffer_append(bytes, hash, sizeof(hash));
    cr_assert_eq(files->base.open(&files->base, "data/catalog", FILE_READ_WRITE, &file), 0);
    cr_assert_eq(file_write_all(&files->base, file, bytes->data, bytes->size, 0), 0);
}

static void expect_refused(struct buffer *bytes, const char *why)
{
    struct memory_files *files = memory_files_create(1);
    struct buffer message = {0};
    struct catalog catalog;
    write_catalog(files, bytes);
    cr_expect_not(catalog_read(&catalog, &files->base, "data", &message), "%s", why);
    cr_expect(contains(&message, "data/catalog") && contains(&message, why), "%s: %.*s", why,
              SLICE_FORMAT(buffer_slice(&message)));
    catalog_deinit(&catalog);
    buffer_deinit(&message);
    memory_files_destroy(files);
    buffer_deinit(bytes);
}

/* A catalog's first bytes: its name, its version, and the id of the database. */
static struct buffer make_beginning(const char *magic, unsigned char version)
{
    struct buffer bytes = {0};
    const char rest[20] = {(char)version};
    buffer_append(&bytes, magic, 8);
    buffer_append(&bytes, rest, sizeof(rest));
    return bytes;
}

Test(catalog, what_is_wrong_with_a_catalog_is_said)
{
    static const struct {
        struct slice tables;
        const char *what;
    } rows[] = {
        {{"", 0}, "no count"},
        {{"\1", 1}, "a table that is not there"},
        {{"\1\0\1a", 4}, "a table without a number"},
        {{"\1\1\2a", 4}, "a name that ends early"},
        {{"\1\1\1ab", 5}, "something behind the last table"},
        {{"\1\377\377\377\377\377\1\1a", 9}, "a number beyond 32 bits"},
    };
    struct buffer short_one = {0};
    buffer_append_slice(&short_one, SLICE("Tenon"));
    expect_refused(&short_one, "does not begin as a catalog");
    struct buffer other = make_beginning("TenonJrn", 1);
    expect_refused(&other, "does not begin as a catalog");
    struct buffer newer = make_beginning("TenonCat", 2);
    expect_refused(&newer, "does not read");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer bytes = make_beginning("TenonCat", 1);
        buffer_append_slice(&bytes, rows[i].tables);
        expect_refused(&bytes, "its tables cannot be read");
    }
}
