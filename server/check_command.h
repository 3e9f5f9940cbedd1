/* The subcommand `tenon check`. */
#ifndef TENON_SERVER_CHECK_COMMAND_H
#define TENON_SERVER_CHECK_COMMAND_H

/* Runs it; argv[0] is the subcommand. Returns the exit status: 0 all is valid, 1 something is
 * damaged (or, with --repair, was lost), 2 it could not be told. */
int check_command(int argc, char **argv);

#endif
