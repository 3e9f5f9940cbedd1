/* The options of `tenon serve`, from the environment and the command line, which wins. */
#ifndef TENON_SERVER_OPTIONS_H
#define TENON_SERVER_OPTIONS_H

#include "base/buffer.h"
#include "base/macros.h"
#include "server/service.h"
#include "server/tls.h"

#include <stdbool.h>
#include <stdint.h>

/* Strings belong to argv or the environment. */
struct serve_options {
    const char *schema;        /* file; must be given */
    const char *data;          /* directory; NULL: in memory only */
    const char *sync;          /* as it was given: always, os, or a number of ms */
    const char *listen;        /* HOST:PORT or [HOST]:PORT; port 0: the system picks one */
    const char *socket;        /* path of a Unix socket; NULL: none */
    const char *auth_file;     /* of tokens; NULL: nobody has to authenticate */
    struct tls_options tls;    /* for TCP */
    uint64_t request_size_max; /* bytes of a message */
    uint64_t output_size_max;  /* bytes that may wait for a client */
    uint64_t buffer_size_max;  /* bytes of requests and replies of all clients */
    uint64_t connections_max;
    uint64_t request_timeout_ms; /* from the first byte of a message to its last; 0: none */
    uint64_t idle_timeout_ms;    /* in which a client sends or reads nothing; 0: none */
    bool insecure;               /* listen on any address, although nobody has to authenticate */
    bool help;
    bool version;
    struct service_options service;
    struct store_options store;
};

/* Reads the options; argv[0] is the subcommand.
 * Errors: false, and one line for people in `message`. */
MUST_CHECK bool serve_options_read(struct serve_options *options, int argc, char **argv,
                                   struct buffer *message);

/* Splits HOST:PORT or [HOST]:PORT. `host` has room for `host_size` bytes.
 * Errors: false where `text` is neither. */
MUST_CHECK bool serve_options_split_address(const char *text, char *host, size_t host_size,
                                            uint16_t *port);

/* Reads a number of bytes: digits, then nothing, K, M or G (binary).
 * Errors: false. */
MUST_CHECK bool serve_options_parse_size(const char *text, uint64_t *size);

/* What --help prints. */
extern const char serve_options_help[];

#endif
