/* The journal as the loop's thread sees it. See journal.h; the threads are in journal_writer.c and
 * journal_segment.c. */
#include "storage/journal.h"

#include "base/memory.h"
#include "storage/bytes.h"
#include "storage/journal_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

static void init_synchronisation(struct journal *journal)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_cond_init(&journal->work, &monotonic);
    pthread_cond_init(&journal->want_next, &monotonic);
    pthread_cond_init(&journal->have_next, &monotonic);
    pthread_cond_init(&journal->progress, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void journal_release(struct journal *journal)
{
    if (journal->segment.file >= 0) {
        journal->options.files->close(journal->options.files, journal->segment.file);
    }
    pthread_cond_destroy(&journal->progress);
    pthread_cond_destroy(&journal->have_next);
    pthread_cond_destroy(&journal->want_next);
    pthread_cond_destroy(&journal->work);
    pthread_mutex_destroy(&journal->mutex);
    buffer_deinit(&journal->group);
    buffer_deinit(&journal->taken.bytes);
    buffer_deinit(&journal->queue.bytes);
    buffer_deinit(&journal->pending.bytes);
    memory_release(journal);
}

static void start_threads(struct journal *journal)
{
    int failed = pthread_create(&journal->writer_thread, NULL, journal_write_all, journal);
    assert(!failed);
    failed = pthread_create(&journal->allocator_thread, NULL, journal_allocate_all, journal);
    assert(!failed);
}

/* Makes the first segment, on a full disk as large as there is space for. Returns 0 or the system's
 * error number. */
static int make_first(struct journal *journal)
{
    int reason = journal_make_next(journal);
    while (file_reason_is_space(reason) && journal->next_size / 2 >= JOURNAL_SEGMENT_SIZE_MIN) {
        journal->next_size = journal->next_size / 2 / JOURNAL_BLOCK_SIZE * JOURNAL_BLOCK_SIZE;
        reason = journal_make_next(journal);
    }
    return reason;
}

/* Waits for space, as after a failure. */
static void begin_without_segment(struct journal *journal, int reason)
{
    journal->status.state = JOURNAL_OPENING;
    journal->status.reason = reason;
    journal->next_reason = reason;
}

static int open_first(struct journal *journal, const struct journal_end *end)
{
    int reason = make_first(journal);
    if (reason == 0) {
        reason = journal_open_segment(journal, end->sequence, end->hash);
    }
    if (reason == 0) {
        journal->room = journal->segment.size - journal->segment.offset;
        journal->next_size = journal_next_size(journal);
    } else if (file_reason_is_space(reason)) {
        begin_without_segment(journal, reason);
        reason = 0;
    }
    return reason;
}

struct journal *journal_create(const struct journal_options *options, const struct journal_end *end,
                               int *reason)
{
    assert(options->segment_size % JOURNAL_BLOCK_SIZE == 0);
    assert(options->segment_size >= JOURNAL_SEGMENT_SIZE_MIN);
    struct journal *journal = memory_allocate_zeroed(1, sizeof(*journal));
    journal->options = *options;
    journal->segment = (struct journal_segment){
        .file = -1,
        .serial = end->serial,
        .durable_hash = end->hash,
    };
    journal->next_sequence = end->sequence + 1;
    journal->confirmed = true;
    journal->next_wanted = true;
    journal->next_size = journal_next_size(journal);
    init_synchronisation(journal);
    *reason = open_first(journal, end);
    if (*reason != 0) {
        journal_release(journal);
        return NULL;
    }
    journal->status.written = end->sequence;
    journal->status.durable = end->sequence;
    journal->status.serial = journal->segment.serial;
    start_threads(journal);
    return journal;
}

void journal_destroy(struct journal *journal)
{
    journal_submit(journal);
    pthread_mutex_lock(&journal->mutex);
    journal->stopping = true;
    pthread_cond_signal(&journal->work);
    pthread_mutex_unlock(&journal->mutex);
    pthread_join(journal->writer_thread, NULL);

    pthread_mutex_lock(&journal->mutex);
    journal->allocator_stopping = true;
    pthread_cond_signal(&journal->want_next);
    pthread_mutex_unlock(&journal->mutex);
    pthread_join(journal->allocator_thread, NULL);
    journal_release(journal);
}

uint64_t journal_record_size_max(const struct journal_options *options)
{
    return options->segment_size - JOURNAL_BLOCK_SIZE - JOURNAL_GROUP_HEADER - BYTES_VARINT_MAX;
}

/* Bytes of disk that a record takes at most: a group of its own. */
static uint64_t record_cost(size_t size)
{
    return journal_group_size(size + BYTES_VARINT_MAX);
}

/* Whether there is space for it: in this segment, or in the next, which is there or being made. */
static bool has_space(const struct journal *journal, uint64_t cost, bool reserve)
{
    if (journal->status.state != JOURNAL_FULL) {
        return true;
    }
    uint64_t kept = reserve ? 0 : journal_reserve(journal);
    return journal->outstanding + cost + kept <= journal->room;
}

enum journal_answer journal_accepts(struct journal *journal, size_t size, bool reserve, int *reason)
{
    if (size > journal_record_size_max(&journal->options)) {
        return JOURNAL_TOO_LARGE;
    }
    uint64_t cost = record_cost(size);
    pthread_mutex_lock(&journal->mutex);
    enum journal_state state = journal->status.state;
    bool accepted =
        (state == JOURNAL_OPEN || state == JOURNAL_FULL) && has_space(journal, cost, reserve);
    if (accepted) {
        journal->outstanding += cost;
    } else {
        *reason = journal->status.reason;
    }
    pthread_mutex_unlock(&journal->mutex);
    return accepted ? JOURNAL_ACCEPTED : JOURNAL_REFUSED;
}

void journal_append(struct journal *journal, uint64_t sequence, struct slice record)
{
    struct journal_batch *pending = &journal->pending;
    if (pending->count == 0) {
        pending->first_sequence = sequence;
    }
    assert(sequence == pending->first_sequence + pending->count);
    bytes_append_varint(&pending->bytes, record.size);
    buffer_append_slice(&pending->bytes, record);
    pending->count += 1;
    pending->cost += record_cost(record.size);
}

/* Moves what is in `from` behind what is in `to`. */
static void batch_move(struct journal_batch *from, struct journal_batch *to)
{
    if (to->count == 0) {
        struct journal_batch emptied = *to;
        *to = *from;
        *from = emptied;
    } else {
        assert(from->first_sequence == to->first_sequence + to->count);
        buffer_append_slice(&to->bytes, buffer_slice(&from->bytes));
        to->count += from->count;
        to->cost += from->cost;
    }
    from->bytes.size = 0;
    from->count = 0;
    from->cost = 0;
}

void journal_submit(struct journal *journal)
{
    struct journal_batch *pending = &journal->pending;
    if (pending->count == 0) {
        return;
    }
    pthread_mutex_lock(&journal->mutex);
    if (journal->status.state == JOURNAL_OPEN || journal->status.state == JOURNAL_FULL) {
        batch_move(pending, &journal->queue);
        pthread_cond_signal(&journal->work);
    } else {
        pending->bytes.size = 0;
        pending->count = 0;
        pending->cost = 0;
    }
    pthread_mutex_unlock(&journal->mutex);
}

void journal_status(struct journal *journal, struct journal_status *status)
{
    pthread_mutex_lock(&journal->mutex);
    *status = journal->status;
    pthread_mutex_unlock(&journal->mutex);
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

void journal_latency(struct journal *journal, struct journal_latency *latency)
{
    uint64_t sorted[JOURNAL_LATENCIES];
    pthread_mutex_lock(&journal->mutex);
    *latency = (struct journal_latency){
        .count = journal->latency_count,
        .max_us = journal->latency_max_us,
    };
    memcpy(sorted, journal->latencies_us, sizeof(sorted));
    pthread_mutex_unlock(&journal->mutex);
    size_t count = latency->count < JOURNAL_LATENCIES ? latency->count : JOURNAL_LATENCIES;
    if (count > 0) {
        qsort(sorted, count, sizeof(sorted[0]), compare_numbers);
        latency->p50_us = sorted[count / 2];
        latency->p99_us = sorted[count * 99 / 100];
    }
}

void journal_sync(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    journal->sync_now = true;
    pthread_cond_signal(&journal->work);
    pthread_mutex_unlock(&journal->mutex);
}

void journal_wait(struct journal *journal)
{
    journal_submit(journal);
    pthread_mutex_lock(&journal->mutex);
    const struct journal_status *status = &journal->status;
    for (;;) {
        bool open = status->state == JOURNAL_OPEN || status->state == JOURNAL_FULL;
        if (!open || (journal->outstanding == 0 && status->durable == status->written)) {
            break;
        }
        journal->sync_now = true;
        pthread_cond_signal(&journal->work);
        pthread_cond_wait(&journal->progress, &journal->mutex);
    }
    pthread_mutex_unlock(&journal->mutex);
}

void journal_forget(struct journal *journal)
{
    journal->pending.bytes.size = 0;
    journal->pending.count = 0;
    journal->pending.cost = 0;
    pthread_mutex_lock(&journal->mutex);
    assert(journal->status.state == JOURNAL_FAILED);
    journal->outstanding = 0;
    journal->status.state = JOURNAL_OPENING;
    pthread_cond_signal(&journal->work);
    pthread_mutex_unlock(&journal->mutex);
}
