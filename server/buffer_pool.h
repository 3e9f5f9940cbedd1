/* Buffers of one size, last in, first out: what was used last is still in the caches.
 *
 * Idle connections hold none of them. A connection that is served holds two, one for what came and
 * one for what goes; enough are kept for the connections of one turn, because memory that goes back
 * to the system between turns comes again as page faults. */
#ifndef TENON_SERVER_BUFFER_POOL_H
#define TENON_SERVER_BUFFER_POOL_H

#include "base/buffer.h"

#include <stddef.h>

#define BUFFER_POOL_SIZE      TINY_OR(256, 64 * 1024) /* bytes of a buffer */
#define BUFFER_POOL_COUNT_MAX TINY_OR(4, 256)         /* buffers that are kept */

struct buffer_pool {
    struct buffer kept[BUFFER_POOL_COUNT_MAX];
    size_t count;
};

/* An empty pool is {0}. */
void buffer_pool_deinit(struct buffer_pool *pool);

/* Gives `buffer`, which has no memory, at least BUFFER_POOL_SIZE bytes. */
void buffer_pool_take(struct buffer_pool *pool, struct buffer *buffer);

/* Takes the memory of `buffer`, if it has any; one of another size is freed. */
void buffer_pool_give(struct buffer_pool *pool, struct buffer *buffer);

#endif
