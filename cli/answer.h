/* A JSON-RPC reply taken apart: its result, or what its error says. */
#ifndef TENON_CLI_ANSWER_H
#define TENON_CLI_ANSWER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

/* How deep a reply may be nested: a program's result may hold documents in its own nesting. */
#define ANSWER_DEPTH_MAX 1000

struct answer {
    bool is_error;
    struct value result;  /* missing where is_error */
    int64_t code;         /* of an error */
    struct slice message; /* plain text */
    struct slice name;    /* "DocumentNotFound"; empty where data has none */
    struct slice path;    /* plain text; empty where data has none */
};

/* Reads a reply; `reply` refers to `line` and to `arena`.
 * Errors: false where `line` is not a JSON-RPC reply. */
MUST_CHECK bool answer_read(struct arena *arena, struct slice line, struct answer *answer);

/* Appends an error for people: "DocumentNotFound (1): Could not find id … at /do/0". What a
 * terminal would obey is replaced. */
void answer_describe(struct buffer *buffer, const struct answer *answer);

#endif
