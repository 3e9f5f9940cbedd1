/* The nodes of the B+tree, for the files of the tree, btree*.c, alone. */
#ifndef TENON_INDEX_BTREE_NODE_H
#define TENON_INDEX_BTREE_NODE_H

#include "base/macros.h"
#include "base/slice.h"
#include "index/btree.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define BTREE_LEAF_CAPACITY  TINY_OR(4, 62) /* entries; a leaf has 1 KiB */
#define BTREE_LEAF_MIN       TINY_OR(2, 15)
#define BTREE_LEAF_ROOMY     TINY_OR(2, 46) /* entries of a leaf that a full one may lean on */
#define BTREE_INNER_CAPACITY TINY_OR(4, 31) /* children; an inner node has 1 KiB */
#define BTREE_INNER_MIN      TINY_OR(2, 8)

/* Entries that end within so many leaves are counted by walking them. */
#define BTREE_LEAVES_WALKED  4

/* A node's head. */
struct btree_node {
    uint32_t count; /* entries of a leaf, children of an inner node */
    uint32_t level; /* 0: a leaf */
};

struct leaf {
    struct btree_node node;
    struct leaf *previous;
    struct leaf *next;
    uint64_t hints[BTREE_LEAF_CAPACITY];
    void *entries[BTREE_LEAF_CAPACITY];
};

/* Bytes s with key < s for every key to the left, s <= key for every key to the right. */
struct separator {
    uint32_t size;
    char bytes[];
};

struct inner {
    struct btree_node node;
    uint64_t hints[BTREE_INNER_CAPACITY]; /* of the separators; 0 for child 0 */
    struct btree_node *children[BTREE_INNER_CAPACITY];
    uint64_t counts[BTREE_INNER_CAPACITY];              /* entries below the child */
    struct separator *separators[BTREE_INNER_CAPACITY]; /* the child's lower bound; [0] is NULL */
};

static inline struct leaf *node_leaf(struct btree_node *node)
{
    assert(node->level == 0);
    return (struct leaf *)node;
}

static inline struct inner *node_inner(struct btree_node *node)
{
    assert(node->level > 0);
    return (struct inner *)node;
}

static inline struct slice separator_slice(const struct separator *separator)
{
    return slice_make(separator->bytes, separator->size);
}

/* How many of the ascending `hints` are smaller than `hint`. Written so that compilers choose the
 * half without a branch, which would be mispredicted every other time. */
static inline uint32_t count_smaller(const uint64_t *hints, uint32_t count, uint64_t hint)
{
    const uint64_t *from = hints;
    for (size_t left = count; left > 0; left /= 2) {
        const uint64_t *middle = from + (left + 1) / 2;
        from = middle[-1] < hint ? middle : from;
    }
    return (uint32_t)(from - hints);
}

/* How many of the ascending `hints` are not greater than `hint`. */
static inline uint32_t count_up_to(const uint64_t *hints, uint32_t count, uint64_t hint)
{
    const uint64_t *from = hints;
    for (size_t left = count; left > 0; left /= 2) {
        const uint64_t *middle = from + (left + 1) / 2;
        from = middle[-1] <= hint ? middle : from;
    }
    return (uint32_t)(from - hints);
}

/* The same where the number is `guess` as a rule, which is looked at first. */
static inline uint32_t count_up_to_near(const uint64_t *hints, uint32_t count, uint64_t hint,
                                        uint32_t guess)
{
    bool is_right = guess <= count && (guess == 0 || hints[guess - 1] <= hint) &&
                    (guess == count || hints[guess] > hint);
    return LIKELY(is_right) ? guess : count_up_to(hints, count, hint);
}

/* How many of the ascending `hints`, from position `from` on, are not greater than `hint`. Ties
 * are few as a rule, so this looks at the next one first. */
static inline uint32_t count_not_greater(const uint64_t *hints, uint32_t from, uint32_t count,
                                         uint64_t hint)
{
    if (from == count || hints[from] != hint) {
        return from;
    }
    if (hint == UINT64_MAX) {
        return count;
    }
    return from + count_smaller(hints + from, count - from, hint + 1);
}

/* Asks for the hints of a node before it is searched. */
static inline void prefetch_node(const struct btree_node *node)
{
    prefetch_bytes(node, BTREE_LEAF_CAPACITY * sizeof(uint64_t));
}

/* Empty nodes, counted in tree->size. */
struct leaf *leaf_create(struct btree *tree);
struct inner *inner_create(struct btree *tree, uint32_t level);

/* Gives a node back; the second one all nodes from `node` down to the level `level_min`, with their
 * separators. */
void node_destroy(struct btree *tree, struct btree_node *node);
void nodes_destroy(struct btree *tree, struct btree_node *node, uint32_t level_min);

/* A separator of these bytes, counted in tree->size. */
struct separator *separator_create(struct btree *tree, struct slice bytes);
void separator_destroy(struct btree *tree, struct separator *separator);

/* Evens out two leaves of which one follows the other, or, if they fit into one, unites them in
 * the left one; then returns true, and the right one is empty and out of the row. */
bool leaves_balance(struct leaf *left, struct leaf *right);

/* A node and what is known of it while the levels above it are made. */
struct pending {
    struct btree_node *node;
    uint64_t count;              /* entries below */
    struct separator *separator; /* bounds it from below; NULL for the first of the level */
};

/* Makes the levels above a row of leaves, for a tree without a root; overwrites `leaves`. */
void btree_raise(struct btree *tree, struct pending *leaves, uint64_t leaf_count);

/* The shortest separator between a leaf's last and the next leaf's first entry. */
struct separator *btree_separate(struct btree *tree, const struct leaf *left,
                                 const struct leaf *right);

/* Sets separator and hint of the child `index`; NULL for child 0. */
void inner_set_separator(const struct btree *tree, struct inner *inner, uint32_t index,
                         struct separator *separator);

/* Entries below an inner node. */
uint64_t inner_total(const struct inner *inner);

#endif
