/* Expressions: what stands in a program where a value is wanted.
 *
 * Compiled once, evaluated often. Compilation resolves names to slots, so that evaluation never
 * looks a name up; it knows nothing of the data. What an expression evaluates to is made of
 * documents, pieces of their texts, and lists and objects in the request's arena.
 *
 * Errors get their path on the way out: whoever evaluates a part puts that part's place at the
 * head of error->path when it failed. */
#ifndef TENON_RELATIONS_EXPRESSION_H
#define TENON_RELATIONS_EXPRESSION_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "relations/budget.h"
#include "storage/database.h"

#include <stdbool.h>
#include <stdint.h>

/* Slots that have a fixed meaning; names that a program binds come behind them. */
#define SLOT_ARGS         0
#define SLOT_IT           1
#define SLOT_LINK         2
#define SLOT_VIA          3 /* the id that traverse is at */
#define SLOT_FIRST        4
#define SLOT_NONE         UINT32_MAX

/* Names that one program may have in scope at the same time. */
#define PROGRAM_NAMES_MAX 1000

/* Bytes of JSON that may be compiled at once, `do` and `return` or a filter: the compiled form
 * takes up to sixty times the memory. */
#define PROGRAM_SIZE_MAX  (2 * 1024 * 1024)

/* Args that one call may be given: each is looked for by its name. */
#define ARGS_COUNT_MAX    10000

struct operator;
struct ahead;
struct index_search;

enum segment_kind {
    SEGMENT_FIELD, /* .name, ?.name, ["name"] */
    SEGMENT_ITEM,  /* [n] */
    SEGMENT_EACH   /* [*] */
};

struct segment {
    enum segment_kind kind;
    bool optional;     /* ?. */
    struct slice name; /* canonical */
    uint32_t position;
    struct shape_place place; /* FIELD; a cache, which is why a compiled expression is not constant
                               */
};

enum expression_kind {
    EXPRESSION_LITERAL,
    EXPRESSION_REFERENCE,
    EXPRESSION_LIST,
    EXPRESSION_OBJECT,
    EXPRESSION_OPERATOR
};

struct expression;
struct expression_member;

struct expression {
    enum expression_kind kind;
    uint32_t count;    /* REFERENCE: segments; LIST, OPERATOR: parts; OBJECT: members */
    uint32_t slot;     /* REFERENCE */
    bool parts_listed; /* OPERATOR: its arguments were given as an array */
    union {
        struct value literal;
        struct segment *segments;
        struct expression *parts;
        struct expression_member *members;
    };
    union {
        struct slice source;             /* REFERENCE: the text, for messages */
        const struct operator* operator; /* OPERATOR */
    };
};

/* A field of an object that is being made, or the fields of others that are put there. */
struct expression_member {
    struct slice name; /* canonical; "$spread" */
    bool spreads;
    struct shape_place place; /* in the documents that the object extends; a cache */
    struct expression expression;
};

/* Compiling. */

struct binding {
    struct slice name;
    uint32_t slot;
};

struct compiler {
    struct database *database;
    struct arena *arena; /* where the compiled form goes */
    struct error *error;
    bool in_program; /* false: values are plain, only filters are expressions */
    bool may_write;
    bool in_filter;       /* `$it` has a meaning */
    bool in_link_filter;  /* and `$link` */
    bool takes_undefined; /* {"$undefined":null} is taken here */
    bool checks_args;     /* refuse references to args that `args` lacks */
    struct value args;
    struct slice *required_args; /* names that the program cannot do without */
    uint32_t required_count;
    uint32_t required_capacity;
    struct binding *bindings; /* in scope, innermost last */
    uint32_t binding_count;
    uint32_t slot_count; /* used so far, the greatest number over all scopes */
    uint32_t step_count; /* of the whole program */
};

/* Compiles `source` into `expression`.
 * Errors: InvalidParams, InvalidValue, with the path relative to `source`. */
MUST_CHECK bool expression_compile(struct compiler *compiler, struct value source,
                                   struct expression *expression);

/* Whether `size` bytes of JSON may be compiled. Errors: InvalidParams. */
MUST_CHECK bool compiler_takes(size_t size, struct error *error);

/* The expression that is `value` itself, whatever it looks like. */
struct expression expression_of_value(struct value value);

/* Compiles a reference from its plain text, "$name…" (relations/reference.c). */
MUST_CHECK bool reference_compile(struct compiler *compiler, struct slice text,
                                  struct expression *expression);

/* Binds `name` to a new slot. Errors: InvalidParams for a bad, taken or hidden name. */
MUST_CHECK bool compiler_bind(struct compiler *compiler, struct slice name, uint32_t *slot);

/* Checks a value from outside against what Tenon stores: at most `depth_max` levels of it.
 * Errors: InvalidValue, with the path relative to `value`. */
MUST_CHECK bool vet_value(struct value value, unsigned depth_max, struct error *error);

/* Evaluating. */

struct run {
    struct database *database;
    struct arena *arena;
    struct budget *budget;
    struct error *error;
    bool in_program;
    struct value *slots;
    struct buffer *scratch;            /* for keys, while a function runs */
    struct step_count *counts;         /* by step number, for explain; NULL elsewhere */
    const struct ahead *ahead;         /* what was found for items of the innermost asyncMap */
    uint32_t ahead_item;               /* the one that the run is at */
    const struct index_search *search; /* for a direct call's range, if it was made; else NULL */
    struct insert_ahead *insert_ahead; /* for a direct call's document; else NULL */
    const uint64_t *id_hash; /* of a direct call's id, if it was hashed already; else NULL */
};

/* Evaluates what takes more than a look: see expression_evaluate. */
MUST_CHECK bool expression_compute(struct run *run, const struct expression *expression,
                                   struct value *result);

/* Evaluates an expression. Errors: of the operators, NullReference, TypeMismatch, LimitExceeded;
 * the path is relative to the expression. */
MUST_CHECK static inline bool
expression_evaluate(struct run *run, const struct expression *expression, struct value *result)
{
    if (expression->kind == EXPRESSION_LITERAL) {
        *result = expression->literal;
        return true;
    }
    if (expression->kind == EXPRESSION_REFERENCE && expression->count == 0) {
        *result = run->slots[expression->slot];
        return true;
    }
    return expression_compute(run, expression, result);
}

/* Evaluates to a boolean. Errors: also TypeMismatch, NullReference. */
MUST_CHECK bool expression_evaluate_truth(struct run *run, const struct expression *expression,
                                          bool *truth);

/* Evaluates a reference (relations/reference.c). */
MUST_CHECK bool reference_evaluate(struct run *run, const struct expression *expression,
                                   struct value *result);

/* Evaluates a reference of at most one segment for `root` in the place of its name's value, where
 * that needs no more than a look at a document. Returns false elsewhere. */
MUST_CHECK bool reference_peek(const struct expression *expression, struct value root,
                               struct value *result);

/* Evaluates an object (relations/object.c); with `keeps_missing` a literal {"$undefined":null}
 * stays as a field with a missing value, which removes a field in a patch. */
MUST_CHECK bool object_evaluate(struct run *run, const struct expression *expression,
                                bool keeps_missing, struct value *result);

/* Mixes into `hash` every value that the expression refers to, apart from `$it` and `$link`. */
MUST_CHECK bool expression_hash_references(struct run *run, const struct expression *expression,
                                           uint64_t *hash);

/* Lists in the making. */

struct list_builder {
    struct value *items;
    uint32_t count;
    uint32_t capacity;
};

/* Makes room for `count` items in an empty list; takes the memory from the budget.
 * Errors: LimitExceeded. */
MUST_CHECK static inline bool list_reserve(struct run *run, struct list_builder *list,
                                           uint32_t count)
{
    size_t size = count * sizeof(struct value);
    if (!budget_take_bytes(run->budget, size, run->error)) {
        return false;
    }
    list->items = arena_allocate(run->arena, size);
    list->capacity = count;
    return true;
}

/* Makes the list's memory larger: the slow path of list_append. Errors: LimitExceeded. */
MUST_CHECK bool list_grow(struct run *run, struct list_builder *list, uint32_t capacity);

/* Makes room for `count` more items; takes the memory from the budget. Errors: LimitExceeded. */
MUST_CHECK static inline bool list_make_room(struct run *run, struct list_builder *list,
                                             uint32_t count)
{
    if (LIKELY(list->capacity - list->count >= count)) {
        return true;
    }
    uint32_t doubled = list->capacity ? list->capacity * 2 : 8;
    uint32_t needed = list->count + count;
    return list_grow(run, list, doubled > needed ? doubled : needed);
}

/* Adds an item for which there is room, a missing one as null. */
static inline void list_put(struct list_builder *list, struct value item)
{
    list->items[list->count] = value_is_missing(item) ? VALUE_IS(VALUE_NULL) : item;
    list->count += 1;
}

/* Adds an item, a missing one as null; takes the memory from the budget.
 * Errors: LimitExceeded. */
MUST_CHECK static inline bool list_append(struct run *run, struct list_builder *list,
                                          struct value item)
{
    if (!list_make_room(run, list, 1)) {
        return false;
    }
    list_put(list, item);
    return true;
}

/* The items of a list value. Errors: NullReference for null or missing, TypeMismatch for others;
 * `what` names the value in the message. */
MUST_CHECK bool run_items(struct run *run, struct value value, const char *what,
                          const struct value **items, uint32_t *count);

/* Sets TypeMismatch (NullReference where `found` is null or missing) with the message
 * "`what` must be `expected`, got …". Returns false. */
bool run_mismatch(struct run *run, const char *what, const char *expected, struct value found);

/* The same for what an operator or a condition got: TypeMismatch, whatever `found` is. */
bool run_wrong_type(struct run *run, const char *what, const char *expected, struct value found);

/* Orders two values. Errors: LimitExceeded. */
MUST_CHECK bool run_compare(struct run *run, struct value a, struct value b, int *order);

/* Operators (relations/operator.c). */

struct operator_call {
    struct run *run;
    const struct expression *expression; /* for operators that evaluate their own arguments */
    const struct value *arguments;       /* for the others */
    uint32_t count;
};

struct operator
{
    struct slice name;
    uint8_t count_min; /* arguments; both 0: one expression, not in an array */
    uint8_t count_max; /* UINT8_MAX: any number */
    bool lazy;         /* evaluates its own arguments */
    bool (*evaluate)(const struct operator_call *call, struct value *result);
};

/* The operator with the name (with its `$`), or NULL. */
const struct operator* operator_find(struct slice name);

/* Evaluates argument number `index` of a lazy operator. */
MUST_CHECK bool operator_argument(const struct operator_call *call, uint32_t index,
                                  struct value *value);

#endif
