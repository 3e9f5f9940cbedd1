/* Calls: one method of the contract's sections 5 to 7 with its params, prepared and run.
 *
 * The life of a call: call_prepare (names and types are checked, nothing is read), call_prefetch
 * (once a stage, with other calls' in between, so that cache misses overlap), call_run, then the
 * reply is written, then call_end. */
#ifndef TENON_RELATIONS_CALL_H
#define TENON_RELATIONS_CALL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "relations/budget.h"
#include "storage/database.h"

#include <stdbool.h>

struct method;
struct call;

/* What calls of one database share: the database and the cache of compiled programs. */
struct relations;

struct relations *relations_create(struct database *database);
void relations_destroy(struct relations *relations);

/* Whether the method may write. */
bool method_writes(const struct method *method);

/* All methods, for listings: the method number `number`, or NULL past the last. */
const struct method *method_at(uint32_t number);
struct slice method_name(const struct method *method);

/* Checks the params (a missing value where the request had none) and resolves what they name.
 * The call lives in `arena`; `params` and `budget` must outlive it.
 * Errors: NULL; see section 2 of the contract. */
struct call *call_prepare(struct relations *relations, const struct method *method,
                          struct value params, struct budget *budget, struct arena *arena,
                          struct error *error);

/* Calls that are alike: all that tells them apart is one value, the hole, in the same place of
 * params that are equal otherwise. It is the id of a get or delete, the value of a lookup, the
 * document of an insert, and a string, or an object that is no encoding; of such a value
 * call_prepare() looks at nothing but the type. */

/* The bytes of the params that the hole of a prepared call is. Returns false where it has none, or
 * one that is not canonical there. */
MUST_CHECK bool call_hole(const struct call *call, struct slice *text);

/* Prepares what call_prepare() would for params that differ from those of `like` in the hole alone,
 * which is `value`, read from JSON. `like` must outlive the call.
 * Errors: NULL where `value` is not of the type of the other. */
struct call *call_prepare_like(const struct call *like, struct value value, struct budget *budget,
                               struct arena *arena);

/* The stages of prefetching. */
#define CALL_STAGES 4

/* Asks the memory for what the call will touch first (relations/call_ahead.h). Stages come in
 * order, and nothing may be changed in between. Returns whether there is something left for the
 * next stage. */
bool call_prefetch(struct call *call, unsigned stage);

/* Runs the call; a call that writes is a transaction, which is committed, or undone on an error.
 * `result` is made of documents and pieces of them, and is valid until call_end.
 * Errors: false. */
MUST_CHECK bool call_run(struct call *call, struct value *result, struct error *error);

/* Appends the result of a call that ran to `output`, within the budget.
 * Errors: LimitExceeded, of a call that only reads; nothing is appended then. */
MUST_CHECK bool call_write_result(struct call *call, struct value result, struct buffer *output,
                                  struct error *error);

/* The number of the newest transaction that the call's result can tell of. `result` is what
 * call_run() made, or NULL where it returned false. To be called before the next call runs. */
uint64_t call_sequence(const struct call *call, const struct value *result);

/* Lets go of what the call's transaction removed. To be called after call_run, whatever it
 * returned, once the result is not needed any more. */
void call_end(struct call *call);

#endif
