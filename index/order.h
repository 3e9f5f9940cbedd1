/* The order of values, and keys whose bytes sort in that order.
 *
 *   missing < null < int64 < number < false < true < string < bytes < array < object
 *
 * Numbers go by IEEE 754 totalOrder, strings and bytes by their bytes, arrays item by item,
 * objects as their (name, value) pairs sorted by name.
 *
 * The byte form of a value (after FoundationDB's tuple layer) is one type byte and a payload that
 * ends itself, so that forms can stand one behind another and memcmp of two such rows is the
 * order of the rows of values. No form begins another: a row of forms is the beginning of just
 * those longer rows that have the same values first, which is how a range finds them.
 *
 *   01 missing   02 null   05 false   06 true
 *   03 int64     8 bytes, big-endian, sign bit flipped
 *   04 number    8 bytes, big-endian, number_to_ordered
 *   07 string    the plain bytes, 00 written as 01 01 and 01 as 01 02, then 00
 *   08 bytes     the same
 *   09 array     the items' forms, then 00
 *   0a object    name (as a string) and value of each pair, sorted by name, then 00 */
#ifndef TENON_INDEX_ORDER_H
#define TENON_INDEX_ORDER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

/* Orders two values: negative, 0 or positive. Equality in Tenon is equality in this order. */
int value_compare(struct value a, struct value b);

static inline bool value_equal(struct value a, struct value b)
{
    bool strings = a.kind == VALUE_TEXT && b.kind == VALUE_TEXT && *a.text == '"' && *b.text == '"';
    if (strings) {
        return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
    }
    return value_compare(a, b) == 0;
}

/* Appends the byte form of `value`. */
void key_append(struct buffer *key, struct value value);

/* Steps over one value's byte form at the head of `key`; returns its bytes, or 0 if the head is
 * not a whole, valid byte form (keys also come from cursors, that is, from outside). */
size_t key_skip(struct slice key);

/* The first 8 bytes of `key` as a big-endian integer; what a short key lacks is filled with
 * `fill` (0x00 or 0xff). */
uint64_t key_hint(struct slice key, uint8_t fill);

/* A hash of the value that is equal for equal values. */
uint64_t value_hash(struct value value, uint64_t seed);

#endif
