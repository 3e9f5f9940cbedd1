/* Opening a directory, and the journal's part in the loop's turns. See store.h. */
#include "storage/store.h"

#include "base/memory.h"
#include "storage/store_internal.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

#define LOCK_NAME        "lock"
#define WALKER_SIZE_MAX  (64 * 1024 * 1024)
#define SNAPSHOT_RATIO   2
#define SYNC_INTERVAL_MS 100

static void wake_nobody(void *context)
{
    (void)context;
}

struct store_options store_default_options(void)
{
    return (struct store_options){
        .segment_size = JOURNAL_SEGMENT_SIZE,
        .sync = JOURNAL_SYNC_ALWAYS,
        .sync_interval_ms = SYNC_INTERVAL_MS,
        .snapshot_ratio = SNAPSHOT_RATIO,
        .walker_size_max = WALKER_SIZE_MAX,
        .wake = wake_nobody,
    };
}

static bool fail(const struct store *store, const char *what, int reason, struct buffer *message)
{
    buffer_append_format(message, "cannot %s %s: %s", what, store->options.directory,
                         strerror(reason));
    return false;
}

/* Makes the directory where it is not there, and takes its lock. */
static bool lock_directory(struct store *store, struct buffer *message)
{
    struct file_system *files = store->files;
    char path[FILE_PATH_MAX];
    int reason = files->make_directory(files, store->options.directory);
    if (reason == 0) {
        reason = file_path(path, store->options.directory, "..");
        reason = reason != 0 ? reason : files->sync_directory(files, path);
    }
    if (reason != 0 && reason != EEXIST) {
        return fail(store, "make the directory", reason, message);
    }
    reason = file_path(path, store->options.directory, LOCK_NAME);
    if (reason == 0) {
        reason = files->open(files, path, FILE_READ_WRITE, &store->lock);
    }
    if (reason != 0) {
        store->lock = -1;
        return fail(store, "use the directory", reason, message);
    }
    reason = files->lock(files, store->lock);
    if (reason == EAGAIN) {
        buffer_append_format(message, "another process uses the directory %s",
                             store->options.directory);
        return false;
    }
    return reason == 0 || fail(store, "lock", reason, message);
}

static bool open_journal(struct store *store, struct buffer *report, struct buffer *message)
{
    struct journal_options options = {
        .files = store->files,
        .directory = store->options.directory,
        .segment_size = store->options.segment_size,
        .sync = store->options.sync,
        .interval_ms = store->options.sync_interval_ms,
        .wake = store->options.wake,
        .wake_context = store->options.wake_context,
    };
    memcpy(options.database_id, store->catalog.database_id, DATABASE_ID_SIZE);
    struct journal_end end = store->recovery.journal.end;
    end.sequence = store->database->sequence;
    int reason;
    store->journal = journal_create(&options, &end, &reason);
    if (store->journal == NULL) {
        return fail(store, "open a journal in", reason, message);
    }
    store->database->journal = store->journal;
    struct journal_status status;
    journal_status(store->journal, &status);
    if (status.state == JOURNAL_OPENING) {
        buffer_append_format(report,
                             "no space for the journal in %s (%s): reads are served, writes are "
                             "refused until there is space\n",
                             store->options.directory, strerror(status.reason));
    }
    return true;
}

struct store *store_open(const struct store_options *options, struct schema *schema,
                         const struct database_options *database_options, struct buffer *report,
                         struct buffer *message)
{
    struct store *store = memory_allocate_zeroed(1, sizeof(*store));
    store->options = *options;
    store->lock = -1;
    file_system_init(&store->system_files);
    store->files = options->files != NULL ? options->files : &store->system_files;
    /* A file that may not grow is an error of the write, not the end of the process. */
    signal(SIGXFSZ, SIG_IGN);
    bool opened = lock_directory(store, message) &&
                  catalog_read(&store->catalog, store->files, options->directory, message);
    if (!opened) {
        schema_destroy(schema);
    }
    opened = opened && store_recover(store, schema, database_options, report, message) &&
             open_journal(store, report, message);
    if (!opened) {
        store_abandon(store);
        return NULL;
    }
    store->durable = store->database->sequence;
    store->inherited = store->recovery.journal.bytes;
    store->last.sequence = store->recovery.snapshot_sequence;
    return store;
}

void store_abandon(struct store *store)
{
    store_give_snapshot_up(store, 0);
    if (store->journal != NULL) {
        journal_destroy(store->journal);
    }
    if (store->database != NULL) {
        store->database->journal = NULL;
        database_destroy(store->database);
    }
    catalog_deinit(&store->catalog);
    if (store->lock >= 0) {
        store->files->close(store->files, store->lock);
    }
    memory_release(store);
}

void store_close(struct store *store)
{
    struct store_news news;
    journal_wait(store->journal);
    store_poll(store, &news);
    bool changed = store->database->sequence != store->last.sequence;
    if (!store->failed && (changed || store->snapshot != NULL)) {
        if (store->snapshot == NULL) {
            store_start_snapshot(store);
        }
        store_finish_snapshot(store);
    }
    store_abandon(store);
}

struct database *store_database(struct store *store)
{
    return store->database;
}

/* Starts a snapshot where the journal has grown enough. */
static void start_snapshot_by_growth(struct store *store)
{
    uint64_t ratio = store->options.snapshot_ratio;
    if (ratio == 0 || store->snapshot != NULL || store->failed) {
        return;
    }
    uint64_t growth = store_journal_growth(store);
    if (growth < STORE_SNAPSHOT_SIZE_MIN) {
        return;
    }
    uint64_t text_size = 0;
    for (uint32_t i = 0; i < store->database->table_count; i++) {
        text_size += store->database->tables[i].text_size;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    if (growth / ratio >= text_size && now_us >= store->retry_at_us) {
        store_start_snapshot(store);
    }
}

bool store_turn(struct store *store)
{
    journal_submit(store->journal);
    start_snapshot_by_growth(store);
    return store_continue_snapshot(store);
}

void store_poll(struct store *store, struct store_news *news)
{
    struct journal_status status;
    journal_status(store->journal, &status);
    *news = (struct store_news){.reason = status.reason};
    if (status.state == JOURNAL_FAILED) {
        news->lost = true;
        history_undo(store->database, status.durable);
        if (store->snapshot != NULL && store->snapshot->sequence > status.durable) {
            store_give_snapshot_up(store, status.reason);
        }
        journal_forget(store->journal);
    }
    store->durable = status.durable;
    history_release(store->database, status.durable);
    store->failed = status.state == JOURNAL_FAILED || status.state == JOURNAL_OPENING;
    store_poll_snapshot(store);
}

uint64_t store_durable(const struct store *store)
{
    return store->options.sync == JOURNAL_SYNC_ALWAYS ? store->durable : UINT64_MAX;
}

void store_snapshot_info(struct store *store, struct store_snapshot_info *info)
{
    *info = store->last;
    info->journal_bytes = store_journal_growth(store);
}

void store_journal_status(struct store *store, struct journal_status *status)
{
    journal_status(store->journal, status);
}

void store_journal_latency(struct store *store, struct journal_latency *latency)
{
    journal_latency(store->journal, latency);
}

const struct store_recovery *store_recovery(const struct store *store)
{
    return &store->recovery;
}

const struct store_options *store_options(const struct store *store)
{
    return &store->options;
}
