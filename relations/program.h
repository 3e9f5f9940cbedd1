/* Programs: what query, mutation and explain run, and the cache of their compiled forms.
 *
 * A program is compiled once for the raw text of its `do` and `return`; the compiled form is found
 * again by that text, so that values which vary belong into `args`. */
#ifndef TENON_RELATIONS_PROGRAM_H
#define TENON_RELATIONS_PROGRAM_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "relations/method.h"
#include "relations/step.h"
#include "storage/database.h"

#include <stdbool.h>
#include <stdint.h>

/* Bounds of the cache: programs, and bytes of their compiled forms and texts. */
#define PROGRAM_CACHE_COUNT_MAX TINY_OR(3, 1024)
#define PROGRAM_CACHE_SIZE_MAX  (16 * 1024 * 1024)

struct program {
    struct arena arena; /* holds the text and everything compiled from it */
    struct slice text;  /* of method, `do` and `return` */
    uint64_t hash;
    uint64_t users; /* calls that are prepared or running; then it is not evicted */
    struct block block;
    uint32_t slot_count;
    uint32_t step_count;
    const struct slice *required_args;
    uint32_t required_count;
    struct program *newer; /* in order of last use */
    struct program *older;
};

struct program_cache;

struct program_cache *program_cache_create(struct database *database);
void program_cache_destroy(struct program_cache *cache);

/* Finds or compiles the program of the params. `method` is query, mutation or explain; `bound` are
 * its params. The caller releases the program.
 * Errors: NULL; those of compiling, with the path relative to the params, and InvalidParams for
 * args that the program needs and `args` lacks. */
struct program *program_acquire(struct program_cache *cache, const struct method *method,
                                const struct bound_params *bound, struct value args,
                                struct error *error);
void program_release(struct program_cache *cache, struct program *program);

#endif
