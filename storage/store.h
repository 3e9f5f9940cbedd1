/* The store: a database that lives in a directory.
 *
 *   DIR/lock          held while a process uses the directory
 *   DIR/catalog       which database this is, and its tables' numbers (catalog.h)
 *   DIR/journal-…     segments of the journal (journal.h); journal-next is allocated ahead
 *   DIR/snapshot-…    a snapshot (snapshot.h); snapshot-new is being written
 *
 * Opening it recovers the database: the newest snapshot, then the journal behind it, then every
 * index. From then on each commit goes to the journal. The loop's thread calls store_turn() at the
 * end of each turn and store_poll() whenever it was woken; replies leave once their number is at
 * most store_durable(). */
#ifndef TENON_STORAGE_STORE_H
#define TENON_STORAGE_STORE_H

#include "base/buffer.h"
#include "base/macros.h"
#include "storage/database.h"
#include "storage/file.h"
#include "storage/journal.h"
#include "storage/journal_reader.h"
#include "storage/schema.h"

#include <stdbool.h>
#include <stdint.h>

/* How long a turn may write at a snapshot. */
#define STORE_SLICE_NS          1000000

/* A journal that is smaller does not start a snapshot by itself. */
#define STORE_SNAPSHOT_SIZE_MIN (TINY_OR(256ull, 64ull * 1024) * 1024)

struct store_options {
    struct file_system *files; /* outlives the store; NULL: the system's */
    const char *directory;     /* outlives the store */
    uint64_t segment_size;     /* bytes */
    enum journal_sync sync;
    uint64_t sync_interval_ms;
    uint64_t snapshot_ratio;     /* a snapshot begins when the journal behind the last has so many
                                  * times the bytes of the documents; 0: not by itself */
    uint64_t walker_size_max;    /* bytes that a walker may hold */
    void (*wake)(void *context); /* called on other threads: store_poll() is wanted */
    void *wake_context;
};

/* What the start found. */
struct store_recovery {
    bool has_snapshot;
    uint64_t snapshot_sequence;
    uint64_t snapshot_documents;
    struct journal_report journal;
    uint64_t duration_us;
};

enum store_snapshot_status {
    STORE_SNAPSHOT_NONE, /* since the start */
    STORE_SNAPSHOT_RUNNING,
    STORE_SNAPSHOT_DONE,
    STORE_SNAPSHOT_FAILED
};

struct store_snapshot_info {
    uint64_t started;                  /* how many, since the start */
    enum store_snapshot_status status; /* of the last */
    int reason;                        /* FAILED: the system's error number, or 0: it needed too
                                        * much memory, or its moment was undone */
    uint64_t sequence;                 /* of the last that is done, this start's or before it */
    uint64_t finished_us;              /* when it was done, since 1970; 0: not since the start */
    uint64_t journal_bytes;            /* of the journal behind it */
};

struct store;

struct store_options store_default_options(void);

/* Opens the directory, which is made where it does not exist, and recovers the database. Takes the
 * schema over in any case. `report` gets lines for people about what was found.
 * Errors: NULL, and lines for people in `message`. */
struct store *store_open(const struct store_options *options, struct schema *schema,
                         const struct database_options *database_options, struct buffer *report,
                         struct buffer *message);

/* Makes everything durable, writes a snapshot where something has changed, and gives the database
 * back. */
void store_close(struct store *store);

/* Gives everything back as it is, without the snapshot: what is durable is in the journal. */
void store_abandon(struct store *store);

struct database *store_database(struct store *store);

/* Ends a turn of the loop: hands its records to the journal, and writes at a snapshot for a slice
 * of time. Returns whether it wants another turn soon. */
bool store_turn(struct store *store);

/* What a poll found beside new durable transactions. */
struct store_news {
    bool lost;  /* all above store_durable() was undone */
    int reason; /* why */
};

/* Looks at what became durable, undoes what could not. Not while a transaction is open or its
 * documents are in use. */
void store_poll(struct store *store, struct store_news *news);

/* The number up to which replies may leave. With a lax sync mode they never wait. */
uint64_t store_durable(const struct store *store);

/* Starts a snapshot, unless one runs or nothing has changed since the last. Returns the number of
 * its moment; the status says whether it still runs. */
uint64_t store_start_snapshot(struct store *store);

void store_snapshot_info(struct store *store, struct store_snapshot_info *info);
void store_journal_status(struct store *store, struct journal_status *status);
void store_journal_latency(struct store *store, struct journal_latency *latency);
const struct store_recovery *store_recovery(const struct store *store);
const struct store_options *store_options(const struct store *store);

#endif
