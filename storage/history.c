/* A ring of changes, each with the number of its transaction. */
#include "storage/history.h"

#include "base/memory.h"
#include "storage/database.h"
#include "storage/walker.h"

#include <assert.h>

struct history_change {
    uint64_t sequence;
    struct change change;
};

static struct history_change *history_at(const struct history *history, size_t number)
{
    assert(number < history->count);
    return &history->changes[(history->start + number) & (history->capacity - 1)];
}

static void history_grow(struct history *history)
{
    size_t capacity = history->capacity > 0 ? history->capacity * 2 : 64;
    struct history_change *changes = memory_allocate(capacity * sizeof(*changes));
    for (size_t i = 0; i < history->count; i++) {
        changes[i] = *history_at(history, i);
    }
    memory_release(history->changes);
    history->changes = changes;
    history->capacity = capacity;
    history->start = 0;
}

void history_deinit(struct history *history)
{
    assert(history->count == 0);
    memory_release(history->changes);
}

void history_add(struct history *history, uint64_t sequence, const struct change *changes,
                 uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (history->count == history->capacity) {
            history_grow(history);
        }
        history->count += 1;
        *history_at(history, history->count - 1) =
            (struct history_change){.sequence = sequence, .change = changes[i]};
        if (changes[i].before) {
            document_retain(changes[i].before);
        }
    }
}

void history_release(struct database *database, uint64_t durable)
{
    struct history *history = &database->history;
    while (history->count > 0 && history_at(history, 0)->sequence <= durable) {
        struct document *before = history_at(history, 0)->change.before;
        if (before) {
            document_release(database->pool, before);
        }
        history->start = (history->start + 1) & (history->capacity - 1);
        history->count -= 1;
    }
}

/* Undoes one change. The table gets the history's reference to the document before. */
static void undo_change(struct database *database, const struct change *change)
{
    struct change inverse = {
        .table = change->table,
        .before = change->after,
        .after = change->before,
    };
    change_apply(database, &inverse);
    walkers_note(database, &inverse);
    if (inverse.before) {
        document_release(database->pool, inverse.before);
    }
}

void history_undo(struct database *database, uint64_t durable)
{
    struct history *history = &database->history;
    assert(!database->transaction.open && database->transaction.count == 0);
    walkers_fail_after(database, durable);
    history_release(database, durable);
    while (history->count > 0) {
        struct change change = history_at(history, history->count - 1)->change;
        history->count -= 1;
        undo_change(database, &change);
    }
    for (uint32_t i = 0; i < database->table_count; i++) {
        struct table *table = &database->tables[i];
        table->sequence = table->sequence < durable ? table->sequence : durable;
    }
    database->sequence = durable;
}
