/* Tenon's own form of the schema file.
 *
 *   {"tables": {NAME: {"number": 10001, "fields": FIELDS, "indexes": {NAME: INDEX, …}}, …}}
 *   FIELDS  {NAME: TYPE or {"optional": TYPE}, …}, or {"union": [{"object": FIELDS}, …]}
 *   TYPE    "string" and its like, or {"array": TYPE} and its like
 *   INDEX   [PATH, …] or {"fields": [PATH, …], "unique": true}
 *
 * The second form of FIELDS, a table of several kinds of documents, cannot be mistaken for a field
 * called union: no type is a list. */
#include "storage/schema_reader.h"

#include <assert.h>

static const struct type *read_type(struct schema_reader *reader, struct value value);

struct plain_type {
    struct slice name;
    enum type_kind kind;
};

static const struct type *read_plain_type(struct schema_reader *reader, struct slice name)
{
    static const struct plain_type types[] = {
        {{"string", 6}, TYPE_KIND_STRING}, {{"number", 6}, TYPE_KIND_NUMBER},
        {{"int64", 5}, TYPE_KIND_INT64},   {{"boolean", 7}, TYPE_KIND_BOOLEAN},
        {{"null", 4}, TYPE_KIND_NULL},     {{"bytes", 5}, TYPE_KIND_BYTES},
        {{"any", 3}, TYPE_KIND_ANY}};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (slice_equal(types[i].name, name)) {
            return schema_new_plain(reader, types[i].kind);
        }
    }
    schema_fail(reader,
                "unknown type \"%.*s\"; the types are string, number, int64, boolean, null, bytes "
                "and any, and with an argument id, array, object, record, union, literal and "
                "optional",
                SLICE_FORMAT(name));
    return NULL;
}

static const struct type *read_id(struct schema_reader *reader, struct value argument)
{
    struct slice table;
    if (!schema_read_string(argument, &table)) {
        schema_fail(reader, "\"id\" takes the name of a table");
        return NULL;
    }
    return schema_new_id_type(reader, table);
}

static const struct type *read_array(struct schema_reader *reader, struct value argument)
{
    const struct type *element = read_type(reader, argument);
    return element == NULL ? NULL : schema_new_array(reader, element);
}

/* A field's type, of which {"optional": …} may be the outermost part. */
static bool read_field(struct schema_reader *reader, struct value value, struct type_field *field)
{
    struct value optional = {0};
    if (value_type(value) == TYPE_OBJECT && value_count(value) == 1) {
        optional = value_find(value, SLICE("optional"));
    }
    field->optional = !value_is_missing(optional);
    field->type = read_type(reader, field->optional ? optional : value);
    return field->type != NULL;
}

static const struct type *read_object(struct schema_reader *reader, struct value argument)
{
    if (value_type(argument) != TYPE_OBJECT) {
        schema_fail(reader, "fields are said as an object of names and types");
        return NULL;
    }
    uint32_t count = 0;
    const struct value_field *values = value_fields(reader->arena, argument, &count);
    struct type_field *fields = arena_allocate(reader->arena, count * sizeof(*fields));
    for (uint32_t i = 0; i < count; i++) {
        struct slice outer = schema_enter_field(reader, values[i].name);
        fields[i].name = values[i].name;
        if (!schema_check_field_name(reader, fields[i].name) ||
            !read_field(reader, values[i].value, &fields[i])) {
            return NULL;
        }
        reader->field = outer;
    }
    return schema_new_object(reader, fields, count);
}

static const struct type *read_record(struct schema_reader *reader, struct value argument)
{
    struct value keys = {0};
    struct value values = {0};
    if (value_type(argument) == TYPE_OBJECT && value_count(argument) == 2) {
        keys = value_find(argument, SLICE("keys"));
        values = value_find(argument, SLICE("values"));
    }
    if (value_is_missing(keys) || value_is_missing(values)) {
        schema_fail(reader, "\"record\" takes {\"keys\": type, \"values\": type}");
        return NULL;
    }
    const struct type *key_type = read_type(reader, keys);
    const struct type *value_type_read = key_type == NULL ? NULL : read_type(reader, values);
    return value_type_read == NULL ? NULL : schema_new_record(reader, key_type, value_type_read);
}

static const struct type *read_union(struct schema_reader *reader, struct value argument)
{
    if (value_type(argument) != TYPE_ARRAY) {
        schema_fail(reader, "\"union\" takes a list of types");
        return NULL;
    }
    uint32_t count = 0;
    const struct value *items = value_items(reader->arena, argument, &count);
    const struct type **members = arena_allocate(reader->arena, count * sizeof(*members));
    for (uint32_t i = 0; i < count; i++) {
        members[i] = read_type(reader, items[i]);
        if (members[i] == NULL) {
            return NULL;
        }
    }
    return schema_new_union(reader, members, count);
}

static const struct type *read_optional(struct schema_reader *reader, struct value argument)
{
    (void)argument;
    schema_fail(reader, "\"optional\" stands only around the whole type of a field, and once");
    return NULL;
}

struct argument_type {
    struct slice name;
    const struct type *(*read)(struct schema_reader *reader, struct value argument);
};

static const struct type *read_argument_type(struct schema_reader *reader, struct value value)
{
    static const struct argument_type types[] = {{{"id", 2}, read_id},
                                                 {{"array", 5}, read_array},
                                                 {{"object", 6}, read_object},
                                                 {{"record", 6}, read_record},
                                                 {{"union", 5}, read_union},
                                                 {{"literal", 7}, schema_new_literal},
                                                 {{"optional", 8}, read_optional}};
    uint32_t count = 0;
    const struct value_field *fields = value_fields(reader->arena, value, &count);
    for (size_t i = 0; count == 1 && i < COUNT_OF(types); i++) {
        if (slice_equal(types[i].name, fields[0].name)) {
            return types[i].read(reader, fields[0].value);
        }
    }
    if (count == 1) {
        schema_fail(reader,
                    "unknown type \"%.*s\"; with an argument there are id, array, object, record, "
                    "union, literal and optional",
                    SLICE_FORMAT(fields[0].name));
    } else {
        schema_fail(reader, "a type is a name such as \"string\", or an object with one name, such "
                            "as {\"array\": \"string\"}; fields in a field are {\"object\": …}");
    }
    return NULL;
}

/* Errors: NULL. */
static const struct type *read_type(struct schema_reader *reader, struct value value)
{
    struct slice name;
    if (schema_read_string(value, &name)) {
        return read_plain_type(reader, name);
    }
    if (value_type(value) == TYPE_OBJECT) {
        return read_argument_type(reader, value);
    }
    schema_fail(reader, "a type is a name such as \"string\" or an object such as "
                        "{\"array\": \"string\"}");
    return NULL;
}

static bool read_fields(struct schema_reader *reader, struct schema_table *table,
                        struct value value)
{
    struct value members = {0};
    if (value_type(value) == TYPE_OBJECT && value_count(value) == 1) {
        members = value_find(value, SLICE("union"));
    }
    bool is_union = !value_is_missing(members) && value_type(members) == TYPE_ARRAY;
    table->fields = is_union ? read_union(reader, members) : read_object(reader, value);
    return table->fields != NULL && schema_check_document_type(reader, table->fields);
}

static bool read_number(struct schema_reader *reader, struct schema_table *table,
                        struct value value)
{
    uint64_t number = 0;
    bool is_integer = value.kind == VALUE_TEXT && value.size <= 10;
    for (uint32_t i = 0; is_integer && i < value.size; i++) {
        is_integer = value.text[i] >= '0' && value.text[i] <= '9';
        number = number * 10 + (uint64_t)(value.text[i] - '0');
    }
    if (!is_integer || number == 0 || number > UINT32_MAX) {
        return schema_fail(reader, "\"number\" is an integer from 1 to %u", UINT32_MAX);
    }
    for (uint32_t i = 0; i < reader->schema->table_count; i++) {
        const struct schema_table *other = &reader->schema->tables[i];
        if (other->number == number) {
            return schema_fail(reader, "table \"%.*s\" has the number %u already",
                               SLICE_FORMAT(other->name), other->number);
        }
    }
    table->number = (uint32_t)number;
    return true;
}

/* {"fields": […], "unique": …} */
static bool read_index_object(struct schema_reader *reader, struct schema_table *table,
                              struct value value)
{
    uint32_t count = 0;
    const struct value_field *members = value_fields(reader->arena, value, &count);
    struct value fields = {0};
    bool unique = false;
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(members[i].name, SLICE("fields"))) {
            fields = members[i].value;
        } else if (!slice_equal(members[i].name, SLICE("unique"))) {
            return schema_fail(reader, "unknown key \"%.*s\"; an index has fields and unique",
                               SLICE_FORMAT(members[i].name));
        } else if (!value_is_boolean(members[i].value)) {
            return schema_fail(reader, "\"unique\" is true or false");
        } else {
            unique = members[i].value.kind == VALUE_TRUE;
        }
    }
    return schema_add_index(reader, table, fields, unique);
}

static bool read_indexes(struct schema_reader *reader, struct schema_table *table,
                         struct value value)
{
    if (value_type(value) != TYPE_OBJECT) {
        return schema_fail(reader, "\"indexes\" is an object of names and fields");
    }
    uint32_t count = 0;
    const struct value_field *indexes = value_fields(reader->arena, value, &count);
    if (!schema_allocate_indexes(reader, table, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        reader->index = indexes[i].name;
        bool read = value_type(indexes[i].value) == TYPE_OBJECT
                        ? read_index_object(reader, table, indexes[i].value)
                        : schema_add_index(reader, table, indexes[i].value, false);
        if (!read) {
            return false;
        }
    }
    reader->index = (struct slice){0};
    return true;
}

static bool read_table(struct schema_reader *reader, struct schema_table *table, struct value value)
{
    reader->table = table->name;
    if (value_type(value) != TYPE_OBJECT) {
        return schema_fail(reader, "a table is an object with number, fields and indexes, all of "
                                   "which may be left out");
    }
    uint32_t count = 0;
    const struct value_field *members = value_fields(reader->arena, value, &count);
    struct value indexes = {0};
    for (uint32_t i = 0; i < count; i++) {
        bool read = true;
        if (slice_equal(members[i].name, SLICE("fields"))) {
            read = read_fields(reader, table, members[i].value);
        } else if (slice_equal(members[i].name, SLICE("number"))) {
            read = read_number(reader, table, members[i].value);
        } else if (slice_equal(members[i].name, SLICE("indexes"))) {
            indexes = members[i].value;
        } else {
            read =
                schema_fail(reader, "unknown key \"%.*s\"; a table has number, fields and indexes",
                            SLICE_FORMAT(members[i].name));
        }
        if (!read) {
            return false;
        }
    }
    /* Last, wherever they stand: their fields must be among the table's. */
    return value_is_missing(indexes) || read_indexes(reader, table, indexes);
}

bool schema_read_tenon(struct schema_reader *reader, struct value root)
{
    uint32_t root_count = 0;
    const struct value_field *members = value_fields(reader->arena, root, &root_count);
    for (uint32_t i = 0; i < root_count; i++) {
        if (!slice_equal(members[i].name, SLICE("tables"))) {
            return schema_fail(reader, "unknown key \"%.*s\"; a schema has tables",
                               SLICE_FORMAT(members[i].name));
        }
    }
    uint32_t count = 0;
    const struct value_field *tables =
        value_fields(reader->arena, value_find(root, SLICE("tables")), &count);
    if (!schema_allocate_tables(reader, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!schema_add_table(reader, tables[i].name)) {
            return false;
        }
    }
    if (!schema_sort_tables(reader)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_table(reader, &reader->schema->tables[i], tables[i].value)) {
            return false;
        }
    }
    return true;
}
