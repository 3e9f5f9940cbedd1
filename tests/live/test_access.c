/* Tokens on the wire: who may call what, strangers, delays, reading the file again. */
#include "server/access.h"
#include "server/admission.h"
#include "server/log_limit.h"
#include "server/methods.h"
#include "server/tokens.h"
#include "tests/support/certificates.h"
#include "tests/support/live.h"
#include "tests/support/tls_client.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SCHEMA "{\"tables\":{\"notes\":{}}}"
#define PING   "{\"id\":1,\"method\":\"ping\"}"

/* A server with a token for each role. */
struct fixture {
    char path[64]; /* of the file */
    char tokens[ROLE_COUNT][TOKEN_TEXT_SIZE + 1];
    struct buffer lines[ROLE_COUNT]; /* of the file */
    struct live_server server;
};

static void write_file(const char *path, struct slice text)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL);
    cr_assert(fwrite(text.data, 1, text.size, file) == text.size);
    cr_assert(fclose(file) == 0);
}

/* Writes the lines of the roles from `from` on. */
static void write_tokens(const struct fixture *f, enum role from)
{
    struct buffer text = {0};
    for (enum role role = from; role < ROLE_COUNT; role++) {
        buffer_append_slice(&text, buffer_slice(&f->lines[role]));
        buffer_append_char(&text, '\n');
    }
    write_file(f->path, buffer_slice(&text));
    buffer_deinit(&text);
}

static void make_tokens(struct fixture *f)
{
    *f = (struct fixture){.path = "/tmp/tenon-live-tokens-XXXXXX"};
    close(mkstemp(f->path));
    for (enum role role = ROLE_READ; role < ROLE_COUNT; role++) {
        struct slice token = slice_make(f->tokens[role], TOKEN_TEXT_SIZE);
        cr_assert(token_make(f->tokens[role]));
        cr_assert(token_write_line(&f->lines[role], slice_of(role_name(role)), role, token));
    }
    write_tokens(f, ROLE_READ);
}

static void fixture_start(struct fixture *f)
{
    make_tokens(f);
    live_start(&f->server, SCHEMA, (const char *[]){"--auth-file", f->path, NULL});
}

static void fixture_stop(struct fixture *f)
{
    live_stop(&f->server);
    unlink(f->path);
    for (enum role role = ROLE_READ; role < ROLE_COUNT; role++) {
        buffer_deinit(&f->lines[role]);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define EXPECT_IN(line, part)                                                                      \
    do {                                                                                           \
        struct slice line_ = (line);                                                               \
        cr_expect(live_contains(line_, part), "no %s in %.*s", part, SLICE_FORMAT(line_));         \
    } while (0)

static void send_auth(struct live_client *client, const char *token)
{
    char line[256];
    snprintf(line, sizeof(line), "{\"id\":1,\"method\":\"auth\",\"params\":{\"token\":\"%s\"}}",
             token);
    live_send_line(client, line);
}

/* Connects, and authenticates for the role, unless that is none. */
static void connect_as(const struct fixture *f, struct live_client *client, enum role role)
{
    live_connect(client, &f->server);
    if (role != ROLE_NONE) {
        send_auth(client, f->tokens[role]);
        EXPECT_IN(live_receive_line(client), role_name(role));
    }
}

/* The role that each method needs, by its name. */
static const struct {
    enum role role;
    const char *methods;
} needed_roles[] = {
    {ROLE_NONE, " auth "},
    {ROLE_READ,
     " get getOrThrow getAll getAllOrThrow getOneFrom getOneFromOrThrow getManyFrom getManyVia "
     "getManyViaOrThrow collect first unique take paginate count exists normalizeId query explain "
     "ping info schema exportOpen exportRead exportClose rpc.discover "},
    {ROLE_WRITE, " insert insertMany patch replace delete mutation "},
    {ROLE_ADMIN, " snapshot slowlog "},
};

static enum role needed_role(struct slice method)
{
    char word[64];
    snprintf(word, sizeof(word), " %.*s ", SLICE_FORMAT(method));
    for (size_t i = 0; i < COUNT_OF(needed_roles); i++) {
        if (strstr(needed_roles[i].methods, word) != NULL) {
            return needed_roles[i].role;
        }
    }
    cr_assert(false, "say what role%sneeds", word);
    return ROLE_NONE;
}

static void expect_allowed(struct slice reply, struct slice method, enum role role)
{
    const char *refusal = role == ROLE_NONE ? "\"Unauthenticated\"" : "\"Forbidden\"";
    bool refused = live_contains(reply, refusal);
    cr_expect_eq(refused, role < needed_role(method), "%.*s as %s: %.*s", SLICE_FORMAT(method),
                 role_name(role), SLICE_FORMAT(reply));
}

Test(live_access, every_method_is_for_its_roles_alone)
{
    struct fixture f;
    static struct methods methods;
    methods_init(&methods);
    fixture_start(&f);
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        struct live_client client;
        connect_as(&f, &client, role);
        for (uint32_t i = 0; i < methods.count; i++) {
            char line[128];
            struct slice name = methods.entries[i].name;
            snprintf(line, sizeof(line), "{\"id\":1,\"method\":\"%.*s\"}", SLICE_FORMAT(name));
            expect_allowed(live_ask(&client, line), name, role);
        }
        live_close(&client);
    }
    fixture_stop(&f);
}

Test(live_access, every_method_is_for_its_roles_alone_over_tls_too)
{
    struct fixture f;
    struct certificates files;
    static struct methods methods;
    methods_init(&methods);
    make_tokens(&f);
    certificates_make(&files);
    live_start(&f.server, SCHEMA,
               (const char *[]){"--auth-file", f.path, "--tls-cert", files.server, "--tls-key",
                                files.server_key, NULL});
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        struct tls_client client;
        char line[256];
        cr_assert(
            tls_client_connect(&client, &f.server, &(struct tls_client_options){.ca = files.ca}));
        if (role != ROLE_NONE) {
            snprintf(line, sizeof(line), "{\"id\":1,\"method\":\"auth\",\"params\":[\"%s\"]}",
                     f.tokens[role]);
            EXPECT_IN(tls_client_ask(&client, line), role_name(role));
        }
        for (uint32_t i = 0; i < methods.count; i++) {
            struct slice name = methods.entries[i].name;
            snprintf(line, sizeof(line), "{\"id\":1,\"method\":\"%.*s\"}", SLICE_FORMAT(name));
            expect_allowed(tls_client_ask(&client, line), name, role);
        }
        tls_client_close(&client);
    }
    fixture_stop(&f);
    certificates_remove(&files);
}

/* ---- Strangers */

Test(live_access, what_is_sent_behind_an_auth_is_answered_with_its_role)
{
    struct fixture f;
    struct live_client client;
    struct buffer lines = {0};
    fixture_start(&f);
    live_connect(&client, &f.server);
    buffer_append_format(&lines, "{\"id\":1,\"method\":\"auth\",\"params\":[\"%s\"]}\n",
                         f.tokens[ROLE_WRITE]);
    buffer_append_slice(&lines, SLICE("{\"id\":2,\"method\":\"insert\",\"params\":[\"notes\","
                                      "{\"text\":\""));
    for (unsigned i = 0; i < 3 * ADMISSION_REQUEST_SIZE_MAX; i++) {
        buffer_append_char(&lines, 'x');
    }
    buffer_append_slice(&lines, SLICE("\"}]}\n{\"id\":3,\"method\":\"count\",\"params\":["
                                      "\"notes\"]}\n"));
    live_send(&client, buffer_slice(&lines));
    EXPECT_IN(live_receive_line(&client), "\"id\":1,\"result\":\"write\"");
    EXPECT_IN(live_receive_line(&client), "\"id\":2,\"result\":\"");
    EXPECT_IN(live_receive_line(&client), "\"id\":3,\"result\":1");
    live_close(&client);
    buffer_deinit(&lines);
    fixture_stop(&f);
}

Test(live_access, a_stranger_may_only_send_small_messages)
{
    struct fixture f;
    struct live_client client;
    struct buffer line = {0};
    fixture_start(&f);
    buffer_append_slice(&line, SLICE("{\"id\":1,\"method\":\"ping\",\"x\":\""));
    for (unsigned i = 0; i < ADMISSION_REQUEST_SIZE_MAX; i++) {
        buffer_append_char(&line, 'x');
    }
    buffer_append_slice(&line, SLICE("\"}"));
    buffer_append_char(&line, '\0');
    connect_as(&f, &client, ROLE_NONE);
    EXPECT_IN(live_ask(&client, line.data), "too large for a connection that has not");
    send_auth(&client, f.tokens[ROLE_READ]);
    EXPECT_IN(live_receive_line(&client), "\"result\":\"read\"");
    EXPECT_IN(live_ask(&client, line.data), "\"pong\"");
    live_close(&client);
    buffer_deinit(&line);
    fixture_stop(&f);
}

Test(live_access, of_too_many_strangers_the_oldest_goes)
{
    struct rlimit limit = {.rlim_cur = 2 * ADMISSION_STRANGERS_MAX};
    struct live_client *clients = calloc(ADMISSION_STRANGERS_MAX + 1, sizeof(*clients));
    struct live_client admin;
    struct fixture f;
    fixture_start(&f);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 2 * ADMISSION_STRANGERS_MAX;
    cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    connect_as(&f, &admin, ROLE_ADMIN);
    for (unsigned i = 0; i <= ADMISSION_STRANGERS_MAX; i++) {
        connect_as(&f, &clients[i], ROLE_NONE);
    }
    cr_expect(live_is_finished(&clients[0]));
    EXPECT_IN(live_ask(&clients[1], PING), "\"Unauthenticated\"");
    EXPECT_IN(live_ask(&admin, PING), "\"pong\"");
    for (unsigned i = 0; i <= ADMISSION_STRANGERS_MAX; i++) {
        live_close(&clients[i]);
    }
    live_close(&admin);
    free(clients);
    fixture_stop(&f);
}

Test(live_access, a_stranger_has_ten_seconds, .timeout = 60)
{
    struct fixture f;
    struct live_client stranger, reader;
    fixture_start(&f);
    int64_t begun_ms = now_ms();
    connect_as(&f, &stranger, ROLE_NONE);
    connect_as(&f, &reader, ROLE_READ);
    cr_expect(live_is_finished(&stranger));
    cr_expect_geq(now_ms() - begun_ms, ADMISSION_MS - 100);
    EXPECT_IN(live_ask(&reader, PING), "\"pong\"");
    live_close(&stranger);
    live_close(&reader);
    fixture_stop(&f);
}

/* ---- Delays */

/* Each connection is new, yet the answers wait longer and longer; others do not wait. */
Test(live_access, answers_to_unknown_tokens_wait_and_hold_nobody_up)
{
    struct fixture f;
    struct live_client reader;
    fixture_start(&f);
    connect_as(&f, &reader, ROLE_READ);
    for (int64_t delay_ms = ACCESS_DELAY_FIRST_MS; delay_ms <= 8 * ACCESS_DELAY_FIRST_MS;
         delay_ms *= 2) {
        struct live_client client;
        live_connect(&client, &f.server);
        int64_t begun_ms = now_ms();
        send_auth(&client, "unknown");
        EXPECT_IN(live_ask(&reader, PING), "\"pong\"");
        cr_expect(delay_ms < 800 || live_is_silent(&client, 0), "the reader comes first");
        EXPECT_IN(live_receive_line(&client), "\"Unauthenticated\"");
        cr_expect_geq(now_ms() - begun_ms, delay_ms - 5);
        live_close(&client);
    }
    live_close(&reader);
    fixture_stop(&f);
}

Test(live_access, unknown_tokens_without_end_do_not_fill_the_log)
{
    struct fixture f;
    struct live_client clients[LOG_LIMIT_COUNT + 5];
    fixture_start(&f);
    FILE *log = live_open_log(&f.server);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        live_connect(&clients[i], &f.server);
        send_auth(&clients[i], "unknown");
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        EXPECT_IN(live_receive_line(&clients[i]), "\"Unauthenticated\"");
        live_close(&clients[i]);
    }
    fixture_stop(&f);
    cr_expect_eq(live_count_in_log(log, "refused an unknown token"), LOG_LIMIT_COUNT);
    cr_expect_eq(live_count_in_log(log, "left out 5 more lines about unknown tokens"), 1);
    fclose(log);
}

Test(live_access, what_is_sent_behind_an_unknown_token_is_answered_behind_it)
{
    struct fixture f;
    struct live_client client;
    fixture_start(&f);
    live_connect(&client, &f.server);
    send_auth(&client, "unknown");
    live_send_line(&client, "{\"id\":2,\"method\":\"ping\"}");
    send_auth(&client, f.tokens[ROLE_ADMIN]);
    live_send_line(&client, "{\"id\":3,\"method\":\"ping\"}");
    live_finish_sending(&client);
    EXPECT_IN(live_receive_line(&client), "the token is not known to this server");
    EXPECT_IN(live_receive_line(&client), "\"id\":2,\"error\":{\"code\":-32001");
    EXPECT_IN(live_receive_line(&client), "\"result\":\"admin\"");
    EXPECT_IN(live_receive_line(&client), "\"id\":3,\"result\":\"pong\"");
    cr_expect(live_is_finished(&client));
    live_close(&client);
    fixture_stop(&f);
}

Test(live_access, a_connection_that_waits_does_not_hold_up_the_end)
{
    struct fixture f;
    struct live_client client;
    fixture_start(&f);
    live_connect(&client, &f.server);
    send_auth(&client, "unknown");
    live_wait_for_log(&f.server,
                      "refused an unknown token from 127.0.0.1; the answer waits 100 ms");
    fixture_stop(&f);
    EXPECT_IN(live_receive_line(&client), "\"Unauthenticated\"");
    cr_expect(live_is_finished(&client));
    live_close(&client);
}

/* ---- Reading the file again */

Test(live_access, a_token_that_is_taken_out_loses_its_role_on_open_connections)
{
    struct fixture f;
    struct live_client reader, admin;
    fixture_start(&f);
    connect_as(&f, &reader, ROLE_READ);
    connect_as(&f, &admin, ROLE_ADMIN);
    write_tokens(&f, ROLE_WRITE);
    cr_assert(kill(f.server.pid, SIGHUP) == 0);
    live_wait_for_log(&f.server, "SIGHUP: read 2 tokens");
    EXPECT_IN(live_ask(&reader, PING), "\"Unauthenticated\"");
    EXPECT_IN(live_ask(&admin, PING), "\"pong\"");
    send_auth(&reader, f.tokens[ROLE_WRITE]);
    EXPECT_IN(live_receive_line(&reader), "\"result\":\"write\"");
    live_close(&reader);
    live_close(&admin);
    fixture_stop(&f);
}

Test(live_access, a_file_that_cannot_be_used_changes_nothing)
{
    struct fixture f;
    struct live_client reader;
    fixture_start(&f);
    connect_as(&f, &reader, ROLE_READ);
    write_file(f.path, SLICE("nonsense\n"));
    cr_assert(kill(f.server.pid, SIGHUP) == 0);
    live_wait_for_log(&f.server, "line 1: a line is NAME ROLE HASH");
    EXPECT_IN(live_ask(&reader, PING), "\"pong\"");
    live_close(&reader);
    connect_as(&f, &reader, ROLE_READ);
    live_close(&reader);
    fixture_stop(&f);
}

Test(live_access, sighup_does_not_end_a_server_without_tokens)
{
    struct live_server server;
    struct live_client client;
    live_start(&server, SCHEMA, NULL);
    cr_assert(kill(server.pid, SIGHUP) == 0);
    live_wait_for_log(&server, "there is nothing to read again");
    live_connect(&client, &server);
    EXPECT_IN(live_ask(&client, PING), "\"pong\"");
    live_close(&client);
    live_stop(&server);
}

/* ---- The commands */

static void expect_run(const char *const *arguments, int status, const char *output,
                       const char *errors)
{
    struct live_result result;
    live_run(&result, arguments, SLICE(""));
    buffer_append_char(&result.output, '\0');
    buffer_append_char(&result.errors, '\0');
    cr_expect_eq(result.status, status, "%s", result.errors.data);
    cr_expect_not_null(strstr(result.output.data, output), "%s", result.output.data);
    cr_expect_not_null(strstr(result.errors.data, errors), "%s", result.errors.data);
    live_result_deinit(&result);
}

Test(live_access, wrong_command_lines_of_token_are_told)
{
    static const char *const rows[][6] = {
        {"NAME and --role must be given", "token", NULL},
        {"NAME and --role must be given", "token", "a", NULL},
        {"NAME and --role must be given", "token", "--role", "read", NULL},
        {"there is no such option, or its value is missing", "token", "a", "--role", NULL},
        {"there is no such option", "token", "a", "--rule=read", NULL},
        {"one NAME at a time", "token", "a", "b", "--role=read", NULL},
        {"a NAME is 1 to 64 letters", "token", "a b", "--role=read", NULL},
        {"--role is none of read, write and admin", "token", "a", "--role=none", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect_run(rows[i] + 1, 2, "", rows[i][0]);
    }
    expect_run((const char *[]){"token", "--help", NULL}, 0, "Usage: tenon token NAME", "");
}

/* The two lines that the command prints fit together. */
Test(live_access, a_token_that_the_command_made_is_known_to_a_server)
{
    struct live_result result;
    struct live_server server;
    struct live_client client;
    char path[] = "/tmp/tenon-live-tokens-XXXXXX";
    close(mkstemp(path));
    live_run(&result, (const char *[]){"token", "a", "--role", "write", NULL}, SLICE(""));
    cr_assert_eq(result.status, 0);
    char *line = memchr(result.output.data, '\n', result.output.size);
    cr_assert(line != NULL);
    *line = '\0';
    size_t size = result.output.size - (size_t)(line + 1 - result.output.data);
    write_file(path, slice_make(line + 1, size));
    live_start(&server, SCHEMA, (const char *[]){"--auth-file", path, NULL});
    live_connect(&client, &server);
    send_auth(&client, result.output.data);
    EXPECT_IN(live_receive_line(&client), "\"result\":\"write\"");
    live_close(&client);
    live_stop(&server);
    live_result_deinit(&result);
    unlink(path);
}

Test(live_access, a_server_whose_tokens_cannot_be_read_does_not_start)
{
    char schema[] = "/tmp/tenon-live-schema-XXXXXX";
    close(mkstemp(schema));
    write_file(schema, SLICE(SCHEMA));
    expect_run((const char *[]){"serve", "--schema", schema, "--auth-file", "/nowhere/tokens",
                                "--listen=127.0.0.1:0", NULL},
               1, "", "cannot use the tokens of --auth-file: /nowhere/tokens: No such file");
    unlink(schema);
}

/* 192.0.2.1 is nobody's address, so that binding fails once the server is ready to try it. */
Test(live_access, tokens_let_a_server_listen_beyond_the_loopback)
{
    struct fixture f;
    char schema[] = "/tmp/tenon-live-schema-XXXXXX";
    make_tokens(&f);
    close(mkstemp(schema));
    write_file(schema, SLICE(SCHEMA));
    expect_run((const char *[]){"serve", "--schema", schema, "--listen=192.0.2.1:0", NULL}, 1, "",
               "give --auth-file, or say --insecure");
    expect_run((const char *[]){"serve", "--schema", schema, "--listen=192.0.2.1:0", "--auth-file",
                                f.path, NULL},
               1, "", "address not available");
    unlink(schema);
    unlink(f.path);
    for (enum role role = ROLE_READ; role < ROLE_COUNT; role++) {
        buffer_deinit(&f.lines[role]);
    }
}
