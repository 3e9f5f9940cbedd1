/* Compiler attributes, and asking the memory ahead, that the whole tree uses. */
#ifndef TENON_BASE_MACROS_H
#define TENON_BASE_MACROS_H

#include <stddef.h>
#include <stdint.h>

/* The caller must look at what the function returns. */
#define MUST_CHECK                   __attribute__((warn_unused_result))

/* The function takes a printf format as its argument number `template`, and values from `first`. */
#define PRINTF_LIKE(template, first) __attribute__((format(printf, template, first)))

#define LIKELY(condition)            __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition)          __builtin_expect(!!(condition), 0)

/* Where a measurement showed that the compiler's choice is the slower one. */
#define ALWAYS_INLINE                inline __attribute__((always_inline))
#define NEVER_INLINE                 __attribute__((noinline))

#define CACHE_LINE_SIZE              64

/* Asks for the cache line at `address`; never faults. To gcc a function that does nothing else has
 * no effect, and its calls go, hence the empty instruction. */
static ALWAYS_INLINE void prefetch_line(const void *address)
{
    __builtin_prefetch(address);
    __asm__ volatile("");
}

/* The same for all lines of `size` bytes; without a loop where the size is a constant. */
static ALWAYS_INLINE void prefetch_bytes(const void *address, size_t size)
{
#pragma GCC unroll 16
    for (size_t offset = 0; offset < size; offset += CACHE_LINE_SIZE) {
        prefetch_line((const void *)((uintptr_t)address + offset));
    }
}

/* What is asked for of an entry of an index that is going to be read: most documents are no longer,
 * their header included. */
#define ENTRY_PREFETCH_SIZE 256

static inline void prefetch_entry(const void *entry)
{
    /* Written out, as compilers do not at -O2: it is done for every document of a list. */
    const char *line = entry;
    prefetch_line(line);
    prefetch_line(line + CACHE_LINE_SIZE);
    prefetch_line(line + 2 * CACHE_LINE_SIZE);
    prefetch_line(line + ENTRY_PREFETCH_SIZE - CACHE_LINE_SIZE);
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What `-DTENON_TINY=1` makes small, so that tests meet every border early. */
#ifdef TENON_TINY
#define TINY_OR(tiny, normal) (tiny)
#else
#define TINY_OR(tiny, normal) (normal)
#endif

#endif
