/* The hash of bytes that the tree uses: XXH3 in 64 bits. Seeded where outsiders choose the bytes;
 * fast, but not cryptographic. */
#ifndef TENON_BASE_HASH_H
#define TENON_BASE_HASH_H

#include "base/slice.h"

#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The size of most ids, and so of most of what is hashed. */
#define HASH_USUAL_SIZE 32

static inline uint64_t hash_bytes(struct slice bytes, uint64_t seed)
{
    /* The same hash; but where the size is a constant the compiler knows which way it is made. */
    if (bytes.size == HASH_USUAL_SIZE) {
        return XXH3_64bits_withSeed(bytes.data, HASH_USUAL_SIZE, seed);
    }
    return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

#endif
