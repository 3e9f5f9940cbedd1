/* Values: making them, telling their types, taking them apart.
 *
 * Nothing here depends on where a value came from: a TEXT is taken apart by walking it (see
 * base/value_text.c), a LIST or OBJECT by looking at its items or fields. */
#include "base/value.h"

#include "base/base64.h"
#include "base/number.h"
#include "base/value_encoding.h"

#include <assert.h>

/* Making values. */

static struct value make_text(struct slice text)
{
    assert(text.size <= UINT32_MAX);
    return (struct value){.kind = VALUE_TEXT, .size = (uint32_t)text.size, .text = text.data};
}

struct value value_from_text_of_others(struct slice text)
{
    assert(text.size > 0);
    switch (*text.data) {
    case 'n':
        return VALUE_IS(VALUE_NULL);
    case 'f':
        return VALUE_IS(VALUE_FALSE);
    case 't':
        return VALUE_IS(VALUE_TRUE);
    case '{':
        if (encoding_is_undefined(text)) {
            return VALUE_IS(VALUE_MISSING);
        }
        return make_text(text);
    default:
        return make_text(text);
    }
}

struct value value_from_bytes(struct arena *arena, struct slice bytes)
{
    size_t encoded = base64_encoded_size(bytes.size);
    size_t size = ENCODING_BYTES.size + encoded + ENCODING_END.size;
    char *text = arena_allocate(arena, size);
    memcpy(text, ENCODING_BYTES.data, ENCODING_BYTES.size);
    base64_encode(bytes, text + ENCODING_BYTES.size);
    memcpy(text + ENCODING_BYTES.size + encoded, ENCODING_END.data, ENCODING_END.size);
    return make_text(slice_make(text, size));
}

/* Looking at values. */

static enum value_type type_of_object_text(struct slice text)
{
    if (text.size < 2 || text.data[1] != '"' || text.data[2] != '$') {
        return TYPE_OBJECT;
    }
    unsigned char bytes[8];
    if (encoding_read_eight(text, ENCODING_INTEGER, bytes)) {
        return TYPE_INT64;
    }
    if (encoding_read_eight(text, ENCODING_FLOAT, bytes)) {
        return TYPE_NUMBER;
    }
    if (encoding_is_undefined(text)) {
        return TYPE_MISSING;
    }
    struct slice encoded;
    return encoding_find_bytes(text, &encoded) ? TYPE_BYTES : TYPE_OBJECT;
}

const uint8_t value_types_of_kinds[] = {
    [VALUE_MISSING] = TYPE_MISSING, [VALUE_NULL] = TYPE_NULL,   [VALUE_FALSE] = TYPE_FALSE,
    [VALUE_TRUE] = TYPE_TRUE,       [VALUE_INT64] = TYPE_INT64, [VALUE_NUMBER] = TYPE_NUMBER,
    [VALUE_DOCUMENT] = TYPE_OBJECT, [VALUE_LIST] = TYPE_ARRAY,  [VALUE_OBJECT] = TYPE_OBJECT,
    [VALUE_EXTENDED] = TYPE_OBJECT,
};

enum value_type value_type_of_text(struct value value)
{
    assert(value.kind == VALUE_TEXT);
    switch (*value.text) {
    case '[':
        return TYPE_ARRAY;
    case '{':
        return type_of_object_text(slice_make(value.text, value.size));
    default:
        return TYPE_NUMBER;
    }
}

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {
        [TYPE_MISSING] = "missing", [TYPE_NULL] = "null",     [TYPE_INT64] = "int64",
        [TYPE_NUMBER] = "number",   [TYPE_FALSE] = "boolean", [TYPE_TRUE] = "boolean",
        [TYPE_STRING] = "string",   [TYPE_BYTES] = "bytes",   [TYPE_ARRAY] = "array",
        [TYPE_OBJECT] = "object",
    };
    assert(type < COUNT_OF(names));
    return names[type];
}

bool value_is_undefined(struct value value)
{
    return value.kind == VALUE_MISSING ||
           (value.kind == VALUE_TEXT && encoding_is_undefined(slice_make(value.text, value.size)));
}

double value_number(struct value value)
{
    if (value.kind == VALUE_NUMBER) {
        return value.number;
    }
    assert(value.kind == VALUE_TEXT);
    struct slice text = slice_make(value.text, value.size);
    if (*text.data != '{') {
        return number_parse(text);
    }
    unsigned char bytes[8];
    bool readable = encoding_read_eight(text, ENCODING_FLOAT, bytes);
    assert(readable);
    return encoding_to_number(bytes);
}

int64_t value_int64(struct value value)
{
    if (value.kind == VALUE_INT64) {
        return value.int64;
    }
    assert(value.kind == VALUE_TEXT);
    unsigned char bytes[8];
    bool readable =
        encoding_read_eight(slice_make(value.text, value.size), ENCODING_INTEGER, bytes);
    assert(readable);
    return encoding_to_int64(bytes);
}

struct slice value_string(struct arena *arena, struct value value)
{
    assert(value.kind == VALUE_TEXT && *value.text == '"');
    return json_unescape(arena, value_string_escaped(value));
}

struct slice value_bytes(struct arena *arena, struct value value)
{
    assert(value.kind == VALUE_TEXT);
    struct slice encoded = {0};
    bool found = encoding_find_bytes(slice_make(value.text, value.size), &encoded);
    assert(found);
    char *bytes = arena_allocate(arena, encoded.size / 4 * 3);
    size_t size = 0;
    bool readable = base64_decode(encoded, bytes, &size);
    assert(readable);
    return slice_make(bytes, size);
}

bool value_is_string(struct value value, struct slice plain)
{
    return value.kind == VALUE_TEXT && *value.text == '"' &&
           slice_equal(value_string_escaped(value), plain);
}

/* Taking values apart. */

static uint32_t count_text(struct value value)
{
    struct text_cursor cursor = text_cursor_begin(value.text);
    struct value part;
    struct slice name;
    uint32_t count = 0;
    if (*value.text == '[') {
        while (text_cursor_next_item(&cursor, &part)) {
            count++;
        }
        return count;
    }
    while (text_cursor_next_field(&cursor, &name, &part)) {
        count += !value_is_missing(part);
    }
    return count;
}

static uint32_t count_fields(const struct value_field *fields, uint32_t size)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < size; i++) {
        count += !value_is_missing(fields[i].value);
    }
    return count;
}

uint32_t value_count(struct value value)
{
    switch (value.kind) {
    case VALUE_LIST:
        return value.size;
    case VALUE_OBJECT:
        return count_fields(value.fields, value.size);
    case VALUE_EXTENDED:
        return count_text(value.fields->value) + count_fields(value.fields + 1, value.size - 1);
    default:
        assert(value.kind == VALUE_TEXT || value.kind == VALUE_DOCUMENT);
        return count_text(value);
    }
}

const struct value *value_items(struct arena *arena, struct value value, uint32_t *count)
{
    if (value.kind == VALUE_LIST) {
        *count = value.size;
        return value.items;
    }
    assert(value.kind == VALUE_TEXT && *value.text == '[');
    *count = count_text(value);
    struct value *items = arena_allocate(arena, *count * sizeof(*items));
    struct text_cursor cursor = text_cursor_begin(value.text);
    struct value *next = items;
    struct value item;
    while (text_cursor_next_item(&cursor, &item)) {
        *next++ = item;
    }
    assert(next == items + *count);
    return items;
}

/* How many fields the text of an object has, those with missing values included. */
static uint32_t count_text_fields(const char *text)
{
    struct text_cursor cursor = text_cursor_begin(text);
    struct slice name;
    struct value part;
    uint32_t count = 0;
    while (text_cursor_next_field(&cursor, &name, &part)) {
        count++;
    }
    return count;
}

const struct value_field *value_collect_fields(struct arena *arena, struct value value,
                                               uint32_t *count)
{
    bool extended = value.kind == VALUE_EXTENDED;
    uint32_t further = extended ? value.size - 1 : 0;
    struct value base = extended ? value.fields->value : value;
    assert((base.kind == VALUE_TEXT || base.kind == VALUE_DOCUMENT) && *base.text == '{');
    *count = count_text_fields(base.text) + further;
    struct value_field *fields = arena_allocate(arena, *count * sizeof(*fields));
    struct text_cursor cursor = text_cursor_begin(base.text);
    struct value_field *next = fields;
    struct value_field field;
    while (text_cursor_next_field(&cursor, &field.name, &field.value)) {
        *next++ = field;
    }
    assert(next + further == fields + *count);
    if (further > 0) {
        memcpy(next, value.fields + 1, further * sizeof(*fields));
    }
    return fields;
}

struct value value_find(struct value value, struct slice name)
{
    if (value.kind == VALUE_OBJECT) {
        return value_find_in_fields(value.fields, value.size, name);
    }
    if (value.kind == VALUE_EXTENDED) {
        struct value own = value_find_further(value, name);
        return value_is_missing(own) ? value_find(value.fields->value, name) : own;
    }
    assert((value.kind == VALUE_TEXT || value.kind == VALUE_DOCUMENT) && *value.text == '{');
    struct text_cursor cursor = text_cursor_begin(value.text);
    struct slice found;
    struct value part;
    while (text_cursor_next_field(&cursor, &found, &part)) {
        if (slice_equal(found, name)) {
            return part;
        }
    }
    return VALUE_IS(VALUE_MISSING);
}

struct value value_item(struct value value, uint32_t position)
{
    if (value.kind == VALUE_LIST) {
        return position < value.size ? value.items[position] : VALUE_IS(VALUE_MISSING);
    }
    assert(value.kind == VALUE_TEXT && *value.text == '[');
    struct text_cursor cursor = text_cursor_begin(value.text);
    struct value item;
    for (uint32_t i = 0; text_cursor_next_item(&cursor, &item); i++) {
        if (i == position) {
            return item;
        }
    }
    return VALUE_IS(VALUE_MISSING);
}
