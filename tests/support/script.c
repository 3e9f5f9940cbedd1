/* Scripts that tests run. */
#include "tests/support/script.h"

#include "base/buffer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void print_skipped(char *output)
{
    for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "skipped", 7) == 0) {
            fprintf(stderr, "%s\n", line);
        }
    }
}

void script_expect_success(const char *script)
{
    const char *binary = getenv("TENON_BINARY");
    char command[1024];
    struct buffer output = {0};
    size_t size;
    int length = snprintf(command, sizeof command, "%s %s 2>&1", script,
                          binary == NULL ? "build/tenon-sanitized" : binary);
    cr_assert(length > 0 && (size_t)length < sizeof command);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    do {
        size = fread(buffer_reserve(&output, 4096), 1, 4096, pipe);
        output.size += size;
    } while (size > 0);
    int status = pclose(pipe);
    buffer_append_char(&output, '\0');
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", output.data);
    print_skipped(output.data);
    buffer_deinit(&output);
}
