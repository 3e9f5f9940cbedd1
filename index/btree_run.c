/* Finding entries by their hints alone, several at a time. See btree_run in btree.h.
 *
 * Going down, the way left of all separators that have the hint is taken: an entry left of such a
 * separator may have the same hint, but none further left has. */
#include "index/btree.h"

#include "index/btree_node.h"

void btree_run_begin(const struct btree *tree, struct btree_run *run)
{
    run->first = (struct btree_cursor){.leaf = tree->root};
}

/* The cursor is at an inner node until the last step. */
void btree_run_descend(struct btree_run *run)
{
    const struct inner *inner = (const struct inner *)run->first.leaf;
    assert(inner->node.level > 0);
    uint32_t count = inner->node.count - 1;
    run->first.leaf = inner->children[count_smaller(inner->hints + 1, count, run->hint)];
    prefetch_node(run->first.leaf);
}

void btree_run_find(struct btree_run *run)
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
        PREFETCH(&leaf->hints[position]);
        PREFETCH(&leaf->entries[position]);
    }
}

/* Entries in a row that are looked at one by one: most runs are no longer. */
#define ENTRIES_WALKED TINY_OR(1, 4)

/* Behind the entries from `position` on that have the hint. */
static uint32_t run_end(const struct leaf *leaf, uint32_t position, uint64_t hint)
{
    uint32_t count = leaf->node.count;
    uint32_t near = position + ENTRIES_WALKED < count ? position + ENTRIES_WALKED : count;
    while (position < near && leaf->hints[position] == hint) {
        position++;
    }
    return position < near ? position : count_not_greater(leaf->hints, position, count, hint);
}

bool btree_run_count(struct btree_run *run)
{
    const struct leaf *leaf = (const struct leaf *)run->first.leaf;
    uint32_t position = run->first.position;
    run->last = (struct btree_cursor){.leaf = NULL};
    run->count = 0;
    for (uint32_t i = 0; i < BTREE_LEAVES_WALKED; i++) {
        uint32_t end = leaf != NULL ? run_end(leaf, position, run->hint) : position;
        if (end > position) {
            run->last = (struct btree_cursor){.leaf = &leaf->node, .position = end - 1};
            run->count += end - position;
        }
        if (leaf == NULL || end < leaf->node.count) {
            return true;
        }
        leaf = leaf->next;
        position = 0;
    }
    return false;
}
