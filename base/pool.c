/* The pool: regions, cut into spans, each cut into slots of one class.
 *
 * A region is POOL_REGION_SIZE bytes aligned to its size, POOL_SPAN_COUNT spans of the same size;
 * the header of all of them stands at the head of the first. Classes share regions, so that a
 * class with little in it does not hold a whole region. Slots are cut one by one, when they are
 * first needed, so that a fresh span's memory is not touched; slots that came back hang in the
 * span's own list. The first region of a pool stays on small pages, for a small database.
 *
 * Invariants, which pool_check() walks:
 *   - in a span that a class has: used + slots in the free list = carved <= capacity, 0 < used;
 *   - it is in its class's list if and only if it has room (used < capacity);
 *   - a region is in the pool's list if and only if some of its spans are free and others are not;
 *   - the spare region's spans are all free, and those of no other region.
 *
 * Built with AddressSanitizer, everything but the bytes that were asked for is poisoned, and a gap
 * follows every slot, so that use after release and overflow are found as with malloc. */
#include "base/pool.h"

#include "base/macros.h"
#include "base/memory.h"
#include "base/poison.h"
#include "base/region_stock.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifdef POISON_IS_ON
#define POOL_GAP 16
#else
#define POOL_GAP 0
#endif

#define POOL_REGION_SIZE ((size_t)TINY_OR(64 << 10, 2 << 20))
#define POOL_SPAN_SIZE   ((size_t)TINY_OR(16 << 10, 64 << 10))
#define POOL_SPAN_COUNT  (POOL_REGION_SIZE / POOL_SPAN_SIZE)
#define POOL_SPANS_FREE  ((uint32_t)(((uint64_t)1 << POOL_SPAN_COUNT) - 1)) /* all of a region's */
#define POOL_HEADER_SIZE ((size_t)2048)
#define POOL_STEP        16 /* between the classes up to POOL_STEP_MAX */
#define POOL_STEP_MAX    512
#define POOL_SLOT_MAX    ((size_t)TINY_OR(8 << 10, 16 << 10))
#define POOL_CLASS_COUNT (POOL_STEP_MAX / POOL_STEP + TINY_OR(4, 5) * 8)

struct pool_slot {
    struct pool_slot *next;
};

struct pool_span {
    struct pool_span *next_with_room; /* spans of the class */
    struct pool_span *previous_with_room;
    struct pool_slot *free; /* slots that came back */
    char *begin;            /* of the first slot */
    uint32_t class_index;
    uint32_t slot_size;
    uint32_t used;     /* slots handed out */
    uint32_t carved;   /* slots that were ever handed out since the span got its class */
    uint32_t capacity; /* slots */
};

struct pool_region {
    struct pool_region *next; /* all regions of the pool */
    struct pool_region *previous;
    struct pool_region *next_with_spans; /* regions of which some spans are free */
    struct pool_region *previous_with_spans;
    uint32_t free_spans; /* a bit for each; the other members of a free one mean nothing */
    struct pool_span spans[POOL_SPAN_COUNT];
};

/* What is larger than the largest class stands behind one of these. */
struct pool_large {
    struct pool_large *next;
    struct pool_large *previous;
};

struct pool {
    struct pool_span *with_room[POOL_CLASS_COUNT]; /* spans, by class */
    struct pool_region *regions;
    struct pool_region *with_spans;
    struct pool_region *spare; /* also in `regions`; NULL: none */
    struct pool_large *large;
    struct region_stock *stock; /* NULL until there is a second region */
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

static struct pool_region *region_of(const void *inside)
{
    return (struct pool_region *)((uintptr_t)inside & ~(POOL_REGION_SIZE - 1));
}

static struct pool_span *span_of(const void *slot)
{
    size_t offset = (uintptr_t)slot & (POOL_REGION_SIZE - 1);
    return &region_of(slot)->spans[offset / POOL_SPAN_SIZE];
}

static char *span_slot(const struct pool_span *span, uint32_t position)
{
    return span->begin + (size_t)position * span->slot_size;
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

static void link_with_spans(struct pool *pool, struct pool_region *region)
{
    region->previous_with_spans = NULL;
    region->next_with_spans = pool->with_spans;
    if (pool->with_spans != NULL) {
        pool->with_spans->previous_with_spans = region;
    }
    pool->with_spans = region;
}

static void unlink_with_spans(struct pool *pool, struct pool_region *region)
{
    if (region->previous_with_spans != NULL) {
        region->previous_with_spans->next_with_spans = region->next_with_spans;
    } else {
        assert(pool->with_spans == region);
        pool->with_spans = region->next_with_spans;
    }
    if (region->next_with_spans != NULL) {
        region->next_with_spans->previous_with_spans = region->previous_with_spans;
    }
}

static void link_with_room(struct pool *pool, struct pool_span *span)
{
    struct pool_span **first = &pool->with_room[span->class_index];
    span->previous_with_room = NULL;
    span->next_with_room = *first;
    if (*first != NULL) {
        (*first)->previous_with_room = span;
    }
    *first = span;
}

static void unlink_with_room(struct pool *pool, struct pool_span *span)
{
    if (span->previous_with_room != NULL) {
        span->previous_with_room->next_with_room = span->next_with_room;
    } else {
        assert(pool->with_room[span->class_index] == span);
        pool->with_room[span->class_index] = span->next_with_room;
    }
    if (span->next_with_room != NULL) {
        span->next_with_room->previous_with_room = span->previous_with_room;
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

/* A region from the system, all of its spans free. */
static struct pool_region *add_region(struct pool *pool)
{
    bool first = pool->regions == NULL;
    struct pool_region *region = first ? region_map(POOL_REGION_SIZE) : take_region(pool);
    region->previous = NULL;
    region->next = pool->regions;
    if (pool->regions != NULL) {
        pool->regions->previous = region;
    }
    pool->regions = region;
    pool->reserved += POOL_REGION_SIZE;
    region->free_spans = POOL_SPANS_FREE;
    ASAN_POISON_MEMORY_REGION((char *)region + POOL_HEADER_SIZE,
                              POOL_REGION_SIZE - POOL_HEADER_SIZE);
    return region;
}

/* A free span, which is free no more. */
static struct pool_span *take_span(struct pool *pool)
{
    struct pool_region *region = pool->with_spans;
    if (region == NULL) {
        region = pool->spare != NULL ? pool->spare : add_region(pool);
        pool->spare = NULL;
        link_with_spans(pool, region);
    }
    unsigned index = (unsigned)__builtin_ctz(region->free_spans);
    region->free_spans &= region->free_spans - 1;
    if (region->free_spans == 0) {
        unlink_with_spans(pool, region);
    }
    struct pool_span *span = &region->spans[index];
    span->begin = (char *)region + (index == 0 ? POOL_HEADER_SIZE : index * POOL_SPAN_SIZE);
    return span;
}

/* Gives the class another span. */
static struct pool_span *extend_class(struct pool *pool, uint32_t class_index)
{
    struct pool_span *span = take_span(pool);
    size_t used = (uintptr_t)span->begin & (POOL_SPAN_SIZE - 1);
    span->class_index = class_index;
    span->slot_size = class_slot_size(class_index);
    span->capacity = (uint32_t)((POOL_SPAN_SIZE - used) / span->slot_size);
    span->carved = 0;
    span->used = 0;
    span->free = NULL;
    link_with_room(pool, span);
    return span;
}

/* Takes a span from its class that has no slot in use. */
static void retire_span(struct pool *pool, struct pool_span *span)
{
    struct pool_region *region = region_of(span);
    unlink_with_room(pool, span);
    if (region->free_spans == 0) {
        link_with_spans(pool, region);
    }
    region->free_spans |= (uint32_t)1 << (span - region->spans);
    if (region->free_spans != POOL_SPANS_FREE) {
        return;
    }
    unlink_with_spans(pool, region);
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
    struct pool_span *span = pool->with_room[class_index];
    if (UNLIKELY(span == NULL)) {
        span = extend_class(pool, class_index);
    }
    struct pool_slot *slot = span->free;
    if (slot != NULL) {
        ASAN_UNPOISON_MEMORY_REGION(slot, sizeof(*slot));
        span->free = slot->next;
    } else {
        slot = (struct pool_slot *)(void *)span_slot(span, span->carved);
        span->carved++;
    }
    span->used++;
    if (UNLIKELY(span->used == span->capacity)) {
        unlink_with_room(pool, span);
    }
    pool->used += span->slot_size;
    ASAN_UNPOISON_MEMORY_REGION(slot, size);
    return slot;
}

void pool_release(struct pool *pool, void *pointer, size_t size)
{
    if (UNLIKELY(is_large(size))) {
        release_large(pool, pointer, size);
        return;
    }
    struct pool_span *span = span_of(pointer);
    assert(span->class_index == class_of(size + POOL_GAP));
    assert(span->used > 0 && !POISON_IS_AT(pointer));
    struct pool_slot *slot = pointer;
    ASAN_UNPOISON_MEMORY_REGION(slot, sizeof(*slot));
    slot->next = span->free;
    span->free = slot;
    pool->used -= span->slot_size;
    if (UNLIKELY(span->used == span->capacity)) {
        link_with_room(pool, span);
    }
    span->used--;
    ASAN_POISON_MEMORY_REGION(slot, span->slot_size);
    if (UNLIKELY(span->used == 0)) {
        retire_span(pool, span);
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

/* Slots in the free list, each of which is one of the span's. */
static uint32_t check_free_list(const struct pool_span *span)
{
    uint32_t count = 0;
    struct pool_slot *slot = span->free;
    while (slot != NULL) {
        size_t offset = (size_t)((char *)slot - span->begin);
        assert(span_of(slot) == span && offset % span->slot_size == 0);
        assert(offset / span->slot_size < span->carved);
        count++;
        assert(count <= span->carved);
        ASAN_UNPOISON_MEMORY_REGION(slot, sizeof(*slot));
        struct pool_slot *next = slot->next;
        ASAN_POISON_MEMORY_REGION(slot, sizeof(*slot));
        slot = next;
    }
    return count;
}

static void check_span(const struct pool_span *span)
{
    assert(span->slot_size == class_slot_size(span->class_index));
    assert(span->used > 0 && span->carved <= span->capacity);
    assert(span->used + check_free_list(span) == span->carved);
    assert(span_of(span->begin) == span);
    assert(span_of(span_slot(span, span->capacity) - 1) == span);
}

/* Checks the spans of a region that classes have; returns the bytes used in them, and takes those
 * with room from `*listed`. */
static size_t check_region(struct pool_region *region, uint32_t *listed)
{
    size_t used = 0;
    assert(((uintptr_t)region & (POOL_REGION_SIZE - 1)) == 0);
    for (uint32_t index = 0; index < POOL_SPAN_COUNT; index++) {
        const struct pool_span *span = &region->spans[index];
        if ((region->free_spans >> index & 1) == 0) {
            check_span(span);
            used += (size_t)span->used * span->slot_size;
            *listed -= span->used < span->capacity;
        }
    }
    return used;
}

/* Walks the list of a class; returns its spans with room. */
static uint32_t check_class(const struct pool *pool, uint32_t class_index)
{
    uint32_t count = 0;
    const struct pool_span *previous = NULL;
    for (const struct pool_span *span = pool->with_room[class_index]; span != NULL;
         span = span->next_with_room) {
        assert(span->class_index == class_index);
        assert(span->used < span->capacity);
        assert(span->previous_with_room == previous);
        previous = span;
        count++;
    }
    return count;
}

/* Walks the list of regions of which some spans are free; returns how many. */
static uint32_t check_with_spans(const struct pool *pool)
{
    uint32_t count = 0;
    const struct pool_region *previous = NULL;
    for (const struct pool_region *region = pool->with_spans; region != NULL;
         region = region->next_with_spans) {
        assert(region->free_spans != 0 && region->free_spans != POOL_SPANS_FREE);
        assert(region->previous_with_spans == previous);
        previous = region;
        count++;
    }
    return count;
}

void pool_check(const struct pool *pool)
{
    uint32_t listed = 0;
    for (uint32_t index = 0; index < POOL_CLASS_COUNT; index++) {
        assert(class_of(class_slot_size(index)) == index);
        listed += check_class(pool, index);
    }
    uint32_t with_spans = check_with_spans(pool);
    size_t used = 0;
    size_t region_count = 0;
    const struct pool_region *previous = NULL;
    for (struct pool_region *region = pool->regions; region != NULL; region = region->next) {
        assert(region->previous == previous);
        assert((region->free_spans == POOL_SPANS_FREE) == (region == pool->spare));
        previous = region;
        region_count++;
        used += check_region(region, &listed);
        with_spans -= region->free_spans != 0 && region != pool->spare;
    }
    assert(listed == 0 && with_spans == 0);
    assert(used <= pool->used && region_count * POOL_REGION_SIZE <= pool->reserved);
    assert(pool->used - used == pool->reserved - region_count * POOL_REGION_SIZE);
}
