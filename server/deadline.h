/* Deadlines: what waits for a client, and until when.
 *
 * All deadlines of a kind have the same patience, so that a queue in the order in which they
 * started is one in the order in which they end, and one timer serves all connections.
 *
 *   REQUEST    a message has begun to come and is not whole
 *   IDLE       the next step is the client's: to ask, or to read
 *   LINGER     the client is to close
 *   ADMISSION  the client is to authenticate
 *
 * Invariant: a deadline is in one queue or in none; no queue has one that ends before `due_ms`. */
#ifndef TENON_SERVER_DEADLINE_H
#define TENON_SERVER_DEADLINE_H

#include "server/list.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum deadline_kind {
    DEADLINE_REQUEST,
    DEADLINE_IDLE,
    DEADLINE_LINGER,
    DEADLINE_ADMISSION,
    DEADLINE_KIND_COUNT
};

struct deadline {
    struct link link;
    enum deadline_kind kind; /* while it runs */
    uint64_t end_ms;         /* on the loop's clock */
};

/* Is called when a deadline has ended, which is then in no queue. It may start and stop any. */
typedef void deadline_expire(struct deadline *deadline);

struct deadlines {
    uv_timer_t timer;
    deadline_expire *expire;
    struct link queues[DEADLINE_KIND_COUNT];
    uint64_t patience_ms[DEADLINE_KIND_COUNT]; /* 0: deadlines of that kind do not start */
    uint64_t due_ms; /* when the timer fires; UINT64_MAX: it does not run */
};

/* Makes empty queues without patience; the caller sets that. */
void deadlines_init(struct deadlines *deadlines, uv_loop_t *loop, deadline_expire *expire);

/* Closes the timer. None may run any more. */
void deadlines_close(struct deadlines *deadlines);

void deadline_init(struct deadline *deadline);

/* Starts the deadline, anew if it runs. */
void deadline_start(struct deadlines *deadlines, struct deadline *deadline,
                    enum deadline_kind kind);

/* Stops the deadline, if it runs. */
void deadline_stop(struct deadline *deadline);

/* Whether the deadline runs, and is one of that kind. */
bool deadline_runs(const struct deadline *deadline, enum deadline_kind kind);

#endif
