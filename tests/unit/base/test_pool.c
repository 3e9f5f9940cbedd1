/* The pool: sizes, reuse, regions that go back. */
#include "base/pool.h"

#include "base/macros.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THING_COUNT 500

struct thing {
    unsigned char *bytes;
    size_t size;
    unsigned char fill;
};

/* Every size up to past the largest class can be filled to its last byte and given back. */
Test(pool, every_size_is_handed_out_aligned_and_whole)
{
    struct pool *pool = pool_create();
    for (size_t size = 1; size < 70000; size += size < 2000 ? 1 : 331) {
        unsigned char *bytes = pool_allocate(pool, size);
        cr_assert_eq((uintptr_t)bytes % 16, 0, "size %zu", size);
        memset(bytes, 0xab, size);
        cr_assert_geq(pool_used(pool), size);
        cr_assert_geq(pool_reserved(pool), pool_used(pool));
        pool_release(pool, bytes, size);
        cr_assert_eq(pool_used(pool), 0);
    }
    pool_check(pool);
    pool_destroy(pool);
}

/* A slot that came back is the next one handed out. */
Test(pool, a_released_slot_is_used_again)
{
    struct pool *pool = pool_create();
    void *keeper = pool_allocate(pool, 100);
    void *first = pool_allocate(pool, 100);
    pool_release(pool, first, 100);
    void *second = pool_allocate(pool, 100);
    cr_assert_eq(first, second);
    pool_release(pool, second, 100);
    pool_release(pool, keeper, 100);
    pool_check(pool);
    pool_destroy(pool);
}

/* Regions that nothing uses go back to the system, all but one. */
Test(pool, empty_regions_go_back)
{
    enum { count = 10000, size = 1000 };
    struct pool *pool = pool_create();
    static void *slots[count];
    slots[0] = pool_allocate(pool, size);
    size_t region_size = pool_reserved(pool);
    for (size_t i = 1; i < count; i++) {
        slots[i] = pool_allocate(pool, size);
    }
    cr_assert_gt(pool_reserved(pool), 3 * region_size);
    cr_assert_geq(pool_used(pool), (size_t)count * size);
    pool_check(pool);
    for (size_t i = 0; i < count; i++) {
        pool_release(pool, slots[i], size);
    }
    cr_assert_eq(pool_used(pool), 0);
    cr_assert_eq(pool_reserved(pool), region_size);
    pool_check(pool);
    pool_destroy(pool);
}

/* A class with little in it does not hold a region of its own. */
Test(pool, classes_share_a_region)
{
    static const size_t sizes[] = {16, 100, 1000};
    struct pool *pool = pool_create();
    void *slots[COUNT_OF(sizes)];
    slots[0] = pool_allocate(pool, sizes[0]);
    size_t region_size = pool_reserved(pool);
    for (size_t i = 1; i < COUNT_OF(sizes); i++) {
        slots[i] = pool_allocate(pool, sizes[i]);
        pool_check(pool);
    }
    cr_assert_eq(pool_reserved(pool), region_size);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        pool_release(pool, slots[i], sizes[i]);
        pool_check(pool);
    }
    cr_assert_eq(pool_reserved(pool), region_size);
    pool_destroy(pool);
}

/* The region that was kept serves another class. */
Test(pool, the_spare_region_changes_its_class)
{
    struct pool *pool = pool_create();
    pool_release(pool, pool_allocate(pool, 16), 16);
    size_t reserved = pool_reserved(pool);
    unsigned char *bytes = pool_allocate(pool, 5000);
    memset(bytes, 1, 5000);
    cr_assert_eq(pool_reserved(pool), reserved);
    pool_check(pool);
    pool_release(pool, bytes, 5000);
    pool_check(pool);
    pool_destroy(pool);
}

/* What is larger than the largest class is counted and given back too. */
Test(pool, large_blocks_come_and_go_in_any_order)
{
    struct pool *pool = pool_create();
    void *a = pool_allocate(pool, 100000);
    void *b = pool_allocate(pool, 200000);
    void *c = pool_allocate(pool, 300000);
    cr_assert_eq(pool_used(pool), 600000);
    pool_check(pool);
    pool_release(pool, b, 200000);
    pool_release(pool, c, 300000);
    pool_release(pool, a, 100000);
    cr_assert_eq(pool_used(pool), 0);
    cr_assert_eq(pool_reserved(pool), 0);
    pool_destroy(pool);
}

/* Destroying gives back what is still in use (the sanitizer looks for leaks). */
Test(pool, destroying_a_pool_gives_everything_back)
{
    struct pool *pool = pool_create();
    for (size_t size = 10; size < 300000; size *= 3) {
        memset(pool_allocate(pool, size), 7, size);
    }
    pool_destroy(pool);
}

static void assert_intact(const struct thing *thing)
{
    for (size_t i = 0; i < thing->size; i++) {
        cr_assert_eq(thing->bytes[i], thing->fill);
    }
}

/* Things of random sizes, at random times, never overwrite each other. */
Test(pool, random_things_keep_their_bytes)
{
    static const size_t size_limits[] = {40, 600, 9000, 80000};
    uint64_t random = random_seed("pool");
    struct pool *pool = pool_create();
    static struct thing things[THING_COUNT];
    for (unsigned round = 0; round < 20000; round++) {
        struct thing *thing = &things[random_next(&random) % THING_COUNT];
        if (thing->bytes != NULL) {
            assert_intact(thing);
            pool_release(pool, thing->bytes, thing->size);
            thing->bytes = NULL;
        } else {
            size_t limit = size_limits[random_next(&random) % COUNT_OF(size_limits)];
            thing->size = 1 + random_next(&random) % limit;
            thing->fill = (unsigned char)random_next(&random);
            thing->bytes = pool_allocate(pool, thing->size);
            memset(thing->bytes, thing->fill, thing->size);
        }
        if (round % 500 == 0) {
            pool_check(pool);
        }
    }
    for (size_t i = 0; i < THING_COUNT; i++) {
        if (things[i].bytes != NULL) {
            assert_intact(&things[i]);
            pool_release(pool, things[i].bytes, things[i].size);
        }
    }
    cr_assert_eq(pool_used(pool), 0);
    pool_check(pool);
    pool_destroy(pool);
}
