/* Searching in stages. See index_search.h. */
#include "storage/index_search.h"

#include <assert.h>

static void prefetch_documents(const struct btree_run *run)
{
    void *documents[INDEX_SEARCH_FETCHED];
    struct btree_cursor cursor = run->first;
    size_t wanted = run->count < INDEX_SEARCH_FETCHED ? run->count : INDEX_SEARCH_FETCHED;
    size_t count = btree_collect(&cursor, false, documents, wanted);
    for (size_t i = 0; i < count; i++) {
        document_prefetch(documents[i]);
    }
}

static bool holds_id(const struct index *index, const struct btree_cursor *cursor, struct slice id)
{
    const struct document *document = btree_entry(cursor);
    struct value value = index_field_value(index, document, 0);
    return value_type(value) == TYPE_STRING && value.size == id.size + 2 &&
           id_texts_are_equal(value.text + 1, id.data, id.size);
}

/* Documents are ordered by the id that they hold, so that the first and the last tell of all. */
bool index_search_confirm(const struct index *index, const struct index_search *search)
{
    assert(search->outcome == INDEX_FOUND);
    const struct btree_run *run = &search->run;
    return holds_id(index, &run->first, search->id) &&
           (run->count == 1 || holds_id(index, &run->last, search->id));
}

/* Decides whether the search can be made, and goes down to the node above the leaf: what is above
 * that lies in caches as a rule. */
static void begin(const struct index *index, struct index_search *search)
{
    bool may_be_id = index_hint_of_id(index, search->id, &search->run.hint);
    search->outcome = may_be_id ? INDEX_FOUND : INDEX_UNKNOWN;
    btree_run_begin(&index->tree, &search->run);
    for (uint32_t level = index->tree.height; may_be_id && level > 1; level--) {
        btree_run_descend(&search->run);
    }
}

static void finish(struct index_search *search)
{
    if (!btree_run_count(&search->run)) {
        search->outcome = INDEX_UNKNOWN;
    } else if (search->run.count == 0) {
        search->outcome = INDEX_NOTHING;
    } else {
        prefetch_documents(&search->run);
    }
}

void index_search_step(const struct index *index, struct index_search *search, unsigned stage)
{
    assert(index->field_count > 0 && stage < INDEX_SEARCH_STAGES);
    if (stage == 0) {
        begin(index, search);
    } else if (search->outcome != INDEX_FOUND) {
        return;
    } else if (stage == 1 && index->tree.height > 0) {
        btree_run_descend(&search->run);
    } else if (stage == 2) {
        btree_run_find(&search->run);
    } else if (stage == 3) {
        finish(search);
    }
}

void index_search_ids(const struct index *index, struct index_search *searches, uint32_t count)
{
    for (unsigned stage = 0; stage < INDEX_SEARCH_STAGES; stage++) {
        for (uint32_t i = 0; i < count; i++) {
            index_search_step(index, &searches[i], stage);
        }
    }
}
