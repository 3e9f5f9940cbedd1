/* TLS between a socket and a connection: sealed bytes in, plain bytes out, and the other way.
 *
 * A context holds the certificates; a tls is one connection's. It knows no sockets: what came is
 * handed to it, and what it wants sent is taken from it, so that the event loop alone reads and
 * writes. TLS 1.2 and 1.3; sessions are not resumed, so that what a certificate allows is looked at
 * for each connection.
 *
 * The handshake is a part of receiving. Before it is done nothing is sealed; what is to be sent
 * waits with the caller. */
#ifndef TENON_SERVER_TLS_H
#define TENON_SERVER_TLS_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

/* Files in PEM. */
struct tls_options {
    const char *certificate; /* the server's, with those that sign it; NULL: no TLS */
    const char *key;         /* the certificate's private key */
    const char *client_ca;   /* who signs clients' certificates; NULL: clients need none */
};

struct tls_context;
struct tls;

enum tls_status {
    TLS_OPEN,
    TLS_ENDED, /* the client has said that it sends nothing more */
    TLS_BROKEN /* tls_trouble() says why */
};

/* Reads the files. `options` must outlive the context.
 * Errors: NULL, and one line for people in `message`. */
struct tls_context *tls_context_create(const struct tls_options *options, struct buffer *message);
void tls_context_destroy(struct tls_context *context);

/* Reads the files anew, for connections that begin from now on.
 * Errors: false, and one line for people in `message`; the certificates stay as they were. */
MUST_CHECK bool tls_context_reload(struct tls_context *context, struct buffer *message);

/* The server's side of a new connection. The context must outlive it. */
struct tls *tls_create(const struct tls_context *context);
void tls_destroy(struct tls *tls);

/* Takes bytes that came, and appends what they say to `plain`. */
MUST_CHECK enum tls_status tls_receive(struct tls *tls, struct slice sealed, struct buffer *plain);

/* Whether the handshake is done. */
bool tls_is_established(const struct tls *tls);

/* Whether anything at all has come. */
bool tls_has_begun(const struct tls *tls);

/* Appends what is to be sent to `sealed`: what the handshake wants, then as much of `plain` as fits
 * into `size_max` bytes, at least one piece of it, which is cut off its front. */
void tls_seal(struct tls *tls, struct slice *plain, size_t size_max, struct buffer *sealed);

/* Says to the client that nothing more will be sent; tls_seal() then gives the bytes. The second
 * time nothing happens. */
void tls_finish(struct tls *tls);

/* The bytes of memory that it takes: what waits to be sealed away, exactly, and for what OpenSSL
 * keeps an upper bound, which is ten times as large while hands are shaken. */
size_t tls_size(const struct tls *tls);

/* Why it is broken: a text that lives as long as the process. */
const char *tls_trouble(const struct tls *tls);

#endif
