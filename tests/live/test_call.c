/* `tenon call` against the live server. */
#include "tests/support/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char SCHEMA[] =
    "{\"tables\":{\"notes\":{\"fields\":{\"text\":\"string\",\"n\":{\"optional\":\"any\"}}}}}";

struct fixture {
    struct live_server server;
    char address[32];
};

static void fixture_init(struct fixture *fixture)
{
    live_start(&fixture->server, SCHEMA, NULL);
    snprintf(fixture->address, sizeof(fixture->address), "127.0.0.1:%u", fixture->server.port);
}

/* An address where nobody listens, and nobody will while the descriptor is open. */
static int reserve_address(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int reserved = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(reserved, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(reserved, (struct sockaddr *)&address, &size), 0);
    snprintf(fixture->address, sizeof(fixture->address), "127.0.0.1:%u", ntohs(address.sin_port));
    return reserved;
}

/* Calls with up to three more arguments, and compares what comes out. */
static void expect(const struct fixture *fixture, const char *const arguments[3], const char *input,
                   int status, const char *output, const char *errors)
{
    const char *all[] = {"call",       "--server", fixture->address, arguments[0], arguments[1],
                         arguments[2], NULL};
    struct live_result result;
    live_run(&result, all, slice_of(input));
    cr_expect_eq(result.status, status, "%s: status %d", arguments[0], result.status);
    cr_expect(slice_equal(buffer_slice(&result.output), slice_of(output)), "%s printed %.*s",
              arguments[0], SLICE_FORMAT(buffer_slice(&result.output)));
    cr_expect(slice_equal(buffer_slice(&result.errors), slice_of(errors)), "%s complained %.*s",
              arguments[0], SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
}

Test(live_call, a_result_is_printed_without_its_envelope)
{
    struct fixture f;
    fixture_init(&f);
    expect(&f, (const char *[3]){"ping"}, "", 0, "\"pong\"\n", "");
    expect(&f, (const char *[3]){"collect", "[\"notes\"]"}, "", 0, "[]\n", "");
    expect(&f, (const char *[3]){"collect", "{\"table\": \"notes\"}", "--pretty"}, "", 0, "[]\n",
           "");
    expect(&f, (const char *[3]){"count", "@-"}, "[\n  \"notes\"\n]\n", 0, "0\n", "");
    live_stop(&f.server);
}

Test(live_call, an_error_reply_is_told_with_its_name_and_code)
{
    struct fixture f;
    fixture_init(&f);
    struct live_result result;
    const char *arguments[] = {"call", "--server", f.address, "insert", "[\"nothere\", {}]", NULL};
    live_run(&result, arguments, SLICE(""));
    cr_expect_eq(result.status, 1);
    cr_expect_eq(result.output.size, 0);
    cr_expect(
        slice_starts_with(buffer_slice(&result.errors), SLICE("tenon call: UnknownTable (5): ")),
        "%.*s", SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
    live_stop(&f.server);
}

Test(live_call, params_that_are_not_json_are_refused_before_anything_is_sent)
{
    struct fixture nobody;
    int reserved = reserve_address(&nobody);
    expect(&nobody, (const char *[3]){"ping", "{\"a\":}"}, "", 2, "",
           "tenon call: PARAMS is not JSON: line 1, column 6: expected a value\n");
    expect(&nobody, (const char *[3]){"ping", "5"}, "", 2, "",
           "tenon call: PARAMS: params are an object or an array\n");
    expect(&nobody, (const char *[3]){"ping", "@/nowhere"}, "", 2, "",
           "tenon call: /nowhere: No such file or directory\n");
    close(reserved);
}

Test(live_call, a_server_that_is_not_there_is_one_clear_line)
{
    struct fixture nobody;
    char expected[96];
    int reserved = reserve_address(&nobody);
    snprintf(expected, sizeof(expected),
             "tenon call: %s: Connection refused; is a server running there?\n", nobody.address);
    expect(&nobody, (const char *[3]){"ping"}, "", 2, "", expected);
    close(reserved);
}

Test(live_call, a_stream_of_requests_gets_its_replies_in_order)
{
    struct fixture f;
    fixture_init(&f);
    expect(&f, (const char *[3]){"-"},
           "{\"id\":1,\"method\":\"ping\"}\n"
           "{\"method\":\"ping\"}\n"
           "\n"
           "{\"id\":\"last\",\"method\":\"count\",\"params\":[\"notes\"]}",
           0,
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}\n"
           "{\"jsonrpc\":\"2.0\",\"id\":\"last\",\"result\":0}\n",
           "");
    expect(&f, (const char *[3]){"-"}, "", 0, "", "");
    expect(&f, (const char *[3]){"-"}, "count notes\n{\"id\":1,\"method\":\"ping\"}\n", 0,
           "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"expected a "
           "value at "
           "byte 0\",\"data\":{\"name\":\"ParseError\",\"offset\":0}}}\n"
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}\n",
           "");
    live_stop(&f.server);
}

/* Replies of 4 KiB, so that both sides' buffers fill up: who only wrote would never end. */
Test(live_call, a_long_stream_blocks_nobody)
{
    struct fixture f;
    fixture_init(&f);
    struct live_client client;
    live_connect(&client, &f.server);
    char text[4097];
    memset(text, 'x', 4096);
    text[4096] = '\0';
    struct buffer input = {0};
    buffer_append_format(&input,
                         "{\"id\":1,\"method\":\"insert\",\"params\":[\"notes\",{\"text\":"
                         "\"%s\"}]}%c",
                         text, '\0');
    live_ask(&client, input.data);
    live_close(&client);
    input.size = 0;
    const unsigned count = 10000;
    for (unsigned i = 0; i < count; i++) {
        buffer_append_format(
            &input, "{\"id\":%u,\"method\":\"first\",\"params\":{\"table\":\"notes\"}}\n", i);
    }
    const char *arguments[] = {"call", "--server", f.address, "-", NULL};
    struct live_result result;
    live_run(&result, arguments, buffer_slice(&input));
    cr_expect_eq(result.status, 0);
    unsigned lines = 0;
    for (size_t i = 0; i < result.output.size; i++) {
        lines += result.output.data[i] == '\n';
    }
    cr_expect_eq(lines, count);
    live_result_deinit(&result);
    buffer_deinit(&input);
    live_stop(&f.server);
}

Test(live_call, the_environment_says_where_the_server_is)
{
    struct fixture f;
    fixture_init(&f);
    setenv("TENON_SERVER", f.address, 1);
    const char *arguments[] = {"call", "ping", NULL};
    struct live_result result;
    live_run(&result, arguments, SLICE(""));
    cr_expect_eq(result.status, 0);
    cr_expect(slice_equal(buffer_slice(&result.output), SLICE("\"pong\"\n")));
    live_result_deinit(&result);
    live_stop(&f.server);
}
