/* TLS over a connection to a server, for the command line's client.
 *
 * The server must show a certificate for its name, or address, that a known authority has signed;
 * nothing is sent before that is certain. The descriptor stays the caller's: it polls it, and may
 * make it non-blocking once the session is open. */
#ifndef TENON_CLI_SECURE_H
#define TENON_CLI_SECURE_H

#include "base/buffer.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Files in PEM. */
struct secure_options {
    bool wanted;             /* implied by any of the others */
    const char *ca;          /* who signs servers' certificates; NULL: who the system trusts */
    const char *certificate; /* the client's, with its chain; NULL: none */
    const char *key;         /* the certificate's private key */
};

/* What sending and receiving return where no bytes went. */
#define SECURE_BLOCKED ((ssize_t)-1) /* nothing goes without waiting */
#define SECURE_BROKEN  ((ssize_t)-2) /* secure_trouble() says why */

struct secure;

/* Whether the options ask for TLS. */
bool secure_is_wanted(const struct secure_options *options);

/* Shakes hands over the descriptor, which blocks, with the server that is called `host`.
 * Errors: NULL, and the reason in `trouble`, for people. */
struct secure *secure_open(int descriptor, const char *host, const struct secure_options *options,
                           struct buffer *trouble);
void secure_close(struct secure *secure);

/* Sends some of the bytes. Returns how many, or one of the above. */
ssize_t secure_send(struct secure *secure, const char *data, size_t size);

/* Receives at most `size` bytes. Returns how many, 0 at the end, or one of the above. */
ssize_t secure_receive(struct secure *secure, char *data, size_t size);

/* Whether bytes have been received that no poll tells of. */
bool secure_has_more(const struct secure *secure);

/* Says that nothing more will be sent. Returns false where that does not go without waiting. */
MUST_CHECK bool secure_finish(struct secure *secure);

/* Why it is broken: a text that lives as long as the process. */
const char *secure_trouble(void);

#endif
