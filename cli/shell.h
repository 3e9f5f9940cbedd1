/* `tenon shell`: an interactive prompt; of a script's lines, where standard input is none. */
#ifndef TENON_CLI_SHELL_H
#define TENON_CLI_SHELL_H

/* Runs `tenon shell` with its arguments; argv[0] is the subcommand.
 * Returns the exit status: 0; 1 where a statement of a script failed; 2 where the command line is
 * wrong or there is no server. */
int cli_shell(int argc, char **argv);

#endif
