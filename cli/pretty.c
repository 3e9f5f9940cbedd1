/* Pretty-printing: see the header. It walks bytes, so that nothing is parsed and written again. */
#include "cli/pretty.h"

#include "base/value.h"

#include <stdbool.h>

static void start_line(struct buffer *buffer, unsigned level)
{
    buffer_append_char(buffer, '\n');
    for (unsigned i = 0; i < level; i++) {
        buffer_append_slice(buffer, SLICE("  "));
    }
}

/* The end of the string that begins at `quote`. */
static const char *string_end(const char *quote)
{
    const char *next = quote + 1;
    while (*next != '"') {
        next += *next == '\\' ? 2 : 1;
    }
    return next + 1;
}

/* True if an encoding begins at the bracket `text`: an object whose first name begins with `$`. */
static bool is_encoding(const char *text, const char *end)
{
    return end - text > 3 && text[0] == '{' && text[1] == '"' && text[2] == '$';
}

/* Appends an encoding up to its closing bracket, and returns what follows it. */
static const char *write_encoding(struct buffer *buffer, const char *text)
{
    const char *end = text_skip(text);
    const char *colon = string_end(text + 1);
    buffer_append(buffer, text, (size_t)(colon - text));
    buffer_append_slice(buffer, SLICE(": "));
    buffer_append(buffer, colon + 1, (size_t)(end - colon - 1));
    return end;
}

/* Appends an opening bracket with what follows it, and returns what comes next. */
static const char *open_container(struct buffer *buffer, const char *next, unsigned *level)
{
    buffer_append_char(buffer, next[0]);
    if (next[1] == ']' || next[1] == '}') {
        buffer_append_char(buffer, next[1]);
        return next + 2;
    }
    *level += 1;
    start_line(buffer, *level);
    return next + 1;
}

/* Appends one token, and returns what comes next. */
static const char *write_token(struct buffer *buffer, const char *next, const char *end,
                               unsigned *level)
{
    switch (*next) {
    case '{':
    case '[':
        return is_encoding(next, end) ? write_encoding(buffer, next)
                                      : open_container(buffer, next, level);
    case '}':
    case ']':
        *level -= 1;
        start_line(buffer, *level);
        break;
    case ',':
        buffer_append_char(buffer, ',');
        start_line(buffer, *level);
        return next + 1;
    case ':':
        buffer_append_slice(buffer, SLICE(": "));
        return next + 1;
    case '"': {
        const char *after = string_end(next);
        buffer_append(buffer, next, (size_t)(after - next));
        return after;
    }
    default:
        break;
    }
    buffer_append_char(buffer, *next);
    return next + 1;
}

void pretty_write(struct buffer *buffer, struct slice text)
{
    const char *end = text.data + text.size;
    unsigned level = 0;
    for (const char *next = text.data; next < end;) {
        next = write_token(buffer, next, end, &level);
    }
}
