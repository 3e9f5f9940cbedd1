/* Walking canonical JSON text, which is trusted: every string closes, every bracket matches.
 *
 * Nothing behind the closing quote or bracket of the text is read; memchr promises the same, so
 * that it may be given more bytes than there are. */
#include "base/value.h"

#include "base/json_rewrite.h"
#include "base/text_scan.h"

#include <assert.h>

/* The byte behind the string whose opening quote is at `text`. */
static const char *skip_string(const char *text)
{
    const char *at = text + 1;
    for (;;) {
        const char *quote = memchr(at, '"', SIZE_MAX / 4);
        assert(quote != NULL);
        const char *escape = quote;
        while (escape > at && escape[-1] == '\\') {
            escape--;
        }
        if ((quote - escape) % 2 == 0) {
            return quote + 1;
        }
        at = quote + 1;
    }
}

static const char *skip_container(const char *text)
{
    size_t depth = 0;
    const char *at = text;
    do {
        switch (*at) {
        case '"':
            at = skip_string(at);
            continue;
        case '[':
        case '{':
            depth++;
            break;
        case ']':
        case '}':
            depth--;
            break;
        default:
            break;
        }
        at++;
    } while (depth > 0);
    return at;
}

static const char *skip_number(const char *text)
{
    while (*text != ',' && *text != ']' && *text != '}') {
        text++;
    }
    return text;
}

const char *text_skip(const char *text)
{
    switch (*text) {
    case '"':
        return skip_string(text);
    case '[':
    case '{':
        return skip_container(text);
    case 'n':
    case 't':
        return text + 4;
    case 'f':
        return text + 5;
    default:
        return skip_number(text);
    }
}

struct text_cursor text_cursor_begin(const char *text)
{
    assert(*text == '[' || *text == '{');
    return (struct text_cursor){.next = text + 1};
}

bool text_cursor_next_item(struct text_cursor *cursor, struct value *item)
{
    const char *at = cursor->next;
    if (*at == ']') {
        return false;
    }
    const char *end = text_skip(at);
    *item = value_from_text(slice_make(at, (size_t)(end - at)));
    cursor->next = *end == ',' ? end + 1 : end;
    return true;
}

bool text_cursor_next_field(struct text_cursor *cursor, struct slice *name, struct value *value)
{
    const char *at = cursor->next;
    if (*at == '}') {
        return false;
    }
    const char *colon = skip_string(at);
    assert(*colon == ':');
    *name = slice_make(at + 1, (size_t)(colon - at - 2));
    const char *end = text_skip(colon + 1);
    *value = value_from_text(slice_make(colon + 1, (size_t)(end - colon - 1)));
    cursor->next = *end == ',' ? end + 1 : end;
    return true;
}

/* Writes the plain byte that the canonical escape at `*at` stands for, and moves past it. */
static char *write_unescaped(char *to, const char **at)
{
    static const char plain[] = {['b' - 'b'] = '\b',
                                 ['f' - 'b'] = '\f',
                                 ['n' - 'b'] = '\n',
                                 ['r' - 'b'] = '\r',
                                 ['t' - 'b'] = '\t'};
    char letter = (*at)[1];
    if (letter == 'u') {
        *to++ = (char)json_hex4(*at + 2);
        *at += 6;
        return to;
    }
    *to++ = letter == '"' || letter == '\\' ? letter : plain[letter - 'b'];
    *at += 2;
    return to;
}

struct slice json_unescape(struct arena *arena, struct slice escaped)
{
    if (escaped.size == 0 || memchr(escaped.data, '\\', escaped.size) == NULL) {
        return escaped;
    }
    char *plain = arena_allocate(arena, escaped.size);
    char *to = plain;
    const char *at = escaped.data;
    const char *end = at + escaped.size;
    while (at < end) {
        if (*at == '\\') {
            to = write_unescaped(to, &at);
        } else {
            *to++ = *at++;
        }
    }
    return slice_make(plain, (size_t)(to - plain));
}

/* Writes `string` with escapes to `to`, which has room for six times its size. */
static char *write_escaped(char *to, struct slice string)
{
    const char *at = string.data;
    const char *end = at + string.size;
    while (at < end) {
        const char *special = text_find_special(at, end, false);
        memcpy(to, at, (size_t)(special - at));
        to += special - at;
        at = special;
        if (at < end) {
            to = json_write_ascii(to, (unsigned char)*at++);
        }
    }
    return to;
}

/* The bytes of `string` with its escapes. */
static size_t escaped_size(struct slice string)
{
    char escape[8];
    size_t size = string.size;
    const char *at = string.data;
    const char *end = at + string.size;
    while (at < end) {
        at = text_find_special(at, end, false);
        if (at < end) {
            size += (size_t)(json_write_ascii(escape, (unsigned char)*at++) - escape) - 1;
        }
    }
    return size;
}

static void write_quoted(char *to, struct slice string, size_t size)
{
    *to = '"';
    char *end = string.size > 0 ? write_escaped(to + 1, string) : to + 1;
    *end = '"';
    assert(end + 1 == to + size);
}

void json_write_string(struct buffer *buffer, struct slice string)
{
    size_t size = escaped_size(string) + 2;
    write_quoted(buffer_reserve(buffer, size), string, size);
    buffer->size += size;
}

struct value value_from_string(struct arena *arena, struct slice string)
{
    size_t size = escaped_size(string) + 2;
    assert(size <= UINT32_MAX);
    char *text = arena_allocate(arena, size);
    write_quoted(text, string, size);
    return (struct value){
        .kind = VALUE_TEXT, .flags = VALUE_FLAG_VETTED, .size = (uint32_t)size, .text = text};
}
