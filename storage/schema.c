/* The schema as a whole, and the rules that hold in both of its forms. */
#include "storage/schema.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/value.h"
#include "storage/schema_reader.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#define ARENA_SIZE        (16 * 1024)
#define ID_TYPES_CAPACITY 16

/* Below it every integer is a double of its own, so that cJSON cannot have rounded one. */
#define LITERAL_LIMIT     9007199254740992.0

/* Saying what is wrong. */

static void append_place(struct buffer *message, const char *what, struct slice name)
{
    if (name.size > 0) {
        buffer_append_format(message, "%s \"%.*s\": ", what, SLICE_FORMAT(name));
    }
}

bool schema_fail(struct schema_reader *reader, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct slice text = arena_format_list(reader->arena, format, values);
    va_end(values);
    buffer_append_format(reader->message, "%s: ", reader->file);
    append_place(reader->message, "table", reader->table);
    append_place(reader->message, "index", reader->index);
    append_place(reader->message, "field", reader->field);
    buffer_append_slice(reader->message, text);
    return false;
}

struct slice schema_canonical(struct schema_reader *reader, const char *string)
{
    return value_string_escaped(value_from_string(reader->arena, slice_of(string)));
}

bool schema_read_string(struct schema_reader *reader, const cJSON *item, struct slice *canonical)
{
    if (!cJSON_IsString(item)) {
        return false;
    }
    *canonical = schema_canonical(reader, item->valuestring);
    return true;
}

uint32_t schema_count(const cJSON *item)
{
    return (uint32_t)cJSON_GetArraySize(item);
}

const cJSON *schema_find_member(const cJSON *item, const char *name)
{
    return cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, name) : NULL;
}

struct slice schema_enter_field(struct schema_reader *reader, struct slice name)
{
    struct slice outer = reader->field;
    reader->field = outer.size == 0 ? name
                                    : arena_format(reader->arena, "%.*s.%.*s", SLICE_FORMAT(outer),
                                                   SLICE_FORMAT(name));
    return outer;
}

/* Names. */

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool schema_is_name(struct slice name)
{
    if (name.size == 0 || name.size > SCHEMA_NAME_SIZE_MAX || !is_letter(name.data[0])) {
        return false;
    }
    for (size_t i = 1; i < name.size; i++) {
        char byte = name.data[i];
        if (!is_letter(byte) && !(byte >= '0' && byte <= '9') && byte != '_') {
            return false;
        }
    }
    return true;
}

static bool begins_with(struct slice name, char byte)
{
    return name.size > 0 && name.data[0] == byte;
}

bool schema_check_field_name(struct schema_reader *reader, struct slice name)
{
    return !begins_with(name, '$') ||
           schema_fail(reader, "names of fields do not begin with \"$\"");
}

/* Types. */

static struct type *new_type(struct schema_reader *reader, enum type_kind kind)
{
    struct type *type = arena_allocate_zeroed(reader->arena, sizeof(*type));
    type->kind = kind;
    return type;
}

const struct type *schema_new_plain(struct schema_reader *reader, enum type_kind kind)
{
    assert(kind <= TYPE_KIND_BYTES);
    return new_type(reader, kind);
}

static void remember_id_type(struct schema_reader *reader, struct type *type)
{
    struct schema *schema = reader->schema;
    if (schema->id_type_count == reader->id_type_capacity) {
        uint32_t capacity =
            reader->id_type_capacity == 0 ? ID_TYPES_CAPACITY : 2 * reader->id_type_capacity;
        struct type **grown = arena_allocate(reader->arena, capacity * sizeof(struct type *));
        for (uint32_t i = 0; i < schema->id_type_count; i++) {
            grown[i] = schema->id_types[i];
        }
        schema->id_types = grown;
        reader->id_type_capacity = capacity;
    }
    schema->id_types[schema->id_type_count] = type;
    schema->id_type_count += 1;
}

const struct type *schema_new_id_type(struct schema_reader *reader, struct slice table)
{
    const struct schema_table *found = schema_find_table(reader->schema, table);
    if (found == NULL) {
        schema_fail(reader, "an id of the table \"%.*s\", which the schema does not have",
                    SLICE_FORMAT(table));
        return NULL;
    }
    struct type *type = new_type(reader, TYPE_KIND_ID);
    type->table = found->name;
    remember_id_type(reader, type);
    return type;
}

const struct type *schema_new_array(struct schema_reader *reader, const struct type *element)
{
    struct type *type = new_type(reader, TYPE_KIND_ARRAY);
    type->element = element;
    return type;
}

const struct type *schema_new_object(struct schema_reader *reader, const struct type_field *fields,
                                     uint32_t count)
{
    struct type *type = new_type(reader, TYPE_KIND_OBJECT);
    type->fields = fields;
    type->field_count = count;
    type_complete_object(reader->arena, type);
    return type;
}

const struct type *schema_new_union(struct schema_reader *reader, const struct type **members,
                                    uint32_t count)
{
    struct type *type = new_type(reader, TYPE_KIND_UNION);
    type->members = members;
    type->member_count = count;
    return type;
}

static bool holds_names(const struct type *type)
{
    switch (type->kind) {
    case TYPE_KIND_ANY:
    case TYPE_KIND_STRING:
    case TYPE_KIND_ID:
        return true;
    case TYPE_KIND_LITERAL:
        return value_type(type->literal) == TYPE_STRING;
    case TYPE_KIND_UNION:
        for (uint32_t i = 0; i < type->member_count; i++) {
            if (!holds_names(type->members[i])) {
                return false;
            }
        }
        return true;
    default:
        return false;
    }
}

const struct type *schema_new_record(struct schema_reader *reader, const struct type *keys,
                                     const struct type *values)
{
    if (!holds_names(keys)) {
        schema_fail(reader, "the keys of a record are strings: string, id, literals of strings, "
                            "or a union of these");
        return NULL;
    }
    struct type *type = new_type(reader, TYPE_KIND_RECORD);
    type->keys = keys;
    type->element = values;
    return type;
}

/* The value that an object says: an encoding, or one that is no literal. */
static struct value literal_from_object(struct schema_reader *reader, const cJSON *item)
{
    const cJSON *member = item->child;
    if (schema_count(item) != 1 || !cJSON_IsString(member)) {
        return value_from_text(SLICE("{}"));
    }
    struct slice name = schema_canonical(reader, member->string);
    struct slice text = schema_canonical(reader, member->valuestring);
    return value_from_text(
        arena_format(reader->arena, "{\"%.*s\":\"%.*s\"}", SLICE_FORMAT(name), SLICE_FORMAT(text)));
}

static struct value literal_value(struct schema_reader *reader, const cJSON *item)
{
    if (cJSON_IsString(item)) {
        return value_from_string(reader->arena, slice_of(item->valuestring));
    }
    if (cJSON_IsNumber(item)) {
        return value_from_number(item->valuedouble);
    }
    if (cJSON_IsBool(item)) {
        return value_from_bool(cJSON_IsTrue(item));
    }
    if (cJSON_IsArray(item)) {
        return value_from_text(SLICE("[]"));
    }
    return cJSON_IsObject(item) ? literal_from_object(reader, item) : VALUE_IS(VALUE_NULL);
}

/* A literal is vetted as a document's value is: what cannot be stored can never be equal to it. */
const struct type *schema_new_literal(struct schema_reader *reader, const cJSON *item)
{
    if (cJSON_IsNumber(item) && !(fabs(item->valuedouble) < LITERAL_LIMIT)) {
        schema_fail(reader, "a number that is a literal lies between -2^53 and 2^53");
        return NULL;
    }
    struct value literal = literal_value(reader, item);
    enum value_type found = value_type(literal);
    bool is_taken = found == TYPE_STRING || found == TYPE_NUMBER || found == TYPE_INT64 ||
                    value_is_boolean(literal);
    if (!is_taken) {
        schema_fail(reader, "a literal is a string, a number, an int64 or a boolean, not %s",
                    value_type_name(found));
        return NULL;
    }
    struct slice path;
    struct value wrong;
    enum vet_result vetted = value_vet(reader->arena, literal, SCHEMA_DEPTH_MAX, &path, &wrong);
    if (vetted != VET_OK) {
        schema_fail(reader, "the literal is no value: %s", vet_result_text(vetted));
        return NULL;
    }
    struct type *type = new_type(reader, TYPE_KIND_LITERAL);
    type->literal = literal;
    return type;
}

bool schema_check_document_type(struct schema_reader *reader, const struct type *type)
{
    if (type->kind == TYPE_KIND_ANY) {
        return true;
    }
    if (type->kind != TYPE_KIND_OBJECT && type->kind != TYPE_KIND_UNION) {
        return schema_fail(reader, "documents are objects, or a union of objects");
    }
    for (uint32_t i = 0; type->kind == TYPE_KIND_UNION && i < type->member_count; i++) {
        if (type->members[i]->kind == TYPE_KIND_ANY) {
            return schema_fail(reader, "a union of documents cannot have \"any\" in it");
        }
        if (!schema_check_document_type(reader, type->members[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; type->kind == TYPE_KIND_OBJECT && i < type->field_count; i++) {
        struct slice name = type->fields[i].name;
        if (begins_with(name, '_')) {
            schema_enter_field(reader, name);
            return schema_fail(reader, "names that begin with \"_\" belong to the system, and _id "
                                       "and _creationTime are there by themselves");
        }
    }
    return true;
}

/* Tables. */

bool schema_allocate_tables(struct schema_reader *reader, uint32_t count)
{
    if (count > SCHEMA_TABLES_MAX) {
        return schema_fail(reader, "%u tables are more than the %d that are allowed", count,
                           SCHEMA_TABLES_MAX);
    }
    reader->schema->tables =
        arena_allocate_zeroed(reader->arena, count * sizeof(struct schema_table));
    return true;
}

bool schema_add_table(struct schema_reader *reader, struct slice name)
{
    reader->table = name;
    if (!schema_is_name(name)) {
        return schema_fail(reader,
                           "the name of a table is a letter, then letters, digits and \"_\", at "
                           "most %d in all",
                           SCHEMA_NAME_SIZE_MAX);
    }
    reader->table = (struct slice){0};
    struct schema *schema = reader->schema;
    schema->tables[schema->table_count].name = name;
    schema->table_count += 1;
    return true;
}

static int compare_tables(const void *a, const void *b)
{
    const struct schema_table *const *a_table = a;
    const struct schema_table *const *b_table = b;
    return slice_compare((*a_table)->name, (*b_table)->name);
}

bool schema_sort_tables(struct schema_reader *reader)
{
    struct schema *schema = reader->schema;
    uint32_t count = schema->table_count;
    schema->by_name = arena_allocate(reader->arena, count * sizeof(struct schema_table *));
    for (uint32_t i = 0; i < count; i++) {
        schema->by_name[i] = &schema->tables[i];
    }
    if (count > 0) {
        qsort(schema->by_name, count, sizeof(struct schema_table *), compare_tables);
    }
    for (uint32_t i = 1; i < count; i++) {
        if (compare_tables(&schema->by_name[i - 1], &schema->by_name[i]) == 0) {
            reader->table = schema->by_name[i]->name;
            return schema_fail(reader, "there are two tables of this name");
        }
    }
    return true;
}

struct schema_table *schema_find_table(const struct schema *schema, struct slice name)
{
    uint32_t low = 0;
    uint32_t high = schema->table_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = slice_compare(name, schema->by_name[middle]->name);
        if (order == 0) {
            return schema->by_name[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

void schema_set_table_number(struct schema *schema, struct schema_table *table, uint32_t number)
{
    assert(number > 0);
    assert(table->number == 0 || table->number == number);
    table->number = number;
    for (uint32_t i = 0; i < schema->id_type_count; i++) {
        if (slice_equal(schema->id_types[i]->table, table->name)) {
            schema->id_types[i]->table_number = number;
        }
    }
}

/* Reading. */

static bool read_root(struct schema_reader *reader, const cJSON *root)
{
    const cJSON *tables = schema_find_member(root, "tables");
    if (tables == NULL) {
        return schema_fail(reader, "a schema is an object with \"tables\"");
    }
    if (cJSON_IsArray(tables)) {
        return schema_read_convex(reader, root);
    }
    if (cJSON_IsObject(tables)) {
        return schema_read_tenon(reader, root);
    }
    return schema_fail(reader, "\"tables\" is an object of names and tables");
}

/* Numbers that the file gives go to the id types, which may stand before their table. */
static void spread_numbers(struct schema *schema)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].number != 0) {
            schema_set_table_number(schema, &schema->tables[i], schema->tables[i].number);
        }
    }
}

static bool fail_at(struct schema_reader *reader, struct slice text, size_t offset, const char *why)
{
    unsigned line = 0;
    unsigned column = 0;
    json_locate(text, offset, &line, &column);
    return schema_fail(reader, "line %u, column %u: %s", line, column, why);
}

/* In JSON a backslash stands nowhere but in a string, before what it escapes. */
static bool check_zeros(struct schema_reader *reader, struct slice text)
{
    struct slice zero = SLICE("\\u0000");
    size_t at = 0;
    while (at < text.size) {
        if (slice_starts_with(slice_make(text.data + at, text.size - at), zero)) {
            return fail_at(reader, text, at, "names and literals in a schema hold no \\u0000");
        }
        at += text.data[at] == '\\' ? 2 : 1;
    }
    return true;
}

/* Errors: false for what is no JSON, and for what cJSON would cut. */
static bool check_text(struct schema_reader *reader, struct slice text)
{
    struct value root;
    struct json_error error;
    if (!json_read(reader->arena, text, SCHEMA_DEPTH_MAX, &root, NULL, &error)) {
        return fail_at(reader, text, error.offset, error.message);
    }
    return check_zeros(reader, text);
}

static bool read_text(struct schema_reader *reader, struct slice text)
{
    if (!check_text(reader, text)) {
        return false;
    }
    const char *end = text.data;
    cJSON *root = cJSON_ParseWithLengthOpts(text.data, text.size, &end, false);
    if (root == NULL) {
        /* Releases of cJSON differ in what they take: a very long number is refused by some. */
        return fail_at(reader, text, (size_t)(end - text.data), "cJSON cannot read this");
    }
    bool read = read_root(reader, root);
    cJSON_Delete(root);
    if (read) {
        spread_numbers(reader->schema);
    }
    return read;
}

struct schema *schema_read(struct slice text, const char *file, struct buffer *message)
{
    struct schema *schema = memory_allocate_zeroed(1, sizeof(*schema));
    arena_init(&schema->arena, ARENA_SIZE);
    struct schema_reader reader = {
        .arena = &schema->arena, .schema = schema, .file = file, .message = message};
    if (!read_text(&reader, text)) {
        schema_destroy(schema);
        return NULL;
    }
    return schema;
}

void schema_destroy(struct schema *schema)
{
    if (schema != NULL) {
        arena_deinit(&schema->arena);
        memory_release(schema);
    }
}
