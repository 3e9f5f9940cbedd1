/* See tls_client.h. */
#include "tests/support/tls_client.h"

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <poll.h>

#define READ_SIZE 65536

/* Waits for what the session's last call, which returned `result`, wants. Returns false where that
 * was no waiting, but an end. */
static bool wait_for(struct tls_client *client, int result)
{
    int wish = SSL_get_error(client->session, result);
    short events = wish == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    struct pollfd entry = {.fd = client->live.socket, .events = events};
    if (wish != SSL_ERROR_WANT_READ && wish != SSL_ERROR_WANT_WRITE) {
        return false;
    }
    cr_assert(poll(&entry, 1, LIVE_DEADLINE_MS) > 0, "the server does nothing");
    return true;
}

static SSL_CTX *make_settings(const struct tls_client_options *options)
{
    SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, NULL);
    cr_assert(SSL_CTX_load_verify_file(settings, options->ca) == 1);
    if (options->certificate != NULL) {
        cr_assert(SSL_CTX_use_certificate_chain_file(settings, options->certificate) == 1);
        cr_assert(SSL_CTX_use_PrivateKey_file(settings, options->key, SSL_FILETYPE_PEM) == 1);
    }
    if (options->version != 0) {
        SSL_CTX_set_min_proto_version(settings, options->version);
        SSL_CTX_set_max_proto_version(settings, options->version);
        SSL_CTX_set_security_level(settings, 0);
    }
    SSL_CTX_set_mode(settings, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return settings;
}

bool tls_client_connect(struct tls_client *client, const struct live_server *server,
                        const struct tls_client_options *options)
{
    *client = (struct tls_client){.session = NULL};
    SSL_CTX *settings = make_settings(options);
    live_connect(&client->live, server);
    client->session = SSL_new(settings);
    SSL_CTX_free(settings);
    SSL_set_fd(client->session, client->live.socket);
    int done;
    do {
        ERR_clear_error();
        done = SSL_connect(client->session);
    } while (done != 1 && wait_for(client, done));
    return done == 1;
}

void tls_client_close(struct tls_client *client)
{
    SSL_free(client->session);
    live_close(&client->live);
    buffer_deinit(&client->received);
}

/* Reads what has come. Returns what SSL_read did. */
static int read_some(struct tls_client *client)
{
    ERR_clear_error();
    char *place = buffer_reserve(&client->received, READ_SIZE);
    int size = SSL_read(client->session, place, READ_SIZE);
    client->received.size += size > 0 ? (size_t)size : 0;
    return size;
}

void tls_client_send(struct tls_client *client, struct slice data)
{
    while (data.size > 0) {
        struct pollfd entry = {.fd = client->live.socket, .events = POLLIN | POLLOUT};
        ERR_clear_error();
        int size =
            SSL_write(client->session, data.data, data.size > 65536 ? 65536 : (int)data.size);
        if (size > 0) {
            data = slice_make(data.data + size, data.size - (size_t)size);
            continue;
        }
        cr_assert(SSL_get_error(client->session, size) == SSL_ERROR_WANT_WRITE ||
                      SSL_get_error(client->session, size) == SSL_ERROR_WANT_READ,
                  "the server closed the connection");
        cr_assert(poll(&entry, 1, LIVE_DEADLINE_MS) > 0, "the server does not read");
        if ((entry.revents & POLLIN) != 0) {
            read_some(client);
        }
    }
}

void tls_client_send_line(struct tls_client *client, const char *line)
{
    tls_client_send(client, slice_of(line));
    tls_client_send(client, SLICE("\n"));
}

/* The next line that has come, or one without data. */
static struct slice take_line(struct tls_client *client)
{
    const char *start = client->received.data + client->taken;
    size_t size = client->received.size - client->taken;
    const char *end = size == 0 ? NULL : memchr(start, '\n', size);
    if (end == NULL) {
        return slice_make(NULL, 0);
    }
    client->taken += (size_t)(end - start) + 1;
    return slice_make(start, (size_t)(end - start));
}

struct slice tls_client_receive_line(struct tls_client *client)
{
    struct slice line = take_line(client);
    while (line.data == NULL) {
        int size = read_some(client);
        if (size <= 0 && !wait_for(client, size)) {
            return slice_make(NULL, 0);
        }
        line = take_line(client);
    }
    return line;
}

struct slice tls_client_ask(struct tls_client *client, const char *line)
{
    tls_client_send_line(client, line);
    return tls_client_receive_line(client);
}

void tls_client_finish_sending(struct tls_client *client)
{
    cr_assert(SSL_shutdown(client->session) >= 0);
}

bool tls_client_is_finished(struct tls_client *client)
{
    int size;
    do {
        size = read_some(client);
    } while (size > 0 || wait_for(client, size));
    return SSL_get_error(client->session, size) == SSL_ERROR_ZERO_RETURN &&
           client->taken == client->received.size;
}
