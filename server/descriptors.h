/* Descriptors: how many connections there can be, by what the system lets the process open.
 *
 * Some descriptors are kept for files and for the loop, so that connections never take the one
 * that the journal needs next; an eighth of the rest, at most, is for connections that are told
 * that they are too many, or that linger. */
#ifndef TENON_SERVER_DESCRIPTORS_H
#define TENON_SERVER_DESCRIPTORS_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

struct descriptors {
    uint64_t connections_max;
    uint64_t lingering_max; /* beside these: on their way out, or not let in */
};

/* Divides `limit` descriptors for no more than `connections_max` connections.
 * Errors: false where there are too few. */
MUST_CHECK bool descriptors_divide(struct descriptors *descriptors, uint64_t limit,
                                   uint64_t connections_max);

/* Raises the process's limit as far as the connections need it and the system lets it, and divides
 * it. Says on the log where there will be fewer connections.
 * Errors: false, and one line on the log, where the system allows too few for any. */
MUST_CHECK bool descriptors_claim(struct descriptors *descriptors, uint64_t connections_max);

#endif
