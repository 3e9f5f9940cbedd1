/* Undoing the open transaction.
 *
 * Changes are undone backwards, one by one, apart from inserts in a row, which are undone together:
 * a request that writes as much as it may and then fails has to be undone in a part of the time
 * that it ran. Where they are a large share of their table, the table's indexes are swept instead
 * of searched for each: for 150,000 documents with three indexes of keys that tie, 0.1 s of CPU
 * time instead of 0.85. */
#include "base/memory.h"
#include "storage/database.h"

#include <assert.h>

/* So many inserts are undone together at least. */
#define TOGETHER_MIN TINY_OR(3, 64)

/* An index is swept where at least one of so many entries goes. */
#define SWEPT_SHARE  16

/* Documents that are looked up in the map together. */
#define WINDOW       16

/* Turns a change around: now it is the document after that is out of its table and waits for the
 * end. */
static void invert(struct change *change)
{
    *change =
        (struct change){.table = change->table, .before = change->after, .after = change->before};
}

static bool is_leaving(const void *entry)
{
    return ((const struct document *)entry)->is_leaving;
}

static void sweep_table(struct table *table)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        btree_sweep(&table->indexes[i].tree, is_leaving);
    }
    if (table->by_id_is_built) {
        btree_sweep(&table->by_id.tree, is_leaving);
    }
}

static void undo_in_indexes(struct database *database, const struct change *inserts, uint32_t count)
{
    uint64_t *leaving = memory_allocate_zeroed(database->table_count, sizeof(*leaving));
    for (uint32_t i = 0; i < count; i++) {
        inserts[i].after->is_leaving = true;
        leaving[inserts[i].table - database->tables] += 1;
    }
    for (uint32_t i = 0; i < database->table_count; i++) {
        struct table *table = &database->tables[i];
        if (leaving[i] > 0 && leaving[i] >= table->count / SWEPT_SHARE) {
            sweep_table(table);
            leaving[i] = 0;
        }
    }
    for (uint32_t i = count; i > 0; i--) {
        struct table *table = inserts[i - 1].table;
        if (leaving[table - database->tables] > 0) {
            indexes_take(table, inserts[i - 1].after);
        }
    }
    memory_release(leaving);
}

static void undo_in_map(struct database *database, const struct change *inserts, uint32_t count)
{
    struct hash_map *map = &database->documents;
    struct slice ids[WINDOW];
    uint64_t hashes[WINDOW];
    for (uint32_t done = 0; done < count; done += WINDOW) {
        uint32_t size = count - done < WINDOW ? count - done : WINDOW;
        for (uint32_t i = 0; i < size; i++) {
            ids[i] = document_id(inserts[done + i].after);
        }
        hash_map_hash_all(map, ids, size, hashes);
        for (uint32_t i = 0; i < size; i++) {
            hash_map_prefetch_slot(map, hashes[i]);
        }
        for (uint32_t i = 0; i < size; i++) {
            hash_map_remove(map, hashes[i], inserts[done + i].after);
        }
    }
}

static void undo_inserts(struct database *database, struct change *inserts, uint32_t count)
{
    undo_in_indexes(database, inserts, count);
    undo_in_map(database, inserts, count);
    for (uint32_t i = count; i > 0; i--) {
        invert(&inserts[i - 1]);
        change_count(database, &inserts[i - 1]);
    }
}

/* How many of the changes before number `end` are inserts in a row. */
static uint32_t inserts_before(const struct transaction *transaction, uint32_t end)
{
    uint32_t begin = end;
    while (begin > 0 && !transaction->changes[begin - 1].before) {
        begin -= 1;
    }
    return end - begin;
}

void transaction_rollback(struct database *database)
{
    struct transaction *transaction = &database->transaction;
    assert(transaction->open);
    for (uint32_t left = transaction->count; left > 0;) {
        uint32_t count = inserts_before(transaction, left);
        if (count >= TOGETHER_MIN) {
            left -= count;
            undo_inserts(database, &transaction->changes[left], count);
        } else {
            left -= 1;
            invert(&transaction->changes[left]);
            change_apply(database, &transaction->changes[left]);
        }
    }
    transaction->open = false;
}
