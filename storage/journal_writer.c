/* The journal's thread: groups, their syncs, and the turn from one segment to the next.
 *
 * Only one group at a time is written and not synced (with JOURNAL_SYNC_ALWAYS), so a crash tears
 * at most that one. Segments end synced in every mode, because the header of the next one says that
 * its last group is valid. */
#include "storage/bytes.h"
#include "storage/journal_internal.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

/* After so long without a new group an empty one says that the last is durable. */
#define CONFIRM_MS    10

/* How long the thread waits before it tries again to open a segment after a failure. */
#define OPEN_RETRY_MS 500

/* The longest that a group waits for those who are likely to join it. */
#define GATHER_MAX_US 2000

#define US_PER_MS     1000

static void wake_loop(struct journal *journal)
{
    journal->options.wake(journal->options.wake_context);
}

/* Waits for work until the time `at_us`. Under the mutex. */
static void wait_until(struct journal *journal, uint64_t at_us)
{
    struct timespec until = {
        .tv_sec = (time_t)(at_us / 1000000),
        .tv_nsec = (long)(at_us % 1000000) * 1000,
    };
    pthread_cond_timedwait(&journal->work, &journal->mutex, &until);
}

/* The same for at most `milliseconds`. */
static void wait_for_work(struct journal *journal, uint64_t milliseconds)
{
    wait_until(journal, journal_now_us() + milliseconds * US_PER_MS);
}

/* Gives the segment up: what is not durable will never be. */
static void segment_fail(struct journal *journal, int reason)
{
    assert(reason != 0);
    pthread_mutex_lock(&journal->mutex);
    journal->status.state = JOURNAL_FAILED;
    journal->status.reason = reason;
    journal->status.failures += 1;
    journal->queue.bytes.size = 0;
    journal->queue.count = 0;
    journal->queue.cost = 0;
    journal->outstanding = 0;
    journal->taken.count = 0;
    journal->taken.bytes.size = 0;
    pthread_cond_broadcast(&journal->progress);
    wake_loop(journal);
    pthread_mutex_unlock(&journal->mutex);
}

static void count_latency(struct journal *journal, uint64_t us)
{
    journal->latencies_us[journal->latency_count % JOURNAL_LATENCIES] = us;
    journal->latency_count += 1;
    if (us > journal->latency_max_us) {
        journal->latency_max_us = us;
    }
}

/* Guesses, at the end of a sync that took `took_us`, what comes next: those whose records it made
 * durable are likely to write again at once, while others wait already. Without a little patience
 * the two would take turns for good, each waiting for the sync of the other. Under the mutex. */
static void expect_group(struct journal *journal, uint64_t end_us, uint64_t took_us)
{
    uint64_t synced = journal->next_sequence - 1 - journal->status.durable;
    uint64_t patience_us = took_us / 2 < GATHER_MAX_US ? took_us / 2 : GATHER_MAX_US;
    journal->gather_count = journal->queue.count + synced;
    journal->gather_until_us = end_us + patience_us;
}

/* Makes all that was written durable. Returns 0 or the system's error number. */
static int segment_sync(struct journal *journal)
{
    struct journal_segment *segment = &journal->segment;
    struct file_system *files = journal->options.files;
    uint64_t start_us = journal_now_us();
    int reason = files->sync(files, segment->file);
    uint64_t end_us = journal_now_us();
    if (reason != 0) {
        return reason;
    }
    segment->durable_offset = segment->offset;
    segment->durable_hash = segment->hash;
    journal->synced_at_ms = end_us / US_PER_MS;
    pthread_mutex_lock(&journal->mutex);
    count_latency(journal, end_us - start_us);
    expect_group(journal, end_us, end_us - start_us);
    journal->status.durable = journal->next_sequence - 1;
    pthread_cond_broadcast(&journal->progress);
    wake_loop(journal);
    pthread_mutex_unlock(&journal->mutex);
    return 0;
}

/* Writes one group of `count` records. Returns 0 or the system's error number. */
static int group_write(struct journal *journal, struct slice payload, uint64_t count)
{
    struct journal_segment *segment = &journal->segment;
    struct journal_group group = {
        .first_sequence = journal->next_sequence,
        .count = count,
        .durable_sequence = journal->status.durable,
        .durable_offset = segment->durable_offset,
        .previous_hash = segment->hash,
        .serial = segment->serial,
        .offset = segment->offset,
        .payload = payload,
    };
    journal->group.size = 0;
    journal_group_write(&journal->group, &group);
    struct file_system *files = journal->options.files;
    int reason = file_write_all(files, segment->file, journal->group.data, journal->group.size,
                                segment->offset);
    if (reason != 0) {
        return reason;
    }
    segment->offset += group.size;
    segment->hash = group.hash;
    journal->next_sequence += count;
    journal->confirmed = count == 0;
    pthread_mutex_lock(&journal->mutex);
    journal->status.written = journal->next_sequence - 1;
    journal->status.bytes += group.size;
    journal->status.groups += 1;
    journal->room = segment->size - segment->offset;
    pthread_mutex_unlock(&journal->mutex);
    return 0;
}

/* Waits for the segment that is allocated ahead. Returns 0, or why there is none. */
static int wait_for_next(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    while (!journal->next_ready && journal->next_reason == 0) {
        pthread_cond_wait(&journal->have_next, &journal->mutex);
    }
    int reason = journal->next_ready ? 0 : journal->next_reason;
    journal->next_ready = false;
    pthread_mutex_unlock(&journal->mutex);
    return reason;
}

/* Has the allocator make the segment after this one. */
static void order_next(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    journal->next_ready = false;
    journal->next_wanted = true;
    journal->next_reason = 0;
    journal->next_size = journal_next_size(journal);
    journal->room = journal->segment.size - journal->segment.offset;
    journal->status.serial = journal->segment.serial;
    pthread_cond_signal(&journal->want_next);
    pthread_mutex_unlock(&journal->mutex);
}

/* Goes on in the next segment, behind all that was written. */
static int segment_turn(struct journal *journal)
{
    int reason = 0;
    if (journal->segment.durable_offset != journal->segment.offset) {
        reason = segment_sync(journal);
    }
    if (reason == 0) {
        reason = wait_for_next(journal);
    }
    if (reason == 0) {
        reason = journal_open_segment(journal, journal->next_sequence - 1, journal->segment.hash);
        order_next(journal);
    }
    return reason;
}

/* The most bytes of payload that the segment still takes. */
static uint64_t segment_payload_room(const struct journal *journal)
{
    uint64_t room = journal->segment.size - journal->segment.offset;
    return room < JOURNAL_GROUP_HEADER ? 0 : room - JOURNAL_GROUP_HEADER;
}

/* Splits the first records off `records` that have at most `size_max` bytes together. */
static struct slice split_records(struct slice *records, uint64_t size_max, uint64_t *count)
{
    struct slice rest = *records;
    struct slice all = rest;
    *count = 0;
    while (rest.size > 0) {
        struct slice record;
        struct slice behind = rest;
        bool whole = bytes_take_slice(&behind, &record);
        assert(whole);
        if ((uint64_t)(behind.data - all.data) > size_max) {
            break;
        }
        rest = behind;
        *count += 1;
    }
    *records = rest;
    return slice_make(all.data, (size_t)(rest.data - all.data));
}

/* Writes all that was taken, as one group where the segment has room for it. */
static int write_taken(struct journal *journal)
{
    struct slice left = buffer_slice(&journal->taken.bytes);
    while (left.size > 0) {
        uint64_t room = segment_payload_room(journal);
        uint64_t count = journal->taken.count;
        struct slice payload = left;
        if (left.size > room || count == 0) {
            payload = split_records(&left, room, &count);
        } else {
            left.size = 0;
        }
        int reason = count > 0 ? group_write(journal, payload, count) : segment_turn(journal);
        if (reason != 0) {
            return reason;
        }
        journal->taken.count -= count;
    }
    return 0;
}

static bool sync_is_due(struct journal *journal, bool sync_now)
{
    if (journal->segment.durable_offset == journal->segment.offset) {
        return false;
    }
    if (sync_now || journal->options.sync == JOURNAL_SYNC_ALWAYS) {
        return true;
    }
    uint64_t now_ms = journal_now_us() / US_PER_MS;
    return journal->options.sync == JOURNAL_SYNC_INTERVAL &&
           now_ms - journal->synced_at_ms >= journal->options.interval_ms;
}

/* Whether there is room for an empty group that deletes do not need more. */
static bool has_room_to_confirm(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    bool full = journal->status.state == JOURNAL_FULL;
    pthread_mutex_unlock(&journal->mutex);
    uint64_t kept = full ? journal_reserve(journal) : 0;
    return journal->segment.size - journal->segment.offset >= JOURNAL_BLOCK_SIZE + kept;
}

/* An empty group, which says that all before it is durable. */
static int confirm(struct journal *journal)
{
    if (!has_room_to_confirm(journal)) {
        journal->confirmed = true;
        return 0;
    }
    int reason = group_write(journal, SLICE(""), 0);
    return reason != 0 ? reason : segment_sync(journal);
}

/* Takes what was submitted. Under the mutex. */
static void take_queue(struct journal *journal)
{
    struct journal_batch emptied = journal->taken;
    journal->taken = journal->queue;
    emptied.bytes.size = 0;
    emptied.count = 0;
    emptied.cost = 0;
    journal->queue = emptied;
    assert(journal->taken.count == 0 || journal->taken.first_sequence == journal->next_sequence);
}

static void release_cost(struct journal *journal, uint64_t cost)
{
    pthread_mutex_lock(&journal->mutex);
    if (journal->status.state != JOURNAL_FAILED) {
        assert(cost <= journal->outstanding);
        journal->outstanding -= cost;
    }
    pthread_cond_broadcast(&journal->progress);
    if (journal->options.sync == JOURNAL_SYNC_SYSTEM) {
        wake_loop(journal);
    }
    pthread_mutex_unlock(&journal->mutex);
}

/* Does what there is to do, without the mutex. */
static void work_once(struct journal *journal, bool sync_now)
{
    uint64_t cost = journal->taken.cost;
    bool had_work = journal->taken.count > 0;
    int reason = write_taken(journal);
    journal->taken.bytes.size = 0;
    if (reason == 0 && sync_is_due(journal, sync_now)) {
        reason = segment_sync(journal);
    } else if (reason == 0 && !had_work && !journal->confirmed &&
               journal->segment.durable_offset == journal->segment.offset) {
        reason = confirm(journal);
    }
    if (reason != 0) {
        segment_fail(journal, reason);
    } else {
        release_cost(journal, cost);
    }
}

/* Opens a new segment after a failure. */
static void reopen(struct journal *journal)
{
    struct journal_segment *segment = &journal->segment;
    int reason = wait_for_next(journal);
    if (reason == 0) {
        journal->next_sequence = journal->status.durable + 1;
        reason = journal_open_segment(journal, journal->status.durable, segment->durable_hash);
        order_next(journal);
    }
    pthread_mutex_lock(&journal->mutex);
    if (reason == 0) {
        journal->confirmed = true;
        journal->status.state = JOURNAL_OPEN;
        journal->status.written = journal->status.durable;
        wake_loop(journal);
    } else {
        journal->status.reason = reason;
        wait_for_work(journal, OPEN_RETRY_MS);
    }
    pthread_mutex_unlock(&journal->mutex);
}

/* How long the thread may sleep while nothing comes. */
static uint64_t patience_ms(const struct journal *journal)
{
    if (journal->options.sync == JOURNAL_SYNC_INTERVAL &&
        journal->segment.durable_offset != journal->segment.offset) {
        return journal->options.interval_ms;
    }
    return CONFIRM_MS;
}

/* Whether there is nothing to do but to wait for the loop's thread. */
static bool is_at_rest(const struct journal *journal)
{
    bool synced = journal->segment.durable_offset == journal->segment.offset ||
                  journal->options.sync == JOURNAL_SYNC_SYSTEM;
    return journal->status.state == JOURNAL_FAILED ||
           (synced && (journal->confirmed || journal->options.sync == JOURNAL_SYNC_SYSTEM));
}

/* Lets a group grow to what is expected soon. Under the mutex. */
static void gather(struct journal *journal)
{
    while (journal->options.sync == JOURNAL_SYNC_ALWAYS && journal->queue.count > 0 &&
           journal->queue.count < journal->gather_count && !journal->sync_now &&
           !journal->stopping && journal_now_us() < journal->gather_until_us) {
        wait_until(journal, journal->gather_until_us);
    }
}

/* Waits until there is something to do. Under the mutex. Returns false at the end. */
static bool wait_for_turn(struct journal *journal)
{
    bool has_work =
        journal->queue.count > 0 || journal->sync_now || journal->status.state == JOURNAL_OPENING;
    if (!has_work && !journal->stopping) {
        if (is_at_rest(journal)) {
            pthread_cond_wait(&journal->work, &journal->mutex);
        } else {
            wait_for_work(journal, patience_ms(journal));
        }
    }
    gather(journal);
    return !journal->stopping || journal->queue.count > 0;
}

/* Makes durable and confirms what is left at a clean stop. */
static void finish(struct journal *journal)
{
    if (journal->status.state == JOURNAL_FAILED || journal->status.state == JOURNAL_OPENING) {
        return;
    }
    int reason = sync_is_due(journal, true) ? segment_sync(journal) : 0;
    if (reason == 0 && !journal->confirmed) {
        reason = confirm(journal);
    }
    if (reason != 0) {
        segment_fail(journal, reason);
    }
}

void *journal_write_all(void *context)
{
    struct journal *journal = context;
    pthread_mutex_lock(&journal->mutex);
    while (wait_for_turn(journal)) {
        enum journal_state state = journal->status.state;
        bool sync_now = journal->sync_now;
        journal->sync_now = false;
        if (state != JOURNAL_FAILED && state != JOURNAL_OPENING) {
            take_queue(journal);
        }
        pthread_mutex_unlock(&journal->mutex);
        if (state == JOURNAL_OPENING) {
            reopen(journal);
        } else if (state != JOURNAL_FAILED) {
            work_once(journal, sync_now);
        }
        pthread_mutex_lock(&journal->mutex);
    }
    pthread_mutex_unlock(&journal->mutex);
    finish(journal);
    return NULL;
}
