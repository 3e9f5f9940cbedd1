/* Buffers and slices. */
#include "base/buffer.h"

#include <criterion/criterion.h>

Test(buffer, keeps_everything_while_it_grows)
{
    struct buffer buffer = {0};
    for (int i = 0; i < 10000; i++) {
        buffer_append_char(&buffer, (char)(i % 100));
        buffer_append(&buffer, "xy", 2);
        cr_assert_leq(buffer.size, buffer.capacity);
    }
    cr_assert_eq(buffer.size, 30000);
    for (int i = 0; i < 10000; i++) {
        cr_assert_eq(buffer.data[i * 3], (char)(i % 100));
        cr_assert(memcmp(buffer.data + i * 3 + 1, "xy", 2) == 0);
    }
    buffer_deinit(&buffer);
    cr_assert(buffer.data == NULL && buffer.size == 0 && buffer.capacity == 0);
}

Test(buffer, reserving_leaves_the_size_as_it_is)
{
    struct buffer buffer = {0};
    memset(buffer_reserve(&buffer, 1000), 'a', 1000);
    cr_assert_eq(buffer.size, 0);
    cr_assert_geq(buffer.capacity, 1000);
    buffer_deinit(&buffer);
}

Test(buffer, appends_formatted_text_and_slices)
{
    struct buffer buffer = {0};
    buffer_append_format(&buffer, "%s-%d", "abc", 12);
    buffer_append_slice(&buffer, SLICE("!"));
    buffer_append_slice(&buffer, (struct slice){0});
    buffer_append_format(&buffer, "%080d", 7);
    cr_assert_eq(buffer.size, 87);
    cr_assert(slice_starts_with(buffer_slice(&buffer), SLICE("abc-12!000")));
    buffer_deinit(&buffer);
}

Test(slice, compares_as_bytes_do)
{
    cr_assert(slice_equal(SLICE("a\0b"), slice_make("a\0b", 3)));
    cr_assert(!slice_equal(SLICE("a"), SLICE("b")));
    cr_assert(!slice_equal(SLICE("a"), SLICE("ab")));
    cr_assert(slice_equal((struct slice){0}, SLICE("")));
    cr_assert_lt(slice_compare(SLICE("a"), SLICE("ab")), 0);
    cr_assert_gt(slice_compare(SLICE("\xff"), SLICE("a")), 0);
    cr_assert_eq(slice_compare(SLICE(""), (struct slice){0}), 0);
    cr_assert(slice_starts_with(SLICE("abc"), SLICE("ab")));
    cr_assert(!slice_starts_with(SLICE("a"), SLICE("ab")));
    cr_assert_eq(slice_of("four").size, 4);
}
