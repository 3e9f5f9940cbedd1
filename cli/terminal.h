/* The terminal that output goes to: its size, whether it takes colours, and a pager. */
#ifndef TENON_CLI_TERMINAL_H
#define TENON_CLI_TERMINAL_H

#include "base/slice.h"

#include <stdbool.h>

struct terminal {
    bool is_one;  /* standard output is a terminal */
    bool colours; /* it is to be coloured: TERM is not "dumb", and NO_COLOR is not set */
    bool pages;   /* long output goes through a pager */
};

void terminal_init(struct terminal *terminal);

/* Writes to standard output; through the pager, PAGER or else `less -RX`, what has more lines than
 * the terminal. */
void terminal_write(const struct terminal *terminal, struct slice text);

#endif
