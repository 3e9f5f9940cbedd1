/* A hash table with linear probing over the numbers of values. */
#include "relations/value_set.h"

#include "base/hash.h"
#include "index/order.h"

#include <assert.h>

/* Growing by four times keeps what is moved within a third of what is put in. */
#define SLOTS_FIRST   TINY_OR(2, 8)
#define SLOTS_GROW    4

/* The most that are reserved: the values may be far fewer than was thought. */
#define SLOTS_RESERVE 4096

/* The slot that holds the value, or the free one where it belongs. */
static struct value_set_slot *find_slot(const struct value_set *set, struct value value,
                                        uint32_t hash)
{
    uint32_t mask = set->slot_count - 1;
    uint32_t place = hash & mask;
    for (;; place = (place + 1) & mask) {
        struct value_set_slot *slot = &set->slots[place];
        bool equal = slot->after > 0 && slot->hash == hash &&
                     value_equal(set->values.items[slot->after - 1], value);
        if (equal || slot->after == 0) {
            return slot;
        }
    }
}

static void move_slot(struct value_set *set, struct value_set_slot slot)
{
    uint32_t mask = set->slot_count - 1;
    uint32_t place = slot.hash & mask;
    while (set->slots[place].after > 0) {
        place = (place + 1) & mask;
    }
    set->slots[place] = slot;
}

static bool make_slots(struct run *run, struct value_set *set, uint32_t count)
{
    size_t size = count * sizeof(struct value_set_slot);
    set->slot_count = count;
    if (!budget_take_bytes(run->budget, size, run->error)) {
        return false;
    }
    set->slots = arena_allocate_zeroed(run->arena, size);
    return true;
}

static bool grow(struct run *run, struct value_set *set)
{
    struct value_set before = *set;
    uint32_t count = before.slot_count ? before.slot_count * SLOTS_GROW : SLOTS_FIRST;
    if (!make_slots(run, set, count)) {
        return false;
    }
    for (uint32_t i = 0; i < before.slot_count; i++) {
        if (before.slots[i].after > 0) {
            move_slot(set, before.slots[i]);
        }
    }
    return true;
}

bool value_set_reserve(struct run *run, struct value_set *set, uint32_t count)
{
    assert(set->slot_count == 0);
    uint32_t slot_count = SLOTS_FIRST;
    while (slot_count < SLOTS_RESERVE && slot_count / 2 < count) {
        slot_count *= 2;
    }
    return make_slots(run, set, slot_count) &&
           list_reserve(run, &set->values, slot_count / 2 < count ? slot_count / 2 : count);
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
    bool is_string = value.kind == VALUE_TEXT && *value.text == '"';
    uint32_t hash =
        (uint32_t)(is_string ? hash_bytes(value_string_escaped(value), 0) : value_hash(value, 0));
    struct value_set_slot *slot = find_slot(set, value, hash);
    *added = slot->after == 0;
    if (*added) {
        if (!list_make_room(run, &set->values, 1)) {
            return false;
        }
        set->values.items[set->values.count] = value; /* a missing one stays what it is */
        set->values.count += 1;
        *slot = (struct value_set_slot){.hash = hash, .after = set->values.count};
    }
    *number = slot->after - 1;
    return true;
}
