/* Options of the subcommands: --name, --name VALUE and --name=VALUE, in any order with the
 * operands; `--` ends them, and `-` alone is an operand. */
#ifndef TENON_CLI_OPTIONS_H
#define TENON_CLI_OPTIONS_H

#include "base/buffer.h"
#include "base/macros.h"

#include <stdbool.h>

/* One option. A list of rules ends with a zeroed one. */
struct option_rule {
    const char *name;  /* with its dashes: "--server" */
    const char **text; /* where its argument goes; NULL: a flag */
    bool *flag;        /* what it sets; NULL: takes an argument */
};

/* Takes the options out of argv[1…], and moves the operands to argv[1…*operand_count]. Texts
 * point into argv. What is not given stays as it was.
 * Errors: returns false, and `message` gets one line for people. */
MUST_CHECK bool options_take(int argc, char **argv, const struct option_rule *rules,
                             int *operand_count, struct buffer *message);

#endif
