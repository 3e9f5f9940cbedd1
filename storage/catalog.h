/* The catalog of a data directory: which database it is, and the number of every table that was
 * ever in it, so that numbers are kept for good.
 *
 *   8 bytes   "TenonCat"
 *   4         format version
 *   16        database id
 *   …         count of tables; for each its number, the size of its name, and its name
 *             (numbers of 7 bits a byte)
 *   8         XXH3 of all before
 *
 * It is replaced as a whole, before the first document of a new table can be written. */
#ifndef TENON_STORAGE_CATALOG_H
#define TENON_STORAGE_CATALOG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "storage/file.h"
#include "storage/journal_format.h"
#include "storage/schema.h"

#include <stdbool.h>
#include <stdint.h>

#define CATALOG_NAME "catalog"

struct catalog_table {
    uint32_t number;
    struct slice name; /* lives in the catalog's arena */
};

struct catalog {
    struct arena arena;
    uint8_t database_id[DATABASE_ID_SIZE];
    struct catalog_table *tables;
    uint32_t count;
    bool exists;  /* there was a file */
    bool changed; /* it differs from the file */
};

/* Reads the directory's catalog; where there is none, makes an empty one with a random id.
 * Errors: false, and one line in `message`. The catalog is given back with catalog_deinit() in any
 * case. */
MUST_CHECK bool catalog_read(struct catalog *catalog, struct file_system *files,
                             const char *directory, struct buffer *message);
void catalog_deinit(struct catalog *catalog);

/* Gives the schema's tables their numbers, and takes note of new tables.
 * Errors: false, and one line in `message`, where the schema asks for another number than a table
 * has, or for one that another table had. */
MUST_CHECK bool catalog_number_tables(struct catalog *catalog, struct schema *schema,
                                      struct buffer *message);

/* Writes the catalog durably. Errors: false, and one line in `message`. */
MUST_CHECK bool catalog_write(struct catalog *catalog, struct file_system *files,
                              const char *directory, struct buffer *message);

/* The name that the table had, or an empty slice. */
struct slice catalog_table_name(const struct catalog *catalog, uint32_t number);

#endif
