/* Searching ahead of an operation. See btree_ahead in btree.h. */
#include "index/btree.h"

#include "index/btree_node.h"

/* How many of the ascending `hints` stand before the place that is searched. */
static uint32_t ahead_rank(const struct btree_ahead *ahead, const uint64_t *hints, uint32_t count)
{
    return ahead->after ? count_up_to(hints, count, ahead->hint)
                        : count_smaller(hints, count, ahead->hint);
}

/* What a search looks at in an inner node: hints, and the children right behind them. */
#define INNER_SEARCHED_SIZE offsetof(struct inner, counts)

/* Goes from an inner node to its child, and asks for what an operation will look at or change: a
 * leaf's hints, the child's count, and what separates it where a lookup will have to compare that.
 */
static void step_down(struct btree_ahead *ahead)
{
    const struct inner *inner = (const struct inner *)ahead->node;
    uint32_t index = ahead_rank(ahead, inner->hints + 1, inner->node.count - 1);
    if (!ahead->after && inner->hints[index] == ahead->hint) {
        prefetch_line(inner->separators[index]);
    }
    prefetch_line(&inner->counts[index]);
    ahead->way[ahead->length++] = (uint8_t)index;
    ahead->node = inner->children[index];
}

/* Searches the leaf, and asks for its entries from the place on: those that an insert moves. */
static void find_place(struct btree_ahead *ahead)
{
    const struct leaf *leaf = (const struct leaf *)ahead->node;
    uint32_t count = leaf->node.count;
    uint32_t position = ahead_rank(ahead, leaf->hints, count);
    position -= ahead->after && position > 0 ? 1 : 0;
    uint32_t end = ahead->after || position == count ? count : position + 1;
    for (uint32_t i = position; i < end; i += CACHE_LINE_SIZE / sizeof(void *)) {
        prefetch_line(&leaf->entries[i]);
    }
    ahead->position = position;
    ahead->found = true;
}

static void prefetch_found(const struct btree_ahead *ahead)
{
    const struct leaf *leaf = (const struct leaf *)ahead->node;
    uint32_t position = ahead->position;
    if (position < leaf->node.count && leaf->hints[position] == ahead->hint) {
        prefetch_entry(leaf->entries[position]);
    }
}

void btree_ahead_begin(const struct btree *tree, uint64_t hint, bool after,
                       struct btree_ahead *ahead)
{
    *ahead = (struct btree_ahead){.node = tree->root, .hint = hint, .after = after};
    for (uint32_t level = tree->height; level > 1; level--) {
        step_down(ahead);
    }
    if (ahead->node != NULL) {
        prefetch_bytes(ahead->node, INNER_SEARCHED_SIZE);
    }
}

bool btree_ahead_step(struct btree_ahead *ahead)
{
    if (ahead->node == NULL) {
        return false;
    }
    if (ahead->node->level > 0) {
        step_down(ahead);
        prefetch_node(ahead->node);
        return true;
    }
    if (!ahead->found) {
        find_place(ahead);
        return true;
    }
    prefetch_found(ahead);
    ahead->node = NULL;
    return false;
}
