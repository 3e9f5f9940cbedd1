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

/* Where the size is a constant the compiler knows which way the hash is made. */
static inline uint64_t hash_bytes_of_usual_size(const char *bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, HASH_USUAL_SIZE, seed);
}

static inline uint64_t hash_bytes(struct slice bytes, uint64_t seed)
{
    return bytes.size == HASH_USUAL_SIZE ? hash_bytes_of_usual_size(bytes.data, seed)
                                         : XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

#endif
