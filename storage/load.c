/* Making documents of texts, and indexes of documents. See load.h. */
#include "storage/load.h"

#include "base/json.h"
#include "base/memory.h"
#include "storage/id.h"
#include "storage/load_index.h"
#include "storage/record.h"

#include <assert.h>
#include <inttypes.h>

#define CREATION_TIME_MAX 9007199254740992.0 /* 2^53 */
#define LOAD_DEPTH_MAX    128

/* A list is swept when so many of its documents are dead, and as many as alive. */
#define SWEEP_COUNT_MIN   TINY_OR(4, 65536)

/* A document of a table that the schema lacks: only its id. */
struct orphan {
    uint32_t table_number;
    uint32_t id_size;
    char id[];
};

static struct slice orphan_key(const void *entry)
{
    const struct orphan *orphan = entry;
    return slice_make(orphan->id, orphan->id_size);
}

void loader_init(struct loader *loader, struct database *database, const struct catalog *catalog)
{
    assert(database->documents.count == 0);
    *loader = (struct loader){.database = database, .catalog = catalog};
    arena_init(&loader->arena, 64 * 1024);
    loader->tables = memory_allocate_zeroed(database->table_count, sizeof(struct loader_table));
    hash_map_init(&loader->orphans, orphan_key, database->documents.seed);
}

/* Lets go of dead documents and closes the gaps that they leave. */
static void sweep(struct loader *loader, struct loader_table *list)
{
    struct pool *pool = loader->database->pool;
    size_t kept = 0;
    for (size_t i = 0; i < list->count && list->dead > 0; i++) {
        struct document *document = list->documents[i];
        if (document->references > 1) {
            document_release(pool, document);
            document_release(pool, document);
        } else {
            list->documents[kept++] = document;
        }
    }
    list->count = list->dead > 0 ? kept : list->count;
    list->dead = 0;
}

/* Whether the first two fields are `_id`, of the table, and `_creationTime`. */
static bool has_system_fields(const struct value_field *fields, uint32_t count,
                              uint32_t table_number)
{
    if (count < SHAPE_USER_FIELDS || !slice_equal(fields[0].name, SLICE("_id")) ||
        !slice_equal(fields[1].name, SLICE("_creationTime"))) {
        return false;
    }
    if (value_type(fields[0].value) != TYPE_STRING || value_type(fields[1].value) != TYPE_NUMBER) {
        return false;
    }
    double time = value_number(fields[1].value);
    return time >= 0 && time <= CREATION_TIME_MAX &&
           id_table_number(value_string_escaped(fields[0].value)) == table_number;
}

/* Takes the text of a document apart. Errors: false where it is none. */
static bool read_fields(struct loader *loader, uint32_t table_number, struct slice text,
                        const struct value_field **fields, uint32_t *count)
{
    struct value value;
    struct json_error json_error;
    if (!json_read(&loader->arena, text, LOAD_DEPTH_MAX, &value, NULL, &json_error) ||
        value_type(value) != TYPE_OBJECT) {
        return false;
    }
    *fields = value_fields(&loader->arena, value, count);
    return has_system_fields(*fields, *count, table_number);
}

/* Takes note of a document that does not match the schema. */
static void note_violation(struct loader *loader, const struct table *table, struct slice id,
                           struct slice path, struct slice why)
{
    loader->violations += 1;
    if (loader->violations <= LOADER_VIOLATIONS_SHOWN) {
        buffer_append_format(&loader->shown, "  table %.*s, document %.*s, at %.*s: %.*s\n",
                             SLICE_FORMAT(table->name), SLICE_FORMAT(id),
                             SLICE_FORMAT(path.size > 0 ? path : SLICE("/")), SLICE_FORMAT(why));
    }
}

/* `text` with its lines one behind the other. */
static struct slice one_line(struct arena *arena, struct slice text)
{
    char *line = arena_allocate(arena, text.size);
    for (size_t i = 0; i < text.size; i++) {
        line[i] = text.data[i];
        if (line[i] == '\n') {
            line[i] = ' ';
        }
    }
    return slice_make(line, text.size);
}

static void check_schema(struct loader *loader, struct document *document)
{
    struct table *table = document->shape->table;
    if (!table->schema->fields) {
        return;
    }
    struct value_field *fields =
        arena_allocate(&loader->arena, document->shape->field_count * sizeof(*fields));
    uint32_t count = document_user_fields(document, fields);
    struct error error;
    error_init(&error, &loader->arena);
    if (!table_check_types(table, document->shape, fields, count, 0, &error)) {
        note_violation(loader, table, document_id(document), error.path,
                       one_line(&loader->arena, error.message));
    }
}

static struct document *make_document(struct loader *loader, struct table *table, struct slice text)
{
    const struct value_field *fields;
    uint32_t count;
    if (!read_fields(loader, table->number, text, &fields, &count)) {
        return NULL;
    }
    struct document_parts parts = {
        .id = value_string_escaped(fields[0].value),
        .creation_time = value_text(&loader->arena, fields[1].value),
        .fields = fields + SHAPE_USER_FIELDS,
        .count = count - SHAPE_USER_FIELDS,
    };
    if (document_text_size(&parts) != text.size) {
        return NULL;
    }
    struct pool *pool = table->database->pool;
    struct shape *shape = shape_acquire(table, parts.fields, parts.count);
    struct document *document = document_create(pool, shape, &parts, text.size);
    if (!slice_equal(document_text(document), text)) {
        document_release(pool, document);
        return NULL;
    }
    /* What is wrong is told by loader_finish(), if the document is still there then. */
    struct error error;
    error_init(&error, &loader->arena);
    if (!table_check_types(table, shape, parts.fields, parts.count, 0, &error)) {
        loader->tables[table - table->database->tables].suspect = true;
    }
    return document;
}

static void list_append(struct loader_table *list, struct document *document)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 64;
        list->documents = memory_resize(list->documents, list->capacity * sizeof(void *));
    }
    list->documents[list->count++] = document;
}

/* Marks a document that is out of the map. */
static void bury(struct loader *loader, struct document *document)
{
    struct table *table = document->shape->table;
    struct loader_table *list = &loader->tables[table - loader->database->tables];
    document_retain(document);
    table->count -= 1;
    table->text_size -= document->text_size;
    list->dead += 1;
    if (list->dead > SWEEP_COUNT_MIN && list->dead > list->count / 2) {
        sweep(loader, list);
    }
}

/* Takes the document that has waited longest into the map and its list. */
static void settle_one(struct loader *loader)
{
    struct database *database = loader->database;
    struct hash_map *map = &database->documents;
    struct loader_waiting *waiting = &loader->waiting[loader->waiting_start];
    struct document *document = waiting->document;
    loader->waiting_start = (loader->waiting_start + 1) % LOADER_WAITING_COUNT;
    loader->waiting_count -= 1;
    struct table *table = document->shape->table;
    struct document *before = hash_map_find(map, waiting->hash, document_id(document));
    if (before != NULL) {
        hash_map_replace(map, waiting->hash, before, document);
        bury(loader, before);
    } else {
        hash_map_insert(map, waiting->hash, document);
    }
    table->count += 1;
    table->text_size += document->text_size;
    list_append(&loader->tables[table - database->tables], document);
}

static void settle_all(struct loader *loader)
{
    while (loader->waiting_count > 0) {
        settle_one(loader);
    }
}

static void wait(struct loader *loader, struct document *document)
{
    struct hash_map *map = &loader->database->documents;
    if (loader->waiting_count == LOADER_WAITING_COUNT) {
        settle_one(loader);
    }
    unsigned place = (loader->waiting_start + loader->waiting_count) % LOADER_WAITING_COUNT;
    uint64_t hash = hash_map_hash(map, document_id(document));
    loader->waiting[place] = (struct loader_waiting){.document = document, .hash = hash};
    loader->waiting_count += 1;
    hash_map_prefetch_slot(map, hash);
}

void loader_deinit(struct loader *loader)
{
    struct database *database = loader->database;
    settle_all(loader);
    uint64_t place = 0;
    struct orphan *orphan;
    while ((orphan = hash_map_iterate(&loader->orphans, &place)) != NULL) {
        memory_release(orphan);
    }
    hash_map_deinit(&loader->orphans);
    for (uint32_t i = 0; i < database->table_count; i++) {
        struct loader_table *list = &loader->tables[i];
        sweep(loader, list);
        for (size_t number = 0; number < list->count; number++) {
            document_release(database->pool, list->documents[number]);
        }
        memory_release(list->documents);
    }
    memory_release(loader->tables);
    buffer_deinit(&loader->shown);
    arena_deinit(&loader->arena);
}

static bool put_orphan(struct loader *loader, uint32_t table_number, struct slice text)
{
    const struct value_field *fields;
    uint32_t count;
    if (!read_fields(loader, table_number, text, &fields, &count)) {
        return false;
    }
    struct slice id = value_string_escaped(fields[0].value);
    uint64_t hash = hash_map_hash(&loader->orphans, id);
    if (hash_map_find(&loader->orphans, hash, id) == NULL) {
        struct orphan *orphan = memory_allocate(sizeof(*orphan) + id.size);
        *orphan = (struct orphan){.table_number = table_number, .id_size = (uint32_t)id.size};
        memcpy(orphan->id, id.data, id.size);
        hash_map_insert(&loader->orphans, hash, orphan);
    }
    return true;
}

static bool delete_orphan(struct loader *loader, struct slice id)
{
    uint64_t hash = hash_map_hash(&loader->orphans, id);
    struct orphan *orphan = hash_map_find(&loader->orphans, hash, id);
    if (orphan != NULL) {
        hash_map_remove(&loader->orphans, hash, orphan);
        memory_release(orphan);
    }
    return orphan != NULL;
}

bool loader_put(struct loader *loader, uint32_t table_number, struct slice text)
{
    struct database *database = loader->database;
    struct table *table = database_find_table_by_number(database, table_number);
    arena_reset(&loader->arena);
    if (table == NULL) {
        return put_orphan(loader, table_number, text);
    }
    struct document *document = make_document(loader, table, text);
    if (document == NULL) {
        return false;
    }
    wait(loader, document);
    return true;
}

bool loader_delete(struct loader *loader, uint32_t table_number, struct slice id)
{
    struct database *database = loader->database;
    struct table *table = database_find_table_by_number(database, table_number);
    if (table == NULL) {
        return delete_orphan(loader, id);
    }
    settle_all(loader);
    struct hash_map *map = &database->documents;
    uint64_t hash = hash_map_hash(map, id);
    struct document *document = hash_map_find(map, hash, id);
    if (document == NULL || document->shape->table != table) {
        return false;
    }
    hash_map_remove(map, hash, document);
    bury(loader, document);
    return true;
}

bool loader_apply(struct loader *loader, struct slice record)
{
    struct record_reader reader;
    struct record_entry entry;
    if (!record_begin(&reader, record)) {
        return false;
    }
    while (reader.count > 0) {
        if (!record_next(&reader, &entry)) {
            return false;
        }
        bool applied = entry.is_delete ? loader_delete(loader, entry.table_number, entry.bytes)
                                       : loader_put(loader, entry.table_number, entry.bytes);
        if (!applied) {
            return false;
        }
    }
    if (reader.clock_us > loader->clock_us) {
        loader->clock_us = reader.clock_us;
    }
    return true;
}

/* Tells which tables are gone from the schema although they hold documents. */
static bool check_orphans(struct loader *loader, struct buffer *message)
{
    uint64_t place = 0;
    const struct orphan *first = hash_map_iterate(&loader->orphans, &place);
    if (first == NULL) {
        return true;
    }
    uint64_t count = 0;
    const struct orphan *orphan = first;
    while (orphan != NULL) {
        count += orphan->table_number == first->table_number;
        orphan = hash_map_iterate(&loader->orphans, &place);
    }
    struct slice name = loader->catalog ? catalog_table_name(loader->catalog, first->table_number)
                                        : slice_make(NULL, 0);
    buffer_append_format(message,
                         "the schema has no table `%.*s` (number %" PRIu32
                         "), but the data has %" PRIu64 " documents of it",
                         SLICE_FORMAT(name), first->table_number, count);
    return false;
}

static void check_documents(struct loader *loader, const struct loader_table *list)
{
    for (size_t i = 0; list->suspect && i < list->count; i++) {
        arena_reset(&loader->arena);
        check_schema(loader, list->documents[i]);
    }
}

/* `documents` is sorted as the index is, so that equals are neighbours. */
static void check_unique(struct loader *loader, const struct index *index, void *const *documents,
                         size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (index_has_same_key(index, documents[i - 1], documents[i])) {
            arena_reset(&loader->arena);
            struct slice why =
                arena_format(&loader->arena, "the unique index %.*s has the key already",
                             SLICE_FORMAT(index->name));
            note_violation(loader, index->table, document_id(documents[i]), SLICE(""), why);
        }
    }
}

static void build_indexes(struct loader *loader, struct table *table, struct loader_table *list)
{
    assert(list->count == table->count);
    for (uint32_t i = 0; i < table->index_count; i++) {
        struct index *index = &table->indexes[i];
        void **sorted = index->unique ? memory_allocate(list->count * sizeof(void *) + 1) : NULL;
        /* By creation time first: where keys tie, the other indexes begin in the right order. */
        load_index(index, list->documents, list->count, i == 0 ? list->documents : sorted);
        if (index->unique) {
            check_unique(loader, index, sorted, list->count);
        }
        memory_release(sorted);
    }
    /* The table has the documents from now on. */
    list->count = 0;
}

bool loader_finish(struct loader *loader, struct buffer *message)
{
    struct database *database = loader->database;
    settle_all(loader);
    for (uint32_t i = 0; i < database->table_count; i++) {
        sweep(loader, &loader->tables[i]);
        check_documents(loader, &loader->tables[i]);
    }
    bool typed = loader->violations == 0;
    for (uint32_t i = 0; typed && i < database->table_count; i++) {
        build_indexes(loader, &database->tables[i], &loader->tables[i]);
    }
    if (loader->violations > 0) {
        buffer_append_format(message,
                             "the data does not match the schema: %" PRIu64
                             " violations, the first of them:\n%.*s",
                             loader->violations, SLICE_FORMAT(buffer_slice(&loader->shown)));
        return false;
    }
    database->clock_us = loader->clock_us;
    return check_orphans(loader, message);
}
