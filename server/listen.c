/* Listening. See listen.h. */
#include "server/listen.h"

#include "server/connection.h"
#include "server/log.h"
#include "server/options.h"
#include "server/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG           1024
#define HOST_SIZE         64
#define LOOPBACK_NET_MASK 0xff000000u
#define LOOPBACK_NET      0x7f000000u

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status == 0) {
        connection_accept(server, listener);
    } else {
        server->service->counters.connections_refused += 1;
    }
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *ip4 = (const struct sockaddr_in *)(const void *)address;
        return (ntohl(ip4->sin_addr.s_addr) & LOOPBACK_NET_MASK) == LOOPBACK_NET;
    }
    const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&ip6->sin6_addr) != 0;
}

/* The address that the options name. */
static bool parse_address(const char *text, struct sockaddr_storage *address)
{
    char host[HOST_SIZE];
    uint16_t port;
    memset(address, 0, sizeof(*address));
    if (!serve_options_split_address(text, host, sizeof(host), &port)) {
        return false;
    }
    const char *ip = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    return uv_ip4_addr(ip, port, (struct sockaddr_in *)(void *)address) == 0 ||
           uv_ip6_addr(ip, port, (struct sockaddr_in6 *)(void *)address) == 0;
}

/* Says on stdout where the server listens; programs that start it wait for this line. */
static void announce_tcp(const uv_tcp_t *tcp)
{
    struct sockaddr_storage address;
    int size = sizeof(address);
    char host[HOST_SIZE] = "";
    uv_tcp_getsockname(tcp, (struct sockaddr *)(void *)&address, &size);
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)(const void *)&address;
        uv_ip6_name(ip6, host, sizeof(host));
        printf("tenon listening on [%s]:%u\n", host, ntohs(ip6->sin6_port));
    } else {
        const struct sockaddr_in *ip4 = (const struct sockaddr_in *)(const void *)&address;
        uv_ip4_name(ip4, host, sizeof(host));
        printf("tenon listening on %s:%u\n", host, ntohs(ip4->sin_port));
    }
    fflush(stdout);
}

static bool listen_tcp(struct server *server)
{
    const char *text = server->options->listen;
    struct sockaddr_storage address;
    if (!parse_address(text, &address)) {
        log_line("cannot listen on %s: not an IP address and a port", text);
        return false;
    }
    bool guarded = server->options->auth_file != NULL || server->options->insecure;
    if (!is_loopback(&address) && !guarded) {
        log_line("cannot listen on %s: it can be reached from other machines and clients need no "
                 "token; give --auth-file, or say --insecure if that is meant",
                 text);
        return false;
    }
    if (!is_loopback(&address) && server->tls == NULL) {
        log_line("without --tls-cert, all that is sent over %s, tokens too, can be read on its way",
                 text);
    }
    int status = uv_tcp_bind(&server->tcp, (const struct sockaddr *)(const void *)&address, 0);
    if (status == 0) {
        status = uv_listen((uv_stream_t *)&server->tcp, BACKLOG, on_connection);
    }
    if (status != 0) {
        log_line("cannot listen on %s: %s", text, uv_strerror(status));
        return false;
    }
    return true;
}

/* Whether somebody answers on the Unix socket `path`. */
static bool socket_is_alive(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) {
        return false;
    }
    int status =
        connect(descriptor, (const struct sockaddr *)(const void *)&address, sizeof(address));
    close(descriptor);
    return status == 0;
}

/* Removes a socket file that a server which has ended left behind. */
static void remove_stale_socket(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISSOCK(status.st_mode) && !socket_is_alive(path)) {
        unlink(path);
    }
}

static bool listen_pipe(struct server *server)
{
    const char *path = server->options->socket;
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        log_line("cannot listen on %s: the path is too long", path);
        return false;
    }
    remove_stale_socket(path);
    int status = uv_pipe_bind(&server->pipe, path);
    if (status == 0) {
        status = uv_listen((uv_stream_t *)&server->pipe, BACKLOG, on_connection);
    }
    if (status == UV_EACCES) {
        /* libuv says so of a folder that is not there, too. */
        log_line("cannot listen on %s: its folder is not there, or may not be written to", path);
    } else if (status != 0) {
        log_line("cannot listen on %s: %s", path, uv_strerror(status));
    }
    return status == 0;
}

bool server_listen(struct server *server)
{
    server->tcp.data = server;
    server->pipe.data = server;
    if (!listen_tcp(server)) {
        return false;
    }
    if (server->options->socket != NULL && !listen_pipe(server)) {
        return false;
    }
    announce_tcp(&server->tcp);
    if (server->options->socket != NULL) {
        printf("tenon listening on %s\n", server->options->socket);
        fflush(stdout);
    }
    return true;
}

void server_close_listeners(struct server *server)
{
    uv_close((uv_handle_t *)&server->tcp, NULL);
    uv_close((uv_handle_t *)&server->pipe, NULL);
}
