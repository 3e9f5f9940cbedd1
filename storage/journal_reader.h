/* Reading a journal: which groups are valid, and is what follows them a torn tail or damage?
 *
 * A group that is not valid is a torn tail only if nothing valid behind it says that it was
 * durable: no group behind it in its segment (durable_offset), no later segment (last_hash). What
 * stands behind the group that a later segment names as the last one is void: it was given up when
 * it could not be made durable.
 *
 * Reads only; cutting a torn tail off is the caller's. */
#ifndef TENON_STORAGE_JOURNAL_READER_H
#define TENON_STORAGE_JOURNAL_READER_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "storage/file.h"
#include "storage/journal.h"

#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_NAME_SIZE 32

enum journal_result {
    JOURNAL_READ,
    JOURNAL_DAMAGED,   /* `message` names file and offset */
    JOURNAL_UNREADABLE /* the system refuses, or the format is of another version */
};

struct journal_visitor {
    void *context;
    /* Called for every transaction above `after`, in order. Errors: false where the record makes no
     * sense, which is damage. */
    bool (*record)(void *context, uint64_t sequence, struct slice record);
    /* NULL: damage ends the reading. Otherwise it is skipped, and this is told what is lost: the
     * numbers from `first` to `last`, 0 where that is not known. */
    void (*lost)(void *context, const char *name, uint64_t offset, uint64_t first, uint64_t last);
};

struct journal_reading {
    struct file_system *files;
    const char *directory;
    uint8_t database_id[DATABASE_ID_SIZE];
    uint64_t after; /* transactions up to this number are known already: from a snapshot */
    struct journal_visitor visitor;
};

struct journal_report {
    struct journal_end end; /* of all that is valid */
    uint64_t segments;
    uint64_t groups;
    uint64_t transactions; /* that the visitor got */
    uint64_t bytes;        /* of valid groups */
    bool torn;             /* the last segment has a tail that was never known durable */
    char torn_name[JOURNAL_NAME_SIZE];
    uint64_t torn_offset;
    uint64_t torn_size;           /* bytes up to the last that is not zero */
    uint64_t torn_first_sequence; /* what its first group says it held; 0: cannot be read */
    uint64_t torn_count;
};

/* Reads every segment of the directory, in order. `message` gets one line for people unless the
 * result is JOURNAL_READ. */
MUST_CHECK enum journal_result journal_read(const struct journal_reading *reading,
                                            struct journal_report *report, struct buffer *message);

/* The serials of the directory's segments, ascending, appended to `serials` as uint64_t.
 * Returns 0 or the system's error number. */
MUST_CHECK int journal_list(struct file_system *files, const char *directory,
                            struct buffer *serials);

/* Reads a file, at most its first `size_max` bytes. Returns 0 or the system's error number. */
MUST_CHECK int journal_load_file(struct file_system *files, const char *directory, const char *name,
                                 uint64_t size_max, struct buffer *bytes);

#endif
