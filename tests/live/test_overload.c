/* Clients that the live server has to be protected from: those that are slow, or too many. */
#include "server/turn.h"
#include "tests/support/live.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define SCHEMA "{\"tables\":{\"notes\":{}}}"
#define PING   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
#define INFO   "{\"id\":1,\"method\":\"info\"}"
#define PONG   "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}"

#define CROWD  90

static void expect_served(struct live_client *client)
{
    struct slice line = live_ask(client, PING);
    cr_assert(slice_equal(line, SLICE(PONG)), "received %.*s", SLICE_FORMAT(line));
}

/* Expects `part` in what `info` answers. */
static void expect_info(struct live_client *client, const char *part)
{
    struct slice line = live_ask(client, INFO);
    cr_assert(live_contains(line, part), "no %s in %.*s", part, SLICE_FORMAT(line));
}

/* ---- Memory */

#define GREEDY_COUNT    20
#define GREEDY_REQUESTS 1500
#define NOTE_SIZE       8000

static void insert_long_note(struct live_client *client)
{
    struct buffer line = {0};
    buffer_append_slice(&line, SLICE("{\"id\":0,\"method\":\"insert\",\"params\":"
                                     "[\"notes\",{\"text\":\""));
    memset(buffer_reserve(&line, NOTE_SIZE), 'x', NOTE_SIZE);
    line.size += NOTE_SIZE;
    buffer_append_slice(&line, SLICE("\"}]}\n"));
    live_send(client, buffer_slice(&line));
    cr_assert(live_contains(live_receive_line(client), "\"result\":\""));
    buffer_deinit(&line);
}

/* Each asks for 12 MB and the server may hold 16 MB for all: they wait, and get all once they read.
 */
Test(live_overload, clients_that_do_not_read_share_what_buffers_may_hold)
{
    const char *const options[] = {"--max-buffer-bytes", "16M", NULL};
    struct live_pair pair;
    struct live_client greedy[GREEDY_COUNT];
    live_pair_start(&pair, SCHEMA, options);
    insert_long_note(&pair.client);
    for (size_t i = 0; i < GREEDY_COUNT; i++) {
        live_connect(&greedy[i], &pair.server);
        for (size_t request = 0; request < GREEDY_REQUESTS; request++) {
            live_send_without_reading(
                &greedy[i], SLICE("{\"id\":1,\"method\":\"collect\",\"params\":[\"notes\"]}\n"),
                50);
        }
        expect_served(&pair.client);
    }
    expect_info(&pair.client, "\"open\":21");
    expect_info(&pair.client, "\"evicted\":0");
    for (size_t i = 0; i < GREEDY_COUNT; i++) {
        for (size_t request = 0; request < GREEDY_REQUESTS; request++) {
            cr_assert(live_receive_line(&greedy[i]).size > NOTE_SIZE);
        }
        live_close(&greedy[i]);
    }
    live_pair_stop(&pair);
}

/* Where it is requests that take the memory, or a long reply, waiting is no help. */
Test(live_overload, the_connection_with_the_largest_buffers_is_closed_where_they_are_full)
{
    const char *const options[] = {"--max-buffer-bytes", "2M", NULL};
    struct live_pair pair;
    struct live_client small, large;
    struct buffer text = {0};
    live_pair_start(&pair, SCHEMA, options);
    memset(buffer_reserve(&text, 3 << 20), '[', 3 << 20);
    live_connect(&small, &pair.server);
    live_connect(&large, &pair.server);
    live_send(&small, slice_make(text.data, 500000));
    expect_served(&pair.client);
    live_send_without_reading(&large, slice_make(text.data, 3 << 20), 100);
    live_is_finished(&large);
    cr_assert_eq(large.received.size, 0);
    expect_info(&pair.client, "\"evicted\":1");
    live_send(&small, SLICE("\n"));
    cr_assert(live_contains(live_receive_line(&small), "\"code\":-32600,"));
    live_close(&small);
    live_close(&large);
    buffer_deinit(&text);
    live_pair_stop(&pair);
}

/* ---- Turns */

#define CROWD_REQUESTS 200

/* How many pings were answered before this reply of `info` was made. */
static uint64_t count_pings(struct slice info)
{
    const char name[] = "\"ping\":";
    for (size_t i = 0; i + sizeof(name) < info.size; i++) {
        if (memcmp(info.data + i, name, sizeof(name) - 1) == 0) {
            return strtoull(info.data + i + sizeof(name) - 1, NULL, 10);
        }
    }
    cr_assert(false, "no pings in %.*s", SLICE_FORMAT(info));
    return 0;
}

/* Sends so many requests at once on each client, more than it is served before others come. */
static void send_requests(struct live_client *clients, size_t count)
{
    struct buffer lines = {0};
    for (size_t i = 0; i < CROWD_REQUESTS; i++) {
        buffer_append_slice(&lines, SLICE(PING "\n"));
    }
    for (size_t i = 0; i < count; i++) {
        live_send(&clients[i], buffer_slice(&lines));
    }
    buffer_deinit(&lines);
}

/* Has the server stand still. It does so some time behind the signal. */
static void halt(const struct live_server *server)
{
    int status = 0;
    cr_assert(kill(server->pid, SIGSTOP) == 0);
    cr_assert(waitpid(server->pid, &status, WUNTRACED) == server->pid && WIFSTOPPED(status));
}

/* The server stands still until all has been sent, so that it finds everything at once. */
Test(live_overload, who_asks_for_little_does_not_wait_for_those_that_ask_for_much)
{
    struct live_pair pair;
    struct live_client crowd[CROWD], two;
    live_pair_start(&pair, SCHEMA, NULL);
    live_connect(&two, &pair.server);
    expect_served(&two);
    for (size_t i = 0; i < CROWD; i++) {
        live_connect(&crowd[i], &pair.server);
        expect_served(&crowd[i]);
    }
    uint64_t before = count_pings(live_ask(&pair.client, INFO));
    halt(&pair.server);
    send_requests(crowd, CROWD);
    live_send(&two, SLICE(INFO "\n" INFO "\n"));
    live_send_line(&pair.client, INFO);
    cr_assert(kill(pair.server.pid, SIGCONT) == 0);
    cr_expect_leq(count_pings(live_receive_line(&pair.client)) - before, WINDOW_COUNT);
    live_receive_line(&two);
    cr_expect_leq(count_pings(live_receive_line(&two)) - before,
                  CROWD * TURN_TENURE_COUNT + WINDOW_COUNT);
    for (size_t i = 0; i < CROWD; i++) {
        for (size_t request = 0; request < CROWD_REQUESTS; request++) {
            cr_assert(slice_equal(live_receive_line(&crowd[i]), SLICE(PONG)));
        }
        live_close(&crowd[i]);
    }
    live_close(&two);
    live_pair_stop(&pair);
}

/* With more of them each has less at a time, so that a round does not become longer. */
Test(live_overload, the_shares_of_many_that_ask_for_much_are_small)
{
    struct live_pair pair;
    struct live_client crowd[2 * TURN_BUSY_FEW], two;
    live_pair_start(&pair, SCHEMA, NULL);
    live_connect(&two, &pair.server);
    expect_served(&two);
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        live_connect(&crowd[i], &pair.server);
        expect_served(&crowd[i]);
    }
    uint64_t before = count_pings(live_ask(&pair.client, INFO));
    halt(&pair.server);
    send_requests(crowd, COUNT_OF(crowd));
    live_send(&two, SLICE(INFO "\n" INFO "\n"));
    cr_assert(kill(pair.server.pid, SIGCONT) == 0);
    live_receive_line(&two);
    cr_expect_leq(count_pings(live_receive_line(&two)) - before,
                  TURN_BUSY_FEW * TURN_TENURE_COUNT + COUNT_OF(crowd));
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        live_close(&crowd[i]);
    }
    live_close(&two);
    live_pair_stop(&pair);
}

/* ---- Descriptors */

#define DESCRIPTORS 128
#define ROOM        84 /* for connections */

/* The server, too, may not open more than this process may. */
Test(live_overload, there_are_as_many_connections_as_the_system_has_descriptors_for)
{
    const struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};
    struct live_pair pair;
    struct live_client crowd[CROWD];
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    live_pair_start(&pair, SCHEMA, NULL);
    expect_served(&pair.client);
    for (size_t i = 1; i < CROWD; i++) {
        live_connect(&crowd[i], &pair.server);
        struct slice line = live_ask(&crowd[i], PING);
        bool refused = live_contains(line, "too many connections");
        cr_assert_eq(refused, i >= ROOM, "%zu: received %.*s", i, SLICE_FORMAT(line));
        cr_assert(refused || slice_equal(line, SLICE(PONG)));
    }
    expect_served(&pair.client);
    expect_info(&pair.client, "\"open\":84,\"limit\":84,");
    for (size_t i = 1; i < CROWD; i++) {
        live_close(&crowd[i]);
    }
    live_pair_stop(&pair);
}

/* A connection that is not let in is not told so before it has said anything. */
Test(live_overload, a_client_that_is_one_too_many_gets_an_answer_in_its_own_framing)
{
    const char *const options[] = {"--max-connections", "1", NULL};
    struct live_pair pair;
    struct live_client headers, silent;
    live_pair_start(&pair, SCHEMA, options);
    expect_served(&pair.client);
    live_connect(&silent, &pair.server);
    live_connect(&headers, &pair.server);
    cr_assert(live_is_silent(&headers, 50));
    live_send(&headers, SLICE("Content-Length: 40\r\n\r\n" PING PING));
    cr_assert(!live_is_finished(&headers));
    struct slice reply = buffer_slice(&headers.received);
    cr_assert(slice_starts_with(reply, SLICE("Content-Length: ")));
    cr_assert(live_contains(reply, "\"code\":-32000,"), "received %.*s", SLICE_FORMAT(reply));
    cr_assert(live_is_finished(&silent));
    live_close(&silent);
    live_close(&headers);
    expect_info(&pair.client, "\"refused\":2");
    live_pair_stop(&pair);
}

/* ---- Time */

/* Expects that the client is told that it was too slow, and then the end. */
static void expect_cut_off(struct live_client *client, const char *begun)
{
    bool silent = live_is_finished(client);
    struct slice reply = buffer_slice(&client->received);
    cr_assert(!silent && live_contains(reply, "--request-timeout-ms"), "%s: received %.*s", begun,
              SLICE_FORMAT(reply));
    cr_expect_eq(slice_starts_with(reply, SLICE("Content-Length: ")), *begun == 'C', "%s", begun);
}

/* Not so a client that has begun nothing. */
Test(live_overload, a_request_that_does_not_come_whole_in_time_is_cut_off)
{
    static const char *const begun[] = {
        "{",
        PING,
        "Content-Len",
        "Content-Length: 40\r\n\r\n",
        "Content-Length: 40\r\n\r\n{\"jsonrpc\"",
    };
    const char *const options[] = {"--request-timeout-ms", "300", NULL};
    struct live_pair pair;
    struct live_client clients[sizeof(begun) / sizeof(begun[0])];
    live_pair_start(&pair, SCHEMA, options);
    for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
        live_connect(&clients[i], &pair.server);
        live_send(&clients[i], slice_of(begun[i]));
    }
    for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
        expect_cut_off(&clients[i], begun[i]);
        live_close(&clients[i]);
    }
    expect_served(&pair.client);
    expect_info(&pair.client, "\"timedOut\":5");
    live_pair_stop(&pair);
}

/* A few bytes now and then do not buy more time, in a message that is skipped neither. */
Test(live_overload, a_request_that_trickles_is_cut_off)
{
    const char *const options[] = {"--request-timeout-ms", "400", "--max-request-bytes", "100",
                                   NULL};
    struct live_pair pair;
    struct live_client small, large;
    live_pair_start(&pair, SCHEMA, options);
    live_connect(&small, &pair.server);
    live_connect(&large, &pair.server);
    live_send(&small, SLICE("["));
    live_send(&large, SLICE("Content-Length: 1000000\r\n\r\n"));
    for (unsigned i = 0; i < 40 && !small.finished; i++) {
        live_send(&small, SLICE(" "));
        live_send(&large, SLICE(" "));
        poll(NULL, 0, 50);
    }
    cr_assert(small.finished, "it is read after two seconds");
    expect_cut_off(&small, "[");
    cr_assert(!live_is_finished(&large));
    cr_assert(live_contains(buffer_slice(&large.received), "--max-request-bytes"));
    cr_assert(live_contains(buffer_slice(&large.received), "--request-timeout-ms"));
    live_close(&small);
    live_close(&large);
    expect_served(&pair.client);
    live_pair_stop(&pair);
}

/* Each message has its own time, also where there is always a part of one. */
Test(live_overload, a_client_that_always_has_a_request_under_way_is_served)
{
    const char *const options[] = {"--request-timeout-ms", "400", NULL};
    const struct slice half = slice_make(PING, 20);
    const struct slice rest = slice_make(&PING[20], strlen(PING) - 20);
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, options);
    live_send(&pair.client, half);
    for (unsigned i = 0; i < 10; i++) {
        poll(NULL, 0, 100);
        live_send(&pair.client, rest);
        live_send(&pair.client, SLICE("\n"));
        live_send(&pair.client, half);
        struct slice line = live_receive_line(&pair.client);
        cr_assert(slice_equal(line, SLICE(PONG)), "received %.*s", SLICE_FORMAT(line));
    }
    live_pair_stop(&pair);
}

Test(live_overload, an_idle_client_is_closed_where_the_options_say_so)
{
    const char *const options[] = {"--idle-timeout-ms", "500", NULL};
    struct live_pair pair;
    struct live_client idle;
    live_pair_start(&pair, SCHEMA, options);
    live_connect(&idle, &pair.server);
    expect_served(&idle);
    for (unsigned i = 0; i < 12; i++) {
        poll(NULL, 0, 100);
        expect_served(&pair.client);
    }
    cr_assert(live_is_finished(&idle));
    live_close(&idle);
    expect_info(&pair.client, "\"timedOut\":1");
    live_pair_stop(&pair);
}
