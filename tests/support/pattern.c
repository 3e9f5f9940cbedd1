/* See pattern.h. */
#include "tests/support/pattern.h"

#include <assert.h>

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_name_character(char byte)
{
    return is_lower(byte) || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

/* The name of the place at the start of `text`; empty where there is none. */
static struct slice place_name(struct slice text)
{
    size_t size = 1;
    if (text.size < 3 || text.data[0] != '<' || !is_lower(text.data[1])) {
        return slice_make(NULL, 0);
    }
    while (size < text.size && is_name_character(text.data[size])) {
        size++;
    }
    if (size == text.size || text.data[size] != '>') {
        return slice_make(NULL, 0);
    }
    return slice_make(text.data + 1, size - 1);
}

static struct slice rest(struct slice text, size_t from)
{
    assert(from <= text.size);
    return slice_make(text.data + from, text.size - from);
}

/* Bytes up to the quote that ends the string in which `text` begins. */
static size_t string_rest_size(struct slice text)
{
    size_t size = 0;
    while (size < text.size && text.data[size] != '"') {
        size += text.data[size] == '\\' ? 2 : 1;
    }
    return size < text.size ? size : text.size;
}

/* Bytes of the JSON value at the start of `text`, which is taken to be well-formed. */
static size_t value_size(struct slice text)
{
    size_t size = 0;
    unsigned depth = 0;
    while (size < text.size) {
        char byte = text.data[size];
        if (depth == 0 && (byte == ',' || byte == ']' || byte == '}')) {
            break;
        }
        size++;
        if (byte == '"') {
            size += string_rest_size(rest(text, size)) + 1;
        }
        depth += (unsigned)(byte == '[' || byte == '{');
        depth -= (unsigned)(byte == ']' || byte == '}');
    }
    return size < text.size ? size : text.size;
}

static struct slice *find_value(const struct pattern_names *names, struct slice name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (slice_equal(names->names[i], name)) {
            return (struct slice *)&names->values[i];
        }
    }
    return NULL;
}

void pattern_set(struct pattern_names *names, struct slice name, struct slice value)
{
    struct slice *known = find_value(names, name);
    if (known == NULL) {
        assert(names->count < PATTERN_NAMES_MAX);
        names->names[names->count] = arena_copy(names->arena, name);
        known = &names->values[names->count++];
    }
    *known = arena_copy(names->arena, value);
}

static struct slice without_quotes(struct slice value, bool in_string)
{
    if (in_string && value.size >= 2 && value.data[0] == '"') {
        return slice_make(value.data + 1, value.size - 2);
    }
    return value;
}

/* Matches the place `name` at the start of `text`; `*size` becomes the bytes it took. */
static bool match_place(struct pattern_names *names, struct slice name, struct slice text,
                        bool in_string, size_t *size)
{
    const struct slice *known = find_value(names, name);
    if (known != NULL) {
        struct slice value = without_quotes(*known, in_string);
        *size = value.size;
        return slice_starts_with(text, value);
    }
    *size = in_string ? string_rest_size(text) : value_size(text);
    if (!slice_equal(name, SLICE("any"))) {
        struct slice value = slice_make(text.data, *size);
        pattern_set(names, name,
                    in_string ? arena_format(names->arena, "\"%.*s\"", SLICE_FORMAT(value))
                              : value);
    }
    return in_string || *size > 0;
}

/* Bytes at the start of `pattern` that no place and no border of a string is among: 1, or 2 for
 * an escape. */
static size_t plain_size(struct slice pattern, bool in_string)
{
    return in_string && pattern.data[0] == '\\' && pattern.size > 1 ? 2 : 1;
}

bool pattern_match(struct pattern_names *names, struct slice pattern, struct slice text)
{
    bool in_string = false;
    while (pattern.size > 0) {
        struct slice name = place_name(pattern);
        size_t size;
        if (name.size > 0) {
            if (!match_place(names, name, text, in_string, &size)) {
                return false;
            }
            pattern = rest(pattern, name.size + 2);
        } else {
            size = plain_size(pattern, in_string);
            if (!slice_starts_with(text, slice_make(pattern.data, size))) {
                return false;
            }
            in_string ^= pattern.data[0] == '"';
            pattern = rest(pattern, size);
        }
        text = rest(text, size);
    }
    return text.size == 0;
}

bool pattern_expand(const struct pattern_names *names, struct slice pattern, struct buffer *text)
{
    bool in_string = false;
    while (pattern.size > 0) {
        struct slice name = place_name(pattern);
        if (name.size > 0) {
            const struct slice *value = find_value(names, name);
            if (value == NULL) {
                return false;
            }
            buffer_append_slice(text, without_quotes(*value, in_string));
            pattern = rest(pattern, name.size + 2);
        } else {
            size_t size = plain_size(pattern, in_string);
            buffer_append(text, pattern.data, size);
            in_string ^= pattern.data[0] == '"';
            pattern = rest(pattern, size);
        }
    }
    return true;
}
