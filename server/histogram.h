/* A histogram of times: how many requests took how long, at most a fifth off.
 *
 * Buckets are quarters of an octave: bucket i holds times below histogram_bound_ns(i), and not
 * below that of the bucket before it. */
#ifndef TENON_SERVER_HISTOGRAM_H
#define TENON_SERVER_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_FIRST_OCTAVE 8  /* times below 2^8 ns are all alike */
#define HISTOGRAM_LAST_OCTAVE  36 /* and those from 2^36 ns, 69 s, on */
#define HISTOGRAM_BUCKET_COUNT ((HISTOGRAM_LAST_OCTAVE - HISTOGRAM_FIRST_OCTAVE) * 4 + 2)

/* Invariant: count is the sum of the buckets. A zeroed histogram is empty. */
struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKET_COUNT];
    uint64_t count;
    uint64_t longest_ns;
};

void histogram_add(struct histogram *histogram, uint64_t time_ns);

/* The time below which the times of a bucket are; the last bucket's is UINT64_MAX. */
uint64_t histogram_bound_ns(unsigned bucket);

/* A time that `share`, between 0 and 1, of all times do not exceed: the bound of a bucket, or the
 * longest time if that is less. 0 where the histogram is empty. */
uint64_t histogram_quantile_ns(const struct histogram *histogram, double share);

#endif
