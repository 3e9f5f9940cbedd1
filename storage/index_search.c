/* Searching in stages. See index_search.h. */
#include "storage/index_search.h"

#include <assert.h>

/* Searches that are made together. */
#define SEARCHES_TOGETHER 16

/* Documents are ordered by the id that they hold, so that the first and the last tell of all. */
bool index_search_confirm(const struct index *index, const struct index_search *search)
{
    assert(index_search_found(search));
    const struct btree_run *run = &search->run;
    return index_holds_id(index, btree_entry(&run->first), search->id) &&
           (run->count == 1 || index_holds_id(index, btree_entry(&run->last), search->id));
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
