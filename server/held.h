/* Replies that wait for the disk.
 *
 * A connection's output leaves in order; each reply may leave once the newest transaction that it
 * tells of is durable. Places are counted from the first byte that the connection ever put out, so
 * that they stay right while the output's front is sent.
 *
 * Invariant: the places ascend. */
#ifndef TENON_SERVER_HELD_H
#define TENON_SERVER_HELD_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct held_reply {
    uint64_t end;      /* place behind its last byte */
    uint64_t sequence; /* number of the transaction that it waits for */
};

struct held {
    struct buffer replies; /* struct held_reply, oldest first */
    size_t start;          /* how many of them have left */
};

/* An empty one is {0}. */
void held_deinit(struct held *held);

bool held_is_empty(const struct held *held);

void held_add(struct held *held, uint64_t end, uint64_t sequence);

/* Takes out the oldest replies up to the first that waits for more than `durable`. Returns the
 * place behind the last that was taken, or 0 where there was none. */
uint64_t held_release(struct held *held, uint64_t durable);

/* Replaces each reply that waits for more than `durable` by the error, and takes all out. `output`
 * begins at the place `start`, the first reply that is held at `held_from`. */
void held_replace(struct held *held, struct buffer *output, uint64_t start, uint64_t held_from,
                  uint64_t durable, bool headers, const struct error *error);

#endif
