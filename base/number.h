/* Numbers as text: doubles, exactly.
 *
 * Reading rounds correctly, writing gives the shortest text that reads back the same. Neither
 * depends on the locale. */
#ifndef TENON_BASE_NUMBER_H
#define TENON_BASE_NUMBER_H

#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* The most bytes that number_format writes. */
#define NUMBER_TEXT_SIZE 32

/* The double that the JSON number `text` says, correctly rounded; infinite where none can. */
double number_parse(struct slice text);

/* Writes `number`, which is finite, in JavaScript's form of the shortest digits that read back
 * the same (0.000001, 1e-7, 5), but with an exponent where it is beyond ±2^53 (1e+20): there a
 * number without one is no value that can be sent back. -0 is written as -0. Returns the bytes
 * written, at most NUMBER_TEXT_SIZE. */
size_t number_format(double number, char *text);

/* Maps doubles to integers that order as IEEE 754 totalOrder does; NaNs of positive sign come
 * last, of negative sign first. */
uint64_t number_to_ordered(double number);
double number_from_ordered(uint64_t ordered);

#endif
