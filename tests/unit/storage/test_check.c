/* Checking a directory offline: groups whose checksum is right and whose records make no sense are
 * reported as lost, and those around them are kept. */
#include "storage/check.h"

#include "storage/bytes.h"
#include "storage/id.h"
#include "storage/journal_format.h"
#include "tests/support/memory_files.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define TABLE 10001

/* A segment that is being made. */
struct segment {
    struct buffer bytes;
    uint64_t hash; /* of what was written last */
    uint64_t next; /* number of the next transaction */
};

static void begin_segment(struct segment *segment)
{
    unsigned char block[JOURNAL_BLOCK_SIZE];
    struct journal_header header = {
        .version = JOURNAL_FORMAT_VERSION, .serial = 1, .first_sequence = 1};
    *segment = (struct segment){.next = 1};
    segment->hash = journal_header_write(&header, block);
    buffer_append(&segment->bytes, block, sizeof(block));
}

/* Adds a group of one record. */
static void add_group(struct segment *segment, struct slice record)
{
    struct buffer payload = {0};
    bytes_append_varint(&payload, record.size);
    buffer_append_slice(&payload, record);
    struct journal_group group = {
        .first_sequence = segment->next,
        .count = 1,
        .previous_hash = segment->hash,
        .serial = 1,
        .offset = segment->bytes.size,
        .durable_sequence = segment->next - 1,
        .durable_offset = segment->bytes.size,
        .payload = buffer_slice(&payload),
    };
    journal_group_write(&segment->bytes, &group);
    segment->hash = group.hash;
    segment->next += 1;
    buffer_deinit(&payload);
}

/* A record that puts `text`, or deletes it, where `kind` is 1. */
static struct slice make_record(struct buffer *record, uint64_t kind, struct slice text)
{
    record->size = 0;
    bytes_append_varint(record, 5);
    bytes_append_varint(record, 1);
    bytes_append_varint(record, TABLE * 2 + kind);
    bytes_append_varint(record, text.size);
    buffer_append_slice(record, text);
    return buffer_slice(record);
}

static struct slice make_text(struct buffer *text, uint8_t number)
{
    char id_text[ID_TEXT_SIZE_MAX];
    struct id id = {.table_number = TABLE, .body = {number}};
    int size = (int)id_encode(&id, id_text);
    text->size = 0;
    buffer_append_format(text, "{\"_id\":\"%.*s\",\"_creationTime\":1}", size, id_text);
    return buffer_slice(text);
}

static enum check_result check_segment(const struct segment *segment, struct buffer *report)
{
    struct memory_files *files = memory_files_create(1);
    int file;
    cr_assert_eq(
        files->base.open(&files->base, "data/journal-0000000000000001", FILE_READ_WRITE, &file), 0);
    cr_assert_eq(file_write_all(&files->base, file, segment->bytes.data, segment->bytes.size, 0),
                 0);
    enum check_result result = check_directory(&files->base, "data", report);
    buffer_append_char(report, 0);
    memory_files_destroy(files);
    return result;
}

Test(check, records_that_make_no_sense_are_reported_and_the_rest_is_kept)
{
    const struct slice records[] = {
        SLICE("\377"),
        SLICE("\5"),
        SLICE("\5\1"),
        SLICE("\5\1\1\1"),
        SLICE("\5\1\2\4text"),
        SLICE("\5\1\2\11{\"_id\":\"x"),
        SLICE("\5\1\2\24{\"_id\":\"no end of an"),
    };
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        struct segment segment;
        struct buffer record = {0};
        struct buffer text = {0};
        struct buffer report = {0};
        begin_segment(&segment);
        add_group(&segment, make_record(&record, 0, make_text(&text, 1)));
        add_group(&segment, records[i]);
        add_group(&segment, make_record(&record, 0, make_text(&text, 2)));
        cr_expect_eq(check_segment(&segment, &report), CHECK_DAMAGED, "row %zu: %s", i,
                     report.data);
        cr_expect_not_null(strstr(report.data, "transactions 2 to 2 are lost"), "row %zu: %s", i,
                           report.data);
        cr_expect_not_null(strstr(report.data, "\n2 documents; the data is damaged"), "row %zu: %s",
                           i, report.data);
        buffer_deinit(&segment.bytes);
        buffer_deinit(&record);
        buffer_deinit(&text);
        buffer_deinit(&report);
    }
}

Test(check, a_document_that_was_replaced_or_deleted_is_counted_as_it_is)
{
    struct segment segment;
    struct buffer record = {0};
    struct buffer text = {0};
    struct buffer report = {0};
    begin_segment(&segment);
    add_group(&segment, make_record(&record, 0, make_text(&text, 1)));
    add_group(&segment, make_record(&record, 0, make_text(&text, 2)));
    add_group(&segment, make_record(&record, 0, make_text(&text, 1)));
    buffer_append_char(&text, 0);
    const char *id = text.data + strlen("{\"_id\":\"");
    size_t id_size = (size_t)(strchr(id, '"') - id);
    add_group(&segment, make_record(&record, 1, slice_make(id, id_size)));
    cr_expect_eq(check_segment(&segment, &report), CHECK_DAMAGED, "%s", report.data);
    cr_expect_not_null(strstr(report.data, "there is no catalog"), "%s", report.data);
    cr_expect_not_null(strstr(report.data, "\n1 documents; "), "%s", report.data);
    buffer_deinit(&segment.bytes);
    buffer_deinit(&record);
    buffer_deinit(&text);
    buffer_deinit(&report);
}
