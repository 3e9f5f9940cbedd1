/* Compiling steps whose verbs are methods too, and what all verbs share at run time. */
#include "relations/step.h"

#include "base/hash.h"
#include "storage/id.h"

#include <assert.h>
#include <math.h>

/* Literal params. */

bool step_literal_string(const struct bound_params *bound, enum parameter parameter,
                         struct error *error, struct slice *string)
{
    struct value value = bound->values[parameter];
    if (value_type(value) != TYPE_STRING) {
        error_set(error, ERROR_INVALID_PARAMS, "`%.*s` must be a string, got %s.",
                  SLICE_FORMAT(parameter_name(parameter)), value_type_name(value_type(value)));
        return param_fail(bound, parameter, error);
    }
    *string = value_string_escaped(value);
    return true;
}

/* The params that are of one type, whatever the verb. */
static const struct {
    enum parameter parameter;
    bool literal; /* in a program too */
    uint32_t types;
    const char *expected;
} PARAMETER_TYPES[] = {
#define OF(type) (1u << (type))
    {PARAM_TABLE, true, OF(TYPE_STRING), "a string"},
    {PARAM_INDEX, true, OF(TYPE_STRING), "a string"},
    {PARAM_FIELD, true, OF(TYPE_STRING), "a string"},
    {PARAM_TO_FIELD, true, OF(TYPE_STRING), "a string"},
    {PARAM_ID, false, OF(TYPE_STRING), "an id"},
    {PARAM_IDS, false, OF(TYPE_ARRAY), "a list of ids"},
    {PARAM_DOCUMENT, false, OF(TYPE_OBJECT), "an object"},
    {PARAM_DOCUMENTS, false, OF(TYPE_ARRAY), "a list of objects"},
    {PARAM_FIELDS, false, OF(TYPE_OBJECT), "an object"},
    {PARAM_RANGE, true, OF(TYPE_ARRAY), "a list of [comparison, field, value]"},
    {PARAM_ORDER, true, OF(TYPE_STRING), "\"asc\" or \"desc\""},
    {PARAM_SELECT, true, OF(TYPE_ARRAY), "a list of names of fields"},
    {PARAM_ARGS, true, OF(TYPE_OBJECT), "an object"},
    {PARAM_TAKE, false, OF(TYPE_NUMBER), "a whole number"},
    {PARAM_N, false, OF(TYPE_NUMBER), "a whole number"},
    {PARAM_NUM_ITEMS, false, OF(TYPE_NUMBER), "a whole number"},
    {PARAM_CURSOR, false, OF(TYPE_STRING) | OF(TYPE_NULL), "null or a string"},
    {PARAM_PAGINATE, false, OF(TYPE_OBJECT), "an object"},
    {PARAM_WITH_LINK, false, OF(TYPE_TRUE) | OF(TYPE_FALSE), "a boolean"},
#undef OF
};

/* Whether the params have their types. Wrong types are told before what the schema lacks; where
 * it lacks nothing, each param meets its own check in its turn. */
static bool check_types(struct compiler *compiler, const struct bound_params *bound)
{
    for (size_t i = 0; i < COUNT_OF(PARAMETER_TYPES); i++) {
        enum parameter parameter = PARAMETER_TYPES[i].parameter;
        if (!param_is_given(bound, parameter) ||
            (compiler->in_program && !PARAMETER_TYPES[i].literal)) {
            continue;
        }
        struct value value = bound->values[parameter];
        if (!(PARAMETER_TYPES[i].types >> value_type(value) & 1)) {
            error_set(compiler->error, ERROR_INVALID_PARAMS, "`%.*s` must be %s, got %s.",
                      SLICE_FORMAT(parameter_name(parameter)), PARAMETER_TYPES[i].expected,
                      value_type_name(value_type(value)));
            compiler->error->value = value;
            return param_fail(bound, parameter, compiler->error);
        }
    }
    return true;
}

/* Keeps the error of a value that was found, unless some param has not its type. */
static bool fail_unless_types(struct compiler *compiler, const struct bound_params *bound)
{
    struct error found = *compiler->error;
    error_init(compiler->error, found.arena);
    if (check_types(compiler, bound)) {
        *compiler->error = found;
    }
    return false;
}

static bool compile_table(struct compiler *compiler, const struct bound_params *bound,
                          struct step *step)
{
    struct slice name = {0};
    if (!param_is_given(bound, PARAM_TABLE)) {
        return true;
    }
    if (!step_literal_string(bound, PARAM_TABLE, compiler->error, &name)) {
        return false;
    }
    step->table = database_find_table(compiler->database, name);
    if (step->table) {
        return true;
    }
    if (!check_types(compiler, bound)) {
        return false;
    }
    error_set(compiler->error, ERROR_UNKNOWN_TABLE, "Table \"%.*s\" is not in the schema.",
              SLICE_FORMAT(name));
    compiler->error->table = name;
    return param_fail(bound, PARAM_TABLE, compiler->error);
}

static bool compile_index(struct compiler *compiler, const struct bound_params *bound,
                          const struct table *table, struct index **index)
{
    struct slice name = SLICE("by_creation_time");
    if (param_is_given(bound, PARAM_INDEX) &&
        !step_literal_string(bound, PARAM_INDEX, compiler->error, &name)) {
        return false;
    }
    *index = table_find_index((struct table *)(uintptr_t)table, name);
    if (*index) {
        return true;
    }
    if (!check_types(compiler, bound)) {
        return false;
    }
    error_set(compiler->error, ERROR_UNKNOWN_INDEX, "Index %.*s.%.*s is not in the schema.",
              SLICE_FORMAT(table->name), SLICE_FORMAT(name));
    compiler->error->table = table->name;
    compiler->error->index = name;
    return param_fail(bound, PARAM_INDEX, compiler->error);
}

/* `field`, where it is given, must be the first field of the index. */
static bool compile_field(struct compiler *compiler, const struct bound_params *bound,
                          const struct index *index, struct step *step)
{
    if (!param_is_given(bound, PARAM_FIELD)) {
        return true;
    }
    if (!step_literal_string(bound, PARAM_FIELD, compiler->error, &step->field)) {
        return false;
    }
    struct slice first = range_field_name(index, 0);
    if (slice_equal(step->field, first)) {
        return true;
    }
    if (!check_types(compiler, bound)) {
        return false;
    }
    error_set(compiler->error, ERROR_INVALID_PARAMS,
              "The first field of index %.*s.%.*s is `%.*s`, not `%.*s`; it need not be given.",
              SLICE_FORMAT(index->table->name), SLICE_FORMAT(index->name), SLICE_FORMAT(first),
              SLICE_FORMAT(step->field));
    compiler->error->table = index->table->name;
    compiler->error->index = index->name;
    compiler->error->field = step->field;
    return param_fail(bound, PARAM_FIELD, compiler->error);
}

/* Splits a dotted path. Returns false where a name is empty. */
static bool split_path(struct arena *arena, struct slice text, struct schema_path *path)
{
    uint32_t count = 1;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '.' ? 1 : 0;
    }
    struct slice *names = arena_allocate(arena, count * sizeof(struct slice));
    *path = (struct schema_path){.text = text, .names = names, .name_count = count};
    size_t begin = 0;
    uint32_t number = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i == text.size || text.data[i] == '.') {
            names[number++] = slice_make(text.data + begin, i - begin);
            if (i == begin) {
                return false;
            }
            begin = i + 1;
        }
    }
    return true;
}

static bool compile_to_field(struct compiler *compiler, const struct bound_params *bound,
                             struct step *step)
{
    struct slice text = {0};
    if (!step_literal_string(bound, PARAM_TO_FIELD, compiler->error, &text)) {
        return false;
    }
    step->to_place = arena_allocate_zeroed(compiler->arena, sizeof(*step->to_place));
    const struct type *fields = step->table->schema->fields;
    bool fits = split_path(compiler->arena, text, &step->to_field);
    if (fits && fields && !slice_equal(text, SLICE("_id"))) {
        fits = type_at_path(fields, step->to_field.names, step->to_field.name_count) != NULL;
    }
    if (fits) {
        return true;
    }
    if (!check_types(compiler, bound)) {
        return false;
    }
    error_set(compiler->error, ERROR_INVALID_PARAMS, "Table \"%.*s\" has no field `%.*s`.",
              SLICE_FORMAT(step->table->name), SLICE_FORMAT(text));
    compiler->error->table = step->table->name;
    compiler->error->field = text;
    return param_fail(bound, PARAM_TO_FIELD, compiler->error);
}

static bool compile_order(struct compiler *compiler, const struct bound_params *bound,
                          struct step *step)
{
    if (!param_is_given(bound, PARAM_ORDER)) {
        return true;
    }
    struct value order = bound->values[PARAM_ORDER];
    step->descending = value_is_string(order, SLICE("desc"));
    if (step->descending || value_is_string(order, SLICE("asc"))) {
        return true;
    }
    error_set(compiler->error, ERROR_INVALID_PARAMS, "`order` must be \"asc\" or \"desc\".");
    compiler->error->value = order;
    return param_fail(bound, PARAM_ORDER, compiler->error);
}

static bool compile_select(struct compiler *compiler, const struct bound_params *bound,
                           struct step *step)
{
    if (!param_is_given(bound, PARAM_SELECT)) {
        return true;
    }
    struct value source = bound->values[PARAM_SELECT];
    bool fits = value_type(source) == TYPE_ARRAY;
    uint32_t count = 0;
    const struct value *items = fits ? value_items(compiler->arena, source, &count) : NULL;
    struct slice *names = arena_allocate(compiler->arena, count * sizeof(struct slice));
    for (uint32_t i = 0; i < count && fits; i++) {
        fits = value_type(items[i]) == TYPE_STRING;
        names[i] = fits ? value_string_escaped(items[i]) : SLICE("");
    }
    if (!fits) {
        error_set(compiler->error, ERROR_INVALID_PARAMS,
                  "`select` must be a list of names of fields.");
        compiler->error->value = source;
        return param_fail(bound, PARAM_SELECT, compiler->error);
    }
    step->has_select = true;
    step->select = names;
    step->select_count = count;
    return true;
}

/* The plain values that a direct call's filter refers to. */
static bool compile_args(struct compiler *compiler, const struct bound_params *bound)
{
    if (!param_is_given(bound, PARAM_ARGS)) {
        return true;
    }
    struct value args = bound->values[PARAM_ARGS];
    if (compiler->in_program) {
        error_set(compiler->error, ERROR_INVALID_PARAMS,
                  "In a program the filter sees the program's own names; `args` is for direct "
                  "calls.");
        return param_fail(bound, PARAM_ARGS, compiler->error);
    }
    if (value_type(args) != TYPE_OBJECT) {
        error_set(compiler->error, ERROR_INVALID_PARAMS, "`args` must be an object.");
        return param_fail(bound, PARAM_ARGS, compiler->error);
    }
    if (!vet_value(args, DOCUMENT_DEPTH_MAX, compiler->error)) {
        return param_fail(bound, PARAM_ARGS, compiler->error);
    }
    compiler->args = args;
    return true;
}

static bool compile_filter(struct compiler *compiler, const struct bound_params *bound,
                           struct step *step)
{
    if (!param_is_given(bound, PARAM_FILTER)) {
        return true;
    }
    struct value source = bound->values[PARAM_FILTER];
    struct slice text = value_text(compiler->arena, source);
    if (!compiler_takes(text.size, compiler->error)) {
        return param_fail(bound, PARAM_FILTER, compiler->error);
    }
    struct expression *filter = arena_allocate(compiler->arena, sizeof(*filter));
    compiler->in_filter = true;
    compiler->in_link_filter = step->method->kind == METHOD_GET_MANY_VIA;
    compiler->takes_undefined = true;
    bool compiled = expression_compile(compiler, source, filter);
    compiler->takes_undefined = false;
    compiler->in_filter = false;
    compiler->in_link_filter = false;
    if (!compiled) {
        return param_fail(bound, PARAM_FILTER, compiler->error);
    }
    step->filter = filter;
    step->filter_hash = hash_bytes(text, 0);
    return true;
}

/* Evaluated params. */

/* Those of reads by an index; what makes the range is compiled with it. */
#define READ_ARGUMENTS                                                                             \
    (PARAM_BIT(PARAM_TAKE) | PARAM_BIT(PARAM_N) | PARAM_BIT(PARAM_PAGINATE) |                      \
     PARAM_BIT(PARAM_NUM_ITEMS) | PARAM_BIT(PARAM_CURSOR) | PARAM_BIT(PARAM_WITH_LINK))

/* A plain param of a direct call: any value that Tenon stores; {"$undefined":null} where it is
 * taken, and in the fields of a patch. */
static bool compile_plain(struct compiler *compiler, enum parameter parameter, struct value source,
                          struct expression *expression)
{
    bool is_undefined = value_type(source) == TYPE_MISSING;
    if (parameter == PARAM_VALUE && is_undefined) {
        source = VALUE_IS(VALUE_MISSING);
    }
    *expression = expression_of_value(source);
    if (parameter == PARAM_FIELDS || parameter == PARAM_DOCUMENT || parameter == PARAM_DOCUMENTS) {
        return true; /* vetted when they are written */
    }
    return vet_value(source, DOCUMENT_DEPTH_MAX, compiler->error);
}

bool step_add_argument(struct compiler *compiler, const struct bound_params *bound,
                       enum parameter parameter, struct step *step)
{
    if (!param_is_given(bound, parameter)) {
        return true;
    }
    assert(step->argument_count < STEP_ARGUMENTS_MAX);
    if (!step->arguments) {
        size_t size = STEP_ARGUMENTS_MAX * sizeof(struct argument);
        step->arguments = arena_allocate(compiler->arena, size);
    }
    struct argument *argument = &step->arguments[step->argument_count];
    argument->parameter = parameter;
    argument->position = bound->positions[parameter];
    bool compiled;
    if (compiler->in_program) {
        compiler->takes_undefined = parameter == PARAM_FIELDS || parameter == PARAM_VALUE;
        compiled = expression_compile(compiler, bound->values[parameter], &argument->expression);
        compiler->takes_undefined = false;
    } else {
        compiled =
            compile_plain(compiler, parameter, bound->values[parameter], &argument->expression);
    }
    if (!compiled) {
        return param_fail(bound, parameter, compiler->error);
    }
    step->argument_count += 1;
    return true;
}

/* Makes those of the `wanted` params that are given arguments of the step. */
static bool add_arguments(struct compiler *compiler, const struct bound_params *bound,
                          uint64_t wanted, struct step *step)
{
    for (uint64_t left = bound->given & wanted; left != 0; left &= left - 1) {
        enum parameter parameter = (enum parameter)__builtin_ctzll(left);
        if (!step_add_argument(compiler, bound, parameter, step)) {
            return false;
        }
    }
    return true;
}

/* The parts that all reads by an index share. */
static bool compile_read(struct compiler *compiler, const struct bound_params *bound,
                         struct step *step)
{
    struct index *index;
    struct expression value;
    bool by_value = param_is_given(bound, PARAM_VALUE);
    if (!compile_index(compiler, bound, step->table, &index) ||
        !compile_field(compiler, bound, index, step) ||
        (param_is_given(bound, PARAM_TO_FIELD) && !compile_to_field(compiler, bound, step)) ||
        !compile_order(compiler, bound, step) || !compile_select(compiler, bound, step)) {
        return false;
    }
    if (by_value) {
        /* As an argument it gets its path; the range holds it from then on. */
        if (!step_add_argument(compiler, bound, PARAM_VALUE, step)) {
            return fail_unless_types(compiler, bound);
        }
        step->argument_count -= 1;
        value = step->arguments[step->argument_count].expression;
        step->value_position = bound->positions[PARAM_VALUE];
    }
    struct value source = VALUE_IS(VALUE_MISSING);
    if (param_is_given(bound, PARAM_RANGE)) {
        source = bound->values[PARAM_RANGE];
        step->range_position = bound->positions[PARAM_RANGE];
    }
    if (!range_compile(compiler, index, by_value ? &value : NULL, source, &step->range)) {
        param_fail(bound, PARAM_RANGE, compiler->error);
        return fail_unless_types(compiler, bound);
    }
    return compile_args(compiler, bound) && compile_filter(compiler, bound, step) &&
           add_arguments(compiler, bound, READ_ARGUMENTS, step);
}

static bool check_take_or_paginate(struct compiler *compiler, const struct bound_params *bound)
{
    if (!param_is_given(bound, PARAM_TAKE) || !param_is_given(bound, PARAM_PAGINATE)) {
        return true;
    }
    error_set(compiler->error, ERROR_INVALID_PARAMS,
              "`take` and `paginate` cannot be given together.");
    return param_fail(bound, PARAM_PAGINATE, compiler->error);
}

bool step_compile(struct compiler *compiler, const struct method *method, struct value params,
                  struct step *step)
{
    struct bound_params bound;
    *step = (struct step){
        .method = method,
        .number = compiler->step_count,
        .slot = SLOT_NONE,
        .ahead = AHEAD_NONE,
        .as_slot = SLOT_NONE,
        .index_slot = SLOT_NONE,
    };
    compiler->step_count += 1;
    if (!method_bind_params(method, params, &bound, compiler->error)) {
        return false;
    }
    if (!method->is_method) {
        return step_compile_program_verb(compiler, &bound, step);
    }
    if (!check_take_or_paginate(compiler, &bound) || !compile_table(compiler, &bound, step)) {
        return false;
    }
    if (method->kind >= METHOD_GET_ONE_FROM && method->kind <= METHOD_EXISTS) {
        return compile_read(compiler, &bound, step);
    }
    return add_arguments(compiler, &bound, ~PARAM_BIT(PARAM_TABLE), step);
}

/* Running. */

static const struct argument *find_argument(const struct step *step, enum parameter parameter)
{
    for (uint32_t i = 0; i < step->argument_count; i++) {
        if (step->arguments[i].parameter == parameter) {
            return &step->arguments[i];
        }
    }
    return NULL;
}

bool step_has_argument(const struct step *step, enum parameter parameter)
{
    return find_argument(step, parameter) != NULL;
}

static bool fail_at_position(struct run *run, const struct step *step, enum parameter parameter,
                             int8_t position)
{
    if (position >= 0) {
        error_prefix_path_index(run->error, (uint32_t)position);
    } else if (position != POSITION_NONE) {
        error_prefix_path(run->error, parameter_name(parameter));
    }
    if (run->in_program) {
        error_prefix_path(run->error, step->method->name);
    }
    return false;
}

bool step_fail_at(struct run *run, const struct step *step, enum parameter parameter)
{
    const struct argument *argument = find_argument(step, parameter);
    int8_t position = argument ? argument->position : -1;
    if (parameter == PARAM_VALUE && !argument) {
        position = step->value_position;
    } else if (parameter == PARAM_RANGE) {
        position = step->range_position;
    }
    return fail_at_position(run, step, parameter, position);
}

bool step_fail_at_range(struct run *run, const struct step *step, const struct range_part *part)
{
    if (part->is_value) {
        return step_fail_at(run, step, PARAM_VALUE);
    }
    error_prefix_path_index(run->error, 2);
    error_prefix_path_index(run->error, part->item);
    return step_fail_at(run, step, PARAM_RANGE);
}

bool step_argument(struct run *run, const struct step *step, enum parameter parameter,
                   struct value *value)
{
    const struct argument *argument = find_argument(step, parameter);
    if (!argument) {
        *value = VALUE_IS(VALUE_MISSING);
        return true;
    }
    return expression_evaluate(run, &argument->expression, value) ||
           step_fail_at(run, step, parameter);
}

bool step_mismatch(struct run *run, const struct step *step, enum parameter parameter,
                   const char *expected, struct value found)
{
    struct slice name = parameter_name(parameter);
    if (run->in_program) {
        struct slice what = arena_format(run->arena, "`%.*s`%c", SLICE_FORMAT(name), 0);
        run_mismatch(run, what.data, expected, found);
    } else {
        error_set(run->error, ERROR_INVALID_PARAMS, "`%.*s` must be %s, got %s.",
                  SLICE_FORMAT(name), expected, value_type_name(value_type(found)));
        run->error->value = found;
    }
    return step_fail_at(run, step, parameter);
}

bool step_whole_number(struct run *run, const struct step *step, enum parameter parameter,
                       double min, double max, uint64_t *number)
{
    struct value value;
    if (!step_argument(run, step, parameter, &value)) {
        return false;
    }
    double given = value_type(value) == TYPE_NUMBER ? value_number(value) : NAN;
    if (given >= min && given <= max && given == floor(given)) {
        *number = (uint64_t)given;
        return true;
    }
    struct slice expected =
        arena_format(run->arena, "a whole number from %.0f to %.0f%c", min, max, 0);
    if (value_type(value) != TYPE_NUMBER) {
        return step_mismatch(run, step, parameter, expected.data, value);
    }
    struct slice name = parameter_name(parameter);
    error_set(run->error, ERROR_INVALID_PARAMS, "`%.*s` must be %s.", SLICE_FORMAT(name),
              expected.data);
    run->error->value = value;
    return step_fail_at(run, step, parameter);
}

bool step_run(struct run *run, const struct step *step, struct value *result)
{
    if (run->counts) {
        run->counts[step->number].calls += 1;
    }
    switch (step->method->kind) {
    case METHOD_GET:
    case METHOD_GET_ALL:
    case METHOD_NORMALIZE_ID:
        return get_run(run, step, result);
    case METHOD_INSERT:
    case METHOD_INSERT_MANY:
    case METHOD_PATCH:
    case METHOD_REPLACE:
    case METHOD_DELETE:
        return write_run(run, step, result);
    case METHOD_WALK:
    case METHOD_TRAVERSE:
        return graph_run(run, step, result);
    default:
        return step->method->is_method ? read_run(run, step, result)
                                       : collection_run(run, step, result);
    }
}
