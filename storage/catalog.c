/* Reading, completing and replacing the catalog. */
#define _DEFAULT_SOURCE

#include "storage/catalog.h"

#include "base/hash.h"
#include "storage/bytes.h"
#include "storage/journal_reader.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#define CATALOG_MAGIC    "TenonCat"
#define CATALOG_MAGIC_AT 8 /* bytes of it */
#define CATALOG_VERSION  1
#define CATALOG_FIXED    28 /* bytes before the count */
#define CATALOG_NEW_NAME "catalog-new"
#define TABLES_GROWTH    16

static bool fail(struct buffer *message, const char *directory, const char *why)
{
    buffer_append_format(message, "%s/%s %s", directory, CATALOG_NAME, why);
    return false;
}

static void add_table(struct catalog *catalog, uint32_t number, struct slice name)
{
    if (catalog->count % TABLES_GROWTH == 0) {
        size_t size = catalog->count * sizeof(struct catalog_table);
        struct catalog_table *tables =
            arena_allocate(&catalog->arena, size + TABLES_GROWTH * sizeof(struct catalog_table));
        if (size > 0) {
            memcpy(tables, catalog->tables, size);
        }
        catalog->tables = tables;
    }
    catalog->tables[catalog->count] = (struct catalog_table){
        .number = number,
        .name = arena_copy(&catalog->arena, name),
    };
    catalog->count += 1;
}

static bool read_tables(struct catalog *catalog, struct slice rest)
{
    uint64_t count;
    if (!bytes_take_varint(&rest, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number;
        struct slice name;
        if (!bytes_take_varint(&rest, &number) || number == 0 || number > UINT32_MAX ||
            !bytes_take_slice(&rest, &name)) {
            return false;
        }
        add_table(catalog, (uint32_t)number, name);
    }
    return rest.size == 0;
}

static bool parse(struct catalog *catalog, struct slice bytes, const char *directory,
                  struct buffer *message)
{
    if (bytes.size < CATALOG_FIXED + sizeof(uint64_t) ||
        memcmp(bytes.data, CATALOG_MAGIC, CATALOG_MAGIC_AT) != 0) {
        return fail(message, directory, "is damaged at offset 0: it does not begin as a catalog");
    }
    struct slice hashed = slice_make(bytes.data, bytes.size - sizeof(uint64_t));
    if (hash_bytes(hashed, 0) != bytes_get_u64(bytes.data + hashed.size)) {
        return fail(message, directory, "is damaged at offset 0: its checksum is wrong");
    }
    if (bytes_get_u32(bytes.data + CATALOG_MAGIC_AT) != CATALOG_VERSION) {
        return fail(message, directory, "has a format that this version of Tenon does not read");
    }
    memcpy(catalog->database_id, bytes.data + CATALOG_MAGIC_AT + 4, DATABASE_ID_SIZE);
    struct slice rest = slice_make(hashed.data + CATALOG_FIXED, hashed.size - CATALOG_FIXED);
    catalog->exists = true;
    return read_tables(catalog, rest) ||
           fail(message, directory, "is damaged: its tables cannot be read");
}

bool catalog_read(struct catalog *catalog, struct file_system *files, const char *directory,
                  struct buffer *message)
{
    *catalog = (struct catalog){.count = 0};
    arena_init(&catalog->arena, 1024);
    struct buffer bytes = {0};
    int reason = journal_load_file(files, directory, CATALOG_NAME, UINT64_MAX, &bytes);
    bool valid = true;
    if (reason == ENOENT) {
        int failed = getentropy(catalog->database_id, DATABASE_ID_SIZE);
        assert(!failed);
        catalog->changed = true;
    } else if (reason != 0) {
        valid = fail(message, directory, strerror(reason));
    } else {
        valid = parse(catalog, buffer_slice(&bytes), directory, message);
    }
    buffer_deinit(&bytes);
    return valid;
}

void catalog_deinit(struct catalog *catalog)
{
    arena_deinit(&catalog->arena);
}

struct slice catalog_table_name(const struct catalog *catalog, uint32_t number)
{
    for (uint32_t i = 0; i < catalog->count; i++) {
        if (catalog->tables[i].number == number) {
            return catalog->tables[i].name;
        }
    }
    return slice_make(NULL, 0);
}

static uint32_t find_number(const struct catalog *catalog, struct slice name)
{
    for (uint32_t i = 0; i < catalog->count; i++) {
        if (slice_equal(catalog->tables[i].name, name)) {
            return catalog->tables[i].number;
        }
    }
    return 0;
}

/* Checks the number that the schema itself asks for against what is known. */
static bool check_given_number(const struct catalog *catalog, const struct schema_table *table,
                               struct buffer *message)
{
    uint32_t known = find_number(catalog, table->name);
    struct slice other = catalog_table_name(catalog, table->number);
    if (known != 0 && known != table->number) {
        buffer_append_format(message,
                             "the schema gives table %.*s the number %" PRIu32
                             ", but in the data it has %" PRIu32,
                             SLICE_FORMAT(table->name), table->number, known);
        return false;
    }
    if (known == 0 && other.size > 0) {
        buffer_append_format(message,
                             "the schema gives table %.*s the number %" PRIu32
                             ", which in the data is that of table %.*s",
                             SLICE_FORMAT(table->name), table->number, SLICE_FORMAT(other));
        return false;
    }
    return true;
}

static bool number_is_free(const struct catalog *catalog, const struct schema *schema,
                           uint32_t number)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].number == number) {
            return false;
        }
    }
    return catalog_table_name(catalog, number).size == 0;
}

bool catalog_number_tables(struct catalog *catalog, struct schema *schema, struct buffer *message)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        struct schema_table *table = &schema->tables[i];
        uint32_t known = find_number(catalog, table->name);
        if (table->number != 0 && !check_given_number(catalog, table, message)) {
            return false;
        }
        if (table->number == 0 && known != 0) {
            schema_set_table_number(schema, table, known);
        }
    }
    uint32_t next = SCHEMA_TABLE_NUMBER_FIRST;
    for (uint32_t i = 0; i < schema->table_count; i++) {
        struct schema_table *table = &schema->tables[i];
        while (table->number == 0 && !number_is_free(catalog, schema, next)) {
            next += 1;
        }
        if (table->number == 0) {
            schema_set_table_number(schema, table, next);
        }
        if (find_number(catalog, table->name) == 0) {
            add_table(catalog, table->number, table->name);
            catalog->changed = true;
        }
    }
    return true;
}

static void serialise(const struct catalog *catalog, struct buffer *bytes)
{
    char version[4];
    char hash[8];
    bytes_put_u32(version, CATALOG_VERSION);
    buffer_append(bytes, CATALOG_MAGIC, CATALOG_MAGIC_AT);
    buffer_append(bytes, version, sizeof(version));
    buffer_append(bytes, catalog->database_id, DATABASE_ID_SIZE);
    assert(bytes->size == CATALOG_FIXED);
    bytes_append_varint(bytes, catalog->count);
    for (uint32_t i = 0; i < catalog->count; i++) {
        bytes_append_varint(bytes, catalog->tables[i].number);
        bytes_append_varint(bytes, catalog->tables[i].name.size);
        buffer_append_slice(bytes, catalog->tables[i].name);
    }
    bytes_put_u64(hash, hash_bytes(buffer_slice(bytes), 0));
    buffer_append(bytes, hash, sizeof(hash));
}

static int replace_file(struct file_system *files, const char *directory, struct slice bytes)
{
    char new_path[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    int file;
    int reason = file_path(new_path, directory, CATALOG_NEW_NAME);
    if (reason == 0) {
        reason = file_path(path, directory, CATALOG_NAME);
    }
    if (reason == 0) {
        reason = files->open(files, new_path, FILE_READ_WRITE, &file);
    }
    if (reason != 0) {
        return reason;
    }
    reason = files->truncate(files, file, 0);
    if (reason == 0) {
        reason = file_write_all(files, file, bytes.data, bytes.size, 0);
    }
    if (reason == 0) {
        reason = files->sync(files, file);
    }
    files->close(files, file);
    if (reason == 0) {
        reason = files->rename(files, new_path, path);
    }
    return reason != 0 ? reason : files->sync_directory(files, directory);
}

bool catalog_write(struct catalog *catalog, struct file_system *files, const char *directory,
                   struct buffer *message)
{
    struct buffer bytes = {0};
    serialise(catalog, &bytes);
    int reason = replace_file(files, directory, buffer_slice(&bytes));
    buffer_deinit(&bytes);
    if (reason != 0) {
        buffer_append_format(message, "cannot write %s/%s: %s", directory, CATALOG_NAME,
                             strerror(reason));
        return false;
    }
    catalog->changed = false;
    return true;
}
