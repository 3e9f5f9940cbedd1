/* The database: tables of documents, the map from ids to documents, and transactions.
 *
 * A transaction is a list of changes (table, document before, document after) and nothing else
 * may change a table. A change is applied when it is made, so that a transaction reads its own
 * writes; undoing the list, newest first, restores every table exactly. Requests are serialised,
 * so a database has one transaction at a time:
 *
 *   transaction_begin
 *     transaction_insert, _patch, _replace, _delete: check first, then change; an error leaves
 *     the transaction as it was before the call
 *   transaction_commit or transaction_rollback
 *   … the reply is written: documents that the transaction removed are still there …
 *   transaction_end
 *
 * Everything is used by one thread. */
#ifndef TENON_STORAGE_DATABASE_H
#define TENON_STORAGE_DATABASE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/pool.h"
#include "base/slice.h"
#include "base/value.h"
#include "index/hash_map.h"
#include "storage/document.h"
#include "storage/history.h"
#include "storage/index.h"
#include "storage/journal.h"
#include "storage/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;
struct walker;

struct table {
    struct database *database;
    const struct schema_table *schema;
    struct slice name;
    uint32_t number;
    struct index *indexes; /* by_creation_time first, then the schema's, in its order */
    uint32_t index_count;
    struct index by_id; /* its tree is made when a range over it is first asked for */
    bool by_id_is_built;
    uint64_t count;        /* documents */
    uint64_t text_size;    /* bytes of their texts */
    uint64_t change;       /* number of the newest change to this table; 0: none */
    uint64_t sequence;     /* number of the newest transaction that changed it; 0: none */
    struct shape **shapes; /* by hash */
    uint32_t shape_mask;
    uint32_t shape_count;
    uint32_t path_count;        /* of all indexes together */
    struct shape *newest_shape; /* of the last insert, looked at first; not counted */
};

struct insert_ahead;

struct change {
    struct table *table;
    struct document *before; /* NULL: an insert */
    struct document *after;  /* NULL: a delete */
};

struct transaction {
    struct change *changes;
    uint32_t count;
    uint32_t capacity;
    bool open;
};

struct database_options {
    uint64_t memory_max;      /* bytes of documents and indexes; 0: no limit */
    uint64_t (*now_us)(void); /* microseconds since 1970; NULL: the system's clock */
    uint64_t seed;            /* of the hash map; 0: a random one */
};

struct database {
    struct schema *schema;
    struct table *tables; /* in the order of the schema */
    uint32_t table_count;
    struct hash_map tables_by_name;
    struct hash_map tables_by_number;
    struct hash_map documents; /* by id, of all tables */
    struct pool *pool;
    struct database_options options;
    struct transaction transaction;
    uint64_t change;            /* number of the newest change */
    uint64_t sequence;          /* number of the newest transaction that was committed */
    struct journal *journal;    /* gets the records of transactions; NULL: in memory only */
    struct history history;     /* transactions that the journal has not made durable yet */
    struct walker *walkers;     /* that are told of changes */
    struct buffer record;       /* of the transaction that is committed */
    uint64_t clock_us;          /* the newest creation time that was given out */
    size_t shape_size;          /* bytes of all shapes */
    uint64_t shape_serial;      /* of the newest shape */
    unsigned char random[4096]; /* for ids; from the system */
    size_t random_left;
};

/* Makes an empty database. It takes the schema over; tables without a number get the next free
 * ones from SCHEMA_TABLE_NUMBER_FIRST on, in the schema's order. */
struct database *database_create(struct schema *schema, const struct database_options *options);
void database_destroy(struct database *database);

/* The table with the name or number, or NULL. */
struct table *database_find_table(const struct database *database, struct slice name);
struct table *database_find_table_by_number(const struct database *database, uint32_t number);

/* The table's index with the name, or NULL. by_id is found too, but has a tree only after
 * table_build_by_id(). */
struct index *table_find_index(struct table *table, struct slice name);

/* Makes the tree of by_id where it is not there yet, in O(n log n); kept up from then on. */
void table_build_by_id(struct table *table);

/* The document with the id, or NULL. `id` may be any text. */
struct document *database_find(const struct database *database, struct slice id);

/* The same for an id whose hash in the map of documents is known. */
struct document *database_find_hashed(const struct database *database, uint64_t hash,
                                      struct slice id);

/* The documents with the ids, or NULL where there is none; their cache misses overlap. */
void database_find_all(const struct database *database, const struct slice *ids, uint32_t count,
                       struct document **documents);

/* Bytes of documents, indexes, map and shapes. */
size_t database_memory(const struct database *database);

void transaction_begin(struct database *database);

/* Inserts a document of the fields `fields`, in which `_id` and `_creationTime` may stand too. The
 * fields have been vetted (value_vet) apart from the rules for whole documents: names that begin
 * with `_`, size, depth. `text` is the canonical JSON of the object that they were taken from, if
 * they point into it, else empty. `ahead` are the searches that were made for these fields, if any.
 * Errors: InvalidValue, SchemaViolation, InvalidId, UniqueViolation, LimitExceeded; NULL then. */
struct document *transaction_insert(struct database *database, struct table *table,
                                    const struct value_field *fields, uint32_t count,
                                    struct slice text, struct insert_ahead *ahead,
                                    struct error *error);

/* Whether the names of the fields are those that a document of the table may have, whatever its
 * schema says: of those that begin with `_`, only `_id` and `_creationTime`.
 * Errors: InvalidValue. */
MUST_CHECK bool transaction_check_names(struct table *table, const struct value_field *fields,
                                        uint32_t count, struct error *error);

/* Replaces top-level fields; a missing value removes its field. A patch that changes nothing
 * changes nothing. Errors as transaction_insert, and InvalidParams for an `_id` or
 * `_creationTime` that is not the document's. */
MUST_CHECK bool transaction_patch(struct database *database, struct document *document,
                                  const struct value_field *fields, uint32_t count,
                                  struct error *error);

/* Replaces all of the user's fields. */
MUST_CHECK bool transaction_replace(struct database *database, struct document *document,
                                    const struct value_field *fields, uint32_t count,
                                    struct error *error);

void transaction_delete(struct database *database, struct document *document);

/* Makes the transaction's changes stay, numbers it, and hands their record to the journal.
 * Errors: ReadOnly, LimitExceeded; the transaction is rolled back then. */
MUST_CHECK bool transaction_commit(struct database *database, struct error *error);
void transaction_rollback(struct database *database);

/* Lets go of what the transaction removed. */
void transaction_end(struct database *database);

/* Puts change->after in the place of change->before; either may be NULL. The second counts a change
 * that was made to the structures already. For storage/ alone. */
void change_apply(struct database *database, const struct change *change);
void change_count(struct database *database, const struct change *change);

/* Takes the document out of its table's indexes, but not out of the map. For storage/ alone. */
void indexes_take(struct table *table, struct document *document);

/* Checks the user's fields, whose names are those of `shape`, against the table's schema, apart
 * from those at the positions of which `known` has the bit. Errors: SchemaViolation; the path
 * begins with the field. */
MUST_CHECK bool table_check_types(const struct table *table, const struct shape *shape,
                                  const struct value_field *fields, uint32_t count, uint64_t known,
                                  struct error *error);

/* Asserts that indexes equal documents, counters are right, and every structure's invariants. */
void database_check(struct database *database);

#endif
