/* Places in JSON: see the header. */
#include "cli/place.h"

#include "base/json.h"
#include "base/value.h"

#include <assert.h>
#include <stdlib.h>

/* Columns of a line that are shown before what is pointed at. */
#define COLUMNS_BEFORE 60
#define COLUMNS_SHOWN  100

static const char *skip_space(const char *text, const char *end)
{
    while (text < end && (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')) {
        text++;
    }
    return text;
}

static const char *skip_string(const char *text, const char *end)
{
    for (text++; text < end && *text != '"'; text++) {
        text += *text == '\\';
    }
    return text < end ? text + 1 : end;
}

const char *place_skip_value(const char *text, const char *end)
{
    unsigned depth = 0;
    do {
        if (*text == '"') {
            text = skip_string(text, end);
            continue;
        }
        bool opens = *text == '{' || *text == '[';
        bool closes = *text == '}' || *text == ']';
        depth = depth + opens - (closes && depth > 0);
        text++;
        if (!opens && !closes && depth == 0) {
            while (text < end && memchr(",]} \t\r\n", *text, 7) == NULL) {
                text++;
            }
        }
    } while (text < end && depth > 0);
    return text;
}

/* Takes the next token off the pointer, decoded. */
static struct slice take_token(struct arena *arena, struct slice *pointer)
{
    const char *start = pointer->data + 1;
    size_t left = pointer->size - 1;
    const char *slash = memchr(start, '/', left);
    size_t size = slash == NULL ? left : (size_t)(slash - start);
    char *text = arena_allocate(arena, size);
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        bool escape = start[i] == '~' && i + 1 < size;
        i += escape;
        text[used++] = !escape ? start[i] : start[i] == '1' ? '/' : '~';
    }
    *pointer = slice_make(start + size, left - size);
    return slice_make(text, used);
}

/* True if the string token, quotes included, says `name`. */
static bool says(struct arena *arena, struct slice token, struct slice name)
{
    struct value value;
    struct json_error problem;
    return json_read(arena, token, 1, &value, NULL, &problem) &&
           slice_equal(value_string(arena, value), name);
}

static struct slice value_at(const char *text, const char *end)
{
    return slice_make(text, (size_t)(place_skip_value(text, end) - text));
}

/* The value of the field `name`, or nothing. */
static struct slice find_field(struct arena *arena, struct slice object, struct slice name)
{
    const char *end = object.data + object.size;
    const char *next = skip_space(object.data + 1, end);
    while (next < end && *next == '"') {
        struct slice token = value_at(next, end);
        next = skip_space(token.data + token.size, end);
        struct slice value = value_at(skip_space(next + 1, end), end);
        if (says(arena, token, name)) {
            return value;
        }
        next = skip_space(value.data + value.size, end);
        next = next < end && *next == ',' ? skip_space(next + 1, end) : end;
    }
    return slice_make(NULL, 0);
}

static struct slice find_item(struct slice array, unsigned long position)
{
    const char *end = array.data + array.size;
    const char *next = skip_space(array.data + 1, end);
    while (next < end && *next != ']') {
        struct slice value = value_at(next, end);
        if (position-- == 0) {
            return value;
        }
        next = skip_space(value.data + value.size, end);
        next = next < end && *next == ',' ? skip_space(next + 1, end) : end;
    }
    return slice_make(NULL, 0);
}

static struct slice find_inside(struct arena *arena, struct slice json, struct slice token)
{
    if (json.data[0] == '{') {
        return find_field(arena, json, token);
    }
    if (json.data[0] != '[' || token.size == 0 || token.size > 9) {
        return slice_make(NULL, 0);
    }
    char digits[16] = {0};
    memcpy(digits, token.data, token.size);
    return find_item(json, strtoul(digits, NULL, 10));
}

struct slice place_find(struct arena *arena, struct slice json, struct slice pointer)
{
    const char *end = json.data + json.size;
    struct slice place = json;
    if (json.size > 0) {
        place = value_at(skip_space(json.data, end), end);
    }
    while (place.size > 0 && pointer.size > 0 && pointer.data[0] == '/') {
        struct slice inner = find_inside(arena, place, take_token(arena, &pointer));
        if (inner.size == 0) {
            return place;
        }
        place = inner;
    }
    return place;
}

/* Showing. */

static bool is_character_start(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

static size_t count_columns(const char *text, const char *end)
{
    size_t columns = 0;
    for (; text < end; text++) {
        columns += is_character_start(*text);
    }
    return columns;
}

/* Moves `from` on by so many characters. */
static const char *skip_columns(const char *from, const char *end, size_t columns)
{
    while (from < end && columns > 0) {
        from++;
        columns -= from == end || is_character_start(*from);
    }
    return from;
}

static void append_repeated(struct buffer *buffer, char byte, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_char(buffer, byte);
    }
}

static void append_harmless(struct buffer *buffer, const char *text, const char *end)
{
    for (; text < end; text++) {
        unsigned char byte = (unsigned char)*text;
        buffer_append_char(buffer, byte < ' ' || byte == 0x7f ? ' ' : *text);
    }
}

static size_t count_lines(const char *text, const char *end)
{
    size_t lines = 0;
    for (; text < end; text++) {
        lines += *text == '\n';
    }
    return lines;
}

void place_show(struct buffer *buffer, struct slice source, struct slice place)
{
    const char *end = source.data + source.size;
    assert(place.data >= source.data && place.data + place.size <= end);
    const char *line = place.data;
    while (line > source.data && line[-1] != '\n') {
        line--;
    }
    const char *stop = memchr(place.data, '\n', (size_t)(end - place.data));
    stop = stop == NULL ? end : stop;
    size_t column = count_columns(line, place.data);
    if (column > COLUMNS_BEFORE) {
        line = skip_columns(line, stop, column - COLUMNS_BEFORE);
    }
    const char *shown = skip_columns(line, stop, COLUMNS_SHOWN);
    size_t before = buffer->size;
    bool several = memchr(source.data, '\n', source.size) != NULL;
    if (several) {
        buffer_append_format(buffer, "line %zu: ", count_lines(source.data, line) + 1);
    }
    size_t indent = buffer->size - before + 2;
    append_repeated(buffer, ' ', 2);
    append_harmless(buffer, line, shown);
    buffer_append_char(buffer, '\n');
    append_repeated(buffer, ' ', indent + count_columns(line, place.data));
    const char *place_end = place.data + place.size < shown ? place.data + place.size : shown;
    size_t columns = count_columns(place.data, place_end);
    append_repeated(buffer, '^', columns == 0 ? 1 : columns);
    buffer_append_char(buffer, '\n');
}
