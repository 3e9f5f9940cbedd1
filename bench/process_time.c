/* Reading /proc/PID/task/TID/schedstat, whose first number is the thread's time in nanoseconds. */
#include "bench/process_time.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

#define PATH_SIZE 320

static uint64_t thread_time_ns(int pid, const char *thread)
{
    char path[PATH_SIZE];
    uint64_t time_ns = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, thread);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%" SCNu64, &time_ns) != 1) {
            time_ns = 0;
        }
        fclose(file);
    }
    return time_ns;
}

uint64_t process_time_ns(int pid)
{
    char path[PATH_SIZE];
    uint64_t time_ns = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL) {
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] != '.') {
            time_ns += thread_time_ns(pid, entry->d_name);
        }
    }
    closedir(threads);
    return time_ns;
}
