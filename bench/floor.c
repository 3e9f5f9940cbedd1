/* The floor: what libuv and the kernel cost a server that does nothing else.
 *
 *   bench-floor PORT REQUEST_SIZE REPLY_SIZE
 *
 * It never looks at a request: each REQUEST_SIZE bytes that come are answered with REPLY_SIZE
 * bytes that end a line. What one read brought is answered by one write, as the best server would
 * do it. Prints its port (0 asks for a free one) once it listens. */
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define READ_SIZE   (64 * 1024)
#define ANSWER_SIZE (8 * 1024 * 1024) /* of one write */
#define BACKLOG     511

struct floor_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    size_t request_size;
    size_t reply_size;
    char *answers; /* reply after reply */
    size_t answer_count;
    char read_buffer[READ_SIZE];
};

struct client {
    uv_tcp_t socket;
    struct floor_server *server;
    size_t received; /* bytes not answered yet */
};

static void must(const char *what, int status)
{
    if (status < 0) {
        fprintf(stderr, "bench-floor: %s: %s\n", what, uv_strerror(status));
        exit(1);
    }
}

static void on_closed(uv_handle_t *handle)
{
    memory_release(handle->data);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    memory_release(write);
}

static void on_allocate(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
    (void)suggested_size;
    struct client *client = handle->data;
    *buffer = uv_buf_init(client->server->read_buffer, READ_SIZE);
}

static void client_answer(struct client *client, size_t count)
{
    uv_stream_t *stream = (uv_stream_t *)&client->socket;
    uv_buf_t answer =
        uv_buf_init(client->server->answers, (unsigned)(count * client->server->reply_size));
    int sent = uv_try_write(stream, &answer, 1);
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done < answer.len) {
        answer.base += done;
        answer.len -= done;
        uv_write_t *write = memory_allocate(sizeof(*write));
        uv_write(write, stream, &answer, 1, on_written);
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    (void)buffer;
    struct client *client = stream->data;
    struct floor_server *server = client->server;
    if (size < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    client->received += (size_t)size;
    size_t count = client->received / server->request_size;
    client->received -= count * server->request_size;
    while (count > 0) {
        size_t group = count < server->answer_count ? count : server->answer_count;
        client_answer(client, group);
        count -= group;
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct floor_server *server = listener->data;
    must("listen", status);
    struct client *client = memory_allocate_zeroed(1, sizeof(*client));
    client->server = server;
    must("socket", uv_tcp_init(&server->loop, &client->socket));
    client->socket.data = client;
    must("accept", uv_accept(listener, (uv_stream_t *)&client->socket));
    uv_tcp_nodelay(&client->socket, 1);
    must("read", uv_read_start((uv_stream_t *)&client->socket, on_allocate, on_read));
}

/* Makes as many replies as one write takes. */
static void make_answers(struct floor_server *server)
{
    server->answer_count = ANSWER_SIZE / server->reply_size;
    size_t size = server->answer_count * server->reply_size;
    server->answers = memory_allocate(size);
    memset(server->answers, 'x', size);
    for (size_t i = 1; i <= server->answer_count; i++) {
        server->answers[i * server->reply_size - 1] = '\n';
    }
}

static void listen_on(struct floor_server *server, int port)
{
    struct sockaddr_in address;
    int size = sizeof(address);
    must("address", uv_ip4_addr("127.0.0.1", port, &address));
    must("loop", uv_loop_init(&server->loop));
    must("socket", uv_tcp_init(&server->loop, &server->listener));
    server->listener.data = server;
    must("bind", uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0));
    must("listen", uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection));
    must("port", uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size));
    unsigned char *bytes = (unsigned char *)&address.sin_port;
    printf("%d\n", bytes[0] << 8 | bytes[1]);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    if (count != 4) {
        fputs("Usage: bench-floor PORT REQUEST_SIZE REPLY_SIZE\n", stderr);
        return 2;
    }
    struct floor_server *server = memory_allocate_zeroed(1, sizeof(*server));
    server->request_size = strtoull(arguments[2], NULL, 10);
    server->reply_size = strtoull(arguments[3], NULL, 10);
    if (server->request_size == 0 || server->reply_size == 0 || server->reply_size > ANSWER_SIZE) {
        fputs("bench-floor: sizes are at least 1\n", stderr);
        return 2;
    }
    make_answers(server);
    listen_on(server, atoi(arguments[1]));
    return uv_run(&server->loop, UV_RUN_DEFAULT);
}
