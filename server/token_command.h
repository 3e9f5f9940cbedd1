/* `tenon token`: makes a token, and the line that a server knows it by. */
#ifndef TENON_SERVER_TOKEN_COMMAND_H
#define TENON_SERVER_TOKEN_COMMAND_H

/* argv[0] is the subcommand. Returns the exit status. */
int token_command(int argc, char **argv);

#endif
