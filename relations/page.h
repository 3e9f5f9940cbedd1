/* Pages: reads by an index that stop after some documents, and go on behind a cursor.
 *
 * A cursor is the key of the last document that was passed, so that it survives that document, and
 * the hash of what it belongs to: table, index, range, order and filter. */
#ifndef TENON_RELATIONS_PAGE_H
#define TENON_RELATIONS_PAGE_H

#include "base/macros.h"
#include "relations/step.h"

#include <stdbool.h>

/* Runs `paginate`. Errors: also InvalidCursor. */
MUST_CHECK bool page_run(struct run *run, const struct step *step, struct value *result);

/* Runs getManyFrom or getManyVia with the param `paginate`. Errors: also InvalidCursor. */
MUST_CHECK bool page_run_many(struct run *run, const struct step *step, bool with_link,
                              struct value *result);

#endif
