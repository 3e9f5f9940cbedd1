/* What an insert is going to touch. See insert_ahead.h. */
#include "storage/insert_ahead.h"

#include "base/macros.h"

/* The field that the index begins with, if the document has it where the newest document of the
 * table had it; else missing. */
static struct value guess_first_field(const struct index *index, struct value document)
{
    const struct shape *shape = index->table->newest_shape;
    if (!shape || index->field_count == 0 || index->fields[0].name_count > 1) {
        return VALUE_IS(VALUE_MISSING);
    }
    uint32_t position = shape->index_positions[index->first_position];
    if (position >= shape->field_count || position < SHAPE_USER_FIELDS) {
        return VALUE_IS(VALUE_MISSING);
    }
    uint32_t place = position - SHAPE_USER_FIELDS;
    bool is_there =
        place < document.size && slice_equal(document.fields[place].name, shape->names[position]);
    return is_there ? document.fields[place].value : VALUE_IS(VALUE_MISSING);
}

/* The stages are calls of their own: without them those of a get are small enough to be none. */
NEVER_INLINE bool insert_ahead_begin(struct insert_ahead *ahead, const struct table *table,
                                     struct value document)
{
    bool goes_on = false;
    ahead->count = 0;
    if (document.kind != VALUE_OBJECT) {
        return false;
    }
    for (uint32_t i = 1; i < table->index_count && ahead->count < INSERT_AHEAD_MAX; i++) {
        const struct index *index = &table->indexes[i];
        struct insert_search *search = &ahead->searches[ahead->count++];
        search->value = guess_first_field(index, document);
        search->heads = index->heads;
        search->is_made = !value_is_missing(search->value) &&
                          index_search_ahead(index, search->value, true, &search->ahead);
        goes_on |= search->is_made;
    }
    return goes_on;
}

NEVER_INLINE bool insert_ahead_continue(struct insert_ahead *ahead)
{
    bool goes_on = false;
    for (uint32_t i = 0; i < ahead->count; i++) {
        struct insert_search *search = &ahead->searches[i];
        goes_on |= search->is_made && btree_ahead_step(&search->ahead);
    }
    return goes_on;
}

/* Whether the document beside a new one's place has the value that was searched for. */
static bool is_value_of(const struct insert_search *search, const struct index *index)
{
    return search->beside && index->hints_of_ids &&
           index_holds_id(index, search->beside, value_string_escaped(search->value));
}

uint64_t insert_ahead_settle(struct insert_ahead *ahead, const struct table *table,
                             const struct shape *shape)
{
    uint64_t known = 0;
    for (uint32_t i = 0; i < ahead->count; i++) {
        const struct index *index = &table->indexes[i + 1];
        struct insert_search *search = &ahead->searches[i];
        search->is_made = search->is_made && search->heads == index->heads;
        if (!search->is_made) {
            continue;
        }
        search->beside = btree_ahead_settle(&index->tree, &search->ahead);
        search->is_known = is_value_of(search, index);
        uint32_t position = shape->index_positions[index->first_position];
        if (search->is_known && position < 64) {
            known |= UINT64_C(1) << position;
        }
    }
    return known;
}

void insert_ahead_put(const struct insert_ahead *ahead, struct index *index, uint32_t number,
                      struct document *document, bool is_newest)
{
    const struct insert_search *search = &ahead->searches[number - 1];
    bool is_behind = search->is_known && index->field_count == 1 && is_newest;
    btree_insert_settled(&index->tree, document, &search->ahead, is_behind);
}
