/* `tenon shell`: see the header. Statements are read by cli/statement.h, sent by cli/session.h, and
 * what comes back is printed by cli/shell_print.h; commands of the shell begin with a dot. */
#include "cli/shell.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/value.h"
#include "cli/answer.h"
#include "cli/client.h"
#include "cli/complete.h"
#include "cli/editor.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/shell_print.h"
#include "cli/statement.h"
#include "cli/terminal.h"
#include "cli/vocabulary.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define EXIT_FINE      0
#define EXIT_FAILED    1
#define EXIT_NO_SERVER 2

#define ARENA_SIZE     ((size_t)64 * 1024)
#define PATIENCE_MS    5000

static const char HELP[] =
    "usage: tenon shell [options]\n"
    "\n"
    "A prompt for a running server: a method and its params, or a program over several lines. Tab\n"
    "completes, .help says more. Where standard input is no terminal, its statements are carried\n"
    "out one after the other, and each result is printed on a line.\n"
    "\n"
    "options:\n" CLIENT_OPTION_HELP "  --help              print this\n"
    "\n"
    "environment: PAGER (less -RX), NO_COLOR, TENON_HISTORY (~/.tenon_history)\n"
    "\n"
    "exit status: 0; 1 a statement that was not typed at a prompt failed; 2 there is no server\n";

static const char SHELL_HELP[] =
    "  METHOD PARAM ...      getManyFrom posts by_authorId j57...\n"
    "  METHOD {...}          take {\"table\": \"posts\", \"n\": 5}\n"
    "  {\"do\": [...], ...}    a program; JSON goes on until its brackets are closed\n"
    "\n"
    "  .tables               tables, their documents and bytes\n"
    "  .schema [TABLE]       fields and indexes\n"
    "  .info                 what the server is, holds and has done\n"
    "  .explain on|off       say what reads cost\n"
    "  .pager on|off         show long results through a pager\n"
    "  .help                 this\n"
    "  .quit                 leave; so does Ctrl-D\n"
    "\n"
    "Tab completes methods, tables, indexes and fields. Ctrl-C forgets the statement, or stops\n"
    "waiting for its answer. Ctrl-R searches the history.\n";

struct shell {
    struct client_target target;
    bool help;
    struct session session;
    uint64_t known; /* the connection that the vocabulary was read on */
    struct vocabulary vocabulary;
    struct terminal terminal;
    struct editor *editor;
    bool explains;
    bool leaves;
    bool failed;         /* a statement did */
    struct buffer typed; /* the statement that is being typed */
    struct buffer request;
    struct arena arena; /* of a statement */
    int interrupts;     /* -1: Ctrl-C ends the shell */
};

static void fail(struct shell *shell, const char *what, struct slice why)
{
    shell->failed = true;
    shell_print_trouble(&shell->terminal, what, why);
}

static double read_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Asking. */

/* Forgets interrupts that nobody waited for. */
static void drain_interrupts(const struct shell *shell)
{
    struct signalfd_siginfo info;
    while (shell->interrupts >= 0 && read(shell->interrupts, &info, sizeof info) > 0) {
    }
}

static void write_request(struct shell *shell, struct slice method, struct slice params)
{
    struct buffer *request = &shell->request;
    request->size = 0;
    buffer_append_slice(request, SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"));
    json_write_string(request, method);
    if (params.size > 0) {
        buffer_append_slice(request, SLICE(",\"params\":"));
        buffer_append_slice(request, params);
    }
    buffer_append_char(request, '}');
}

/* Sends a request and waits for its answer; the same again where a read lost its connection.
 * Returns false where there is none, after having said why. */
static bool ask(struct shell *shell, struct slice method, struct slice params, bool reads,
                struct answer *answer)
{
    struct slice line;
    write_request(shell, method, params);
    drain_interrupts(shell);
    switch (session_ask(&shell->session, buffer_slice(&shell->request), reads, &line)) {
    case SESSION_ANSWERED:
        if (answer_read(&shell->arena, line, answer)) {
            return true;
        }
        fail(shell, "", SLICE("what answers is not a Tenon server"));
        break;
    case SESSION_ABSENT:
        fail(shell, "the server is not there", buffer_slice(&shell->session.client.trouble));
        break;
    case SESSION_UNKNOWN:
        fail(shell, "the connection was lost",
             SLICE("whether the statement was carried out is not known"));
        break;
    case SESSION_INTERRUPTED:
        fail(shell, "stopped waiting", SLICE("the statement may still be carried out"));
        break;
    }
    return false;
}

/* Asks for what completion needs to know. */
static void read_vocabulary(struct shell *shell)
{
    struct answer answer;
    shell->known = shell->session.connections;
    if (ask(shell, SLICE("schema"), SLICE(""), true, &answer) && !answer.is_error &&
        !vocabulary_read_schema(&shell->vocabulary, value_text(&shell->arena, answer.result))) {
        fail(shell, "", SLICE("the server's schema cannot be read"));
    }
    if (ask(shell, SLICE("rpc.discover"), SLICE(""), true, &answer) && !answer.is_error &&
        !vocabulary_read_methods(&shell->vocabulary, answer.result)) {
        fail(shell, "", SLICE("the server's list of methods cannot be read"));
    }
}

/* After a reconnection: says so, and reads what may have changed. */
static void notice_connection(struct shell *shell)
{
    if (shell->session.connected && shell->known != shell->session.connections) {
        if (shell->terminal.is_one) {
            fputs("connected again\n", stderr);
        }
        read_vocabulary(shell);
    }
}

/* Statements. */

static bool method_reads(const struct shell *shell, struct slice method)
{
    const struct vocabulary_method *known = vocabulary_find_method(&shell->vocabulary, method);
    static const struct slice others[] = {
        {"query", 5}, {"explain", 7}, {"info", 4}, {"schema", 6}, {"ping", 4}};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (slice_equal(others[i], method)) {
            return true;
        }
    }
    return known != NULL && known->explained;
}

/* What of the error's path leads into the statement's params. */
static struct slice find_pointer(struct arena *arena, const struct statement *statement,
                                 struct slice path, bool wrapped)
{
    if (!wrapped) {
        return path;
    }
    struct slice step = arena_format(arena, "/do/0/%.*s", SLICE_FORMAT(statement->method));
    return slice_starts_with(path, step) ? slice_make(path.data + step.size, path.size - step.size)
                                         : slice_make(NULL, 0);
}

/* Carries a statement out as it is. */
static void run_plainly(struct shell *shell, const struct statement *statement)
{
    struct answer answer;
    double started = read_clock();
    bool reads = method_reads(shell, statement->method);
    if (!ask(shell, statement->method, statement->params, reads, &answer)) {
        return;
    }
    double seconds = read_clock() - started;
    if (answer.is_error) {
        shell->failed = true;
        shell_print_error(&shell->terminal, &shell->arena, &answer, statement, answer.path);
        return;
    }
    shell_print_result(&shell->terminal, &shell->arena, answer.result);
    shell_print_time(&shell->terminal, answer.result, seconds);
}

/* Carries a statement out by way of `explain`. */
static void run_explained(struct shell *shell, const struct statement *statement, bool wrapped)
{
    struct answer answer;
    struct buffer params = {0};
    if (wrapped) {
        statement_write_explain(&shell->arena, statement, &params);
    } else {
        buffer_append_slice(&params, statement->params);
    }
    double started = read_clock();
    bool answered = ask(shell, SLICE("explain"), buffer_slice(&params), true, &answer);
    double seconds = read_clock() - started;
    buffer_deinit(&params);
    if (!answered) {
        return;
    }
    if (answer.is_error || value_type(answer.result) != TYPE_OBJECT) {
        shell->failed = true;
        struct slice pointer = find_pointer(&shell->arena, statement, answer.path, wrapped);
        answer.path = wrapped ? pointer : answer.path;
        shell_print_error(&shell->terminal, &shell->arena, &answer, statement, pointer);
        return;
    }
    struct value value = value_find(answer.result, SLICE("value"));
    shell_print_result(&shell->terminal, &shell->arena, value);
    shell_print_time(&shell->terminal, value, seconds);
    shell_print_cost(&shell->terminal, &shell->arena, answer.result);
}

static void run_statement(struct shell *shell, struct slice text)
{
    struct statement statement;
    struct statement_error error;
    if (!statement_read(&shell->arena, text, &statement, &error)) {
        shell->failed = true;
        shell_print_mistake(&shell->terminal, text, &error);
        return;
    }
    const struct vocabulary_method *method =
        vocabulary_find_method(&shell->vocabulary, statement.method);
    bool is_query = slice_equal(statement.method, SLICE("query"));
    if (shell->explains && (is_query || (method != NULL && method->explained))) {
        run_explained(shell, &statement, !is_query);
    } else {
        run_plainly(shell, &statement);
    }
}

/* Commands. */

static bool ask_for_result(struct shell *shell, struct slice method, struct value *result)
{
    struct answer answer;
    if (!ask(shell, method, SLICE(""), true, &answer)) {
        return false;
    }
    if (answer.is_error) {
        struct buffer text = {0};
        answer_describe(&text, &answer);
        fail(shell, "", buffer_slice(&text));
        buffer_deinit(&text);
        return false;
    }
    *result = answer.result;
    return true;
}

static double count_of(struct value table, const char *name)
{
    struct value count = value_find(table, slice_of(name));
    return value_type(count) == TYPE_NUMBER ? value_number(count) : 0;
}

static void run_tables(struct shell *shell, struct slice argument)
{
    struct value info;
    (void)argument;
    if (!ask_for_result(shell, SLICE("info"), &info) || value_type(info) != TYPE_OBJECT) {
        return;
    }
    uint32_t count = 0;
    struct value tables = value_find(info, SLICE("tables"));
    const struct value_field *fields =
        value_type(tables) == TYPE_OBJECT ? value_fields(&shell->arena, tables, &count) : NULL;
    struct buffer output = {0};
    buffer_append_format(&output, "%-32s %12s %14s\n", "table", "documents", "bytes");
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_format(&output, "%-32.*s %12.0f %14.0f\n", SLICE_FORMAT(fields[i].name),
                             count_of(fields[i].value, "documents"),
                             count_of(fields[i].value, "bytes"));
    }
    terminal_write(&shell->terminal, buffer_slice(&output));
    buffer_deinit(&output);
}

static void run_schema(struct shell *shell, struct slice table)
{
    struct value schema;
    if (!ask_for_result(shell, SLICE("schema"), &schema) || value_type(schema) != TYPE_OBJECT) {
        return;
    }
    if (table.size > 0) {
        struct value tables = value_find(schema, SLICE("tables"));
        schema =
            value_type(tables) == TYPE_OBJECT ? value_find(tables, table) : VALUE_IS(VALUE_MISSING);
    }
    if (value_is_missing(schema)) {
        fail(shell, "there is no such table", table);
    } else {
        shell_print_result(&shell->terminal, &shell->arena, schema);
    }
}

static void run_info(struct shell *shell, struct slice argument)
{
    struct value info;
    (void)argument;
    if (ask_for_result(shell, SLICE("info"), &info)) {
        shell_print_result(&shell->terminal, &shell->arena, info);
    }
}

/* Sets a switch to what the argument says, or the other way round where it says nothing. */
static void set_switch(struct shell *shell, const char *name, bool *on, struct slice argument)
{
    bool is_on = slice_equal(argument, SLICE("on"));
    if (!is_on && argument.size > 0 && !slice_equal(argument, SLICE("off"))) {
        fail(shell, name, SLICE("on or off, please"));
        return;
    }
    *on = argument.size == 0 ? !*on : is_on;
    printf("%s is %s\n", name, *on ? "on" : "off");
}

static void run_explain(struct shell *shell, struct slice argument)
{
    set_switch(shell, ".explain", &shell->explains, argument);
}

static void run_pager(struct shell *shell, struct slice argument)
{
    set_switch(shell, ".pager", &shell->terminal.pages, argument);
}

static void run_help(struct shell *shell, struct slice argument)
{
    (void)argument;
    terminal_write(&shell->terminal, SLICE(SHELL_HELP));
}

static void run_quit(struct shell *shell, struct slice argument)
{
    (void)argument;
    shell->leaves = true;
}

struct command {
    const char *name;
    void (*run)(struct shell *shell, struct slice argument);
};

static const struct command COMMANDS[] = {
    {".tables", run_tables},   {".schema", run_schema}, {".info", run_info},
    {".explain", run_explain}, {".pager", run_pager},   {".help", run_help},
    {".quit", run_quit},
};

static struct slice trim(struct slice text)
{
    while (text.size > 0 && memchr(" \t\r\n", text.data[0], 4) != NULL) {
        text = slice_make(text.data + 1, text.size - 1);
    }
    while (text.size > 0 && memchr(" \t\r\n", text.data[text.size - 1], 4) != NULL) {
        text.size--;
    }
    return text;
}

static void run_command(struct shell *shell, struct slice text)
{
    const char *space = memchr(text.data, ' ', text.size);
    size_t size = space == NULL ? text.size : (size_t)(space - text.data);
    struct slice name = slice_make(text.data, size);
    struct slice argument = trim(slice_make(text.data + size, text.size - size));
    for (size_t i = 0; i < COUNT_OF(COMMANDS); i++) {
        if (slice_equal(name, slice_of(COMMANDS[i].name))) {
            COMMANDS[i].run(shell, argument);
            return;
        }
    }
    fail(shell, "there is no such command, see .help", name);
}

/* The loop. */

static struct completion find_completion(void *context, struct arena *arena, struct slice text)
{
    const struct shell *shell = context;
    const char *names[COUNT_OF(COMMANDS) + 1] = {NULL};
    for (size_t i = 0; i < COUNT_OF(COMMANDS); i++) {
        names[i] = COMMANDS[i].name;
    }
    return completion_find(arena, &shell->vocabulary, names, text);
}

/* A token is not for the history. */
static bool is_secret(struct slice text)
{
    return slice_starts_with(text, SLICE("auth ")) || slice_starts_with(text, SLICE("auth{")) ||
           slice_starts_with(text, SLICE("auth["));
}

static void run_typed(struct shell *shell)
{
    struct slice text = trim(buffer_slice(&shell->typed));
    arena_reset(&shell->arena);
    if (text.size == 0 || text.data[0] == '#') {
        return;
    }
    if (!is_secret(text)) {
        editor_remember(shell->editor, text);
    }
    if (text.data[0] == '.') {
        run_command(shell, text);
    } else {
        run_statement(shell, text);
    }
    notice_connection(shell);
}

static void loop(struct shell *shell)
{
    while (!shell->leaves) {
        enum editor_status status = editor_read(shell->editor, &shell->typed);
        bool is_open = statement_is_open(buffer_slice(&shell->typed));
        if (status == EDITOR_LINE && is_open) {
            continue;
        }
        if (status == EDITOR_LINE || (status == EDITOR_END && is_open)) {
            run_typed(shell);
        }
        shell->leaves = shell->leaves || status == EDITOR_END;
        shell->typed.size = 0;
    }
}

/* From now on an interrupt is something that can be read. */
static int catch_interrupts(void)
{
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, NULL);
    return signalfd(-1, &interrupt, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void greet(struct shell *shell)
{
    struct value info;
    if (!editor_is_interactive(shell->editor) || !ask_for_result(shell, SLICE("info"), &info) ||
        value_type(info) != TYPE_OBJECT) {
        return;
    }
    struct value version = value_find(info, SLICE("version"));
    if (value_type(version) == TYPE_STRING) {
        printf("tenon %.*s. Tab completes, .help says more.\n",
               SLICE_FORMAT(value_string(&shell->arena, version)));
    }
}

static int run(struct shell *shell)
{
    shell->editor = editor_create(find_completion, shell);
    bool interactive = editor_is_interactive(shell->editor);
    shell->interrupts = interactive ? catch_interrupts() : -1;
    session_init(&shell->session, &shell->target, shell->interrupts, PATIENCE_MS);
    int status = EXIT_NO_SERVER;
    if (session_connect(&shell->session)) {
        read_vocabulary(shell);
        greet(shell);
        loop(shell);
        status = shell->failed && !interactive ? EXIT_FAILED : EXIT_FINE;
    } else {
        shell_print_trouble(&shell->terminal, "tenon shell",
                            buffer_slice(&shell->session.client.trouble));
    }
    session_deinit(&shell->session);
    editor_destroy(shell->editor);
    if (shell->interrupts >= 0) {
        close(shell->interrupts);
    }
    return status;
}

int cli_shell(int argc, char **argv)
{
    struct shell shell = {.interrupts = -1};
    struct option_rule rules[] = {
        CLIENT_OPTION_RULES(&shell.target),
        {.name = "--help", .flag = &shell.help},
        {.name = NULL},
    };
    struct buffer message = {0};
    int operand_count = 0;
    int status = EXIT_NO_SERVER;
    bool valid = options_take(argc, argv, rules, &operand_count, &message);
    terminal_init(&shell.terminal);
    vocabulary_init(&shell.vocabulary);
    arena_init(&shell.arena, ARENA_SIZE);
    if (!valid || operand_count > 0) {
        shell_print_trouble(&shell.terminal, "tenon shell",
                            valid ? SLICE("takes no operands; see tenon shell --help")
                                  : buffer_slice(&message));
    } else if (shell.help) {
        fputs(HELP, stdout);
        status = EXIT_FINE;
    } else {
        signal(SIGPIPE, SIG_IGN);
        status = run(&shell);
    }
    vocabulary_deinit(&shell.vocabulary);
    arena_deinit(&shell.arena);
    buffer_deinit(&shell.typed);
    buffer_deinit(&shell.request);
    buffer_deinit(&message);
    return status;
}
