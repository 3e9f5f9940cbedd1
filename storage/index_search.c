/* Searching in stages. See index_search.h. */
#include "storage/index_search.h"

#include <assert.h>

/* Searches that are made together. */
#define SEARCHES_TOGETHER 16

/* Whether the index's first field holds the id. Where that is a field of the document itself, its
 * beginning is all that is looked for. */
static inline bool holds_id(const struct index *index, const struct document *document,
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

/* Documents are ordered by the id that they hold, so that the first and the last tell of all. */
bool index_search_confirm(const struct index *index, const struct index_search *search)
{
    assert(index_search_found(search));
    const struct btree_run *run = &search->run;
    return holds_id(index, btree_entry(&run->first), search->id) &&
           (run->count == 1 || holds_id(index, btree_entry(&run->last), search->id));
}

/* Decides whether the search can be made. */
static bool take_hint(const struct index *index, struct index_search *search)
{
    bool may_be_id = index_hint_of_id(index, search->id, &search->run.hint);
    search->run.count = may_be_id ? 0 : BTREE_RUN_LONG;
    return may_be_id;
}

void index_search_step(const struct index *index, struct index_search *search, unsigned stage)
{
    assert(index->field_count > 0);
    bool goes_on = stage == 0 ? take_hint(index, search) : search->run.count != BTREE_RUN_LONG;
    if (goes_on) {
        btree_run_step(&index->tree, &search->run, stage);
    }
}

void index_search_ids(const struct index *index, struct index_search *searches, uint32_t count)
{
    struct btree_run *runs[SEARCHES_TOGETHER];
    assert(index->field_count > 0);
    uint32_t run_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (take_hint(index, &searches[i])) {
            runs[run_count++] = &searches[i].run;
        }
        if (run_count == SEARCHES_TOGETHER || i + 1 == count) {
            btree_find_runs(&index->tree, runs, run_count);
            run_count = 0;
        }
    }
}
