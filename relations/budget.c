/* Budgets of requests. */
#include "relations/budget.h"

#include <inttypes.h>
#include <time.h>

/* How many pieces of work pass between two looks at the clock: a look costs some 25 ns, a piece
 * from 10 ns (an item of a list) up to a few microseconds. */
#define TICKS_BETWEEN_LOOKS 256

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void budget_init(struct budget *budget, const struct limits *limits)
{
    *budget = (struct budget){.limits = *limits, .ticks = TICKS_BETWEEN_LOOKS};
}

static bool exceed(struct error *error, struct slice name, const char *what, uint64_t limit)
{
    error_set(error, ERROR_LIMIT_EXCEEDED, "The request exceeds its limit of %" PRIu64 " %s.",
              limit, what);
    error->limit = name;
    return false;
}

bool budget_take_documents(struct budget *budget, uint64_t count, struct error *error)
{
    budget->documents += count;
    if (LIKELY(budget->documents <= budget->limits.documents)) {
        return true;
    }
    return exceed(error, SLICE("documents"), "documents read", budget->limits.documents);
}

bool budget_take_bytes(struct budget *budget, uint64_t bytes, struct error *error)
{
    budget->bytes += bytes;
    if (LIKELY(budget->bytes <= budget->limits.bytes)) {
        return true;
    }
    return exceed(error, SLICE("bytes"), "bytes of result", budget->limits.bytes);
}

bool budget_take_time(struct budget *budget, struct error *error)
{
    if (LIKELY(--budget->ticks > 0)) {
        return true;
    }
    budget->ticks = TICKS_BETWEEN_LOOKS;
    uint64_t now = monotonic_ns();
    if (budget->deadline_ns == 0) {
        budget->deadline_ns = now + budget->limits.milliseconds * 1000000;
    }
    if (now <= budget->deadline_ns) {
        return true;
    }
    return exceed(error, SLICE("milliseconds"), "milliseconds", budget->limits.milliseconds);
}
