/* A connection to a server: lines out, lines in, never blocked in one direction by the other.
 *
 * What is queued is sent while replies are awaited, so that any number of requests may be under
 * way. The client knows lines, not JSON-RPC; only the `auth` that opens a connection is its own.
 *
 * Invariants: sent <= output.size; taken <= searched <= input.size; no `\n` lies between taken and
 * searched. */
#ifndef TENON_CLI_CLIENT_H
#define TENON_CLI_CLIENT_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "cli/options.h"
#include "cli/secure.h"

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_DEFAULT_HOST "127.0.0.1"
#define CLIENT_DEFAULT_PORT "8366"

/* The options by which every subcommand finds its server; for a list of rules. */
#define CLIENT_OPTION_RULES(target)                                                                \
    {.name = "--server", .text = &(target)->server},                                               \
        {.name = "--socket", .text = &(target)->socket},                                           \
        {.name = "--tls", .flag = &(target)->tls.wanted},                                          \
        {.name = "--tls-ca", .text = &(target)->tls.ca},                                           \
        {.name = "--tls-cert", .text = &(target)->tls.certificate},                                \
        {.name = "--tls-key", .text = &(target)->tls.key},                                         \
    {                                                                                              \
        .name = "--token-file", .text = &(target)->token_file                                      \
    }

/* What --help says about them. */
#define CLIENT_OPTION_HELP                                                                         \
    "  --server HOST:PORT  the server (default: TENON_SERVER, else 127.0.0.1:8366)\n"              \
    "  --socket PATH       the server's Unix socket (default: TENON_SOCKET)\n"                     \
    "  --tls               speak TLS, with a server that the system trusts\n"                      \
    "  --tls-ca FILE       speak TLS, with a server whose certificate one of these signed\n"       \
    "                      (default: TENON_TLS_CA, with TENON_SERVER)\n"                           \
    "  --tls-cert FILE     the client's certificate, where the server wants one\n"                 \
    "  --tls-key FILE      the certificate's private key\n"                                        \
    "  --token-file FILE   holds the token for auth (default: the token in TENON_TOKEN)\n"

/* Where the server is; all NULL: what the environment says, else the default address. */
struct client_target {
    const char *server; /* HOST, HOST:PORT, :PORT or [IPV6]:PORT */
    const char *socket; /* the path of a Unix socket */
    struct secure_options tls;
    const char *token_file; /* a file whose first line is the token */
};

struct client {
    int descriptor;        /* -1: not connected */
    struct secure *secure; /* NULL: what goes over the descriptor is plain */
    struct buffer output;  /* what is queued */
    size_t sent;           /* bytes of it that have gone */
    struct buffer input;   /* what has come */
    size_t taken;          /* bytes of it that were handed out */
    size_t searched;       /* bytes of it that were searched for the end of a line */
    bool finishing;        /* nothing more will be queued … */
    bool finished;         /* … and the server has been told so */
    bool ended;            /* the server has closed its side */
    struct buffer trouble; /* one line for people, once a function has returned false */
};

/* Connects, and authenticates where there is a token.
 * Errors: returns false, and client->trouble says why; client_close() is still to be called. */
MUST_CHECK bool client_open(struct client *client, const struct client_target *target);
void client_close(struct client *client);

/* Queues a line, given without its `\n`. Nothing is sent yet. */
void client_queue(struct client *client, struct slice line);

/* Bytes that are queued and not sent. */
size_t client_unsent(const struct client *client);

/* Says that nothing more will be queued: once all is sent, the sending side is shut down, and the
 * server closes the connection after its last reply. */
void client_finish(struct client *client);

/* Sends and receives what goes without waiting, after waiting for at most `timeout_ms` (-1: as
 * long as it takes) until something goes, or until the descriptor `other` (-1: none) can be read,
 * which `*other_ready` (NULL with -1) then says. Lines handed out before are no longer valid.
 * Errors: returns false when the connection is broken. That the server has closed its side is no
 * error: client->ended. */
MUST_CHECK bool client_turn(struct client *client, int timeout_ms, int other, bool *other_ready);

/* Hands out the next line that has come, without its end; valid until the next turn. False where
 * there is none yet. */
bool client_take_line(struct client *client, struct slice *line);

/* Waits for the next line, sending meanwhile.
 * Errors: returns false when the connection is broken, or closed by the server. */
MUST_CHECK bool client_wait_line(struct client *client, struct slice *line);

#endif
