/* The B+tree, against a sorted array of which some entries are present.
 *
 * A universe is an array of distinct keys in ascending order; an entry's rank in the tree is the
 * number of present entries before it. Universes differ in how much their hints tell: from whole
 * keys down to nothing, so that everything ties. */
#include "index/btree.h"

#include "base/macros.h"
#include "index/btree_node.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE_MAX 14
#define BATCH_MAX    70

struct entry {
    uint8_t key[KEY_SIZE_MAX];
    uint8_t size;
    bool present;
};

struct universe {
    uint32_t skip;       /* bytes that all keys share and hints leave out */
    uint32_t hint_bytes; /* how many bytes of the rest a hint tells */
    size_t separator_min;
    struct entry *entries;
    size_t count;
    uint64_t random;
    struct btree_order order;
    struct pool *pool;
    struct btree tree;
};

/* skip, hint_bytes, separator_min, letters of the alphabet */
static const uint32_t kinds[][4] = {
    {0, 8, 0, 256}, /* hints nearly decide */
    {0, 8, 0, 2},   /* long shared beginnings */
    {0, 1, 0, 8},   /* a first field of eight values */
    {0, 0, 0, 3},   /* hints say nothing */
    {4, 2, 6, 5},   /* as ids, which share a beginning */
};

static struct slice entry_key(const struct entry *entry)
{
    return slice_make((const char *)entry->key, entry->size);
}

/* The hint that `key`, filled up with `fill`, has. */
static uint64_t hint_filled(const struct universe *universe, struct slice key, uint8_t fill)
{
    uint64_t hint = 0;
    for (uint32_t i = 0; i < universe->hint_bytes; i++) {
        size_t at = universe->skip + i;
        hint = hint << 8 | (at < key.size ? (uint8_t)key.data[at] : fill);
    }
    return hint;
}

static uint64_t order_hint(const void *context, const void *entry)
{
    return hint_filled(context, entry_key(entry), 0);
}

static int order_compare(const void *context, const void *a, const void *b)
{
    (void)context;
    return slice_compare(entry_key(a), entry_key(b));
}

static void order_append_key(const void *context, const void *entry, struct buffer *key)
{
    (void)context;
    buffer_append_slice(key, entry_key(entry));
}

static uint64_t order_hint_of_key(const void *context, struct slice key)
{
    const struct universe *universe = context;
    cr_assert_geq(key.size, universe->separator_min);
    return hint_filled(universe, key, 0);
}

static int order_compare_key(const void *context, const void *entry, struct slice key)
{
    struct buffer own = {0};
    order_append_key(context, entry, &own);
    bool begins = slice_starts_with(buffer_slice(&own), key);
    int order = begins ? 0 : slice_compare(buffer_slice(&own), key);
    buffer_deinit(&own);
    return order;
}

static size_t order_separator_size_min(const void *context, struct slice key)
{
    const struct universe *universe = context;
    return key.size < universe->separator_min ? key.size : universe->separator_min;
}

static int compare_entries(const void *a, const void *b)
{
    return slice_compare(entry_key(a), entry_key(b));
}

static void make_key(struct universe *universe, struct entry *entry, uint32_t letters)
{
    entry->size = (uint8_t)(universe->skip + 2 +
                            random_next(&universe->random) % (KEY_SIZE_MAX - universe->skip - 1));
    for (uint32_t i = 0; i < entry->size; i++) {
        uint8_t letter = (uint8_t)(random_next(&universe->random) % letters);
        if (letters < 256 && letter == letters - 1) {
            letter = 0xff;
        }
        entry->key[i] = i < universe->skip ? 0x42 : letter;
    }
}

static struct universe *universe_create(size_t kind, size_t count)
{
    struct universe *universe = calloc(1, sizeof(*universe));
    universe->skip = kinds[kind][0];
    universe->hint_bytes = kinds[kind][1];
    universe->separator_min = kinds[kind][2];
    universe->random = random_seed("btree") + kind;
    universe->entries = calloc(count, sizeof(*universe->entries));
    for (size_t i = 0; i < count; i++) {
        make_key(universe, &universe->entries[i], kinds[kind][3]);
    }
    qsort(universe->entries, count, sizeof(*universe->entries), compare_entries);
    for (size_t i = 0; i < count; i++) {
        struct entry *last = &universe->entries[universe->count - (universe->count > 0)];
        if (universe->count == 0 || compare_entries(last, &universe->entries[i]) != 0) {
            universe->entries[universe->count++] = universe->entries[i];
        }
    }
    universe->order = (struct btree_order){
        .context = universe,
        .hint = order_hint,
        .compare = order_compare,
        .append_key = order_append_key,
        .compare_key = order_compare_key,
        .hint_of_key = order_hint_of_key,
        .separator_size_min = order_separator_size_min,
    };
    universe->pool = pool_create();
    btree_init(&universe->tree, universe->pool, &universe->order);
    return universe;
}

static void universe_destroy(struct universe *universe)
{
    btree_deinit(&universe->tree);
    cr_assert_eq(pool_used(universe->pool), 0);
    pool_destroy(universe->pool);
    free(universe->entries);
    free(universe);
}

static struct entry *random_entry(struct universe *universe)
{
    return &universe->entries[random_next(&universe->random) % universe->count];
}

static void toggle(struct universe *universe, struct entry *entry)
{
    if (entry->present) {
        btree_remove(&universe->tree, entry);
    } else {
        btree_insert(&universe->tree, entry);
    }
    entry->present = !entry->present;
}

/* Inserts about one in `of` of the entries, in random order. */
static void insert_some(struct universe *universe, size_t of)
{
    for (size_t i = 0; i < universe->count / of; i++) {
        struct entry *entry = random_entry(universe);
        if (!entry->present) {
            toggle(universe, entry);
        }
    }
}

/* The present entries in order; the caller frees them. */
static void **present_entries(const struct universe *universe, size_t *count)
{
    void **present = calloc(universe->count + 1, sizeof(*present));
    *count = 0;
    for (size_t i = 0; i < universe->count; i++) {
        if (universe->entries[i].present) {
            present[(*count)++] = &universe->entries[i];
        }
    }
    return present;
}

static bool entry_is_before(const struct entry *entry, const struct btree_bound *bound)
{
    if (slice_starts_with(entry_key(entry), bound->key)) {
        return bound->after;
    }
    return slice_compare(entry_key(entry), bound->key) < 0;
}

/* A bound at a prefix of some key, at a whole key, or right beside one. */
static struct btree_bound random_bound(struct universe *universe, struct entry *storage)
{
    *storage = *random_entry(universe);
    uint64_t choice = random_next(&universe->random);
    storage->size = (uint8_t)(choice % ((size_t)storage->size + 1));
    if (storage->size < universe->skip) {
        storage->size = choice >> 16 & 1 ? (uint8_t)universe->skip : 0;
    }
    if ((choice >> 8 & 3) == 0 && storage->size > universe->skip) {
        storage->key[storage->size - 1] ^= (uint8_t)(1 << (choice >> 10 & 7));
    }
    bool after = choice >> 17 & 1;
    struct slice key = entry_key(storage);
    uint64_t hint = key.size == 0 ? choice : hint_filled(universe, key, after ? 0xff : 0);
    return (struct btree_bound){.key = key, .hint = hint, .after = after};
}

static void assert_bound_agrees(struct universe *universe, void **present, size_t count)
{
    struct entry storage;
    struct btree_bound bound = random_bound(universe, &storage);
    size_t rank = 0;
    while (rank < count && entry_is_before(present[rank], &bound)) {
        rank++;
    }
    struct btree *tree = &universe->tree;
    struct btree_cursor cursor;
    cr_assert_eq(btree_rank(tree, &bound), rank);
    cr_assert_eq(btree_seek(tree, &bound, &cursor), rank < count ? present[rank] : NULL);
    cr_assert_eq(btree_previous(&cursor), rank > 0 && rank < count ? present[rank - 1] : NULL);
    cr_assert_eq(btree_seek_before(tree, &bound, &cursor), rank > 0 ? present[rank - 1] : NULL);
    cr_assert_eq(btree_next(&cursor), rank > 0 && rank < count ? present[rank] : NULL);
    if (rank < count) {
        cr_assert_gt(btree_compare_bound(tree, present[rank], &bound), 0);
    }
    if (rank > 0) {
        cr_assert_lt(btree_compare_bound(tree, present[rank - 1], &bound), 0);
    }
}

static void assert_range_agrees(struct universe *universe)
{
    struct entry storages[2];
    struct btree_bound lower = random_bound(universe, &storages[0]);
    struct btree_bound upper = random_bound(universe, &storages[1]);
    struct btree *tree = &universe->tree;
    uint64_t begin = btree_rank(tree, &lower);
    uint64_t end = btree_rank(tree, &upper);
    uint64_t count = end > begin ? end - begin : 0;
    struct btree_cursor cursor;
    struct btree_cursor expected;
    for (int backwards = 0; backwards <= 1; backwards++) {
        cr_assert_eq(btree_range(tree, &lower, &upper, backwards == 1, &cursor), count);
        if (count > 0) {
            btree_at(tree, backwards ? end - 1 : begin, &expected);
            cr_assert_eq(cursor.leaf, expected.leaf);
            cr_assert_eq(cursor.position, expected.position);
        }
    }
}

/* A run of some entry's hint, or of a hint that no entry has, is all entries with that hint. */
static void assert_run_agrees(struct universe *universe, void **present, size_t count)
{
    const struct btree_order *order = &universe->order;
    uint64_t choice = random_next(&universe->random);
    struct btree_run run = {.hint = order->hint(order->context, random_entry(universe))};
    run.hint += choice % 4 == 0 ? 1 : 0;
    size_t first = 0;
    while (first < count && order->hint(order->context, present[first]) < run.hint) {
        first++;
    }
    size_t end = first;
    while (end < count && order->hint(order->context, present[end]) == run.hint) {
        end++;
    }
    for (unsigned stage = 0; stage < BTREE_RUN_STAGES; stage++) {
        btree_run_step(&universe->tree, &run, stage);
    }
    if (run.count == BTREE_RUN_LONG) {
        cr_assert_gt(end - first, BTREE_LEAF_MIN * (BTREE_LEAVES_WALKED - 2));
        return;
    }
    cr_assert_eq(run.count, end - first);
    if (run.count > 0) {
        cr_assert_eq(btree_entry(&run.first), present[first]);
        cr_assert_eq(btree_entry(&run.last), present[end - 1]);
    }
}

static void assert_walks_agree(struct universe *universe, void **present, size_t count)
{
    struct btree_cursor cursor;
    struct btree_cursor back;
    void *entry = btree_at(&universe->tree, 0, &cursor);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(entry, present[i]);
        cr_assert_eq(btree_at(&universe->tree, i, &back), present[i]);
        cr_assert_eq(btree_previous(&back), i > 0 ? present[i - 1] : NULL);
        entry = btree_next(&cursor);
    }
    cr_assert_null(entry);
    cr_assert_null(btree_next(&cursor));
    cr_assert_null(btree_previous(&cursor));
    cr_assert_null(btree_at(&universe->tree, count, &cursor));
    cr_assert_eq(btree_last(&universe->tree), count > 0 ? present[count - 1] : NULL);
}

/* Collects from `from` on in batches of random sizes. */
static void assert_collect_agrees(struct universe *universe, void **present, size_t count,
                                  size_t from, bool backwards)
{
    void *batch[BATCH_MAX];
    struct btree_cursor cursor;
    btree_at(&universe->tree, from, &cursor);
    size_t left = backwards ? from + 1 : count - from;
    while (left > 0) {
        size_t wanted = 1 + random_next(&universe->random) % BATCH_MAX;
        size_t got = btree_collect(&cursor, backwards, batch, wanted);
        cr_assert_eq(got, wanted < left ? wanted : left);
        for (size_t i = 0; i < got; i++) {
            cr_assert_eq(batch[i], present[backwards ? left - 1 - i : count - left + i]);
        }
        left -= got;
    }
    cr_assert_eq(btree_collect(&cursor, backwards, batch, BATCH_MAX), 0);
}

static void assert_agrees(struct universe *universe)
{
    size_t count = 0;
    void **present = present_entries(universe, &count);
    btree_check(&universe->tree);
    pool_check(universe->pool);
    cr_assert_eq(universe->tree.count, count);
    assert_walks_agree(universe, present, count);
    for (unsigned i = 0; i < 50; i++) {
        assert_bound_agrees(universe, present, count);
        assert_range_agrees(universe);
        assert_run_agrees(universe, present, count);
    }
    for (unsigned i = 0; i < 4 && count > 0; i++) {
        size_t from = random_next(&universe->random) % count;
        assert_collect_agrees(universe, present, count, from, i % 2 == 1);
    }
    free(present);
}

/* An empty tree answers every question with nothing. */
Test(btree, an_empty_tree_has_no_places)
{
    struct universe *universe = universe_create(0, 10);
    struct btree *tree = &universe->tree;
    struct btree_bound bound = {.key = SLICE("a"), .hint = 0x61};
    struct btree_cursor cursor;
    cr_assert_eq(btree_rank(tree, &bound), 0);
    cr_assert_null(btree_seek(tree, &bound, &cursor));
    cr_assert_null(btree_next(&cursor));
    cr_assert_null(btree_seek_before(tree, &bound, &cursor));
    cr_assert_null(btree_previous(&cursor));
    cr_assert_null(btree_at(tree, 0, &cursor));
    cr_assert_eq(btree_collect(&cursor, false, (void *[1]){NULL}, 1), 0);
    cr_assert_eq(btree_collect(&cursor, true, (void *[1]){NULL}, 1), 0);
    btree_check(tree);
    universe_destroy(universe);
}

/* The last key that goes leaves nothing behind, and the tree can be used again. */
Test(btree, removing_the_last_key_empties_the_root)
{
    struct universe *universe = universe_create(0, 10);
    toggle(universe, &universe->entries[3]);
    assert_agrees(universe);
    toggle(universe, &universe->entries[3]);
    cr_assert_null(universe->tree.root);
    cr_assert_eq(universe->tree.size, 0);
    toggle(universe, &universe->entries[4]);
    assert_agrees(universe);
    universe_destroy(universe);
}

/* Entries that come in ascending order fill every leaf but the last. */
Test(btree, appending_fills_leaves)
{
    struct universe *universe = universe_create(0, 3000);
    for (size_t i = 0; i < universe->count; i++) {
        toggle(universe, &universe->entries[i]);
    }
    assert_agrees(universe);
    struct btree_cursor cursor;
    btree_at(&universe->tree, 0, &cursor);
    const struct leaf *leaf = (const struct leaf *)cursor.leaf;
    for (; leaf->next != NULL; leaf = leaf->next) {
        cr_assert_eq(leaf->node.count, BTREE_LEAF_CAPACITY);
    }
    universe_destroy(universe);
}

/* Splitting alone would leave them 69 % full. */
Test(btree, entries_that_come_in_any_order_fill_leaves_by_more_than_three_quarters)
{
    struct universe *universe = universe_create(0, TINY_OR(400, 40000));
    uint64_t leaves = 0;
    while (universe->tree.count < universe->count) {
        struct entry *entry = random_entry(universe);
        if (!entry->present) {
            toggle(universe, entry);
        }
    }
    struct btree_bound start = {0};
    struct btree_cursor cursor;
    (void)btree_seek(&universe->tree, &start, &cursor);
    for (const struct leaf *leaf = (const struct leaf *)cursor.leaf; leaf; leaf = leaf->next) {
        leaves += 1;
    }
    cr_expect_lt(leaves * BTREE_LEAF_CAPACITY * 3, universe->tree.count * 4, "%.3f",
                 (double)universe->tree.count / (double)(leaves * BTREE_LEAF_CAPACITY));
    btree_check(&universe->tree);
    universe_destroy(universe);
}

/* Descending and ascending removal, and removal from the middle, each empty a full tree. */
Test(btree, a_tree_can_be_emptied_from_every_side)
{
    for (unsigned side = 0; side < 3; side++) {
        struct universe *universe = universe_create(2, 1500);
        for (size_t i = universe->count; i-- > 0;) {
            toggle(universe, &universe->entries[i]);
        }
        for (size_t i = 0; i < universe->count; i++) {
            size_t middle = universe->count / 2;
            size_t inward = i % 2 == 0 ? middle + i / 2 : middle - (i + 1) / 2;
            size_t at[] = {i, universe->count - 1 - i, inward};
            toggle(universe, &universe->entries[at[side]]);
            if (i % 100 == 0) {
                assert_agrees(universe);
            }
        }
        cr_assert_null(universe->tree.root);
        universe_destroy(universe);
    }
}

/* Every kind of universe, growing, shrinking and growing again, agrees with its flags. */
Test(btree, random_operations_agree_with_a_plain_model, .timeout = 300)
{
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        struct universe *universe = universe_create(kind, TINY_OR(800, 6000));
        unsigned rounds = TINY_OR(8000, 40000);
        for (unsigned round = 0; round < rounds; round++) {
            struct entry *entry = random_entry(universe);
            bool growing = round / (rounds / 4) % 2 == 0;
            if (entry->present != growing || random_next(&universe->random) % 4 == 0) {
                toggle(universe, entry);
            }
            if (round % (rounds / 40) == 0) {
                assert_agrees(universe);
            }
        }
        assert_agrees(universe);
        universe_destroy(universe);
    }
}

/* Bounds agree with the model in universes where everything, much or nothing ties. */
Test(btree, bounds_agree_with_a_plain_model)
{
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        struct universe *universe = universe_create(kind, 1000);
        insert_some(universe, 2);
        size_t count = 0;
        void **present = present_entries(universe, &count);
        for (unsigned i = 0; i < 3000; i++) {
            assert_bound_agrees(universe, present, count);
            assert_range_agrees(universe);
        }
        free(present);
        universe_destroy(universe);
    }
}

/* An empty key means the ends of the tree, whatever the hint says. */
Test(btree, the_empty_key_bounds_the_whole_tree)
{
    struct universe *universe = universe_create(3, 500);
    insert_some(universe, 1);
    struct btree_bound start = {.hint = 77};
    struct btree_bound end = {.hint = 77, .after = true};
    cr_assert_eq(btree_rank(&universe->tree, &start), 0);
    cr_assert_eq(btree_rank(&universe->tree, &end), universe->tree.count);
    universe_destroy(universe);
}

/* A replaced entry stands where the old one stood. */
Test(btree, replacing_swaps_the_pointer_in_place)
{
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        struct universe *universe = universe_create(kind, 500);
        insert_some(universe, 1);
        for (size_t i = 0; i < universe->count; i++) {
            struct entry *entry = &universe->entries[i];
            if (!entry->present) {
                continue;
            }
            struct entry twin = *entry;
            struct btree_bound bound = {.key = entry_key(entry),
                                        .hint = order_hint(universe, entry)};
            struct btree_cursor cursor;
            btree_replace(&universe->tree, entry, &twin);
            cr_assert_eq(btree_seek(&universe->tree, &bound, &cursor), &twin);
            btree_replace(&universe->tree, &twin, entry);
            cr_assert_eq(btree_seek(&universe->tree, &bound, &cursor), entry);
        }
        assert_agrees(universe);
        universe_destroy(universe);
    }
}

static bool is_absent(const void *entry)
{
    return !((const struct entry *)entry)->present;
}

/* Takes out all present entries of `from` to `to`, about `percent` of them. */
static void sweep(struct universe *universe, size_t from, size_t to, unsigned percent)
{
    for (size_t i = from; i < to; i++) {
        if (random_next(&universe->random) % 100 < percent) {
            universe->entries[i].present = false;
        }
    }
    btree_sweep(&universe->tree, is_absent);
    assert_agrees(universe);
}

/* Whatever share goes, anywhere in the tree, what is left is a valid tree that grows again. */
Test(btree, sweeping_takes_out_what_it_is_told, .timeout = 300)
{
    static const unsigned percents[] = {0, 1, 50, 90, 99, 100};
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        for (size_t i = 0; i < COUNT_OF(percents); i++) {
            struct universe *universe = universe_create(kind, TINY_OR(400, 4000));
            sweep(universe, 0, universe->count, 100);
            insert_some(universe, 1);
            size_t count = universe->count;
            sweep(universe, 0, count, percents[i]);
            sweep(universe, count / 3, count / 2, 100);
            insert_some(universe, 2);
            sweep(universe, 0, count / 2, percents[i]);
            sweep(universe, count / 2, count, 100);
            insert_some(universe, 2);
            assert_agrees(universe);
            universe_destroy(universe);
        }
    }
}

/* A sweep that takes nothing leaves all leaves as they are. */
Test(btree, sweeping_keeps_leaves_as_full_as_they_are)
{
    struct universe *universe = universe_create(0, 3000);
    struct btree_bound start = {0};
    struct btree_cursor before;
    struct btree_cursor after;
    insert_some(universe, 1);
    (void)btree_seek(&universe->tree, &start, &before);
    size_t size = universe->tree.size;
    uint32_t count = before.leaf->count;
    uint64_t moves = universe->tree.moves;
    btree_sweep(&universe->tree, is_absent);
    (void)btree_seek(&universe->tree, &start, &after);
    cr_assert_eq(after.leaf, before.leaf);
    cr_assert_eq(after.leaf->count, count);
    cr_assert_leq(universe->tree.size, size);
    cr_assert_neq(universe->tree.moves, moves, "cursors are not valid any more");
    universe_destroy(universe);
}

static void build(struct universe *universe, size_t count)
{
    struct btree_item *items = calloc(count + 1, sizeof(*items));
    const struct btree_order *order = universe->tree.order;
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &universe->entries[i];
        entry->present = true;
        items[i] = (struct btree_item){order->hint(order->context, entry), entry};
    }
    btree_build(&universe->tree, items, count);
    free(items);
}

/* Trees of every small size, and around the sizes where a level fills, are built right. */
Test(btree, building_makes_a_valid_tree_of_every_size)
{
    size_t sizes[400];
    size_t size_count = 0;
    for (size_t size = 0; size < 150; size++) {
        sizes[size_count++] = size;
    }
    size_t full = (size_t)BTREE_LEAF_CAPACITY * BTREE_INNER_CAPACITY;
    for (size_t around = full - 2; around < full + BTREE_LEAF_CAPACITY + 3; around++) {
        sizes[size_count++] = around;
    }
    for (size_t i = 0; i < size_count; i++) {
        struct universe *universe = universe_create(0, full + 300);
        cr_assert_geq(universe->count, sizes[i]);
        build(universe, sizes[i]);
        btree_check(&universe->tree);
        cr_assert_eq(universe->tree.count, sizes[i]);
        universe_destroy(universe);
    }
}

/* The leaf that a search ahead for the hint comes to; NULL in an empty tree. */
static const struct btree_node *search_ahead(const struct btree *tree, uint64_t hint, bool after)
{
    struct btree_ahead ahead;
    btree_ahead_begin(tree, hint, after, &ahead);
    cr_assert(ahead.node == NULL || ahead.node->level <= 1);
    if (ahead.node != NULL && ahead.node->level > 0) {
        btree_ahead_step(&ahead);
    }
    const struct btree_node *leaf = ahead.node;
    cr_assert_eq(btree_ahead_step(&ahead), leaf != NULL);
    cr_assert_not(btree_ahead_step(&ahead));
    cr_assert_null(ahead.node);
    cr_assert_not(btree_ahead_step(&ahead));
    return leaf;
}

/* Where a hint is that of one entry alone, searching ahead finds the entry's leaf. */
Test(btree, searching_ahead_finds_the_leaf_of_a_hint_that_nothing_ties_with)
{
    for (size_t count = 0; count < 3000; count = count * 2 + 1) {
        struct universe *universe = universe_create(0, 3000);
        build(universe, count);
        size_t found = 0;
        for (size_t i = 1; i + 1 < count; i++) {
            const struct entry *entry = &universe->entries[i];
            uint64_t hint = order_hint(universe, entry);
            if (order_hint(universe, entry - 1) == hint ||
                order_hint(universe, entry + 1) == hint) {
                continue;
            }
            struct btree_cursor cursor;
            cr_assert_eq(btree_at(&universe->tree, i, &cursor), entry);
            cr_assert_eq(search_ahead(&universe->tree, hint, true), cursor.leaf);
            /* A separator may tie with the hint; before it is then one leaf too early. */
            const struct btree_node *before = search_ahead(&universe->tree, hint, false);
            const struct leaf *leaf = (const struct leaf *)cursor.leaf;
            cr_assert(before == cursor.leaf || before == &leaf->previous->node);
            found += 1;
        }
        cr_assert(found > count / 2 || count < 10);
        if (count == 0) {
            cr_assert_null(search_ahead(&universe->tree, 0, true));
        }
        universe_destroy(universe);
    }
}

#define WINDOW 6

/* Searches ahead for some entries that are not there, to different ends, and inserts them in turn,
 * while others come and go. */
static void insert_window(struct universe *universe)
{
    struct btree *tree = &universe->tree;
    struct btree_ahead aheads[WINDOW];
    struct entry *entries[WINDOW];
    for (size_t i = 0; i < WINDOW; i++) {
        entries[i] = random_entry(universe);
        btree_ahead_begin(tree, order_hint(universe, entries[i]), true, &aheads[i]);
        for (uint64_t steps = random_next(&universe->random) % 8; steps > 0; steps--) {
            (void)btree_ahead_step(&aheads[i]);
        }
    }
    for (size_t i = 0; i < WINDOW; i++) {
        if (!entries[i]->present) {
            const struct entry *beside = btree_ahead_settle(tree, &aheads[i]);
            uint64_t hint = order_hint(universe, entries[i]);
            cr_assert(beside == NULL || order_hint(universe, beside) == hint);
            bool is_behind = beside != NULL && compare_entries(entries[i], beside) > 0;
            bool is_told = is_behind && random_next(&universe->random) % 2 == 0;
            btree_insert_settled(tree, entries[i], &aheads[i], is_told);
            entries[i]->present = true;
        }
        toggle(universe, random_entry(universe));
    }
}

/* An insert finds its place whatever became of the tree since it was searched for. */
Test(btree, inserts_that_were_searched_for_agree_with_a_plain_model, .timeout = 300)
{
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        struct universe *universe = universe_create(kind, TINY_OR(400, 4000));
        unsigned rounds = TINY_OR(600, 3000);
        for (unsigned round = 0; round < rounds; round++) {
            insert_window(universe);
            bool shrinking = round / (rounds / 6) % 2 == 1;
            for (unsigned i = 0; shrinking && i < 2 * WINDOW; i++) {
                struct entry *entry = random_entry(universe);
                if (entry->present) {
                    toggle(universe, entry);
                }
            }
            if (round % (rounds / 30) == 0) {
                assert_agrees(universe);
            }
        }
        assert_agrees(universe);
        universe_destroy(universe);
    }
}

/* A built tree takes changes like one that grew. */
Test(btree, a_built_tree_can_be_changed)
{
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        struct universe *universe = universe_create(kind, 2500);
        build(universe, universe->count / 2);
        assert_agrees(universe);
        for (unsigned round = 0; round < 3000; round++) {
            toggle(universe, random_entry(universe));
            if (round % 300 == 0) {
                assert_agrees(universe);
            }
        }
        assert_agrees(universe);
        universe_destroy(universe);
    }
}
