/* A histogram of durations, as HdrHistogram keeps them: each power of two of nanoseconds has 64
 * equal steps, so any duration is known to 1.6 %, in fixed memory and without a pause. */
#ifndef TENON_BENCH_HISTOGRAM_H
#define TENON_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS    6
#define HISTOGRAM_BUCKET_COUNT ((64 - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS)

/* Begins as {0}. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKET_COUNT];
    uint64_t total;
    uint64_t largest_ns;
};

/* Counts `times` events of `duration_ns` each. */
void histogram_add(struct histogram *histogram, uint64_t duration_ns, uint64_t times);

/* The duration in nanoseconds that a share of `quantile` (0 to 1) of the events does not exceed;
 * 0 where there were none. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

#endif
