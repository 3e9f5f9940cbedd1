/* What the readers of the two forms of a schema share; for schema*.c only.
 *
 * A reader stops at the first thing that is wrong: whoever finds it says so with schema_fail(),
 * which returns false, and everybody above returns false or NULL. The reader remembers which
 * table, index and field are being read, so that the message can name them.
 *
 * The strict reader (base/json.h) has passed the text before cJSON makes the tree that is walked
 * here, so names are unique and text is UTF-8, and no string has a zero byte for cJSON to cut it
 * at. The tree is gone when schema_read() returns: what is kept of it is copied. */
#ifndef TENON_STORAGE_SCHEMA_READER_H
#define TENON_STORAGE_SCHEMA_READER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "storage/schema.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct schema_reader {
    struct arena *arena; /* the schema's */
    struct schema *schema;
    const char *file;
    struct buffer *message;
    struct slice table; /* what is being read; empty: none */
    struct slice index;
    struct slice field; /* a dotted path */
    uint32_t id_type_capacity;
};

/* Writes the message: file, table, index, field, then what the format says. Returns false. */
bool schema_fail(struct schema_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);

/* The canonical form of a plain string, copied. */
struct slice schema_canonical(struct schema_reader *reader, const char *string);

/* True if `item` is a string; then `*canonical` is its canonical form, copied. */
MUST_CHECK bool schema_read_string(struct schema_reader *reader, const cJSON *item,
                                   struct slice *canonical);

/* The number of items or members of `item`. */
uint32_t schema_count(const cJSON *item);

/* The member `name` of `item`, or NULL: too where `item` is no object. */
const cJSON *schema_find_member(const cJSON *item, const char *name);

/* True if `name` may be the name of a table or an index. */
bool schema_is_name(struct slice name);

/* Makes reader->field the field `name` of the object that it was; returns what it was. */
struct slice schema_enter_field(struct schema_reader *reader, struct slice name);

/* A new ID type for the table. Errors: NULL where the schema has no such table. */
MUST_CHECK const struct type *schema_new_id_type(struct schema_reader *reader, struct slice table);

/* A new UNION, of which `members` lives in the arena. */
const struct type *schema_new_union(struct schema_reader *reader, const struct type **members,
                                    uint32_t count);

/* A new RECORD. Errors: NULL where names of that type are none. */
MUST_CHECK const struct type *schema_new_record(struct schema_reader *reader,
                                                const struct type *keys, const struct type *values);

/* A new LITERAL. Errors: NULL where it is no string, number, boolean or int64. */
MUST_CHECK const struct type *schema_new_literal(struct schema_reader *reader,
                                                 const cJSON *literal);

/* A new ARRAY, and the types without an argument. */
const struct type *schema_new_array(struct schema_reader *reader, const struct type *element);
const struct type *schema_new_plain(struct schema_reader *reader, enum type_kind kind);

/* A new OBJECT, of which `fields` lives in the arena. */
const struct type *schema_new_object(struct schema_reader *reader, const struct type_field *fields,
                                     uint32_t count);

/* Checks the name of a field in an object type. */
MUST_CHECK bool schema_check_field_name(struct schema_reader *reader, struct slice name);

/* Checks that the fields of a table are an OBJECT or a UNION of such, without fields of the
 * system. */
MUST_CHECK bool schema_check_document_type(struct schema_reader *reader, const struct type *type);

/* Room for `count` tables. Errors: false where those are too many. */
MUST_CHECK bool schema_allocate_tables(struct schema_reader *reader, uint32_t count);

/* Adds a table, of which only the name is known yet. Errors: false where that is no name. */
MUST_CHECK bool schema_add_table(struct schema_reader *reader, struct slice name);

/* Adds an index with the name reader->index; schema_allocate_indexes() has made room for it.
 * `fields` is the list of its paths. */
MUST_CHECK bool schema_add_index(struct schema_reader *reader, struct schema_table *table,
                                 const cJSON *fields, bool unique);

/* Room for `count` indexes. Errors: false where those are too many. */
MUST_CHECK bool schema_allocate_indexes(struct schema_reader *reader, struct schema_table *table,
                                        uint32_t count);

/* Sorts the tables by name. Errors: false where two have the same name. */
MUST_CHECK bool schema_sort_tables(struct schema_reader *reader);

/* Reads a whole schema in Tenon's form (storage/schema_tenon.c) and in Convex's
 * (storage/schema_convex.c). `root` is the file's value. */
MUST_CHECK bool schema_read_tenon(struct schema_reader *reader, const cJSON *root);
MUST_CHECK bool schema_read_convex(struct schema_reader *reader, const cJSON *root);

#endif
