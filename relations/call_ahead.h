/* Asking the memory ahead for what a direct call is going to touch first.
 *
 * A window of calls goes through the stages together, so that their cache misses overlap. What is
 * asked for depends on the verb: the document of an id by way of its slot in the map, or leaves of
 * B-trees by way of the nodes above them. It is a guess that costs time alone where it is wrong:
 * nothing is remembered but the hash of an id. */
#ifndef TENON_RELATIONS_CALL_AHEAD_H
#define TENON_RELATIONS_CALL_AHEAD_H

#include "index/btree.h"
#include "relations/step.h"
#include "storage/database.h"

#include <stdbool.h>
#include <stdint.h>

/* The most indexes of an insert's table that are searched ahead. */
#define CALL_AHEAD_SEARCHES_MAX 4

struct call_ahead {
    bool has_id_hash;
    uint64_t id_hash; /* of the step's id in the map of documents */
    uint32_t search_count;
    struct btree_ahead searches[CALL_AHEAD_SEARCHES_MAX];
};

/* Has nothing to ask for yet. */
static inline void call_ahead_init(struct call_ahead *ahead)
{
    ahead->has_id_hash = false;
    ahead->search_count = 0;
}

/* Carries out stage 0 of a step with plain values: finds out what there is to ask for. */
void call_ahead_begin(struct call_ahead *ahead, const struct database *database,
                      const struct step *step);

/* Carries out a later stage. */
void call_ahead_continue(struct call_ahead *ahead, const struct database *database, unsigned stage);

#endif
