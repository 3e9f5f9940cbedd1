/* Field types: Convex's validators.
 *
 * A type is immutable and lives as long as the schema that it was read for. Checking is strict: a
 * missing field, an extra field and a wrong type are violations, with a path and Convex's
 * wording. A reference is checked for its form and its table, not for whether its document
 * exists. */
#ifndef TENON_STORAGE_TYPE_H
#define TENON_STORAGE_TYPE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

enum type_kind {
    TYPE_KIND_ANY,
    TYPE_KIND_STRING,
    TYPE_KIND_NUMBER,
    TYPE_KIND_INT64,
    TYPE_KIND_BOOLEAN,
    TYPE_KIND_NULL,
    TYPE_KIND_BYTES,
    TYPE_KIND_ID,
    TYPE_KIND_ARRAY,
    TYPE_KIND_OBJECT,
    TYPE_KIND_RECORD,
    TYPE_KIND_UNION,
    TYPE_KIND_LITERAL
};

struct type_field;

struct type {
    enum type_kind kind;
    struct slice table;                /* ID: the table's name */
    uint32_t table_number;             /* ID: its number; set when the schema's numbers are known */
    const struct type *element;        /* ARRAY: of the items; RECORD: of the values */
    const struct type *keys;           /* RECORD: of the names */
    const struct type *const *members; /* UNION */
    uint32_t member_count;
    const struct type_field *fields; /* OBJECT, in the order of the schema */
    uint32_t field_count;
    struct value literal; /* LITERAL */
};

struct type_field {
    struct slice name; /* canonical */
    const struct type *type;
    bool optional;
};

/* Checks `value` against `type`.
 * Errors: SchemaViolation with the message of Convex and, as error->path, a JSON pointer to the
 * place relative to `value`. */
MUST_CHECK bool type_check(const struct type *type, struct value value, struct error *error);

/* Checks the fields of a whole document, `_id` and `_creationTime` not among them, against an
 * OBJECT type (or ANY). Errors as type_check. */
MUST_CHECK bool type_check_fields(const struct type *type, const struct value_field *fields,
                                  uint32_t count, struct error *error);

/* Appends the type in the form of the schema file. */
void type_write(struct buffer *buffer, const struct type *type);

/* The type of the field that the dotted `path` leads to below `type` (an OBJECT, or ANY, whose
 * fields are ANY; unions are not looked into, except that one with null or optional counts as its
 * other member). NULL where there can be no such field. */
const struct type *type_at_path(const struct type *type, const struct slice *names,
                                uint32_t name_count);

/* If an indexed field of this type holds only ids of one table, null or nothing: that table's
 * name; else an empty slice. */
struct slice type_only_id_table(const struct type *type);

/* True if a string of this type must be an id: the type is an id, or a union with ids and without
 * string, any or string literals. */
bool type_strings_are_ids(const struct type *type);

/* True if the type takes ids of the table number (looked for in unions too). */
bool type_takes_id_of(const struct type *type, uint32_t table_number);

#endif
