/* Choosing what is looked ahead for, and doing it. See ahead.h. */
#include "relations/ahead.h"

/* Whether the step looks up what refers to the item, or to what a field of the item names. */
static bool follows_item(const struct step *step, uint32_t as_slot)
{
    if (!step->range.by_reference || step->condition) {
        return false;
    }
    const struct expression *value = &step->range.parts[0].value;
    return value->kind == EXPRESSION_REFERENCE && value->slot == as_slot && value->count <= 1;
}

void ahead_plan(struct step *map)
{
    struct block *block = map->block;
    for (uint32_t i = 0; i < block->count && block->ahead_count < AHEAD_STEPS; i++) {
        if (follows_item(&block->steps[i], map->as_slot)) {
            block->steps[i].ahead = block->ahead_count;
            block->ahead_count += 1;
        }
    }
}

static struct slice id_of_item(const struct step *step, struct value item)
{
    struct value id;
    bool found = reference_peek(&step->range.parts[0].value, item, &id);
    return found && value_type(id) == TYPE_STRING ? value_string_escaped(id) : SLICE("");
}

void ahead_search(const struct step *map, const struct value *items, uint32_t count,
                  struct ahead *ahead)
{
    const struct block *block = map->block;
    for (uint32_t i = 0; i < block->count; i++) {
        const struct step *step = &block->steps[i];
        if (step->ahead == AHEAD_NONE) {
            continue;
        }
        struct index_search *searches = ahead->searches[step->ahead];
        for (uint32_t item = 0; item < count; item++) {
            searches[item].id = id_of_item(step, items[item]);
        }
        index_search_ids(step->range.index, searches, count);
    }
}

const struct index_search *ahead_find(const struct run *run, const struct step *step)
{
    if (step->ahead == AHEAD_NONE) {
        return run->search;
    }
    const struct index_search *search = &run->ahead->searches[step->ahead][run->ahead_item];
    return search->id.size > 0 ? search : NULL;
}
