/* Interning shapes: a chained hash table per table, and one allocation per shape. */
#include "storage/shape.h"

#include "base/hash.h"
#include "base/macros.h"
#include "base/memory.h"
#include "storage/database.h"

#include <assert.h>
#include <string.h>

/* Up to this many fields a search compares names one after the other. */
#define LINEAR_FIELDS_MAX TINY_OR(3, 12)

/* Clients choose names: with a seed that they do not know they cannot choose such as collide. */
static uint64_t table_seed(const struct table *table)
{
    return table->database->documents.seed;
}

static uint64_t names_hash(const struct value_field *fields, uint32_t count, uint64_t seed)
{
    uint64_t hash = seed;
    for (uint32_t i = 0; i < count; i++) {
        if (!value_is_missing(fields[i].value)) {
            hash = hash_bytes(fields[i].name, hash + 1);
        }
    }
    return hash;
}

static bool shape_has_names(const struct shape *shape, const struct value_field *fields,
                            uint32_t count)
{
    uint32_t position = SHAPE_USER_FIELDS;
    for (uint32_t i = 0; i < count; i++) {
        if (value_is_missing(fields[i].value)) {
            continue;
        }
        if (position == shape->field_count ||
            !slice_equal(shape->names[position], fields[i].name)) {
            return false;
        }
        position += 1;
    }
    return position == shape->field_count;
}

static uint32_t slot_count_for(uint32_t field_count)
{
    if (field_count <= LINEAR_FIELDS_MAX) {
        return 0;
    }
    uint32_t slots = 8;
    while (slots < field_count * 2) {
        slots *= 2;
    }
    return slots;
}

/* The parts of a shape that follow its header, laid out by falling alignment. */
struct layout {
    uint32_t field_count;
    uint32_t slot_count;
    size_t names;
    size_t types;
    size_t positions;
    size_t slots;
    size_t text;
    size_t size;
};

static struct layout layout_of(const struct table *table, const struct value_field *fields,
                               uint32_t count)
{
    struct layout layout = {.field_count = SHAPE_USER_FIELDS};
    size_t text_size = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!value_is_missing(fields[i].value)) {
            layout.field_count += 1;
            text_size += fields[i].name.size;
        }
    }
    layout.slot_count = slot_count_for(layout.field_count);
    layout.names = sizeof(struct shape);
    layout.types = layout.names + layout.field_count * sizeof(struct slice);
    layout.positions = layout.types + layout.field_count * sizeof(struct type *);
    layout.slots = layout.positions + table->path_count * sizeof(uint32_t);
    layout.text = layout.slots + layout.slot_count * sizeof(uint32_t);
    layout.size = layout.text + text_size;
    return layout;
}

static void fill_names(struct shape *shape, const struct value_field *fields, uint32_t count,
                       char *text)
{
    struct slice *names = (struct slice *)(uintptr_t)shape->names;
    names[SHAPE_ID] = SLICE("_id");
    names[SHAPE_CREATION_TIME] = SLICE("_creationTime");
    uint32_t position = SHAPE_USER_FIELDS;
    for (uint32_t i = 0; i < count; i++) {
        if (value_is_missing(fields[i].value)) {
            continue;
        }
        struct slice name = fields[i].name;
        if (name.size > 0) {
            memcpy(text, name.data, name.size);
        }
        names[position] = slice_make(text, name.size);
        text += name.size;
        position += 1;
    }
    assert(position == shape->field_count);
}

static void fill_slots(struct shape *shape)
{
    uint64_t seed = table_seed(shape->table);
    for (uint32_t position = 0; shape->slots && position < shape->field_count; position++) {
        uint64_t slot = hash_bytes(shape->names[position], seed);
        while (shape->slots[slot & shape->slot_mask] != 0) {
            slot += 1;
        }
        shape->slots[slot & shape->slot_mask] = position + 1;
    }
}

/* Gives every field its type; notes whether the names are those that the type demands. */
static void fill_types(struct shape *shape, const struct type *type)
{
    if (!type || type->kind != TYPE_KIND_OBJECT) {
        shape->conforms = !type || type->kind == TYPE_KIND_ANY;
        return;
    }
    uint32_t typed = SHAPE_USER_FIELDS;
    bool complete = true;
    for (uint32_t i = 0; i < type->field_count; i++) {
        uint32_t position = shape_find(shape, type->fields[i].name);
        if (position == SHAPE_NO_FIELD) {
            complete = complete && type->fields[i].optional;
            continue;
        }
        shape->types[position] = type->fields[i].type;
        typed += 1;
    }
    shape->conforms = complete && typed == shape->field_count;
}

static void fill_index_positions(struct shape *shape, const struct table *table)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct index *index = &table->indexes[i];
        for (uint32_t field = 0; field < index->field_count; field++) {
            struct slice first_name = index->fields[field].names[0];
            shape->index_positions[index->first_position + field] = shape_find(shape, first_name);
        }
    }
}

static struct shape *shape_create(struct table *table, const struct value_field *fields,
                                  uint32_t count, uint64_t hash)
{
    struct layout layout = layout_of(table, fields, count);
    char *memory = memory_allocate_zeroed(1, layout.size);
    struct shape *shape = (struct shape *)(void *)memory;
    shape->table = table;
    shape->serial = ++table->database->shape_serial;
    shape->hash = hash;
    shape->size = layout.size;
    shape->field_count = layout.field_count;
    shape->names = (const struct slice *)(void *)(memory + layout.names);
    shape->types = (const struct type **)(void *)(memory + layout.types);
    shape->index_positions = (uint32_t *)(void *)(memory + layout.positions);
    if (layout.slot_count > 0) {
        shape->slots = (uint32_t *)(void *)(memory + layout.slots);
        shape->slot_mask = layout.slot_count - 1;
    }
    fill_names(shape, fields, count, memory + layout.text);
    fill_slots(shape);
    fill_types(shape, table->schema->fields);
    fill_index_positions(shape, table);
    return shape;
}

/* Doubles the table's buckets. */
static void grow_buckets(struct table *table)
{
    uint32_t mask = table->shapes ? table->shape_mask * 2 + 1 : 7;
    struct shape **shapes = memory_allocate_zeroed((size_t)mask + 1, sizeof(struct shape *));
    for (uint32_t i = 0; table->shapes && i <= table->shape_mask; i++) {
        struct shape *shape = table->shapes[i];
        while (shape) {
            struct shape *next = shape->next;
            shape->next = shapes[shape->hash & mask];
            shapes[shape->hash & mask] = shape;
            shape = next;
        }
    }
    memory_release(table->shapes);
    table->shapes = shapes;
    table->shape_mask = mask;
}

static struct shape *intern(struct table *table, const struct value_field *fields, uint32_t count)
{
    uint64_t hash = names_hash(fields, count, table_seed(table));
    struct shape *shape = table->shapes ? table->shapes[hash & table->shape_mask] : NULL;
    while (shape && (shape->hash != hash || !shape_has_names(shape, fields, count))) {
        shape = shape->next;
    }
    if (shape) {
        return shape;
    }
    if (!table->shapes || table->shape_count > table->shape_mask) {
        grow_buckets(table);
    }
    shape = shape_create(table, fields, count, hash);
    shape->next = table->shapes[hash & table->shape_mask];
    table->shapes[hash & table->shape_mask] = shape;
    table->shape_count += 1;
    table->database->shape_size += shape->size;
    return shape;
}

struct shape *shape_acquire(struct table *table, const struct value_field *fields, uint32_t count)
{
    struct shape *shape = table->newest_shape;
    if (!shape || !shape_has_names(shape, fields, count)) {
        shape = intern(table, fields, count);
        table->newest_shape = shape;
    }
    shape->references += 1;
    return shape;
}

void shape_release(struct shape *shape)
{
    assert(shape->references > 0);
    shape->references -= 1;
    if (shape->references > 0) {
        return;
    }
    struct table *table = shape->table;
    struct shape **link = &table->shapes[shape->hash & table->shape_mask];
    while (*link != shape) {
        link = &(*link)->next;
    }
    *link = shape->next;
    table->shape_count -= 1;
    table->database->shape_size -= shape->size;
    if (table->newest_shape == shape) {
        table->newest_shape = NULL;
    }
    memory_release(shape);
}

static uint32_t find_in_slots(const struct shape *shape, struct slice name)
{
    uint64_t slot = hash_bytes(name, table_seed(shape->table));
    for (;;) {
        uint32_t position = shape->slots[slot & shape->slot_mask];
        if (position == 0) {
            return SHAPE_NO_FIELD;
        }
        if (slice_equal(shape->names[position - 1], name)) {
            return position - 1;
        }
        slot += 1;
    }
}

uint32_t shape_find(const struct shape *shape, struct slice name)
{
    if (shape->slots) {
        return find_in_slots(shape, name);
    }
    for (uint32_t position = 0; position < shape->field_count; position++) {
        if (slice_equal(shape->names[position], name)) {
            return position;
        }
    }
    return SHAPE_NO_FIELD;
}

void shape_find_place(const struct shape *shape, struct slice name, struct shape_place *place)
{
    uint32_t position = shape_find(shape, name);
    bool is_followed = position != SHAPE_NO_FIELD && position + 1 < shape->field_count;
    place->serial = shape->serial;
    place->position = position;
    place->gap = is_followed ? SHAPE_NAME_OVERHEAD + (uint32_t)shape->names[position + 1].size : 0;
}
