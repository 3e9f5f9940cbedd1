/* Snapshots: all documents of one moment, in a file.
 *
 *   header (64 bytes)   0  "TenonSnp"          32  sequence number of the moment
 *                       8  format version, 4   40  clock, microseconds
 *                      12  zero, 4             48  documents
 *                      16  database id, 16     56  XXH3 of all before
 *   blocks              0  XXH3 of what follows it in the block, seeded with the hash before
 *                       8  kind, 4: 1 documents, 2 the end
 *                      12  table number, 4     16  bytes of payload, 4
 *                      20  documents, 4        24  payload
 *
 * Documents are, one behind the other, the size of the text (7 bits a byte) and the text. The last
 * block is the end; its payload is the number of all documents, 8 bytes. A snapshot is valid if and
 * only if every hash is right, the end is there, nothing follows it, and the numbers agree.
 *
 * The file is written under another name by a thread of its own, which gets whole blocks; it gets
 * its name once it is durable and the journal is durable up to its moment. */
#ifndef TENON_STORAGE_SNAPSHOT_H
#define TENON_STORAGE_SNAPSHOT_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "storage/file.h"
#include "storage/journal_format.h"

#include <stdbool.h>
#include <stdint.h>

#define SNAPSHOT_FORMAT_VERSION 1
#define SNAPSHOT_HEADER_SIZE    64
#define SNAPSHOT_BLOCK_HEADER   24

/* A block is handed on once it has so many bytes. */
#define SNAPSHOT_BLOCK_SIZE     TINY_OR(512, 1024 * 1024)

/* The name of a snapshot, for printf, with its sequence number; and of one that is being written.
 */
#define SNAPSHOT_NAME           "snapshot-%016llx"
#define SNAPSHOT_NEW_NAME       "snapshot-new"

struct snapshot_header {
    uint32_t version;
    uint8_t database_id[DATABASE_ID_SIZE];
    uint64_t sequence;
    uint64_t clock_us;
    uint64_t documents;
};

/* Writing. */

struct snapshot_writer;

enum snapshot_state {
    SNAPSHOT_WRITING,
    SNAPSHOT_SYNCED,    /* durable, without its name */
    SNAPSHOT_PUBLISHED, /* it has its name, and what it makes needless is gone */
    SNAPSHOT_FAILED
};

/* Starts the thread. `wake` is called on it when the state changes. */
struct snapshot_writer *snapshot_writer_create(struct file_system *files, const char *directory,
                                               const struct snapshot_header *header,
                                               void (*wake)(void *context), void *wake_context);

/* Ends the thread; a snapshot that is not published is given up. */
void snapshot_writer_destroy(struct snapshot_writer *writer);

/* Whether the thread has little enough to do to take another block now. */
bool snapshot_writer_has_room(struct snapshot_writer *writer);

/* Hands `count` documents of a table over; the payload's memory is taken, `payload` is empty then.
 */
void snapshot_writer_give(struct snapshot_writer *writer, uint32_t table_number, uint32_t count,
                          struct buffer *payload);

/* Says that all documents were given. */
void snapshot_writer_finish(struct snapshot_writer *writer);

/* Lets a snapshot that is synced have its name. */
void snapshot_writer_publish(struct snapshot_writer *writer);

/* The state; where it is FAILED, `*reason` is the system's error number. `*bytes` is the file's
 * size so far. */
enum snapshot_state snapshot_writer_state(struct snapshot_writer *writer, int *reason,
                                          uint64_t *bytes);

/* Blocks until the state is no longer `state`. */
void snapshot_writer_wait(struct snapshot_writer *writer, enum snapshot_state state);

/* Reading. */

struct snapshot_visitor {
    void *context;
    /* Errors: false where the text is no document, which is damage. */
    bool (*document)(void *context, uint32_t table_number, struct slice text);
    /* NULL: damage ends the reading. Otherwise it is skipped, and this is told where it was. */
    void (*lost)(void *context, const char *name, uint64_t offset);
};

enum snapshot_result {
    SNAPSHOT_READ,
    SNAPSHOT_DAMAGED,   /* `message` names file and offset */
    SNAPSHOT_UNREADABLE /* the system refuses, or the format is of another version */
};

/* Finds the directory's newest snapshot; *sequence is 0 and *found false where there is none.
 * Returns 0 or the system's error number. */
MUST_CHECK int snapshot_find(struct file_system *files, const char *directory, bool *found,
                             uint64_t *sequence);

/* Reads the snapshot of the moment `sequence`; database_id is that of the directory. */
MUST_CHECK enum snapshot_result
snapshot_read(struct file_system *files, const char *directory, uint64_t sequence,
              const uint8_t database_id[DATABASE_ID_SIZE], const struct snapshot_visitor *visitor,
              struct snapshot_header *header, struct buffer *message);

/* Removes what the snapshot of the moment `sequence` makes needless: older snapshots, and segments
 * that end before it. Returns 0 or the system's error number. */
MUST_CHECK int snapshot_remove_older(struct file_system *files, const char *directory,
                                     uint64_t sequence);

#endif
