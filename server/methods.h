/* All methods that a client can call: those of relations/, and the server's own. */
#ifndef TENON_SERVER_METHODS_H
#define TENON_SERVER_METHODS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "relations/call.h"
#include "server/histogram.h"
#include "server/own_params.h"
#include "server/role.h"

#include <stdbool.h>
#include <stdint.h>

struct service;

/* Carries one of the server's own methods out, whose params have been checked. */
typedef bool method_function(struct service *service, struct arena *arena,
                             const struct own_params *params, struct value *result,
                             struct error *error);

struct method_entry {
    struct slice name;
    enum role role;    /* who may call it */
    bool reads_data;   /* the server's own: its reply waits until what it shows is durable */
    bool always_timed; /* it may take long; of others every METHOD_TIMED_EVERYth is timed */
    const struct method *method; /* of relations/; NULL: the server's own … */
    method_function *run;        /* … and then this, NULL for auth, which is the access's, … */
    const char *summary;         /* … what it does, for the OpenRPC document, … */
    struct own_parameter parameters[OWN_PARAMETERS_MAX]; /* … and what it takes */
    uint64_t count;                                      /* requests so far */
    struct histogram latencies;                          /* of those that were timed */
};

/* A request that cannot take long costs less than the two looks at the clock around it would be
 * worth; a sixteenth of them say enough. */
#define METHOD_TIMED_EVERY 16

#define METHODS_MAX        64
#define METHODS_SLOT_COUNT 256

/* Invariant: every entry is found from slot hash(name) on, before an empty slot. */
struct methods {
    struct method_entry entries[METHODS_MAX];
    uint32_t count;
    uint8_t slots[METHODS_SLOT_COUNT]; /* number of the entry + 1; 0: empty */
};

void methods_init(struct methods *methods);

/* The method with the name, or NULL. */
struct method_entry *methods_find(struct methods *methods, struct slice name);

#endif
