/* Making snapshots in slices, between turns of the loop. */
#include "base/memory.h"
#include "storage/bytes.h"
#include "storage/store_internal.h"

#include <assert.h>
#include <time.h>

/* Documents that are read between two looks at the clock. */
#define SLICE_COUNT 64

/* How long a snapshot that failed is not tried again by itself. */
#define RETRY_US    10000000

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t journal_bytes(struct store *store)
{
    struct journal_status status;
    journal_status(store->journal, &status);
    return status.bytes;
}

uint64_t store_journal_growth(struct store *store)
{
    return journal_bytes(store) - store->base_bytes + store->inherited;
}

uint64_t store_start_snapshot(struct store *store)
{
    struct database *database = store->database;
    if (store->snapshot != NULL) {
        return store->snapshot->sequence;
    }
    if (store->last.sequence == database->sequence && database->sequence > 0) {
        return database->sequence;
    }
    struct store_snapshot *snapshot = memory_allocate_zeroed(1, sizeof(*snapshot));
    snapshot->walker = walker_create(database, store->options.walker_size_max);
    snapshot->sequence = database->sequence;
    snapshot->journal_bytes = journal_bytes(store);
    struct snapshot_header header = {
        .version = SNAPSHOT_FORMAT_VERSION,
        .sequence = snapshot->sequence,
        .clock_us = database->clock_us,
        .documents = database->documents.count,
    };
    memcpy(header.database_id, store->catalog.database_id, DATABASE_ID_SIZE);
    snapshot->writer = snapshot_writer_create(store->files, store->options.directory, &header,
                                              store->options.wake, store->options.wake_context);
    store->snapshot = snapshot;
    store->last.started += 1;
    store->last.status = STORE_SNAPSHOT_RUNNING;
    return snapshot->sequence;
}

static void release_snapshot(struct store *store)
{
    struct store_snapshot *snapshot = store->snapshot;
    if (snapshot->walker != NULL) {
        walker_destroy(snapshot->walker);
    }
    snapshot_writer_destroy(snapshot->writer);
    buffer_deinit(&snapshot->block);
    memory_release(snapshot);
    store->snapshot = NULL;
}

void store_give_snapshot_up(struct store *store, int reason)
{
    if (store->snapshot == NULL) {
        return;
    }
    release_snapshot(store);
    store->last.status = STORE_SNAPSHOT_FAILED;
    store->last.reason = reason;
    store->retry_at_us = now_us(CLOCK_MONOTONIC) + RETRY_US;
}

static void append_document(void *context, const struct document *document)
{
    struct store_snapshot *snapshot = context;
    bytes_append_varint(&snapshot->block, document->text_size);
    buffer_append_slice(&snapshot->block, document_text(document));
    snapshot->count += 1;
}

static void give_block(struct store_snapshot *snapshot, uint32_t table_number)
{
    if (snapshot->count > 0) {
        snapshot_writer_give(snapshot->writer, table_number, snapshot->count, &snapshot->block);
        snapshot->count = 0;
    }
}

/* Reads some documents into the block. Returns whether more are left. */
static bool step(struct store *store, struct store_snapshot *snapshot)
{
    const struct database *database = store->database;
    if (snapshot->table == database->table_count) {
        return false;
    }
    uint32_t number = database->tables[snapshot->table].number;
    /* One allocation for the whole block: it does not move while it grows. */
    if (snapshot->block.capacity == 0) {
        buffer_reserve(&snapshot->block, SNAPSHOT_BLOCK_SIZE + SNAPSHOT_BLOCK_SIZE / 8);
    }
    bool more =
        walker_read(snapshot->walker, snapshot->table, SLICE_COUNT, append_document, snapshot);
    if (!more || snapshot->block.size >= SNAPSHOT_BLOCK_SIZE) {
        give_block(snapshot, number);
    }
    snapshot->table += more ? 0 : 1;
    return snapshot->table < database->table_count;
}

static void end_walk(struct store_snapshot *snapshot)
{
    walker_destroy(snapshot->walker);
    snapshot->walker = NULL;
    snapshot_writer_finish(snapshot->writer);
}

bool store_continue_snapshot(struct store *store)
{
    struct store_snapshot *snapshot = store->snapshot;
    if (snapshot == NULL || snapshot->walker == NULL) {
        return false;
    }
    uint64_t end_ns = thread_cpu_ns() + STORE_SLICE_NS;
    while (!snapshot->walker->failed && snapshot_writer_has_room(snapshot->writer)) {
        if (!step(store, snapshot)) {
            end_walk(snapshot);
            return false;
        }
        if (thread_cpu_ns() >= end_ns) {
            return true;
        }
    }
    if (snapshot->walker->failed) {
        store_give_snapshot_up(store, 0);
    }
    return false;
}

static void finish_done(struct store *store)
{
    struct store_snapshot *snapshot = store->snapshot;
    store->last.status = STORE_SNAPSHOT_DONE;
    store->last.reason = 0;
    store->last.sequence = snapshot->sequence;
    store->last.finished_us = now_us(CLOCK_REALTIME);
    store->base_bytes = snapshot->journal_bytes;
    store->inherited = 0;
    release_snapshot(store);
}

void store_poll_snapshot(struct store *store)
{
    struct store_snapshot *snapshot = store->snapshot;
    if (snapshot == NULL) {
        return;
    }
    int reason;
    uint64_t bytes;
    enum snapshot_state state = snapshot_writer_state(snapshot->writer, &reason, &bytes);
    struct journal_status status;
    journal_status(store->journal, &status);
    if (state == SNAPSHOT_FAILED) {
        store_give_snapshot_up(store, reason);
    } else if (state == SNAPSHOT_PUBLISHED) {
        finish_done(store);
    } else if (state == SNAPSHOT_SYNCED && status.durable >= snapshot->sequence) {
        snapshot_writer_publish(snapshot->writer);
    } else if (state == SNAPSHOT_SYNCED) {
        journal_sync(store->journal);
    }
}

void store_finish_snapshot(struct store *store)
{
    struct store_snapshot *snapshot = store->snapshot;
    assert(snapshot != NULL);
    while (snapshot->walker != NULL && !snapshot->walker->failed && step(store, snapshot)) {
    }
    if (snapshot->walker != NULL && snapshot->walker->failed) {
        store_give_snapshot_up(store, 0);
        return;
    }
    if (snapshot->walker != NULL) {
        end_walk(snapshot);
    }
    snapshot_writer_wait(snapshot->writer, SNAPSHOT_WRITING);
    journal_wait(store->journal);
    store_poll_snapshot(store);
    if (store->snapshot == NULL) {
        return;
    }
    struct journal_status status;
    journal_status(store->journal, &status);
    if (status.durable < snapshot->sequence) {
        store_give_snapshot_up(store, status.reason);
        return;
    }
    snapshot_writer_wait(snapshot->writer, SNAPSHOT_SYNCED);
    store_poll_snapshot(store);
}
