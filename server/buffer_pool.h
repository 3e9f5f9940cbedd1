/* Buffers of one size, last in, first out: what was used last is still in the caches.
 *
 * Idle connections hold none of them. */
#ifndef TENON_SERVER_BUFFER_POOL_H
#define TENON_SERVER_BUFFER_POOL_H

#include "base/buffer.h"

#include <stddef.h>

#define BUFFER_POOL_SIZE      TINY_OR(256, 64 * 1024) /* bytes of a buffer */
#define BUFFER_POOL_COUNT_MAX TINY_OR(4, 64)          /* buffers that are kept */

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
