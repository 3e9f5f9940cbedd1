/* Files of which one operation fails. See failing_files.h. */
#include "tests/support/failing_files.h"

#include <errno.h>

static struct failing_files *failing_of(struct file_system *files)
{
    return (struct failing_files *)files;
}

/* The files behind, or NULL where this operation is the one that fails. */
static struct file_system *next_operation(struct file_system *files)
{
    struct failing_files *failing = failing_of(files);
    unsigned number = atomic_fetch_add(&failing->count, 1) + 1;
    return number == failing->fails_at ? NULL : failing->files;
}

#define FAIL_OR(name, ...)                                                                         \
    struct file_system *behind = next_operation(files);                                            \
    return behind == NULL ? EIO : behind->name(behind, __VA_ARGS__)

static int failing_open(struct file_system *files, const char *path, enum file_mode mode, int *file)
{
    FAIL_OR(open, path, mode, file);
}

static void failing_close(struct file_system *files, int file)
{
    struct file_system *behind = failing_of(files)->files;
    behind->close(behind, file);
}

static int failing_read(struct file_system *files, int file, void *data, size_t size,
                        uint64_t offset, size_t *done)
{
    *done = 0;
    FAIL_OR(read, file, data, size, offset, done);
}

static int failing_write(struct file_system *files, int file, const void *data, size_t size,
                         uint64_t offset, size_t *done)
{
    *done = 0;
    FAIL_OR(write, file, data, size, offset, done);
}

static int failing_sync(struct file_system *files, int file)
{
    FAIL_OR(sync, file);
}

static int failing_allocate(struct file_system *files, int file, uint64_t size)
{
    FAIL_OR(allocate, file, size);
}

static int failing_truncate(struct file_system *files, int file, uint64_t size)
{
    FAIL_OR(truncate, file, size);
}

static int failing_size(struct file_system *files, int file, uint64_t *size)
{
    FAIL_OR(size, file, size);
}

static int failing_rename(struct file_system *files, const char *from, const char *to)
{
    FAIL_OR(rename, from, to);
}

static int failing_unlink(struct file_system *files, const char *path)
{
    FAIL_OR(unlink, path);
}

static int failing_make_directory(struct file_system *files, const char *path)
{
    FAIL_OR(make_directory, path);
}

static int failing_sync_directory(struct file_system *files, const char *path)
{
    FAIL_OR(sync_directory, path);
}

static int failing_list(struct file_system *files, const char *path,
                        void (*each)(void *context, const char *name), void *context)
{
    FAIL_OR(list, path, each, context);
}

static int failing_lock(struct file_system *files, int file)
{
    FAIL_OR(lock, file);
}

void failing_files_init(struct failing_files *failing, struct file_system *files, unsigned fails_at)
{
    *failing = (struct failing_files){
        .base =
            {
                .open = failing_open,
                .close = failing_close,
                .read = failing_read,
                .write = failing_write,
                .sync = failing_sync,
                .allocate = failing_allocate,
                .truncate = failing_truncate,
                .size = failing_size,
                .rename = failing_rename,
                .unlink = failing_unlink,
                .make_directory = failing_make_directory,
                .sync_directory = failing_sync_directory,
                .list = failing_list,
                .lock = failing_lock,
            },
        .files = files,
        .fails_at = fails_at,
    };
}

bool failing_files_failed(const struct failing_files *failing)
{
    return failing->fails_at != 0 && failing->count >= failing->fails_at;
}
