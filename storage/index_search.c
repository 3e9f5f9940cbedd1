/* Searching in steps. See index_search.h. */
#include "storage/index_search.h"

#include <assert.h>

/* Documents of one id that are asked for ahead. */
#define DOCUMENTS_AHEAD TINY_OR(2, 32)

static void prefetch_documents(const struct btree_run *run)
{
    void *documents[DOCUMENTS_AHEAD];
    struct btree_cursor cursor = run->first;
    size_t wanted = run->count < DOCUMENTS_AHEAD ? run->count : DOCUMENTS_AHEAD;
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

static void count_run(struct index_search *search)
{
    if (!btree_run_count(&search->run)) {
        search->outcome = INDEX_UNKNOWN;
    } else if (search->run.count == 0) {
        search->outcome = INDEX_NOTHING;
    }
}

/* Decides which searches can be made, and goes down the tree with them, level by level. */
static void descend(const struct index *index, struct index_search *searches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct index_search *search = &searches[i];
        bool may_be_id = index_hint_of_id(index, search->id, &search->run.hint);
        search->outcome = may_be_id ? INDEX_FOUND : INDEX_UNKNOWN;
        btree_run_begin(&index->tree, &search->run);
    }
    for (uint32_t level = 0; level < index->tree.height; level++) {
        for (uint32_t i = 0; i < count; i++) {
            if (searches[i].outcome == INDEX_FOUND) {
                btree_run_descend(&searches[i].run);
            }
        }
    }
}

void index_search_ids(const struct index *index, struct index_search *searches, uint32_t count)
{
    assert(index->field_count > 0);
    descend(index, searches, count);
    for (uint32_t i = 0; i < count; i++) {
        if (searches[i].outcome == INDEX_FOUND) {
            btree_run_find(&searches[i].run);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (searches[i].outcome == INDEX_FOUND) {
            count_run(&searches[i]);
        }
        if (searches[i].outcome == INDEX_FOUND) {
            prefetch_documents(&searches[i].run);
        }
    }
}
