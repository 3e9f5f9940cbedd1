/* The slow log: the newest requests that took long, with what they asked and what they read.
 *
 * Invariant: count <= SLOWLOG_COUNT; the entry that is written next is the oldest. */
#ifndef TENON_SERVER_SLOWLOG_H
#define TENON_SERVER_SLOWLOG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdint.h>

#define SLOWLOG_COUNT      TINY_OR(4, 128)
#define SLOWLOG_TEXT_SIZE  4096 /* bytes of text that an entry keeps */
#define SLOWLOG_DEFAULT_MS 10

/* What is noted of a request. */
struct slow_request {
    struct slice method;
    struct value params;   /* missing where there were none */
    uint64_t time_ms;      /* when it ended, since 1970 */
    uint64_t took_ns;      /* how long it ran, its reply included */
    uint64_t documents;    /* that it read */
    uint64_t ranges;       /* that it asked for */
    uint64_t result_bytes; /* of its result */
    struct slice error;    /* the name of the error it ended with; empty: none */
};

struct slowlog_entry {
    struct buffer method;
    struct buffer text;      /* JSON, perhaps cut */
    uint64_t text_size;      /* before it was cut */
    uint64_t arguments_size; /* bytes of `args`, or of all params where the method takes no args */
    struct slow_request request;
};

struct slowlog {
    uint64_t limit_ns; /* requests that take as long, or longer, are noted */
    struct slowlog_entry entries[SLOWLOG_COUNT];
    uint32_t count;
    uint32_t next;
};

void slowlog_init(struct slowlog *slowlog, uint64_t limit_ms);
void slowlog_deinit(struct slowlog *slowlog);

/* Notes a request. Of a program, the text is its `do` and `return`; of any other, its params. */
void slowlog_add(struct slowlog *slowlog, struct arena *arena, const struct slow_request *request);

/* The entries, slowest first, as the method `slowlog` answers. The value lives in `arena`. */
struct value slowlog_describe(const struct slowlog *slowlog, struct arena *arena);

#endif
