/* The floor: what libuv and the kernel cost a server that does nothing else.
 *
 *   bench-floor PORT REQUEST_SIZE REPLY_SIZE [PIECES MEMORY_MIB]
 *
 * It never looks at a request: each REQUEST_SIZE bytes that come are answered with REPLY_SIZE
 * bytes that end a line. What one read brought is answered by one write, as the best server would
 * do it. Prints its port (0 asks for a free one) once it listens.
 *
 * With PIECES the replies are not there beforehand: each is gathered from so many places, chosen
 * at random, of MEMORY_MIB of memory on huge pages, asked from memory ahead. It is the floor of a
 * server that knows without looking where its documents are, and has only to copy them. With 0 MiB
 * the places are the same for each reply, as for one request over and over. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */

#include "base/macros.h"
#include "base/memory.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <uv.h>

#define READ_SIZE    (64 * 1024)
#define ANSWER_SIZE  (8 * 1024 * 1024) /* of one write */
#define BACKLOG      511
#define PIECES_AHEAD 6 /* pieces that are asked for before one is copied; more gain nothing */
#define SEED         88172645463325252u

/* Where replies are gathered from. */
struct memory {
    const char *bytes;
    size_t size;
    size_t pieces; /* of a reply; 0: nothing is gathered */
    bool same;     /* the same places for each reply */
    uint64_t random;
};

struct floor_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    size_t request_size;
    size_t reply_size;
    char *answers; /* reply after reply */
    size_t answer_count;
    struct memory memory;
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

/* A place of the memory where `size` bytes begin (Marsaglia's xorshift, 2003). */
static const char *choose_place(struct memory *memory, size_t size)
{
    memory->random ^= memory->random << 13;
    memory->random ^= memory->random >> 7;
    memory->random ^= memory->random << 17;
    return memory->bytes + memory->random % (memory->size - size);
}

/* Puts a reply of `size` bytes together, but for its end. */
static void gather(struct memory *memory, char *reply, size_t size)
{
    const char *places[PIECES_AHEAD];
    size_t piece = (size - 1) / memory->pieces;
    memory->random = memory->same ? SEED : memory->random;
    for (size_t i = 0; i < memory->pieces + PIECES_AHEAD; i++) {
        const char **place = &places[i % PIECES_AHEAD];
        if (i >= PIECES_AHEAD) {
            memcpy(reply, *place, piece);
            reply += piece;
        }
        *place = choose_place(memory, piece);
        prefetch_bytes(*place, piece);
    }
}

static void client_answer(struct client *client, size_t count)
{
    struct floor_server *server = client->server;
    for (size_t i = 0; i < count && server->memory.pieces > 0; i++) {
        gather(&server->memory, server->answers + i * server->reply_size, server->reply_size);
    }
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

/* Fills the memory that replies are gathered from. */
static void make_memory(struct memory *memory, size_t pieces, size_t mebibytes, size_t reply_size)
{
    size_t least = reply_size + 2 * CACHE_LINE_SIZE;
    memory->pieces = pieces;
    memory->same = mebibytes == 0;
    memory->size = memory->same ? 2 * least : mebibytes * 1024 * 1024;
    memory->size = memory->size > least ? memory->size : least;
    memory->random = SEED;
    void *bytes =
        mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        fputs("bench-floor: no memory\n", stderr);
        exit(1);
    }
    (void)madvise(bytes, memory->size, MADV_HUGEPAGE);
    memset(bytes, 'x', memory->size);
    memory->bytes = bytes;
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
    if (count != 4 && count != 6) {
        fputs("Usage: bench-floor PORT REQUEST_SIZE REPLY_SIZE [PIECES MEMORY_MIB]\n", stderr);
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
    size_t pieces = count == 6 ? strtoull(arguments[4], NULL, 10) : 0;
    if (pieces >= server->reply_size) {
        fputs("bench-floor: a piece has at least one byte\n", stderr);
        return 2;
    }
    if (pieces > 0) {
        make_memory(&server->memory, pieces, strtoull(arguments[5], NULL, 10), server->reply_size);
    }
    signal(SIGPIPE, SIG_IGN); /* a client may leave while it is answered */
    listen_on(server, atoi(arguments[1]));
    return uv_run(&server->loop, UV_RUN_DEFAULT);
}
