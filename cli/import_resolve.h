/* Resolving references: where a type says {"id": "T"} and the value is the key of a row of T, it
 * becomes the id of that row's document.
 *
 * References are found inside optional fields, arrays, objects, records (their names too) and
 * unions. Of several tables in a union, the first that has the key wins; of several objects or
 * arrays, the first that the resolved value matches. What is an id of T already stays, as does
 * whatever the type takes without a reference, and every reference to a table without keys:
 * whether those are right is for the server to say. */
#ifndef TENON_CLI_IMPORT_RESOLVE_H
#define TENON_CLI_IMPORT_RESOLVE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/value.h"
#include "cli/import_table.h"
#include "storage/type.h"

#include <stdbool.h>
#include <stdint.h>

struct import_resolver {
    const struct import_tables *tables;
    struct arena *arena;       /* of the row */
    struct import_key **found; /* what the row refers to; allocated */
    uint32_t found_count;
    uint32_t found_capacity;
};

/* True if a value of the type may refer to a table with keys. */
bool import_resolve_reaches(const struct import_tables *tables, const struct type *type);

/* The field of an OBJECT type with the canonical name, or NULL. */
const struct type_field *import_find_field(const struct type *object, struct slice name);

/* Replaces every key in `*value` that its type says is a reference. The new value lives in the
 * resolver's arena, and the keys are added to resolver->found.
 * Errors: false, and in `error` which key nothing has; error->path leads to it from the value. */
MUST_CHECK bool import_resolve(struct import_resolver *resolver, const struct type *type,
                               struct value *value, struct error *error);

void import_resolver_deinit(struct import_resolver *resolver);

#endif
