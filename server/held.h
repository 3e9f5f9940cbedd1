/* Replies that wait for the disk.
 *
 * A connection's output leaves in order; each reply may leave once the newest transaction that it
 * tells of is durable, and the snapshot that it tells of done. Places are counted from the first
 * byte that the connection ever put out, so that they stay right while the output's front is sent.
 *
 * Invariant: the places ascend. */
#ifndef TENON_SERVER_HELD_H
#define TENON_SERVER_HELD_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a reply waits for; of the store, how far it has got. */
struct held_state {
    uint64_t sequence; /* number of a transaction */
    uint64_t snapshot; /* of the first, second … snapshot since the start; 0: none */
};

struct held_reply {
    uint64_t end; /* place behind its last byte */
    struct held_state waits_for;
};

struct held {
    struct buffer replies; /* struct held_reply, oldest first */
    size_t start;          /* how many of them have left */
};

/* An empty one is {0}. */
void held_deinit(struct held *held);

bool held_is_empty(const struct held *held);

void held_add(struct held *held, uint64_t end, const struct held_state *waits_for);

/* Takes out the oldest replies up to the first that waits for more than `reached`. Returns the
 * place behind the last that was taken, or 0 where there was none. */
uint64_t held_release(struct held *held, const struct held_state *reached);

/* What will never come. */
struct held_loss {
    uint64_t durable;  /* transactions with a greater number */
    uint64_t snapshot; /* this snapshot; 0: none */
};

/* Replaces each reply that waits for what is lost by the error; it waits for nothing then. `output`
 * begins at the place `start`, the first reply that is held at `held_from`. */
void held_replace(struct held *held, struct buffer *output, uint64_t start, uint64_t held_from,
                  const struct held_loss *loss, bool headers, const struct error *error);

#endif
