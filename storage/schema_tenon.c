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

#include <math.h>

static const struct type *read_type(struct schema_reader *reader, const cJSON *item);

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

static const struct type *read_id(struct schema_reader *reader, const cJSON *argument)
{
    struct slice table;
    if (!schema_read_string(reader, argument, &table)) {
        schema_fail(reader, "\"id\" takes the name of a table");
        return NULL;
    }
    return schema_new_id_type(reader, table);
}

static const struct type *read_array(struct schema_reader *reader, const cJSON *argument)
{
    const struct type *element = read_type(reader, argument);
    return element == NULL ? NULL : schema_new_array(reader, element);
}

/* The member `name` of an object that has no other, or NULL. */
static const cJSON *find_only_member(const cJSON *item, const char *name)
{
    const cJSON *member = schema_find_member(item, name);
    return member != NULL && schema_count(item) == 1 ? member : NULL;
}

/* A field's type, of which {"optional": …} may be the outermost part. */
static bool read_field(struct schema_reader *reader, const cJSON *item, struct type_field *field)
{
    const cJSON *optional = find_only_member(item, "optional");
    field->optional = optional != NULL;
    field->type = read_type(reader, field->optional ? optional : item);
    return field->type != NULL;
}

static const struct type *read_object(struct schema_reader *reader, const cJSON *argument)
{
    if (!cJSON_IsObject(argument)) {
        schema_fail(reader, "fields are said as an object of names and types");
        return NULL;
    }
    uint32_t count = schema_count(argument);
    struct type_field *fields = arena_allocate(reader->arena, count * sizeof(*fields));
    struct type_field *next = fields;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, argument)
    {
        next->name = schema_canonical(reader, item->string);
        struct slice outer = schema_enter_field(reader, next->name);
        if (!schema_check_field_name(reader, next->name) || !read_field(reader, item, next)) {
            return NULL;
        }
        reader->field = outer;
        next += 1;
    }
    return schema_new_object(reader, fields, count);
}

static const struct type *read_record(struct schema_reader *reader, const cJSON *argument)
{
    const cJSON *keys = schema_find_member(argument, "keys");
    const cJSON *values = schema_find_member(argument, "values");
    if (keys == NULL || values == NULL || schema_count(argument) != 2) {
        schema_fail(reader, "\"record\" takes {\"keys\": type, \"values\": type}");
        return NULL;
    }
    const struct type *key_type = read_type(reader, keys);
    const struct type *value_type = key_type == NULL ? NULL : read_type(reader, values);
    return value_type == NULL ? NULL : schema_new_record(reader, key_type, value_type);
}

static const struct type *read_union(struct schema_reader *reader, const cJSON *argument)
{
    if (!cJSON_IsArray(argument)) {
        schema_fail(reader, "\"union\" takes a list of types");
        return NULL;
    }
    uint32_t count = schema_count(argument);
    const struct type **members = arena_allocate(reader->arena, count * sizeof(*members));
    const struct type **next = members;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, argument)
    {
        *next = read_type(reader, item);
        if (*next == NULL) {
            return NULL;
        }
        next += 1;
    }
    return schema_new_union(reader, members, count);
}

static const struct type *read_optional(struct schema_reader *reader, const cJSON *argument)
{
    (void)argument;
    schema_fail(reader, "\"optional\" stands only around the whole type of a field, and once");
    return NULL;
}

struct argument_type {
    struct slice name;
    const struct type *(*read)(struct schema_reader *reader, const cJSON *argument);
};

static const struct type *read_argument_type(struct schema_reader *reader, const cJSON *item)
{
    static const struct argument_type types[] = {{{"id", 2}, read_id},
                                                 {{"array", 5}, read_array},
                                                 {{"object", 6}, read_object},
                                                 {{"record", 6}, read_record},
                                                 {{"union", 5}, read_union},
                                                 {{"literal", 7}, schema_new_literal},
                                                 {{"optional", 8}, read_optional}};
    if (schema_count(item) != 1) {
        schema_fail(reader, "a type is a name such as \"string\", or an object with one name, such "
                            "as {\"array\": \"string\"}; fields in a field are {\"object\": …}");
        return NULL;
    }
    struct slice name = schema_canonical(reader, item->child->string);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (slice_equal(types[i].name, name)) {
            return types[i].read(reader, item->child);
        }
    }
    schema_fail(reader,
                "unknown type \"%.*s\"; with an argument there are id, array, object, record, "
                "union, literal and optional",
                SLICE_FORMAT(name));
    return NULL;
}

/* Errors: NULL. */
static const struct type *read_type(struct schema_reader *reader, const cJSON *item)
{
    struct slice name;
    if (schema_read_string(reader, item, &name)) {
        return read_plain_type(reader, name);
    }
    if (cJSON_IsObject(item)) {
        return read_argument_type(reader, item);
    }
    schema_fail(reader, "a type is a name such as \"string\" or an object such as "
                        "{\"array\": \"string\"}");
    return NULL;
}

static bool read_fields(struct schema_reader *reader, struct schema_table *table, const cJSON *item)
{
    const cJSON *members = find_only_member(item, "union");
    table->fields =
        cJSON_IsArray(members) ? read_union(reader, members) : read_object(reader, item);
    return table->fields != NULL && schema_check_document_type(reader, table->fields);
}

static bool check_number_is_new(struct schema_reader *reader, uint32_t number)
{
    for (uint32_t i = 0; i < reader->schema->table_count; i++) {
        const struct schema_table *other = &reader->schema->tables[i];
        if (other->number == number) {
            return schema_fail(reader, "table \"%.*s\" has the number %u already",
                               SLICE_FORMAT(other->name), other->number);
        }
    }
    return true;
}

static bool read_number(struct schema_reader *reader, struct schema_table *table, const cJSON *item)
{
    double number = cJSON_IsNumber(item) ? item->valuedouble : 0;
    if (!(number >= 1 && number <= UINT32_MAX) || floor(number) < number) {
        return schema_fail(reader, "\"number\" is an integer from 1 to %u", UINT32_MAX);
    }
    if (!check_number_is_new(reader, (uint32_t)number)) {
        return false;
    }
    table->number = (uint32_t)number;
    return true;
}

/* {"fields": […], "unique": …} */
static bool read_index_object(struct schema_reader *reader, struct schema_table *table,
                              const cJSON *item)
{
    const cJSON *fields = NULL;
    bool unique = false;
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, item)
    {
        struct slice name = schema_canonical(reader, member->string);
        if (slice_equal(name, SLICE("fields"))) {
            fields = member;
        } else if (!slice_equal(name, SLICE("unique"))) {
            return schema_fail(reader, "unknown key \"%.*s\"; an index has fields and unique",
                               SLICE_FORMAT(name));
        } else if (!cJSON_IsBool(member)) {
            return schema_fail(reader, "\"unique\" is true or false");
        } else {
            unique = cJSON_IsTrue(member);
        }
    }
    return schema_add_index(reader, table, fields, unique);
}

static bool read_indexes(struct schema_reader *reader, struct schema_table *table,
                         const cJSON *indexes)
{
    if (!cJSON_IsObject(indexes)) {
        return schema_fail(reader, "\"indexes\" is an object of names and fields");
    }
    if (!schema_allocate_indexes(reader, table, schema_count(indexes))) {
        return false;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, indexes)
    {
        reader->index = schema_canonical(reader, item->string);
        bool read = cJSON_IsObject(item) ? read_index_object(reader, table, item)
                                         : schema_add_index(reader, table, item, false);
        if (!read) {
            return false;
        }
    }
    reader->index = (struct slice){0};
    return true;
}

/* A member of a table, apart from its indexes. */
static bool read_table_member(struct schema_reader *reader, struct schema_table *table,
                              const cJSON *member)
{
    struct slice name = schema_canonical(reader, member->string);
    if (slice_equal(name, SLICE("fields"))) {
        return read_fields(reader, table, member);
    }
    if (slice_equal(name, SLICE("number"))) {
        return read_number(reader, table, member);
    }
    return slice_equal(name, SLICE("indexes")) ||
           schema_fail(reader, "unknown key \"%.*s\"; a table has number, fields and indexes",
                       SLICE_FORMAT(name));
}

static bool read_table(struct schema_reader *reader, struct schema_table *table, const cJSON *item)
{
    reader->table = table->name;
    if (!cJSON_IsObject(item)) {
        return schema_fail(reader, "a table is an object with number, fields and indexes, all of "
                                   "which may be left out");
    }
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, item)
    {
        if (!read_table_member(reader, table, member)) {
            return false;
        }
    }
    /* Last, wherever they stand: their fields must be among the table's. */
    const cJSON *indexes = schema_find_member(item, "indexes");
    return indexes == NULL || read_indexes(reader, table, indexes);
}

static bool check_root(struct schema_reader *reader, const cJSON *root)
{
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, root)
    {
        struct slice name = schema_canonical(reader, member->string);
        if (!slice_equal(name, SLICE("tables"))) {
            return schema_fail(reader, "unknown key \"%.*s\"; a schema has tables",
                               SLICE_FORMAT(name));
        }
    }
    return true;
}

static bool add_tables(struct schema_reader *reader, const cJSON *tables)
{
    if (!schema_allocate_tables(reader, schema_count(tables))) {
        return false;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, tables)
    {
        if (!schema_add_table(reader, schema_canonical(reader, item->string))) {
            return false;
        }
    }
    return schema_sort_tables(reader);
}

bool schema_read_tenon(struct schema_reader *reader, const cJSON *root)
{
    const cJSON *tables = schema_find_member(root, "tables");
    if (!check_root(reader, root) || !add_tables(reader, tables)) {
        return false;
    }
    struct schema_table *table = reader->schema->tables;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, tables)
    {
        if (!read_table(reader, table, item)) {
            return false;
        }
        table += 1;
    }
    return true;
}
