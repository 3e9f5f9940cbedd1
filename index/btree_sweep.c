/* Taking many entries out of a B+tree at once: the leaves are gone through from left to right, then
 * the levels above them are made anew. Leaves that lose nothing stay as full as they are. */
#include "index/btree_node.h"

#include "base/memory.h"

static struct leaf *first_leaf(const struct btree *tree)
{
    struct btree_node *node = tree->root;
    while (node->level > 0) {
        node = node_inner(node)->children[0];
    }
    return node_leaf(node);
}

/* Asks for the entries of the next leaf, and for the leaf behind it. */
static void prefetch_behind(const struct leaf *leaf)
{
    const struct leaf *next = leaf->next;
    if (next == NULL) {
        return;
    }
    for (uint32_t i = 0; i < next->node.count; i++) {
        prefetch_line(next->entries[i]);
    }
    if (next->next != NULL) {
        prefetch_bytes(next->next, sizeof(*next));
    }
}

/* Closes the gaps that the entries leave which go. */
static void sweep_leaf(struct leaf *leaf, bool (*goes)(const void *entry))
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < leaf->node.count; i++) {
        leaf->hints[kept] = leaf->hints[i];
        leaf->entries[kept] = leaf->entries[i];
        kept += goes(leaf->entries[i]) ? 0 : 1;
    }
    leaf->node.count = kept;
}

/* Evens a leaf out with the one before it where either is too small. Returns whether that leaves
 * it empty, and out of the row. */
static bool fit_leaf(struct leaf *leaf)
{
    struct leaf *previous = leaf->previous;
    if (previous == NULL && leaf->node.count == 0) {
        if (leaf->next != NULL) {
            leaf->next->previous = NULL;
        }
        return true;
    }
    bool is_small = previous != NULL &&
                    (previous->node.count < BTREE_LEAF_MIN || leaf->node.count < BTREE_LEAF_MIN);
    return is_small && leaves_balance(previous, leaf);
}

/* Sweeps all leaves from `leaf` on. Returns how many are left, and sets `last` to the last. */
static uint64_t sweep_leaves(struct btree *tree, struct leaf *leaf, bool (*goes)(const void *entry),
                             struct leaf **last)
{
    uint64_t left = 0;
    *last = NULL;
    while (leaf != NULL) {
        prefetch_behind(leaf);
        sweep_leaf(leaf, goes);
        struct leaf *next = leaf->next;
        if (fit_leaf(leaf)) {
            node_destroy(tree, &leaf->node);
        } else {
            *last = leaf;
            left++;
        }
        leaf = next;
    }
    return left;
}

/* Makes the levels above the leaves of which `last` is the last. */
static void raise_leaves(struct btree *tree, struct leaf *last, uint64_t leaf_count)
{
    struct pending *leaves = memory_allocate(leaf_count * sizeof(*leaves));
    uint64_t i = leaf_count;
    for (struct leaf *leaf = last; leaf != NULL; leaf = leaf->previous) {
        struct separator *separator =
            leaf->previous == NULL ? NULL : btree_separate(tree, leaf->previous, leaf);
        i--;
        leaves[i] = (struct pending){&leaf->node, leaf->node.count, separator};
    }
    assert(i == 0);
    btree_raise(tree, leaves, leaf_count);
    memory_release(leaves);
}

void btree_sweep(struct btree *tree, bool (*goes)(const void *entry))
{
    if (tree->root == NULL) {
        return;
    }
    struct leaf *first = first_leaf(tree);
    struct leaf *last;
    nodes_destroy(tree, tree->root, 1);
    tree->root = NULL;
    tree->height = 0;
    tree->count = 0;
    tree->moves++;
    uint64_t leaf_count = sweep_leaves(tree, first, goes, &last);
    if (leaf_count > 0) {
        raise_leaves(tree, last, leaf_count);
    }
}
