/* A growing buffer: capacities double, so that appending costs constant time on average. */
#include "base/buffer.h"

#include "base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define BUFFER_CAPACITY_MIN TINY_OR(4, 64)

void buffer_deinit(struct buffer *buffer)
{
    memory_release(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_grow(struct buffer *buffer, size_t more)
{
    assert(buffer->size <= buffer->capacity);
    assert(more <= SIZE_MAX / 2 - buffer->size);
    size_t capacity = buffer->capacity * 2;
    if (capacity < BUFFER_CAPACITY_MIN) {
        capacity = BUFFER_CAPACITY_MIN;
    }
    if (capacity < buffer->size + more) {
        capacity = buffer->size + more;
    }
    buffer->data = memory_resize(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int size = vsnprintf(NULL, 0, format, values);
    va_end(values);
    assert(size >= 0);

    char *text = buffer_reserve(buffer, (size_t)size + 1);
    va_start(values, format);
    vsnprintf(text, (size_t)size + 1, format, values);
    va_end(values);
    buffer->size += (size_t)size;
}
