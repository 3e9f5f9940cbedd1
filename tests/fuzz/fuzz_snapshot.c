/* A snapshot that is read at a start.
 *
 * The first byte says what the rest is: 0 the bytes behind the header; 1 the payload of a block
 * whose checksum is right, with the number of its documents before it; 2 more says that damage is
 * skipped. Whatever comes: a database that is whole, or a message. */
#include "storage/snapshot.h"
#include "storage/snapshot_format.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/one_file.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

#define MODE_PAYLOAD 1
#define MODE_SKIP    2
#define TABLE_FIRST  10001

static bool put(void *context, uint32_t table_number, struct slice text)
{
    return loader_put(context, table_number, text);
}

static void lose(void *context, const char *name, uint64_t offset)
{
    (void)context;
    (void)offset;
    assert(name != NULL);
}

static uint64_t append_block(struct buffer *file, struct snapshot_block *block,
                             struct slice payload, uint64_t seed)
{
    char header[SNAPSHOT_BLOCK_HEADER];
    block->payload_size = (uint32_t)payload.size;
    snapshot_block_write(header, block, payload, seed);
    buffer_append(file, header, sizeof(header));
    buffer_append_slice(file, payload);
    return block->hash;
}

static void make_snapshot(struct buffer *file, uint8_t mode, struct slice input)
{
    char bytes[SNAPSHOT_HEADER_SIZE];
    char total[SNAPSHOT_END_SIZE];
    bool payload = (mode & MODE_PAYLOAD) != 0;
    uint8_t count = payload ? input_take_byte(&input) : 1;
    struct snapshot_header header = {
        .version = SNAPSHOT_FORMAT_VERSION, .sequence = 1, .documents = count};
    uint64_t hash = snapshot_header_write(bytes, &header);
    buffer_append(file, bytes, sizeof(bytes));
    if (!payload) {
        buffer_append_slice(file, input);
        return;
    }
    struct snapshot_block block = {
        .kind = SNAPSHOT_KIND_DOCUMENTS, .table_number = TABLE_FIRST + count % 3, .count = count};
    struct snapshot_block end = {.kind = SNAPSHOT_KIND_END};
    hash = append_block(file, &block, input, hash);
    bytes_put_u64(total, count);
    append_block(file, &end, slice_make(total, sizeof(total)), hash);
}

void fuzz_snapshot(const uint8_t *data, size_t size)
{
    static const uint8_t database_id[DATABASE_ID_SIZE];
    struct slice input = input_slice(data, size);
    uint8_t mode = input_take_byte(&input);
    struct buffer file = {0};
    struct buffer message = {0};
    struct one_file files;
    struct loader loader;
    struct snapshot_header header;
    make_snapshot(&file, mode, input);
    one_file_init(&files, "snapshot-0000000000000001", buffer_slice(&file));
    loader_init(&loader, one_file_database(), NULL);
    struct snapshot_visitor visitor = {
        .context = &loader, .document = put, .lost = (mode & MODE_SKIP) != 0 ? lose : NULL};
    enum snapshot_result result =
        snapshot_read(&files.base, "data", 1, database_id, &visitor, &header, &message);
    assert(result == SNAPSHOT_READ || message.size > 0);
    one_file_finish(&loader, result == SNAPSHOT_READ);
    buffer_deinit(&message);
    buffer_deinit(&file);
}
