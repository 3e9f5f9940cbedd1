/* A program at a terminal of its own, for tests that type and read.
 *
 * What it prints is kept without the control sequences that move and colour, so that a test sees
 * what a person would. Whatever does not come within LIVE_DEADLINE_MS fails the test. */
#ifndef TENON_TESTS_SUPPORT_PTY_H
#define TENON_TESTS_SUPPORT_PTY_H

#include "base/buffer.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pty {
    pid_t pid;
    int terminal;
    struct buffer raw;  /* what it printed */
    struct buffer seen; /* the same without control sequences */
    size_t read;        /* bytes of `seen` that the test is done with */
};

/* Starts the binary that the live tests use, with the arguments (ended by NULL), at a terminal of
 * 30 rows and 120 columns. */
void pty_start(struct pty *pty, const char *const *arguments);

/* Types. */
void pty_type(struct pty *pty, const char *text);

/* Reads on until `text` was printed; what comes before it is passed over. */
void pty_expect(struct pty *pty, const char *text);

/* Waits until the program reads key by key: a line editor prints its prompt a little earlier. */
void pty_await_keys(const struct pty *pty);

/* True if `text` is in what was printed since the start, coloured as it came. */
bool pty_has_printed(const struct pty *pty, const char *text);

/* Waits for the end of the program, which must be near, and returns its exit status. */
int pty_finish(struct pty *pty);

#endif
