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

static const struct type *read_validator(struct schema_reader *reader, const cJSON *item);

struct member {
    struct slice name;
    const cJSON **item; /* becomes it; NULL: passed over */
};

/* Takes an object apart into its known members.
 * Errors: false where it is none, where it has others, or where a wanted one is missing. */
static bool read_members(struct schema_reader *reader, const char *what, const cJSON *item,
                         const struct member *known, size_t known_count, size_t wanted_count)
{
    if (!cJSON_IsObject(item)) {
        return schema_fail(reader, "%s is an object", what);
    }
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, item)
    {
        struct slice name = schema_canonical(reader, member->string);
        size_t at = 0;
        while (at < known_count && !slice_equal(known[at].name, name)) {
            at += 1;
        }
        if (at == known_count) {
            return schema_fail(reader, "unknown key \"%.*s\" in %s", SLICE_FORMAT(name), what);
        }
        if (known[at].item != NULL) {
            *known[at].item = member;
        }
    }
    for (size_t i = 0; i < wanted_count; i++) {
        if (*known[i].item == NULL) {
            return schema_fail(reader, "%s lacks \"%.*s\"", what, SLICE_FORMAT(known[i].name));
        }
    }
    return true;
}

static bool read_field_type(struct schema_reader *reader, const cJSON *item,
                            struct type_field *field)
{
    const cJSON *type = NULL;
    const cJSON *optional = NULL;
    const struct member members[] = {{SLICE("fieldType"), &type}, {SLICE("optional"), &optional}};
    if (!read_members(reader, "a field", item, members, COUNT_OF(members), 2)) {
        return false;
    }
    if (!cJSON_IsBool(optional)) {
        return schema_fail(reader, "\"optional\" is true or false");
    }
    field->optional = cJSON_IsTrue(optional);
    field->type = read_validator(reader, type);
    return field->type != NULL;
}

static const struct type *read_id(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *type = NULL;
    const cJSON *table = NULL;
    const struct member members[] = {{SLICE("type"), &type}, {SLICE("tableName"), &table}};
    if (!read_members(reader, "an id", item, members, COUNT_OF(members), 2)) {
        return NULL;
    }
    struct slice name;
    if (!schema_read_string(reader, table, &name)) {
        schema_fail(reader, "\"tableName\" is the name of a table");
        return NULL;
    }
    return schema_new_id_type(reader, name);
}

/* The "value" of a validator that has nothing else; NULL where that is wrong. */
static const cJSON *read_argument(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *type = NULL;
    const cJSON *argument = NULL;
    const struct member members[] = {{SLICE("type"), &type}, {SLICE("value"), &argument}};
    bool read = read_members(reader, "a validator", item, members, COUNT_OF(members), 2);
    return read ? argument : NULL;
}

static const struct type *read_array(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *argument = read_argument(reader, item);
    const struct type *element = argument == NULL ? NULL : read_validator(reader, argument);
    return element == NULL ? NULL : schema_new_array(reader, element);
}

static const struct type *read_literal(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *argument = read_argument(reader, item);
    return argument == NULL ? NULL : schema_new_literal(reader, argument);
}

static const struct type *read_object(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *argument = read_argument(reader, item);
    if (argument == NULL) {
        return NULL;
    }
    if (!cJSON_IsObject(argument)) {
        schema_fail(reader, "the value of an object validator is an object of fields");
        return NULL;
    }
    uint32_t count = schema_count(argument);
    struct type_field *fields = arena_allocate(reader->arena, count * sizeof(*fields));
    struct type_field *next = fields;
    const cJSON *field = NULL;
    cJSON_ArrayForEach(field, argument)
    {
        next->name = schema_canonical(reader, field->string);
        struct slice outer = schema_enter_field(reader, next->name);
        if (!schema_check_field_name(reader, next->name) || !read_field_type(reader, field, next)) {
            return NULL;
        }
        reader->field = outer;
        next += 1;
    }
    return schema_new_object(reader, fields, count);
}

static const struct type *read_record(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *type = NULL;
    const cJSON *keys = NULL;
    const cJSON *values = NULL;
    const struct member members[] = {
        {SLICE("type"), &type}, {SLICE("keys"), &keys}, {SLICE("values"), &values}};
    if (!read_members(reader, "a record", item, members, COUNT_OF(members), 3)) {
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

static const struct type *read_union(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *argument = read_argument(reader, item);
    if (argument == NULL) {
        return NULL;
    }
    if (!cJSON_IsArray(argument)) {
        schema_fail(reader, "the value of a union validator is a list of validators");
        return NULL;
    }
    uint32_t count = schema_count(argument);
    const struct type **members = arena_allocate(reader->arena, count * sizeof(*members));
    const struct type **next = members;
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, argument)
    {
        *next = read_validator(reader, member);
        if (*next == NULL) {
            return NULL;
        }
        next += 1;
    }
    return schema_new_union(reader, members, count);
}

/* A validator that is its type only. */
static const struct type *read_plain(struct schema_reader *reader, const cJSON *item,
                                     enum type_kind kind)
{
    const cJSON *type = NULL;
    const struct member members[] = {{SLICE("type"), &type}};
    bool read = read_members(reader, "a validator", item, members, COUNT_OF(members), 1);
    return read ? schema_new_plain(reader, kind) : NULL;
}

struct validator {
    struct slice name;
    const struct type *(*read)(struct schema_reader *reader, const cJSON *item); /* or */
    enum type_kind kind; /* of a plain one */
};

/* Errors: NULL. */
static const struct type *read_validator(struct schema_reader *reader, const cJSON *item)
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
    if (!schema_read_string(reader, schema_find_member(item, "type"), &name)) {
        schema_fail(reader, "a validator is an object with a \"type\"");
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(validators); i++) {
        const struct validator *validator = &validators[i];
        if (slice_equal(validator->name, name)) {
            return validator->read != NULL ? validator->read(reader, item)
                                           : read_plain(reader, item, validator->kind);
        }
    }
    schema_fail(reader,
                "unknown type \"%.*s\"; the types are string, number, float64, bigint, boolean, "
                "null, bytes, any, id, array, object, record, union and literal",
                SLICE_FORMAT(name));
    return NULL;
}

/* Sets reader->index, which schema_add_index() takes for the name. */
static bool read_index(struct schema_reader *reader, struct schema_table *table, const cJSON *item)
{
    const cJSON *name = NULL;
    const cJSON *fields = NULL;
    const struct member members[] = {{SLICE("indexDescriptor"), &name}, {SLICE("fields"), &fields}};
    if (!read_members(reader, "an index", item, members, COUNT_OF(members), 2)) {
        return false;
    }
    if (!schema_read_string(reader, name, &reader->index)) {
        return schema_fail(reader, "\"indexDescriptor\" is the name of an index");
    }
    return schema_add_index(reader, table, fields, false);
}

static bool read_indexes(struct schema_reader *reader, struct schema_table *table,
                         const cJSON *indexes)
{
    if (!cJSON_IsArray(indexes)) {
        return schema_fail(reader, "\"indexes\" is a list");
    }
    if (!schema_allocate_indexes(reader, table, schema_count(indexes))) {
        return false;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, indexes)
    {
        if (!read_index(reader, table, item)) {
            return false;
        }
        reader->index = (struct slice){0};
    }
    return true;
}

struct table_members {
    const cJSON *name;
    const cJSON *indexes;
    const cJSON *document_type;
};

static bool read_table_members(struct schema_reader *reader, const cJSON *item,
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
    return read_members(reader, "a table", item, members, COUNT_OF(members), 1);
}

static bool read_table(struct schema_reader *reader, struct schema_table *table, const cJSON *item,
                       bool is_validated)
{
    struct table_members members = {0};
    if (!read_table_members(reader, item, &members)) {
        return false;
    }
    reader->table = table->name;
    if (is_validated && members.document_type != NULL) {
        const struct type *type = read_validator(reader, members.document_type);
        if (type == NULL || !schema_check_document_type(reader, type)) {
            return false;
        }
        table->fields = type->kind == TYPE_KIND_ANY ? NULL : type;
    }
    bool read = members.indexes == NULL || read_indexes(reader, table, members.indexes);
    reader->table = (struct slice){0};
    return read;
}

static bool add_tables(struct schema_reader *reader, const cJSON *tables)
{
    if (!schema_allocate_tables(reader, schema_count(tables))) {
        return false;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, tables)
    {
        struct table_members members = {0};
        if (!read_table_members(reader, item, &members)) {
            return false;
        }
        struct slice name;
        if (!schema_read_string(reader, members.name, &name)) {
            return schema_fail(reader, "\"tableName\" is the name of a table");
        }
        if (!schema_add_table(reader, name)) {
            return false;
        }
    }
    return schema_sort_tables(reader);
}

bool schema_read_convex(struct schema_reader *reader, const cJSON *root)
{
    const cJSON *tables = NULL;
    const cJSON *validation = NULL;
    const struct member members[] = {{SLICE("tables"), &tables},
                                     {SLICE("schemaValidation"), &validation}};
    if (!read_members(reader, "a schema", root, members, COUNT_OF(members), 1)) {
        return false;
    }
    if (validation != NULL && !cJSON_IsBool(validation)) {
        return schema_fail(reader, "\"schemaValidation\" is true or false");
    }
    if (!add_tables(reader, tables)) {
        return false;
    }
    struct schema_table *table = reader->schema->tables;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, tables)
    {
        if (!read_table(reader, table, item, !cJSON_IsFalse(validation))) {
            return false;
        }
        table += 1;
    }
    return true;
}
