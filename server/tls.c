/* TLS over memory, with OpenSSL. See tls.h. */
#include "server/tls.h"

#include "base/memory.h"
#include "base/secret_file.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>

/* The most plain bytes of one record of TLS, and what a record may have beside them. */
#define RECORD_SIZE_MAX   (16 * 1024)
#define RECORD_EXTRA_SIZE 256

/* What OpenSSL 3.0 was seen to allocate, rounded up: 9 to 22 KB for a session, 17 KB more in the
 * middle of a record, and 232 KB in a handshake whose first message says that it is as long as one
 * may be. */
#define SESSION_SIZE      (24 * 1024)
#define HANDSHAKE_SIZE    (240 * 1024)

/* Of TLS 1.2 only what 1.3 has too: ephemeral keys and ciphers that authenticate. */
#define CIPHERS_OF_TLS12  "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls_context {
    const struct tls_options *options;
    SSL_CTX *settings;
    BIO_METHOD *transport; /* how sessions read `incoming` and write `outgoing` */
};

struct tls {
    SSL *session;
    struct slice incoming;   /* what came and was not opened; empty between calls */
    struct buffer *outgoing; /* &flight, or within tls_seal() where the caller wants it */
    struct buffer flight;    /* what the session has to say of its own: handshake, alerts */
    bool begun;
    bool established;
    bool finished;
    const char *trouble;
};

/* OpenSSL fails here for want of memory only, which ends the process elsewhere too. */
static void *must(void *pointer)
{
    if (pointer == NULL) {
        abort();
    }
    return pointer;
}

/* ---- Contexts */

/* A key that wants a passphrase is an error: nobody is there to be asked. */
static int refuse_passphrase(char *buffer, int size, int writes, void *context)
{
    (void)buffer, (void)size, (void)writes, (void)context;
    return -1;
}

/* Why the last call failed: the first error that it met, which is the most exact one. */
static const char *find_reason(void)
{
    unsigned long error = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
    return reason == NULL ? "it cannot be used" : reason;
}

static bool fail(struct buffer *message, const char *option, const char *path)
{
    buffer_append_format(message, "%s %s: %s", option, path, find_reason());
    return false;
}

static bool load_client_ca(SSL_CTX *settings, const char *path, struct buffer *message)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (names == NULL || SSL_CTX_load_verify_file(settings, path) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail(message, "--tls-client-ca", path);
    }
    SSL_CTX_set_client_CA_list(settings, names);
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}

static bool load_key(SSL_CTX *settings, const char *path, struct buffer *message)
{
    struct buffer refusal = {0};
    FILE *file = secret_file_open(path, &refusal);
    if (file == NULL) {
        buffer_append_format(message, "--tls-key %.*s", SLICE_FORMAT(buffer_slice(&refusal)));
        buffer_deinit(&refusal);
        return false;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, refuse_passphrase, NULL);
    fclose(file);
    bool fits = key != NULL && SSL_CTX_use_PrivateKey(settings, key) == 1;
    EVP_PKEY_free(key);
    return fits || fail(message, "--tls-key", path);
}

static bool load_files(SSL_CTX *settings, const struct tls_options *options, struct buffer *message)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(settings, options->certificate) != 1) {
        return fail(message, "--tls-cert", options->certificate);
    }
    return load_key(settings, options->key, message) &&
           (options->client_ca == NULL || load_client_ca(settings, options->client_ca, message));
}

static bool configure(SSL_CTX *settings)
{
    SSL_CTX_set_options(settings, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                      SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(settings, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(settings, refuse_passphrase);
    return SSL_CTX_set_num_tickets(settings, 0) == 1 &&
           SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(settings, CIPHERS_OF_TLS12) == 1;
}

/* Makes settings from the files. Returns NULL, with a message, where that fails. */
static SSL_CTX *make_settings(const struct tls_options *options, struct buffer *message)
{
    SSL_CTX *settings = SSL_CTX_new(TLS_server_method());
    bool made = settings != NULL && configure(settings);
    if (!made) {
        buffer_append_format(message, "TLS cannot be set up: %s", find_reason());
    }
    if (!made || !load_files(settings, options, message)) {
        SSL_CTX_free(settings);
        return NULL;
    }
    return settings;
}

/* ---- The transport of a session: memory, without a copy and without a buffer of its own. */

static int transport_read(BIO *bio, char *data, int size)
{
    struct tls *tls = BIO_get_data(bio);
    size_t taken = tls->incoming.size < (size_t)size ? tls->incoming.size : (size_t)size;
    BIO_clear_retry_flags(bio);
    if (taken == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(data, tls->incoming.data, taken);
    tls->incoming = slice_make(tls->incoming.data + taken, tls->incoming.size - taken);
    return (int)taken;
}

static int transport_write(BIO *bio, const char *data, int size)
{
    struct tls *tls = BIO_get_data(bio);
    buffer_append(tls->outgoing, data, (size_t)size);
    return size;
}

static long transport_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *make_transport(void)
{
    BIO_METHOD *transport = must(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls"));
    BIO_meth_set_read(transport, transport_read);
    BIO_meth_set_write(transport, transport_write);
    BIO_meth_set_ctrl(transport, transport_control);
    return transport;
}

struct tls_context *tls_context_create(const struct tls_options *options, struct buffer *message)
{
    SSL_CTX *settings = make_settings(options, message);
    if (settings == NULL) {
        return NULL;
    }
    struct tls_context *context = memory_allocate(sizeof(*context));
    *context = (struct tls_context){
        .options = options, .settings = settings, .transport = make_transport()};
    return context;
}

void tls_context_destroy(struct tls_context *context)
{
    SSL_CTX_free(context->settings);
    BIO_meth_free(context->transport);
    memory_release(context);
}

bool tls_context_reload(struct tls_context *context, struct buffer *message)
{
    SSL_CTX *settings = make_settings(context->options, message);
    if (settings == NULL) {
        return false;
    }
    SSL_CTX_free(context->settings);
    context->settings = settings;
    return true;
}

/* ---- Connections */

struct tls *tls_create(const struct tls_context *context)
{
    struct tls *tls = memory_allocate_zeroed(1, sizeof(*tls));
    tls->session = must(SSL_new(context->settings));
    tls->outgoing = &tls->flight;
    tls->trouble = "none";
    BIO *transport = must(BIO_new(context->transport));
    BIO_set_data(transport, tls);
    BIO_set_init(transport, 1);
    SSL_set_bio(tls->session, transport, transport);
    SSL_set_accept_state(tls->session);
    return tls;
}

void tls_destroy(struct tls *tls)
{
    SSL_free(tls->session);
    buffer_deinit(&tls->flight);
    memory_release(tls);
}

/* To a client that does not speak TLS OpenSSL says nothing; an alert, the version being wrong, lets
 * it tell what it has met. */
static void give_alert(struct tls *tls)
{
    static const char alert[] = "\x15\x03\x01\x00\x02\x02\x46";
    if (!tls->established && tls->flight.size == 0) {
        buffer_append(&tls->flight, alert, sizeof(alert) - 1);
    }
}

/* What the session's last call, which returned `result` and was no success, means. */
static enum tls_status read_status(struct tls *tls, int result)
{
    switch (SSL_get_error(tls->session, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_OPEN;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        tls->trouble = find_reason();
        give_alert(tls);
        return TLS_BROKEN;
    }
}

/* Opens what has come. Returns what the last call of the session means. */
static enum tls_status open_incoming(struct tls *tls, struct buffer *plain)
{
    int size = 1;
    if (!tls->established) {
        int done = SSL_do_handshake(tls->session);
        if (done != 1) {
            return read_status(tls, done);
        }
        tls->established = true;
    }
    while (size > 0) {
        size = SSL_read(tls->session, buffer_reserve(plain, RECORD_SIZE_MAX), RECORD_SIZE_MAX);
        plain->size += size > 0 ? (size_t)size : 0;
    }
    return read_status(tls, size);
}

enum tls_status tls_receive(struct tls *tls, struct slice sealed, struct buffer *plain)
{
    tls->begun = true;
    tls->incoming = sealed;
    ERR_clear_error();
    enum tls_status status = open_incoming(tls, plain);
    tls->incoming = (struct slice){0};
    return status;
}

bool tls_is_established(const struct tls *tls)
{
    return tls->established;
}

bool tls_has_begun(const struct tls *tls)
{
    return tls->begun;
}

/* Seals pieces of `plain` into tls->outgoing, until that would have more than `size_max` bytes. */
static void seal_pieces(struct tls *tls, struct slice *plain, size_t size_max)
{
    do {
        size_t size = plain->size < RECORD_SIZE_MAX ? plain->size : RECORD_SIZE_MAX;
        if (size == 0 || !tls->established || tls->finished ||
            SSL_write(tls->session, plain->data, (int)size) != (int)size) {
            return;
        }
        *plain = slice_make(plain->data + size, plain->size - size);
    } while (tls->outgoing->size + RECORD_SIZE_MAX + RECORD_EXTRA_SIZE <= size_max);
}

void tls_seal(struct tls *tls, struct slice *plain, size_t size_max, struct buffer *sealed)
{
    ERR_clear_error();
    buffer_append_slice(sealed, buffer_slice(&tls->flight));
    buffer_deinit(&tls->flight);
    tls->outgoing = sealed;
    seal_pieces(tls, plain, size_max);
    tls->outgoing = &tls->flight;
}

void tls_finish(struct tls *tls)
{
    if (!tls->finished && tls->established) {
        ERR_clear_error();
        (void)SSL_shutdown(tls->session);
    }
    tls->finished = true;
}

const char *tls_trouble(const struct tls *tls)
{
    return tls->trouble;
}

size_t tls_size(const struct tls *tls)
{
    bool shakes_hands = tls->begun && !tls->established;
    size_t size = sizeof(*tls) + tls->flight.capacity;
    size += SSL_has_pending(tls->session) ? RECORD_SIZE_MAX + RECORD_EXTRA_SIZE : 0;
    return size + (shakes_hands ? HANDSHAKE_SIZE : SESSION_SIZE);
}
