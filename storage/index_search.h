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

/* The stages of a search. */
#define INDEX_SEARCH_STAGES  4

/* Of the documents that it finds, so many are asked from memory. */
#define INDEX_SEARCH_FETCHED TINY_OR(2, 32)

enum index_outcome {
    INDEX_UNKNOWN, /* no id, or there are too many documents */
    INDEX_NOTHING, /* no document holds it */
    INDEX_FOUND
};

struct index_search {
    struct slice id; /* what is looked for; any text */
    enum index_outcome outcome;
    struct btree_run run; /* INDEX_FOUND: the documents that have the hint of the id */
};

/* Carries out one stage, from 0 on, of a search whose id is given. `index` has fields of its own,
 * and index->tree.moves must stay the same until what was found is not used any more. */
void index_search_step(const struct index *index, struct index_search *search, unsigned stage);

/* Carries out `count` searches, whose ids are given. `index` has fields of its own. What was found
 * is still to be confirmed. */
void index_search_ids(const struct index *index, struct index_search *searches, uint32_t count);

/* Whether the documents of a search that found some are those whose first field is the id. Two ids
 * that have the same hint are the exception; it is the first look at the documents themselves. */
MUST_CHECK bool index_search_confirm(const struct index *index, const struct index_search *search);

#endif
