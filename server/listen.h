/* Where a server listens: an address of TCP, and a Unix socket. */
#ifndef TENON_SERVER_LISTEN_H
#define TENON_SERVER_LISTEN_H

#include "base/macros.h"

#include <stdbool.h>

struct server;

/* Binds what the options ask for, listens, and says so on stdout, a line for each.
 * Errors: false, and one line on the log. */
MUST_CHECK bool server_listen(struct server *server);

/* Accepts no more. */
void server_close_listeners(struct server *server);

#endif
