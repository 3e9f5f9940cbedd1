/* What the machine takes from a thread and counts as its work.
 *
 *   bench-stalls SECONDS LIMIT_MS
 *
 * Reads the clock of its own CPU time and does nothing else. What lies between two readings should
 * be less than a microsecond; where it is more, the kernel or the host of a virtual machine had the
 * core. Prints how long at most, and how often longer than the limit, as JSON. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    double seconds = argc == 3 ? atof(argv[1]) : 0;
    double limit_ms = argc == 3 ? atof(argv[2]) : 0;
    if (seconds <= 0 || limit_ms <= 0) {
        fprintf(stderr, "Usage: bench-stalls SECONDS LIMIT_MS\n");
        return 2;
    }
    uint64_t end_ns = read_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
    uint64_t limit_ns = (uint64_t)(limit_ms * 1e6);
    uint64_t longest_ns = 0;
    uint64_t above = 0;
    uint64_t last_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
    while (read_ns(CLOCK_MONOTONIC) < end_ns) {
        uint64_t now_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
        uint64_t between_ns = now_ns - last_ns;
        longest_ns = between_ns > longest_ns ? between_ns : longest_ns;
        above += between_ns > limit_ns;
        last_ns = now_ns;
    }
    printf("{\"longestMs\":%.3f,\"above\":%" PRIu64 "}\n", (double)longest_ns / 1e6, above);
    return 0;
}
