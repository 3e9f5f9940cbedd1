/* Pages of reads by an index, and their cursors. */
#include "relations/page.h"

#include "base/hash.h"
#include "index/order.h"
#include "relations/cursor.h"
#include "relations/reader.h"

#include <assert.h>

#define PAGE_ITEMS_MAX     10000
#define PAGE_DOCUMENTS_MAX 10000

struct page {
    uint64_t item_count_max;
    struct slice key; /* of the last document that was passed; empty: none */
    uint64_t owner;   /* what the cursor must belong to */
    bool with_link;
};

/* What table, index, range, order and filter have in common: the hash of them all. */
static bool page_owner(struct run *run, const struct step *step, const struct range *range,
                       uint64_t *owner)
{
    const struct index *index = step->range.index;
    *owner = hash_bytes(index->name, step->table->number);
    *owner = range_hash(range, *owner + (step->descending ? 1 : 0));
    *owner = hash_bytes(step->to_field.text, *owner);
    if (!step->filter) {
        return true;
    }
    *owner += step->filter_hash;
    return expression_hash_references(run, step->filter, owner);
}

static bool fail_cursor(struct run *run, const struct step *step, enum parameter parameter)
{
    error_set(run->error, ERROR_INVALID_CURSOR,
              "The cursor is none, or comes from a read of another table, index, range, order or "
              "filter.");
    run->error->table = step->table->name;
    run->error->index = step->range.index->name;
    if (parameter == PARAM_PAGINATE) {
        error_prefix_path(run->error, parameter_name(PARAM_CURSOR));
    }
    return step_fail_at(run, step, parameter);
}

/* Narrows the range to what lies behind the cursor. */
static bool take_cursor(struct run *run, const struct step *step, struct value cursor,
                        enum parameter parameter, struct page *page, struct range *range)
{
    const struct index *index = step->range.index;
    if (value_is_null_or_missing(cursor)) {
        return true;
    }
    if (value_type(cursor) != TYPE_STRING) {
        return step_mismatch(run, step, parameter, "null or a string", cursor);
    }
    uint32_t form_count = index->field_count + (index->by_id ? 1 : 2);
    struct slice text = value_string_escaped(cursor);
    if (!budget_take_bytes(run->budget, text.size, run->error)) {
        return false;
    }
    if (!cursor_decode(run->arena, text, page->owner, form_count, &page->key)) {
        return fail_cursor(run, step, parameter);
    }
    if (page->key.size == 0) {
        return true;
    }
    if (!reader_range_contains(range, page->key)) {
        return fail_cursor(run, step, parameter);
    }
    struct btree_bound *side = step->descending ? &range->upper : &range->lower;
    index_bound(index, page->key, !step->descending, side);
    return true;
}

static struct slice document_key(struct run *run, const struct step *step,
                                 const struct document *document)
{
    run->scratch->size = 0;
    index_append_key(step->range.index, document, run->scratch);
    return arena_copy(run->arena, buffer_slice(run->scratch));
}

/* Looks beyond a full page for one more entry, so that isDone is exact; what it passes over is
 * behind the cursor. */
static bool look_beyond(struct reader *reader, struct document **last, bool *is_done)
{
    const struct entry *entry = NULL;
    bool within = reader->read < PAGE_DOCUMENTS_MAX;
    *is_done = reader_left(reader) == 0;
    if (*is_done || !within || !reader->step->filter) {
        return true;
    }
    while (reader->read < PAGE_DOCUMENTS_MAX) {
        uint64_t before = reader->read;
        if (!reader_next(reader, 1, before + 1, &entry)) {
            return false;
        }
        if (entry || reader->read == before) {
            *is_done = !entry;
            return true;
        }
        *last = reader_last(reader);
    }
    *is_done = reader_left(reader) == 0;
    return true;
}

static struct value page_value(struct run *run, struct value items, bool is_done,
                               struct value cursor)
{
    struct value_field *fields = arena_allocate(run->arena, 3 * sizeof(struct value_field));
    fields[0] = (struct value_field){SLICE("page"), items};
    fields[1] = (struct value_field){SLICE("isDone"), value_from_bool(is_done)};
    fields[2] = (struct value_field){SLICE("continueCursor"), cursor};
    return value_from_fields(fields, 3);
}

/* The range as two places, which a page needs. */
static bool evaluate_range(struct run *run, const struct step *step, struct range *range)
{
    const struct range_part *failed;
    return range_evaluate(run, &step->range, range, &failed) ||
           step_fail_at_range(run, step, failed);
}

static bool read_page(struct run *run, const struct step *step, struct page *page,
                      struct value cursor, enum parameter parameter, struct value *result)
{
    struct range range;
    struct reader reader;
    struct list_builder list = {0};
    struct document *last = NULL;
    bool is_done;
    if (!evaluate_range(run, step, &range) || !page_owner(run, step, &range, &page->owner) ||
        !take_cursor(run, step, cursor, parameter, page, &range) ||
        !reader_open(&reader, run, step, &range)) {
        return false;
    }
    while (list.count < page->item_count_max) {
        const struct entry *entry = NULL;
        struct value value;
        if (!reader_next(&reader, page->item_count_max - list.count, PAGE_DOCUMENTS_MAX, &entry)) {
            return false;
        }
        last = reader.next > 0 ? reader_last(&reader) : last;
        if (!entry) {
            break;
        }
        if (!reader_value(&reader, entry, page->with_link, &value) ||
            !list_append(run, &list, value)) {
            return false;
        }
    }
    if (!look_beyond(&reader, &last, &is_done)) {
        return false;
    }
    struct slice key = last ? document_key(run, step, last) : page->key;
    *result = page_value(run, value_from_items(list.items, list.count), is_done,
                         cursor_encode(run->arena, page->owner, key));
    return true;
}

bool page_run(struct run *run, const struct step *step, struct value *result)
{
    struct page page = {0};
    struct value cursor;
    return step_whole_number(run, step, PARAM_NUM_ITEMS, 1, PAGE_ITEMS_MAX, &page.item_count_max) &&
           step_argument(run, step, PARAM_CURSOR, &cursor) &&
           read_page(run, step, &page, cursor, PARAM_CURSOR, result);
}

static bool fail_paginate(struct run *run, const struct step *step, struct value found)
{
    const char *expected = "{\"numItems\": a whole number from 1 to 10000, \"cursor\": null or a "
                           "string}";
    if (value_type(found) != TYPE_OBJECT) {
        return step_mismatch(run, step, PARAM_PAGINATE, expected, found);
    }
    error_set(run->error, ERROR_INVALID_PARAMS, "`paginate` must be %s.", expected);
    return step_fail_at(run, step, PARAM_PAGINATE);
}

/* The `paginate` param of getManyFrom and getManyVia. */
static bool take_paginate(struct run *run, const struct step *step, struct page *page,
                          struct value *cursor)
{
    struct value paginate;
    if (!step_argument(run, step, PARAM_PAGINATE, &paginate)) {
        return false;
    }
    if (value_type(paginate) != TYPE_OBJECT) {
        return fail_paginate(run, step, paginate);
    }
    struct value count = value_find(paginate, SLICE("numItems"));
    *cursor = value_find(paginate, SLICE("cursor"));
    double number = value_type(count) == TYPE_NUMBER ? value_number(count) : 0;
    uint32_t known = 1 + (value_is_missing(*cursor) ? 0 : 1);
    if (!(number >= 1 && number <= PAGE_ITEMS_MAX) || number != (double)(uint64_t)number ||
        value_count(paginate) != known ||
        (!value_is_null_or_missing(*cursor) && value_type(*cursor) != TYPE_STRING)) {
        return fail_paginate(run, step, paginate);
    }
    page->item_count_max = (uint64_t)number;
    return true;
}

bool page_run_many(struct run *run, const struct step *step, bool with_link, struct value *result)
{
    struct page page = {.with_link = with_link};
    struct value cursor;
    return take_paginate(run, step, &page, &cursor) &&
           read_page(run, step, &page, cursor, PARAM_PAGINATE, result);
}
