/* Which transactions a step's result can tell of: those of the tables that it reads or writes.
 *
 * A reply may leave once these are durable, so a step that reads a table at rest does not wait for
 * writes to others. */
#ifndef TENON_RELATIONS_TOUCH_H
#define TENON_RELATIONS_TOUCH_H

#include "relations/step.h"
#include "storage/database.h"

#include <stdint.h>

/* The number of the newest transaction that a run of the step, or block, just now can have seen or
 * made; 0 where it looks at no document. */
uint64_t touch_step(const struct database *database, const struct step *step);
uint64_t touch_block(const struct database *database, const struct block *block);

#endif
