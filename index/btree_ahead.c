/* Searching ahead of an operation. See btree_ahead in btree.h. */
#include "index/btree.h"

#include "index/btree_node.h"

/* How many of the ascending `hints` stand before the place that is searched. */
static uint32_t ahead_rank(const struct btree_ahead *ahead, const uint64_t *hints, uint32_t count)
{
    uint32_t low = count_smaller(hints, count, ahead->hint);
    return ahead->after ? count_not_greater(hints, low, count, ahead->hint) : low;
}

/* The child of `node`, an inner one, that the search leads to; asks for what separates it where
 * that will have to be compared. */
static const struct btree_node *ahead_child(const struct btree_ahead *ahead,
                                            const struct btree_node *node)
{
    const struct inner *inner = (const struct inner *)node;
    uint32_t index = ahead_rank(ahead, inner->hints + 1, node->count - 1);
    if (inner->hints[index] == ahead->hint) {
        PREFETCH(inner->separators[index]);
    }
    return inner->children[index];
}

static void ahead_prefetch_entry(const struct btree_ahead *ahead)
{
    const struct leaf *leaf = (const struct leaf *)ahead->node;
    uint32_t position = ahead_rank(ahead, leaf->hints, leaf->node.count);
    position -= ahead->after && position > 0 ? 1 : 0;
    if (position < leaf->node.count && leaf->hints[position] == ahead->hint) {
        prefetch_entry(leaf->entries[position]);
    }
}

void btree_ahead_begin(const struct btree *tree, uint64_t hint, bool after,
                       struct btree_ahead *ahead)
{
    *ahead = (struct btree_ahead){.node = tree->root, .hint = hint, .after = after};
    for (uint32_t level = tree->height; level > 1; level--) {
        ahead->node = ahead_child(ahead, ahead->node);
    }
    if (ahead->node != NULL) {
        prefetch_bytes(ahead->node, sizeof(struct inner));
    }
}

bool btree_ahead_step(struct btree_ahead *ahead)
{
    if (ahead->node == NULL) {
        return false;
    }
    if (ahead->node->level > 0) {
        ahead->node = ahead_child(ahead, ahead->node);
        prefetch_bytes(ahead->node, sizeof(struct leaf));
        return true;
    }
    ahead_prefetch_entry(ahead);
    ahead->node = NULL;
    return false;
}
