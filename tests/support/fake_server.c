/* The fake server: see the header. */
#include "tests/support/fake_server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_all(int descriptor, struct slice data)
{
    while (data.size > 0) {
        ssize_t size = write(descriptor, data.data, data.size);
        if (size <= 0) {
            _exit(2);
        }
        data.data += size;
        data.size -= (size_t)size;
    }
}

/* Answers line by line, and writes every reply whole before it reads on, as a simple server
 * would. */
static void serve(int descriptor, fake_answer *answer)
{
    FILE *input = fdopen(descriptor, "r");
    char *line = NULL;
    size_t capacity = 0;
    struct buffer reply = {0};
    ssize_t size = getline(&line, &capacity, input);
    while (size > 0) {
        reply.size = 0;
        answer(slice_make(line, (size_t)size - 1), &reply);
        write_all(descriptor, buffer_slice(&reply));
        size = getline(&line, &capacity, input);
    }
    free(line);
    buffer_deinit(&reply);
    fclose(input);
}

void fake_start(struct fake_server *server, fake_answer *answer)
{
    int ends[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    server->pid = fork();
    cr_assert_geq(server->pid, 0);
    if (server->pid == 0) {
        close(ends[0]);
        serve(ends[1], answer);
        _exit(0);
    }
    close(ends[1]);
    server->descriptor = ends[0];
}

void fake_wait(struct fake_server *server)
{
    int status = 0;
    cr_assert_eq(waitpid(server->pid, &status, 0), server->pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
