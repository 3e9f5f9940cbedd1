/* Writes: insert, insertMany, patch, replace, delete. They run inside the call's transaction. */
#include "relations/step.h"

#include <assert.h>

/* The fields of what is to be stored; vetted, because programs put values together that were
 * never vetted as a whole. */
static bool vetted_fields(struct run *run, struct value document, const struct value_field **fields,
                          uint32_t *count)
{
    if (!budget_take_value(run->budget, document, run->error) ||
        !vet_value(document, DOCUMENT_DEPTH_MAX, run->error)) {
        return false;
    }
    *fields = value_fields(run->arena, document, count);
    return true;
}

/* Evaluates the param that holds a whole document. */
static bool document_argument(struct run *run, const struct step *step,
                              const struct value_field **fields, uint32_t *count)
{
    struct value document;
    if (!step_argument(run, step, PARAM_DOCUMENT, &document)) {
        return false;
    }
    if (value_type(document) != TYPE_OBJECT) {
        return step_mismatch(run, step, PARAM_DOCUMENT, "an object", document);
    }
    return vetted_fields(run, document, fields, count) || step_fail_at(run, step, PARAM_DOCUMENT);
}

static struct value id_value(struct run *run, const struct document *document)
{
    struct value id = document_field(document, SHAPE_ID);
    struct slice text = arena_copy(run->arena, slice_make(id.text, id.size));
    return value_from_text(text);
}

static bool run_insert(struct run *run, const struct step *step, struct value *result)
{
    const struct value_field *fields = NULL;
    uint32_t count = 0;
    if (!document_argument(run, step, &fields, &count)) {
        return false;
    }
    const struct document *document =
        transaction_insert(run->database, step->table, fields, count, run->error);
    if (!document) {
        return step_fail_at(run, step, PARAM_DOCUMENT);
    }
    *result = id_value(run, document);
    return true;
}

static bool insert_one_of_many(struct run *run, const struct step *step, struct value source,
                               struct value *id)
{
    const struct value_field *fields = NULL;
    uint32_t count = 0;
    if (!budget_take_time(run->budget, run->error)) {
        return false;
    }
    if (value_type(source) != TYPE_OBJECT) {
        enum error_code code = run->in_program ? ERROR_TYPE_MISMATCH : ERROR_INVALID_PARAMS;
        error_set(run->error, code, "Each of `documents` must be an object, got %s.",
                  value_type_name(value_type(source)));
        run->error->value = source;
        return false;
    }
    if (!vetted_fields(run, source, &fields, &count)) {
        return false;
    }
    const struct document *document =
        transaction_insert(run->database, step->table, fields, count, run->error);
    if (document) {
        *id = id_value(run, document);
    }
    return document != NULL;
}

static bool run_insert_many(struct run *run, const struct step *step, struct value *result)
{
    struct value documents;
    const struct value *items;
    uint32_t count = 0;
    struct list_builder list = {0};
    if (!step_argument(run, step, PARAM_DOCUMENTS, &documents)) {
        return false;
    }
    if (value_type(documents) != TYPE_ARRAY) {
        return step_mismatch(run, step, PARAM_DOCUMENTS, "a list of objects", documents);
    }
    if (!run_items(run, documents, "`documents`", &items, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct value id;
        if (!insert_one_of_many(run, step, items[i], &id)) {
            error_prefix_path_index(run->error, i);
            return step_fail_at(run, step, PARAM_DOCUMENTS);
        }
        if (!list_append(run, &list, id)) {
            return false;
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

/* Finds the document that is to be changed. `what` is Convex's word for it. */
static bool document_to_change(struct run *run, const struct step *step, const char *what,
                               struct document **document)
{
    struct value id;
    if (!step_argument(run, step, PARAM_ID, &id)) {
        return false;
    }
    if (value_type(id) != TYPE_STRING) {
        return step_mismatch(run, step, PARAM_ID, "an id", id);
    }
    if (!get_document(run, step, id, document)) {
        return run->error->code == ERROR_INVALID_ID ? step_fail_at(run, step, PARAM_ID) : false;
    }
    if (*document) {
        return true;
    }
    struct slice text = value_string_escaped(id);
    error_set(run->error, ERROR_DOCUMENT_NOT_FOUND, "%s on nonexistent document ID %.*s", what,
              SLICE_FORMAT(text));
    run->error->id = text;
    return false;
}

/* Evaluates the fields of a patch. A {"$undefined":null} that stands there removes its field. */
static bool patch_fields(struct run *run, const struct step *step, struct value *fields)
{
    const struct expression *expression = NULL;
    for (uint32_t i = 0; i < step->argument_count; i++) {
        if (step->arguments[i].parameter == PARAM_FIELDS) {
            expression = &step->arguments[i].expression;
        }
    }
    assert(expression);
    bool is_object = expression->kind == EXPRESSION_OBJECT;
    bool evaluated = is_object ? object_evaluate(run, expression, true, fields)
                               : expression_evaluate(run, expression, fields);
    if (!evaluated) {
        return step_fail_at(run, step, PARAM_FIELDS);
    }
    return value_type(*fields) == TYPE_OBJECT ||
           step_mismatch(run, step, PARAM_FIELDS, "an object", *fields);
}

/* Vets each field; an undefined one becomes a missing value. */
static bool vet_patch(struct run *run, struct value source, struct value_field **fields,
                      uint32_t *count)
{
    if (!budget_take_value(run->budget, source, run->error)) {
        return false;
    }
    const struct value_field *given = value_fields(run->arena, source, count);
    *fields = arena_allocate(run->arena, *count * sizeof(struct value_field));
    for (uint32_t i = 0; i < *count; i++) {
        struct value_field field = given[i];
        if (value_type(field.value) == TYPE_MISSING) {
            field.value = VALUE_IS(VALUE_MISSING);
        }
        if (field.name.size > 0 && field.name.data[0] == '$') {
            error_set(run->error, ERROR_INVALID_VALUE, "%s", vet_result_text(VET_RESERVED_NAME));
            run->error->field = field.name;
            error_prefix_path(run->error, field.name);
            return false;
        }
        if (!vet_value(field.value, DOCUMENT_DEPTH_MAX - 1, run->error)) {
            error_prefix_path(run->error, field.name);
            return false;
        }
        (*fields)[i] = field;
    }
    return true;
}

static bool run_patch(struct run *run, const struct step *step, struct value *result)
{
    struct value source;
    struct value_field *fields = NULL;
    uint32_t count = 0;
    struct document *document = NULL;
    if (!patch_fields(run, step, &source)) {
        return false;
    }
    if (!vet_patch(run, source, &fields, &count)) {
        return step_fail_at(run, step, PARAM_FIELDS);
    }
    if (!document_to_change(run, step, "Update", &document)) {
        return false;
    }
    if (!transaction_patch(run->database, document, fields, count, run->error)) {
        return step_fail_at(run, step, PARAM_FIELDS);
    }
    *result = VALUE_IS(VALUE_NULL);
    return true;
}

static bool run_replace(struct run *run, const struct step *step, struct value *result)
{
    const struct value_field *fields = NULL;
    uint32_t count = 0;
    struct document *document = NULL;
    if (!document_argument(run, step, &fields, &count) ||
        !document_to_change(run, step, "Replace", &document)) {
        return false;
    }
    if (!transaction_replace(run->database, document, fields, count, run->error)) {
        return step_fail_at(run, step, PARAM_DOCUMENT);
    }
    *result = VALUE_IS(VALUE_NULL);
    return true;
}

static bool run_delete(struct run *run, const struct step *step, struct value *result)
{
    struct document *document = NULL;
    if (!document_to_change(run, step, "Delete", &document)) {
        return false;
    }
    transaction_delete(run->database, document);
    *result = VALUE_IS(VALUE_NULL);
    return true;
}

bool write_run(struct run *run, const struct step *step, struct value *result)
{
    switch (step->method->kind) {
    case METHOD_INSERT:
        return run_insert(run, step, result);
    case METHOD_INSERT_MANY:
        return run_insert_many(run, step, result);
    case METHOD_PATCH:
        return run_patch(run, step, result);
    case METHOD_REPLACE:
        return run_replace(run, step, result);
    default:
        assert(step->method->kind == METHOD_DELETE);
        return run_delete(run, step, result);
    }
}
