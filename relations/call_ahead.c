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
        ahead->kind = CALL_AHEAD_ID;
        ahead->id_hash = hash_map_hash(map, value_string_escaped(id));
        hash_map_prefetch_slot(map, ahead->id_hash);
    }
}

static void begin_run(struct call_ahead *ahead, const struct index *index, struct value id)
{
    if (value_type(id) == TYPE_STRING) {
        ahead->kind = CALL_AHEAD_RUN;
        ahead->run.index = index;
        ahead->run.moves = index->tree.moves;
        ahead->run.search.id = value_string_escaped(id);
        index_search_step(index, &ahead->run.search, 0);
    }
}

static void begin_read(struct call_ahead *ahead, const struct range_plan *plan)
{
    const struct range_part *part = plan->parts;
    if (plan->by_reference) {
        begin_run(ahead, plan->index, part->value.literal);
    } else if (plan->count > 0 && part->comparison == COMPARISON_EQ && part->field == 0 &&
               plan->index->field_count > 0 &&
               index_search_ahead(plan->index, part->value.literal, false, &ahead->place)) {
        ahead->kind = CALL_AHEAD_PLACE;
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
        break;
    case METHOD_INSERT:
        if (insert_ahead_begin(&ahead->insert, step->table, first_argument(step, PARAM_DOCUMENT))) {
            ahead->kind = CALL_AHEAD_INSERT;
        }
        break;
    case METHOD_GET_ALL:
    case METHOD_INSERT_MANY:
    case METHOD_NORMALIZE_ID:
        break;
    default:
        begin_read(ahead, &step->range);
        break;
    }
    return ahead->kind != CALL_AHEAD_NOTHING;
}

bool call_ahead_continue(struct call_ahead *ahead, const struct database *database, unsigned stage)
{
    switch (ahead->kind) {
    case CALL_AHEAD_ID:
        hash_map_prefetch_entry(&database->documents, ahead->id_hash);
        return false;
    case CALL_AHEAD_RUN:
        index_search_step(ahead->run.index, &ahead->run.search, stage);
        return stage + 1 < BTREE_RUN_STAGES;
    case CALL_AHEAD_PLACE:
        return btree_ahead_step(&ahead->place);
    case CALL_AHEAD_INSERT:
        return insert_ahead_continue(&ahead->insert);
    default:
        return false;
    }
}
