/* The form in which Convex's defineSchema(…).export() prints a schema.
 *
 *   {"tables": [{"tableName": NAME, "documentType": VALIDATOR,
 *                "indexes": [{"indexDescriptor": NAME, "fields": [PATH, …]}, …]}, …],
 *    "schemaValidation": true}
 *   VALIDATOR  {"type": "string"} and its like; {"type": "id", "tableName": NAME},
 *              {"type": "array", "value": VALIDATOR}, {"type": "union", "value": [VALIDATOR, …]},
 *              {"type": "literal", "value": …}, {"type": "object", "value": {NAME: FIELD, …}},
 *              {"type": "record", "keys": VALIDATOR, "values": FIELD}
 *   FIELD      {"fieldType": VALIDATOR, "optional": false}
 *
 * Search indexes, vector indexes and staged indexes are passed over: Tenon has none, and data and
 * all other indexes mean the same without them. */
#include "storage/schema_reader.h"

#include <assert.h>

static const struct type *read_validator(struct schema_reader *reader, struct value value);

struct member {
    struct slice name;
    struct value *value; /* NULL: passed over */
};

/* Takes an object apart into its known members.
 * Errors: false where it is none, where it has others, or where a wanted one is missing. */
static bool read_members(struct schema_reader *reader, const char *what, struct value value,
                         const struct member *known, size_t known_count, size_t wanted_count)
{
    if (value_type(value) != TYPE_OBJECT) {
        return schema_fail(reader, "%s is an object", what);
    }
    uint32_t count = 0;
    const struct value_field *fields = value_fields(reader->arena, value, &count);
    for (uint32_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < known_count && !slice_equal(known[at].name, fields[i].name)) {
            at += 1;
        }
        if (at == known_count) {
            return schema_fail(reader, "unknown key \"%.*s\" in %s", SLICE_FORMAT(fields[i].name),
                               what);
        }
        if (known[at].value != NULL) {
            *known[at].value = fields[i].value;
        }
    }
    for (size_t i = 0; i < wanted_count; i++) {
        if (value_is_missing(*known[i].value)) {
            return schema_fail(reader, "%s lacks \"%.*s\"", what, SLICE_FORMAT(known[i].name));
        }
    }
    return true;
}

static bool read_field_type(struct schema_reader *reader, struct value value,
                            struct type_field *field)
{
    struct value type = {0};
    struct value optional = {0};
    const struct member members[] = {{SLICE("fieldType"), &type}, {SLICE("optional"), &optional}};
    if (!read_members(reader, "a field", value, members, COUNT_OF(members), 2)) {
        return false;
    }
    if (!value_is_boolean(optional)) {
        return schema_fail(reader, "\"optional\" is true or false");
    }
    field->optional = optional.kind == VALUE_TRUE;
    field->type = read_validator(reader, type);
    return field->type != NULL;
}

static const struct type *read_id(struct schema_reader *reader, struct value value)
{
    struct value type = {0};
    struct value table = {0};
    const struct member members[] = {{SLICE("type"), &type}, {SLICE("tableName"), &table}};
    if (!read_members(reader, "an id", value, members, COUNT_OF(members), 2)) {
        return NULL;
    }
    struct slice name;
    if (!schema_read_string(table, &name)) {
        schema_fail(reader, "\"tableName\" is the name of a table");
        return NULL;
    }
    return schema_new_id_type(reader, name);
}

/* The "value" of a validator that has nothing else; missing where that is wrong. */
static struct value read_argument(struct schema_reader *reader, struct value value)
{
    struct value type = {0};
    struct value argument = {0};
    const struct member members[] = {{SLICE("type"), &type}, {SLICE("value"), &argument}};
    bool read = read_members(reader, "a validator", value, members, COUNT_OF(members), 2);
    return read ? argument : (struct value){0};
}

static const struct type *read_array(struct schema_reader *reader, struct value value)
{
    struct value argument = read_argument(reader, value);
    const struct type *element =
        value_is_missing(argument) ? NULL : read_validator(reader, argument);
    return element == NULL ? NULL : schema_new_array(reader, element);
}

static const struct type *read_literal(struct schema_reader *reader, struct value value)
{
    struct value argument = read_argument(reader, value);
    return value_is_missing(argument) ? NULL : schema_new_literal(reader, argument);
}

static const struct type *read_object(struct schema_reader *reader, struct value value)
{
    struct value argument = read_argument(reader, value);
    if (value_is_missing(argument)) {
        return NULL;
    }
    if (value_type(argument) != TYPE_OBJECT) {
        schema_fail(reader, "the value of an object validator is an object of fields");
        return NULL;
    }
    uint32_t count = 0;
    const struct value_field *values = value_fields(reader->arena, argument, &count);
    struct type_field *fields = arena_allocate(reader->arena, count * sizeof(*fields));
    for (uint32_t i = 0; i < count; i++) {
        struct slice outer = schema_enter_field(reader, values[i].name);
        fields[i].name = values[i].name;
        if (!schema_check_field_name(reader, fields[i].name) ||
            !read_field_type(reader, values[i].value, &fields[i])) {
            return NULL;
        }
        reader->field = outer;
    }
    return schema_new_object(reader, fields, count);
}

static const struct type *read_record(struct schema_reader *reader, struct value value)
{
    struct value type = {0};
    struct value keys = {0};
    struct value values = {0};
    const struct member members[] = {
        {SLICE("type"), &type}, {SLICE("keys"), &keys}, {SLICE("values"), &values}};
    if (!read_members(reader, "a record", value, members, COUNT_OF(members), 3)) {
        return NULL;
    }
    const struct type *key_type = read_validator(reader, keys);
    struct type_field field = {0};
    if (key_type == NULL || !read_field_type(reader, values, &field)) {
        return NULL;
    }
    if (field.optional) {
        schema_fail(reader, "the values of a record cannot be optional");
        return NULL;
    }
    return schema_new_record(reader, key_type, field.type);
}

static const struct type *read_union(struct schema_reader *reader, struct value value)
{
    struct value argument = read_argument(reader, value);
    if (value_is_missing(argument)) {
        return NULL;
    }
    if (value_type(argument) != TYPE_ARRAY) {
        schema_fail(reader, "the value of a union validator is a list of validators");
        return NULL;
    }
    uint32_t count = 0;
    const struct value *items = value_items(reader->arena, argument, &count);
    const struct type **members = arena_allocate(reader->arena, count * sizeof(*members));
    for (uint32_t i = 0; i < count; i++) {
        members[i] = read_validator(reader, items[i]);
        if (members[i] == NULL) {
            return NULL;
        }
    }
    return schema_new_union(reader, members, count);
}

/* A validator that is its type only. */
static const struct type *read_plain(struct schema_reader *reader, struct value value,
                                     enum type_kind kind)
{
    struct value type = {0};
    const struct member members[] = {{SLICE("type"), &type}};
    bool read = read_members(reader, "a validator", value, members, COUNT_OF(members), 1);
    return read ? schema_new_plain(reader, kind) : NULL;
}

struct validator {
    struct slice name;
    const struct type *(*read)(struct schema_reader *reader, struct value value); /* or */
    enum type_kind kind; /* of a plain one */
};

/* Errors: NULL. */
static const struct type *read_validator(struct schema_reader *reader, struct value value)
{
    static const struct validator validators[] = {
        {{"string", 6}, NULL, TYPE_KIND_STRING},
        {{"number", 6}, NULL, TYPE_KIND_NUMBER},
        {{"float64", 7}, NULL, TYPE_KIND_NUMBER},
        {{"bigint", 6}, NULL, TYPE_KIND_INT64},
        {{"int64", 5}, NULL, TYPE_KIND_INT64},
        {{"boolean", 7}, NULL, TYPE_KIND_BOOLEAN},
        {{"null", 4}, NULL, TYPE_KIND_NULL},
        {{"bytes", 5}, NULL, TYPE_KIND_BYTES},
        {{"any", 3}, NULL, TYPE_KIND_ANY},
        {{"id", 2}, read_id, TYPE_KIND_ID},
        {{"array", 5}, read_array, TYPE_KIND_ARRAY},
        {{"object", 6}, read_object, TYPE_KIND_OBJECT},
        {{"record", 6}, read_record, TYPE_KIND_RECORD},
        {{"union", 5}, read_union, TYPE_KIND_UNION},
        {{"literal", 7}, read_literal, TYPE_KIND_LITERAL}};
    struct slice name;
    if (value_type(value) != TYPE_OBJECT ||
        !schema_read_string(value_find(value, SLICE("type")), &name)) {
        schema_fail(reader, "a validator is an object with a \"type\"");
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(validators); i++) {
        const struct validator *validator = &validators[i];
        if (slice_equal(validator->name, name)) {
            return validator->read != NULL ? validator->read(reader, value)
                                           : read_plain(reader, value, validator->kind);
        }
    }
    schema_fail(reader,
                "unknown type \"%.*s\"; the types are string, number, float64, bigint, boolean, "
                "null, bytes, any, id, array, object, record, union and literal",
                SLICE_FORMAT(name));
    return NULL;
}

/* Sets reader->index, which schema_add_index() takes for the name. */
static bool read_index(struct schema_reader *reader, struct schema_table *table, struct value value)
{
    struct value name = {0};
    struct value fields = {0};
    const struct member members[] = {{SLICE("indexDescriptor"), &name}, {SLICE("fields"), &fields}};
    if (!read_members(reader, "an index", value, members, COUNT_OF(members), 2)) {
        return false;
    }
    if (!schema_read_string(name, &reader->index)) {
        return schema_fail(reader, "\"indexDescriptor\" is the name of an index");
    }
    return schema_add_index(reader, table, fields, false);
}

static bool read_indexes(struct schema_reader *reader, struct schema_table *table,
                         struct value value)
{
    if (value_type(value) != TYPE_ARRAY) {
        return schema_fail(reader, "\"indexes\" is a list");
    }
    uint32_t count = 0;
    const struct value *items = value_items(reader->arena, value, &count);
    if (!schema_allocate_indexes(reader, table, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_index(reader, table, items[i])) {
            return false;
        }
        reader->index = (struct slice){0};
    }
    return true;
}

struct table_members {
    struct value name;
    struct value indexes;
    struct value document_type;
};

static bool read_table_members(struct schema_reader *reader, struct value value,
                               struct table_members *table)
{
    const struct member members[] = {{SLICE("tableName"), &table->name},
                                     {SLICE("indexes"), &table->indexes},
                                     {SLICE("documentType"), &table->document_type},
                                     {SLICE("stagedDbIndexes"), NULL},
                                     {SLICE("searchIndexes"), NULL},
                                     {SLICE("stagedSearchIndexes"), NULL},
                                     {SLICE("vectorIndexes"), NULL},
                                     {SLICE("stagedVectorIndexes"), NULL}};
    return read_members(reader, "a table", value, members, COUNT_OF(members), 1);
}

static bool read_table(struct schema_reader *reader, struct schema_table *table, struct value value,
                       bool is_validated)
{
    struct table_members members = {0};
    if (!read_table_members(reader, value, &members)) {
        return false;
    }
    reader->table = table->name;
    if (is_validated && !value_is_missing(members.document_type)) {
        const struct type *type = read_validator(reader, members.document_type);
        if (type == NULL || !schema_check_document_type(reader, type)) {
            return false;
        }
        table->fields = type->kind == TYPE_KIND_ANY ? NULL : type;
    }
    bool read = value_is_missing(members.indexes) || read_indexes(reader, table, members.indexes);
    reader->table = (struct slice){0};
    return read;
}

static bool add_tables(struct schema_reader *reader, const struct value *tables, uint32_t count)
{
    if (!schema_allocate_tables(reader, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct table_members members = {0};
        if (!read_table_members(reader, tables[i], &members)) {
            return false;
        }
        struct slice name;
        if (!schema_read_string(members.name, &name)) {
            return schema_fail(reader, "\"tableName\" is the name of a table");
        }
        if (!schema_add_table(reader, name)) {
            return false;
        }
    }
    return schema_sort_tables(reader);
}

bool schema_read_convex(struct schema_reader *reader, struct value root)
{
    struct value list = {0};
    struct value validation = VALUE_IS(VALUE_TRUE);
    const struct member members[] = {{SLICE("tables"), &list},
                                     {SLICE("schemaValidation"), &validation}};
    if (!read_members(reader, "a schema", root, members, COUNT_OF(members), 1)) {
        return false;
    }
    if (!value_is_boolean(validation)) {
        return schema_fail(reader, "\"schemaValidation\" is true or false");
    }
    uint32_t count = 0;
    const struct value *tables = value_items(reader->arena, list, &count);
    if (!add_tables(reader, tables, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool is_validated = validation.kind == VALUE_TRUE;
        if (!read_table(reader, &reader->schema->tables[i], tables[i], is_validated)) {
            return false;
        }
    }
    return true;
}
