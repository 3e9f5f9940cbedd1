/* Looking ids up in an index whose first field holds ids: what refers to a document.
 *
 * Several are looked up together, in stages between which the memory fetches what the next one
 * needs, so that their cache misses overlap. All documents that hold an id have the same hint, so
 * the way there takes no keys. */
#ifndef TENON_STORAGE_INDEX_SEARCH_H
#define TENON_STORAGE_INDEX_SEARCH_H

#include "base/macros.h"
#include "base/slice.h"
#include "index/btree.h"
#include "storage/index.h"

#include <stdbool.h>
#include <stdint.h>

struct index_search {
    struct slice id;      /* what is looked for; any text */
    struct btree_run run; /* the documents that have the hint of the id; its count is BTREE_RUN_LONG
                           * where there are too many, and for what is no id */
};

/* Carries out one stage, from 0 on and below BTREE_RUN_STAGES, of a search whose id is given.
 * `index` has fields of its own, and index->tree.moves must stay the same until what was found is
 * not used any more. */
void index_search_step(const struct index *index, struct index_search *search, unsigned stage);

/* Carries out `count` searches, whose ids are given. `index` has fields of its own. What was found
 * is still to be confirmed. */
void index_search_ids(const struct index *index, struct index_search *searches, uint32_t count);

/* Whether there are documents with the hint of the id, and no more than a search can tell. */
static inline bool index_search_found(const struct index_search *search)
{
    return search->run.count - 1 < BTREE_RUN_LONG - 1;
}

/* Whether the documents of a search that found some are those whose first field is the id. Two ids
 * that have the same hint are the exception; it is the first look at the documents themselves. */
MUST_CHECK bool index_search_confirm(const struct index *index, const struct index_search *search);

#endif
