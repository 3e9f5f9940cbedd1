/* Histograms of times. */
#include "server/histogram.h"

#include <assert.h>

static unsigned find_bucket(uint64_t time_ns)
{
    if (time_ns < 1ull << HISTOGRAM_FIRST_OCTAVE) {
        return 0;
    }
    if (time_ns >= 1ull << HISTOGRAM_LAST_OCTAVE) {
        return HISTOGRAM_BUCKET_COUNT - 1;
    }
    unsigned octave = 63 - (unsigned)__builtin_clzll(time_ns);
    unsigned quarter = (unsigned)(time_ns >> (octave - 2)) & 3;
    return (octave - HISTOGRAM_FIRST_OCTAVE) * 4 + quarter + 1;
}

void histogram_add(struct histogram *histogram, uint64_t time_ns)
{
    unsigned bucket = find_bucket(time_ns);
    assert(bucket < HISTOGRAM_BUCKET_COUNT);
    histogram->buckets[bucket] += 1;
    histogram->count += 1;
    if (time_ns > histogram->longest_ns) {
        histogram->longest_ns = time_ns;
    }
}

uint64_t histogram_bound_ns(unsigned bucket)
{
    assert(bucket < HISTOGRAM_BUCKET_COUNT);
    if (bucket == HISTOGRAM_BUCKET_COUNT - 1) {
        return UINT64_MAX;
    }
    unsigned octave = HISTOGRAM_FIRST_OCTAVE + bucket / 4;
    return (1ull << octave) + (uint64_t)(bucket % 4) * (1ull << (octave - 2));
}

uint64_t histogram_quantile_ns(const struct histogram *histogram, double share)
{
    assert(share >= 0 && share <= 1);
    double wanted = share * (double)histogram->count;
    uint64_t passed = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKET_COUNT; i++) {
        passed += histogram->buckets[i];
        if (passed > 0 && (double)passed >= wanted) {
            uint64_t bound_ns = histogram_bound_ns(i);
            return bound_ns < histogram->longest_ns ? bound_ns : histogram->longest_ns;
        }
    }
    return 0;
}
