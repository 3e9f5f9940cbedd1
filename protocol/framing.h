/* Framing: where one message ends and the next begins, in the bytes of a connection.
 *
 * A push parser without sockets and without memory of its own. The caller owns the input, appends
 * to its end, and asks framing_next() until that says NEED_MORE; messages come out as slices of
 * the input.
 *
 *   first byte        framing  a message is
 *   { [ white space   LINES    a line, ended by \n or \r\n; blank lines are ignored
 *   a letter          HEADERS  Content-Length: N\r\n (Content-Type: …\r\n) \r\n and N bytes
 *   any other                  BAD
 *
 * Invariant: start <= scanned <= input.size. All before `start` is done with; between `start` and
 * `scanned` there is no end of a line (LINES), or no end of the headers' last line, or `scanned`
 * is where the body begins (HEADERS). While a message that is too large is skipped, nothing of it
 * is kept, so that memory stays bounded. */
#ifndef TENON_PROTOCOL_FRAMING_H
#define TENON_PROTOCOL_FRAMING_H

#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes that the headers of one message may have. */
#define FRAMING_HEADERS_SIZE_MAX TINY_OR(128, 4096)

enum framing_kind { FRAMING_UNKNOWN, FRAMING_LINES, FRAMING_HEADERS };

enum framing_result {
    FRAMING_MESSAGE,   /* a message */
    FRAMING_NEED_MORE, /* the input has no whole message any more */
    FRAMING_OVERSIZED, /* a message over the limit; said once, then it is skipped */
    FRAMING_HTTP,      /* a web browser, or the like; nothing more can be read */
    FRAMING_BAD        /* not one of the framings; nothing more can be read */
};

struct framing {
    enum framing_kind kind;
    bool ended;              /* no input will follow */
    bool has_body_size;      /* HEADERS: body_size is known */
    bool in_body;            /* HEADERS: the headers have ended */
    bool skipping_line;      /* LINES: until the next \n */
    size_t message_size_max; /* bytes */
    size_t start;
    size_t scanned;
    uint64_t body_size; /* HEADERS: of the message whose headers were read */
    uint64_t skip;      /* HEADERS: bytes of a message that is too large, still to come */
};

void framing_init(struct framing *framing, size_t message_size_max);

/* Says that no input will follow: what stands there is the last line, with or without an end. */
void framing_end(struct framing *framing);

/* Looks for the next message in `input`, which is all that was appended and not dropped since.
 * `message`, set for FRAMING_MESSAGE, is valid as long as the input stays where it is. */
MUST_CHECK enum framing_result framing_next(struct framing *framing, struct slice input,
                                            struct slice *message);

/* How many bytes at the front of the input are done with; the caller drops exactly these from its
 * input and the framing forgets them. */
size_t framing_drop(struct framing *framing);

/* How many bytes of an input of `size` belong to no message that was handed out. */
static inline size_t framing_left(const struct framing *framing, size_t size)
{
    return size - framing->start;
}

/* Whether a part of a message has come, but not its end, where the input has `size` bytes and no
 * whole message. */
static inline bool framing_has_begun(const struct framing *framing, size_t size)
{
    return framing_left(framing, size) > 0 || framing->skipping_line || framing->skip > 0;
}

#endif
