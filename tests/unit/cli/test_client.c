/* The connection, against socket pairs, a fake server and listening sockets. */
#include "cli/client.h"

#include "tests/support/fake_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void client_over(struct client *client, int descriptor)
{
    *client = (struct client){.descriptor = descriptor};
    cr_assert_eq(fcntl(descriptor, F_SETFL, O_NONBLOCK), 0);
}

/* A client whose other end is the caller's. */
static int open_pair(struct client *client)
{
    int ends[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    client_over(client, ends[0]);
    return ends[1];
}

static void answer_echo(struct slice line, struct buffer *reply)
{
    buffer_append_slice(reply, line);
    buffer_append_char(reply, '\n');
}

Test(client, lines_are_handed_out_however_they_arrive)
{
    struct client client;
    struct slice line;
    int other = open_pair(&client);
    const char text[] = "one\r\n\ntwo\nthree\n";
    const char *const expected[] = {"one", "", "two", "three"};
    unsigned count = 0;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        cr_assert_eq(write(other, text + i, 1), 1);
        cr_assert(client_turn(&client, -1, -1, NULL));
        while (client_take_line(&client, &line)) {
            cr_assert_lt(count, 4);
            cr_expect(slice_equal(line, slice_of(expected[count])));
            count++;
        }
    }
    cr_expect_eq(count, 4);
    close(other);
    client_close(&client);
}

Test(client, the_end_of_the_connection_is_told_and_a_half_line_is_trouble)
{
    struct client client;
    struct slice line;
    int other = open_pair(&client);
    close(other);
    cr_expect_not(client_wait_line(&client, &line));
    cr_expect(client.ended);
    cr_expect(
        slice_equal(buffer_slice(&client.trouble), SLICE("connection: closed by the server")));
    client_close(&client);
    other = open_pair(&client);
    cr_assert_eq(write(other, "half", 4), 4);
    close(other);
    cr_expect_not(client_wait_line(&client, &line));
    cr_expect(slice_equal(buffer_slice(&client.trouble),
                          SLICE("connection: closed in the middle of a reply")));
    client_close(&client);
}

/* The fake writes a reply before it reads the next request, so it would stand still for ever with
 * a client that wrote everything before it read. */
Test(client, sending_much_and_receiving_much_block_nobody)
{
    struct fake_server server;
    struct client client;
    struct slice line;
    char text[2000];
    const unsigned count = 2000;
    memset(text, 'x', sizeof text);
    fake_start(&server, answer_echo);
    client_over(&client, server.descriptor);
    for (unsigned i = 0; i < count; i++) {
        client_queue(&client, slice_make(text, sizeof text - i % 100));
    }
    client_finish(&client);
    for (unsigned i = 0; i < count; i++) {
        cr_assert(client_wait_line(&client, &line));
        cr_assert_eq(line.size, sizeof text - i % 100);
    }
    cr_expect_not(client_wait_line(&client, &line));
    cr_expect(client.ended);
    cr_expect_eq(client_unsent(&client), 0);
    client_close(&client);
    fake_wait(&server);
}

/* Takes a free port of 127.0.0.1 and returns it. */
static unsigned bind_somewhere(int *listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(*listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(*listener, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void expect_open(const struct client_target *target, const char *trouble)
{
    struct client client;
    bool open = client_open(&client, target);
    cr_expect_eq(open, trouble == NULL, "%.*s", SLICE_FORMAT(buffer_slice(&client.trouble)));
    if (trouble != NULL) {
        cr_expect(slice_equal(buffer_slice(&client.trouble), slice_of(trouble)), "%.*s",
                  SLICE_FORMAT(buffer_slice(&client.trouble)));
    }
    client_close(&client);
}

Test(client, a_server_is_found_by_its_address_on_the_command_line_or_in_the_environment)
{
    static const char *const hosts[] = {"127.0.0.1", "", "[127.0.0.1]"};
    int listener;
    unsigned port = bind_somewhere(&listener);
    cr_assert_eq(listen(listener, 8), 0);
    char address[64];
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        snprintf(address, sizeof address, "%s:%u", hosts[i], port);
        expect_open(&(struct client_target){.server = address}, NULL);
    }
    setenv("TENON_SERVER", address, 1);
    expect_open(&(struct client_target){.server = NULL}, NULL);
    setenv("TENON_SOCKET", "/nowhere/socket", 1);
    expect_open(&(struct client_target){.server = NULL},
                "/nowhere/socket: No such file or directory");
    expect_open(&(struct client_target){.server = address}, NULL);
    expect_open(&(struct client_target){.server = address, .socket = "x"},
                "--server and --socket: only one of them can be meant");
    close(listener);
}

/* A port that is bound and not listened on refuses, and nobody else can take it meanwhile. */
Test(client, a_server_that_is_not_there_is_named)
{
    int reserved;
    char address[64];
    char trouble[128];
    unsigned port = bind_somewhere(&reserved);
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    snprintf(trouble, sizeof trouble, "%s: Connection refused; is a server running there?",
             address);
    expect_open(&(struct client_target){.server = address}, trouble);
    close(reserved);
}

Test(client, a_token_file_that_is_missing_or_empty_is_named)
{
    expect_open(&(struct client_target){.token_file = "/nowhere"},
                "/nowhere: No such file or directory");
    expect_open(&(struct client_target){.token_file = "/dev/null"},
                "/dev/null: there is no token in it");
}

/* A file of /tmp with one line in it and the mode. */
static void expect_token_file(mode_t mode, bool taken)
{
    char path[] = "/tmp/tenon-token-XXXXXX";
    char trouble[128];
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0 && write(descriptor, "token\n", 6) == 6);
    cr_assert(fchmod(descriptor, mode) == 0);
    close(descriptor);
    snprintf(trouble, sizeof trouble, "%s: others may read or write it (mode %04o); chmod 600 it",
             path, (unsigned)mode);
    expect_open(&(struct client_target){.token_file = path, .socket = "/nowhere/socket"},
                taken ? "/nowhere/socket: No such file or directory" : trouble);
    unlink(path);
}

Test(client, a_token_file_that_others_may_read_or_write_is_refused)
{
    expect_token_file(0600, true);
    expect_token_file(0440, true);
    expect_token_file(0644, false);
    expect_token_file(0660, false);
    expect_token_file(0602, false);
}
