/* A client of the real server that speaks TLS, over the socket of a live_client. */
#ifndef TENON_TESTS_SUPPORT_SECURE_H
#define TENON_TESTS_SUPPORT_SECURE_H

#include "base/buffer.h"
#include "base/slice.h"
#include "tests/support/live.h"

#include <openssl/ssl.h>
#include <stdbool.h>

struct secure_client {
    struct live_client live;
    SSL *session;
    struct buffer received;
    size_t taken;
};

/* How to connect. */
struct secure_options {
    const char *ca;          /* who must have signed the server's certificate */
    const char *certificate; /* the client's; NULL: none */
    const char *key;
    int version; /* TLS1_2_VERSION …; 0: any */
};

/* Connects. Returns whether the handshake went well, as far as the client can tell. */
bool secure_connect(struct secure_client *client, const struct live_server *server,
                    const struct secure_options *options);
void secure_close(struct secure_client *client);

/* Sends all of `data`; while the server does not read, replies are kept. */
void secure_send(struct secure_client *client, struct slice data);
void secure_send_line(struct secure_client *client, const char *line);

/* The next line without its end, or an empty slice where the connection has ended; valid until the
 * next call. */
struct slice secure_receive_line(struct secure_client *client);
struct slice secure_ask(struct secure_client *client, const char *line);

/* Says in TLS that nothing more will be sent. */
void secure_finish_sending(struct secure_client *client);

/* Waits for the end, and returns whether the server has said in TLS that it is one, and nothing
 * stood before it. */
bool secure_is_finished(struct secure_client *client);

#endif
