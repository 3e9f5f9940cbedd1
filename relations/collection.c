/* Verbs of programs on lists: asyncMap, filter, distinct, group, slice, flatten; value and assert;
 * and running a block of steps. sort is in sort.c. */
#include "relations/ahead.h"
#include "relations/step.h"
#include "relations/value_set.h"

#include "index/order.h"

#include <assert.h>

/* Blocks. */

static bool run_one(struct run *run, const struct step *step, struct value *result)
{
    bool truth = true;
    *result = VALUE_IS(VALUE_NULL);
    if (step->condition && !expression_evaluate_truth(run, step->condition, &truth)) {
        error_prefix_path(run->error, SLICE("if"));
        return false;
    }
    return !truth || step_run(run, step, result);
}

bool block_run(struct run *run, const struct block *block, struct value *result)
{
    for (uint32_t i = 0; i < block->count; i++) {
        const struct step *step = &block->steps[i];
        struct value value;
        if (!budget_take_time(run->budget, run->error)) {
            return false;
        }
        if (!run_one(run, step, &value)) {
            error_prefix_path_index(run->error, i);
            error_prefix_path(run->error, SLICE("do"));
            return false;
        }
        if (step->slot != SLOT_NONE) {
            run->slots[step->slot] = value;
        }
    }
    if (!expression_evaluate(run, &block->result, result)) {
        error_prefix_path(run->error, SLICE("return"));
        return false;
    }
    return true;
}

bool step_over_items(struct run *run, const struct step *step, const struct value **items,
                     uint32_t *count)
{
    struct value over;
    if (!step_argument(run, step, PARAM_OVER, &over)) {
        return false;
    }
    return run_items(run, over, "`over`", items, count) || step_fail_at(run, step, PARAM_OVER);
}

/* asyncMap. */

/* Runs the block for item number `index`; an error tells the positions in all asyncMaps around. */
static bool map_one(struct run *run, const struct step *step, uint32_t index, struct value *result)
{
    if (step->index_slot != SLOT_NONE) {
        run->slots[step->index_slot] = value_from_number(index);
    }
    if (block_run(run, step->block, result)) {
        return true;
    }
    error_prefix_path(run->error, step->method->name);
    struct error *error = run->error;
    uint32_t *items = arena_allocate(run->arena, (error->item_count + 1) * sizeof(uint32_t));
    if (error->item_count > 0) {
        memcpy(items + 1, error->items, error->item_count * sizeof(uint32_t));
    }
    items[0] = index;
    error->items = items;
    error->item_count += 1;
    return false;
}

/* Maps `count` items from number `from` on, looking ahead for all of them. */
static bool map_few(struct run *run, const struct step *step, const struct value *items,
                    uint32_t from, uint32_t count, struct value *results)
{
    struct ahead ahead;
    if (step->block->ahead_count > 0) {
        ahead_search(step, items + from, count, &ahead);
    }
    for (uint32_t i = 0; i < count; i++) {
        run->slots[step->as_slot] = items[from + i];
        run->ahead = &ahead;
        run->ahead_item = i;
        struct value *result = &results[from + i];
        if (!budget_take_time(run->budget, run->error) || !map_one(run, step, from + i, result)) {
            return false;
        }
        if (value_is_missing(*result)) {
            *result = VALUE_IS(VALUE_NULL);
        }
    }
    return true;
}

static bool run_async_map(struct run *run, const struct step *step, struct value *result)
{
    const struct value *items;
    uint32_t count;
    if (!step_over_items(run, step, &items, &count)) {
        return false;
    }
    if (!budget_take_bytes(run->budget, count * sizeof(struct value), run->error)) {
        return false;
    }
    struct value *results = arena_allocate(run->arena, count * sizeof(struct value));
    const struct ahead *outer = run->ahead;
    uint32_t outer_item = run->ahead_item;
    for (uint32_t i = 0; i < count; i += AHEAD_ITEMS) {
        uint32_t left = count - i;
        uint32_t block_count = left < AHEAD_ITEMS ? left : AHEAD_ITEMS;
        if (!map_few(run, step, items, i, block_count, results)) {
            return false;
        }
    }
    run->ahead = outer;
    run->ahead_item = outer_item;
    *result = value_from_items(results, count);
    return true;
}

static bool run_filter(struct run *run, const struct step *step, struct value *result)
{
    const struct value *items;
    uint32_t count;
    struct list_builder list = {0};
    if (!step_over_items(run, step, &items, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool truth = false;
        run->slots[step->as_slot] = items[i];
        if (!budget_take_time(run->budget, run->error)) {
            return false;
        }
        if (!expression_evaluate_truth(run, step->where, &truth)) {
            return step_fail_at(run, step, PARAM_WHERE);
        }
        if (truth && !list_append(run, &list, items[i])) {
            return false;
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

/* Keys of items. */

bool step_evaluate_key(struct run *run, const struct step *step, uint32_t key, struct value item,
                       struct value *value)
{
    if (!budget_take_time(run->budget, run->error)) {
        return false;
    }
    if (step->by_count == 0) {
        *value = item;
        return true;
    }
    run->slots[step->as_slot] = item;
    if (expression_evaluate(run, &step->by[key].by, value)) {
        return true;
    }
    if (step->method->kind == METHOD_SORT) {
        error_prefix_path_index(run->error, 0);
        error_prefix_path_index(run->error, key);
    }
    return step_fail_at(run, step, PARAM_BY);
}

/* Distinct and group. A missing key is a key like any other, and not null. */

/* The first of items with equal keys. */
static bool distinct_keys(struct run *run, const struct step *step, const struct value *items,
                          uint32_t count, struct value_set *set, struct list_builder *list)
{
    for (uint32_t i = 0; i < count; i++) {
        struct value key;
        uint32_t number;
        bool added;
        if (!step_evaluate_key(run, step, 0, items[i], &key) ||
            !value_set_put(run, set, key, &number, &added)) {
            return false;
        }
        if (added && !list_append(run, list, items[i])) {
            return false;
        }
    }
    return true;
}

static bool run_distinct(struct run *run, const struct step *step, struct value *result)
{
    const struct value *items;
    uint32_t count;
    struct value_set set = {0};
    struct list_builder list = {0};
    if (!step_over_items(run, step, &items, &count) || !value_set_reserve(run, &set, count)) {
        return false;
    }
    bool by_key = step->by_count > 0;
    if (by_key ? !distinct_keys(run, step, items, count, &set, &list)
               : !value_set_put_all(run, &set, items, count)) {
        return false;
    }
    *result = by_key ? value_from_items(list.items, list.count) : value_set_list(&set);
    return true;
}

static bool make_groups(struct run *run, const struct value_set *keys,
                        const struct list_builder *groups, struct value *result)
{
    uint32_t count = keys->values.count;
    size_t size = count * (sizeof(struct value) + 2 * sizeof(struct value_field));
    if (!budget_take_bytes(run->budget, size, run->error)) {
        return false;
    }
    struct value *items = arena_allocate(run->arena, count * sizeof(struct value));
    for (uint32_t i = 0; i < count; i++) {
        struct value_field *fields = arena_allocate(run->arena, 2 * sizeof(struct value_field));
        struct value group = value_from_items(groups[i].items, groups[i].count);
        fields[0] = (struct value_field){SLICE("key"), keys->values.items[i]};
        fields[1] = (struct value_field){SLICE("items"), group};
        items[i] = value_from_fields(fields, 2);
    }
    *result = value_from_items(items, count);
    return true;
}

static bool run_group(struct run *run, const struct step *step, struct value *result)
{
    const struct value *items;
    uint32_t count;
    struct value_set keys = {0};
    if (!step_over_items(run, step, &items, &count) ||
        !budget_take_bytes(run->budget, count * sizeof(struct list_builder), run->error)) {
        return false;
    }
    struct list_builder *groups = arena_allocate(run->arena, count * sizeof(*groups));
    for (uint32_t i = 0; i < count; i++) {
        struct value key;
        uint32_t number;
        bool added;
        if (!step_evaluate_key(run, step, 0, items[i], &key) ||
            !value_set_put(run, &keys, key, &number, &added)) {
            return false;
        }
        if (added) {
            groups[number] = (struct list_builder){0};
        }
        if (!list_append(run, &groups[number], items[i])) {
            return false;
        }
    }
    return make_groups(run, &keys, groups, result);
}

static bool run_slice(struct run *run, const struct step *step, struct value *result)
{
    const struct value *items;
    uint32_t count;
    uint64_t start = 0;
    uint64_t most = UINT32_MAX;
    if (!step_over_items(run, step, &items, &count)) {
        return false;
    }
    if (step_has_argument(step, PARAM_START) &&
        !step_whole_number(run, step, PARAM_START, 0, UINT32_MAX, &start)) {
        return false;
    }
    if (step_has_argument(step, PARAM_COUNT) &&
        !step_whole_number(run, step, PARAM_COUNT, 0, UINT32_MAX, &most)) {
        return false;
    }
    start = start < count ? start : count;
    uint64_t left = count - start;
    *result = value_from_items(items + start, (uint32_t)(most < left ? most : left));
    return true;
}

static bool run_flatten(struct run *run, const struct step *step, struct value *result)
{
    const struct value *items;
    uint32_t count;
    struct list_builder list = {0};
    if (!step_over_items(run, step, &items, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct value *inner = &items[i];
        uint32_t inner_count = 1;
        if (value_type(items[i]) == TYPE_ARRAY &&
            !run_items(run, items[i], "an item", &inner, &inner_count)) {
            return false;
        }
        for (uint32_t j = 0; j < inner_count; j++) {
            if (!budget_take_time(run->budget, run->error) || !list_append(run, &list, inner[j])) {
                return false;
            }
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

static bool run_assert(struct run *run, const struct step *step, struct value *result)
{
    struct value that;
    struct value message;
    if (!step_argument(run, step, PARAM_THAT, &that)) {
        return false;
    }
    *result = VALUE_IS(VALUE_NULL);
    if (that.kind == VALUE_TRUE) {
        return true;
    }
    if (!step_argument(run, step, PARAM_MESSAGE, &message)) {
        return false;
    }
    if (!budget_take_value(run->budget, message, run->error)) {
        return false;
    }
    bool is_string = value_type(message) == TYPE_STRING;
    error_set(run->error, ERROR_ASSERT_FAILED, "%s", "");
    /* Not formatted: the text may have a zero in it. */
    run->error->message =
        is_string ? value_string(run->arena, message) : value_text(run->arena, message);
    return false;
}

bool collection_run(struct run *run, const struct step *step, struct value *result)
{
    switch (step->method->kind) {
    case METHOD_ASYNC_MAP:
        return run_async_map(run, step, result);
    case METHOD_FILTER:
        return run_filter(run, step, result);
    case METHOD_SORT:
        return sort_run(run, step, result);
    case METHOD_DISTINCT:
        return run_distinct(run, step, result);
    case METHOD_GROUP:
        return run_group(run, step, result);
    case METHOD_SLICE:
        return run_slice(run, step, result);
    case METHOD_FLATTEN:
        return run_flatten(run, step, result);
    case METHOD_ASSERT:
        return run_assert(run, step, result);
    default:
        break;
    }
    assert(step->method->kind == METHOD_VALUE);
    if (!expression_evaluate(run, step->where, result)) {
        error_prefix_path(run->error, step->method->name);
        return false;
    }
    return true;
}
