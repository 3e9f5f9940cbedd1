/* TLS without sockets: the server's side against OpenSSL's client, over memory. */
#include "server/tls.h"

#include "tests/support/certificates.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <string.h>

#define TEXT_SIZE 100000

struct fixture {
    struct certificates files;
    struct tls_options options;
    struct tls_context *context;
    struct tls *tls;
    SSL *client;
    BIO *to_client;
    BIO *from_client;
    struct buffer plain; /* what the server has opened */
};

static void fixture_init(struct fixture *f, bool asks_for_certificate)
{
    struct buffer message = {0};
    *f = (struct fixture){.client = NULL};
    certificates_make(&f->files);
    f->options = (struct tls_options){.certificate = f->files.server,
                                      .key = f->files.server_key,
                                      .client_ca = asks_for_certificate ? f->files.ca : NULL};
    f->context = tls_context_create(&f->options, &message);
    cr_assert_not_null(f->context, "%.*s", (int)message.size, message.data);
    f->tls = tls_create(f->context);
    SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
    f->client = SSL_new(settings);
    SSL_CTX_free(settings);
    f->to_client = BIO_new(BIO_s_mem());
    f->from_client = BIO_new(BIO_s_mem());
    SSL_set_bio(f->client, f->to_client, f->from_client);
    SSL_set_connect_state(f->client);
}

static void fixture_deinit(struct fixture *f)
{
    SSL_free(f->client);
    tls_destroy(f->tls);
    tls_context_destroy(f->context);
    certificates_remove(&f->files);
    buffer_deinit(&f->plain);
}

/* Hands what the client has written to the server, in pieces of `piece_size` bytes. */
static enum tls_status pass_to_server(struct fixture *f, size_t piece_size)
{
    enum tls_status status = TLS_OPEN;
    char piece[4096];
    int size;
    while ((size = BIO_read(f->from_client, piece, (int)piece_size)) > 0) {
        status = tls_receive(f->tls, slice_make(piece, (size_t)size), &f->plain);
    }
    return status;
}

/* Hands what the server has to say to the client. Returns its size. */
static size_t pass_to_client(struct fixture *f, struct slice *plain, size_t size_max)
{
    struct buffer sealed = {0};
    tls_seal(f->tls, plain, size_max, &sealed);
    size_t size = sealed.size;
    if (size > 0) {
        cr_assert(BIO_write(f->to_client, sealed.data, (int)size) == (int)size);
    }
    buffer_deinit(&sealed);
    return size;
}

/* Passes messages to and fro until the client has shaken hands, or something is broken. */
static enum tls_status shake_hands(struct fixture *f, size_t piece_size)
{
    struct slice nothing = {0};
    enum tls_status status = TLS_OPEN;
    for (unsigned i = 0; i < 4 && status == TLS_OPEN; i++) {
        SSL_do_handshake(f->client);
        status = pass_to_server(f, piece_size);
        pass_to_client(f, &nothing, 0);
    }
    return status;
}

/* Whatever the pieces in which they come, down to single bytes. */
Test(tls, hands_are_shaken_in_any_pieces)
{
    static const size_t sizes[] = {1, 7, 100, 4096};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct fixture f;
        fixture_init(&f, false);
        cr_expect_not(tls_has_begun(f.tls));
        cr_expect_eq(shake_hands(&f, sizes[i]), TLS_OPEN);
        cr_expect(tls_has_begun(f.tls) && tls_is_established(f.tls));
        cr_expect(SSL_is_init_finished(f.client));
        cr_assert(SSL_write(f.client, "hello", 5) == 5);
        cr_expect_eq(pass_to_server(&f, sizes[i]), TLS_OPEN);
        cr_expect(slice_equal(buffer_slice(&f.plain), SLICE("hello")));
        fixture_deinit(&f);
    }
}

/* Of a long text as much is sealed as fits, and a piece at least; nothing of it is lost. */
Test(tls, a_long_text_is_sealed_in_parts)
{
    static const size_t sizes[] = {0, 1, 40000, TEXT_SIZE * 2};
    static char text[TEXT_SIZE];
    static char received[TEXT_SIZE];
    for (size_t i = 0; i < TEXT_SIZE; i++) {
        text[i] = (char)('a' + i % 26);
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct fixture f;
        struct slice left = slice_make(text, TEXT_SIZE);
        size_t got = 0;
        int size;
        fixture_init(&f, false);
        cr_expect_eq(pass_to_client(&f, &left, sizes[i]), 0, "nothing before hands are shaken");
        cr_expect_eq(left.size, TEXT_SIZE);
        cr_expect_eq(shake_hands(&f, 4096), TLS_OPEN);
        while (left.size > 0) {
            size_t before = left.size;
            size_t sealed = pass_to_client(&f, &left, sizes[i]);
            cr_expect(sizes[i] < 20000 ? before - left.size <= 16384 : sealed <= sizes[i]);
            cr_assert(left.size < before);
        }
        while ((size = SSL_read(f.client, received + got, (int)(TEXT_SIZE - got))) > 0) {
            got += (size_t)size;
        }
        cr_expect_eq(got, TEXT_SIZE);
        cr_expect_eq(memcmp(text, received, TEXT_SIZE), 0);
        fixture_deinit(&f);
    }
}

Test(tls, both_sides_can_say_that_they_end)
{
    struct fixture f;
    struct slice nothing = {0};
    struct slice late = SLICE("late");
    char byte;
    fixture_init(&f, false);
    cr_expect_eq(shake_hands(&f, 4096), TLS_OPEN);
    SSL_write(f.client, "last", 4);
    SSL_shutdown(f.client);
    cr_expect_eq(pass_to_server(&f, 4096), TLS_ENDED);
    cr_expect(slice_equal(buffer_slice(&f.plain), SLICE("last")), "what came before counts");
    tls_finish(f.tls);
    cr_expect_gt(pass_to_client(&f, &nothing, 0), 0);
    tls_finish(f.tls);
    cr_expect_eq(pass_to_client(&f, &nothing, 0), 0, "it is said once");
    cr_expect_eq(pass_to_client(&f, &late, 0), 0, "and nothing is said behind it");
    cr_expect_eq(SSL_read(f.client, &byte, 1), 0);
    cr_expect_eq(SSL_get_error(f.client, 0), SSL_ERROR_ZERO_RETURN);
    fixture_deinit(&f);
}

/* A session that was never one has no end to tell of. */
Test(tls, an_end_before_the_handshake_says_nothing)
{
    struct fixture f;
    struct slice nothing = {0};
    fixture_init(&f, false);
    tls_finish(f.tls);
    cr_expect_eq(pass_to_client(&f, &nothing, 0), 0);
    fixture_deinit(&f);
}

Test(tls, what_is_no_tls_is_told_with_an_alert)
{
    struct fixture f;
    struct buffer sealed = {0};
    struct slice nothing = {0};
    fixture_init(&f, false);
    cr_expect_eq(tls_receive(f.tls, SLICE("{\"id\":1,\"method\":\"ping\"}\n"), &f.plain),
                 TLS_BROKEN);
    cr_expect_str_eq(tls_trouble(f.tls), "wrong version number");
    cr_expect_eq(f.plain.size, 0);
    tls_seal(f.tls, &nothing, 0, &sealed);
    cr_expect(slice_equal(buffer_slice(&sealed), SLICE("\x15\x03\x01\x00\x02\x02\x46")));
    buffer_deinit(&sealed);
    fixture_deinit(&f);
}

Test(tls, a_client_without_a_certificate_that_is_wanted_is_broken)
{
    struct fixture f;
    fixture_init(&f, true);
    cr_expect_eq(shake_hands(&f, 4096), TLS_BROKEN);
    cr_expect_str_eq(tls_trouble(f.tls), "peer did not return a certificate");
    cr_expect_not(tls_is_established(f.tls));
    fixture_deinit(&f);
}

/* The least is for a client that has said nothing; a handshake may take the most. */
Test(tls, what_a_session_holds_is_counted)
{
    struct fixture f;
    char record[TEXT_SIZE] = "";
    fixture_init(&f, false);
    size_t silent = tls_size(f.tls);
    SSL_do_handshake(f.client);
    cr_expect_eq(pass_to_server(&f, 4096), TLS_OPEN);
    cr_expect_gt(tls_size(f.tls), 9 * silent);
    cr_expect_eq(shake_hands(&f, 4096), TLS_OPEN);
    cr_expect_eq(tls_size(f.tls), silent);
    SSL_write(f.client, record, 16000);
    int size = BIO_read(f.from_client, record, sizeof(record));
    cr_expect_eq(tls_receive(f.tls, slice_make(record, (size_t)size / 2), &f.plain), TLS_OPEN);
    cr_expect_geq(tls_size(f.tls), silent + 16384, "half a record waits");
    struct slice rest = slice_make(record + size / 2, (size_t)(size - size / 2));
    cr_expect_eq(tls_receive(f.tls, rest, &f.plain), TLS_OPEN);
    cr_expect_eq(tls_size(f.tls), silent);
    cr_expect_eq(f.plain.size, 16000);
    fixture_deinit(&f);
}

/* A byte that is changed on its way is noticed. */
Test(tls, bytes_that_were_changed_are_not_opened)
{
    struct fixture f;
    char piece[256];
    fixture_init(&f, false);
    cr_expect_eq(shake_hands(&f, 4096), TLS_OPEN);
    SSL_write(f.client, "hello", 5);
    int size = BIO_read(f.from_client, piece, sizeof(piece));
    piece[size - 1] ^= 1;
    cr_expect_eq(tls_receive(f.tls, slice_make(piece, (size_t)size), &f.plain), TLS_BROKEN);
    cr_expect_eq(f.plain.size, 0);
    fixture_deinit(&f);
}
