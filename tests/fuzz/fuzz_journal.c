/* A journal that is read at a start.
 *
 * The first byte says what the rest is: 0 the bytes of a segment behind its header; 1 the payload
 * of a group whose checksum is right, the second byte being its number of transactions; 2 more says
 * that damage is skipped. Whatever comes: a database that is whole, or a message. */
#include "storage/journal_reader.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/one_file.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

#define MODE_PAYLOAD 1
#define MODE_SKIP    2

static bool apply(void *context, uint64_t sequence, struct slice record)
{
    assert(sequence > 0);
    return loader_apply(context, record);
}

static void lose(void *context, const char *name, uint64_t offset, uint64_t first, uint64_t last)
{
    (void)context;
    assert(name != NULL && offset % JOURNAL_BLOCK_SIZE == 0);
    assert(first <= last);
}

static void make_segment(struct buffer *segment, uint8_t mode, struct slice input)
{
    unsigned char block[JOURNAL_BLOCK_SIZE];
    struct journal_header header = {
        .version = JOURNAL_FORMAT_VERSION, .serial = 1, .first_sequence = 1};
    uint64_t hash = journal_header_write(&header, block);
    buffer_append(segment, block, sizeof(block));
    if ((mode & MODE_PAYLOAD) != 0) {
        struct journal_group group = {
            .first_sequence = 1,
            .count = input_take_byte(&input),
            .previous_hash = hash,
            .serial = 1,
            .offset = JOURNAL_BLOCK_SIZE,
            .durable_offset = JOURNAL_BLOCK_SIZE,
        };
        group.payload = input;
        journal_group_write(segment, &group);
    } else {
        buffer_append_slice(segment, input);
    }
}

void fuzz_journal(const uint8_t *data, size_t size)
{
    struct slice input = input_slice(data, size);
    uint8_t mode = input_take_byte(&input);
    struct buffer segment = {0};
    struct one_file files;
    struct loader loader;
    struct journal_report report;
    struct buffer message = {0};
    make_segment(&segment, mode, input);
    one_file_init(&files, "journal-0000000000000001", buffer_slice(&segment));
    loader_init(&loader, one_file_database(), NULL);
    struct journal_reading reading = {
        .files = &files.base,
        .directory = "data",
        .visitor = {.context = &loader,
                    .record = apply,
                    .lost = (mode & MODE_SKIP) != 0 ? lose : NULL},
    };
    enum journal_result result = journal_read(&reading, &report, &message);
    assert(result == JOURNAL_READ || message.size > 0);
    assert(report.bytes <= segment.size);
    one_file_finish(&loader, result == JOURNAL_READ);
    buffer_deinit(&message);
    buffer_deinit(&segment);
}
