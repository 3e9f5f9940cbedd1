/* Rows of CSV: see the header. */
#include "cli/import_csv.h"

#include "base/base64.h"
#include "base/json.h"
#include "cli/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* Integers of so many digits are doubles. */
#define DIGITS_MAX 15

/* A cell, and what is needed to understand it. */
struct reading {
    struct arena *arena;
    const struct import_tables *tables; /* NULL: no keys are known yet */
    struct csv_cell cell;
};

/* Text. */

/* A string value of the text.
 * Errors: a missing value where the text is not UTF-8. */
static struct value read_string(struct arena *arena, struct slice text)
{
    struct value value;
    struct json_error problem;
    struct value string = value_from_string(arena, text);
    return json_read(arena, value_text(arena, string), 1, &value, NULL, &problem)
               ? value
               : VALUE_IS(VALUE_MISSING);
}

/* The value that the cell says as JSON; missing where it is none. */
static struct value read_json(const struct reading *reading)
{
    struct value value;
    struct json_error problem;
    return json_read(reading->arena, reading->cell.text, IMPORT_ROW_DEPTH_MAX, &value, NULL,
                     &problem)
               ? value
               : VALUE_IS(VALUE_MISSING);
}

/* True if JSON writes an integer that a double holds exactly like this. */
static bool is_integer(struct slice text)
{
    size_t start = text.size > 1 && text.data[0] == '-';
    size_t digits = text.size - start;
    bool valid = digits > 0 && digits <= DIGITS_MAX && (text.data[start] != '0' || text.size == 1);
    for (size_t i = start; valid && i < text.size; i++) {
        valid = text.data[i] >= '0' && text.data[i] <= '9';
    }
    return valid;
}

static bool is_word(struct slice text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

/* Scalars. Each returns a missing value where the cell is none. */

static struct value read_number(const struct reading *reading)
{
    static const struct {
        const char *name;
        const char *text;
    } specials[] = {
        {"NaN", "{\"$float\":\"AAAAAAAA+H8=\"}"},
        {"Infinity", "{\"$float\":\"AAAAAAAA8H8=\"}"},
        {"-Infinity", "{\"$float\":\"AAAAAAAA8P8=\"}"},
    };
    struct slice text = reading->cell.text;
    for (size_t i = 0; i < COUNT_OF(specials); i++) {
        if (is_word(text, specials[i].name)) {
            return value_from_text(slice_of(specials[i].text));
        }
    }
    bool may_be = text.size > 0 && memchr("-0123456789", text.data[0], 11) != NULL;
    return may_be ? read_json(reading) : VALUE_IS(VALUE_MISSING);
}

static struct value read_int64(const struct reading *reading)
{
    char digits[24];
    struct slice text = reading->cell.text;
    bool may_be = text.size > 0 && text.size < sizeof digits &&
                  memchr("-0123456789", text.data[0], 11) != NULL;
    if (!may_be) {
        return VALUE_IS(VALUE_MISSING);
    }
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    char *end;
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    return errno == 0 && end == digits + text.size && end[-1] != '-' ? value_from_int64(number)
                                                                     : VALUE_IS(VALUE_MISSING);
}

static struct value read_boolean(const struct reading *reading)
{
    static const char *const words[] = {"false", "true", "f", "t", "0", "1"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (is_word(reading->cell.text, words[i])) {
            return value_from_bool(i % 2 == 1);
        }
    }
    return VALUE_IS(VALUE_MISSING);
}

static struct value read_bytes(const struct reading *reading)
{
    struct slice text = reading->cell.text;
    size_t size;
    void *data = arena_allocate(reading->arena, text.size + 1);
    return base64_decode(text, data, &size)
               ? value_from_bytes(reading->arena, slice_make(data, size))
               : VALUE_IS(VALUE_MISSING);
}

static struct value read_null(const struct reading *reading)
{
    struct slice text = reading->cell.text;
    return text.size == 0 || is_word(text, "null") ? VALUE_IS(VALUE_NULL) : VALUE_IS(VALUE_MISSING);
}

/* References. */

static bool has_key(const struct reading *reading, const struct type *type, struct value value)
{
    const struct import_table *table =
        reading->tables == NULL ? NULL : import_tables_find(reading->tables, type->table);
    return table != NULL && table->keyed &&
           import_keys_find(&table->keys, import_key_text(reading->arena, value)) != NULL;
}

/* The cell as the first form in which it is a key; as an id where it is one. */
static struct value read_id(const struct reading *reading, const struct type *type)
{
    struct value string = read_string(reading->arena, reading->cell.text);
    const struct value forms[] = {string, read_number(reading), read_int64(reading)};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (!value_is_missing(forms[i]) && has_key(reading, type, forms[i])) {
            return forms[i];
        }
    }
    return !value_is_missing(string) && type_accepts(type, string) ? string
                                                                   : VALUE_IS(VALUE_MISSING);
}

/* Types. */

static struct value read_literal(const struct reading *reading, const struct type *type)
{
    struct value string = read_string(reading->arena, reading->cell.text);
    struct value json = read_json(reading);
    if (!value_is_missing(string) && type_accepts(type, string)) {
        return string;
    }
    return !value_is_missing(json) && type_accepts(type, json) ? json : VALUE_IS(VALUE_MISSING);
}

/* What the schema demands inside a container, the resolver and the server see to. */
static struct value read_container(const struct reading *reading, const struct type *type)
{
    struct value value = read_json(reading);
    enum value_type expected = type->kind == TYPE_KIND_ARRAY ? TYPE_ARRAY : TYPE_OBJECT;
    return value_type(value) == expected ? value : VALUE_IS(VALUE_MISSING);
}

/* Reads the cell as what the type, not a union, takes. */
static struct value read_as(const struct reading *reading, const struct type *type)
{
    switch (type->kind) {
    case TYPE_KIND_NUMBER:
        return read_number(reading);
    case TYPE_KIND_INT64:
        return read_int64(reading);
    case TYPE_KIND_BOOLEAN:
        return read_boolean(reading);
    case TYPE_KIND_NULL:
        return read_null(reading);
    case TYPE_KIND_BYTES:
        return read_bytes(reading);
    case TYPE_KIND_ID:
        return read_id(reading, type);
    case TYPE_KIND_LITERAL:
        return read_literal(reading, type);
    case TYPE_KIND_ARRAY:
    case TYPE_KIND_OBJECT:
    case TYPE_KIND_RECORD:
        return read_container(reading, type);
    default:
        return read_string(reading->arena, reading->cell.text);
    }
}

static bool takes_any_text(const struct type *type)
{
    return type->kind == TYPE_KIND_STRING || type->kind == TYPE_KIND_ANY;
}

/* Reads the cell as what the first member takes that takes it; in the second `round` those that
 * take any text. */
static struct value read_as_member(const struct reading *reading, const struct type *type,
                                   unsigned round)
{
    struct value value = VALUE_IS(VALUE_MISSING);
    for (uint32_t i = 0; i < type->member_count && value_is_missing(value); i++) {
        const struct type *member = type->members[i];
        if (member->kind == TYPE_KIND_UNION) {
            value = read_as_member(reading, member, round);
        } else if (takes_any_text(member) == (round == 1)) {
            value = read_as(reading, member);
        }
    }
    return value;
}

static struct value read_as_union(const struct reading *reading, const struct type *type)
{
    struct value value = read_as_member(reading, type, 0);
    return value_is_missing(value) ? read_as_member(reading, type, 1) : value;
}

/* Columns. */

static bool has_null(const struct type *type)
{
    return type_accepts(type, VALUE_IS(VALUE_NULL));
}

static bool is_reference(const struct type *type)
{
    bool is = type->kind == TYPE_KIND_ID;
    for (uint32_t i = 0; type->kind == TYPE_KIND_UNION && i < type->member_count && !is; i++) {
        is = is_reference(type->members[i]);
    }
    return is;
}

/* Reads a cell; missing: it is left out.
 * Errors: false, and `reason` gets why. */
static bool read_cell(const struct reading *reading, const struct csv_column *column,
                      struct value *value, struct buffer *reason)
{
    bool empty = reading->cell.text.size == 0 && !reading->cell.quoted;
    const struct type *type = column->type;
    if (empty && (type == NULL || column->optional)) {
        *value = VALUE_IS(VALUE_MISSING);
        return true;
    }
    if (value_is_missing(read_string(reading->arena, reading->cell.text))) {
        buffer_append_slice(reason, SLICE("not UTF-8"));
        return false;
    }
    if (type == NULL) {
        *value = read_string(reading->arena, reading->cell.text);
        return true;
    }
    if (empty && has_null(type)) {
        *value = VALUE_IS(VALUE_NULL);
    } else {
        *value =
            type->kind == TYPE_KIND_UNION ? read_as_union(reading, type) : read_as(reading, type);
    }
    /* Which keys and ids are right, the resolver and the server say. */
    if (value_is_missing(*value) && is_reference(type)) {
        *value = read_string(reading->arena, reading->cell.text);
    }
    if (value_is_missing(*value)) {
        json_write_string(reason, reading->cell.text);
        buffer_append_slice(reason, SLICE(" is not "));
        type_describe(reason, type);
    }
    return !value_is_missing(*value);
}

static void name_column(struct buffer *reason, uint32_t position, struct slice name)
{
    buffer_append_format(reason, "column %u (%.*s): ", position + 1, SLICE_FORMAT(name));
}

/* The cell of the key column. It must not depend on the keys that are known, so a reference is
 * read as a column that the schema does not know. */
static struct value read_key(const struct reading *reading, const struct csv_column *column,
                             struct value value)
{
    const struct csv_cell *cell = &reading->cell;
    if (column->type != NULL && !is_reference(column->type)) {
        return value;
    }
    if (cell->text.size == 0 && !cell->quoted) {
        return VALUE_IS(VALUE_MISSING);
    }
    return is_integer(cell->text) && !cell->quoted
               ? value_from_text(arena_copy(reading->arena, cell->text))
               : read_string(reading->arena, cell->text);
}

static bool read_cells(struct arena *arena, const struct csv_cell *cells, struct slice key_name,
                       const struct csv_header *header, const struct import_tables *tables,
                       struct import_row *row, struct buffer *reason)
{
    struct value_field *fields = arena_allocate(arena, header->count * sizeof *fields);
    *row = (struct import_row){.fields = fields};
    for (uint32_t i = 0; i < header->count; i++) {
        const struct csv_column *column = &header->columns[i];
        struct reading reading = {.arena = arena, .tables = tables, .cell = cells[i]};
        struct value value;
        size_t before = reason->size;
        name_column(reason, i, column->name);
        if (!read_cell(&reading, column, &value, reason)) {
            return false;
        }
        reason->size = before;
        if (slice_equal(column->name, key_name)) {
            row->key = read_key(&reading, column, value);
        }
        if (!value_is_missing(value)) {
            fields[row->count++] = (struct value_field){.name = column->name, .value = value};
        }
    }
    return key_name.size == 0 || import_row_check_key(row, key_name, reason);
}

bool import_csv_read(struct arena *arena, struct slice text, struct slice key_name,
                     const struct csv_header *header, const struct import_tables *tables,
                     struct import_row *row, struct buffer *reason)
{
    uint32_t count;
    const char *problem;
    const struct csv_cell *cells = csv_read_row(arena, text, &count, &problem);
    if (cells == NULL) {
        buffer_append_format(reason, "column %u: %s", count + 1, problem);
        return false;
    }
    if (count != header->count) {
        buffer_append_format(reason, "the row has %u columns, the header %u", count, header->count);
        return false;
    }
    return read_cells(arena, cells, key_name, header, tables, row, reason);
}

/* The header. */

static const struct type string_type = {.kind = TYPE_KIND_STRING};
static const struct type number_type = {.kind = TYPE_KIND_NUMBER};

static void find_type(const struct import_table *table, struct csv_column *column)
{
    const struct type_field *field = NULL;
    if (slice_equal(column->name, SLICE("_id"))) {
        *column = (struct csv_column){column->name, &string_type, true};
    } else if (slice_equal(column->name, SLICE("_creationTime"))) {
        *column = (struct csv_column){column->name, &number_type, true};
    } else if (table->type != NULL && table->type->kind == TYPE_KIND_OBJECT) {
        field = import_find_field(table->type, column->name);
    } else if (table->type != NULL) {
        column->type = type_at_path(table->type, &column->name, 1);
        column->optional = true;
    }
    if (field != NULL) {
        *column = (struct csv_column){column->name, field->type, field->optional};
    }
}

static bool is_given_before(const struct csv_header *header, struct slice name)
{
    for (uint32_t i = 0; i < header->count; i++) {
        if (slice_equal(header->columns[i].name, name)) {
            return true;
        }
    }
    return false;
}

bool csv_header_read(struct arena *arena, struct slice text, const struct import_table *table,
                     struct csv_header *header, struct buffer *reason)
{
    uint32_t count;
    const char *problem;
    struct slice row = arena_copy(arena, text);
    const struct csv_cell *cells = csv_read_row(arena, row, &count, &problem);
    if (cells == NULL) {
        buffer_append_format(reason, "column %u: %s", count + 1, problem);
        return false;
    }
    *header =
        (struct csv_header){.columns = arena_allocate(arena, count * sizeof *header->columns)};
    for (uint32_t i = 0; i < count; i++) {
        struct value name = read_string(arena, cells[i].text);
        if (value_is_missing(name) || cells[i].text.size == 0) {
            buffer_append_format(reason, "column %u: %s", i + 1,
                                 value_is_missing(name) ? "the name is not UTF-8" : "has no name");
            return false;
        }
        struct csv_column column = {.name = value_string_escaped(name)};
        if (is_given_before(header, column.name)) {
            name_column(reason, i, column.name);
            buffer_append_slice(reason, SLICE("the name is given twice"));
            return false;
        }
        find_type(table, &column);
        header->columns[header->count++] = column;
    }
    return true;
}

void csv_header_name_column(const struct csv_header *header, struct buffer *reason)
{
    for (uint32_t i = 0; i < header->count; i++) {
        struct slice name = header->columns[i].name;
        struct slice text = buffer_slice(reason);
        bool leads = text.size > name.size + 1 && text.data[0] == '/' &&
                     memcmp(text.data + 1, name.data, name.size) == 0 &&
                     strchr("/:", text.data[name.size + 1]) != NULL;
        if (leads) {
            struct buffer rest = {0};
            buffer_append_slice(&rest, text);
            reason->size = 0;
            name_column(reason, i, name);
            bool nested = rest.data[name.size + 1] == '/';
            size_t skipped = name.size + (nested ? 1 : 3);
            buffer_append(reason, rest.data + skipped, rest.size - skipped);
            buffer_deinit(&rest);
            return;
        }
    }
}
