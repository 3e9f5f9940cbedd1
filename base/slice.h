/* A slice: a run of bytes that somebody else owns.
 *
 * A slice never owns its bytes and is not terminated; whoever hands one out says how long the
 * bytes live. The empty slice may have a NULL pointer. */
#ifndef TENON_BASE_SLICE_H
#define TENON_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *data;
    size_t size; /* bytes */
};

/* The slice of a string literal, its terminating zero left out. */
#define SLICE(literal)      ((struct slice){.data = (literal), .size = sizeof(literal) - 1})

/* The two arguments that a "%.*s" in a printf format takes for a slice. */
#define SLICE_FORMAT(slice) (int)(slice).size, (slice).data

static inline struct slice slice_make(const char *data, size_t size)
{
    return (struct slice){.data = data, .size = size};
}

/* The slice of a zero-terminated string. */
static inline struct slice slice_of(const char *string)
{
    return slice_make(string, strlen(string));
}

/* With a literal for `b` no call is made: its size is what the comparison goes by. */
static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (b.size == 0 || memcmp(a.data, b.data, b.size) == 0);
}

static inline bool slice_starts_with(struct slice slice, struct slice prefix)
{
    return slice.size >= prefix.size &&
           (prefix.size == 0 || memcmp(slice.data, prefix.data, prefix.size) == 0);
}

/* Orders as memcmp does; of two slices of which one begins the other, the shorter comes first. */
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

#endif
