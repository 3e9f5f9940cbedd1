/* `tenon import`: see the header.
 *
 * Pass 1 reads every source that has a key and gives each of its rows an id; pass 2 reads every
 * source in the order of the command line, resolves references, and sends the documents. So a row
 * may refer to any row of any source, itself included, and documents are created in the order of
 * the sources. What is wrong with a row's key is told in pass 1, all else in pass 2. */
#include "cli/import.h"

#include "base/memory.h"
#include "cli/answer.h"
#include "cli/client.h"
#include "cli/export.h"
#include "cli/import_csv.h"
#include "cli/import_report.h"
#include "cli/import_row.h"
#include "cli/import_sender.h"
#include "cli/import_source.h"
#include "cli/options.h"
#include "storage/schema.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ARENA_SIZE      ((size_t)64 * 1024)
#define ROWS_A_PROGRESS 1024

#define EXIT_ALL_IN     0
#define EXIT_NOT_ALL_IN 1

static const char HELP[] =
    "usage: tenon import [options] TABLE=FILE[:KEY] ...\n"
    "       tenon import [options] DIR\n"
    "\n"
    "Imports files of JSON lines, one object a line, or of CSV with a header, into the tables of\n"
    "a running server. A FILE of - is standard input.\n"
    "\n"
    "KEY names the column that is the row's key in the source. Where the schema says {\"id\": T}\n"
    "and a row holds the key of a row of T, it becomes the id of that document, whatever the\n"
    "order of files and rows; what is an id of T already stays. 7 and 7.0 are the same key, 7 and\n"
    "\"7\" are not. The key column itself goes in\n"
    "only where the schema has such a field. (Of a FILE with a colon in its name and no KEY, say\n"
    "FILE: with a colon at its end.)\n"
    "\n"
    "A DIR that tenon export wrote goes in with its ids and creation times.\n"
    "\n"
    "Cells of CSV are read as the schema's types say: true, 1.5, base64 for bytes, JSON for "
    "arrays\n"
    "and objects. An empty cell without quotes leaves an optional field out.\n"
    "\n"
    "options:\n" CLIENT_OPTION_HELP
    "  --csv               every FILE is CSV (default: those whose names end in .csv)\n"
    "  --on-error stop     stop at the first bad row (default)\n"
    "  --on-error skip     leave bad rows out; rows that refer to them still go in, and rows\n"
    "                      sent together with a bad one may go in a little later than others\n"
    "  --help              print this\n"
    "\n"
    "exit status: 0 every row is in, 1 anything else\n"
    "\n"
    "example:\n"
    "  tenon import users=users.jsonl:id posts=posts.jsonl:id comments=comments.jsonl\n";

struct import {
    struct client_target target;
    const char *on_error;
    bool help;
    bool csv; /* every source is */
    bool skips;
    struct import_source *sources;
    uint32_t source_count;
    uint32_t source_capacity;
    bool reads_input;   /* a source is standard input */
    const char *folder; /* an export; NULL: none */
    struct import_tables tables;
    struct schema *schema;
    struct client client;
    struct import_report report;
    struct import_sender sender;
    struct import_ids ids;
    struct import_resolver resolver;
    struct arena arena;       /* lives as long as the import */
    struct arena row_arena;   /* lives as long as a row */
    struct buffer message;    /* what import_report_trouble is to be told */
    struct buffer reason;     /* why a row is bad */
    struct csv_header header; /* of the source that is being read, where it is CSV */
    bool keys_known;          /* pass 1 is over */
};

/* Preparing: sources, tables. */

/* Adds a source; `operand` must live as long as the import. */
static bool add_source(struct import *import, const char *operand)
{
    if (import->source_count == import->source_capacity) {
        import->source_capacity = import->source_capacity * 2 + 8;
        import->sources =
            memory_resize(import->sources, import->source_capacity * sizeof *import->sources);
    }
    struct import_source *source = &import->sources[import->source_count];
    if (!import_source_parse(&import->arena, source, operand, &import->message)) {
        return false;
    }
    import->source_count++;
    source->csv = source->csv || import->csv;
    bool is_input = strcmp(source->file, "-") == 0;
    if (is_input && import->reads_input) {
        buffer_append_slice(&import->message, SLICE("standard input can be read only once"));
        return false;
    }
    import->reads_input = import->reads_input || is_input;
    return true;
}

/* Adds a source for each table of an export. */
static bool add_folder(struct import *import, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    bool works = count >= 0;
    if (!works) {
        buffer_append_format(&import->message, "%s: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        struct slice name = slice_of(entries[i]->d_name);
        const size_t end = sizeof EXPORT_TABLE_END - 1;
        if (works && name.size > end &&
            strcmp(name.data + name.size - end, EXPORT_TABLE_END) == 0) {
            struct slice operand =
                arena_format(&import->arena, "%.*s=%s/%s:%c", (int)(name.size - end), name.data,
                             folder, name.data, '\0');
            works = add_source(import, operand.data);
        }
        free(entries[i]);
    }
    free(entries);
    return works;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool parse_sources(struct import *import, int count, char **operands)
{
    for (int i = 0; i < count; i++) {
        bool folder = is_folder(operands[i]);
        if (folder && import->folder != NULL) {
            buffer_append_slice(&import->message, SLICE("one folder at a time, please"));
            return false;
        }
        import->folder = folder ? operands[i] : import->folder;
        if (!(folder ? add_folder(import, operands[i]) : add_source(import, operands[i]))) {
            return false;
        }
    }
    return true;
}

/* How many bytes will be read; not known as soon as it is not known of one source. */
static void count_bytes(struct import *import)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < import->source_count; i++) {
        const struct import_source *source = &import->sources[i];
        if (source->size == 0) {
            return;
        }
        bytes += source->key.size > 0 ? source->size * 2 : source->size;
    }
    import->report.bytes_all = bytes;
}

static bool open_sources(struct import *import)
{
    for (uint32_t i = 0; i < import->source_count; i++) {
        if (!import_source_open(&import->sources[i], &import->message)) {
            return false;
        }
    }
    count_bytes(import);
    return true;
}

static bool read_schema_reply(struct import *import, struct slice line)
{
    struct answer answer;
    struct arena *arena = &import->row_arena;
    if (!answer_read(arena, line, &answer)) {
        buffer_append_slice(&import->message, SLICE("what answers is not a Tenon server"));
        return false;
    }
    if (answer.is_error) {
        buffer_append_slice(&import->message, SLICE("schema: "));
        answer_describe(&import->message, &answer);
        return false;
    }
    import->schema =
        schema_read(value_text(arena, answer.result), "the server's schema", &import->message);
    return import->schema != NULL;
}

static bool fetch_schema(struct import *import)
{
    struct slice line;
    client_queue(&import->client,
                 SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"schema\",\"params\":{}}"));
    if (!client_wait_line(&import->client, &line)) {
        buffer_append_slice(&import->message, buffer_slice(&import->client.trouble));
        return false;
    }
    return read_schema_reply(import, line);
}

static struct import_table *add_table(struct import *import, struct slice name)
{
    const struct schema_table *known = schema_find_table(import->schema, name);
    struct import_table *table = &import->tables.tables[import->tables.count++];
    *table = (struct import_table){
        .name = name,
        .number = known == NULL ? 0 : known->number,
        .type = known == NULL ? NULL : known->fields,
    };
    return table;
}

static bool prepare_tables(struct import *import)
{
    import->tables.tables =
        memory_allocate_zeroed(import->source_count, sizeof(struct import_table));
    for (uint32_t i = 0; i < import->source_count; i++) {
        const struct import_source *source = &import->sources[i];
        struct import_table *table = import_tables_find(&import->tables, source->table);
        if (table == NULL) {
            table = add_table(import, source->table);
        }
        if (source->key.size == 0 || table->keyed) {
            continue;
        }
        if (table->number == 0) {
            buffer_append_format(&import->message, "the server has no table %.*s",
                                 SLICE_FORMAT(source->table));
            return false;
        }
        import_keys_init(&table->keys, table->number);
        table->keyed = true;
    }
    return true;
}

/* Ids hold the number of their table, so an export's tables must have theirs on the server. */
static bool check_numbers(struct import *import, const struct schema *exported)
{
    for (uint32_t i = 0; i < exported->table_count; i++) {
        const struct schema_table *table = &exported->tables[i];
        const struct schema_table *known = schema_find_table(import->schema, table->name);
        if (known == NULL || known->number != table->number) {
            buffer_append_format(&import->message,
                                 "table %.*s has another number on the server, or is not there; "
                                 "start the server with --schema %s/%s",
                                 SLICE_FORMAT(table->name), import->folder, EXPORT_SCHEMA_FILE);
            return false;
        }
    }
    return true;
}

/* Reads the schema of an export. It is written last, so an export without one is incomplete. */
static bool check_folder(struct import *import)
{
    if (import->folder == NULL) {
        return true;
    }
    struct buffer text = {0};
    struct slice path =
        arena_format(&import->arena, "%s/%s%c", import->folder, EXPORT_SCHEMA_FILE, '\0');
    struct schema *exported = NULL;
    FILE *file = fopen(path.data, "r");
    if (file == NULL) {
        buffer_append_format(&import->message, "%s: %s; is it a complete export?", path.data,
                             strerror(errno));
    } else {
        for (int byte = getc(file); byte != EOF; byte = getc(file)) {
            buffer_append_char(&text, (char)byte);
        }
        fclose(file);
        exported = schema_read(buffer_slice(&text), path.data, &import->message);
    }
    bool fits = exported != NULL && check_numbers(import, exported);
    if (exported != NULL) {
        schema_destroy(exported);
    }
    buffer_deinit(&text);
    return fits;
}

static bool prepare(struct import *import)
{
    if (!open_sources(import)) {
        return false;
    }
    if (!client_open(&import->client, &import->target)) {
        buffer_append_slice(&import->message, buffer_slice(&import->client.trouble));
        return false;
    }
    return fetch_schema(import) && check_folder(import) && prepare_tables(import);
}

/* Reading sources: what both passes share. */

/* Tells of a bad row. Returns whether the import goes on. */
static bool refuse_row(struct import *import, const struct import_source *source,
                       struct import_table *table)
{
    table->skipped++;
    import_report_bad_row(&import->report, source->file, source->line,
                          buffer_slice(&import->reason));
    return import->skips;
}

/* Reads the header of a source of CSV; a source with nothing in it needs none. */
static bool read_header(struct import *import, struct import_source *source,
                        const struct import_table *table)
{
    struct slice line;
    enum import_line status = import_source_next(source, &line);
    import->reason.size = 0;
    if (status == IMPORT_LINE &&
        !csv_header_read(&import->arena, line, table, &import->header, &import->reason)) {
        buffer_append_format(&import->message, "%s:%" PRIu64 ": %.*s", source->file, source->line,
                             SLICE_FORMAT(buffer_slice(&import->reason)));
        return false;
    }
    if (status == IMPORT_LINE_TOO_LONG || status == IMPORT_LINE_TROUBLE) {
        buffer_append_format(&import->message, "%s: %s", source->file,
                             status == IMPORT_LINE_TROUBLE ? strerror(errno)
                                                           : "the header is too long");
        return false;
    }
    return true;
}

/* Carries out a pass over one source: `take` gets every line, and why where it is none. */
static bool read_source(struct import *import, uint32_t position,
                        bool (*take)(struct import *import, uint32_t position,
                                     struct import_table *table, enum import_line status,
                                     struct slice line))
{
    struct import_source *source = &import->sources[position];
    struct import_table *table = import_tables_find(&import->tables, source->table);
    double started = import_report_now();
    struct slice line;
    bool goes_on = !source->csv || read_header(import, source, table);
    enum import_line status = goes_on ? import_source_next(source, &line) : IMPORT_LINE_END;
    while (goes_on && (status == IMPORT_LINE || status == IMPORT_LINE_TOO_LONG)) {
        arena_reset(&import->row_arena);
        import->reason.size = 0;
        goes_on = take(import, position, table, status, line);
        if (source->line % ROWS_A_PROGRESS == 0) {
            import_report_progress(&import->report, source, import->sender.imported);
        }
        status = goes_on ? import_source_next(source, &line) : status;
    }
    if (status == IMPORT_LINE_TROUBLE) {
        buffer_append_format(&import->message, "%s: %s", source->file, strerror(errno));
        goes_on = false;
    }
    import->report.bytes += source->position;
    table->seconds += import_report_now() - started;
    return goes_on;
}

/* Reads a row; where that fails, import->reason says why. */
static bool read_row(struct import *import, const struct import_source *source,
                     enum import_line status, struct slice line, struct import_row *row)
{
    if (status == IMPORT_LINE_TOO_LONG) {
        buffer_append_format(&import->reason, "the line is longer than %zu bytes",
                             IMPORT_LINE_SIZE_MAX);
        return false;
    }
    if (source->csv) {
        const struct import_tables *tables = import->keys_known ? &import->tables : NULL;
        return import_csv_read(&import->row_arena, line, source->key, &import->header, tables, row,
                               &import->reason);
    }
    return import_row_read(&import->row_arena, line, source->key, row, &import->reason);
}

/* Pass 1: keys. */

static bool add_key(struct import *import, uint32_t position, struct import_table *table,
                    const struct import_row *row)
{
    const struct import_source *source = &import->sources[position];
    struct slice text = import_key_text(&import->row_arena, row->key);
    uint8_t body[ID_BODY_SIZE];
    if (!import_row_choose_id(row, table->number, source->key, &import->ids, body,
                              &import->reason)) {
        return false;
    }
    struct import_key *key = import_keys_add(&table->keys, text, body);
    if (key == NULL) {
        buffer_append_format(&import->reason, "the key %.*s is given twice", SLICE_FORMAT(text));
        return false;
    }
    key->source = position;
    key->line = source->line;
    return true;
}

static bool take_key(struct import *import, uint32_t position, struct import_table *table,
                     enum import_line status, struct slice line)
{
    const struct import_source *source = &import->sources[position];
    struct import_row row;
    return (read_row(import, source, status, line, &row) &&
            add_key(import, position, table, &row)) ||
           refuse_row(import, source, table);
}

static bool collect_keys(struct import *import)
{
    for (uint32_t i = 0; i < import->source_count; i++) {
        if (import->sources[i].key.size == 0) {
            continue;
        }
        if (!read_source(import, i, take_key) ||
            !import_source_rewind(&import->sources[i], &import->message)) {
            return false;
        }
    }
    return true;
}

/* Pass 2: documents. */

/* Tells of a row that cannot be sent. What comes before it must be in if it stops the import. */
static bool refuse_document(struct import *import, const struct import_source *source,
                            struct import_table *table, struct import_key *key)
{
    if (key != NULL) {
        key->skipped = true;
    }
    if (!import->skips && !import_sender_drain(&import->sender)) {
        return false;
    }
    return refuse_row(import, source, table);
}

static bool send_row(struct import *import, const struct import_source *source,
                     struct import_table *table, const struct import_row *row,
                     struct import_key *key)
{
    struct import_resolver *resolver = &import->resolver;
    struct buffer *text = import_sender_text(&import->sender, table, source->file);
    resolver->found_count = 0;
    if (!import_row_write(text, row, table, key, source->key, resolver, &import->reason)) {
        if (source->csv) {
            csv_header_name_column(&import->header, &import->reason);
        }
        return refuse_document(import, source, table, key);
    }
    return import_sender_add(&import->sender, source->line, key, resolver->found,
                             resolver->found_count);
}

static bool take_document(struct import *import, uint32_t position, struct import_table *table,
                          enum import_line status, struct slice line)
{
    const struct import_source *source = &import->sources[position];
    bool has_key = source->key.size > 0;
    struct import_row row;
    if (!read_row(import, source, status, line, &row)) {
        /* Pass 1 has told of a row without a key. */
        return has_key || refuse_document(import, source, table, NULL);
    }
    if (!has_key) {
        return send_row(import, source, table, &row, NULL);
    }
    struct import_key *key =
        import_keys_find(&table->keys, import_key_text(&import->row_arena, row.key));
    bool is_its_own = key != NULL && key->source == position && key->line == source->line;
    return !is_its_own || send_row(import, source, table, &row, key);
}

static bool send_documents(struct import *import)
{
    import->keys_known = true;
    for (uint32_t i = 0; i < import->source_count; i++) {
        if (!read_source(import, i, take_document) || !import_sender_flush(&import->sender)) {
            return false;
        }
    }
    return import_sender_drain(&import->sender);
}

/* The whole. */

static uint64_t count_skipped(const struct import_tables *tables)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < tables->count; i++) {
        count += tables->tables[i].skipped;
    }
    return count;
}

static int run(struct import *import)
{
    bool prepared = prepare(import);
    bool complete = prepared && collect_keys(import) && send_documents(import);
    if (import->message.size > 0) {
        import_report_trouble(&import->report, buffer_slice(&import->message));
    }
    if (prepared) {
        import_report_summary(&import->report, &import->tables);
    }
    if (prepared && !complete) {
        import->message.size = 0;
        buffer_append_format(&import->message, "stopped; %" PRIu64 " rows are in",
                             import->sender.imported);
        import_report_trouble(&import->report, buffer_slice(&import->message));
    }
    return complete && count_skipped(&import->tables) == 0 ? EXIT_ALL_IN : EXIT_NOT_ALL_IN;
}

static void import_init(struct import *import)
{
    *import = (struct import){.on_error = "stop", .client = {.descriptor = -1}};
    arena_init(&import->arena, ARENA_SIZE);
    arena_init(&import->row_arena, ARENA_SIZE);
    import_report_init(&import->report);
    import_ids_init(&import->ids);
    import->resolver.tables = &import->tables;
    import->resolver.arena = &import->row_arena;
}

static void import_deinit(struct import *import)
{
    for (uint32_t i = 0; i < import->source_count; i++) {
        import_source_close(&import->sources[i]);
    }
    for (uint32_t i = 0; i < import->tables.count; i++) {
        if (import->tables.tables[i].keyed) {
            import_keys_deinit(&import->tables.tables[i].keys);
        }
    }
    if (import->schema != NULL) {
        schema_destroy(import->schema);
    }
    memory_release(import->sources);
    memory_release(import->tables.tables);
    client_close(&import->client);
    import_sender_deinit(&import->sender);
    import_resolver_deinit(&import->resolver);
    arena_deinit(&import->arena);
    arena_deinit(&import->row_arena);
    buffer_deinit(&import->message);
    buffer_deinit(&import->reason);
}

/* Reads the command line. False where it is wrong; import->message says how. */
static bool read_command_line(struct import *import, int argc, char **argv)
{
    struct option_rule rules[] = {
        CLIENT_OPTION_RULES(&import->target),
        {.name = "--on-error", .text = &import->on_error},
        {.name = "--csv", .flag = &import->csv},
        {.name = "--help", .flag = &import->help},
        {.name = NULL},
    };
    int operand_count = 0;
    if (!options_take(argc, argv, rules, &operand_count, &import->message)) {
        return false;
    }
    import->skips = strcmp(import->on_error, "skip") == 0;
    if (!import->skips && strcmp(import->on_error, "stop") != 0) {
        buffer_append_slice(&import->message, SLICE("--on-error is stop or skip"));
        return false;
    }
    if (import->help) {
        return true;
    }
    if (operand_count == 0) {
        buffer_append_slice(&import->message,
                            SLICE("TABLE=FILE[:KEY] or DIR, please; see tenon import --help"));
        return false;
    }
    return parse_sources(import, operand_count, argv + 1);
}

int cli_import(int argc, char **argv)
{
    struct import import;
    int status = EXIT_NOT_ALL_IN;
    import_init(&import);
    bool valid = read_command_line(&import, argc, argv);
    import_sender_init(&import.sender, &import.client, &import.report, import.skips);
    if (!valid) {
        import_report_trouble(&import.report, buffer_slice(&import.message));
    } else if (import.help) {
        fputs(HELP, stdout);
        status = EXIT_ALL_IN;
    } else {
        status = run(&import);
    }
    import_deinit(&import);
    return status;
}
