/* The methods of the contract's sections 5 to 7: one table of names, parameters and kinds.
 *
 * A program's verbs are the same entries; a few (filter, sort, …) are verbs only, and the three
 * that take a program are methods only. */
#ifndef TENON_RELATIONS_METHOD_H
#define TENON_RELATIONS_METHOD_H

#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

/* X(constant, name on the wire) */
#define PARAMETERS(X)                                                                              \
    X(TABLE, "table")                                                                              \
    X(ID, "id")                                                                                    \
    X(IDS, "ids")                                                                                  \
    X(INDEX, "index")                                                                              \
    X(VALUE, "value")                                                                              \
    X(FIELD, "field")                                                                              \
    X(TO_FIELD, "toField")                                                                         \
    X(RANGE, "range")                                                                              \
    X(ORDER, "order")                                                                              \
    X(FILTER, "filter")                                                                            \
    X(SELECT, "select")                                                                            \
    X(TAKE, "take")                                                                                \
    X(N, "n")                                                                                      \
    X(PAGINATE, "paginate")                                                                        \
    X(NUM_ITEMS, "numItems")                                                                       \
    X(CURSOR, "cursor")                                                                            \
    X(WITH_LINK, "withLink")                                                                       \
    X(ARGS, "args")                                                                                \
    X(DOCUMENT, "document")                                                                        \
    X(DOCUMENTS, "documents")                                                                      \
    X(FIELDS, "fields")                                                                            \
    X(OVER, "over")                                                                                \
    X(AS, "as")                                                                                    \
    X(WHERE, "where")                                                                              \
    X(BY, "by")                                                                                    \
    X(START, "start")                                                                              \
    X(COUNT, "count")                                                                              \
    X(FROM, "from")                                                                                \
    X(VIA, "via")                                                                                  \
    X(DEPTH, "depth")                                                                              \
    X(THAT, "that")                                                                                \
    X(MESSAGE, "message")                                                                          \
    X(DO, "do")                                                                                    \
    X(RETURN, "return")                                                                            \
    X(LIMITS, "limits")

enum parameter {
#define PARAMETER_CONSTANT(constant, name) PARAM_##constant,
    PARAMETERS(PARAMETER_CONSTANT)
#undef PARAMETER_CONSTANT
        PARAM_COUNT_OF_ALL
};

#define PARAM_BIT(parameter) (1ull << (parameter))

enum method_kind {
    METHOD_GET,
    METHOD_GET_ALL,
    METHOD_GET_ONE_FROM,
    METHOD_GET_MANY_FROM,
    METHOD_GET_MANY_VIA,
    METHOD_COLLECT,
    METHOD_FIRST,
    METHOD_UNIQUE,
    METHOD_TAKE,
    METHOD_PAGINATE,
    METHOD_COUNT,
    METHOD_EXISTS,
    METHOD_NORMALIZE_ID,
    METHOD_INSERT,
    METHOD_INSERT_MANY,
    METHOD_PATCH,
    METHOD_REPLACE,
    METHOD_DELETE,
    METHOD_ASYNC_MAP,
    METHOD_FILTER,
    METHOD_SORT,
    METHOD_DISTINCT,
    METHOD_GROUP,
    METHOD_SLICE,
    METHOD_FLATTEN,
    METHOD_WALK,
    METHOD_TRAVERSE,
    METHOD_VALUE,
    METHOD_ASSERT,
    METHOD_QUERY,
    METHOD_MUTATION,
    METHOD_EXPLAIN
};

#define METHOD_POSITIONAL_MAX 5
#define METHOD_PARAMETERS_MAX 16

struct method {
    struct slice name;
    enum method_kind kind;
    bool or_throw; /* the OrThrow form */
    bool writes;
    bool is_method; /* may be called by itself */
    bool is_verb;   /* may stand in a program */
    bool by_name_only;
    bool table_may_be_left_out; /* by position: when one param is missing, it is the first */
    uint8_t parameter_count;
    uint8_t positional_count; /* the first of `parameters` may be given by position */
    uint8_t parameters[METHOD_PARAMETERS_MAX];
    uint64_t required; /* PARAM_BIT of each that must be there */
};

/* The method or verb with the name, or NULL. */
const struct method *method_table_find(struct slice name);

/* The params of one call, by parameter. */
struct bound_params {
    uint64_t given;                          /* PARAM_BIT of each */
    struct value values[PARAM_COUNT_OF_ALL]; /* those that are given */
    int8_t positions[PARAM_COUNT_OF_ALL];    /* in an array; -1: by name */
};

static inline bool param_is_given(const struct bound_params *bound, enum parameter parameter)
{
    return (bound->given & PARAM_BIT(parameter)) != 0;
}

/* Sorts `params` (an object, an array, or a missing value for none) by parameter.
 * Errors: InvalidParams for an unknown, missing or extra one. */
MUST_CHECK bool method_bind_params(const struct method *method, struct value params,
                                   struct bound_params *bound, struct error *error);

/* The name of a parameter. */
struct slice parameter_name(enum parameter parameter);

/* Puts the place of a parameter, its name or its position, at the head of the error's path.
 * Returns false. */
bool param_fail(const struct bound_params *bound, enum parameter parameter, struct error *error);

#endif
