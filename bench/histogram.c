/* Counting durations. See histogram.h. */
#include "bench/histogram.h"

#include <assert.h>

#define STEP_COUNT (1u << HISTOGRAM_STEP_BITS)

/* Durations below STEP_COUNT are their own bucket; above, the highest bit chooses the group of
 * buckets and the bits behind it the bucket. */
static uint32_t bucket_of(uint64_t duration_ns)
{
    if (duration_ns < STEP_COUNT) {
        return (uint32_t)duration_ns;
    }
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(duration_ns) - HISTOGRAM_STEP_BITS;
    return ((shift + 1) << HISTOGRAM_STEP_BITS) + (uint32_t)((duration_ns >> shift) - STEP_COUNT);
}

/* The largest duration that a bucket counts. */
static uint64_t bucket_end(uint32_t bucket)
{
    if (bucket < STEP_COUNT) {
        return bucket;
    }
    uint32_t shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
    uint64_t step = bucket & (STEP_COUNT - 1);
    return ((STEP_COUNT + step) << shift) + ((UINT64_C(1) << shift) - 1);
}

void histogram_add(struct histogram *histogram, uint64_t duration_ns, uint64_t times)
{
    histogram->counts[bucket_of(duration_ns)] += times;
    histogram->total += times;
    if (duration_ns > histogram->largest_ns) {
        histogram->largest_ns = duration_ns;
    }
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    assert(quantile >= 0 && quantile <= 1);
    uint64_t wanted = (uint64_t)((double)histogram->total * quantile);
    uint64_t seen = 0;
    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKET_COUNT; bucket++) {
        seen += histogram->counts[bucket];
        if (seen > wanted || (seen == histogram->total && seen > 0)) {
            uint64_t end = bucket_end(bucket);
            return end < histogram->largest_ns ? end : histogram->largest_ns;
        }
    }
    return 0;
}
