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

/* The parameter `name`, or the one at `position`. */
static struct value param(struct value params, const char *name, uint32_t position)
{
    if (value_type(params) == TYPE_OBJECT) {
        return value_find(params, slice_of(name));
    }
    return value_type(params) == TYPE_ARRAY ? value_item(params, position)
                                            : VALUE_IS(VALUE_MISSING);
}

/* Errors: InvalidParams where there are other params than the first `count` of `names`. */
static bool check_params(struct arena *arena, struct value params, const char *const *names,
                         uint32_t count, struct error *error)
{
    uint32_t given = 0;
    if (value_type(params) == TYPE_OBJECT) {
        const struct value_field *fields = value_fields(arena, params, &given);
        for (uint32_t i = 0; i < given; i++) {
            bool known = false;
            for (uint32_t name = 0; name < count; name++) {
                known = known || slice_equal(fields[i].name, slice_of(names[name]));
            }
            if (!known) {
                return error_set(error, ERROR_INVALID_PARAMS, "there is no param `%.*s`",
                                 SLICE_FORMAT(fields[i].name));
            }
        }
    } else if (value_type(params) == TYPE_ARRAY) {
        value_items(arena, params, &given);
    }
    return given <= count || error_set(error, ERROR_INVALID_PARAMS, "there are too many params");
}

static struct export *find_export(struct service *service, struct value handle, struct error *error)
{
    struct exports *exports = &service->exports;
    exports_expire(exports);
    for (unsigned i = 0; i < EXPORTS_MAX; i++) {
        struct export *export = &exports->places[i];
        char text[HANDLE_SIZE];
        snprintf(text, sizeof(text), "%" PRIu64, export->serial);
        if (export->walker != NULL && value_is_string(handle, slice_of(text))) {
            return export;
        }
    }
    error_set(error, ERROR_INVALID_PARAMS, "there is no such export, or it was unused for 60 s");
    error_prefix_path(error, SLICE("handle"));
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

bool exports_run_open(struct service *service, struct arena *arena, struct value params,
                      struct value *result, struct error *error)
{
    struct database *database = service->database;
    struct export *export = free_place(&service->exports, error);
    if (export == NULL || !check_params(arena, params, NULL, 0, error)) {
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

static bool find_table(struct service *service, struct value name, uint32_t *number,
                       struct error *error)
{
    bool is_string = value_type(name) == TYPE_STRING;
    struct slice text = is_string ? value_string_escaped(name) : SLICE("");
    const struct table *table = database_find_table(service->database, text);
    if (table == NULL) {
        error_set(error, ERROR_UNKNOWN_TABLE, "there is no table `%.*s`", SLICE_FORMAT(text));
        error_prefix_path(error, SLICE("table"));
        return false;
    }
    *number = (uint32_t)(table - service->database->tables);
    return true;
}

/* Checks that the cursor is the one that the last page gave. */
static bool check_cursor(const struct export *export, uint32_t table, struct value cursor,
                         struct error *error)
{
    char expected[HANDLE_SIZE];
    snprintf(expected, sizeof(expected), "%" PRIu64, export->pages[table]);
    bool first = export->pages[table] == 0 && value_is_null_or_missing(cursor);
    if (first || value_is_string(cursor, slice_of(expected))) {
        return true;
    }
    error_set(error, ERROR_INVALID_CURSOR, "an export's pages are read once, in order");
    error_prefix_path(error, SLICE("cursor"));
    return false;
}

static bool read_count(struct value value, uint32_t *count, struct error *error)
{
    double number = value_type(value) == TYPE_NUMBER ? value_number(value) : 0;
    if (!(number >= 1 && number <= EXPORT_ITEMS_MAX) || number != (double)(uint32_t)number) {
        error_set(error, ERROR_INVALID_PARAMS, "`numItems` is a whole number from 1 to %d",
                  EXPORT_ITEMS_MAX);
        error_prefix_path(error, SLICE("numItems"));
        return false;
    }
    *count = (uint32_t)number;
    return true;
}

bool exports_run_read(struct service *service, struct arena *arena, struct value params,
                      struct value *result, struct error *error)
{
    static const char *const names[] = {"handle", "table", "cursor", "numItems"};
    uint32_t table;
    uint32_t count;
    if (!check_params(arena, params, names, COUNT_OF(names), error)) {
        return false;
    }
    struct export *export = find_export(service, param(params, names[0], 0), error);
    if (export == NULL || !find_table(service, param(params, names[1], 1), &table, error) ||
        !read_count(param(params, names[3], 3), &count, error) ||
        !check_cursor(export, table, param(params, names[2], 2), error)) {
        return false;
    }
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

bool exports_run_close(struct service *service, struct arena *arena, struct value params,
                       struct value *result, struct error *error)
{
    static const char *const names[] = {"handle"};
    if (!check_params(arena, params, names, COUNT_OF(names), error)) {
        return false;
    }
    struct export *export = find_export(service, param(params, names[0], 0), error);
    if (export == NULL) {
        return false;
    }
    export_close(&service->exports, export);
    *result = VALUE_IS(VALUE_NULL);
    return true;
}
