/* A fake server at the other end of a socket pair, for tests of the command line's client: a
 * process that answers every line by a function. It dies with its test. */
#ifndef TENON_TESTS_SUPPORT_FAKE_SERVER_H
#define TENON_TESTS_SUPPORT_FAKE_SERVER_H

#include "base/buffer.h"
#include "base/slice.h"

#include <sys/types.h>

/* Appends the reply to the request `line`, with its `\n`, or nothing. */
typedef void fake_answer(struct slice line, struct buffer *reply);

struct fake_server {
    pid_t pid;
    int descriptor; /* the client's end; the caller closes it */
};

/* Starts the process, which serves until the client's end is shut down. */
void fake_start(struct fake_server *server, fake_answer *answer);

/* Waits for its end, and checks that nothing went wrong in it. */
void fake_wait(struct fake_server *server);

#endif
