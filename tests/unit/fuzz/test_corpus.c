/* The committed inputs of every fuzz target: hard cases, and what was once wrong. */
#include "tests/fuzz/targets.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>

#define INPUT_SIZE_MAX 4096

static void replay_input(const char *path, void (*target)(const uint8_t *data, size_t size))
{
    static uint8_t input[INPUT_SIZE_MAX];
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    size_t size = fread(input, 1, sizeof(input), file);
    cr_assert(size < sizeof(input) && !ferror(file), "%s", path);
    fclose(file);
    /* Shown with --verbose=1: which input a crash is about. */
    cr_log_info("%s", path);
    target(input, size);
}

static void replay_corpus(const char *name, void (*target)(const uint8_t *data, size_t size))
{
    char folder[64];
    snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);
    DIR *directory = opendir(folder);
    cr_assert_not_null(directory, "%s", folder);
    unsigned count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_name[0] != '.') {
            char path[512];
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            replay_input(path, target);
            count += 1;
        }
    }
    closedir(directory);
    cr_assert_gt(count, 0, "%s is empty", folder);
}

#define REPLAY(name)                                                                               \
    Test(fuzz_corpus, every_input_for_##name##_passes)                                             \
    {                                                                                              \
        replay_corpus(#name, fuzz_##name);                                                         \
    }
FUZZ_TARGETS(REPLAY)
