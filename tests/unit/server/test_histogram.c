/* Histograms of times. */
#include "server/histogram.h"

#include <criterion/criterion.h>

Test(histogram, buckets_are_in_order_and_a_fifth_wide)
{
    for (unsigned i = 1; i < HISTOGRAM_BUCKET_COUNT; i++) {
        uint64_t below = histogram_bound_ns(i - 1);
        cr_expect_gt(histogram_bound_ns(i), below);
        if (i + 1 < HISTOGRAM_BUCKET_COUNT) {
            cr_expect_leq(histogram_bound_ns(i) - below, (below + 3) / 4);
        }
    }
}

/* Each time goes into the first bucket whose bound is above it. */
Test(histogram, a_time_is_counted_in_its_bucket)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKET_COUNT; i++) {
        struct histogram histogram = {0};
        uint64_t first = i == 0 ? 0 : histogram_bound_ns(i - 1);
        uint64_t last = histogram_bound_ns(i) - 1;
        histogram_add(&histogram, first);
        histogram_add(&histogram, last);
        cr_expect_eq(histogram.buckets[i], 2, "bucket %u", i);
        cr_expect_eq(histogram.count, 2);
        cr_expect_eq(histogram.longest_ns, last);
    }
}

Test(histogram, a_quantile_bounds_its_share_of_the_times)
{
    struct histogram histogram = {0};
    cr_expect_eq(histogram_quantile_ns(&histogram, 0.5), 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        histogram_add(&histogram, i * 1000);
    }
    static const double shares[] = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 1};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        double exact = shares[i] * 1000000;
        double found = (double)histogram_quantile_ns(&histogram, shares[i]);
        cr_expect(found >= exact && found <= exact * 1.25 + 2048, "%g: %g", shares[i], found);
    }
    cr_expect_eq(histogram_quantile_ns(&histogram, 1), 1000000);
}
