/* `tenon export`, and `tenon import` of what it wrote. */
#include "tests/support/live.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOG "examples/blog/"

static const char SCHEMA[] =
    "{\"tables\":{\"free\":{},\"late\":{\"number\":10042},"
    "\"typed\":{\"fields\":{\"a\":{\"optional\":\"int64\"},\"b\":{\"optional\":\"bytes\"},"
    "\"c\":{\"optional\":{\"id\":\"free\"}}},\"indexes\":{\"by_a\":[\"a\"]}}}}";

struct fixture {
    struct live_server server;
    char folder[64];
};

static void run_shell(const char *format, const char *folder)
{
    char command[512];
    snprintf(command, sizeof command, format, folder, folder, folder);
    cr_assert_eq(system(command), 0, "%s", command);
}

static void fixture_init(struct fixture *fixture)
{
    strcpy(fixture->folder, "/tmp/tenon-export-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture->folder));
}

static void fixture_deinit(struct fixture *fixture)
{
    run_shell("rm -rf %s", fixture->folder);
}

/* Runs a subcommand with the server's address before its other arguments. */
static void run(struct fixture *fixture, const char *subcommand, const char *const *arguments,
                struct live_result *result)
{
    char address[32];
    const char *all[12] = {subcommand, "--server", address};
    snprintf(address, sizeof address, "127.0.0.1:%u", fixture->server.port);
    for (size_t i = 0; arguments[i] != NULL; i++) {
        all[i + 3] = arguments[i];
    }
    live_run(result, all, SLICE(""));
}

static void expect_success(struct fixture *fixture, const char *subcommand,
                           const char *const *arguments)
{
    struct live_result result;
    run(fixture, subcommand, arguments, &result);
    cr_assert_eq(result.status, 0, "%.*s", SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
}

static void expect_refusal(struct fixture *fixture, const char *subcommand,
                           const char *const *arguments, const char *message)
{
    struct live_result result;
    run(fixture, subcommand, arguments, &result);
    cr_expect_eq(result.status, 1);
    buffer_append_char(&result.errors, '\0');
    cr_expect_not_null(strstr(result.errors.data, message), "%s", result.errors.data);
    live_result_deinit(&result);
}

/* A path below the test's folder. */
static const char *path(const struct fixture *fixture, const char *name, char text[96])
{
    snprintf(text, 96, "%s/%s", fixture->folder, name);
    return text;
}

/* Exports to `first`, imports that into a new server, and exports again: the same bytes. */
static void expect_round_trip(struct fixture *fixture)
{
    char first[96];
    char second[96];
    char schema[96];
    expect_success(fixture, "export",
                   (const char *[]){"--to", path(fixture, "first", first), NULL});
    live_stop(&fixture->server);
    live_start_with_file(&fixture->server, path(fixture, "first/schema.json", schema), NULL);
    expect_success(fixture, "import", (const char *[]){first, NULL});
    expect_success(fixture, "export",
                   (const char *[]){"--to", path(fixture, "second", second), NULL});
    run_shell("diff -r %s/first %s/second", fixture->folder);
}

Test(live_export, the_blog_comes_back_byte_for_byte)
{
    struct fixture f;
    fixture_init(&f);
    live_start_with_file(&f.server, "schema.example.json", NULL);
    expect_success(&f, "import",
                   (const char *[]){"users=" BLOG "users.jsonl:key",
                                    "authorProfiles=" BLOG "authorProfiles.jsonl:key",
                                    "posts=" BLOG "posts.jsonl:key",
                                    "comments=" BLOG "comments.jsonl:key",
                                    "categories=" BLOG "categories.jsonl:key",
                                    "postCategories=" BLOG "postCategories.jsonl", NULL});
    expect_round_trip(&f);
    run_shell("test $(cat %s/first/posts.jsonl | wc -l) -eq 8", f.folder);
    live_stop(&f.server);
    fixture_deinit(&f);
}

/* Appends a random value that a document may hold. */
static void append_value(struct buffer *buffer, unsigned *state, unsigned depth)
{
    static const char *const scalars[] = {"null",
                                          "true",
                                          "false",
                                          "0",
                                          "-1.5e-7",
                                          "9007199254740992",
                                          "\"\"",
                                          "\"\\u0000\\n\\\"\"",
                                          "\"\xC3\xA4\xF0\x9F\x98\x80\"",
                                          "{\"$integer\":\"/////////38=\"}",
                                          "{\"$bytes\":\"/w==\"}",
                                          "{\"$float\":\"AAAAAAAA+H8=\"}",
                                          "{\"$float\":\"AAAAAAAAAIA=\"}",
                                          "1.0",
                                          "1e2",
                                          "[]",
                                          "{}"};
    const unsigned count = sizeof scalars / sizeof scalars[0];
    unsigned choice = (unsigned)rand_r(state) % (count + 2);
    if (choice < count || depth == 0) {
        buffer_append_slice(buffer, slice_of(scalars[choice % count]));
        return;
    }
    bool list = choice == count;
    buffer_append_char(buffer, list ? '[' : '{');
    unsigned items = (unsigned)rand_r(state) % 4;
    for (unsigned i = 0; i < items; i++) {
        buffer_append_slice(buffer, i == 0 ? SLICE("") : SLICE(","));
        if (!list) {
            buffer_append_format(buffer, "\"n%u\":", i);
        }
        append_value(buffer, state, depth - 1);
    }
    buffer_append_char(buffer, list ? ']' : '}');
}

/* Documents of which many have the same creation time, most a random value of any type. */
static void insert_random(struct fixture *fixture)
{
    struct live_client client;
    unsigned state = (unsigned)random_seed("export");
    struct buffer request = {0};
    live_connect(&client, &fixture->server);
    for (unsigned i = 0; i < 500; i++) {
        request.size = 0;
        buffer_append_format(&request, "{\"id\":1,\"method\":\"insert\",\"params\":[\"%s\",{",
                             i % 3 == 0 ? "late" : "free");
        if (i % 2 == 0) {
            buffer_append_format(&request, "\"_creationTime\":%u.5,", (unsigned)rand_r(&state) % 9);
        }
        buffer_append_slice(&request, SLICE("\"value\":"));
        append_value(&request, &state, 4);
        buffer_append_slice(&request, SLICE("}]}"));
        buffer_append_char(&request, '\0');
        struct slice reply = live_ask(&client, request.data);
        cr_assert(slice_starts_with(reply, SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"")),
                  "%s: %.*s", request.data, SLICE_FORMAT(reply));
    }
    live_ask(&client, "{\"id\":1,\"method\":\"insert\",\"params\":[\"typed\",{\"a\":{\"$integer\":"
                      "\"AQAAAAAAAAA=\"},\"b\":{\"$bytes\":\"\"}}]}");
    buffer_deinit(&request);
    live_close(&client);
}

Test(live_export, documents_of_every_type_come_back_byte_for_byte)
{
    struct fixture f;
    fixture_init(&f);
    live_start(&f.server, SCHEMA, NULL);
    insert_random(&f);
    expect_round_trip(&f);
    live_stop(&f.server);
    fixture_deinit(&f);
}

Test(live_export, an_archive_holds_the_same_files)
{
    struct fixture f;
    struct live_result result;
    char folder[96];
    char archive[96];
    fixture_init(&f);
    live_start(&f.server, SCHEMA, NULL);
    insert_random(&f);
    expect_success(&f, "export", (const char *[]){"--to", path(&f, "first", folder), NULL});
    run(&f, "export", (const char *[]){NULL}, &result);
    cr_assert_eq(result.status, 0, "%.*s", SLICE_FORMAT(buffer_slice(&result.errors)));
    FILE *file = fopen(path(&f, "archive.tar", archive), "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(result.output.data, 1, result.output.size, file), result.output.size);
    fclose(file);
    live_result_deinit(&result);
    run_shell("mkdir %s/second && tar -xf %s/archive.tar -C %s/second", f.folder);
    run_shell("diff -r %s/first %s/second", f.folder);
    live_stop(&f.server);
    fixture_deinit(&f);
}

Test(live_export, tables_that_are_named_are_written_and_no_others)
{
    struct fixture f;
    char folder[96];
    fixture_init(&f);
    live_start(&f.server, SCHEMA, NULL);
    expect_success(&f, "export", (const char *[]){"--to", path(&f, "one", folder), "late", NULL});
    run_shell("test \"$(ls %s/one | tr '\\n' ' ')\" = 'late.jsonl schema.json '", f.folder);
    live_stop(&f.server);
    fixture_deinit(&f);
}

Test(live_export, what_cannot_be_done_is_told)
{
    struct fixture f;
    char folder[96];
    char schema[96];
    fixture_init(&f);
    live_start(&f.server, SCHEMA, NULL);
    path(&f, "first", folder);
    expect_refusal(&f, "export", (const char *[]){"--to", folder, "nothing", NULL},
                   "tenon export: the server has no table nothing\n");
    expect_refusal(&f, "export", (const char *[]){"--to", f.folder, "x", NULL}, "no table x");
    expect_success(&f, "export", (const char *[]){"--to", folder, NULL});
    expect_refusal(&f, "export", (const char *[]){"--to", folder, NULL}, "first: is not empty\n");
    live_stop(&f.server);
    live_start(&f.server, "{\"tables\":{\"late\":{},\"free\":{}}}", NULL);
    expect_refusal(&f, "import", (const char *[]){folder, NULL},
                   "table free has another number on the server, or is not there; start the "
                   "server with --schema ");
    unlink(path(&f, "first/schema.json", schema));
    expect_refusal(&f, "import", (const char *[]){folder, NULL}, "is it a complete export?\n");
    live_stop(&f.server);
    fixture_deinit(&f);
}
