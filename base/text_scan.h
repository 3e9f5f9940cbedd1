/* Finding the bytes inside a JSON string that need a closer look, 16 at a time.
 *
 * Nothing at or behind `end` is read. */
#ifndef TENON_BASE_TEXT_SCAN_H
#define TENON_BASE_TEXT_SCAN_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* True for quote, backslash and control characters; where `ascii`, for bytes from 0x80 on too. */
static inline bool text_is_special(char byte, bool ascii)
{
    unsigned char code = (unsigned char)byte;
    return code < 0x20 || byte == '"' || byte == '\\' || (ascii && code >= 0x80);
}

#ifdef __SSE2__
/* One bit for each of the 16 bytes at `at`: is it special? */
static inline unsigned text_special_mask(const char *at, bool ascii)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i last_control = _mm_set1_epi8(0x1F);
    __m128i special = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    if (ascii) {
        special = _mm_or_si128(special, bytes);
    }
    return (unsigned)_mm_movemask_epi8(special);
}
#endif

/* The first special byte from `at` on, or `end`. */
static inline const char *text_find_special(const char *at, const char *end, bool ascii)
{
#ifdef __SSE2__
    while (end - at >= 16) {
        unsigned mask = text_special_mask(at, ascii);
        if (mask != 0) {
            return at + __builtin_ctz(mask);
        }
        at += 16;
    }
#endif
    while (at < end && !text_is_special(*at, ascii)) {
        at++;
    }
    return at;
}

#endif
