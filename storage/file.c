/* The system's files, and what is built on any file system. See file.h. */
#include "storage/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNER_ONLY_FILE      0600
#define OWNER_ONLY_DIRECTORY 0700

/* 0 where the system call went well. */
static int reason_of(int result)
{
    return result == 0 ? 0 : errno;
}

static int system_open(struct file_system *files, const char *path, enum file_mode mode, int *file)
{
    (void)files;
    int flags = mode == FILE_READ ? O_RDONLY : O_RDWR | O_CREAT;
    do {
        *file = open(path, flags | O_CLOEXEC, OWNER_ONLY_FILE);
    } while (*file < 0 && errno == EINTR);
    return *file < 0 ? errno : 0;
}

static void system_close(struct file_system *files, int file)
{
    (void)files;
    close(file);
}

static int system_read(struct file_system *files, int file, void *data, size_t size,
                       uint64_t offset, size_t *done)
{
    (void)files;
    ssize_t result = pread(file, data, size, (off_t)offset);
    *done = result < 0 ? 0 : (size_t)result;
    return result < 0 ? errno : 0;
}

static int system_write(struct file_system *files, int file, const void *data, size_t size,
                        uint64_t offset, size_t *done)
{
    (void)files;
    ssize_t result = pwrite(file, data, size, (off_t)offset);
    *done = result < 0 ? 0 : (size_t)result;
    return result < 0 ? errno : 0;
}

static int system_sync(struct file_system *files, int file)
{
    (void)files;
    return reason_of(fdatasync(file));
}

static int system_allocate(struct file_system *files, int file, uint64_t size)
{
    (void)files;
    int reason;
    do {
        reason = posix_fallocate(file, 0, (off_t)size);
    } while (reason == EINTR);
    return reason;
}

static int system_truncate(struct file_system *files, int file, uint64_t size)
{
    (void)files;
    return reason_of(ftruncate(file, (off_t)size));
}

static int system_size(struct file_system *files, int file, uint64_t *size)
{
    (void)files;
    struct stat status;
    if (fstat(file, &status) != 0) {
        return errno;
    }
    *size = (uint64_t)status.st_size;
    return 0;
}

static int system_rename(struct file_system *files, const char *from, const char *to)
{
    (void)files;
    return reason_of(rename(from, to));
}

static int system_unlink(struct file_system *files, const char *path)
{
    (void)files;
    return reason_of(unlink(path));
}

static int system_make_directory(struct file_system *files, const char *path)
{
    (void)files;
    return reason_of(mkdir(path, OWNER_ONLY_DIRECTORY));
}

static int system_sync_directory(struct file_system *files, const char *path)
{
    (void)files;
    int directory = open(path, O_RDONLY | O_CLOEXEC);
    if (directory < 0) {
        return errno;
    }
    int reason = reason_of(fsync(directory));
    close(directory);
    return reason;
}

static int system_list(struct file_system *files, const char *path,
                       void (*each)(void *context, const char *name), void *context)
{
    (void)files;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return errno;
    }
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(directory)) != NULL) {
        each(context, entry->d_name);
        errno = 0;
    }
    int reason = errno;
    closedir(directory);
    return reason;
}

static int system_lock(struct file_system *files, int file)
{
    (void)files;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int reason = reason_of(fcntl(file, F_SETLK, &whole));
    return reason == EACCES ? EAGAIN : reason;
}

void file_system_init(struct file_system *files)
{
    *files = (struct file_system){
        .open = system_open,
        .close = system_close,
        .read = system_read,
        .write = system_write,
        .sync = system_sync,
        .allocate = system_allocate,
        .truncate = system_truncate,
        .size = system_size,
        .rename = system_rename,
        .unlink = system_unlink,
        .make_directory = system_make_directory,
        .sync_directory = system_sync_directory,
        .list = system_list,
        .lock = system_lock,
    };
}

int file_write_all(struct file_system *files, int file, const void *data, size_t size,
                   uint64_t offset)
{
    const char *next = data;
    while (size > 0) {
        size_t done = 0;
        int reason = files->write(files, file, next, size, offset, &done);
        if (reason != 0 && reason != EINTR) {
            return reason;
        }
        if (reason == 0 && done == 0) {
            return ENOSPC;
        }
        assert(done <= size);
        next += done;
        size -= done;
        offset += done;
    }
    return 0;
}

int file_read_all(struct file_system *files, int file, void *data, size_t size, uint64_t offset,
                  size_t *done)
{
    char *next = data;
    *done = 0;
    while (*done < size) {
        size_t got = 0;
        int reason = files->read(files, file, next + *done, size - *done, offset + *done, &got);
        if (reason != 0 && reason != EINTR) {
            return reason;
        }
        if (reason == 0 && got == 0) {
            return 0;
        }
        *done += got;
    }
    return 0;
}

bool file_reason_is_space(int reason)
{
    return reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
}

int file_path(char path[FILE_PATH_MAX], const char *directory, const char *name)
{
    int size = snprintf(path, FILE_PATH_MAX, "%s/%s", directory, name);
    return size < 0 || size >= FILE_PATH_MAX ? ENAMETOOLONG : 0;
}
