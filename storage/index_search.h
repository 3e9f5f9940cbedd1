/* Looking ids up in an index whose first field holds ids: what refers to a document.
 *
 * Several are looked up together, in steps between which the memory fetches what the next step
 * needs, so that their cache misses overlap. All documents that hold an id have the same hint, so
 * the way there takes no keys. */
#ifndef TENON_STORAGE_INDEX_SEARCH_H
#define TENON_STORAGE_INDEX_SEARCH_H

#include "base/slice.h"
#include "index/btree.h"
#include "storage/index.h"

#include <stdint.h>

enum index_outcome {
    INDEX_UNKNOWN, /* no id, another's hint is the same, or there are too many documents */
    INDEX_NOTHING, /* no document holds it */
    INDEX_FOUND
};

struct index_search {
    struct slice id; /* what is looked for; any text */
    enum index_outcome outcome;
    struct btree_run run; /* INDEX_FOUND: the documents whose first field is the id */
};

/* Carries out `count` searches, whose ids are given. `index` has fields of its own. */
void index_search_ids(const struct index *index, struct index_search *searches, uint32_t count);

#endif
