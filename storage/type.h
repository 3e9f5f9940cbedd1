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
    uint32_t required_count;                 /* OBJECT: how many of its fields are not optional */
    const struct type_field *const *by_name; /* OBJECT: the fields sorted by name */
    struct value literal;                    /* LITERAL */
};

struct type_field {
    struct slice name; /* canonical */
    const struct type *type;
    bool optional;
};

/* Completes an OBJECT type of which kind, fields and field_count are set: counts the fields that
 * are required, and sorts all by name, into `arena`. Names are unique. */
void type_complete_object(struct arena *arena, struct type *type);

/* The field `name` (canonical) of an OBJECT type, or NULL. */
const struct type_field *type_find_field(const struct type *type, struct slice name);

/* True if `value` is of the type. Takes no memory and says nothing about why not. */
bool type_accepts(const struct type *type, struct value value);

/* Checks `value` against `type`, which has its table numbers by then.
 *
 * Errors: SchemaViolation with the message of Convex: what is wrong, then lines for the path, the
 * value found (cut where it is long) and the validator. error->path is a JSON pointer relative to
 * `value`, of an object that lacks a field the object's; error->field is the outermost field;
 * error->value what was found there, not set where a field is missing. */
MUST_CHECK bool type_check(const struct type *type, struct value value, struct error *error);

/* Checks the field `name` (canonical) of a document, which is of `type` and not missing. Errors as
 * type_check, where the document is what path and lines are relative to. */
MUST_CHECK bool type_check_field(const struct type *type, struct slice name, struct value value,
                                 struct error *error);

/* Checks the fields of a whole document, `_id` and `_creationTime` not among them, against an
 * OBJECT type, a UNION of such, or ANY. Errors as type_check. */
MUST_CHECK bool type_check_fields(const struct type *type, const struct value_field *fields,
                                  uint32_t count, struct error *error);

/* Appends the type in the form of the schema file. */
void type_write(struct buffer *buffer, const struct type *type);

/* Appends the fields of an OBJECT type in the form of the schema file: {"name": type, …}. */
void type_write_fields(struct buffer *buffer, const struct type *type);

/* Appends the type in Convex's notation, as messages have it: v.array(v.id("users")). */
void type_describe(struct buffer *buffer, const struct type *type);

/* The type of the field that the dotted path `names` leads to below `type`; an optional field's
 * type is the one it has where it is there. ANY where the field may hold anything or where several
 * members of a union have it. NULL where there can be no such field. */
const struct type *type_at_path(const struct type *type, const struct slice *names,
                                uint32_t name_count);

/* If an indexed field of this type holds only ids of one table, null or nothing: that table's
 * name; else an empty slice. */
struct slice type_only_id_table(const struct type *type);

/* True if a string of this type must be an id: the type is an id, or a union with ids and without
 * string, any or string literals. */
bool type_strings_are_ids(const struct type *type);

/* True if the type is an id of the table number, or a union with one. */
bool type_takes_id_of(const struct type *type, uint32_t table_number);

#endif
