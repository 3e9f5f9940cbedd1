/* The methods of exports. See exports.h.
 *
 * A page is copied into the request's arena, because a document may go while its walker goes on.
 * Pages of a table come one after the other: a cursor counts them. */
#include "server/exports.h"

#include "base/memory.h"
#include "server/builder.h"
#include "server/clock.h"
#include "server/service.h"
#include "storage/walker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HANDLE_SIZE 32

static uint64_t now_ms(void)
{
    return clock_read_ns(CLOCK_MONOTONIC) / CLOCK_NS_PER_MS;
}

static void export_close(struct exports *exports, struct export *export)
{
    walker_destroy(export->walker);
    memory_release(export->pages);
    *export = (struct export){.walker = NULL};
    exports->open_count -= 1;
}

void exports_deinit(struct exports *exports)
{
    for (unsigned i = 0; i < EXPORTS_MAX; i++) {
        if (exports->places[i].walker != NULL) {
            export_close(exports, &exports->places[i]);
        }
    }
}

uint64_t exports_expire(struct exports *exports)
{
    uint64_t now = now_ms();
    uint64_t next_ms = 0;
    for (unsigned i = 0; i < EXPORTS_MAX; i++) {
        struct export *export = &exports->places[i];
        if (export->walker == NULL) {
            continue;
        }
        uint64_t idle_ms = now - export->used_ms;
        if (idle_ms > EXPORT_IDLE_MS) {
            export_close(exports, export);
        } else if (next_ms == 0 || EXPORT_IDLE_MS + 1 - idle_ms < next_ms) {
            next_ms = EXPORT_IDLE_MS + 1 - idle_ms;
        }
    }
    return next_ms;
}

/* The params of exportRead and exportClose, by their places in the table of methods. */
enum { PARAM_HANDLE, PARAM_TABLE, PARAM_CURSOR, PARAM_NUM_ITEMS };

static struct export *find_export(struct service *service, const struct own_params *params,
                                  struct error *error)
{
    struct exports *exports = &service->exports;
    exports_expire(exports);
    for (unsigned i = 0; i < EXPORTS_MAX; i++) {
        struct export *export = &exports->places[i];
        char text[HANDLE_SIZE];
        snprintf(text, sizeof(text), "%" PRIu64, export->serial);
        if (export->walker != NULL &&
            value_is_string(params->values[PARAM_HANDLE], slice_of(text))) {
            return export;
        }
    }
    error_set(error, ERROR_INVALID_PARAMS, "there is no such export, or it was unused for 60 s");
    own_params_fail(params, PARAM_HANDLE, error);
    return NULL;
}

static struct export *free_place(struct exports *exports, struct error *error)
{
    exports_expire(exports);
    for (unsigned i = 0; i < EXPORTS_MAX; i++) {
        if (exports->places[i].walker == NULL) {
            return &exports->places[i];
        }
    }
    error_set(error, ERROR_LIMIT_EXCEEDED, "at most %d exports are open at a time", EXPORTS_MAX);
    error->limit = SLICE("exports");
    return NULL;
}

bool exports_run_open(struct service *service, struct arena *arena, const struct own_params *params,
                      struct value *result, struct error *error)
{
    (void)params;
    struct database *database = service->database;
    struct export *export = free_place(&service->exports, error);
    if (export == NULL) {
        return false;
    }
    service->exports.serial += 1;
    service->exports.open_count += 1;
    export->serial = service->exports.serial;
    export->used_ms = now_ms();
    export->walker = walker_create(database, service->options.walker_size_max);
    export->pages = memory_allocate_zeroed(database->table_count, sizeof(uint64_t));
    struct builder tables = builder_begin(arena, database->table_count);
    for (uint32_t i = 0; i < database->table_count; i++) {
        builder_put(&tables, database->tables[i].name,
                    value_from_number((double)export->walker->tables[i].count));
    }
    char handle[HANDLE_SIZE];
    snprintf(handle, sizeof(handle), "%" PRIu64, export->serial);
    struct builder answer = builder_begin(arena, 3);
    builder_put_string(&answer, "handle", handle);
    builder_put_count(&answer, "sequence", export->walker->sequence);
    builder_put(&answer, SLICE("tables"), builder_end(&tables));
    *result = builder_end(&answer);
    return true;
}

/* A page that is being read. */
struct page {
    struct arena *arena;
    struct value *items;
    uint32_t count;
};

static void add_item(void *context, const struct document *document)
{
    struct page *page = context;
    page->items[page->count++] = value_from_text(arena_copy(page->arena, document_text(document)));
}

static bool find_table(struct service *service, const struct own_params *params, uint32_t *number,
                       struct error *error)
{
    struct slice name = value_string_escaped(params->values[PARAM_TABLE]);
    const struct table *table = database_find_table(service->database, name);
    if (table == NULL) {
        error_set(error, ERROR_UNKNOWN_TABLE, "Table \"%.*s\" is not in the schema.",
                  SLICE_FORMAT(name));
        error->table = name;
        return own_params_fail(params, PARAM_TABLE, error);
    }
    *number = (uint32_t)(table - service->database->tables);
    return true;
}

/* Checks that the cursor is the one that the last page gave. */
static bool check_cursor(const struct export *export, uint32_t table,
                         const struct own_params *params, struct error *error)
{
    struct value cursor = params->values[PARAM_CURSOR];
    char expected[HANDLE_SIZE];
    snprintf(expected, sizeof(expected), "%" PRIu64, export->pages[table]);
    bool first = export->pages[table] == 0 && value_is_null_or_missing(cursor);
    if (first || value_is_string(cursor, slice_of(expected))) {
        return true;
    }
    error_set(error, ERROR_INVALID_CURSOR, "an export's pages are read once, in order");
    return own_params_fail(params, PARAM_CURSOR, error);
}

bool exports_run_read(struct service *service, struct arena *arena, const struct own_params *params,
                      struct value *result, struct error *error)
{
    uint32_t table = 0;
    struct export *export = find_export(service, params, error);
    if (export == NULL || !find_table(service, params, &table, error) ||
        !check_cursor(export, table, params, error)) {
        return false;
    }
    uint32_t count = (uint32_t)value_number(params->values[PARAM_NUM_ITEMS]);
    if (export->walker->failed) {
        export_close(&service->exports, export);
        error_set(error, ERROR_LIMIT_EXCEEDED,
                  "the export held back more than --max-walker-bytes, or its state was undone");
        error->limit = SLICE("walker");
        return false;
    }
    struct page page = {.arena = arena};
    page.items = arena_allocate(arena, count * sizeof(*page.items));
    bool more = walker_read(export->walker, table, count, add_item, &page);
    char cursor[HANDLE_SIZE];
    export->pages[table] += 1;
    export->used_ms = now_ms();
    snprintf(cursor, sizeof(cursor), "%" PRIu64, export->pages[table]);
    struct builder answer = builder_begin(arena, 3);
    builder_put(&answer, SLICE("page"), value_from_items(page.items, page.count));
    builder_put(&answer, SLICE("isDone"), value_from_bool(!more));
    builder_put_string(&answer, "continueCursor", cursor);
    *result = builder_end(&answer);
    return true;
}

bool exports_run_close(struct service *service, struct arena *arena,
                       const struct own_params *params, struct value *result, struct error *error)
{
    (void)arena;
    struct export *export = find_export(service, params, error);
    if (export == NULL) {
        return false;
    }
    export_close(&service->exports, export);
    *result = VALUE_IS(VALUE_NULL);
    return true;
}
