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
    /* Field by field: compilers make a whole one elsewhere and copy it. */
    budget->limits = *limits;
    budget->documents = 0;
    budget->ranges = 0;
    budget->bytes = 0;
    budget->result_bytes = 0;
    budget->written_bytes = 0;
    budget->spent_ns = 0;
    budget->undo_ns = 0;
    budget->deadline_ns = 0;
    budget->ticks = TICKS_BETWEEN_LOOKS;
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

bool budget_exceed_written(const struct budget *budget, struct error *error)
{
    error_set(error, ERROR_LIMIT_EXCEEDED,
              "The request writes more than its limit of %" PRIu64
              " bytes of documents and result.",
              budget->limits.bytes);
    error->limit = SLICE("bytes");
    return false;
}

/* How long a request may run that may take so many milliseconds: a fiftieth is for what follows the
 * last look at the clock, ending the piece of work that is under way and giving memory back. */
static uint64_t running_ns(uint64_t milliseconds)
{
    return milliseconds * (1000000 - 1000000 / 50);
}

static void start_clock(struct budget *budget, uint64_t now)
{
    if (budget->deadline_ns == 0) {
        budget->deadline_ns = now + left(running_ns(budget->limits.milliseconds), budget->spent_ns);
    }
}

/* Bytes of memory, or of result, that are given back, or sent, in a nanosecond. */
#define BYTES_ENDED_A_NS 3

/* How much of the time is held back for undoing what was written, and for what grows with what was
 * taken. */
static uint64_t held_back_ns(const struct budget *budget, uint64_t now)
{
    uint64_t begun = left(budget->deadline_ns, running_ns(budget->limits.milliseconds));
    uint64_t run = left(now, begun);
    uint64_t most = run + run / 4;
    uint64_t undo = budget->undo_ns < most ? budget->undo_ns : most;
    return undo + (budget->bytes + budget->result_bytes) / BYTES_ENDED_A_NS;
}

bool budget_look_at_clock(struct budget *budget, struct error *error)
{
    uint64_t now = monotonic_ns();
    start_clock(budget, now);
    bool in_time = now + held_back_ns(budget, now) < budget->deadline_ns;
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

bool budget_require_bytes(const struct budget *budget, struct error *error)
{
    if (budget->bytes > most_memory(budget)) {
        return budget_exceed_bytes(budget, error);
    }
    uint64_t taken = budget->result_bytes + budget->written_bytes;
    return taken <= budget->limits.bytes || exceed_result(budget, error);
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
    uint64_t taken = budget->result_bytes + budget->written_bytes;
    return taken <= budget->limits.bytes || exceed_result(budget, error);
}

bool budget_write_result(struct budget *budget, struct value value, struct buffer *output,
                         struct error *error)
{
    size_t size;
    uint64_t size_max = budget_bytes_left(budget);
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
    own.bytes = least(own.bytes, budget_bytes_left(outer));
    budget_init(inner, &own);
    inner->bytes = outer->bytes;
    start_clock(outer, now);
    inner->deadline_ns = least(now + running_ns(own.milliseconds), outer->deadline_ns);
}

void budget_end_inner(const struct budget *inner, struct budget *outer)
{
    outer->documents += inner->documents;
    outer->ranges += inner->ranges;
    outer->bytes = inner->bytes;
    outer->result_bytes += inner->result_bytes;
    outer->written_bytes += inner->written_bytes;
}
