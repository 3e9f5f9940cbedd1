/* TLS on the wire: who is let in, what ends a connection, long replies, half-closes, new files. */
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCHEMA "{\"tables\":{\"notes\":{}}}"
#define PING   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
#define INFO   "{\"id\":1,\"method\":\"info\"}"
#define PONG   "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}"

struct fixture {
    struct certificates files;
    struct live_server server;
};

static void fixture_start(struct fixture *f, const char *option, const char *value)
{
    certificates_make(&f->files);
    live_start(&f->server, SCHEMA,
               (const char *[]){"--tls-cert", f->files.server, "--tls-key", f->files.server_key,
                                option, value, NULL});
}

static void fixture_stop(struct fixture *f)
{
    live_stop(&f->server);
    certificates_remove(&f->files);
}

static void connect_to(struct tls_client *client, const struct fixture *f)
{
    cr_assert(
        tls_client_connect(client, &f->server, &(struct tls_client_options){.ca = f->files.ca}));
}

static void expect_pong(struct tls_client *client)
{
    struct slice line = tls_client_ask(client, PING);
    cr_expect(slice_equal(line, SLICE(PONG)), "received %.*s", SLICE_FORMAT(line));
}

Test(live_tls, both_versions_are_spoken_and_older_ones_are_not)
{
    static const struct {
        int version;
        bool spoken;
    } rows[] = {{TLS1_3_VERSION, true}, {TLS1_2_VERSION, true}, {TLS1_1_VERSION, false}};
    struct fixture f;
    fixture_start(&f, NULL, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tls_client client;
        struct tls_client_options options = {.ca = f.files.ca, .version = rows[i].version};
        cr_expect_eq(tls_client_connect(&client, &f.server, &options), rows[i].spoken, "row %zu",
                     i);
        if (rows[i].spoken) {
            expect_pong(&client);
        }
        tls_client_close(&client);
    }
    live_wait_for_log(&f.server, "TLS: unsupported protocol");
    fixture_stop(&f);
}

/* Pipelined requests, framed by headers too, are answered in order. */
Test(live_tls, requests_are_pipelined_as_without_it)
{
    struct fixture f;
    struct tls_client client;
    struct buffer lines = {0};
    fixture_start(&f, NULL, NULL);
    connect_to(&client, &f);
    for (unsigned i = 0; i < 1000; i++) {
        buffer_append_format(&lines,
                             "{\"id\":%u,\"method\":\"insert\",\"params\":[\"notes\",{}]}\n", i);
    }
    tls_client_send(&client, buffer_slice(&lines));
    for (unsigned i = 0; i < 1000; i++) {
        char expected[64];
        snprintf(expected, sizeof(expected), "{\"jsonrpc\":\"2.0\",\"id\":%u,\"result\":\"", i);
        cr_assert(slice_starts_with(tls_client_receive_line(&client), slice_of(expected)), "%u", i);
    }
    buffer_deinit(&lines);
    tls_client_close(&client);
    fixture_stop(&f);
}

/* Replies of many megabytes wait for a client that does not read yet, then come whole. */
Test(live_tls, long_replies_wait_for_slow_readers)
{
    struct fixture f;
    struct tls_client client;
    struct buffer document = {0};
    fixture_start(&f, "--max-output-bytes", "1M");
    connect_to(&client, &f);
    buffer_append_slice(&document, SLICE("{\"id\":1,\"method\":\"insert\",\"params\":[\"notes\","
                                         "{\"text\":\""));
    for (unsigned i = 0; i < 1000000; i++) {
        buffer_append_char(&document, (char)('a' + i % 26));
    }
    buffer_append_slice(&document, SLICE("\"}]}"));
    buffer_append_char(&document, '\0');
    for (unsigned i = 0; i < 8; i++) {
        cr_assert(slice_starts_with(tls_client_ask(&client, document.data), SLICE("{\"jsonrpc\"")));
    }
    for (unsigned i = 0; i < 4; i++) {
        tls_client_send_line(&client, "{\"id\":2,\"method\":\"collect\",\"params\":[\"notes\"]}");
    }
    tls_client_send_line(&client, PING);
    for (unsigned i = 0; i < 4; i++) {
        struct slice line = tls_client_receive_line(&client);
        cr_expect_gt(line.size, 8000000);
        cr_expect(slice_starts_with(line, SLICE("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[{")));
    }
    cr_expect(slice_equal(tls_client_receive_line(&client), SLICE(PONG)));
    buffer_deinit(&document);
    tls_client_close(&client);
    fixture_stop(&f);
}

/* What came before the client's end is answered, the last line without an end too, and the server
 * ends in order. */
Test(live_tls, after_the_clients_end_what_has_come_is_answered)
{
    struct fixture f;
    struct tls_client client;
    fixture_start(&f, NULL, NULL);
    connect_to(&client, &f);
    tls_client_send_line(&client, PING);
    tls_client_send(&client, SLICE(PING));
    tls_client_finish_sending(&client);
    cr_expect(slice_equal(tls_client_receive_line(&client), SLICE(PONG)));
    cr_expect(slice_equal(tls_client_receive_line(&client), SLICE(PONG)));
    cr_expect(tls_client_is_finished(&client));
    tls_client_close(&client);
    fixture_stop(&f);
}

/* A connection that is cut, which anybody on the way can do, ends what is whole and no more. */
Test(live_tls, a_connection_that_is_cut_has_its_last_piece_dropped)
{
    struct fixture f;
    struct tls_client client;
    fixture_start(&f, NULL, NULL);
    connect_to(&client, &f);
    tls_client_send_line(&client, PING);
    tls_client_send(&client, SLICE("{\"id\":2,\"method\":\"insert\",\"params\":[\"notes\",{}]}"));
    live_finish_sending(&client.live);
    cr_expect(slice_equal(tls_client_receive_line(&client), SLICE(PONG)));
    cr_expect(tls_client_is_finished(&client));
    tls_client_close(&client);
    connect_to(&client, &f);
    struct slice line =
        tls_client_ask(&client, "{\"id\":1,\"method\":\"count\",\"params\":[\"notes\"]}");
    cr_expect(slice_equal(line, SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":0}")));
    tls_client_close(&client);
    fixture_stop(&f);
}

Test(live_tls, sigterm_ends_connections_in_order)
{
    struct fixture f;
    struct tls_client client;
    struct live_client silent;
    fixture_start(&f, NULL, NULL);
    connect_to(&client, &f);
    live_connect(&silent, &f.server);
    expect_pong(&client);
    fixture_stop(&f);
    cr_expect(tls_client_is_finished(&client));
    tls_client_close(&client);
    live_close(&silent);
}

/* ---- What ends a connection, and no server */

Test(live_tls, plain_bytes_and_handshakes_that_are_cut_end_their_connection_alone)
{
    static const struct {
        struct slice bytes;
        const char *log;
    } rows[] = {
        {{PING "\n", sizeof(PING)}, "wrong version number"},
        {{"GET / HTTP/1.1\r\n\r\n", 18}, "http request"},
        {{"\x16\x03\x01\x02\x00\x01\x00", 7}, "the client left in the middle of the handshake"},
        {{"\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff", 10}, "closed a connection from 127.0.0.1"},
    };
    struct fixture f;
    struct tls_client good;
    fixture_start(&f, NULL, NULL);
    connect_to(&good, &f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct live_client client;
        live_connect(&client, &f.server);
        live_send(&client, rows[i].bytes);
        live_finish_sending(&client);
        live_is_finished(&client);
        live_close(&client);
        live_wait_for_log(&f.server, rows[i].log);
        expect_pong(&good);
    }
    tls_client_close(&good);
    fixture_stop(&f);
}

/* The number behind `name` in what `info` answers. */
static uint64_t number_in(struct slice info, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i + size < info.size; i++) {
        if (memcmp(info.data + i, name, size) == 0) {
            return strtoull(info.data + i + size, NULL, 10);
        }
    }
    cr_assert(false, "no %s in %.*s", name, SLICE_FORMAT(info));
    return 0;
}

/* The server stands still until all has been sent, so that it finds everything at once. */
Test(live_tls, many_handshakes_do_not_hold_up_who_has_shaken_hands)
{
    struct fixture f;
    struct tls_client good;
    static struct live_client clients[400];
    int status = 0;
    fixture_start(&f, NULL, NULL);
    connect_to(&good, &f);
    expect_pong(&good);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        live_connect(&clients[i], &f.server);
    }
    expect_pong(&good);
    cr_expect_eq(number_in(tls_client_ask(&good, INFO), "\"handshakes\":"), 1);
    cr_assert(kill(f.server.pid, SIGSTOP) == 0);
    cr_assert(waitpid(f.server.pid, &status, WUNTRACED) == f.server.pid);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        live_send(&clients[i], SLICE(PING "\n"));
    }
    tls_client_send_line(&good, INFO);
    cr_assert(kill(f.server.pid, SIGCONT) == 0);
    cr_expect_leq(number_in(tls_client_receive_line(&good), "\"handshakesFailed\":"),
                  COUNT_OF(clients) / 2);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        live_is_finished(&clients[i]);
        live_close(&clients[i]);
    }
    cr_expect_eq(number_in(tls_client_ask(&good, INFO), "\"handshakesFailed\":"),
                 COUNT_OF(clients));
    tls_client_close(&good);
    fixture_stop(&f);
}

/* Each has sent the beginning of a handshake, for which OpenSSL keeps more than was sent. */
Test(live_tls, handshakes_that_do_not_end_are_closed_where_buffers_are_full)
{
    struct fixture f;
    struct tls_client good;
    struct live_client clients[40];
    fixture_start(&f, "--max-buffer-bytes", "4M");
    connect_to(&good, &f);
    expect_pong(&good);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        live_connect(&clients[i], &f.server);
        live_send(&clients[i], SLICE("\x16\x03\x01\x00\x04\x01\x02\x00\x00"));
    }
    live_wait_for_log(&f.server, "connections with the largest are closed");
    live_is_finished(&clients[0]);
    expect_pong(&good);
    struct slice info = tls_client_ask(&good, INFO);
    cr_expect(live_contains(info, "\"evicted\":") && !live_contains(info, "\"evicted\":0"));
    tls_client_close(&good);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        live_close(&clients[i]);
    }
    fixture_stop(&f);
}

/* The log is not as long as such clients like. */
Test(live_tls, handshakes_that_fail_without_end_do_not_fill_the_log)
{
    struct fixture f;
    fixture_start(&f, NULL, NULL);
    FILE *log = live_open_log(&f.server);
    for (unsigned i = 0; i < LOG_LIMIT_COUNT + 15; i++) {
        struct live_client client;
        live_connect(&client, &f.server);
        live_send(&client, SLICE(PING "\n"));
        live_is_finished(&client);
        live_close(&client);
    }
    fixture_stop(&f);
    cr_expect_eq(live_count_in_log(log, "TLS: wrong version number"), LOG_LIMIT_COUNT);
    cr_expect_eq(live_count_in_log(log, "left out 15 more lines about handshakes of TLS"), 1);
    fclose(log);
}

Test(live_tls, a_client_that_does_not_trust_the_server_ends_its_connection_alone)
{
    struct fixture f;
    struct tls_client client;
    fixture_start(&f, NULL, NULL);
    cr_expect_not(tls_client_connect(&client, &f.server,
                                     &(struct tls_client_options){.ca = f.files.stranger}));
    tls_client_close(&client);
    live_wait_for_log(&f.server, "unknown ca");
    connect_to(&client, &f);
    expect_pong(&client);
    tls_client_close(&client);
    fixture_stop(&f);
}

/* Whether a client with the options gets an answer. */
static bool is_let_in(const struct fixture *f, const struct tls_client_options *options)
{
    struct tls_client client;
    bool answered = tls_client_connect(&client, &f->server, options) &&
                    SSL_write(client.session, PING "\n", sizeof(PING)) > 0 &&
                    slice_equal(tls_client_receive_line(&client), SLICE(PONG));
    tls_client_close(&client);
    return answered;
}

Test(live_tls, clients_without_a_certificate_that_is_wanted_are_not_let_in)
{
    struct fixture f;
    certificates_make(&f.files);
    live_start(&f.server, SCHEMA,
               (const char *[]){"--tls-cert", f.files.server, "--tls-key", f.files.server_key,
                                "--tls-client-ca", f.files.ca, NULL});
    const struct certificates *files = &f.files;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        cr_expect(is_let_in(&f, &(struct tls_client_options){.ca = files->ca,
                                                             .certificate = files->client,
                                                             .key = files->client_key,
                                                             .version = version}));
        cr_expect_not(
            is_let_in(&f, &(struct tls_client_options){.ca = files->ca, .version = version}));
        cr_expect_not(is_let_in(&f, &(struct tls_client_options){.ca = files->ca,
                                                                 .certificate = files->stranger,
                                                                 .key = files->stranger_key,
                                                                 .version = version}));
    }
    live_wait_for_log(&f.server, "peer did not return a certificate");
    live_wait_for_log(&f.server, "certificate verify failed");
    fixture_stop(&f);
}

/* ---- Reading the files again */

/* The serial number of the certificate that the server shows now. */
static long shown_serial(const struct fixture *f)
{
    struct tls_client client;
    connect_to(&client, f);
    X509 *certificate = SSL_get1_peer_certificate(client.session);
    long serial = ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
    X509_free(certificate);
    tls_client_close(&client);
    return serial;
}

Test(live_tls, new_certificates_are_shown_after_sighup_and_old_connections_stay)
{
    struct fixture f;
    struct tls_client old;
    fixture_start(&f, NULL, NULL);
    connect_to(&old, &f);
    long before = shown_serial(&f);
    certificates_renew_server(&f.files);
    cr_expect_eq(shown_serial(&f), before);
    cr_assert(kill(f.server.pid, SIGHUP) == 0);
    live_wait_for_log(&f.server, "SIGHUP: read the certificates");
    cr_expect_neq(shown_serial(&f), before);
    expect_pong(&old);
    tls_client_close(&old);
    fixture_stop(&f);
}

Test(live_tls, files_that_do_not_fit_change_nothing)
{
    struct fixture f;
    fixture_start(&f, NULL, NULL);
    long before = shown_serial(&f);
    FILE *file = fopen(f.files.server_key, "wb");
    fputs("nonsense", file);
    fclose(file);
    cr_assert(kill(f.server.pid, SIGHUP) == 0);
    live_wait_for_log(&f.server, "SIGHUP: the certificates stay as they were: --tls-key");
    cr_expect_eq(shown_serial(&f), before);
    fixture_stop(&f);
}

/* A key that others can read changes nothing, and starts nothing. */
Test(live_tls, a_key_that_others_can_read_is_refused)
{
    struct fixture f;
    fixture_start(&f, NULL, NULL);
    long before = shown_serial(&f);
    certificates_renew_server(&f.files);
    cr_assert(chmod(f.files.server_key, 0644) == 0);
    cr_assert(kill(f.server.pid, SIGHUP) == 0);
    live_wait_for_log(&f.server, "others may read or write it (mode 0644); chmod 600 it");
    cr_expect_eq(shown_serial(&f), before);
    cr_assert(chmod(f.files.server_key, 0640) == 0);
    cr_assert(kill(f.server.pid, SIGHUP) == 0);
    live_wait_for_log(&f.server, "SIGHUP: read the certificates");
    cr_expect_neq(shown_serial(&f), before);
    fixture_stop(&f);
}

/* ---- The start */

static void expect_no_start(const char *const *arguments, int status, const char *text)
{
    struct live_result result;
    live_run(&result, arguments, SLICE(""));
    buffer_append_char(&result.errors, '\0');
    cr_expect_eq(result.status, status);
    cr_expect_not_null(strstr(result.errors.data, text), "%s", result.errors.data);
    live_result_deinit(&result);
}

Test(live_tls, wrong_files_stop_the_start)
{
    struct certificates files;
    char schema[] = "/tmp/tenon-live-schema-XXXXXX";
    int descriptor = mkstemp(schema);
    cr_assert(write(descriptor, SCHEMA, sizeof(SCHEMA) - 1) == sizeof(SCHEMA) - 1);
    close(descriptor);
    certificates_make(&files);
    const struct {
        int status;
        const char *certificate;
        const char *key;
        const char *client_ca;
        const char *text;
    } rows[] = {
        {1, "/nowhere", files.server_key, files.ca, "--tls-cert /nowhere: "},
        {1, schema, files.server_key, files.ca, "--tls-cert /tmp/tenon-live-schema"},
        {1, files.server, "/nowhere", files.ca, "--tls-key /nowhere: "},
        {1, files.server, files.client_key, files.ca, "key values mismatch"},
        {1, files.server, files.server_key, "/nowhere", "--tls-client-ca /nowhere: "},
        {1, files.server, files.server_key, schema, "--tls-client-ca /tmp/tenon-live-schema"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect_no_start((const char *[]){"serve", "--schema", schema, "--listen=127.0.0.1:0",
                                         "--tls-cert", rows[i].certificate, "--tls-key",
                                         rows[i].key, "--tls-client-ca", rows[i].client_ca, NULL},
                        rows[i].status, rows[i].text);
    }
    expect_no_start((const char *[]){"serve", "--schema", schema, "--tls-cert", files.server, NULL},
                    2, "--tls-cert and --tls-key: give both, or neither");
    expect_no_start(
        (const char *[]){"serve", "--schema", schema, "--tls-client-ca", files.ca, NULL}, 2,
        "--tls-client-ca: needs --tls-cert and --tls-key");
    certificates_remove(&files);
    unlink(schema);
}

/* ---- The commands */

/* Runs a command with two documents as its input, and looks for `text` in what it prints. */
static void expect_run(const char *const *arguments, int status, const char *text)
{
    struct live_result result;
    live_run(&result, arguments, SLICE("{\"n\":1}\n{\"n\":2}\n"));
    buffer_append_slice(&result.output, buffer_slice(&result.errors));
    buffer_append_char(&result.output, '\0');
    cr_expect_eq(result.status, status, "%s: %s", arguments[0], result.output.data);
    cr_expect_not_null(strstr(result.output.data, text), "%s: %s", arguments[0],
                       result.output.data);
    live_result_deinit(&result);
}

static void address_of(const struct fixture *f, const char *host, char address[64])
{
    snprintf(address, 64, "%s:%u", host, f->server.port);
}

Test(live_tls, the_commands_speak_it)
{
    struct fixture f;
    char address[64];
    fixture_start(&f, NULL, NULL);
    address_of(&f, "localhost", address);
    const char *const common[] = {"--server", address, "--tls-ca", f.files.ca};
    expect_run((const char *[]){"call", common[0], common[1], common[2], common[3], "ping", NULL},
               0, "pong");
    expect_run(
        (const char *[]){"import", common[0], common[1], common[2], common[3], "notes=-", NULL}, 0,
        "2 rows imported");
    expect_run((const char *[]){"export", common[0], common[1], common[2], common[3], NULL}, 0,
               "notes.jsonl");
    struct live_result result;
    live_run(&result, (const char *[]){"shell", common[0], common[1], common[2], common[3], NULL},
             SLICE("count notes\n"));
    cr_expect(slice_equal(buffer_slice(&result.output), SLICE("2\n")));
    live_result_deinit(&result);
    fixture_stop(&f);
}

/* Requests by the thousands and their replies pass each other, and the end is one of TLS. */
Test(live_tls, a_stream_of_requests_is_answered_to_its_end)
{
    struct fixture f;
    char address[64];
    struct buffer requests = {0};
    struct live_result result;
    size_t lines = 0;
    fixture_start(&f, NULL, NULL);
    address_of(&f, "127.0.0.1", address);
    for (unsigned i = 0; i < 20000; i++) {
        buffer_append_format(&requests, "{\"id\":%u,\"method\":\"rpc.nothing\"}\n", i);
    }
    live_run(&result,
             (const char *[]){"call", "--server", address, "--tls-ca", f.files.ca, "-", NULL},
             buffer_slice(&requests));
    for (size_t i = 0; i < result.output.size; i++) {
        lines += result.output.data[i] == '\n';
    }
    cr_expect_eq(result.status, 0);
    cr_expect_eq(lines, 20000);
    buffer_deinit(&requests);
    live_result_deinit(&result);
    fixture_stop(&f);
}

Test(live_tls, a_command_tells_why_it_does_not_trust_or_understand)
{
    struct fixture f;
    char address[64];
    fixture_start(&f, NULL, NULL);
    address_of(&f, "127.0.0.1", address);
    const struct certificates *files = &f.files;
    const struct {
        const char *options[4];
        const char *text;
    } rows[] = {
        {{NULL}, "the server speaks TLS; say --tls or --tls-ca"},
        {{"--tls"}, "; --tls-ca says whom to trust"},
        {{"--tls-ca", files->stranger}, "; --tls-ca says whom to trust"},
        {{"--tls-ca", "/nowhere"}, "--tls-ca /nowhere: No such file or directory"},
        {{"--tls", "--tls-cert", files->client}, "--tls-cert and --tls-key: give both, or neither"},
        {{"--tls", "--tls-cert=/nowhere", "--tls-key=/nowhere"},
         "--tls-cert /nowhere: No such file or directory"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *arguments[9] = {"call", "--server", address, "ping"};
        memcpy(arguments + 4, rows[i].options, sizeof(rows[i].options));
        expect_run(arguments, 2, rows[i].text);
    }
    expect_run((const char *[]){"call", "--tls", "--socket", "/nowhere", "ping", NULL}, 2,
               "a Unix socket speaks no TLS");
    fixture_stop(&f);
}

/* The client's certificate is for no host at all. */
Test(live_tls, a_certificate_for_another_host_is_not_trusted)
{
    struct certificates files;
    struct live_server server;
    char address[64];
    certificates_make(&files);
    live_start(&server, SCHEMA,
               (const char *[]){"--tls-cert", files.client, "--tls-key", files.client_key, NULL});
    snprintf(address, sizeof(address), "127.0.0.1:%u", server.port);
    expect_run((const char *[]){"call", "--server", address, "--tls-ca", files.ca, "ping", NULL}, 2,
               "IP address mismatch");
    snprintf(address, sizeof(address), "localhost:%u", server.port);
    expect_run((const char *[]){"call", "--server", address, "--tls-ca", files.ca, "ping", NULL}, 2,
               "hostname mismatch");
    live_stop(&server);
    certificates_remove(&files);
}

Test(live_tls, a_server_without_it_is_told_as_one)
{
    struct live_server server;
    char address[64];
    live_start(&server, SCHEMA, NULL);
    snprintf(address, sizeof(address), "127.0.0.1:%u", server.port);
    expect_run((const char *[]){"call", "--server", address, "--tls", "ping", NULL}, 2,
               "the server does not speak it");
    live_stop(&server);
}

Test(live_tls, a_command_shows_its_certificate_and_takes_the_environments_authority)
{
    struct fixture f;
    char address[64];
    certificates_make(&f.files);
    live_start(&f.server, SCHEMA,
               (const char *[]){"--tls-cert", f.files.server, "--tls-key", f.files.server_key,
                                "--tls-client-ca", f.files.ca, NULL});
    address_of(&f, "127.0.0.1", address);
    setenv("TENON_SERVER", address, 1);
    setenv("TENON_TLS_CA", f.files.ca, 1);
    expect_run((const char *[]){"call", "--tls-cert", f.files.client, "--tls-key",
                                f.files.client_key, "ping", NULL},
               0, "pong");
    expect_run((const char *[]){"call", "ping", NULL}, 2, "certificate required");
    fixture_stop(&f);
}
