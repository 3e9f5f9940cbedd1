/* Rewriting JSON that the reader has accepted in the canonical form of base/value.h.
 *
 * The canonical form is never longer than what it is made from. */
#ifndef TENON_BASE_JSON_REWRITE_H
#define TENON_BASE_JSON_REWRITE_H

#include "base/slice.h"

/* Writes what stands between the quotes of a string, at most `escaped.size` bytes, to `to`;
 * returns the end of what was written. */
char *json_rewrite_string(char *to, struct slice escaped);

/* Writes any valid JSON text, at most `text.size` bytes, to `to`; returns the end. */
char *json_rewrite(char *to, struct slice text);

/* Writes one ASCII character as it stands in a canonical string, at most 6 bytes. */
char *json_write_ascii(char *to, unsigned char byte);

/* Writes `code_point` as UTF-8, at most 4 bytes. */
char *json_write_utf8(char *to, unsigned code_point);

/* The value of four hexadecimal digits, or -1 where one of them is none. */
int json_hex4(const char *digits);

#endif
