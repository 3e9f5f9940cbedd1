/* Stencils: requests that are alike.
 *
 * What a client sends over and over differs in its id and in one value: the id of a get, the value
 * of a lookup, the document of an insert. A stencil keeps the text around that value, its hole, and
 * the call that it was prepared to. A message that has the same text around a value of its own is
 * given a copy of the call with that value in the hole; nothing else of it is read.
 *
 * Why is that exact? It is a cache in front of the one way of reading a request, filled by that way
 * alone. The text around the hole is the same byte for byte, so it means the same: the method, the
 * names of the params, the table, the index, none of which changes while a service lives. The value
 * is read by the reader that would have read it there, to its end and as deep as it stands, and
 * must be of the type of the one that the stencil was made of, because only then does preparing not
 * look at it (relations/call.h). Whatever does not fit goes the general way, and is told there what
 * is wrong with it; so does a caller who may not call the method.
 *
 * Which requests are kept? A sample of those that fit no stencil, so that requests which never come
 * again cost little. A set holds those whose methods begin alike; the oldest of them goes first,
 * but never one that a prepared message refers to. */
#ifndef TENON_SERVER_STENCIL_H
#define TENON_SERVER_STENCIL_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "relations/call.h"
#include "server/methods.h"

#include <stdint.h>

#define STENCIL_SETS     TINY_OR(2, 16)
#define STENCIL_WAYS     TINY_OR(2, 4) /* stencils of a set */

/* One of so many requests that fit no stencil becomes one, if it is no larger than this. */
#define STENCIL_SAMPLE   TINY_OR(1, 16)
#define STENCIL_SIZE_MAX 1024

struct stencil {
    struct slice head; /* between the id and the hole; empty: there is no stencil */
    struct slice tail; /* from behind the hole to the end of the message */
    struct method_entry *method;
    struct call *call;  /* never run */
    struct arena arena; /* holds all of it */
    uint32_t users;     /* prepared messages that refer to it */
};

struct stencil_set {
    struct stencil stencils[STENCIL_WAYS];
    uint32_t next; /* the oldest */
};

struct stencils {
    struct stencil_set sets[STENCIL_SETS];
    uint32_t missed; /* requests that could have been stencils */
    uint32_t sample; /* one of so many of these becomes one; 0: none */
};

void stencils_init(struct stencils *stencils);
void stencils_deinit(struct stencils *stencils);

/* The stencil that fits what stands behind a message's id, and the value in its hole, which lives
 * as long as the message and `arena`. NULL where there is none. */
struct stencil *stencils_find(struct stencils *stencils, struct slice rest, struct arena *arena,
                              struct value *value);

/* Tells of a message that fitted no stencil: it was prepared to `call`, of `method`. */
void stencils_note(struct stencils *stencils, struct relations *relations,
                   struct method_entry *method, const struct call *call, struct slice message);

#endif
