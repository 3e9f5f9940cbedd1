/* CSV as RFC 4180 has it: cells between commas; a cell that begins with a quote ends with one, may
 * hold commas and line ends, and has its own quotes doubled; a row ends with `\n` or `\r\n`.
 *
 * White space belongs to the cell it is in. This is about text only: what cells mean is for
 * cli/import_csv.h. */
#ifndef TENON_CLI_CSV_H
#define TENON_CLI_CSV_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum csv_state { CSV_CELL_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_SEEN };

/* Where the search for the end of a row stands; zeroed at the row's start. */
struct csv_scan {
    enum csv_state state;
    uint64_t line_ends; /* inside quotes, so far */
};

/* Goes on searching at `from` for the `\n` that ends the row. Returns it, or NULL where it is not
 * before `end`. */
const char *csv_scan_row(struct csv_scan *scan, const char *from, const char *end);

struct csv_cell {
    struct slice text; /* without the quotes around it, those inside as they are meant */
    bool quoted;
};

/* Takes a row apart; `row` is as csv_scan_row bounds it, and outlives the cells, as does `arena`.
 * Errors: NULL, and `*count` says in which cell, from 0, and `*problem`, a literal, what. */
MUST_CHECK const struct csv_cell *csv_read_row(struct arena *arena, struct slice row,
                                               uint32_t *count, const char **problem);

#endif
