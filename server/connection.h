/* Connections: bytes in, bytes out, and when to stop either.
 *
 * Read callbacks only collect: they append to `input` and put the connection on the server's list
 * of ready ones. The turn of the loop (turn.h) serves it, and settles it afterwards: writes what
 * may leave, gives buffers back, stops or starts reading, closes.
 *
 *   reading    while little that was read waits to be served, and not too much to be written
 *   ready      on server->ready: the input may hold a message; or on server->busy, if several
 *   slow       on server->slow instead, because its last message took long
 *   shaking    on server->handshakes instead: a piece of a handshake waits in `opening`
 *   changed    on server->changed: to be settled at the end of this turn
 *   throttled  too much output waits: neither read nor served until half of it has left
 *   paused     neither read nor served for a while, and the last reply held back (admission.h)
 *   ended      no more input is taken: all that came is answered, then the connection closes
 *   finished   the client will send nothing more
 *   broken     nobody reads replies any more: what has come is still carried out
 *   closing    nothing will be served any more; closes once the output has left
 *   lingering  the output and a FIN have left; what still comes is dropped, because closing with
 *              unread input would take the last reply from the client
 *
 * Invariant: released <= output.size. The bytes of `output` before `released` may leave; what may
 * leave when is decided in one place, connection_release(). At most one write is under way; its
 * bytes are in `writing`.
 *
 * Where there is TLS (tls.h), what comes is opened on its way into `input`; what may leave goes to
 * `sealing`, and from there, sealed piece by piece, to `writing`. The plain path knows nothing of
 * it. */
#ifndef TENON_SERVER_CONNECTION_H
#define TENON_SERVER_CONNECTION_H

#include "base/buffer.h"
#include "protocol/framing.h"
#include "server/access.h"
#include "server/deadline.h"
#include "server/held.h"
#include "server/list.h"
#include "server/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct server;

/* Output that is held back at most before a turn ends. */
#define CONNECTION_FLUSH_SIZE (32 * 1024)

struct connection {
    struct server *server;
    struct link all;           /* on server->connections */
    struct link ready;         /* on server->ready, busy, slow or handshakes */
    struct link *queue;        /* which of these; NULL: none */
    struct link changed;       /* on server->changed */
    struct link held_link;     /* on server->held, while something is held */
    struct deadline deadline;  /* until when the server waits for the client */
    size_t deadline_output;    /* bytes that waited to be sent when it started */
    struct caller caller;      /* who asks */
    struct deadline admission; /* runs while that is not known (admission.h) */
    struct link paused_link;   /* on server->admission.paused */
    uint64_t paused_until_ms;  /* on the loop's clock */
    struct framing framing;
    struct buffer input;
    struct buffer output;
    struct buffer writing;
    struct tls *tls;       /* NULL: plain */
    struct buffer sealing; /* output that may leave … */
    size_t sealed;         /* … and how much of it was sealed */
    struct buffer opening; /* what was read, sealed; within a read, or while hands are shaken */
    size_t released;
    size_t buffered;  /* bytes of these buffers and of `tls`, as server->buffered counts them */
    struct held held; /* replies behind `released` that wait for the disk */
    uint64_t output_start; /* place of the first byte of `output` (see held.h) */
    uint64_t tenure_ns;    /* how long it was served since others had their turn */
    unsigned tenure_count; /* how many messages */
    bool reading;
    bool slow;
    bool throttled;
    bool paused;
    bool ended;
    bool finished;
    bool broken;
    bool closing;
    bool lingering;
    bool refused; /* one too many: not counted as open, its first message gets an error */
    bool yielded; /* the rest of its jobs in this window must wait */
    uv_write_t write;
    uv_shutdown_t shutdown;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } socket;
};

/* Accepts a connection from `listener`, which is one of the server's. */
void connection_accept(struct server *server, uv_stream_t *listener);

/* Puts the connection at the end of `queue`, the server's ready, busy, slow, handshakes or aside,
 * or, where that is NULL, on none. */
void connection_queue(struct connection *connection, struct link *queue);

/* Carries on the handshake of a connection that waits on server->handshakes. */
void connection_shake_hands(struct connection *connection);

/* The place to append replies to. */
struct buffer *connection_output(struct connection *connection);

/* Lets what was written so far leave once the server has reached what it waits for, and all before
 * it has left. */
void connection_release(struct connection *connection, const struct held_state *waits_for);

/* Lets the replies leave that wait for no more than what the server has reached. */
void connection_let_go(struct connection *connection);

/* Puts `error` in the place of the replies that wait for what is lost, and lets those leave that
 * wait for nothing then. */
void connection_lose(struct connection *connection, const struct held_loss *loss,
                     const struct error *error);

/* Sends what may leave. Where the socket takes no more, the rest goes when it does. */
void connection_flush(struct connection *connection);

/* Counts the memory of the connection's buffers anew. */
void connection_count(struct connection *connection);

/* Whether so much output waits that the client has to read first. */
bool connection_is_over_output(const struct connection *connection);

/* Reads and serves again a connection that was paused, and lets its last reply leave. */
void connection_resume(struct connection *connection);

/* Takes no input any more, answers what has come, and closes. */
void connection_finish(struct connection *connection);

/* What a turn ends with for a connection that it changed. May close it. */
void connection_settle(struct connection *connection);

/* What a deadline ends with: a request that took too long is told so, before the connection closes
 * as an idle or a lingering one does. */
void connection_expire(struct deadline *deadline);

/* Closes now, whatever waits. The connection is freed when the loop says that it is closed. */
void connection_close(struct connection *connection);

#endif
