/* The naive evaluator: writes, on the plain lists of documents. A document that is changed is a new
 * one in the place of the old, so that what was read before stays as it was. */
#include "tests/support/naive_run.h"

#include <criterion/criterion.h>
#include <string.h>

#define SYSTEM_FIELDS 2

static const char *const system_fields[SYSTEM_FIELDS] = {"_id", "_creationTime"};

static bool is_nothing(const struct plain *value)
{
    return value == NULL || value->type == PLAIN_NULL;
}

/* Evaluates what must have the type. */
static bool typed(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                  enum plain_type type, const struct plain **value)
{
    if (!naive_evaluate(run, source, scope, value)) {
        return false;
    }
    if (is_nothing(*value)) {
        return naive_fail(run, "NullReference");
    }
    return (*value)->type == type || naive_fail(run, "TypeMismatch");
}

static struct naive_table *find_table(const struct naive_run *run, const char *name)
{
    for (size_t i = 0; i < run->database->table_count; i++) {
        if (strcmp(run->database->tables[i].name, name) == 0) {
            return &run->database->tables[i];
        }
    }
    return NULL;
}

/* Whether another document than `itself` has the same field of a unique index. */
static bool violates(const struct naive_table *table, const struct plain *document,
                     const struct plain *itself)
{
    for (size_t i = 0; i < table->index_count; i++) {
        const struct naive_index *index = &table->indexes[i];
        const struct plain *value = plain_field(document, index->fields[0]);
        for (size_t j = 0; index->unique && value != NULL && j < table->count; j++) {
            const struct plain *other = table->documents[j];
            if (other != itself &&
                plain_compare(plain_field(other, index->fields[0]), value) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Whether a name of the user's fields begins with an underscore. */
static bool has_reserved_name(const struct plain *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = fields->names[i];
        if (name[0] == '_' && strcmp(name, "_id") != 0 && strcmp(name, "_creationTime") != 0) {
            return true;
        }
    }
    return false;
}

/* A document with the system's fields first, and behind them those of `first`, then of `second`;
 * NULL for none. A field of both is in the place of the first, with the value of the second. */
static struct plain *document_of(struct naive_run *run, const struct plain *system,
                                 const struct plain *first, const struct plain *second)
{
    size_t room = SYSTEM_FIELDS + first->count + (second != NULL ? second->count : 0);
    struct plain *document = plain_new(run->arena, PLAIN_OBJECT, room);
    for (size_t i = 0; i < SYSTEM_FIELDS; i++) {
        plain_set(document, system_fields[i], plain_field(system, system_fields[i]));
    }
    const struct plain *const parts[] = {first, second};
    for (size_t part = 0; part < 2 && parts[part] != NULL; part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            if (parts[part]->names[i][0] != '_') {
                plain_set(document, parts[part]->names[i], parts[part]->items[i]);
            }
        }
    }
    return document;
}

static bool insert_one(struct naive_run *run, struct naive_table *table, const struct plain *source,
                       const struct plain **id)
{
    if (source->type != PLAIN_OBJECT) {
        return naive_fail(run, "TypeMismatch");
    }
    const struct plain *time = plain_field(source, "_creationTime");
    *id = plain_field(source, "_id");
    if (has_reserved_name(source)) {
        return naive_fail(run, "InvalidValue");
    }
    cr_assert(*id != NULL && time != NULL, "the evaluator chooses no ids and times");
    if (naive_find(run, (*id)->string) != NULL) {
        return naive_fail(run, "UniqueViolation");
    }
    const struct plain *document = document_of(run, source, source, NULL);
    if (violates(table, document, NULL)) {
        return naive_fail(run, "UniqueViolation");
    }
    cr_assert(table->count < NAIVE_DOCUMENTS_MAX);
    table->documents[table->count++] = document;
    return true;
}

static bool run_insert(struct naive_run *run, const cJSON *params, const struct naive_scope *scope,
                       const struct plain **result)
{
    const struct plain *document;
    return typed(run, params->child->next, scope, PLAIN_OBJECT, &document) &&
           insert_one(run, find_table(run, params->child->valuestring), document, result);
}

static bool run_insert_many(struct naive_run *run, const cJSON *params,
                            const struct naive_scope *scope, const struct plain **result)
{
    const struct plain *documents;
    if (!typed(run, params->child->next, scope, PLAIN_LIST, &documents)) {
        return false;
    }
    struct plain *ids = plain_new(run->arena, PLAIN_LIST, documents->count);
    for (size_t i = 0; i < documents->count; i++) {
        const struct plain *id;
        struct naive_table *table = find_table(run, params->child->valuestring);
        if (!insert_one(run, table, documents->items[i], &id)) {
            return false;
        }
        plain_push(run->arena, ids, id);
    }
    *result = ids;
    return true;
}

/* The document that is to be changed. */
struct target {
    struct naive_table *table;
    size_t place;
    const struct plain *document; /* NULL: there is none with the id */
};

static bool find_target(struct naive_run *run, const struct naive_table *named,
                        const struct plain *id, struct target *target)
{
    const struct naive_table *table = naive_table_of_id(run->database, id->string);
    *target = (struct target){.table = find_table(run, table != NULL ? table->name : "")};
    if (table == NULL || (named != NULL && named != table)) {
        return naive_fail(run, "InvalidId");
    }
    for (size_t i = 0; i < table->count; i++) {
        if (plain_compare(plain_field(table->documents[i], "_id"), id) == 0) {
            target->place = i;
            target->document = table->documents[i];
        }
    }
    return true;
}

/* Puts `document` in the target's place, if the fields that were given allow it. */
static bool change(struct naive_run *run, const struct target *target, const struct plain *fields,
                   const struct plain *document)
{
    for (size_t i = 0; i < SYSTEM_FIELDS; i++) {
        const struct plain *given = plain_field(fields, system_fields[i]);
        if (given != NULL &&
            plain_compare(given, plain_field(target->document, system_fields[i])) != 0) {
            return naive_fail(run, "InvalidParams");
        }
    }
    if (has_reserved_name(fields)) {
        return naive_fail(run, "InvalidValue");
    }
    if (violates(target->table, document, target->document)) {
        return naive_fail(run, "UniqueViolation");
    }
    target->table->documents[target->place] = document;
    return true;
}

static bool is_removal(const cJSON *member)
{
    return cJSON_IsObject(member) && member->child != NULL &&
           strcmp(member->child->string, "$undefined") == 0;
}

static const struct plain *without_removed(struct naive_run *run, const cJSON *source,
                                           const struct plain *document)
{
    struct plain *left = plain_new(run->arena, PLAIN_OBJECT, document->count);
    for (size_t i = 0; i < document->count; i++) {
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(source, document->names[i]);
        if (member == NULL || !is_removal(member)) {
            plain_set(left, document->names[i], document->items[i]);
        }
    }
    return left;
}

static bool run_change(struct naive_run *run, const char *verb, const cJSON *params,
                       const struct naive_scope *scope)
{
    bool patches = strcmp(verb, "patch") == 0;
    bool deletes = strcmp(verb, "delete") == 0;
    int count = cJSON_GetArraySize(params);
    const cJSON *id_source = params->child;
    const struct naive_table *named = NULL;
    if (count == (deletes ? 2 : 3)) {
        named = find_table(run, params->child->valuestring);
        id_source = params->child->next;
    }
    const cJSON *source = id_source->next;
    const struct plain *id;
    const struct plain *fields = NULL;
    struct target target;
    if (!typed(run, id_source, scope, PLAIN_STRING, &id) ||
        (!deletes && !typed(run, source, scope, PLAIN_OBJECT, &fields)) ||
        !find_target(run, named, id, &target)) {
        return false;
    }
    if (target.document == NULL) {
        return naive_fail(run, "DocumentNotFound");
    }
    if (deletes) {
        target.table->documents[target.place] = target.table->documents[--target.table->count];
        return true;
    }
    const struct plain *changed =
        patches ? without_removed(run, source,
                                  document_of(run, target.document, target.document, fields))
                : document_of(run, target.document, fields, NULL);
    return change(run, &target, fields, changed);
}

bool naive_write(struct naive_run *run, const char *verb, const cJSON *params,
                 const struct naive_scope *scope, const struct plain **result)
{
    if (strcmp(verb, "insert") == 0) {
        return run_insert(run, params, scope, result);
    }
    if (strcmp(verb, "insertMany") == 0) {
        return run_insert_many(run, params, scope, result);
    }
    *result = plain_new(run->arena, PLAIN_NULL, 0);
    return run_change(run, verb, params, scope);
}

const char *naive_mutation(const struct naive_database *database, const cJSON *params,
                           struct arena *arena, const struct plain **result)
{
    size_t size = database->table_count * sizeof(*database->tables);
    struct naive_table *before = arena_allocate(arena, size);
    memcpy(before, database->tables, size);
    const char *error = naive_query(database, params, arena, result);
    if (error != NULL) {
        memcpy(database->tables, before, size);
    }
    return error;
}
