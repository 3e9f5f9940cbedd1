/* The budget of a request: how much it may read, return and run.
 *
 * A request is never interrupted by others, so its budget is what bounds how long they wait. */
#ifndef TENON_RELATIONS_BUDGET_H
#define TENON_RELATIONS_BUDGET_H

#include "base/error.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

struct limits {
    uint64_t documents;    /* that a request may read */
    uint64_t bytes;        /* of result, and of memory for it */
    uint64_t milliseconds; /* that it may run */
};

#define LIMIT_DOCUMENTS    1000000
#define LIMIT_BYTES        (64ull * 1024 * 1024)
#define LIMIT_MILLISECONDS 1000

struct budget {
    struct limits limits;
    uint64_t documents;   /* read so far */
    uint64_t ranges;      /* asked for so far */
    uint64_t bytes;       /* of results made so far */
    uint64_t deadline_ns; /* on the monotonic clock; set at the first look, 0 until then */
    uint32_t ticks;       /* until the clock is looked at again */
};

/* Starts a budget now. */
void budget_init(struct budget *budget, const struct limits *limits);

/* Takes from the budget. Errors: LimitExceeded, which names the limit. */
MUST_CHECK bool budget_take_documents(struct budget *budget, uint64_t count, struct error *error);
MUST_CHECK bool budget_take_bytes(struct budget *budget, uint64_t bytes, struct error *error);

/* Counts one small piece of work; looks at the clock every so often. */
MUST_CHECK bool budget_take_time(struct budget *budget, struct error *error);

#endif
