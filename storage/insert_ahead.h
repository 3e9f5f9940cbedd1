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

struct insert_ahead {
    uint32_t count;                                /* of the searches … */
    struct btree_ahead searches[INSERT_AHEAD_MAX]; /* … one for each index from the second on */
};

/* Begins to search for the place of a new document of the fields of `document`, any value. It goes
 * behind those that have the same fields, being newer; its place in by_creation_time, the first
 * index, is the end, where every insert goes. Returns whether there is another stage. */
bool insert_ahead_begin(struct insert_ahead *ahead, const struct table *table,
                        struct value document);

/* Carries out a later stage, and returns the same. The table must not have changed since. */
bool insert_ahead_continue(struct insert_ahead *ahead);

/* The search in the table's index number `index`, or NULL. */
static inline const struct btree_ahead *insert_ahead_find(const struct insert_ahead *ahead,
                                                          uint32_t index)
{
    return ahead && index - 1 < ahead->count ? &ahead->searches[index - 1] : NULL;
}

#endif
