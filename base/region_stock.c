/* Regions, made ahead. See region_stock.h.
 *
 * Invariant, under the mutex: count <= target <= STOCK_MAX. The target grows with the number of
 * regions taken, so that a small database does not pay for memory that it never fills. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */

#include "base/region_stock.h"

#include "base/macros.h"
#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STOCK_MAX           4
#define TAKEN_PER_STOCK_ONE TINY_OR(2, 64) /* regions taken that let the target grow by one */
#define SMALL_PAGE_SIZE     4096

struct region_stock {
    size_t size;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wanted; /* signalled when a region was taken, or at the end */
    void *regions[STOCK_MAX];
    unsigned count;
    unsigned target;
    unsigned taken; /* regions since the target grew */
    bool ending;
};

static char *map_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "tenon: out of memory: cannot map %zu bytes\n", size);
        abort();
    }
    return memory;
}

/* The system often places a mapping right below the one before, that is, aligned already; only
 * where it does not, twice the size is mapped and the ends are given back. */
void *region_map(size_t size)
{
    char *memory = map_memory(size);
    if (((uintptr_t)memory & (size - 1)) == 0) {
        return memory;
    }
    munmap(memory, size);
    memory = map_memory(2 * size);
    size_t head = (size_t)(-(uintptr_t)memory & (size - 1));
    if (head > 0) {
        munmap(memory, head);
    }
    munmap(memory + head + size, size - head);
    return memory + head;
}

/* A wish: failing costs speed. */
static void want_huge_pages(void *region, size_t size)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(region, size, MADV_HUGEPAGE);
#else
    (void)region;
    (void)size;
#endif
}

static void *make_region(size_t size)
{
    void *region = region_map(size);
    want_huge_pages(region, size);
    for (size_t at = 0; at < size; at += SMALL_PAGE_SIZE) {
        ((volatile char *)region)[at] = 0;
    }
    return region;
}

static void *run_thread(void *context)
{
    struct region_stock *stock = context;
    pthread_mutex_lock(&stock->mutex);
    while (!stock->ending) {
        if (stock->count >= stock->target) {
            pthread_cond_wait(&stock->wanted, &stock->mutex);
            continue;
        }
        pthread_mutex_unlock(&stock->mutex);
        void *region = make_region(stock->size);
        pthread_mutex_lock(&stock->mutex);
        assert(stock->count < STOCK_MAX);
        stock->regions[stock->count] = region;
        stock->count += 1;
    }
    pthread_mutex_unlock(&stock->mutex);
    return NULL;
}

/* Starts the thread with all signals blocked: they are for the thread that made it. */
static void start_thread(struct region_stock *stock)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int status = pthread_create(&stock->thread, NULL, run_thread, stock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status != 0) {
        fprintf(stderr, "tenon: cannot start a thread\n");
        abort();
    }
}

struct region_stock *region_stock_create(size_t size)
{
    assert(size >= SMALL_PAGE_SIZE && (size & (size - 1)) == 0);
    struct region_stock *stock = memory_allocate_zeroed(1, sizeof(*stock));
    stock->size = size;
    stock->target = 1;
    pthread_mutex_init(&stock->mutex, NULL);
    pthread_cond_init(&stock->wanted, NULL);
    start_thread(stock);
    return stock;
}

void region_stock_destroy(struct region_stock *stock)
{
    pthread_mutex_lock(&stock->mutex);
    stock->ending = true;
    pthread_cond_signal(&stock->wanted);
    pthread_mutex_unlock(&stock->mutex);
    pthread_join(stock->thread, NULL);
    for (unsigned i = 0; i < stock->count; i++) {
        munmap(stock->regions[i], stock->size);
    }
    pthread_cond_destroy(&stock->wanted);
    pthread_mutex_destroy(&stock->mutex);
    memory_release(stock);
}

/* Counts one more taken region, under the mutex. */
static void count_taken(struct region_stock *stock)
{
    stock->taken += 1;
    if (stock->taken == TAKEN_PER_STOCK_ONE && stock->target < STOCK_MAX) {
        stock->taken = 0;
        stock->target += 1;
    }
}

void *region_stock_take(struct region_stock *stock)
{
    void *region = NULL;
    pthread_mutex_lock(&stock->mutex);
    if (stock->count > 0) {
        stock->count -= 1;
        region = stock->regions[stock->count];
    }
    count_taken(stock);
    pthread_cond_signal(&stock->wanted);
    pthread_mutex_unlock(&stock->mutex);
    if (region == NULL) {
        region = region_map(stock->size);
        /* With a small page there already, faults stay small; the kernel unites them later. */
        *(volatile char *)region = 0;
        want_huge_pages(region, stock->size);
    }
    return region;
}
