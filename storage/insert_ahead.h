/* Searching a table's indexes ahead of an insert.
 *
 * Inserts of a window are searched for together, in stages, so that their cache misses overlap: a
 * leaf of every index, the entries that make room there, and the document beside the place. The
 * insert then goes the way that the search went, where that is still one. */
#ifndef TENON_STORAGE_INSERT_AHEAD_H
#define TENON_STORAGE_INSERT_AHEAD_H

#include "base/value.h"
#include "index/btree.h"
#include "storage/database.h"

#include <stdbool.h>
#include <stdint.h>

/* The most indexes of a table that are searched. */
#define INSERT_AHEAD_MAX 4

/* A search in one index for the value of its first field. */
struct insert_search {
    bool is_made;
    bool is_known;      /* once settled: `beside` has the value too */
    uint32_t heads;     /* of the index, when its hint was made */
    struct value value; /* in the request */
    struct btree_ahead ahead;
    const struct document *beside; /* once settled: the last document with the same hint, or NULL */
};

struct insert_ahead {
    uint32_t count;
    struct insert_search searches[INSERT_AHEAD_MAX]; /* one for each index from the second on */
};

/* Begins to search for the place of a new document of the fields of `document`, any value. It goes
 * behind those that have the same fields, being newer; its place in by_creation_time, the first
 * index, is the end, where every insert goes. Returns whether there is another stage. */
bool insert_ahead_begin(struct insert_ahead *ahead, const struct table *table,
                        struct value document);

/* Carries out a later stage, and returns the same. The table must not have changed since. */
bool insert_ahead_continue(struct insert_ahead *ahead);

/* Settles the searches for a document of the shape `shape`; the table must not change from then on
 * until insert_ahead_put(). Returns a bit for each of the first 64 positions whose value another
 * document of the table has in the same field, so that it need not be checked again. */
uint64_t insert_ahead_settle(struct insert_ahead *ahead, const struct table *table,
                             const struct shape *shape);

/* Puts the document into `index`, the table's number `number`, in which there was a search.
 * `is_newest` says that all others of the table are older. */
void insert_ahead_put(const struct insert_ahead *ahead, struct index *index, uint32_t number,
                      struct document *document, bool is_newest);

/* Whether there is a search in the table's index number `number`. */
static inline bool insert_ahead_has(const struct insert_ahead *ahead, uint32_t number)
{
    return number - 1 < ahead->count && ahead->searches[number - 1].is_made;
}

#endif
