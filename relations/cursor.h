/* Page cursors: a place in an index, as a string.
 *
 *   8 bytes   a number that table, index, range, order and filter share, big-endian
 *   the rest  the byte form of the key of the last document that was passed; nothing: the start
 *
 * in base64. The place is between keys, not at a document, so it survives the document's deletion
 * and a restart. What comes back from a client is checked like any other input. */
#ifndef TENON_RELATIONS_CURSOR_H
#define TENON_RELATIONS_CURSOR_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

/* The string value of a cursor. */
struct value cursor_encode(struct arena *arena, uint64_t owner, struct slice key);

/* Decodes a cursor of the same `owner` into `key`, in `arena`: a row of `form_count` byte forms,
 * or nothing. Errors: false. */
MUST_CHECK bool cursor_decode(struct arena *arena, struct slice text, uint64_t owner,
                              uint32_t form_count, struct slice *key);

#endif
