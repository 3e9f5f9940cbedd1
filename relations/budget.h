/* The budget of a request: how much it may read, write, return and run.
 *
 * A request is never interrupted by others, so its budget is what bounds how long they wait. What
 * it writes is undone if it fails, and is in memory until then, old documents and new ones: so it
 * counts as what it returns does, and time is held back for undoing it. */
#ifndef TENON_RELATIONS_BUDGET_H
#define TENON_RELATIONS_BUDGET_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

struct limits {
    uint64_t documents;    /* that a request may read */
    uint64_t bytes;        /* of result, and of what is written */
    uint64_t milliseconds; /* that it may run */
};

#define LIMIT_DOCUMENTS    1000000
#define LIMIT_BYTES        (64ull * 1024 * 1024)
#define LIMIT_MILLISECONDS 1000

/* Memory that a request may take beside its result; as much as its result may, if that is more. */
#define LIMIT_MEMORY       LIMIT_BYTES

/* Lists and objects within each other that a computed value may have. */
#define LIMIT_DEPTH        256

/* What a document that is written counts beside its JSON, for each index of its table, by_id and
 * by_creation_time among them: the entry. */
#define WRITTEN_ENTRY_SIZE 16

/* The least JSON that a document has: its id and creation time. */
#define WRITTEN_TEXT_MIN   59

/* What is held back for undoing an insert, for each index of its table; and for another change,
 * which has to find its place among keys that may tie. Never more than what the request has run and
 * a quarter: in the worst case known, patches of keys that begin alike in three indexes, undoing
 * takes 1.23 times as long as doing. */
#define UNDO_INSERT_NS     350ull
#define UNDO_CHANGE_NS     1500ull

/* What is held back beside for names that no document of the table had: their shape goes too. */
#define UNDO_SHAPE_NS      500ull

struct budget {
    struct limits limits;
    uint64_t documents;     /* read so far */
    uint64_t ranges;        /* asked for so far */
    uint64_t bytes;         /* of memory taken so far */
    uint64_t result_bytes;  /* of results so far */
    uint64_t written_bytes; /* of documents so far */
    uint64_t spent_ns;      /* before the clock was looked at first */
    uint64_t undo_ns;       /* the most that undoing what was changed may take */
    uint64_t deadline_ns;   /* on the monotonic clock; set at the first look, 0 until then */
    uint32_t ticks;         /* until the clock is looked at again */
};

/* Starts a budget now. */
void budget_init(struct budget *budget, const struct limits *limits);

/* The slow paths of the functions below: a limit is exceeded, or may be. */
MUST_CHECK bool budget_exceed_documents(const struct budget *budget, struct error *error);
MUST_CHECK bool budget_exceed_bytes(const struct budget *budget, struct error *error);
MUST_CHECK bool budget_exceed_written(const struct budget *budget, struct error *error);
MUST_CHECK bool budget_look_at_clock(struct budget *budget, struct error *error);

/* Takes from the budget. Errors: LimitExceeded, which names the limit. */
MUST_CHECK static inline bool budget_take_documents(struct budget *budget, uint64_t count,
                                                    struct error *error)
{
    budget->documents += count;
    return LIKELY(budget->documents <= budget->limits.documents) ||
           budget_exceed_documents(budget, error);
}

MUST_CHECK static inline bool budget_take_bytes(struct budget *budget, uint64_t bytes,
                                                struct error *error)
{
    budget->bytes += bytes;
    return LIKELY(budget->bytes <= LIMIT_MEMORY || budget->bytes <= budget->limits.bytes) ||
           budget_exceed_bytes(budget, error);
}

/* What results and writes may still take. */
static inline uint64_t budget_bytes_left(const struct budget *budget)
{
    uint64_t taken = budget->result_bytes + budget->written_bytes;
    return LIKELY(taken < budget->limits.bytes) ? budget->limits.bytes - taken : 0;
}

/* Holds so many nanoseconds back for undoing a change. */
static inline void budget_hold_undo(struct budget *budget, uint64_t ns)
{
    budget->undo_ns += ns;
}

/* Counts a document of `size` bytes in memory that was written to a table with so many indexes.
 * Errors: LimitExceeded. */
MUST_CHECK static inline bool budget_take_written(struct budget *budget, uint64_t size,
                                                  uint32_t entries, struct error *error)
{
    budget->written_bytes += size + entries * WRITTEN_ENTRY_SIZE;
    uint64_t taken = budget->result_bytes + budget->written_bytes;
    return LIKELY(taken <= budget->limits.bytes) || budget_exceed_written(budget, error);
}

/* Whether `count` documents, whose JSON has `size` bytes at least, and the list of their ids may
 * fit; asked before the first of them is made. Errors: LimitExceeded. */
MUST_CHECK static inline bool budget_allow_written(const struct budget *budget, uint64_t count,
                                                   uint64_t size, uint32_t entries,
                                                   struct error *error)
{
    uint64_t least = count * WRITTEN_TEXT_MIN > size ? count * WRITTEN_TEXT_MIN : size;
    least += count * entries * WRITTEN_ENTRY_SIZE;
    return least <= budget_bytes_left(budget) || budget_exceed_written(budget, error);
}

/* Whether bytes are left, of memory and of results, for what takes some.
 * Errors: LimitExceeded. */
MUST_CHECK bool budget_require_bytes(const struct budget *budget, struct error *error);

/* Counts as many small pieces of work at once; looks at the clock every so often, and each time
 * once the time is over. */
MUST_CHECK static inline bool budget_take_work(struct budget *budget, uint64_t pieces,
                                               struct error *error)
{
    if (LIKELY(pieces < budget->ticks)) {
        budget->ticks -= (uint32_t)pieces;
        return true;
    }
    return budget_look_at_clock(budget, error);
}

/* Counts one small piece of work. */
MUST_CHECK static inline bool budget_take_time(struct budget *budget, struct error *error)
{
    return budget_take_work(budget, 1, error);
}

/* How many bytes of JSON a computed value is, which may mention its parts so often that it cannot
 * be written, and be nested so deeply that it cannot be compared.
 * Errors: LimitExceeded for more bytes than the request may have memory, or LIMIT_DEPTH levels. */
MUST_CHECK bool budget_measure(struct budget *budget, struct value value, size_t *size,
                               struct error *error);

/* Counts `value` as a result. Errors: those of budget_measure, and LimitExceeded for the bytes. */
MUST_CHECK bool budget_take_result(struct budget *budget, struct value value, struct error *error);

/* Appends `value` to `output` and counts it as a result, which takes one walk of it rather than
 * two. Errors: LimitExceeded for its bytes or its depth; nothing is appended then. */
MUST_CHECK bool budget_write_result(struct budget *budget, struct value value,
                                    struct buffer *output, struct error *error);

/* What budget_take_value does for values that are not small. */
MUST_CHECK bool budget_take_large_value(struct budget *budget, struct value value,
                                        struct error *error);

/* Bytes of a value that are one piece of work to look at. */
#define BYTES_OF_WORK 64

/* Counts the work of looking at a value whole, to compare it or to store it.
 * Errors: those of budget_measure, and LimitExceeded for the time. */
MUST_CHECK static inline bool budget_take_value(struct budget *budget, struct value value,
                                                struct error *error)
{
    bool small = value.kind < VALUE_TEXT || (value.kind < VALUE_LIST && value.size < BYTES_OF_WORK);
    return LIKELY(small) || budget_take_large_value(budget, value, error);
}

/* What was written stays: nothing of it will be undone. */
static inline void budget_keep_written(struct budget *budget)
{
    budget->undo_ns = 0;
}

/* Starts `inner` with `limits` within what `outer` has left. */
void budget_begin_inner(struct budget *inner, const struct limits *limits, struct budget *outer);

/* Counts what `inner` took for `outer`. */
void budget_end_inner(const struct budget *inner, struct budget *outer);

#endif
