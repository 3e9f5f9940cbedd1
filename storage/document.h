/* Documents: immutable, counted, one allocation.
 *
 *   header      struct document
 *   text        the canonical JSON: {"_id":"…","_creationTime":…,"field":…}
 *   offsets     aligned to their size: for each of the user's fields where in the text its value
 *               begins; 2 bytes each where the text is at most 64 KiB, else 4
 *
 * A reply is a memcpy of the text; the offsets give a field without parsing. A value of the kind
 * VALUE_DOCUMENT points at `text`, so document_of() finds the header before it.
 *
 * References are counted by the loop's thread alone: the table has one, and whoever keeps a
 * document beyond its removal from the table takes another. */
#ifndef TENON_STORAGE_DOCUMENT_H
#define TENON_STORAGE_DOCUMENT_H

#include "base/macros.h"
#include "base/pool.h"
#include "base/slice.h"
#include "base/value.h"
#include "storage/id.h"
#include "storage/shape.h"

#include <stddef.h>
#include <stdint.h>

#define DOCUMENT_SIZE_MAX  (1024 * 1024) /* bytes of JSON */
#define DOCUMENT_DEPTH_MAX 64

/* Where the id begins in the text: behind {"_id":" */
#define DOCUMENT_ID_OFFSET 8

struct document {
    uint32_t references : 31;
    uint32_t is_leaving : 1; /* an insert that is being undone */
    uint32_t text_size;
    struct shape *shape;
    char text[];
};

/* What a document is made of. */
struct document_parts {
    struct slice id;
    struct slice creation_time;       /* the number's text */
    const struct value_field *fields; /* the user's; missing values are left out */
    uint32_t count;
    struct slice text; /* canonical JSON of an object of these fields, of which none is missing and
                        * the names are parts; empty: not known */
};

/* How many bytes of text a document of these parts has; more than 4 GiB cannot arise, because a
 * request is smaller. */
size_t document_text_size(const struct document_parts *parts);

/* Makes a document with one reference. `shape` is that of the fields; the document takes over the
 * caller's reference to it. `text_size` is document_text_size() of the same parts. */
struct document *document_create(struct pool *pool, struct shape *shape,
                                 const struct document_parts *parts, size_t text_size);

void document_release(struct pool *pool, struct document *document);

static inline struct document *document_retain(struct document *document)
{
    document->references += 1;
    return document;
}

/* Bytes of memory that the document takes, before the pool rounds them up. */
size_t document_memory_size(const struct document *document);

static inline struct slice document_text(const struct document *document)
{
    return slice_make(document->text, document->text_size);
}

static inline struct value document_value(const struct document *document)
{
    return (struct value){
        .kind = VALUE_DOCUMENT,
        .flags = VALUE_FLAG_VETTED,
        .size = document->text_size,
        .text = document->text,
    };
}

/* The document that a VALUE_DOCUMENT stands for. */
static inline struct document *document_of(struct value value)
{
    return (struct document *)(void *)((char *)(uintptr_t)value.text -
                                       offsetof(struct document, text));
}

/* The id: the bytes of `_id` between its quotes. */
struct slice document_id(const struct document *document);

/* The creation time, in milliseconds since 1970. It is read from the text each time: few need it,
 * and every document would have to keep it twice. */
double document_creation_time(const struct document *document);

/* Whether that is the document's id; `id` may be any text. */
static inline bool document_has_id(const struct document *document, struct slice id)
{
    const char *own = document->text + DOCUMENT_ID_OFFSET;
    return id.size >= ID_TEXT_SIZE_MIN && id.size <= ID_TEXT_SIZE_MAX && own[id.size] == '"' &&
           id_texts_are_equal(own, id.data, id.size);
}

/* The same of an opaque entry: what the hash map by id reads. */
struct slice document_id_of_entry(const void *entry);

/* The offsets of the user's fields, counted from the text, follow the text: 2 bytes each where that
 * is enough for it, else 4. */
static inline bool document_offsets_are_short(size_t text_size)
{
    return text_size <= UINT16_MAX + 1;
}

/* Where the offsets begin, counted from the text. */
static inline size_t document_offsets_begin(size_t text_size)
{
    size_t width = document_offsets_are_short(text_size) ? sizeof(uint16_t) : sizeof(uint32_t);
    return (text_size + width - 1) & ~(width - 1);
}

/* Where the value of one of the user's fields begins. */
static inline size_t document_offset(const struct document *document, uint32_t user_field)
{
    const char *offsets = document->text + document_offsets_begin(document->text_size);
    if (LIKELY(document_offsets_are_short(document->text_size))) {
        return ((const uint16_t *)(const void *)offsets)[user_field];
    }
    return ((const uint32_t *)(const void *)offsets)[user_field];
}

/* Where the value of a field ends that is the creation time or the user's. */
static inline size_t document_field_end(const struct document *document, uint32_t position)
{
    const struct shape *shape = document->shape;
    uint32_t next = position + 1;
    if (next == shape->field_count) {
        return document->text_size - 1;
    }
    return document_offset(document, next - SHAPE_USER_FIELDS) - SHAPE_NAME_OVERHEAD -
           shape->names[next].size;
}

/* The text of `_id` or `_creationTime`. */
struct slice document_system_field_text(const struct document *document, uint32_t position);

/* The text of the field at `position`. */
static inline struct slice document_field_text(const struct document *document, uint32_t position)
{
    if (position < SHAPE_USER_FIELDS) {
        return document_system_field_text(document, position);
    }
    size_t begin = document_offset(document, position - SHAPE_USER_FIELDS);
    return slice_make(document->text + begin, document_field_end(document, position) - begin);
}

/* The value of the field at `position` (as shape_find gave it); SHAPE_NO_FIELD is missing. */
static inline struct value document_field(const struct document *document, uint32_t position)
{
    if (position == SHAPE_NO_FIELD) {
        return VALUE_IS(VALUE_MISSING);
    }
    return value_from_text(document_field_text(document, position));
}

/* The same for what document_find_again does not do itself. */
struct value document_field_of_any(const struct document *document, uint32_t position);

/* The value of the top-level field `name`, whose place in the document's shape `place` keeps. */
static inline struct value document_find_again(const struct document *document, struct slice name,
                                               struct shape_place *place)
{
    uint32_t field = shape_find_again(document->shape, name, place) - SHAPE_USER_FIELDS;
    size_t text_size = document->text_size;
    if (UNLIKELY(field >= SHAPE_NO_FIELD - SHAPE_USER_FIELDS ||
                 !document_offsets_are_short(text_size))) {
        return document_field_of_any(document, place->position);
    }
    const char *text = document->text;
    const uint16_t *offsets = (const void *)(text + document_offsets_begin(text_size));
    size_t begin = offsets[field];
    size_t end = place->gap > 0 ? offsets[field + 1] - place->gap : text_size - 1;
    return value_from_text(slice_make(text + begin, end - begin));
}

/* The value of the top-level field `name`, or missing. */
struct value document_find(const struct document *document, struct slice name);

/* A field of any object value: documents by their shape, others by their text or fields. */
struct value object_find(struct value object, struct slice name);

/* The user's fields of a document, without `_id` and `_creationTime`, into `fields`, which has
 * room for shape->field_count of them. Returns how many. */
uint32_t document_user_fields(const struct document *document, struct value_field *fields);

#endif
