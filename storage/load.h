/* Loading a database at the start: documents first, trees afterwards, all at once.
 *
 * Texts are put and ids deleted in the order of a snapshot and the journal behind it; the map by id
 * is kept up, the indexes are built by loader_finish(), sorted, bottom-up. Every document is
 * checked against the schema, because the schema may have changed since it was written, and so are
 * unique indexes.
 *
 * Invariant: a table's list holds every document that was put and does not wait, in the order of
 * putting; one that was replaced or deleted has a second reference until the list is swept. */
#ifndef TENON_STORAGE_LOAD_H
#define TENON_STORAGE_LOAD_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "storage/catalog.h"
#include "storage/database.h"

#include <stdbool.h>
#include <stdint.h>

/* How many violations of the schema are listed. */
#define LOADER_VIOLATIONS_SHOWN 20

/* How many documents may be on their way into the map. */
#define LOADER_WAITING_COUNT    TINY_OR(3, 16)

struct loader_table {
    void **documents;
    size_t count;
    size_t capacity;
    size_t dead;  /* of them */
    bool suspect; /* one of those that were put did not match the schema */
};

/* A document that is put next. */
struct loader_waiting {
    struct document *document;
    uint64_t hash; /* of its id */
};

struct loader {
    struct database *database;
    const struct catalog *catalog; /* for names of tables that the schema lacks; may be NULL */
    struct arena arena;
    struct loader_table *tables; /* as database->tables */
    struct hash_map orphans;     /* ids of documents of tables that the schema lacks */
    struct loader_waiting waiting[LOADER_WAITING_COUNT]; /* a ring: their slots of the map by id
                                                          * are on the way from memory */
    unsigned waiting_start;
    unsigned waiting_count;
    uint64_t clock_us; /* the greatest that a record has named */
    uint64_t violations;
    struct buffer shown; /* lines about the first of them */
};

/* `database` is empty. */
void loader_init(struct loader *loader, struct database *database, const struct catalog *catalog);

/* Gives back what loader_finish() has not handed to the database. */
void loader_deinit(struct loader *loader);

/* Puts a document, in the place of the one with its id, if there is one.
 * Errors: false where the text is not a document of that table in canonical form. */
MUST_CHECK bool loader_put(struct loader *loader, uint32_t table_number, struct slice text);

/* Errors: false where there is no document with the id. */
MUST_CHECK bool loader_delete(struct loader *loader, uint32_t table_number, struct slice id);

/* Carries a transaction's record out. Errors: false where it makes no sense. */
MUST_CHECK bool loader_apply(struct loader *loader, struct slice record);

/* Builds every index. Errors: false, and `message` tells, in lines for people, which documents
 * violate the schema or which tables are gone from it. */
MUST_CHECK bool loader_finish(struct loader *loader, struct buffer *message);

#endif
