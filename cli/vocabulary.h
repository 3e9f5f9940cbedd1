/* What a server has, for completion: its tables with their indexes and fields, and its methods
 * with their params. Read from the answers of `schema` and `rpc.discover`. */
#ifndef TENON_CLI_VOCABULARY_H
#define TENON_CLI_VOCABULARY_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "storage/schema.h"

#include <stdbool.h>
#include <stdint.h>

struct vocabulary_method {
    struct slice name;
    const struct slice *params; /* their names, in the order of positions */
    uint32_t param_count;
    bool explained; /* it may be a step of a query */
};

struct vocabulary {
    struct arena arena;
    struct schema *schema;                   /* NULL: not known */
    const struct vocabulary_method *methods; /* in the server's order */
    uint32_t method_count;
};

void vocabulary_init(struct vocabulary *vocabulary);
void vocabulary_deinit(struct vocabulary *vocabulary);

/* Takes over what the server answered; each replaces what was known before.
 * Errors: false where the answer is not what it should be; nothing is known then. */
MUST_CHECK bool vocabulary_read_schema(struct vocabulary *vocabulary, struct slice schema);
MUST_CHECK bool vocabulary_read_methods(struct vocabulary *vocabulary, struct value document);

/* The method, or NULL. */
const struct vocabulary_method *vocabulary_find_method(const struct vocabulary *vocabulary,
                                                       struct slice name);

#endif
