/* TLS with OpenSSL: see the header. */
#include "cli/secure.h"

#include "base/memory.h"
#include "base/secret_file.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

struct secure {
    SSL *session;
};

bool secure_is_wanted(const struct secure_options *options)
{
    return options->wanted || options->ca != NULL || options->certificate != NULL ||
           options->key != NULL;
}

const char *secure_trouble(void)
{
    unsigned long error = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
    return reason == NULL ? "cut off" : reason;
}

static bool fail(struct buffer *trouble, const char *option, const char *path)
{
    buffer_append_format(trouble, "%s %s: %s", option, path, secure_trouble());
    return false;
}

static bool load_key(SSL_CTX *settings, const char *path, struct buffer *trouble)
{
    struct buffer refusal = {0};
    FILE *file = secret_file_open(path, &refusal);
    if (file == NULL) {
        buffer_append_format(trouble, "--tls-key %.*s", SLICE_FORMAT(buffer_slice(&refusal)));
        buffer_deinit(&refusal);
        return false;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    bool fits = key != NULL && SSL_CTX_use_PrivateKey(settings, key) == 1;
    EVP_PKEY_free(key);
    return fits || fail(trouble, "--tls-key", path);
}

static bool load_certificate(SSL_CTX *settings, const struct secure_options *options,
                             struct buffer *trouble)
{
    if ((options->certificate == NULL) != (options->key == NULL)) {
        buffer_append_format(trouble, "--tls-cert and --tls-key: give both, or neither");
        return false;
    }
    if (options->certificate == NULL) {
        return true;
    }
    if (SSL_CTX_use_certificate_chain_file(settings, options->certificate) != 1) {
        return fail(trouble, "--tls-cert", options->certificate);
    }
    return load_key(settings, options->key, trouble);
}

static bool load_files(SSL_CTX *settings, const struct secure_options *options,
                       struct buffer *trouble)
{
    SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(settings, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    bool known = options->ca == NULL ? SSL_CTX_set_default_verify_paths(settings) == 1
                                     : SSL_CTX_load_verify_file(settings, options->ca) == 1;
    if (!known || SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) != 1) {
        return fail(trouble, "--tls-ca", options->ca == NULL ? "(the system's)" : options->ca);
    }
    return load_certificate(settings, options, trouble);
}

/* Has the certificate checked for the host: an address is written in it as one. */
static bool expect_host(SSL *session, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1) {
        return true;
    }
    return SSL_set1_host(session, host) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
}

static bool shake_hands(SSL *session, int descriptor, const char *host, struct buffer *trouble)
{
    ERR_clear_error();
    if (!expect_host(session, host) || SSL_set_fd(session, descriptor) != 1) {
        return fail(trouble, "TLS with", host);
    }
    if (SSL_connect(session) == 1) {
        return true;
    }
    long verified = SSL_get_verify_result(session);
    if (verified != X509_V_OK) {
        buffer_append_format(trouble, "TLS with %s: %s; --tls-ca says whom to trust", host,
                             X509_verify_cert_error_string(verified));
        return false;
    }
    bool plain = ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER;
    buffer_append_format(trouble, "TLS with %s: %s", host,
                         plain ? "the server does not speak it" : secure_trouble());
    return false;
}

struct secure *secure_open(int descriptor, const char *host, const struct secure_options *options,
                           struct buffer *trouble)
{
    struct secure *secure = NULL;
    ERR_clear_error();
    SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
    if (settings == NULL) {
        fail(trouble, "TLS with", host);
        return NULL;
    }
    SSL *session = load_files(settings, options, trouble) ? SSL_new(settings) : NULL;
    SSL_CTX_free(settings);
    if (session != NULL && shake_hands(session, descriptor, host, trouble)) {
        secure = memory_allocate(sizeof(*secure));
        secure->session = session;
    } else {
        SSL_free(session);
    }
    return secure;
}

void secure_close(struct secure *secure)
{
    SSL_free(secure->session);
    memory_release(secure);
}

static int at_most(size_t size)
{
    return size < INT_MAX ? (int)size : INT_MAX;
}

/* What the last call, which returned `result` and was no success, means. */
static ssize_t read_status(const struct secure *secure, int result)
{
    switch (SSL_get_error(secure->session, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return SECURE_BLOCKED;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return SECURE_BROKEN;
    }
}

ssize_t secure_send(struct secure *secure, const char *data, size_t size)
{
    ERR_clear_error();
    int sent = SSL_write(secure->session, data, at_most(size));
    return sent > 0 ? sent : read_status(secure, sent);
}

ssize_t secure_receive(struct secure *secure, char *data, size_t size)
{
    ERR_clear_error();
    int received = SSL_read(secure->session, data, at_most(size));
    return received > 0 ? received : read_status(secure, received);
}

bool secure_has_more(const struct secure *secure)
{
    return SSL_pending(secure->session) > 0;
}

bool secure_finish(struct secure *secure)
{
    ERR_clear_error();
    int said = SSL_shutdown(secure->session);
    return said >= 0 || read_status(secure, said) != SECURE_BLOCKED;
}
