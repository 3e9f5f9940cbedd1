/* A stock of memory regions that a thread of its own has faulted in.
 *
 * The first touch of a huge page costs the time of clearing it, which is milliseconds where the
 * system must find the memory first. Whoever must not wait for that takes regions from here: one
 * is ready, more where many are in use, and the thread makes the next while the last is filled.
 *
 * A region is `size` bytes of zeros, aligned to its size, on huge pages if the system agrees. The
 * stock is for one taker; only its own thread runs beside it. */
#ifndef TENON_BASE_REGION_STOCK_H
#define TENON_BASE_REGION_STOCK_H

#include <stddef.h>

struct region_stock;

/* Starts a stock of regions of `size` bytes, a power of two. */
struct region_stock *region_stock_create(size_t size);

/* Ends the thread and gives back what is in stock; regions that were taken are not. */
void region_stock_destroy(struct region_stock *stock);

/* Takes a region, which the caller gives back with munmap(). Never waits for the thread: where
 * nothing is in stock, the region is mapped on the spot, on small pages for now. */
void *region_stock_take(struct region_stock *stock) __attribute__((returns_nonnull));

/* Maps one region of `size` bytes, aligned to its size, untouched and on small pages. */
void *region_map(size_t size) __attribute__((returns_nonnull));

#endif
