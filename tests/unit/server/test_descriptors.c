/* Descriptors: how they are divided. */
#include "base/macros.h"
#include "server/descriptors.h"

#include <criterion/criterion.h>

/* Never more connections than descriptors, and always some for those that are one too many. */
Test(descriptors, are_divided_so_that_none_is_promised_twice)
{
    struct descriptors descriptors;
    for (uint64_t limit = 0; limit < 2000; limit++) {
        bool enough = descriptors_divide(&descriptors, limit, 1000);
        cr_assert_eq(enough, limit >= 40, "%lu", (unsigned long)limit);
        if (enough) {
            cr_assert(descriptors.connections_max >= 1 && descriptors.lingering_max >= 1);
            cr_assert(descriptors.connections_max <= 1000);
            cr_assert(descriptors.connections_max + descriptors.lingering_max + 32 <= limit);
        }
    }
    cr_assert_eq(descriptors.connections_max, 1000);
}

Test(descriptors, are_enough_for_as_many_connections_as_the_options_want)
{
    struct descriptors descriptors;
    cr_assert(descriptors_divide(&descriptors, 10000 + 32 + 128, 10000));
    cr_expect_eq(descriptors.connections_max, 10000);
    cr_assert(descriptors_divide(&descriptors, 1024, 10000));
    cr_expect_eq(descriptors.connections_max + descriptors.lingering_max, 1024 - 32);
}
