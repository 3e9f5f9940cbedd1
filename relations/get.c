/* Reads by id: get, getAll, their OrThrow forms, normalizeId. */
#include "relations/step.h"

#include "storage/id.h"

#include <assert.h>

/* Ids of getAll whose documents are asked for ahead. */
#define GET_AHEAD TINY_OR(2, 16)

static const char *convex_name(const struct step *step)
{
    switch (step->method->kind) {
    case METHOD_PATCH:
        return "db.patch";
    case METHOD_REPLACE:
        return "db.replace";
    case METHOD_DELETE:
        return "db.delete";
    default:
        return "db.get";
    }
}

/* The id is not that of a document which the step may have: tells InvalidId from null. */
static bool check_absent(struct run *run, const struct step *step, struct slice text)
{
    uint32_t number = id_table_number(text);
    const struct table *table = database_find_table_by_number(run->database, number);
    if (number != 0 && (!step->table || number == step->table->number)) {
        return true;
    }
    if (number == 0) {
        error_set(run->error, ERROR_INVALID_ID,
                  "Invalid argument `id` for `%s`: Unable to decode ID: %.*s is no id.",
                  convex_name(step), (int)(text.size < 100 ? text.size : 0), text.data);
    } else if (table) {
        error_set(run->error, ERROR_INVALID_ID,
                  "Invalid argument `id` for `%s`: expected to be an Id<\"%.*s\">, got "
                  "Id<\"%.*s\"> instead.",
                  convex_name(step), SLICE_FORMAT(step->table->name), SLICE_FORMAT(table->name));
    } else {
        error_set(run->error, ERROR_INVALID_ID,
                  "Invalid argument `id` for `%s`: expected to be an Id<\"%.*s\">, got an id of "
                  "table number %u, which is not in the schema.",
                  convex_name(step), SLICE_FORMAT(step->table->name), number);
    }
    if (step->table) {
        run->error->table = step->table->name;
    }
    run->error->id = text;
    return false;
}

bool get_document(struct run *run, const struct step *step, struct value id,
                  struct document **document)
{
    struct slice text = value_string_escaped(id);
    *document = database_find(run->database, text);
    if (!*document) {
        return check_absent(run, step, text);
    }
    if (step->table && (*document)->shape->table != step->table) {
        return check_absent(run, step, text);
    }
    return step_count_documents(run, step, 1);
}

static bool fail_not_found(struct run *run, struct slice id)
{
    error_set(run->error, ERROR_DOCUMENT_NOT_FOUND, "Could not find id %.*s", SLICE_FORMAT(id));
    run->error->id = id;
    return false;
}

static bool run_get(struct run *run, const struct step *step, struct value *result)
{
    struct value id;
    struct document *document;
    if (!step_argument(run, step, PARAM_ID, &id)) {
        return false;
    }
    if (value_type(id) != TYPE_STRING) {
        return step_mismatch(run, step, PARAM_ID, "an id", id);
    }
    if (!get_document(run, step, id, &document)) {
        return run->error->code == ERROR_INVALID_ID ? step_fail_at(run, step, PARAM_ID) : false;
    }
    if (!document && step->method->or_throw) {
        return fail_not_found(run, value_string_escaped(id));
    }
    *result = document ? document_value(document) : VALUE_IS(VALUE_NULL);
    return true;
}

/* Asks for the documents of the next ids, so that their cache misses overlap. */
static void prefetch_ids(struct run *run, const struct value *ids, uint32_t count)
{
    const struct hash_map *map = &run->database->documents;
    uint64_t hashes[GET_AHEAD];
    uint32_t hashed = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (value_type(ids[i]) == TYPE_STRING) {
            hashes[hashed] = hash_map_hash(map, value_string_escaped(ids[i]));
            hash_map_prefetch_slot(map, hashes[hashed]);
            hashed += 1;
        }
    }
    for (uint32_t i = 0; i < hashed; i++) {
        hash_map_prefetch_entry(map, hashes[i]);
    }
}

static bool get_one_of_all(struct run *run, const struct step *step, struct value id,
                           struct value *result)
{
    struct document *document = NULL;
    bool is_null = value_type(id) == TYPE_NULL;
    if (!is_null && value_type(id) != TYPE_STRING) {
        enum error_code code = run->in_program ? ERROR_TYPE_MISMATCH : ERROR_INVALID_PARAMS;
        error_set(run->error, code, "Each of `ids` must be an id or null, got %s.",
                  value_type_name(value_type(id)));
        run->error->value = id;
        return false;
    }
    if (!budget_take_time(run->budget, run->error) ||
        (!is_null && !get_document(run, step, id, &document))) {
        return false;
    }
    if (!document && step->method->or_throw) {
        return fail_not_found(run, is_null ? SLICE("null") : value_string_escaped(id));
    }
    *result = document ? document_value(document) : VALUE_IS(VALUE_NULL);
    return true;
}

static bool run_get_all(struct run *run, const struct step *step, struct value *result)
{
    struct value ids;
    if (!step_argument(run, step, PARAM_IDS, &ids)) {
        return false;
    }
    if (value_type(ids) != TYPE_ARRAY) {
        return step_mismatch(run, step, PARAM_IDS, "a list of ids", ids);
    }
    const struct value *items;
    uint32_t count;
    struct list_builder list = {0};
    if (!run_items(run, ids, "`ids`", &items, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct value item;
        if (i % GET_AHEAD == 0) {
            uint32_t left = count - i;
            prefetch_ids(run, items + i, left < GET_AHEAD ? left : GET_AHEAD);
        }
        if (!get_one_of_all(run, step, items[i], &item)) {
            bool is_limit = run->error->code == ERROR_LIMIT_EXCEEDED;
            if (is_limit || run->error->code == ERROR_DOCUMENT_NOT_FOUND) {
                return false;
            }
            error_prefix_path_index(run->error, i);
            return step_fail_at(run, step, PARAM_IDS);
        }
        if (!list_append(run, &list, item)) {
            return false;
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

static bool run_normalize_id(struct run *run, const struct step *step, struct value *result)
{
    struct value id;
    if (!step_argument(run, step, PARAM_ID, &id)) {
        return false;
    }
    if (value_type(id) != TYPE_STRING) {
        return step_mismatch(run, step, PARAM_ID, "a string", id);
    }
    /* Decoding is strict, so an id that decodes is in canonical form already. */
    bool fits = id_table_number(value_string_escaped(id)) == step->table->number;
    *result = fits ? id : VALUE_IS(VALUE_NULL);
    return true;
}

bool get_run(struct run *run, const struct step *step, struct value *result)
{
    switch (step->method->kind) {
    case METHOD_GET:
        return run_get(run, step, result);
    case METHOD_GET_ALL:
        return run_get_all(run, step, result);
    default:
        return run_normalize_id(run, step, result);
    }
}
