/* The tables behind steps. See touch.h. */
#include "relations/touch.h"

/* What follows ids may come to any table; a step that names its table stays there. */
static uint64_t touch_named(const struct database *database, const struct step *step)
{
    return step->table ? step->table->sequence : database->sequence;
}

uint64_t touch_step(const struct database *database, const struct step *step)
{
    if (step->method->writes) {
        return database->sequence;
    }
    switch (step->method->kind) {
    case METHOD_GET:
    case METHOD_GET_ALL:
    case METHOD_GET_ONE_FROM:
    case METHOD_GET_MANY_FROM:
    case METHOD_COLLECT:
    case METHOD_FIRST:
    case METHOD_UNIQUE:
    case METHOD_TAKE:
    case METHOD_PAGINATE:
    case METHOD_COUNT:
    case METHOD_EXISTS:
        return touch_named(database, step);
    case METHOD_ASYNC_MAP:
        return touch_block(database, step->block);
    case METHOD_NORMALIZE_ID:
    case METHOD_FILTER:
    case METHOD_SORT:
    case METHOD_DISTINCT:
    case METHOD_GROUP:
    case METHOD_SLICE:
    case METHOD_FLATTEN:
    case METHOD_VALUE:
    case METHOD_ASSERT:
        return 0;
    default:
        return database->sequence;
    }
}

uint64_t touch_block(const struct database *database, const struct block *block)
{
    uint64_t newest = 0;
    for (uint32_t i = 0; i < block->count; i++) {
        uint64_t sequence = touch_step(database, &block->steps[i]);
        newest = sequence > newest ? sequence : newest;
    }
    return newest;
}
