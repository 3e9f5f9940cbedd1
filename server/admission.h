/* Admission: connections that may not ask for anything yet.
 *
 * A stranger is a connection whose caller has no role, or whose handshake of TLS is not done. It
 * has ADMISSION_MS to get there, its messages are small, and they are served one by one, because
 * what the next may be is decided by the one before. Of too many strangers the oldest is closed, so
 * that connections which say nothing do not keep others out. After a token that is not known a
 * connection is paused: neither read nor served, its answer held back, until the caller's delay has
 * passed.
 *
 * A connection that is one too many is no stranger: it is closed soon anyway.
 *
 * Invariant: a connection is a stranger if and only if its deadline of kind ADMISSION runs;
 * `stranger_count` is how many these are. */
#ifndef TENON_SERVER_ADMISSION_H
#define TENON_SERVER_ADMISSION_H

#include "server/deadline.h"
#include "server/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct connection;
struct server;

/* How long a stranger has. */
#define ADMISSION_MS               10000

/* The most strangers at a time. */
#define ADMISSION_STRANGERS_MAX    TINY_OR(4, 1024)

/* The most bytes of a stranger's message. */
#define ADMISSION_REQUEST_SIZE_MAX 4096

struct admission {
    uint32_t stranger_count;
    struct link paused; /* connections, in no order */
    uv_timer_t timer;   /* looks after them, while there are any */
};

/* Initialises; closes, once no connection is left. */
void admission_init(struct admission *admission, uv_loop_t *loop);
void admission_deinit(struct admission *admission);

bool admission_is_stranger(const struct connection *connection);

/* Looks whether the connection is a stranger by now; to be called when it begins, and when its
 * caller's role has changed. */
void admission_update(struct connection *connection);

/* Closes the oldest strangers where there are too many. */
void admission_limit(struct server *server);

/* Pauses the connection for its caller's delay, if there is one. */
void admission_pause(struct connection *connection);

/* Ends all pauses, for the server stops. */
void admission_resume_all(struct server *server);

/* Forgets a connection that is closed. */
void admission_forget(struct connection *connection);

/* Closes a stranger whose deadline has ended. */
void admission_expire(struct deadline *deadline);

/* Reads the tokens anew, as SIGHUP asks for, and gives each connection the role that its token has
 * now; and the certificates, which hold for new connections. A file that cannot be used changes
 * nothing. Either is told on the log. */
void admission_reload(struct server *server);

#endif
