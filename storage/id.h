/* Document ids, in Convex's format.
 *
 * An id is the text, in lower-case Crockford base32 (0123456789abcdefghjkmnpqrstvwxyz), most
 * significant bit first, zero bits filled up at the end, of
 *
 *   table number   LEB128, 1 to 5 bytes, no longer than needed
 *   body           16 bytes: 14 random, then the day number since 1970, big-endian
 *   footer         2 bytes: Fletcher-16 with modulus 256 over all before, little-endian
 *
 * so 31 to 37 characters. Decoding is strict: the shortest table number, zero fill bits, the
 * right footer, lower case. */
#ifndef TENON_STORAGE_ID_H
#define TENON_STORAGE_ID_H

#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_TEXT_SIZE_MIN 31
#define ID_TEXT_SIZE_MAX 37
#define ID_BODY_SIZE     16
#define ID_RANDOM_SIZE   14

struct id {
    uint32_t table_number; /* 1 and above */
    uint8_t body[ID_BODY_SIZE];
};

/* Writes the text of `id`, without a terminating zero, and returns its size. */
size_t id_encode(const struct id *id, char text[ID_TEXT_SIZE_MAX]);

/* Errors: false where `text` is not an id. */
MUST_CHECK bool id_decode(struct slice text, struct id *id);

/* Only the table number of `text`, which may be anything; 0 where it is not an id. */
uint32_t id_table_number(struct slice text);

/* The same as id_hint for text that may be anything.
 * Errors: false where its size is that of no id; nothing else is looked at. */
MUST_CHECK bool id_read_hint(struct slice text, uint64_t *hint);

/* What eight characters at `offset` differ in; 0: nothing. */
static inline uint64_t id_difference(const char *a, const char *b, size_t offset)
{
    uint64_t word_a;
    uint64_t word_b;
    memcpy(&word_a, a + offset, sizeof(word_a));
    memcpy(&word_b, b + offset, sizeof(word_b));
    return word_a ^ word_b;
}

/* Whether two texts of `size` bytes, ID_TEXT_SIZE_MIN to ID_TEXT_SIZE_MAX, are equal: in five words
 * that overlap, which is less work than a call of memcmp. */
static inline bool id_texts_are_equal(const char *a, const char *b, size_t size)
{
    return (id_difference(a, b, 0) | id_difference(a, b, 8) | id_difference(a, b, 16) |
            id_difference(a, b, size - 16) | id_difference(a, b, size - 8)) == 0;
}

/* The size of an id that a quote follows. */
static inline size_t id_size_to_quote(const char *text)
{
    size_t size = ID_TEXT_SIZE_MIN;
    while (text[size] != '"') {
        size += 1;
    }
    return size;
}

/* The first eight characters of `text` that say bits of the body, as a big-endian number: ids of
 * one table order as these do, apart from ties, which are rare: at least 37 of the bits are
 * random. `text` is trusted to be an id. */
uint64_t id_hint(struct slice text);

#endif
