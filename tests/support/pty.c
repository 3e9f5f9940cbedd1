/* Terminals of tests. */
#include "tests/support/pty.h"

#include "tests/support/live.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16
#define SHOWN_MAX     2000 /* bytes of the output that a failure shows */

static void become(const char *const *arguments)
{
    const char *binary = getenv("TENON_BINARY");
    const char *all[ARGUMENTS_MAX] = {binary == NULL ? "build/tenon-sanitized" : binary};
    for (size_t i = 0; arguments[i] != NULL && i + 2 < ARGUMENTS_MAX; i++) {
        all[i + 1] = arguments[i];
    }
    setenv("TERM", "xterm", 1);
    execv(all[0], (char *const *)all);
    _exit(127);
}

void pty_start(struct pty *pty, const char *const *arguments)
{
    struct winsize size = {.ws_row = 30, .ws_col = 120};
    *pty = (struct pty){.terminal = -1};
    pty->pid = forkpty(&pty->terminal, NULL, NULL, &size);
    cr_assert(pty->pid >= 0, "forkpty: %s", strerror(errno));
    if (pty->pid == 0) {
        become(arguments);
    }
}

void pty_type(struct pty *pty, const char *text)
{
    size_t size = strlen(text);
    cr_assert_eq(write(pty->terminal, text, size), (ssize_t)size);
}

/* Leaves out control sequences: ESC [ … letter, ESC and a letter, and what moves the cursor. */
static void strip(struct pty *pty)
{
    const char *next = pty->raw.data;
    const char *end = next + pty->raw.size;
    pty->seen.size = 0;
    for (; next < end; next++) {
        if (*next == '\033') {
            next++;
            bool sequence = next < end && *next == '[';
            for (next += sequence; sequence && next < end && (*next < '@' || *next > '~');) {
                next++;
            }
        } else if (*next != '\r' && *next != '\b') {
            buffer_append_char(&pty->seen, *next);
        }
    }
}

/* Reads what has come. Returns false at the end. */
static bool read_some(struct pty *pty, int timeout_ms)
{
    struct pollfd watched = {.fd = pty->terminal, .events = POLLIN};
    if (poll(&watched, 1, timeout_ms) <= 0) {
        return true;
    }
    char *place = buffer_reserve(&pty->raw, 4096);
    ssize_t size = read(pty->terminal, place, 4096);
    if (size <= 0) {
        return false;
    }
    pty->raw.size += (size_t)size;
    strip(pty);
    return true;
}

static const char *find(const struct pty *pty, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = pty->read; i + size <= pty->seen.size; i++) {
        if (memcmp(pty->seen.data + i, text, size) == 0) {
            return pty->seen.data + i;
        }
    }
    return NULL;
}

static void kill_program(struct pty *pty)
{
    kill(pty->pid, SIGKILL);
    waitpid(pty->pid, NULL, 0);
}

void pty_expect(struct pty *pty, const char *text)
{
    struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const char *found = find(pty, text);
    bool open = true;
    bool late = false;
    while (found == NULL && open && !late) {
        open = read_some(pty, 100);
        found = find(pty, text);
        clock_gettime(CLOCK_MONOTONIC, &now);
        late = (now.tv_sec - start.tv_sec) * 1000 > LIVE_DEADLINE_MS;
    }
    if (found == NULL) {
        kill_program(pty);
        size_t size = pty->seen.size < SHOWN_MAX ? pty->seen.size : SHOWN_MAX;
        cr_assert(false, "\"%s\" was not printed:\n%.*s", text, (int)size,
                  size == 0 ? "" : pty->seen.data + pty->seen.size - size);
    }
    pty->read = (size_t)(found - pty->seen.data) + strlen(text);
}

void pty_await_keys(const struct pty *pty)
{
    struct termios mode;
    cr_assert_eq(tcgetattr(pty->terminal, &mode), 0);
    for (int waited_ms = 0; (mode.c_lflag & ICANON) != 0; waited_ms++) {
        cr_assert_lt(waited_ms, LIVE_DEADLINE_MS, "the program does not read keys");
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        cr_assert_eq(tcgetattr(pty->terminal, &mode), 0);
    }
}

bool pty_has_printed(const struct pty *pty, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= pty->raw.size; i++) {
        if (memcmp(pty->raw.data + i, text, size) == 0) {
            return true;
        }
    }
    return false;
}

int pty_finish(struct pty *pty)
{
    int status = 0;
    while (read_some(pty, LIVE_DEADLINE_MS)) {
    }
    cr_assert_eq(waitpid(pty->pid, &status, 0), pty->pid);
    close(pty->terminal);
    buffer_deinit(&pty->raw);
    buffer_deinit(&pty->seen);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
