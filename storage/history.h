/* The history: transactions that are committed and not durable yet, so that they can be undone.
 *
 * Holds a reference to each document before; given back once the transaction is durable. */
#ifndef TENON_STORAGE_HISTORY_H
#define TENON_STORAGE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

struct change;
struct database;

struct history_change;

/* A queue, oldest first. An empty one is {0}. */
struct history {
    struct history_change *changes;
    size_t start;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
};

void history_deinit(struct history *history);

/* Takes note of the changes of the transaction number `sequence`. */
void history_add(struct history *history, uint64_t sequence, const struct change *changes,
                 uint32_t count);

/* Forgets what is durable: all transactions up to `durable`. */
void history_release(struct database *database, uint64_t durable);

/* Undoes all transactions above `durable`, newest first, and gives up the walkers that read what
 * never was. No transaction is open. */
void history_undo(struct database *database, uint64_t durable);

#endif
