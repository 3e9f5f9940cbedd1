/* The schema: tables, their fields and their indexes, as the schema file says them.
 *
 * Read once at the start, in Tenon's own form or as Convex's defineSchema(…).export() prints it,
 * and immutable from then on, apart from the table numbers, which the database hands out. */
#ifndef TENON_STORAGE_SCHEMA_H
#define TENON_STORAGE_SCHEMA_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "storage/type.h"

#include <stdbool.h>
#include <stdint.h>

#define SCHEMA_INDEX_FIELDS_MAX   15
#define SCHEMA_TABLE_INDEXES_MAX  64
#define SCHEMA_TABLES_MAX         10000
#define SCHEMA_TABLE_NUMBER_FIRST 10001
#define SCHEMA_NAME_SIZE_MAX      64  /* bytes of the name of a table or an index */
#define SCHEMA_DEPTH_MAX          128 /* containers nested in the file */

/* The path of an indexed field: "author.name" is {"author", "name"}. */
struct schema_path {
    struct slice text;         /* as the schema has it */
    const struct slice *names; /* canonical */
    uint32_t name_count;
};

struct schema_index {
    struct slice name;
    const struct schema_path *fields; /* without _creationTime and _id */
    uint32_t field_count;
    bool unique;
};

struct schema_table {
    struct slice name;
    uint32_t number;              /* 0 until it is known */
    const struct type *fields;    /* an OBJECT, or a UNION of such; NULL: any document */
    struct schema_index *indexes; /* the user's, in the order of the file */
    uint32_t index_count;
};

struct schema {
    struct arena arena;          /* holds everything below */
    struct schema_table *tables; /* in the order of the file */
    uint32_t table_count;
    struct schema_table **by_name; /* sorted by name */
    struct type **id_types;        /* every ID type, to be given its table number */
    uint32_t id_type_count;
};

/* Reads a schema from the text of a file. `file` is its name, for messages.
 *
 * Returns the schema, which the caller gives back with schema_destroy().
 * Errors: NULL, and `message` (made by the caller) gets one line for people: the file, the table,
 * the field or index, and why; broken JSON with line and column. */
struct schema *schema_read(struct slice text, const char *file, struct buffer *message);
void schema_destroy(struct schema *schema);

/* The table with the name, or NULL. */
struct schema_table *schema_find_table(const struct schema *schema, struct slice name);

/* Gives `number` to the table and to every id type that names it. */
void schema_set_table_number(struct schema *schema, struct schema_table *table, uint32_t number);

/* Appends the schema in Tenon's form, with table numbers. */
void schema_write(struct buffer *buffer, const struct schema *schema);

#endif
