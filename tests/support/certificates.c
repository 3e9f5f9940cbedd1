/* See certificates.h. */
#include "tests/support/certificates.h"

#include <criterion/criterion.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS_A_DAY 86400

/* Who is certified, and by whom. */
struct order {
    const char *name;
    const char *alternatives; /* subjectAltName; NULL: none */
    bool signs_others;
    X509 *issuer; /* NULL: itself */
    EVP_PKEY *issuer_key;
};

static void add_extension(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    cr_assert(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *certify(const struct order *order, EVP_PKEY *key)
{
    unsigned char serial[4];
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    cr_assert(RAND_bytes(serial, sizeof(serial)) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1 + serial[0] + 256L * serial[1]);
    X509_set_version(certificate, X509_VERSION_3);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)order->name, -1, -1,
                               0);
    X509_set_issuer_name(certificate,
                         order->issuer == NULL ? name : X509_get_subject_name(order->issuer));
    X509_gmtime_adj(X509_getm_notBefore(certificate), -SECONDS_A_DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), SECONDS_A_DAY);
    X509_set_pubkey(certificate, key);
    if (order->alternatives != NULL) {
        add_extension(certificate, NID_subject_alt_name, order->alternatives);
    }
    add_extension(certificate, NID_basic_constraints,
                  order->signs_others ? "critical,CA:TRUE" : "critical,CA:FALSE");
    cr_assert(
        X509_sign(certificate, order->issuer == NULL ? key : order->issuer_key, EVP_sha256()) > 0);
    return certificate;
}

static void write_certificate(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL && PEM_write_X509(file, certificate) == 1);
    fclose(file);
}

/* A key is taken only where nobody else can read it. */
static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL && fchmod(fileno(file), 0600) == 0);
    cr_assert(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
}

/* Makes a key and its certificate, and writes both. */
static void issue(const struct order *order, const char *path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certify(order, key);
    write_certificate(path, certificate);
    write_key(key_path, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "rb");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    cr_assert(key != NULL);
    fclose(file);
    return key;
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "rb");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    cr_assert(certificate != NULL);
    fclose(file);
    return certificate;
}

/* Issues what the folder's certificate signs. */
static void issue_signed(const struct certificates *certificates, const char *name,
                         const char *alternatives, const char *path, const char *key_path)
{
    char ca_key[128];
    snprintf(ca_key, sizeof(ca_key), "%s/ca.key", certificates->folder);
    struct order order = {.name = name,
                          .alternatives = alternatives,
                          .issuer = read_certificate(certificates->ca),
                          .issuer_key = read_key(ca_key)};
    issue(&order, path, key_path);
    X509_free(order.issuer);
    EVP_PKEY_free(order.issuer_key);
}

void certificates_renew_server(struct certificates *certificates)
{
    issue_signed(certificates, "server", "DNS:localhost,IP:127.0.0.1", certificates->server,
                 certificates->server_key);
}

void certificates_make(struct certificates *c)
{
    char ca_key[128];
    strcpy(c->folder, "/tmp/tenon-certificates-XXXXXX");
    cr_assert(mkdtemp(c->folder) != NULL);
    snprintf(c->ca, sizeof(c->ca), "%s/ca.pem", c->folder);
    snprintf(c->server, sizeof(c->server), "%s/server.pem", c->folder);
    snprintf(c->server_key, sizeof(c->server_key), "%s/server.key", c->folder);
    snprintf(c->client, sizeof(c->client), "%s/client.pem", c->folder);
    snprintf(c->client_key, sizeof(c->client_key), "%s/client.key", c->folder);
    snprintf(c->stranger, sizeof(c->stranger), "%s/stranger.pem", c->folder);
    snprintf(c->stranger_key, sizeof(c->stranger_key), "%s/stranger.key", c->folder);
    snprintf(ca_key, sizeof(ca_key), "%s/ca.key", c->folder);
    issue(&(struct order){.name = "authority", .signs_others = true}, c->ca, ca_key);
    issue(&(struct order){.name = "stranger"}, c->stranger, c->stranger_key);
    issue_signed(c, "client", NULL, c->client, c->client_key);
    certificates_renew_server(c);
}

void certificates_remove(struct certificates *certificates)
{
    static const char *const names[] = {"ca.pem",     "ca.key",     "server.pem",   "server.key",
                                        "client.pem", "client.key", "stranger.pem", "stranger.key"};
    char path[128];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", certificates->folder, names[i]);
        unlink(path);
    }
    rmdir(certificates->folder);
}
