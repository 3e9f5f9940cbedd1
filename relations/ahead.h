/* Looking ahead in asyncMap: lookups that several items need are made together.
 *
 * In a program that only reads, what a lookup by a reference of the item finds does not depend on
 * the items before it. So the searches of the next few items are made at once, with overlapping
 * cache misses, and a step that comes to its item finds its documents here. Whatever is unusual is
 * left to the step, with its errors, in its turn; nothing here fails or counts. */
#ifndef TENON_RELATIONS_AHEAD_H
#define TENON_RELATIONS_AHEAD_H

#include "relations/step.h"
#include "storage/index_search.h"

#include <stdint.h>

#define AHEAD_ITEMS TINY_OR(2, 16)
#define AHEAD_STEPS TINY_OR(1, 4)

/* What was found for a few items, one beside the other. */
struct ahead {
    struct index_search searches[AHEAD_STEPS][AHEAD_ITEMS];
};

/* Numbers those steps of the asyncMap `map` that can be looked ahead for. */
void ahead_plan(struct step *map);

/* Makes the searches of the asyncMap `map` for `count` items, at most AHEAD_ITEMS. */
void ahead_search(const struct step *map, const struct value *items, uint32_t count,
                  struct ahead *ahead);

/* What was found for the step and the item that the run is at, or for the direct call that it is;
 * NULL where nothing was looked for. */
const struct index_search *ahead_find(const struct run *run, const struct step *step);

#endif
