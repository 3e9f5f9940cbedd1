/* The turn of the loop: what happens once behind every poll.
 *
 * Why collect first and serve later? Because a window of messages from all ready connections has
 * its cache misses overlap, because every connection is then written once a turn instead of once
 * a reply, and because a group of writes can later be made durable as one.
 *
 * Who comes when? Ready connections stand in a queue. Whose input holds one message has it served;
 * whose input holds several goes to a second queue, of the busy, unserved. That is served where the
 * first is empty, and for TURN_BUSY_NS of a turn, one window at least, where it is not; there a
 * connection has TURN_TENURE_COUNT or TURN_TENURE_NS before others come, and with more than
 * TURN_BUSY_FEW others so much less that its next share is never further away than with these, but
 * for one message. What the first queue was answered leaves before. So a client that asks for one
 * thing waits for no more than one message of each that asked before it, however many ask without
 * end. The windows of a turn end when nobody is ready, or after TURN_NS, so that the poll sees new
 * input. Connections whose messages take long alone stand in a queue of their own: one such message
 * is served in a turn, when the replies to all others have left. So nobody waits for more than the
 * long message that is being served, and long messages cannot be starved either. A turn begins with
 * handshakes of TLS, in the order in which they came, for TURN_HANDSHAKES_NS and one of them. */
#ifndef TENON_SERVER_TURN_H
#define TENON_SERVER_TURN_H

#include "protocol/framing.h"
#include "server/service.h"

#include <stdbool.h>

#define WINDOW_COUNT       TINY_OR(3, 16)
#define TURN_TENURE_COUNT  TINY_OR(4, 64)
#define TURN_TENURE_NS     TINY_OR(3000, 1000000)
#define TURN_BUSY_FEW      TINY_OR(2, 256)
#define TURN_BUSY_NS       250000
#define TURN_HANDSHAKES_NS 250000
#define TURN_NS            1000000

struct connection;
struct server;

/* A place in the window. */
struct place {
    struct job job;
    struct connection *connection;
    struct framing before; /* the connection's, before it handed this message out */
    bool last;             /* nothing can be read from the connection behind this */
    bool http;             /* the reply is not JSON-RPC */
};

struct window {
    struct place places[WINDOW_COUNT];
    unsigned count;
};

void window_init(struct window *window);
void window_deinit(struct window *window);

/* Serves the ready connections and settles the changed ones. Returns whether work is left. */
bool turn_run(struct server *server);

#endif
