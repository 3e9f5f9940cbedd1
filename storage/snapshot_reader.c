/* Finding and reading snapshots, and removing what they make needless. See snapshot.h. */
#include "storage/journal_reader.h"
#include "storage/snapshot_format.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define NAME_SIZE 64

struct reader {
    struct file_system *files;
    const char *directory;
    char name[NAME_SIZE];
    const struct snapshot_visitor *visitor;
    struct buffer *message;
    int file;
    uint64_t size;   /* of the file */
    uint64_t offset; /* of the next block */
    uint64_t hash;   /* of the block before */
    uint64_t documents;
    struct buffer payload;
    bool ended;
};

static void snapshot_name(char name[NAME_SIZE], uint64_t sequence)
{
    snprintf(name, NAME_SIZE, SNAPSHOT_NAME, (unsigned long long)sequence);
}

static bool parse_name(const char *name, uint64_t *sequence)
{
    unsigned long long number;
    char again[NAME_SIZE];
    if (sscanf(name, "snapshot-%16llx", &number) != 1) {
        return false;
    }
    *sequence = number;
    snapshot_name(again, number);
    return strcmp(name, again) == 0;
}

struct newest {
    bool found;
    uint64_t sequence;
};

static void note_newest(void *context, const char *name)
{
    struct newest *newest = context;
    uint64_t sequence;
    if (parse_name(name, &sequence) && (!newest->found || sequence > newest->sequence)) {
        newest->found = true;
        newest->sequence = sequence;
    }
}

int snapshot_find(struct file_system *files, const char *directory, bool *found, uint64_t *sequence)
{
    struct newest newest = {.found = false};
    int reason = files->list(files, directory, note_newest, &newest);
    *found = newest.found;
    *sequence = newest.sequence;
    return reason;
}

static enum snapshot_result fail_system(struct reader *reader, int reason)
{
    buffer_append_format(reader->message, "cannot read %s/%s: %s", reader->directory, reader->name,
                         strerror(reason));
    return SNAPSHOT_UNREADABLE;
}

static enum snapshot_result fail_damaged(struct reader *reader, uint64_t offset, const char *why)
{
    const struct snapshot_visitor *visitor = reader->visitor;
    if (visitor->lost != NULL) {
        visitor->lost(visitor->context, reader->name, offset);
        return SNAPSHOT_READ;
    }
    buffer_append_format(reader->message, "%s/%s is damaged at offset %" PRIu64 ": %s",
                         reader->directory, reader->name, offset, why);
    return SNAPSHOT_DAMAGED;
}

/* Reads exactly `size` bytes. Returns 0, an error number, or -1 where the file ends before. */
static int read_bytes(struct reader *reader, void *data, size_t size)
{
    size_t done;
    int reason = file_read_all(reader->files, reader->file, data, size, reader->offset, &done);
    if (reason == 0 && done < size) {
        return -1;
    }
    return reason;
}

static enum snapshot_result read_header(struct reader *reader, struct snapshot_header *header,
                                        const uint8_t *database_id)
{
    char bytes[SNAPSHOT_HEADER_SIZE];
    int reason = read_bytes(reader, bytes, sizeof(bytes));
    if (reason > 0) {
        return fail_system(reader, reason);
    }
    if (reason < 0 || !snapshot_header_read(bytes, header, &reader->hash)) {
        *header = (struct snapshot_header){.documents = 0};
        reader->offset = SNAPSHOT_HEADER_SIZE;
        return fail_damaged(reader, 0, "the header is not valid");
    }
    if (header->version != SNAPSHOT_FORMAT_VERSION) {
        buffer_append_format(
            reader->message, "%s/%s has format version %" PRIu32 "; this version of Tenon reads %d",
            reader->directory, reader->name, header->version, SNAPSHOT_FORMAT_VERSION);
        return SNAPSHOT_UNREADABLE;
    }
    reader->offset = SNAPSHOT_HEADER_SIZE;
    if (memcmp(header->database_id, database_id, DATABASE_ID_SIZE) != 0) {
        return fail_damaged(reader, 16, "it belongs to another database");
    }
    return SNAPSHOT_READ;
}

static bool visit_documents(struct reader *reader, const struct snapshot_block *block)
{
    struct slice rest = buffer_slice(&reader->payload);
    struct slice text;
    for (uint32_t i = 0; i < block->count; i++) {
        if (!bytes_take_slice(&rest, &text) ||
            !reader->visitor->document(reader->visitor->context, block->table_number, text)) {
            return false;
        }
    }
    reader->documents += block->count;
    return rest.size == 0;
}

static bool visit_end(struct reader *reader)
{
    reader->ended = true;
    struct slice payload = buffer_slice(&reader->payload);
    return payload.size == SNAPSHOT_END_SIZE && bytes_get_u64(payload.data) == reader->documents &&
           reader->offset == reader->size;
}

static bool visit_block(struct reader *reader, const struct snapshot_block *block)
{
    if (block->kind == SNAPSHOT_KIND_DOCUMENTS) {
        return visit_documents(reader, block);
    }
    return block->kind == SNAPSHOT_KIND_END && visit_end(reader);
}

static enum snapshot_result read_block(struct reader *reader)
{
    char header[SNAPSHOT_BLOCK_HEADER];
    uint64_t start = reader->offset;
    int reason = read_bytes(reader, header, sizeof(header));
    if (reason > 0) {
        return fail_system(reader, reason);
    }
    struct snapshot_block block = {.kind = 0};
    if (reason == 0) {
        block = snapshot_block_read(header);
        reader->offset += SNAPSHOT_BLOCK_HEADER;
    }
    if (reason < 0 || block.payload_size > reader->size - reader->offset) {
        reader->ended = true;
        return fail_damaged(reader, start, "it ends too early");
    }
    reader->payload.size = 0;
    buffer_reserve(&reader->payload, (size_t)block.payload_size + 1);
    reason = read_bytes(reader, reader->payload.data, block.payload_size);
    if (reason != 0) {
        return reason > 0 ? fail_system(reader, reason)
                          : fail_damaged(reader, start, "it ends too early");
    }
    reader->payload.size = block.payload_size;
    reader->offset += block.payload_size;
    uint64_t hash = snapshot_block_hash(header, buffer_slice(&reader->payload), reader->hash);
    reader->hash = block.hash;
    if (hash != block.hash) {
        return fail_damaged(reader, start, "the checksum of a block is wrong");
    }
    return visit_block(reader, &block) ? SNAPSHOT_READ
                                       : fail_damaged(reader, start, "a block makes no sense");
}

static enum snapshot_result read_all(struct reader *reader, const uint8_t *database_id,
                                     struct snapshot_header *header)
{
    int reason = reader->files->size(reader->files, reader->file, &reader->size);
    if (reason != 0) {
        return fail_system(reader, reason);
    }
    enum snapshot_result result = read_header(reader, header, database_id);
    while (result == SNAPSHOT_READ && !reader->ended) {
        result = read_block(reader);
    }
    if (result == SNAPSHOT_READ && reader->documents != header->documents) {
        result = fail_damaged(reader, 0, "its number of documents is wrong");
    }
    return result;
}

enum snapshot_result snapshot_read(struct file_system *files, const char *directory,
                                   uint64_t sequence, const uint8_t database_id[DATABASE_ID_SIZE],
                                   const struct snapshot_visitor *visitor,
                                   struct snapshot_header *header, struct buffer *message)
{
    struct reader reader = {
        .files = files, .directory = directory, .visitor = visitor, .message = message};
    char path[FILE_PATH_MAX];
    snapshot_name(reader.name, sequence);
    int reason = file_path(path, directory, reader.name);
    if (reason == 0) {
        reason = files->open(files, path, FILE_READ, &reader.file);
    }
    if (reason != 0) {
        return fail_system(&reader, reason);
    }
    enum snapshot_result result = read_all(&reader, database_id, header);
    if (result == SNAPSHOT_READ && header->sequence != sequence) {
        result = fail_damaged(&reader, 32, "it has another snapshot's name");
    }
    files->close(files, reader.file);
    buffer_deinit(&reader.payload);
    return result;
}

struct older {
    uint64_t sequence;
    struct buffer names; /* each ended by a zero */
};

static void note_older(void *context, const char *name)
{
    struct older *older = context;
    uint64_t sequence;
    if (parse_name(name, &sequence) && sequence < older->sequence) {
        buffer_append(&older->names, name, strlen(name) + 1);
    }
}

static int remove_file(struct file_system *files, const char *directory, const char *name)
{
    char path[FILE_PATH_MAX];
    int reason = file_path(path, directory, name);
    return reason != 0 ? reason : files->unlink(files, path);
}

static int remove_snapshots(struct file_system *files, const char *directory, uint64_t sequence)
{
    struct older older = {.sequence = sequence};
    int reason = files->list(files, directory, note_older, &older);
    for (size_t at = 0; reason == 0 && at < older.names.size;) {
        const char *name = older.names.data + at;
        reason = remove_file(files, directory, name);
        at += strlen(name) + 1;
    }
    buffer_deinit(&older.names);
    return reason;
}

/* Whether the segment `serial` begins at or before the transaction behind `sequence`. */
static int begins_in_time(struct file_system *files, const char *directory, uint64_t serial,
                          uint64_t sequence, bool *in_time)
{
    char name[NAME_SIZE];
    struct buffer bytes = {0};
    struct journal_header header;
    uint64_t hash;
    snprintf(name, sizeof(name), JOURNAL_SEGMENT_NAME, (unsigned long long)serial);
    int reason = journal_load_file(files, directory, name, JOURNAL_BLOCK_SIZE, &bytes);
    *in_time = reason == 0 &&
               journal_header_read(buffer_slice(&bytes), &header, &hash) == JOURNAL_HEADER_OK &&
               header.first_sequence <= sequence + 1;
    buffer_deinit(&bytes);
    return reason;
}

/* Oldest first, so that what is left is a chain whenever this ends. */
static int remove_segments(struct file_system *files, const char *directory, uint64_t sequence)
{
    struct buffer serials = {0};
    int reason = journal_list(files, directory, &serials);
    const uint64_t *all = (const uint64_t *)(const void *)serials.data;
    size_t count = serials.size / sizeof(uint64_t);
    bool needless = true;
    for (size_t i = 0; reason == 0 && i + 1 < count; i++) {
        char name[NAME_SIZE];
        reason = begins_in_time(files, directory, all[i + 1], sequence, &needless);
        if (reason != 0 || !needless) {
            break;
        }
        snprintf(name, sizeof(name), JOURNAL_SEGMENT_NAME, (unsigned long long)all[i]);
        reason = remove_file(files, directory, name);
    }
    buffer_deinit(&serials);
    return reason;
}

int snapshot_remove_older(struct file_system *files, const char *directory, uint64_t sequence)
{
    int reason = remove_snapshots(files, directory, sequence);
    return reason != 0 ? reason : remove_segments(files, directory, sequence);
}
