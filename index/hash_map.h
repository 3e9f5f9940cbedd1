/* A hash map from keys to pointers that grows without a pause.
 *
 * Extendible hashing (Fagin and others, 1979): a directory of 2^depth pointers leads to segments
 * of some thousand slots of 8 bytes (a 16-bit tag and a 48-bit pointer). A segment that is full is
 * split in two, one that is nearly empty is united with its buddy, so the longest insert moves one
 * segment, and, when the directory doubles, copies 8 bytes for every segment. Keys are not stored:
 * they are read from the entries.
 *
 * Invariants, which hash_map_check() walks:
 *   - an entry lies in the segment that the top bits of its hash lead to, at or behind its home
 *     slot, with no free slot between (linear probing within the segment, which wraps around);
 *   - a segment of depth d is pointed at by exactly 2^(depth - d) directory entries, in a row.
 *
 * The map never owns its entries. A key must not change while its entry is in the map. */
#ifndef TENON_INDEX_HASH_MAP_H
#define TENON_INDEX_HASH_MAP_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_map_segment;
struct pool;

struct hash_map {
    struct slice (*key)(const void *entry); /* reads an entry's key */
    uint64_t seed;                          /* secret, so that nobody can aim for collisions */
    struct pool *pool;                      /* holds the segments … */
    bool owns_pool;                         /* … and nothing else */
    struct hash_map_segment **directory;
    uint32_t depth;         /* the directory has 2^depth pointers */
    uint64_t deepest_count; /* segments of that depth: with none the directory may halve */
    uint64_t count;         /* entries */
    size_t size;            /* bytes of directory and segments */
};

void hash_map_init(struct hash_map *map, struct slice (*key)(const void *entry), uint64_t seed);

/* The same with segments in `pool`, which must outlive the map: for a map that grows with what
 * lies there too. */
void hash_map_init_in(struct hash_map *map, struct pool *pool,
                      struct slice (*key)(const void *entry), uint64_t seed);

void hash_map_deinit(struct hash_map *map);

/* How many of the map's bytes do not lie in its pool. */
size_t hash_map_size_outside(const struct hash_map *map);

/* The hash of a key in this map; what the functions below take. */
uint64_t hash_map_hash(const struct hash_map *map, struct slice key);

/* The hashes of `count` keys. */
void hash_map_hash_all(const struct hash_map *map, const struct slice *keys, uint32_t count,
                       uint64_t *hashes);

/* The entry with the key, or NULL. */
void *hash_map_find(const struct hash_map *map, uint64_t hash, struct slice key);

/* Adds an entry whose key is not in the map. */
void hash_map_insert(struct hash_map *map, uint64_t hash, void *entry);

/* Puts `after` in the place of `before`, which is in the map and has the same key. */
void hash_map_replace(struct hash_map *map, uint64_t hash, void *before, void *after);

/* Takes out `entry`, which is in the map. */
void hash_map_remove(struct hash_map *map, uint64_t hash, void *entry);

/* Asks for the slots of a hash; later, for the entries that they point at. */
void hash_map_prefetch_slot(const struct hash_map *map, uint64_t hash);
void hash_map_prefetch_entry(const struct hash_map *map, uint64_t hash);

/* Asks for what adding an entry with the hash changes. */
void hash_map_prefetch_insert(const struct hash_map *map, uint64_t hash);

/* The entry with the key nearly always, and otherwise some other, without a look at it; NULL: no
 * entry has the key. */
void *hash_map_guess(const struct hash_map *map, uint64_t hash);

/* For each of `count` hashes the entry that has it nearly always, and otherwise some other; NULL:
 * no entry has it. The entries are asked for, and cache misses on the way to them overlap. */
void hash_map_guess_all(const struct hash_map *map, const uint64_t *hashes, uint32_t count,
                        void **entries);

/* Visits every entry, in no order; starts with *place = 0 and returns NULL at the end. The map
 * must not change between calls. */
void *hash_map_iterate(const struct hash_map *map, uint64_t *place);

/* Asserts every invariant above. */
void hash_map_check(const struct hash_map *map);

#endif
