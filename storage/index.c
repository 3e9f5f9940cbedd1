/* Keys and bounds of a table's indexes. */
#include "storage/index.h"

#include "base/memory.h"
#include "base/number.h"
#include "index/order.h"
#include "storage/database.h"
#include "storage/id.h"
#include "storage/index_hint.h"

#include <assert.h>

static struct value path_value(const struct document *document, const struct schema_path *path,
                               uint32_t position)
{
    struct value value = document_field(document, position);
    for (uint32_t i = 1; UNLIKELY(i < path->name_count) && !value_is_missing(value); i++) {
        bool is_object = value_type(value) == TYPE_OBJECT;
        value = is_object ? value_find(value, path->names[i]) : VALUE_IS(VALUE_MISSING);
    }
    return value;
}

struct value index_field_value(const struct index *index, const struct document *document,
                               uint32_t field)
{
    assert(field < index->field_count);
    const uint32_t *positions = document->shape->index_positions + index->first_position;
    return path_value(document, &index->fields[field], positions[field]);
}

/* Whether the first fields of two documents hold the same id. */
static inline bool hold_one_id(const struct index *index, const struct document *a,
                               const struct document *b)
{
    if (!index->hints_of_ids || index->field_count == 0) {
        return false;
    }
    const char *left = index_find_first_id(index, a);
    const char *right = index_find_first_id(index, b);
    return left && right && id_texts_are_equal(left, right, id_size_to_quote(left));
}

static struct value id_value(const struct document *document)
{
    return document_field(document, SHAPE_ID);
}

void index_append_key(const struct index *index, const struct document *document,
                      struct buffer *key)
{
    for (uint32_t i = 0; i < index->field_count; i++) {
        key_append(key, index_field_value(index, document, i));
    }
    if (!index->by_id) {
        key_append(key, value_from_number(document_creation_time(document)));
    }
    key_append(key, id_value(document));
}

static int compare_fields(const struct index *index, const struct document *a,
                          const struct document *b)
{
    for (uint32_t i = hold_one_id(index, a, b) ? 1 : 0; i < index->field_count; i++) {
        int order = value_compare(index_field_value(index, a, i), index_field_value(index, b, i));
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

/* Not for by_id, whose keys have no time. */
static int compare_times(const struct document *left, const struct document *right)
{
    double left_time = document_creation_time(left);
    double right_time = document_creation_time(right);
    return (left_time > right_time) - (left_time < right_time);
}

static int index_compare(const void *context, const void *a, const void *b)
{
    const struct index *index = context;
    const struct document *left = a;
    const struct document *right = b;
    int order = compare_fields(index, left, right);
    if (order == 0 && !index->by_id) {
        order = compare_times(left, right);
    }
    return order != 0 ? order : slice_compare(document_id(left), document_id(right));
}

/* Strings without escapes of up to this many bytes are compared without memory, as numbers are. */
#define PLAIN_STRING_MAX 62

/* Writes the byte form of a number, or of a string that needs no decoding: the text between a type
 * byte and a zero. Returns false for other values. */
static bool plain_form(struct value value, char bytes[PLAIN_STRING_MAX + 2], struct slice *form)
{
    enum value_type type = value_type(value);
    if (type == TYPE_NUMBER) {
        uint64_t number = number_to_ordered(value_number(value));
        bytes[0] = FORM_NUMBER;
        for (size_t i = 0; i < sizeof(number); i++) {
            bytes[1 + i] = (char)(number >> (56 - 8 * i) & 0xff);
        }
        *form = slice_make(bytes, 1 + sizeof(number));
        return true;
    }
    if (type != TYPE_STRING) {
        return false;
    }
    struct slice string = value_string_escaped(value);
    if (string.size > PLAIN_STRING_MAX || memchr(string.data, '\\', string.size)) {
        return false;
    }
    bytes[0] = FORM_STRING;
    memcpy(bytes + 1, string.data, string.size);
    bytes[string.size + 1] = 0;
    *form = slice_make(bytes, string.size + 2);
    return true;
}

/* Orders the byte form of `value` against the head of `*key`, and steps over what was compared;
 * once `*key` is used up, the form begins with it. */
static int compare_form(struct value value, struct slice *key)
{
    char bytes[PLAIN_STRING_MAX + 2];
    struct buffer buffer = {0};
    struct slice form;
    if (!plain_form(value, bytes, &form)) {
        key_append(&buffer, value);
        form = buffer_slice(&buffer);
    }
    size_t size = form.size < key->size ? form.size : key->size;
    int order = memcmp(form.data, key->data, size);
    buffer_deinit(&buffer);
    *key = slice_make(key->data + size, key->size - size);
    return order;
}

/* Steps over the id that the first field of a document holds, where `*key` begins with its byte
 * form; returns whether it does. */
static bool skip_first_id(const struct index *index, const struct document *document,
                          struct slice *key)
{
    const char *id = index->field_count > 0 ? index_find_first_id(index, document) : NULL;
    size_t size = id ? id_size_to_quote(id) : 0;
    if (!id || key->size < size + 2 || key->data[0] != FORM_STRING || key->data[size + 1] != 0 ||
        !id_texts_are_equal(id, key->data + 1, size)) {
        return false;
    }
    *key = slice_make(key->data + size + 2, key->size - size - 2);
    return true;
}

static int index_compare_key(const void *context, const void *entry, struct slice key)
{
    const struct index *index = context;
    const struct document *document = entry;
    int order = 0;
    uint32_t first = index->hints_of_ids && skip_first_id(index, document, &key) ? 1 : 0;
    for (uint32_t i = first; i < index->field_count && order == 0 && key.size > 0; i++) {
        order = compare_form(index_field_value(index, document, i), &key);
    }
    if (!index->by_id && order == 0 && key.size > 0) {
        order = compare_form(value_from_number(document_creation_time(document)), &key);
    }
    if (order == 0 && key.size > 0) {
        order = compare_form(id_value(document), &key);
    }
    /* Of two of which one begins the other, the shorter comes first. */
    return order == 0 && key.size > 0 ? -1 : order;
}

static void index_append_entry_key(const void *context, const void *entry, struct buffer *key)
{
    index_append_key(context, entry, key);
}

bool index_search_ahead(const struct index *index, struct value value, bool after,
                        struct btree_ahead *ahead)
{
    uint64_t hint;
    bool found;
    if (index->hints_of_ids) {
        found = value_type(value) == TYPE_STRING &&
                index_hint_of_id(index, value_string_escaped(value), &hint);
    } else {
        found = index->field_count > 0 && index_hint_of_value(index, value, &hint);
    }
    if (found) {
        btree_ahead_begin(&index->tree, hint, after, ahead);
    }
    return found;
}

static uint64_t index_hint_of_key(const void *context, struct slice key)
{
    return index_hint_of_bytes(context, key, 0x00);
}

/* Hints of ids need the whole id; other hints work with any beginning. */
static size_t index_separator_size_min(const void *context, struct slice key)
{
    const struct index *index = context;
    return index->hints_of_ids ? key_skip(key) : 0;
}

void index_bound(const struct index *index, struct slice key, bool after, struct btree_bound *bound)
{
    bound->key = key;
    bound->after = after;
    if (key.size == 0) {
        bound->hint = after ? UINT64_MAX : 0;
    } else {
        bound->hint = index_hint_of_bytes(index, key, after ? 0xff : 0x00);
    }
}

static void find_types(struct index *index)
{
    const struct type *fields = index->table->schema->fields;
    for (uint32_t i = 0; fields && i < index->field_count; i++) {
        const struct schema_path *path = &index->fields[i];
        index->types[i] = type_at_path(fields, path->names, path->name_count);
    }
    if (index->types[0]) {
        index->hints_of_ids = type_only_id_table(index->types[0]).size > 0;
    }
}

void index_init(struct index *index, struct table *table, const struct schema_index *schema,
                bool by_id, uint32_t first_position)
{
    *index = (struct index){
        .table = table,
        .schema = schema,
        .name = by_id ? SLICE("by_id") : SLICE("by_creation_time"),
        .first_position = first_position,
        .by_id = by_id,
    };
    if (schema) {
        index->name = schema->name;
        index->fields = schema->fields;
        index->field_count = schema->field_count;
        index->unique = schema->unique;
    }
    index->hints_of_ids = by_id;
    find_types(index);
    index->order = (struct btree_order){
        .context = index,
        .hint = index_hint,
        .compare = index_compare,
        .append_key = index_append_entry_key,
        .compare_key = index_compare_key,
        .hint_of_key = index_hint_of_key,
        .separator_size_min = index_separator_size_min,
    };
    index_adapt_init(index);
    btree_init(&index->tree, table->database->pool, &index->order);
}

void index_deinit(struct index *index)
{
    btree_deinit(&index->tree);
}

struct document *index_find_duplicate(struct index *index, const struct document *document,
                                      const struct document *except)
{
    assert(index->unique);
    struct buffer key = {0};
    bool complete = true;
    for (uint32_t i = 0; i < index->field_count && complete; i++) {
        struct value value = index_field_value(index, document, i);
        complete = !value_is_missing(value);
        key_append(&key, value);
    }
    struct document *found = NULL;
    if (complete) {
        struct btree_bound bound;
        struct btree_cursor cursor;
        index_bound(index, buffer_slice(&key), false, &bound);
        found = btree_seek(&index->tree, &bound, &cursor);
        if (found && found == except) {
            found = btree_next(&cursor);
        }
        if (found && compare_fields(index, found, document) != 0) {
            found = NULL;
        }
    }
    buffer_deinit(&key);
    return found;
}

bool index_has_same_key(const struct index *index, const struct document *a,
                        const struct document *b)
{
    assert(index->unique);
    for (uint32_t i = 0; i < index->field_count; i++) {
        struct value value = index_field_value(index, a, i);
        if (value_is_missing(value) || value_compare(value, index_field_value(index, b, i)) != 0) {
            return false;
        }
    }
    return true;
}
