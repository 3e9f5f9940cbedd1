/* The store on files that lose power, flip bits, fail and fill up. */
#include "storage/check.h"
#include "tests/support/random.h"
#include "tests/support/store_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A count for `make test`, and the one for TENON_LONG=1. */
static unsigned count_of(unsigned usual, unsigned many)
{
    const char *long_run = getenv("TENON_LONG");
    return long_run && strcmp(long_run, "1") == 0 ? many : usual;
}

static void pause_ms(long milliseconds)
{
    struct timespec pause = {.tv_nsec = milliseconds * 1000000};
    nanosleep(&pause, NULL);
}

/* Transactions, pauses in which the last group is confirmed, and snapshots. */
static void live(struct store_world *world, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        store_world_step(world);
        if (store_world_random(world) % 4 == 0) {
            store_world_poll(world);
        }
        if (store_world_random(world) % 32 == 0) {
            pause_ms(15);
        }
        if (store_world_random(world) % 64 == 0) {
            store_start_snapshot(world->store);
        }
    }
    store_world_settle(world);
}

static void check_is_valid(struct memory_files *files)
{
    struct buffer report = {0};
    enum check_result result = check_directory(&files->base, "data", &report);
    cr_assert_eq(result, CHECK_VALID, "%.*s", SLICE_FORMAT(buffer_slice(&report)));
    buffer_deinit(&report);
}

/* The recovered store has a state that once was, with everything up to `acknowledged`. */
static void check_recovered(const struct store_world *world, struct store *store,
                            uint64_t acknowledged, const char *what)
{
    struct database *database = store_database(store);
    cr_assert_geq(database->sequence, acknowledged, "%s: acknowledged transactions are lost", what);
    cr_assert_eq(store_world_digest(database), world->digests[database->sequence],
                 "%s: a transaction is there by half", what);
    database_check(database);
}

Test(store, what_was_committed_is_there_after_a_restart)
{
    struct store_world world;
    store_world_init(&world, random_seed("store restart"));
    for (unsigned round = 0; round < 4; round++) {
        store_world_open(&world);
        live(&world, 60);
        uint64_t sequence = store_database(world.store)->sequence;
        uint64_t digest = world.digests[sequence];
        if (round % 2 == 0) {
            store_close(world.store);
        } else {
            store_abandon(world.store);
        }
        world.store = NULL;
        check_is_valid(world.files);
        store_world_open(&world);
        cr_assert_eq(store_database(world.store)->sequence, sequence);
        cr_assert_eq(world.digests[sequence], digest);
        database_check(store_database(world.store));
        store_abandon(world.store);
        world.store = NULL;
    }
    store_world_deinit(&world);
}

Test(store, power_loss_loses_nothing_that_was_acknowledged)
{
    struct store_world world;
    uint64_t seed = random_seed("store power loss");
    unsigned images = count_of(1000, 100000);
    store_world_init(&world, seed);
    store_world_open(&world);
    live(&world, 400);
    size_t operations = memory_files_count(world.files);
    for (unsigned i = 0; i < images; i++) {
        size_t count = 1 + (size_t)(store_world_random(&world) % operations);
        size_t block_size = i % 2 == 0 ? 512 : 4096;
        struct memory_files *image =
            memory_files_image(world.files, count, block_size, false, seed + i);
        char what[64];
        snprintf(what, sizeof(what), "image %u of %zu operations", i, count);
        struct buffer report = {0};
        struct buffer message = {0};
        struct store *store = store_world_try(&world, &image->base, &report, &message);
        cr_assert_not_null(store, "%s: %.*s", what, SLICE_FORMAT(buffer_slice(&message)));
        check_recovered(&world, store, memory_files_marked(world.files, count), what);
        store_abandon(store);
        buffer_deinit(&report);
        buffer_deinit(&message);
        memory_files_destroy(image);
    }
    store_world_deinit(&world);
}

struct target {
    struct memory_files *files;
    char snapshot[64]; /* the newest */
    char names[16][64];
    size_t count;
};

static void note_target(void *context, const char *name)
{
    struct target *target = context;
    if (strncmp(name, "snapshot-0", 10) == 0) {
        /* An older one that a newer has made needless is not read any more. */
        if (strcmp(name, target->snapshot) > 0) {
            snprintf(target->snapshot, sizeof(target->snapshot), "%s", name);
        }
        return;
    }
    if (strcmp(name, "journal-next") != 0 && strcmp(name, "lock") != 0 &&
        strcmp(name, "snapshot-new") != 0) {
        cr_assert_lt(target->count, 15u);
        snprintf(target->names[target->count++], 64, "%s", name);
    }
}

/* Bytes up to the last that is not zero. */
static uint64_t used_size(const char *bytes, uint64_t size)
{
    while (size > 0 && bytes[size - 1] == 0) {
        size -= 1;
    }
    return size;
}

/* Flips a bit of some file. Returns the name. */
static const char *flip(struct store_world *world, struct memory_files *image,
                        struct target *target, uint64_t *offset)
{
    memset(target, 0, sizeof(*target));
    memory_files_each(image, note_target, target);
    if (target->snapshot[0] != '\0') {
        memcpy(target->names[target->count++], target->snapshot, sizeof(target->snapshot));
    }
    const char *name = target->names[store_world_random(world) % target->count];
    uint64_t size;
    char *bytes = memory_files_bytes(image, name, &size);
    *offset = store_world_random(world) % used_size(bytes, size);
    bytes[*offset] = (char)(bytes[*offset] ^ (1 << store_world_random(world) % 8));
    return name;
}

static bool contains(const struct buffer *text, const char *word)
{
    char copy[4096];
    size_t size = text->size < sizeof(copy) - 1 ? text->size : sizeof(copy) - 1;
    memcpy(copy, text->data, size);
    copy[size] = '\0';
    return strstr(copy, word) != NULL;
}

Test(store, one_flipped_bit_is_found_every_time)
{
    struct store_world world;
    uint64_t seed = random_seed("store flips");
    unsigned flips = count_of(2000, 20000);
    unsigned cut = 0;
    store_world_init(&world, seed);
    store_world_open(&world);
    live(&world, 300);
    size_t operations = memory_files_count(world.files);
    for (unsigned i = 0; i < flips; i++) {
        size_t count = operations / 4 + (size_t)(store_world_random(&world) % (operations * 3 / 4));
        struct memory_files *image = memory_files_image(world.files, count, 4096, true, seed);
        struct target target;
        uint64_t offset;
        const char *name = flip(&world, image, &target, &offset);
        struct buffer report = {0};
        struct buffer message = {0};
        struct store *store = store_world_try(&world, &image->base, &report, &message);
        if (store) {
            /* Only a last group that nothing confirms yet. */
            const struct store_recovery *recovery = store_recovery(store);
            cr_assert(recovery->journal.torn, "flip %u of %s at %llu was not seen", i, name,
                      (unsigned long long)offset);
            cr_assert_eq(strcmp(recovery->journal.torn_name, name), 0);
            cr_assert_leq(recovery->journal.torn_offset, offset);
            cr_assert(contains(&report, "torn tail"));
            check_recovered(&world, store, 0, name);
            store_abandon(store);
            cut += 1;
        } else {
            cr_assert(contains(&message, name), "%.*s", SLICE_FORMAT(buffer_slice(&message)));
            report.size = 0;
            cr_assert_neq(check_directory(&image->base, "data", &report), CHECK_VALID);
        }
        buffer_deinit(&report);
        buffer_deinit(&message);
        memory_files_destroy(image);
    }
    cr_assert_lt(cut, flips / 4, "most flips are refused");
    store_world_deinit(&world);
}

static void unlink_data(void *context, const char *name)
{
    struct memory_files *files = context;
    char path[FILE_PATH_MAX];
    if (strncmp(name, "snapshot-", 9) == 0 || strncmp(name, "journal-0", 9) == 0) {
        cr_assert_eq(file_path(path, "data", name), 0);
        cr_assert_eq(files->base.unlink(&files->base, path), 0);
    }
}

Test(store, a_catalog_without_data_is_told)
{
    struct store_world world;
    struct buffer report = {0};
    struct buffer message = {0};
    store_world_init(&world, random_seed("store without data"));
    store_world_open(&world);
    live(&world, 20);
    store_abandon(world.store);
    struct file_system *files = &world.files->base;
    world.store = store_world_try(&world, files, &report, &message);
    cr_assert(world.store != NULL && !contains(&report, "neither"));
    store_abandon(world.store);
    cr_assert_eq(files->list(files, "data", unlink_data, world.files), 0);
    world.store = store_world_try(&world, files, &report, &message);
    cr_assert(world.store != NULL && contains(&report, "neither a snapshot nor a journal"));
    store_abandon(world.store);
    world.store = NULL;
    buffer_deinit(&report);
    buffer_deinit(&message);
    store_world_deinit(&world);
}

Test(store, a_sync_that_fails_once_is_final_for_its_segment)
{
    struct store_world world;
    store_world_init(&world, random_seed("store failed sync"));
    store_world_open(&world);
    for (unsigned round = 0; round < 20; round++) {
        live(&world, 10);
        if (round % 2 == 0) {
            memory_files_set_sync_fails(world.files, 1);
        } else {
            memory_files_set_write_fails(world.files, 1);
        }
        for (unsigned i = 0; i < 10; i++) {
            store_world_step(&world);
        }
        store_world_settle(&world);
    }
    cr_assert_gt(world.lost, 0u, "some transactions were undone");
    struct journal_status status;
    do {
        store_world_poll(&world);
        pause_ms(1);
        store_journal_status(world.store, &status);
    } while (status.state != JOURNAL_OPEN);
    live(&world, 20);
    uint64_t sequence = store_database(world.store)->sequence;
    uint64_t digest = world.digests[sequence];
    store_abandon(world.store);
    store_world_open(&world);
    cr_assert_eq(store_database(world.store)->sequence, sequence);
    cr_assert_eq(world.digests[sequence], digest);
    database_check(store_database(world.store));
    store_world_deinit(&world);
}

/* Waits until writes are taken again; two seconds, and what a busy machine needs. */
static void wait_until_open(struct store_world *world)
{
    struct journal_status status;
    for (unsigned i = 0; i < 500; i++) {
        store_world_poll(world);
        store_journal_status(world->store, &status);
        if (status.state == JOURNAL_OPEN) {
            return;
        }
        pause_ms(10);
    }
    cr_assert(false, "writes do not resume");
}

/* Waits until the next segment is made and no snapshot runs, which would free space. */
static void come_to_rest(struct store_world *world)
{
    uint64_t size = 0;
    struct store_snapshot_info info = {.status = STORE_SNAPSHOT_RUNNING};
    while (size < world->options.segment_size || info.status == STORE_SNAPSHOT_RUNNING) {
        pause_ms(1);
        store_turn(world->store);
        store_world_poll(world);
        store_snapshot_info(world->store, &info);
        pthread_mutex_lock(&world->files->mutex);
        memory_files_bytes(world->files, JOURNAL_NEXT_NAME, &size);
        pthread_mutex_unlock(&world->files->mutex);
    }
}

/* Inserts until that is refused. In a new segment it waits for the news that there is no next one:
 * without it the segment would be used to its end. */
static void fill_disk(struct store_world *world)
{
    struct journal_status status;
    store_journal_status(world->store, &status);
    uint64_t serial = status.serial;
    while (store_world_insert_one(world)) {
        store_world_settle(world);
        store_journal_status(world->store, &status);
        while (status.serial != serial && status.state == JOURNAL_OPEN) {
            pause_ms(1);
            store_journal_status(world->store, &status);
        }
    }
}

Test(store, a_full_disk_refuses_writes_takes_deletes_and_recovers_by_itself)
{
    struct store_world world;
    store_world_init(&world, random_seed("store full disk"));
    store_world_open(&world);
    live(&world, 20);
    come_to_rest(&world);
    memory_files_set_space(world.files, memory_files_used(world.files));
    fill_disk(&world);
    cr_assert_eq(world.lost, 0u, "nothing that was accepted is lost");
    pause_ms(50); /* the last group could be confirmed, but not from the reserve */
    cr_assert(store_world_delete_one(&world), "deletes go on from the reserve");
    store_world_settle(&world);
    memory_files_set_space(world.files, 0);
    wait_until_open(&world);
    cr_assert(store_world_insert_one(&world), "writes resume");
    store_world_settle(&world);
    uint64_t digest = store_world_digest(store_database(world.store));
    store_abandon(world.store);
    store_world_open(&world);
    cr_assert_eq(store_world_digest(store_database(world.store)), digest);
    store_world_deinit(&world);
}

/* A disk that is full at the start: with no space at all, with some for a small segment, and with
 * what the segment that was ahead gives back. */
Test(store, a_full_disk_at_the_start_serves_reads_and_recovers_by_itself)
{
    static const uint64_t spaces[] = {0, JOURNAL_SEGMENT_SIZE_MIN, 2 * JOURNAL_SEGMENT_SIZE_MIN};
    for (unsigned i = 0; i < 3; i++) {
        struct store_world world;
        struct journal_status status;
        uint64_t size = 0;
        store_world_init(&world, random_seed("store full at the start"));
        store_world_open(&world);
        live(&world, 40);
        come_to_rest(&world);
        uint64_t digest = store_world_digest(store_database(world.store));
        store_abandon(world.store);
        cr_assert_not_null(memory_files_bytes(world.files, JOURNAL_NEXT_NAME, &size));
        memory_files_set_space(world.files, memory_files_used(world.files) - size + spaces[i]);
        store_world_open(&world);
        cr_assert_eq(store_world_digest(store_database(world.store)), digest, "reads are served");
        do {
            store_journal_status(world.store, &status);
        } while (status.state == JOURNAL_OPEN);
        cr_assert_eq(status.state, i == 0 ? JOURNAL_OPENING : JOURNAL_FULL);
        cr_assert_eq(status.reason, ENOSPC);
        cr_assert_eq(store_world_delete_one(&world), i > 0, "deletes go on from what there is");
        store_world_settle(&world);
        memory_files_set_space(world.files, 0);
        wait_until_open(&world);
        live(&world, 10);
        cr_assert_eq(world.lost, 0u);
        digest = store_world_digest(store_database(world.store));
        store_abandon(world.store);
        store_world_open(&world);
        cr_assert_eq(store_world_digest(store_database(world.store)), digest);
        check_is_valid(world.files);
        store_world_deinit(&world);
    }
}

static void check_segment_size(struct store_world *world, unsigned serial, uint64_t expected)
{
    char name[64];
    uint64_t size = 0;
    snprintf(name, sizeof(name), JOURNAL_SEGMENT_NAME, (unsigned long long)serial);
    cr_assert_not_null(memory_files_bytes(world->files, name, &size), "%s", name);
    cr_assert_eq(size, expected, "%s has %llu bytes", name, (unsigned long long)size);
}

Test(store, segments_begin_small_and_double_up_to_their_limit)
{
    struct store_world world;
    struct journal_status status;
    store_world_init(&world, random_seed("store growing segments"));
    world.options.segment_size = 3 * JOURNAL_FIRST_SIZE;
    world.options.snapshot_ratio = 0;
    store_world_open(&world);
    do {
        store_world_step(&world);
        store_world_settle(&world);
        store_journal_status(world.store, &status);
    } while (status.serial < 3);
    check_segment_size(&world, 1, JOURNAL_FIRST_SIZE);
    check_segment_size(&world, 2, 2 * JOURNAL_FIRST_SIZE);
    check_segment_size(&world, 3, 3 * JOURNAL_FIRST_SIZE);
    uint64_t digest = store_world_digest(store_database(world.store));
    store_abandon(world.store);
    store_world_open(&world);
    cr_assert_eq(store_world_digest(store_database(world.store)), digest);
    check_segment_size(&world, 4, JOURNAL_FIRST_SIZE);
    store_world_deinit(&world);
}

Test(store, short_reads_and_writes_and_interruptions_are_carried_on)
{
    struct store_world world;
    store_world_init(&world, random_seed("store short writes"));
    world.files->shortens = true;
    for (unsigned round = 0; round < 3; round++) {
        store_world_open(&world);
        live(&world, 40);
        uint64_t digest = store_world_digest(store_database(world.store));
        store_close(world.store);
        store_world_open(&world);
        cr_assert_eq(store_world_digest(store_database(world.store)), digest);
        store_abandon(world.store);
        world.store = NULL;
    }
    store_world_deinit(&world);
}

/* Two writers, each of which writes again when its last document is durable: left alone, the one
 * would always wait for the sync of the other, and every group have one transaction. A busy machine
 * may keep them from meeting for a while. */
Test(store, writers_that_take_turns_come_to_share_their_syncs)
{
    enum { WRITES_MAX = 600, SHARED = 15 };
    struct store_world world;
    struct journal_status status;
    store_world_init(&world, random_seed("store shared syncs"));
    store_world_open(&world);
    memory_files_set_sync_ms(world.files, 8);
    store_journal_status(world.store, &status);
    uint64_t start = status.groups;
    uint64_t written = 0;
    uint64_t durable = 0;
    while (durable < WRITES_MAX && durable < status.groups - start + SHARED) {
        store_world_poll(&world);
        durable = store_durable(world.store);
        while (written < durable + 2) {
            cr_assert(store_world_insert_one(&world));
            written += 1;
            pause_ms(written == 1 ? 4 : 0);
        }
        store_journal_status(world.store, &status);
    }
    cr_assert_geq(durable, status.groups - start + SHARED, "%u groups of %u transactions",
                  (unsigned)(status.groups - start), (unsigned)durable);
    memory_files_set_sync_ms(world.files, 0);
    store_world_deinit(&world);
}
