/* Framing and connections of the live server, over a real socket. */
#include "tests/support/live.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define SCHEMA "{\"tables\":{\"notes\":{\"fields\":{\"n\":\"number\",\"text\":\"string\"}}}}"
#define PING   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
#define PONG   "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}"

static void pause_ms(int milliseconds)
{
    poll(NULL, 0, milliseconds);
}

static void expect_line(struct live_client *client, const char *expected)
{
    struct slice line = live_receive_line(client);
    cr_assert(slice_equal(line, slice_of(expected)), "received %.*s", SLICE_FORMAT(line));
}

static void expect_error(struct slice line, int code)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "\"code\":%d,", code);
    cr_assert(live_contains(line, expected), "no error %d: %.*s", code, SLICE_FORMAT(line));
}

/* The text behind a Content-Length header. */
static struct slice receive_framed(struct live_client *client)
{
    struct slice header = live_receive_line(client);
    size_t size = 0;
    while (header.size > 1) {
        char text[64] = {0};
        memcpy(text, header.data, header.size < sizeof(text) - 1 ? header.size : sizeof(text) - 1);
        if (strncmp(text, "Content-Length: ", 16) == 0) {
            size = strtoul(text + 16, NULL, 10);
        }
        header = live_receive_line(client);
    }
    cr_assert(size > 0);
    return live_receive_bytes(client, size);
}

static void expect_framed(struct live_client *client, const char *expected)
{
    struct slice text = receive_framed(client);
    cr_assert(slice_equal(text, slice_of(expected)), "received %.*s", SLICE_FORMAT(text));
}

/* ---- Framing by lines */

/* The server never speaks first. */
Test(live_protocol, a_new_connection_is_silent)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    cr_assert(live_is_silent(&pair.client, 100));
    live_send_line(&pair.client, PING);
    expect_line(&pair.client, PONG);
    cr_assert(live_is_silent(&pair.client, 50));
    live_pair_stop(&pair);
}

Test(live_protocol, a_request_may_be_split_at_every_byte)
{
    struct live_pair pair;
    const struct slice request = SLICE(PING "\r\n");
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 1; i < request.size; i++) {
        live_send(&pair.client, slice_make(request.data, i));
        pause_ms(2);
        live_send(&pair.client, slice_make(request.data + i, request.size - i));
        expect_line(&pair.client, PONG);
    }
    live_pair_stop(&pair);
}

Test(live_protocol, a_request_may_come_byte_by_byte)
{
    struct live_pair pair;
    const struct slice request = SLICE(PING "\n");
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 0; i < request.size; i++) {
        live_send(&pair.client, slice_make(request.data + i, 1));
        pause_ms(1);
    }
    expect_line(&pair.client, PONG);
    live_pair_stop(&pair);
}

Test(live_protocol, two_requests_may_be_merged_and_split_anywhere)
{
    struct live_pair pair;
    const struct slice requests = SLICE(
        PING "\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"count\",\"params\":[\"notes\"]}\n");
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 1; i <= requests.size; i++) {
        live_send(&pair.client, slice_make(requests.data, i));
        pause_ms(2);
        live_send(&pair.client, slice_make(requests.data + i, requests.size - i));
        expect_line(&pair.client, PONG);
        expect_line(&pair.client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":0}");
    }
    live_pair_stop(&pair);
}

/* … and a connection that begins with them is one framed by lines. */
Test(live_protocol, blank_lines_are_ignored)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    live_send(&pair.client, SLICE("\n\r\n  \t \n" PING "\n\n \r\n" PING "\r\n\n"));
    expect_line(&pair.client, PONG);
    expect_line(&pair.client, PONG);
    cr_assert(live_is_silent(&pair.client, 50));
    live_pair_stop(&pair);
}

Test(live_protocol, a_connection_may_begin_with_a_batch)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    live_send_line(&pair.client, "[{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}," PING "," PING "]");
    expect_line(&pair.client, "[" PONG "," PONG "]");
    live_pair_stop(&pair);
}

Test(live_protocol, a_thousand_requests_may_be_pipelined)
{
    struct live_pair pair;
    struct buffer requests = {0};
    char expected[64];
    live_pair_start(&pair, SCHEMA, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        buffer_append_format(&requests,
                             "{\"jsonrpc\":\"2.0\",\"method\":\"insert\",\"params\":[\"notes\","
                             "{\"n\":%u,\"text\":\"x\"}]}\n"
                             "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"count\","
                             "\"params\":[\"notes\"]}\n",
                             i, i);
    }
    live_send(&pair.client, buffer_slice(&requests));
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(expected, sizeof(expected), "{\"jsonrpc\":\"2.0\",\"id\":%u,\"result\":%u}", i,
                 i + 1);
        expect_line(&pair.client, expected);
    }
    buffer_deinit(&requests);
    live_pair_stop(&pair);
}

/* ---- Framing by headers */

Test(live_protocol, content_length_frames_may_be_split_at_every_byte)
{
    struct live_pair pair;
    char request[128];
    int size =
        snprintf(request, sizeof(request), "Content-Length: %zu\r\n\r\n%s", strlen(PING), PING);
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 1; i < (size_t)size; i++) {
        live_send(&pair.client, slice_make(request, i));
        pause_ms(2);
        live_send(&pair.client, slice_make(request + i, (size_t)size - i));
        expect_framed(&pair.client, PONG);
    }
    live_pair_stop(&pair);
}

Test(live_protocol, header_names_come_in_any_case_and_content_type_is_taken)
{
    static const char *const headers[] = {
        "Content-Length: 40\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        "content-type: application/json\r\nCONTENT-LENGTH: 40\r\n\r\n",
        "cONTENT-lENGTH:40\r\n\r\n",
    };
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    cr_assert(strlen(PING) == 40);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        live_send(&pair.client, slice_of(headers[i]));
        live_send(&pair.client, SLICE(PING));
        expect_framed(&pair.client, PONG);
    }
    live_pair_stop(&pair);
}

Test(live_protocol, framed_text_may_hold_line_ends)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    live_send(
        &pair.client,
        SLICE("Content-Length: 42\r\n\r\n{\"jsonrpc\":\"2.0\",\n\"id\":1,\n\"method\":\"ping\"}"));
    expect_framed(&pair.client, PONG);
    live_pair_stop(&pair);
}

/* Sends `text` on a new connection and expects ParseError (not for HTTP) and the end. */
static void expect_refusal(const struct live_server *server, const char *text)
{
    struct live_client client;
    live_connect(&client, server);
    live_send(&client, slice_of(text));
    bool silent = live_is_finished(&client);
    struct slice reply = buffer_slice(&client.received);
    cr_assert(!silent && live_contains(reply, "\"code\":-32700,") &&
                  live_contains(reply, "\"offset\":0}"),
              "%s: received %.*s", text, SLICE_FORMAT(reply));
    live_close(&client);
}

Test(live_protocol, any_other_first_byte_or_header_is_a_parse_error_and_the_end)
{
    static const char *const texts[] = {
        "\x16\x03\x01 hello",
        "\"text\"\n",
        "1\n",
        "Content-Size: 40\r\n\r\n",
        "Content-Length: forty\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length 40\r\n\r\n",
        "Content-Type: application/json\r\n\r\n{}",
    };
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        expect_refusal(&pair.server, texts[i]);
    }
    live_send_line(&pair.client, PING);
    expect_line(&pair.client, PONG);
    live_pair_stop(&pair);
}

Test(live_protocol, http_is_told_which_protocol_this_is)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /rpc HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        "OPTIONS * HTTP/1.1\r\n\r\n",
        "HEAD / HTTP/1.0\r\n\r\n",
    };
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct live_client client;
        live_connect(&client, &pair.server);
        live_send(&client, slice_of(requests[i]));
        bool silent = live_is_finished(&client);
        struct slice reply = buffer_slice(&client.received);
        cr_assert(!silent && slice_starts_with(reply, SLICE("HTTP/1.1 400 ")), "received %.*s",
                  SLICE_FORMAT(reply));
        cr_assert(live_contains(reply, "JSON-RPC"));
        live_close(&client);
    }
    live_pair_stop(&pair);
}

/* ---- Limits of a connection */

Test(live_protocol, an_oversized_line_is_answered_and_skipped)
{
    const char *const options[] = {"--max-request-bytes", "1000", NULL};
    struct live_pair pair;
    struct buffer line = {0};
    live_pair_start(&pair, SCHEMA, options);
    buffer_append_slice(&line, SLICE("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"x\":\""));
    memset(buffer_reserve(&line, 300000), 'x', 300000);
    line.size += 300000;
    buffer_append_slice(&line, SLICE("\"}\n" PING "\n"));
    for (size_t i = 0; i < 3; i++) {
        live_send(&pair.client, buffer_slice(&line));
        expect_error(live_receive_line(&pair.client), -32600);
        expect_line(&pair.client, PONG);
    }
    buffer_deinit(&line);
    live_pair_stop(&pair);
}

Test(live_protocol, an_oversized_frame_is_answered_and_skipped)
{
    const char *const options[] = {"--max-request-bytes", "1000", NULL};
    struct live_pair pair;
    struct buffer frame = {0};
    live_pair_start(&pair, SCHEMA, options);
    buffer_append_slice(&frame, SLICE("Content-Length: 300000\r\n\r\n"));
    memset(buffer_reserve(&frame, 300000), '{', 300000);
    frame.size += 300000;
    buffer_append_slice(&frame, SLICE("Content-Length: 40\r\n\r\n" PING));
    live_send(&pair.client, buffer_slice(&frame));
    expect_error(receive_framed(&pair.client), -32600);
    expect_framed(&pair.client, PONG);
    buffer_deinit(&frame);
    live_pair_stop(&pair);
}

/* A limit says the most that is allowed: a request of exactly that size is. */
Test(live_protocol, a_request_of_exactly_the_limit_is_carried_out)
{
    const char *const options[] = {"--max-request-bytes", "40", NULL};
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, options);
    live_send_line(&pair.client, PING);
    expect_line(&pair.client, PONG);
    live_send_line(&pair.client, PING " ");
    expect_error(live_receive_line(&pair.client), -32600);
    live_send_line(&pair.client, PING);
    expect_line(&pair.client, PONG);
    live_pair_stop(&pair);
}

Test(live_protocol, one_connection_too_many_is_told_so)
{
    const char *const options[] = {"--max-connections", "2", NULL};
    struct live_pair pair;
    struct live_client second, third;
    live_pair_start(&pair, SCHEMA, options);
    live_connect(&second, &pair.server);
    live_send_line(&second, PING);
    expect_line(&second, PONG);
    live_connect(&third, &pair.server);
    live_send_line(&third, PING);
    expect_error(live_receive_line(&third), -32000);
    cr_assert(live_is_finished(&third));
    live_close(&third);
    live_close(&second);
    live_send_line(&pair.client, PING);
    expect_line(&pair.client, PONG);
    live_pair_stop(&pair);
}

#define SLOW_REQUESTS  2000
#define SLOW_TEXT_SIZE 60000
#define SLOW_PADDING   12000 /* so that the requests are more than what sockets hold */

static void insert_long_note(struct live_client *client)
{
    struct buffer line = {0};
    buffer_append_slice(&line,
                        SLICE("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"insert\",\"params\":"
                              "[\"notes\",{\"n\":1,\"text\":\""));
    memset(buffer_reserve(&line, SLOW_TEXT_SIZE), 'x', SLOW_TEXT_SIZE);
    line.size += SLOW_TEXT_SIZE;
    buffer_append_slice(&line, SLICE("\"}]}\n"));
    live_send(client, buffer_slice(&line));
    cr_assert(live_contains(live_receive_line(client), "\"result\":\""));
    buffer_deinit(&line);
}

/* A client that sends without reading: it is not read any more itself, others are served, and
 * once it reads it gets all of its replies, in order. */
Test(live_protocol, a_slow_reader_waits_alone)
{
    const char *const options[] = {"--max-output-bytes", "1000000", NULL};
    struct live_pair pair;
    struct live_client slow;
    struct buffer requests = {0};
    live_pair_start(&pair, SCHEMA, options);
    insert_long_note(&pair.client);
    live_connect(&slow, &pair.server);
    for (unsigned i = 0; i < SLOW_REQUESTS; i++) {
        buffer_append_format(&requests,
                             "{\"id\":%u,\"method\":\"collect\",\"params\":[\"notes\"]%*s}\n", i,
                             SLOW_PADDING, "");
    }
    size_t sent = live_send_without_reading(&slow, buffer_slice(&requests), 300);
    cr_assert(sent < requests.size, "the server reads on and on");
    live_send_line(&pair.client, PING);
    expect_line(&pair.client, PONG);
    live_send(&slow, slice_make(requests.data + sent, requests.size - sent));
    for (unsigned i = 0; i < SLOW_REQUESTS; i++) {
        char expected[64];
        struct slice line = live_receive_line(&slow);
        snprintf(expected, sizeof(expected), "{\"jsonrpc\":\"2.0\",\"id\":%u,\"result\":[{", i);
        cr_assert(slice_starts_with(line, slice_of(expected)));
        cr_assert(line.size > SLOW_TEXT_SIZE && line.data[line.size - 1] == '}');
    }
    buffer_deinit(&requests);
    live_close(&slow);
    live_pair_stop(&pair);
}

/* ---- The end of a connection */

Test(live_protocol, what_came_before_a_half_close_is_answered)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    live_send(&pair.client, SLICE(PING "\n" PING "\n" PING "\n"));
    live_finish_sending(&pair.client);
    for (size_t i = 0; i < 3; i++) {
        expect_line(&pair.client, PONG);
    }
    cr_assert(live_is_finished(&pair.client));
    live_pair_stop(&pair);
}

/* The line that a FIN ends instead of a line end is a request too. */
Test(live_protocol, a_last_line_without_its_end_is_answered)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    live_send(&pair.client, SLICE(PING "\n" PING));
    live_finish_sending(&pair.client);
    expect_line(&pair.client, PONG);
    expect_line(&pair.client, PONG);
    cr_assert(live_is_finished(&pair.client));
    live_pair_stop(&pair);
}

/* Some clients open a connection a call and send FIN together with a notification. */
Test(live_protocol, a_notification_that_comes_with_the_fin_is_carried_out)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    for (unsigned i = 1; i <= 20; i++) {
        struct live_client client;
        char expected[64];
        live_connect(&client, &pair.server);
        live_send_line(&client, "{\"jsonrpc\":\"2.0\",\"method\":\"insert\",\"params\":[\"notes\","
                                "{\"n\":1,\"text\":\"\"}]}");
        live_finish_sending(&client);
        cr_assert(live_is_finished(&client));
        live_close(&client);
        live_send_line(
            &pair.client,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"count\",\"params\":[\"notes\"]}");
        snprintf(expected, sizeof(expected), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":%u}", i);
        expect_line(&pair.client, expected);
    }
    live_pair_stop(&pair);
}

Test(live_protocol, a_client_that_goes_away_hurts_nobody)
{
    struct live_pair pair;
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 0; i < 50; i++) {
        struct live_client client;
        live_connect(&client, &pair.server);
        live_send(&client, i % 2 == 0 ? SLICE("{\"id\":1,\"meth") : SLICE(PING "\n" PING "\n"));
        live_close(&client);
    }
    live_send_line(&pair.client, PING);
    expect_line(&pair.client, PONG);
    live_pair_stop(&pair);
}

Test(live_protocol, a_hundred_connections_are_served_side_by_side)
{
    struct live_pair pair;
    struct live_client clients[100];
    live_pair_start(&pair, SCHEMA, NULL);
    for (size_t i = 0; i < 100; i++) {
        live_connect(&clients[i], &pair.server);
    }
    for (size_t i = 0; i < 100; i++) {
        live_send(&clients[i], SLICE(PING "\n" PING "\n"));
    }
    for (size_t i = 100; i-- > 0;) {
        expect_line(&clients[i], PONG);
        expect_line(&clients[i], PONG);
        live_close(&clients[i]);
    }
    live_pair_stop(&pair);
}
