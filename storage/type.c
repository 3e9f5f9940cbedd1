/* Checking values against types, and what indexes ask of types.
 *
 * Checking runs for every document that is written, so it is done twice: first by type_accepts,
 * which walks the canonical text without memory and only says yes or no, and where that says no,
 * by storage/type_error.c, which finds the place and words the error.
 *
 * How are a document's fields matched to a type's? Clients send fields in the order of the schema
 * more often than not, so the field after the last one that matched is tried first; otherwise the
 * name is searched among the sorted names. Names in an object are unique, so that counting the
 * required fields that were met tells whether all were. */
#include "storage/type.h"

#include "base/number.h"
#include "storage/id.h"
#include "storage/type_walk.h"

#include <assert.h>
#include <stdlib.h>

static const struct type type_any = {.kind = TYPE_KIND_ANY};

static int compare_fields(const void *a, const void *b)
{
    const struct type_field *const *a_field = a;
    const struct type_field *const *b_field = b;
    return slice_compare((*a_field)->name, (*b_field)->name);
}

void type_complete_object(struct arena *arena, struct type *type)
{
    assert(type->kind == TYPE_KIND_OBJECT);
    uint32_t count = type->field_count;
    const struct type_field **sorted = arena_allocate(arena, count * sizeof(*sorted));
    type->required_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = &type->fields[i];
        type->required_count += !type->fields[i].optional;
    }
    if (count > 0) {
        qsort(sorted, count, sizeof(*sorted), compare_fields);
    }
    for (uint32_t i = 1; i < count; i++) {
        assert(compare_fields(&sorted[i - 1], &sorted[i]) < 0);
    }
    type->by_name = sorted;
}

const struct type_field *type_find_field(const struct type *type, struct slice name)
{
    assert(type->kind == TYPE_KIND_OBJECT);
    uint32_t low = 0;
    uint32_t high = type->field_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct type_field *field = type->by_name[middle];
        int order = slice_compare(name, field->name);
        if (order == 0) {
            return field;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static bool object_accepts(const struct type *type, struct value value)
{
    uint32_t expected = 0;
    uint32_t required_seen = 0;
    struct field_walk walk = field_walk_begin(value);
    struct slice name;
    struct value found;
    while (field_walk_next(&walk, &name, &found)) {
        const struct type_field *field = NULL;
        if (expected < type->field_count && slice_equal(type->fields[expected].name, name)) {
            field = &type->fields[expected];
        } else {
            field = type_find_field(type, name);
        }
        if (field == NULL || !type_accepts(field->type, found)) {
            return false;
        }
        required_seen += !field->optional;
        expected = (uint32_t)(field - type->fields) + 1;
    }
    return required_seen == type->required_count;
}

static bool items_accepts(const struct type *type, struct value value)
{
    struct item_walk walk = item_walk_begin(value);
    struct value item;
    while (item_walk_next(&walk, &item)) {
        if (!type_accepts(type->element, item)) {
            return false;
        }
    }
    return true;
}

static bool is_id_of(const struct type *type, struct slice text)
{
    uint32_t number = id_table_number(text);
    return number != 0 && number == type->table_number;
}

bool type_accepts_name(const struct type *type, struct slice name)
{
    switch (type->kind) {
    case TYPE_KIND_ANY:
    case TYPE_KIND_STRING:
        return true;
    case TYPE_KIND_ID:
        return is_id_of(type, name);
    case TYPE_KIND_LITERAL:
        return value_type(type->literal) == TYPE_STRING &&
               slice_equal(value_string_escaped(type->literal), name);
    case TYPE_KIND_UNION:
        for (uint32_t i = 0; i < type->member_count; i++) {
            if (type_accepts_name(type->members[i], name)) {
                return true;
            }
        }
        return false;
    default:
        return false;
    }
}

static bool record_accepts(const struct type *type, struct value value)
{
    struct field_walk walk = field_walk_begin(value);
    struct slice name;
    struct value found;
    while (field_walk_next(&walk, &name, &found)) {
        if (!type_accepts_name(type->keys, name) || !type_accepts(type->element, found)) {
            return false;
        }
    }
    return true;
}

static bool union_accepts(const struct type *type, struct value value)
{
    for (uint32_t i = 0; i < type->member_count; i++) {
        if (type_accepts(type->members[i], value)) {
            return true;
        }
    }
    return false;
}

/* Equal in the order of values: 1 and 1.0 are, 1 and int64 1 are not. */
static bool literal_accepts(struct value literal, struct value value)
{
    enum value_type type = value_type(literal);
    if (type != value_type(value)) {
        return false;
    }
    switch (type) {
    case TYPE_STRING:
        return slice_equal(value_string_escaped(literal), value_string_escaped(value));
    case TYPE_NUMBER:
        return number_to_ordered(value_number(literal)) == number_to_ordered(value_number(value));
    case TYPE_INT64:
        return value_int64(literal) == value_int64(value);
    default:
        assert(type == TYPE_FALSE || type == TYPE_TRUE);
        return true;
    }
}

static bool is_string(struct value value)
{
    return value.kind == VALUE_TEXT && value.text[0] == '"';
}

bool type_accepts(const struct type *type, struct value value)
{
    switch (type->kind) {
    case TYPE_KIND_ANY:
        return value.kind != VALUE_MISSING;
    case TYPE_KIND_STRING:
        return is_string(value);
    case TYPE_KIND_NUMBER:
        return value_type(value) == TYPE_NUMBER;
    case TYPE_KIND_INT64:
        return value_type(value) == TYPE_INT64;
    case TYPE_KIND_BOOLEAN:
        return value_is_boolean(value);
    case TYPE_KIND_NULL:
        return value.kind == VALUE_NULL;
    case TYPE_KIND_BYTES:
        return value_type(value) == TYPE_BYTES;
    case TYPE_KIND_ID:
        return is_string(value) && is_id_of(type, value_string_escaped(value));
    case TYPE_KIND_ARRAY:
        return value_type(value) == TYPE_ARRAY && items_accepts(type, value);
    case TYPE_KIND_OBJECT:
        return value_type(value) == TYPE_OBJECT && object_accepts(type, value);
    case TYPE_KIND_RECORD:
        return value_type(value) == TYPE_OBJECT && record_accepts(type, value);
    case TYPE_KIND_UNION:
        return union_accepts(type, value);
    case TYPE_KIND_LITERAL:
        return literal_accepts(type->literal, value);
    }
    assert(false && "a type has a kind");
    return false;
}

/* What the one member of a union that has the field says; ANY where several have it. A member
 * that cannot have it, such as null, only means that the field may be missing. */
static const struct type *union_at_path(const struct type *type, const struct slice *names,
                                        uint32_t name_count)
{
    const struct type *only = NULL;
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct type *found = type_at_path(type->members[i], names, name_count);
        if (found != NULL && only != NULL) {
            return &type_any;
        }
        only = found != NULL ? found : only;
    }
    return only;
}

const struct type *type_at_path(const struct type *type, const struct slice *names,
                                uint32_t name_count)
{
    if (name_count == 0) {
        return type;
    }
    const struct type_field *field = NULL;
    switch (type->kind) {
    case TYPE_KIND_ANY:
        return &type_any;
    case TYPE_KIND_OBJECT:
        field = type_find_field(type, names[0]);
        return field == NULL ? NULL : type_at_path(field->type, names + 1, name_count - 1);
    case TYPE_KIND_RECORD:
        return type_accepts_name(type->keys, names[0])
                   ? type_at_path(type->element, names + 1, name_count - 1)
                   : NULL;
    case TYPE_KIND_UNION:
        return union_at_path(type, names, name_count);
    default:
        return NULL;
    }
}

/* Sets `*table` to the table that all ids of the type are of. False where the type takes anything
 * but null and ids of the one table. */
static bool only_ids(const struct type *type, struct slice *table)
{
    switch (type->kind) {
    case TYPE_KIND_NULL:
        return true;
    case TYPE_KIND_ID:
        if (table->size > 0 && !slice_equal(*table, type->table)) {
            return false;
        }
        *table = type->table;
        return true;
    case TYPE_KIND_UNION:
        for (uint32_t i = 0; i < type->member_count; i++) {
            if (!only_ids(type->members[i], table)) {
                return false;
            }
        }
        return true;
    default:
        return false;
    }
}

struct slice type_only_id_table(const struct type *type)
{
    struct slice table = {0};
    return only_ids(type, &table) ? table : (struct slice){0};
}

struct strings {
    bool ids;    /* takes ids of some table */
    bool others; /* takes strings that are no ids */
};

static struct strings strings_of(const struct type *type)
{
    switch (type->kind) {
    case TYPE_KIND_ID:
        return (struct strings){.ids = true};
    case TYPE_KIND_ANY:
    case TYPE_KIND_STRING:
        return (struct strings){.others = true};
    case TYPE_KIND_LITERAL:
        return (struct strings){.others = value_type(type->literal) == TYPE_STRING};
    default:
        break;
    }
    struct strings strings = {0};
    for (uint32_t i = 0; type->kind == TYPE_KIND_UNION && i < type->member_count; i++) {
        struct strings member = strings_of(type->members[i]);
        strings.ids = strings.ids || member.ids;
        strings.others = strings.others || member.others;
    }
    return strings;
}

bool type_strings_are_ids(const struct type *type)
{
    struct strings strings = strings_of(type);
    return strings.ids && !strings.others;
}

bool type_takes_id_of(const struct type *type, uint32_t table_number)
{
    assert(table_number > 0);
    if (type->kind == TYPE_KIND_ID) {
        return type->table_number == table_number;
    }
    for (uint32_t i = 0; type->kind == TYPE_KIND_UNION && i < type->member_count; i++) {
        if (type_takes_id_of(type->members[i], table_number)) {
            return true;
        }
    }
    return false;
}
