/* Request files: requests made beforehand, so that a load generator only has to send them.
 *
 *   8 bytes          "requests"
 *   8 bytes          how many there are
 *   8 bytes each     where they end
 *   the requests     one behind the other; the first begins at 0
 *
 * Numbers are in the machine's own order: a file is used where it was made. Requests that follow
 * each other lie in one piece, so any run of them is one write. */
#ifndef TENON_BENCH_REQUEST_FILE_H
#define TENON_BENCH_REQUEST_FILE_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* A file that is being made, in memory; begins as {0}. */
struct request_writer {
    struct buffer ends;
    struct buffer bytes;
    uint64_t count;
};

/* Ends the request whose bytes were appended to writer->bytes. */
void request_writer_end_request(struct request_writer *writer);

/* Writes all to the file at `path`, and forgets it. Errors: false; errno says why. */
MUST_CHECK bool request_writer_save(struct request_writer *writer, const char *path);

/* A file that is read: a memory map. */
struct request_file {
    void *map;
    size_t map_size;
    uint64_t count;
    const uint64_t *ends;
    const char *bytes;
};

/* Errors: false where the file cannot be read, or holds no requests. */
MUST_CHECK bool request_file_open(struct request_file *file, const char *path);
void request_file_close(struct request_file *file);

/* The bytes of `count` requests from `first` on. */
struct slice request_file_slice(const struct request_file *file, uint64_t first, uint64_t count);

#endif
