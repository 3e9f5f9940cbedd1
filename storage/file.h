/* Files, behind an interface that tests can break.
 *
 * `struct file_system` is a table of functions; whoever implements one puts it first in a struct of
 * its own. Files are known by numbers, paths are those of the system. Every function returns 0 or
 * the system's error number (errno.h); reads and writes may be short. The functions without the
 * struct, file_write_all and file_read_all, carry short ones and EINTR on; nothing else is ever
 * tried twice, a failed sync least of all. */
#ifndef TENON_STORAGE_FILE_H
#define TENON_STORAGE_FILE_H

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the longest path that is made of a directory and a name. */
#define FILE_PATH_MAX 4096

enum file_mode {
    FILE_READ,      /* must exist */
    FILE_READ_WRITE /* made, empty, where it does not exist; for its owner alone */
};

struct file_system {
    int (*open)(struct file_system *files, const char *path, enum file_mode mode, int *file);
    void (*close)(struct file_system *files, int file);
    /* `*done` becomes how many bytes there were; 0 at the end of the file. */
    int (*read)(struct file_system *files, int file, void *data, size_t size, uint64_t offset,
                size_t *done);
    int (*write)(struct file_system *files, int file, const void *data, size_t size,
                 uint64_t offset, size_t *done);
    int (*sync)(struct file_system *files, int file);
    /* Takes space for the first `size` bytes, so that writing them cannot fail for want of it. */
    int (*allocate)(struct file_system *files, int file, uint64_t size);
    int (*truncate)(struct file_system *files, int file, uint64_t size);
    int (*size)(struct file_system *files, int file, uint64_t *size);
    int (*rename)(struct file_system *files, const char *from, const char *to);
    int (*unlink)(struct file_system *files, const char *path);
    int (*make_directory)(struct file_system *files, const char *path);
    int (*sync_directory)(struct file_system *files, const char *path);
    /* Calls `each` for every name in the directory, in no order. */
    int (*list)(struct file_system *files, const char *path,
                void (*each)(void *context, const char *name), void *context);
    /* Takes the lock that the file stands for, until it is closed; EAGAIN where another process
     * has it. */
    int (*lock)(struct file_system *files, int file);
};

/* The system's own files. */
void file_system_init(struct file_system *files);

/* Writes all of `data`. Returns 0 or the system's error number; ENOSPC too where the system takes
 * nothing and says nothing. */
MUST_CHECK int file_write_all(struct file_system *files, int file, const void *data, size_t size,
                              uint64_t offset);

/* Reads until `size` bytes are there or the file ends; `*done` says how many. */
MUST_CHECK int file_read_all(struct file_system *files, int file, void *data, size_t size,
                             uint64_t offset, size_t *done);

/* Whether the reason is one that goes when there is space again. */
bool file_reason_is_space(int reason);

/* Makes `path` that of `name` in `directory`. Errors: ENAMETOOLONG. */
MUST_CHECK int file_path(char path[FILE_PATH_MAX], const char *directory, const char *name);

#endif
