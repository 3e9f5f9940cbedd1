/* Making documents and finding fields in them. */
#include "storage/document.h"

#include "base/buffer.h"
#include "base/number.h"
#include "storage/id.h"

#include <assert.h>
#include <string.h>

#define ID_PREFIX            "{\"_id\":\""
#define CREATION_TIME_PREFIX "\",\"_creationTime\":"

static_assert(sizeof(ID_PREFIX) - 1 == DOCUMENT_ID_OFFSET, "the id follows its prefix");

static_assert(offsetof(struct document, text) % sizeof(uint32_t) == 0 &&
                  sizeof(struct document) == offsetof(struct document, text),
              "offsets are aligned in memory where they are in the text");

static size_t memory_size(size_t text_size, uint32_t user_field_count)
{
    size_t width = document_offsets_are_short(text_size) ? sizeof(uint16_t) : sizeof(uint32_t);
    return sizeof(struct document) + document_offsets_begin(text_size) + user_field_count * width;
}

static void offset_set(struct document *document, uint32_t user_field, size_t offset)
{
    char *offsets = document->text + document_offsets_begin(document->text_size);
    if (document_offsets_are_short(document->text_size)) {
        ((uint16_t *)(void *)offsets)[user_field] = (uint16_t)offset;
    } else {
        ((uint32_t *)(void *)offsets)[user_field] = (uint32_t)offset;
    }
}

static size_t value_size(struct value value)
{
    return value.kind == VALUE_TEXT ? value.size : value_write_size(value);
}

/* Whether the text of the fields goes into the document as it is. */
static bool has_text(const struct document_parts *parts)
{
    return parts->text.size > 0 && parts->count > 0;
}

size_t document_text_size(const struct document_parts *parts)
{
    size_t size = sizeof(ID_PREFIX) - 1 + parts->id.size + sizeof(CREATION_TIME_PREFIX) - 1 +
                  parts->creation_time.size;
    if (has_text(parts)) {
        return size + parts->text.size; /* a comma is as long as its opening brace */
    }
    size += sizeof("}") - 1;
    for (uint32_t i = 0; i < parts->count; i++) {
        const struct value_field *field = &parts->fields[i];
        if (!value_is_missing(field->value)) {
            size += SHAPE_NAME_OVERHEAD + field->name.size + value_size(field->value);
        }
    }
    return size;
}

static void write_value(struct buffer *text, struct value value)
{
    if (value.kind == VALUE_TEXT) {
        buffer_append(text, value.text, value.size);
    } else {
        value_write(text, value);
    }
}

/* Puts the text of all fields behind the creation time. */
static void write_fields_text(struct document *document, const struct document_parts *parts,
                              struct buffer *text)
{
    const char *opening = parts->text.data;
    size_t begin = text->size;
    for (uint32_t i = 0; i < parts->count; i++) {
        struct slice name = parts->fields[i].name;
        const char *value = name.data + name.size + sizeof("\":") - 1;
        offset_set(document, i, begin + (size_t)(value - opening));
    }
    buffer_append_char(text, ',');
    buffer_append(text, opening + 1, parts->text.size - 1);
}

/* Puts the fields behind the creation time, one by one. Returns how many there are. */
static uint32_t write_fields(struct document *document, const struct document_parts *parts,
                             struct buffer *text)
{
    uint32_t user_field = 0;
    for (uint32_t i = 0; i < parts->count; i++) {
        const struct value_field *field = &parts->fields[i];
        if (value_is_missing(field->value)) {
            continue;
        }
        buffer_append_slice(text, SLICE(",\""));
        buffer_append_slice(text, field->name);
        buffer_append_slice(text, SLICE("\":"));
        offset_set(document, user_field, text->size);
        write_value(text, field->value);
        user_field += 1;
    }
    buffer_append_char(text, '}');
    return user_field;
}

struct document *document_create(struct pool *pool, struct shape *shape,
                                 const struct document_parts *parts, size_t text_size)
{
    uint32_t user_field_count = shape->field_count - SHAPE_USER_FIELDS;
    struct document *document = pool_allocate(pool, memory_size(text_size, user_field_count));
    document->references = 1;
    document->is_leaving = false;
    document->text_size = (uint32_t)text_size;
    document->shape = shape;

    /* The sizes are known, so that this buffer never grows. */
    struct buffer text = {.data = document->text, .capacity = text_size};
    buffer_append_slice(&text, SLICE(ID_PREFIX));
    buffer_append_slice(&text, parts->id);
    buffer_append_slice(&text, SLICE(CREATION_TIME_PREFIX));
    buffer_append_slice(&text, parts->creation_time);
    uint32_t written = parts->count;
    if (has_text(parts)) {
        write_fields_text(document, parts, &text);
    } else {
        written = write_fields(document, parts, &text);
    }
    assert(text.size == text_size && text.data == document->text);
    assert(written == user_field_count);
    return document;
}

size_t document_memory_size(const struct document *document)
{
    return memory_size(document->text_size, document->shape->field_count - SHAPE_USER_FIELDS);
}

void document_release(struct pool *pool, struct document *document)
{
    assert(document->references > 0);
    document->references -= 1;
    if (document->references == 0) {
        size_t size = document_memory_size(document);
        shape_release(document->shape);
        pool_release(pool, document, size);
    }
}

struct slice document_id(const struct document *document)
{
    const char *id = document->text + DOCUMENT_ID_OFFSET;
    return slice_make(id, id_size_to_quote(id));
}

struct slice document_id_of_entry(const void *entry)
{
    return document_id(entry);
}

struct slice document_system_field_text(const struct document *document, uint32_t position)
{
    struct slice id = document_id(document);
    if (position == SHAPE_ID) {
        return slice_make(id.data - 1, id.size + 2);
    }
    assert(position == SHAPE_CREATION_TIME);
    size_t begin = DOCUMENT_ID_OFFSET + id.size + sizeof(CREATION_TIME_PREFIX) - 1;
    size_t end = document_field_end(document, position);
    return slice_make(document->text + begin, end - begin);
}

double document_creation_time(const struct document *document)
{
    return number_parse(document_system_field_text(document, SHAPE_CREATION_TIME));
}

struct value document_field_of_any(const struct document *document, uint32_t position)
{
    return document_field(document, position);
}

struct value document_find(const struct document *document, struct slice name)
{
    return document_field(document, shape_find(document->shape, name));
}

struct value object_find(struct value object, struct slice name)
{
    if (object.kind == VALUE_DOCUMENT) {
        return document_find(document_of(object), name);
    }
    if (object.kind == VALUE_EXTENDED) {
        struct value own = value_find_further(object, name);
        return value_is_missing(own) ? document_find(document_of(object.fields->value), name) : own;
    }
    return value_find(object, name);
}

uint32_t document_user_fields(const struct document *document, struct value_field *fields)
{
    uint32_t count = document->shape->field_count - SHAPE_USER_FIELDS;
    for (uint32_t i = 0; i < count; i++) {
        fields[i].name = document->shape->names[SHAPE_USER_FIELDS + i];
        fields[i].value = document_field(document, SHAPE_USER_FIELDS + i);
    }
    return count;
}
