/* What the shell says: results, what they cost, errors with their places. */
#ifndef TENON_CLI_SHELL_PRINT_H
#define TENON_CLI_SHELL_PRINT_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"
#include "cli/answer.h"
#include "cli/statement.h"
#include "cli/terminal.h"

#include <stdbool.h>

/* Prints a result; indented, coloured and paged at a terminal, on one line else. */
void shell_print_result(const struct terminal *terminal, struct arena *arena, struct value result);

/* Prints how many items a result has and how long it took; only at a terminal. */
void shell_print_time(const struct terminal *terminal, struct value result, double seconds);

/* Prints the cost and the steps that `explain` answered with its value. */
void shell_print_cost(const struct terminal *terminal, struct arena *arena, struct value explained);

/* Tells of an error reply on standard error. `pointer` is its path, into the statement's params;
 * where that leads is shown. */
void shell_print_error(const struct terminal *terminal, struct arena *arena,
                       const struct answer *answer, const struct statement *statement,
                       struct slice pointer);

/* Tells of a statement that cannot be read. */
void shell_print_mistake(const struct terminal *terminal, struct slice source,
                         const struct statement_error *error);

/* Tells of anything else, in one line. */
void shell_print_trouble(const struct terminal *terminal, const char *what, struct slice why);

#endif
