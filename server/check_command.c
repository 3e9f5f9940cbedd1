/* `tenon check`: a data directory, verified or saved while no server uses it. */
#include "server/check_command.h"

#include "storage/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXIT_DAMAGED 1
#define EXIT_UNKNOWN 2

static const char help[] =
    "Usage: tenon check DIR\n"
    "       tenon check --repair DIR NEWDIR\n"
    "\n"
    "Reads all of a data directory, while no server uses it, and tells what is damaged.\n"
    "With --repair, writes all that is valid to NEWDIR, which must not exist yet, and tells what\n"
    "is lost; DIR stays as it is.\n"
    "\n"
    "The exit status is 0 where everything is valid, 1 where something is damaged, 2 where that\n"
    "could not be told.\n";

static int exit_status(enum check_result result)
{
    switch (result) {
    case CHECK_VALID:
        return 0;
    case CHECK_DAMAGED:
        return EXIT_DAMAGED;
    case CHECK_UNREADABLE:
        break;
    }
    return EXIT_UNKNOWN;
}

int check_command(int argc, char **argv)
{
    bool repair = argc == 4 && strcmp(argv[1], "--repair") == 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (!repair && (argc != 2 || argv[1][0] == '-')) {
        fputs(help, stderr);
        return EXIT_UNKNOWN;
    }
    struct file_system files;
    struct buffer report = {0};
    file_system_init(&files);
    enum check_result result = repair ? check_repair(&files, argv[2], argv[3], &report)
                                      : check_directory(&files, argv[1], &report);
    fwrite(report.data, 1, report.size, result == CHECK_UNREADABLE ? stderr : stdout);
    buffer_deinit(&report);
    return exit_status(result);
}
