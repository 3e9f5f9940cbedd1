/* Random transactions on a store in memory. See store_world.h. */
#include "tests/support/store_world.h"

#include "base/hash.h"
#include "base/json.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SEGMENT_SIZE (64 * 1024)

static const char schema_text[] =
    "{\"tables\":{\"users\":{\"fields\":{\"name\":\"string\",\"n\":{\"optional\":\"number\"}},"
    "\"indexes\":{\"by_name\":[\"name\"],\"by_n\":{\"fields\":[\"n\"],\"unique\":true}}},"
    "\"things\":{\"indexes\":{\"by_path\":[\"a.b\",\"name\"]}}}}";

uint64_t store_world_random(struct store_world *world)
{
    return random_next(&world->random);
}

void store_world_init(struct store_world *world, uint64_t seed)
{
    *world = (struct store_world){.random = seed};
    world->files = memory_files_create(seed);
    world->options = store_default_options();
    world->options.segment_size = SEGMENT_SIZE;
    world->options.directory = "data";
    world->options.files = &world->files->base;
}

void store_world_deinit(struct store_world *world)
{
    if (world->store) {
        store_abandon(world->store);
    }
    memory_files_destroy(world->files);
}

struct store *store_world_try(const struct store_world *world, struct file_system *files,
                              struct buffer *report, struct buffer *message)
{
    struct store_options options = world->options;
    struct database_options database_options = {.seed = 7};
    struct buffer schema_message = {0};
    options.files = files;
    struct schema *schema = schema_read(slice_of(schema_text), "s.json", &schema_message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&schema_message)));
    return store_open(&options, schema, &database_options, report, message);
}

void store_world_open(struct store_world *world)
{
    struct buffer report = {0};
    struct buffer message = {0};
    world->store = store_world_try(world, world->options.files, &report, &message);
    cr_assert_not_null(world->store, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    struct database *database = store_database(world->store);
    world->digests[database->sequence] = store_world_digest(database);
    buffer_deinit(&report);
    buffer_deinit(&message);
}

uint64_t store_world_digest(struct database *database)
{
    uint64_t digest = database->documents.count;
    uint64_t place = 0;
    const struct document *document;
    while ((document = hash_map_iterate(&database->documents, &place)) != NULL) {
        digest += hash_bytes(document_text(document), 1);
    }
    return digest;
}

static struct document *pick(struct store_world *world)
{
    struct database *database = store_database(world->store);
    struct table *table = &database->tables[store_world_random(world) % database->table_count];
    struct btree_cursor cursor;
    if (table->count == 0) {
        return NULL;
    }
    return btree_at(&table->indexes[0].tree, store_world_random(world) % table->count, &cursor);
}

static const struct value_field *random_fields(struct store_world *world, struct arena *arena,
                                               uint32_t *count)
{
    static const char filler[] = "the quick brown fox jumps over the lazy dog, again and again";
    uint64_t random = store_world_random(world);
    struct slice text =
        arena_format(arena, "{\"name\":\"%.*s\",\"n\":%u}", (int)(random % sizeof(filler)), filler,
                     (unsigned)(random >> 32));
    struct value value;
    struct json_error error;
    cr_assert(json_read(arena, text, 8, &value, NULL, &error));
    return value_fields(arena, value, count);
}

static void change_something(struct store_world *world, struct arena *arena)
{
    struct database *database = store_database(world->store);
    struct error error;
    uint32_t count;
    error_init(&error, arena);
    struct document *document = pick(world);
    const struct value_field *fields = random_fields(world, arena, &count);
    uint64_t choice = store_world_random(world) % 8;
    if (document && choice < 2) {
        transaction_delete(database, document);
    } else if (document && choice < 4) {
        bool patched = transaction_patch(database, document, fields, count, &error);
        cr_assert(patched, "%.*s", SLICE_FORMAT(error.message));
    } else {
        struct table *table = &database->tables[choice % database->table_count];
        document = transaction_insert(database, table, fields, count, SLICE(""), NULL, &error);
        cr_assert_not_null(document, "%.*s", SLICE_FORMAT(error.message));
    }
}

/* Commits the open transaction and remembers the state. Returns false where it was refused. */
static bool commit(struct store_world *world, struct arena *arena)
{
    struct database *database = store_database(world->store);
    struct error error;
    error_init(&error, arena);
    bool committed = transaction_commit(database, &error);
    if (!committed) {
        cr_assert_eq(error.code, ERROR_READ_ONLY, "%.*s", SLICE_FORMAT(error.message));
        world->refused += 1;
    }
    transaction_end(database);
    cr_assert_lt(database->sequence, STORE_WORLD_STATES_MAX);
    if (committed) {
        world->digests[database->sequence] = store_world_digest(database);
    }
    return committed;
}

void store_world_step(struct store_world *world)
{
    struct arena arena;
    arena_init(&arena, 4096);
    transaction_begin(store_database(world->store));
    for (uint64_t left = 1 + store_world_random(world) % 4; left > 0; left--) {
        change_something(world, &arena);
    }
    commit(world, &arena);
    arena_deinit(&arena);
    store_turn(world->store);
}

bool store_world_insert_one(struct store_world *world)
{
    struct database *database = store_database(world->store);
    struct arena arena;
    struct error error;
    uint32_t count;
    arena_init(&arena, 4096);
    error_init(&error, &arena);
    const struct value_field *fields = random_fields(world, &arena, &count);
    transaction_begin(database);
    const struct document *document =
        transaction_insert(database, &database->tables[0], fields, count, SLICE(""), NULL, &error);
    cr_assert_not_null(document, "%.*s", SLICE_FORMAT(error.message));
    bool committed = commit(world, &arena);
    arena_deinit(&arena);
    store_turn(world->store);
    return committed;
}

bool store_world_delete_one(struct store_world *world)
{
    struct arena arena;
    struct document *document = NULL;
    while (document == NULL) {
        document = pick(world);
    }
    arena_init(&arena, 4096);
    transaction_begin(store_database(world->store));
    transaction_delete(store_database(world->store), document);
    bool committed = commit(world, &arena);
    arena_deinit(&arena);
    store_turn(world->store);
    return committed;
}

void store_world_poll(struct store_world *world)
{
    struct store_news news;
    struct database *database = store_database(world->store);
    store_poll(world->store, &news);
    if (news.lost) {
        world->lost += 1;
        cr_assert_eq(store_world_digest(database), world->digests[database->sequence],
                     "what was not durable is undone");
        database_check(database);
    }
    struct journal_status status;
    store_journal_status(world->store, &status);
    memory_files_mark(world->files, status.durable);
}

void store_world_settle(struct store_world *world)
{
    struct database *database = store_database(world->store);
    struct journal_status status;
    struct timespec pause = {.tv_nsec = 200000};
    do {
        store_turn(world->store);
        store_world_poll(world);
        nanosleep(&pause, NULL);
        store_journal_status(world->store, &status);
    } while (status.state == JOURNAL_FAILED || status.durable < database->sequence);
}
