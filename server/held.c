/* Replies that wait for the disk. See held.h. */
#include "server/held.h"

#include "protocol/reply.h"

#include <assert.h>

static const struct held_reply *replies(const struct held *held, size_t *count)
{
    *count = held->replies.size / sizeof(struct held_reply);
    return (const struct held_reply *)(const void *)held->replies.data;
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

void held_add(struct held *held, uint64_t end, uint64_t sequence)
{
    struct held_reply reply = {.end = end, .sequence = sequence};
    if (held_is_empty(held)) {
        held->replies.size = 0;
        held->start = 0;
    }
    buffer_append(&held->replies, &reply, sizeof(reply));
}

uint64_t held_release(struct held *held, uint64_t durable)
{
    size_t count;
    const struct held_reply *all = replies(held, &count);
    uint64_t end = 0;
    while (held->start < count && all[held->start].sequence <= durable) {
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

void held_replace(struct held *held, struct buffer *output, uint64_t start, uint64_t held_from,
                  uint64_t durable, bool headers, const struct error *error)
{
    size_t count;
    const struct held_reply *all = replies(held, &count);
    struct buffer replaced = {0};
    size_t from = (size_t)(held_from - start);
    buffer_append(&replaced, output->data, from);
    for (size_t i = held->start; i < count; i++) {
        size_t end = (size_t)(all[i].end - start);
        struct slice reply = slice_make(output->data + from, end - from);
        assert(end >= from && end <= output->size);
        if (all[i].sequence > durable && reply.size > 0) {
            reply_replace(&replaced, reply, headers, error);
        } else {
            buffer_append_slice(&replaced, reply);
        }
        from = end;
    }
    assert(from == output->size);
    buffer_deinit(output);
    *output = replaced;
    held_deinit(held);
}
