/* A hash table with linear probing over the numbers of values. */
#include "relations/value_set.h"

#include "base/hash.h"
#include "index/order.h"
#include "storage/id.h"

#include <assert.h>

/* Growing by four times keeps what is moved within a third of what is put in. */
#define SLOTS_FIRST   TINY_OR(2, 8)
#define SLOTS_GROW    4

/* The most that are reserved: the values may be far fewer than was thought. */
#define SLOTS_RESERVE 4096

/* Sets of fewer values keep no hashes: what it saves would not be worth the memory. */
#define HASHED_FROM   TINY_OR(4, 16)

/* Ids of a list that are put in, and counted as work, together. */
#define PUT_AT_ONCE   64

/* The first slot from the one at `place` on that has the hash, or is free. */
static inline struct value_set_slot *probe(const struct value_set *set, uint32_t place,
                                           uint32_t hash)
{
    uint32_t mask = set->slot_count - 1;
    struct value_set_slot *slot = &set->slots[place & mask];
    while (slot->after > 0 && slot->hash != hash) {
        place += 1;
        slot = &set->slots[place & mask];
    }
    return slot;
}

/* The slot that holds the value, or the free one where it belongs. */
static struct value_set_slot *find_slot(const struct value_set *set, const struct value *value,
                                        uint32_t hash)
{
    struct value_set_slot *slot = probe(set, hash, hash);
    while (slot->after > 0 && !value_equal(set->values.items[slot->after - 1], *value)) {
        slot = probe(set, (uint32_t)(slot - set->slots) + 1, hash);
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

/* Makes room for values and for their hashes, to which the value before the first one points. */
static bool reserve_hashed(struct run *run, struct value_set *set, uint32_t count)
{
    size_t values_size = (count + 1) * sizeof(struct value);
    size_t hashes_size = count * sizeof(uint64_t);
    if (!budget_take_bytes(run->budget, values_size + hashes_size, run->error)) {
        return false;
    }
    struct value *items = arena_allocate(run->arena, values_size);
    set->hashes = arena_allocate(run->arena, hashes_size);
    items->text = (const char *)set->hashes;
    set->values.items = items + 1;
    set->values.capacity = count;
    return true;
}

bool value_set_reserve(struct run *run, struct value_set *set, uint32_t count)
{
    assert(set->slot_count == 0);
    uint32_t slot_count = SLOTS_FIRST;
    while (slot_count < SLOTS_RESERVE && slot_count / 2 < count) {
        slot_count *= 2;
    }
    uint32_t room = slot_count / 2 < count ? slot_count / 2 : count;
    if (!make_slots(run, set, slot_count)) {
        return false;
    }
    return room < HASHED_FROM ? list_reserve(run, &set->values, room)
                              : reserve_hashed(run, set, room);
}

struct value value_set_list(const struct value_set *set)
{
    struct value list = value_from_items(set->values.items, set->values.count);
    list.flags = set->hashes ? VALUE_FLAG_HASHED : 0;
    return list;
}

/* Whether the value looks like an id: a string of the usual size. */
static inline bool looks_like_id(const struct value *value)
{
    return value->kind == VALUE_TEXT && value->size == HASH_USUAL_SIZE + 2 && *value->text == '"';
}

/* Whether `a`, which may be anything, is the value `b`, which looks like an id. */
static inline bool are_equal_ids(const struct value *a, const struct value *b)
{
    return looks_like_id(a) && id_texts_are_equal(a->text + 1, b->text + 1, HASH_USUAL_SIZE);
}

/* The hash of a value that looks like an id, as in the map of documents. It is seeded, so that
 * nobody can choose values that all belong in one slot. */
static inline uint64_t hash_id(const struct run *run, const struct value *value)
{
    return hash_bytes_of_usual_size(value->text + 1, run->database->documents.seed);
}

static uint64_t hash_any(const struct run *run, const struct value *value)
{
    return looks_like_id(value) ? hash_id(run, value)
                                : value_hash(*value, run->database->documents.seed);
}

/* Puts a value that is not there into the slot where it belongs; there is room. */
static inline void fill_slot(struct value_set *set, struct value_set_slot *slot,
                             const struct value *value, uint64_t hash)
{
    set->values.items[set->values.count] = *value; /* a missing one stays what it is */
    if (set->hashes) {
        set->hashes[set->values.count] = hash;
    }
    set->values.count += 1;
    *slot = (struct value_set_slot){.hash = (uint32_t)hash, .after = set->values.count};
}

static inline bool has_free_slot(const struct value_set *set)
{
    return (uint64_t)set->values.count * 2 < set->slot_count;
}

/* For how many more values there is room. */
static inline uint32_t room_of(const struct value_set *set)
{
    uint32_t most = set->slot_count / 2;
    most = most < set->values.capacity ? most : set->values.capacity;
    return most > set->values.count ? most - set->values.count : 0;
}

/* Makes it; values that are moved have no hashes before them. */
static bool make_room(struct run *run, struct value_set *set)
{
    bool stays = set->values.count < set->values.capacity;
    set->hashes = stays ? set->hashes : NULL;
    return (has_free_slot(set) || grow(run, set)) && list_make_room(run, &set->values, 1);
}

bool value_set_put(struct run *run, struct value_set *set, struct value value, uint32_t *number,
                   bool *added)
{
    if (!make_room(run, set) || !budget_take_value(run->budget, value, run->error)) {
        return false;
    }
    uint64_t hash = hash_any(run, &value);
    struct value_set_slot *slot = find_slot(set, &value, (uint32_t)hash);
    set->hashes = looks_like_id(&value) ? set->hashes : NULL;
    *added = slot->after == 0;
    if (*added) {
        fill_slot(set, slot, &value, hash);
    }
    *number = slot->after - 1;
    return true;
}

/* Puts values in as long as they look like ids, are new or equal to what their hash leads to, and
 * there is room for as many: what most sets are made of. Returns how many there were. */
static uint32_t put_ids(const struct run *run, struct value_set *set, const struct value *values,
                        uint32_t count)
{
    struct value_set local = *set;
    uint32_t most = room_of(set);
    uint32_t i = 0;
    most = most < count ? most : count;
    for (; i < most && looks_like_id(&values[i]); i++) {
        uint64_t hash = hash_id(run, &values[i]);
        struct value_set_slot *slot = probe(&local, (uint32_t)hash, (uint32_t)hash);
        if (slot->after == 0) {
            fill_slot(&local, slot, &values[i], hash);
        } else if (!are_equal_ids(&local.values.items[slot->after - 1], &values[i])) {
            break;
        }
    }
    *set = local;
    return i;
}

bool value_set_put_all(struct run *run, struct value_set *set, const struct value *values,
                       uint32_t count)
{
    uint32_t number;
    bool added;
    uint32_t i = 0;
    while (i < count) {
        uint32_t left = count - i;
        uint32_t taken = put_ids(run, set, values + i, left < PUT_AT_ONCE ? left : PUT_AT_ONCE);
        i += taken;
        if (!budget_take_work(run->budget, taken + 1, run->error) ||
            (taken == 0 && !value_set_put(run, set, values[i++], &number, &added))) {
            return false;
        }
    }
    return true;
}
