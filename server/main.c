/* The program `tenon`: its subcommands. */
#include "base/buffer.h"
#include "base/memory.h"
#include "cli/call.h"
#include "cli/export.h"
#include "cli/import.h"
#include "cli/shell.h"
#include "server/check_command.h"
#include "server/log.h"
#include "server/options.h"
#include "server/server.h"
#include "server/token_command.h"
#include "server/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* The exit status for a wrong command line. */
#define EXIT_USAGE 2

static const char help[] = "Usage: tenon SUBCOMMAND [options]\n"
                           "\n"
                           "  serve   runs the server\n"
                           "  check   verifies a data directory, or saves what is valid of it\n"
                           "  token   makes a token for a client\n"
                           "  call    sends requests to a server\n"
                           "  shell   asks a server at a prompt\n"
                           "  import  fills a server from files\n"
                           "  export  writes what a server holds to files\n"
                           "\n"
                           "  --help, --version\n"
                           "\n"
                           "tenon SUBCOMMAND --help says more.\n";

/* Reads all of a file into `text`. Returns false where that fails; errno says why. */
static bool read_file(const char *path, struct buffer *text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t size;
    do {
        size = fread(buffer_reserve(text, BUFSIZ), 1, BUFSIZ, file);
        text->size += size;
    } while (size > 0);
    bool complete = ferror(file) == 0;
    int reason = errno;
    fclose(file);
    errno = reason;
    return complete;
}

static struct schema *load_schema(const char *path)
{
    struct buffer text = {0};
    struct buffer message = {0};
    struct schema *schema = NULL;
    if (!read_file(path, &text)) {
        log_line("cannot read the schema file %s: %s", path, strerror(errno));
    } else {
        schema = schema_read(buffer_slice(&text), path, &message);
    }
    if (message.size > 0) {
        log_line("%.*s", SLICE_FORMAT(buffer_slice(&message)));
    }
    buffer_deinit(&text);
    buffer_deinit(&message);
    return schema;
}

/* Serves until a signal comes; `where` says where data is kept. Returns the exit status. */
static int run_server(const struct serve_options *options, struct service *service,
                      struct waker *waker, const char *where)
{
    struct server *server = server_create(options, service, waker);
    if (server == NULL) {
        return EXIT_FAILURE;
    }
    log_line("tenon " TENON_VERSION ": data is kept in %s", where);
    server_run(server);
    server_destroy(server);
    return EXIT_SUCCESS;
}

static int serve_memory(const struct serve_options *options, struct schema *schema)
{
    struct service *service = service_create(schema, &options->service);
    int status =
        run_server(options, service, NULL, "memory only and is gone when the server stops");
    service_destroy(service);
    return status;
}

/* Logs each line of `text`. */
static void log_lines(const struct buffer *text)
{
    const char *next = text->data;
    const char *end = next + text->size;
    while (next < end) {
        const char *line_end = memchr(next, '\n', (size_t)(end - next));
        line_end = line_end != NULL ? line_end : end;
        log_line("%.*s", (int)(line_end - next), next);
        next = line_end + 1;
    }
}

static int serve_store(const struct serve_options *options, struct schema *schema,
                       struct waker *waker)
{
    struct store_options store_options = options->store;
    struct buffer report = {0};
    struct buffer message = {0};
    store_options.wake = waker_wake;
    store_options.wake_context = waker;
    struct store *store =
        store_open(&store_options, schema, &options->service.database, &report, &message);
    log_lines(&report);
    log_lines(&message);
    buffer_deinit(&report);
    buffer_deinit(&message);
    if (store == NULL) {
        return EXIT_FAILURE;
    }
    struct service *service = service_create_on_store(store, &options->service);
    int status = run_server(options, service, waker, options->data);
    service_destroy(service);
    store_close(store);
    return status;
}

static int serve_schema(const struct serve_options *options)
{
    struct schema *schema = load_schema(options->schema);
    if (schema == NULL) {
        return EXIT_FAILURE;
    }
    struct waker waker;
    waker_init(&waker);
    int status = options->data != NULL ? serve_store(options, schema, &waker)
                                       : serve_memory(options, schema);
    waker_deinit(&waker);
    if (status == EXIT_SUCCESS) {
        log_line("stopped");
    }
    return status;
}

/* Serves with the tokens that the options name. No core dump may show these, or a private key. */
static int serve_with(struct serve_options *options)
{
    struct buffer message = {0};
    if (options->auth_file != NULL || options->tls.key != NULL) {
        prctl(PR_SET_DUMPABLE, 0);
    }
    if (options->auth_file == NULL) {
        return serve_schema(options);
    }
    options->service.access = access_create(options->auth_file, &message);
    if (options->service.access == NULL) {
        log_line("cannot use the tokens of --auth-file: %.*s",
                 SLICE_FORMAT(buffer_slice(&message)));
        buffer_deinit(&message);
        return EXIT_FAILURE;
    }
    int status = serve_schema(options);
    access_destroy(options->service.access);
    return status;
}

static int serve(int argc, char **argv)
{
    struct serve_options options;
    struct buffer message = {0};
    bool valid = serve_options_read(&options, argc, argv, &message);
    if (!valid) {
        fprintf(stderr, "tenon serve: %.*s\n", SLICE_FORMAT(buffer_slice(&message)));
    }
    buffer_deinit(&message);
    if (!valid) {
        return EXIT_USAGE;
    }
    server_hold_hangups(true);
    if (options.help) {
        fputs(serve_options_help, stdout);
        return EXIT_SUCCESS;
    }
    if (options.version) {
        puts("tenon " TENON_VERSION);
        return EXIT_SUCCESS;
    }
    return serve_with(&options);
}

struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
};

int main(int argc, char **argv)
{
    static const struct subcommand subcommands[] = {
        {"serve", serve},      {"check", check_command}, {"token", token_command},
        {"call", cli_call},    {"shell", cli_shell},     {"import", cli_import},
        {"export", cli_export}};
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
        if (strcmp(name, subcommands[i].name) == 0) {
            return subcommands[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(name, "--help") == 0) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(name, "--version") == 0) {
        puts("tenon " TENON_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        fprintf(stderr, "tenon: there is no subcommand %s\n\n", name);
    }
    fputs(help, stderr);
    return EXIT_USAGE;
}
