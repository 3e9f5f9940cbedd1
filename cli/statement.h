/* What people type at the shell: a method with its params in relaxed form.
 *
 *   METHOD WORD …      params by position; a word is JSON, or a string without its quotes
 *   METHOD {…}         params by name
 *   METHOD […]         params by position
 *   {"method": …}      a whole request
 *   {"do": …}          a program; run as a query
 *
 * JSON may go on over several lines. */
#ifndef TENON_CLI_STATEMENT_H
#define TENON_CLI_STATEMENT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct statement {
    struct slice source;       /* as it was typed */
    struct slice method;       /* plain text */
    struct slice params;       /* canonical JSON; empty: none */
    struct slice typed;        /* the params in `source`, where they are one JSON text … */
    const struct slice *words; /* … else the words, one a param */
    uint32_t word_count;
};

/* What is wrong with a statement. */
struct statement_error {
    size_t offset; /* into it */
    const char *message;
};

/* True if a bracket of the text is still open. */
bool statement_is_open(struct slice text);

/* Reads a statement that is not blank. It refers to `text` and lives in `arena`.
 * Errors: false, and `error`. */
MUST_CHECK bool statement_read(struct arena *arena, struct slice text, struct statement *statement,
                               struct statement_error *error);

/* Where in the source the JSON pointer into the params leads; empty where that is not known. */
struct slice statement_find_place(struct arena *arena, const struct statement *statement,
                                  struct slice pointer);

/* Appends the params of `explain` for the call of a method that may be a step of a query. */
void statement_write_explain(struct arena *arena, const struct statement *statement,
                             struct buffer *buffer);

#endif
