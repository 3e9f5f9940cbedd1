/* The encodings of values that JSON lacks: {"$integer":"…"}, {"$float":"…"}, {"$bytes":"…"} and
 * {"$undefined":null}, all as canonical text. */
#ifndef TENON_BASE_VALUE_ENCODING_H
#define TENON_BASE_VALUE_ENCODING_H

#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define ENCODING_INTEGER    SLICE("{\"$integer\":\"")
#define ENCODING_FLOAT      SLICE("{\"$float\":\"")
#define ENCODING_BYTES      SLICE("{\"$bytes\":\"")
#define ENCODING_UNDEFINED  SLICE("{\"$undefined\":null}")
#define ENCODING_END        SLICE("\"}")

/* The bytes of base64 that eight bytes take. */
#define ENCODING_EIGHT_SIZE 12

static inline bool encoding_is_undefined(struct slice text)
{
    return slice_equal(text, ENCODING_UNDEFINED);
}

/* Decodes the eight bytes of `text`, which must begin with `prefix`.
 * Errors: false where `text` is not such an encoding of eight bytes. */
MUST_CHECK bool encoding_read_eight(struct slice text, struct slice prefix, unsigned char bytes[8]);

/* Writes an encoding of eight bytes to `to`, which has room for ENCODING_SIZE_MAX. Returns the
 * bytes written. */
#define ENCODING_SIZE_MAX 32
size_t encoding_write_eight(char *to, struct slice prefix, const unsigned char bytes[8]);

/* Finds the base64 in `text`, a $bytes encoding; its letters are not looked at.
 * Errors: false where `text` is none. */
MUST_CHECK bool encoding_find_bytes(struct slice text, struct slice *encoded);

/* Eight bytes, least significant first, and what they stand for. */
uint64_t encoding_to_bits(const unsigned char bytes[8]);
void encoding_from_bits(uint64_t bits, unsigned char bytes[8]);
double encoding_to_number(const unsigned char bytes[8]);
int64_t encoding_to_int64(const unsigned char bytes[8]);

#endif
