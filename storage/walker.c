/* Walking tables by creation time while they change. See walker.h. */
#include "storage/walker.h"

#include "base/memory.h"
#include "index/order.h"

#include <assert.h>

/* Documents are asked for in stretches of so many. */
#define STRETCH_COUNT 32

/* Sets of documents. */

static size_t set_home(const struct walker_set *set, const struct document *document)
{
    uint64_t hash = ((uint64_t)(uintptr_t)document >> 4) * 0x9e3779b97f4a7c15ull;
    return (size_t)(hash >> 32) & (set->capacity - 1);
}

static void set_put(struct walker_set *set, struct document *document)
{
    size_t slot = set_home(set, document);
    while (set->slots[slot] != NULL) {
        assert(set->slots[slot] != document);
        slot = (slot + 1) & (set->capacity - 1);
    }
    set->slots[slot] = document;
    set->count += 1;
}

static void set_add(struct walker_set *set, struct document *document)
{
    if (set->count * 2 >= set->capacity) {
        struct walker_set larger = {.capacity = set->capacity > 0 ? set->capacity * 2 : 16};
        larger.slots = memory_allocate_zeroed(larger.capacity, sizeof(struct document *));
        for (size_t i = 0; i < set->capacity; i++) {
            if (set->slots[i] != NULL) {
                set_put(&larger, set->slots[i]);
            }
        }
        memory_release(set->slots);
        *set = larger;
    }
    set_put(set, document);
}

/* Takes the document out. Returns whether it was there. */
static bool set_remove(struct walker_set *set, const struct document *document)
{
    if (set->count == 0) {
        return false;
    }
    size_t mask = set->capacity - 1;
    size_t slot = set_home(set, document);
    while (set->slots[slot] != document) {
        if (set->slots[slot] == NULL) {
            return false;
        }
        slot = (slot + 1) & mask;
    }
    set->slots[slot] = NULL;
    set->count -= 1;
    /* Those behind it in a row are put again, so that no search meets the gap too early. */
    for (slot = (slot + 1) & mask; set->slots[slot] != NULL; slot = (slot + 1) & mask) {
        struct document *moved = set->slots[slot];
        set->slots[slot] = NULL;
        set->count -= 1;
        set_put(set, moved);
    }
    return true;
}

/* Places. */

static struct walker_place place_of(const struct document *document)
{
    struct slice id = document_id(document);
    struct walker_place place = {.creation_time = document_creation_time(document)};
    assert(id.size <= ID_TEXT_SIZE_MAX);
    place.id_size = (uint32_t)id.size;
    memcpy(place.id, id.data, id.size);
    return place;
}

/* Orders a document against a place, as by_creation_time does. */
static int compare_place(const struct document *document, const struct walker_place *place)
{
    if (place->id_size == 0) {
        return 1;
    }
    double creation_time = document_creation_time(document);
    if (creation_time != place->creation_time) {
        return creation_time < place->creation_time ? -1 : 1;
    }
    return slice_compare(document_id(document), slice_make(place->id, place->id_size));
}

static bool is_ahead(const struct walker_table *walk, const struct document *document)
{
    return !walk->done && compare_place(document, &walk->place) > 0 &&
           compare_place(document, &walk->end) <= 0;
}

/* The first document of the table behind the place, or NULL. */
static struct document *seek(struct table *table, const struct walker_place *place,
                             struct btree_cursor *cursor)
{
    struct index *index = &table->indexes[0];
    struct buffer key = {0};
    struct btree_bound bound;
    if (place->id_size > 0) {
        char quoted[ID_TEXT_SIZE_MAX + 2] = {'"'};
        memcpy(quoted + 1, place->id, place->id_size);
        quoted[place->id_size + 1] = '"';
        key_append(&key, value_from_number(place->creation_time));
        key_append(&key, value_from_text(slice_make(quoted, place->id_size + 2)));
    }
    index_bound(index, buffer_slice(&key), place->id_size > 0, &bound);
    struct document *document = btree_seek(&index->tree, &bound, cursor);
    buffer_deinit(&key);
    return document;
}

/* Walkers. */

static void walker_begin_table(struct walker_table *walk, struct table *table)
{
    struct btree_cursor cursor;
    walk->count = table->count;
    walk->done = table->count == 0;
    if (!walk->done) {
        const struct document *last = btree_at(&table->indexes[0].tree, table->count - 1, &cursor);
        assert(last != NULL);
        walk->end = place_of(last);
    }
}

struct walker *walker_create(struct database *database, size_t size_max)
{
    struct walker *walker = memory_allocate_zeroed(1, sizeof(*walker));
    walker->database = database;
    walker->sequence = database->sequence;
    walker->clock_us = database->clock_us;
    walker->size_max = size_max;
    walker->tables = memory_allocate_zeroed(database->table_count, sizeof(struct walker_table));
    for (uint32_t i = 0; i < database->table_count; i++) {
        walker_begin_table(&walker->tables[i], &database->tables[i]);
    }
    walker->next = database->walkers;
    database->walkers = walker;
    return walker;
}

static void release_table(struct walker *walker, struct walker_table *walk)
{
    for (size_t i = 0; i < walk->kept_count; i++) {
        document_release(walker->database->pool, walk->kept[i]);
    }
    memory_release(walk->kept);
    memory_release(walk->younger.slots);
    walk->kept = NULL;
    walk->kept_count = 0;
    walk->kept_capacity = 0;
    walk->younger = (struct walker_set){0};
    walk->done = true;
}

/* Gives back all that the walker holds. */
static void walker_fail(struct walker *walker)
{
    walker->failed = true;
    walker->size = 0;
    for (uint32_t i = 0; i < walker->database->table_count; i++) {
        release_table(walker, &walker->tables[i]);
    }
}

void walker_destroy(struct walker *walker)
{
    struct walker **link = &walker->database->walkers;
    while (*link != walker) {
        link = &(*link)->next;
    }
    *link = walker->next;
    walker_fail(walker);
    memory_release(walker->tables);
    memory_release(walker);
}

static void give_one(struct walker_table *walk, const struct document *document,
                     void (*give)(void *context, const struct document *document), void *context)
{
    walk->given += 1;
    give(context, document);
}

/* Hands out documents that are kept. Returns how many. */
static size_t give_kept(struct walker *walker, struct walker_table *walk, size_t count,
                        void (*give)(void *context, const struct document *document), void *context)
{
    size_t given = 0;
    while (walk->kept_count > 0 && given < count) {
        walk->kept_count -= 1;
        struct document *document = walk->kept[walk->kept_count];
        walker->size -= document_memory_size(document);
        give_one(walk, document, give, context);
        document_release(walker->database->pool, document);
        given += 1;
    }
    return given;
}

/* Hands out, or passes over, a stretch of documents of the table. Returns how many it handed out.
 */
static size_t give_stretch(struct walker *walker, struct walker_table *walk, struct table *table,
                           size_t count,
                           void (*give)(void *context, const struct document *document),
                           void *context)
{
    struct btree_cursor cursor;
    void *stretch[STRETCH_COUNT];
    size_t found = 0;
    size_t given = 0;
    size_t wanted = count < STRETCH_COUNT ? count : STRETCH_COUNT;
    if (seek(table, &walk->place, &cursor) != NULL) {
        found = btree_collect(&cursor, false, stretch, wanted);
    }
    for (size_t i = 0; i < found; i++) {
        prefetch_line(stretch[i]);
        prefetch_line((const char *)stretch[i] + 64);
    }
    walk->done = found < wanted;
    const struct document *last = NULL;
    for (size_t i = 0; i < found; i++) {
        const struct document *document = stretch[i];
        if (compare_place(document, &walk->end) > 0) {
            walk->done = true;
            break;
        }
        last = document;
        if (!set_remove(&walk->younger, document)) {
            give_one(walk, document, give, context);
            given += 1;
        }
    }
    if (last != NULL) {
        walk->place = place_of(last);
    }
    assert(!walk->done || walk->younger.count == 0);
    walker->size -= walk->done ? walk->younger.capacity * sizeof(struct document *) : 0;
    if (walk->done) {
        memory_release(walk->younger.slots);
        walk->younger = (struct walker_set){0};
    }
    return given;
}

bool walker_read(struct walker *walker, uint32_t table, size_t count,
                 void (*give)(void *context, const struct document *document), void *context)
{
    assert(!walker->failed && table < walker->database->table_count);
    struct walker_table *walk = &walker->tables[table];
    size_t given = give_kept(walker, walk, count, give, context);
    while (given < count && !walk->done) {
        given += give_stretch(walker, walk, &walker->database->tables[table], count - given, give,
                              context);
    }
    bool more = !walk->done || walk->kept_count > 0;
    assert(more || walk->given == walk->count);
    return more;
}

static void keep(struct walker *walker, struct walker_table *walk, struct document *document)
{
    if (walk->kept_count == walk->kept_capacity) {
        walk->kept_capacity = walk->kept_capacity * 2 + 16;
        walk->kept = memory_resize(walk->kept, walk->kept_capacity * sizeof(struct document *));
    }
    walk->kept[walk->kept_count++] = document_retain(document);
    walker->size += document_memory_size(document);
}

static void walker_note(struct walker *walker, const struct change *change)
{
    struct database *database = walker->database;
    struct walker_table *walk = &walker->tables[change->table - database->tables];
    if (change->before && is_ahead(walk, change->before) &&
        !set_remove(&walk->younger, change->before)) {
        keep(walker, walk, change->before);
    }
    if (change->after && is_ahead(walk, change->after)) {
        size_t capacity = walk->younger.capacity;
        set_add(&walk->younger, change->after);
        walker->size += (walk->younger.capacity - capacity) * sizeof(struct document *);
    }
    if (walker->size > walker->size_max) {
        walker_fail(walker);
    }
}

void walkers_note(struct database *database, const struct change *change)
{
    for (struct walker *walker = database->walkers; walker != NULL; walker = walker->next) {
        if (!walker->failed) {
            walker_note(walker, change);
        }
    }
}

void walkers_fail_after(struct database *database, uint64_t durable)
{
    for (struct walker *walker = database->walkers; walker != NULL; walker = walker->next) {
        if (walker->sequence > durable && !walker->failed) {
            walker_fail(walker);
        }
    }
}
