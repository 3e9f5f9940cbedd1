/* JSON for people: one field or item a line, two spaces a level.
 *
 * Every number and string stands as it was written; an empty container, and an encoding such as
 * {"$integer": "…"}, takes one line. */
#ifndef TENON_CLI_PRETTY_H
#define TENON_CLI_PRETTY_H

#include "base/buffer.h"
#include "base/slice.h"

/* Appends the canonical JSON `text` in this form, without a `\n` at its end. */
void pretty_write(struct buffer *buffer, struct slice text);

/* The same, coloured for a terminal. */
void pretty_write_coloured(struct buffer *buffer, struct slice text);

#endif
