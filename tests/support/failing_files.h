/* Files of which one operation fails: the others are carried out by the files that it stands in
 * front of. Operations are counted from 1, in the order in which they come, of whatever thread; a
 * test repeats something with each of them failing in turn. */
#ifndef TENON_TESTS_SUPPORT_FAILING_FILES_H
#define TENON_TESTS_SUPPORT_FAILING_FILES_H

#include "storage/file.h"

#include <stdatomic.h>
#include <stdbool.h>

struct failing_files {
    struct file_system base;
    struct file_system *files; /* what carries operations out; must outlive this */
    unsigned fails_at;         /* the number of the one that fails with EIO; 0: none */
    atomic_uint count;         /* operations so far */
};

void failing_files_init(struct failing_files *failing, struct file_system *files,
                        unsigned fails_at);

/* Whether the operation has come. */
bool failing_files_failed(const struct failing_files *failing);

#endif
