/* `tenon export`: see the header. */
#include "cli/export.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/value.h"
#include "cli/answer.h"
#include "cli/client.h"
#include "cli/options.h"
#include "cli/pretty.h"
#include "cli/tar.h"
#include "storage/schema.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_WRITTEN     0
#define EXIT_NOT_WRITTEN 1

#define ARENA_SIZE       ((size_t)64 * 1024)
#define COPY_SIZE        ((size_t)64 * 1024)
#define PATH_SIZE        4096

/* Documents a page; one of a mebibyte each must fit into memory. */
#define PAGE_ITEMS       100

/* Pages between two looks of progress. */
#define PAGES_A_PROGRESS 64

static const char HELP[] =
    "usage: tenon export [options] --to DIR [TABLE ...]\n"
    "       tenon export [options] [TABLE ...] > FILE.tar\n"
    "\n"
    "Writes all tables of a running server, or those that are named, as JSON lines, and its\n"
    "schema, from the state of one moment, while writes go on. DIR is made; it may be there if it\n"
    "is empty. Without it a tar archive goes to standard output.\n"
    "\n"
    "A server started with --schema DIR/schema.json and `tenon import DIR` bring everything back,\n"
    "ids, creation times and order included.\n"
    "\n"
    "options:\n" CLIENT_OPTION_HELP "  --to DIR            where to write\n"
    "  --help              print this\n"
    "\n"
    "exit status: 0 everything is written, 1 anything else\n";

struct exporter {
    struct client_target target;
    const char *to; /* NULL: an archive on standard output */
    bool help;
    char *const *names; /* of the tables that are wanted; none: all */
    int name_count;
    struct client client;
    struct arena arena;      /* lives as long as the export */
    struct arena page_arena; /* lives as long as a page */
    struct buffer request;
    struct buffer message; /* one line for people */
    struct slice handle;   /* as JSON */
    struct value schema;
    const struct value_field *tables; /* names, and how many documents each has */
    uint32_t table_count;
    bool terminal; /* standard error is one */
};

static bool fail(struct exporter *exporter, const char *what)
{
    if (exporter->message.size == 0) {
        buffer_append_format(&exporter->message, "%s: %s", what, strerror(errno));
    }
    return false;
}

/* Asking. */

/* Asks for `method`; the result lives in `arena`. */
static bool ask(struct exporter *exporter, struct arena *arena, const char *method,
                struct slice params, struct value *result)
{
    struct slice line;
    struct answer answer;
    exporter->request.size = 0;
    buffer_append_format(&exporter->request,
                         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%.*s}", method,
                         SLICE_FORMAT(params));
    client_queue(&exporter->client, buffer_slice(&exporter->request));
    if (!client_wait_line(&exporter->client, &line)) {
        buffer_append_slice(&exporter->message, buffer_slice(&exporter->client.trouble));
        return false;
    }
    if (!answer_read(arena, arena_copy(arena, line), &answer)) {
        buffer_append_slice(&exporter->message, SLICE("what answers is not a Tenon server"));
        return false;
    }
    if (answer.is_error) {
        buffer_append_format(&exporter->message, "%s: ", method);
        answer_describe(&exporter->message, &answer);
        return false;
    }
    *result = answer.result;
    return true;
}

static bool is_wanted(const struct exporter *exporter, struct slice table)
{
    for (int i = 0; i < exporter->name_count; i++) {
        if (slice_equal(table, slice_of(exporter->names[i]))) {
            return true;
        }
    }
    return exporter->name_count == 0;
}

static bool check_names(struct exporter *exporter)
{
    for (int i = 0; i < exporter->name_count; i++) {
        bool known = false;
        for (uint32_t t = 0; t < exporter->table_count; t++) {
            known = known || slice_equal(exporter->tables[t].name, slice_of(exporter->names[i]));
        }
        if (!known) {
            buffer_append_format(&exporter->message, "the server has no table %s",
                                 exporter->names[i]);
            return false;
        }
    }
    return true;
}

static bool begin(struct exporter *exporter)
{
    struct value opened;
    struct arena *arena = &exporter->arena;
    if (!client_open(&exporter->client, &exporter->target)) {
        buffer_append_slice(&exporter->message, buffer_slice(&exporter->client.trouble));
        return false;
    }
    if (!ask(exporter, arena, "schema", SLICE("[]"), &exporter->schema) ||
        !ask(exporter, arena, "exportOpen", SLICE("[]"), &opened)) {
        return false;
    }
    struct value tables = value_find(opened, SLICE("tables"));
    struct value handle = value_find(opened, SLICE("handle"));
    if (value_type(tables) != TYPE_OBJECT || value_type(handle) != TYPE_STRING) {
        buffer_append_slice(&exporter->message, SLICE("exportOpen: what is answered is no export"));
        return false;
    }
    exporter->tables = value_fields(arena, tables, &exporter->table_count);
    exporter->handle = value_text(arena, handle);
    return check_names(exporter);
}

/* Progress. */

static void show_progress(const struct exporter *exporter, struct slice table, uint64_t written,
                          double all)
{
    if (exporter->terminal) {
        double share = all > 0 ? (double)written / all * 100 : 100;
        fprintf(stderr, "\r\033[K%.*s: %" PRIu64 " documents, %.0f %%", SLICE_FORMAT(table),
                written, share > 100 ? 100 : share);
        fflush(stderr);
    }
}

static void show_done(const struct exporter *exporter, struct slice table, uint64_t written)
{
    fprintf(stderr, "%s%.*s: %" PRIu64 " documents exported\n",
            exporter->terminal ? "\r\033[K" : "", SLICE_FORMAT(table), written);
}

/* Writing. */

/* Reads the next page, and writes it. `*cursor` is JSON, and moves on. */
static bool write_page(struct exporter *exporter, FILE *file, struct slice table,
                       struct buffer *cursor, uint64_t *written, bool *done)
{
    struct value page;
    struct buffer params = {0};
    uint32_t count;
    arena_reset(&exporter->page_arena);
    buffer_append_format(&params, "[%.*s,\"%.*s\",%.*s,%d]", SLICE_FORMAT(exporter->handle),
                         SLICE_FORMAT(table), SLICE_FORMAT(buffer_slice(cursor)), PAGE_ITEMS);
    bool read = ask(exporter, &exporter->page_arena, "exportRead", buffer_slice(&params), &page);
    buffer_deinit(&params);
    if (!read) {
        return false;
    }
    const struct value *items =
        value_items(&exporter->page_arena, value_find(page, SLICE("page")), &count);
    for (uint32_t i = 0; i < count; i++) {
        struct slice text = value_text(&exporter->page_arena, items[i]);
        if (fwrite(text.data, 1, text.size, file) != text.size || putc('\n', file) == EOF) {
            return fail(exporter, "writing");
        }
    }
    *written += count;
    *done = value_find(page, SLICE("isDone")).kind == VALUE_TRUE;
    cursor->size = 0;
    value_write(cursor, value_find(page, SLICE("continueCursor")));
    return true;
}

static bool write_table(struct exporter *exporter, FILE *file, const struct value_field *table)
{
    struct buffer cursor = {0};
    uint64_t written = 0;
    bool done = false;
    bool works = true;
    double all = value_type(table->value) == TYPE_NUMBER ? value_number(table->value) : 0;
    buffer_append_slice(&cursor, SLICE("null"));
    for (unsigned pages = 0; works && !done; pages++) {
        works = write_page(exporter, file, table->name, &cursor, &written, &done);
        if (pages % PAGES_A_PROGRESS == 0) {
            show_progress(exporter, table->name, written, all);
        }
    }
    buffer_deinit(&cursor);
    if (works) {
        show_done(exporter, table->name, written);
    }
    return works;
}

static bool write_schema(struct exporter *exporter, FILE *file)
{
    struct buffer text = {0};
    pretty_write(&text, value_text(&exporter->arena, exporter->schema));
    buffer_append_char(&text, '\n');
    bool written = fwrite(text.data, 1, text.size, file) == text.size;
    buffer_deinit(&text);
    return written || fail(exporter, "writing");
}

/* Writes a table, or the schema where `table` is NULL. */
static bool write_content(struct exporter *exporter, FILE *file, const struct value_field *table)
{
    return table == NULL ? write_schema(exporter, file) : write_table(exporter, file, table);
}

/* The name of the file that holds it. */
static void name_file(const struct value_field *table, char name[PATH_SIZE])
{
    if (table == NULL) {
        snprintf(name, PATH_SIZE, "%s", EXPORT_SCHEMA_FILE);
    } else {
        snprintf(name, PATH_SIZE, "%.*s%s", SLICE_FORMAT(table->name), EXPORT_TABLE_END);
    }
}

/* Into a folder. */

static bool make_folder(struct exporter *exporter)
{
    unsigned entries = 0;
    if (mkdir(exporter->to, 0777) == 0) {
        return true;
    }
    DIR *folder = errno == EEXIST ? opendir(exporter->to) : NULL;
    if (folder == NULL) {
        return fail(exporter, exporter->to);
    }
    while (readdir(folder) != NULL) {
        entries++;
    }
    closedir(folder);
    if (entries > 2) {
        buffer_append_format(&exporter->message, "%s: is not empty", exporter->to);
    }
    return entries <= 2;
}

static bool write_file(struct exporter *exporter, const struct value_field *table)
{
    char name[PATH_SIZE];
    char path[2 * PATH_SIZE];
    name_file(table, name);
    snprintf(path, sizeof path, "%s/%s", exporter->to, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return fail(exporter, path);
    }
    bool written = write_content(exporter, file, table);
    if (written && (fflush(file) != 0 || fsync(fileno(file)) != 0)) {
        written = fail(exporter, path);
    }
    if (fclose(file) != 0 && written) {
        written = fail(exporter, path);
    }
    return written;
}

/* Into an archive. */

static bool copy_file(struct exporter *exporter, FILE *from)
{
    char bytes[COPY_SIZE];
    size_t size;
    rewind(from);
    while ((size = fread(bytes, 1, sizeof bytes, from)) > 0) {
        if (fwrite(bytes, 1, size, stdout) != size) {
            return fail(exporter, "standard output");
        }
    }
    return !ferror(from) || fail(exporter, "temporary file");
}

/* An archive says a file's size before its content, which is therefore written elsewhere first. */
static bool archive_file(struct exporter *exporter, const struct value_field *table)
{
    char name[PATH_SIZE];
    FILE *file = tmpfile();
    if (file == NULL) {
        return fail(exporter, "temporary file");
    }
    name_file(table, name);
    bool written = write_content(exporter, file, table);
    if (written && fflush(file) != 0) {
        written = fail(exporter, "temporary file");
    }
    uint64_t size = (uint64_t)ftello(file);
    written = written &&
              (tar_write_header(stdout, name, size) || fail(exporter, "standard output")) &&
              copy_file(exporter, file) &&
              (tar_write_padding(stdout, size) || fail(exporter, "standard output"));
    fclose(file);
    return written;
}

/* The whole. */

/* Writes one file of the export: a table, or with NULL the schema. */
static bool write_one(struct exporter *exporter, const struct value_field *table)
{
    return exporter->to == NULL ? archive_file(exporter, table) : write_file(exporter, table);
}

static bool write_all(struct exporter *exporter)
{
    for (uint32_t i = 0; i < exporter->table_count; i++) {
        if (is_wanted(exporter, exporter->tables[i].name) &&
            !write_one(exporter, &exporter->tables[i])) {
            return false;
        }
    }
    if (!write_one(exporter, NULL)) {
        return false;
    }
    bool ended = exporter->to != NULL || (tar_write_end(stdout) && fflush(stdout) == 0);
    return ended || fail(exporter, "standard output");
}

static bool finish(struct exporter *exporter)
{
    struct value closed;
    struct buffer params = {0};
    buffer_append_format(&params, "[%.*s]", SLICE_FORMAT(exporter->handle));
    bool works =
        ask(exporter, &exporter->page_arena, "exportClose", buffer_slice(&params), &closed);
    buffer_deinit(&params);
    return works;
}

static bool read_command_line(struct exporter *exporter, int argc, char **argv)
{
    struct option_rule rules[] = {
        CLIENT_OPTION_RULES(&exporter->target),
        {.name = "--to", .text = &exporter->to},
        {.name = "--help", .flag = &exporter->help},
        {.name = NULL},
    };
    if (!options_take(argc, argv, rules, &exporter->name_count, &exporter->message)) {
        return false;
    }
    exporter->names = argv + 1;
    if (!exporter->help && exporter->to == NULL && isatty(STDOUT_FILENO) == 1) {
        buffer_append_slice(&exporter->message,
                            SLICE("--to DIR, please, or standard output to a file; see tenon "
                                  "export --help"));
        return false;
    }
    return true;
}

int cli_export(int argc, char **argv)
{
    struct exporter exporter = {.client = {.descriptor = -1},
                                .terminal = isatty(STDERR_FILENO) == 1};
    arena_init(&exporter.arena, ARENA_SIZE);
    arena_init(&exporter.page_arena, ARENA_SIZE);
    bool valid = read_command_line(&exporter, argc, argv);
    bool done = valid && exporter.help;
    if (done) {
        fputs(HELP, stdout);
    } else if (valid) {
        done = begin(&exporter) && (exporter.to == NULL || make_folder(&exporter)) &&
               write_all(&exporter) && finish(&exporter);
    }
    if (!done) {
        fprintf(stderr, "tenon export: %.*s\n", SLICE_FORMAT(buffer_slice(&exporter.message)));
    }
    client_close(&exporter.client);
    buffer_deinit(&exporter.request);
    buffer_deinit(&exporter.message);
    arena_deinit(&exporter.arena);
    arena_deinit(&exporter.page_arena);
    return done ? EXIT_WRITTEN : EXIT_NOT_WRITTEN;
}
