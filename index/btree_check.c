/* Walking a whole B+tree and asserting its invariants, for tests. */
#include "index/btree_node.h"

#include <string.h>

/* What the walk, from left to right, has seen so far. */
struct walk {
    struct btree *tree;
    const struct leaf *leaf;           /* the newest */
    const struct separator *separator; /* the newest; nothing but its leaf may lie behind it */
    struct buffer key;                 /* of an entry */
    uint64_t count;                    /* entries */
    size_t size;                       /* bytes of nodes and separators */
};

static struct slice key_of(struct walk *walk, const void *entry)
{
    const struct btree_order *order = walk->tree->order;
    walk->key.size = 0;
    order->append_key(order->context, entry, &walk->key);
    return buffer_slice(&walk->key);
}

static void check_entries(struct walk *walk, const struct leaf *leaf)
{
    const struct btree_order *order = walk->tree->order;
    const void *previous = NULL;
    if (walk->leaf != NULL) {
        previous = walk->leaf->entries[walk->leaf->node.count - 1];
    }
    for (uint32_t i = 0; i < leaf->node.count; i++) {
        const void *entry = leaf->entries[i];
        assert(leaf->hints[i] == order->hint(order->context, entry));
        if (previous != NULL) {
            assert(order->compare(order->context, previous, entry) < 0);
            assert(order->compare(order->context, entry, previous) > 0);
            assert(order->hint(order->context, previous) <= leaf->hints[i]);
        }
        previous = entry;
    }
}

/* The separator between this leaf and the one before lies between their keys, and its hint between
 * their hints. */
static void check_separator(struct walk *walk, const struct leaf *leaf)
{
    const struct btree_order *order = walk->tree->order;
    if (walk->leaf == NULL) {
        assert(walk->separator == NULL);
        return;
    }
    assert(walk->separator != NULL);
    struct slice bytes = separator_slice(walk->separator);
    uint64_t hint = order->hint_of_key(order->context, bytes);
    uint32_t last = walk->leaf->node.count - 1;
    assert(slice_compare(key_of(walk, walk->leaf->entries[last]), bytes) < 0);
    assert(slice_compare(bytes, key_of(walk, leaf->entries[0])) <= 0);
    assert(walk->leaf->hints[last] <= hint && hint <= leaf->hints[0]);
}

static uint64_t check_leaf(struct walk *walk, const struct leaf *leaf, bool is_root)
{
    assert(leaf->node.count > 0 && leaf->node.count <= BTREE_LEAF_CAPACITY);
    assert(is_root || leaf->next == NULL || leaf->node.count >= BTREE_LEAF_MIN);
    assert(leaf->previous == walk->leaf);
    assert(walk->leaf == NULL || walk->leaf->next == leaf);
    check_separator(walk, leaf);
    check_entries(walk, leaf);
    walk->leaf = leaf;
    walk->count += leaf->node.count;
    walk->size += sizeof(*leaf);
    return leaf->node.count;
}

/* Asserts what holds in and below `node`; returns its entries. */
static uint64_t check_node(struct walk *walk, struct btree_node *node, bool is_root, bool at_end)
{
    if (node->level == 0) {
        return check_leaf(walk, node_leaf(node), is_root);
    }
    const struct inner *inner = node_inner(node);
    assert(node->count >= 2 && node->count <= BTREE_INNER_CAPACITY);
    assert(is_root || at_end || node->count >= BTREE_INNER_MIN);
    assert(inner->separators[0] == NULL && inner->hints[0] == 0);
    uint64_t total = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        assert(inner->children[i]->level + 1 == node->level);
        if (i > 0) {
            const struct btree_order *order = walk->tree->order;
            walk->separator = inner->separators[i];
            struct slice bytes = separator_slice(walk->separator);
            assert(inner->hints[i] == order->hint_of_key(order->context, bytes));
            assert(inner->hints[i - 1] <= inner->hints[i]);
            walk->size += sizeof(struct separator) + bytes.size;
        }
        uint64_t below =
            check_node(walk, inner->children[i], false, at_end && i + 1 == node->count);
        assert(inner->counts[i] == below);
        total += below;
    }
    walk->size += sizeof(*inner);
    return total;
}

void btree_check(struct btree *tree)
{
    struct walk walk = {.tree = tree};
    if (tree->root == NULL) {
        assert(tree->count == 0 && tree->size == 0 && tree->height == 0);
        return;
    }
    assert(tree->root->level == tree->height);
    uint64_t count = check_node(&walk, tree->root, true, true);
    assert(count == tree->count && walk.count == tree->count);
    assert(walk.leaf->next == NULL);
    assert(walk.size == tree->size);
    buffer_deinit(&walk.key);
}
