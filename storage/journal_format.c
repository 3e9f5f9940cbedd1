/* Writing and reading the bytes of a journal. See docs/JOURNAL_FORMAT.md. */
#include "storage/journal_format.h"

#include "base/hash.h"
#include "storage/bytes.h"

#include <assert.h>

#define SEGMENT_MAGIC     "TenonJnl"
#define GROUP_MAGIC       "TnGr"
#define MAGIC_SIZE        8
#define GROUP_MAGIC_SIZE  4

/* Places in a segment's header. */
#define HEADER_VERSION    8
#define HEADER_DATABASE   16
#define HEADER_SERIAL     32
#define HEADER_FIRST      40
#define HEADER_LAST       48
#define HEADER_LAST_HASH  56
#define HEADER_HASH       (JOURNAL_BLOCK_SIZE - 8)

/* Places in a group. The hash covers all that follows it, the padding too. */
#define GROUP_MAGIC_AT    8
#define GROUP_BLOCKS      12
#define GROUP_PAYLOAD     16
#define GROUP_TERM        24
#define GROUP_FIRST       32
#define GROUP_COUNT       40
#define GROUP_DURABLE     48
#define GROUP_DURABLE_END 56
#define GROUP_PREVIOUS    64
#define GROUP_SERIAL      72
#define GROUP_OFFSET      80

uint64_t journal_header_write(const struct journal_header *header,
                              unsigned char block[JOURNAL_BLOCK_SIZE])
{
    memset(block, 0, JOURNAL_BLOCK_SIZE);
    memcpy(block, SEGMENT_MAGIC, MAGIC_SIZE);
    bytes_put_u32(block + HEADER_VERSION, header->version);
    memcpy(block + HEADER_DATABASE, header->database_id, DATABASE_ID_SIZE);
    bytes_put_u64(block + HEADER_SERIAL, header->serial);
    bytes_put_u64(block + HEADER_FIRST, header->first_sequence);
    bytes_put_u64(block + HEADER_LAST, header->last_sequence);
    bytes_put_u64(block + HEADER_LAST_HASH, header->last_hash);
    uint64_t hash = hash_bytes(slice_make((char *)block, HEADER_HASH), 0);
    bytes_put_u64(block + HEADER_HASH, hash);
    return hash;
}

enum journal_header_result journal_header_read(struct slice segment, struct journal_header *header,
                                               uint64_t *hash)
{
    if (segment.size < JOURNAL_BLOCK_SIZE || memcmp(segment.data, SEGMENT_MAGIC, MAGIC_SIZE) != 0) {
        return JOURNAL_HEADER_INVALID;
    }
    *hash = hash_bytes(slice_make(segment.data, HEADER_HASH), 0);
    if (*hash != bytes_get_u64(segment.data + HEADER_HASH)) {
        return JOURNAL_HEADER_INVALID;
    }
    header->version = bytes_get_u32(segment.data + HEADER_VERSION);
    if (header->version != JOURNAL_FORMAT_VERSION) {
        return JOURNAL_HEADER_VERSION;
    }
    memcpy(header->database_id, segment.data + HEADER_DATABASE, DATABASE_ID_SIZE);
    header->serial = bytes_get_u64(segment.data + HEADER_SERIAL);
    header->first_sequence = bytes_get_u64(segment.data + HEADER_FIRST);
    header->last_sequence = bytes_get_u64(segment.data + HEADER_LAST);
    header->last_hash = bytes_get_u64(segment.data + HEADER_LAST_HASH);
    bool plausible = header->first_sequence == header->last_sequence + 1 && header->serial > 0;
    return plausible ? JOURNAL_HEADER_OK : JOURNAL_HEADER_INVALID;
}

uint64_t journal_group_size(uint64_t payload_size)
{
    uint64_t size = JOURNAL_GROUP_HEADER + payload_size;
    return (size + JOURNAL_BLOCK_SIZE - 1) / JOURNAL_BLOCK_SIZE * JOURNAL_BLOCK_SIZE;
}

void journal_group_write(struct buffer *buffer, struct journal_group *group)
{
    group->size = journal_group_size(group->payload.size);
    char *bytes = buffer_reserve(buffer, group->size);
    size_t used = JOURNAL_GROUP_HEADER + group->payload.size;
    memcpy(bytes + GROUP_MAGIC_AT, GROUP_MAGIC, GROUP_MAGIC_SIZE);
    bytes_put_u32(bytes + GROUP_BLOCKS, (uint32_t)(group->size / JOURNAL_BLOCK_SIZE));
    bytes_put_u64(bytes + GROUP_PAYLOAD, group->payload.size);
    bytes_put_u64(bytes + GROUP_TERM, group->term);
    bytes_put_u64(bytes + GROUP_FIRST, group->first_sequence);
    bytes_put_u64(bytes + GROUP_COUNT, group->count);
    bytes_put_u64(bytes + GROUP_DURABLE, group->durable_sequence);
    bytes_put_u64(bytes + GROUP_DURABLE_END, group->durable_offset);
    bytes_put_u64(bytes + GROUP_PREVIOUS, group->previous_hash);
    bytes_put_u64(bytes + GROUP_SERIAL, group->serial);
    bytes_put_u64(bytes + GROUP_OFFSET, group->offset);
    if (group->payload.size > 0) {
        memcpy(bytes + JOURNAL_GROUP_HEADER, group->payload.data, group->payload.size);
    }
    memset(bytes + used, 0, group->size - used);
    struct slice hashed = slice_make(bytes + GROUP_MAGIC_AT, group->size - GROUP_MAGIC_AT);
    group->hash = hash_bytes(hashed, group->previous_hash);
    bytes_put_u64(bytes, group->hash);
    buffer->size += group->size;
}

bool journal_group_read(struct slice segment, uint64_t serial, uint64_t offset,
                        struct journal_group *group)
{
    assert(offset % JOURNAL_BLOCK_SIZE == 0);
    if (offset > segment.size || segment.size - offset < JOURNAL_BLOCK_SIZE) {
        return false;
    }
    const char *bytes = segment.data + offset;
    if (memcmp(bytes + GROUP_MAGIC_AT, GROUP_MAGIC, GROUP_MAGIC_SIZE) != 0) {
        return false;
    }
    uint64_t payload_size = bytes_get_u64(bytes + GROUP_PAYLOAD);
    *group = (struct journal_group){
        .hash = bytes_get_u64(bytes),
        .size = (uint64_t)bytes_get_u32(bytes + GROUP_BLOCKS) * JOURNAL_BLOCK_SIZE,
        .term = bytes_get_u64(bytes + GROUP_TERM),
        .first_sequence = bytes_get_u64(bytes + GROUP_FIRST),
        .count = bytes_get_u64(bytes + GROUP_COUNT),
        .durable_sequence = bytes_get_u64(bytes + GROUP_DURABLE),
        .durable_offset = bytes_get_u64(bytes + GROUP_DURABLE_END),
        .previous_hash = bytes_get_u64(bytes + GROUP_PREVIOUS),
        .serial = bytes_get_u64(bytes + GROUP_SERIAL),
        .offset = bytes_get_u64(bytes + GROUP_OFFSET),
    };
    bool fits = group->size <= segment.size - offset && payload_size <= group->size &&
                journal_group_size(payload_size) == group->size;
    if (!fits || group->serial != serial || group->offset != offset) {
        return false;
    }
    group->payload = slice_make(bytes + JOURNAL_GROUP_HEADER, (size_t)payload_size);
    struct slice hashed = slice_make(bytes + GROUP_MAGIC_AT, group->size - GROUP_MAGIC_AT);
    return group->hash == hash_bytes(hashed, group->previous_hash);
}

uint64_t journal_group_claim(struct slice bytes, uint64_t *count)
{
    assert(bytes.size >= JOURNAL_GROUP_HEADER);
    *count = 0;
    if (memcmp(bytes.data + GROUP_MAGIC_AT, GROUP_MAGIC, GROUP_MAGIC_SIZE) != 0) {
        return 0;
    }
    *count = bytes_get_u64(bytes.data + GROUP_COUNT);
    return bytes_get_u64(bytes.data + GROUP_FIRST);
}
