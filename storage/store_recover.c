/* What happens at the start: snapshot, journal, indexes, and a torn tail that is cut off. */
#include "storage/load.h"
#include "storage/store_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <time.h>

static uint64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool put_document(void *context, uint32_t table_number, struct slice text)
{
    return loader_put(context, table_number, text);
}

static bool apply_record(void *context, uint64_t sequence, struct slice record)
{
    (void)sequence;
    return loader_apply(context, record);
}

static void point_to_check(const struct store *store, struct buffer *message)
{
    buffer_append_format(message,
                         "\nthe server does not start on damaged data; `tenon check %s` tells more",
                         store->options.directory);
}

static bool load_snapshot(struct store *store, struct loader *loader, struct buffer *message)
{
    struct store_recovery *recovery = &store->recovery;
    const char *directory = store->options.directory;
    int reason = snapshot_find(store->files, directory, &recovery->has_snapshot,
                               &recovery->snapshot_sequence);
    if (reason != 0) {
        buffer_append_format(message, "cannot read %s: %s", directory, strerror(reason));
        return false;
    }
    if (!recovery->has_snapshot) {
        return true;
    }
    struct snapshot_visitor visitor = {.context = loader, .document = put_document};
    struct snapshot_header header;
    enum snapshot_result result =
        snapshot_read(store->files, directory, recovery->snapshot_sequence,
                      store->catalog.database_id, &visitor, &header, message);
    if (result == SNAPSHOT_DAMAGED) {
        point_to_check(store, message);
    }
    if (result != SNAPSHOT_READ) {
        return false;
    }
    recovery->snapshot_documents = header.documents;
    loader->clock_us = header.clock_us;
    return true;
}

static bool load_journal(struct store *store, struct loader *loader, struct buffer *message)
{
    struct store_recovery *recovery = &store->recovery;
    struct journal_reading reading = {
        .files = store->files,
        .directory = store->options.directory,
        .after = recovery->snapshot_sequence,
        .visitor = {.context = loader, .record = apply_record},
    };
    memcpy(reading.database_id, store->catalog.database_id, DATABASE_ID_SIZE);
    enum journal_result result = journal_read(&reading, &recovery->journal, message);
    if (result == JOURNAL_READ && recovery->has_snapshot && recovery->journal.segments == 0) {
        buffer_append_format(message, "%s has a snapshot, but its journal is gone",
                             store->options.directory);
        result = JOURNAL_DAMAGED;
    }
    if (result == JOURNAL_DAMAGED) {
        point_to_check(store, message);
    }
    return result == JOURNAL_READ;
}

/* Takes the torn tail off the last segment, durably. */
static bool cut_tail(struct store *store, struct buffer *report, struct buffer *message)
{
    const struct journal_report *journal = &store->recovery.journal;
    struct file_system *files = store->files;
    char path[FILE_PATH_MAX];
    int file;
    int reason = file_path(path, store->options.directory, journal->torn_name);
    if (reason == 0) {
        reason = files->open(files, path, FILE_READ_WRITE, &file);
    }
    if (reason == 0) {
        reason = files->truncate(files, file, journal->torn_offset);
        if (reason == 0) {
            reason = files->sync(files, file);
        }
        files->close(files, file);
    }
    if (reason != 0) {
        buffer_append_format(message, "cannot cut the torn tail of %s/%s: %s",
                             store->options.directory, journal->torn_name, strerror(reason));
        return false;
    }
    buffer_append_format(report,
                         "%s: cut a torn tail of %" PRIu64 " bytes at offset %" PRIu64
                         ", which nothing says was ever durable",
                         journal->torn_name, journal->torn_size, journal->torn_offset);
    if (journal->torn_count > 0) {
        buffer_append_format(report, ": %" PRIu64 " transactions from number %" PRIu64,
                             journal->torn_count, journal->torn_first_sequence);
    } else if (journal->torn_first_sequence > 0) {
        buffer_append_format(report, ": no transactions");
    }
    buffer_append_char(report, '\n');
    return true;
}

static bool load_everything(struct store *store, struct loader *loader, struct buffer *message)
{
    return load_snapshot(store, loader, message) && load_journal(store, loader, message) &&
           loader_finish(loader, message);
}

static void report_recovery(struct store *store, struct buffer *report)
{
    const struct store_recovery *recovery = &store->recovery;
    if (recovery->journal.segments == 0 && recovery->snapshot_sequence == 0) {
        buffer_append_format(report,
                             "%s has a catalog, but neither a snapshot nor a journal: the data "
                             "begins empty; if there was some, stop and put its files back\n",
                             store->options.directory);
    }
    buffer_append_format(report,
                         "recovered %" PRIu64 " documents in %" PRIu64 " ms: %" PRIu64
                         " from a snapshot, %" PRIu64 " transactions from the journal; the last "
                         "number is %" PRIu64 "\n",
                         store->database->documents.count, recovery->duration_us / 1000,
                         recovery->snapshot_documents, recovery->journal.transactions,
                         store->database->sequence);
}

bool store_recover(struct store *store, struct schema *schema,
                   const struct database_options *options, struct buffer *report,
                   struct buffer *message)
{
    uint64_t start_us = monotonic_us();
    if (!catalog_number_tables(&store->catalog, schema, message)) {
        schema_destroy(schema);
        return false;
    }
    store->database = database_create(schema, options);
    struct loader loader;
    loader_init(&loader, store->database, &store->catalog);
    bool loaded = load_everything(store, &loader, message);
    loader_deinit(&loader);
    const struct journal_report *journal = &store->recovery.journal;
    if (!loaded || (journal->torn && !cut_tail(store, report, message))) {
        return false;
    }
    uint64_t snapshot_sequence = store->recovery.snapshot_sequence;
    store->database->sequence =
        journal->end.sequence > snapshot_sequence ? journal->end.sequence : snapshot_sequence;
    store->recovery.duration_us = monotonic_us() - start_us;
    if (store->catalog.exists) {
        report_recovery(store, report);
    }
    return !store->catalog.changed ||
           catalog_write(&store->catalog, store->files, store->options.directory, message);
}
