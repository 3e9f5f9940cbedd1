/* Replies that wait for the disk. See held.h. */
#include "server/held.h"

#include "protocol/reply.h"

#include <assert.h>

static struct held_reply *replies(const struct held *held, size_t *count)
{
    *count = held->replies.size / sizeof(struct held_reply);
    return (struct held_reply *)(void *)held->replies.data;
}

void held_deinit(struct held *held)
{
    buffer_deinit(&held->replies);
    *held = (struct held){.start = 0};
}

bool held_is_empty(const struct held *held)
{
    return held->start * sizeof(struct held_reply) == held->replies.size;
}

void held_add(struct held *held, uint64_t end, const struct held_state *waits_for)
{
    struct held_reply reply = {.end = end, .waits_for = *waits_for};
    if (held_is_empty(held)) {
        held->replies.size = 0;
        held->start = 0;
    }
    buffer_append(&held->replies, &reply, sizeof(reply));
}

static bool has_come(const struct held_state *waits_for, const struct held_state *reached)
{
    return waits_for->sequence <= reached->sequence && waits_for->snapshot <= reached->snapshot;
}

uint64_t held_release(struct held *held, const struct held_state *reached)
{
    size_t count;
    const struct held_reply *all = replies(held, &count);
    uint64_t end = 0;
    while (held->start < count && has_come(&all[held->start].waits_for, reached)) {
        assert(all[held->start].end >= end);
        end = all[held->start].end;
        held->start += 1;
    }
    if (held_is_empty(held)) {
        buffer_deinit(&held->replies);
        held->start = 0;
    }
    return end;
}

static bool is_lost(const struct held_state *waits_for, const struct held_loss *loss)
{
    return waits_for->sequence > loss->durable ||
           (loss->snapshot != 0 && waits_for->snapshot == loss->snapshot);
}

void held_replace(struct held *held, struct buffer *output, uint64_t start, uint64_t held_from,
                  const struct held_loss *loss, bool headers, const struct error *error)
{
    size_t count;
    struct held_reply *all = replies(held, &count);
    struct buffer replaced = {0};
    size_t from = (size_t)(held_from - start);
    buffer_append(&replaced, output->data, from);
    for (size_t i = held->start; i < count; i++) {
        size_t end = (size_t)(all[i].end - start);
        struct slice reply = slice_make(output->data + from, end - from);
        assert(end >= from && end <= output->size);
        bool lost = is_lost(&all[i].waits_for, loss);
        if (lost && reply.size > 0) {
            reply_replace(&replaced, reply, headers, error);
        } else {
            buffer_append_slice(&replaced, reply);
        }
        if (lost) {
            all[i].waits_for = (struct held_state){.sequence = 0};
        }
        all[i].end = start + replaced.size;
        from = end;
    }
    assert(from == output->size);
    buffer_deinit(output);
    *output = replaced;
}
