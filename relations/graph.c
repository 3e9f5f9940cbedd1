/* Verbs of programs that follow references further than one step: walk and traverse. */
#include "relations/reader.h"
#include "relations/step.h"
#include "relations/value_set.h"

#include <assert.h>

static bool take_depth(struct run *run, const struct step *step, uint64_t *depth)
{
    *depth = UINT64_MAX;
    return !step_has_argument(step, PARAM_DEPTH) ||
           step_whole_number(run, step, PARAM_DEPTH, 0, UINT32_MAX, depth);
}

/* walk */

/* The object that the walk begins at: a document, or the one with the id; a missing value where
 * that is not there. */
static bool walk_from(struct run *run, const struct step *step, struct value *from)
{
    struct document *document;
    if (!step_argument(run, step, PARAM_FROM, from)) {
        return false;
    }
    if (value_type(*from) == TYPE_OBJECT) {
        return true;
    }
    if (value_type(*from) != TYPE_STRING) {
        return step_mismatch(run, step, PARAM_FROM, "an id or a document", *from);
    }
    if (!get_document(run, step, *from, &document)) {
        return run->error->code == ERROR_INVALID_ID ? step_fail_at(run, step, PARAM_FROM) : false;
    }
    *from = document ? document_value(document) : VALUE_IS(VALUE_MISSING);
    return true;
}

/* The document that the field of `object` refers to, or NULL at the end of the chain. */
static bool follow_field(struct run *run, const struct step *step, struct value object,
                         struct document **document)
{
    struct value reference = object_find(object, step->field);
    *document = NULL;
    if (value_is_null_or_missing(reference)) {
        return true;
    }
    if (value_type(reference) != TYPE_STRING) {
        run_mismatch(run, "The field that is walked along", "an id, null or missing", reference);
        run->error->field = step->field;
        return false;
    }
    *document = database_find(run->database, value_string_escaped(reference));
    return !*document || step_count_documents(run, step, 1);
}

static bool run_walk(struct run *run, const struct step *step, struct value *result)
{
    struct value at;
    uint64_t depth;
    uint32_t number;
    bool added = true;
    struct value_set seen = {0};
    struct list_builder chain = {0};
    if (!walk_from(run, step, &at) || !take_depth(run, step, &depth)) {
        return false;
    }
    *result = value_from_items(NULL, 0);
    if (value_is_missing(at)) {
        return true;
    }
    if (!value_set_put(run, &seen, object_find(at, SLICE("_id")), &number, &added)) {
        return false;
    }
    while (chain.count < depth) {
        struct document *next;
        if (!budget_take_time(run->budget, run->error) || !follow_field(run, step, at, &next)) {
            return false;
        }
        if (!next) {
            break;
        }
        at = document_value(next);
        if (!value_set_put(run, &seen, document_field(next, SHAPE_ID), &number, &added)) {
            return false;
        }
        if (!added) {
            break;
        }
        if (!list_append(run, &chain, at)) {
            return false;
        }
    }
    *result = value_from_items(chain.items, chain.count);
    return true;
}

/* traverse */

/* Puts the ids of `from` into the set. */
static bool traverse_from(struct run *run, const struct step *step, struct value_set *seen)
{
    struct value from;
    const struct value *items;
    uint32_t count;
    if (!step_argument(run, step, PARAM_FROM, &from)) {
        return false;
    }
    if (!run_items(run, from, "`from`", &items, &count)) {
        return step_fail_at(run, step, PARAM_FROM);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number;
        bool added;
        if (value_type(items[i]) != TYPE_STRING) {
            run_mismatch(run, "Each of `from`", "an id", items[i]);
            error_prefix_path_index(run->error, i);
            return step_fail_at(run, step, PARAM_FROM);
        }
        if (!value_set_put(run, seen, items[i], &number, &added)) {
            return false;
        }
    }
    return true;
}

static bool append_found(struct run *run, const struct step *step, struct list_builder *list,
                         struct value document, uint64_t depth)
{
    size_t size = 2 * sizeof(struct value_field);
    if (step->has_select && !reader_select(run, step, document_of(document), &document)) {
        return false;
    }
    if (!budget_take_bytes(run->budget, size, run->error)) {
        return false;
    }
    struct value_field *fields = arena_allocate(run->arena, size);
    fields[0] = (struct value_field){SLICE("document"), document};
    fields[1] = (struct value_field){SLICE("depth"), value_from_number((double)depth)};
    return list_append(run, list, value_from_fields(fields, 2));
}

/* Adds what one id leads to. */
static bool expand(struct run *run, const struct step *step, struct value id, uint64_t depth,
                   struct value_set *seen, struct list_builder *list)
{
    struct value found;
    run->slots[SLOT_VIA] = id;
    if (!budget_take_time(run->budget, run->error)) {
        return false;
    }
    if (!read_run(run, step->via, &found)) {
        error_prefix_path(run->error, SLICE("via"));
        error_prefix_path(run->error, step->method->name);
        return false;
    }
    for (uint32_t i = 0; i < found.size; i++) {
        struct value document = found.items[i];
        uint32_t number;
        bool added;
        if (value_is_null_or_missing(document)) {
            continue;
        }
        struct value key = document_field(document_of(document), SHAPE_ID);
        if (!value_set_put(run, seen, key, &number, &added) ||
            (added && !append_found(run, step, list, document, depth))) {
            return false;
        }
    }
    return true;
}

static bool run_traverse(struct run *run, const struct step *step, struct value *result)
{
    struct value_set seen = {0};
    struct list_builder list = {0};
    uint64_t depth_max;
    if (!traverse_from(run, step, &seen) || !take_depth(run, step, &depth_max)) {
        return false;
    }
    uint32_t next = 0;
    for (uint64_t depth = 1; depth <= depth_max && next < seen.values.count; depth++) {
        uint32_t level_end = seen.values.count;
        for (; next < level_end; next++) {
            if (!expand(run, step, seen.values.items[next], depth, &seen, &list)) {
                return false;
            }
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

bool graph_run(struct run *run, const struct step *step, struct value *result)
{
    if (step->method->kind == METHOD_WALK) {
        return run_walk(run, step, result);
    }
    assert(step->method->kind == METHOD_TRAVERSE);
    return run_traverse(run, step, result);
}
