/* Values: what documents consist of, what requests carry and what programs compute.
 *
 * A value is 16 bytes and owns nothing: its texts, items and fields live in a request's arena, in
 * the request's own bytes, or in a document that outlives the request.
 *
 * Most values are TEXT, a slice of canonical JSON: no white space, escapes only where JSON
 * demands them (\" \\ \b \f \n \r \t, and \u00xx in lower case for other control characters),
 * numbers as they were sent, encodings as {"$integer":"…"}, {"$float":"…"}, {"$bytes":"…"}. The
 * first characters of such a text tell its type, equal texts mean equal values, and writing a
 * value is a memcpy.
 *
 *   kind            holds
 *   VALUE_MISSING   nothing; a zeroed value is missing
 *   VALUE_NULL, VALUE_FALSE, VALUE_TRUE
 *   VALUE_INT64     int64; computed
 *   VALUE_NUMBER    number; computed, written in the shortest form that reads back the same
 *   VALUE_TEXT      text, size: a string, number, array, object, or an encoding; never the
 *                   texts null, true and false
 *   VALUE_DOCUMENT  text, size: as TEXT, an object; the text belongs to a stored document (see
 *                   storage/document.h)
 *   VALUE_LIST      items, size: an array taken apart
 *   VALUE_OBJECT    fields, size: an object taken apart; names are unique; a field whose value is
 *                   missing counts as not there and is left out when it is written
 *   VALUE_EXTENDED  fields, size: the object that a document and further fields make together;
 *                   fields[0] holds the VALUE_DOCUMENT, the others are as those of OBJECT, with
 *                   names that the document does not have
 */
#ifndef TENON_BASE_VALUE_H
#define TENON_BASE_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum value_kind {
    VALUE_MISSING,
    VALUE_NULL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_INT64,
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_DOCUMENT,
    VALUE_LIST,
    VALUE_OBJECT,
    VALUE_EXTENDED
};

/* The types of the contract, in the order of values. */
enum value_type {
    TYPE_MISSING,
    TYPE_NULL,
    TYPE_INT64,
    TYPE_NUMBER,
    TYPE_FALSE,
    TYPE_TRUE,
    TYPE_STRING,
    TYPE_BYTES,
    TYPE_ARRAY,
    TYPE_OBJECT
};

/* Set by the JSON reader where nothing below needs value_vet: every number is short, no name
 * begins with `$`, and no container lies deeper in the text than any value may be. */
#define VALUE_FLAG_VETTED    1

/* Set by the JSON reader on a LIST or OBJECT that was canonical in the text: right before the items
 * or fields lies a struct slice, which is that text. */
#define VALUE_FLAG_TEXT_KEPT 2

/* Set on a LIST of strings: right before the items lies a value whose text is the hashes of the
 * items, as many uint64_t. Who sets it says which hash that is. */
#define VALUE_FLAG_HASHED    4

struct value_field;

struct value {
    uint16_t kind;  /* enum value_kind */
    uint16_t flags; /* VALUE_FLAG_…; no gap behind, so that compilers copy whole words */
    uint32_t size;  /* TEXT, DOCUMENT: bytes; LIST: items; OBJECT, EXTENDED: entries of `fields` */
    union {
        double number;
        int64_t int64;
        const char *text;
        const struct value *items;
        const struct value_field *fields;
    };
};

struct value_field {
    struct slice name; /* canonical: as it stands between the quotes of canonical JSON */
    struct value value;
};

/* The text of a value with VALUE_FLAG_TEXT_KEPT. */
static inline struct slice value_kept_text(struct value value)
{
    const void *parts = value.items;
    return ((const struct slice *)parts)[-1];
}

/* The hashes of the items of a list with VALUE_FLAG_HASHED; NULL for other values. */
static inline const uint64_t *value_kept_hashes(struct value value)
{
    bool kept = (value.flags & VALUE_FLAG_HASHED) != 0;
    return kept ? (const uint64_t *)(const void *)value.items[-1].text : NULL;
}

/* Making values. */

#define VALUE_IS(kind_) ((struct value){.kind = (kind_)})

static inline struct value value_from_bool(bool truth)
{
    return (struct value){.kind = truth ? VALUE_TRUE : VALUE_FALSE};
}

static inline struct value value_from_number(double number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static inline struct value value_from_int64(int64_t int64)
{
    return (struct value){.kind = VALUE_INT64, .int64 = int64};
}

static inline struct value value_from_items(const struct value *items, uint32_t count)
{
    return (struct value){.kind = VALUE_LIST, .size = count, .items = items};
}

static inline struct value value_from_fields(const struct value_field *fields, uint32_t count)
{
    return (struct value){.kind = VALUE_OBJECT, .size = count, .fields = fields};
}

/* `fields` begins with the document. */
static inline struct value value_from_extension(const struct value_field *fields, uint32_t count)
{
    return (struct value){.kind = VALUE_EXTENDED, .size = count, .fields = fields};
}

/* What value_from_text makes of a text that is no string. */
struct value value_from_text_of_others(struct slice text);

/* The value that the canonical JSON `text` says; `text` is trusted, and kept. The encoding
 * {"$undefined":null} gives VALUE_MISSING. */
static inline struct value value_from_text(struct slice text)
{
    if (*text.data != '"') {
        return value_from_text_of_others(text);
    }
    return (struct value){
        .kind = VALUE_TEXT,
        .flags = VALUE_FLAG_VETTED,
        .size = (uint32_t)text.size,
        .text = text.data,
    };
}

/* A string value of the plain bytes `string` (valid UTF-8), quoted and escaped into `arena`. */
struct value value_from_string(struct arena *arena, struct slice string);

/* A $bytes value of `bytes`. */
struct value value_from_bytes(struct arena *arena, struct slice bytes);

/* Looking at values. */

/* The type of a TEXT that is no string; what value_type looks at last. */
enum value_type value_type_of_text(struct value value);

/* The types of the kinds; a TEXT has several. */
extern const uint8_t value_types_of_kinds[];

/* The type of any value, vetted or not: an object counts as int64, number or bytes only where its
 * encoding can be read ($bytes: where it has the right form; its base64 is not looked at), and
 * the text {"$undefined":null} as missing. */
static inline enum value_type value_type(struct value value)
{
    if (value.kind != VALUE_TEXT) {
        return (enum value_type)value_types_of_kinds[value.kind];
    }
    return *value.text == '"' ? TYPE_STRING : value_type_of_text(value);
}

/* The name of a type in messages: "string", "int64", "boolean", … */
const char *value_type_name(enum value_type type);

static inline bool value_is_missing(struct value value)
{
    return value.kind == VALUE_MISSING;
}

static inline bool value_is_null_or_missing(struct value value)
{
    return value.kind <= VALUE_NULL;
}

static inline bool value_is_boolean(struct value value)
{
    return value.kind == VALUE_FALSE || value.kind == VALUE_TRUE;
}

/* True for a missing value, and for the text {"$undefined":null}, which the JSON reader leaves as
 * it is. */
bool value_is_undefined(struct value value);

/* The number of a TYPE_NUMBER value. */
double value_number(struct value value);

/* The integer of a TYPE_INT64 value. */
int64_t value_int64(struct value value);

/* A TYPE_STRING value as it stands between its quotes: canonical JSON, escapes included. */
static inline struct slice value_string_escaped(struct value value)
{
    return slice_make(value.text + 1, value.size - 2);
}

/* The plain bytes of a TYPE_STRING value; copied into `arena` only where it has escapes. */
struct slice value_string(struct arena *arena, struct value value);

/* The bytes of a TYPE_BYTES value that was vetted, decoded into `arena`. */
struct slice value_bytes(struct arena *arena, struct value value);

/* True if the value is the string `plain`, which has nothing that JSON escapes; for tests of short
 * literals such as "asc". */
bool value_is_string(struct value value, struct slice plain);

/* The items of a TYPE_ARRAY value; a TEXT is taken apart, one level, into `arena`. */
const struct value *value_items(struct arena *arena, struct value value, uint32_t *count);

/* The fields of a TEXT, DOCUMENT or EXTENDED, taken apart; what value_fields does second. */
const struct value_field *value_collect_fields(struct arena *arena, struct value value,
                                               uint32_t *count);

/* The fields of a TYPE_OBJECT value; what holds them otherwise is taken apart, one level. */
static inline const struct value_field *value_fields(struct arena *arena, struct value value,
                                                     uint32_t *count)
{
    if (value.kind != VALUE_OBJECT) {
        return value_collect_fields(arena, value, count);
    }
    *count = value.size;
    return value.fields;
}

/* How many items or fields a TYPE_ARRAY or TYPE_OBJECT has, fields with missing values left
 * out; without taking it apart. */
uint32_t value_count(struct value value);

/* The first of `count` fields that has the name (canonical), or a missing value. */
static inline struct value value_find_in_fields(const struct value_field *fields, uint32_t count,
                                                struct slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(fields[i].name, name)) {
            return fields[i].value;
        }
    }
    return VALUE_IS(VALUE_MISSING);
}

/* The field `name` of those that an EXTENDED has beside its document's, or a missing value. */
static inline struct value value_find_further(struct value value, struct slice name)
{
    return value_find_in_fields(value.fields + 1, value.size - 1, name);
}

/* The field `name` (canonical) of a TYPE_OBJECT value, or a missing value. */
struct value value_find(struct value value, struct slice name);

/* The item at `position` of a TYPE_ARRAY value, or a missing value past its end. */
struct value value_item(struct value value, uint32_t position);

/* Walking canonical text without memory: the items of an array, the fields of an object. */

struct text_cursor {
    const char *next; /* at a value, at a name's quote, or at the closing bracket */
};

/* `text` begins with `[` or `{`. */
struct text_cursor text_cursor_begin(const char *text);
bool text_cursor_next_item(struct text_cursor *cursor, struct value *item);
bool text_cursor_next_field(struct text_cursor *cursor, struct slice *name, struct value *value);

/* The end of the canonical JSON value that begins at `text`. A number must be followed by a comma
 * or a closing bracket, as it is inside a container. */
const char *text_skip(const char *text);

/* Writing values. */

/* Appends the canonical JSON of `value`; a missing value is written as null. */
void value_write(struct buffer *buffer, struct value value);

/* Appends the same if it is at most `size_max` bytes, and at most `depth_max` containers that are
 * taken apart lie within each other; otherwise returns false, and nothing is appended. Where the
 * size is at fault `*size` is greater than `size_max`, otherwise how many bytes were written. Takes
 * time and memory in proportion to `size_max` at most. */
MUST_CHECK bool value_write_within(struct buffer *buffer, struct value value, size_t size_max,
                                   size_t depth_max, size_t *size);

/* How many bytes value_write appends. A value that a program computed may mention its parts so
 * often that this takes forever: see value_fits. */
size_t value_write_size(struct value value);

/* True if value_write appends at most `size_max` bytes; `*size` becomes how many. Takes time in
 * proportion to `size_max` at most, however often parts are mentioned. */
MUST_CHECK bool value_fits(struct value value, size_t size_max, size_t *size);

/* The same, and at most `depth_max` containers that are taken apart lie within each other. Where
 * that is exceeded `*size` is still at most `size_max`. */
MUST_CHECK bool value_fits_within(struct value value, size_t size_max, size_t depth_max,
                                  size_t *size);

/* The canonical JSON of `value`: the value's own text, or a copy in `arena`. */
struct slice value_text(struct arena *arena, struct value value);

/* Appends `string` (plain UTF-8) as a JSON string in canonical form, with its quotes. */
void json_write_string(struct buffer *buffer, struct slice string);

/* The plain bytes of what stands between the quotes of canonical JSON, such as a field's name;
 * copied into `arena` only where it has escapes. */
struct slice json_unescape(struct arena *arena, struct slice escaped);

/* Vetting: may Tenon store the value? */

enum vet_result {
    VET_OK,
    VET_NUMBER_RANGE,  /* no double can hold it: 1e400 */
    VET_INTEGER_RANGE, /* no fraction, no exponent, beyond ±2^53 */
    VET_RESERVED_NAME, /* a name that begins with `$` */
    VET_BAD_ENCODING,  /* a $integer, $float or $bytes that is not as the contract says */
    VET_UNDEFINED,     /* {"$undefined":null} where it is not taken */
    VET_TOO_DEEP       /* more than `depth_max` levels */
};

/* Looks at a value that came from outside, whole. Returns VET_OK, or why it is refused; then
 * `*path` (a JSON pointer relative to the value, canonical, in `arena`) says where and
 * `*found` what. A container counts as one level; `depth_max` is at most 1024. Missing fields and
 * items of a LIST or OBJECT count as not there; anywhere else a missing value is VET_UNDEFINED.
 * A computed value must have passed value_fits before. */
enum vet_result value_vet(struct arena *arena, struct value value, unsigned depth_max,
                          struct slice *path, struct value *found);

/* What a vet_result says to people: "…" without the value. */
const char *vet_result_text(enum vet_result result);

#endif
