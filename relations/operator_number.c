/* Operators on numbers: float64 by IEEE 754, int64 exactly, never mixed. */
#include "relations/operator.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool fail_arithmetic(const struct operator_call *call, const char *what)
{
    struct slice name = call->expression->operator->name;
    return error_set(call->run->error, ERROR_ARITHMETIC, "`%.*s`: %s.", SLICE_FORMAT(name), what);
}

/* Every NaN that is computed is the same one: the hardware's own has its sign set, and would come
 * first in the order of values. */
static struct value computed(double number)
{
    return value_from_number(isnan(number) ? (double)NAN : number);
}

static bool is_arithmetic(struct value value)
{
    enum value_type type = value_type(value);
    return type == TYPE_NUMBER || type == TYPE_INT64;
}

/* Two numbers or two int64. */
static bool check_pair(const struct operator_call *call, struct value a, struct value b)
{
    if (!is_arithmetic(a)) {
        return operator_mismatch(call, "a number or an int64", a);
    }
    if (value_type(a) == value_type(b)) {
        return true;
    }
    return operator_mismatch(call,
                             value_type(a) == TYPE_NUMBER ? "a number, as the first is"
                                                          : "an int64, as the first is",
                             b);
}

static bool add(const struct operator_call *call, struct value a, struct value b,
                struct value *result)
{
    if (!check_pair(call, a, b)) {
        return false;
    }
    if (value_type(a) == TYPE_NUMBER) {
        *result = computed(value_number(a) + value_number(b));
        return true;
    }
    int64_t sum;
    if (__builtin_add_overflow(value_int64(a), value_int64(b), &sum)) {
        return fail_arithmetic(call, "int64 overflow");
    }
    *result = value_from_int64(sum);
    return true;
}

static bool divide_int64(const struct operator_call *call, int64_t a, int64_t b,
                         struct value *result)
{
    if (b == 0) {
        return fail_arithmetic(call, "division of an int64 by zero");
    }
    if (a == INT64_MIN && b == -1) {
        return fail_arithmetic(call, "int64 overflow");
    }
    *result = value_from_int64(a / b);
    return true;
}

bool operator_add(const struct operator_call *call, struct value *result)
{
    return add(call, call->arguments[0], call->arguments[1], result);
}

bool operator_sub(const struct operator_call *call, struct value *result)
{
    struct value a = call->arguments[0];
    struct value b = call->arguments[1];
    if (!check_pair(call, a, b)) {
        return false;
    }
    if (value_type(a) == TYPE_NUMBER) {
        *result = computed(value_number(a) - value_number(b));
        return true;
    }
    int64_t difference;
    if (__builtin_sub_overflow(value_int64(a), value_int64(b), &difference)) {
        return fail_arithmetic(call, "int64 overflow");
    }
    *result = value_from_int64(difference);
    return true;
}

bool operator_mul(const struct operator_call *call, struct value *result)
{
    struct value a = call->arguments[0];
    struct value b = call->arguments[1];
    if (!check_pair(call, a, b)) {
        return false;
    }
    if (value_type(a) == TYPE_NUMBER) {
        *result = computed(value_number(a) * value_number(b));
        return true;
    }
    int64_t product;
    if (__builtin_mul_overflow(value_int64(a), value_int64(b), &product)) {
        return fail_arithmetic(call, "int64 overflow");
    }
    *result = value_from_int64(product);
    return true;
}

bool operator_div(const struct operator_call *call, struct value *result)
{
    struct value a = call->arguments[0];
    struct value b = call->arguments[1];
    if (!check_pair(call, a, b)) {
        return false;
    }
    if (value_type(a) == TYPE_INT64) {
        return divide_int64(call, value_int64(a), value_int64(b), result);
    }
    *result = computed(value_number(a) / value_number(b));
    return true;
}

bool operator_mod(const struct operator_call *call, struct value *result)
{
    struct value a = call->arguments[0];
    struct value b = call->arguments[1];
    if (!check_pair(call, a, b)) {
        return false;
    }
    if (value_type(a) == TYPE_NUMBER) {
        *result = computed(fmod(value_number(a), value_number(b)));
        return true;
    }
    int64_t divisor = value_int64(b);
    if (divisor == 0) {
        return fail_arithmetic(call, "division of an int64 by zero");
    }
    /* The remainder of the smallest int64 by -1 is 0, but traps in hardware. */
    *result = value_from_int64(divisor == -1 ? 0 : value_int64(a) % divisor);
    return true;
}

static bool negate(const struct operator_call *call, int64_t number, struct value *result)
{
    if (number == INT64_MIN) {
        return fail_arithmetic(call, "int64 overflow");
    }
    *result = value_from_int64(-number);
    return true;
}

static bool check_one(const struct operator_call *call)
{
    return is_arithmetic(call->arguments[0]) ||
           operator_mismatch(call, "a number or an int64", call->arguments[0]);
}

bool operator_neg(const struct operator_call *call, struct value *result)
{
    struct value value = call->arguments[0];
    if (!check_one(call)) {
        return false;
    }
    if (value_type(value) == TYPE_INT64) {
        return negate(call, value_int64(value), result);
    }
    *result = computed(-value_number(value));
    return true;
}

bool operator_abs(const struct operator_call *call, struct value *result)
{
    struct value value = call->arguments[0];
    if (!check_one(call)) {
        return false;
    }
    if (value_type(value) == TYPE_NUMBER) {
        *result = computed(fabs(value_number(value)));
        return true;
    }
    *result = value;
    return value_int64(value) >= 0 || negate(call, value_int64(value), result);
}

/* Whole numbers are what int64 are already. */
static bool to_whole(const struct operator_call *call, double (*function)(double),
                     struct value *result)
{
    if (!check_one(call)) {
        return false;
    }
    *result = call->arguments[0];
    if (value_type(*result) == TYPE_NUMBER) {
        *result = computed(function(value_number(*result)));
    }
    return true;
}

bool operator_floor(const struct operator_call *call, struct value *result)
{
    return to_whole(call, floor, result);
}

bool operator_ceil(const struct operator_call *call, struct value *result)
{
    return to_whole(call, ceil, result);
}

#define ROUND_PLACES_MAX 100

/* The digits of a positive number's shortest form, and the power of ten of the first one. */
struct decimal {
    char digits[NUMBER_TEXT_SIZE];
    int count;
    int exponent;
};

static struct decimal decimal_of(double number)
{
    char text[NUMBER_TEXT_SIZE + 1];
    size_t size = number_format(number, text);
    text[size] = 0;
    struct decimal decimal = {0};
    int point = -1; /* digits before it */
    const char *c = text;
    for (; *c != 0 && *c != 'e'; c++) {
        if (*c == '.') {
            point = decimal.count;
        } else {
            decimal.digits[decimal.count++] = *c;
        }
    }
    decimal.exponent = (point < 0 ? decimal.count : point) - 1;
    decimal.exponent += *c == 'e' ? (int)strtol(c + 1, NULL, 10) : 0;
    return decimal;
}

/* Rounds half away from zero on the decimal digits; `places` behind the point are kept. */
static double round_decimal(double number, int places)
{
    struct decimal decimal = decimal_of(fabs(number));
    int kept = decimal.exponent + 1 + places; /* digits that stay */
    if (kept >= decimal.count) {
        return number;
    }
    if (kept < 0) {
        return copysign(0, number);
    }
    bool up = decimal.digits[kept] >= '5';
    char text[2 * NUMBER_TEXT_SIZE];
    /* A zero in front takes the carry: 0999 becomes 1000. */
    int size = snprintf(text, sizeof(text), "0%.*s", kept, decimal.digits);
    for (int i = size - 1; up && i >= 0; i--) {
        up = text[i] == '9';
        text[i] = up ? '0' : (char)(text[i] + 1);
    }
    snprintf(text + size, sizeof(text) - (size_t)size, "e%d", -places);
    return copysign(strtod(text, NULL), number);
}

/* Int64 have digits before the point only. */
static bool round_int64(const struct operator_call *call, int64_t number, int places,
                        struct value *result)
{
    int64_t unit = 1;
    *result = value_from_int64(places < -19 ? 0 : number);
    if (places >= 0 || places < -19) {
        return true;
    }
    /* Cut all digits but the one that decides, so that units beyond int64 need not be made. */
    for (int i = places; i < -1; i++) {
        unit *= 10;
    }
    int64_t cut = number / unit;
    int64_t tens = cut / 10 + (cut % 10 >= 5 ? 1 : cut % 10 <= -5 ? -1 : 0);
    if (__builtin_mul_overflow(tens, unit, &tens) || __builtin_mul_overflow(tens, 10, &tens)) {
        return fail_arithmetic(call, "int64 overflow");
    }
    *result = value_from_int64(tens);
    return true;
}

static bool take_places(const struct operator_call *call, int *places)
{
    *places = 0;
    if (call->count < 2) {
        return true;
    }
    struct value value = call->arguments[1];
    double number = value_type(value) == TYPE_NUMBER ? value_number(value) : NAN;
    if (!(fabs(number) <= ROUND_PLACES_MAX) || number != floor(number)) {
        return operator_mismatch(call, "a whole number of places from -100 to 100", value);
    }
    *places = (int)number;
    return true;
}

bool operator_round(const struct operator_call *call, struct value *result)
{
    int places;
    if (!check_one(call) || !take_places(call, &places)) {
        return false;
    }
    struct value value = call->arguments[0];
    if (value_type(value) == TYPE_INT64) {
        return round_int64(call, value_int64(value), places, result);
    }
    double number = value_number(value);
    *result = computed(isfinite(number) ? round_decimal(number, places) : number);
    return true;
}

bool operator_sum(const struct operator_call *call, struct value *result)
{
    const struct value *items;
    uint32_t count;
    struct run *run = call->run;
    if (!operator_items(call, 0, &items, &count)) {
        return false;
    }
    if (count > 0 && !is_arithmetic(items[0])) {
        return operator_mismatch(call, "a list of numbers or of int64", items[0]);
    }
    bool is_int64 = count > 0 && value_type(items[0]) == TYPE_INT64;
    *result = is_int64 ? value_from_int64(0) : value_from_number(0);
    for (uint32_t i = 0; i < count; i++) {
        if (!budget_take_time(run->budget, run->error) || !add(call, *result, items[i], result)) {
            return false;
        }
    }
    return true;
}

bool operator_avg(const struct operator_call *call, struct value *result)
{
    struct value sum = VALUE_IS(VALUE_MISSING);
    if (!operator_sum(call, &sum)) {
        return false;
    }
    uint32_t count = value_count(call->arguments[0]);
    if (count == 0) {
        *result = VALUE_IS(VALUE_MISSING);
        return true;
    }
    if (value_type(sum) == TYPE_INT64) {
        return divide_int64(call, value_int64(sum), count, result);
    }
    *result = computed(value_number(sum) / count);
    return true;
}
