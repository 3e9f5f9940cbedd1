/* Vetting: may Tenon store a value that came from outside?
 *
 * A recursion bounded by the caller's depth. Nothing is allocated unless something is refused;
 * then the path is built piece by piece on the way up. */
#include "base/value.h"

#include "base/base64.h"
#include "base/json_pointer.h"
#include "base/number.h"
#include "base/value_encoding.h"

#include <assert.h>
#include <math.h>

#define VET_DEPTH_MAX 1024

struct vetter {
    struct arena *arena;
    struct slice path;
    struct value found;
};

static enum vet_result vet(struct vetter *vetter, struct value value, unsigned depth_left);

static enum vet_result refuse(struct vetter *vetter, struct value found, enum vet_result result)
{
    vetter->found = found;
    return result;
}

/* `digits` has no sign, and no zero in front. */
static bool integer_in_range(struct slice digits)
{
    static const struct slice largest = {.data = "9007199254740992", .size = 16};
    return digits.size < largest.size ||
           (digits.size == largest.size && slice_compare(digits, largest) <= 0);
}

static enum vet_result vet_number(struct slice text)
{
    size_t sign = *text.data == '-' ? 1 : 0;
    struct slice digits = slice_make(text.data + sign, text.size - sign);
    bool integer = true;
    for (size_t i = 0; i < digits.size && integer; i++) {
        integer = digits.data[i] >= '0' && digits.data[i] <= '9';
    }
    if (integer) {
        return integer_in_range(digits) ? VET_OK : VET_INTEGER_RANGE;
    }
    return isfinite(number_parse(text)) ? VET_OK : VET_NUMBER_RANGE;
}

/* Only what JSON cannot say is taken: NaN, the infinities, -0. */
static bool float_is_taken(const unsigned char bytes[8])
{
    double number = encoding_to_number(bytes);
    return !isfinite(number) || (number == 0 && signbit(number));
}

static bool base64_is_strict(struct slice text)
{
    unsigned char bytes[3 * 64];
    const size_t step = 4 * 64;
    for (size_t i = 0; i < text.size; i += step) {
        size_t size = text.size - i < step ? text.size - i : step;
        size_t decoded;
        bool readable = base64_decode(slice_make(text.data + i, size), bytes, &decoded);
        bool padded = decoded < size / 4 * 3;
        if (!readable || (padded && i + size < text.size)) {
            return false;
        }
    }
    return true;
}

/* `text` is an object whose only name is that of an encoding. */
static enum vet_result vet_encoding(struct slice text)
{
    unsigned char bytes[8];
    struct slice encoded;
    if (encoding_is_undefined(text)) {
        return VET_UNDEFINED;
    }
    if (encoding_read_eight(text, ENCODING_INTEGER, bytes)) {
        return VET_OK;
    }
    if (encoding_read_eight(text, ENCODING_FLOAT, bytes)) {
        return float_is_taken(bytes) ? VET_OK : VET_BAD_ENCODING;
    }
    if (encoding_find_bytes(text, &encoded) && base64_is_strict(encoded)) {
        return VET_OK;
    }
    return VET_BAD_ENCODING;
}

static bool is_encoding_name(struct slice name)
{
    return slice_equal(name, SLICE("$integer")) || slice_equal(name, SLICE("$float")) ||
           slice_equal(name, SLICE("$bytes")) || slice_equal(name, SLICE("$undefined"));
}

/* The result for a part, with the part's name at the head of the path. */
static enum vet_result vet_field(struct vetter *vetter, struct slice name, struct value value,
                                 unsigned depth_left)
{
    enum vet_result result = VET_OK;
    if (name.size > 0 && *name.data == '$') {
        result = refuse(vetter, value, VET_RESERVED_NAME);
    } else {
        result = vet(vetter, value, depth_left);
    }
    if (result != VET_OK) {
        vetter->path = json_pointer_prefix(vetter->arena, name, vetter->path);
    }
    return result;
}

static enum vet_result vet_item(struct vetter *vetter, uint32_t index, struct value value,
                                unsigned depth_left)
{
    enum vet_result result = vet(vetter, value, depth_left);
    if (result != VET_OK) {
        vetter->path = json_pointer_prefix_index(vetter->arena, index, vetter->path);
    }
    return result;
}

static enum vet_result vet_array_text(struct vetter *vetter, struct value value,
                                      unsigned depth_left)
{
    struct text_cursor cursor = text_cursor_begin(value.text);
    struct value item;
    enum vet_result result = VET_OK;
    for (uint32_t i = 0; result == VET_OK && text_cursor_next_item(&cursor, &item); i++) {
        result = vet_item(vetter, i, item, depth_left);
    }
    return result;
}

static enum vet_result vet_object_text(struct vetter *vetter, struct value value,
                                       unsigned depth_left)
{
    struct text_cursor cursor = text_cursor_begin(value.text);
    struct slice name;
    struct value part;
    enum vet_result result = VET_OK;
    while (result == VET_OK && text_cursor_next_field(&cursor, &name, &part)) {
        result = vet_field(vetter, name, part, depth_left);
    }
    return result;
}

/* True if `value` is the text of an object whose only name is that of an encoding. */
static bool looks_encoded(struct value value)
{
    if (value.text[0] != '{' || value.text[1] != '"' || value.text[2] != '$') {
        return false;
    }
    struct text_cursor cursor = text_cursor_begin(value.text);
    struct slice name;
    struct value part;
    return text_cursor_next_field(&cursor, &name, &part) && *cursor.next == '}' &&
           is_encoding_name(name);
}

static enum vet_result vet_text(struct vetter *vetter, struct value value, unsigned depth_left)
{
    struct slice text = slice_make(value.text, value.size);
    if (*text.data == '"') {
        return VET_OK;
    }
    if (*text.data != '[' && *text.data != '{') {
        return refuse(vetter, value, vet_number(text));
    }
    if (looks_encoded(value)) {
        return refuse(vetter, value, vet_encoding(text));
    }
    if (depth_left == 0) {
        return refuse(vetter, value, VET_TOO_DEEP);
    }
    return *text.data == '[' ? vet_array_text(vetter, value, depth_left - 1)
                             : vet_object_text(vetter, value, depth_left - 1);
}

static enum vet_result vet_list(struct vetter *vetter, struct value value, unsigned depth_left)
{
    enum vet_result result = VET_OK;
    if (depth_left == 0) {
        return refuse(vetter, value, VET_TOO_DEEP);
    }
    for (uint32_t i = 0; i < value.size && result == VET_OK; i++) {
        if (!value_is_missing(value.items[i])) {
            result = vet_item(vetter, i, value.items[i], depth_left - 1);
        }
    }
    return result;
}

static enum vet_result vet_object(struct vetter *vetter, struct value value, unsigned depth_left)
{
    enum vet_result result = VET_OK;
    if (depth_left == 0) {
        return refuse(vetter, value, VET_TOO_DEEP);
    }
    uint32_t first = 0;
    if (value.kind == VALUE_EXTENDED) {
        result = vet_object_text(vetter, value.fields->value, depth_left - 1);
        first = 1;
    }
    for (uint32_t i = first; i < value.size && result == VET_OK; i++) {
        const struct value_field *field = &value.fields[i];
        if (!value_is_missing(field->value)) {
            result = vet_field(vetter, field->name, field->value, depth_left - 1);
        }
    }
    return result;
}

static enum vet_result vet(struct vetter *vetter, struct value value, unsigned depth_left)
{
    switch (value.kind) {
    case VALUE_MISSING:
        return refuse(vetter, value, VET_UNDEFINED);
    case VALUE_TEXT:
    case VALUE_DOCUMENT:
        return vet_text(vetter, value, depth_left);
    case VALUE_LIST:
        return vet_list(vetter, value, depth_left);
    case VALUE_OBJECT:
    case VALUE_EXTENDED:
        return vet_object(vetter, value, depth_left);
    default:
        return VET_OK;
    }
}

enum vet_result value_vet(struct arena *arena, struct value value, unsigned depth_max,
                          struct slice *path, struct value *found)
{
    assert(depth_max <= VET_DEPTH_MAX);
    struct vetter vetter = {.arena = arena, .path = SLICE("")};
    enum vet_result result = vet(&vetter, value, depth_max);
    if (result != VET_OK) {
        *path = vetter.path;
        *found = vetter.found;
    }
    return result;
}

const char *vet_result_text(enum vet_result result)
{
    static const char *const texts[] = {
        [VET_OK] = "The value can be stored.",
        [VET_NUMBER_RANGE] = "A 64-bit floating point number cannot hold the number.",
        [VET_INTEGER_RANGE] = "An integer beyond 2^53 must be said as {\"$integer\": …} or string.",
        [VET_RESERVED_NAME] = "Field names must not begin with `$`.",
        [VET_BAD_ENCODING] = "The encoding of an int64, number or bytes value is not valid.",
        [VET_UNDEFINED] = "`undefined` is not a value that can be stored.",
        [VET_TOO_DEEP] = "The value is nested too deeply.",
    };
    assert(result < COUNT_OF(texts));
    return texts[result];
}
