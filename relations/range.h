/* Index ranges: `[[comparison, field, value], …]` by Convex's rules.
 *
 * `eq` on a prefix of the index's fields, then at most one lower and one upper bound on the next
 * field; `_creationTime` counts as the field behind the user's. Compiled against the index, then
 * evaluated to two places in its B-tree. */
#ifndef TENON_RELATIONS_RANGE_H
#define TENON_RELATIONS_RANGE_H

#include "base/macros.h"
#include "base/slice.h"
#include "relations/expression.h"
#include "storage/database.h"
#include "storage/index_search.h"

#include <stdbool.h>
#include <stdint.h>

enum comparison { COMPARISON_EQ, COMPARISON_GT, COMPARISON_GTE, COMPARISON_LT, COMPARISON_LTE };

/* One comparison of a range. */
struct range_part {
    enum comparison comparison;
    uint32_t field; /* number of the index's field; field_count is `_creationTime` or `_id` */
    uint32_t item;  /* its place in the range param */
    bool is_value;  /* it is the `value` param of a helper */
    struct expression value;
};

struct range_plan {
    struct index *index;
    struct range_part *parts; /* in the order in which they were given */
    uint32_t count;
    bool takes_id;     /* one `eq` on the whole of by_id: the map finds it */
    bool by_reference; /* one `eq` on a first field of ids: index_search_ids() finds it */
};

/* Keys up to this size need no memory of the request. */
#define RANGE_ROOM TINY_OR(8, 256)

/* What is in the range: what lies between two places in the index, or, with `is_run`, a run of its
 * entries that has been found already. Not to be copied: the keys may lie in `room`. */
struct range {
    bool is_run;
    struct btree_run run;
    struct btree_bound lower;
    struct btree_bound upper;
    uint32_t room_used;
    char room[RANGE_ROOM];
};

/* Compiles a range on `index`. `value` (may be NULL) is what a helper compares the first field
 * with; `source` is the range param, missing where there is none.
 * Errors: InvalidParams, InvalidIndexRange, InvalidValue, with the path below the param that is
 * at fault. */
MUST_CHECK bool range_compile(struct compiler *compiler, struct index *index,
                              const struct expression *value, struct value source,
                              struct range_plan *plan);

/* Evaluates the values of the plan and makes the places; their keys live in the range or in the
 * run's arena.
 * Errors: of the expressions, InvalidId, NullReference; `*failed` is then the part at fault. */
MUST_CHECK bool range_evaluate(struct run *run, const struct range_plan *plan, struct range *range,
                               const struct range_part **failed);

/* The same, but gives a run of entries where that is the shorter way. `ahead` is what was found
 * for the plan's value before, or NULL. */
MUST_CHECK bool range_find(struct run *run, const struct range_plan *plan,
                           const struct index_search *ahead, struct range *range,
                           const struct range_part **failed);

/* The name of an index's field, `_creationTime` and `_id` included. */
struct slice range_field_name(const struct index *index, uint32_t field);

/* A number that equal ranges of one index share. */
uint64_t range_hash(const struct range *range, uint64_t seed);

#endif
