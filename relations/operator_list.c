/* Operators on lists and objects. */
#include "relations/operator.h"

#include "index/order.h"
#include "storage/document.h"

/* How many code points a canonical string has between its quotes. */
static uint32_t count_code_points(struct slice escaped)
{
    uint32_t count = 0;
    for (size_t i = 0; i < escaped.size; i++) {
        if (escaped.data[i] == '\\') {
            i += escaped.data[i + 1] == 'u' ? 5 : 1;
        }
        count += ((unsigned char)escaped.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

bool operator_size(const struct operator_call *call, struct value *result)
{
    struct value value = call->arguments[0];
    switch (value_type(value)) {
    case TYPE_STRING:
        *result = value_from_number(count_code_points(value_string_escaped(value)));
        return true;
    case TYPE_ARRAY:
    case TYPE_OBJECT:
        *result = value_from_number(value_count(value));
        return true;
    default:
        return operator_mismatch(call, "a list, a string or an object", value);
    }
}

/* The item that comes first in the order of values, or, with sign -1, last; of equals the one
 * that stands first. */
static bool extreme(const struct operator_call *call, int sign, struct value *result)
{
    const struct value *items = NULL;
    uint32_t count = 0;
    if (!operator_items(call, 0, &items, &count)) {
        return false;
    }
    *result = count > 0 ? items[0] : VALUE_IS(VALUE_MISSING);
    for (uint32_t i = 1; i < count; i++) {
        if (!budget_take_time(call->run->budget, call->run->error)) {
            return false;
        }
        int order;
        if (!run_compare(call->run, items[i], *result, &order)) {
            return false;
        }
        if (sign > 0 ? order < 0 : order > 0) {
            *result = items[i];
        }
    }
    return true;
}

bool operator_min(const struct operator_call *call, struct value *result)
{
    return extreme(call, 1, result);
}

bool operator_max(const struct operator_call *call, struct value *result)
{
    return extreme(call, -1, result);
}

bool operator_first(const struct operator_call *call, struct value *result)
{
    const struct value *items = NULL;
    uint32_t count = 0;
    if (!operator_items(call, 0, &items, &count)) {
        return false;
    }
    *result = count > 0 ? items[0] : VALUE_IS(VALUE_MISSING);
    return true;
}

bool operator_last(const struct operator_call *call, struct value *result)
{
    const struct value *items = NULL;
    uint32_t count = 0;
    if (!operator_items(call, 0, &items, &count)) {
        return false;
    }
    *result = count > 0 ? items[count - 1] : VALUE_IS(VALUE_MISSING);
    return true;
}

bool operator_reverse(const struct operator_call *call, struct value *result)
{
    const struct value *items = NULL;
    uint32_t count = 0;
    struct list_builder list = {0};
    if (!operator_items(call, 0, &items, &count)) {
        return false;
    }
    for (uint32_t i = count; i > 0; i--) {
        if (!list_append(call->run, &list, items[i - 1])) {
            return false;
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

/* The fields of argument 0, which must be an object. */
static bool argument_fields(const struct operator_call *call, const struct value_field **fields,
                            uint32_t *count)
{
    struct run *run = call->run;
    struct value value = call->arguments[0];
    if (value_type(value) != TYPE_OBJECT) {
        return operator_mismatch(call, "an object", value);
    }
    if (!budget_take_bytes(run->budget, value_count(value) * sizeof(**fields), run->error)) {
        return false;
    }
    *fields = value_fields(run->arena, value, count);
    return true;
}

static bool names_contain(const struct value *names, uint32_t count, struct slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(value_string_escaped(names[i]), name)) {
            return true;
        }
    }
    return false;
}

static bool choose_fields(const struct operator_call *call, bool picks, struct value *result)
{
    struct run *run = call->run;
    const struct value_field *fields = NULL;
    const struct value *names = NULL;
    uint32_t count = 0;
    uint32_t name_count = 0;
    if (!argument_fields(call, &fields, &count) || !operator_items(call, 1, &names, &name_count)) {
        return false;
    }
    for (uint32_t i = 0; i < name_count; i++) {
        if (value_type(names[i]) != TYPE_STRING) {
            return run_wrong_type(run, "A name", "a string", names[i]);
        }
    }
    struct value_field *chosen = arena_allocate(run->arena, count * sizeof(*chosen));
    uint32_t chosen_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!budget_take_work(run->budget, 1 + name_count / 16, run->error)) {
            return false;
        }
        if (names_contain(names, name_count, fields[i].name) == picks) {
            chosen[chosen_count++] = fields[i];
        }
    }
    *result = value_from_fields(chosen, chosen_count);
    return true;
}

bool operator_pick(const struct operator_call *call, struct value *result)
{
    return choose_fields(call, true, result);
}

bool operator_omit(const struct operator_call *call, struct value *result)
{
    return choose_fields(call, false, result);
}

bool operator_keys(const struct operator_call *call, struct value *result)
{
    const struct value_field *fields = NULL;
    uint32_t count = 0;
    struct list_builder list = {0};
    if (!argument_fields(call, &fields, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct slice name = fields[i].name;
        struct slice text = arena_format(call->run->arena, "\"%.*s\"", SLICE_FORMAT(name));
        if (!budget_take_bytes(call->run->budget, text.size, call->run->error) ||
            !list_append(call->run, &list, value_from_text(text))) {
            return false;
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

bool operator_values(const struct operator_call *call, struct value *result)
{
    const struct value_field *fields = NULL;
    uint32_t count = 0;
    struct list_builder list = {0};
    if (!argument_fields(call, &fields, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!list_append(call->run, &list, fields[i].value)) {
            return false;
        }
    }
    *result = value_from_items(list.items, list.count);
    return true;
}
