/* `tenon token`: a new token, told once. */
#include "server/token_command.h"

#include "base/buffer.h"
#include "server/tokens.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static const char help[] =
    "Usage: tenon token NAME --role ROLE\n"
    "\n"
    "Makes a token and prints two lines: the token, which is for the client and is kept nowhere\n"
    "else, and the line for the file that tenon serve --auth-file reads, which has only a hash.\n"
    "\n"
    "  NAME         who has the token: letters, digits and . _ @ -\n"
    "  --role ROLE  read: what reads; write: and what writes; admin: and the server itself\n"
    "  --help       print this\n"
    "\n"
    "example:\n"
    "  umask 077\n"
    "  tenon token shop --role write | { read -r token; read -r line\n"
    "    echo \"$token\" >shop.token; echo \"$line\" >>tokens; }\n"
    "  kill -HUP \"$server\"    # it reads the file again\n";

struct order {
    struct slice name;
    struct slice role;
};

/* Reads the arguments. Returns what is wrong with them, or NULL. */
static const char *read_arguments(int argc, char **argv, struct order *order)
{
    *order = (struct order){{0}, {0}};
    for (int i = 1; i < argc; i++) {
        struct slice argument = slice_of(argv[i]);
        if (slice_starts_with(argument, SLICE("--role="))) {
            order->role = slice_of(argv[i] + sizeof("--role=") - 1);
        } else if (slice_equal(argument, SLICE("--role")) && i + 1 < argc) {
            i += 1;
            order->role = slice_of(argv[i]);
        } else if (argv[i][0] == '-') {
            return "there is no such option, or its value is missing (see tenon token --help)";
        } else if (order->name.data != NULL) {
            return "one NAME at a time (see tenon token --help)";
        } else {
            order->name = argument;
        }
    }
    return order->name.data == NULL || order->role.data == NULL
               ? "NAME and --role must be given (see tenon token --help)"
               : NULL;
}

static int print_token(struct slice name, enum role role)
{
    char token[TOKEN_TEXT_SIZE + 1];
    struct buffer line = {0};
    bool made = token_make(token) &&
                token_write_line(&line, name, role, slice_make(token, TOKEN_TEXT_SIZE));
    bool printed = made && printf("%s\n%.*s\n", token, SLICE_FORMAT(buffer_slice(&line))) > 0 &&
                   fflush(stdout) == 0;
    OPENSSL_cleanse(token, sizeof(token));
    buffer_deinit(&line);
    if (!printed) {
        fprintf(stderr, "tenon token: %s\n",
                made ? "standard output cannot be written" : "the system has no randomness");
    }
    return printed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int token_command(int argc, char **argv)
{
    struct order order;
    enum role role = ROLE_NONE;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    const char *wrong = read_arguments(argc, argv, &order);
    if (wrong == NULL && !token_name_is_valid(order.name)) {
        wrong = "a NAME is 1 to 64 letters, digits and . _ @ -";
    }
    if (wrong == NULL && !role_find(order.role, &role)) {
        wrong = "--role is none of read, write and admin";
    }
    if (wrong != NULL) {
        fprintf(stderr, "tenon token: %s\n", wrong);
        return EXIT_USAGE;
    }
    return print_token(order.name, role);
}
