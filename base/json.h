/* The strict JSON reader: RFC 8259, one pass, nothing repaired.
 *
 * Refused, beside what the grammar refuses: invalid UTF-8, lone surrogates, a name given twice in
 * one object (compared after decoding), anything but white space after the value, a byte order
 * mark. What is read comes out as values in canonical form (base/value.h): slices of the source
 * where that is canonical already, copies in the arena where it is not.
 *
 * Containers on the outermost JSON_TREE_LEVELS levels come out taken apart (VALUE_LIST,
 * VALUE_OBJECT), so that a request's params and a document's fields need no second pass; deeper
 * ones, lists of more than JSON_TREE_ITEMS items, and objects whose only name begins with `$`
 * come out as VALUE_TEXT; so does everything after 8 * JSON_TREE_ITEMS items and fields. All that
 * handle values take either. */
#ifndef TENON_BASE_JSON_H
#define TENON_BASE_JSON_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stddef.h>

#define JSON_TREE_LEVELS   5
#define JSON_TREE_ITEMS    TINY_OR(4, 65536)

/* Containers below this many levels of a text are left for value_vet to look at: no value may have
 * more, wherever in the text it stands. */
#define JSON_VETTED_LEVELS 64

/* The most that depth_max may be. */
#define JSON_DEPTH_MAX     1024

enum json_status {
    JSON_OK,
    JSON_SYNTAX, /* not JSON */
    JSON_DEPTH   /* JSON so far, but nested deeper than allowed */
};

struct json_error {
    enum json_status status;
    size_t offset;       /* bytes from the start of the text to what is wrong */
    const char *message; /* static: "expected a value", "name given twice", … */
};

/* Reads the one JSON value that `text`, at most 4 GiB, must be. The value refers to `text` and to
 * `arena`, and is valid as long as both are. `depth_max` is how many containers may be nested;
 * `*depth` (may be NULL) becomes how many were.
 *
 * Errors: returns false and fills `error`. A name given twice is reported where it is given again,
 * or, if it was written with needless escapes, where its object begins. */
MUST_CHECK bool json_read(struct arena *arena, struct slice text, unsigned depth_max,
                          struct value *value, unsigned *depth, struct json_error *error);

/* Reads the value that `text` begins with, as json_read() reads one with `depth` containers around
 * it, and returns where it ends; what follows is the caller's.
 * Errors: NULL, and `error` is filled; offsets count from the start of `text`. */
MUST_CHECK const char *json_read_inner(struct arena *arena, struct slice text, unsigned depth,
                                       unsigned depth_max, struct value *value,
                                       struct json_error *error);

/* Line and column, both from 1, of `offset` in `text`; columns count bytes. */
void json_locate(struct slice text, size_t offset, unsigned *line, unsigned *column);

#endif
