/* Resolving references: see the header. */
#include "cli/import_resolve.h"

#include "base/memory.h"
#include "storage/id.h"

#include <assert.h>

/* Looking at types. */

static const struct import_keys *find_keys(const struct import_tables *tables,
                                           const struct type *id_type)
{
    assert(id_type->kind == TYPE_KIND_ID);
    const struct import_table *table = import_tables_find(tables, id_type->table);
    return table != NULL && table->keyed ? &table->keys : NULL;
}

bool import_resolve_reaches(const struct import_tables *tables, const struct type *type)
{
    bool reaches = false;
    switch (type->kind) {
    case TYPE_KIND_ID:
        return find_keys(tables, type) != NULL;
    case TYPE_KIND_ARRAY:
        return import_resolve_reaches(tables, type->element);
    case TYPE_KIND_RECORD:
        return import_resolve_reaches(tables, type->keys) ||
               import_resolve_reaches(tables, type->element);
    case TYPE_KIND_UNION:
        for (uint32_t i = 0; i < type->member_count && !reaches; i++) {
            reaches = import_resolve_reaches(tables, type->members[i]);
        }
        return reaches;
    case TYPE_KIND_OBJECT:
        for (uint32_t i = 0; i < type->field_count && !reaches; i++) {
            reaches = import_resolve_reaches(tables, type->fields[i].type);
        }
        return reaches;
    default:
        return false;
    }
}

const struct type_field *import_find_field(const struct type *object, struct slice name)
{
    assert(object->kind == TYPE_KIND_OBJECT);
    for (uint32_t i = 0; i < object->field_count; i++) {
        if (slice_equal(object->fields[i].name, name)) {
            return &object->fields[i];
        }
    }
    return NULL;
}

/* References themselves. */

static bool may_be_key(struct value value)
{
    enum value_type type = value_type(value);
    return type == TYPE_STRING || type == TYPE_NUMBER || type == TYPE_INT64;
}

static void add_found(struct import_resolver *resolver, struct import_key *key)
{
    if (resolver->found_count == resolver->found_capacity) {
        resolver->found_capacity = resolver->found_capacity * 2 + 8;
        resolver->found =
            memory_resize(resolver->found, resolver->found_capacity * sizeof *resolver->found);
    }
    resolver->found[resolver->found_count++] = key;
}

static struct value make_id(struct import_resolver *resolver, const struct import_keys *keys,
                            const struct import_key *key)
{
    char *text = arena_allocate(resolver->arena, ID_TEXT_SIZE_MAX + 2);
    size_t size = import_keys_write_id(keys, key, text + 1);
    text[0] = '"';
    text[size + 1] = '"';
    return value_from_text(slice_make(text, size + 2));
}

/* Replaces `*value` if it is a key of a table that the type, an id or a union, refers to. */
static bool replace_key(struct import_resolver *resolver, const struct type *type,
                        struct value *value)
{
    for (uint32_t i = 0; type->kind == TYPE_KIND_UNION && i < type->member_count; i++) {
        if (replace_key(resolver, type->members[i], value)) {
            return true;
        }
    }
    const struct import_keys *keys =
        type->kind == TYPE_KIND_ID ? find_keys(resolver->tables, type) : NULL;
    struct import_key *key =
        keys == NULL ? NULL : import_keys_find(keys, import_key_text(resolver->arena, *value));
    if (key == NULL) {
        return false;
    }
    *value = make_id(resolver, keys, key);
    add_found(resolver, key);
    return true;
}

/* True if some id of the type, an id or a union, is one of a table whose rows have no keys here:
 * the server knows better then. */
static bool refers_elsewhere(const struct import_tables *tables, const struct type *type)
{
    for (uint32_t i = 0; type->kind == TYPE_KIND_UNION && i < type->member_count; i++) {
        if (refers_elsewhere(tables, type->members[i])) {
            return true;
        }
    }
    return type->kind == TYPE_KIND_ID && find_keys(tables, type) == NULL;
}

/* The name of the first table with keys that the type, an id or a union, refers to; or empty. */
static struct slice first_table(const struct import_tables *tables, const struct type *type)
{
    struct slice name = {0};
    for (uint32_t i = 0; type->kind == TYPE_KIND_UNION && i < type->member_count; i++) {
        name = first_table(tables, type->members[i]);
        if (name.size > 0) {
            return name;
        }
    }
    if (type->kind == TYPE_KIND_ID && find_keys(tables, type) != NULL) {
        name = type->table;
    }
    return name;
}

/* True if the type takes the value as it is. */
static bool type_takes(struct import_resolver *resolver, const struct type *type,
                       struct value value)
{
    struct error ignored;
    error_init(&ignored, resolver->arena);
    return type_check(type, value, &ignored);
}

static bool resolve_scalar(struct import_resolver *resolver, const struct type *type,
                           struct value *value, struct error *error)
{
    if (!may_be_key(*value) || replace_key(resolver, type, value) ||
        refers_elsewhere(resolver->tables, type) || type_takes(resolver, type, *value)) {
        return true;
    }
    struct slice table = first_table(resolver->tables, type);
    if (table.size == 0) {
        return true;
    }
    return error_set(error, ERROR_INVALID_ID, "no row of %.*s has the key %.*s",
                     SLICE_FORMAT(table), SLICE_FORMAT(value_text(resolver->arena, *value)));
}

/* Containers. */

static bool resolve_array(struct import_resolver *resolver, const struct type *type,
                          struct value *value, struct error *error)
{
    uint32_t count;
    const struct value *items = value_items(resolver->arena, *value, &count);
    struct value *resolved = arena_allocate(resolver->arena, count * sizeof *resolved);
    for (uint32_t i = 0; i < count; i++) {
        resolved[i] = items[i];
        if (!import_resolve(resolver, type->element, &resolved[i], error)) {
            error_prefix_path_index(error, i);
            return false;
        }
    }
    *value = value_from_items(resolved, count);
    return true;
}

/* A name of a record may be a reference as well. */
static bool resolve_name(struct import_resolver *resolver, const struct type *type,
                         struct slice *name, struct error *error)
{
    if (!import_resolve_reaches(resolver->tables, type)) {
        return true;
    }
    struct slice quoted = arena_format(resolver->arena, "\"%.*s\"", SLICE_FORMAT(*name));
    struct value value = value_from_text(quoted);
    if (!import_resolve(resolver, type, &value, error)) {
        return false;
    }
    *name = value_string_escaped(value);
    return true;
}

static bool resolve_field(struct import_resolver *resolver, const struct type *type,
                          struct value_field *field, struct error *error)
{
    if (type->kind == TYPE_KIND_RECORD) {
        return resolve_name(resolver, type->keys, &field->name, error) &&
               import_resolve(resolver, type->element, &field->value, error);
    }
    const struct type_field *known = import_find_field(type, field->name);
    return known == NULL || import_resolve(resolver, known->type, &field->value, error);
}

static bool resolve_object(struct import_resolver *resolver, const struct type *type,
                           struct value *value, struct error *error)
{
    uint32_t count;
    const struct value_field *fields = value_fields(resolver->arena, *value, &count);
    struct value_field *resolved = arena_allocate(resolver->arena, count * sizeof *resolved);
    for (uint32_t i = 0; i < count; i++) {
        resolved[i] = fields[i];
        if (!resolve_field(resolver, type, &resolved[i], error)) {
            error_prefix_path(error, fields[i].name);
            return false;
        }
    }
    *value = value_from_fields(resolved, count);
    return true;
}

/* Resolves a container by one member of a union, if that makes it match the member. */
static bool try_member(struct import_resolver *resolver, const struct type *member,
                       struct value *value, struct error *error)
{
    uint32_t found_before = resolver->found_count;
    struct value resolved = *value;
    if (import_resolve(resolver, member, &resolved, error) &&
        type_takes(resolver, member, resolved)) {
        *value = resolved;
        return true;
    }
    resolver->found_count = found_before;
    return false;
}

/* Members without references come last, as they do for keys: what they take, they take as it is. */
static bool resolve_union(struct import_resolver *resolver, const struct type *type,
                          struct value *value, struct error *error)
{
    struct error unknown_key;
    error_init(&unknown_key, resolver->arena);
    for (uint32_t i = 0; i < type->member_count; i++) {
        if (import_resolve_reaches(resolver->tables, type->members[i]) &&
            try_member(resolver, type->members[i], value, &unknown_key)) {
            return true;
        }
    }
    if (unknown_key.code == ERROR_NONE || type_takes(resolver, type, *value)) {
        return true;
    }
    *error = unknown_key;
    return false;
}

bool import_resolve(struct import_resolver *resolver, const struct type *type, struct value *value,
                    struct error *error)
{
    enum value_type shape = value_type(*value);
    bool is_container = shape == TYPE_ARRAY || shape == TYPE_OBJECT;
    if (!import_resolve_reaches(resolver->tables, type)) {
        return true;
    }
    if (type->kind == TYPE_KIND_UNION && is_container) {
        return resolve_union(resolver, type, value, error);
    }
    if (type->kind == TYPE_KIND_UNION || type->kind == TYPE_KIND_ID) {
        return resolve_scalar(resolver, type, value, error);
    }
    if (type->kind == TYPE_KIND_ARRAY && shape == TYPE_ARRAY) {
        return resolve_array(resolver, type, value, error);
    }
    if ((type->kind == TYPE_KIND_OBJECT || type->kind == TYPE_KIND_RECORD) &&
        shape == TYPE_OBJECT) {
        return resolve_object(resolver, type, value, error);
    }
    return true;
}

void import_resolver_deinit(struct import_resolver *resolver)
{
    memory_release(resolver->found);
    *resolver = (struct import_resolver){0};
}
