/* The service: a database behind JSON-RPC, without sockets.
 *
 * Messages are carried out in windows of jobs, so that the cache misses of one overlap those of
 * the others: the whole window is prepared, then prefetched in stages, then run in order, each
 * reply being written right after its run. Preparing reads no documents, so it may come before the
 * runs of earlier messages. service_handle() is the same for one message alone; there is no other
 * way to carry one out. */
#ifndef TENON_SERVER_SERVICE_H
#define TENON_SERVER_SERVICE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "protocol/request.h"
#include "relations/budget.h"
#include "relations/call.h"
#include "server/access.h"
#include "server/exports.h"
#include "server/histogram.h"
#include "server/methods.h"
#include "server/slowlog.h"
#include "server/stencil.h"
#include "storage/database.h"
#include "storage/schema.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

struct service_options {
    struct limits limits;             /* of a message */
    struct database_options database; /* its memory, clock and seed */
    size_t walker_size_max;           /* bytes that an export may hold back */
    uint64_t slow_ms;                 /* a request that takes as long is noted in the slow log */
    struct access *access;            /* the caller's; NULL: no tokens are in use */
};

/* What the event loop counts, for `info`. */
struct service_counters {
    uint64_t connections_open;
    uint64_t connections_max; /* open at a time */
    uint64_t connections_accepted;
    uint64_t connections_refused; /* there were too many */
    uint64_t connections_timed_out;
    uint64_t connections_evicted; /* buffers were full, and theirs the largest */
    uint64_t handshakes;          /* of TLS, that were done */
    uint64_t handshakes_failed;
    struct histogram turns; /* of the loop: the CPU time of its thread */
};

struct service {
    struct database *database;
    struct store *store; /* where the database lives; NULL: in memory only */
    struct relations *relations;
    struct service_options options;
    struct service_counters counters;
    struct methods methods;
    struct stencils stencils;
    struct slowlog slowlog;
    struct exports exports;
    uint64_t awaited_snapshot; /* the request that runs waits for it; 0: for none */
    uint64_t started_ns;       /* on the monotonic clock */
};

/* Options as the contract has them. */
struct service_options service_default_options(void);

/* Makes a service of an empty database. It takes the schema over. */
struct service *service_create(struct schema *schema, const struct service_options *options);

/* Makes a service of the store's database; the store must outlive it. */
struct service *service_create_on_store(struct store *store, const struct service_options *options);

void service_destroy(struct service *service);

/* One request while it is carried out. */
struct exchange {
    struct request request;
    struct method_entry *method; /* NULL where there was an error before it was found */
    struct call *call;           /* NULL for the server's own methods */
    bool prefetches;             /* the call has stages of prefetching left */
    struct error error;
};

/* One message while it is carried out. */
struct job {
    struct arena arena;
    struct caller *caller;
    struct message message;
    struct stencil *stencil; /* that the message fits, of which nothing but the value was read then;
                              * NULL: none */
    struct budget budget;    /* of all its requests */
    struct exchange exchange; /* of a message that is no batch, or could not be read */
    uint64_t sequence;        /* number of the newest transaction that its reply tells of */
    uint64_t snapshot;        /* that its reply waits for (server/held.h); 0: none */
    bool batch;
    bool headers;    /* the framing of its reply */
    bool has_secret; /* a token stands in the message */
};

/* A job is reused for one message after the other. */
void job_init(struct job *job);
void job_deinit(struct job *job);

/* Reads `message`, which must stay where it is until the job has run, and prepares what it asks
 * for. `caller` sends it, and must live as long; of a caller without a role no other message may
 * be prepared until this one has run. */
void job_prepare(struct job *job, struct service *service, struct caller *caller,
                 struct slice message, bool headers);

/* Prepares the answer to what is not a message that could be read; a ParseError is in its first
 * byte. */
void job_prepare_refusal(struct job *job, bool headers, enum error_code code, const char *text);

/* One of CALL_STAGES, in order, for all jobs of a window before the next. */
static inline void job_prefetch(struct job *job, unsigned stage)
{
    if (job->exchange.prefetches) {
        job->exchange.prefetches = call_prefetch(job->exchange.call, stage);
    }
}

/* Carries the job out and appends the reply, if there is one, to `output`. */
void job_run(struct job *job, struct service *service, struct buffer *output);

/* Forgets a prepared job that will not be run. */
void job_abandon(struct job *job);

/* Carries one message of an admin out, all at once, and appends the reply, framed by lines, to
 * `output`. */
void service_handle(struct service *service, struct slice message, struct buffer *output);

#endif
