/* Finding entries by their hints alone, several at a time. See btree_run in btree.h.
 *
 * Going down, the way left of all separators that have the hint is taken: an entry left of such a
 * separator may have the same hint, but none further left has. */
#include "index/btree.h"

#include "index/btree_node.h"

static inline struct btree_node *child_of(struct btree_node *node, uint64_t hint)
{
    const struct inner *inner = node_inner(node);
    return inner->children[count_smaller(inner->hints + 1, inner->node.count - 1, hint)];
}

/* Goes down to the node above the leaf: what is above that lies in caches as a rule. */
static inline void begin(const struct btree *tree, struct btree_run *run)
{
    struct btree_node *node = tree->root;
    for (uint32_t level = tree->height; level > 1; level--) {
        node = child_of(node, run->hint);
    }
    run->first = (struct btree_cursor){.leaf = node};
    if (node != NULL) {
        prefetch_node(node);
    }
}

static inline void enter_leaf(const struct btree *tree, struct btree_run *run)
{
    if (tree->height > 0) {
        run->first.leaf = child_of((struct btree_node *)(uintptr_t)run->first.leaf, run->hint);
        prefetch_node(run->first.leaf);
    }
}

static inline void find_first(struct btree_run *run)
{
    const struct leaf *leaf = (const struct leaf *)run->first.leaf;
    if (leaf == NULL) {
        return;
    }
    uint32_t position = count_smaller(leaf->hints, leaf->node.count, run->hint);
    if (position == leaf->node.count) {
        leaf = leaf->next;
        position = 0;
    }
    run->first = (struct btree_cursor){.leaf = NULL};
    if (leaf != NULL) {
        run->first = (struct btree_cursor){.leaf = &leaf->node, .position = position};
        prefetch_line(&leaf->hints[position]);
        prefetch_line(&leaf->entries[position]);
    }
}

/* Behind the entries from `position` on that have the run's hint; those that are among the first of
 * the run are asked for on the way. */
static inline uint32_t run_end(const struct btree_run *run, const struct leaf *leaf,
                               uint32_t position)
{
    uint32_t count = leaf->node.count;
    uint64_t left = run->count < BTREE_RUN_FETCHED ? BTREE_RUN_FETCHED - run->count : 0;
    uint32_t near = left < count - position ? position + (uint32_t)left : count;
    for (; position < near; position++) {
        if (leaf->hints[position] != run->hint) {
            return position;
        }
        prefetch_entry(leaf->entries[position]);
    }
    return count_not_greater(leaf->hints, position, count, run->hint);
}

static inline void find_end(struct btree_run *run)
{
    const struct leaf *leaf = (const struct leaf *)run->first.leaf;
    uint32_t position = run->first.position;
    run->last = (struct btree_cursor){.leaf = NULL};
    run->count = 0;
    for (uint32_t i = 0; i < BTREE_LEAVES_WALKED; i++) {
        uint32_t end = leaf != NULL ? run_end(run, leaf, position) : position;
        if (end > position) {
            run->last = (struct btree_cursor){.leaf = &leaf->node, .position = end - 1};
            run->count += end - position;
        }
        if (leaf == NULL || end < leaf->node.count) {
            return;
        }
        leaf = leaf->next;
        position = 0;
    }
    run->count = BTREE_RUN_LONG;
}

void btree_run_step(const struct btree *tree, struct btree_run *run, unsigned stage)
{
    switch (stage) {
    case 0:
        begin(tree, run);
        return;
    case 1:
        enter_leaf(tree, run);
        return;
    case 2:
        find_first(run);
        return;
    default:
        assert(stage == BTREE_RUN_STAGES - 1);
        find_end(run);
    }
}

void btree_find_runs(const struct btree *tree, struct btree_run *const *runs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        begin(tree, runs[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        enter_leaf(tree, runs[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        find_first(runs[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        find_end(runs[i]);
    }
}
