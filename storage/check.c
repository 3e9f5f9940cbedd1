/* Verifying and saving a data directory. See check.h. */
#include "storage/check.h"

#include "base/json.h"
#include "base/memory.h"
#include "index/hash_map.h"
#include "storage/bytes.h"
#include "storage/catalog.h"
#include "storage/document.h"
#include "storage/id.h"
#include "storage/journal_reader.h"
#include "storage/record.h"
#include "storage/snapshot.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define CHECK_DEPTH_MAX    128
#define SALVAGE_BLOCK_SIZE (1024 * 1024)
#define LOCK_NAME          "lock"
#define HASH_SEED          1

/* A document that was found: its text, which begins with its id. */
struct kept {
    uint32_t table_number;
    uint32_t text_size;
    char text[];
};

struct salvage {
    struct file_system *files;
    const char *directory;
    struct buffer *report;
    struct catalog catalog;
    struct arena arena;
    struct hash_map documents; /* struct kept, by id */
    uint64_t losses;
    uint64_t clock_us;
    bool has_snapshot;
    uint64_t snapshot_sequence;
    uint64_t snapshot_documents;
    struct journal_report journal;
};

static struct slice kept_id(const void *entry)
{
    const struct kept *kept = entry;
    const char *id = kept->text + DOCUMENT_ID_OFFSET;
    return slice_make(id, (size_t)((const char *)memchr(id, '"', ID_TEXT_SIZE_MAX + 1) - id));
}

/* The id of a document's text; empty where it is none. */
static struct slice text_id(struct salvage *salvage, uint32_t table_number, struct slice text)
{
    struct value value;
    struct json_error error;
    struct slice none = slice_make(NULL, 0);
    arena_reset(&salvage->arena);
    if (!slice_starts_with(text, SLICE("{\"_id\":\"")) ||
        !json_read(&salvage->arena, text, CHECK_DEPTH_MAX, &value, NULL, &error)) {
        return none;
    }
    const char *id = text.data + DOCUMENT_ID_OFFSET;
    size_t room = text.size - DOCUMENT_ID_OFFSET;
    const char *end = memchr(id, '"', room < ID_TEXT_SIZE_MAX + 1 ? room : ID_TEXT_SIZE_MAX + 1);
    struct slice found = end != NULL ? slice_make(id, (size_t)(end - id)) : none;
    return found.size > 0 && id_table_number(found) == table_number ? found : none;
}

static void forget(struct salvage *salvage, struct slice id)
{
    uint64_t hash = hash_map_hash(&salvage->documents, id);
    struct kept *kept = hash_map_find(&salvage->documents, hash, id);
    if (kept != NULL) {
        hash_map_remove(&salvage->documents, hash, kept);
        memory_release(kept);
    }
}

static bool keep(void *context, uint32_t table_number, struct slice text)
{
    struct salvage *salvage = context;
    struct slice id = text_id(salvage, table_number, text);
    if (id.size == 0) {
        return false;
    }
    forget(salvage, id);
    struct kept *kept = memory_allocate(sizeof(*kept) + text.size);
    *kept = (struct kept){.table_number = table_number, .text_size = (uint32_t)text.size};
    memcpy(kept->text, text.data, text.size);
    hash_map_insert(&salvage->documents, hash_map_hash(&salvage->documents, id), kept);
    return true;
}

static bool apply(void *context, uint64_t sequence, struct slice record)
{
    struct salvage *salvage = context;
    struct record_reader reader;
    struct record_entry entry;
    (void)sequence;
    if (!record_begin(&reader, record)) {
        return false;
    }
    while (reader.count > 0) {
        if (!record_next(&reader, &entry)) {
            return false;
        }
        if (entry.is_delete) {
            forget(salvage, entry.bytes);
        } else if (!keep(salvage, entry.table_number, entry.bytes)) {
            return false;
        }
    }
    salvage->clock_us = reader.clock_us > salvage->clock_us ? reader.clock_us : salvage->clock_us;
    return true;
}

static void lose_group(void *context, const char *name, uint64_t offset, uint64_t first,
                       uint64_t last)
{
    struct salvage *salvage = context;
    salvage->losses += 1;
    buffer_append_format(salvage->report, "%s: damaged at offset %" PRIu64, name, offset);
    if (first > 0) {
        buffer_append_format(salvage->report, ": transactions %" PRIu64 " to %" PRIu64 " are lost",
                             first, last);
    }
    buffer_append_char(salvage->report, '\n');
}

static void lose_block(void *context, const char *name, uint64_t offset)
{
    struct salvage *salvage = context;
    salvage->losses += 1;
    buffer_append_format(salvage->report,
                         "%s: damaged at offset %" PRIu64 ": the documents there are lost\n", name,
                         offset);
}

static void salvage_init(struct salvage *salvage, struct file_system *files, const char *directory,
                         struct buffer *report)
{
    *salvage = (struct salvage){.files = files, .directory = directory, .report = report};
    arena_init(&salvage->arena, 64 * 1024);
    hash_map_init(&salvage->documents, kept_id, HASH_SEED);
}

static void salvage_deinit(struct salvage *salvage)
{
    uint64_t place = 0;
    struct kept *kept;
    while ((kept = hash_map_iterate(&salvage->documents, &place)) != NULL) {
        memory_release(kept);
    }
    hash_map_deinit(&salvage->documents);
    catalog_deinit(&salvage->catalog);
    arena_deinit(&salvage->arena);
}

/* Where the catalog cannot be read, the first segment tells which database this is. */
static bool find_database_id(struct salvage *salvage)
{
    struct buffer serials = {0};
    struct buffer bytes = {0};
    struct journal_header header;
    uint64_t hash;
    char name[JOURNAL_NAME_SIZE];
    bool found = false;
    int reason = journal_list(salvage->files, salvage->directory, &serials);
    const uint64_t *all = (const uint64_t *)(const void *)serials.data;
    for (size_t i = 0; reason == 0 && !found && i < serials.size / sizeof(uint64_t); i++) {
        snprintf(name, sizeof(name), JOURNAL_SEGMENT_NAME, (unsigned long long)all[i]);
        reason =
            journal_load_file(salvage->files, salvage->directory, name, JOURNAL_BLOCK_SIZE, &bytes);
        found = reason == 0 &&
                journal_header_read(buffer_slice(&bytes), &header, &hash) == JOURNAL_HEADER_OK;
    }
    if (found) {
        memcpy(salvage->catalog.database_id, header.database_id, DATABASE_ID_SIZE);
    }
    buffer_deinit(&bytes);
    buffer_deinit(&serials);
    return found;
}

static bool read_catalog(struct salvage *salvage)
{
    struct buffer message = {0};
    bool valid = catalog_read(&salvage->catalog, salvage->files, salvage->directory, &message);
    bool usable = valid && salvage->catalog.exists;
    if (!usable) {
        const char *text = message.size > 0 ? "%.*s\n" : "%.*sthere is no catalog\n";
        buffer_append_format(salvage->report, text, SLICE_FORMAT(buffer_slice(&message)));
        buffer_append_format(salvage->report,
                             "the names of the tables are lost; give them their numbers in the "
                             "schema\n");
        salvage->losses += 1;
        usable = find_database_id(salvage);
    }
    buffer_deinit(&message);
    return usable;
}

static bool read_snapshot(struct salvage *salvage)
{
    int reason = snapshot_find(salvage->files, salvage->directory, &salvage->has_snapshot,
                               &salvage->snapshot_sequence);
    if (reason != 0) {
        buffer_append_format(salvage->report, "cannot read %s: %s\n", salvage->directory,
                             strerror(reason));
        return false;
    }
    if (!salvage->has_snapshot) {
        return true;
    }
    struct snapshot_visitor visitor = {.context = salvage, .document = keep, .lost = lose_block};
    struct snapshot_header header;
    enum snapshot_result result =
        snapshot_read(salvage->files, salvage->directory, salvage->snapshot_sequence,
                      salvage->catalog.database_id, &visitor, &header, salvage->report);
    salvage->clock_us = header.clock_us;
    salvage->snapshot_documents = header.documents;
    return result == SNAPSHOT_READ;
}

static bool read_journal(struct salvage *salvage)
{
    struct journal_reading reading = {
        .files = salvage->files,
        .directory = salvage->directory,
        .after = salvage->snapshot_sequence,
        .visitor = {.context = salvage, .record = apply, .lost = lose_group},
    };
    memcpy(reading.database_id, salvage->catalog.database_id, DATABASE_ID_SIZE);
    enum journal_result result = journal_read(&reading, &salvage->journal, salvage->report);
    return result == JOURNAL_READ;
}

static void summarise(const struct salvage *salvage)
{
    const struct journal_report *journal = &salvage->journal;
    struct buffer *report = salvage->report;
    if (journal->torn) {
        buffer_append_format(report,
                             "%s: a torn tail of %" PRIu64 " bytes at offset %" PRIu64
                             ", which nothing says was ever durable; the start cuts it off\n",
                             journal->torn_name, journal->torn_size, journal->torn_offset);
    }
    if (salvage->has_snapshot) {
        buffer_append_format(report, "snapshot of number %" PRIu64 ": %" PRIu64 " documents\n",
                             salvage->snapshot_sequence, salvage->snapshot_documents);
    }
    buffer_append_format(report,
                         "journal: %" PRIu64 " segments, %" PRIu64 " groups, %" PRIu64
                         " transactions behind the snapshot, up to number %" PRIu64 "\n",
                         journal->segments, journal->groups, journal->transactions,
                         journal->end.sequence);
    buffer_append_format(report, "%" PRIu64 " documents; %s\n", salvage->documents.count,
                         salvage->losses == 0 ? "everything is valid" : "the data is damaged");
}

static enum check_result read_everything(struct salvage *salvage)
{
    if (!read_catalog(salvage) || !read_snapshot(salvage) || !read_journal(salvage)) {
        if (salvage->report->size > 0) {
            buffer_append_char(salvage->report, '\n');
        }
        return CHECK_UNREADABLE;
    }
    summarise(salvage);
    return salvage->losses == 0 ? CHECK_VALID : CHECK_DAMAGED;
}

/* Takes the directory's lock. Returns the file, or -1 and a line in `report`. */
static int lock_directory(struct file_system *files, const char *directory, struct buffer *report)
{
    char path[FILE_PATH_MAX];
    int file;
    int reason = file_path(path, directory, LOCK_NAME);
    if (reason == 0) {
        reason = files->open(files, path, FILE_READ_WRITE, &file);
    }
    if (reason == 0) {
        reason = files->lock(files, file);
        if (reason != 0) {
            files->close(files, file);
        }
    }
    if (reason != 0) {
        buffer_append_format(report, "%s: %s\n", directory,
                             reason == EAGAIN ? "a server uses it" : strerror(reason));
        return -1;
    }
    return file;
}

enum check_result check_directory(struct file_system *files, const char *directory,
                                  struct buffer *report)
{
    int lock = lock_directory(files, directory, report);
    if (lock < 0) {
        return CHECK_UNREADABLE;
    }
    struct salvage salvage;
    salvage_init(&salvage, files, directory, report);
    enum check_result result = read_everything(&salvage);
    salvage_deinit(&salvage);
    files->close(files, lock);
    return result;
}

/* Writing what was found. */

static void wake_nobody(void *context)
{
    (void)context;
}

/* Gives the writer all documents, in no order but block by block of one table. */
static void give_documents(const struct salvage *salvage, struct snapshot_writer *writer)
{
    uint64_t place = 0;
    const struct kept *kept;
    struct buffer block = {0};
    uint32_t table_number = 0;
    uint32_t count = 0;
    while ((kept = hash_map_iterate(&salvage->documents, &place)) != NULL) {
        bool full = block.size >= SALVAGE_BLOCK_SIZE || kept->table_number != table_number;
        if (count > 0 && full) {
            snapshot_writer_give(writer, table_number, count, &block);
            count = 0;
        }
        table_number = kept->table_number;
        bytes_append_varint(&block, kept->text_size);
        buffer_append(&block, kept->text, kept->text_size);
        count += 1;
    }
    if (count > 0) {
        snapshot_writer_give(writer, table_number, count, &block);
    }
    buffer_deinit(&block);
    snapshot_writer_finish(writer);
}

static int write_snapshot(const struct salvage *salvage, const char *target, uint64_t sequence)
{
    struct snapshot_header header = {
        .version = SNAPSHOT_FORMAT_VERSION,
        .sequence = sequence,
        .clock_us = salvage->clock_us,
        .documents = salvage->documents.count,
    };
    int reason;
    uint64_t bytes;
    memcpy(header.database_id, salvage->catalog.database_id, DATABASE_ID_SIZE);
    struct snapshot_writer *writer =
        snapshot_writer_create(salvage->files, target, &header, wake_nobody, NULL);
    give_documents(salvage, writer);
    snapshot_writer_wait(writer, SNAPSHOT_WRITING);
    snapshot_writer_publish(writer);
    snapshot_writer_wait(writer, SNAPSHOT_SYNCED);
    enum snapshot_state state = snapshot_writer_state(writer, &reason, &bytes);
    snapshot_writer_destroy(writer);
    return state == SNAPSHOT_PUBLISHED ? 0 : reason;
}

static int write_journal(const struct salvage *salvage, const char *target, uint64_t sequence)
{
    struct journal_options options = {
        .files = salvage->files,
        .directory = target,
        .segment_size = JOURNAL_SEGMENT_SIZE,
        .wake = wake_nobody,
    };
    struct journal_end end = {.sequence = sequence};
    int reason;
    memcpy(options.database_id, salvage->catalog.database_id, DATABASE_ID_SIZE);
    struct journal *journal = journal_create(&options, &end, &reason);
    if (journal != NULL) {
        journal_destroy(journal);
    }
    return reason;
}

static bool write_target(struct salvage *salvage, const char *target)
{
    const struct journal_report *journal = &salvage->journal;
    uint64_t sequence = journal->end.sequence > salvage->snapshot_sequence
                            ? journal->end.sequence
                            : salvage->snapshot_sequence;
    int reason = salvage->files->make_directory(salvage->files, target);
    if (reason == 0 && !catalog_write(&salvage->catalog, salvage->files, target, salvage->report)) {
        buffer_append_char(salvage->report, '\n');
        return false;
    }
    if (reason == 0) {
        reason = write_journal(salvage, target, sequence);
    }
    if (reason == 0) {
        reason = write_snapshot(salvage, target, sequence);
    }
    if (reason != 0) {
        buffer_append_format(salvage->report, "cannot write %s: %s\n", target, strerror(reason));
        return false;
    }
    buffer_append_format(salvage->report, "%s: wrote %" PRIu64 " documents\n", target,
                         salvage->documents.count);
    return true;
}

enum check_result check_repair(struct file_system *files, const char *directory, const char *target,
                               struct buffer *report)
{
    int lock = lock_directory(files, directory, report);
    if (lock < 0) {
        return CHECK_UNREADABLE;
    }
    struct salvage salvage;
    salvage_init(&salvage, files, directory, report);
    enum check_result result = read_everything(&salvage);
    if (result != CHECK_UNREADABLE && !write_target(&salvage, target)) {
        result = CHECK_UNREADABLE;
    }
    salvage_deinit(&salvage);
    files->close(files, lock);
    return result;
}
