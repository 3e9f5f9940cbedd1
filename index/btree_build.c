/* Filling an empty B+tree from sorted entries, bottom-up: full leaves first, then level upon level
 * of inner nodes. Only the last node of a level may be less than full, apart from the one before
 * it, which gives a child away where the last would have just one. */
#include "index/btree_node.h"

#include "base/memory.h"

#include <string.h>

static struct leaf *build_leaf(struct btree *tree, const struct btree_item *items, uint64_t count)
{
    struct leaf *leaf = leaf_create(tree);
    uint32_t taken = count < BTREE_LEAF_CAPACITY ? (uint32_t)count : BTREE_LEAF_CAPACITY;
    for (uint32_t i = 0; i < taken; i++) {
        leaf->hints[i] = items[i].hint;
        leaf->entries[i] = items[i].entry;
    }
    /* Their keys make separators. */
    prefetch_line(items[0].entry);
    prefetch_line(items[taken - 1].entry);
    leaf->node.count = taken;
    return leaf;
}

static uint64_t build_leaves(struct btree *tree, const struct btree_item *items, uint64_t count,
                             struct pending *level)
{
    uint64_t leaf_count = 0;
    struct leaf *previous = NULL;
    for (uint64_t done = 0; done < count;) {
        struct leaf *leaf = build_leaf(tree, items + done, count - done);
        level[leaf_count] = (struct pending){.node = &leaf->node, .count = leaf->node.count};
        if (previous != NULL) {
            leaf->previous = previous;
            previous->next = leaf;
            level[leaf_count].separator = btree_separate(tree, previous, leaf);
        }
        previous = leaf;
        done += leaf->node.count;
        leaf_count++;
    }
    return leaf_count;
}

static uint32_t children_of_next(uint64_t left)
{
    if (left == BTREE_INNER_CAPACITY + 1) {
        return BTREE_INNER_CAPACITY - 1;
    }
    return left < BTREE_INNER_CAPACITY ? (uint32_t)left : BTREE_INNER_CAPACITY;
}

/* Turns a level into the one above it, in place. Returns how many nodes that has. */
static uint64_t build_level(struct btree *tree, struct pending *level, uint64_t count)
{
    uint64_t parent_count = 0;
    for (uint64_t done = 0; done < count;) {
        struct inner *inner = inner_create(tree, level[done].node->level + 1);
        struct separator *separator = level[done].separator;
        uint32_t child_count = children_of_next(count - done);
        for (uint32_t i = 0; i < child_count; i++) {
            inner->children[i] = level[done + i].node;
            inner->counts[i] = level[done + i].count;
            inner_set_separator(tree, inner, i, i == 0 ? NULL : level[done + i].separator);
        }
        inner->node.count = child_count;
        level[parent_count] = (struct pending){&inner->node, inner_total(inner), separator};
        done += child_count;
        parent_count++;
    }
    return parent_count;
}

void btree_raise(struct btree *tree, struct pending *leaves, uint64_t leaf_count)
{
    assert(tree->root == NULL && leaf_count > 0);
    uint64_t node_count = leaf_count;
    tree->height = 0;
    while (node_count > 1) {
        node_count = build_level(tree, leaves, node_count);
        tree->height++;
    }
    assert(leaves[0].separator == NULL && tree->height <= BTREE_HEIGHT_MAX);
    tree->root = leaves[0].node;
    tree->count = leaves[0].count;
    tree->moves++;
}

void btree_build(struct btree *tree, const struct btree_item *items, uint64_t count)
{
    assert(tree->root == NULL && tree->count == 0);
    if (count == 0) {
        return;
    }
    uint64_t leaf_count = (count + BTREE_LEAF_CAPACITY - 1) / BTREE_LEAF_CAPACITY;
    struct pending *leaves = memory_allocate(leaf_count * sizeof(*leaves));
    uint64_t built = build_leaves(tree, items, count, leaves);
    assert(built == leaf_count);
    btree_raise(tree, leaves, leaf_count);
    memory_release(leaves);
}

static void make_leaf_hints(const struct btree *tree, struct leaf *leaf)
{
    for (uint32_t i = 0; leaf->next != NULL && i < leaf->next->node.count; i++) {
        prefetch_entry(leaf->next->entries[i]);
    }
    for (uint32_t i = 0; i < leaf->node.count; i++) {
        leaf->hints[i] = tree->order->hint(tree->order->context, leaf->entries[i]);
    }
}

static void make_hints_below(const struct btree *tree, struct btree_node *node)
{
    if (node->level == 0) {
        make_leaf_hints(tree, node_leaf(node));
        return;
    }
    struct inner *inner = node_inner(node);
    for (uint32_t i = 0; i < node->count; i++) {
        inner_set_separator(tree, inner, i, inner->separators[i]);
        make_hints_below(tree, inner->children[i]);
    }
}

void btree_make_hints(struct btree *tree)
{
    if (tree->root != NULL) {
        make_hints_below(tree, tree->root);
    }
}
