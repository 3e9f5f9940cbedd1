/* Rows: see the header. */
#include "cli/import_row.h"

#include "base/error.h"
#include "base/json.h"
#include "storage/id.h"

#include <assert.h>

static struct value find_field(const struct import_row *row, struct slice name)
{
    for (uint32_t i = 0; i < row->count; i++) {
        if (slice_equal(row->fields[i].name, name)) {
            return row->fields[i].value;
        }
    }
    return VALUE_IS(VALUE_MISSING);
}

/* Finds the key, which is a string, a number or an int64. */
bool import_row_check_key(const struct import_row *row, struct slice key_name,
                          struct buffer *reason)
{
    enum value_type type = value_type(row->key);
    if (type == TYPE_MISSING) {
        buffer_append_format(reason, "there is no key \"%.*s\"", SLICE_FORMAT(key_name));
        return false;
    }
    if (type != TYPE_STRING && type != TYPE_NUMBER && type != TYPE_INT64) {
        buffer_append_format(reason, "the key \"%.*s\" is %s, not a string, number or int64",
                             SLICE_FORMAT(key_name), value_type_name(type));
        return false;
    }
    return true;
}

bool import_row_read(struct arena *arena, struct slice line, struct slice key_name,
                     struct import_row *row, struct buffer *reason)
{
    struct value value;
    struct json_error problem;
    if (!json_read(arena, line, IMPORT_ROW_DEPTH_MAX, &value, NULL, &problem)) {
        buffer_append_format(reason, "column %zu: %s", problem.offset + 1, problem.message);
        return false;
    }
    if (value_type(value) != TYPE_OBJECT) {
        buffer_append_format(reason, "the row is %s, not an object",
                             value_type_name(value_type(value)));
        return false;
    }
    row->fields = value_fields(arena, value, &row->count);
    row->key = find_field(row, key_name);
    return key_name.size == 0 || import_row_check_key(row, key_name, reason);
}

bool import_row_choose_id(const struct import_row *row, uint32_t table_number,
                          struct slice key_name, struct import_ids *ids, uint8_t body[ID_BODY_SIZE],
                          struct buffer *reason)
{
    struct value given = find_field(row, SLICE("_id"));
    struct id id;
    if (value_type(given) == TYPE_STRING && id_decode(value_string_escaped(given), &id) &&
        id.table_number == table_number) {
        memcpy(body, id.body, ID_BODY_SIZE);
        return true;
    }
    if (value_type(given) != TYPE_MISSING && !slice_equal(key_name, SLICE("_id"))) {
        buffer_append_slice(reason, SLICE("/_id: not an id of the table"));
        return false;
    }
    import_ids_next(ids, body);
    return true;
}

/* The type of a field that may refer to keys; else NULL. */
static const struct type *reference_type(const struct import_table *table,
                                         const struct import_tables *tables, struct slice name)
{
    if (table->type == NULL || table->type->kind != TYPE_KIND_OBJECT) {
        return NULL;
    }
    const struct type_field *field = import_find_field(table->type, name);
    return field != NULL && import_resolve_reaches(tables, field->type) ? field->type : NULL;
}

static bool resolve_field(const struct import_table *table, const struct value_field *field,
                          struct import_resolver *resolver, struct value *value,
                          struct buffer *reason)
{
    *value = field->value;
    const struct type *type = reference_type(table, resolver->tables, field->name);
    struct error error;
    error_init(&error, resolver->arena);
    if (type == NULL || import_resolve(resolver, type, value, &error)) {
        return true;
    }
    error_prefix_path(&error, field->name);
    buffer_append_format(reason, "%.*s: %.*s", SLICE_FORMAT(error.path),
                         SLICE_FORMAT(error.message));
    return false;
}

/* The key column goes in only where the schema has such a field; an `_id` is written by itself. */
static bool is_dropped(const struct import_table *table, struct slice name, struct slice key_name)
{
    if (slice_equal(name, SLICE("_id"))) {
        return true;
    }
    return slice_equal(name, key_name) &&
           (table->type == NULL || table->type->kind != TYPE_KIND_OBJECT ||
            import_find_field(table->type, name) == NULL);
}

static void write_id(struct buffer *text, const struct import_table *table,
                     const struct import_key *key)
{
    assert(table->keyed);
    char id[ID_TEXT_SIZE_MAX];
    size_t size = import_keys_write_id(&table->keys, key, id);
    buffer_append_slice(text, SLICE("\"_id\":\""));
    buffer_append(text, id, size);
    buffer_append_char(text, '"');
}

static void write_field(struct buffer *text, struct slice name, struct value value, bool first)
{
    if (!first) {
        buffer_append_char(text, ',');
    }
    buffer_append_char(text, '"');
    buffer_append_slice(text, name);
    buffer_append_slice(text, SLICE("\":"));
    value_write(text, value);
}

bool import_row_write(struct buffer *text, const struct import_row *row,
                      const struct import_table *table, const struct import_key *key,
                      struct slice key_name, struct import_resolver *resolver,
                      struct buffer *reason)
{
    size_t start = text->size;
    buffer_append_char(text, '{');
    if (key != NULL) {
        write_id(text, table, key);
    }
    for (uint32_t i = 0; i < row->count; i++) {
        const struct value_field *field = &row->fields[i];
        struct value value;
        if (key != NULL && is_dropped(table, field->name, key_name)) {
            continue;
        }
        if (!resolve_field(table, field, resolver, &value, reason)) {
            text->size = start;
            return false;
        }
        write_field(text, field->name, value, text->size == start + 1);
    }
    buffer_append_char(text, '}');
    return true;
}
