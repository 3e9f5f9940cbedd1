/* The hash of bytes that the tree uses: XXH3 in 64 bits. Seeded where outsiders choose the bytes;
 * fast, but not cryptographic. */
#ifndef TENON_BASE_HASH_H
#define TENON_BASE_HASH_H

#include "base/slice.h"

#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t hash_bytes(struct slice bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

#endif
