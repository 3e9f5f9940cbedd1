/* Numbers in files: little-endian, of fixed size, or of 7 bits a byte, lowest first, with the top
 * bit set in every byte but the last. */
#ifndef TENON_STORAGE_BYTES_H
#define TENON_STORAGE_BYTES_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* The most bytes that a number takes in 7 bits a byte. */
#define BYTES_VARINT_MAX 10

static inline void bytes_put_u64(void *at, uint64_t number)
{
    unsigned char *bytes = at;
    for (unsigned i = 0; i < sizeof(number); i++) {
        bytes[i] = (unsigned char)(number >> 8 * i);
    }
}

static inline void bytes_put_u32(void *at, uint32_t number)
{
    unsigned char *bytes = at;
    for (unsigned i = 0; i < sizeof(number); i++) {
        bytes[i] = (unsigned char)(number >> 8 * i);
    }
}

static inline uint64_t bytes_get_u64(const void *at)
{
    const unsigned char *bytes = at;
    uint64_t number = 0;
    for (unsigned i = 0; i < sizeof(number); i++) {
        number |= (uint64_t)bytes[i] << 8 * i;
    }
    return number;
}

static inline uint32_t bytes_get_u32(const void *at)
{
    const unsigned char *bytes = at;
    uint32_t number = 0;
    for (unsigned i = 0; i < sizeof(number); i++) {
        number |= (uint32_t)bytes[i] << 8 * i;
    }
    return number;
}

static inline void bytes_append_varint(struct buffer *buffer, uint64_t number)
{
    while (number >= 0x80) {
        buffer_append_char(buffer, (char)(unsigned char)(number | 0x80));
        number >>= 7;
    }
    buffer_append_char(buffer, (char)number);
}

/* Takes a number off the front of `bytes`. Errors: false where there is none. */
MUST_CHECK static inline bool bytes_take_varint(struct slice *bytes, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < bytes->size && i < BYTES_VARINT_MAX; i++) {
        uint64_t bits = (unsigned char)bytes->data[i];
        if (i == BYTES_VARINT_MAX - 1 && bits > 1) {
            return false;
        }
        *number |= (bits & 0x7f) << 7 * i;
        if (bits < 0x80) {
            *bytes = slice_make(bytes->data + i + 1, bytes->size - i - 1);
            return true;
        }
    }
    return false;
}

/* Takes a number and as many bytes as it says. Errors: false where they are not there. */
MUST_CHECK static inline bool bytes_take_slice(struct slice *bytes, struct slice *piece)
{
    uint64_t size;
    if (!bytes_take_varint(bytes, &size) || size > bytes->size) {
        return false;
    }
    *piece = slice_make(bytes->data, (size_t)size);
    *bytes = slice_make(bytes->data + size, bytes->size - (size_t)size);
    return true;
}

#endif
