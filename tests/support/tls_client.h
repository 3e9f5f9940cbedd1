/* A client of the real server that speaks TLS, over the socket of a live_client. */
#ifndef TENON_TESTS_SUPPORT_TLS_CLIENT_H
#define TENON_TESTS_SUPPORT_TLS_CLIENT_H

#include "base/buffer.h"
#include "base/slice.h"
#include "tests/support/live.h"

#include <openssl/ssl.h>
#include <stdbool.h>

struct tls_client {
    struct live_client live;
    SSL *session;
    struct buffer received;
    size_t taken;
};

/* How to connect. */
struct tls_client_options {
    const char *ca;          /* who must have signed the server's certificate */
    const char *certificate; /* the client's; NULL: none */
    const char *key;
    int version; /* TLS1_2_VERSION …; 0: any */
};

/* Connects. Returns whether the handshake went well, as far as the client can tell. */
bool tls_client_connect(struct tls_client *client, const struct live_server *server,
                        const struct tls_client_options *options);
void tls_client_close(struct tls_client *client);

/* Sends all of `data`; while the server does not read, replies are kept. */
void tls_client_send(struct tls_client *client, struct slice data);
void tls_client_send_line(struct tls_client *client, const char *line);

/* The next line without its end, or an empty slice where the connection has ended; valid until the
 * next call. */
struct slice tls_client_receive_line(struct tls_client *client);
struct slice tls_client_ask(struct tls_client *client, const char *line);

/* Says in TLS that nothing more will be sent. */
void tls_client_finish_sending(struct tls_client *client);

/* Waits for the end, and returns whether the server has said in TLS that it is one, and nothing
 * stood before it. */
bool tls_client_is_finished(struct tls_client *client);

#endif
