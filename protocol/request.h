/* Requests: what a message of JSON-RPC 2.0 asks for.
 *
 * A message is one request or a batch of them. Reading is two steps, so that a batch is not held
 * in memory twice: message_read() reads the JSON, then message_next() gives one request after the
 * other. Everything handed out lives as long as the message's bytes and the arena do. */
#ifndef TENON_PROTOCOL_REQUEST_H
#define TENON_PROTOCOL_REQUEST_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

/* The most requests that a batch may hold. */
#define REQUEST_BATCH_MAX TINY_OR(8, 10000)

/* The most levels of containers that a message may have. */
#define REQUEST_DEPTH_MAX 128

struct request {
    struct slice id;     /* the bytes of the source; .data NULL: a notification */
    struct slice method; /* canonical: as it stands between the quotes of canonical JSON */
    struct value params; /* an object or array; missing where there are none */
};

struct message {
    struct arena *arena;
    struct slice source;          /* all of its bytes */
    bool batch;                   /* the answer is an array */
    const struct value *elements; /* one, where it is no batch; NULL: `usual` was read instead */
    uint32_t count;
    uint32_t next;       /* the element that message_next looks at */
    const char *raw;     /* how far the source was searched for ids as they were sent … */
    uint32_t raw_number; /* … and which element begins there */
    struct value single; /* what `elements` points at where it is no batch */
    struct request usual;
};

/* Reads `{"jsonrpc":"2.0","id":ID`, with which nearly every message begins, and gives the id and
 * what stands behind it, from the comma on. Errors: false for a message that begins otherwise. */
MUST_CHECK bool message_read_opening(struct slice source, struct slice *id, struct slice *rest);

/* Reads `source`. The message must not be moved while it is used.
 * Errors: ParseError with the offset; InvalidRequest for one that is too deep, an empty batch,
 * and one with too many requests. */
MUST_CHECK bool message_read(struct message *message, struct slice source, struct arena *arena,
                             struct error *error);

/* Whether message_next has something left. */
static inline bool message_has_next(const struct message *message)
{
    return message->next < message->count;
}

/* Gives the next request.
 * Errors: InvalidRequest; request->id is then what the answer must carry: null where the element
 * has no id that is one. */
MUST_CHECK bool message_next(struct message *message, struct request *request, struct error *error);

static inline bool request_is_notification(const struct request *request)
{
    return request->id.data == NULL;
}

#endif
