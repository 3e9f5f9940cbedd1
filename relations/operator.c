/* The table of operators; logic and comparison. */
#include "relations/operator.h"

#include "index/order.h"

static const struct operator OPERATOR_TABLE[] = {
#define OPERATOR_ENTRY(text, fewest, most, lazy_, function)                                        \
    {.name = {.data = (text), .size = sizeof(text) - 1},                                           \
     .count_min = (fewest),                                                                        \
     .count_max = (most),                                                                          \
     .lazy = (lazy_),                                                                              \
     .evaluate = (function)},
    OPERATORS(OPERATOR_ENTRY)
#undef OPERATOR_ENTRY
};

const struct operator* operator_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(OPERATOR_TABLE); i++) {
        if (slice_equal(OPERATOR_TABLE[i].name, name)) {
            return &OPERATOR_TABLE[i];
        }
    }
    return NULL;
}

bool operator_mismatch(const struct operator_call *call, const char *expected, struct value found)
{
    struct slice what = arena_format(call->run->arena, "An argument of `%.*s`%c",
                                     SLICE_FORMAT(call->expression->operator->name), 0);
    return run_wrong_type(call->run, what.data, expected, found);
}

bool operator_items(const struct operator_call *call, uint32_t index, const struct value **items,
                    uint32_t *count)
{
    if (value_type(call->arguments[index]) != TYPE_ARRAY) {
        return operator_mismatch(call, "a list", call->arguments[index]);
    }
    return run_items(call->run, call->arguments[index], "a list", items, count);
}

static bool compare(const struct operator_call *call, int *order)
{
    return run_compare(call->run, call->arguments[0], call->arguments[1], order);
}

bool operator_eq(const struct operator_call *call, struct value *result)
{
    int order = 0;
    bool compared = compare(call, &order);
    *result = value_from_bool(order == 0);
    return compared;
}

bool operator_neq(const struct operator_call *call, struct value *result)
{
    int order = 0;
    bool compared = compare(call, &order);
    *result = value_from_bool(order != 0);
    return compared;
}

bool operator_lt(const struct operator_call *call, struct value *result)
{
    int order = 0;
    bool compared = compare(call, &order);
    *result = value_from_bool(order < 0);
    return compared;
}

bool operator_lte(const struct operator_call *call, struct value *result)
{
    int order = 0;
    bool compared = compare(call, &order);
    *result = value_from_bool(order <= 0);
    return compared;
}

bool operator_gt(const struct operator_call *call, struct value *result)
{
    int order = 0;
    bool compared = compare(call, &order);
    *result = value_from_bool(order > 0);
    return compared;
}

bool operator_gte(const struct operator_call *call, struct value *result)
{
    int order = 0;
    bool compared = compare(call, &order);
    *result = value_from_bool(order >= 0);
    return compared;
}

bool operator_in(const struct operator_call *call, struct value *result)
{
    const struct value *items = NULL;
    uint32_t count = 0;
    struct run *run = call->run;
    if (!operator_items(call, 1, &items, &count)) {
        return false;
    }
    *result = VALUE_IS(VALUE_FALSE);
    for (uint32_t i = 0; i < count; i++) {
        if (!budget_take_time(run->budget, run->error)) {
            return false;
        }
        int order;
        if (!run_compare(run, call->arguments[0], items[i], &order)) {
            return false;
        }
        if (order == 0) {
            *result = VALUE_IS(VALUE_TRUE);
            break;
        }
    }
    return true;
}

static bool argument_truth(const struct operator_call *call, uint32_t index, bool *truth)
{
    struct value value;
    if (!operator_argument(call, index, &value)) {
        return false;
    }
    if (!value_is_boolean(value)) {
        return run_wrong_type(call->run, "A condition", "a boolean", value);
    }
    *truth = value.kind == VALUE_TRUE;
    return true;
}

/* Evaluates arguments until one is `decisive`. */
static bool any_argument(const struct operator_call *call, bool decisive, struct value *result)
{
    *result = value_from_bool(!decisive);
    for (uint32_t i = 0; i < call->count; i++) {
        bool truth = !decisive;
        if (!argument_truth(call, i, &truth)) {
            return false;
        }
        if (truth == decisive) {
            *result = value_from_bool(decisive);
            break;
        }
    }
    return true;
}

bool operator_and(const struct operator_call *call, struct value *result)
{
    return any_argument(call, false, result);
}

bool operator_or(const struct operator_call *call, struct value *result)
{
    return any_argument(call, true, result);
}

bool operator_not(const struct operator_call *call, struct value *result)
{
    if (!value_is_boolean(call->arguments[0])) {
        return operator_mismatch(call, "a boolean", call->arguments[0]);
    }
    *result = value_from_bool(call->arguments[0].kind == VALUE_FALSE);
    return true;
}

bool operator_if(const struct operator_call *call, struct value *result)
{
    bool truth = false;
    return argument_truth(call, 0, &truth) && operator_argument(call, truth ? 1 : 2, result);
}

bool operator_coalesce(const struct operator_call *call, struct value *result)
{
    *result = VALUE_IS(VALUE_NULL);
    for (uint32_t i = 0; i < call->count; i++) {
        if (!operator_argument(call, i, result)) {
            return false;
        }
        if (!value_is_null_or_missing(*result)) {
            break;
        }
    }
    return true;
}

bool operator_exists(const struct operator_call *call, struct value *result)
{
    *result = value_from_bool(!value_is_missing(call->arguments[0]));
    return true;
}
