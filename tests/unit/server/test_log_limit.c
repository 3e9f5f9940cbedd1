/* Lines that clients cause: how many are written, and that the others are told of. */
#include "server/log_limit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIME_MS 5

struct fixture {
    uv_loop_t loop;
    struct log_limit limit;
    FILE *log; /* in the place of stderr */
};

static void setup(struct fixture *f)
{
    f->log = tmpfile();
    cr_assert(f->log != NULL && dup2(fileno(f->log), STDERR_FILENO) >= 0);
    uv_loop_init(&f->loop);
    log_limit_init(&f->limit, &f->loop, TIME_MS);
}

static void teardown(struct fixture *f)
{
    uv_run(&f->loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&f->loop), 0);
    fclose(f->log);
}

/* How many lines of the log end in `text`. */
static unsigned count_lines(const struct fixture *f, const char *text)
{
    char line[512];
    unsigned count = 0;
    rewind(f->log);
    while (fgets(line, sizeof(line), f->log) != NULL) {
        size_t size = strcspn(line, "\n");
        count +=
            size >= strlen(text) && memcmp(line + size - strlen(text), text, strlen(text)) == 0;
    }
    return count;
}

static void write_lines(struct fixture *f, enum log_kind kind, unsigned count, const char *text)
{
    for (unsigned i = 0; i < count; i++) {
        log_limit_line(&f->limit, kind, "%s", text);
    }
}

static void expect_left_out(const struct fixture *f, unsigned count, const char *about,
                            unsigned times)
{
    char text[128];
    snprintf(text, sizeof(text), "left out %u more lines about %s: at most %d are written in %d ms",
             count, about, LOG_LIMIT_COUNT, TIME_MS);
    cr_expect_eq(count_lines(f, text), times, "%s", text);
}

/* One kind does not take the room of another. */
Test(log_limit, of_each_kind_so_many_lines_are_written_and_the_rest_is_counted)
{
    struct fixture f;
    setup(&f);
    write_lines(&f, LOG_HANDSHAKE, LOG_LIMIT_COUNT + 7, "handshake");
    write_lines(&f, LOG_TOKEN, LOG_LIMIT_COUNT, "token");
    cr_expect_eq(count_lines(&f, "handshake"), LOG_LIMIT_COUNT);
    cr_expect_eq(count_lines(&f, "token"), LOG_LIMIT_COUNT);
    log_limit_close(&f.limit);
    expect_left_out(&f, 7, "handshakes of TLS that failed", 1);
    cr_expect_eq(count_lines(&f, ""), 2 * LOG_LIMIT_COUNT + 1);
    teardown(&f);
}

Test(log_limit, after_a_while_it_is_told_and_begins_anew)
{
    struct fixture f;
    setup(&f);
    for (unsigned i = 1; i <= 2; i++) {
        write_lines(&f, LOG_TOKEN, LOG_LIMIT_COUNT + 3, "token");
        cr_expect_eq(count_lines(&f, "token"), i * LOG_LIMIT_COUNT);
        uv_run(&f.loop, UV_RUN_DEFAULT);
        expect_left_out(&f, 3, "unknown tokens", i);
    }
    log_limit_close(&f.limit);
    expect_left_out(&f, 3, "unknown tokens", 2);
    teardown(&f);
}
