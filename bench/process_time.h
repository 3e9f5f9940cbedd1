/* The CPU time of another process, as the kernel accounts for it. */
#ifndef TENON_BENCH_PROCESS_TIME_H
#define TENON_BENCH_PROCESS_TIME_H

#include <stdint.h>

/* Nanoseconds that all threads of the process, those that still live, have run; 0 where there is
 * no such process. */
uint64_t process_time_ns(int pid);

#endif
