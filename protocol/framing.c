/* Framing, by lines or by headers. See framing.h for the format and the invariant. */
#include "protocol/framing.h"

#include <assert.h>

/* More digits than any size that is not too large has, and few enough for 64 bits. */
#define LENGTH_DIGITS_MAX 18

void framing_init(struct framing *framing, size_t message_size_max)
{
    *framing = (struct framing){.message_size_max = message_size_max};
}

void framing_end(struct framing *framing)
{
    framing->ended = true;
}

static void framing_check(const struct framing *framing, struct slice input)
{
    assert(framing->start <= framing->scanned);
    assert(framing->scanned <= input.size);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* Consumes the input up to `end`, an offset. */
static void framing_consume(struct framing *framing, size_t end)
{
    framing->start = end;
    framing->scanned = end;
}

/* The offset of the next \n at or behind `scanned`; false, with all scanned, where there is
 * none. */
static bool framing_scan_line(struct framing *framing, struct slice input, size_t *end)
{
    size_t size = input.size - framing->scanned;
    const char *found = size == 0 ? NULL : memchr(input.data + framing->scanned, '\n', size);
    if (found == NULL) {
        framing->scanned = input.size;
        return false;
    }
    *end = (size_t)(found - input.data);
    return true;
}

/* The input from `start` to `end` without the white space that surrounds it. */
static struct slice trim(struct slice input, size_t start, size_t end)
{
    while (start < end && is_blank(input.data[start])) {
        start += 1;
    }
    while (end > start && is_blank(input.data[end - 1])) {
        end -= 1;
    }
    return slice_make(input.data + start, end - start);
}

/* The line that has no end yet. */
static enum framing_result lines_open(struct framing *framing, struct slice input,
                                      struct slice *message)
{
    size_t size = input.size - framing->start;
    if (size > framing->message_size_max + 1) {
        framing->skipping_line = true;
        framing_consume(framing, input.size);
        return FRAMING_OVERSIZED;
    }
    if (!framing->ended) {
        return FRAMING_NEED_MORE;
    }
    size_t start = framing->start;
    framing_consume(framing, input.size);
    size -= size > 0 && input.data[input.size - 1] == '\r';
    if (size > framing->message_size_max) {
        return FRAMING_OVERSIZED;
    }
    *message = slice_make(input.data + start, size);
    return trim(input, start, input.size).size > 0 ? FRAMING_MESSAGE : FRAMING_NEED_MORE;
}

/* Skips to the end of a line that is too large; false where that has not come yet. */
static bool lines_skip(struct framing *framing, struct slice input)
{
    size_t end;
    if (!framing_scan_line(framing, input, &end)) {
        framing_consume(framing, input.size);
        return false;
    }
    framing->skipping_line = false;
    framing_consume(framing, end + 1);
    return true;
}

static enum framing_result lines_next(struct framing *framing, struct slice input,
                                      struct slice *message)
{
    if (framing->skipping_line && !lines_skip(framing, input)) {
        return FRAMING_NEED_MORE;
    }
    size_t end;
    while (framing_scan_line(framing, input, &end)) {
        size_t start = framing->start;
        size_t size = end - start;
        framing_consume(framing, end + 1);
        if (size > 0 && input.data[end - 1] == '\r') {
            size -= 1;
        }
        if (size > framing->message_size_max) {
            return FRAMING_OVERSIZED;
        }
        *message = slice_make(input.data + start, size);
        if (size > 0 && (!is_blank(*message->data) || trim(input, start, end).size > 0)) {
            return FRAMING_MESSAGE;
        }
    }
    return lines_open(framing, input, message);
}

/* Whether `name`, in any case, is `expected`, which is lower case. */
static bool is_name(struct slice name, struct slice expected)
{
    if (name.size != expected.size) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (lower(name.data[i]) != expected.data[i]) {
            return false;
        }
    }
    return true;
}

static bool parse_length(struct slice digits, uint64_t *length)
{
    if (digits.size == 0 || digits.size > LENGTH_DIGITS_MAX) {
        return false;
    }
    *length = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return false;
        }
        *length = *length * 10 + (uint64_t)(digits.data[i] - '0');
    }
    return true;
}

/* Reads one header line, from `start` to `end`. Returns false where it is none of ours. */
static bool headers_read_line(struct framing *framing, struct slice input, size_t start, size_t end)
{
    const char *colon = memchr(input.data + start, ':', end - start);
    if (colon == NULL) {
        return false;
    }
    size_t colon_offset = (size_t)(colon - input.data);
    struct slice name = slice_make(input.data + start, colon_offset - start);
    if (is_name(name, SLICE("content-type"))) {
        return true;
    }
    if (!is_name(name, SLICE("content-length")) || framing->has_body_size) {
        return false;
    }
    framing->has_body_size = true;
    return parse_length(trim(input, colon_offset + 1, end), &framing->body_size);
}

/* Reads header lines from `scanned` on, up to the empty one. */
static enum framing_result headers_read(struct framing *framing, struct slice input)
{
    while (!framing->in_body) {
        size_t line = framing->scanned;
        const char *found = memchr(input.data + line, '\n', input.size - line);
        size_t end = found == NULL ? input.size : (size_t)(found - input.data);
        if (end - framing->start > FRAMING_HEADERS_SIZE_MAX) {
            return FRAMING_BAD;
        }
        if (found == NULL) {
            return FRAMING_NEED_MORE;
        }
        framing->scanned = end + 1;
        end -= end > line && input.data[end - 1] == '\r';
        framing->in_body = end == line;
        if (!framing->in_body && !headers_read_line(framing, input, line, end)) {
            return FRAMING_BAD;
        }
    }
    return framing->has_body_size ? FRAMING_MESSAGE : FRAMING_BAD;
}

static bool headers_skip(struct framing *framing, struct slice input)
{
    size_t left = input.size - framing->start;
    size_t skipped = framing->skip < left ? (size_t)framing->skip : left;
    framing->skip -= skipped;
    framing_consume(framing, framing->start + skipped);
    return framing->skip == 0;
}

static enum framing_result headers_next(struct framing *framing, struct slice input,
                                        struct slice *message)
{
    if (framing->skip > 0 && !headers_skip(framing, input)) {
        return FRAMING_NEED_MORE;
    }
    enum framing_result result = headers_read(framing, input);
    if (result != FRAMING_MESSAGE) {
        return result;
    }
    size_t body = framing->scanned;
    bool oversized = framing->body_size > framing->message_size_max;
    if (!oversized && framing->body_size > input.size - body) {
        return FRAMING_NEED_MORE;
    }
    framing->in_body = false;
    framing->has_body_size = false;
    if (oversized) {
        framing->skip = framing->body_size;
        framing_consume(framing, body);
        return FRAMING_OVERSIZED;
    }
    *message = slice_make(input.data + body, (size_t)framing->body_size);
    framing_consume(framing, body + message->size);
    return FRAMING_MESSAGE;
}

/* The request lines that HTTP clients begin with. HTTP is told by the start of its first line: a
 * header's name is never followed by a space. */
static enum framing_result detect_http(struct slice input)
{
    static const char *const starts[] = {"GET ",     "POST ",    "PUT ",   "HEAD ",  "DELETE ",
                                         "OPTIONS ", "CONNECT ", "TRACE ", "PATCH ", "PRI "};
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct slice start = slice_of(starts[i]);
        if (slice_starts_with(input, start)) {
            return FRAMING_HTTP;
        }
        if (slice_starts_with(start, input)) {
            return FRAMING_NEED_MORE;
        }
    }
    return FRAMING_MESSAGE;
}

/* Decides the framing by the first byte. Returns FRAMING_MESSAGE once it is decided. */
static enum framing_result framing_decide(struct framing *framing, struct slice input)
{
    if (input.size == 0) {
        return FRAMING_NEED_MORE;
    }
    char first = input.data[0];
    if (first == '{' || first == '[' || first == '\n' || is_blank(first)) {
        framing->kind = FRAMING_LINES;
        return FRAMING_MESSAGE;
    }
    if (!is_letter(first)) {
        return FRAMING_BAD;
    }
    enum framing_result result = detect_http(input);
    if (result == FRAMING_MESSAGE) {
        framing->kind = FRAMING_HEADERS;
    }
    return result;
}

enum framing_result framing_next(struct framing *framing, struct slice input, struct slice *message)
{
    framing_check(framing, input);
    if (framing->kind == FRAMING_UNKNOWN) {
        enum framing_result result = framing_decide(framing, input);
        if (result != FRAMING_MESSAGE) {
            return result;
        }
    }
    enum framing_result result = framing->kind == FRAMING_LINES
                                     ? lines_next(framing, input, message)
                                     : headers_next(framing, input, message);
    framing_check(framing, input);
    return result;
}

size_t framing_drop(struct framing *framing)
{
    size_t dropped = framing->start;
    framing->start = 0;
    framing->scanned -= dropped;
    return dropped;
}
