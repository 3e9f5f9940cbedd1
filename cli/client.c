/* The client's connection: see the header. One thread, one poll(). */
#include "cli/client.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/secret_file.h"
#include "base/value.h"
#include "cli/answer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE ((size_t)64 * 1024)

static bool client_fail(struct client *client, const char *what, const char *why)
{
    if (client->trouble.size == 0) {
        buffer_append_format(&client->trouble, "%s: %s", what, why);
    }
    return false;
}

/* Finding the server. */

/* Splits HOST:PORT at its last colon; the host of [::1]:PORT loses its brackets. */
static void split_address(const char *server, struct buffer *host, struct buffer *port)
{
    const char *colon = strrchr(server, ':');
    const char *bracket = strrchr(server, ']');
    if (colon != NULL && bracket != NULL && colon < bracket) {
        colon = NULL;
    }
    size_t size = colon == NULL ? strlen(server) : (size_t)(colon - server);
    if (size >= 2 && server[0] == '[' && server[size - 1] == ']') {
        buffer_append(host, server + 1, size - 2);
    } else {
        buffer_append(host, server, size);
    }
    if (host->size == 0) {
        buffer_append_slice(host, SLICE(CLIENT_DEFAULT_HOST));
    }
    buffer_append_slice(port, colon == NULL ? SLICE(CLIENT_DEFAULT_PORT) : slice_of(colon + 1));
    buffer_append_char(host, '\0');
    buffer_append_char(port, '\0');
}

/* Connects to the first of `candidates` that lets itself be connected to. */
static bool connect_any(struct client *client, const struct addrinfo *candidates)
{
    int problem = 0;
    for (const struct addrinfo *address = candidates; address != NULL; address = address->ai_next) {
        int descriptor = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
        if (descriptor >= 0 && connect(descriptor, address->ai_addr, address->ai_addrlen) == 0) {
            client->descriptor = descriptor;
            return true;
        }
        problem = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    errno = problem;
    return false;
}

/* Speaks TLS from now on, if the target says so. */
static bool start_tls(struct client *client, const struct secure_options *options, const char *host)
{
    if (secure_is_wanted(options)) {
        client->secure = secure_open(client->descriptor, host, options, &client->trouble);
    }
    return client->secure != NULL || !secure_is_wanted(options);
}

static const char *describe_refusal(int problem)
{
    return problem == ECONNREFUSED ? "Connection refused; is a server running there?"
                                   : strerror(problem);
}

static bool connect_tcp(struct client *client, const char *server, const struct secure_options *tls)
{
    struct buffer host = {0};
    struct buffer port = {0};
    split_address(server, &host, &port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *candidates = NULL;
    int status = getaddrinfo(host.data, port.data, &hints, &candidates);
    bool connected = false;
    int one = 1;
    if (status != 0) {
        client_fail(client, server, gai_strerror(status));
    } else if (!connect_any(client, candidates) ||
               setsockopt(client->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) {
        client_fail(client, server, describe_refusal(errno));
    } else {
        connected = start_tls(client, tls, host.data);
    }
    if (candidates != NULL) {
        freeaddrinfo(candidates);
    }
    buffer_deinit(&host);
    buffer_deinit(&port);
    return connected;
}

static bool connect_unix(struct client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size >= sizeof address.sun_path) {
        return client_fail(client, path, "the path is too long for a socket");
    }
    memcpy(address.sun_path, path, size);
    client->descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (client->descriptor < 0 ||
        connect(client->descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        return client_fail(client, path, describe_refusal(errno));
    }
    return true;
}

static const char *environment(const char *name)
{
    const char *text = getenv(name);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* An address on the command line goes before any in the environment. */
static bool connect_target(struct client *client, const struct client_target *target)
{
    const char *server = target->server;
    const char *path = target->socket;
    struct secure_options tls = target->tls;
    if (server != NULL && path != NULL) {
        return client_fail(client, "--server and --socket", "only one of them can be meant");
    }
    if (server == NULL && path == NULL) {
        path = environment("TENON_SOCKET");
        server = environment("TENON_SERVER");
        tls.ca = tls.ca == NULL ? environment("TENON_TLS_CA") : tls.ca;
    }
    if (path != NULL && secure_is_wanted(&target->tls)) {
        return client_fail(client, path, "a Unix socket speaks no TLS");
    }
    if (path != NULL) {
        return connect_unix(client, path);
    }
    return connect_tcp(client,
                       server == NULL ? CLIENT_DEFAULT_HOST ":" CLIENT_DEFAULT_PORT : server, &tls);
}

/* Authenticating. */

/* Frees a buffer that has held a token. */
static void wipe(struct buffer *buffer)
{
    OPENSSL_cleanse(buffer->data, buffer->capacity);
    buffer_deinit(buffer);
}

/* Appends the token, and leaves `token` empty where there is none. */
static bool read_token(struct client *client, const struct client_target *target,
                       struct buffer *token)
{
    if (target->token_file == NULL) {
        const char *text = environment("TENON_TOKEN");
        buffer_append_slice(token, text == NULL ? slice_make(NULL, 0) : slice_of(text));
        return true;
    }
    FILE *file = secret_file_open(target->token_file, &client->trouble);
    if (file == NULL) {
        return false;
    }
    for (int byte = getc(file); byte != EOF && byte != '\n' && byte != '\r'; byte = getc(file)) {
        buffer_append_char(token, (char)byte);
    }
    fclose(file);
    return token->size > 0 || client_fail(client, target->token_file, "there is no token in it");
}

static bool read_auth_reply(struct client *client, struct slice line)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct answer answer;
    bool valid = answer_read(&arena, line, &answer);
    if (!valid) {
        client_fail(client, "auth", "what answers is not a Tenon server");
    } else if (answer.is_error) {
        valid = false;
        buffer_append_slice(&client->trouble, SLICE("auth: "));
        answer_describe(&client->trouble, &answer);
    }
    arena_deinit(&arena);
    return valid;
}

static bool authenticate(struct client *client, struct slice token)
{
    struct buffer request = {0};
    buffer_append_slice(&request, SLICE("{\"jsonrpc\":\"2.0\",\"id\":\"auth\",\"method\":\"auth\","
                                        "\"params\":{\"token\":"));
    json_write_string(&request, token);
    buffer_append_slice(&request, SLICE("}}"));
    client_queue(client, buffer_slice(&request));
    wipe(&request);
    struct slice line;
    bool valid = client_wait_line(client, &line) && read_auth_reply(client, line);
    OPENSSL_cleanse(client->output.data, client->output.capacity);
    return valid;
}

/* Opening and closing. */

static bool set_nonblocking(struct client *client)
{
    int flags = fcntl(client->descriptor, F_GETFL);
    if (flags < 0 || fcntl(client->descriptor, F_SETFL, flags | O_NONBLOCK) < 0) {
        return client_fail(client, "connection", strerror(errno));
    }
    return true;
}

bool client_open(struct client *client, const struct client_target *target)
{
    *client = (struct client){.descriptor = -1};
    struct buffer token = {0};
    bool open = read_token(client, target, &token) && connect_target(client, target) &&
                set_nonblocking(client) &&
                (token.size == 0 || authenticate(client, buffer_slice(&token)));
    wipe(&token);
    return open;
}

void client_close(struct client *client)
{
    if (client->secure != NULL) {
        secure_close(client->secure);
        client->secure = NULL;
    }
    if (client->descriptor >= 0) {
        close(client->descriptor);
        client->descriptor = -1;
    }
    buffer_deinit(&client->output);
    buffer_deinit(&client->input);
    buffer_deinit(&client->trouble);
}

/* Sending and receiving. */

/* Forgets what has been sent, once that is most of the buffer. */
static void compact_output(struct client *client)
{
    size_t unsent = client_unsent(client);
    if (client->sent > unsent) {
        memmove(client->output.data, client->output.data + client->sent, unsent);
        client->output.size = unsent;
        client->sent = 0;
    }
}

void client_queue(struct client *client, struct slice line)
{
    assert(!client->finishing);
    compact_output(client);
    buffer_append_slice(&client->output, line);
    buffer_append_char(&client->output, '\n');
}

size_t client_unsent(const struct client *client)
{
    return client->output.size - client->sent;
}

void client_finish(struct client *client)
{
    client->finishing = true;
    if (client_unsent(client) > 0 || client->finished) {
        return;
    }
    if (client->secure != NULL) {
        client->finished = secure_finish(client->secure);
        return;
    }
    /* A connection that is gone already is met by the next read. */
    (void)shutdown(client->descriptor, SHUT_WR);
    client->finished = true;
}

static bool would_block(int problem)
{
    return problem == EAGAIN || problem == EWOULDBLOCK || problem == EINTR;
}

/* What a call of the system, which returned `size`, means: as secure_send and secure_receive. */
static ssize_t plain_result(ssize_t size, const char **why)
{
    if (size >= 0) {
        return size;
    }
    *why = strerror(errno);
    return would_block(errno) ? SECURE_BLOCKED : SECURE_BROKEN;
}

/* Sends what goes of `data`, and returns what secure_send does; `*why` says what broke. */
static ssize_t send_bytes(struct client *client, struct slice data, const char **why)
{
    if (client->secure == NULL) {
        return plain_result(send(client->descriptor, data.data, data.size, MSG_NOSIGNAL), why);
    }
    ssize_t size = secure_send(client->secure, data.data, data.size);
    *why = secure_trouble();
    return size == 0 ? SECURE_BROKEN : size;
}

/* Receives at most `room` bytes to `place`, and returns what secure_receive does. */
static ssize_t receive_bytes(struct client *client, char *place, size_t room, const char **why)
{
    if (client->secure == NULL) {
        return plain_result(recv(client->descriptor, place, room, 0), why);
    }
    ssize_t size = secure_receive(client->secure, place, room);
    *why = secure_trouble();
    return size;
}

/* A connection that takes nothing more may still hold what the server said last, so trouble is
 * only noted here, and reported once everything is read. */
static void send_some(struct client *client)
{
    while (client_unsent(client) > 0) {
        const char *why = NULL;
        ssize_t size = send_bytes(
            client, slice_make(client->output.data + client->sent, client_unsent(client)), &why);
        if (size == SECURE_BLOCKED) {
            return;
        }
        if (size == SECURE_BROKEN) {
            client_fail(client, "connection", why);
            size = (ssize_t)client_unsent(client);
        }
        client->sent += (size_t)size;
    }
    client->output.size = 0;
    client->sent = 0;
    if (client->finishing) {
        client_finish(client);
    }
}

/* Moves what was not handed out yet to the front. */
static void compact_input(struct client *client)
{
    size_t left = client->input.size - client->taken;
    if (client->taken > 0 && left > 0) {
        memmove(client->input.data, client->input.data + client->taken, left);
    }
    client->searched -= client->taken;
    client->input.size = left;
    client->taken = 0;
}

/* Whether what came is the beginning of an alert of TLS: nothing else of the server's begins so. */
static bool is_alert(const struct client *client)
{
    return client->secure == NULL && client->input.size > 0 && client->input.data[0] == 0x15;
}

static bool receive_some(struct client *client)
{
    const char *why = NULL;
    ssize_t size;
    do {
        char *place = buffer_reserve(&client->input, READ_SIZE);
        size_t room = client->input.capacity - client->input.size;
        size = receive_bytes(client, place, room, &why);
        client->input.size += size > 0 ? (size_t)size : 0;
    } while (size > 0 && client->secure != NULL && secure_has_more(client->secure));
    if (size == SECURE_BROKEN) {
        return client_fail(client, "connection", why);
    }
    client->ended = size == 0;
    if (is_alert(client)) {
        return client_fail(client, "connection", "the server speaks TLS; say --tls or --tls-ca");
    }
    if (client->ended && client->input.size > 0 &&
        client->input.data[client->input.size - 1] != '\n') {
        return client_fail(client, "connection", "closed in the middle of a reply");
    }
    return !client->ended || client->trouble.size == 0;
}

bool client_turn(struct client *client, int timeout_ms, int other, bool *other_ready)
{
    assert(client->taken <= client->searched && client->searched <= client->input.size);
    compact_input(client);
    struct pollfd watched[2] = {
        {.fd = client->ended ? -1 : client->descriptor, .events = POLLIN},
        {.fd = other, .events = POLLIN},
    };
    if (client_unsent(client) > 0 || (client->finishing && !client->finished)) {
        watched[0].events |= POLLOUT;
    }
    if (poll(watched, 2, timeout_ms) < 0 && errno != EINTR) {
        return client_fail(client, "poll", strerror(errno));
    }
    if (other_ready != NULL) {
        *other_ready = watched[1].revents != 0;
    }
    if ((watched[0].revents & POLLOUT) != 0) {
        send_some(client);
    }
    return (watched[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0 || receive_some(client);
}

bool client_take_line(struct client *client, struct slice *line)
{
    size_t unsearched = client->input.size - client->searched;
    const char *start = client->input.data + client->taken;
    const char *end =
        unsearched == 0 ? NULL : memchr(client->input.data + client->searched, '\n', unsearched);
    if (end == NULL) {
        client->searched = client->input.size;
        return false;
    }
    size_t size = (size_t)(end - start);
    client->taken += size + 1;
    client->searched = client->taken;
    *line = slice_make(start, size > 0 && start[size - 1] == '\r' ? size - 1 : size);
    return true;
}

bool client_wait_line(struct client *client, struct slice *line)
{
    while (!client_take_line(client, line)) {
        if (client->ended) {
            return client_fail(client, "connection", "closed by the server");
        }
        if (!client_turn(client, -1, -1, NULL)) {
            return false;
        }
    }
    return true;
}
