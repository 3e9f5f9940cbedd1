/* The pool: regions, each cut into slots of one class.
 *
 * A region is POOL_REGION_SIZE bytes aligned to its size: a header, then slots. Slots are cut one
 * by one, when they are first needed, so that a fresh region's memory is not touched; slots that
 * came back hang in the region's own list. The first region of a class stays on small pages, so
 * that a small database with many classes does not take a huge page for each.
 *
 * Invariants, which pool_check() walks:
 *   - used + slots in the free list = carved <= capacity;
 *   - a region is in its class's list if and only if it has room (used < capacity);
 *   - 0 < used, except in the spare region, which belongs to no class.
 *
 * Built with AddressSanitizer, everything but the bytes that were asked for is poisoned, and a gap
 * follows every slot, so that use after release and overflow are found as with malloc. */
#include "base/pool.h"

#include "base/macros.h"
#include "base/memory.h"
#include "base/region_stock.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_POISONS 1
#endif
#endif

#ifdef POOL_POISONS
#include <sanitizer/asan_interface.h>
#define POOL_GAP                  16
#define POOL_IS_POISONED(address) __asan_address_is_poisoned(address)
#else
#define POOL_GAP                                 0
#define POOL_IS_POISONED(address)                0
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#define POOL_REGION_SIZE ((size_t)TINY_OR(64 << 10, 2 << 20))
#define POOL_HEADER_SIZE ((size_t)128)
#define POOL_STEP        16 /* between the classes up to POOL_STEP_MAX */
#define POOL_STEP_MAX    512
#define POOL_SLOT_MAX    ((size_t)TINY_OR(8 << 10, 64 << 10))
#define POOL_CLASS_COUNT (POOL_STEP_MAX / POOL_STEP + TINY_OR(4, 7) * 8)

struct pool_slot {
    struct pool_slot *next;
};

struct pool_region {
    struct pool_region *next; /* all regions of the pool */
    struct pool_region *previous;
    struct pool_region *next_with_room; /* regions of the class */
    struct pool_region *previous_with_room;
    struct pool_slot *free; /* slots that came back */
    uint32_t class_index;
    uint32_t slot_size;
    uint32_t used;     /* slots handed out */
    uint32_t carved;   /* slots that were ever handed out since the region got its class */
    uint32_t capacity; /* slots */
};

/* What is larger than the largest class stands behind one of these. */
struct pool_large {
    struct pool_large *next;
    struct pool_large *previous;
};

struct pool_class {
    struct pool_region *with_room;
    uint32_t region_count;
};

struct pool {
    struct pool_class classes[POOL_CLASS_COUNT];
    struct pool_region *regions;
    struct pool_region *spare; /* also in `regions`; NULL: none */
    struct pool_large *large;
    struct region_stock *stock; /* NULL until a class has its second region */
    size_t used;
    size_t reserved;
};

static_assert(sizeof(struct pool_region) <= POOL_HEADER_SIZE, "the header has its room");
static_assert(sizeof(struct pool_large) % 16 == 0, "large blocks are aligned to 16");

/* The class of the slots that hold `size` bytes, 0 < size <= POOL_SLOT_MAX. */
static uint32_t class_of(size_t size)
{
    if (size <= POOL_STEP_MAX) {
        return (uint32_t)((size - 1) / POOL_STEP);
    }
    unsigned log2 = 63 - (unsigned)__builtin_clzll((unsigned long long)(size - 1));
    uint32_t eighth = (uint32_t)((size - 1) >> (log2 - 3)) & 7;
    return POOL_STEP_MAX / POOL_STEP + (log2 - 9) * 8 + eighth;
}

static uint32_t class_slot_size(uint32_t class_index)
{
    assert(class_index < POOL_CLASS_COUNT);
    if (class_index < POOL_STEP_MAX / POOL_STEP) {
        return (class_index + 1) * POOL_STEP;
    }
    uint32_t beyond = class_index - POOL_STEP_MAX / POOL_STEP;
    return (8 + beyond % 8 + 1) << (beyond / 8 + 6);
}

static struct pool_region *region_of(void *slot)
{
    return (struct pool_region *)((uintptr_t)slot & ~(POOL_REGION_SIZE - 1));
}

static char *region_slot(struct pool_region *region, uint32_t position)
{
    return (char *)region + POOL_HEADER_SIZE + (size_t)position * region->slot_size;
}

static void unmap_region(struct pool *pool, struct pool_region *region)
{
    if (region->previous != NULL) {
        region->previous->next = region->next;
    } else {
        pool->regions = region->next;
    }
    if (region->next != NULL) {
        region->next->previous = region->previous;
    }
    ASAN_UNPOISON_MEMORY_REGION(region, POOL_REGION_SIZE);
    munmap(region, POOL_REGION_SIZE);
    pool->reserved -= POOL_REGION_SIZE;
}

static void link_with_room(struct pool *pool, struct pool_region *region)
{
    struct pool_class *class = &pool->classes[region->class_index];
    region->previous_with_room = NULL;
    region->next_with_room = class->with_room;
    if (class->with_room != NULL) {
        class->with_room->previous_with_room = region;
    }
    class->with_room = region;
}

static void unlink_with_room(struct pool *pool, struct pool_region *region)
{
    if (region->previous_with_room != NULL) {
        region->previous_with_room->next_with_room = region->next_with_room;
    } else {
        assert(pool->classes[region->class_index].with_room == region);
        pool->classes[region->class_index].with_room = region->next_with_room;
    }
    if (region->next_with_room != NULL) {
        region->next_with_room->previous_with_room = region->previous_with_room;
    }
}

/* A region from the stock, which is set up when it is first needed. */
static struct pool_region *take_region(struct pool *pool)
{
    if (pool->stock == NULL) {
        pool->stock = region_stock_create(POOL_REGION_SIZE);
    }
    return region_stock_take(pool->stock);
}

static struct pool_region *add_region(struct pool *pool, bool huge)
{
    struct pool_region *region = huge ? take_region(pool) : region_map(POOL_REGION_SIZE);
    region->previous = NULL;
    region->next = pool->regions;
    if (pool->regions != NULL) {
        pool->regions->previous = region;
    }
    pool->regions = region;
    pool->reserved += POOL_REGION_SIZE;
    return region;
}

/* Gives the class another region: the spare one, or one from the system. */
static struct pool_region *extend_class(struct pool *pool, uint32_t class_index)
{
    struct pool_class *class = &pool->classes[class_index];
    struct pool_region *region = pool->spare;
    if (region != NULL) {
        pool->spare = NULL;
    } else {
        region = add_region(pool, class->region_count > 0);
    }
    class->region_count++;
    region->class_index = class_index;
    region->slot_size = class_slot_size(class_index);
    region->capacity = (uint32_t)((POOL_REGION_SIZE - POOL_HEADER_SIZE) / region->slot_size);
    region->carved = 0;
    region->used = 0;
    region->free = NULL;
    ASAN_POISON_MEMORY_REGION(region_slot(region, 0), POOL_REGION_SIZE - POOL_HEADER_SIZE);
    link_with_room(pool, region);
    return region;
}

static void retire_region(struct pool *pool, struct pool_region *region)
{
    unlink_with_room(pool, region);
    pool->classes[region->class_index].region_count--;
    if (pool->spare == NULL) {
        pool->spare = region;
    } else {
        unmap_region(pool, region);
    }
}

static void *allocate_large(struct pool *pool, size_t size)
{
    struct pool_large *large = memory_allocate(sizeof(*large) + size);
    large->previous = NULL;
    large->next = pool->large;
    if (pool->large != NULL) {
        pool->large->previous = large;
    }
    pool->large = large;
    pool->used += size;
    pool->reserved += size;
    return large + 1;
}

static void release_large(struct pool *pool, void *pointer, size_t size)
{
    struct pool_large *large = (struct pool_large *)pointer - 1;
    if (large->previous != NULL) {
        large->previous->next = large->next;
    } else {
        assert(pool->large == large);
        pool->large = large->next;
    }
    if (large->next != NULL) {
        large->next->previous = large->previous;
    }
    pool->used -= size;
    pool->reserved -= size;
    memory_release(large);
}

static bool is_large(size_t size)
{
    return size > POOL_SLOT_MAX - POOL_GAP;
}

struct pool *pool_create(void)
{
    return memory_allocate_zeroed(1, sizeof(struct pool));
}

void pool_destroy(struct pool *pool)
{
    if (pool->stock != NULL) {
        region_stock_destroy(pool->stock);
    }
    while (pool->regions != NULL) {
        unmap_region(pool, pool->regions);
    }
    while (pool->large != NULL) {
        struct pool_large *large = pool->large;
        pool->large = large->next;
        memory_release(large);
    }
    memory_release(pool);
}

void *pool_allocate(struct pool *pool, size_t size)
{
    assert(size > 0);
    if (UNLIKELY(is_large(size))) {
        return allocate_large(pool, size);
    }
    uint32_t class_index = class_of(size + POOL_GAP);
    struct pool_region *region = pool->classes[class_index].with_room;
    if (UNLIKELY(region == NULL)) {
        region = extend_class(pool, class_index);
    }
    struct pool_slot *slot = region->free;
    if (slot != NULL) {
        ASAN_UNPOISON_MEMORY_REGION(slot, sizeof(*slot));
        region->free = slot->next;
    } else {
        slot = (struct pool_slot *)(void *)region_slot(region, region->carved);
        region->carved++;
    }
    region->used++;
    if (UNLIKELY(region->used == region->capacity)) {
        unlink_with_room(pool, region);
    }
    pool->used += region->slot_size;
    ASAN_UNPOISON_MEMORY_REGION(slot, size);
    return slot;
}

void pool_release(struct pool *pool, void *pointer, size_t size)
{
    if (UNLIKELY(is_large(size))) {
        release_large(pool, pointer, size);
        return;
    }
    struct pool_region *region = region_of(pointer);
    assert(region->class_index == class_of(size + POOL_GAP));
    assert(region->used > 0 && !POOL_IS_POISONED(pointer));
    struct pool_slot *slot = pointer;
    ASAN_UNPOISON_MEMORY_REGION(slot, sizeof(*slot));
    slot->next = region->free;
    region->free = slot;
    pool->used -= region->slot_size;
    if (UNLIKELY(region->used == region->capacity)) {
        link_with_room(pool, region);
    }
    region->used--;
    ASAN_POISON_MEMORY_REGION(slot, region->slot_size);
    if (UNLIKELY(region->used == 0)) {
        retire_region(pool, region);
    }
}

size_t pool_used(const struct pool *pool)
{
    return pool->used;
}

size_t pool_reserved(const struct pool *pool)
{
    return pool->reserved;
}

/* Slots in the free list, each of which is one of the region's. */
static uint32_t check_free_list(struct pool_region *region)
{
    uint32_t count = 0;
    struct pool_slot *slot = region->free;
    while (slot != NULL) {
        size_t offset = (size_t)((char *)slot - region_slot(region, 0));
        assert(region_of(slot) == region && offset % region->slot_size == 0);
        assert(offset / region->slot_size < region->carved);
        count++;
        assert(count <= region->carved);
        ASAN_UNPOISON_MEMORY_REGION(slot, sizeof(*slot));
        struct pool_slot *next = slot->next;
        ASAN_POISON_MEMORY_REGION(slot, sizeof(*slot));
        slot = next;
    }
    return count;
}

static void check_region(struct pool_region *region)
{
    assert(((uintptr_t)region & (POOL_REGION_SIZE - 1)) == 0);
    assert(region->slot_size == class_slot_size(region->class_index));
    assert(region->used > 0 && region->carved <= region->capacity);
    assert(region->used + check_free_list(region) == region->carved);
}

/* Walks the list of a class; returns its regions with room. */
static uint32_t check_class(const struct pool_class *class, uint32_t class_index)
{
    uint32_t count = 0;
    const struct pool_region *previous = NULL;
    for (const struct pool_region *region = class->with_room; region != NULL;
         region = region->next_with_room) {
        assert(region->class_index == class_index);
        assert(region->used < region->capacity);
        assert(region->previous_with_room == previous);
        previous = region;
        count++;
    }
    assert(count <= class->region_count);
    return count;
}

void pool_check(const struct pool *pool)
{
    uint32_t listed = 0;
    for (uint32_t index = 0; index < POOL_CLASS_COUNT; index++) {
        assert(class_of(class_slot_size(index)) == index);
        listed += check_class(&pool->classes[index], index);
    }
    size_t used = 0;
    size_t region_count = 0;
    const struct pool_region *previous = NULL;
    for (struct pool_region *region = pool->regions; region != NULL; region = region->next) {
        assert(region->previous == previous);
        previous = region;
        region_count++;
        if (region == pool->spare) {
            assert(region->used == 0);
            continue;
        }
        check_region(region);
        used += (size_t)region->used * region->slot_size;
        listed -= region->used < region->capacity;
    }
    assert(listed == 0);
    assert(used <= pool->used && region_count * POOL_REGION_SIZE <= pool->reserved);
    assert(pool->used - used == pool->reserved - region_count * POOL_REGION_SIZE);
}
