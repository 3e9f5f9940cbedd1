/* The indexes of a schema: reading them in either form, and the rules for them. */
#include "storage/schema_reader.h"

#include <assert.h>
#include <string.h>

bool schema_allocate_indexes(struct schema_reader *reader, struct schema_table *table,
                             uint32_t count)
{
    assert(table->index_count == 0);
    if (count > SCHEMA_TABLE_INDEXES_MAX) {
        return schema_fail(reader, "%u indexes are more than the %d that a table may have", count,
                           SCHEMA_TABLE_INDEXES_MAX);
    }
    table->indexes = arena_allocate_zeroed(reader->arena, count * sizeof(struct schema_index));
    return true;
}

static bool check_name(struct schema_reader *reader, const struct schema_table *table)
{
    struct slice name = reader->index;
    if (slice_equal(name, SLICE("by_id")) || slice_equal(name, SLICE("by_creation_time"))) {
        return schema_fail(reader, "every table has the index by itself; the name cannot be given");
    }
    if (!schema_is_name(name)) {
        return schema_fail(reader,
                           "the name of an index is a letter, then letters, digits and \"_\", at "
                           "most %d in all",
                           SCHEMA_NAME_SIZE_MAX);
    }
    for (uint32_t i = 0; i < table->index_count; i++) {
        if (slice_equal(table->indexes[i].name, name)) {
            return schema_fail(reader, "there are two indexes of this name");
        }
    }
    return true;
}

static uint32_t count_names(struct slice text)
{
    uint32_t count = 1;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '.';
    }
    return count;
}

/* Takes a path apart at its dots. */
static struct schema_path make_path(struct arena *arena, struct slice text)
{
    uint32_t count = count_names(text);
    struct slice *names = arena_allocate(arena, count * sizeof(*names));
    const char *next = text.data;
    const char *end = text.data + text.size;
    for (uint32_t i = 0; i < count; i++) {
        const char *dot = memchr(next, '.', (size_t)(end - next));
        names[i] = slice_make(next, (size_t)((dot != NULL ? dot : end) - next));
        next = dot != NULL ? dot + 1 : end;
    }
    return (struct schema_path){.text = text, .names = names, .name_count = count};
}

/* Says why there is no field at `path`. */
static bool fail_no_field(struct schema_reader *reader, const struct schema_table *table,
                          const struct schema_path *path)
{
    if (path->name_count > 1 && type_at_path(table->fields, &path->text, 1) != NULL) {
        return schema_fail(reader, "the field \"%.*s\" has a dot in its name and cannot be indexed",
                           SLICE_FORMAT(path->text));
    }
    return schema_fail(reader, "the table's fields have no \"%.*s\"", SLICE_FORMAT(path->text));
}

static bool check_path(struct schema_reader *reader, const struct schema_table *table,
                       const struct schema_path *path)
{
    struct slice first = path->names[0];
    if (slice_equal(first, SLICE("_creationTime")) || slice_equal(first, SLICE("_id"))) {
        return schema_fail(reader,
                           "every index ends in _creationTime and _id by itself; leave \"%.*s\" "
                           "out",
                           SLICE_FORMAT(first));
    }
    for (uint32_t i = 0; i < path->name_count; i++) {
        struct slice name = path->names[i];
        if (name.size == 0) {
            return schema_fail(reader, "the path \"%.*s\" has an empty name in it",
                               SLICE_FORMAT(path->text));
        }
        if (name.data[0] == '$' || (i == 0 && name.data[0] == '_')) {
            return schema_fail(reader, "no document has a field \"%.*s\"",
                               SLICE_FORMAT(path->text));
        }
    }
    bool exists =
        table->fields == NULL || type_at_path(table->fields, path->names, path->name_count) != NULL;
    return exists || fail_no_field(reader, table, path);
}

static bool read_path(struct schema_reader *reader, const struct schema_table *table,
                      const cJSON *item, struct schema_path *path)
{
    struct slice text;
    if (!schema_read_string(reader, item, &text)) {
        return schema_fail(reader, "the fields of an index are strings: names, or paths such as "
                                   "\"author.name\"");
    }
    *path = make_path(reader->arena, text);
    return check_path(reader, table, path);
}

static bool check_paths_differ(struct schema_reader *reader, const struct schema_path *paths,
                               uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (slice_equal(paths[i].text, paths[j].text)) {
                return schema_fail(reader, "the field \"%.*s\" stands in it twice",
                                   SLICE_FORMAT(paths[i].text));
            }
        }
    }
    return true;
}

static bool have_same_fields(const struct schema_index *a, const struct schema_index *b)
{
    bool same = a->field_count == b->field_count;
    for (uint32_t i = 0; same && i < a->field_count; i++) {
        same = slice_equal(a->fields[i].text, b->fields[i].text);
    }
    return same;
}

static bool check_fields_are_new(struct schema_reader *reader, const struct schema_table *table,
                                 const struct schema_index *index)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        if (have_same_fields(&table->indexes[i], index)) {
            return schema_fail(reader, "the index \"%.*s\" has the same fields",
                               SLICE_FORMAT(table->indexes[i].name));
        }
    }
    return true;
}

static bool check_field_count(struct schema_reader *reader, uint32_t count)
{
    if (count == 0) {
        return schema_fail(reader, "an index has at least one field");
    }
    return count <= SCHEMA_INDEX_FIELDS_MAX ||
           schema_fail(reader, "%u fields are more than the %d that an index may have", count,
                       SCHEMA_INDEX_FIELDS_MAX);
}

bool schema_add_index(struct schema_reader *reader, struct schema_table *table, const cJSON *fields,
                      bool unique)
{
    assert(table->index_count < SCHEMA_TABLE_INDEXES_MAX);
    if (!check_name(reader, table)) {
        return false;
    }
    if (!cJSON_IsArray(fields)) {
        return schema_fail(reader, "the fields of an index are a list");
    }
    uint32_t count = schema_count(fields);
    if (!check_field_count(reader, count)) {
        return false;
    }
    struct schema_path *paths = arena_allocate(reader->arena, count * sizeof(*paths));
    struct schema_path *next = paths;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, fields)
    {
        if (!read_path(reader, table, item, next)) {
            return false;
        }
        next += 1;
    }
    struct schema_index index = {
        .name = reader->index, .fields = paths, .field_count = count, .unique = unique};
    if (!check_paths_differ(reader, paths, count) || !check_fields_are_new(reader, table, &index)) {
        return false;
    }
    table->indexes[table->index_count] = index;
    table->index_count += 1;
    return true;
}
