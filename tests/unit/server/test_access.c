/* Who may call what, and how long an unknown token waits. */
#include "server/access.h"

#include "server/service.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FORGOTTEN_MS (ACCESS_FORGET_MS + 1)

/* A file of one token for each role, and what is made from it. */
struct fixture {
    char path[64];
    char tokens[ROLE_COUNT][TOKEN_TEXT_SIZE + 1];
    struct access *access;
    struct arena arena;
};

static void write_tokens(struct fixture *f, enum role from)
{
    struct buffer text = {0};
    FILE *file = fopen(f->path, "wb");
    for (enum role role = from; role < ROLE_COUNT; role++) {
        cr_assert(
            token_write_line(&text, slice_of(role_name(role)), role, slice_of(f->tokens[role])));
        buffer_append_char(&text, '\n');
    }
    cr_assert(fwrite(text.data, 1, text.size, file) == text.size);
    fclose(file);
    buffer_deinit(&text);
}

static void fixture_init(struct fixture *f)
{
    struct buffer message = {0};
    strcpy(f->path, "/tmp/tenon-access-XXXXXX");
    close(mkstemp(f->path));
    for (enum role role = ROLE_READ; role < ROLE_COUNT; role++) {
        cr_assert(token_make(f->tokens[role]));
    }
    write_tokens(f, ROLE_READ);
    f->access = access_create(f->path, &message);
    cr_assert_not_null(f->access, "%.*s", (int)message.size, message.data);
    arena_init(&f->arena, 1024);
}

static void fixture_deinit(struct fixture *f)
{
    access_destroy(f->access);
    arena_deinit(&f->arena);
    unlink(f->path);
}

/* Shows a token at `now_ms`. */
static bool authenticate(struct fixture *f, struct caller *caller, const char *token,
                         uint64_t now_ms)
{
    struct value result;
    struct error error;
    error_init(&error, &f->arena);
    caller->delay_ms = 0;
    return access_authenticate(f->access, caller, now_ms, &f->arena, slice_of(token), &result,
                               &error);
}

/* The peer with the address. */
static struct peer_address peer_at(const char *address)
{
    struct sockaddr_in ip4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &ip4.sin_addr) == 1) {
        return peer_address_of((const struct sockaddr *)&ip4);
    }
    cr_assert(inet_pton(AF_INET6, address, &ip6.sin6_addr) == 1);
    return peer_address_of((const struct sockaddr *)&ip6);
}

/* Who may what: a caller may call what its role, or a lower one, is enough for. */
Test(access, a_role_may_what_those_before_it_may)
{
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        struct caller caller = {.role = role};
        for (enum role needed = ROLE_NONE; needed < ROLE_COUNT; needed++) {
            cr_expect_eq(caller_may(&caller, needed), needed <= role);
        }
    }
}

Test(access, a_token_gives_its_role_and_an_unknown_one_takes_none_away)
{
    struct fixture f;
    struct caller caller;
    struct peer_address peer = {{0}};
    fixture_init(&f);
    caller_init(&caller, f.access, &peer);
    cr_expect_eq(caller.role, ROLE_NONE);
    for (enum role role = ROLE_READ; role < ROLE_COUNT; role++) {
        cr_expect(authenticate(&f, &caller, f.tokens[role], 0));
        cr_expect_eq(caller.role, role);
        cr_expect_eq(caller.delay_ms, 0);
    }
    cr_expect_not(authenticate(&f, &caller, "unknown", 0));
    cr_expect_eq(caller.role, ROLE_ADMIN);
    cr_expect_eq(caller.delay_ms, ACCESS_DELAY_FIRST_MS);
    caller_init(&caller, NULL, &peer);
    cr_expect_eq(caller.role, ROLE_ADMIN, "where no tokens are in use");
    fixture_deinit(&f);
}

Test(access, answers_wait_longer_with_each_failure_of_a_peer)
{
    static const uint64_t delays_ms[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    struct fixture f;
    struct peer_address one = peer_at("192.0.2.1");
    struct peer_address other = peer_at("192.0.2.2");
    fixture_init(&f);
    for (size_t i = 0; i < COUNT_OF(delays_ms); i++) {
        struct caller caller;
        caller_init(&caller, f.access, &one);
        cr_expect_not(authenticate(&f, &caller, "unknown", 1000 * i));
        cr_expect_eq(caller.delay_ms, delays_ms[i], "failure %zu", i);
    }
    struct caller caller;
    caller_init(&caller, f.access, &other);
    cr_expect_not(authenticate(&f, &caller, "unknown", 8000));
    cr_expect_eq(caller.delay_ms, ACCESS_DELAY_FIRST_MS, "another peer begins anew");
    caller_init(&caller, f.access, &one);
    cr_expect(authenticate(&f, &caller, f.tokens[ROLE_READ], 8000));
    cr_expect_eq(caller.delay_ms, 0, "a known token never waits");
    cr_expect_not(authenticate(&f, &caller, "unknown", 8000 + FORGOTTEN_MS));
    cr_expect_eq(caller.delay_ms, ACCESS_DELAY_FIRST_MS, "failures are forgotten");
    cr_expect_eq(f.access->failures, COUNT_OF(delays_ms) + 2);
    fixture_deinit(&f);
}

/* One peer more than are remembered takes the place of the one that failed longest ago. */
Test(access, the_peer_that_failed_longest_ago_is_forgotten_first)
{
    struct fixture f;
    fixture_init(&f);
    for (uint32_t i = 0; i <= ACCESS_PEERS_MAX; i++) {
        struct caller caller = {.peer = {{1, (unsigned char)(i >> 8), (unsigned char)i}}};
        cr_expect_not(authenticate(&f, &caller, "unknown", i));
    }
    struct caller second = {.peer = {{1, 0, 1}}};
    struct caller first = {.peer = {{1, 0, 0}}};
    cr_expect_not(authenticate(&f, &second, "unknown", ACCESS_PEERS_MAX + 1));
    cr_expect_eq(second.delay_ms, 2 * ACCESS_DELAY_FIRST_MS);
    cr_expect_not(authenticate(&f, &first, "unknown", ACCESS_PEERS_MAX + 2));
    cr_expect_eq(first.delay_ms, ACCESS_DELAY_FIRST_MS);
    cr_expect_eq(f.access->peer_count, ACCESS_PEERS_MAX);
    fixture_deinit(&f);
}

Test(access, a_token_that_is_taken_out_of_the_file_loses_its_role)
{
    struct fixture f;
    struct caller reader, admin;
    struct peer_address peer = {{0}};
    struct buffer message = {0};
    fixture_init(&f);
    caller_init(&reader, f.access, &peer);
    caller_init(&admin, f.access, &peer);
    cr_expect(authenticate(&f, &reader, f.tokens[ROLE_READ], 0));
    cr_expect(authenticate(&f, &admin, f.tokens[ROLE_ADMIN], 0));
    FILE *file = fopen(f.path, "wb");
    fclose(file);
    cr_expect_not(access_reload(f.access, &message), "a file that cannot be used");
    cr_expect(message.size > 0);
    caller_refresh(&admin, f.access);
    cr_expect_eq(admin.role, ROLE_ADMIN, "changes nothing");
    write_tokens(&f, ROLE_WRITE);
    cr_expect(access_reload(f.access, &message));
    caller_refresh(&reader, f.access);
    caller_refresh(&admin, f.access);
    cr_expect_eq(reader.role, ROLE_NONE);
    cr_expect_eq(admin.role, ROLE_NONE, "the line has a new salt, so it is another one");
    cr_expect(authenticate(&f, &admin, f.tokens[ROLE_ADMIN], 0));
    cr_expect_not(authenticate(&f, &reader, f.tokens[ROLE_READ], 0));
    buffer_deinit(&message);
    fixture_deinit(&f);
}

Test(access, peers_are_told_apart_by_host_or_network)
{
    static const struct {
        const char *one;
        const char *other;
        bool same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::1", "2001:db8::2", true},    {"2001:db8::1", "2001:db8:1::1", false},
        {"::ffff:192.0.2.1", "192.0.2.1", true}, {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct peer_address one = peer_at(rows[i].one);
        struct peer_address other = peer_at(rows[i].other);
        cr_expect_eq(memcmp(&one, &other, sizeof(one)) == 0, rows[i].same, "%s", rows[i].other);
    }
}

Test(access, peers_are_called_by_their_address)
{
    static const char *const rows[][2] = {{"192.0.2.1", "192.0.2.1"},
                                          {"::ffff:192.0.2.1", "192.0.2.1"},
                                          {"2001:db8::1", "2001:db8::/64"}};
    char text[PEER_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct peer_address peer = peer_at(rows[i][0]);
        peer_address_describe(&peer, text);
        cr_expect_str_eq(text, rows[i][1]);
    }
    peer_address_describe(&(struct peer_address){{0}}, text);
    cr_expect_str_eq(text, "the Unix socket");
}

/* A service with tokens, asked by callers with and without roles. */
static void expect_answer(struct service *service, struct caller *caller, const char *message,
                          const char *expected)
{
    struct job job;
    struct buffer output = {0};
    job_init(&job);
    job_prepare(&job, service, caller, slice_of(message), false);
    job_run(&job, service, &output);
    job_deinit(&job);
    buffer_append_char(&output, '\0');
    cr_expect_not_null(strstr(output.data, expected), "%s: %s", message, output.data);
    buffer_deinit(&output);
}

static struct service *make_service(struct access *access, uint64_t slow_ms)
{
    struct buffer message = {0};
    struct service_options options = service_default_options();
    options.access = access;
    options.slow_ms = slow_ms;
    return service_create(schema_read(SLICE("{\"tables\":{\"t\":{}}}"), "test", &message),
                          &options);
}

Test(access, a_stranger_learns_nothing_but_that_it_is_one)
{
    static const char *const messages[] = {
        "{\"id\":1,\"method\":\"ping\"}",
        "{\"id\":1,\"method\":\"nothing\"}",
        "{\"id\":1,\"method\":\"rpc.discover\"}",
        "{\"id\":1,\"method\":\"count\",\"params\":[\"nowhere\"]}",
        "{\"id\":1,\"method\":\"query\",\"params\":{\"do\":[{\"wrong\":1}]}}",
    };
    struct fixture f;
    struct caller caller;
    fixture_init(&f);
    struct service *service = make_service(f.access, 1000);
    caller_init(&caller, f.access, &(struct peer_address){{0}});
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        expect_answer(service, &caller, messages[i], "\"Unauthenticated\"");
    }
    expect_answer(service, &caller, "{\"method\":\"insert\",\"params\":[\"t\",{}]}", "");
    expect_answer(service, &caller, "{\"id\":1,\"method\":\"auth\",\"params\":[]}",
                  "InvalidParams");
    cr_expect_eq(caller.delay_ms, 0);
    cr_expect_eq(service->database->tables[0].count, 0);
    service_destroy(service);
    fixture_deinit(&f);
}

/* An auth in a batch holds for what stands behind it there. */
Test(access, an_auth_in_a_batch_holds_from_there_on)
{
    struct fixture f;
    struct caller caller;
    struct buffer batch = {0};
    fixture_init(&f);
    struct service *service = make_service(f.access, 1000);
    caller_init(&caller, f.access, &(struct peer_address){{0}});
    buffer_append_format(
        &batch,
        "[{\"id\":1,\"method\":\"ping\"},{\"id\":2,\"method\":\"auth\",\"params\":[\"%s\"]},"
        "{\"id\":3,\"method\":\"insert\",\"params\":[\"t\",{}]},"
        "{\"id\":4,\"method\":\"auth\",\"params\":[\"%s\"]},"
        "{\"id\":5,\"method\":\"count\",\"params\":[\"t\"]},"
        "{\"id\":6,\"method\":\"insert\",\"params\":[\"t\",{}]}]",
        f.tokens[ROLE_WRITE], f.tokens[ROLE_READ]);
    buffer_append_char(&batch, '\0');
    expect_answer(service, &caller, batch.data,
                  "\"Unauthenticated\"}}},{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"write\"}");
    cr_expect_eq(service->database->tables[0].count, 1, "the second insert is forbidden");
    cr_expect_eq(caller.role, ROLE_READ);
    buffer_deinit(&batch);
    service_destroy(service);
    fixture_deinit(&f);
}

Test(access, info_counts_tokens_and_those_that_are_unknown)
{
    struct fixture f;
    struct caller caller;
    fixture_init(&f);
    struct service *service = make_service(f.access, 1000);
    caller_init(&caller, f.access, &(struct peer_address){{0}});
    cr_expect_not(authenticate(&f, &caller, "unknown", 0));
    cr_expect(authenticate(&f, &caller, f.tokens[ROLE_READ], 0));
    expect_answer(service, &caller, "{\"id\":1,\"method\":\"info\"}",
                  "\"access\":{\"tokens\":3,\"refused\":1}");
    service_destroy(service);
    service = make_service(NULL, 1000);
    expect_answer(service, &caller, "{\"id\":1,\"method\":\"info\"}", "\"access\":null");
    service_destroy(service);
    fixture_deinit(&f);
}

/* With a limit of 0 every timed request is noted. */
Test(access, a_token_is_never_in_the_slow_log)
{
    struct fixture f;
    struct caller caller;
    char message[256];
    fixture_init(&f);
    struct service *service = make_service(f.access, 0);
    caller_init(&caller, f.access, &(struct peer_address){{0}});
    snprintf(message, sizeof(message), "{\"id\":1,\"method\":\"auth\",\"params\":[\"%s\"]}",
             f.tokens[ROLE_ADMIN]);
    for (unsigned i = 0; i < 2 * METHOD_TIMED_EVERY; i++) {
        expect_answer(service, &caller, message, "\"admin\"");
    }
    cr_expect_eq(service->slowlog.count, 0);
    expect_answer(service, &caller, "{\"id\":1,\"method\":\"info\"}", "version");
    cr_expect_eq(service->slowlog.count, 1, "others are");
    service_destroy(service);
    fixture_deinit(&f);
}
