/* A table of an import: what the server's schema says of it, its keys, and how it went. */
#ifndef TENON_CLI_IMPORT_TABLE_H
#define TENON_CLI_IMPORT_TABLE_H

#include "base/slice.h"
#include "cli/import_keys.h"
#include "storage/type.h"

#include <stdbool.h>
#include <stdint.h>

struct import_table {
    struct slice name;
    uint32_t number;         /* 0: the server did not say */
    const struct type *type; /* of its documents; an OBJECT, or NULL: any document */
    bool keyed;              /* its rows have keys */
    struct import_keys keys; /* where keyed */
    uint64_t imported;       /* rows that are in */
    uint64_t skipped;        /* bad rows */
    double seconds;          /* that its sources took */
};

/* The tables of one import. */
struct import_tables {
    struct import_table *tables;
    uint32_t count;
};

/* The table with the name, or NULL. */
static inline struct import_table *import_tables_find(const struct import_tables *tables,
                                                      struct slice name)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        if (slice_equal(tables->tables[i].name, name)) {
            return &tables->tables[i];
        }
    }
    return NULL;
}

#endif
