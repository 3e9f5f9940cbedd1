/* Looking at a data directory offline: is everything valid, and what can be saved of it?
 *
 * Needs no schema: texts are checked for their form, not against types or indexes. */
#ifndef TENON_STORAGE_CHECK_H
#define TENON_STORAGE_CHECK_H

#include "base/buffer.h"
#include "base/macros.h"
#include "storage/file.h"

enum check_result {
    CHECK_VALID,     /* nothing is damaged */
    CHECK_DAMAGED,   /* something is */
    CHECK_UNREADABLE /* the directory cannot be read, is in use, or has another format */
};

/* Reads everything and appends a line for all that is lost, and a summary, to `report`. */
MUST_CHECK enum check_result check_directory(struct file_system *files, const char *directory,
                                             struct buffer *report);

/* The same, and writes what is valid as a new directory `target`, which must not hold anything yet;
 * the original stays as it is. */
MUST_CHECK enum check_result check_repair(struct file_system *files, const char *directory,
                                          const char *target, struct buffer *report);

#endif
