/* Options of the subcommands. */
#include "cli/options.h"

#include <criterion/criterion.h>
#include <string.h>

struct options {
    const char *server;
    const char *socket;
    bool plain;
};

static bool take(struct options *options, int argc, char **argv, int *count, struct buffer *message)
{
    struct option_rule rules[] = {{.name = "--server", .text = &options->server},
                                  {.name = "--socket", .text = &options->socket},
                                  {.name = "--plain", .flag = &options->plain},
                                  {.name = NULL}};
    *options = (struct options){.server = "default"};
    return options_take(argc, argv, rules, count, message);
}

Test(options, options_and_operands_come_in_any_order)
{
    char *argv[] = {"call", "ping", "--server", "a:1", "{}", "--plain", "--socket=b"};
    struct options options;
    struct buffer message = {0};
    int count = 0;
    cr_assert(take(&options, 7, argv, &count, &message));
    cr_expect_eq(count, 2);
    cr_expect_str_eq(argv[1], "ping");
    cr_expect_str_eq(argv[2], "{}");
    cr_expect_str_eq(options.server, "a:1");
    cr_expect_str_eq(options.socket, "b");
    cr_expect(options.plain);
    buffer_deinit(&message);
}

Test(options, a_dash_is_an_operand_and_two_dashes_end_the_options)
{
    char *argv[] = {"call", "-", "--", "--plain"};
    struct options options;
    struct buffer message = {0};
    int count = 0;
    cr_assert(take(&options, 4, argv, &count, &message));
    cr_expect_eq(count, 2);
    cr_expect_str_eq(argv[1], "-");
    cr_expect_str_eq(argv[2], "--plain");
    cr_expect_str_eq(options.server, "default");
    cr_expect_not(options.plain);
    buffer_deinit(&message);
}

Test(options, a_wrong_command_line_is_refused_with_a_reason)
{
    static const struct {
        const char *argument;
        const char *reason;
    } cases[] = {
        {"--sever=x", "there is no option --sever"},
        {"-p", "there is no option -p"},
        {"--server", "--server needs an argument"},
        {"--plain=yes", "--plain takes no argument"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char argument[32];
        strcpy(argument, cases[i].argument);
        char *argv[] = {"call", argument};
        struct options options;
        struct buffer message = {0};
        int count = 0;
        cr_assert_not(take(&options, 2, argv, &count, &message));
        cr_expect(slice_equal(buffer_slice(&message), slice_of(cases[i].reason)), "%.*s",
                  SLICE_FORMAT(buffer_slice(&message)));
        buffer_deinit(&message);
    }
}
