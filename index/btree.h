/* A counted B+tree of pointers, ordered by keys that it does not store.
 *
 * The leaves hold (hint, entry) pairs, 16 bytes: the entry is a pointer whose meaning only the
 * tree's `struct btree_order` knows, the hint the first 64 bits of the entry's key in an
 * order-preserving form, so that a search looks at entries only where hints tie. Inner nodes hold
 * for each child its number of entries and the shortest byte string that separates it from its
 * left sibling; they never point at an entry. Counts make rank, position and size of a range
 * O(log n). Leaves are linked both ways.
 *
 * Invariants, which btree_check() walks:
 *   - entries ascend strictly by order->compare; hints ascend weakly and are the entries' hints;
 *   - a separator s of a child: every key left of it < s <= every key in it;
 *   - every leaf has the same depth; nodes other than the root are at least a quarter full,
 *     except at the far right;
 *   - a child's count is the number of entries below it.
 *
 * The tree owns its nodes and separators (from the pool), never its entries. An entry's key must
 * not change while it is in the tree. */
#ifndef TENON_INDEX_BTREE_H
#define TENON_INDEX_BTREE_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/pool.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How entries are ordered. `context` is passed through; all functions are pure. */
struct btree_order {
    const void *context;

    /* The hint of an entry. If a < b then hint(a) <= hint(b). */
    uint64_t (*hint)(const void *context, const void *entry);

    /* Orders two entries; never 0 for two different ones. */
    int (*compare)(const void *context, const void *a, const void *b);

    /* Appends an entry's whole key in byte form: memcmp order of keys is compare's order. */
    void (*append_key)(const void *context, const void *entry, struct buffer *key);

    /* Orders an entry's key in byte form against the bytes `key`: 0 if it begins with them. */
    int (*compare_key)(const void *context, const void *entry, struct slice key);

    /* The hint of a key, or of the beginning of one that a separator was cut to. Must agree with
     * `hint`: for an entry e and a separator s, key(e) < s implies hint(e) <= hint_of_key(s), and
     * key(e) >= s implies hint(e) >= hint_of_key(s). */
    uint64_t (*hint_of_key)(const void *context, struct slice key);

    /* How many bytes of `key` a separator must keep at least for hint_of_key to work. */
    size_t (*separator_size_min)(const void *context, struct slice key);
};

/* A place between entries: before (or, with `after`, behind) all entries whose key begins with
 * the bytes `key`. An empty key is the start (or, with `after`, the end) of the tree. `hint` is
 * such that an entry with a smaller hint lies before the place, and one with a greater hint
 * behind it. */
struct btree_bound {
    struct slice key;
    uint64_t hint;
    bool after;
};

/* An entry and its hint. */
struct btree_item {
    uint64_t hint;
    void *entry;
};

struct btree_node;

struct btree {
    struct pool *pool;
    const struct btree_order *order;
    struct btree_node *root; /* NULL while the tree is empty */
    uint64_t count;          /* entries */
    uint64_t moves;          /* how often entries were added or taken out; see below */
    uint32_t height;         /* levels of inner nodes above the leaves */
    size_t size;             /* bytes of nodes and separators */
    struct buffer scratch;   /* keys of entries that tie, while a function runs */
};

/* A place at an entry. It is valid as long as tree->moves stays the same. */
struct btree_cursor {
    const struct btree_node *leaf; /* NULL: outside */
    uint32_t position;
};

#define BTREE_HEIGHT_MAX 32

/* A search that runs ahead of an operation, to ask the memory for what that is going to touch. It
 * goes by hints alone, so that it may end beside the place. */
struct btree_ahead {
    const struct btree_node *node; /* asked for, to be searched next; NULL: nothing more to do */
    uint64_t hint;
    uint32_t position;             /* in the leaf, of the entry that is to be looked at … */
    bool found;                    /* … once that is known */
    bool after;                    /* behind what ties with the hint, else before it */
    uint8_t length;                /* inner nodes that were passed … */
    uint8_t way[BTREE_HEIGHT_MAX]; /* … and the children that were taken there */
};

void btree_init(struct btree *tree, struct pool *pool, const struct btree_order *order);

/* Gives the nodes back; the entries are the caller's. */
void btree_deinit(struct btree *tree);

/* Adds `entry`, which is not in the tree; the second where its hint is known. */
void btree_insert(struct btree *tree, void *entry);
void btree_insert_hinted(struct btree *tree, void *entry, uint64_t hint);

/* The same in two steps, where the tree was searched ahead for the place behind the hint of
 * `entry`, however it has changed since. The first finds the place behind all entries with that
 * hint, and returns the last of these, or NULL; the tree may not change between the two. With
 * `is_behind`, `entry` is known to come behind that. */
void *btree_ahead_settle(const struct btree *tree, struct btree_ahead *ahead);
void btree_insert_settled(struct btree *tree, void *entry, const struct btree_ahead *ahead,
                          bool is_behind);

/* Takes out `entry`, which is in the tree. */
void btree_remove(struct btree *tree, void *entry);

/* Takes out all entries that `goes` tells, in one walk over the tree: for so many of them that
 * searching for each would take longer. Compares no keys but for separators. O(n), looks at every
 * entry. */
void btree_sweep(struct btree *tree, bool (*goes)(const void *entry));

/* Puts `after` in the place of `before`, which is in the tree and has an equal key. */
void btree_replace(struct btree *tree, void *before, void *after);

/* Fills an empty tree with `count` entries that ascend strictly; leaves are left full. */
void btree_build(struct btree *tree, const struct btree_item *items, uint64_t count);

/* Makes the hints of all entries and separators anew, where the order's have changed. O(n), looks
 * at every entry. */
void btree_make_hints(struct btree *tree);

/* The number of entries before `bound`. O(log n). */
uint64_t btree_rank(struct btree *tree, const struct btree_bound *bound);

/* The first entry behind `bound`, or NULL; sets `cursor` to it. */
void *btree_seek(struct btree *tree, const struct btree_bound *bound, struct btree_cursor *cursor);

/* The last entry before `bound`, or NULL; sets `cursor` to it. */
void *btree_seek_before(struct btree *tree, const struct btree_bound *bound,
                        struct btree_cursor *cursor);

/* How many entries lie between two places; where there are any, sets `cursor` to the first of
 * them, or, with `backwards`, to the last. O(log n), and one way down the tree for short ranges. */
uint64_t btree_range(struct btree *tree, const struct btree_bound *lower,
                     const struct btree_bound *upper, bool backwards, struct btree_cursor *cursor);

/* The entry number `rank` (from 0), or NULL past the end; sets `cursor` to it. O(log n). */
void *btree_at(struct btree *tree, uint64_t rank, struct btree_cursor *cursor);

/* The last entry, or NULL. O(log n). */
void *btree_last(const struct btree *tree);

/* The entry at a cursor that is not outside. */
void *btree_entry(const struct btree_cursor *cursor);

/* The next, or previous, entry, or NULL at the end; moves `cursor`. */
void *btree_next(struct btree_cursor *cursor);
void *btree_previous(struct btree_cursor *cursor);

/* Copies up to `count` entries from `cursor` on, forwards or backwards, to `entries`, and moves
 * the cursor behind them. Returns how many. */
size_t btree_collect(struct btree_cursor *cursor, bool backwards, void **entries, size_t count);

/* All entries that have one hint, which lie in a row. It is valid as long as tree->moves stays the
 * same. */
struct btree_run {
    uint64_t hint;
    struct btree_cursor first;
    struct btree_cursor last; /* of a run that is empty: nothing */
    uint64_t count;           /* BTREE_RUN_LONG: more than a few leaves; `last` is unknown then */
};

#define BTREE_RUN_LONG    UINT64_MAX

/* The stages in which a run is found. */
#define BTREE_RUN_STAGES  4

/* So many entries of a run are asked from memory once they are found. */
#define BTREE_RUN_FETCHED TINY_OR(2, 32)

/* Carries out one stage, from 0 on, of finding the run of `run->hint`. Each asks the memory for
 * what the next one looks at, so that between them those of other runs may be done. No entry is
 * looked at. */
void btree_run_step(const struct btree *tree, struct btree_run *run, unsigned stage);

/* Finds `count` runs, stage by stage. */
void btree_find_runs(const struct btree *tree, struct btree_run *const *runs, uint32_t count);

/* Begins to search ahead for a hint: goes down to the nodes above the leaves, which lie in caches
 * as a rule, and asks for the one of them that it has come to. */
void btree_ahead_begin(const struct btree *tree, uint64_t hint, bool after,
                       struct btree_ahead *ahead);

/* Goes one level further and asks for what is there: a leaf, its entries at the place, then what
 * the one there points at. Returns whether there is another level. The tree must not have changed
 * since the search began. */
bool btree_ahead_step(struct btree_ahead *ahead);

/* Orders an entry against a place: negative if the entry lies before it, positive behind. */
int btree_compare_bound(struct btree *tree, const void *entry, const struct btree_bound *bound);

/* Asserts every invariant above. O(n), touches every entry. */
void btree_check(struct btree *tree);

#endif
