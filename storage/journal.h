/* The journal's writer: records of transactions go in, whole groups go to the disk.
 *
 * The loop's thread appends records and submits them once a turn; the journal's own thread writes
 * all that was submitted as one group and syncs it, while the next group gathers. A second thread
 * allocates segments ahead, so that a full disk is known before a write is accepted.
 *
 *   journal_accepts    may a record of this size come?
 *   journal_append     then it must
 *   journal_submit     at the end of a turn
 *   wake (callback, on the journal's thread) → journal_status: what is durable now?
 *
 * What happens when a write or a sync fails? It is final for the segment: nothing that is not
 * durable yet will be (`failed`), the records that wait are forgotten. The loop's thread undoes
 * what they stood for and calls journal_forget(); a new segment, which names the last durable group
 * as the end of the one before, is opened then, and records are accepted again once that is
 * durable.
 *
 * Invariant: durable <= written <= appended. The functions are for one thread, the loop's. */
#ifndef TENON_STORAGE_JOURNAL_H
#define TENON_STORAGE_JOURNAL_H

#include "base/macros.h"
#include "base/slice.h"
#include "storage/file.h"
#include "storage/journal_format.h"

#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_SEGMENT_SIZE     (TINY_OR(64ull, 64ull * 1024) * 1024)
#define JOURNAL_SEGMENT_SIZE_MIN (32 * 1024)

/* The first segment that a journal writes is of this size, each further one twice as large as the
 * one before, up to options.segment_size: a start need not wait for a large one. */
#define JOURNAL_FIRST_SIZE       (TINY_OR(64ull, 1024ull) * 1024)

/* The name of a segment, for printf, with its serial; and of the one that is allocated ahead. */
#define JOURNAL_SEGMENT_NAME     "journal-%016llx"
#define JOURNAL_NEXT_NAME        "journal-next"

enum journal_sync {
    JOURNAL_SYNC_ALWAYS,   /* every group */
    JOURNAL_SYNC_INTERVAL, /* the groups of an interval together */
    JOURNAL_SYNC_SYSTEM    /* when the system likes, and at the end of a segment */
};

struct journal_options {
    struct file_system *files;
    const char *directory;
    uint64_t segment_size; /* bytes of the largest; a multiple of JOURNAL_BLOCK_SIZE */
    enum journal_sync sync;
    uint64_t interval_ms;
    uint8_t database_id[DATABASE_ID_SIZE];
    /* Called on the journal's threads when the status changes; must not call the journal. */
    void (*wake)(void *context);
    void *wake_context;
};

/* Where a journal ends: what the first segment that is written names as before it. */
struct journal_end {
    uint64_t serial;   /* of the last segment; 0: there is none */
    uint64_t sequence; /* of the last transaction */
    uint64_t hash;     /* of the last valid group or header */
};

enum journal_state {
    JOURNAL_OPEN,   /* records are taken */
    JOURNAL_FULL,   /* no space: only from the reserve */
    JOURNAL_FAILED, /* what was not durable is lost; journal_forget() is awaited */
    JOURNAL_OPENING /* a new segment is being opened after a failure, or at the start */
};

struct journal_latency {
    uint64_t count; /* syncs */
    uint64_t p50_us;
    uint64_t p99_us;
    uint64_t max_us; /* of all */
};

struct journal_status {
    enum journal_state state;
    int reason;        /* of the newest failure, or of the want of space; 0: none yet */
    uint64_t written;  /* sequence number */
    uint64_t durable;  /* sequence number */
    uint64_t serial;   /* of the segment that is written */
    uint64_t bytes;    /* of groups written since the journal was opened */
    uint64_t groups;   /* the same */
    uint64_t failures; /* of segments */
};

struct journal;

/* Opens a new segment behind `end` and starts the threads. Where there is no space, the state is
 * JOURNAL_OPENING, as after a failure, until there is.
 * Errors: NULL; `*reason` is the system's error number. */
struct journal *journal_create(const struct journal_options *options, const struct journal_end *end,
                               int *reason);

/* Writes, syncs and confirms what is left, and ends the threads. */
void journal_destroy(struct journal *journal);

enum journal_answer {
    JOURNAL_ACCEPTED,
    JOURNAL_REFUSED,  /* for now; *reason says why */
    JOURNAL_TOO_LARGE /* for any segment */
};

/* Whether a record of `size` bytes may be appended. `reserve`: it may take what is kept for
 * deletes. */
MUST_CHECK enum journal_answer journal_accepts(struct journal *journal, size_t size, bool reserve,
                                               int *reason);

/* Takes a record, which was accepted, as the transaction number `sequence`, which is one more than
 * that of the record before. */
void journal_append(struct journal *journal, uint64_t sequence, struct slice record);

/* Hands what was appended to the journal's thread. */
void journal_submit(struct journal *journal);

void journal_status(struct journal *journal, struct journal_status *status);
void journal_latency(struct journal *journal, struct journal_latency *latency);

/* Asks for a sync now, whatever the sync mode. */
void journal_sync(struct journal *journal);

/* Blocks until all that was submitted is durable, whatever the sync mode, or has failed. */
void journal_wait(struct journal *journal);

/* Says that everything behind status.durable is undone: numbers go on from there. */
void journal_forget(struct journal *journal);

/* The most bytes that a record may have. */
uint64_t journal_record_size_max(const struct journal_options *options);

#endif
