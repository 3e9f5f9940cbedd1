/* What the store's files share. */
#ifndef TENON_STORAGE_STORE_INTERNAL_H
#define TENON_STORAGE_STORE_INTERNAL_H

#include "storage/catalog.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/walker.h"

/* A snapshot that is being made. */
struct store_snapshot {
    struct walker *walker; /* NULL: all documents were given */
    struct snapshot_writer *writer;
    uint64_t sequence;
    uint64_t journal_bytes; /* of the journal when it began */
    uint32_t table;         /* that is walked */
    uint32_t count;         /* documents in `block` */
    struct buffer block;
};

struct store {
    struct store_options options;
    struct file_system system_files;
    struct file_system *files;
    int lock; /* -1: not held */
    struct catalog catalog;
    struct database *database;
    struct journal *journal;
    struct store_recovery recovery;
    uint64_t durable; /* up to which the history was released */
    bool failed;      /* the journal has failed and has not opened a new segment yet */
    struct store_snapshot *snapshot; /* NULL: none runs */
    struct store_snapshot_info last;
    uint64_t base_bytes;  /* of the journal when the last snapshot began … */
    uint64_t inherited;   /* … and bytes of it that were there at the start, behind that */
    uint64_t retry_at_us; /* no snapshot starts by itself before; on the monotonic clock */
};

/* Recovers the database of the open directory. Errors: false, lines in `message`. */
MUST_CHECK bool store_recover(struct store *store, struct schema *schema,
                              const struct database_options *options, struct buffer *report,
                              struct buffer *message);

/* Continues the snapshot that runs. Returns whether it wants another turn soon. */
bool store_continue_snapshot(struct store *store);

/* Sees whether the snapshot that runs has got further. */
void store_poll_snapshot(struct store *store);

/* Makes a snapshot to its end, while nothing else happens. */
void store_finish_snapshot(struct store *store);

/* Gives the snapshot that runs up. `reason`: as in store_snapshot_info. */
void store_give_snapshot_up(struct store *store, int reason);

/* Bytes of the journal behind the last snapshot. */
uint64_t store_journal_growth(struct store *store);

#endif
