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

/* Values of a list that are counted together. */
#define WORK_AT_ONCE  64

/* Not inlined, because hashes that are equal are the exception. */
static NEVER_INLINE bool has_value(const struct value_set *set, const struct value_set_slot *slot,
                                   const struct value *value)
{
    return value_equal(set->values.items[slot->after - 1], *value);
}

/* The slot that holds the value, or the free one where it belongs. */
static inline struct value_set_slot *find_slot(const struct value_set *set,
                                               const struct value *value, uint32_t hash)
{
    uint32_t mask = set->slot_count - 1;
    uint32_t place = hash & mask;
    struct value_set_slot *slot = &set->slots[place];
    while (slot->after > 0 && !(slot->hash == hash && has_value(set, slot, value))) {
        place = (place + 1) & mask;
        slot = &set->slots[place];
    }
    return slot;
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

static NEVER_INLINE uint64_t hash_other(const struct value *value, uint64_t seed)
{
    return value_hash(*value, seed);
}

/* The hash is seeded, so that nobody can choose values that all belong in one slot. */
static inline uint32_t hash_of(const struct run *run, const struct value *value)
{
    uint64_t seed = run->database->documents.seed;
    bool is_usual =
        value->kind == VALUE_TEXT && *value->text == '"' && value->size == HASH_USUAL_SIZE + 2;
    return (uint32_t)(LIKELY(is_usual) ? hash_bytes_of_usual_size(value->text + 1, seed)
                                       : hash_other(value, seed));
}

/* Makes sure of room for one more value, and takes the work of looking at `value`. */
static inline bool prepare(struct run *run, struct value_set *set, const struct value *value)
{
    bool has_slot = (uint64_t)set->values.count * 2 < set->slot_count;
    return (LIKELY(has_slot) || grow(run, set)) && list_make_room(run, &set->values, 1) &&
           budget_take_value(run->budget, *value, run->error);
}

/* Puts a value in for which everything is prepared; returns the slot that has its number. */
static ALWAYS_INLINE const struct value_set_slot *put(const struct run *run, struct value_set *set,
                                                      const struct value *value)
{
    uint32_t hash = hash_of(run, value);
    struct value_set_slot *slot = find_slot(set, value, hash);
    if (slot->after == 0) {
        set->values.items[set->values.count] = *value; /* a missing one stays what it is */
        set->values.count += 1;
        *slot = (struct value_set_slot){.hash = hash, .after = set->values.count};
    }
    return slot;
}

bool value_set_put(struct run *run, struct value_set *set, struct value value, uint32_t *number,
                   bool *added)
{
    uint32_t count = set->values.count;
    if (!prepare(run, set, &value)) {
        return false;
    }
    *number = put(run, set, &value)->after - 1;
    *added = set->values.count > count;
    return true;
}

bool value_set_put_all(struct run *run, struct value_set *set, const struct value *values,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_counted =
            i % WORK_AT_ONCE != 0 || budget_take_work(run->budget, WORK_AT_ONCE, run->error);
        if (!is_counted || !prepare(run, set, &values[i])) {
            return false;
        }
        put(run, set, &values[i]);
    }
    return true;
}
