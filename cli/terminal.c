/* Terminals: see the header. */
#include "cli/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS_LEFT      3 /* for the line after the output, and the prompt */
#define ROWS_UNKNOWN   24
#define STATUS_MISSING 127 /* what a shell answers where there is no such command */

static bool is_set(const char *name)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0';
}

void terminal_init(struct terminal *terminal)
{
    const char *kind = getenv("TERM");
    bool dumb = kind == NULL || strcmp(kind, "dumb") == 0;
    terminal->is_one = isatty(STDOUT_FILENO) == 1;
    terminal->colours = terminal->is_one && !dumb && !is_set("NO_COLOR");
    terminal->pages = terminal->is_one && !dumb;
}

static size_t count_rows(void)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    return known ? size.ws_row : ROWS_UNKNOWN;
}

static size_t count_lines(struct slice text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n';
    }
    return lines;
}

/* Interrupts are the pager's while it runs: the shell has them blocked, its child must not. */
static bool write_through_pager(struct slice text)
{
    sigset_t interrupt;
    const char *pager = is_set("PAGER") ? getenv("PAGER") : "less -RX";
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
    FILE *pipe = popen(pager, "w");
    sigprocmask(SIG_BLOCK, &interrupt, NULL);
    if (pipe == NULL) {
        return false;
    }
    /* A pager that is left early takes less than all. */
    (void)fwrite(text.data, 1, text.size, pipe);
    int status = pclose(pipe);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_MISSING);
}

void terminal_write(const struct terminal *terminal, struct slice text)
{
    bool is_long = terminal->pages && count_lines(text) + ROWS_LEFT > count_rows();
    fflush(stdout);
    if (!is_long || !write_through_pager(text)) {
        (void)fwrite(text.data, 1, text.size, stdout);
        fflush(stdout);
    }
}
