/* Options: see the header. Long names only, so that a command line in a script reads itself. */
#include "cli/options.h"

#include "base/slice.h"

static const struct option_rule *find_rule(const struct option_rule *rules, struct slice name)
{
    for (const struct option_rule *rule = rules; rule->name != NULL; rule++) {
        if (slice_equal(slice_of(rule->name), name)) {
            return rule;
        }
    }
    return NULL;
}

/* The name of an option argument: what stands before `=`. */
static struct slice option_name(const char *argument)
{
    return slice_make(argument, strcspn(argument, "="));
}

/* Carries out the option at argv[*position], and moves *position to its last argument. */
static bool take_option(int argc, char **argv, int *position, const struct option_rule *rules,
                        struct buffer *message)
{
    const char *argument = argv[*position];
    struct slice name = option_name(argument);
    const char *given = argument[name.size] == '=' ? argument + name.size + 1 : NULL;
    const struct option_rule *rule = find_rule(rules, name);
    if (rule == NULL) {
        buffer_append_format(message, "there is no option %.*s", SLICE_FORMAT(name));
        return false;
    }
    if (rule->flag != NULL) {
        *rule->flag = true;
        if (given != NULL) {
            buffer_append_format(message, "%s takes no argument", rule->name);
        }
        return given == NULL;
    }
    if (given == NULL && *position + 1 < argc) {
        *position += 1;
        given = argv[*position];
    }
    if (given == NULL) {
        buffer_append_format(message, "%s needs an argument", rule->name);
        return false;
    }
    *rule->text = given;
    return true;
}

bool options_take(int argc, char **argv, const struct option_rule *rules, int *operand_count,
                  struct buffer *message)
{
    int count = 0;
    bool ended = false;
    for (int position = 1; position < argc; position++) {
        char *argument = argv[position];
        if (!ended && strcmp(argument, "--") == 0) {
            ended = true;
        } else if (!ended && argument[0] == '-' && argument[1] != '\0') {
            if (!take_option(argc, argv, &position, rules, message)) {
                return false;
            }
        } else {
            argv[++count] = argument;
        }
    }
    *operand_count = count;
    return true;
}
