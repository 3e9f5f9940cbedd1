/* Preparing and running calls. */
#include "relations/call.h"

#include "base/memory.h"
#include "relations/call_ahead.h"
#include "relations/program.h"
#include "relations/step.h"
#include "relations/touch.h"

#include <assert.h>
#include <math.h>

#define SCRATCH_KEPT_MAX TINY_OR(64, 64 * 1024)

struct relations {
    struct database *database;
    struct program_cache *programs;
    struct buffer scratch; /* for keys, between calls at most SCRATCH_KEPT_MAX bytes of memory */
};

struct call {
    struct relations *relations;
    const struct method *method;
    struct arena *arena;
    struct budget *budget;    /* the message's */
    struct budget own_budget; /* a program's with limits of its own */
    bool has_own_budget;
    bool in_transaction;
    struct program *program;
    struct value args;
    struct step step;        /* what a method that is no program does … */
    struct call_ahead ahead; /* … and asks for ahead */
};

struct relations *relations_create(struct database *database)
{
    struct relations *relations = memory_allocate_zeroed(1, sizeof(*relations));
    relations->database = database;
    relations->programs = program_cache_create(database);
    return relations;
}

void relations_destroy(struct relations *relations)
{
    program_cache_destroy(relations->programs);
    buffer_deinit(&relations->scratch);
    memory_release(relations);
}

static bool is_program(const struct method *method)
{
    return method->kind >= METHOD_QUERY;
}

/* Programs. */

static bool fail_limits(const struct bound_params *bound, struct error *error)
{
    error_set(error, ERROR_INVALID_PARAMS,
              "`limits` is an object of whole numbers from 0 on: \"documents\", \"bytes\", "
              "\"milliseconds\".");
    return param_fail(bound, PARAM_LIMITS, error);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Lowers one limit, if `limits` names it. Returns false where the number is none. */
static bool lower_limit(struct value limits, struct slice name, uint64_t *limit, uint32_t *known)
{
    struct value value = value_find(limits, name);
    if (value_is_missing(value)) {
        return true;
    }
    *known += 1;
    double number = value_type(value) == TYPE_NUMBER ? value_number(value) : -1;
    if (!(number >= 0 && number <= 9007199254740992.0) || number != floor(number)) {
        return false;
    }
    *limit = least(*limit, (uint64_t)number);
    return true;
}

static bool prepare_limits(struct call *call, const struct bound_params *bound, struct error *error)
{
    if (!param_is_given(bound, PARAM_LIMITS)) {
        return true;
    }
    struct value limits = bound->values[PARAM_LIMITS];
    if (value_type(limits) != TYPE_OBJECT) {
        return fail_limits(bound, error);
    }
    const struct limits *outer = &call->budget->limits;
    struct limits own = *outer;
    uint32_t known = 0;
    if (!lower_limit(limits, SLICE("documents"), &own.documents, &known) ||
        !lower_limit(limits, SLICE("bytes"), &own.bytes, &known) ||
        !lower_limit(limits, SLICE("milliseconds"), &own.milliseconds, &known) ||
        known != value_count(limits)) {
        return fail_limits(bound, error);
    }
    call->has_own_budget = true;
    call->own_budget.limits = own;
    return true;
}

static bool prepare_program(struct call *call, struct value params, struct error *error)
{
    struct bound_params bound;
    if (!method_bind_params(call->method, params, &bound, error)) {
        return false;
    }
    call->args = value_from_fields(NULL, 0);
    if (param_is_given(&bound, PARAM_ARGS)) {
        call->args = bound.values[PARAM_ARGS];
        if (value_type(call->args) != TYPE_OBJECT) {
            error_set(error, ERROR_INVALID_PARAMS, "`args` must be an object.");
            return param_fail(&bound, PARAM_ARGS, error);
        }
        if (value_count(call->args) > ARGS_COUNT_MAX) {
            error_set(error, ERROR_INVALID_PARAMS, "`args` may have %d fields.", ARGS_COUNT_MAX);
            return param_fail(&bound, PARAM_ARGS, error);
        }
        if (!vet_value(call->args, DOCUMENT_DEPTH_MAX, error)) {
            return param_fail(&bound, PARAM_ARGS, error);
        }
    }
    if (!prepare_limits(call, &bound, error)) {
        return false;
    }
    call->program =
        program_acquire(call->relations->programs, call->method, &bound, call->args, error);
    return call->program != NULL;
}

static bool prepare_step(struct call *call, struct value params, struct error *error)
{
    struct compiler compiler = {
        .database = call->relations->database,
        .arena = call->arena,
        .error = error,
        .checks_args = true,
        .args = value_from_fields(NULL, 0),
        .slot_count = SLOT_FIRST,
    };
    if (!step_compile(&compiler, call->method, params, &call->step)) {
        return false;
    }
    call->args = compiler.args;
    return true;
}

static struct call *call_create(struct relations *relations, const struct method *method,
                                struct budget *budget, struct arena *arena)
{
    struct call *call = arena_allocate(arena, sizeof(*call));
    call->relations = relations;
    call->method = method;
    call->arena = arena;
    call->budget = budget;
    call->has_own_budget = false;
    call->in_transaction = false;
    call_ahead_init(&call->ahead);
    call->program = NULL;
    return call;
}

struct call *call_prepare(struct relations *relations, const struct method *method,
                          struct value params, struct budget *budget, struct arena *arena,
                          struct error *error)
{
    struct call *call = call_create(relations, method, budget, arena);
    bool prepared = is_program(method) ? prepare_program(call, params, error)
                                       : prepare_step(call, params, error);
    return prepared ? call : NULL;
}

/* Where the step of a method keeps the hole; NULL: nowhere. */
static struct value *step_hole(const struct step *step)
{
    switch (step->method->kind) {
    case METHOD_GET:
    case METHOD_DELETE:
    case METHOD_INSERT:
        return &step->arguments[0].expression.literal;
    case METHOD_GET_ONE_FROM:
    case METHOD_GET_MANY_FROM:
    case METHOD_GET_MANY_VIA:
        return &step->range.parts[0].value.literal;
    default:
        return NULL;
    }
}

static bool is_string(struct value value)
{
    return value.kind == VALUE_TEXT && *value.text == '"';
}

bool call_hole(const struct call *call, struct slice *text)
{
    const struct value *hole = call->program ? NULL : step_hole(&call->step);
    if (hole && is_string(*hole)) {
        *text = slice_make(hole->text, hole->size);
        return true;
    }
    if (hole && hole->kind == VALUE_OBJECT && (hole->flags & VALUE_FLAG_TEXT_KEPT)) {
        *text = value_kept_text(*hole);
        return true;
    }
    return false;
}

/* A copy of `like`, apart from the hole, which is `value`. */
static void copy_step(struct step *step, const struct step *like, struct value value,
                      struct arena *arena)
{
    *step = *like;
    if (like->range.count > 0) {
        size_t size = like->range.count * sizeof(struct range_part);
        step->range.parts = memcpy(arena_allocate(arena, size), like->range.parts, size);
    } else {
        step->arguments = arena_allocate(arena, sizeof(struct argument));
        step->arguments[0] = like->arguments[0];
    }
    *step_hole(step) = value;
}

struct call *call_prepare_like(const struct call *like, struct value value, struct budget *budget,
                               struct arena *arena)
{
    const struct value *hole = step_hole(&like->step);
    if (is_string(*hole) ? !is_string(value) : value.kind != hole->kind) {
        return NULL;
    }
    struct call *call = call_create(like->relations, like->method, budget, arena);
    copy_step(&call->step, &like->step, value, arena);
    call->args = like->args;
    return call;
}

bool call_prefetch(struct call *call, unsigned stage)
{
    const struct database *database = call->relations->database;
    if (call->program) {
        return false;
    }
    if (stage == 0) {
        return call_ahead_begin(&call->ahead, database, &call->step);
    }
    return call_ahead_continue(&call->ahead, database, stage);
}

/* Running. */

struct explained {
    struct run *run;
    struct list_builder steps;
};

static bool explain_block(struct explained *explained, const struct block *block,
                          struct slice path);

static bool explain_step(struct explained *explained, const struct step *step, struct slice path)
{
    struct run *run = explained->run;
    const struct step_count *count = &run->counts[step->number];
    const struct step *reads = step->via ? step->via : step;
    struct value_field *fields = arena_allocate(run->arena, 6 * sizeof(*fields));
    uint32_t n = 0;
    fields[n++] = (struct value_field){SLICE("path"), value_from_string(run->arena, path)};
    fields[n++] =
        (struct value_field){SLICE("verb"), value_from_string(run->arena, step->method->name)};
    if (reads->table) {
        fields[n++] =
            (struct value_field){SLICE("table"), value_from_string(run->arena, reads->table->name)};
    }
    if (reads->range.index) {
        fields[n++] = (struct value_field){SLICE("index"),
                                           value_from_string(run->arena, reads->range.index->name)};
    }
    fields[n++] = (struct value_field){SLICE("calls"), value_from_number((double)count->calls)};
    fields[n++] =
        (struct value_field){SLICE("documents"), value_from_number((double)count->documents)};
    if (!list_append(run, &explained->steps, value_from_fields(fields, n))) {
        return false;
    }
    if (!step->block) {
        return true;
    }
    struct slice inner =
        arena_format(run->arena, "%.*s/%.*s", SLICE_FORMAT(path), SLICE_FORMAT(step->method->name));
    return explain_block(explained, step->block, inner);
}

static bool explain_block(struct explained *explained, const struct block *block, struct slice path)
{
    for (uint32_t i = 0; i < block->count; i++) {
        struct slice step_path =
            arena_format(explained->run->arena, "%.*s/do/%u", SLICE_FORMAT(path), i);
        if (!explain_step(explained, &block->steps[i], step_path)) {
            return false;
        }
    }
    return true;
}

/* {"value": …, "cost": {…}, "steps": […]} */
static bool explain(struct run *run, const struct program *program, struct value *result)
{
    struct explained explained = {.run = run};
    struct budget cost = *run->budget;
    size_t bytes;
    if (!budget_measure(run->budget, *result, &bytes, run->error) ||
        !explain_block(&explained, &program->block, SLICE(""))) {
        return false;
    }
    struct value_field *figures = arena_allocate(run->arena, 3 * sizeof(*figures));
    figures[0] =
        (struct value_field){SLICE("documents"), value_from_number((double)cost.documents)};
    figures[1] = (struct value_field){SLICE("ranges"), value_from_number((double)cost.ranges)};
    figures[2] = (struct value_field){SLICE("bytes"), value_from_number((double)bytes)};
    struct value_field *fields = arena_allocate(run->arena, 3 * sizeof(*fields));
    /* As query answers it; a missing field would be left out. */
    struct value answer = value_is_missing(*result) ? VALUE_IS(VALUE_NULL) : *result;
    fields[0] = (struct value_field){SLICE("value"), answer};
    fields[1] = (struct value_field){SLICE("cost"), value_from_fields(figures, 3)};
    fields[2].name = SLICE("steps");
    fields[2].value = value_from_items(explained.steps.items, explained.steps.count);
    *result = value_from_fields(fields, 3);
    return true;
}

static bool run_program(struct call *call, struct run *run, struct value *result)
{
    const struct program *program = call->program;
    bool explains = call->method->kind == METHOD_EXPLAIN;
    run->in_program = true;
    if (explains) {
        size_t size = program->step_count * sizeof(struct step_count);
        run->counts = arena_allocate_zeroed(run->arena, size);
    }
    if (!block_run(run, &program->block, result)) {
        return false;
    }
    return !explains || explain(run, program, result);
}

static bool run_anything(struct call *call, struct run *run, struct value *result)
{
    bool ran = call->program ? run_program(call, run, result) : step_run(run, &call->step, result);
    /* What a transaction answers must be known to fit before it is committed. */
    bool is_final = call->method->writes;
    return ran && (!is_final || budget_take_result(run->budget, *result, run->error));
}

bool call_run(struct call *call, struct value *result, struct error *error)
{
    struct value few[SLOT_FIRST];
    struct value *slots = few;
    if (call->program) {
        slots = arena_allocate(call->arena, call->program->slot_count * sizeof(struct value));
    }
    slots[SLOT_ARGS] = call->args;
    if (call->has_own_budget) {
        struct limits limits = call->own_budget.limits;
        budget_begin_inner(&call->own_budget, &limits, call->budget);
    }
    struct run run = {
        .database = call->relations->database,
        .arena = call->arena,
        .budget = call->has_own_budget ? &call->own_budget : call->budget,
        .error = error,
        .slots = slots,
        .scratch = &call->relations->scratch,
        .id_hash = call_ahead_id_hash(&call->ahead),
        .search = call_ahead_found(&call->ahead),
        .insert_ahead = call_ahead_insert(&call->ahead),
    };
    call->in_transaction = call->method->writes;
    if (call->in_transaction) {
        transaction_begin(run.database);
    }
    bool ran = run_anything(call, &run, result);
    if (call->in_transaction && ran) {
        ran = transaction_commit(run.database, error);
        budget_keep_written(run.budget);
    } else if (call->in_transaction) {
        transaction_rollback(run.database);
        budget_keep_written(run.budget);
    }
    if (call->has_own_budget) {
        budget_end_inner(&call->own_budget, call->budget);
    }
    return ran;
}

bool call_write_result(struct call *call, struct value result, struct buffer *output,
                       struct error *error)
{
    if (call->method->writes) {
        value_write(output, result);
        return true;
    }
    if (!call->has_own_budget) {
        return budget_write_result(call->budget, result, output, error);
    }
    uint64_t before = call->own_budget.result_bytes;
    bool written = budget_write_result(&call->own_budget, result, output, error);
    call->budget->result_bytes += call->own_budget.result_bytes - before;
    return written;
}

uint64_t call_sequence(const struct call *call, const struct value *result)
{
    const struct database *database = call->relations->database;
    if (call->program) {
        return touch_block(database, &call->program->block);
    }
    if (call->method->kind == METHOD_GET && result && result->kind == VALUE_DOCUMENT) {
        return document_of(*result)->shape->table->sequence;
    }
    return touch_step(database, &call->step);
}

void call_end(struct call *call)
{
    if (call->in_transaction) {
        transaction_end(call->relations->database);
    }
    if (call->program) {
        program_release(call->relations->programs, call->program);
    }
    if (call->relations->scratch.capacity > SCRATCH_KEPT_MAX) {
        buffer_deinit(&call->relations->scratch);
    }
}
