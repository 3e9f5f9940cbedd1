/* Building one index of many documents at once. */
#ifndef TENON_STORAGE_LOAD_INDEX_H
#define TENON_STORAGE_LOAD_INDEX_H

#include "storage/index.h"

#include <stddef.h>

/* Fills the empty index with the documents, which are in any order; `documents` becomes sorted as
 * the index is. */
void load_index(struct index *index, void **documents, size_t count);

#endif
