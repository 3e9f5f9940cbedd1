/* The thread that writes a snapshot. See snapshot.h. */
#include "base/memory.h"
#include "storage/snapshot_format.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

/* Blocks that may wait for the thread. */
#define QUEUE_COUNT 8

/* After so many bytes the file is synced, so that the last sync does not hold the disk for long. */
#define SYNC_SIZE   (32 * 1024 * 1024)

struct given_block {
    struct snapshot_block block;
    struct buffer payload;
};

struct snapshot_writer {
    struct file_system *files;
    const char *directory;
    struct snapshot_header header;
    void (*wake)(void *context);
    void *wake_context;
    pthread_t thread;

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* for either side */
    struct given_block queue[QUEUE_COUNT];
    unsigned queue_start;
    unsigned queue_count;
    bool finished;
    bool may_publish;
    bool stopping;
    enum snapshot_state state;
    int reason;
    uint64_t bytes;

    int file;           /* the thread's, as what follows; -1: none */
    uint64_t offset;    /* of the next block */
    uint64_t synced;    /* bytes of the file that were synced */
    uint64_t hash;      /* of the block before */
    uint64_t documents; /* so far */
};

static void set_state(struct snapshot_writer *writer, enum snapshot_state state, int reason)
{
    pthread_mutex_lock(&writer->mutex);
    writer->state = state;
    writer->reason = reason;
    pthread_cond_broadcast(&writer->changed);
    writer->wake(writer->wake_context);
    pthread_mutex_unlock(&writer->mutex);
}

static int write_bytes(struct snapshot_writer *writer, const void *data, size_t size)
{
    int reason = file_write_all(writer->files, writer->file, data, size, writer->offset);
    writer->offset += size;
    return reason;
}

static int begin_file(struct snapshot_writer *writer)
{
    char path[FILE_PATH_MAX];
    char bytes[SNAPSHOT_HEADER_SIZE];
    int reason = file_path(path, writer->directory, SNAPSHOT_NEW_NAME);
    if (reason == 0) {
        reason = writer->files->open(writer->files, path, FILE_READ_WRITE, &writer->file);
    }
    if (reason != 0) {
        writer->file = -1;
        return reason;
    }
    reason = writer->files->truncate(writer->files, writer->file, 0);
    writer->hash = snapshot_header_write(bytes, &writer->header);
    return reason != 0 ? reason : write_bytes(writer, bytes, sizeof(bytes));
}

static int write_block(struct snapshot_writer *writer, struct snapshot_block *block,
                       struct slice payload)
{
    char header[SNAPSHOT_BLOCK_HEADER];
    snapshot_block_write(header, block, payload, writer->hash);
    writer->hash = block->hash;
    writer->documents += block->count;
    int reason = write_bytes(writer, header, sizeof(header));
    if (reason == 0) {
        reason = write_bytes(writer, payload.data, payload.size);
    }
    if (reason == 0 && writer->offset - writer->synced >= SYNC_SIZE) {
        reason = writer->files->sync(writer->files, writer->file);
        writer->synced = writer->offset;
    }
    return reason;
}

static int write_end(struct snapshot_writer *writer)
{
    char total[SNAPSHOT_END_SIZE];
    assert(writer->documents == writer->header.documents);
    bytes_put_u64(total, writer->documents);
    struct snapshot_block block = {.kind = SNAPSHOT_KIND_END, .payload_size = sizeof(total)};
    int reason = write_block(writer, &block, slice_make(total, sizeof(total)));
    return reason != 0 ? reason : writer->files->sync(writer->files, writer->file);
}

static int publish(struct snapshot_writer *writer)
{
    char name[64];
    char path[FILE_PATH_MAX];
    char new_path[FILE_PATH_MAX];
    struct file_system *files = writer->files;
    snprintf(name, sizeof(name), SNAPSHOT_NAME, (unsigned long long)writer->header.sequence);
    int reason = file_path(path, writer->directory, name);
    if (reason == 0) {
        reason = file_path(new_path, writer->directory, SNAPSHOT_NEW_NAME);
    }
    if (reason == 0) {
        reason = files->rename(files, new_path, path);
    }
    if (reason == 0) {
        reason = files->sync_directory(files, writer->directory);
    }
    return reason != 0 ? reason
                       : snapshot_remove_older(files, writer->directory, writer->header.sequence);
}

/* Takes the next block. Returns false where there will be none. */
static bool take_block(struct snapshot_writer *writer, struct given_block *given)
{
    pthread_mutex_lock(&writer->mutex);
    while (writer->queue_count == 0 && !writer->finished && !writer->stopping) {
        pthread_cond_wait(&writer->changed, &writer->mutex);
    }
    bool taken = writer->queue_count > 0 && !writer->stopping;
    if (taken) {
        *given = writer->queue[writer->queue_start];
        writer->queue[writer->queue_start] = (struct given_block){.payload = {0}};
        writer->queue_start = (writer->queue_start + 1) % QUEUE_COUNT;
        writer->queue_count -= 1;
        writer->bytes = writer->offset;
        pthread_cond_broadcast(&writer->changed);
        if (writer->queue_count == QUEUE_COUNT / 2) {
            writer->wake(writer->wake_context);
        }
    }
    pthread_mutex_unlock(&writer->mutex);
    return taken;
}

/* Waits for leave to publish. Returns false where the snapshot is given up. */
static bool wait_for_leave(struct snapshot_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    while (!writer->may_publish && !writer->stopping) {
        pthread_cond_wait(&writer->changed, &writer->mutex);
    }
    bool may = writer->may_publish;
    pthread_mutex_unlock(&writer->mutex);
    return may;
}

/* Then blocks may be left that nobody writes, whether they are all that there will be or not. */
static bool is_given_up(struct snapshot_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    bool given_up = writer->stopping;
    pthread_mutex_unlock(&writer->mutex);
    return given_up;
}

static int write_all(struct snapshot_writer *writer)
{
    struct given_block given;
    int reason = begin_file(writer);
    while (reason == 0 && take_block(writer, &given)) {
        reason = write_block(writer, &given.block, buffer_slice(&given.payload));
        buffer_deinit(&given.payload);
    }
    return reason;
}

static void *run(void *context)
{
    struct snapshot_writer *writer = context;
    int reason = write_all(writer);
    if (reason == 0 && !is_given_up(writer)) {
        reason = write_end(writer);
        if (reason == 0) {
            set_state(writer, SNAPSHOT_SYNCED, 0);
            if (wait_for_leave(writer)) {
                reason = publish(writer);
                set_state(writer, reason == 0 ? SNAPSHOT_PUBLISHED : SNAPSHOT_FAILED, reason);
                return NULL;
            }
        }
    }
    if (reason != 0) {
        set_state(writer, SNAPSHOT_FAILED, reason);
    }
    return NULL;
}

struct snapshot_writer *snapshot_writer_create(struct file_system *files, const char *directory,
                                               const struct snapshot_header *header,
                                               void (*wake)(void *context), void *wake_context)
{
    struct snapshot_writer *writer = memory_allocate_zeroed(1, sizeof(*writer));
    writer->files = files;
    writer->directory = directory;
    writer->header = *header;
    writer->wake = wake;
    writer->wake_context = wake_context;
    writer->file = -1;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->changed, NULL);
    int failed = pthread_create(&writer->thread, NULL, run, writer);
    assert(!failed);
    return writer;
}

/* Removes a file that got no name. */
static void remove_new(struct snapshot_writer *writer)
{
    char path[FILE_PATH_MAX];
    if (file_path(path, writer->directory, SNAPSHOT_NEW_NAME) == 0) {
        /* What is left of it does no harm: the next snapshot begins it anew. */
        int ignored = writer->files->unlink(writer->files, path);
        (void)ignored;
    }
}

void snapshot_writer_destroy(struct snapshot_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    if (writer->file >= 0) {
        writer->files->close(writer->files, writer->file);
    }
    if (writer->state != SNAPSHOT_PUBLISHED) {
        remove_new(writer);
    }
    for (unsigned i = 0; i < QUEUE_COUNT; i++) {
        buffer_deinit(&writer->queue[i].payload);
    }
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->mutex);
    memory_release(writer);
}

bool snapshot_writer_has_room(struct snapshot_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    bool room = writer->queue_count < QUEUE_COUNT && writer->state == SNAPSHOT_WRITING;
    pthread_mutex_unlock(&writer->mutex);
    return room;
}

void snapshot_writer_give(struct snapshot_writer *writer, uint32_t table_number, uint32_t count,
                          struct buffer *payload)
{
    struct given_block given = {
        .block = {.kind = SNAPSHOT_KIND_DOCUMENTS,
                  .table_number = table_number,
                  .payload_size = (uint32_t)payload->size,
                  .count = count},
        .payload = *payload,
    };
    *payload = (struct buffer){0};
    pthread_mutex_lock(&writer->mutex);
    while (writer->queue_count == QUEUE_COUNT && writer->state == SNAPSHOT_WRITING) {
        pthread_cond_wait(&writer->changed, &writer->mutex);
    }
    if (writer->state == SNAPSHOT_WRITING) {
        writer->queue[(writer->queue_start + writer->queue_count) % QUEUE_COUNT] = given;
        writer->queue_count += 1;
        given.payload = (struct buffer){0};
    }
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    buffer_deinit(&given.payload);
}

void snapshot_writer_finish(struct snapshot_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->finished = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
}

void snapshot_writer_publish(struct snapshot_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->may_publish = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
}

enum snapshot_state snapshot_writer_state(struct snapshot_writer *writer, int *reason,
                                          uint64_t *bytes)
{
    pthread_mutex_lock(&writer->mutex);
    enum snapshot_state state = writer->state;
    *reason = writer->reason;
    *bytes = writer->bytes;
    pthread_mutex_unlock(&writer->mutex);
    return state;
}

void snapshot_writer_wait(struct snapshot_writer *writer, enum snapshot_state state)
{
    pthread_mutex_lock(&writer->mutex);
    while (writer->state == state) {
        pthread_cond_wait(&writer->changed, &writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
}
