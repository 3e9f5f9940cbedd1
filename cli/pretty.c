/* Pretty-printing: see the header. It walks bytes, so that nothing is parsed and written again. */
#include "cli/pretty.h"

#include "base/value.h"

#include <stdbool.h>

#define COLOUR_NAME   "\033[36m"
#define COLOUR_STRING "\033[32m"
#define COLOUR_NUMBER "\033[33m"
#define COLOUR_WORD   "\033[35m"
#define COLOUR_OFF    "\033[0m"

struct printer {
    struct buffer *buffer;
    unsigned level;
    bool coloured;
};

static void start_line(const struct printer *printer)
{
    buffer_append_char(printer->buffer, '\n');
    for (unsigned i = 0; i < printer->level; i++) {
        buffer_append_slice(printer->buffer, SLICE("  "));
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

/* The colour of what is no container. */
static const char *find_colour(const char *text, const char *after, const char *end)
{
    if (*text == '"') {
        return after < end && *after == ':' ? COLOUR_NAME : COLOUR_STRING;
    }
    return *text == '-' || (*text >= '0' && *text <= '9') ? COLOUR_NUMBER : COLOUR_WORD;
}

/* Appends what is no container, and returns what follows it. */
static const char *write_scalar(const struct printer *printer, const char *text, const char *end)
{
    const char *after = text + 1;
    if (*text == '"') {
        after = string_end(text);
    } else {
        while (after < end && memchr(",:]}", *after, 4) == NULL) {
            after++;
        }
    }
    if (printer->coloured) {
        buffer_append_slice(printer->buffer, slice_of(find_colour(text, after, end)));
    }
    buffer_append(printer->buffer, text, (size_t)(after - text));
    if (printer->coloured) {
        buffer_append_slice(printer->buffer, SLICE(COLOUR_OFF));
    }
    return after;
}

/* Appends an encoding up to its closing bracket, and returns what follows it. */
static const char *write_encoding(const struct printer *printer, const char *text)
{
    const char *end = text_skip(text);
    buffer_append_char(printer->buffer, '{');
    const char *colon = write_scalar(printer, text + 1, end);
    buffer_append_slice(printer->buffer, SLICE(": "));
    const char *after = write_scalar(printer, colon + 1, end);
    buffer_append(printer->buffer, after, (size_t)(end - after));
    return end;
}

/* Appends an opening bracket with what follows it, and returns what comes next. */
static const char *open_container(struct printer *printer, const char *next)
{
    buffer_append_char(printer->buffer, next[0]);
    if (next[1] == ']' || next[1] == '}') {
        buffer_append_char(printer->buffer, next[1]);
        return next + 2;
    }
    printer->level += 1;
    start_line(printer);
    return next + 1;
}

/* Appends one token, and returns what comes next. */
static const char *write_token(struct printer *printer, const char *next, const char *end)
{
    switch (*next) {
    case '{':
    case '[':
        return is_encoding(next, end) ? write_encoding(printer, next)
                                      : open_container(printer, next);
    case '}':
    case ']':
        printer->level -= 1;
        start_line(printer);
        buffer_append_char(printer->buffer, *next);
        return next + 1;
    case ',':
        buffer_append_char(printer->buffer, ',');
        start_line(printer);
        return next + 1;
    case ':':
        buffer_append_slice(printer->buffer, SLICE(": "));
        return next + 1;
    default:
        return write_scalar(printer, next, end);
    }
}

static void write_all(struct printer *printer, struct slice text)
{
    const char *end = text.data + text.size;
    for (const char *next = text.data; next < end;) {
        next = write_token(printer, next, end);
    }
}

void pretty_write(struct buffer *buffer, struct slice text)
{
    struct printer printer = {.buffer = buffer};
    write_all(&printer, text);
}

void pretty_write_coloured(struct buffer *buffer, struct slice text)
{
    struct printer printer = {.buffer = buffer, .coloured = true};
    write_all(&printer, text);
}
