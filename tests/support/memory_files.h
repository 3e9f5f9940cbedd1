/* A file system in memory that remembers every operation, fails on demand, and can show what a disk
 * may hold after the power failed.
 *
 * An image is made of a prefix of the operations: what was synced is there; of each block that was
 * written and not synced, the old, the new, or a piece of both; of the names that were changed and
 * whose directory was not synced, the first few. */
#ifndef TENON_TESTS_SUPPORT_MEMORY_FILES_H
#define TENON_TESTS_SUPPORT_MEMORY_FILES_H

#include "storage/file.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_operation;
struct memory_inode;
struct memory_name;

struct memory_files {
    struct file_system base;
    pthread_mutex_t mutex;
    struct memory_inode *inodes;
    size_t inode_count;
    struct memory_name *names;
    size_t name_count;
    struct memory_operation *log;
    size_t log_count;
    uint64_t random;

    /* What goes wrong; to be changed under the mutex once threads run (memory_files_set). */
    bool shortens;        /* reads and writes are short, and interrupted */
    unsigned sync_fails;  /* so many of the next syncs fail with EIO */
    unsigned write_fails; /* so many of the next writes fail with EIO */
    unsigned sync_ms;     /* how long a sync takes; 0: no time */
    uint64_t space_max;   /* bytes of all files; 0: no limit */
};

struct memory_files *memory_files_create(uint64_t seed);
void memory_files_destroy(struct memory_files *files);

/* Sets a number of the struct above while threads run. */
void memory_files_set_sync_fails(struct memory_files *files, unsigned count);
void memory_files_set_write_fails(struct memory_files *files, unsigned count);
void memory_files_set_sync_ms(struct memory_files *files, unsigned milliseconds);
void memory_files_set_space(struct memory_files *files, uint64_t space_max);

/* Bytes of all files. */
uint64_t memory_files_used(struct memory_files *files);

/* How many operations there were; a mark counts as one. */
size_t memory_files_count(struct memory_files *files);

/* Remembers a number among the operations: what was acknowledged by then. */
void memory_files_mark(struct memory_files *files, uint64_t number);

/* The greatest mark among the first `count` operations. */
uint64_t memory_files_marked(struct memory_files *files, size_t count);

/* What a disk may hold after the first `count` operations; `block_size` bytes are written at once.
 * With `whole`, all that was written is there. */
struct memory_files *memory_files_image(struct memory_files *files, size_t count, size_t block_size,
                                        bool whole, uint64_t seed);

/* The bytes of the file `name`; NULL where there is none. Valid until the file is written. */
char *memory_files_bytes(struct memory_files *files, const char *name, uint64_t *size);

/* Calls `each` with the name of every file. */
void memory_files_each(struct memory_files *files, void (*each)(void *context, const char *name),
                       void *context);

#endif
