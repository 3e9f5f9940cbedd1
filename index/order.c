/* The order of values, worked out on canonical texts as they are, and its byte form.
 *
 * Strings are compared and copied in runs between escapes, bytes by their base64 digits, which
 * order as the bytes do; only objects need memory, to sort their fields. Values are nested 128
 * deep at most, so that recursion is bounded; key_skip, which reads keys from outside, counts. */
#include "index/order.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/value_encoding.h"

#include <assert.h>
#include <stdlib.h>

#define DEPTH_MAX     160 /* of a byte form: above what any value has */
#define FIELDS_INSIDE 16  /* fields that are sorted without allocating */
#define ESCAPE_SIZE   6   /* bytes of the longest escape */
#define BASE64_PIECE  256 /* characters that are decoded at a time; a multiple of 4 */

enum key_byte {
    KEY_END,
    KEY_MISSING,
    KEY_NULL,
    KEY_INT64,
    KEY_NUMBER,
    KEY_FALSE,
    KEY_TRUE,
    KEY_STRING,
    KEY_BYTES,
    KEY_ARRAY,
    KEY_OBJECT,
    KEY_ESCAPE = 0x01 /* before a 00 or 01 that is part of a string, and is written one higher */
};

static_assert(KEY_MISSING == TYPE_MISSING + 1 && KEY_OBJECT == TYPE_OBJECT + 1,
              "types and key bytes have the same order");

static int compare_uint64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Strings, as they stand between their quotes. */

/* How many bytes the two have in common at their heads. */
static size_t shared_size(struct slice a, struct slice b)
{
    size_t limit = a.size < b.size ? a.size : b.size;
    size_t size = 0;
    while (size + 8 <= limit && memcmp(a.data + size, b.data + size, 8) == 0) {
        size += 8;
    }
    while (size < limit && a.data[size] == b.data[size]) {
        size++;
    }
    return size;
}

static int hex_digit(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* Reads the escape at the head of `rest`, which begins with a backslash. */
static int read_escape(struct slice *rest)
{
    assert(rest->size >= 2);
    char letter = rest->data[1];
    size_t size = letter == 'u' ? ESCAPE_SIZE : 2;
    assert(rest->size >= size);
    int byte = (unsigned char)letter;
    switch (letter) {
    case 'b':
        byte = '\b';
        break;
    case 'f':
        byte = '\f';
        break;
    case 'n':
        byte = '\n';
        break;
    case 'r':
        byte = '\r';
        break;
    case 't':
        byte = '\t';
        break;
    case 'u':
        byte = hex_digit(rest->data[4]) * 16 + hex_digit(rest->data[5]);
        break;
    default:
        assert(letter == '"' || letter == '\\');
    }
    *rest = slice_make(rest->data + size, rest->size - size);
    return byte;
}

/* The next plain byte of a string, or -1 at its end. */
static int read_byte(struct slice *rest)
{
    if (rest->size == 0) {
        return -1;
    }
    if (*rest->data == '\\') {
        return read_escape(rest);
    }
    int byte = (unsigned char)*rest->data;
    *rest = slice_make(rest->data + 1, rest->size - 1);
    return byte;
}

/* Compares two escaped strings by their plain bytes. What they share needs no look, unless the
 * difference may lie within an escape. */
static int compare_strings(struct slice a, struct slice b)
{
    size_t start = shared_size(a, b);
    size_t near = start < ESCAPE_SIZE ? start : ESCAPE_SIZE;
    if (near > 0 && memchr(a.data + start - near, '\\', near) != NULL) {
        start = 0;
    }
    a = slice_make(a.data + start, a.size - start);
    b = slice_make(b.data + start, b.size - start);
    for (;;) {
        int byte_a = read_byte(&a);
        int byte_b = read_byte(&b);
        if (byte_a != byte_b || byte_a < 0) {
            return byte_a - byte_b;
        }
    }
}

/* Bytes. */

static struct slice bytes_encoded(struct value value)
{
    struct slice encoded = {0};
    bool found = encoding_find_bytes(slice_make(value.text, value.size), &encoded);
    assert(found);
    return encoded;
}

/* The rank of a base64 digit; padding comes before all. */
static int base64_rank(char digit)
{
    if (digit >= 'A' && digit <= 'Z') {
        return digit - 'A';
    }
    if (digit >= 'a' && digit <= 'z') {
        return digit - 'a' + 26;
    }
    if (digit >= '0' && digit <= '9') {
        return digit - '0' + 52;
    }
    if (digit == '=') {
        return -1;
    }
    return digit == '+' ? 62 : 63;
}

static int compare_bytes(struct slice a, struct slice b)
{
    size_t start = shared_size(a, b);
    if (start == a.size || start == b.size) {
        return (a.size > b.size) - (a.size < b.size);
    }
    return base64_rank(a.data[start]) - base64_rank(b.data[start]);
}

/* Arrays and objects. */

/* Walks the items of an array, whatever its kind. */
struct item_walk {
    bool is_text;
    struct text_cursor cursor;
    const struct value *items;
    uint32_t left;
};

static struct item_walk item_walk_begin(struct value array)
{
    if (array.kind == VALUE_LIST) {
        return (struct item_walk){.items = array.items, .left = array.size};
    }
    assert(array.kind == VALUE_TEXT);
    return (struct item_walk){.is_text = true, .cursor = text_cursor_begin(array.text)};
}

/* A missing item counts as null, as which it is written. */
static bool item_walk_next(struct item_walk *walk, struct value *item)
{
    if (walk->is_text) {
        if (!text_cursor_next_item(&walk->cursor, item)) {
            return false;
        }
    } else {
        if (walk->left == 0) {
            return false;
        }
        *item = *walk->items;
        walk->items++;
        walk->left--;
    }
    if (value_is_undefined(*item)) {
        *item = VALUE_IS(VALUE_NULL);
    }
    return true;
}

/* An object's fields, without those whose value is missing. */
struct field_set {
    struct value_field *fields; /* `inside`, or allocated */
    uint32_t count;
    uint32_t capacity;
    struct value_field inside[FIELDS_INSIDE];
};

static void field_set_add(struct field_set *set, struct slice name, struct value value)
{
    if (value_is_undefined(value)) {
        return;
    }
    if (set->count == set->capacity) {
        set->capacity *= 2;
        struct value_field *old = set->fields == set->inside ? NULL : set->fields;
        set->fields = memory_resize(old, set->capacity * sizeof(*set->fields));
        if (old == NULL) {
            memcpy(set->fields, set->inside, sizeof(set->inside));
        }
    }
    set->fields[set->count++] = (struct value_field){.name = name, .value = value};
}

static void field_set_init(struct field_set *set, struct value object)
{
    set->fields = set->inside;
    set->count = 0;
    set->capacity = FIELDS_INSIDE;
    if (object.kind >= VALUE_OBJECT) {
        uint32_t first = object.kind == VALUE_EXTENDED ? 1 : 0;
        for (uint32_t i = first; i < object.size; i++) {
            field_set_add(set, object.fields[i].name, object.fields[i].value);
        }
        if (object.kind == VALUE_OBJECT) {
            return;
        }
        object = object.fields->value;
    }
    assert(object.kind == VALUE_TEXT || object.kind == VALUE_DOCUMENT);
    struct text_cursor cursor = text_cursor_begin(object.text);
    struct slice name;
    struct value value;
    while (text_cursor_next_field(&cursor, &name, &value)) {
        field_set_add(set, name, value);
    }
}

static void field_set_deinit(struct field_set *set)
{
    if (set->fields != set->inside) {
        memory_release(set->fields);
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct value_field *field_a = a;
    const struct value_field *field_b = b;
    return compare_strings(field_a->name, field_b->name);
}

static void field_set_init_sorted(struct field_set *set, struct value object)
{
    field_set_init(set, object);
    qsort(set->fields, set->count, sizeof(*set->fields), compare_names);
}

/* Comparing. */

static int compare_arrays(struct value a, struct value b)
{
    struct item_walk walk_a = item_walk_begin(a);
    struct item_walk walk_b = item_walk_begin(b);
    for (;;) {
        struct value item_a;
        struct value item_b;
        bool more_a = item_walk_next(&walk_a, &item_a);
        bool more_b = item_walk_next(&walk_b, &item_b);
        if (!more_a || !more_b) {
            return (int)more_a - (int)more_b;
        }
        int order = value_compare(item_a, item_b);
        if (order != 0) {
            return order;
        }
    }
}

static int compare_fields(const struct field_set *a, const struct field_set *b)
{
    for (uint32_t i = 0; i < a->count && i < b->count; i++) {
        int order = compare_names(&a->fields[i], &b->fields[i]);
        if (order == 0) {
            order = value_compare(a->fields[i].value, b->fields[i].value);
        }
        if (order != 0) {
            return order;
        }
    }
    return (a->count > b->count) - (a->count < b->count);
}

static int compare_objects(struct value a, struct value b)
{
    struct field_set fields_a;
    struct field_set fields_b;
    field_set_init_sorted(&fields_a, a);
    field_set_init_sorted(&fields_b, b);
    int order = compare_fields(&fields_a, &fields_b);
    field_set_deinit(&fields_a);
    field_set_deinit(&fields_b);
    return order;
}

static bool has_text(struct value value)
{
    return value.kind == VALUE_TEXT || value.kind == VALUE_DOCUMENT;
}

static bool same_text(struct value a, struct value b)
{
    return has_text(a) && has_text(b) && a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}

static int compare_of_type(enum value_type type, struct value a, struct value b)
{
    switch (type) {
    case TYPE_INT64: {
        int64_t int_a = value_int64(a);
        int64_t int_b = value_int64(b);
        return (int_a > int_b) - (int_a < int_b);
    }
    case TYPE_NUMBER:
        return compare_uint64(number_to_ordered(value_number(a)),
                              number_to_ordered(value_number(b)));
    case TYPE_STRING:
        return compare_strings(value_string_escaped(a), value_string_escaped(b));
    case TYPE_BYTES:
        return compare_bytes(bytes_encoded(a), bytes_encoded(b));
    case TYPE_ARRAY:
        return compare_arrays(a, b);
    case TYPE_OBJECT:
        return compare_objects(a, b);
    default:
        return 0;
    }
}

int value_compare(struct value a, struct value b)
{
    if (a.kind == VALUE_NUMBER && b.kind == VALUE_NUMBER) {
        return compare_uint64(number_to_ordered(a.number), number_to_ordered(b.number));
    }
    if (same_text(a, b)) {
        return 0;
    }
    enum value_type type_a = value_type(a);
    enum value_type type_b = value_type(b);
    if (type_a != type_b) {
        return type_a < type_b ? -1 : 1;
    }
    return compare_of_type(type_a, a, b);
}

/* Making keys. */

static void append_byte(struct buffer *key, int byte)
{
    buffer_append_char(key, (char)byte);
}

static bool needs_escape(char byte)
{
    return (unsigned char)byte <= KEY_ESCAPE;
}

/* Appends plain bytes, zeros and ones among them. */
static void append_plain(struct buffer *key, const char *data, size_t size)
{
    size_t run = 0;
    for (size_t i = 0; i < size; i++) {
        if (needs_escape(data[i])) {
            buffer_append(key, data + run, i - run);
            append_byte(key, KEY_ESCAPE);
            append_byte(key, data[i] + 1);
            run = i + 1;
        }
    }
    buffer_append(key, data + run, size - run);
}

static void append_string(struct buffer *key, struct slice escaped)
{
    append_byte(key, KEY_STRING);
    while (escaped.size > 0) {
        const char *escape = memchr(escaped.data, '\\', escaped.size);
        size_t run = escape == NULL ? escaped.size : (size_t)(escape - escaped.data);
        buffer_append(key, escaped.data, run);
        escaped = slice_make(escaped.data + run, escaped.size - run);
        if (escape != NULL) {
            char byte = (char)read_escape(&escaped);
            append_plain(key, &byte, 1);
        }
    }
    append_byte(key, KEY_END);
}

static void append_bytes(struct buffer *key, struct slice encoded)
{
    append_byte(key, KEY_BYTES);
    for (size_t at = 0; at < encoded.size; at += BASE64_PIECE) {
        char decoded[BASE64_PIECE / 4 * 3];
        size_t left = encoded.size - at;
        size_t size = 0;
        struct slice piece =
            slice_make(encoded.data + at, left < BASE64_PIECE ? left : BASE64_PIECE);
        bool readable = base64_decode(piece, decoded, &size);
        assert(readable);
        append_plain(key, decoded, size);
    }
    append_byte(key, KEY_END);
}

static void append_eight(struct buffer *key, int type, uint64_t number)
{
    char bytes[9] = {(char)type};
    for (unsigned i = 0; i < 8; i++) {
        bytes[8 - i] = (char)(number >> 8 * i & 0xff);
    }
    buffer_append(key, bytes, sizeof(bytes));
}

static void append_array(struct buffer *key, struct value array)
{
    append_byte(key, KEY_ARRAY);
    struct item_walk walk = item_walk_begin(array);
    struct value item;
    while (item_walk_next(&walk, &item)) {
        key_append(key, item);
    }
    append_byte(key, KEY_END);
}

static void append_object(struct buffer *key, struct value object)
{
    append_byte(key, KEY_OBJECT);
    struct field_set set;
    field_set_init_sorted(&set, object);
    for (uint32_t i = 0; i < set.count; i++) {
        append_string(key, set.fields[i].name);
        key_append(key, set.fields[i].value);
    }
    field_set_deinit(&set);
    append_byte(key, KEY_END);
}

void key_append(struct buffer *key, struct value value)
{
    enum value_type type = value_type(value);
    switch (type) {
    case TYPE_INT64:
        append_eight(key, KEY_INT64, (uint64_t)value_int64(value) ^ (uint64_t)1 << 63);
        return;
    case TYPE_NUMBER:
        append_eight(key, KEY_NUMBER, number_to_ordered(value_number(value)));
        return;
    case TYPE_STRING:
        append_string(key, value_string_escaped(value));
        return;
    case TYPE_BYTES:
        append_bytes(key, bytes_encoded(value));
        return;
    case TYPE_ARRAY:
        append_array(key, value);
        return;
    case TYPE_OBJECT:
        append_object(key, value);
        return;
    default:
        append_byte(key, (int)type + 1);
    }
}

/* Reading keys, which may be anything. */

/* The size of a string's payload, its end included, or 0. */
static size_t skip_string(struct slice rest)
{
    for (size_t at = 0; at < rest.size; at++) {
        if (rest.data[at] == KEY_END) {
            return at + 1;
        }
        if (rest.data[at] == KEY_ESCAPE) {
            at++;
            if (at == rest.size || rest.data[at] < KEY_ESCAPE || rest.data[at] > KEY_ESCAPE + 1) {
                return 0;
            }
        }
    }
    return 0;
}

static struct slice slice_from(struct slice slice, size_t at)
{
    return slice_make(slice.data + at, slice.size - at);
}

static size_t skip_value(struct slice key, unsigned depth);

/* The size of an array's payload, its end included, or 0. */
static size_t skip_array(struct slice rest, unsigned depth)
{
    size_t at = 0;
    while (at < rest.size && rest.data[at] != KEY_END) {
        size_t size = rest.data[at] == KEY_MISSING ? 0 : skip_value(slice_from(rest, at), depth);
        if (size == 0) {
            return 0;
        }
        at += size;
    }
    return at < rest.size ? at + 1 : 0;
}

/* The same for an object: pairs whose names ascend. */
static size_t skip_object(struct slice rest, unsigned depth)
{
    struct slice previous = {0};
    size_t at = 0;
    while (at < rest.size && rest.data[at] != KEY_END) {
        size_t name_size = rest.data[at] == KEY_STRING ? skip_string(slice_from(rest, at + 1)) : 0;
        struct slice name = slice_make(rest.data + at + 1, name_size);
        if (name_size == 0 || (previous.size > 0 && slice_compare(previous, name) >= 0)) {
            return 0;
        }
        previous = name;
        at += 1 + name_size;
        bool has_value = at < rest.size && rest.data[at] != KEY_MISSING;
        size_t size = has_value ? skip_value(slice_from(rest, at), depth) : 0;
        if (size == 0) {
            return 0;
        }
        at += size;
    }
    return at < rest.size ? at + 1 : 0;
}

static size_t skip_value(struct slice key, unsigned depth)
{
    if (key.size == 0 || depth > DEPTH_MAX) {
        return 0;
    }
    struct slice rest = slice_from(key, 1);
    size_t size = 0;
    switch ((unsigned char)*key.data) {
    case KEY_MISSING:
    case KEY_NULL:
    case KEY_FALSE:
    case KEY_TRUE:
        return 1;
    case KEY_INT64:
    case KEY_NUMBER:
        return rest.size >= 8 ? 9 : 0;
    case KEY_STRING:
    case KEY_BYTES:
        size = skip_string(rest);
        break;
    case KEY_ARRAY:
        size = skip_array(rest, depth + 1);
        break;
    case KEY_OBJECT:
        size = skip_object(rest, depth + 1);
        break;
    default:
        break;
    }
    return size == 0 ? 0 : size + 1;
}

size_t key_skip(struct slice key)
{
    return skip_value(key, 0);
}

uint64_t key_hint(struct slice key, uint8_t fill)
{
    uint64_t hint = 0;
    for (size_t i = 0; i < 8; i++) {
        hint = hint << 8 | (i < key.size ? (unsigned char)key.data[i] : fill);
    }
    return hint;
}

/* Hashing. */

static uint64_t hash_number(uint64_t number, uint64_t seed)
{
    return hash_bytes(slice_make((const char *)&number, sizeof(number)), seed);
}

static uint64_t hash_array(struct value array, uint64_t seed)
{
    uint64_t hash = seed;
    uint64_t count = 0;
    struct item_walk walk = item_walk_begin(array);
    struct value item;
    while (item_walk_next(&walk, &item)) {
        hash = value_hash(item, hash);
        count++;
    }
    return hash_number(count, hash);
}

/* A sum, which does not depend on the order of the fields. */
static uint64_t hash_object(struct value object, uint64_t seed)
{
    struct field_set set;
    field_set_init(&set, object);
    uint64_t sum = set.count;
    for (uint32_t i = 0; i < set.count; i++) {
        sum += value_hash(set.fields[i].value, hash_bytes(set.fields[i].name, seed));
    }
    field_set_deinit(&set);
    return hash_number(sum, seed);
}

uint64_t value_hash(struct value value, uint64_t seed)
{
    enum value_type type = value_type(value);
    seed += (uint64_t)type << 56;
    switch (type) {
    case TYPE_INT64:
        return hash_number((uint64_t)value_int64(value), seed);
    case TYPE_NUMBER:
        return hash_number(number_to_ordered(value_number(value)), seed);
    case TYPE_STRING:
        return hash_bytes(value_string_escaped(value), seed);
    case TYPE_BYTES:
        return hash_bytes(bytes_encoded(value), seed);
    case TYPE_ARRAY:
        return hash_array(value, seed);
    case TYPE_OBJECT:
        return hash_object(value, seed);
    default:
        return hash_number((uint64_t)type, seed);
    }
}
