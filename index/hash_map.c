/* The hash map: a directory of segments.
 *
 * The top bits of a hash choose the segment, the low 16 are the slot's tag. The tag gives the home
 * slot (its product with the number of slots, divided by 2^16) and some six bits more, so that
 * probing, removing and merging need not touch entries; only a split reads keys again. Removal
 * shifts the slots behind back, so there are no tombstones. A segment is split when seven eighths
 * of its slots are in use, and merged with its buddy when both together use less than three
 * eighths; the directory halves when no segment needs its last bit. */
#include "index/hash_map.h"

#include "base/hash.h"
#include "base/macros.h"
#include "base/memory.h"
#include "base/pool.h"

#include <assert.h>
#include <stdbool.h>

#define SLOT_COUNT    TINY_OR(8, 1022) /* a segment fills a slot of 8 KiB in the pool */
#define SEGMENT_FULL  (SLOT_COUNT * 7 / 8)
#define SEGMENT_MERGE (SLOT_COUNT * 3 / 8)
#define DEPTH_MAX     30 /* a seeded hash does not get there by chance */
#define TAG_SHIFT     48
#define POINTER_MASK  (((uint64_t)1 << TAG_SHIFT) - 1)
#define AHEAD         16 /* entries that are fetched before their keys are hashed */

struct hash_map_segment {
    uint32_t depth;
    uint32_t count;
    uint64_t reserved;          /* keeps the slots aligned to 16 */
    uint64_t slots[SLOT_COUNT]; /* 0: free; else the tag and a pointer */
};

static uint64_t slot_make(uint64_t hash, const void *entry)
{
    uint64_t pointer = (uint64_t)(uintptr_t)entry;
    assert(pointer != 0 && (pointer & ~POINTER_MASK) == 0);
    return hash << TAG_SHIFT | pointer;
}

static void *slot_entry(uint64_t slot)
{
    return (void *)(uintptr_t)(slot & POINTER_MASK);
}

static uint32_t slot_home(uint64_t slot)
{
    return (uint32_t)((slot >> TAG_SHIFT) * SLOT_COUNT >> 16);
}

static uint32_t position_after(uint32_t position)
{
    return position + 1 == SLOT_COUNT ? 0 : position + 1;
}

static uint64_t directory_index(const struct hash_map *map, uint64_t hash)
{
    return hash >> 1 >> (63 - map->depth);
}

static struct hash_map_segment *segment_of(const struct hash_map *map, uint64_t hash)
{
    return map->directory[directory_index(map, hash)];
}

static struct hash_map_segment *segment_create(struct hash_map *map, uint32_t depth)
{
    struct hash_map_segment *segment = pool_allocate(map->pool, sizeof(*segment));
    memset(segment, 0, sizeof(*segment));
    segment->depth = depth;
    map->size += sizeof(*segment);
    map->deepest_count += depth == map->depth;
    return segment;
}

static void segment_destroy(struct hash_map *map, struct hash_map_segment *segment)
{
    map->size -= sizeof(*segment);
    pool_release(map->pool, segment, sizeof(*segment));
}

/* Puts a slot that is not there into the segment, which has room. */
static void segment_insert(struct hash_map_segment *segment, uint64_t slot)
{
    assert(segment->count < SLOT_COUNT - 1);
    uint32_t position = slot_home(slot);
    while (segment->slots[position] != 0) {
        position = position_after(position);
    }
    segment->slots[position] = slot;
    segment->count++;
}

/* The position of a slot that is there. */
static uint32_t segment_find(const struct hash_map_segment *segment, uint64_t slot)
{
    uint32_t position = slot_home(slot);
    while (segment->slots[position] != slot) {
        assert(segment->slots[position] != 0);
        position = position_after(position);
    }
    return position;
}

/* Frees a position: each slot behind, up to the next free one, moves into the gap if the gap lies
 * between its home and its place. */
static void segment_remove(struct hash_map_segment *segment, uint32_t gap)
{
    uint32_t position = gap;
    for (;;) {
        position = position_after(position);
        uint64_t slot = segment->slots[position];
        if (slot == 0) {
            break;
        }
        uint32_t from_home = (position + SLOT_COUNT - slot_home(slot)) % SLOT_COUNT;
        uint32_t from_gap = (position + SLOT_COUNT - gap) % SLOT_COUNT;
        if (from_home >= from_gap) {
            segment->slots[gap] = slot;
            gap = position;
        }
    }
    segment->slots[gap] = 0;
    segment->count--;
}

/* Lets the directory entries of the segment of depth `depth` that serves `hash` point at it. */
static void point_at(struct hash_map *map, uint64_t hash, struct hash_map_segment *segment)
{
    uint64_t span = (uint64_t)1 << (map->depth - segment->depth);
    uint64_t first = directory_index(map, hash) & ~(span - 1);
    for (uint64_t index = first; index < first + span; index++) {
        map->directory[index] = segment;
    }
}

static void directory_resize(struct hash_map *map, uint32_t depth)
{
    assert(depth <= DEPTH_MAX);
    uint64_t count = (uint64_t)1 << depth;
    struct hash_map_segment **directory = memory_allocate(count * sizeof(*directory));
    uint64_t deepest_count = 0;
    for (uint64_t index = 0; index < count; index++) {
        directory[index] = map->directory[index << map->depth >> depth];
        deepest_count += directory[index]->depth == depth;
    }
    map->size += count * sizeof(*directory);
    map->size -= ((uint64_t)1 << map->depth) * sizeof(*directory);
    memory_release(map->directory);
    map->directory = directory;
    map->depth = depth;
    map->deepest_count = deepest_count;
}

/* Deals the segment's slots out, by the hash bit that follows its depth, to two segments. */
static void segment_deal(struct hash_map *map, const struct hash_map_segment *from,
                         struct hash_map_segment *const halves[2])
{
    uint64_t slots[SLOT_COUNT];
    uint32_t count = 0;
    for (uint32_t position = 0; position < SLOT_COUNT; position++) {
        if (from->slots[position] != 0) {
            slots[count++] = from->slots[position];
        }
    }
    for (uint32_t i = 0; i < count + AHEAD; i++) {
        if (i < count) {
            prefetch_line(slot_entry(slots[i]));
        }
        if (i >= AHEAD) {
            uint64_t slot = slots[i - AHEAD];
            uint64_t hash = hash_map_hash(map, map->key(slot_entry(slot)));
            segment_insert(halves[hash >> (63 - from->depth) & 1], slot);
        }
    }
}

static void segment_split(struct hash_map *map, uint64_t hash)
{
    struct hash_map_segment *segment = segment_of(map, hash);
    uint32_t depth = segment->depth;
    if (depth == map->depth) {
        directory_resize(map, depth + 1);
    }
    struct hash_map_segment *halves[2] = {segment_create(map, depth + 1),
                                          segment_create(map, depth + 1)};
    segment_deal(map, segment, halves);
    uint64_t bit = (uint64_t)1 << (63 - depth);
    point_at(map, hash & ~bit, halves[0]);
    point_at(map, hash | bit, halves[1]);
    segment_destroy(map, segment);
}

/* Unites the segment of `hash` with its buddy if both are nearly empty. */
static bool segment_merge(struct hash_map *map, uint64_t hash)
{
    struct hash_map_segment *segment = segment_of(map, hash);
    if (segment->depth == 0) {
        return false;
    }
    uint64_t bit = (uint64_t)1 << (64 - segment->depth);
    struct hash_map_segment *buddy = segment_of(map, hash ^ bit);
    if (buddy->depth != segment->depth || segment->count + buddy->count >= SEGMENT_MERGE) {
        return false;
    }
    for (uint32_t position = 0; position < SLOT_COUNT; position++) {
        if (buddy->slots[position] != 0) {
            segment_insert(segment, buddy->slots[position]);
        }
    }
    if (segment->depth == map->depth) {
        map->deepest_count -= 2;
    }
    segment->depth--;
    point_at(map, hash, segment);
    segment_destroy(map, buddy);
    if (map->deepest_count == 0) {
        directory_resize(map, map->depth - 1);
    }
    return true;
}

void hash_map_init_in(struct hash_map *map, struct pool *pool,
                      struct slice (*key)(const void *entry), uint64_t seed)
{
    *map = (struct hash_map){.key = key, .seed = seed, .pool = pool};
    map->directory = memory_allocate(sizeof(struct hash_map_segment *));
    map->size = sizeof(struct hash_map_segment *);
    map->directory[0] = segment_create(map, 0);
}

void hash_map_init(struct hash_map *map, struct slice (*key)(const void *entry), uint64_t seed)
{
    hash_map_init_in(map, pool_create(), key, seed);
    map->owns_pool = true;
}

static void destroy_segments(struct hash_map *map)
{
    for (uint64_t index = 0; index < (uint64_t)1 << map->depth;) {
        struct hash_map_segment *segment = map->directory[index];
        index += (uint64_t)1 << (map->depth - segment->depth);
        segment_destroy(map, segment);
    }
}

void hash_map_deinit(struct hash_map *map)
{
    if (map->owns_pool) {
        pool_destroy(map->pool);
    } else {
        destroy_segments(map);
    }
    memory_release(map->directory);
}

size_t hash_map_size_outside(const struct hash_map *map)
{
    return ((size_t)1 << map->depth) * sizeof(struct hash_map_segment *);
}

uint64_t hash_map_hash(const struct hash_map *map, struct slice key)
{
    return hash_bytes(key, map->seed);
}

void hash_map_hash_all(const struct hash_map *map, const struct slice *keys, uint32_t count,
                       uint64_t *hashes)
{
    for (uint32_t i = 0; i < count; i++) {
        hashes[i] = hash_bytes(keys[i], map->seed);
    }
}

void *hash_map_find(const struct hash_map *map, uint64_t hash, struct slice key)
{
    const struct hash_map_segment *segment = segment_of(map, hash);
    uint64_t tag = hash << TAG_SHIFT;
    uint32_t position = slot_home(tag);
    for (uint64_t slot; (slot = segment->slots[position]) != 0;) {
        if ((slot & ~POINTER_MASK) == tag && slice_equal(map->key(slot_entry(slot)), key)) {
            return slot_entry(slot);
        }
        position = position_after(position);
    }
    return NULL;
}

void hash_map_insert(struct hash_map *map, uint64_t hash, void *entry)
{
    while (segment_of(map, hash)->count >= SEGMENT_FULL) {
        segment_split(map, hash);
    }
    segment_insert(segment_of(map, hash), slot_make(hash, entry));
    map->count++;
}

void hash_map_replace(struct hash_map *map, uint64_t hash, void *before, void *after)
{
    struct hash_map_segment *segment = segment_of(map, hash);
    segment->slots[segment_find(segment, slot_make(hash, before))] = slot_make(hash, after);
}

void hash_map_remove(struct hash_map *map, uint64_t hash, void *entry)
{
    struct hash_map_segment *segment = segment_of(map, hash);
    segment_remove(segment, segment_find(segment, slot_make(hash, entry)));
    map->count--;
    while (segment_of(map, hash)->count < SEGMENT_MERGE && segment_merge(map, hash)) {
    }
}

/* The slot where a search for the hash begins. */
static inline const uint64_t *first_slot(const struct hash_map *map, uint64_t hash)
{
    return &segment_of(map, hash)->slots[slot_home(hash << TAG_SHIFT)];
}

void hash_map_prefetch_slot(const struct hash_map *map, uint64_t hash)
{
    prefetch_line(first_slot(map, hash));
}

void hash_map_prefetch_insert(const struct hash_map *map, uint64_t hash)
{
    prefetch_line(segment_of(map, hash));
    prefetch_line(first_slot(map, hash));
}

/* The first entry whose slot has the hash's tag, or NULL. */
static inline void *guess(const struct hash_map *map, uint64_t hash)
{
    const struct hash_map_segment *segment = segment_of(map, hash);
    uint64_t tag = hash << TAG_SHIFT;
    uint32_t position = slot_home(tag);
    for (uint64_t slot; (slot = segment->slots[position]) != 0;) {
        if ((slot & ~POINTER_MASK) == tag) {
            return slot_entry(slot);
        }
        position = position_after(position);
    }
    return NULL;
}

void hash_map_prefetch_entry(const struct hash_map *map, uint64_t hash)
{
    const void *entry = guess(map, hash);
    if (entry != NULL) {
        prefetch_entry(entry);
    }
}

void *hash_map_guess(const struct hash_map *map, uint64_t hash)
{
    return guess(map, hash);
}

void hash_map_guess_all(const struct hash_map *map, const uint64_t *hashes, uint32_t count,
                        void **entries)
{
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = (void *)(uintptr_t)first_slot(map, hashes[i]);
        prefetch_line(entries[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t slot = *(const uint64_t *)entries[i];
        bool is_first = slot != 0 && (slot & ~POINTER_MASK) == hashes[i] << TAG_SHIFT;
        entries[i] = LIKELY(is_first) ? slot_entry(slot) : guess(map, hashes[i]);
        if (entries[i] != NULL) {
            prefetch_entry(entries[i]);
        }
    }
}

/* `*place` counts slots as if every directory entry had its own segment; a segment is visited
 * under its first directory entry. */
void *hash_map_iterate(const struct hash_map *map, uint64_t *place)
{
    uint64_t directory_size = (uint64_t)1 << map->depth;
    uint64_t index = *place / SLOT_COUNT;
    uint32_t position = (uint32_t)(*place % SLOT_COUNT);
    while (index < directory_size) {
        const struct hash_map_segment *segment = map->directory[index];
        while (position < SLOT_COUNT && segment->slots[position] == 0) {
            position++;
        }
        if (position < SLOT_COUNT) {
            *place = index * SLOT_COUNT + position + 1;
            if (position + 1 == SLOT_COUNT) {
                *place += (((uint64_t)1 << (map->depth - segment->depth)) - 1) * SLOT_COUNT;
            }
            return slot_entry(segment->slots[position]);
        }
        index += (uint64_t)1 << (map->depth - segment->depth);
        position = 0;
    }
    *place = directory_size * SLOT_COUNT;
    return NULL;
}

/* Checks one slot: it is where its hash leads, without a gap before. */
static void check_slot(const struct hash_map *map, const struct hash_map_segment *segment,
                       uint32_t position)
{
    uint64_t slot = segment->slots[position];
    uint64_t hash = hash_map_hash(map, map->key(slot_entry(slot)));
    assert(segment_of(map, hash) == segment);
    assert(slot == slot_make(hash, slot_entry(slot)));
    for (uint32_t i = slot_home(slot); i != position; i = position_after(i)) {
        assert(segment->slots[i] != 0);
    }
}

static void check_segment(const struct hash_map *map, const struct hash_map_segment *segment)
{
    uint32_t count = 0;
    for (uint32_t position = 0; position < SLOT_COUNT; position++) {
        if (segment->slots[position] != 0) {
            check_slot(map, segment, position);
            count++;
        }
    }
    assert(count == segment->count && count <= SEGMENT_FULL);
}

void hash_map_check(const struct hash_map *map)
{
    uint64_t directory_size = (uint64_t)1 << map->depth;
    uint64_t count = 0;
    uint64_t deepest_count = 0;
    size_t size = directory_size * sizeof(struct hash_map_segment *);
    for (uint64_t index = 0; index < directory_size;) {
        const struct hash_map_segment *segment = map->directory[index];
        assert(segment->depth <= map->depth);
        uint64_t span = (uint64_t)1 << (map->depth - segment->depth);
        assert(index % span == 0);
        for (uint64_t i = index; i < index + span; i++) {
            assert(map->directory[i] == segment);
        }
        check_segment(map, segment);
        count += segment->count;
        deepest_count += segment->depth == map->depth;
        size += sizeof(*segment);
        index += span;
    }
    assert(count == map->count && size == map->size);
    assert(deepest_count == map->deepest_count);
}
