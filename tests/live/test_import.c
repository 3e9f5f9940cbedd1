/* `tenon import` into the live server. */
#include "tests/support/live.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char SCHEMA[] =
    "{\"tables\":{"
    "\"users\":{\"fields\":{\"name\":\"string\",\"bossId\":{\"optional\":{\"id\":\"users\"}}},"
    "  \"indexes\":{\"by_name\":{\"fields\":[\"name\"],\"unique\":true}}},"
    "\"posts\":{\"fields\":{\"title\":\"string\",\"authorId\":{\"id\":\"users\"}},"
    "  \"indexes\":{\"by_authorId\":[\"authorId\"]}}}}";

#define OPERANDS_MAX 5

struct fixture {
    struct live_server server;
    struct live_client client;
    char address[32];
    char folder[32]; /* of the sources */
};

/* Goes to the folder of the sources, so that messages name them without it; the binary, which may
 * be named relative to where the test began, must still be found from there. */
static void go_to_folder(const struct fixture *fixture)
{
    const char *binary = getenv("TENON_BINARY");
    char start[512];
    char path[1024];
    cr_assert_not_null(getcwd(start, sizeof(start)));
    if (binary == NULL || binary[0] != '/') {
        snprintf(path, sizeof(path), "%s/%s", start,
                 binary == NULL ? "build/tenon-sanitized" : binary);
        setenv("TENON_BINARY", path, 1);
    }
    cr_assert_eq(chdir(fixture->folder), 0);
}

static void fixture_init(struct fixture *fixture)
{
    live_start(&fixture->server, SCHEMA, NULL);
    live_connect(&fixture->client, &fixture->server);
    snprintf(fixture->address, sizeof(fixture->address), "127.0.0.1:%u", fixture->server.port);
    strcpy(fixture->folder, "/tmp/tenon-import-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture->folder));
    go_to_folder(fixture);
}

static void fixture_deinit(struct fixture *fixture)
{
    unlink("users.jsonl");
    unlink("posts.jsonl");
    unlink("users.csv");
    unlink("posts.csv");
    rmdir(fixture->folder);
    live_close(&fixture->client);
    live_stop(&fixture->server);
}

static void write_source(const char *name, const char *content)
{
    FILE *file = fopen(name, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(content, file), 0);
    fclose(file);
}

/* Imports, and compares the exit status. What it says goes to `result`, which is the caller's. */
static void import(const struct fixture *fixture, const char *const operands[OPERANDS_MAX],
                   const char *input, int status, struct live_result *result)
{
    const char *all[OPERANDS_MAX + 4] = {"import", "--server", fixture->address};
    for (int i = 0; i < OPERANDS_MAX; i++) {
        all[i + 3] = operands[i];
    }
    live_run(result, all, slice_of(input));
    cr_expect_eq(result->status, status, "status %d: %.*s", result->status,
                 SLICE_FORMAT(buffer_slice(&result->errors)));
    cr_expect_eq(result->output.size, 0);
}

static void import_silently(const struct fixture *fixture, const char *const operands[OPERANDS_MAX],
                            const char *input, int status)
{
    struct live_result result;
    import(fixture, operands, input, status, &result);
    live_result_deinit(&result);
}

/* All documents of a table, in the order of creation; the caller deletes them. */
static cJSON *collect(struct fixture *fixture, const char *table)
{
    char request[128];
    snprintf(request, sizeof(request), "{\"id\":1,\"method\":\"collect\",\"params\":[\"%s\"]}",
             table);
    struct slice reply = live_ask(&fixture->client, request);
    cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
    cJSON *result = cJSON_DetachItemFromObjectCaseSensitive(parsed, "result");
    cr_assert(cJSON_IsArray(result), "%.*s", SLICE_FORMAT(reply));
    cJSON_Delete(parsed);
    return result;
}

/* The text of a field of the document at `position`, or "". */
static const char *field(const cJSON *documents, int position, const char *name)
{
    const cJSON *value =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(documents, position), name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static void expect_fields(const cJSON *documents, const char *name, const char *const *expected)
{
    int count = 0;
    while (expected[count] != NULL) {
        cr_expect_str_eq(field(documents, count, name), expected[count]);
        count++;
    }
    cr_expect_eq(cJSON_GetArraySize(documents), count);
}

static const char *const forward_users = "{\"id\":\"a\",\"name\":\"Ann\",\"bossId\":\"b\"}\n"
                                         "{\"id\":\"b\",\"name\":\"Bob\",\"bossId\":\"b\"}\n";
static const char *const forward_posts = "{\"title\":\"one\",\"authorId\":\"b\"}\n"
                                         "{\"title\":\"two\",\"authorId\":\"a\"}\n";

Test(live_import, references_are_resolved_whatever_the_order)
{
    struct fixture f;
    fixture_init(&f);
    write_source("users.jsonl", forward_users);
    write_source("posts.jsonl", forward_posts);
    import_silently(&f, (const char *[OPERANDS_MAX]){"posts=posts.jsonl", "users=users.jsonl:id"},
                    "", 0);
    cJSON *users = collect(&f, "users");
    cJSON *posts = collect(&f, "posts");
    expect_fields(users, "name", (const char *[]){"Ann", "Bob", NULL});
    expect_fields(users, "bossId",
                  (const char *[]){field(users, 1, "_id"), field(users, 1, "_id"), NULL});
    expect_fields(posts, "title", (const char *[]){"one", "two", NULL});
    expect_fields(posts, "authorId",
                  (const char *[]){field(users, 1, "_id"), field(users, 0, "_id"), NULL});
    cJSON_Delete(users);
    cJSON_Delete(posts);
    fixture_deinit(&f);
}

Test(live_import, standard_input_may_have_keys_too)
{
    struct fixture f;
    fixture_init(&f);
    write_source("posts.jsonl", forward_posts);
    import_silently(&f, (const char *[OPERANDS_MAX]){"posts=posts.jsonl", "users=-:id"},
                    forward_users, 0);
    cJSON *posts = collect(&f, "posts");
    expect_fields(posts, "title", (const char *[]){"one", "two", NULL});
    cJSON_Delete(posts);
    fixture_deinit(&f);
}

Test(live_import, the_first_bad_row_stops_the_import)
{
    struct fixture f;
    struct live_result result;
    fixture_init(&f);
    write_source("users.jsonl", "{\"name\":\"Ann\"}\n{\"name\":5}\n{\"name\":\"Cid\"}\n");
    import(&f, (const char *[OPERANDS_MAX]){"users=users.jsonl"}, "", 1, &result);
    cr_expect(slice_starts_with(buffer_slice(&result.errors),
                                SLICE("users.jsonl:2: SchemaViolation (3): ")),
              "%.*s", SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
    cJSON *users = collect(&f, "users");
    expect_fields(users, "name", (const char *[]){"Ann", NULL});
    cJSON_Delete(users);
    fixture_deinit(&f);
}

/* Bad in every way there is: broken JSON, no key, a key twice, an unknown reference, a wrong type,
 * a unique index. */
Test(live_import, with_skip_the_good_rows_go_in_and_every_bad_one_is_told)
{
    struct fixture f;
    struct live_result result;
    static const char *const told[] = {
        "users.jsonl:2: column ",
        "users.jsonl:3: there is no key \"id\"",
        "users.jsonl:4: the key \"a\" is given twice",
        "users.jsonl:5: /bossId: no row of users has the key \"x\"",
        "users.jsonl:6: SchemaViolation (3): ",
        "users.jsonl:7: UniqueViolation (8): ",
        "users: 2 rows imported, 6 skipped, ",
        "posts: 1 rows imported, 0 skipped, ",
        "1 references lead to skipped rows\n",
    };
    fixture_init(&f);
    write_source("users.jsonl", "{\"id\":\"a\",\"name\":\"Ann\"}\n"
                                "{\"id\":\"b\",\n"
                                "{\"name\":\"Bob\"}\n"
                                "{\"id\":\"a\",\"name\":\"Ann again\"}\n"
                                "{\"id\":\"c\",\"name\":\"Cid\",\"bossId\":\"x\"}\n"
                                "{\"id\":\"d\",\"name\":5}\n"
                                "{\"id\":\"e\",\"name\":\"Ann\"}\n"
                                "{\"id\":\"f\",\"name\":\"Flo\",\"bossId\":\"a\"}\n");
    write_source("posts.jsonl", "{\"title\":\"one\",\"authorId\":\"e\"}\n");
    import(&f,
           (const char *[OPERANDS_MAX]){"users=users.jsonl:id", "posts=posts.jsonl", "--on-error",
                                        "skip"},
           "", 1, &result);
    buffer_append_char(&result.errors, '\0');
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        cr_expect_not_null(strstr(result.errors.data, told[i]), "%s is not in\n%s", told[i],
                           result.errors.data);
    }
    live_result_deinit(&result);
    cJSON *users = collect(&f, "users");
    expect_fields(users, "name", (const char *[]){"Ann", "Flo", NULL});
    cJSON_Delete(users);
    fixture_deinit(&f);
}

Test(live_import, many_rows_arrive_in_their_order)
{
    struct fixture f;
    fixture_init(&f);
    const int count = 5000;
    struct buffer input = {0};
    for (int i = 0; i < count; i++) {
        buffer_append_format(&input, "{\"id\":%d,\"name\":\"n%d\",\"bossId\":%d}\n", i, i,
                             count - 1 - i);
    }
    buffer_append_char(&input, '\0');
    import_silently(&f, (const char *[OPERANDS_MAX]){"users=-:id"}, input.data, 0);
    buffer_deinit(&input);
    cJSON *users = collect(&f, "users");
    const cJSON *ids[5000];
    const cJSON *user;
    int position = 0;
    cr_assert_eq(cJSON_GetArraySize(users), count);
    cJSON_ArrayForEach(user, users)
    {
        char name[16];
        snprintf(name, sizeof(name), "n%d", position);
        cr_assert_str_eq(cJSON_GetObjectItem(user, "name")->valuestring, name);
        ids[position++] = cJSON_GetObjectItem(user, "_id");
    }
    position = 0;
    cJSON_ArrayForEach(user, users)
    {
        cr_assert_str_eq(cJSON_GetObjectItem(user, "bossId")->valuestring,
                         ids[count - 1 - position]->valuestring);
        position++;
    }
    cJSON_Delete(users);
    fixture_deinit(&f);
}

Test(live_import, ids_and_times_of_documents_are_kept)
{
    struct fixture f;
    fixture_init(&f);
    write_source("users.jsonl", forward_users);
    import_silently(&f, (const char *[OPERANDS_MAX]){"users=users.jsonl:id"}, "", 0);
    cJSON *users = collect(&f, "users");
    char id[64];
    char row[256];
    snprintf(id, sizeof(id), "%s", field(users, 0, "_id"));
    cJSON_Delete(users);
    snprintf(row, sizeof(row), "{\"id\":1,\"method\":\"delete\",\"params\":[\"%s\"]}", id);
    live_ask(&f.client, row);
    snprintf(row, sizeof(row), "{\"_id\":\"%s\",\"_creationTime\":12.5,\"name\":\"Zoe\"}\n", id);
    import_silently(&f, (const char *[OPERANDS_MAX]){"users=-"}, row, 0);
    users = collect(&f, "users");
    cr_expect_str_eq(field(users, 0, "_id"), id);
    cr_expect_str_eq(field(users, 0, "name"), "Zoe");
    cr_expect_eq(cJSON_GetObjectItem(cJSON_GetArrayItem(users, 0), "_creationTime")->valuedouble,
                 12.5);
    cJSON_Delete(users);
    fixture_deinit(&f);
}

Test(live_import, what_cannot_begin_says_why_in_one_line)
{
    static const struct {
        const char *operands[OPERANDS_MAX];
        const char *errors;
    } cases[] = {
        {{"users=nothere.jsonl"}, "tenon import: nothere.jsonl: No such file or directory\n"},
        {{"nothere=-:id"}, "tenon import: the server has no table nothere\n"},
        {{"users=-", "posts=-"}, "tenon import: standard input can be read only once\n"},
        {{"users"}, "tenon import: users: should be TABLE=FILE or TABLE=FILE:KEY\n"},
        {{"--on-error", "ask"}, "tenon import: --on-error is stop or skip\n"},
        {{"--socket", "/nothere", "users=-"},
         "tenon import: --server and --socket: only one of them can be meant\n"},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct live_result result;
        import(&f, cases[i].operands, "", 1, &result);
        cr_expect(slice_equal(buffer_slice(&result.errors), slice_of(cases[i].errors)), "%.*s",
                  SLICE_FORMAT(buffer_slice(&result.errors)));
        live_result_deinit(&result);
    }
    fixture_deinit(&f);
}

Test(live_import, csv_is_read_as_the_schema_says)
{
    struct fixture f;
    fixture_init(&f);
    write_source("users.csv", "\xEF\xBB\xBFid,name,bossId\r\n1,\"Ann, the first\",2\r\n2,Bob,\r\n");
    write_source("posts.jsonl", "\xEF\xBB\xBF{\"title\":\"one\",\"authorId\":2.0}\n");
    import_silently(&f, (const char *[OPERANDS_MAX]){"posts=posts.jsonl", "users=users.csv:id"}, "",
                    0);
    cJSON *users = collect(&f, "users");
    cJSON *posts = collect(&f, "posts");
    expect_fields(users, "name", (const char *[]){"Ann, the first", "Bob", NULL});
    expect_fields(users, "bossId", (const char *[]){field(users, 1, "_id"), "", NULL});
    expect_fields(posts, "authorId", (const char *[]){field(users, 1, "_id"), NULL});
    cJSON_Delete(users);
    cJSON_Delete(posts);
    fixture_deinit(&f);
}

Test(live_import, bad_rows_of_csv_are_told_with_file_line_and_column)
{
    static const char *const told[] = {
        "users.csv:2: the row has 2 columns, the header 3\n",
        "users.csv:5: column 2: there is text behind the closing quote\n",
        "users.csv:6: column 3 (bossId): no row of users has the key \"9\"\n",
        "users.csv:7: UniqueViolation (8): ",
        "-:2: column 2 (authorId): no row of users has the key \"x\"\n",
        "users: 2 rows imported, 4 skipped, ",
        "posts: 1 rows imported, 1 skipped, ",
    };
    struct fixture f;
    struct live_result result;
    fixture_init(&f);
    write_source("users.csv", "id,name,bossId\n1,Ann\n2,\"Bo\nb\",2\n3,\"C\"id,\n4,Dan,9\n"
                              "5,\"Bo\nb\",\n6,Flo,2\n");
    import(
        &f,
        (const char *[OPERANDS_MAX]){"users=users.csv:id", "posts=-", "--csv", "--on-error=skip"},
        "title,authorId\none,x\ntwo,6\n", 1, &result);
    buffer_append_char(&result.errors, '\0');
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        cr_expect_not_null(strstr(result.errors.data, told[i]), "%s is not in\n%s", told[i],
                           result.errors.data);
    }
    live_result_deinit(&result);
    write_source("posts.csv", "title,title\n");
    import(&f, (const char *[OPERANDS_MAX]){"posts=posts.csv"}, "", 1, &result);
    cr_expect(slice_starts_with(buffer_slice(&result.errors),
                                SLICE("tenon import: posts.csv:1: column 2 (title): the name is "
                                      "given twice\n")),
              "%.*s", SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
    fixture_deinit(&f);
}
