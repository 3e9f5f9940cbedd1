/* Buffers of one size. See buffer_pool.h. */
#include "server/buffer_pool.h"

#include <assert.h>

void buffer_pool_deinit(struct buffer_pool *pool)
{
    while (pool->count > 0) {
        pool->count -= 1;
        buffer_deinit(&pool->kept[pool->count]);
    }
}

void buffer_pool_take(struct buffer_pool *pool, struct buffer *buffer)
{
    assert(buffer->capacity == 0);
    if (pool->count > 0) {
        pool->count -= 1;
        *buffer = pool->kept[pool->count];
        return;
    }
    buffer_reserve(buffer, BUFFER_POOL_SIZE);
}

void buffer_pool_give(struct buffer_pool *pool, struct buffer *buffer)
{
    if (buffer->capacity != BUFFER_POOL_SIZE || pool->count == BUFFER_POOL_COUNT_MAX) {
        buffer_deinit(buffer);
        return;
    }
    buffer->size = 0;
    pool->kept[pool->count] = *buffer;
    pool->count += 1;
    *buffer = (struct buffer){0};
}
