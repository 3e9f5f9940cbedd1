/* Writing a schema in Tenon's form. */
#include "storage/schema.h"

#include <assert.h>

static void write_name(struct buffer *buffer, struct slice canonical)
{
    buffer_append_char(buffer, '"');
    buffer_append_slice(buffer, canonical);
    buffer_append_char(buffer, '"');
}

static void write_paths(struct buffer *buffer, const struct schema_index *index)
{
    for (uint32_t i = 0; i < index->field_count; i++) {
        buffer_append_char(buffer, i == 0 ? '[' : ',');
        write_name(buffer, index->fields[i].text);
    }
    buffer_append_char(buffer, ']');
}

static void write_index(struct buffer *buffer, const struct schema_index *index)
{
    assert(index->field_count > 0);
    write_name(buffer, index->name);
    if (index->unique) {
        buffer_append_slice(buffer, SLICE(":{\"fields\":"));
        write_paths(buffer, index);
        buffer_append_slice(buffer, SLICE(",\"unique\":true}"));
    } else {
        buffer_append_char(buffer, ':');
        write_paths(buffer, index);
    }
}

static void write_fields(struct buffer *buffer, const struct type *fields)
{
    if (fields->kind == TYPE_KIND_OBJECT) {
        type_write_fields(buffer, fields);
    } else {
        type_write(buffer, fields);
    }
}

static void write_member(struct buffer *buffer, bool *is_first, struct slice name)
{
    buffer_append_char(buffer, *is_first ? '{' : ',');
    *is_first = false;
    write_name(buffer, name);
    buffer_append_char(buffer, ':');
}

static void write_table(struct buffer *buffer, const struct schema_table *table)
{
    bool is_first = true;
    if (table->number != 0) {
        write_member(buffer, &is_first, SLICE("number"));
        buffer_append_format(buffer, "%u", table->number);
    }
    if (table->fields != NULL) {
        write_member(buffer, &is_first, SLICE("fields"));
        write_fields(buffer, table->fields);
    }
    if (table->index_count > 0) {
        write_member(buffer, &is_first, SLICE("indexes"));
        for (uint32_t i = 0; i < table->index_count; i++) {
            buffer_append_char(buffer, i == 0 ? '{' : ',');
            write_index(buffer, &table->indexes[i]);
        }
        buffer_append_char(buffer, '}');
    }
    buffer_append_slice(buffer, is_first ? SLICE("{}") : SLICE("}"));
}

void schema_write(struct buffer *buffer, const struct schema *schema)
{
    buffer_append_slice(buffer, SLICE("{\"tables\":{"));
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (i > 0) {
            buffer_append_char(buffer, ',');
        }
        write_name(buffer, schema->tables[i].name);
        buffer_append_char(buffer, ':');
        write_table(buffer, &schema->tables[i]);
    }
    buffer_append_slice(buffer, SLICE("}}"));
}
