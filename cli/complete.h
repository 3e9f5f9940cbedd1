/* Completion: what may come next at the shell.
 *
 * The first word is a method or a command. Of params by position the method says which is a table,
 * an index or a field, and the table before them says which they may be. Inside JSON, indexes and
 * fields of the table that was named last come first; else any name there is. */
#ifndef TENON_CLI_COMPLETE_H
#define TENON_CLI_COMPLETE_H

#include "base/arena.h"
#include "base/slice.h"
#include "cli/vocabulary.h"

#include <stdint.h>

#define COMPLETE_MAX 512

struct completion {
    const struct slice *names; /* sorted, each once; all begin with `typed` */
    uint32_t count;
    struct slice typed;  /* the beginning of the word that is there */
    struct slice common; /* what all names begin with */
    const char *closing; /* what follows a name that is the only one: a space, a quote */
};

/* `text` is the statement up to the cursor. The completion lives in `arena`, and its names with
 * the vocabulary. `commands` are the shell's own, with their dots, ended by NULL. */
struct completion completion_find(struct arena *arena, const struct vocabulary *vocabulary,
                                  const char *const *commands, struct slice text);

#endif
