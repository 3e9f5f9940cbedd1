/* What each verb asks the memory for. See call_ahead.h. */
#include "relations/call_ahead.h"

/* The plain value of the step's first argument, if that is `parameter`; else missing. */
static struct value first_argument(const struct step *step, enum parameter parameter)
{
    bool is_first = step->argument_count > 0 && step->arguments[0].parameter == parameter;
    return is_first ? step->arguments[0].expression.literal : VALUE_IS(VALUE_MISSING);
}

static void begin_id(struct call_ahead *ahead, const struct hash_map *map, struct value id)
{
    if (value_type(id) == TYPE_STRING) {
        ahead->has_id_hash = true;
        ahead->id_hash = hash_map_hash(map, value_string_escaped(id));
        hash_map_prefetch_slot(map, ahead->id_hash);
    }
}

static void begin_search(struct call_ahead *ahead, const struct index *index, struct value first,
                         bool after)
{
    struct btree_ahead *search = &ahead->searches[ahead->search_count];
    if (index_search_ahead(index, first, after, search)) {
        ahead->search_count += 1;
    }
}

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

/* A new document goes behind those with the same fields, being newer. Its place in
 * by_creation_time, the first index, is the end, where every insert goes. */
static void begin_insert(struct call_ahead *ahead, const struct table *table, struct value document)
{
    if (document.kind != VALUE_OBJECT) {
        return;
    }
    for (uint32_t i = 1; i < table->index_count && ahead->search_count < CALL_AHEAD_SEARCHES_MAX;
         i++) {
        const struct index *index = &table->indexes[i];
        struct value first = guess_first_field(index, document);
        if (!value_is_missing(first)) {
            begin_search(ahead, index, first, true);
        }
    }
}

/* A whole search, which the step need not make again. */
static void begin_id_search(struct call_ahead *ahead, const struct index *index, struct value id)
{
    if (value_type(id) == TYPE_STRING) {
        ahead->index = index;
        ahead->moves = index->tree.moves;
        ahead->search.id = value_string_escaped(id);
        index_search_step(index, &ahead->search, 0);
    }
}

static void begin_read(struct call_ahead *ahead, const struct range_plan *plan)
{
    const struct range_part *part = plan->parts;
    if (plan->by_reference) {
        begin_id_search(ahead, plan->index, part->value.literal);
        return;
    }
    if (plan->count > 0 && part->comparison == COMPARISON_EQ && part->field == 0 &&
        plan->index->field_count > 0) {
        begin_search(ahead, plan->index, part->value.literal, false);
    }
}

bool call_ahead_begin(struct call_ahead *ahead, const struct database *database,
                      const struct step *step)
{
    switch (step->method->kind) {
    case METHOD_GET:
    case METHOD_PATCH:
    case METHOD_REPLACE:
    case METHOD_DELETE:
        begin_id(ahead, &database->documents, first_argument(step, PARAM_ID));
        return ahead->has_id_hash;
    case METHOD_INSERT:
        begin_insert(ahead, step->table, first_argument(step, PARAM_DOCUMENT));
        return ahead->search_count > 0;
    case METHOD_GET_ALL:
    case METHOD_INSERT_MANY:
    case METHOD_NORMALIZE_ID:
        return false;
    default:
        begin_read(ahead, &step->range);
        return ahead->index || ahead->search_count > 0;
    }
}

bool call_ahead_continue(struct call_ahead *ahead, const struct database *database, unsigned stage)
{
    if (ahead->has_id_hash) {
        hash_map_prefetch_entry(&database->documents, ahead->id_hash);
        return false;
    }
    if (ahead->index) {
        index_search_step(ahead->index, &ahead->search, stage);
        return stage + 1 < BTREE_RUN_STAGES;
    }
    bool goes_on = false;
    for (uint32_t i = 0; i < ahead->search_count; i++) {
        goes_on |= btree_ahead_step(&ahead->searches[i]);
    }
    return goes_on;
}
