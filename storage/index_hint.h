/* Hints of an index: 64 bits that order keys before the keys themselves are looked at
 * (index/btree.h).
 *
 * They come from one of four places:
 *   - of by_creation_time from the time;
 *   - where the first field can only hold ids of one table, or nothing, from the ids' random bytes,
 *     because all their texts begin alike;
 *   - otherwise from the first bytes of the key,
 *   - or, where most keys begin alike (`user0001`, `https://…`), from what follows the index's
 *     `head`. Those that do not begin with it keep hints below and above, from 62 bits of the key.
 *
 * A head is chosen from the documents that are there: when the index is loaded, and as it grows as
 * long as it is small, because then all hints are made anew. It is no promise about any key. */
#ifndef TENON_STORAGE_INDEX_HINT_H
#define TENON_STORAGE_INDEX_HINT_H

#include "base/macros.h"
#include "base/number.h"
#include "storage/index.h"

#include <stddef.h>

/* The type bytes of a key's byte form (index/order.h) that are made or looked at here. */
#define FORM_NUMBER 0x04
#define FORM_STRING 0x07

/* The hint of the document `entry` in the index `context`. */
uint64_t index_hint(const void *context, const void *entry);

/* The hint of all documents of that creation time in by_creation_time. */
static inline uint64_t index_hint_of_time(double creation_time)
{
    return number_to_ordered(creation_time);
}

/* The hint of a key in byte form; what it lacks is filled with `fill` (0x00 or 0xff). */
uint64_t index_hint_of_bytes(const struct index *index, struct slice key, uint8_t fill);

/* The hint of all documents whose first field is `value`, for the values that most indexes begin
 * with: numbers, and strings that are long enough and need no escapes there. Returns false for
 * others. Not for an index of ids. */
MUST_CHECK bool index_hint_of_value(const struct index *index, struct value value, uint64_t *hint);

/* Says when the index, which is empty, is to be adapted first. */
void index_adapt_init(struct index *index);

/* Chooses the head anew, unless the table has too much text, where index->tree.count has come to
 * index->adapt_at, and makes all hints anew if it is another one; then hints that were made before
 * are void (index->heads). */
void index_adapt(struct index *index);

/* Chooses the head for documents, in any order, that the index, which is empty, is to be loaded
 * with. */
void index_adapt_to(struct index *index, void *const *documents, size_t count);

/* The text of the id that the first field of a document holds, in an index of ids; NULL: it holds
 * none, or must be looked for. Ids of one table, all of them of one size, need no look at their
 * ends. */
static inline const char *index_find_first_id(const struct index *index,
                                              const struct document *document)
{
    uint32_t position = document->shape->index_positions[index->first_position];
    if (UNLIKELY(index->fields->name_count > 1 || position == SHAPE_NO_FIELD ||
                 position < SHAPE_USER_FIELDS)) {
        return NULL;
    }
    const char *text = document->text + document_offset(document, position - SHAPE_USER_FIELDS);
    return *text == '"' ? text + 1 : NULL;
}

#endif
