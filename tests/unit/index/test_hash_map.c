/* The hash map, against an array of flags. */
#include "index/hash_map.h"

#include "base/macros.h"
#include "base/pool.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_COUNT ((size_t)TINY_OR(3000, 30000))

struct entry {
    char key[24];
    size_t key_size;
    bool present;
    unsigned visits;
};

static struct slice entry_key(const void *pointer)
{
    const struct entry *entry = pointer;
    return slice_make(entry->key, entry->key_size);
}

static uint64_t entry_hash(const struct hash_map *map, const struct entry *entry)
{
    return hash_map_hash(map, entry_key(entry));
}

static void *find(const struct hash_map *map, const struct entry *entry)
{
    return hash_map_find(map, entry_hash(map, entry), entry_key(entry));
}

static struct entry *make_entries(void)
{
    struct entry *entries = calloc(ENTRY_COUNT, sizeof(*entries));
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        int size = snprintf(entries[i].key, sizeof(entries[i].key), "key-%zu", i);
        entries[i].key_size = (size_t)size;
    }
    return entries;
}

static void insert_all(struct hash_map *map, struct entry *entries)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        hash_map_insert(map, entry_hash(map, &entries[i]), &entries[i]);
    }
}

/* Nothing is found in an empty map, not even the empty key. */
Test(hash_map, an_empty_map_finds_nothing)
{
    struct hash_map map;
    hash_map_init(&map, entry_key, 1);
    hash_map_check(&map);
    cr_assert_null(hash_map_find(&map, hash_map_hash(&map, SLICE("a")), SLICE("a")));
    cr_assert_null(hash_map_find(&map, hash_map_hash(&map, (struct slice){0}), (struct slice){0}));
    uint64_t place = 0;
    cr_assert_null(hash_map_iterate(&map, &place));
    cr_assert_null(hash_map_iterate(&map, &place));
    hash_map_deinit(&map);
}

/* A map in somebody else's pool takes nothing else, and leaves nothing there. */
Test(hash_map, a_map_in_a_shared_pool_gives_its_segments_back)
{
    struct pool *pool = pool_create();
    void *other = pool_allocate(pool, 100);
    size_t used = pool_used(pool);
    struct hash_map map;
    hash_map_init_in(&map, pool, entry_key, random_seed("hash_map"));
    struct entry *entries = make_entries();
    insert_all(&map, entries);
    hash_map_check(&map);
    cr_assert_geq(pool_used(pool) - used + hash_map_size_outside(&map), map.size);
    cr_assert_lt(hash_map_size_outside(&map), map.size);
    hash_map_deinit(&map);
    cr_assert_eq(pool_used(pool), used);
    pool_release(pool, other, 100);
    pool_check(pool);
    pool_destroy(pool);
    free(entries);
}

/* The seed changes the hash, so that nobody can prepare colliding keys. */
Test(hash_map, the_hash_depends_on_the_seed)
{
    struct hash_map a;
    struct hash_map b;
    hash_map_init(&a, entry_key, 1);
    hash_map_init(&b, entry_key, 2);
    cr_assert_neq(hash_map_hash(&a, SLICE("key")), hash_map_hash(&b, SLICE("key")));
    hash_map_deinit(&a);
    hash_map_deinit(&b);
}

/* Iterating meets every entry exactly once, however unevenly the segments are split. */
Test(hash_map, iterating_visits_every_entry_once)
{
    struct hash_map map;
    hash_map_init(&map, entry_key, random_seed("hash_map"));
    struct entry *entries = make_entries();
    insert_all(&map, entries);
    hash_map_check(&map);
    uint64_t place = 0;
    for (struct entry *entry; (entry = hash_map_iterate(&map, &place)) != NULL;) {
        entry->visits++;
    }
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        cr_assert_eq(entries[i].visits, 1, "%s", entries[i].key);
    }
    hash_map_deinit(&map);
    free(entries);
}

/* A map that was filled and emptied is as small as a new one. */
Test(hash_map, emptying_gives_the_memory_back)
{
    struct hash_map map;
    hash_map_init(&map, entry_key, random_seed("hash_map"));
    size_t size_empty = map.size;
    struct entry *entries = make_entries();
    insert_all(&map, entries);
    cr_assert_gt(map.size, ENTRY_COUNT * 8);
    cr_assert_gt(map.depth, 2);
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        hash_map_remove(&map, entry_hash(&map, &entries[i]), &entries[i]);
        cr_assert_null(find(&map, &entries[i]));
        if (i % (ENTRY_COUNT / 30) == 0) {
            hash_map_check(&map);
        }
    }
    cr_assert_eq(map.count, 0);
    cr_assert_eq(map.size, size_empty);
    cr_assert_eq(map.depth, 0);
    hash_map_check(&map);
    hash_map_deinit(&map);
    free(entries);
}

/* After a replacement the key leads to the new entry. */
Test(hash_map, replacing_swaps_the_entry_of_a_key)
{
    struct hash_map map;
    hash_map_init(&map, entry_key, 5);
    struct entry *entries = make_entries();
    insert_all(&map, entries);
    struct entry twin = entries[17];
    hash_map_replace(&map, entry_hash(&map, &twin), &entries[17], &twin);
    cr_assert_eq(find(&map, &entries[17]), &twin);
    cr_assert_eq(find(&map, &entries[18]), &entries[18]);
    cr_assert_eq(map.count, ENTRY_COUNT);
    hash_map_check(&map);
    hash_map_deinit(&map);
    free(entries);
}

/* Fetching ahead changes nothing and may be asked for hashes that are not there. */
Test(hash_map, prefetching_is_harmless)
{
    struct hash_map map;
    hash_map_init(&map, entry_key, 5);
    struct entry *entries = make_entries();
    for (size_t i = 0; i < 100; i++) {
        uint64_t hash = entry_hash(&map, &entries[i]);
        hash_map_prefetch_slot(&map, hash);
        hash_map_prefetch_entry(&map, hash);
        hash_map_insert(&map, hash, &entries[i]);
        hash_map_prefetch_slot(&map, hash);
        hash_map_prefetch_entry(&map, hash);
    }
    hash_map_check(&map);
    hash_map_deinit(&map);
    free(entries);
}

/* Random insertions, removals and replacements agree with the flags of the entries. */
Test(hash_map, random_operations_agree_with_a_plain_model)
{
    uint64_t random = random_seed("hash_map");
    struct hash_map map;
    hash_map_init(&map, entry_key, random_next(&random));
    struct entry *entries = make_entries();
    uint64_t count = 0;
    for (unsigned round = 0; round < 60000; round++) {
        /* The range in use breathes, so that the map grows and shrinks several times. */
        size_t range = 1 + ENTRY_COUNT / (1 + round / 5000 % 4);
        struct entry *entry = &entries[random_next(&random) % (range - 1)];
        uint64_t hash = entry_hash(&map, entry);
        cr_assert_eq(hash_map_find(&map, hash, entry_key(entry)), entry->present ? entry : NULL);
        if (!entry->present) {
            hash_map_insert(&map, hash, entry);
        } else {
            hash_map_remove(&map, hash, entry);
        }
        entry->present = !entry->present;
        count = entry->present ? count + 1 : count - 1;
        cr_assert_eq(map.count, count);
        if (round % 3000 == 0) {
            hash_map_check(&map);
        }
    }
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        cr_assert_eq(find(&map, &entries[i]), entries[i].present ? &entries[i] : NULL);
    }
    hash_map_check(&map);
    hash_map_deinit(&map);
    free(entries);
}
