/* The requests of every case of the benchmarks, in the protocol of every server.
 *
 * Keys are random over the whole table, unless a case says otherwise. Request number n of a case
 * is a function of n and the seed, so that every server is asked for the same, in the same order.
 */
#ifndef TENON_BENCH_REQUESTS_H
#define TENON_BENCH_REQUESTS_H

#include "base/macros.h"
#include "bench/blog.h"
#include "bench/request_file.h"

#include <stdbool.h>
#include <stdint.h>

enum requests_server { SERVER_TENON, SERVER_REDIS, SERVER_TARANTOOL };

struct requests_options {
    const char *kind;
    enum requests_server server;
    struct blog blog;
    uint64_t first; /* number of the first request */
    uint64_t count;
    uint64_t seed;
    const char *script; /* what EVALSHA or CALL names */
    uint64_t size;      /* blank: bytes of a request */
};

/* Appends the requests of a case. Errors: false where there is no such case for the server. */
MUST_CHECK bool requests_append(struct request_writer *writer,
                                const struct requests_options *options);

/* The names of all cases, with spaces between. */
extern const char requests_kinds[];

#endif
