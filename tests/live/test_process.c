/* The server as a process: how it starts, refuses to start, and ends. */
#include "tests/support/live.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCHEMA "{\"tables\":{\"notes\":{}}}"
#define PING   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
#define PONG   "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}"

static void expect_pong(struct live_client *client)
{
    struct slice line = live_ask(client, PING);
    cr_assert(slice_equal(line, SLICE(PONG)), "received %.*s", SLICE_FORMAT(line));
}

/* ---- The end */

/* What was sent before SIGTERM is answered and sent, then the server ends with status 0. */
Test(live_process, sigterm_lets_what_was_received_be_answered)
{
    struct live_server server;
    struct live_client client;
    struct buffer requests = {0};
    live_start(&server, SCHEMA, NULL);
    live_connect(&client, &server);
    expect_pong(&client);
    for (unsigned i = 0; i < 500; i++) {
        buffer_append_format(&requests,
                             "{\"id\":%u,\"method\":\"insert\",\"params\":[\"notes\",{}]}\n", i);
    }
    live_send(&client, buffer_slice(&requests));
    live_stop(&server);
    for (unsigned i = 0; i < 500; i++) {
        char expected[64];
        snprintf(expected, sizeof(expected), "{\"jsonrpc\":\"2.0\",\"id\":%u,\"result\":\"", i);
        cr_assert(slice_starts_with(live_receive_line(&client), slice_of(expected)));
    }
    cr_assert(live_is_finished(&client));
    buffer_deinit(&requests);
    live_close(&client);
}

Test(live_process, sigint_ends_it_as_sigterm_does)
{
    struct live_server server;
    struct live_client client;
    live_start(&server, SCHEMA, NULL);
    live_connect(&client, &server);
    expect_pong(&client);
    cr_assert(kill(server.pid, SIGINT) == 0);
    live_wait(&server);
    cr_assert(live_is_finished(&client));
    live_close(&client);
}

/* A script may send a signal as soon as it has read where the server listens. */
Test(live_process, a_signal_right_behind_the_line_that_says_where_it_listens_ends_it_in_order)
{
    for (unsigned i = 0; i < 10; i++) {
        struct live_server server;
        live_start(&server, SCHEMA, NULL);
        live_stop(&server);
    }
}

/* The schema is a FIFO, so that the server is still starting when the signal comes. */
Test(live_process, a_sighup_while_it_starts_waits_until_it_serves, .timeout = 60)
{
    char folder[] = "/tmp/tenon-start-XXXXXX";
    char schema[64];
    char log[64];
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(schema, sizeof(schema), "%s/schema.json", folder);
    snprintf(log, sizeof(log), "%s/log", folder);
    cr_assert(mkfifo(schema, 0600) == 0);
    const char *binary = getenv("TENON_BINARY");
    binary = binary != NULL ? binary : "build/tenon-sanitized";
    pid_t pid = fork();
    cr_assert(pid >= 0);
    if (pid == 0) {
        cr_assert(freopen(log, "w", stderr) != NULL && freopen("/dev/null", "w", stdout) != NULL);
        execl(binary, "tenon", "serve", "--schema", schema, "--listen", "127.0.0.1:0", NULL);
        _exit(127);
    }
    int descriptor = open(schema, O_WRONLY); /* comes back when the server reads */
    cr_assert(descriptor >= 0 && kill(pid, SIGHUP) == 0);
    cr_assert(write(descriptor, SCHEMA, strlen(SCHEMA)) == (ssize_t)strlen(SCHEMA));
    close(descriptor);
    char text[4096] = "";
    for (unsigned i = 0; i < 2000 && strstr(text, "SIGHUP") == NULL; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        FILE *file = fopen(log, "r");
        size_t size = file == NULL ? 0 : fread(text, 1, sizeof(text) - 1, file);
        text[size] = '\0';
        if (file != NULL) {
            fclose(file);
        }
    }
    int status = 0;
    cr_expect(strstr(text, "SIGHUP") != NULL, "%s", text);
    cr_expect(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid && status == 0, "%d",
              status);
    unlink(schema);
    unlink(log);
    rmdir(folder);
}

/* A client that is connected and says nothing does not hold up the end. */
Test(live_process, idle_connections_do_not_hold_up_the_end)
{
    struct live_server server;
    struct live_client idle, half;
    live_start(&server, SCHEMA, NULL);
    live_connect(&idle, &server);
    live_connect(&half, &server);
    expect_pong(&half);
    live_send(&half, SLICE("{\"id\":1,\"meth"));
    live_stop(&server);
    cr_assert(live_is_finished(&idle));
    live_close(&half);
    live_close(&idle);
}

/* ---- The start */

/* Runs the binary: it must print one line that has both texts, and fail with status 1. */
static void expect_one_line(const char *const *arguments, const char *first, const char *second)
{
    struct live_result result;
    live_run(&result, arguments, SLICE(""));
    size_t lines = 0;
    for (size_t i = 0; i < result.errors.size; i++) {
        lines += result.errors.data[i] == '\n';
    }
    bool good = result.status == 1 && result.output.size == 0 && lines == 1 &&
                live_contains(buffer_slice(&result.errors), first) &&
                live_contains(buffer_slice(&result.errors), second);
    cr_expect(good,
              "should fail with 1 and a line with '%s' and '%s'; status %d, output %.*s, "
              "errors %.*s",
              first, second, result.status, (int)result.output.size,
              result.output.size == 0 ? "" : result.output.data, (int)result.errors.size,
              result.errors.size == 0 ? "" : result.errors.data);
    live_result_deinit(&result);
}

static void write_schema(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
}

Test(live_process, a_schema_that_is_wrong_stops_the_start_with_one_line)
{
    static const char *const cases[][2] = {
        {"{\"tables\":{\"notes\":}}", "line 1, column "}, /* line and column */
        {"{\"tables\":{\"notes\":{\"fields\":{\"a\":\"strong\"}}}}", "strong"},
        {"{\"tables\":{\"notes\":{\"feilds\":{}}}}", "feilds"},
        {"{\"tables\":{\"notes\":{\"fields\":{\"a\":\"string\"},\"indexes\":{\"by_b\":[\"b\"]}}}}",
         "by_b"},
        {"{\"tables\":{\"notes\":{\"fields\":{\"a\":{\"id\":\"users\"}}}}}", "users"},
        {"{\"tables\":{\"notes\":{\"indexes\":{\"by_id\":[\"a\"]}}}}", "by_id"},
        {"{\"tables\":{\"notes\":{\"indexes\":{\"x\":[\"a\"],\"y\":[\"a\"]}}}}", "notes"},
        {"{\"tables\":{\"notes\":{},\"notes\":{}}}", "twice"},
        {"[]", "tables"},
        {"", "schema"},
    };
    char path[] = "/tmp/tenon-schema-XXXXXX";
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0);
    close(descriptor);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const arguments[] = {"serve",    "--schema",    path,
                                         "--listen", "127.0.0.1:0", NULL};
        write_schema(path, cases[i][0]);
        expect_one_line(arguments, path, cases[i][1]);
    }
    unlink(path);
}

Test(live_process, a_schema_that_cannot_be_read_stops_the_start_with_one_line)
{
    const char *const missing[] = {"serve", "--schema", "/tmp/tenon-no-such-schema.json", NULL};
    const char *const folder[] = {"serve", "--schema", "/tmp", NULL};
    expect_one_line(missing, "/tmp/tenon-no-such-schema.json", "No such file");
    expect_one_line(folder, "/tmp", "irectory");
}

Test(live_process, data_that_is_no_directory_stops_the_start_with_one_line)
{
    char path[] = "/tmp/tenon-schema-XXXXXX";
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0);
    close(descriptor);
    write_schema(path, SCHEMA);
    const char *const arguments[] = {"serve", "--schema", path,          "--data",
                                     path,    "--listen", "127.0.0.1:0", NULL};
    expect_one_line(arguments, path, ": Not a directory\n");
    unlink(path);
}

Test(live_process, a_port_in_use_stops_the_start_with_one_line)
{
    struct live_server server;
    char schema[96];
    char address[32];
    live_start(&server, SCHEMA, NULL);
    snprintf(schema, sizeof(schema), "%s/schema.json", server.folder);
    snprintf(address, sizeof(address), "127.0.0.1:%u", server.port);
    const char *const arguments[] = {"serve", "--schema", schema, "--listen", address, NULL};
    expect_one_line(arguments, address, "in use");
    live_stop(&server);
}

Test(live_process, a_socket_in_a_folder_that_is_not_there_stops_the_start_with_one_line)
{
    char path[] = "/tmp/tenon-schema-XXXXXX";
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0);
    close(descriptor);
    write_schema(path, SCHEMA);
    const char *const arguments[] = {
        "serve",    "--schema",    path, "--socket", "/tmp/tenon-no-such-folder/socket",
        "--listen", "127.0.0.1:0", NULL};
    expect_one_line(arguments, "/tmp/tenon-no-such-folder/socket", "its folder is not there");
    unlink(path);
}

Test(live_process, an_option_that_is_wrong_is_named)
{
    static const char *const cases[][6] = {
        {"serve", "--shcema", "x", NULL},
        {"serve", "--schema", NULL},
        {"serve", "--schema", "x", "--listen", "nonsense:here:x", NULL},
        {"serve", "--max-connections", "many", NULL},
        {"sevre", NULL},
    };
    static const char *const named[] = {"--shcema", "--schema", "--listen", "--max-connections",
                                        "sevre"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct live_result result;
        live_run(&result, cases[i], SLICE(""));
        cr_expect(result.status != 0 && result.status < 128 && result.output.size == 0,
                  "%s: status %d", named[i], result.status);
        cr_expect(live_contains(buffer_slice(&result.errors), named[i]), "%s: %.*s", named[i],
                  (int)result.errors.size, result.errors.data);
        live_result_deinit(&result);
    }
}

Test(live_process, help_and_version_go_to_standard_output)
{
    static const struct {
        const char *arguments[3];
        const char *holds;
    } cases[] = {
        {{"--help", NULL}, "serve"},          {{"serve", "--help", NULL}, "--schema"},
        {{"call", "--help", NULL}, "METHOD"}, {{"import", "--help", NULL}, "TABLE=FILE"},
        {{"--version", NULL}, "tenon "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct live_result result;
        live_run(&result, cases[i].arguments, SLICE(""));
        cr_expect(result.status == 0 && result.errors.size == 0 &&
                      live_contains(buffer_slice(&result.output), cases[i].holds),
                  "%s: status %d, %.*s", cases[i].arguments[0], result.status,
                  (int)result.output.size, result.output.size == 0 ? "" : result.output.data);
        live_result_deinit(&result);
    }
}

/* ---- The Unix socket */

Test(live_process, a_unix_socket_serves_beside_tcp_and_goes_with_the_server)
{
    struct live_server server;
    struct live_client client, other;
    struct stat status;
    char path[64];
    snprintf(path, sizeof(path), "/tmp/tenon-test-%d.socket", (int)getpid());
    const char *const options[] = {"--socket", path, NULL};
    live_start(&server, SCHEMA, options);
    live_connect_unix(&client, path);
    live_connect(&other, &server);
    expect_pong(&client);
    expect_pong(&other);
    cr_assert(live_is_silent(&client, 20));
    live_stop(&server);
    cr_assert(live_is_finished(&client));
    cr_assert(stat(path, &status) != 0, "the socket file is left behind");
    live_close(&client);
    live_close(&other);
}

/* A server that was killed leaves its socket file; the next one takes its place. */
Test(live_process, a_socket_file_without_a_server_is_taken_over)
{
    struct live_server first, second;
    struct live_client client;
    char path[64];
    snprintf(path, sizeof(path), "/tmp/tenon-test-%d.socket", (int)getpid());
    const char *const options[] = {"--socket", path, NULL};
    live_start(&first, SCHEMA, options);
    live_kill(&first);
    live_start(&second, SCHEMA, options);
    live_connect_unix(&client, path);
    expect_pong(&client);
    live_close(&client);
    live_stop(&second);
}
