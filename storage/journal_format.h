/* The bytes of a journal; docs/JOURNAL_FORMAT.md tells them one by one.
 *
 * A segment is a header of one block, then groups, each a whole number of blocks, then zeros. The
 * hash of a group is seeded with that of the group before it (of the header, for the first), and
 * the header of a segment names the last valid group of the segment before: all valid groups are
 * one chain. A group names its own place, so that one behind damage can still be told from chance.
 *
 * Only bytes in memory here: no files, no documents. */
#ifndef TENON_STORAGE_JOURNAL_FORMAT_H
#define TENON_STORAGE_JOURNAL_FORMAT_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_FORMAT_VERSION 1
#define JOURNAL_BLOCK_SIZE     4096
#define JOURNAL_GROUP_HEADER   88
#define DATABASE_ID_SIZE       16

struct journal_header {
    uint32_t version;
    uint8_t database_id[DATABASE_ID_SIZE];
    uint64_t serial;         /* of the segment, from 1 on */
    uint64_t first_sequence; /* of the first transaction that the segment may hold */
    uint64_t last_sequence;  /* the last valid number of the segment before; 0: none */
    uint64_t last_hash;      /* and the hash of its last valid group or header */
};

enum journal_header_result {
    JOURNAL_HEADER_OK,
    JOURNAL_HEADER_INVALID,
    JOURNAL_HEADER_VERSION /* valid as far as it can be told, but of another version */
};

struct journal_group {
    uint64_t hash;
    uint64_t size; /* bytes with header and padding */
    uint64_t term;
    uint64_t first_sequence;   /* of its first transaction, or of the next one where it has none */
    uint64_t count;            /* transactions */
    uint64_t durable_sequence; /* highest number known durable when it was written */
    uint64_t durable_offset;   /* how far the segment was known durable when it was written */
    uint64_t previous_hash;
    uint64_t serial; /* of its segment */
    uint64_t offset; /* of its first byte in the segment */
    struct slice payload;
};

/* Writes the header's block. Returns its hash, which seeds that of the first group. */
uint64_t journal_header_write(const struct journal_header *header,
                              unsigned char block[JOURNAL_BLOCK_SIZE]);

MUST_CHECK enum journal_header_result
journal_header_read(struct slice segment, struct journal_header *header, uint64_t *hash);

/* Bytes of a group with so many bytes of payload. */
uint64_t journal_group_size(uint64_t payload_size);

/* Appends the group to `buffer`; `hash` and `size` are worked out. */
void journal_group_write(struct buffer *buffer, struct journal_group *group);

/* Reads the group at `offset` of the segment `serial`, whose bytes are `segment`.
 * Errors: false where there is none that is valid in itself; whether it belongs to the chain is the
 * caller's to check (previous_hash). */
MUST_CHECK bool journal_group_read(struct slice segment, uint64_t serial, uint64_t offset,
                                   struct journal_group *group);

/* What the header of a group that is not valid says it held: the number of its first transaction,
 * or 0 where not even that can be read. `bytes` has JOURNAL_GROUP_HEADER bytes at least. */
uint64_t journal_group_claim(struct slice bytes, uint64_t *count);

#endif
