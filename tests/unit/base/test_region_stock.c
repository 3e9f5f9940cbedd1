/* Unit tests of base/region_stock.c. */
#include "base/region_stock.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define SIZE  ((size_t)64 * 1024)
#define COUNT 200

static void rest_ms(long milliseconds)
{
    struct timespec time = {.tv_nsec = milliseconds * 1000000};
    nanosleep(&time, NULL);
}

static bool is_zero(const char *region)
{
    for (size_t i = 0; i < SIZE; i++) {
        if (region[i] != 0) {
            return false;
        }
    }
    return true;
}

Test(region_stock, a_mapped_region_is_aligned_and_zero)
{
    for (size_t size = SIZE; size <= 32 * SIZE; size *= 2) {
        char *region = region_map(size);
        cr_assert_eq((uintptr_t)region % size, 0);
        cr_assert(is_zero(region + size - SIZE));
        munmap(region, size);
    }
}

Test(region_stock, regions_are_aligned_zero_and_apart_however_fast_they_are_taken)
{
    struct region_stock *stock = region_stock_create(SIZE);
    char *regions[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        regions[i] = region_stock_take(stock);
        cr_assert_eq((uintptr_t)regions[i] % SIZE, 0);
        cr_assert(is_zero(regions[i]));
        memset(regions[i], (int)(i % 255) + 1, SIZE);
        if (i % 16 == 0) {
            rest_ms(2);
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        char expected = (char)(unsigned char)(i % 255 + 1);
        cr_assert(regions[i][0] == expected && regions[i][SIZE - 1] == expected);
        munmap(regions[i], SIZE);
    }
    region_stock_destroy(stock);
}

Test(region_stock, a_stock_that_nobody_took_from_ends)
{
    for (unsigned i = 0; i < 50; i++) {
        struct region_stock *stock = region_stock_create(SIZE);
        if (i % 2 == 0) {
            rest_ms(1);
        }
        region_stock_destroy(stock);
    }
}
