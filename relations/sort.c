/* The verb sort: a stable merge sort of places, by keys that are evaluated once.
 *
 * Where the first key of all items is a number, which it is as a rule, each number's place in the
 * order is worked out beforehand, so that two items are compared as two integers. */
#include "relations/step.h"

#include "base/number.h"

#include <assert.h>

/* Places that are sorted by insertion, before runs of them are merged. */
#define RUN_SIZE TINY_OR(2, 8)

struct place {
    uint64_t rank;     /* of the first key, if ranks are known; else 0 */
    uint32_t position; /* of the item */
};

struct sorter {
    struct run *run;
    const struct step *step;
    const struct value *keys; /* by_count for each item, one item behind the other */
    uint32_t ranked;          /* keys that ranks tell of: 1 or 0 */
    bool failed;              /* the budget is used up */
};

static const struct value *keys_of(const struct sorter *sorter, uint32_t position)
{
    return sorter->keys + (size_t)position * sorter->step->by_count;
}

/* Orders two items by the keys that their ranks do not tell of. */
static int compare_keys(struct sorter *sorter, uint32_t a, uint32_t b)
{
    for (uint32_t i = sorter->ranked; i < sorter->step->by_count; i++) {
        int order;
        if (!run_compare(sorter->run, keys_of(sorter, a)[i], keys_of(sorter, b)[i], &order)) {
            sorter->failed = true;
            return 0;
        }
        if (order != 0) {
            return sorter->step->by[i].descending ? -order : order;
        }
    }
    return 0;
}

/* Whether `b` comes before `a`, behind which it stands. */
static inline bool is_before(struct sorter *sorter, const struct place *b, const struct place *a)
{
    if (a->rank != b->rank) {
        return b->rank < a->rank;
    }
    return sorter->ranked < sorter->step->by_count &&
           compare_keys(sorter, b->position, a->position) < 0;
}

/* Gives every place the rank of its item's first key, if all of these are numbers. */
static void rank_places(struct sorter *sorter, struct place *places, uint32_t count)
{
    uint64_t flip = sorter->step->by[0].descending ? UINT64_MAX : 0;
    uint32_t ranked = 0;
    while (ranked < count && value_type(*keys_of(sorter, ranked)) == TYPE_NUMBER) {
        places[ranked].rank = number_to_ordered(value_number(*keys_of(sorter, ranked))) ^ flip;
        ranked += 1;
    }
    sorter->ranked = ranked == count ? 1 : 0;
    for (uint32_t i = 0; i < ranked && ranked < count; i++) {
        places[i].rank = 0;
    }
}

/* Counts comparisons, of which there are about two for each of `count` places. */
static bool take_comparisons(struct sorter *sorter, uint64_t count)
{
    sorter->failed |= !budget_take_work(sorter->run->budget, 2 * count, sorter->run->error);
    return !sorter->failed;
}

static void insert_places(struct sorter *sorter, struct place *places, uint32_t count)
{
    for (uint32_t i = 1; i < count && !sorter->failed; i++) {
        struct place place = places[i];
        uint32_t to = i;
        while (to > 0 && is_before(sorter, &place, &places[to - 1])) {
            places[to] = places[to - 1];
            to -= 1;
        }
        places[to] = place;
    }
}

/* Merges the sorted runs [from, middle) and [middle, end) into `to`. */
static void merge_runs(struct sorter *sorter, const struct place *from, const struct place *middle,
                       const struct place *end, struct place *to)
{
    const struct place *left = from;
    const struct place *right = middle;
    while (left < middle && right < end && !sorter->failed) {
        *to++ = is_before(sorter, right, left) ? *right++ : *left++;
    }
    memcpy(to, left, (size_t)(middle - left) * sizeof(*to));
    memcpy(to + (middle - left), right, (size_t)(end - right) * sizeof(*to));
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Sorts `count` places with the help of as many others; returns where they are then, or NULL where
 * the budget is used up. */
static struct place *sort_places(struct sorter *sorter, struct place *places, struct place *others,
                                 uint32_t count)
{
    for (uint64_t i = 0; i < count && take_comparisons(sorter, RUN_SIZE); i += RUN_SIZE) {
        insert_places(sorter, places + i, (uint32_t)least(RUN_SIZE, count - i));
    }
    for (uint64_t width = RUN_SIZE; width < count && !sorter->failed; width *= 2) {
        for (uint64_t i = 0; i < count && take_comparisons(sorter, width); i += 2 * width) {
            const struct place *middle = places + least(i + width, count);
            const struct place *end = places + least(i + 2 * width, count);
            merge_runs(sorter, places + i, middle, end, others + i);
        }
        struct place *sorted = others;
        others = places;
        places = sorted;
    }
    return sorter->failed ? NULL : places;
}

static bool make_keys(struct run *run, const struct step *step, const struct value *items,
                      uint32_t count, struct value *keys)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t key = 0; key < step->by_count; key++) {
            struct value *place = &keys[(size_t)i * step->by_count + key];
            if (!step_evaluate_key(run, step, key, items[i], place)) {
                return false;
            }
        }
    }
    return true;
}

bool sort_run(struct run *run, const struct step *step, struct value *result)
{
    const struct value *items;
    uint32_t count;
    if (!step_over_items(run, step, &items, &count)) {
        return false;
    }
    size_t key_size = (size_t)count * step->by_count * sizeof(struct value);
    size_t item_size = count * (2 * sizeof(struct place) + sizeof(struct value));
    if (!budget_take_bytes(run->budget, key_size + item_size, run->error)) {
        return false;
    }
    struct value *keys = arena_allocate(run->arena, key_size);
    if (!make_keys(run, step, items, count, keys)) {
        return false;
    }
    struct sorter sorter = {.run = run, .step = step, .keys = keys};
    struct place *places = arena_allocate(run->arena, count * sizeof(struct place));
    struct place *others = arena_allocate(run->arena, count * sizeof(struct place));
    for (uint32_t i = 0; i < count; i++) {
        places[i] = (struct place){.position = i};
    }
    rank_places(&sorter, places, count);
    places = sort_places(&sorter, places, others, count);
    if (!places) {
        return false;
    }
    struct value *sorted = arena_allocate(run->arena, count * sizeof(struct value));
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = items[places[i].position];
    }
    *result = value_from_items(sorted, count);
    return true;
}
