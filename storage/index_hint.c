/* Making hints, and choosing what they leave out. See index_hint.h. */
#include "storage/index_hint.h"

#include "base/number.h"
#include "index/order.h"
#include "storage/database.h"
#include "storage/id.h"

#include <assert.h>
#include <string.h>

/* Hints of an index whose first field holds ids only. */
#define HINT_MISSING   0
#define HINT_NULL      1
#define HINT_BETWEEN   2
#define HINT_ID_FIRST  3
#define HINT_ID_LAST   (UINT64_MAX - 1)
#define HINT_BEHIND    UINT64_MAX

/* Hints of an index with a head: a quarter of all for what is smaller, two for what begins with it,
 * one for what is greater. */
#define HINT_INSIDE    (UINT64_C(1) << 62)
#define HINT_ABOVE     (UINT64_C(3) << 62)

/* A head is chosen anew at so many documents, and each time that they are eight times as many; at
 * the last time, making all hints anew takes 2.5 ms. */
#define ADAPT_FIRST    TINY_OR(8, 256)
#define ADAPT_LAST     TINY_OR(512, 16384)

/* … unless the table has more text than this: a hint may take making the whole key. */
#define ADAPT_TEXT_MAX (32ull * 1024 * 1024)

/* A shorter head is none. */
#define HEAD_MIN       3

/* How many documents a head is chosen from when an index is loaded. */
#define SAMPLE_COUNT   64

/* Of keys in their order, one of so many at either end need not begin with the head. */
#define OUTSIDE_SHARE  32

/* Keys in byte form. */

static uint64_t clamp_id_hint(uint64_t hint)
{
    if (hint < HINT_ID_FIRST) {
        return HINT_ID_FIRST;
    }
    return hint > HINT_ID_LAST ? HINT_ID_LAST : hint;
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

/* Orders a key, filled up with `fill`, against the head. */
static int compare_head(const struct index *index, struct slice key, uint8_t fill)
{
    size_t size = key.size < index->head_size ? key.size : index->head_size;
    int order = memcmp(key.data, index->head, size);
    for (size_t i = size; order == 0 && i < index->head_size; i++) {
        order = (int)fill - (uint8_t)index->head[i];
    }
    return order;
}

/* The hint of a key that does not begin with the head, of its first 8 bytes. */
static uint64_t hint_beside_head(int order, uint64_t bytes)
{
    return (order < 0 ? 0 : HINT_ABOVE) | bytes >> 2;
}

/* The hint of a key that does, of the 8 bytes behind that. */
static uint64_t hint_behind_head(uint64_t bytes)
{
    return HINT_INSIDE + (bytes >> 1);
}

static uint64_t hint_of_key(const struct index *index, struct slice key, uint8_t fill)
{
    if (index->head_size == 0) {
        return key_hint(key, fill);
    }
    int order = compare_head(index, key, fill);
    if (order != 0) {
        return hint_beside_head(order, key_hint(key, fill));
    }
    size_t skipped = key.size < index->head_size ? key.size : index->head_size;
    return hint_behind_head(key_hint(slice_make(key.data + skipped, key.size - skipped), fill));
}

uint64_t index_hint_of_bytes(const struct index *index, struct slice key, uint8_t fill)
{
    if (index->hints_of_ids) {
        return hint_of_ids_key(key);
    }
    return index->field_count == 0 ? hint_of_time_key(key, fill) : hint_of_key(index, key, fill);
}

/* Documents. */

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

/* The hint of a key whose first value is a string, if the string, and the byte behind it, say all
 * of it. */
static bool hint_of_string(const struct index *index, struct slice string, uint64_t *hint)
{
    char key[INDEX_HEAD_MAX + sizeof(uint64_t)];
    size_t wanted = index->head_size + sizeof(uint64_t);
    size_t taken = string.size < wanted - 1 ? string.size : wanted - 1;
    if (taken + 2 < wanted || memchr(string.data, '\\', taken)) {
        return false;
    }
    key[0] = FORM_STRING;
    memcpy(key + 1, string.data, taken);
    key[wanted - 1] = taken + 1 < wanted ? 0 : key[wanted - 1];
    *hint = hint_of_key(index, slice_make(key, wanted), 0);
    return true;
}

bool index_hint_of_value(const struct index *index, struct value value, uint64_t *hint)
{
    enum value_type type = value_type(value);
    if (type == TYPE_NUMBER && index->head_size == 0) {
        *hint = (uint64_t)FORM_NUMBER << 56 | number_to_ordered(value_number(value)) >> 8;
        return true;
    }
    return type == TYPE_STRING && hint_of_string(index, value_string_escaped(value), hint);
}

/* The hint of a key that is made value by value until there are enough bytes. */
static uint64_t hint_of_document(const struct index *index, const struct document *document)
{
    struct buffer key = {0};
    size_t wanted = index->head_size + sizeof(uint64_t);
    for (uint32_t i = 0; i < index->field_count && key.size < wanted; i++) {
        key_append(&key, index_field_value(index, document, i));
    }
    if (key.size < wanted) {
        key_append(&key, value_from_number(document_creation_time(document)));
    }
    if (key.size < wanted) {
        key_append(&key, document_field(document, SHAPE_ID));
    }
    uint64_t hint = hint_of_key(index, buffer_slice(&key), 0);
    buffer_deinit(&key);
    return hint;
}

uint64_t index_hint(const void *context, const void *entry)
{
    const struct index *index = context;
    const struct document *document = entry;
    if (index->by_id) {
        return clamp_id_hint(id_hint(document_id(document)));
    }
    if (index->field_count == 0) {
        return index_hint_of_time(document_creation_time(document));
    }
    if (index->hints_of_ids) {
        const char *id = index_find_first_id(index, document);
        return id ? clamp_id_hint(id_hint(slice_make(id, id_size_to_quote(id))))
                  : hint_of_id_value(index_field_value(index, document, 0));
    }
    struct value first = index_field_value(index, document, 0);
    uint64_t hint;
    return index_hint_of_value(index, first, &hint) ? hint : hint_of_document(index, document);
}

/* Choosing a head. */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* How much of `key`, of which `common` bytes are common to most keys, is worth leaving out: whole
 * values, or the beginning of a string up to its last digits, which will count on; never bytes of a
 * number, or of the creation time, which is no field. */
static size_t head_size_of(const struct index *index, struct slice key, size_t common)
{
    size_t size = 0;
    for (uint32_t i = 0; i < index->field_count && size < common; i++) {
        size_t next = size + key_skip(slice_make(key.data + size, key.size - size));
        if (next <= common) {
            size = next;
            continue;
        }
        if (key.data[size] == FORM_STRING) {
            size_t begin = size + 1;
            for (size = common; size > begin && is_digit(key.data[size - 1]); size--) {
            }
        }
        break;
    }
    return size < HEAD_MIN ? 0 : size;
}

/* Chooses the head that two documents' keys, and those between, begin with. Returns whether it is
 * another one than before. */
static bool choose_head(struct index *index, const struct document *first,
                        const struct document *last)
{
    struct buffer first_key = {0};
    struct buffer last_key = {0};
    index_append_key(index, first, &first_key);
    index_append_key(index, last, &last_key);
    size_t common = 0;
    while (common < INDEX_HEAD_MAX && common < first_key.size && common < last_key.size &&
           first_key.data[common] == last_key.data[common]) {
        common++;
    }
    size_t size = head_size_of(index, buffer_slice(&first_key), common);
    bool is_new =
        size != index->head_size || memcmp(index->head, first_key.data, index->head_size) != 0;
    memcpy(index->head, first_key.data, size);
    index->head_size = (uint8_t)size;
    index->heads += is_new ? 1 : 0;
    buffer_deinit(&first_key);
    buffer_deinit(&last_key);
    return is_new;
}

void index_adapt_init(struct index *index)
{
    bool may_adapt = index->field_count > 0 && !index->hints_of_ids;
    index->adapt_at = may_adapt ? ADAPT_FIRST : UINT64_MAX;
}

static void adapt_later(struct index *index, uint64_t count)
{
    while (index->adapt_at <= count) {
        index->adapt_at = index->adapt_at < ADAPT_LAST ? index->adapt_at * 8 : UINT64_MAX;
    }
}

void index_adapt(struct index *index)
{
    struct btree *tree = &index->tree;
    struct btree_cursor cursor;
    uint64_t margin = tree->count / OUTSIDE_SHARE;
    assert(tree->count == index->adapt_at);
    adapt_later(index, tree->count);
    if (index->table->text_size > ADAPT_TEXT_MAX) {
        return;
    }
    const struct document *first = btree_at(tree, margin, &cursor);
    const struct document *last = btree_at(tree, tree->count - 1 - margin, &cursor);
    if (choose_head(index, first, last)) {
        btree_make_hints(tree);
    }
}

void index_adapt_to(struct index *index, void *const *documents, size_t count)
{
    const struct document *sample[SAMPLE_COUNT];
    assert(index->tree.count == 0);
    if (count < index->adapt_at || count < SAMPLE_COUNT) {
        return;
    }
    for (size_t taken = 0; taken < SAMPLE_COUNT; taken++) {
        const struct document *document = documents[taken * (count / SAMPLE_COUNT)];
        size_t place = taken;
        while (place > 0 && index->order.compare(index, document, sample[place - 1]) < 0) {
            sample[place] = sample[place - 1];
            place--;
        }
        sample[place] = document;
    }
    size_t margin = SAMPLE_COUNT / OUTSIDE_SHARE;
    adapt_later(index, count);
    (void)choose_head(index, sample[margin], sample[SAMPLE_COUNT - 1 - margin]);
}
