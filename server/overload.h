/* Overload: what the buffers of all connections together may hold.
 *
 * Requests that have not come whole and replies that have not been read take memory for as long as
 * clients like. Each connection counts its own (connection.h); here they share --max-buffer-bytes.
 *
 * Who has to wait? Once a quarter of that is taken, a connection is served only while no more
 * waits for its client than an equal share of an eighth, so that clients that do not read leave
 * room for those that do. These parts are small because buffers grow by doubling, and because one
 * is being written while the next is filled. Who has to go? Where that is not enough, because
 * replies are long or requests come in pieces, the connection whose buffers are largest is
 * closed. */
#ifndef TENON_SERVER_OVERLOAD_H
#define TENON_SERVER_OVERLOAD_H

#include <stdbool.h>
#include <stddef.h>

struct server;

/* Whether the buffers hold more than they may. */
bool overload_is_reached(const struct server *server);

/* How many bytes may wait for one client. */
size_t overload_output_max(const struct server *server);

/* Closes connections, those with the largest buffers first, until the rest hold no more than they
 * may. */
void overload_relieve(struct server *server);

#endif
