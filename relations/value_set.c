/* A hash table with linear probing over the numbers of values. */
#include "relations/value_set.h"

#include "index/order.h"

static void place(struct value_set *set, uint32_t number)
{
    uint64_t slot = value_hash(set->values.items[number], 0);
    while (set->slots[slot & (set->slot_count - 1)] != 0) {
        slot += 1;
    }
    set->slots[slot & (set->slot_count - 1)] = number + 1;
}

static bool grow(struct run *run, struct value_set *set)
{
    uint64_t slot_count = set->slot_count ? set->slot_count * 2 : 16;
    size_t size = slot_count * sizeof(uint32_t);
    if (!budget_take_bytes(run->budget, size, run->error)) {
        return false;
    }
    set->slots = arena_allocate_zeroed(run->arena, size);
    set->slot_count = slot_count;
    for (uint32_t i = 0; i < set->values.count; i++) {
        place(set, i);
    }
    return true;
}

bool value_set_put(struct run *run, struct value_set *set, struct value value, uint32_t *number,
                   bool *added)
{
    if ((uint64_t)set->values.count * 2 >= set->slot_count && !grow(run, set)) {
        return false;
    }
    if (!budget_take_value(run->budget, value, run->error)) {
        return false;
    }
    uint64_t slot = value_hash(value, 0);
    *added = false;
    for (;; slot++) {
        uint32_t found = set->slots[slot & (set->slot_count - 1)];
        if (found == 0) {
            break;
        }
        *number = found - 1;
        if (value_equal(set->values.items[*number], value)) {
            return true;
        }
    }
    *number = set->values.count;
    *added = true;
    set->slots[slot & (set->slot_count - 1)] = *number + 1;
    if (!list_append(run, &set->values, value)) {
        return false;
    }
    set->values.items[*number] = value; /* a missing one stays what it is */
    return true;
}
