/* What an insert is going to touch. See insert_ahead.h. */
#include "storage/insert_ahead.h"

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

bool insert_ahead_begin(struct insert_ahead *ahead, const struct table *table,
                        struct value document)
{
    bool goes_on = false;
    ahead->count = 0;
    if (document.kind != VALUE_OBJECT) {
        return false;
    }
    for (uint32_t i = 1; i < table->index_count && ahead->count < INSERT_AHEAD_MAX; i++) {
        const struct index *index = &table->indexes[i];
        struct btree_ahead *search = &ahead->searches[ahead->count++];
        struct value first = guess_first_field(index, document);
        if (!value_is_missing(first) && index_search_ahead(index, first, true, search)) {
            goes_on = true;
        } else {
            search->node = NULL;
            search->found = false;
        }
    }
    return goes_on;
}

bool insert_ahead_continue(struct insert_ahead *ahead)
{
    bool goes_on = false;
    for (uint32_t i = 0; i < ahead->count; i++) {
        goes_on |= btree_ahead_step(&ahead->searches[i]);
    }
    return goes_on;
}
