/* What clients ask of the store: how durable things are, and a snapshot now. */
#ifndef TENON_SERVER_STORE_METHODS_H
#define TENON_SERVER_STORE_METHODS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/value.h"
#include "server/own_params.h"

#include <stdbool.h>

struct service;

/* The member `durability` of `info`. */
struct value store_describe(const struct service *service, struct arena *arena);

/* The method `snapshot`: starts one unless one runs, and answers the number of its moment. */
MUST_CHECK bool store_run_snapshot(struct service *service, struct arena *arena,
                                   const struct own_params *params, struct value *result,
                                   struct error *error);

#endif
