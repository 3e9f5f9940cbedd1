/* Walking the documents of a range. See reader.h. */
#include "relations/reader.h"

#include <assert.h>

/* Names that are compared for a piece of work, and before the budget is asked again. */
#define NAMES_OF_WORK       16
#define NAMES_BETWEEN_LOOKS 4096

/* Whether a place with the key `key` lies within the range. */
bool reader_range_contains(const struct range *range, struct slice key)
{
    const struct btree_bound *lower = &range->lower;
    const struct btree_bound *upper = &range->upper;
    bool behind_lower =
        slice_starts_with(key, lower->key) ? !lower->after : slice_compare(key, lower->key) > 0;
    bool before_upper =
        slice_starts_with(key, upper->key) ? upper->after : slice_compare(key, upper->key) < 0;
    return behind_lower && before_upper;
}

/* Errors. */

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

struct slice reader_helper_value(struct run *run, const struct step *step)
{
    struct value value;
    assert(step->range.count > 0 && step->range.parts[0].is_value);
    if (!expression_evaluate(run, &step->range.parts[0].value, &value)) {
        return SLICE("");
    }
    run->error->value = value;
    return shown_value(run, value);
}

void reader_name_read(struct run *run, const struct step *step)
{
    run->error->table = step->table->name;
    run->error->index = step->range.index->name;
    run->error->field = range_field_name(step->range.index, 0);
}

/* The part of `value` that the further names of a path lead to. */
static NEVER_INLINE struct value find_part(const struct schema_path *path, struct value value)
{
    for (uint32_t i = 1; i < path->name_count; i++) {
        bool is_object = value_type(value) == TYPE_OBJECT;
        value = is_object ? value_find(value, path->names[i]) : VALUE_IS(VALUE_MISSING);
    }
    return value;
}

static inline struct slice target_id(const struct step *step, const struct document *link)
{
    const struct schema_path *path = &step->to_field;
    struct value value = document_find_again(link, path->names[0], step->to_place);
    if (UNLIKELY(path->name_count > 1)) {
        value = find_part(path, value);
    }
    return value_type(value) == TYPE_STRING ? value_string_escaped(value) : SLICE("");
}

static bool fail_dangling(const struct reader *reader, const struct document *link)
{
    struct run *run = reader->run;
    const struct step *step = reader->step;
    struct slice id = arena_copy(run->arena, target_id(step, link));
    struct value reference = document_find(link, step->to_field.names[0]);
    struct slice shown = id.size > 0 ? id : shown_value(run, reference);
    struct slice by = step->field.data ? step->field : step->range.index->name;
    struct slice value = reader_helper_value(run, step);
    error_set(run->error, ERROR_DOCUMENT_NOT_FOUND,
              "Can't find document %.*s referenced in %.*s's field %.*s for %.*s equal to %.*s",
              SLICE_FORMAT(shown), SLICE_FORMAT(step->table->name),
              SLICE_FORMAT(step->to_field.text), SLICE_FORMAT(by), SLICE_FORMAT(value));
    reader_name_read(run, step);
    if (id.size > 0) {
        run->error->id = id;
    }
    return false;
}

/* An OrThrow form refuses entries without a target. */
static bool check_target(const struct reader *reader, const struct entry *entry)
{
    bool refused = reader->step->method->or_throw && !entry->target;
    return !refused || fail_dangling(reader, entry->document);
}

/* Blocks. */

/* Finds what the documents of the block refer to. */
static void find_targets(struct reader *reader)
{
    struct slice ids[READ_AHEAD];
    for (uint32_t i = 0; i < reader->count; i++) {
        ids[i] = target_id(reader->step, reader->documents[i]);
    }
    database_find_all(reader->run->database, ids, reader->count, reader->targets);
}

/* Counts `count` documents of the range, and what they refer to, as read. */
static bool count_read(const struct reader *reader, uint32_t count)
{
    struct run *run = reader->run;
    uint64_t documents = reader->is_via ? 2ull * count : count;
    return step_count_documents(run, reader->step, documents) &&
           budget_take_work(run->budget, count, run->error);
}

/* Without a filter all of a block is going to be taken, so that it is counted at once. */
static bool begin_block(struct reader *reader, uint32_t count)
{
    reader->count = count;
    reader->next = 0;
    if (reader->is_via) {
        find_targets(reader);
    }
    return reader->step->filter || count_read(reader, count);
}

/* Fetches the next block, of at most `wanted` documents. */
static bool fetch(struct reader *reader, uint64_t wanted)
{
    uint64_t most = wanted < READ_AHEAD ? wanted : READ_AHEAD;
    size_t count = reader->left < most ? reader->left : most;
    bool backwards = reader->step->descending;
    size_t fetched = btree_collect(&reader->cursor, backwards, reader->documents, count);
    assert(fetched == count);
    for (size_t i = 0; i < count && !reader->is_fetched; i++) {
        prefetch_entry(reader->documents[i]);
    }
    reader->left -= count;
    return begin_block(reader, (uint32_t)count);
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
    if (!reader_range_contains(range, buffer_slice(run->scratch))) {
        return true;
    }
    reader->documents[0] = document;
    return begin_block(reader, 1);
}

bool reader_open(struct reader *reader, struct run *run, const struct step *step,
                 const struct range *range)
{
    reader->run = run;
    reader->step = step;
    reader->is_via = step->method->kind == METHOD_GET_MANY_VIA;
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
        reader->is_fetched = reader->left <= BTREE_RUN_FETCHED;
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

/* One entry after the other. */

static struct entry entry_at(const struct reader *reader, uint32_t place)
{
    struct document *document = reader->documents[place];
    struct document *target = reader->is_via ? reader->targets[place] : document;
    return (struct entry){.document = document, .target = target};
}

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
static bool take_entry(struct reader *reader, uint64_t wanted, const struct entry **entry)
{
    *entry = NULL;
    if (reader_left(reader) == 0) {
        return true;
    }
    if (reader->next == reader->count && !fetch(reader, wanted)) {
        return false;
    }
    reader->read += 1;
    reader->entry = entry_at(reader, reader->next);
    reader->next += 1;
    *entry = &reader->entry;
    return true;
}

static bool next_filtered(struct reader *reader, uint64_t documents_max, const struct entry **entry)
{
    bool truth = false;
    while (!truth && reader->read < documents_max) {
        if (!take_entry(reader, READ_AHEAD, entry)) {
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

bool reader_next(struct reader *reader, uint64_t wanted, uint64_t documents_max,
                 const struct entry **entry)
{
    *entry = NULL;
    if (reader->step->filter) {
        return next_filtered(reader, documents_max, entry);
    }
    if (reader->read == documents_max) {
        return true;
    }
    return take_entry(reader, wanted, entry) && (!*entry || check_target(reader, *entry));
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

bool reader_select(struct run *run, const struct step *step, struct document *document,
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
        return reader_select(run, step, target, result);
    }
    *result = document_value(target);
    return true;
}

bool reader_value(const struct reader *reader, const struct entry *entry, bool with_link,
                  struct value *result)
{
    struct run *run = reader->run;
    struct value target;
    if (!target_value(run, reader->step, entry->target, &target)) {
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

/* All entries. */

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
        if (!reader_value(reader, entry, with_link, &value) ||
            !list_append(reader->run, list, value)) {
            return false;
        }
    }
    return true;
}

/* Appends documents; there is room. */
static void put_documents(void *const *documents, uint32_t count, struct value *items)
{
    for (uint32_t i = 0; i < count; i++) {
        items[i] = document_value(documents[i]);
    }
}

/* Appends what the block's documents refer to; there is room. */
static bool put_targets(const struct reader *reader, uint32_t count, struct value *items)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct document *target = reader->targets[reader->next + i];
        if (UNLIKELY(!target && reader->step->method->or_throw)) {
            return fail_dangling(reader, reader->documents[reader->next + i]);
        }
        items[i] = target ? document_value(target) : VALUE_IS(VALUE_NULL);
    }
    return true;
}

/* Appends what is left of the block, as it is; there is room. */
static bool put_block(struct reader *reader, struct list_builder *list)
{
    uint32_t count = reader->count - reader->next;
    struct value *items = list->items + list->count;
    if (!reader->is_via) {
        put_documents(reader->documents + reader->next, count, items);
    } else if (!put_targets(reader, count, items)) {
        return false;
    }
    list->count += count;
    reader->next = reader->count;
    return true;
}

/* The same in any form. */
static bool put_entries(struct reader *reader, bool with_link, struct list_builder *list)
{
    if (!with_link && !reader->step->has_select) {
        return put_block(reader, list);
    }
    for (; reader->next < reader->count; reader->next++) {
        struct entry entry = entry_at(reader, reader->next);
        struct value value;
        if (!check_target(reader, &entry) || !reader_value(reader, &entry, with_link, &value)) {
            return false;
        }
        list_put(list, value);
    }
    return true;
}

/* Appends `count` entries, which are there, when no filter looks at them. */
static bool collect_all(struct reader *reader, uint64_t count, bool with_link,
                        struct list_builder *list)
{
    if (!list_reserve(reader->run, list, (uint32_t)count)) {
        return false;
    }
    while (list->count < count) {
        bool has_block = reader->next < reader->count || fetch(reader, count - list->count);
        if (!has_block || !put_entries(reader, with_link, list)) {
            return false;
        }
    }
    return true;
}

bool reader_collect(struct reader *reader, uint64_t most, bool with_link, struct value *result)
{
    struct list_builder list = {0};
    uint64_t left = reader_left(reader);
    bool collected = reader->step->filter
                         ? collect_filtered(reader, most, with_link, &list)
                         : collect_all(reader, left < most ? left : most, with_link, &list);
    *result = value_from_items(list.items, list.count);
    return collected;
}
