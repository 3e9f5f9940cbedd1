/* A buffer: bytes in a row that grow at the end.
 *
 * Invariant: size <= capacity. The buffer owns its bytes; they move when it grows. */
#ifndef TENON_BASE_BUFFER_H
#define TENON_BASE_BUFFER_H

#include "base/macros.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
};

/* An empty buffer, which has no memory yet, is {0}. */
void buffer_deinit(struct buffer *buffer);

/* The slow path of buffer_reserve: at least doubles the capacity. */
void buffer_grow(struct buffer *buffer, size_t more);

/* Makes room for `more` bytes and returns where they go; buffer->size is left as it is. */
static inline char *buffer_reserve(struct buffer *buffer, size_t more)
{
    if (UNLIKELY(buffer->capacity - buffer->size < more)) {
        buffer_grow(buffer, more);
    }
    return buffer->data + buffer->size;
}

static inline void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size > 0) {
        memcpy(buffer_reserve(buffer, size), data, size);
        buffer->size += size;
    }
}

static inline void buffer_append_slice(struct buffer *buffer, struct slice slice)
{
    buffer_append(buffer, slice.data, slice.size);
}

static inline void buffer_append_char(struct buffer *buffer, char byte)
{
    *buffer_reserve(buffer, 1) = byte;
    buffer->size += 1;
}

/* Appends as printf does, without a terminating zero. */
void buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* What the buffer holds; valid until it grows. */
static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return slice_make(buffer->data, buffer->size);
}

#endif
