/* The params of the server's own methods: what they are, and taking them out of a request.
 *
 * One table says what a method takes; requests are checked against it, and the OpenRPC document is
 * written from it. */
#ifndef TENON_SERVER_OWN_PARAMS_H
#define TENON_SERVER_OWN_PARAMS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>

#define OWN_PARAMETERS_MAX 4

/* The most documents of a page of an export. */
#define OWN_PAGE_ITEMS_MAX 10000

enum own_type {
    OWN_STRING,
    OWN_STRING_OR_NULL,
    OWN_PAGE_ITEMS, /* a whole number from 1 to OWN_PAGE_ITEMS_MAX */
};

struct own_parameter {
    const char *name; /* NULL behind the last */
    enum own_type type;
    bool required;
    const char *summary;
};

/* The params of one request. */
struct own_params {
    const struct own_parameter *parameters;
    struct value values[OWN_PARAMETERS_MAX]; /* missing where one was not given */
    bool by_position;
};

/* The JSON Schema of a type. */
const char *own_type_schema(enum own_type type);

/* Takes the params of `method`, which takes `parameters` (OWN_PARAMETERS_MAX, or ended by a NULL
 * name), out of `params`: an array, an object, or a missing value.
 * Errors: InvalidParams. */
MUST_CHECK bool own_params_bind(struct slice method, const struct own_parameter *parameters,
                                struct arena *arena, struct value params, struct own_params *bound,
                                struct error *error);

/* Puts the parameter at `index` at the head of an error's path. Returns false. */
bool own_params_fail(const struct own_params *params, uint32_t index, struct error *error);

#endif
