/* Finding the ends of replies. See reply_reader.h. */
#include "bench/reply_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TARANTOOL_GREETING_SIZE 128
#define TARANTOOL_PREFIX_SIZE   5 /* 0xce and four bytes, big-endian */

/* Where the status begins behind the prefix: a map of three, its first key, and 0xce. */
#define TARANTOOL_STATUS_OFFSET 8
#define TARANTOOL_HEAD_SIZE     12

void reply_reader_init(struct reply_reader *reader, enum reply_protocol protocol)
{
    *reader = (struct reply_reader){.protocol = protocol};
    if (protocol == REPLY_TARANTOOL) {
        reader->left = TARANTOOL_GREETING_SIZE;
        reader->head_size = REPLY_HEAD_SIZE;
    }
}

/* Keeps what is still wanted of a reply's beginning. */
static void keep_head(struct reply_reader *reader, const char *data, size_t size)
{
    size_t room = REPLY_HEAD_SIZE - reader->head_size;
    size_t kept = size < room ? size : room;
    memcpy(reader->head + reader->head_size, data, kept);
    reader->head_size += (uint32_t)kept;
}

static bool head_has(const struct reply_reader *reader, struct slice text)
{
    for (uint32_t i = 0; i + text.size <= reader->head_size; i++) {
        if (memcmp(reader->head + i, text.data, text.size) == 0) {
            return true;
        }
    }
    return false;
}

static void end_line(struct reply_reader *reader)
{
    if (head_has(reader, SLICE("\"error\":{"))) {
        reader->errors += 1;
    } else if (head_has(reader, SLICE("\"result\":null"))) {
        reader->nulls += 1;
    }
    reader->head_size = 0;
}

static uint64_t feed_lines(struct reply_reader *reader, struct slice bytes)
{
    uint64_t count = 0;
    const char *end = bytes.data + bytes.size;
    for (const char *at = bytes.data; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        keep_head(reader, at, (size_t)((stop == NULL ? end : stop) - at));
        if (stop == NULL) {
            break;
        }
        end_line(reader);
        count += 1;
        at = stop + 1;
    }
    return count;
}

/* Steps over what is left of a reply of known size. Returns whether it ended. */
static bool skip_left(struct reply_reader *reader, const char **at, const char *end)
{
    uint64_t there = (uint64_t)(end - *at);
    uint64_t step = there < reader->left ? there : reader->left;
    *at += step;
    reader->left -= step;
    return reader->left == 0;
}

/* A value of RESP is whole. Returns whether the reply is. */
static bool end_redis_value(struct reply_reader *reader)
{
    reader->items -= reader->items > 0;
    return reader->items == 0;
}

/* The first line of a RESP value is whole. Returns whether the reply is. */
static bool end_redis_line(struct reply_reader *reader)
{
    reader->head[reader->head_size < REPLY_HEAD_SIZE ? reader->head_size : REPLY_HEAD_SIZE - 1] = 0;
    reader->head_size = 0;
    reader->errors += reader->head[0] == '-';
    if (reader->head[0] != '$' && reader->head[0] != '*') {
        return end_redis_value(reader);
    }
    long long size = strtoll(reader->head + 1, NULL, 10);
    if (size < 0) {
        reader->nulls += 1;
        return end_redis_value(reader);
    }
    if (reader->head[0] == '*') {
        assert(reader->items == 0);
        reader->items = (uint64_t)size;
        return size == 0;
    }
    reader->left = (uint64_t)size + 2;
    return false;
}

static uint64_t feed_redis(struct reply_reader *reader, struct slice bytes)
{
    uint64_t count = 0;
    const char *end = bytes.data + bytes.size;
    for (const char *at = bytes.data; at < end;) {
        if (reader->left > 0) {
            count += skip_left(reader, &at, end) && end_redis_value(reader);
            continue;
        }
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        keep_head(reader, at, (size_t)((stop == NULL ? end : stop) - at));
        if (stop == NULL) {
            break;
        }
        count += end_redis_line(reader);
        at = stop + 1;
    }
    return count;
}

static uint32_t read_big_endian(const char *data)
{
    const unsigned char *bytes = (const unsigned char *)data;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Takes bytes until the prefix and the status are there. Returns whether they are. */
static bool take_tarantool_head(struct reply_reader *reader, const char **at, const char *end)
{
    size_t missing = TARANTOOL_HEAD_SIZE - reader->head_size;
    size_t there = (size_t)(end - *at);
    size_t step = there < missing ? there : missing;
    keep_head(reader, *at, step);
    *at += step;
    return reader->head_size == TARANTOOL_HEAD_SIZE;
}

static uint64_t feed_tarantool(struct reply_reader *reader, struct slice bytes)
{
    uint64_t count = 0;
    const char *end = bytes.data + bytes.size;
    for (const char *at = bytes.data; at < end;) {
        if (reader->left > 0) {
            bool greeting = reader->head_size == REPLY_HEAD_SIZE;
            bool ended = skip_left(reader, &at, end);
            count += ended && !greeting;
            reader->head_size = ended ? 0 : reader->head_size;
        } else if (take_tarantool_head(reader, &at, end)) {
            uint32_t size = read_big_endian(reader->head + 1);
            reader->errors += read_big_endian(reader->head + TARANTOOL_STATUS_OFFSET) != 0;
            reader->left = size - (TARANTOOL_HEAD_SIZE - TARANTOOL_PREFIX_SIZE);
        }
    }
    return count;
}

uint64_t reply_reader_feed(struct reply_reader *reader, struct slice bytes)
{
    switch (reader->protocol) {
    case REPLY_LINES:
        return feed_lines(reader, bytes);
    case REPLY_REDIS:
        return feed_redis(reader, bytes);
    case REPLY_TARANTOOL:
        return feed_tarantool(reader, bytes);
    }
    return 0;
}
