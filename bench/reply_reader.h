/* Finds the ends of replies in what a server sends, and counts the ones that are errors.
 *
 *   lines     Tenon: a reply a line
 *   redis     simple strings, errors, integers, bulk strings of RESP, and arrays of these
 *   tarantool a greeting of 128 bytes, then length-prefixed MessagePack
 *
 * A reader sees bytes once, in pieces of any size, and keeps no more than a reply's head. */
#ifndef TENON_BENCH_REPLY_READER_H
#define TENON_BENCH_REPLY_READER_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum reply_protocol { REPLY_LINES, REPLY_REDIS, REPLY_TARANTOOL };

#define REPLY_HEAD_SIZE 64

struct reply_reader {
    enum reply_protocol protocol;
    char head[REPLY_HEAD_SIZE]; /* how the current reply begins */
    uint32_t head_size;
    uint64_t left;   /* bytes of the current reply that are still to come, where that is known */
    uint64_t items;  /* redis: of the current array, that are still to come */
    uint64_t errors; /* replies that were errors */
    uint64_t nulls;  /* replies that were null, or nothing */
};

void reply_reader_init(struct reply_reader *reader, enum reply_protocol protocol);

/* Takes the next bytes and returns how many replies ended in them. */
uint64_t reply_reader_feed(struct reply_reader *reader, struct slice bytes);

#endif
