/* The bytes of a snapshot's header and blocks; for storage/snapshot_*.c. */
#ifndef TENON_STORAGE_SNAPSHOT_FORMAT_H
#define TENON_STORAGE_SNAPSHOT_FORMAT_H

#include "base/hash.h"
#include "storage/bytes.h"
#include "storage/snapshot.h"

#include <string.h>

#define SNAPSHOT_MAGIC          "TenonSnp"
#define SNAPSHOT_MAGIC_SIZE     8
#define SNAPSHOT_HASH_AT        56

#define SNAPSHOT_KIND_DOCUMENTS 1
#define SNAPSHOT_KIND_END       2
#define SNAPSHOT_END_SIZE       8

/* A block without its payload. */
struct snapshot_block {
    uint64_t hash;
    uint32_t kind;
    uint32_t table_number;
    uint32_t payload_size;
    uint32_t count;
};

/* The hash of a block. `header` has SNAPSHOT_BLOCK_HEADER bytes. */
static inline uint64_t snapshot_block_hash(const char *header, struct slice payload, uint64_t seed)
{
    struct slice fixed = slice_make(header + 8, SNAPSHOT_BLOCK_HEADER - 8);
    return hash_bytes(payload, hash_bytes(fixed, seed));
}

static inline void snapshot_block_write(char header[SNAPSHOT_BLOCK_HEADER],
                                        struct snapshot_block *block, struct slice payload,
                                        uint64_t seed)
{
    bytes_put_u32(header + 8, block->kind);
    bytes_put_u32(header + 12, block->table_number);
    bytes_put_u32(header + 16, block->payload_size);
    bytes_put_u32(header + 20, block->count);
    block->hash = snapshot_block_hash(header, payload, seed);
    bytes_put_u64(header, block->hash);
}

static inline struct snapshot_block snapshot_block_read(const char header[SNAPSHOT_BLOCK_HEADER])
{
    return (struct snapshot_block){
        .hash = bytes_get_u64(header),
        .kind = bytes_get_u32(header + 8),
        .table_number = bytes_get_u32(header + 12),
        .payload_size = bytes_get_u32(header + 16),
        .count = bytes_get_u32(header + 20),
    };
}

static inline uint64_t snapshot_header_write(char bytes[SNAPSHOT_HEADER_SIZE],
                                             const struct snapshot_header *header)
{
    memset(bytes, 0, SNAPSHOT_HEADER_SIZE);
    memcpy(bytes, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
    bytes_put_u32(bytes + 8, header->version);
    memcpy(bytes + 16, header->database_id, DATABASE_ID_SIZE);
    bytes_put_u64(bytes + 32, header->sequence);
    bytes_put_u64(bytes + 40, header->clock_us);
    bytes_put_u64(bytes + 48, header->documents);
    uint64_t hash = hash_bytes(slice_make(bytes, SNAPSHOT_HASH_AT), 0);
    bytes_put_u64(bytes + SNAPSHOT_HASH_AT, hash);
    return hash;
}

/* Returns whether the bytes are a header at all. */
static inline bool snapshot_header_read(const char bytes[SNAPSHOT_HEADER_SIZE],
                                        struct snapshot_header *header, uint64_t *hash)
{
    header->version = bytes_get_u32(bytes + 8);
    memcpy(header->database_id, bytes + 16, DATABASE_ID_SIZE);
    header->sequence = bytes_get_u64(bytes + 32);
    header->clock_us = bytes_get_u64(bytes + 40);
    header->documents = bytes_get_u64(bytes + 48);
    *hash = bytes_get_u64(bytes + SNAPSHOT_HASH_AT);
    return memcmp(bytes, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE) == 0 &&
           *hash == hash_bytes(slice_make(bytes, SNAPSHOT_HASH_AT), 0);
}

#endif
