/* Compiling what only programs have: blocks of steps, and the verbs on lists and graphs. */
#include "relations/ahead.h"
#include "relations/step.h"

#include <assert.h>

/* Blocks. */

static bool bind_param(struct compiler *compiler, const struct bound_params *bound,
                       enum parameter parameter, uint32_t *slot)
{
    struct slice name;
    if (!param_is_given(bound, parameter)) {
        *slot = SLOT_NONE;
        return true;
    }
    return step_literal_string(bound, parameter, compiler->error, &name) &&
           (compiler_bind(compiler, name, slot) || param_fail(bound, parameter, compiler->error));
}

/* The fields of one step: `let`, `if`, and the verb that is what remains. */
struct step_source {
    struct value let;
    struct value condition;
    const struct value_field *verb;
};

static bool split_step(struct compiler *compiler, struct value source, struct step_source *parts)
{
    uint32_t count = 0;
    const struct value_field *fields = NULL;
    *parts = (struct step_source){0};
    if (value_type(source) == TYPE_OBJECT) {
        fields = value_fields(compiler->arena, source, &count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(fields[i].name, SLICE("let"))) {
            parts->let = fields[i].value;
        } else if (slice_equal(fields[i].name, SLICE("if"))) {
            parts->condition = fields[i].value;
        } else if (parts->verb) {
            return error_set(compiler->error, ERROR_INVALID_PARAMS,
                             "A step has one verb; this one has `%.*s` and `%.*s`.",
                             SLICE_FORMAT(parts->verb->name), SLICE_FORMAT(fields[i].name));
        } else {
            parts->verb = &fields[i];
        }
    }
    if (!parts->verb) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "A step is an object with a verb: {\"let\": name, verb: params, \"if\": "
                         "condition}.");
    }
    return true;
}

static const struct method *find_verb(struct compiler *compiler, struct slice name)
{
    const struct method *method = method_table_find(name);
    if (!method || !method->is_verb) {
        error_set(compiler->error, ERROR_INVALID_PARAMS, "There is no verb `%.*s`.",
                  SLICE_FORMAT(name));
        return NULL;
    }
    if (method->writes && !compiler->may_write) {
        error_set(compiler->error, ERROR_INVALID_PARAMS,
                  "`%.*s` writes, and only a mutation may write.", SLICE_FORMAT(name));
        return NULL;
    }
    return method;
}

/* `value` takes one expression, not params. */
static bool compile_verb(struct compiler *compiler, const struct value_field *verb,
                         struct step *step)
{
    const struct method *method = find_verb(compiler, verb->name);
    if (!method) {
        return false;
    }
    struct value params = verb->value;
    enum value_type type = value_type(params);
    if (method->kind == METHOD_VALUE) {
        struct value_field *wrapped = arena_allocate(compiler->arena, sizeof(*wrapped));
        *wrapped = (struct value_field){parameter_name(PARAM_VALUE), params};
        params = value_from_fields(wrapped, 1);
    } else if (type != TYPE_ARRAY && type != TYPE_OBJECT) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "The params of `%.*s` must be an array or an object, got %s.",
                         SLICE_FORMAT(verb->name), value_type_name(type));
    }
    return step_compile(compiler, method, params, step);
}

static bool compile_condition(struct compiler *compiler, struct value source, struct step *step)
{
    if (value_is_missing(source)) {
        return true;
    }
    struct expression *condition = arena_allocate(compiler->arena, sizeof(*condition));
    step->condition = condition;
    if (expression_compile(compiler, source, condition)) {
        return true;
    }
    error_prefix_path(compiler->error, SLICE("if"));
    return false;
}

/* The name is bound after the step, so that its own params cannot see it. */
static bool compile_let(struct compiler *compiler, struct value source, struct step *step)
{
    if (value_is_missing(source)) {
        return true;
    }
    bool bound =
        value_type(source) == TYPE_STRING
            ? compiler_bind(compiler, value_string_escaped(source), &step->slot)
            : error_set(compiler->error, ERROR_INVALID_PARAMS, "`let` must be a string, got %s.",
                        value_type_name(value_type(source)));
    if (!bound) {
        error_prefix_path(compiler->error, SLICE("let"));
    }
    return bound;
}

static bool compile_step(struct compiler *compiler, struct value source, struct step *step)
{
    struct step_source parts;
    if (!split_step(compiler, source, &parts)) {
        return false;
    }
    if (!compile_verb(compiler, parts.verb, step)) {
        error_prefix_path(compiler->error, parts.verb->name);
        return false;
    }
    return compile_condition(compiler, parts.condition, step) &&
           compile_let(compiler, parts.let, step);
}

static bool compile_steps(struct compiler *compiler, struct value source, struct block *block)
{
    if (value_type(source) != TYPE_ARRAY) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "`do` must be a list of steps, got %s.",
                         value_type_name(value_type(source)));
    }
    uint32_t count;
    const struct value *items = value_items(compiler->arena, source, &count);
    block->steps = arena_allocate(compiler->arena, count * sizeof(struct step));
    for (uint32_t i = 0; i < count; i++) {
        if (!compile_step(compiler, items[i], &block->steps[i])) {
            error_prefix_path_index(compiler->error, i);
            return false;
        }
        block->count += 1;
    }
    return true;
}

bool block_compile(struct compiler *compiler, const struct bound_params *bound, struct block *block)
{
    uint32_t binding_count = compiler->binding_count;
    *block = (struct block){.result = expression_of_value(VALUE_IS(VALUE_NULL))};
    if (param_is_given(bound, PARAM_DO) &&
        !compile_steps(compiler, bound->values[PARAM_DO], block)) {
        return param_fail(bound, PARAM_DO, compiler->error);
    }
    if (param_is_given(bound, PARAM_RETURN) &&
        !expression_compile(compiler, bound->values[PARAM_RETURN], &block->result)) {
        return param_fail(bound, PARAM_RETURN, compiler->error);
    }
    compiler->binding_count = binding_count;
    return true;
}

/* Verbs. */

/* Compiles a param that is evaluated once for each item. */
static bool compile_each(struct compiler *compiler, const struct bound_params *bound,
                         enum parameter parameter, struct expression *expression)
{
    return expression_compile(compiler, bound->values[parameter], expression) ||
           param_fail(bound, parameter, compiler->error);
}

static bool compile_async_map(struct compiler *compiler, const struct bound_params *bound,
                              struct step *step)
{
    uint32_t binding_count = compiler->binding_count;
    step->block = arena_allocate(compiler->arena, sizeof(struct block));
    if (!bind_param(compiler, bound, PARAM_AS, &step->as_slot) ||
        !bind_param(compiler, bound, PARAM_INDEX, &step->index_slot) ||
        !block_compile(compiler, bound, step->block)) {
        return false;
    }
    compiler->binding_count = binding_count;
    if (!compiler->may_write) {
        ahead_plan(step);
    }
    return true;
}

static bool compile_filter(struct compiler *compiler, const struct bound_params *bound,
                           struct step *step)
{
    uint32_t binding_count = compiler->binding_count;
    struct expression *where = arena_allocate(compiler->arena, sizeof(*where));
    step->where = where;
    if (!bind_param(compiler, bound, PARAM_AS, &step->as_slot) ||
        !compile_each(compiler, bound, PARAM_WHERE, where)) {
        return false;
    }
    compiler->binding_count = binding_count;
    return true;
}

/* The path of `value` is that of its one expression. */
static bool compile_value(struct compiler *compiler, const struct bound_params *bound,
                          struct step *step)
{
    struct expression *expression = arena_allocate(compiler->arena, sizeof(*expression));
    step->where = expression;
    return expression_compile(compiler, bound->values[PARAM_VALUE], expression);
}

static bool compile_sort_key(struct compiler *compiler, struct value source, struct sort_key *key)
{
    uint32_t count = 0;
    const struct value *items = NULL;
    if (value_type(source) == TYPE_ARRAY) {
        items = value_items(compiler->arena, source, &count);
    }
    bool fits = count == 2;
    key->descending = fits && value_is_string(items[1], SLICE("desc"));
    if (!fits || (!key->descending && !value_is_string(items[1], SLICE("asc")))) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "`by` is a list of [expression, \"asc\" or \"desc\"].");
    }
    if (!expression_compile(compiler, items[0], &key->by)) {
        error_prefix_path_index(compiler->error, 0);
        return false;
    }
    return true;
}

static bool compile_sort_keys(struct compiler *compiler, const struct bound_params *bound,
                              struct step *step)
{
    struct value source = bound->values[PARAM_BY];
    uint32_t count = 0;
    const struct value *items = NULL;
    if (value_type(source) == TYPE_ARRAY) {
        items = value_items(compiler->arena, source, &count);
    }
    if (count == 0) {
        error_set(compiler->error, ERROR_INVALID_PARAMS,
                  "`by` is a list of [expression, \"asc\" or \"desc\"], and not empty.");
        return param_fail(bound, PARAM_BY, compiler->error);
    }
    struct sort_key *keys = arena_allocate(compiler->arena, count * sizeof(*keys));
    for (uint32_t i = 0; i < count; i++) {
        if (!compile_sort_key(compiler, items[i], &keys[i])) {
            error_prefix_path_index(compiler->error, i);
            return param_fail(bound, PARAM_BY, compiler->error);
        }
    }
    step->by = keys;
    step->by_count = count;
    return true;
}

static bool compile_by(struct compiler *compiler, const struct bound_params *bound,
                       struct step *step)
{
    if (step->method->kind == METHOD_SORT) {
        return compile_sort_keys(compiler, bound, step);
    }
    if (!param_is_given(bound, PARAM_BY)) {
        return true;
    }
    struct sort_key *key = arena_allocate_zeroed(compiler->arena, sizeof(*key));
    step->by = key;
    step->by_count = 1;
    return compile_each(compiler, bound, PARAM_BY, &key->by);
}

static bool compile_keyed(struct compiler *compiler, const struct bound_params *bound,
                          struct step *step)
{
    uint32_t binding_count = compiler->binding_count;
    if (param_is_given(bound, PARAM_AS) != param_is_given(bound, PARAM_BY)) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "`as` and `by` are given together.");
    }
    if (!bind_param(compiler, bound, PARAM_AS, &step->as_slot) ||
        !compile_by(compiler, bound, step)) {
        return false;
    }
    compiler->binding_count = binding_count;
    return true;
}

static bool compile_walk(struct compiler *compiler, const struct bound_params *bound,
                         struct step *step)
{
    return step_literal_string(bound, PARAM_FIELD, compiler->error, &step->field) &&
           step_add_argument(compiler, bound, PARAM_FROM, step) &&
           step_add_argument(compiler, bound, PARAM_DEPTH, step);
}

/* What `via` must not have: the value is each id in turn, and there are no pages or links. */
static bool check_via(struct compiler *compiler, struct value params)
{
    static const struct slice REFUSED[] = {{"value", 5}, {"paginate", 8}, {"withLink", 8}};
    if (value_type(params) != TYPE_OBJECT) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "In `via` params are given by name.");
    }
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        if (!value_is_missing(value_find(params, REFUSED[i]))) {
            error_set(compiler->error, ERROR_INVALID_PARAMS, "In `via` there is no `%.*s`.",
                      SLICE_FORMAT(REFUSED[i]));
            error_prefix_path(compiler->error, REFUSED[i]);
            return false;
        }
    }
    return true;
}

/* Compiles the helper with a value that is read from SLOT_VIA. */
static bool compile_via_verb(struct compiler *compiler, const struct value_field *verb,
                             struct step *step)
{
    const struct method *method = method_table_find(verb->name);
    if (!method || method->or_throw ||
        (method->kind != METHOD_GET_MANY_FROM && method->kind != METHOD_GET_MANY_VIA)) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS,
                         "`via` takes getManyFrom or getManyVia.");
    }
    if (!check_via(compiler, verb->value)) {
        return false;
    }
    uint32_t count;
    const struct value_field *given = value_fields(compiler->arena, verb->value, &count);
    struct value_field *fields = arena_allocate(compiler->arena, (count + 1) * sizeof(*fields));
    if (count > 0) {
        memcpy(fields, given, count * sizeof(*fields));
    }
    fields[count] = (struct value_field){parameter_name(PARAM_VALUE), VALUE_IS(VALUE_NULL)};
    step->via = arena_allocate(compiler->arena, sizeof(struct step));
    uint32_t step_count = compiler->step_count;
    bool compiled = step_compile(compiler, method, value_from_fields(fields, count + 1), step->via);
    compiler->step_count = step_count;
    if (!compiled) {
        return false;
    }
    step->via->number = step->number;
    step->via->value_position = POSITION_NONE;
    /* The walk itself needs `_id`, selected or not. */
    step->has_select = step->via->has_select;
    step->select = step->via->select;
    step->select_count = step->via->select_count;
    step->via->has_select = false;
    step->via->range.parts[0].value =
        (struct expression){.kind = EXPRESSION_REFERENCE, .slot = SLOT_VIA};
    return true;
}

static bool compile_traverse(struct compiler *compiler, const struct bound_params *bound,
                             struct step *step)
{
    struct value via = bound->values[PARAM_VIA];
    uint32_t count = 0;
    const struct value_field *fields = NULL;
    if (value_type(via) == TYPE_OBJECT) {
        fields = value_fields(compiler->arena, via, &count);
    }
    if (count != 1) {
        error_set(compiler->error, ERROR_INVALID_PARAMS,
                  "`via` is {\"getManyFrom\": {…}} or {\"getManyVia\": {…}}.");
        return param_fail(bound, PARAM_VIA, compiler->error);
    }
    if (!compile_via_verb(compiler, &fields[0], step)) {
        error_prefix_path(compiler->error, fields[0].name);
        return param_fail(bound, PARAM_VIA, compiler->error);
    }
    return step_add_argument(compiler, bound, PARAM_FROM, step) &&
           step_add_argument(compiler, bound, PARAM_DEPTH, step);
}

bool step_compile_program_verb(struct compiler *compiler, struct bound_params *bound,
                               struct step *step)
{
    if (!step_add_argument(compiler, bound, PARAM_OVER, step)) {
        return false;
    }
    switch (step->method->kind) {
    case METHOD_ASYNC_MAP:
        return compile_async_map(compiler, bound, step);
    case METHOD_FILTER:
        return compile_filter(compiler, bound, step);
    case METHOD_SORT:
    case METHOD_DISTINCT:
    case METHOD_GROUP:
        return compile_keyed(compiler, bound, step);
    case METHOD_SLICE:
        return step_add_argument(compiler, bound, PARAM_START, step) &&
               step_add_argument(compiler, bound, PARAM_COUNT, step);
    case METHOD_FLATTEN:
        return true;
    case METHOD_WALK:
        return compile_walk(compiler, bound, step);
    case METHOD_TRAVERSE:
        return compile_traverse(compiler, bound, step);
    case METHOD_VALUE:
        return compile_value(compiler, bound, step);
    default:
        assert(step->method->kind == METHOD_ASSERT);
        return step_add_argument(compiler, bound, PARAM_THAT, step) &&
               step_add_argument(compiler, bound, PARAM_MESSAGE, step);
    }
}
