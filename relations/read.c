/* Reads by an index: the helpers that follow references, and collect and its kin.
 *
 * All of them walk documents of one range through a reader: it knows beforehand how many there
 * are (from the tree's counts), fetches them in blocks whose cache misses overlap, resolves what
 * they refer to (getManyVia), and passes over what the filter refuses. */
#include "relations/ahead.h"
#include "relations/cursor.h"
#include "relations/step.h"

#include "base/hash.h"
#include "index/order.h"
#include "storage/id.h"

#include <assert.h>

#define READ_AHEAD          TINY_OR(3, 32)
#define PAGE_ITEMS_MAX      10000
#define PAGE_DOCUMENTS_MAX  10000

/* Names that are compared for a piece of work, and before the budget is asked again. */
#define NAMES_OF_WORK       16
#define NAMES_BETWEEN_LOOKS 4096

/* What a reader gives: a document of the range and, in getManyVia, what it refers to. */
struct entry {
    struct document *document;
    struct document *target; /* NULL: it refers to nothing that is there */
};

struct reader {
    struct run *run;
    const struct step *step;
    bool is_fetched; /* the documents of the range were asked from memory already */
    struct btree_cursor cursor;
    uint64_t left; /* documents of the range that are not fetched yet */
    uint64_t read; /* documents that were looked at */
    struct entry entries[READ_AHEAD];
    uint32_t count;
    uint32_t next;
};

static bool is_via(const struct step *step)
{
    return step->method->kind == METHOD_GET_MANY_VIA;
}

/* Whether a place with the key `key` lies within the range. */
static bool range_contains(const struct range *range, struct slice key)
{
    const struct btree_bound *lower = &range->lower;
    const struct btree_bound *upper = &range->upper;
    bool behind_lower =
        slice_starts_with(key, lower->key) ? !lower->after : slice_compare(key, lower->key) > 0;
    bool before_upper =
        slice_starts_with(key, upper->key) ? upper->after : slice_compare(key, upper->key) < 0;
    return behind_lower && before_upper;
}

static struct slice target_id(const struct step *step, const struct document *link)
{
    struct value value = document_find_again(link, step->to_field.names[0], step->to_place);
    for (uint32_t i = 1; i < step->to_field.name_count; i++) {
        bool is_object = value_type(value) == TYPE_OBJECT;
        value = is_object ? value_find(value, step->to_field.names[i]) : VALUE_IS(VALUE_MISSING);
    }
    return value_type(value) == TYPE_STRING ? value_string_escaped(value) : SLICE("");
}

/* Finds what the fetched documents refer to. */
static void resolve_targets(struct reader *reader)
{
    struct slice ids[READ_AHEAD];
    struct document *targets[READ_AHEAD];
    for (uint32_t i = 0; i < reader->count; i++) {
        ids[i] = target_id(reader->step, reader->entries[i].document);
    }
    database_find_all(reader->run->database, ids, reader->count, targets);
    for (uint32_t i = 0; i < reader->count; i++) {
        reader->entries[i].target = targets[i];
    }
}

/* Counts `count` documents of the range, and what they refer to, as read. */
static bool count_read(struct reader *reader, uint32_t count)
{
    struct run *run = reader->run;
    uint64_t documents = is_via(reader->step) ? 2ull * count : count;
    return step_count_documents(run, reader->step, documents) &&
           budget_take_work(run->budget, count, run->error);
}

/* The document that by_id holds for a range of one id; no tree is needed for it. */
static bool open_by_id(struct reader *reader, const struct range *range)
{
    struct run *run = reader->run;
    struct slice form = range->lower.key;
    /* A string's form is its type byte, its text and a zero; ids have nothing to escape. */
    struct slice text = form.size > 2 ? slice_make(form.data + 1, form.size - 2) : SLICE("");
    struct document *document = database_find(run->database, text);
    if (!document || document->shape->table != reader->step->table) {
        return true;
    }
    /* The id may have been asked for as bytes, and a cursor may stand behind the document. */
    run->scratch->size = 0;
    index_append_key(reader->step->range.index, document, run->scratch);
    if (range_contains(range, buffer_slice(run->scratch))) {
        reader->entries[0] = (struct entry){.document = document, .target = document};
        reader->count = 1;
    }
    if (reader->count > 0 && is_via(reader->step)) {
        resolve_targets(reader);
    }
    return reader->step->filter || count_read(reader, reader->count);
}

/* Starts at the range's begin, or, descending, at its end. */
static bool reader_open(struct reader *reader, struct run *run, const struct step *step,
                        const struct range *range)
{
    reader->run = run;
    reader->step = step;
    reader->is_fetched = false;
    reader->left = 0;
    reader->read = 0;
    reader->count = 0;
    reader->next = 0;
    run->budget->ranges += 1;
    if (step->range.takes_id) {
        return open_by_id(reader, range);
    }
    if (range->is_run) {
        reader->left = range->run.count;
        reader->is_fetched = reader->left <= INDEX_SEARCH_FETCHED;
        reader->cursor = step->descending ? range->run.last : range->run.first;
        return true;
    }
    if (step->range.index->by_id) {
        table_build_by_id(step->table);
    }
    struct btree *tree = &step->range.index->tree;
    reader->left =
        btree_range(tree, &range->lower, &range->upper, step->descending, &reader->cursor);
    return true;
}

static void prefetch(const struct reader *reader, void *const *documents, size_t count)
{
    for (size_t i = 0; i < count && !reader->is_fetched; i++) {
        document_prefetch(documents[i]);
    }
}

/* Fetches the next block. Without a filter all of it is going to be taken, so that it is counted
 * at once. */
static bool fetch(struct reader *reader, uint64_t wanted)
{
    void *documents[READ_AHEAD];
    uint64_t count = reader->left < wanted ? reader->left : wanted;
    count = count < READ_AHEAD ? count : READ_AHEAD;
    size_t fetched =
        btree_collect(&reader->cursor, reader->step->descending, documents, (size_t)count);
    assert(fetched == count);
    prefetch(reader, documents, fetched);
    for (size_t i = 0; i < fetched; i++) {
        reader->entries[i] = (struct entry){.document = documents[i], .target = documents[i]};
    }
    reader->left -= fetched;
    reader->count = (uint32_t)fetched;
    reader->next = 0;
    if (is_via(reader->step)) {
        resolve_targets(reader);
    }
    return reader->step->filter || count_read(reader, reader->count);
}

static bool fail_dangling(struct reader *reader, const struct document *link);

/* Whether the entry passes the filter; one without a target never does. */
static bool passes(struct reader *reader, const struct entry *entry, bool *truth)
{
    struct run *run = reader->run;
    *truth = entry->target != NULL;
    if (!*truth) {
        return true;
    }
    run->slots[SLOT_IT] = document_value(entry->target);
    run->slots[SLOT_LINK] = document_value(entry->document);
    return expression_evaluate_truth(run, reader->step->filter, truth) ||
           step_fail_at(run, reader->step, PARAM_FILTER);
}

/* Takes the next entry of the range, whether it passes the filter or not; NULL at the end of the
 * range. `wanted` is how many more the caller is going to take. */
static bool reader_take(struct reader *reader, uint64_t wanted, const struct entry **entry)
{
    *entry = NULL;
    if (reader->next == reader->count) {
        if (reader->left == 0) {
            return true;
        }
        if (!fetch(reader, wanted)) {
            return false;
        }
    }
    reader->read += 1;
    *entry = &reader->entries[reader->next++];
    return true;
}

/* An OrThrow form refuses entries without a target. */
static bool check_target(struct reader *reader, const struct entry *entry)
{
    bool refused = reader->step->method->or_throw && !entry->target;
    return !refused || fail_dangling(reader, entry->document);
}

static bool reader_next_filtered(struct reader *reader, uint64_t documents_max,
                                 const struct entry **entry)
{
    bool truth = false;
    while (!truth && reader->read < documents_max) {
        if (!reader_take(reader, READ_AHEAD, entry)) {
            return false;
        }
        if (!*entry) {
            return true;
        }
        if (!count_read(reader, 1) || !check_target(reader, *entry) ||
            !passes(reader, *entry, &truth)) {
            return false;
        }
    }
    if (!truth) {
        *entry = NULL;
    }
    return true;
}

/* Gives the next entry that passes the filter, if there is one, after at most `documents_max`
 * documents in all; `*entry` becomes NULL where there is none. */
static bool reader_next(struct reader *reader, uint64_t wanted, uint64_t documents_max,
                        const struct entry **entry)
{
    *entry = NULL;
    if (reader->step->filter) {
        return reader_next_filtered(reader, documents_max, entry);
    }
    if (reader->read == documents_max) {
        return true;
    }
    return reader_take(reader, wanted, entry) && (!*entry || check_target(reader, *entry));
}

/* Entries as values. */

static bool is_selected(const struct step *step, struct slice name)
{
    for (uint32_t i = 0; i < step->select_count; i++) {
        if (slice_equal(step->select[i], name)) {
            return true;
        }
    }
    return false;
}

bool read_select(struct run *run, const struct step *step, struct document *document,
                 struct value *result)
{
    const struct shape *shape = document->shape;
    uint32_t room =
        step->select_count < shape->field_count ? step->select_count : shape->field_count;
    if (!budget_take_bytes(run->budget, room * sizeof(struct value_field), run->error)) {
        return false;
    }
    struct value_field *fields = arena_allocate(run->arena, room * sizeof(struct value_field));
    uint32_t count = 0;
    uint64_t compared = 0;
    for (uint32_t position = 0; position < shape->field_count && count < room; position++) {
        compared += step->select_count;
        if (compared >= NAMES_BETWEEN_LOOKS) {
            if (!budget_take_work(run->budget, compared / NAMES_OF_WORK, run->error)) {
                return false;
            }
            compared = 0;
        }
        if (is_selected(step, shape->names[position])) {
            fields[count].name = shape->names[position];
            fields[count].value = document_field(document, position);
            count += 1;
        }
    }
    *result = value_from_fields(fields, count);
    return budget_take_work(run->budget, compared / NAMES_OF_WORK, run->error);
}

static bool target_value(struct run *run, const struct step *step, struct document *target,
                         struct value *result)
{
    if (!target) {
        *result = VALUE_IS(VALUE_NULL);
        return true;
    }
    if (step->has_select) {
        return read_select(run, step, target, result);
    }
    *result = document_value(target);
    return true;
}

static bool entry_value(struct run *run, const struct step *step, const struct entry *entry,
                        bool with_link, struct value *result)
{
    struct value target;
    if (!target_value(run, step, entry->target, &target)) {
        return false;
    }
    *result = target;
    if (!with_link) {
        return true;
    }
    if (!budget_take_bytes(run->budget, 2 * sizeof(struct value_field), run->error)) {
        return false;
    }
    struct value_field *fields = arena_allocate(run->arena, 2 * sizeof(struct value_field));
    fields[0] = (struct value_field){SLICE("link"), document_value(entry->document)};
    fields[1] = (struct value_field){SLICE("document"), target};
    *result = value_from_fields(fields, 2);
    return true;
}

/* Errors of the helpers, with the texts of convex-helpers. */

/* A value as a JavaScript template would put it in, near enough: strings bare. */
static struct slice shown_value(struct run *run, struct value value)
{
    if (value_is_missing(value)) {
        return SLICE("undefined");
    }
    if (value_type(value) == TYPE_STRING) {
        return value_string(run->arena, value);
    }
    return value_text(run->arena, value);
}

/* The value that the helper compares the first field with. */
static struct slice helper_value(struct run *run, const struct step *step)
{
    struct value value;
    assert(step->range.count > 0 && step->range.parts[0].is_value);
    if (!expression_evaluate(run, &step->range.parts[0].value, &value)) {
        return SLICE("");
    }
    run->error->value = value;
    return shown_value(run, value);
}

static void name_read(struct run *run, const struct step *step)
{
    run->error->table = step->table->name;
    run->error->index = step->range.index->name;
    run->error->field = range_field_name(step->range.index, 0);
}

static bool fail_dangling(struct reader *reader, const struct document *link)
{
    struct run *run = reader->run;
    const struct step *step = reader->step;
    struct slice id = arena_copy(run->arena, target_id(step, link));
    struct value reference = document_find(link, step->to_field.names[0]);
    struct slice shown = id.size > 0 ? id : shown_value(run, reference);
    struct slice by = step->field.data ? step->field : step->range.index->name;
    struct slice value = helper_value(run, step);
    error_set(run->error, ERROR_DOCUMENT_NOT_FOUND,
              "Can't find document %.*s referenced in %.*s's field %.*s for %.*s equal to %.*s",
              SLICE_FORMAT(shown), SLICE_FORMAT(step->table->name),
              SLICE_FORMAT(step->to_field.text), SLICE_FORMAT(by), SLICE_FORMAT(value));
    name_read(run, step);
    if (id.size > 0) {
        run->error->id = id;
    }
    return false;
}

static bool fail_not_unique(struct run *run, const struct step *step, const struct document *first,
                            const struct document *second)
{
    struct slice a = document_id(first);
    struct slice b = document_id(second);
    error_set(run->error, ERROR_NOT_UNIQUE,
              "unique() query returned more than one result from table %.*s:\n [%.*s, %.*s, ...]",
              SLICE_FORMAT(step->table->name), SLICE_FORMAT(a), SLICE_FORMAT(b));
    run->error->table = step->table->name;
    run->error->index = step->range.index->name;
    return false;
}

static bool fail_nothing(struct run *run, const struct step *step)
{
    struct slice value = helper_value(run, step);
    struct slice field = range_field_name(step->range.index, 0);
    error_set(run->error, ERROR_DOCUMENT_NOT_FOUND,
              "Can't find a document in %.*s with field %.*s equal to %.*s",
              SLICE_FORMAT(step->table->name), SLICE_FORMAT(field), SLICE_FORMAT(value));
    name_read(run, step);
    return false;
}

/* The reads. */

static bool fail_range(struct run *run, const struct step *step, const struct range_part *failed)
{
    if (failed->is_value) {
        return step_fail_at(run, step, PARAM_VALUE);
    }
    error_prefix_path_index(run->error, 2);
    error_prefix_path_index(run->error, failed->item);
    return step_fail_at(run, step, PARAM_RANGE);
}

/* The range as two places, which a page needs. */
static bool evaluate_range(struct run *run, const struct step *step, struct range *range)
{
    const struct range_part *failed;
    return range_evaluate(run, &step->range, range, &failed) || fail_range(run, step, failed);
}

/* The range in whatever form. */
static bool find_range(struct run *run, const struct step *step, struct range *range)
{
    const struct range_part *failed;
    return range_find(run, &step->range, ahead_find(run, step), range, &failed) ||
           fail_range(run, step, failed);
}

/* Appends the entries that pass the filter, until the list has `most` items. */
static bool collect_filtered(struct reader *reader, uint64_t most, bool with_link,
                             struct list_builder *list)
{
    while (list->count < most) {
        const struct entry *entry = NULL;
        struct value value;
        if (!reader_next(reader, most - list->count, UINT64_MAX, &entry)) {
            return false;
        }
        if (!entry) {
            break;
        }
        if (!entry_value(reader->run, reader->step, entry, with_link, &value) ||
            !list_append(reader->run, list, value)) {
            return false;
        }
    }
    return true;
}

/* Appends the targets of the entries that were fetched; there is room. */
static bool collect_targets(struct reader *reader, struct list_builder *list)
{
    for (; reader->next < reader->count; reader->next++) {
        const struct entry *entry = &reader->entries[reader->next];
        if (!check_target(reader, entry)) {
            return false;
        }
        struct document *target = entry->target;
        list->items[list->count++] = target ? document_value(target) : VALUE_IS(VALUE_NULL);
    }
    return true;
}

/* Appends the entries that were fetched; there is room. */
static bool collect_fetched(struct reader *reader, bool with_link, struct list_builder *list)
{
    if (!with_link && !reader->step->has_select) {
        return collect_targets(reader, list);
    }
    for (; reader->next < reader->count; reader->next++) {
        const struct entry *entry = &reader->entries[reader->next];
        struct value value;
        if (!check_target(reader, entry) ||
            !entry_value(reader->run, reader->step, entry, with_link, &value)) {
            return false;
        }
        list_put(list, value);
    }
    return true;
}

/* Appends `count` documents as they are; there is room. */
static bool collect_documents(struct reader *reader, uint64_t count, struct list_builder *list)
{
    void *documents[READ_AHEAD];
    while (list->count < count) {
        uint64_t left = count - list->count;
        uint32_t wanted = left < READ_AHEAD ? (uint32_t)left : READ_AHEAD;
        size_t fetched =
            btree_collect(&reader->cursor, reader->step->descending, documents, wanted);
        assert(fetched == wanted);
        prefetch(reader, documents, wanted);
        struct value *items = list->items + list->count;
        for (uint32_t i = 0; i < wanted; i++) {
            items[i] = document_value(documents[i]);
        }
        list->count += wanted;
        if (!count_read(reader, wanted)) {
            return false;
        }
    }
    return true;
}

/* Appends `count` entries, which are there. */
static bool collect_all(struct reader *reader, uint64_t count, bool with_link,
                        struct list_builder *list)
{
    if (count == 0) {
        return true;
    }
    if (!list_reserve(reader->run, list, (uint32_t)count)) {
        return false;
    }
    if (!with_link && !reader->step->has_select && !is_via(reader->step) && reader->count == 0) {
        return collect_documents(reader, count, list);
    }
    if (!collect_fetched(reader, with_link, list)) {
        return false;
    }
    while (list->count < count) {
        if (!fetch(reader, count - list->count) || !collect_fetched(reader, with_link, list)) {
            return false;
        }
    }
    return true;
}

/* At most `most` entries, as a list. */
static bool collect(struct reader *reader, uint64_t most, bool with_link, struct value *result)
{
    struct list_builder list = {0};
    uint64_t count = reader->left + reader->count;
    count = count < most ? count : most;
    bool collected = reader->step->filter ? collect_filtered(reader, most, with_link, &list)
                                          : collect_all(reader, count, with_link, &list);
    *result = value_from_items(list.items, list.count);
    return collected;
}

static bool read_first(struct reader *reader, struct value *result)
{
    const struct entry *entry = NULL;
    *result = VALUE_IS(VALUE_NULL);
    if (!reader_next(reader, 1, UINT64_MAX, &entry)) {
        return false;
    }
    return !entry || entry_value(reader->run, reader->step, entry, false, result);
}

static bool read_unique(struct reader *reader, struct value *result)
{
    const struct entry *entry = NULL;
    struct run *run = reader->run;
    const struct step *step = reader->step;
    if (!reader_next(reader, 2, UINT64_MAX, &entry)) {
        return false;
    }
    if (!entry) {
        *result = VALUE_IS(VALUE_NULL);
        return !step->method->or_throw || fail_nothing(run, step);
    }
    struct entry first = *entry;
    if (!reader_next(reader, 1, UINT64_MAX, &entry)) {
        return false;
    }
    if (entry) {
        return fail_not_unique(run, step, first.document, entry->document);
    }
    return entry_value(run, step, &first, false, result);
}

static bool read_count(struct reader *reader, struct value *result)
{
    uint64_t count = 0;
    if (!reader->step->filter) {
        *result = value_from_number((double)(reader->left + reader->count));
        return true;
    }
    const struct entry *entry = NULL;
    do {
        if (!reader_next(reader, READ_AHEAD, UINT64_MAX, &entry)) {
            return false;
        }
        count += entry ? 1 : 0;
    } while (entry);
    *result = value_from_number((double)count);
    return true;
}

static bool read_exists(struct reader *reader, struct value *result)
{
    const struct entry *entry = NULL;
    if (!reader->step->filter) {
        *result = value_from_bool(reader->left + reader->count > 0);
        return true;
    }
    if (!reader_next(reader, READ_AHEAD, UINT64_MAX, &entry)) {
        return false;
    }
    *result = value_from_bool(entry != NULL);
    return true;
}

/* Pages. */

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
    if (!range_contains(range, page->key)) {
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
    *is_done = reader->left == 0 && reader->next == reader->count;
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
        *last = reader->entries[reader->next - 1].document;
    }
    *is_done = reader->left == 0 && reader->next == reader->count;
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
        last = reader.next > 0 ? reader.entries[reader.next - 1].document : last;
        if (!entry) {
            break;
        }
        if (!entry_value(run, step, entry, page->with_link, &value) ||
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

static bool run_paginate(struct run *run, const struct step *step, struct value *result)
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

static bool take_with_link(struct run *run, const struct step *step, bool *with_link)
{
    struct value value;
    *with_link = false;
    if (!step_has_argument(step, PARAM_WITH_LINK)) {
        return true;
    }
    if (!step_argument(run, step, PARAM_WITH_LINK, &value)) {
        return false;
    }
    *with_link = value.kind == VALUE_TRUE;
    return value_is_boolean(value) || step_mismatch(run, step, PARAM_WITH_LINK, "a boolean", value);
}

/* getManyFrom and getManyVia. */
static bool run_many(struct run *run, const struct step *step, struct value *result)
{
    struct page page = {0};
    struct value cursor;
    if (!take_with_link(run, step, &page.with_link)) {
        return false;
    }
    if (step_has_argument(step, PARAM_PAGINATE)) {
        return take_paginate(run, step, &page, &cursor) &&
               read_page(run, step, &page, cursor, PARAM_PAGINATE, result);
    }
    uint64_t most = UINT64_MAX;
    struct range range;
    struct reader reader;
    if (step_has_argument(step, PARAM_TAKE) &&
        !step_whole_number(run, step, PARAM_TAKE, 0, UINT32_MAX, &most)) {
        return false;
    }
    return find_range(run, step, &range) && reader_open(&reader, run, step, &range) &&
           collect(&reader, most, page.with_link, result);
}

bool read_run(struct run *run, const struct step *step, struct value *result)
{
    struct range range;
    struct reader reader;
    uint64_t most = UINT64_MAX;
    switch (step->method->kind) {
    case METHOD_GET_MANY_FROM:
    case METHOD_GET_MANY_VIA:
        return run_many(run, step, result);
    case METHOD_PAGINATE:
        return run_paginate(run, step, result);
    default:
        break;
    }
    if (!find_range(run, step, &range)) {
        return false;
    }
    if (step->method->kind == METHOD_TAKE &&
        !step_whole_number(run, step, PARAM_N, 0, UINT32_MAX, &most)) {
        return false;
    }
    if (!reader_open(&reader, run, step, &range)) {
        return false;
    }
    switch (step->method->kind) {
    case METHOD_FIRST:
        return read_first(&reader, result);
    case METHOD_GET_ONE_FROM:
    case METHOD_UNIQUE:
        return read_unique(&reader, result);
    case METHOD_COUNT:
        return read_count(&reader, result);
    case METHOD_EXISTS:
        return read_exists(&reader, result);
    default:
        return collect(&reader, most, false, result);
    }
}
