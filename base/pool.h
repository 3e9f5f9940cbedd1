/* A pool: memory for very many small things of few sizes, documents and tree nodes.
 *
 * Sizes are rounded up to a class (steps of 16 bytes up to 512, then eighths of a power of two up
 * to 16 KiB). A class hands out slots of spans of 64 KiB, and these are cut from regions of 2 MiB,
 * aligned to their size so that a slot's span is found by masking. Regions are on huge pages,
 * which is worth a fifth of the speed on large data, and are faulted in ahead by a thread of the
 * pool's (base/region_stock.h). A span without a slot in use may go to another class, a region
 * without one goes back to the system (one is kept). What is larger than the largest class comes
 * from the C library. */
#ifndef TENON_BASE_POOL_H
#define TENON_BASE_POOL_H

#include <stddef.h>

struct pool;

struct pool *pool_create(void);

/* Gives everything back, what is still in use included. */
void pool_destroy(struct pool *pool);

/* Returns at least `size` bytes, aligned to 16. */
void *pool_allocate(struct pool *pool, size_t size) __attribute__((returns_nonnull));

/* Gives `pointer` back; `size` is what was asked for. */
void pool_release(struct pool *pool, void *pointer, size_t size);

/* Bytes handed out, rounded up to their classes. */
size_t pool_used(const struct pool *pool);

/* Bytes taken from the system, without the few regions in stock. */
size_t pool_reserved(const struct pool *pool);

/* Walks every region and asserts the pool's invariants. */
void pool_check(const struct pool *pool);

#endif
