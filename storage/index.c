/* Keys, hints and bounds of a table's indexes. */
#include "storage/index.h"

#include "base/memory.h"
#include "base/number.h"
#include "index/order.h"
#include "storage/database.h"
#include "storage/id.h"

#include <assert.h>

/* The type bytes of a key's byte form (index/order.h) that hints look at. */
#define FORM_NUMBER   0x04
#define FORM_STRING   0x07

/* Hints of an index whose first field holds ids only. */
#define HINT_MISSING  0
#define HINT_NULL     1
#define HINT_BETWEEN  2
#define HINT_ID_FIRST 3
#define HINT_ID_LAST  (UINT64_MAX - 1)
#define HINT_BEHIND   UINT64_MAX

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

/* Ids of one table, all of them of one size, need no look at their ends. */

/* The text of the id that the first field of a document holds, in an index of ids; NULL: it holds
 * none, or must be looked for. */
static inline const char *find_first_id(const struct index *index, const struct document *document)
{
    uint32_t position = document->shape->index_positions[index->first_position];
    if (UNLIKELY(index->fields->name_count > 1 || position == SHAPE_NO_FIELD ||
                 position < SHAPE_USER_FIELDS)) {
        return NULL;
    }
    const char *text = document->text + document_offset(document, position - SHAPE_USER_FIELDS);
    return *text == '"' ? text + 1 : NULL;
}

/* Whether the first fields of two documents hold the same id. */
static inline bool hold_one_id(const struct index *index, const struct document *a,
                               const struct document *b)
{
    if (!index->hints_of_ids || index->field_count == 0) {
        return false;
    }
    const char *left = find_first_id(index, a);
    const char *right = find_first_id(index, b);
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
        key_append(key, value_from_number(document->creation_time));
    }
    key_append(key, id_value(document));
}

static uint64_t clamp_id_hint(uint64_t hint)
{
    if (hint < HINT_ID_FIRST) {
        return HINT_ID_FIRST;
    }
    return hint > HINT_ID_LAST ? HINT_ID_LAST : hint;
}

static uint64_t hint_of_id_value(struct value value)
{
    switch (value_type(value)) {
    case TYPE_MISSING:
        return HINT_MISSING;
    case TYPE_NULL:
        return HINT_NULL;
    case TYPE_STRING:
        return clamp_id_hint(id_hint(value_string_escaped(value)));
    default:
        break;
    }
    assert(false && "an id field holds an id, null or nothing");
    return HINT_BEHIND;
}

/* The first 8 bytes of the key, made field by field until there are enough. */
static uint64_t hint_of_fields(const struct index *index, const struct document *document)
{
    struct buffer key = {0};
    for (uint32_t i = 0; i < index->field_count && key.size < sizeof(uint64_t); i++) {
        key_append(&key, index_field_value(index, document, i));
    }
    if (key.size < sizeof(uint64_t)) {
        key_append(&key, value_from_number(document->creation_time));
    }
    uint64_t hint = key_hint(buffer_slice(&key), 0);
    buffer_deinit(&key);
    return hint;
}

/* The same without memory for the values that most indexes begin with: numbers, and strings of
 * which the first bytes need no escape. Returns false for others. */
static bool hint_of_plain_value(struct value value, uint64_t *hint)
{
    enum value_type type = value_type(value);
    if (type == TYPE_NUMBER) {
        *hint = (uint64_t)FORM_NUMBER << 56 | number_to_ordered(value_number(value)) >> 8;
        return true;
    }
    if (type != TYPE_STRING) {
        return false;
    }
    struct slice string = value_string_escaped(value);
    size_t head_size = sizeof(uint64_t) - 1;
    if (string.size < head_size || memchr(string.data, '\\', head_size)) {
        return false;
    }
    uint64_t bytes = FORM_STRING;
    for (size_t i = 0; i < head_size; i++) {
        bytes = bytes << 8 | (uint8_t)string.data[i];
    }
    *hint = bytes;
    return true;
}

static uint64_t index_hint(const void *context, const void *entry)
{
    const struct index *index = context;
    const struct document *document = entry;
    if (index->by_id) {
        return clamp_id_hint(id_hint(document_id(document)));
    }
    if (index->field_count == 0) {
        return number_to_ordered(document->creation_time);
    }
    if (index->hints_of_ids) {
        const char *id = find_first_id(index, document);
        return id ? clamp_id_hint(id_hint(slice_make(id, id_size_to_quote(id))))
                  : hint_of_id_value(index_field_value(index, document, 0));
    }
    struct value first = index_field_value(index, document, 0);
    uint64_t hint;
    return hint_of_plain_value(first, &hint) ? hint : hint_of_fields(index, document);
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

static int index_compare(const void *context, const void *a, const void *b)
{
    const struct index *index = context;
    const struct document *left = a;
    const struct document *right = b;
    int order = compare_fields(index, left, right);
    if (order != 0) {
        return order;
    }
    if (!index->by_id && left->creation_time != right->creation_time) {
        return left->creation_time < right->creation_time ? -1 : 1;
    }
    return slice_compare(document_id(left), document_id(right));
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
    const char *id = index->field_count > 0 ? find_first_id(index, document) : NULL;
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
        order = compare_form(value_from_number(document->creation_time), &key);
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

/* The hint of the string form at the head of `key` in an index of ids: that of the id that it is;
 * a string that is none can only come from a forged cursor, and may go anywhere. */
static uint64_t hint_of_id_form(struct slice key)
{
    const char *end = memchr(key.data, 0, key.size);
    uint64_t hint;
    if (end && id_read_hint(slice_make(key.data + 1, (size_t)(end - key.data - 1)), &hint)) {
        return clamp_id_hint(hint);
    }
    return HINT_BEHIND;
}

bool index_hint_of_id(const struct index *index, struct slice id, uint64_t *hint)
{
    if (!index->hints_of_ids || !id_read_hint(id, hint)) {
        return false;
    }
    *hint = clamp_id_hint(*hint);
    return true;
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
        found = index->field_count > 0 && hint_of_plain_value(value, &hint);
    }
    if (found) {
        btree_ahead_begin(&index->tree, hint, after, ahead);
    }
    return found;
}

static uint64_t hint_of_ids_key(struct slice key)
{
    uint8_t form = key.size > 0 ? (uint8_t)key.data[0] : 0;
    if (form <= 1) {
        return HINT_MISSING;
    }
    if (form == 2) {
        return HINT_NULL;
    }
    if (form < FORM_STRING) {
        return HINT_BETWEEN;
    }
    return form == FORM_STRING ? hint_of_id_form(key) : HINT_BEHIND;
}

/* by_creation_time: the whole number is the hint, without its type byte. */
static uint64_t hint_of_time_key(struct slice key, uint8_t fill)
{
    uint8_t form = key.size > 0 ? (uint8_t)key.data[0] : 0;
    if (form != FORM_NUMBER) {
        return form < FORM_NUMBER ? 0 : UINT64_MAX;
    }
    return key_hint(slice_make(key.data + 1, key.size - 1), fill);
}

static uint64_t hint_of_any_key(const struct index *index, struct slice key, uint8_t fill)
{
    if (index->hints_of_ids) {
        return hint_of_ids_key(key);
    }
    return index->field_count == 0 ? hint_of_time_key(key, fill) : key_hint(key, fill);
}

static uint64_t index_hint_of_key(const void *context, struct slice key)
{
    return hint_of_any_key(context, key, 0x00);
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
        bound->hint = hint_of_any_key(index, key, after ? 0xff : 0x00);
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
