/* Building one index of many documents at once. */
#ifndef TENON_STORAGE_LOAD_INDEX_H
#define TENON_STORAGE_LOAD_INDEX_H

#include "storage/index.h"

#include <stddef.h>

/* Fills the empty index with the documents, which are in any order. `sorted`, where it is not NULL,
 * gets them as the index has them, and may be `documents`. */
void load_index(struct index *index, void *const *documents, size_t count, void **sorted);

#endif
