/* Writing and reading the records of transactions. */
#include "storage/record.h"

#include "storage/bytes.h"

#include <assert.h>

void record_write(struct buffer *buffer, uint64_t clock_us, const struct change *changes,
                  uint32_t count)
{
    bytes_append_varint(buffer, clock_us);
    bytes_append_varint(buffer, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct change *change = &changes[i];
        assert(change->before || change->after);
        bool is_delete = change->after == NULL;
        struct slice bytes = is_delete ? document_id(change->before) : document_text(change->after);
        bytes_append_varint(buffer, (uint64_t)change->table->number * 2 + is_delete);
        bytes_append_varint(buffer, bytes.size);
        buffer_append_slice(buffer, bytes);
    }
}

bool record_begin(struct record_reader *reader, struct slice record)
{
    reader->rest = record;
    return bytes_take_varint(&reader->rest, &reader->clock_us) &&
           bytes_take_varint(&reader->rest, &reader->count);
}

bool record_next(struct record_reader *reader, struct record_entry *entry)
{
    assert(reader->count > 0);
    uint64_t table;
    if (!bytes_take_varint(&reader->rest, &table) || table / 2 > UINT32_MAX ||
        !bytes_take_slice(&reader->rest, &entry->bytes)) {
        return false;
    }
    entry->table_number = (uint32_t)(table / 2);
    entry->is_delete = table % 2 == 1;
    reader->count -= 1;
    return reader->count > 0 || reader->rest.size == 0;
}
