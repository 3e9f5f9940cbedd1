/* A session: requests one after the other, to a server that may go away and come back.
 *
 * A connection that was lost while nothing was under way is made again before the next request. A
 * request that was under way when it was lost is sent again only if it reads; of one that may
 * write nobody can tell whether it was carried out. */
#ifndef TENON_CLI_SESSION_H
#define TENON_CLI_SESSION_H

#include "base/buffer.h"
#include "base/slice.h"
#include "cli/client.h"

#include <stdbool.h>
#include <stdint.h>

enum session_status {
    SESSION_ANSWERED,
    SESSION_ABSENT,     /* there is no server; session->client.trouble says why */
    SESSION_UNKNOWN,    /* the connection was lost, and the request may have been carried out */
    SESSION_INTERRUPTED /* somebody did not want to wait any longer; the same is true then */
};

struct session {
    const struct client_target *target;
    struct client client;
    bool connected;
    int interrupts; /* a descriptor that can be read once somebody is tired of waiting, or -1 */
    unsigned patience_ms; /* how long to wait for a server that went away */
    uint64_t connections; /* made so far */
};

/* Not connected yet. */
void session_init(struct session *session, const struct client_target *target, int interrupts,
                  unsigned patience_ms);
void session_deinit(struct session *session);

/* Connects, without any patience. Errors: false; session->client.trouble says why. */
MUST_CHECK bool session_connect(struct session *session);

/* Sends a request, given as a line, and waits for its answer, which is valid until the next one.
 * `reads` tells that it may be sent twice. */
enum session_status session_ask(struct session *session, struct slice request, bool reads,
                                struct slice *answer);

#endif
