/* The store where one operation on its files fails, each in turn.
 *
 * Whatever fails, and whenever: a start is right or refused with the reason, nothing that was
 * acknowledged is lost, no transaction is there by half, and offline checks say so. */
#include "storage/check.h"
#include "storage/snapshot.h"
#include "tests/support/failing_files.h"
#include "tests/support/random.h"
#include "tests/support/store_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS 30

/* Every failure with TENON_LONG=1, every seventh, another each time, without. */
static unsigned stride(void)
{
    const char *long_run = getenv("TENON_LONG");
    return long_run && strcmp(long_run, "1") == 0 ? 1 : 7;
}

static bool contains(const struct buffer *text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text->size; i++) {
        if (memcmp(text->data + i, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/* Opens the store; a start that is refused names the failure, and the next succeeds. */
static void open_after_failure(struct store_world *world, const struct failing_files *failing)
{
    struct buffer report = {0};
    struct buffer message = {0};
    bool failed_before = failing_files_failed(failing);
    world->store = store_world_try(world, world->options.files, &report, &message);
    if (world->store == NULL) {
        cr_assert(!failed_before && failing_files_failed(failing), "operation %u: %.*s",
                  failing->fails_at, SLICE_FORMAT(buffer_slice(&message)));
        cr_assert(contains(&message, strerror(EIO)), "operation %u: %.*s", failing->fails_at,
                  SLICE_FORMAT(buffer_slice(&message)));
        store_world_open(world);
    }
    struct database *database = store_database(world->store);
    uint64_t acknowledged = memory_files_marked(world->files, memory_files_count(world->files));
    cr_assert_geq(database->sequence, acknowledged, "operation %u: transactions are lost",
                  failing->fails_at);
    if (database->sequence > 0) {
        cr_assert_eq(store_world_digest(database), world->digests[database->sequence],
                     "operation %u: a transaction is there by half", failing->fails_at);
    }
    buffer_deinit(&report);
    buffer_deinit(&message);
}

static void live(struct store_world *world)
{
    for (unsigned i = 0; i < STEPS; i++) {
        store_world_step(world);
        store_world_settle(world);
        if (i % 10 == 5) {
            store_start_snapshot(world->store);
        }
    }
}

static void check_is_valid(struct memory_files *files, unsigned number)
{
    struct buffer report = {0};
    enum check_result result = check_directory(&files->base, "data", &report);
    cr_assert_eq(result, CHECK_VALID, "operation %u: %.*s", number,
                 SLICE_FORMAT(buffer_slice(&report)));
    buffer_deinit(&report);
}

/* A life of two starts, of which the operation `number` fails. Returns false where there are not as
 * many. */
static bool live_through_failure(unsigned number)
{
    struct store_world world;
    struct failing_files failing;
    store_world_init(&world, number);
    failing_files_init(&failing, &world.files->base, number);
    world.options.files = &failing.base;
    world.options.sync = number % 2 == 0 ? JOURNAL_SYNC_ALWAYS : JOURNAL_SYNC_INTERVAL;
    world.options.sync_interval_ms = 1;
    open_after_failure(&world, &failing);
    live(&world);
    store_close(world.store);
    open_after_failure(&world, &failing);
    live(&world);
    store_abandon(world.store);
    check_is_valid(world.files, number);
    bool failed = failing_files_failed(&failing);
    failing_files_init(&failing, &world.files->base, 0);
    open_after_failure(&world, &failing);
    database_check(store_database(world.store));
    store_world_deinit(&world);
    return failed;
}

Test(store_failures, no_operation_that_fails_loses_what_was_acknowledged)
{
    unsigned number = 1 + (unsigned)(random_seed("store failures") % stride());
    while (live_through_failure(number)) {
        number += stride();
    }
    cr_assert_gt(number, 100u, "there were %u operations only", number);
}

static void wake_nobody(void *context)
{
    (void)context;
}

/* The journal may fail, or the server end, while blocks that were given are still to be written. */
Test(store_failures, a_snapshot_may_be_given_up_after_its_last_block)
{
    enum { ROUNDS = 100, BLOCKS = 4 };
    struct memory_files *files = memory_files_create(1);
    struct snapshot_header header = {.version = SNAPSHOT_FORMAT_VERSION, .documents = BLOCKS};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct snapshot_writer *writer =
            snapshot_writer_create(&files->base, "data", &header, wake_nobody, NULL);
        for (unsigned i = 0; i < BLOCKS; i++) {
            struct buffer block = {0};
            buffer_append_slice(&block, SLICE("\002{}"));
            snapshot_writer_give(writer, 10001, 1, &block);
        }
        snapshot_writer_finish(writer);
        snapshot_writer_destroy(writer);
    }
    memory_files_destroy(files);
}

/* A world whose directory has a snapshot and a journal behind it. */
static void live_and_stop(struct store_world *world)
{
    store_world_init(world, 1);
    store_world_open(world);
    live(world);
    store_abandon(world->store);
    world->store = NULL;
}

Test(store_failures, a_check_that_cannot_read_does_not_call_the_data_valid)
{
    struct store_world world;
    struct failing_files failing;
    bool failed = true;
    live_and_stop(&world);
    for (unsigned number = 1; failed; number++) {
        struct buffer report = {0};
        failing_files_init(&failing, &world.files->base, number);
        enum check_result result = check_directory(&failing.base, "data", &report);
        failed = failing_files_failed(&failing);
        cr_assert_eq(result == CHECK_VALID, !failed, "operation %u: %.*s", number,
                     SLICE_FORMAT(buffer_slice(&report)));
        cr_assert(!failed || contains(&report, strerror(EIO)), "operation %u: %.*s", number,
                  SLICE_FORMAT(buffer_slice(&report)));
        buffer_deinit(&report);
    }
    store_world_deinit(&world);
}

/* A folder of the system, for what must be in two directories. */
struct folder {
    char path[32];
    struct memory_files *files;
};

static void path_in(const struct folder *folder, const char *name, char path[FILE_PATH_MAX])
{
    cr_assert_eq(file_path(path, folder->path, name), 0);
}

static void copy_file(void *context, const char *name)
{
    const struct folder *folder = context;
    char path[FILE_PATH_MAX];
    uint64_t size;
    const char *bytes = memory_files_bytes(folder->files, name, &size);
    path_in(folder, name, path);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert(size == 0 || fwrite(bytes, 1, size, file) == size);
    cr_assert_eq(fclose(file), 0);
}

static void remove_file(void *context, const char *name)
{
    char path[FILE_PATH_MAX];
    path_in(context, name, path);
    /* `.` and `..` are among the names. */
    if (name[0] != '.') {
        cr_assert_eq(unlink(path), 0, "%s", path);
    }
}

static void folder_init(struct folder *folder, const char *pattern)
{
    *folder = (struct folder){.files = NULL};
    strcpy(folder->path, pattern);
    cr_assert_not_null(mkdtemp(folder->path));
}

static void folder_clear(struct folder *folder, struct file_system *files)
{
    cr_assert_eq(files->list(files, folder->path, remove_file, folder), 0);
    cr_assert_eq(rmdir(folder->path), 0);
}

/* Repairs `from` into `to`, which is not there. */
static bool repair_through_failure(const struct folder *from, struct folder *to, unsigned number)
{
    struct file_system files;
    struct failing_files failing;
    struct buffer report = {0};
    file_system_init(&files);
    failing_files_init(&failing, &files, number);
    enum check_result result = check_repair(&failing.base, from->path, to->path, &report);
    bool failed = failing_files_failed(&failing);
    /* The journal's next file is made ahead, and nothing is lost without it. */
    bool valid = result == CHECK_VALID && check_directory(&files, to->path, &report) == CHECK_VALID;
    cr_assert(valid || (failed && result != CHECK_VALID && contains(&report, strerror(EIO))),
              "operation %u: %.*s", number, SLICE_FORMAT(buffer_slice(&report)));
    if (access(to->path, F_OK) == 0) {
        folder_clear(to, &files);
    }
    buffer_deinit(&report);
    return failed;
}

Test(store_failures, a_repair_that_cannot_write_does_not_say_that_it_did)
{
    struct store_world world;
    struct file_system files;
    struct folder from;
    struct folder to;
    live_and_stop(&world);
    file_system_init(&files);
    folder_init(&from, "/tmp/tenon-from-XXXXXX");
    folder_init(&to, "/tmp/tenon-to-XXXXXX");
    cr_assert_eq(rmdir(to.path), 0);
    from.files = world.files;
    memory_files_each(world.files, copy_file, &from);
    for (unsigned number = 1; repair_through_failure(&from, &to, number); number++) {
    }
    folder_clear(&from, &files);
    store_world_deinit(&world);
}
