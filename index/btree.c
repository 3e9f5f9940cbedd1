/* The B+tree: descending, inserting, removing, searching. The invariants stand in btree.h.
 *
 * An inner node keeps for child i, beside its count, the separator that bounds it from below and
 * that separator's hint; child 0 has none (NULL, hint 0): its bound stands in the parent. An
 * operation keeps the way it went down in a path, and goes back up along it to split or unite
 * nodes. An inner node has at least two children, a leaf at least one entry, so that a node that
 * is short of them always has a sibling to lean on.
 *
 * Keys are compared only where hints tie. The byte form of an entry's key is made for separators,
 * and for the first tie with one on the way down.
 *
 * Filling an empty tree is in btree_build.c, taking many entries out at once in btree_sweep.c,
 * checking a tree in btree_check.c, finding entries by their hints alone in btree_run.c. */
#include "index/btree.h"

#include "index/btree_node.h"

#include <assert.h>
#include <string.h>

/* What an operation looks for: the bytes `key`, or those of the key of `entry`, which are made when
 * a hint ties for the first time, in tree->scratch. */
struct target {
    uint64_t hint;
    struct slice key;
    const void *entry;
    bool after; /* the target lies behind all that begins with `key` */
};

struct step {
    struct inner *inner;
    uint32_t index; /* of the child that was taken */
};

struct path {
    struct step steps[BTREE_HEIGHT_MAX]; /* the root's first */
    uint32_t length;
};

/* Searching one node. */

static void make_key(struct btree *tree, struct target *target)
{
    tree->scratch.size = 0;
    tree->order->append_key(tree->order->context, target->entry, &tree->scratch);
    target->key = buffer_slice(&tree->scratch);
}

/* True if the target lies at or behind the separator. */
static bool separator_is_before(struct btree *tree, const struct separator *separator,
                                struct target *target)
{
    struct slice bytes = separator_slice(separator);
    if (target->entry != NULL && target->key.size == 0) {
        make_key(tree, target);
    }
    if (slice_compare(bytes, target->key) <= 0) {
        return true;
    }
    return target->after && slice_starts_with(bytes, target->key);
}

/* The child of `inner` that the target leads to. */
static uint32_t inner_search(struct btree *tree, const struct inner *inner, struct target *target)
{
    uint32_t count = inner->node.count;
    if (inner->hints[count - 1] < target->hint) {
        return count - 1; /* where new documents go in the order of their creation */
    }
    uint32_t low = 1 + count_smaller(inner->hints + 1, count - 1, target->hint);
    uint32_t high = count_not_greater(inner->hints, low, count, target->hint);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (separator_is_before(tree, inner->separators[middle], target)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* Goes down to the leaf that the target leads to; the tree is not empty. */
static struct leaf *descend(struct btree *tree, struct target *target, struct path *path)
{
    struct btree_node *node = tree->root;
    path->length = 0;
    if (target->entry != NULL) {
        target->key = SLICE(""); /* of an earlier descent it may be overwritten */
    }
    while (node->level > 0) {
        struct inner *inner = node_inner(node);
        uint32_t index = inner_search(tree, inner, target);
        assert(path->length < BTREE_HEIGHT_MAX);
        path->steps[path->length++] = (struct step){inner, index};
        node = inner->children[index];
        prefetch_node(node);
    }
    return node_leaf(node);
}

static struct target target_entry(const struct btree *tree, const void *entry)
{
    return (struct target){
        .hint = tree->order->hint(tree->order->context, entry),
        .entry = entry,
    };
}

static void path_add_count(const struct path *path, uint64_t difference)
{
    for (uint32_t i = 0; i < path->length; i++) {
        path->steps[i].inner->counts[path->steps[i].index] += difference;
    }
}

/* Making separators. */

/* Makes the separator between two leaves, one of which follows the other. */
struct separator *btree_separate(struct btree *tree, const struct leaf *left,
                                 const struct leaf *right)
{
    const struct btree_order *order = tree->order;
    assert(left->node.count > 0 && right->node.count > 0);
    tree->scratch.size = 0;
    order->append_key(order->context, left->entries[left->node.count - 1], &tree->scratch);
    size_t left_size = tree->scratch.size;
    order->append_key(order->context, right->entries[0], &tree->scratch);
    const char *left_key = tree->scratch.data;
    struct slice right_key = slice_make(left_key + left_size, tree->scratch.size - left_size);
    size_t size = 0;
    while (size < left_size && size < right_key.size && left_key[size] == right_key.data[size]) {
        size++;
    }
    assert(size < right_key.size);
    size++;
    size_t size_min = order->separator_size_min(order->context, right_key);
    assert(size_min <= right_key.size);
    return separator_create(tree, slice_make(right_key.data, size > size_min ? size : size_min));
}

struct separator *separator_create(struct btree *tree, struct slice bytes)
{
    size_t size = sizeof(struct separator) + bytes.size;
    struct separator *separator = pool_allocate(tree->pool, size);
    separator->size = (uint32_t)bytes.size;
    memcpy(separator->bytes, bytes.data, bytes.size);
    tree->size += size;
    return separator;
}

void separator_destroy(struct btree *tree, struct separator *separator)
{
    size_t size = sizeof(struct separator) + separator->size;
    tree->size -= size;
    pool_release(tree->pool, separator, size);
}

/* Nodes. */

struct leaf *leaf_create(struct btree *tree)
{
    struct leaf *leaf = pool_allocate(tree->pool, sizeof(*leaf));
    leaf->node = (struct btree_node){0};
    leaf->previous = NULL;
    leaf->next = NULL;
    tree->size += sizeof(*leaf);
    return leaf;
}

struct inner *inner_create(struct btree *tree, uint32_t level)
{
    struct inner *inner = pool_allocate(tree->pool, sizeof(*inner));
    inner->node = (struct btree_node){.count = 0, .level = level};
    tree->size += sizeof(*inner);
    return inner;
}

void node_destroy(struct btree *tree, struct btree_node *node)
{
    size_t size = node->level > 0 ? sizeof(struct inner) : sizeof(struct leaf);
    tree->size -= size;
    pool_release(tree->pool, node, size);
}

void nodes_destroy(struct btree *tree, struct btree_node *node, uint32_t level_min)
{
    if (node->level < level_min) {
        return;
    }
    for (uint32_t i = 0; node->level > 0 && i < node->count; i++) {
        struct inner *inner = node_inner(node);
        if (inner->separators[i] != NULL) {
            separator_destroy(tree, inner->separators[i]);
        }
        nodes_destroy(tree, inner->children[i], level_min);
    }
    node_destroy(tree, node);
}

uint64_t inner_total(const struct inner *inner)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < inner->node.count; i++) {
        total += inner->counts[i];
    }
    return total;
}

static uint64_t node_total(struct btree_node *node)
{
    return node->level > 0 ? inner_total(node_inner(node)) : node->count;
}

void inner_set_separator(const struct btree *tree, struct inner *inner, uint32_t index,
                         struct separator *separator)
{
    inner->separators[index] = separator;
    inner->hints[index] = 0;
    if (separator != NULL) {
        struct slice bytes = separator_slice(separator);
        inner->hints[index] = tree->order->hint_of_key(tree->order->context, bytes);
    }
}

/* Moves `count` entries within a leaf or between two. */
static void leaf_copy(struct leaf *to, uint32_t to_position, const struct leaf *from,
                      uint32_t from_position, uint32_t count)
{
    memmove(to->hints + to_position, from->hints + from_position, count * sizeof(to->hints[0]));
    memmove(to->entries + to_position, from->entries + from_position,
            count * sizeof(to->entries[0]));
}

/* Moves `count` children within an inner node or between two. */
static void inner_copy(struct inner *to, uint32_t to_index, const struct inner *from,
                       uint32_t from_index, uint32_t count)
{
    memmove(to->hints + to_index, from->hints + from_index, count * sizeof(to->hints[0]));
    memmove(to->separators + to_index, from->separators + from_index,
            count * sizeof(struct separator *));
    memmove(to->children + to_index, from->children + from_index,
            count * sizeof(struct btree_node *));
    memmove(to->counts + to_index, from->counts + from_index, count * sizeof(to->counts[0]));
}

static void leaf_insert(struct leaf *leaf, uint32_t position, uint64_t hint, void *entry)
{
    assert(leaf->node.count < BTREE_LEAF_CAPACITY && position <= leaf->node.count);
    if (position < leaf->node.count) {
        leaf_copy(leaf, position + 1, leaf, position, leaf->node.count - position);
    }
    leaf->hints[position] = hint;
    leaf->entries[position] = entry;
    leaf->node.count++;
}

/* Puts `child`, bounded from below by `separator`, at `index` of `inner`. */
static void inner_insert(struct btree *tree, struct inner *inner, uint32_t index,
                         struct btree_node *child, struct separator *separator)
{
    assert(inner->node.count < BTREE_INNER_CAPACITY && index <= inner->node.count);
    inner_copy(inner, index + 1, inner, index, inner->node.count - index);
    inner->children[index] = child;
    inner->counts[index] = node_total(child);
    inner_set_separator(tree, inner, index, separator);
    inner->node.count++;
}

/* Moving between siblings. */

static void leaf_move_left(struct leaf *left, struct leaf *right, uint32_t count)
{
    leaf_copy(left, left->node.count, right, 0, count);
    leaf_copy(right, 0, right, count, right->node.count - count);
    left->node.count += count;
    right->node.count -= count;
}

static void leaf_move_right(struct leaf *left, struct leaf *right, uint32_t count)
{
    leaf_copy(right, count, right, 0, right->node.count);
    leaf_copy(right, 0, left, left->node.count - count, count);
    left->node.count -= count;
    right->node.count += count;
}

/* Moves `count` children; `separator` is what stood between the two. Returns what stands between
 * them then: NULL if nothing is left on the right. */
static struct separator *inner_move_left(struct btree *tree, struct inner *left,
                                         struct inner *right, uint32_t count,
                                         struct separator *separator)
{
    inner_set_separator(tree, right, 0, separator);
    inner_copy(left, left->node.count, right, 0, count);
    inner_copy(right, 0, right, count, right->node.count - count);
    left->node.count += count;
    right->node.count -= count;
    if (right->node.count == 0) {
        return NULL;
    }
    struct separator *between = right->separators[0];
    inner_set_separator(tree, right, 0, NULL);
    return between;
}

/* Moves `count` children; `separator` is what stood between the two, NULL if nothing was on the
 * right. Returns what stands between them then. */
static struct separator *inner_move_right(struct btree *tree, struct inner *left,
                                          struct inner *right, uint32_t count,
                                          struct separator *separator)
{
    assert(count > 0 && count < left->node.count);
    if (right->node.count > 0) {
        inner_set_separator(tree, right, 0, separator);
    }
    inner_copy(right, count, right, 0, right->node.count);
    inner_copy(right, 0, left, left->node.count - count, count);
    left->node.count -= count;
    right->node.count += count;
    struct separator *between = right->separators[0];
    inner_set_separator(tree, right, 0, NULL);
    return between;
}

/* Balancing siblings. */

static void inner_remove(struct inner *inner, uint32_t index)
{
    assert(index > 0 && index < inner->node.count);
    inner_copy(inner, index, inner, index + 1, inner->node.count - index - 1);
    inner->node.count--;
}

bool leaves_balance(struct leaf *left, struct leaf *right)
{
    uint32_t total = left->node.count + right->node.count;
    if (total <= BTREE_LEAF_CAPACITY) {
        leaf_move_left(left, right, right->node.count);
        left->next = right->next;
        if (right->next != NULL) {
            right->next->previous = left;
        }
        return true;
    }
    if (left->node.count > total / 2) {
        leaf_move_right(left, right, left->node.count - total / 2);
    } else {
        leaf_move_left(left, right, total / 2 - left->node.count);
    }
    return false;
}

/* Balances the leaves `index` and `index` + 1 of `parent`; returns whether they are united. */
static bool balance_leaves(struct btree *tree, struct inner *parent, uint32_t index)
{
    struct leaf *left = node_leaf(parent->children[index]);
    struct leaf *right = node_leaf(parent->children[index + 1]);
    separator_destroy(tree, parent->separators[index + 1]);
    if (leaves_balance(left, right)) {
        return true;
    }
    inner_set_separator(tree, parent, index + 1, btree_separate(tree, left, right));
    return false;
}

/* The same for inner nodes. */
static bool balance_inners(struct btree *tree, struct inner *parent, uint32_t index)
{
    struct inner *left = node_inner(parent->children[index]);
    struct inner *right = node_inner(parent->children[index + 1]);
    uint32_t total = left->node.count + right->node.count;
    struct separator *separator = parent->separators[index + 1];
    if (total <= BTREE_INNER_CAPACITY) {
        (void)inner_move_left(tree, left, right, right->node.count, separator);
        return true;
    }
    if (left->node.count > total / 2) {
        separator = inner_move_right(tree, left, right, left->node.count - total / 2, separator);
    } else {
        separator = inner_move_left(tree, left, right, total / 2 - left->node.count, separator);
    }
    inner_set_separator(tree, parent, index + 1, separator);
    return false;
}

/* Balances the children `index` and `index` + 1 of `parent`. */
static void balance(struct btree *tree, struct inner *parent, uint32_t index)
{
    struct btree_node *right = parent->children[index + 1];
    bool united = parent->node.level == 1 ? balance_leaves(tree, parent, index)
                                          : balance_inners(tree, parent, index);
    if (united) {
        node_destroy(tree, right);
        inner_remove(parent, index + 1);
    } else {
        parent->counts[index + 1] = node_total(right);
    }
    parent->counts[index] = node_total(parent->children[index]);
}

/* Inserting. */

/* Lets a new root stand above the old one and `right`. */
static void add_root(struct btree *tree, struct btree_node *right, struct separator *separator)
{
    struct inner *root = inner_create(tree, tree->root->level + 1);
    inner_insert(tree, root, 0, tree->root, NULL);
    inner_insert(tree, root, 1, right, separator);
    tree->root = &root->node;
    tree->height++;
    assert(tree->height <= BTREE_HEIGHT_MAX);
}

/* Splits the full `inner` and inserts the child at `index` into one of the halves. At the far
 * right the old node keeps all it can. Returns the new node and sets what separates it. */
static struct inner *split_inner(struct btree *tree, struct inner *inner, uint32_t index,
                                 struct btree_node *child, struct separator **separator,
                                 bool at_end)
{
    struct inner *right = inner_create(tree, inner->node.level);
    uint32_t moved = at_end ? 1 : BTREE_INNER_CAPACITY / 2;
    struct separator *between = inner_move_right(tree, inner, right, moved, NULL);
    if (index <= inner->node.count) {
        inner_insert(tree, inner, index, child, *separator);
    } else {
        inner_insert(tree, right, index - inner->node.count, child, *separator);
    }
    *separator = between;
    return right;
}

/* Hangs `child` behind the child that the path ends in, and splits as far up as it takes. */
static void add_child(struct btree *tree, const struct path *path, struct btree_node *child,
                      struct separator *separator, bool at_end)
{
    for (uint32_t depth = path->length; depth-- > 0;) {
        struct inner *inner = path->steps[depth].inner;
        uint32_t index = path->steps[depth].index;
        inner->counts[index] -= node_total(child);
        if (inner->node.count < BTREE_INNER_CAPACITY) {
            inner_insert(tree, inner, index + 1, child, separator);
            return;
        }
        child = &split_inner(tree, inner, index + 1, child, &separator, at_end)->node;
    }
    add_root(tree, child, separator);
}

/* Splits the full `leaf` and puts the entry at `position` into one of the halves. */
static void split_leaf(struct btree *tree, const struct path *path, struct leaf *leaf,
                       uint32_t position, uint64_t hint, void *entry)
{
    struct leaf *right = leaf_create(tree);
    bool at_end = leaf->next == NULL && position == leaf->node.count;
    right->previous = leaf;
    right->next = leaf->next;
    if (leaf->next != NULL) {
        leaf->next->previous = right;
    }
    leaf->next = right;
    if (!at_end) {
        leaf_move_right(leaf, right, BTREE_LEAF_CAPACITY / 2);
    }
    if (!at_end && position <= leaf->node.count) {
        leaf_insert(leaf, position, hint, entry);
    } else {
        leaf_insert(right, position - leaf->node.count, hint, entry);
    }
    add_child(tree, path, &right->node, btree_separate(tree, leaf, right), at_end);
}

/* Where a new entry goes in a leaf. Of tied entries the last is looked at first: ties usually end
 * in the creation time, and a new document is the newest. */
static uint32_t leaf_position_for(const struct btree *tree, const struct leaf *leaf, uint64_t hint,
                                  const void *entry)
{
    const struct btree_order *order = tree->order;
    uint32_t count = leaf->node.count;
    if (count > 0 && leaf->hints[count - 1] < hint) {
        return count;
    }
    uint32_t low = count_smaller(leaf->hints, count, hint);
    uint32_t high = count_not_greater(leaf->hints, low, count, hint);
    uint32_t middle = high - 1;
    while (low < high) {
        int comparison = order->compare(order->context, entry, leaf->entries[middle]);
        assert(comparison != 0);
        if (comparison > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
        middle = low + (high - low) / 2;
    }
    return low;
}

/* Moves some entries of the full leaf that the path leads to into a sibling that has much room,
 * which keeps leaves fuller than splitting alone does. Returns false where neither has; otherwise
 * the way down is another one, and its leaf has room. */
static bool relieve_leaf(struct btree *tree, const struct path *path)
{
    if (path->length == 0) {
        return false;
    }
    const struct step *last = &path->steps[path->length - 1];
    struct inner *parent = last->inner;
    uint32_t index = last->index;
    if (index > 0 && parent->children[index - 1]->count <= BTREE_LEAF_ROOMY) {
        balance(tree, parent, index - 1);
        return true;
    }
    if (index + 1 < parent->node.count && parent->children[index + 1]->count <= BTREE_LEAF_ROOMY) {
        balance(tree, parent, index);
        return true;
    }
    return false;
}

void btree_init(struct btree *tree, struct pool *pool, const struct btree_order *order)
{
    *tree = (struct btree){.pool = pool, .order = order};
}

void btree_deinit(struct btree *tree)
{
    if (tree->root != NULL) {
        nodes_destroy(tree, tree->root, 0);
        tree->root = NULL;
    }
    assert(tree->size == 0);
    buffer_deinit(&tree->scratch);
}

/* Whether the place in the leaf that the hint alone led to, behind all that ties there, is where a
 * new entry belongs. To the right of the leaf separators have greater hints, so that nothing there
 * has to be compared; an entry before the place that is smaller tells that nothing to the left has
 * to be. As ties usually end in the creation time, and a new document is the newest, it is. */
static bool is_place_of(const struct btree *tree, const struct leaf *leaf, uint32_t place,
                        const struct target *target)
{
    const struct btree_order *order = tree->order;
    return place > 0 &&
           (leaf->hints[place - 1] < target->hint ||
            order->compare(order->context, target->entry, leaf->entries[place - 1]) > 0);
}

/* The way down that a search that was settled knows. */
static struct leaf *settled_way(const struct btree *tree, const struct btree_ahead *ahead,
                                struct path *path)
{
    struct btree_node *node = tree->root;
    assert(ahead->length == tree->height);
    path->length = ahead->length;
    for (uint32_t depth = 0; depth < ahead->length; depth++) {
        struct inner *inner = node_inner(node);
        path->steps[depth] = (struct step){inner, ahead->way[depth]};
        node = inner->children[ahead->way[depth]];
    }
    assert(node == ahead->node);
    return node_leaf(node);
}

void *btree_ahead_settle(const struct btree *tree, struct btree_ahead *ahead)
{
    struct btree_node *node = tree->root;
    bool is_known = ahead->found && ahead->length == tree->height;
    assert(ahead->after);
    ahead->node = NULL;
    if (node == NULL) {
        return NULL;
    }
    for (uint32_t depth = 0; depth < tree->height; depth++) {
        struct inner *inner = node_inner(node);
        uint32_t last = inner->node.count - 1;
        uint32_t guess = is_known ? ahead->way[depth] : last;
        uint32_t index = count_up_to_near(inner->hints + 1, last, ahead->hint, guess);
        ahead->way[depth] = (uint8_t)index;
        node = inner->children[index];
        if (!is_known) {
            prefetch_node(node);
        }
    }
    const struct leaf *leaf = node_leaf(node);
    uint32_t count = leaf->node.count;
    uint32_t guess = is_known ? ahead->position + 1 : count;
    uint32_t place = count_up_to_near(leaf->hints, count, ahead->hint, guess);
    ahead->node = node;
    ahead->length = (uint8_t)tree->height;
    ahead->position = place;
    bool ties = place > 0 && leaf->hints[place - 1] == ahead->hint;
    return ties ? leaf->entries[place - 1] : NULL;
}

void btree_insert_settled(struct btree *tree, void *entry, const struct btree_ahead *ahead,
                          bool is_behind)
{
    struct target target = {.hint = ahead->hint, .entry = entry};
    struct path path;
    if (ahead->node == NULL) {
        assert(tree->root == NULL);
        struct leaf *first = leaf_create(tree);
        tree->root = &first->node;
        tree->count++;
        tree->moves++;
        leaf_insert(first, 0, target.hint, entry);
        return;
    }
    struct leaf *leaf = settled_way(tree, ahead, &path);
    uint32_t place = ahead->position;
    bool is_right = is_behind || is_place_of(tree, leaf, place, &target);
    if (UNLIKELY(!is_right)) {
        leaf = descend(tree, &target, &path);
    }
    if (UNLIKELY(leaf->node.count == BTREE_LEAF_CAPACITY) && relieve_leaf(tree, &path)) {
        leaf = descend(tree, &target, &path);
        is_right = false;
    }
    if (UNLIKELY(!is_right)) {
        place = leaf_position_for(tree, leaf, target.hint, entry);
    }
    path_add_count(&path, 1);
    tree->count++;
    tree->moves++;
    if (LIKELY(leaf->node.count < BTREE_LEAF_CAPACITY)) {
        leaf_insert(leaf, place, target.hint, entry);
    } else {
        split_leaf(tree, &path, leaf, place, target.hint, entry);
    }
}

void btree_insert(struct btree *tree, void *entry)
{
    btree_insert_hinted(tree, entry, tree->order->hint(tree->order->context, entry));
}

void btree_insert_hinted(struct btree *tree, void *entry, uint64_t hint)
{
    struct btree_ahead ahead;
    ahead.hint = hint;
    ahead.after = true;
    ahead.found = false;
    (void)btree_ahead_settle(tree, &ahead);
    btree_insert_settled(tree, entry, &ahead, false);
}

/* Removing. */

/* The position of an entry that is in the leaf; looks at pointers only. */
static uint32_t leaf_find(const struct leaf *leaf, uint64_t hint, const void *entry)
{
    uint32_t position = count_smaller(leaf->hints, leaf->node.count, hint);
    assert(position < leaf->node.count);
    while (leaf->entries[position] != entry) {
        position++;
        assert(position < leaf->node.count);
    }
    return position;
}

/* Drops a root that has nothing to decide any more. */
static void shrink_root(struct btree *tree)
{
    struct btree_node *root = tree->root;
    if (root->level > 0 && root->count == 1) {
        tree->root = node_inner(root)->children[0];
        tree->height--;
        node_destroy(tree, root);
    } else if (root->count == 0) {
        tree->root = NULL;
        node_destroy(tree, root);
    }
}

/* Mends the nodes of the path, from the leaf up, that have become too small. */
static void mend_path(struct btree *tree, const struct path *path)
{
    for (uint32_t depth = path->length; depth-- > 0;) {
        struct inner *parent = path->steps[depth].inner;
        uint32_t index = path->steps[depth].index;
        const struct btree_node *node = parent->children[index];
        if (node->count >= (node->level > 0 ? BTREE_INNER_MIN : BTREE_LEAF_MIN)) {
            return;
        }
        balance(tree, parent, index > 0 ? index - 1 : 0);
    }
    shrink_root(tree);
}

void btree_remove(struct btree *tree, void *entry)
{
    assert(tree->root != NULL);
    struct target target = target_entry(tree, entry);
    struct path path;
    struct leaf *leaf = descend(tree, &target, &path);
    uint32_t position = leaf_find(leaf, target.hint, entry);
    leaf_copy(leaf, position, leaf, position + 1, leaf->node.count - position - 1);
    leaf->node.count--;
    tree->count--;
    tree->moves++;
    path_add_count(&path, UINT64_MAX); /* modulo 2^64: one less */
    mend_path(tree, &path);
}

void btree_replace(struct btree *tree, void *before, void *after)
{
    assert(tree->root != NULL);
    struct target target = target_entry(tree, before);
    struct path path;
    struct leaf *leaf = descend(tree, &target, &path);
    uint32_t position = leaf_find(leaf, target.hint, before);
    assert(tree->order->hint(tree->order->context, after) == target.hint);
    leaf->entries[position] = after;
}

/* Places. */

static uint64_t bound_hint(const struct btree_bound *bound)
{
    if (bound->key.size == 0) {
        return bound->after ? UINT64_MAX : 0;
    }
    return bound->hint;
}

static struct target target_bound(const struct btree_bound *bound)
{
    return (struct target){.hint = bound_hint(bound), .key = bound->key, .after = bound->after};
}

/* Orders an entry whose hint ties with the place's. */
static int compare_tied(struct btree *tree, const void *entry, const struct btree_bound *bound)
{
    int order = tree->order->compare_key(tree->order->context, entry, bound->key);
    if (order != 0) {
        return order;
    }
    return bound->after ? -1 : 1;
}

int btree_compare_bound(struct btree *tree, const void *entry, const struct btree_bound *bound)
{
    uint64_t hint = tree->order->hint(tree->order->context, entry);
    uint64_t place_hint = bound_hint(bound);
    if (hint != place_hint) {
        return hint < place_hint ? -1 : 1;
    }
    return compare_tied(tree, entry, bound);
}

/* How many entries of the leaf lie before the bound. Entries that tie usually begin with the
 * bound's key, all of them, so the end where that would be decided is looked at first. */
static uint32_t leaf_rank(struct btree *tree, const struct leaf *leaf,
                          const struct btree_bound *bound)
{
    uint64_t hint = bound_hint(bound);
    uint32_t low = count_smaller(leaf->hints, leaf->node.count, hint);
    uint32_t high = count_not_greater(leaf->hints, low, leaf->node.count, hint);
    uint32_t middle = bound->after ? high - 1 : low;
    while (low < high) {
        if (compare_tied(tree, leaf->entries[middle], bound) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
        middle = low + (high - low) / 2;
    }
    return low;
}

/* Entries in the leaves left of the one that the path leads to. */
static uint64_t path_rank(const struct path *path)
{
    uint64_t rank = 0;
    for (uint32_t depth = 0; depth < path->length; depth++) {
        const uint64_t *counts = path->steps[depth].inner->counts;
        for (uint32_t i = 0; i < path->steps[depth].index; i++) {
            rank += counts[i];
        }
    }
    return rank;
}

uint64_t btree_rank(struct btree *tree, const struct btree_bound *bound)
{
    if (tree->root == NULL) {
        return 0;
    }
    struct target target = target_bound(bound);
    struct path path;
    const struct leaf *leaf = descend(tree, &target, &path);
    return path_rank(&path) + leaf_rank(tree, leaf, bound);
}

/* Sets the cursor, and returns the entry there. */
static void *cursor_set(struct btree_cursor *cursor, const struct leaf *leaf, uint32_t position)
{
    *cursor =
        (struct btree_cursor){.leaf = leaf == NULL ? NULL : &leaf->node, .position = position};
    return leaf == NULL ? NULL : leaf->entries[position];
}

/* Sets the cursor to the entry behind, or with `backwards` before, a place within a leaf. */
static void *cursor_set_beside(struct btree_cursor *cursor, const struct leaf *leaf,
                               uint32_t position, bool backwards)
{
    if (!backwards) {
        bool at_end = position == leaf->node.count;
        return cursor_set(cursor, at_end ? leaf->next : leaf, at_end ? 0 : position);
    }
    if (position > 0) {
        return cursor_set(cursor, leaf, position - 1);
    }
    leaf = leaf->previous;
    return cursor_set(cursor, leaf, leaf == NULL ? 0 : leaf->node.count - 1);
}

void *btree_seek(struct btree *tree, const struct btree_bound *bound, struct btree_cursor *cursor)
{
    if (tree->root == NULL) {
        return cursor_set(cursor, NULL, 0);
    }
    struct target target = target_bound(bound);
    struct path path;
    const struct leaf *leaf = descend(tree, &target, &path);
    return cursor_set_beside(cursor, leaf, leaf_rank(tree, leaf, bound), false);
}

void *btree_seek_before(struct btree *tree, const struct btree_bound *bound,
                        struct btree_cursor *cursor)
{
    if (tree->root == NULL) {
        return cursor_set(cursor, NULL, 0);
    }
    struct target target = target_bound(bound);
    struct path path;
    const struct leaf *leaf = descend(tree, &target, &path);
    return cursor_set_beside(cursor, leaf, leaf_rank(tree, leaf, bound), true);
}

uint64_t btree_range(struct btree *tree, const struct btree_bound *lower,
                     const struct btree_bound *upper, bool backwards, struct btree_cursor *cursor)
{
    if (tree->root == NULL) {
        return 0;
    }
    struct target target = target_bound(lower);
    struct path path;
    const struct leaf *begin = descend(tree, &target, &path);
    uint32_t first = leaf_rank(tree, begin, lower);
    const struct leaf *leaf = begin;
    uint32_t from = first;
    uint64_t count = 0;
    for (uint32_t i = 0; i < BTREE_LEAVES_WALKED; i++) {
        uint32_t end = leaf_rank(tree, leaf, upper);
        count += end > from ? end - from : 0;
        if (end < leaf->node.count || leaf->next == NULL) {
            cursor_set_beside(cursor, backwards ? leaf : begin, backwards ? end : first, backwards);
            return count;
        }
        leaf = leaf->next;
        from = 0;
    }
    uint64_t rank = path_rank(&path) + first;
    uint64_t end_rank = btree_rank(tree, upper);
    if (backwards) {
        btree_seek_before(tree, upper, cursor);
    } else {
        cursor_set_beside(cursor, begin, first, false);
    }
    return end_rank > rank ? end_rank - rank : 0;
}

void *btree_at(struct btree *tree, uint64_t rank, struct btree_cursor *cursor)
{
    if (rank >= tree->count) {
        return cursor_set(cursor, NULL, 0);
    }
    struct btree_node *node = tree->root;
    while (node->level > 0) {
        const struct inner *inner = node_inner(node);
        uint32_t index = 0;
        while (rank >= inner->counts[index]) {
            rank -= inner->counts[index];
            index++;
            assert(index < node->count);
        }
        node = inner->children[index];
    }
    assert(rank < node->count);
    return cursor_set(cursor, node_leaf(node), (uint32_t)rank);
}

void *btree_last(const struct btree *tree)
{
    struct btree_node *node = tree->root;
    if (node == NULL) {
        return NULL;
    }
    while (node->level > 0) {
        node = node_inner(node)->children[node->count - 1];
    }
    return node_leaf(node)->entries[node->count - 1];
}

void *btree_entry(const struct btree_cursor *cursor)
{
    const struct leaf *leaf = (const struct leaf *)cursor->leaf;
    assert(leaf != NULL && cursor->position < leaf->node.count);
    return leaf->entries[cursor->position];
}

void *btree_next(struct btree_cursor *cursor)
{
    if (cursor->leaf == NULL) {
        return NULL;
    }
    const struct leaf *leaf = (const struct leaf *)cursor->leaf;
    if (cursor->position + 1 < leaf->node.count) {
        return cursor_set(cursor, leaf, cursor->position + 1);
    }
    return cursor_set(cursor, leaf->next, 0);
}

void *btree_previous(struct btree_cursor *cursor)
{
    if (cursor->leaf == NULL) {
        return NULL;
    }
    const struct leaf *leaf = (const struct leaf *)cursor->leaf;
    if (cursor->position > 0) {
        return cursor_set(cursor, leaf, cursor->position - 1);
    }
    const struct leaf *previous = leaf->previous;
    return cursor_set(cursor, previous, previous == NULL ? 0 : previous->node.count - 1);
}

static size_t collect_forwards(struct btree_cursor *cursor, void **entries, size_t count)
{
    size_t collected = 0;
    while (collected < count && cursor->leaf != NULL) {
        const struct leaf *leaf = (const struct leaf *)cursor->leaf;
        if (leaf->next != NULL) {
            prefetch_line(leaf->next);
            prefetch_line(leaf->next->entries);
        }
        size_t run = leaf->node.count - cursor->position;
        if (run > count - collected) {
            run = count - collected;
        }
        memcpy(entries + collected, leaf->entries + cursor->position, run * sizeof(void *));
        collected += run;
        cursor->position += (uint32_t)run - 1;
        (void)btree_next(cursor);
    }
    return collected;
}

static size_t collect_backwards(struct btree_cursor *cursor, void **entries, size_t count)
{
    size_t collected = 0;
    while (collected < count && cursor->leaf != NULL) {
        const struct leaf *leaf = (const struct leaf *)cursor->leaf;
        if (leaf->previous != NULL) {
            prefetch_line(leaf->previous);
            prefetch_line(leaf->previous->entries);
        }
        uint32_t left = cursor->position + 1;
        while (left > 0 && collected < count) {
            left--;
            entries[collected++] = leaf->entries[left];
        }
        cursor->position = left;
        (void)btree_previous(cursor);
    }
    return collected;
}

size_t btree_collect(struct btree_cursor *cursor, bool backwards, void **entries, size_t count)
{
    const struct leaf *leaf = (const struct leaf *)cursor->leaf;
    if (!backwards && leaf != NULL && count < leaf->node.count - cursor->position) {
        /* Within one leaf, as most runs are. */
        for (size_t i = 0; i < count; i++) {
            entries[i] = leaf->entries[cursor->position + i];
        }
        cursor->position += (uint32_t)count;
        return count;
    }
    return backwards ? collect_backwards(cursor, entries, count)
                     : collect_forwards(cursor, entries, count);
}
