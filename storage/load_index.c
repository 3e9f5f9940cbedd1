/* A merge sort of (hint, document) pairs, which looks at documents only where hints tie. */
#include "storage/load_index.h"

#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* Runs of so many entries are sorted by insertion. */
#define RUN_COUNT      8

/* How far ahead documents are asked for while their hints are read. */
#define PREFETCH_AHEAD 16

struct entry {
    uint64_t hint;
    void *document;
};

static bool entry_is_before(const struct index *index, const struct entry *a, const struct entry *b)
{
    if (a->hint != b->hint) {
        return a->hint < b->hint;
    }
    return index->order.compare(index->order.context, a->document, b->document) < 0;
}

static void sort_run(const struct index *index, struct entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct entry entry = entries[i];
        size_t place = i;
        while (place > 0 && entry_is_before(index, &entry, &entries[place - 1])) {
            entries[place] = entries[place - 1];
            place -= 1;
        }
        entries[place] = entry;
    }
}

/* Merges the sorted runs `from`[0, middle) and [middle, count) into `to`. */
static void merge(const struct index *index, const struct entry *from, size_t middle, size_t count,
                  struct entry *to)
{
    if (middle >= count || !entry_is_before(index, &from[middle], &from[middle - 1])) {
        memcpy(to, from, count * sizeof(*from));
        return;
    }
    size_t left = 0;
    size_t right = middle;
    for (size_t i = 0; i < count; i++) {
        bool take_right =
            left == middle || (right < count && entry_is_before(index, &from[right], &from[left]));
        to[i] = take_right ? from[right++] : from[left++];
    }
}

/* Sorts `entries`; `spare` has as much room. Returns which of the two holds the result. */
static struct entry *sort(const struct index *index, struct entry *entries, struct entry *spare,
                          size_t count)
{
    for (size_t i = 0; i < count; i += RUN_COUNT) {
        sort_run(index, entries + i, count - i < RUN_COUNT ? count - i : RUN_COUNT);
    }
    for (size_t width = RUN_COUNT; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t size = count - i < 2 * width ? count - i : 2 * width;
            merge(index, entries + i, width < size ? width : size, size, spare + i);
        }
        struct entry *sorted = spare;
        spare = entries;
        entries = sorted;
    }
    return entries;
}

static bool is_sorted(const struct index *index, const struct entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (!entry_is_before(index, &entries[i - 1], &entries[i])) {
            return false;
        }
    }
    return true;
}

void load_index(struct index *index, void **documents, size_t count)
{
    assert(index->tree.count == 0);
    struct entry *entries = memory_allocate(count * sizeof(*entries));
    struct entry *spare = NULL;
    for (size_t i = 0; i < count; i++) {
        PREFETCH(documents[i + PREFETCH_AHEAD < count ? i + PREFETCH_AHEAD : i]);
        entries[i].document = documents[i];
        entries[i].hint = index->order.hint(index->order.context, documents[i]);
    }
    const struct entry *sorted = entries;
    if (!is_sorted(index, entries, count)) {
        spare = memory_allocate(count * sizeof(*entries));
        sorted = sort(index, entries, spare, count);
    }
    for (size_t i = 0; i < count; i++) {
        documents[i] = sorted[i].document;
    }
    memory_release(spare);
    memory_release(entries);
    btree_build(&index->tree, documents, count);
    assert(index->tree.count == count);
}
