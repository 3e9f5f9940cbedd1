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

bool budget_exceed_documents(const struct budget *budget, struct error *error)
{
    return exceed(error, SLICE("documents"), "documents read", budget->limits.documents);
}

/* What is left of a limit; what went beyond it was refused, and counted. */
static uint64_t left(uint64_t limit, uint64_t taken)
{
    return taken < limit ? limit - taken : 0;
}

static uint64_t most_memory(const struct budget *budget)
{
    return budget->limits.bytes > LIMIT_MEMORY ? budget->limits.bytes : LIMIT_MEMORY;
}

bool budget_exceed_bytes(const struct budget *budget, struct error *error)
{
    return exceed(error, SLICE("bytes"), "bytes of memory", most_memory(budget));
}

static void start_clock(struct budget *budget, uint64_t now)
{
    if (budget->deadline_ns == 0) {
        budget->deadline_ns = now + budget->limits.milliseconds * 1000000;
    }
}

bool budget_look_at_clock(struct budget *budget, struct error *error)
{
    uint64_t now = monotonic_ns();
    start_clock(budget, now);
    bool in_time = now <= budget->deadline_ns;
    budget->ticks = in_time ? TICKS_BETWEEN_LOOKS : 0;
    return in_time ||
           exceed(error, SLICE("milliseconds"), "milliseconds", budget->limits.milliseconds);
}

static bool exceed_depth(struct error *error)
{
    return exceed(error, SLICE("depth"), "levels of a value", LIMIT_DEPTH);
}

static bool exceed_result(const struct budget *budget, struct error *error)
{
    return exceed(error, SLICE("bytes"), "bytes of result", budget->limits.bytes);
}

bool budget_measure(struct budget *budget, struct value value, size_t *size, struct error *error)
{
    uint64_t bytes = most_memory(budget);
    if (value_fits_within(value, bytes, LIMIT_DEPTH, size)) {
        return true;
    }
    if (*size > bytes) {
        return exceed(error, SLICE("bytes"), "bytes of a value", bytes);
    }
    return exceed_depth(error);
}

bool budget_take_result(struct budget *budget, struct value value, struct error *error)
{
    size_t size;
    if (!budget_measure(budget, value, &size, error)) {
        return false;
    }
    budget->result_bytes += size;
    return budget->result_bytes <= budget->limits.bytes || exceed_result(budget, error);
}

bool budget_write_result(struct budget *budget, struct value value, struct buffer *output,
                         struct error *error)
{
    size_t size;
    uint64_t size_max = left(budget->limits.bytes, budget->result_bytes);
    bool written = value_write_within(output, value, size_max, LIMIT_DEPTH, &size);
    budget->result_bytes += size;
    if (LIKELY(written)) {
        return true;
    }
    return size > size_max ? exceed_result(budget, error) : exceed_depth(error);
}

bool budget_take_large_value(struct budget *budget, struct value value, struct error *error)
{
    size_t size = value.size;
    if (value.kind >= VALUE_LIST && !budget_measure(budget, value, &size, error)) {
        return false;
    }
    return size < BYTES_OF_WORK || budget_take_work(budget, size / BYTES_OF_WORK, error);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void budget_begin_inner(struct budget *inner, const struct limits *limits, struct budget *outer)
{
    struct limits own = *limits;
    uint64_t now = monotonic_ns();
    own.documents = least(own.documents, left(outer->limits.documents, outer->documents));
    own.bytes = least(own.bytes, left(outer->limits.bytes, outer->result_bytes));
    budget_init(inner, &own);
    inner->bytes = outer->bytes;
    start_clock(outer, now);
    inner->deadline_ns = least(now + own.milliseconds * 1000000, outer->deadline_ns);
}

void budget_end_inner(const struct budget *inner, struct budget *outer)
{
    outer->documents += inner->documents;
    outer->ranges += inner->ranges;
    outer->bytes = inner->bytes;
    outer->result_bytes += inner->result_bytes;
}
