/* `tenon export`: tables as JSON lines, from one state of a running server.
 *
 * An export is a file TABLE.jsonl for each table, a document a line in the order of creation, and
 * schema.json, which is written last: where it is, the export is complete. */
#ifndef TENON_CLI_EXPORT_H
#define TENON_CLI_EXPORT_H

#define EXPORT_SCHEMA_FILE "schema.json"
#define EXPORT_TABLE_END   ".jsonl"

/* Runs `tenon export` with its arguments; argv[0] is the subcommand.
 * Returns the exit status: 0 everything is written, 1 anything else. */
int cli_export(int argc, char **argv);

#endif
