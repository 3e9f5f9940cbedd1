/* Places in JSON as somebody typed it: where a JSON pointer leads, and how to show it.
 *
 * The text is JSON that the strict reader has taken, in any form: white space and needless escapes
 * included. */
#ifndef TENON_CLI_PLACE_H
#define TENON_CLI_PLACE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"

#include <stdbool.h>

/* The end of the JSON value that begins at `text`, of valid JSON that ends at `end`. */
const char *place_skip_value(const char *text, const char *end);

/* What of `json` the pointer leads to, as far as it leads: the innermost value on its way. */
struct slice place_find(struct arena *arena, struct slice json, struct slice pointer);

/* Appends the line of `source` in which `place`, a part of it, begins, with a line below that
 * points at it. Names the line's number where there are several. */
void place_show(struct buffer *buffer, struct slice source, struct slice place);

#endif
