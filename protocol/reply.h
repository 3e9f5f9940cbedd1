/* Replies: results and errors of JSON-RPC 2.0, written once, straight into the output.
 *
 * A reply answers one message: reply_begin(), then a result or reply_error() for each of its
 * requests that has an id, then reply_end(). Where nothing was answered nothing is left in
 * the output. What a frame needs around the JSON follows the framing of the connection. */
#ifndef TENON_PROTOCOL_REPLY_H
#define TENON_PROTOCOL_REPLY_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value in an error's data that has more bytes of JSON is left out. */
#define REPLY_ERROR_VALUE_SIZE_MAX 1024

/* What a client gets that speaks HTTP; static. */
struct slice reply_http(void);

struct reply {
    struct buffer *output;
    size_t start;   /* of the frame in the output */
    size_t body;    /* of the JSON in the output */
    size_t answer;  /* of the newest answer in the output */
    uint32_t count; /* of answers so far */
    bool batch;
    bool headers; /* framed by headers, else by lines */
};

/* Begins the reply to a message; `batch`: an array is answered. */
void reply_begin(struct reply *reply, struct buffer *output, bool headers, bool batch);

/* Begins an answer, whose result the caller then appends to the output as JSON. `id` is canonical
 * JSON: the id's bytes. */
void reply_begin_result(struct reply *reply, struct slice id);
void reply_end_result(struct reply *reply);

/* Takes an answer back that was begun, for a result that turned out to be none. */
void reply_abandon_result(struct reply *reply);

/* Appends an answer that is an error. */
void reply_error(struct reply *reply, struct slice id, const struct error *error);

void reply_end(struct reply *reply);

/* Appends, for a whole reply that was written as above and must not leave, one with the same ids
 * that has `error` in the place of every result and error. `reply` is not part of `output`. */
void reply_replace(struct buffer *output, struct slice reply, bool headers,
                   const struct error *error);

#endif
