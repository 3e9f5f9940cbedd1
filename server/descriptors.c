/* Descriptors for connections. See descriptors.h. */
#include "server/descriptors.h"

#include "server/log.h"

#include <sys/resource.h>

/* For files, listeners and the loop: twice what a server with a journal and a snapshot opens. */
#define DESCRIPTORS_OWN     32
#define LINGERING_COUNT_MAX TINY_OR(2, 128)
#define LINGERING_PART      8

bool descriptors_divide(struct descriptors *descriptors, uint64_t limit, uint64_t connections_max)
{
    if (limit < DESCRIPTORS_OWN + LINGERING_PART) {
        return false;
    }
    uint64_t left = limit - DESCRIPTORS_OWN;
    uint64_t part = left / LINGERING_PART;
    uint64_t lingering = part < LINGERING_COUNT_MAX ? part : LINGERING_COUNT_MAX;
    uint64_t rest = left - lingering;
    *descriptors = (struct descriptors){
        .connections_max = connections_max < rest ? connections_max : rest,
        .lingering_max = lingering,
    };
    return true;
}

/* How many descriptors the process may open, once it has asked for `wanted`. */
static uint64_t raise_limit(uint64_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return wanted;
    }
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        limit = setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised : limit;
    }
    return limit.rlim_cur;
}

bool descriptors_claim(struct descriptors *descriptors, uint64_t connections_max)
{
    uint64_t limit = raise_limit(connections_max + DESCRIPTORS_OWN + LINGERING_COUNT_MAX);
    if (!descriptors_divide(descriptors, limit, connections_max)) {
        log_line("the system allows %llu open files, and the server needs %u: raise it with "
                 "ulimit -n, or LimitNOFILE= of its unit",
                 (unsigned long long)limit, DESCRIPTORS_OWN + LINGERING_PART);
        return false;
    }
    if (descriptors->connections_max < connections_max) {
        log_line(
            "the system allows %llu open files, so that there can be %llu connections instead "
            "of %llu (--max-connections): raise it with ulimit -n, or LimitNOFILE= of the unit",
            (unsigned long long)limit, (unsigned long long)descriptors->connections_max,
            (unsigned long long)connections_max);
    }
    return true;
}
