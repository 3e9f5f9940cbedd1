/* The operators, by subject; the table that names them is in relations/operator.c.
 *
 * Each function gets a call with evaluated arguments (or, where the table says so, evaluates them
 * itself), sets `*result` and returns true, or sets the run's error and returns false. */
#ifndef TENON_RELATIONS_OPERATOR_H
#define TENON_RELATIONS_OPERATOR_H

#include "base/value.h"
#include "relations/expression.h"

#include <stdbool.h>

/* X(name, fewest arguments, most arguments, evaluates them itself, function); 0, 0: one
 * expression that does not stand in an array; from 1 on, a single one need not. */
#define OPERATORS(X)                                                                               \
    X("$eq", 2, 2, false, operator_eq)                                                             \
    X("$neq", 2, 2, false, operator_neq)                                                           \
    X("$lt", 2, 2, false, operator_lt)                                                             \
    X("$lte", 2, 2, false, operator_lte)                                                           \
    X("$gt", 2, 2, false, operator_gt)                                                             \
    X("$gte", 2, 2, false, operator_gte)                                                           \
    X("$in", 2, 2, false, operator_in)                                                             \
    X("$and", 0, UINT8_MAX, true, operator_and)                                                    \
    X("$or", 0, UINT8_MAX, true, operator_or)                                                      \
    X("$not", 0, 0, false, operator_not)                                                           \
    X("$if", 3, 3, true, operator_if)                                                              \
    X("$coalesce", 0, UINT8_MAX, true, operator_coalesce)                                          \
    X("$exists", 0, 0, false, operator_exists)                                                     \
    X("$add", 2, 2, false, operator_add)                                                           \
    X("$sub", 2, 2, false, operator_sub)                                                           \
    X("$mul", 2, 2, false, operator_mul)                                                           \
    X("$div", 2, 2, false, operator_div)                                                           \
    X("$mod", 2, 2, false, operator_mod)                                                           \
    X("$neg", 0, 0, false, operator_neg)                                                           \
    X("$abs", 0, 0, false, operator_abs)                                                           \
    X("$floor", 0, 0, false, operator_floor)                                                       \
    X("$ceil", 0, 0, false, operator_ceil)                                                         \
    X("$round", 1, 2, false, operator_round)                                                       \
    X("$size", 0, 0, false, operator_size)                                                         \
    X("$sum", 0, 0, false, operator_sum)                                                           \
    X("$min", 0, 0, false, operator_min)                                                           \
    X("$max", 0, 0, false, operator_max)                                                           \
    X("$avg", 0, 0, false, operator_avg)                                                           \
    X("$first", 0, 0, false, operator_first)                                                       \
    X("$last", 0, 0, false, operator_last)                                                         \
    X("$reverse", 0, 0, false, operator_reverse)                                                   \
    X("$concat", 0, 0, false, operator_concat)                                                     \
    X("$join", 2, 2, false, operator_join)                                                         \
    X("$split", 2, 2, false, operator_split)                                                       \
    X("$lower", 0, 0, false, operator_lower)                                                       \
    X("$upper", 0, 0, false, operator_upper)                                                       \
    X("$substring", 2, 3, false, operator_substring)                                               \
    X("$startsWith", 2, 2, false, operator_starts_with)                                            \
    X("$endsWith", 2, 2, false, operator_ends_with)                                                \
    X("$contains", 2, 2, false, operator_contains)                                                 \
    X("$pick", 2, 2, false, operator_pick)                                                         \
    X("$omit", 2, 2, false, operator_omit)                                                         \
    X("$keys", 0, 0, false, operator_keys)                                                         \
    X("$values", 0, 0, false, operator_values)

/* Sets TypeMismatch, or NullReference for null and missing: "An argument of `$op` must be …".
 * Returns false. */
bool operator_mismatch(const struct operator_call *call, const char *expected, struct value found);

/* The items of argument number `index`, which must be a list. */
bool operator_items(const struct operator_call *call, uint32_t index, const struct value **items,
                    uint32_t *count);

#define OPERATOR_DECLARATION(name, count_min, count_max, lazy, function)                           \
    bool function(const struct operator_call *call, struct value *result);
OPERATORS(OPERATOR_DECLARATION)
#undef OPERATOR_DECLARATION

#endif
