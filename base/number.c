/* Numbers as text.
 *
 * Reading: up to 2^53 as an integer times or divided by a power of ten up to 10^22 is one
 * correctly rounded operation on two exact doubles (Clinger's fast path); the rest is strtod's.
 *
 * Writing: the shortest digits are found as an integer d and a power of ten with d * 10^e reading
 * back the same. If d < 2^52, at most one integer d fits a given e, because the decimals are then
 * further apart than the doubles; so the first e for which one fits gives the answer. */
#define _DEFAULT_SOURCE /* le64toh */

#include "base/number.h"

#include "base/memory.h"

#include <assert.h>
#include <endian.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_INTEGER_MAX (UINT64_C(1) << 53)
#define POWER_MAX         22

static const double powers_of_ten[POWER_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A decimal: digits, and the power of ten they are multiplied by. */
struct decimal {
    uint64_t digits;
    int exponent;
    bool exact; /* the digits are all there, at most EXACT_INTEGER_MAX, and the exponent is small */
};

/* Whether all of eight bytes are digits: their upper halves are 3, and stay so if 6 is added. */
static bool are_digits(uint64_t bytes)
{
    uint64_t upper = UINT64_C(0xf0f0f0f0f0f0f0f0);
    uint64_t sixes = UINT64_C(0x0606060606060606);
    return ((bytes & upper) | ((bytes + sixes) & upper) >> 4) == UINT64_C(0x3333333333333333);
}

/* The number that eight digits say, the first in the lowest byte: neighbours are united, three
 * times (Lemire, Number parsing at a gigabyte per second, 2021). */
static uint64_t number_of_digits(uint64_t bytes)
{
    uint64_t pairs = (bytes & UINT64_C(0x0f0f0f0f0f0f0f0f)) * (10 << 8 | 1) >> 8;
    uint64_t fours = (pairs & UINT64_C(0x00ff00ff00ff00ff)) * (100 << 16 | 1) >> 16;
    return (fours & UINT64_C(0x0000ffff0000ffff)) * (UINT64_C(10000) << 32 | 1) >> 32;
}

/* Reads the first eight digits at once, if there are as many. Returns what follows. */
static inline const char *read_eight_digits(const char *at, const char *end, uint64_t *digits)
{
    uint64_t bytes;
    if (end - at < (ptrdiff_t)sizeof(bytes)) {
        return at;
    }
    memcpy(&bytes, at, sizeof(bytes));
    bytes = le64toh(bytes);
    if (!are_digits(bytes)) {
        return at;
    }
    *digits = number_of_digits(bytes);
    return at + sizeof(bytes);
}

/* Reads digits, with a point among them or without; returns what follows, or, of too many digits,
 * some place among them. */
static const char *read_digits(const char *at, const char *end, struct decimal *decimal)
{
    uint64_t digits = 0;
    const char *fraction = NULL;
    for (at = read_eight_digits(at, end, &digits); at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit <= 9 && digits <= EXACT_INTEGER_MAX) {
            digits = digits * 10 + digit;
        } else if (*at == '.') {
            fraction = at + 1;
        } else {
            break;
        }
    }
    decimal->digits = digits;
    decimal->exponent = fraction ? (int)(fraction - at) : 0;
    decimal->exact = digits <= EXACT_INTEGER_MAX;
    return at;
}

static void read_exponent(const char *at, const char *end, struct decimal *decimal)
{
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    int exponent = 0;
    for (; at < end; at++) {
        exponent = exponent * 10 + (*at - '0');
        if (exponent > 999) {
            decimal->exact = false;
            return;
        }
    }
    decimal->exponent += negative ? -exponent : exponent;
}

static double parse_any(struct slice text)
{
    char local[128];
    char *copy = text.size < sizeof(local) ? local : memory_allocate(text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    double number = strtod(copy, NULL);
    if (copy != local) {
        memory_release(copy);
    }
    return number;
}

double number_parse(struct slice text)
{
    assert(text.size > 0);
    const char *end = text.data + text.size;
    bool negative = *text.data == '-';
    struct decimal decimal;
    const char *at = read_digits(text.data + (negative ? 1 : 0), end, &decimal);
    if (decimal.exact && at < end) {
        read_exponent(at + 1, end, &decimal);
    }
    if (!decimal.exact || abs(decimal.exponent) > POWER_MAX) {
        return parse_any(text);
    }
    double number = (double)decimal.digits;
    if (decimal.exponent < 0) {
        number /= powers_of_ten[-decimal.exponent];
    } else {
        number *= powers_of_ten[decimal.exponent];
    }
    return negative ? -number : number;
}

static bool decimal_reads_back(uint64_t digits, int exponent, double number)
{
    char text[NUMBER_TEXT_SIZE];
    int size = snprintf(text, sizeof(text), "%" PRIu64 "e%d", digits, exponent);
    return number_parse(slice_make(text, (size_t)size)) == number;
}

/* Numbers with few digits after the point. */
static bool find_short_decimal(double number, struct decimal *decimal)
{
    for (int places = 0; places <= POWER_MAX; places++) {
        double scaled = number * powers_of_ten[places];
        if (scaled >= 0x1p52) {
            return false;
        }
        uint64_t digits = (uint64_t)(scaled + 0.5);
        if (digits > 0 && (double)digits / powers_of_ten[places] == number) {
            *decimal = (struct decimal){.digits = digits, .exponent = -places};
            return true;
        }
    }
    return false;
}

/* `number` rounded to `count` digits. */
static struct decimal round_to_digits(double number, int count)
{
    char text[NUMBER_TEXT_SIZE];
    snprintf(text, sizeof(text), "%.*e", count - 1, number);
    struct decimal decimal = {0};
    const char *at = text;
    for (; *at != 'e'; at++) {
        if (*at != '.') {
            decimal.digits = decimal.digits * 10 + (uint64_t)(*at - '0');
        }
    }
    decimal.exponent = atoi(at + 1) - (count - 1);
    return decimal;
}

/* Fifteen digits hold every shorter decimal of a normal number; a subnormal one may need as few
 * as one. Beside a power of two the doubles below are closer than those above, so that the
 * nearest decimal may not read back while the next one up does. */
static struct decimal find_any_decimal(double number)
{
    for (int count = number < DBL_MIN ? 1 : 15; count < 17; count++) {
        struct decimal decimal = round_to_digits(number, count);
        if (decimal_reads_back(decimal.digits, decimal.exponent, number)) {
            return decimal;
        }
        if (decimal_reads_back(decimal.digits + 1, decimal.exponent, number)) {
            decimal.digits++;
            return decimal;
        }
    }
    return round_to_digits(number, 17);
}

static char *write_zeros(char *to, int count)
{
    for (int i = 0; i < count; i++) {
        *to++ = '0';
    }
    return to;
}

static char *write_bytes(char *to, const char *bytes, int count)
{
    memcpy(to, bytes, (size_t)count);
    return to + count;
}

static char *write_with_exponent(char *to, const char *digits, int count, int point)
{
    *to++ = *digits;
    if (count > 1) {
        *to++ = '.';
        to = write_bytes(to, digits + 1, count - 1);
    }
    return to + snprintf(to, 8, "e%+d", point - 1);
}

/* Writes `count` digits of a number up to 2^53, of which `point` stand before the decimal point, as
 * ECMAScript's Number::toString lays them out. */
static char *write_layout(char *to, const char *digits, int count, int point)
{
    if (point >= count) {
        to = write_bytes(to, digits, count);
        return write_zeros(to, point - count);
    }
    if (point > 0) {
        to = write_bytes(to, digits, point);
        *to++ = '.';
        return write_bytes(to, digits + point, count - point);
    }
    if (point > -6 && point <= 0) {
        *to++ = '0';
        *to++ = '.';
        to = write_zeros(to, -point);
        return write_bytes(to, digits, count);
    }
    return write_with_exponent(to, digits, count, point);
}

/* Writes `digits` in decimal; returns how many there are. */
static int write_integer(char *to, uint64_t digits)
{
    char reversed[20];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + digits % 10);
        digits /= 10;
    } while (digits > 0);
    for (int i = 0; i < count; i++) {
        to[i] = reversed[count - 1 - i];
    }
    return count;
}

size_t number_format(double number, char *text)
{
    assert(isfinite(number));
    char *to = text;
    if (signbit(number)) {
        *to++ = '-';
        number = -number;
    }
    if (number < (double)EXACT_INTEGER_MAX && (double)(uint64_t)number == number) {
        return (size_t)(to + write_integer(to, (uint64_t)number) - text);
    }
    struct decimal decimal;
    if (!find_short_decimal(number, &decimal)) {
        decimal = find_any_decimal(number);
    }
    while (decimal.digits % 10 == 0) {
        decimal.digits /= 10;
        decimal.exponent++;
    }
    char digits[20];
    int count = write_integer(digits, decimal.digits);
    int point = count + decimal.exponent;
    to = number > (double)EXACT_INTEGER_MAX ? write_with_exponent(to, digits, count, point)
                                            : write_layout(to, digits, count, point);
    assert(to - text <= NUMBER_TEXT_SIZE);
    return (size_t)(to - text);
}

/* Negative numbers have all bits turned, others the sign bit. */
uint64_t number_to_ordered(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

double number_from_ordered(uint64_t ordered)
{
    uint64_t bits = ordered >> 63 ? ordered & ~(UINT64_C(1) << 63) : ~ordered;
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}
