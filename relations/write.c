/* Writes: insert, insertMany, patch, replace, delete. They run inside the call's transaction.
 *
 * What is written counts: each document takes its JSON and its entries from the request's bytes,
 * the names of its fields where no other document has them, and what it takes the place of, which
 * is kept until the end. What it was made from in the request's arena is given back when it is
 * made, so that a request that makes many takes little more than the documents themselves. */
#include "relations/step.h"

#include "storage/id.h"

#include <assert.h>

/* The fields of what is to be stored; vetted and counted, because programs put values together that
 * were never vetted as a whole, and are larger than their text. What a direct call brings is part
 * of its message, which was read as a whole. */
static bool vetted_fields(struct run *run, struct value document, const struct value_field **fields,
                          uint32_t *count)
{
    if ((run->in_program && !budget_take_value(run->budget, document, run->error)) ||
        !vet_value(document, DOCUMENT_DEPTH_MAX, run->error)) {
        return false;
    }
    *fields = value_fields(run->arena, document, count);
    return true;
}

/* Where the request's arena and the shapes were before a document is made. */
struct making {
    struct arena_mark mark;
    uint64_t shape_size;
};

static struct making making_begin(const struct run *run)
{
    return (struct making){.mark = arena_mark(run->arena), .shape_size = run->database->shape_size};
}

/* How many indexes are told of a change to the table, the map of documents among them. */
static uint32_t entry_count(const struct table *table)
{
    return table->index_count + 1;
}

/* Ends the making of `document`, which is in its table, and counts it, and `more` bytes. */
static inline bool making_end(struct run *run, const struct making *making,
                              const struct document *document, uint64_t more)
{
    uint64_t shape_size = run->database->shape_size;
    uint64_t names = shape_size > making->shape_size ? shape_size - making->shape_size : 0;
    arena_rewind(run->arena, &making->mark);
    budget_hold_undo(run->budget, names > 0 ? UNDO_SHAPE_NS : 0);
    return budget_take_written(run->budget, document->text_size + names + more,
                               entry_count(document->shape->table), run->error);
}

/* Ends the making of what takes the place of another document, if anything does. */
static bool making_end_change(struct run *run, const struct making *making, uint32_t changes_before)
{
    const struct transaction *transaction = &run->database->transaction;
    if (transaction->count == changes_before) {
        arena_rewind(run->arena, &making->mark);
        return true;
    }
    const struct change *change = &transaction->changes[changes_before];
    budget_hold_undo(run->budget, entry_count(change->table) * UNDO_CHANGE_NS);
    return making_end(run, making, change->after, change->before->text_size);
}

/* The text that the fields of `document` point into, if the reader kept it; else empty. */
static struct slice kept_text(struct value document)
{
    bool kept = document.kind == VALUE_OBJECT && (document.flags & VALUE_FLAG_TEXT_KEPT);
    return kept ? value_kept_text(document) : SLICE("");
}

/* Evaluates the param that holds a whole document. */
static bool document_argument(struct run *run, const struct step *step, struct value *document)
{
    if (!step_argument(run, step, PARAM_DOCUMENT, document)) {
        return false;
    }
    return value_type(*document) == TYPE_OBJECT ||
           step_mismatch(run, step, PARAM_DOCUMENT, "an object", *document);
}

/* Inserts a document and gives its id, which stands in it, and it stays until the transaction
 * ends, whatever becomes of it. */
static inline bool insert(struct run *run, const struct step *step, struct value source,
                          struct insert_ahead *ahead, struct value *id)
{
    const struct value_field *fields = NULL;
    uint32_t count = 0;
    struct making making = making_begin(run);
    if (!vetted_fields(run, source, &fields, &count)) {
        return false;
    }
    const struct document *document = transaction_insert(run->database, step->table, fields, count,
                                                         kept_text(source), ahead, run->error);
    if (!document) {
        return false;
    }
    *id = document_field(document, SHAPE_ID);
    budget_hold_undo(run->budget, entry_count(step->table) * UNDO_INSERT_NS);
    return making_end(run, &making, document, 0);
}

static bool run_insert(struct run *run, const struct step *step, struct value *result)
{
    struct value source;
    return document_argument(run, step, &source) &&
           (insert(run, step, source, run->insert_ahead, result) ||
            step_fail_at(run, step, PARAM_DOCUMENT));
}

static bool insert_one_of_many(struct run *run, const struct step *step, struct value source,
                               struct value *id)
{
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
    return insert(run, step, source, NULL, id);
}

/* Refuses more documents than can be written, before the first of them is. */
static bool allow_documents(struct run *run, const struct step *step, struct value documents)
{
    bool kept = documents.kind == VALUE_LIST && (documents.flags & VALUE_FLAG_TEXT_KEPT);
    uint64_t size = kept ? value_kept_text(documents).size : 0;
    size = documents.kind == VALUE_TEXT ? documents.size : size;
    uint32_t count = value_count(documents);
    uint64_t commas = count + 1ull;
    return budget_allow_written(run->budget, count, size > commas ? size - commas : 0,
                                entry_count(step->table), run->error);
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
    if (!allow_documents(run, step, documents)) {
        return step_fail_at(run, step, PARAM_DOCUMENTS);
    }
    if (!run_items(run, documents, "`documents`", &items, &count) ||
        !list_reserve(run, &list, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct value id;
        if (!insert_one_of_many(run, step, items[i], &id)) {
            error_prefix_path_index(run->error, i);
            return step_fail_at(run, step, PARAM_DOCUMENTS);
        }
        list_put(&list, id);
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

/* Evaluates the id of the document that is to be changed. */
static bool id_argument(struct run *run, const struct step *step, struct value *id)
{
    return step_argument(run, step, PARAM_ID, id) &&
           (value_type(*id) == TYPE_STRING || step_mismatch(run, step, PARAM_ID, "an id", *id));
}

/* Finds the document that is to be changed; NULL where there is none. */
static bool find_document(struct run *run, const struct step *step, struct value id,
                          struct document **document)
{
    if (get_document(run, step, id, document)) {
        return true;
    }
    return run->error->code == ERROR_INVALID_ID ? step_fail_at(run, step, PARAM_ID) : false;
}

/* `what` is Convex's word for the change. */
static bool fail_absent(struct run *run, const char *what, struct value id)
{
    struct slice text = value_string_escaped(id);
    error_set(run->error, ERROR_DOCUMENT_NOT_FOUND, "%s on nonexistent document ID %.*s", what,
              SLICE_FORMAT(text));
    run->error->id = text;
    return false;
}

/* The same for a patch or a replacement, in which names that no document may have are told first.
 */
static bool fail_absent_with(struct run *run, const struct step *step, enum parameter parameter,
                             struct value id, const struct value_field *fields, uint32_t count)
{
    uint32_t number = id_table_number(value_string_escaped(id));
    struct table *table = database_find_table_by_number(run->database, number);
    if (table && !transaction_check_names(table, fields, count, run->error)) {
        return step_fail_at(run, step, parameter);
    }
    return fail_absent(run, parameter == PARAM_FIELDS ? "Update" : "Replace", id);
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

static bool is_system_field(struct slice name)
{
    return slice_equal(name, SLICE("_id")) || slice_equal(name, SLICE("_creationTime"));
}

static bool fail_removed(struct run *run, struct slice name)
{
    error_set(run->error, ERROR_INVALID_PARAMS,
              "`%.*s` cannot be removed: it must be that of the document.", SLICE_FORMAT(name));
    run->error->field = name;
    error_prefix_path(run->error, name);
    return false;
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
            if (is_system_field(field.name)) {
                return fail_removed(run, field.name);
            }
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
    struct value id;
    struct value source;
    struct value_field *fields = NULL;
    uint32_t count = 0;
    struct document *document = NULL;
    if (!id_argument(run, step, &id) || !patch_fields(run, step, &source) ||
        !find_document(run, step, id, &document)) {
        return false;
    }
    struct making making = making_begin(run);
    uint32_t changes = run->database->transaction.count;
    if (!vet_patch(run, source, &fields, &count)) {
        return step_fail_at(run, step, PARAM_FIELDS);
    }
    if (!document) {
        return fail_absent_with(run, step, PARAM_FIELDS, id, fields, count);
    }
    if (!budget_take_work(run->budget, document->text_size / BYTES_OF_WORK, run->error) ||
        !transaction_patch(run->database, document, fields, count, run->error) ||
        !making_end_change(run, &making, changes)) {
        return step_fail_at(run, step, PARAM_FIELDS);
    }
    *result = VALUE_IS(VALUE_NULL);
    return true;
}

static bool run_replace(struct run *run, const struct step *step, struct value *result)
{
    struct value id;
    struct value source;
    const struct value_field *fields = NULL;
    uint32_t count = 0;
    struct document *document = NULL;
    if (!id_argument(run, step, &id) || !document_argument(run, step, &source) ||
        !find_document(run, step, id, &document)) {
        return false;
    }
    struct making making = making_begin(run);
    uint32_t changes = run->database->transaction.count;
    if (!vetted_fields(run, source, &fields, &count)) {
        return step_fail_at(run, step, PARAM_DOCUMENT);
    }
    if (!document) {
        return fail_absent_with(run, step, PARAM_DOCUMENT, id, fields, count);
    }
    if (!transaction_replace(run->database, document, fields, count, run->error) ||
        !making_end_change(run, &making, changes)) {
        return step_fail_at(run, step, PARAM_DOCUMENT);
    }
    *result = VALUE_IS(VALUE_NULL);
    return true;
}

static bool run_delete(struct run *run, const struct step *step, struct value *result)
{
    struct value id;
    struct document *document = NULL;
    if (!id_argument(run, step, &id) || !find_document(run, step, id, &document)) {
        return false;
    }
    if (!document) {
        return fail_absent(run, "Delete", id);
    }
    budget_hold_undo(run->budget, entry_count(document->shape->table) * UNDO_CHANGE_NS);
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
