/* What the journal's files share: its state, and who may touch what.
 *
 *   loop       only the loop's thread
 *   locked     under the mutex
 *   writer     only the writing thread, once it runs */
#ifndef TENON_STORAGE_JOURNAL_INTERNAL_H
#define TENON_STORAGE_JOURNAL_INTERNAL_H

#include "base/buffer.h"
#include "storage/journal.h"

#include <pthread.h>

#define JOURNAL_RESERVE_DIVISOR 16

/* Syncs whose times are kept for the percentiles. */
#define JOURNAL_LATENCIES       1024

/* Records that belong together, in order. */
struct journal_batch {
    struct buffer bytes;
    uint64_t first_sequence;
    uint64_t count;
    uint64_t cost; /* bytes of disk that they take at most */
};

struct journal_segment {
    int file; /* -1: none */
    uint64_t serial;
    uint64_t size;           /* of the file */
    uint64_t offset;         /* where the next group goes */
    uint64_t durable_offset; /* how far it is synced */
    uint64_t hash;           /* of the last group, or of the header */
    uint64_t durable_hash;   /* of the last one that is durable */
};

struct journal {
    struct journal_options options; /* constant */
    pthread_t writer_thread;
    pthread_t allocator_thread;

    struct journal_batch pending; /* loop */

    pthread_mutex_t mutex;
    pthread_cond_t work;      /* for the writer: something came; its clock is the monotonic one */
    pthread_cond_t want_next; /* for the allocator */
    pthread_cond_t have_next; /* for the writer: the allocator has finished, well or not */
    pthread_cond_t progress;  /* for journal_wait() */

    struct journal_batch queue;   /* locked: submitted, not taken */
    uint64_t outstanding;         /* locked: cost of all that is not written */
    uint64_t room;                /* locked: bytes left in the segment */
    struct journal_status status; /* locked */
    bool sync_now;                /* locked: journal_wait() does not wait for the interval */
    uint64_t gather_count;        /* locked: so many records are likely to come together … */
    uint64_t gather_until_us;     /* locked: … until then */
    bool stopping;                /* locked */
    bool next_ready;              /* locked: JOURNAL_NEXT_NAME is there, zero, durable */
    bool next_wanted;             /* locked: the allocator should make it */
    uint64_t next_size;           /* locked: of how many bytes; fixed while one is wanted */
    bool allocator_stopping;      /* locked */
    int next_reason;              /* locked: why it could not be made; 0: no failure */
    uint64_t latencies_us[JOURNAL_LATENCIES]; /* locked: a ring */
    uint64_t latency_count;                   /* locked */
    uint64_t latency_max_us;                  /* locked */

    struct journal_segment segment; /* writer */
    struct journal_batch taken;     /* writer */
    struct buffer group;            /* writer: bytes of the group that is written */
    uint64_t next_sequence;         /* writer */
    uint64_t synced_at_ms;          /* writer: when the last sync ended */
    bool confirmed;                 /* writer: the last group says that all before is durable */
};

/* Milliseconds, and microseconds, on the monotonic clock. */
uint64_t journal_now_us(void);

/* The writing thread. */
void *journal_write_all(void *context);

/* The allocating thread. */
void *journal_allocate_all(void *context);

/* Bytes of a segment that are kept for deletes while the disk is full. */
static inline uint64_t journal_reserve(const struct journal *journal)
{
    return journal->options.segment_size / JOURNAL_RESERVE_DIVISOR;
}

/* The size of the segment behind the one that is written. */
static inline uint64_t journal_next_size(const struct journal *journal)
{
    uint64_t most = journal->options.segment_size;
    uint64_t size = journal->segment.size == 0 ? JOURNAL_FIRST_SIZE : journal->segment.size * 2;
    return size < most ? size : most;
}

/* Makes a segment of zeros ahead. Returns 0 or the system's error number. */
MUST_CHECK int journal_make_next(struct journal *journal);

/* Makes the segment that was allocated ahead the one that is written, behind `last_sequence` and
 * `last_hash`. Returns 0 or the system's error number. */
MUST_CHECK int journal_open_segment(struct journal *journal, uint64_t last_sequence,
                                    uint64_t last_hash);

#endif
