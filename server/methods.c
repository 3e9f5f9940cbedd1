/* The table of methods, and the server's own: ping, auth, schema, info, slowlog, rpc.discover. */
#include "server/methods.h"

#include "relations/method.h"
#include "server/builder.h"
#include "server/clock.h"
#include "server/exports.h"
#include "server/openrpc.h"
#include "server/service.h"
#include "server/store_methods.h"
#include "server/version.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

static struct slice to_slice(const struct buffer *buffer, struct arena *arena)
{
    return arena_copy(arena, buffer_slice(buffer));
}

static bool run_ping(struct service *service, struct arena *arena, const struct own_params *params,
                     struct value *result, struct error *error)
{
    (void)service;
    (void)arena;
    (void)params;
    (void)error;
    *result = value_from_text(SLICE("\"pong\""));
    return true;
}

static bool run_schema(struct service *service, struct arena *arena,
                       const struct own_params *params, struct value *result, struct error *error)
{
    (void)params;
    (void)error;
    struct buffer text = {0};
    schema_write(&text, service->database->schema);
    *result = value_from_text(to_slice(&text, arena));
    buffer_deinit(&text);
    return true;
}

/* Bytes of the process that are in memory; 0 where the system does not say. */
static uint64_t resident_size(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%*u %llu", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static struct value describe_tables(const struct service *service, struct arena *arena)
{
    const struct database *database = service->database;
    struct builder tables = builder_begin(arena, database->table_count);
    for (uint32_t i = 0; i < database->table_count; i++) {
        struct builder table = builder_begin(arena, 2);
        builder_put_count(&table, "documents", database->tables[i].count);
        builder_put_count(&table, "bytes", database->tables[i].text_size);
        builder_put(&tables, database->tables[i].name, builder_end(&table));
    }
    return builder_end(&tables);
}

static struct value describe_memory(const struct service *service, struct arena *arena)
{
    const struct database *database = service->database;
    struct builder memory = builder_begin(arena, 4);
    builder_put_count(&memory, "used", database_memory(database));
    builder_put_count(&memory, "reserved", pool_reserved(database->pool));
    builder_put_count(&memory, "rss", resident_size());
    builder_put_count(&memory, "limit", database->options.memory_max);
    return builder_end(&memory);
}

static struct value describe_connections(const struct service *service, struct arena *arena)
{
    const struct service_counters *counters = &service->counters;
    struct builder connections = builder_begin(arena, 8);
    builder_put_count(&connections, "open", counters->connections_open);
    builder_put_count(&connections, "limit", counters->connections_max);
    builder_put_count(&connections, "accepted", counters->connections_accepted);
    builder_put_count(&connections, "refused", counters->connections_refused);
    builder_put_count(&connections, "timedOut", counters->connections_timed_out);
    builder_put_count(&connections, "evicted", counters->connections_evicted);
    builder_put_count(&connections, "handshakes", counters->handshakes);
    builder_put_count(&connections, "handshakesFailed", counters->handshakes_failed);
    return builder_end(&connections);
}

/* null where no tokens are in use. */
static struct value describe_access(const struct service *service, struct arena *arena)
{
    const struct access *tokens_in_use = service->options.access;
    if (tokens_in_use == NULL) {
        return VALUE_IS(VALUE_NULL);
    }
    struct builder access = builder_begin(arena, 2);
    builder_put_count(&access, "tokens", tokens_in_use->tokens.count);
    builder_put_count(&access, "refused", tokens_in_use->failures);
    return builder_end(&access);
}

static struct value describe_requests(const struct service *service, struct arena *arena)
{
    const struct methods *methods = &service->methods;
    struct builder requests = builder_begin(arena, methods->count);
    for (uint32_t i = 0; i < methods->count; i++) {
        builder_put(&requests, methods->entries[i].name,
                    value_from_number((double)methods->entries[i].count));
    }
    return builder_end(&requests);
}

static double milliseconds(uint64_t time_ns)
{
    return (double)time_ns / (double)CLOCK_NS_PER_MS;
}

/* [[bound in milliseconds, requests below it and not below the one before], …], without those that
 * are empty; null is the bound of what takes longest. */
static struct value describe_buckets(const struct histogram *histogram, struct arena *arena)
{
    struct value *buckets = arena_allocate(arena, HISTOGRAM_BUCKET_COUNT * sizeof(*buckets));
    uint32_t count = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKET_COUNT; i++) {
        if (histogram->buckets[i] == 0) {
            continue;
        }
        bool bounded = i + 1 < HISTOGRAM_BUCKET_COUNT;
        struct value *pair = arena_allocate(arena, 2 * sizeof(*pair));
        pair[0] =
            bounded ? value_from_number(milliseconds(histogram_bound_ns(i))) : VALUE_IS(VALUE_NULL);
        pair[1] = value_from_number((double)histogram->buckets[i]);
        buckets[count++] = value_from_items(pair, 2);
    }
    return value_from_items(buckets, count);
}

/* {count: …, quantiles, longest: …, "buckets": …}, with the two names given. */
static struct value describe_histogram(const struct histogram *histogram, const char *count,
                                       const char *longest, struct arena *arena)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {{"p50Ms", 0.5}, {"p90Ms", 0.9}, {"p99Ms", 0.99}, {"p999Ms", 0.999}};
    struct builder times = builder_begin(arena, 3 + COUNT_OF(quantiles));
    builder_put_count(&times, count, histogram->count);
    for (size_t i = 0; i < COUNT_OF(quantiles); i++) {
        uint64_t time_ns = histogram_quantile_ns(histogram, quantiles[i].share);
        builder_put(&times, slice_of(quantiles[i].name), value_from_number(milliseconds(time_ns)));
    }
    builder_put(&times, slice_of(longest), value_from_number(milliseconds(histogram->longest_ns)));
    builder_put(&times, SLICE("buckets"), describe_buckets(histogram, arena));
    return builder_end(&times);
}

static struct value describe_latencies(const struct service *service, struct arena *arena)
{
    const struct methods *methods = &service->methods;
    struct builder latencies = builder_begin(arena, methods->count);
    for (uint32_t i = 0; i < methods->count; i++) {
        const struct method_entry *entry = &methods->entries[i];
        if (entry->latencies.count > 0) {
            builder_put(&latencies, entry->name,
                        describe_histogram(&entry->latencies, "timed", "longestMs", arena));
        }
    }
    return builder_end(&latencies);
}

static bool run_info(struct service *service, struct arena *arena, const struct own_params *params,
                     struct value *result, struct error *error)
{
    (void)params;
    (void)error;
    uint64_t up_ns = clock_read_ns(CLOCK_MONOTONIC) - service->started_ns;
    struct builder info = builder_begin(arena, 11);
    builder_put_string(&info, "version", TENON_VERSION);
    builder_put_count(&info, "uptime", up_ns / CLOCK_NS_PER_S);
    builder_put_count(&info, "pid", (uint64_t)getpid());
    builder_put(&info, SLICE("tables"), describe_tables(service, arena));
    builder_put(&info, SLICE("memory"), describe_memory(service, arena));
    builder_put(&info, SLICE("connections"), describe_connections(service, arena));
    builder_put(&info, SLICE("access"), describe_access(service, arena));
    builder_put(&info, SLICE("requests"), describe_requests(service, arena));
    builder_put(&info, SLICE("latency"), describe_latencies(service, arena));
    builder_put(&info, SLICE("loop"),
                describe_histogram(&service->counters.turns, "turns", "longestTurnMs", arena));
    builder_put(&info, SLICE("durability"), store_describe(service, arena));
    *result = builder_end(&info);
    return true;
}

static bool run_slowlog(struct service *service, struct arena *arena,
                        const struct own_params *params, struct value *result, struct error *error)
{
    (void)params;
    (void)error;
    *result = slowlog_describe(&service->slowlog, arena);
    return true;
}

static bool run_discover(struct service *service, struct arena *arena,
                         const struct own_params *params, struct value *result, struct error *error)
{
    (void)params;
    (void)error;
    struct buffer text = {0};
    openrpc_write(&text, &service->methods);
    *result = value_from_text(to_slice(&text, arena));
    buffer_deinit(&text);
    return true;
}

#define OWN(name_, role_, run_, summary_)                                                          \
    .name = {.data = (name_), .size = sizeof(name_) - 1}, .role = (role_), .run = (run_),          \
    .summary = (summary_)

/* The server's own methods. */
static const struct method_entry own_methods[] = {
    {OWN("ping", ROLE_READ, run_ping, "Answers \"pong\".")},
    {OWN("auth", ROLE_NONE, NULL, "Shows a token, and answers the role it gives."),
     .parameters = {{"token", OWN_STRING, true, "The token."}}},
    {OWN("info", ROLE_READ, run_info, "What the server is, holds and has done."),
     .always_timed = true},
    {OWN("schema", ROLE_READ, run_schema, "The schema, with table numbers."), .always_timed = true},
    {OWN("snapshot", ROLE_ADMIN, store_run_snapshot,
         "Writes a snapshot now; answers when it is done."),
     .always_timed = true},
    {OWN("exportOpen", ROLE_READ, exports_run_open,
         "Opens an export of this moment, and answers its handle."),
     .always_timed = true, .reads_data = true},
    {OWN("exportRead", ROLE_READ, exports_run_read, "Reads the next page of an export's table."),
     .always_timed = true, .reads_data = true,
     .parameters = {{"handle", OWN_STRING, true, "The export's."},
                    {"table", OWN_STRING, true, "The table's name."},
                    {"cursor", OWN_STRING_OR_NULL, false,
                     "What the page before gave; null for the first."},
                    {"numItems", OWN_PAGE_ITEMS, true, "The most documents of the page."}}},
    {OWN("exportClose", ROLE_READ, exports_run_close, "Ends an export."),
     .parameters = {{"handle", OWN_STRING, true, "The export's."}}},
    {OWN("slowlog", ROLE_ADMIN, run_slowlog, "The newest slow requests, slowest first."),
     .always_timed = true},
    {OWN("rpc.discover", ROLE_READ, run_discover, "This document."), .always_timed = true},
};

/* Names differ in their sizes and last letters; a real hash costs as much as the whole search. */
static uint32_t first_slot(struct slice name)
{
    if (name.size == 0) {
        return 0;
    }
    uint32_t first = (unsigned char)name.data[0];
    uint32_t middle = (unsigned char)name.data[name.size / 2];
    uint32_t last = (unsigned char)name.data[name.size - 1];
    return (first * 5 + middle * 3 + last * 7 + (uint32_t)name.size * 11) % METHODS_SLOT_COUNT;
}

static void methods_add(struct methods *methods, const struct method_entry *entry)
{
    assert(methods->count < METHODS_MAX);
    assert(methods_find(methods, entry->name) == NULL);
    methods->entries[methods->count] = *entry;
    methods->count += 1;
    uint32_t slot = first_slot(entry->name);
    while (methods->slots[slot] != 0) {
        slot = (slot + 1) % METHODS_SLOT_COUNT;
    }
    methods->slots[slot] = (uint8_t)methods->count;
}

/* A request that reads one document, or writes one, cannot take long. */
static bool may_take_long(const struct method *method)
{
    switch (method->kind) {
    case METHOD_GET:
    case METHOD_GET_ONE_FROM:
    case METHOD_NORMALIZE_ID:
    case METHOD_INSERT:
    case METHOD_PATCH:
    case METHOD_REPLACE:
    case METHOD_DELETE:
        return false;
    default:
        return true;
    }
}

void methods_init(struct methods *methods)
{
    *methods = (struct methods){0};
    const struct method *method;
    for (uint32_t i = 0; (method = method_at(i)) != NULL; i++) {
        methods_add(methods, &(struct method_entry){
                                 .name = method_name(method),
                                 .role = method_writes(method) ? ROLE_WRITE : ROLE_READ,
                                 .always_timed = may_take_long(method),
                                 .method = method,
                             });
    }
    for (size_t i = 0; i < COUNT_OF(own_methods); i++) {
        methods_add(methods, &own_methods[i]);
    }
}

struct method_entry *methods_find(struct methods *methods, struct slice name)
{
    for (uint32_t slot = first_slot(name);; slot = (slot + 1) % METHODS_SLOT_COUNT) {
        uint8_t number = methods->slots[slot];
        if (number == 0) {
            return NULL;
        }
        if (slice_equal(methods->entries[number - 1].name, name)) {
            return &methods->entries[number - 1];
        }
    }
}
