/* A set of values, numbered in the order in which they came. Lives in a run's arena. */
#ifndef TENON_RELATIONS_VALUE_SET_H
#define TENON_RELATIONS_VALUE_SET_H

#include "base/macros.h"
#include "base/value.h"
#include "relations/expression.h"

#include <stdbool.h>
#include <stdint.h>

struct value_set_slot {
    uint32_t hash;  /* a part of the value's */
    uint32_t after; /* the value's number + 1; 0: free */
};

/* An empty set is {0}. */
struct value_set {
    struct list_builder values; /* by number */
    struct value_set_slot *slots;
    uint32_t slot_count; /* a power of two, at least twice the values; or 0 */
    uint64_t *hashes;    /* of the values by number, as long as all look like ids; else NULL */
};

/* Makes room in an empty set for about `count` values. Errors: LimitExceeded. */
MUST_CHECK bool value_set_reserve(struct run *run, struct value_set *set, uint32_t count);

/* Puts a value in, unless an equal one is there. `*number` becomes its number, `*added` tells
 * whether it is new. Errors: LimitExceeded. */
MUST_CHECK bool value_set_put(struct run *run, struct value_set *set, struct value value,
                              uint32_t *number, bool *added);

/* The same for `count` values, which it counts as as many pieces of work. */
MUST_CHECK bool value_set_put_all(struct run *run, struct value_set *set,
                                  const struct value *values, uint32_t count);

/* The values as a list. Where they look like ids it keeps their hashes (VALUE_FLAG_HASHED), as
 * those of the map of documents, so that a lookup need not work them out again. */
struct value value_set_list(const struct value_set *set);

#endif
