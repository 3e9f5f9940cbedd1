/* The table of methods, and the server's own: ping, auth, schema, info. */
#include "server/methods.h"

#include "base/hash.h"
#include "server/clock.h"
#include "server/service.h"
#include "server/version.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#define HASH_SEED 0

static struct slice to_slice(const struct buffer *buffer, struct arena *arena)
{
    return arena_copy(arena, buffer_slice(buffer));
}

/* Objects that are built field by field. */

struct builder {
    struct arena *arena;
    struct value_field *fields;
    uint32_t count;
    uint32_t capacity;
};

static struct builder builder_begin(struct arena *arena, uint32_t capacity)
{
    return (struct builder){
        .arena = arena,
        .fields = arena_allocate(arena, capacity * sizeof(struct value_field)),
        .capacity = capacity,
    };
}

static void builder_put(struct builder *builder, struct slice name, struct value value)
{
    assert(builder->count < builder->capacity);
    builder->fields[builder->count] = (struct value_field){.name = name, .value = value};
    builder->count += 1;
}

static void builder_put_count(struct builder *builder, const char *name, uint64_t count)
{
    builder_put(builder, slice_of(name), value_from_number((double)count));
}

static void builder_put_string(struct builder *builder, const char *name, const char *string)
{
    builder_put(builder, slice_of(name), value_from_string(builder->arena, slice_of(string)));
}

static struct value builder_end(const struct builder *builder)
{
    return value_from_fields(builder->fields, builder->count);
}

static bool has_params(struct arena *arena, struct value params)
{
    uint32_t count = 0;
    if (value_type(params) == TYPE_OBJECT) {
        value_fields(arena, params, &count);
    } else if (value_type(params) == TYPE_ARRAY) {
        value_items(arena, params, &count);
    }
    return count > 0;
}

/* Errors: InvalidParams where there are any. */
static bool check_no_params(struct arena *arena, struct value params, struct error *error)
{
    if (has_params(arena, params)) {
        return error_set(error, ERROR_INVALID_PARAMS, "the method takes no params");
    }
    return true;
}

static bool run_ping(struct service *service, struct arena *arena, struct value params,
                     struct value *result, struct error *error)
{
    (void)service;
    *result = value_from_text(SLICE("\"pong\""));
    return check_no_params(arena, params, error);
}

/* The token of auth's params: `token` by name, or the only item. */
static struct value find_token(struct arena *arena, struct value params)
{
    uint32_t count = 0;
    struct value token = {0};
    if (value_type(params) == TYPE_OBJECT) {
        value_fields(arena, params, &count);
        token = value_find(params, SLICE("token"));
    } else if (value_type(params) == TYPE_ARRAY) {
        value_items(arena, params, &count);
        token = value_item(params, 0);
    }
    return count == 1 ? token : VALUE_IS(VALUE_MISSING);
}

/* No tokens are in use, so every token is as good as the best. */
static bool run_auth(struct service *service, struct arena *arena, struct value params,
                     struct value *result, struct error *error)
{
    (void)service;
    *result = value_from_text(SLICE("\"admin\""));
    if (value_type(find_token(arena, params)) != TYPE_STRING) {
        return error_set(error, ERROR_INVALID_PARAMS, "auth takes `token`, a string");
    }
    return true;
}

static bool run_schema(struct service *service, struct arena *arena, struct value params,
                       struct value *result, struct error *error)
{
    if (!check_no_params(arena, params, error)) {
        return false;
    }
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
    struct builder connections = builder_begin(arena, 3);
    builder_put_count(&connections, "open", service->counters.connections_open);
    builder_put_count(&connections, "accepted", service->counters.connections_accepted);
    builder_put_count(&connections, "refused", service->counters.connections_refused);
    return builder_end(&connections);
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

static struct value describe_loop(const struct service *service, struct arena *arena)
{
    struct builder loop = builder_begin(arena, 2);
    double longest_ms = (double)service->counters.longest_turn_ns / (double)CLOCK_NS_PER_MS;
    builder_put_count(&loop, "turns", service->counters.turns);
    builder_put(&loop, SLICE("longestTurnMs"), value_from_number(longest_ms));
    return builder_end(&loop);
}

static struct value describe_durability(struct arena *arena)
{
    struct builder durability = builder_begin(arena, 1);
    builder_put_string(&durability, "mode", "memory");
    return builder_end(&durability);
}

static bool run_info(struct service *service, struct arena *arena, struct value params,
                     struct value *result, struct error *error)
{
    if (!check_no_params(arena, params, error)) {
        return false;
    }
    uint64_t up_ns = clock_read_ns(CLOCK_MONOTONIC) - service->started_ns;
    struct builder info = builder_begin(arena, 9);
    builder_put_string(&info, "version", TENON_VERSION);
    builder_put_count(&info, "uptime", up_ns / CLOCK_NS_PER_S);
    builder_put_count(&info, "pid", (uint64_t)getpid());
    builder_put(&info, SLICE("tables"), describe_tables(service, arena));
    builder_put(&info, SLICE("memory"), describe_memory(service, arena));
    builder_put(&info, SLICE("connections"), describe_connections(service, arena));
    builder_put(&info, SLICE("requests"), describe_requests(service, arena));
    builder_put(&info, SLICE("loop"), describe_loop(service, arena));
    builder_put(&info, SLICE("durability"), describe_durability(arena));
    *result = builder_end(&info);
    return true;
}

/* The server's own methods. */
static const struct method_entry own_methods[] = {
    {.name = {"ping", 4}, .role = ROLE_READ, .run = run_ping},
    {.name = {"auth", 4}, .role = ROLE_READ, .run = run_auth},
    {.name = {"info", 4}, .role = ROLE_READ, .run = run_info},
    {.name = {"schema", 6}, .role = ROLE_READ, .run = run_schema},
};

static uint32_t first_slot(struct slice name)
{
    return (uint32_t)hash_bytes(name, HASH_SEED) % METHODS_SLOT_COUNT;
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

void methods_init(struct methods *methods)
{
    *methods = (struct methods){0};
    const struct method *method;
    for (uint32_t i = 0; (method = method_at(i)) != NULL; i++) {
        methods_add(methods, &(struct method_entry){
                                 .name = method_name(method),
                                 .role = method_writes(method) ? ROLE_WRITE : ROLE_READ,
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
