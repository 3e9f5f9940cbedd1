/* Numbers as text, against strtod and ECMAScript's rules. */
#include "base/macros.h"
#include "base/number.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static double of_bits(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static const char *format(double number)
{
    static char text[NUMBER_TEXT_SIZE + 1];
    size_t size = number_format(number, text);
    cr_assert_leq(size, (size_t)NUMBER_TEXT_SIZE);
    text[size] = '\0';
    return text;
}

Test(number, is_written_as_ecmascript_does_up_to_2_to_the_53rd_and_beyond_with_an_exponent)
{
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1, "-1"},
        {10, "10"},
        {123456789, "123456789"},
        {9007199254740991, "9007199254740991"},
        {9007199254740992, "9007199254740992"},
        {1e15, "1000000000000000"},
        {1e21, "1e+21"},
        {-1.5e21, "-1.5e+21"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {0.1, "0.1"},
        {0.30000000000000004, "0.30000000000000004"},
        {0.5, "0.5"},
        {-12.25, "-12.25"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {0.000001, "0.000001"},
        {0.0000015, "0.0000015"},
        {1e-7, "1e-7"},
        {1.25e-7, "1.25e-7"},
        {123e-20, "1.23e-18"},
        {5e-324, "5e-324"},
        {1e-323, "1e-323"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {5.684341886080802e-14, "5.684341886080802e-14"},
        {1763812345678.123, "1763812345678.123"},
        {1763812345678.1235, "1763812345678.1235"},
        {2251799813685249.5, "2251799813685249.5"},
        {5e22, "5e+22"},
        {9007199254740994, "9.007199254740994e+15"},
        {-9007199254740994, "-9.007199254740994e+15"},
        {1e16, "1e+16"},
        {1e20, "1e+20"},
        {123456789012345680000.0, "1.2345678901234568e+20"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_str_eq(format(rows[i].number), rows[i].text, "%s, not %s", rows[i].text,
                         format(rows[i].number));
    }
}

Test(number, is_read_as_strtod_reads_it)
{
    static const char *const rows[] = {
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0e5",
        "0e400",
        "-0e-400",
        "1",
        "-1",
        "10",
        "1.5",
        "1e5",
        "1E+5",
        "1e-5",
        "0.1",
        "0.30000000000000004",
        "123456789012345678901234567890",
        "9007199254740993",
        "9007199254740993.0",
        "9007199254740992.9999999999999999999999",
        "9007199254740992",
        "18446744073709551615",
        "18446744073709551616",
        "9999999999999999999",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "8.41e21",
        "9.5e-300",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e400",
        "1e99999999999999999999",
        "1e-99999999999999999",
        "5e-324",
        "2e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "0.000000000000000000000000000000000000000000001",
        "1000000000000000000000000000000000000000000000000000e-51",
        "0.00000000000000000000000000000000000001e38",
        "3.14159265358979323846264338327950288",
        "1234567",
        "12345678",
        "123456789",
        "-12345678.5",
        "1234567.12345678",
        "12345678e5",
        "12345678901234567e-3",
        "1790000000000.123",
        "0.12345678",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double expected = strtod(rows[i], NULL);
        cr_expect_eq(bits_of(number_parse(slice_of(rows[i]))), bits_of(expected), "%s", rows[i]);
    }
}

Test(number, very_long_texts_are_read_to_their_end)
{
    size_t size = 100000;
    char *text = malloc(size);
    memset(text, '0', size);
    memcpy(text, "9007199254740993.", 17);
    cr_assert_eq(number_parse(slice_make(text, size)), 9007199254740992.0);
    text[size - 1] = '1';
    cr_assert_eq(number_parse(slice_make(text, size)), 9007199254740994.0);
    memset(text, '0', size);
    text[1] = '.';
    memcpy(text + size - 7, "1e99993", 7);
    cr_assert_eq(number_parse(slice_make(text, size)), 10.0);
    free(text);
}

Test(number, random_doubles_come_back_and_no_shorter_text_does)
{
    uint64_t state = random_seed("number");
    for (int i = 0; i < 20000; i++) {
        double number = of_bits(random_next(&state));
        if (i % 4 == 1) {
            number = (double)(int64_t)(random_next(&state) >> 20) / 1000;
        } else if (i % 4 == 2) {
            number = ldexp(1, (int)(random_next(&state) % 2098) - 1074);
        } else if (i % 4 == 3) {
            number = of_bits(random_next(&state) >> 12);
        }
        if (!isfinite(number)) {
            continue;
        }
        const char *text = format(number);
        cr_assert_eq(bits_of(strtod(text, NULL)), bits_of(number), "%s", text);
        cr_assert_eq(bits_of(number_parse(slice_of(text))), bits_of(number), "%s", text);

        char shortest[64];
        int digits = 0;
        do {
            snprintf(shortest, sizeof(shortest), "%.*e", digits++, number);
        } while (strtod(shortest, NULL) != number);
        int count = 0;
        const char *last = text;
        for (const char *at = text; *at != '\0' && *at != 'e'; at++) {
            bool leading = count == 0 && (*at == '0' || *at == '.' || *at == '-');
            count += !leading && *at != '.';
            last = *at == '0' ? last : at;
        }
        for (const char *at = last + 1; *at != '\0' && *at != 'e'; at++) {
            count -= strchr(text, '.') == NULL;
        }
        cr_assert_leq(count, digits, "%s is longer than %s", text, shortest);
    }
}

Test(number, random_texts_are_read_as_strtod_reads_them)
{
    uint64_t state = random_seed("number");
    for (int i = 0; i < 50000; i++) {
        char text[80];
        int size = snprintf(text, sizeof(text), "%s%" PRIu64, i % 2 ? "-" : "",
                            random_next(&state) >> random_next(&state) % 64);
        if (i % 3 != 0) {
            size += snprintf(text + size, 40, ".%" PRIu64,
                             random_next(&state) >> random_next(&state) % 64);
        }
        if (i % 5 < 2) {
            size += snprintf(text + size, 10, "e%d", (int)(random_next(&state) % 80) - 40);
        }
        double expected = strtod(text, NULL);
        cr_assert_eq(bits_of(number_parse(slice_make(text, (size_t)size))), bits_of(expected), "%s",
                     text);
    }
}

Test(number, ordered_integers_order_as_total_order_does)
{
    const double nan = NAN;
    const double rows[] = {-nan, -INFINITY, -DBL_MAX, -1, -DBL_MIN, -5e-324,  -0.0,
                           0,    5e-324,    DBL_MIN,  1,  DBL_MAX,  INFINITY, nan};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t ordered = number_to_ordered(rows[i]);
        cr_assert_eq(bits_of(number_from_ordered(ordered)), bits_of(rows[i]));
        if (i > 0) {
            cr_assert_lt(number_to_ordered(rows[i - 1]), ordered, "row %zu", i);
        }
    }
}
