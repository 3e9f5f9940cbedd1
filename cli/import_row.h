/* Rows: from a line of a source to the JSON text of a document. */
#ifndef TENON_CLI_IMPORT_ROW_H
#define TENON_CLI_IMPORT_ROW_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "cli/import_resolve.h"
#include "cli/import_table.h"

#include <stdbool.h>
#include <stdint.h>

/* How deep a row may be nested; how deep a document may be, the server says. */
#define IMPORT_ROW_DEPTH_MAX 120

/* A row, in the arena it was read into. */
struct import_row {
    const struct value_field *fields;
    uint32_t count;
    struct value key; /* missing where the source has no key column */
};

/* Reads a row of JSON. `key_name` is the key column's name in canonical form, or empty.
 * Errors: false, and `reason` gets why: not JSON, not an object, no usable key. */
MUST_CHECK bool import_row_read(struct arena *arena, struct slice line, struct slice key_name,
                                struct import_row *row, struct buffer *reason);

/* Checks that row->key, which may be missing, can be one.
 * Errors: as above. */
MUST_CHECK bool import_row_check_key(const struct import_row *row, struct slice key_name,
                                     struct buffer *reason);

/* Chooses the body of the row's id: that of its `_id`, if that is an id of the table already, else
 * a new one. `key_name` as above.
 * Errors: false, and `reason` gets why: `_id` is no id of the table, and is not the key either. */
MUST_CHECK bool import_row_choose_id(const struct import_row *row, uint32_t table_number,
                                     struct slice key_name, struct import_ids *ids,
                                     uint8_t body[ID_BODY_SIZE], struct buffer *reason);

/* Appends the row's document: with the id of `key` (NULL: the row has none), references resolved,
 * without the key column where the schema does not have it.
 * Errors: false, `text` is as it was, and `reason` gets which reference leads nowhere. */
MUST_CHECK bool import_row_write(struct buffer *text, const struct import_row *row,
                                 const struct import_table *table, const struct import_key *key,
                                 struct slice key_name, struct import_resolver *resolver,
                                 struct buffer *reason);

#endif
