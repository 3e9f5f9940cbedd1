/* A radix sort of (hint, document) pairs by hint, which keeps the order of pairs whose hints tie;
 * then a look at the documents of those, which are sorted by merging where they are out of order.
 */
#include "storage/load_index.h"

#include "base/macros.h"
#include "base/memory.h"
#include "storage/index_hint.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define DIGIT_BITS     8
#define DIGIT_VALUES   (1 << DIGIT_BITS)
#define DIGIT_COUNT    (64 / DIGIT_BITS)

/* How far ahead documents are asked for, and how many bytes of each: most are no longer. */
#define PREFETCH_AHEAD 12
#define PREFETCH_SIZE  192

struct histograms {
    size_t counts[DIGIT_COUNT][DIGIT_VALUES];
};

static void prefetch_document(const void *document)
{
    for (uintptr_t offset = 0; offset < PREFETCH_SIZE; offset += CACHE_LINE_SIZE) {
        prefetch_line((const void *)((uintptr_t)document + offset));
    }
}

static void read_hints(const struct index *index, void *const *documents, size_t count,
                       struct btree_item *items)
{
    for (size_t i = 0; i < count; i++) {
        prefetch_document(documents[i + PREFETCH_AHEAD < count ? i + PREFETCH_AHEAD : i]);
        items[i].entry = documents[i];
        items[i].hint = index->order.hint(index->order.context, documents[i]);
    }
}

static bool hints_ascend(const struct btree_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (items[i - 1].hint > items[i].hint) {
            return false;
        }
    }
    return true;
}

static unsigned digit_of(uint64_t hint, unsigned digit)
{
    return hint >> digit * DIGIT_BITS & (DIGIT_VALUES - 1);
}

static void count_digits(const struct btree_item *items, size_t count, struct histograms *all)
{
    memset(all, 0, sizeof(*all));
    for (size_t i = 0; i < count; i++) {
        for (unsigned digit = 0; digit < DIGIT_COUNT; digit++) {
            all->counts[digit][digit_of(items[i].hint, digit)] += 1;
        }
    }
}

/* Deals the pairs out by one digit. */
static void deal(const struct btree_item *from, size_t count, unsigned digit, size_t *counts,
                 struct btree_item *to)
{
    size_t place = 0;
    for (unsigned value = 0; value < DIGIT_VALUES; value++) {
        size_t next = place + counts[value];
        counts[value] = place;
        place = next;
    }
    for (size_t i = 0; i < count; i++) {
        to[counts[digit_of(from[i].hint, digit)]++] = from[i];
    }
}

/* Sorts by hint; `*items` and `*spare` may change places. */
static void sort_by_hint(struct btree_item **items, struct btree_item **spare, size_t count)
{
    struct histograms histograms;
    if (hints_ascend(*items, count)) {
        return;
    }
    count_digits(*items, count, &histograms);
    for (unsigned digit = 0; digit < DIGIT_COUNT; digit++) {
        size_t *counts = histograms.counts[digit];
        if (counts[digit_of((*items)[0].hint, digit)] == count) {
            continue;
        }
        deal(*items, count, digit, counts, *spare);
        struct btree_item *sorted = *spare;
        *spare = *items;
        *items = sorted;
    }
}

static bool is_before(const struct index *index, const struct btree_item *a,
                      const struct btree_item *b)
{
    return index->order.compare(index->order.context, a->entry, b->entry) < 0;
}

/* Merges the sorted runs `from`[0, middle) and [middle, count) into `to`. */
static void merge(const struct index *index, const struct btree_item *from, size_t middle,
                  size_t count, struct btree_item *to)
{
    size_t left = 0;
    size_t right = middle;
    for (size_t i = 0; i < count; i++) {
        bool take_right =
            left == middle || (right < count && is_before(index, &from[right], &from[left]));
        to[i] = take_right ? from[right++] : from[left++];
    }
}

/* Sorts pairs whose hints tie. */
static void sort_ties(const struct index *index, struct btree_item *items, struct btree_item *spare,
                      size_t count)
{
    struct btree_item *from = items;
    struct btree_item *to = spare;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t size = count - i < 2 * width ? count - i : 2 * width;
            merge(index, from + i, width < size ? width : size, size, to + i);
        }
        struct btree_item *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != items) {
        memcpy(items, from, count * sizeof(*items));
    }
}

static bool is_sorted(const struct index *index, const struct btree_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (!is_before(index, &items[i - 1], &items[i])) {
            return false;
        }
    }
    return true;
}

/* Sorts every run of pairs whose hints tie; the runs are in order already. */
static void sort_all_ties(const struct index *index, struct btree_item *items,
                          struct btree_item *spare, size_t count)
{
    size_t start = 0;
    for (size_t i = 1; i <= count; i++) {
        size_t ahead = i + PREFETCH_AHEAD;
        if (ahead < count && items[ahead].hint == items[ahead - 1].hint) {
            prefetch_document(items[ahead - 1].entry);
            prefetch_document(items[ahead].entry);
        }
        if (i < count && items[i].hint == items[start].hint) {
            continue;
        }
        if (i - start > 1 && !is_sorted(index, items + start, i - start)) {
            sort_ties(index, items + start, spare + start, i - start);
        }
        start = i;
    }
}

void load_index(struct index *index, void *const *documents, size_t count, void **sorted)
{
    assert(index->tree.count == 0);
    index_adapt_to(index, documents, count);
    struct btree_item *items = memory_allocate((count + 1) * sizeof(*items));
    struct btree_item *spare = memory_allocate((count + 1) * sizeof(*spare));
    read_hints(index, documents, count, items);
    sort_by_hint(&items, &spare, count);
    sort_all_ties(index, items, spare, count);
    memory_release(spare);
    for (size_t i = 0; sorted != NULL && i < count; i++) {
        sorted[i] = items[i].entry;
    }
    btree_build(&index->tree, items, count);
    memory_release(items);
    assert(index->tree.count == count);
}
