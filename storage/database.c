/* Opening a database on a schema: tables, their indexes, and the ways to find things. */
#define _DEFAULT_SOURCE

#include "storage/database.h"

#include "base/hash.h"
#include "base/memory.h"
#include "index/order.h"
#include "storage/id.h"
#include "storage/load_index.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t system_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t random_seed(void)
{
    uint64_t seed;
    int failed = getentropy(&seed, sizeof(seed));
    assert(!failed);
    return seed;
}

static struct slice table_name_key(const void *entry)
{
    return ((const struct table *)entry)->name;
}

static struct slice table_number_key(const void *entry)
{
    const struct table *table = entry;
    return slice_make((const char *)&table->number, sizeof(table->number));
}

static void table_init(struct table *table, struct database *database,
                       const struct schema_table *schema)
{
    *table = (struct table){
        .database = database,
        .schema = schema,
        .name = schema->name,
        .number = schema->number,
        .index_count = schema->index_count + 1,
    };
    table->indexes = memory_allocate_zeroed(table->index_count, sizeof(struct index));
    index_init(&table->indexes[0], table, NULL, false, 0);
    index_init(&table->by_id, table, NULL, true, 0);
    for (uint32_t i = 0; i < schema->index_count; i++) {
        index_init(&table->indexes[i + 1], table, &schema->indexes[i], false, table->path_count);
        table->path_count += schema->indexes[i].field_count;
    }
}

static void release_documents(struct database *database, struct table *table)
{
    struct btree_bound start = {0};
    struct btree_cursor cursor;
    struct document *document = btree_seek(&table->indexes[0].tree, &start, &cursor);
    while (document) {
        struct document *next = btree_next(&cursor);
        document_release(database->pool, document);
        document = next;
    }
}

static void table_deinit(struct table *table)
{
    release_documents(table->database, table);
    assert(table->shape_count == 0);
    memory_release(table->shapes);
    for (uint32_t i = 0; i < table->index_count; i++) {
        index_deinit(&table->indexes[i]);
    }
    memory_release(table->indexes);
    index_deinit(&table->by_id);
}

static bool number_is_taken(const struct schema *schema, uint32_t number)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].number == number) {
            return true;
        }
    }
    return false;
}

/* Gives numbers to the tables that have none. */
static void number_tables(struct schema *schema)
{
    uint32_t next = SCHEMA_TABLE_NUMBER_FIRST;
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].number != 0) {
            continue;
        }
        while (number_is_taken(schema, next)) {
            next += 1;
        }
        schema_set_table_number(schema, &schema->tables[i], next);
    }
}

static void map_insert(struct hash_map *map, struct table *table)
{
    hash_map_insert(map, hash_map_hash(map, map->key(table)), table);
}

struct database *database_create(struct schema *schema, const struct database_options *options)
{
    struct database *database = memory_allocate_zeroed(1, sizeof(*database));
    database->schema = schema;
    database->options = *options;
    if (!database->options.now_us) {
        database->options.now_us = system_now_us;
    }
    uint64_t seed = options->seed ? options->seed : random_seed();
    database->pool = pool_create();
    hash_map_init_in(&database->documents, database->pool, document_id_of_entry, seed);
    hash_map_init(&database->tables_by_name, table_name_key, seed);
    hash_map_init(&database->tables_by_number, table_number_key, seed);
    number_tables(schema);
    database->table_count = schema->table_count;
    database->tables = memory_allocate_zeroed(schema->table_count, sizeof(struct table));
    for (uint32_t i = 0; i < schema->table_count; i++) {
        table_init(&database->tables[i], database, &schema->tables[i]);
        map_insert(&database->tables_by_name, &database->tables[i]);
        map_insert(&database->tables_by_number, &database->tables[i]);
    }
    return database;
}

void database_destroy(struct database *database)
{
    assert(!database->transaction.open && !database->walkers);
    memory_release(database->transaction.changes);
    history_release(database, UINT64_MAX);
    history_deinit(&database->history);
    buffer_deinit(&database->record);
    for (uint32_t i = 0; i < database->table_count; i++) {
        table_deinit(&database->tables[i]);
    }
    memory_release(database->tables);
    hash_map_deinit(&database->tables_by_number);
    hash_map_deinit(&database->tables_by_name);
    hash_map_deinit(&database->documents);
    pool_destroy(database->pool);
    schema_destroy(database->schema);
    memory_release(database);
}

struct table *database_find_table(const struct database *database, struct slice name)
{
    const struct hash_map *map = &database->tables_by_name;
    return hash_map_find(map, hash_map_hash(map, name), name);
}

struct table *database_find_table_by_number(const struct database *database, uint32_t number)
{
    const struct hash_map *map = &database->tables_by_number;
    struct slice key = slice_make((const char *)&number, sizeof(number));
    return hash_map_find(map, hash_map_hash(map, key), key);
}

void table_build_by_id(struct table *table)
{
    if (table->by_id_is_built) {
        return;
    }
    void **documents = memory_allocate((size_t)table->count * sizeof(void *) + 1);
    struct btree_bound start = {0};
    struct btree_cursor cursor;
    size_t count = 0;
    if (btree_seek(&table->indexes[0].tree, &start, &cursor)) {
        count = btree_collect(&cursor, false, documents, table->count);
    }
    assert(count == table->count);
    load_index(&table->by_id, documents, count, NULL);
    memory_release(documents);
    table->by_id_is_built = true;
}

struct index *table_find_index(struct table *table, struct slice name)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        if (slice_equal(table->indexes[i].name, name)) {
            return &table->indexes[i];
        }
    }
    return slice_equal(name, table->by_id.name) ? &table->by_id : NULL;
}

struct document *database_find(const struct database *database, struct slice id)
{
    return database_find_hashed(database, hash_map_hash(&database->documents, id), id);
}

struct document *database_find_hashed(const struct database *database, uint64_t hash,
                                      struct slice id)
{
    const struct hash_map *map = &database->documents;
    struct document *document = hash_map_guess(map, hash);
    if (LIKELY(!document || document_has_id(document, id))) {
        return document;
    }
    return hash_map_find(map, hash, id);
}

/* Ids that are looked up together. */
#define FIND_AHEAD TINY_OR(2, 16)

static void find_few(const struct hash_map *map, const struct slice *ids, uint32_t count,
                     struct document **documents)
{
    uint64_t hashes[FIND_AHEAD];
    void *guesses[FIND_AHEAD];
    hash_map_hash_all(map, ids, count, hashes);
    hash_map_guess_all(map, hashes, count, guesses);
    for (uint32_t i = 0; i < count; i++) {
        documents[i] = guesses[i];
        if (UNLIKELY(documents[i] && !document_has_id(documents[i], ids[i]))) {
            documents[i] = hash_map_find(map, hashes[i], ids[i]);
        }
    }
}

void database_find_all(const struct database *database, const struct slice *ids, uint32_t count,
                       struct document **documents)
{
    for (uint32_t i = 0; i < count; i += FIND_AHEAD) {
        uint32_t left = count - i;
        find_few(&database->documents, ids + i, left < FIND_AHEAD ? left : FIND_AHEAD,
                 documents + i);
    }
}

size_t database_memory(const struct database *database)
{
    return pool_used(database->pool) + hash_map_size_outside(&database->documents) +
           database->shape_size;
}

/* Every index holds exactly the documents of by_creation_time. */
static void check_document(struct table *table, struct document *document, struct buffer *key)
{
    struct database *database = table->database;
    assert(document->shape->table == table);
    assert(database_find(database, document_id(document)) == document);
    for (uint32_t i = 0; i < table->index_count; i++) {
        struct index *index = &table->indexes[i];
        struct btree_bound bound;
        struct btree_cursor cursor;
        key->size = 0;
        index_append_key(index, document, key);
        index_bound(index, buffer_slice(key), false, &bound);
        assert(btree_seek(&index->tree, &bound, &cursor) == document);
    }
}

static void check_table(struct table *table)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        btree_check(&table->indexes[i].tree);
        assert(table->indexes[i].tree.count == table->count);
    }
    if (table->by_id_is_built) {
        btree_check(&table->by_id.tree);
        assert(table->by_id.tree.count == table->count);
    }
    struct buffer key = {0};
    struct btree_bound start = {0};
    struct btree_cursor cursor;
    struct document *document = btree_seek(&table->indexes[0].tree, &start, &cursor);
    uint64_t text_size = 0;
    while (document) {
        check_document(table, document, &key);
        text_size += document->text_size;
        document = btree_next(&cursor);
    }
    assert(text_size == table->text_size);
    buffer_deinit(&key);
}

void database_check(struct database *database)
{
    uint64_t count = 0;
    hash_map_check(&database->documents);
    pool_check(database->pool);
    for (uint32_t i = 0; i < database->table_count; i++) {
        check_table(&database->tables[i]);
        count += database->tables[i].count;
    }
    assert(database->documents.count == count);
}
