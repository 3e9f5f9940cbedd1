/* `tenon import`: JSON-lines files into a running server, references resolved by key. */
#ifndef TENON_CLI_IMPORT_H
#define TENON_CLI_IMPORT_H

/* Runs `tenon import` with its arguments; argv[0] is the subcommand.
 * Returns the exit status: 0 every row is in, 1 anything else. */
int cli_import(int argc, char **argv);

#endif
