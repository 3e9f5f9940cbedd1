/* An index of a table: a B-tree of its documents by the values of some fields.
 *
 * The key of a document is the byte form (index/order.h) of the values of the index's fields, then
 * of `_creationTime`, then of `_id`; every document of the table is in every index, a missing
 * field sorts first. by_creation_time is the index without fields of its own.
 *
 * Hints are made in index_hint.c. */
#ifndef TENON_STORAGE_INDEX_H
#define TENON_STORAGE_INDEX_H

#include "base/buffer.h"
#include "base/slice.h"
#include "base/value.h"
#include "index/btree.h"
#include "storage/document.h"
#include "storage/schema.h"
#include "storage/type.h"

#include <stdbool.h>
#include <stdint.h>

struct table;

#define INDEX_HEAD_MAX 64

struct index {
    struct table *table;
    const struct schema_index *schema; /* NULL: by_creation_time or by_id */
    struct slice name;
    const struct schema_path *fields; /* the user's; NULL where there are none */
    uint32_t field_count;
    const struct type *types[SCHEMA_INDEX_FIELDS_MAX]; /* of the fields; NULL: anything */
    uint32_t first_position; /* of its paths among shape->index_positions */
    bool unique;
    bool by_id;        /* ordered by `_id` alone */
    bool hints_of_ids; /* the first field holds ids of one table only */
    struct btree_order order;
    struct btree tree;
    uint8_t head_size;
    char head[INDEX_HEAD_MAX]; /* what most keys begin with, and hints leave out */
    uint32_t heads;            /* how often there was another one */
    uint64_t adapt_at;         /* at so many documents it is chosen anew */
};

/* Makes `index` empty. `schema` NULL makes by_creation_time (or by_id with `by_id`). The index is
 * not copied or moved from then on: its tree points into it. */
void index_init(struct index *index, struct table *table, const struct schema_index *schema,
                bool by_id, uint32_t first_position);
void index_deinit(struct index *index);

/* The value of the index's field number `field` in a document; missing where it is not there. */
struct value index_field_value(const struct index *index, const struct document *document,
                               uint32_t field);

/* Appends the byte form of the document's whole key. */
void index_append_key(const struct index *index, const struct document *document,
                      struct buffer *key);

/* Makes `bound` the place before (or behind, with `after`) every document whose key begins with
 * `key`, the byte forms of values of the index's leading fields. `key` must outlive the bound. */
void index_bound(const struct index *index, struct slice key, bool after,
                 struct btree_bound *bound);

/* Whether the index's first field can only hold ids of one table, or nothing, and `id` may be one
 * of them; the hint of all documents that hold it is then `*hint`. */
MUST_CHECK bool index_hint_of_id(const struct index *index, struct slice id, uint64_t *hint);

/* Begins to search the index ahead for a first field that is `value`, which need not be one that
 * the field takes: behind those that have it with `after`, else before them. Returns false where
 * the value does not say where to look. */
MUST_CHECK bool index_search_ahead(const struct index *index, struct value value, bool after,
                                   struct btree_ahead *ahead);

/* Whether the index's first field holds `id`, which has the size of one. Where that is a field of
 * the document itself, its beginning is all that is looked for. */
static inline bool index_holds_id(const struct index *index, const struct document *document,
                                  struct slice id)
{
    uint32_t position = document->shape->index_positions[index->first_position];
    bool is_plain = index->fields->name_count == 1 && position != SHAPE_NO_FIELD &&
                    position >= SHAPE_USER_FIELDS;
    if (UNLIKELY(!is_plain)) {
        return value_is_string(index_field_value(index, document, 0), id);
    }
    size_t begin = document_offset(document, position - SHAPE_USER_FIELDS);
    const char *text = document->text + begin;
    size_t end = id.size + 1;
    return begin + end < document->text_size && text[0] == '"' && text[end] == '"' &&
           id_texts_are_equal(text + 1, id.data, id.size);
}

/* The document other than `except` that has the same fields as `document`, or NULL; only for a
 * unique index, and NULL where a field of `document` is missing. */
struct document *index_find_duplicate(struct index *index, const struct document *document,
                                      const struct document *except);

/* True if the unique index `index` cannot have both: no field is missing, and all are equal. */
bool index_has_same_key(const struct index *index, const struct document *a,
                        const struct document *b);

#endif
