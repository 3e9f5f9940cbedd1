/* `tenon shell`, at a terminal and reading a script, with the live server. */
#include "tests/support/live.h"
#include "tests/support/pty.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ADA    "j57cn5w12b51qfeazb133cwt4d89z2y1"

#define UP     "\033[A"
#define CTRL_C "\003"
#define CTRL_D "\004"
#define CTRL_R "\022"
#define PROMPT "tenon> "

static const char SCHEMA[] =
    "{\"tables\":{"
    "\"users\":{\"fields\":{\"name\":\"string\"},\"indexes\":{\"by_name\":[\"name\"]}},"
    "\"posts\":{\"fields\":{\"title\":\"string\",\"authorId\":{\"id\":\"users\"}},"
    "  \"indexes\":{\"by_authorId\":[\"authorId\"],\"by_title\":[\"title\"]}}}}";

struct fixture {
    struct live_server server;
    char socket[96];
    char history[96];
    struct pty pty;
};

static void expect_prompt(struct fixture *fixture)
{
    pty_expect(&fixture->pty, PROMPT);
    pty_await_keys(&fixture->pty);
}

static void start_server(struct fixture *fixture)
{
    struct live_client client;
    live_start(&fixture->server, SCHEMA, (const char *[]){"--socket", fixture->socket, NULL});
    live_connect(&client, &fixture->server);
    live_ask(&client, "{\"id\":1,\"method\":\"insert\",\"params\":[\"users\",{\"_id\":\"" ADA
                      "\",\"_creationTime\":1,\"name\":\"Ada\"}]}");
    live_close(&client);
}

static void start_shell(struct fixture *fixture)
{
    pty_start(&fixture->pty, (const char *[]){"shell", "--socket", fixture->socket, NULL});
    pty_expect(&fixture->pty, ".help says more.");
    expect_prompt(fixture);
}

/* The server's socket stays at its place when the server is started again. */
static void fixture_init(struct fixture *fixture)
{
    char folder[] = "/tmp/tenon-shell-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    snprintf(fixture->socket, sizeof fixture->socket, "%s/socket", folder);
    snprintf(fixture->history, sizeof fixture->history, "%s/history", folder);
    setenv("TENON_HISTORY", fixture->history, 1);
    setenv("PAGER", "sed 's/^/paged: /'", 1);
    unsetenv("NO_COLOR");
    start_server(fixture);
    start_shell(fixture);
}

static void leave_shell(struct fixture *fixture)
{
    pty_type(&fixture->pty, CTRL_D);
    cr_expect_eq(pty_finish(&fixture->pty), 0);
}

static void fixture_deinit(struct fixture *fixture)
{
    leave_shell(fixture);
    live_stop(&fixture->server);
    unlink(fixture->socket);
    unlink(fixture->history);
    *strrchr(fixture->socket, '/') = '\0';
    cr_expect_eq(rmdir(fixture->socket), 0);
}

/* Types a line and expects `text` below it, then the next prompt. */
static void say(struct fixture *fixture, const char *line, const char *text)
{
    pty_type(&fixture->pty, line);
    pty_type(&fixture->pty, "\r");
    pty_expect(&fixture->pty, text);
    expect_prompt(fixture);
}

Test(live_shell, words_are_params_and_results_are_pretty)
{
    struct fixture f;
    fixture_init(&f);
    say(&f, "ping", "\"pong\"");
    say(&f, "get " ADA,
        "{\n  \"_id\": \"" ADA "\",\n  \"_creationTime\": 1,\n  \"name\": \"Ada\"\n}");
    cr_expect(pty_has_printed(&f.pty, "\033[36m\"name\"\033[0m: \033[32m\"Ada\"\033[0m"),
              "results are coloured");
    say(&f, "collect users", "1 item, ");
    say(&f, "count {\"table\": \"users\"}", "1\n");
    say(&f, "{\"method\": \"count\", \"params\": [\"posts\"]}", "0\n");
    say(&f, "insert posts {\"title\": \"one\", \"authorId\": \"" ADA "\"}", "\"j97");
    fixture_deinit(&f);
}

Test(live_shell, tab_completes_methods_tables_indexes_and_fields)
{
    struct fixture f;
    fixture_init(&f);
    pty_type(&f.pty, "getOneFromOr\t");
    pty_expect(&f.pty, "getOneFromOrThrow ");
    pty_type(&f.pty, "u\t");
    pty_expect(&f.pty, "users ");
    pty_type(&f.pty, "by_n\t");
    pty_expect(&f.pty, "by_name ");
    say(&f, "Ada", "\"_id\": \"" ADA "\"");
    pty_type(&f.pty, "collect posts by_\t");
    pty_expect(&f.pty, "by_authorId");
    pty_expect(&f.pty, "by_creation_time");
    pty_expect(&f.pty, "by_id");
    pty_expect(&f.pty, "by_title");
    pty_type(&f.pty, CTRL_C);
    expect_prompt(&f);
    pty_type(&f.pty, "collect {\"table\": \"posts\", \"sel\t");
    pty_expect(&f.pty, "\"select\"");
    pty_type(&f.pty, ": [\"ti\t");
    pty_expect(&f.pty, "\"title\"");
    say(&f, "]}", "[]");
    pty_type(&f.pty, ".sch\tpo\t\r");
    pty_expect(&f.pty, "\"authorId\": {\n      \"id\": \"users\"\n    }");
    expect_prompt(&f);
    fixture_deinit(&f);
}

Test(live_shell, a_program_may_have_several_lines)
{
    struct fixture f;
    fixture_init(&f);
    pty_type(&f.pty, "{\"args\": {\"name\": \"Ada\"},\r");
    pty_expect(&f.pty, "...> ");
    pty_type(&f.pty, " \"do\": [\r\r\t{\"let\": \"user\",\r");
    pty_type(&f.pty, "  \"getOneFrom\": [\"users\", \"by_name\", \"$args.name\"]}],\r");
    say(&f, " \"return\": {\"found\": \"$user.name\"}}", "{\n  \"found\": \"Ada\"\n}");
    say(&f, UP, "{\n  \"found\": \"Ada\"\n}");
    fixture_deinit(&f);
}

Test(live_shell, an_error_points_at_its_place)
{
    struct fixture f;
    fixture_init(&f);
    say(&f, "collect users by_age",
        "at /1\n"
        "  collect users by_age\n"
        "                ^^^^^^\n");
    pty_type(&f.pty, "{\"do\": [\r");
    pty_type(&f.pty, "   {\"let\": \"a\", \"collect\": [\"users\"]},\r");
    say(&f, "   {\"let\": \"b\", \"getManyFrom\": [\"posts\", \"by_author\", 5]}]}",
        "line 3:      {\"let\": \"b\", \"getManyFrom\": [\"posts\", \"by_author\", 5]}]}\n"
        "                                                   ^^^^^^^^^^^\n");
    say(&f, "collect [\"users\",,]",
        "  collect [\"users\",,]\n"
        "                   ^\n");
    fixture_deinit(&f);
}

Test(live_shell, history_outlives_the_shell_and_can_be_searched)
{
    struct fixture f;
    fixture_init(&f);
    say(&f, "count users", "1\n");
    say(&f, "ping", "\"pong\"");
    say(&f, "auth secret-token", "\"admin\"");
    leave_shell(&f);
    start_shell(&f);
    say(&f, UP, "\"pong\"");
    say(&f, UP UP, "1\n");
    pty_type(&f.pty, CTRL_R "pin");
    say(&f, "", "\"pong\"");
    leave_shell(&f);
    FILE *file = fopen(f.history, "r");
    char content[512] = {0};
    cr_assert_not_null(file);
    cr_expect_gt(fread(content, 1, sizeof content - 1, file), 0);
    fclose(file);
    cr_expect_null(strstr(content, "secret"), "a token is not remembered");
    start_shell(&f);
    fixture_deinit(&f);
}

Test(live_shell, a_server_may_go_away_and_come_back)
{
    struct fixture f;
    fixture_init(&f);
    say(&f, "count users", "1\n");
    live_stop(&f.server);
    start_server(&f);
    say(&f, "count users", "1\n");
    live_kill(&f.server);
    pty_type(&f.pty, "count users\r");
    pty_expect(&f.pty, "the server is not there: ");
    expect_prompt(&f);
    start_server(&f);
    pty_type(&f.pty, "count users\r");
    pty_expect(&f.pty, "1\n");
    pty_expect(&f.pty, "connected again");
    expect_prompt(&f);
    fixture_deinit(&f);
}

Test(live_shell, waiting_for_a_server_can_be_interrupted)
{
    struct fixture f;
    fixture_init(&f);
    live_stop(&f.server);
    pty_type(&f.pty, "ping\r");
    pty_expect(&f.pty, "ping\n");
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    pty_type(&f.pty, CTRL_C);
    pty_expect(&f.pty, "stopped waiting");
    expect_prompt(&f);
    start_server(&f);
    say(&f, "ping", "\"pong\"");
    fixture_deinit(&f);
}

Test(live_shell, ctrl_c_forgets_what_was_typed)
{
    struct fixture f;
    fixture_init(&f);
    pty_type(&f.pty, "{\"do\": [\r");
    pty_expect(&f.pty, "...> ");
    pty_type(&f.pty, "rubbish" CTRL_C);
    pty_expect(&f.pty, "^C");
    expect_prompt(&f);
    say(&f, "ping", "\"pong\"");
    fixture_deinit(&f);
}

Test(live_shell, explain_tells_what_reads_cost)
{
    struct fixture f;
    fixture_init(&f);
    say(&f, ".explain on", ".explain is on");
    say(&f, "getOneFrom users by_name Ada", "getOneFrom users by by_name: 1 call, 1 document\n");
    say(&f, "query {\"do\": [{\"let\": \"u\", \"collect\": [\"users\"]}], \"return\": \"$u\"}",
        "cost: 1 document read in 1 range, ");
    say(&f, "getOneFrom users by_name $args.x", "null");
    say(&f, "collect users by_age", "collect users by_age\n                ^^^^^^\n");
    say(&f, ".explain off", ".explain is off");
    say(&f, "ping", "\"pong\"");
    fixture_deinit(&f);
}

Test(live_shell, long_results_go_through_a_pager)
{
    struct fixture f;
    fixture_init(&f);
    say(&f, ".info", "paged: }");
    say(&f, "count users", "1\n");
    say(&f, ".pager off", ".pager is off");
    say(&f, ".tables", "users");
    fixture_deinit(&f);
}

/* Standard input is no terminal here. */
Test(live_shell, a_script_gets_a_line_a_result)
{
    static const struct {
        const char *script;
        const char *output;
        int status;
    } cases[] = {
        {"ping\n\n# a comment\ncount users\n", "\"pong\"\n1\n", 0},
        {"{\"return\":\n [1,\n 2]}\n", "[1,2]\n", 0},
        {"count users", "1\n", 0},
        {"count people\nping\n", "\"pong\"\n", 1},
        {"{\"return\":\n", "", 1},
        {".explode\n.quit\nping\n", "", 1},
        {"getAll users [\"" ADA "\", null]\n",
         "[{\"_id\":\"" ADA "\",\"_creationTime\":1,\"name\":\"Ada\"},null]\n", 0},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct live_result result;
        live_run(&result, (const char *[]){"shell", "--socket", f.socket, NULL},
                 slice_of(cases[i].script));
        cr_expect(slice_equal(buffer_slice(&result.output), slice_of(cases[i].output)), "%s: %.*s",
                  cases[i].script, SLICE_FORMAT(buffer_slice(&result.output)));
        cr_expect_eq(result.status, cases[i].status, "%s", cases[i].script);
        cr_expect_eq(result.errors.size > 0, result.status != 0, "%s", cases[i].script);
        live_result_deinit(&result);
    }
    fixture_deinit(&f);
}

Test(live_shell, without_a_server_it_says_so)
{
    struct live_result result;
    live_run(&result, (const char *[]){"shell", "--socket", "/nothere", NULL}, SLICE("ping\n"));
    cr_expect_eq(result.status, 2);
    cr_expect(slice_equal(buffer_slice(&result.errors),
                          SLICE("tenon shell: /nothere: No such file or directory\n")),
              "%.*s", SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
}
