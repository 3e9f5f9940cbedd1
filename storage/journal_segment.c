/* Segments: allocated ahead by a thread of its own, then given a header and a name.
 *
 * A segment gets its name only once its header is durable, so one with a name and without a valid
 * header is damaged. It is filled with zeros, not only allocated: otherwise every sync of a group
 * would have to write the file system's metadata too, which takes twice as long. */
#include "base/memory.h"
#include "storage/journal_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#define ZEROS_SIZE (1024 * 1024)

/* How long the allocator waits before it asks again for space that was not there. */
#define RETRY_MS   500

uint64_t journal_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int fill_with_zeros(struct journal *journal, int file)
{
    struct file_system *files = journal->options.files;
    uint64_t size = journal->next_size;
    int reason = files->truncate(files, file, 0);
    if (reason == 0) {
        reason = files->allocate(files, file, size);
    }
    char *zeros = memory_allocate_zeroed(1, ZEROS_SIZE);
    for (uint64_t offset = 0; reason == 0 && offset < size; offset += ZEROS_SIZE) {
        uint64_t left = size - offset;
        size_t piece = left < ZEROS_SIZE ? (size_t)left : ZEROS_SIZE;
        reason = file_write_all(files, file, zeros, piece, offset);
    }
    memory_release(zeros);
    return reason != 0 ? reason : files->sync(files, file);
}

int journal_make_next(struct journal *journal)
{
    struct file_system *files = journal->options.files;
    char path[FILE_PATH_MAX];
    int file;
    int reason = file_path(path, journal->options.directory, JOURNAL_NEXT_NAME);
    if (reason == 0) {
        reason = files->open(files, path, FILE_READ_WRITE, &file);
    }
    if (reason != 0) {
        return reason;
    }
    reason = fill_with_zeros(journal, file);
    files->close(files, file);
    if (reason != 0) {
        /* What it got is of more use to the reserve; nothing follows from a failure here. */
        int ignored = files->unlink(files, path);
        (void)ignored;
        return reason;
    }
    return files->sync_directory(files, journal->options.directory);
}

/* Writes the header into the file, and makes it and then the name durable. */
static int name_segment(struct journal *journal, int file, const struct journal_header *header,
                        const char *next_path, uint64_t *hash)
{
    struct file_system *files = journal->options.files;
    unsigned char block[JOURNAL_BLOCK_SIZE];
    char name[64];
    char path[FILE_PATH_MAX];
    *hash = journal_header_write(header, block);
    snprintf(name, sizeof(name), JOURNAL_SEGMENT_NAME, (unsigned long long)header->serial);
    int reason = file_path(path, journal->options.directory, name);
    if (reason == 0) {
        reason = file_write_all(files, file, block, sizeof(block), 0);
    }
    if (reason == 0) {
        reason = files->sync(files, file);
    }
    if (reason == 0) {
        reason = files->rename(files, next_path, path);
    }
    return reason != 0 ? reason : files->sync_directory(files, journal->options.directory);
}

int journal_open_segment(struct journal *journal, uint64_t last_sequence, uint64_t last_hash)
{
    struct file_system *files = journal->options.files;
    struct journal_segment *segment = &journal->segment;
    struct journal_header header = {
        .version = JOURNAL_FORMAT_VERSION,
        .serial = segment->serial + 1,
        .first_sequence = last_sequence + 1,
        .last_sequence = last_sequence,
        .last_hash = last_hash,
    };
    memcpy(header.database_id, journal->options.database_id, DATABASE_ID_SIZE);
    char next_path[FILE_PATH_MAX];
    int file;
    int reason = file_path(next_path, journal->options.directory, JOURNAL_NEXT_NAME);
    if (reason == 0) {
        reason = files->open(files, next_path, FILE_READ_WRITE, &file);
    }
    if (reason != 0) {
        return reason;
    }
    uint64_t hash;
    reason = name_segment(journal, file, &header, next_path, &hash);
    if (reason != 0) {
        files->close(files, file);
        return reason;
    }
    if (segment->file >= 0) {
        files->close(files, segment->file);
    }
    *segment = (struct journal_segment){
        .file = file,
        .serial = header.serial,
        .size = journal->next_size,
        .offset = JOURNAL_BLOCK_SIZE,
        .durable_offset = JOURNAL_BLOCK_SIZE,
        .hash = hash,
        .durable_hash = hash,
    };
    return 0;
}

/* Waits until the allocator has something to do. Returns false at the end. */
static bool wait_for_order(struct journal *journal)
{
    while (!journal->allocator_stopping && !journal->next_wanted) {
        pthread_cond_wait(&journal->want_next, &journal->mutex);
    }
    return !journal->allocator_stopping;
}

static void wait_before_retry(struct journal *journal)
{
    uint64_t at_us = journal_now_us() + RETRY_MS * 1000;
    struct timespec until = {
        .tv_sec = (time_t)(at_us / 1000000),
        .tv_nsec = (long)(at_us % 1000000) * 1000,
    };
    int status = 0;
    while (status == 0 && !journal->allocator_stopping) {
        status = pthread_cond_timedwait(&journal->want_next, &journal->mutex, &until);
    }
}

/* Tells the others how the allocation went. Under the mutex. */
static void announce_next(struct journal *journal, int reason)
{
    journal->next_reason = reason;
    journal->next_ready = reason == 0;
    journal->next_wanted = reason != 0;
    bool changed = false;
    if (reason == 0 && journal->status.state == JOURNAL_FULL) {
        journal->status.state = JOURNAL_OPEN;
        changed = true;
    } else if (reason != 0 && journal->status.state == JOURNAL_OPEN) {
        journal->status.state = JOURNAL_FULL;
        journal->status.reason = reason;
        changed = true;
    }
    pthread_cond_broadcast(&journal->have_next);
    if (changed) {
        journal->options.wake(journal->options.wake_context);
    }
}

void *journal_allocate_all(void *context)
{
    struct journal *journal = context;
    pthread_mutex_lock(&journal->mutex);
    while (wait_for_order(journal)) {
        pthread_mutex_unlock(&journal->mutex);
        int reason = journal_make_next(journal);
        pthread_mutex_lock(&journal->mutex);
        announce_next(journal, reason);
        if (reason != 0) {
            wait_before_retry(journal);
        }
    }
    pthread_mutex_unlock(&journal->mutex);
    return NULL;
}
