/* All methods that a client can call: those of relations/, and the server's own. */
#ifndef TENON_SERVER_METHODS_H
#define TENON_SERVER_METHODS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "relations/call.h"

#include <stdbool.h>
#include <stdint.h>

struct service;

/* Who may call a method; each may what those before it may. */
enum role { ROLE_READ, ROLE_WRITE, ROLE_ADMIN };

/* Carries one of the server's own methods out. `params` is an object, an array, or missing. */
typedef bool method_function(struct service *service, struct arena *arena, struct value params,
                             struct value *result, struct error *error);

struct method_entry {
    struct slice name;
    enum role role;
    const struct method *method; /* of relations/; NULL: the server's own … */
    method_function *run;        /* … and then this */
    uint64_t count;              /* requests so far */
};

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
