/* Steps: one verb with its params, compiled.
 *
 * A method that is called by itself is one step with plain values; a program is a block of steps,
 * and asyncMap holds a block of its own. */
#ifndef TENON_RELATIONS_STEP_H
#define TENON_RELATIONS_STEP_H

#include "base/macros.h"
#include "base/slice.h"
#include "relations/expression.h"
#include "relations/method.h"
#include "relations/range.h"
#include "storage/database.h"

#include <stdbool.h>
#include <stdint.h>

/* The step is not looked ahead for (relations/ahead.h). */
#define AHEAD_NONE         UINT32_MAX

/* The most params of one verb that are evaluated. */
#define STEP_ARGUMENTS_MAX 6

/* Positions of params that are not in an array. */
#define POSITION_NAMED     (-1)
#define POSITION_NONE      (-2) /* it is not in the text at all */

/* A param that is evaluated when the step runs. */
struct argument {
    enum parameter parameter;
    int8_t position; /* in the array of params; -1: by name */
    struct expression expression;
};

struct sort_key {
    struct expression by;
    bool descending;
};

struct block;

struct step {
    const struct method *method;
    uint32_t number; /* within the program, in the order of the text */
    uint32_t slot;   /* of its name; SLOT_NONE */
    uint32_t ahead;  /* its number among those that are looked ahead for; AHEAD_NONE */
    bool descending;
    bool has_select;
    uint32_t argument_count;
    struct argument *arguments;         /* room for STEP_ARGUMENTS_MAX; NULL: none */
    const struct expression *condition; /* NULL: it always runs */

    struct table *table; /* NULL: not named */
    struct range_plan range;
    int8_t value_position; /* of `value` and `range` among the params, for errors */
    int8_t range_position;
    struct slice field;              /* as given: `field` of a helper, of walk */
    struct schema_path to_field;     /* getManyVia */
    struct shape_place *to_place;    /* of its first name */
    const struct expression *filter; /* NULL: none */
    uint64_t filter_hash;            /* of its text */
    const struct slice *select;      /* canonical names */
    uint32_t select_count;

    uint32_t as_slot;          /* asyncMap, filter, sort, distinct, group; SLOT_NONE */
    uint32_t index_slot;       /* asyncMap; SLOT_NONE */
    struct block *block;       /* asyncMap */
    const struct sort_key *by; /* sort; distinct and group have at most one */
    uint32_t by_count;
    const struct expression *where; /* filter; value: its one expression */
    struct step *via; /* traverse: its value is the slot SLOT_VIA; `select` is the outer's */
};

/* Steps in order, and what they return. */
struct block {
    struct step *steps;
    uint32_t count;
    uint32_t ahead_count; /* steps that are looked ahead for */
    struct expression result;
};

/* What explain tells of a step. */
struct step_count {
    uint64_t calls;
    uint64_t documents;
};

/* Compiles the verb `method` with `params`.
 * Errors: see section 2 of the contract; the path is relative to the params. */
MUST_CHECK bool step_compile(struct compiler *compiler, const struct method *method,
                             struct value params, struct step *step);

/* Compiles the params of verbs that only programs have (relations/step_program.c). */
MUST_CHECK bool step_compile_program_verb(struct compiler *compiler, struct bound_params *bound,
                                          struct step *step);

/* Compiles the params `do` and `return` into a block, of an asyncMap or of a whole program. Names
 * that are bound in it are unbound at its end. */
MUST_CHECK bool block_compile(struct compiler *compiler, const struct bound_params *bound,
                              struct block *block);

/* A name given as a param. Errors: InvalidParams where it is no string. */
MUST_CHECK bool step_literal_string(const struct bound_params *bound, enum parameter parameter,
                                    struct error *error, struct slice *string);

/* Makes the param an argument of the step.
 * Errors: those of expression_compile, with the path. */
MUST_CHECK bool step_add_argument(struct compiler *compiler, const struct bound_params *bound,
                                  enum parameter parameter, struct step *step);

/* Running. */

/* Runs the step once, without looking at its condition.
 * Errors: the path is relative to the step. */
MUST_CHECK bool step_run(struct run *run, const struct step *step, struct value *result);

/* Runs every step of a block in order, then evaluates its result. */
MUST_CHECK bool block_run(struct run *run, const struct block *block, struct value *result);

/* Evaluates an argument; a missing value where the step has none such.
 * Errors: with the path. */
MUST_CHECK bool step_argument(struct run *run, const struct step *step, enum parameter parameter,
                              struct value *value);

bool step_has_argument(const struct step *step, enum parameter parameter);

/* Puts the place of a param at the head of the error's path. Returns false. */
bool step_fail_at(struct run *run, const struct step *step, enum parameter parameter);

/* The same for a part of the step's range. */
bool step_fail_at_range(struct run *run, const struct step *step, const struct range_part *part);

/* Evaluates an argument that must be a whole number from `min` to `max`.
 * Errors: InvalidParams in a direct call, else TypeMismatch or NullReference. */
MUST_CHECK bool step_whole_number(struct run *run, const struct step *step,
                                  enum parameter parameter, double min, double max,
                                  uint64_t *number);

/* Sets the error of an argument of the wrong type: InvalidParams in a direct call, else as
 * run_mismatch. Returns false. */
bool step_mismatch(struct run *run, const struct step *step, enum parameter parameter,
                   const char *expected, struct value found);

/* The items of the param `over`. Errors: with the path. */
MUST_CHECK bool step_over_items(struct run *run, const struct step *step,
                                const struct value **items, uint32_t *count);

/* Evaluates key number `key` of an item; it is the item itself where there is no `by`.
 * Errors: with the path. */
MUST_CHECK bool step_evaluate_key(struct run *run, const struct step *step, uint32_t key,
                                  struct value item, struct value *value);

/* The verbs, by file. */
MUST_CHECK bool read_run(struct run *run, const struct step *step, struct value *result);
MUST_CHECK bool get_run(struct run *run, const struct step *step, struct value *result);
MUST_CHECK bool write_run(struct run *run, const struct step *step, struct value *result);
MUST_CHECK bool collection_run(struct run *run, const struct step *step, struct value *result);
MUST_CHECK bool sort_run(struct run *run, const struct step *step, struct value *result);
MUST_CHECK bool graph_run(struct run *run, const struct step *step, struct value *result);

/* Finds the document of the step's id, or NULL where there is none.
 * Errors: InvalidId for what is no id, or an id of another table than the one named. */
MUST_CHECK bool get_document(struct run *run, const struct step *step, struct value id,
                             struct document **document);

/* Counts documents that were read for the step. Errors: LimitExceeded. */
MUST_CHECK static inline bool step_count_documents(struct run *run, const struct step *step,
                                                   uint64_t count)
{
    if (run->counts) {
        run->counts[step->number].documents += count;
    }
    return budget_take_documents(run->budget, count, run->error);
}

#endif
