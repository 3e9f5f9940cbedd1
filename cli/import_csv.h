/* Rows of CSV: the header names the columns, and the schema says what their cells mean.
 *
 *   type            cell
 *   string, any     its text; so is the cell of a column that the schema does not know
 *   number          a JSON number, NaN, Infinity or -Infinity
 *   int64           decimal digits, perhaps with a `-`
 *   boolean         true, false, t, f, 1 or 0, in any case
 *   null            nothing, or null
 *   bytes           base64
 *   id              a key of the table's rows, or an id; digits stand for a number or a string
 *   array, object, record   JSON
 *   literal         its text or its JSON
 *   union           of its members the first that takes the cell; string and any come last
 *
 * An empty cell without quotes is missing where the field is optional, and null where its type
 * has null; "" is the empty string. The cell of a key column that the schema does not know is a
 * number where it is written as JSON writes an integer, else a string. */
#ifndef TENON_CLI_IMPORT_CSV_H
#define TENON_CLI_IMPORT_CSV_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "cli/import_row.h"
#include "cli/import_table.h"
#include "storage/type.h"

#include <stdbool.h>
#include <stdint.h>

struct csv_column {
    struct slice name;       /* canonical */
    const struct type *type; /* NULL: the schema does not know the column */
    bool optional;
};

struct csv_header {
    struct csv_column *columns;
    uint32_t count;
};

/* Reads the first row of a source of `table`. The header lives in `arena`.
 * Errors: false, and `reason` gets which column is wrong, and why. */
MUST_CHECK bool csv_header_read(struct arena *arena, struct slice text,
                                const struct import_table *table, struct csv_header *header,
                                struct buffer *reason);

/* Puts "column 3 (name): " where `reason` begins with the path /name, and /name ends there. */
void csv_header_name_column(const struct csv_header *header, struct buffer *reason);

/* Reads another row, into `arena`. `key_name` is the key column's name in canonical form, or
 * empty. The keys of `tables` decide what the cell of a reference is; NULL: they are not known.
 * Errors: false, and `reason` gets the column and why. */
MUST_CHECK bool import_csv_read(struct arena *arena, struct slice text, struct slice key_name,
                                const struct csv_header *header, const struct import_tables *tables,
                                struct import_row *row, struct buffer *reason);

#endif
