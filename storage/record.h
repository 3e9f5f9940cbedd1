/* The record of a transaction: what the journal keeps of it.
 *
 *   clock     the newest creation time that was given out, microseconds; 7 bits a byte, as are
 *   count     of changes, and for each of them
 *     table   its number * 2, + 1 for a delete
 *     size    of what follows
 *     bytes   the document's canonical text; for a delete, its id */
#ifndef TENON_STORAGE_RECORD_H
#define TENON_STORAGE_RECORD_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "storage/database.h"

#include <stdbool.h>
#include <stdint.h>

void record_write(struct buffer *buffer, uint64_t clock_us, const struct change *changes,
                  uint32_t count);

struct record_entry {
    uint32_t table_number;
    bool is_delete;
    struct slice bytes;
};

struct record_reader {
    struct slice rest;
    uint64_t clock_us;
    uint64_t count; /* entries left */
};

/* Errors: false where the bytes are no record. */
MUST_CHECK bool record_begin(struct record_reader *reader, struct slice record);

/* Reads the next of reader->count entries. Errors: false, as above; also where bytes are left
 * behind the last. */
MUST_CHECK bool record_next(struct record_reader *reader, struct record_entry *entry);

#endif
