/* `tenon call`: one request from the shell, or a stream of them. */
#ifndef TENON_CLI_CALL_H
#define TENON_CLI_CALL_H

/* Runs `tenon call` with its arguments; argv[0] is the subcommand.
 * Returns the exit status: 0 a result, 1 an error reply, 2 no answer (a wrong command line, params
 * that are not JSON, trouble with the connection). */
int cli_call(int argc, char **argv);

#endif
