/* Asking the memory ahead for what a direct call is going to touch first.
 *
 * A window of calls goes through the stages together, so that their cache misses overlap. What is
 * asked for depends on the verb: the document of an id by way of its slot in the map, or leaves of
 * B-trees by way of the nodes above them. It is a guess that costs time alone where it is wrong:
 * nothing is remembered but the hash of an id, and what searches found, for as long as the tree
 * that told it stays as it is. */
#ifndef TENON_RELATIONS_CALL_AHEAD_H
#define TENON_RELATIONS_CALL_AHEAD_H

#include "index/btree.h"
#include "relations/step.h"
#include "storage/database.h"
#include "storage/index_search.h"
#include "storage/insert_ahead.h"

#include <stdbool.h>
#include <stdint.h>

/* What a step asks for. */
enum call_ahead_kind {
    CALL_AHEAD_NOTHING,
    CALL_AHEAD_ID,    /* the document of an id */
    CALL_AHEAD_RUN,   /* what refers to an id: a whole search, which is not made again */
    CALL_AHEAD_PLACE, /* where a range begins */
    CALL_AHEAD_INSERT /* where a document goes */
};

struct call_ahead {
    enum call_ahead_kind kind;
    union {
        uint64_t id_hash; /* in the map of documents */
        struct {
            const struct index *index;
            uint64_t moves; /* of its tree when the search began */
            struct index_search search;
        } run;
        struct btree_ahead place;
        struct insert_ahead insert;
    };
};

/* Has nothing to ask for yet. */
static inline void call_ahead_init(struct call_ahead *ahead)
{
    ahead->kind = CALL_AHEAD_NOTHING;
}

/* The hash of the step's id, or NULL. */
static inline const uint64_t *call_ahead_id_hash(const struct call_ahead *ahead)
{
    return ahead->kind == CALL_AHEAD_ID ? &ahead->id_hash : NULL;
}

/* The search that was made for the step's range, or NULL. */
static inline const struct index_search *call_ahead_found(const struct call_ahead *ahead)
{
    bool valid = ahead->kind == CALL_AHEAD_RUN && ahead->run.index->tree.moves == ahead->run.moves;
    return valid ? &ahead->run.search : NULL;
}

/* The searches that were made for the step's document, or NULL. */
static inline struct insert_ahead *call_ahead_insert(struct call_ahead *ahead)
{
    return ahead->kind == CALL_AHEAD_INSERT ? &ahead->insert : NULL;
}

/* Carries out stage 0 of a step with plain values: finds out what there is to ask for. Returns
 * whether there is something left for the next stage. */
bool call_ahead_begin(struct call_ahead *ahead, const struct database *database,
                      const struct step *step);

/* Carries out a later stage, and returns the same. */
bool call_ahead_continue(struct call_ahead *ahead, const struct database *database, unsigned stage);

#endif
