/* The naive evaluator: lookups, by scanning a table and sorting what fits. */
#include "tests/support/naive_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The params of one lookup, whatever way they are given. */
struct lookup {
    const char *verb;
    const cJSON *params;
    const struct naive_scope *scope;
    const struct naive_table *table;
    const struct naive_index *index;
    bool or_throw;
    const struct plain *value;
    bool has_value;
};

#define PARAMS_MAX 5

static const char *const GET_PARAMS[] = {"table", "id", NULL};
static const char *const GET_ALL_PARAMS[] = {"table", "ids", NULL};
static const char *const FROM_PARAMS[] = {"table", "index", "value", "field", NULL};
static const char *const VIA_PARAMS[] = {"table", "toField", "index", "value", "field", NULL};
static const char *const READ_PARAMS[] = {"table", "index", "range", NULL};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *const *positions_of(const char *verb)
{
    if (starts_with(verb, "getAll")) {
        return GET_ALL_PARAMS;
    }
    if (starts_with(verb, "getManyVia")) {
        return VIA_PARAMS;
    }
    if (starts_with(verb, "getOneFrom") || starts_with(verb, "getManyFrom")) {
        return FROM_PARAMS;
    }
    return starts_with(verb, "get") ? GET_PARAMS : READ_PARAMS;
}

static const cJSON *param(const struct lookup *lookup, const char *name)
{
    if (!cJSON_IsArray(lookup->params)) {
        return cJSON_GetObjectItemCaseSensitive(lookup->params, name);
    }
    const char *const *names = positions_of(lookup->verb);
    int count = cJSON_GetArraySize(lookup->params);
    bool by_id = names == GET_PARAMS || names == GET_ALL_PARAMS;
    int skipped = by_id && count == 1 ? 1 : 0;
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return i < skipped ? NULL : cJSON_GetArrayItem(lookup->params, i - skipped);
        }
    }
    return NULL;
}

static const struct plain *new_null(struct naive_run *run)
{
    return plain_new(run->arena, PLAIN_NULL, 0);
}

/* Ids. */

static const char *id_of(const struct plain *document)
{
    return plain_field(document, "_id")->string;
}

static const struct plain *find_in(const struct naive_table *table, const char *id)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(id_of(table->documents[i]), id) == 0) {
            return table->documents[i];
        }
    }
    return NULL;
}

const struct plain *naive_find(const struct naive_run *run, const char *id)
{
    const struct plain *found = NULL;
    for (size_t i = 0; i < run->database->table_count && found == NULL; i++) {
        found = find_in(&run->database->tables[i], id);
    }
    return found;
}

const struct naive_table *naive_table_of_id(const struct naive_database *database, const char *id)
{
    for (size_t i = 0; i < database->table_count; i++) {
        if (starts_with(id, database->tables[i].id_start)) {
            return &database->tables[i];
        }
    }
    return NULL;
}

/* The document of an id, or NULL. */
static bool get(struct naive_run *run, const struct naive_table *table, const struct plain *id,
                const struct plain **document)
{
    const struct naive_table *its = naive_table_of_id(run->database, id->string);
    *document = naive_find(run, id->string);
    return (its != NULL && (table == NULL || table == its)) || naive_fail(run, "InvalidId");
}

static bool run_get(struct naive_run *run, const struct lookup *lookup, const struct plain **result)
{
    const struct plain *id;
    if (!naive_evaluate(run, param(lookup, "id"), lookup->scope, &id)) {
        return false;
    }
    if (id == NULL || id->type != PLAIN_STRING) {
        bool nothing = id == NULL || id->type == PLAIN_NULL;
        return naive_fail(run, nothing ? "NullReference" : "TypeMismatch");
    }
    if (!get(run, lookup->table, id, result)) {
        return false;
    }
    if (*result == NULL && lookup->or_throw) {
        return naive_fail(run, "DocumentNotFound");
    }
    *result = *result ? *result : new_null(run);
    return true;
}

static bool run_get_all(struct naive_run *run, const struct lookup *lookup,
                        const struct plain **result)
{
    const struct plain *ids;
    if (!naive_evaluate(run, param(lookup, "ids"), lookup->scope, &ids)) {
        return false;
    }
    if (ids == NULL || ids->type != PLAIN_LIST) {
        bool nothing = ids == NULL || ids->type == PLAIN_NULL;
        return naive_fail(run, nothing ? "NullReference" : "TypeMismatch");
    }
    struct plain *list = plain_new(run->arena, PLAIN_LIST, ids->count);
    bool one_is_absent = false;
    for (size_t i = 0; i < ids->count; i++) {
        const struct plain *document = NULL;
        bool is_null = ids->items[i]->type == PLAIN_NULL;
        if (!is_null && ids->items[i]->type != PLAIN_STRING) {
            return naive_fail(run, "TypeMismatch");
        }
        if (!is_null && !get(run, lookup->table, ids->items[i], &document)) {
            return false;
        }
        one_is_absent |= document == NULL;
        plain_push(run->arena, list, document);
    }
    *result = list;
    return !one_is_absent || !lookup->or_throw || naive_fail(run, "DocumentNotFound");
}

/* Ranges. */

/* The name of the index's field number `field`; behind its own comes `_creationTime`. */
static const char *index_field(const struct naive_index *index, size_t field)
{
    for (size_t i = 0; i < field; i++) {
        if (index->fields[i] == NULL) {
            return i == field - 1 ? "_id" : NULL;
        }
    }
    return index->fields[field] ? index->fields[field] : "_creationTime";
}

static int compare_in_index(const struct naive_index *index, const struct plain *a,
                            const struct plain *b)
{
    int order = 0;
    for (size_t i = 0; order == 0 && index_field(index, i) != NULL; i++) {
        const char *name = index_field(index, i);
        order = plain_compare(plain_field(a, name), plain_field(b, name));
    }
    return order;
}

/* Keeps the documents that compare with `value` as they must. */
static void restrict_to(struct plain *documents, const char *field, const char *comparison,
                        const struct plain *value)
{
    size_t count = 0;
    for (size_t i = 0; i < documents->count; i++) {
        int order = plain_compare(plain_field(documents->items[i], field), value);
        bool fits = strcmp(comparison, "eq") == 0    ? order == 0
                    : strcmp(comparison, "gt") == 0  ? order > 0
                    : strcmp(comparison, "gte") == 0 ? order >= 0
                    : strcmp(comparison, "lt") == 0  ? order < 0
                                                     : order <= 0;
        if (fits) {
            documents->items[count++] = documents->items[i];
        }
    }
    documents->count = count;
}

static bool range_value(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                        const struct plain **value)
{
    *value = NULL;
    if (cJSON_GetObjectItemCaseSensitive(source, "$undefined") != NULL) {
        return true;
    }
    return naive_evaluate(run, source, scope, value) &&
           (*value != NULL || naive_fail(run, "NullReference"));
}

static bool restrict_by_range(struct naive_run *run, const struct lookup *lookup,
                              struct plain *documents)
{
    const cJSON *part;
    cJSON_ArrayForEach(part, param(lookup, "range"))
    {
        const struct plain *value;
        const cJSON *field = part->child->next;
        if (!range_value(run, field->next, lookup->scope, &value)) {
            return false;
        }
        restrict_to(documents, field->valuestring, part->child->valuestring, value);
    }
    return true;
}

/* All documents of the range, in the order of the index, or backwards. */
static bool documents_of(struct naive_run *run, struct lookup *lookup, struct plain **documents)
{
    struct plain *list = plain_new(run->arena, PLAIN_LIST, NAIVE_DOCUMENTS_MAX);
    const cJSON *order = param(lookup, "order");
    bool descends = order != NULL && strcmp(order->valuestring, "desc") == 0;
    for (size_t i = 0; i < lookup->table->count; i++) {
        const struct plain *document = lookup->table->documents[i];
        size_t place = list->count++;
        for (; place > 0; place--) {
            int compared = compare_in_index(lookup->index, list->items[place - 1], document);
            if (descends ? compared > 0 : compared < 0) {
                break;
            }
            list->items[place] = list->items[place - 1];
        }
        list->items[place] = document;
    }
    *documents = list;
    const cJSON *value = param(lookup, "value");
    if (value != NULL || lookup->has_value) {
        if (!lookup->has_value && !range_value(run, value, lookup->scope, &lookup->value)) {
            return false;
        }
        restrict_to(list, lookup->index->fields[0], "eq", lookup->value);
    }
    return restrict_by_range(run, lookup, list);
}

/* Reads. */

static const struct plain *select_fields(struct naive_run *run, const cJSON *select,
                                         const struct plain *document)
{
    if (select == NULL || document == NULL) {
        return document;
    }
    struct plain *object = plain_new(run->arena, PLAIN_OBJECT, document->count);
    for (size_t i = 0; i < document->count; i++) {
        const cJSON *name;
        cJSON_ArrayForEach(name, select)
        {
            if (strcmp(name->valuestring, document->names[i]) == 0) {
                plain_set(object, document->names[i], document->items[i]);
            }
        }
    }
    return object;
}

/* What the document leads to: itself, or in getManyVia what its `toField` refers to. */
static const struct plain *target_of(const struct naive_run *run, const struct lookup *lookup,
                                     const struct plain *document)
{
    const cJSON *to_field = param(lookup, "toField");
    if (to_field == NULL) {
        return document;
    }
    const struct plain *id = plain_field(document, to_field->valuestring);
    return id != NULL && id->type == PLAIN_STRING ? naive_find(run, id->string) : NULL;
}

static bool passes(struct naive_run *run, const struct lookup *lookup, const struct plain *document,
                   const struct plain *target, bool *truth)
{
    const cJSON *filter = param(lookup, "filter");
    *truth = filter == NULL || target != NULL;
    if (filter == NULL || target == NULL) {
        return true;
    }
    struct naive_scope link = {.name = "link", .value = document, .outer = lookup->scope};
    struct naive_scope it = {.name = "it", .value = target, .outer = &link};
    return naive_truth(run, filter, &it, truth);
}

static const struct plain *entry_of(struct naive_run *run, const struct lookup *lookup,
                                    const struct plain *document, const struct plain *target)
{
    const cJSON *with_link = param(lookup, "withLink");
    const struct plain *selected = select_fields(run, param(lookup, "select"), target);
    if (with_link == NULL || !cJSON_IsTrue(with_link)) {
        return selected;
    }
    struct plain *entry = plain_new(run->arena, PLAIN_OBJECT, 2);
    plain_set(entry, "link", document);
    plain_set(entry, "document", selected ? selected : new_null(run));
    return entry;
}

/* At most `most` entries that pass the filter. */
static bool entries_of(struct naive_run *run, struct lookup *lookup, size_t most,
                       struct plain **entries)
{
    struct plain *documents;
    if (!documents_of(run, lookup, &documents)) {
        return false;
    }
    *entries = plain_new(run->arena, PLAIN_LIST, documents->count);
    for (size_t i = 0; i < documents->count && (*entries)->count < most; i++) {
        const struct plain *document = documents->items[i];
        const struct plain *target = target_of(run, lookup, document);
        bool truth;
        if (target == NULL && lookup->or_throw) {
            return naive_fail(run, "DocumentNotFound");
        }
        if (!passes(run, lookup, document, target, &truth)) {
            return false;
        }
        if (truth) {
            plain_push(run->arena, *entries, entry_of(run, lookup, document, target));
        }
    }
    return true;
}

static size_t most_of(const struct lookup *lookup)
{
    const cJSON *limit = param(lookup, strcmp(lookup->verb, "take") == 0 ? "n" : "take");
    if (limit != NULL) {
        return (size_t)limit->valuedouble;
    }
    if (strcmp(lookup->verb, "first") == 0 || strcmp(lookup->verb, "exists") == 0) {
        return 1;
    }
    bool one = strcmp(lookup->verb, "unique") == 0 || starts_with(lookup->verb, "getOneFrom");
    return one ? 2 : NAIVE_DOCUMENTS_MAX;
}

static bool run_read(struct naive_run *run, struct lookup *lookup, const struct plain **result)
{
    struct plain *entries;
    const char *verb = lookup->verb;
    bool throws = starts_with(verb, "getOneFrom") && lookup->or_throw;
    lookup->or_throw = lookup->or_throw && !throws;
    if (!entries_of(run, lookup, most_of(lookup), &entries)) {
        return false;
    }
    *result = entries;
    if (strcmp(verb, "count") == 0) {
        *result = plain_number(run->arena, (double)entries->count);
    } else if (strcmp(verb, "exists") == 0) {
        *result = plain_bool(run->arena, entries->count > 0);
    } else if (most_of(lookup) <= 2 && param(lookup, "n") == NULL &&
               param(lookup, "take") == NULL) {
        if (entries->count > 1) {
            return naive_fail(run, "NotUnique");
        }
        if (entries->count == 0 && throws) {
            return naive_fail(run, "DocumentNotFound");
        }
        *result = entries->count > 0 ? entries->items[0] : new_null(run);
    }
    return true;
}

/* Graphs. */

static bool holds_id(const struct plain *const *documents, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        const struct plain *known = documents[i] ? plain_field(documents[i], "_id") : NULL;
        if (known != NULL && known->type == PLAIN_STRING && strcmp(known->string, id) == 0) {
            return true;
        }
    }
    return false;
}

static bool run_walk(struct naive_run *run, const struct lookup *lookup,
                     const struct plain **result)
{
    const struct plain *at;
    const cJSON *depth = param(lookup, "depth");
    size_t most = depth ? (size_t)depth->valuedouble : NAIVE_DOCUMENTS_MAX;
    struct plain *chain = plain_new(run->arena, PLAIN_LIST, NAIVE_DOCUMENTS_MAX);
    *result = chain;
    if (!naive_evaluate(run, param(lookup, "from"), lookup->scope, &at)) {
        return false;
    }
    if (at == NULL || at->type == PLAIN_NULL) {
        return naive_fail(run, "NullReference");
    }
    if (at->type == PLAIN_STRING && !get(run, NULL, at, &at)) {
        return false;
    }
    if (at != NULL && at->type != PLAIN_OBJECT) {
        return naive_fail(run, "TypeMismatch");
    }
    const struct plain *first = at;
    while (at != NULL && chain->count < most) {
        const struct plain *id = plain_field(at, param(lookup, "field")->valuestring);
        if (id == NULL || id->type == PLAIN_NULL) {
            break;
        }
        if (id->type != PLAIN_STRING) {
            return naive_fail(run, "TypeMismatch");
        }
        at = naive_find(run, id->string);
        if (at == NULL || holds_id(&first, 1, id_of(at)) ||
            holds_id(chain->items, chain->count, id_of(at))) {
            break;
        }
        plain_push(run->arena, chain, at);
    }
    return true;
}

static bool open_lookup(struct naive_run *run, struct lookup *lookup);

/* The documents that `via` leads to from one id. */
static bool via_of(struct naive_run *run, const struct lookup *lookup, const struct plain *id,
                   struct plain **found)
{
    const cJSON *via = param(lookup, "via")->child;
    struct lookup inner = {
        .verb = via->string, .params = via, .scope = lookup->scope, .value = id, .has_value = true};
    return open_lookup(run, &inner) && entries_of(run, &inner, most_of(&inner), found);
}

static bool run_traverse(struct naive_run *run, const struct lookup *lookup,
                         const struct plain **result)
{
    const struct plain *from;
    const cJSON *depth_param = param(lookup, "depth");
    double most = depth_param ? depth_param->valuedouble : NAIVE_DOCUMENTS_MAX;
    struct plain *list = plain_new(run->arena, PLAIN_LIST, NAIVE_DOCUMENTS_MAX);
    struct plain *seen = plain_new(run->arena, PLAIN_LIST, 10 * NAIVE_DOCUMENTS_MAX);
    struct plain *depths = plain_new(run->arena, PLAIN_LIST, 10 * NAIVE_DOCUMENTS_MAX);
    *result = list;
    if (!naive_evaluate(run, param(lookup, "from"), lookup->scope, &from)) {
        return false;
    }
    if (from == NULL || from->type != PLAIN_LIST) {
        bool nothing = from == NULL || from->type == PLAIN_NULL;
        return naive_fail(run, nothing ? "NullReference" : "TypeMismatch");
    }
    for (size_t i = 0; i < from->count; i++) {
        if (from->items[i]->type != PLAIN_STRING) {
            bool nothing = from->items[i]->type == PLAIN_NULL;
            return naive_fail(run, nothing ? "NullReference" : "TypeMismatch");
        }
        bool again = false;
        for (size_t j = 0; j < seen->count; j++) {
            again |= strcmp(seen->items[j]->string, from->items[i]->string) == 0;
        }
        if (!again) {
            plain_push(run->arena, seen, from->items[i]);
            plain_push(run->arena, depths, plain_number(run->arena, 0));
        }
    }
    for (size_t i = 0; i < seen->count && depths->items[i]->number < most; i++) {
        struct plain *found;
        if (!via_of(run, lookup, seen->items[i], &found)) {
            return false;
        }
        for (size_t j = 0; j < found->count; j++) {
            bool again = found->items[j]->type == PLAIN_NULL;
            for (size_t k = 0; k < seen->count && !again; k++) {
                again = strcmp(seen->items[k]->string, id_of(found->items[j])) == 0;
            }
            if (again) {
                continue;
            }
            struct plain *entry = plain_new(run->arena, PLAIN_OBJECT, 2);
            const struct plain *depth = plain_number(run->arena, depths->items[i]->number + 1);
            plain_set(entry, "document", found->items[j]);
            plain_set(entry, "depth", depth);
            plain_push(run->arena, list, entry);
            plain_push(run->arena, seen, plain_field(found->items[j], "_id"));
            plain_push(run->arena, depths, depth);
        }
    }
    return true;
}

/* Finds table and index, which are there. */
static bool open_lookup(struct naive_run *run, struct lookup *lookup)
{
    static const struct naive_index BY_CREATION_TIME = {.name = "by_creation_time"};
    const cJSON *table = param(lookup, "table");
    const cJSON *index = param(lookup, "index");
    lookup->or_throw = strstr(lookup->verb, "OrThrow") != NULL;
    lookup->index = &BY_CREATION_TIME;
    for (size_t i = 0; table != NULL && i < run->database->table_count; i++) {
        if (strcmp(run->database->tables[i].name, table->valuestring) == 0) {
            lookup->table = &run->database->tables[i];
        }
    }
    cr_assert(table == NULL || lookup->table != NULL);
    for (size_t i = 0; index != NULL && i < lookup->table->index_count; i++) {
        if (strcmp(lookup->table->indexes[i].name, index->valuestring) == 0) {
            lookup->index = &lookup->table->indexes[i];
        }
    }
    return true;
}

bool naive_lookup(struct naive_run *run, const char *verb, const cJSON *params,
                  const struct naive_scope *scope, const struct plain **result)
{
    struct lookup lookup = {.verb = verb, .params = params, .scope = scope};
    if (strcmp(verb, "walk") == 0) {
        return run_walk(run, &lookup, result);
    }
    if (strcmp(verb, "traverse") == 0) {
        return run_traverse(run, &lookup, result);
    }
    if (!open_lookup(run, &lookup)) {
        return false;
    }
    if (starts_with(verb, "getAll")) {
        return run_get_all(run, &lookup, result);
    }
    if (strcmp(verb, "get") == 0 || strcmp(verb, "getOrThrow") == 0) {
        return run_get(run, &lookup, result);
    }
    return run_read(run, &lookup, result);
}
