/* Reads by id: get, getAll, their OrThrow forms, normalizeId. */
#include "relations/step.h"

#include "storage/id.h"

#include <assert.h>

/* Ids of getAll whose documents are looked up together. */
#define GET_AHEAD      TINY_OR(2, 64)

/* A longer string is no id for sure, and is not shown in a message. */
#define SHOWN_SIZE_MAX 100

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
    if (number == 0 && text.size <= SHOWN_SIZE_MAX) {
        error_set(run->error, ERROR_INVALID_ID,
                  "Invalid argument `id` for `%s`: Unable to decode ID: %.*s is no id.",
                  convex_name(step), SLICE_FORMAT(text));
    } else if (number == 0) {
        error_set(run->error, ERROR_INVALID_ID,
                  "Invalid argument `id` for `%s`: Unable to decode ID: a string of %zu bytes is "
                  "no id.",
                  convex_name(step), text.size);
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

/* Whether there is a document, of the table that the step names. */
static inline bool may_have(const struct step *step, const struct document *document)
{
    return document && (!step->table || document->shape->table == step->table);
}

/* Checks what was found for an id, and counts it. */
static bool check_document(struct run *run, const struct step *step, struct slice text,
                           struct document **document)
{
    if (may_have(step, *document)) {
        return step_count_documents(run, step, 1);
    }
    *document = NULL;
    return check_absent(run, step, text);
}

bool get_document(struct run *run, const struct step *step, struct value id,
                  struct document **document)
{
    struct slice text = value_string_escaped(id);
    *document = run->id_hash ? database_find_hashed(run->database, *run->id_hash, text)
                             : database_find(run->database, text);
    return check_document(run, step, text, document);
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

static bool fail_type(struct run *run, struct value id)
{
    enum error_code code = run->in_program ? ERROR_TYPE_MISMATCH : ERROR_INVALID_PARAMS;
    error_set(run->error, code, "Each of `ids` must be an id or null, got %s.",
              value_type_name(value_type(id)));
    run->error->value = id;
    return false;
}

/* What is looked up for one of `ids`; empty where it is no string. */
static inline struct slice id_text(const struct value *id)
{
    bool is_string = id->kind == VALUE_TEXT && *id->text == '"';
    return is_string ? value_string_escaped(*id) : SLICE("");
}

/* Whether an id that is null, or leads to no document, may do so. */
static bool check_null(struct run *run, const struct step *step, struct value id)
{
    bool is_null = id.kind == VALUE_NULL;
    if (!is_null && value_type(id) != TYPE_STRING) {
        return fail_type(run, id);
    }
    if (!is_null && !check_absent(run, step, value_string_escaped(id))) {
        return false;
    }
    if (step->method->or_throw) {
        return fail_not_found(run, is_null ? SLICE("null") : value_string_escaped(id));
    }
    return true;
}

/* Errors of one id point at it; limits and absent documents are errors of the whole step. */
static bool fail_one_of_all(struct run *run, const struct step *step, uint32_t index)
{
    enum error_code code = run->error->code;
    if (code == ERROR_LIMIT_EXCEEDED || code == ERROR_DOCUMENT_NOT_FOUND) {
        return false;
    }
    error_prefix_path_index(run->error, index);
    return step_fail_at(run, step, PARAM_IDS);
}

/* The document with the id, or NULL; `guess` has its hash. */
static inline struct document *find_guessed(const struct run *run, struct document *guess,
                                            struct slice id)
{
    return LIKELY(guess && document_has_id(guess, id)) ? guess : database_find(run->database, id);
}

/* Looks at `count` ids and the documents that are guessed to have them. */
static bool put_documents(struct run *run, const struct step *step, const struct value *ids,
                          void *const *guesses, uint32_t from, uint32_t count,
                          struct list_builder *list)
{
    struct value *items = list->items + list->count;
    uint32_t found = 0; /* and not counted yet */
    for (uint32_t i = 0; i < count; i++) {
        const struct value *id = &ids[from + i];
        struct document *document = find_guessed(run, guesses[i], id_text(id));
        if (LIKELY(may_have(step, document))) {
            *items++ = document_value(document);
            found += 1;
            continue;
        }
        if (!step_count_documents(run, step, found)) {
            return false;
        }
        found = 0;
        if (!check_null(run, step, *id)) {
            return fail_one_of_all(run, step, from + i);
        }
        *items++ = VALUE_IS(VALUE_NULL);
    }
    list->count += count;
    return step_count_documents(run, step, found) &&
           budget_take_work(run->budget, count, run->error);
}

/* Looks `count` ids up together. `hashes` are those of all ids, or NULL. */
static bool get_block(struct run *run, const struct step *step, const struct value *ids,
                      const uint64_t *hashes, uint32_t from, uint32_t count,
                      struct list_builder *list)
{
    const struct hash_map *map = &run->database->documents;
    uint64_t own[GET_AHEAD];
    void *guesses[GET_AHEAD];
    assert(count > 0 && count <= GET_AHEAD);
    for (uint32_t i = 0; i < count && !hashes; i++) {
        own[i] = hash_map_hash(map, id_text(&ids[from + i]));
    }
    hash_map_guess_all(map, hashes ? hashes + from : own, count, guesses);
    return put_documents(run, step, ids, guesses, from, count, list);
}

/* A document is absent, which is told only where each of the `ids` from `from` on is null or an id
 * that the step may have. */
static bool fail_absent_of_all(struct run *run, const struct step *step, const struct value *ids,
                               uint32_t from, uint32_t count)
{
    struct error absent = *run->error;
    error_init(run->error, absent.arena);
    for (uint32_t i = from; i < count; i++) {
        bool is_id = value_type(ids[i]) == TYPE_STRING;
        if (value_type(ids[i]) != TYPE_NULL &&
            !(is_id ? check_absent(run, step, value_string_escaped(ids[i]))
                    : fail_type(run, ids[i]))) {
            return fail_one_of_all(run, step, i);
        }
    }
    *run->error = absent;
    return false;
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
    if (!run_items(run, ids, "`ids`", &items, &count) || !list_reserve(run, &list, count)) {
        return false;
    }
    const uint64_t *hashes = value_kept_hashes(ids);
    for (uint32_t from = 0; from < count; from += GET_AHEAD) {
        uint32_t left = count - from;
        uint32_t block_count = left < GET_AHEAD ? left : GET_AHEAD;
        if (!get_block(run, step, items, hashes, from, block_count, &list)) {
            return run->error->code == ERROR_DOCUMENT_NOT_FOUND
                       ? fail_absent_of_all(run, step, items, from, count)
                       : false;
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
