/* Compiling and evaluating expressions; references and operators have files of their own. */
#include "relations/expression.h"

#include "index/order.h"

#include <assert.h>

struct expression expression_of_value(struct value value)
{
    return (struct expression){.kind = EXPRESSION_LITERAL, .literal = value};
}

bool vet_value(struct value value, unsigned depth_max, struct error *error)
{
    if (LIKELY(value.flags & VALUE_FLAG_VETTED) || value.kind < VALUE_TEXT) {
        return true;
    }
    struct slice path;
    struct value found;
    enum vet_result result = value_vet(error->arena, value, depth_max, &path, &found);
    if (result == VET_OK) {
        return true;
    }
    if (result == VET_TOO_DEEP) {
        error_set(error, ERROR_INVALID_VALUE, "The value is nested more than %u levels deep.",
                  depth_max);
    } else {
        error_set(error, ERROR_INVALID_VALUE, "%s", vet_result_text(result));
    }
    error->path = path;
    error->value = found;
    return false;
}

/* Compiling. */

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return name.size > 0;
}

bool compiler_bind(struct compiler *compiler, struct slice name, uint32_t *slot)
{
    struct error *error = compiler->error;
    if (!is_name(name)) {
        return error_set(error, ERROR_INVALID_PARAMS,
                         "`%.*s` is no name: names match [A-Za-z_][A-Za-z0-9_]*.",
                         SLICE_FORMAT(name));
    }
    if (slice_equal(name, SLICE("args")) || slice_equal(name, SLICE("it")) ||
        slice_equal(name, SLICE("link"))) {
        return error_set(error, ERROR_INVALID_PARAMS, "The name `%.*s` has a meaning of its own.",
                         SLICE_FORMAT(name));
    }
    for (uint32_t i = 0; i < compiler->binding_count; i++) {
        if (slice_equal(compiler->bindings[i].name, name)) {
            return error_set(error, ERROR_INVALID_PARAMS, "The name `%.*s` is bound already.",
                             SLICE_FORMAT(name));
        }
    }
    if (compiler->binding_count == PROGRAM_NAMES_MAX) {
        return error_set(error, ERROR_INVALID_PARAMS,
                         "A program may have %d names in scope at the same time.",
                         PROGRAM_NAMES_MAX);
    }
    *slot = SLOT_FIRST + compiler->binding_count;
    compiler->bindings[compiler->binding_count] = (struct binding){.name = name, .slot = *slot};
    compiler->binding_count += 1;
    if (*slot >= compiler->slot_count) {
        compiler->slot_count = *slot + 1;
    }
    return true;
}

bool compiler_takes(size_t size, struct error *error)
{
    if (size <= PROGRAM_SIZE_MAX) {
        return true;
    }
    return error_set(error, ERROR_INVALID_PARAMS,
                     "A program or a filter may have %d bytes of JSON; give its values in `args`.",
                     PROGRAM_SIZE_MAX);
}

static bool compile_string(struct compiler *compiler, struct value source,
                           struct expression *expression)
{
    struct slice escaped = value_string_escaped(source);
    if (escaped.size == 0 || escaped.data[0] != '$') {
        *expression = expression_of_value(source);
        return true;
    }
    if (escaped.size > 1 && escaped.data[1] == '$') {
        /* "$$…" is the string "$…": the same text without its first `$`. */
        struct slice text =
            arena_format(compiler->arena, "\"%.*s\"", (int)escaped.size - 1, escaped.data + 1);
        *expression = expression_of_value(value_from_text(text));
        return true;
    }
    return reference_compile(compiler, value_string(compiler->arena, source), expression);
}

static bool all_literal(const struct expression *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].kind != EXPRESSION_LITERAL || value_is_missing(parts[i].literal)) {
            return false;
        }
    }
    return true;
}

static bool compile_parts(struct compiler *compiler, const struct value *items, uint32_t count,
                          struct expression **parts)
{
    *parts = arena_allocate(compiler->arena, count * sizeof(struct expression));
    for (uint32_t i = 0; i < count; i++) {
        if (!expression_compile(compiler, items[i], &(*parts)[i])) {
            error_prefix_path_index(compiler->error, i);
            return false;
        }
    }
    return true;
}

static bool compile_list(struct compiler *compiler, struct value source,
                         struct expression *expression)
{
    uint32_t count;
    const struct value *items = value_items(compiler->arena, source, &count);
    struct expression *parts;
    if (!compile_parts(compiler, items, count, &parts)) {
        return false;
    }
    if (!all_literal(parts, count)) {
        *expression = (struct expression){.kind = EXPRESSION_LIST, .count = count, .parts = parts};
        return true;
    }
    struct value *values = arena_allocate(compiler->arena, count * sizeof(struct value));
    for (uint32_t i = 0; i < count; i++) {
        values[i] = parts[i].literal;
    }
    *expression = expression_of_value(value_from_items(values, count));
    return true;
}

static bool compile_spread(struct compiler *compiler, struct value source,
                           struct expression_member *member)
{
    member->spreads = true;
    return expression_compile(compiler, source, &member->expression);
}

static bool compile_member(struct compiler *compiler, const struct value_field *field,
                           struct expression_member *member)
{
    *member = (struct expression_member){.name = field->name};
    bool compiled;
    if (slice_equal(field->name, SLICE("$spread"))) {
        compiled = compile_spread(compiler, field->value, member);
    } else if (field->name.size > 0 && field->name.data[0] == '$') {
        compiled = error_set(compiler->error, ERROR_INVALID_PARAMS,
                             "`%.*s` is no operator, or does not stand alone in its object.",
                             SLICE_FORMAT(field->name));
    } else {
        compiled = expression_compile(compiler, field->value, &member->expression);
    }
    if (!compiled) {
        error_prefix_path(compiler->error, field->name);
    }
    return compiled;
}

static bool members_are_literal(const struct expression_member *members, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (members[i].spreads || !all_literal(&members[i].expression, 1)) {
            return false;
        }
    }
    return true;
}

static bool compile_object(struct compiler *compiler, const struct value_field *fields,
                           uint32_t count, struct expression *expression)
{
    struct expression_member *members =
        arena_allocate(compiler->arena, count * sizeof(struct expression_member));
    for (uint32_t i = 0; i < count; i++) {
        if (!compile_member(compiler, &fields[i], &members[i])) {
            return false;
        }
    }
    if (!members_are_literal(members, count)) {
        *expression =
            (struct expression){.kind = EXPRESSION_OBJECT, .count = count, .members = members};
        return true;
    }
    struct value_field *literal =
        arena_allocate(compiler->arena, count * sizeof(struct value_field));
    for (uint32_t i = 0; i < count; i++) {
        literal[i].name = members[i].name;
        literal[i].value = members[i].expression.literal;
    }
    *expression = expression_of_value(value_from_fields(literal, count));
    return true;
}

static bool compile_operator(struct compiler *compiler, const struct operator* operator,
                             struct value source, struct expression *expression)
{
    *expression = (struct expression){.kind = EXPRESSION_OPERATOR, .operator= operator};
    bool is_list = value_type(source) == TYPE_ARRAY;
    if (operator->count_max == 0 ||(!is_list && operator->count_min == 1)) {
        expression->count = 1;
        expression->parts = arena_allocate(compiler->arena, sizeof(struct expression));
        return expression_compile(compiler, source, expression->parts);
    }
    uint32_t count = 0;
    const struct value *items = is_list ? value_items(compiler->arena, source, &count) : NULL;
    bool fits =
        is_list && count >= operator->count_min &&(
                                count <= operator->count_max || operator->count_max == UINT8_MAX);
    if (!fits && operator->count_max == UINT8_MAX) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "`%.*s` takes an array of expressions.", SLICE_FORMAT(operator->name));
    }
    if (!fits && operator->count_min == operator->count_max) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "`%.*s` takes an array of %u expressions.",
                         SLICE_FORMAT(operator->name), operator->count_min);
    }
    if (!fits) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "`%.*s` takes an array of %u to %u expressions.",
                         SLICE_FORMAT(operator->name), operator->count_min, operator->count_max);
    }
    expression->count = count;
    expression->parts_listed = true;
    return compile_parts(compiler, items, count, &expression->parts);
}

/* An object with one name that begins with `$`: an operator, `$literal`, `$undefined`. */
static bool compile_dollar(struct compiler *compiler, const struct value_field *field,
                           struct expression *expression)
{
    bool compiled;
    const struct operator* operator= operator_find(field->name);
    if (operator) {
        compiled = compile_operator(compiler, operator, field->value, expression);
    } else if (slice_equal(field->name, SLICE("$literal"))) {
        *expression = expression_of_value(field->value);
        compiled = vet_value(field->value, DOCUMENT_DEPTH_MAX, compiler->error);
    } else {
        compiled = error_set(compiler->error, ERROR_INVALID_PARAMS, "There is no operator `%.*s`.",
                             SLICE_FORMAT(field->name));
    }
    if (!compiled) {
        error_prefix_path(compiler->error, field->name);
    }
    return compiled;
}

/* The encodings of values; one that can be read has another type than object. */
static bool is_encoding(struct slice name)
{
    return slice_equal(name, SLICE("$integer")) || slice_equal(name, SLICE("$float")) ||
           slice_equal(name, SLICE("$bytes")) || slice_equal(name, SLICE("$undefined"));
}

static bool compile_undefined(struct compiler *compiler, struct expression *expression)
{
    if (!compiler->takes_undefined) {
        return error_set(compiler->error, ERROR_INVALID_VALUE,
                         "{\"$undefined\":null} is taken only in a patch, an index value or range, "
                         "and a filter.");
    }
    *expression = expression_of_value(VALUE_IS(VALUE_MISSING));
    return true;
}

bool expression_compile(struct compiler *compiler, struct value source,
                        struct expression *expression)
{
    uint32_t count;
    const struct value_field *fields;
    switch (value_type(source)) {
    case TYPE_STRING:
        return compile_string(compiler, source, expression);
    case TYPE_ARRAY:
        return compile_list(compiler, source, expression);
    case TYPE_OBJECT:
        fields = value_fields(compiler->arena, source, &count);
        if (count == 1 && fields[0].name.size > 0 && fields[0].name.data[0] == '$' &&
            !slice_equal(fields[0].name, SLICE("$spread"))) {
            if (is_encoding(fields[0].name)) {
                *expression = expression_of_value(source);
                return vet_value(source, DOCUMENT_DEPTH_MAX, compiler->error);
            }
            return compile_dollar(compiler, &fields[0], expression);
        }
        return compile_object(compiler, fields, count, expression);
    case TYPE_MISSING:
        return compile_undefined(compiler, expression);
    default:
        *expression = expression_of_value(source);
        return vet_value(source, DOCUMENT_DEPTH_MAX, compiler->error);
    }
}

/* Evaluating. */

bool run_mismatch(struct run *run, const char *what, const char *expected, struct value found)
{
    enum value_type type = value_type(found);
    bool is_null = type <= TYPE_NULL;
    error_set(run->error, is_null ? ERROR_NULL_REFERENCE : ERROR_TYPE_MISMATCH,
              "%s must be %s, got %s.", what, expected, value_type_name(type));
    run->error->value = found;
    return false;
}

bool run_wrong_type(struct run *run, const char *what, const char *expected, struct value found)
{
    error_set(run->error, ERROR_TYPE_MISMATCH, "%s must be %s, got %s.", what, expected,
              value_type_name(value_type(found)));
    run->error->value = found;
    return false;
}

/* Values of which a look costs nothing worth counting. */
static bool is_small(struct value value)
{
    return value.kind < VALUE_TEXT || (value.kind <= VALUE_DOCUMENT && value.size <= 256);
}

bool run_compare(struct run *run, struct value a, struct value b, int *order)
{
    bool small = is_small(a) && is_small(b);
    if (!small && (!budget_take_value(run->budget, a, run->error) ||
                   !budget_take_value(run->budget, b, run->error))) {
        return false;
    }
    *order = value_compare(a, b);
    return true;
}

bool list_grow(struct run *run, struct list_builder *list, uint32_t capacity)
{
    uint64_t more = (capacity - list->capacity) * sizeof(struct value);
    if (!budget_take_bytes(run->budget, more, run->error)) {
        return false;
    }
    struct value *items = arena_allocate(run->arena, capacity * sizeof(struct value));
    if (list->count > 0) {
        memcpy(items, list->items, list->count * sizeof(struct value));
    }
    list->items = items;
    list->capacity = capacity;
    return true;
}

bool run_items(struct run *run, struct value value, const char *what, const struct value **items,
               uint32_t *count)
{
    if (value_type(value) != TYPE_ARRAY) {
        return run_mismatch(run, what, "a list", value);
    }
    if (value.kind == VALUE_TEXT) {
        uint64_t size = value_count(value) * sizeof(struct value);
        if (!budget_take_bytes(run->budget, size, run->error)) {
            return false;
        }
    }
    *items = value_items(run->arena, value, count);
    return true;
}

static bool evaluate_list(struct run *run, const struct expression *expression,
                          struct value *result)
{
    uint32_t count = expression->count;
    if (!budget_take_bytes(run->budget, count * sizeof(struct value), run->error)) {
        return false;
    }
    struct value *items = arena_allocate(run->arena, count * sizeof(struct value));
    for (uint32_t i = 0; i < count; i++) {
        if (!expression_evaluate(run, &expression->parts[i], &items[i])) {
            error_prefix_path_index(run->error, i);
            return false;
        }
        if (value_is_missing(items[i])) {
            items[i] = VALUE_IS(VALUE_NULL);
        }
    }
    *result = value_from_items(items, count);
    return true;
}

bool operator_argument(const struct operator_call *call, uint32_t index, struct value *value)
{
    struct run *run = call->run;
    if (expression_evaluate(run, &call->expression->parts[index], value)) {
        return true;
    }
    if (call->expression->parts_listed) {
        error_prefix_path_index(run->error, index);
    }
    error_prefix_path(run->error, call->expression->operator->name);
    return false;
}

/* Arguments of most operators fit here; more go into the arena. */
#define ARGUMENTS_ON_STACK 4

/* Counts the work of an operator that walks a text; lists that are taken apart are counted by
 * item, by who walks them. */
static bool take_argument(struct run *run, struct value value)
{
    return value.kind >= VALUE_LIST || budget_take_value(run->budget, value, run->error);
}

static bool evaluate_operator(struct run *run, const struct expression *expression,
                              struct value *result)
{
    struct value few[ARGUMENTS_ON_STACK];
    struct operator_call call = {.run = run, .expression = expression, .count = expression->count};
    if (!budget_take_time(run->budget, run->error)) {
        return false;
    }
    if (!expression->operator->lazy) {
        size_t size = expression->count * sizeof(struct value);
        struct value *arguments =
            expression->count <= ARGUMENTS_ON_STACK ? few : arena_allocate(run->arena, size);
        for (uint32_t i = 0; i < expression->count; i++) {
            if (!operator_argument(&call, i, &arguments[i]) || !take_argument(run, arguments[i])) {
                return false;
            }
        }
        call.arguments = arguments;
    }
    return expression->operator->evaluate(&call, result);
}

bool expression_compute(struct run *run, const struct expression *expression, struct value *result)
{
    switch (expression->kind) {
    case EXPRESSION_LITERAL:
        break;
    case EXPRESSION_REFERENCE:
        return reference_evaluate(run, expression, result);
    case EXPRESSION_LIST:
        return evaluate_list(run, expression, result);
    case EXPRESSION_OBJECT:
        return object_evaluate(run, expression, false, result);
    case EXPRESSION_OPERATOR:
        return evaluate_operator(run, expression, result);
    }
    assert(false && "an expression that takes more than a look");
    return false;
}

bool expression_evaluate_truth(struct run *run, const struct expression *expression, bool *truth)
{
    struct value value;
    if (!expression_evaluate(run, expression, &value)) {
        return false;
    }
    if (!value_is_boolean(value)) {
        return run_wrong_type(run, "A condition", "a boolean", value);
    }
    *truth = value.kind == VALUE_TRUE;
    return true;
}

static bool hash_part(struct run *run, const struct expression *expression, uint32_t part,
                      uint64_t *hash)
{
    if (expression->kind == EXPRESSION_OBJECT) {
        return expression_hash_references(run, &expression->members[part].expression, hash);
    }
    return expression_hash_references(run, &expression->parts[part], hash);
}

bool expression_hash_references(struct run *run, const struct expression *expression,
                                uint64_t *hash)
{
    if (expression->kind == EXPRESSION_LITERAL) {
        return true;
    }
    if (expression->kind != EXPRESSION_REFERENCE) {
        bool hashed = true;
        for (uint32_t i = 0; i < expression->count && hashed; i++) {
            hashed = hash_part(run, expression, i, hash);
        }
        return hashed;
    }
    if (expression->slot == SLOT_IT || expression->slot == SLOT_LINK) {
        return true;
    }
    struct value value;
    if (!reference_evaluate(run, expression, &value)) {
        return false;
    }
    if (!budget_take_value(run->budget, value, run->error)) {
        return false;
    }
    *hash = value_hash(value, *hash);
    return true;
}
