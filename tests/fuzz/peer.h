/* A service in this process that fuzz targets talk to, deterministic apart from the ids that it
 * chooses: its clock stands still, its budgets are small, and no time limit is met. */
#ifndef TENON_TESTS_FUZZ_PEER_H
#define TENON_TESTS_FUZZ_PEER_H

#include "base/buffer.h"
#include "base/slice.h"
#include "server/service.h"

#include <stdbool.h>

struct peer {
    struct service *service;
    struct buffer output; /* of the last message */
    uint64_t random;      /* behind the ids that were supplied last */
    char supplied[8];     /* what they began with */
};

/* False where `schema` is none. */
bool peer_init(struct peer *peer, struct slice schema);

/* Takes the first line of the input for the schema; where it is none, it is left there, and the
 * database has one table. */
void peer_init_for(struct peer *peer, struct slice *input);
void peer_deinit(struct peer *peer);

/* Sends one message and returns the reply's line without its end, valid until the next; empty
 * where nothing is answered. Asserts that a reply is JSON to the strict reader and to cJSON, and
 * that it is no InternalError. */
struct slice peer_send(struct peer *peer, struct slice message);

/* Sends `{"jsonrpc":"2.0","id":1,"method":METHOD,"params":PARAMS}`. */
struct slice peer_call(struct peer *peer, const char *method, struct slice params);

/* If `reply` is the result of peer_call: it; else an empty slice. */
struct slice peer_result(struct slice reply);

/* Supplies the database with ids: peers that are supplied as often choose the same, as long as none
 * needs more of them between two supplies than there are (peer_has_ids). */
void peer_supply_ids(struct peer *peer);
bool peer_has_ids(const struct peer *peer);

/* Appends every document of the database, table by table. */
void peer_dump(struct peer *peer, struct buffer *dump);

#endif
