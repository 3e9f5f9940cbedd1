/* The server: an event loop, its listeners and its connections around a service.
 *
 * All state hangs from here. Everything runs on the thread that calls server_run(). */
#ifndef TENON_SERVER_SERVER_H
#define TENON_SERVER_SERVER_H

#include "base/macros.h"
#include "server/admission.h"
#include "server/buffer_pool.h"
#include "server/deadline.h"
#include "server/descriptors.h"
#include "server/durability.h"
#include "server/held.h"
#include "server/list.h"
#include "server/log_limit.h"
#include "server/options.h"
#include "server/service.h"
#include "server/tls.h"
#include "server/turn.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct connection;

struct server {
    uv_loop_t loop;
    const struct serve_options *options;
    struct service *service;
    uv_tcp_t tcp;          /* listens, unless there is only a socket file */
    uv_pipe_t pipe;        /* listens, where a socket file is asked for */
    uv_signal_t interrupt; /* SIGINT */
    uv_signal_t terminate; /* SIGTERM */
    uv_signal_t hangup;    /* SIGHUP */
    uv_check_t check;      /* runs the turn, behind the poll */
    uv_idle_t idle;        /* active while a turn has left work, so that the poll does not wait */
    uv_timer_t grace;      /* ends the waiting for slow readers at shutdown */
    uv_timer_t expiry;     /* ends exports that nobody reads; runs while any is open */
    struct link connections;
    struct link ready;          /* connections with input that may hold a message */
    struct link busy;           /* those whose input holds more than one */
    struct link slow;           /* the same, for those whose messages take long */
    struct link handshakes;     /* connections whose handshake goes on */
    struct link changed;        /* connections to settle at the end of this turn */
    struct link aside;          /* ready strangers, until the window has run */
    unsigned busy_count;        /* connections on `busy` */
    struct deadlines deadlines; /* of the connections */
    uint64_t lingering_count;   /* connections that linger, or were not let in */
    uint64_t buffered;          /* bytes of the buffers of all connections */
    uint64_t read_size;         /* bytes that were read since the last turn */
    struct admission admission;
    struct log_limit log_limit; /* of lines that clients cause */
    struct tls_context *tls;    /* for connections over TCP; NULL: these are plain */
    struct descriptors descriptors;
    struct link held;          /* connections with replies that wait for the disk */
    struct held_state reached; /* what the store has: replies that wait for no more may leave */
    uv_async_t store_woke;     /* the store's threads have news; only where there is a store */
    struct waker *waker;       /* NULL: in memory only */
    struct buffer_pool buffers;
    struct window window;
    uint64_t turn_start_ns; /* CPU time at the end of the last turn */
    bool stopping;
    bool overloaded; /* people were told that buffers are full, and they still are */
};

/* Lets a SIGHUP wait, or come. Who asks for a reload does not mean to end a server that is still
 * starting, or is writing its last snapshot: it is held from the start on, comes while a server
 * runs, and is held again when one ends. */
void server_hold_hangups(bool held);

/* Makes a server that listens. `options`, `service` and `waker`, which the service's store wakes,
 * must outlive it.
 * Errors: NULL, and one line for people on the log. */
struct server *server_create(const struct serve_options *options, struct service *service,
                             struct waker *waker);

/* Has a turn follow soon, whatever comes from clients. */
void server_wake(struct server *server);

/* Serves until a signal ends it: SIGINT and SIGTERM stop accepting, what has come is answered and
 * sent, for at most SERVER_GRACE_MS; a second signal ends the waiting.
 * SIGHUP has files read again that may change while the server runs. */
void server_run(struct server *server);

/* To be called once server_run() has returned. */
void server_destroy(struct server *server);

/* How long a shutdown waits for slow readers, and a lingering connection for its client. */
#define SERVER_GRACE_MS  5000
#define SERVER_LINGER_MS 500

#endif
