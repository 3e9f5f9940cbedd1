/* Log lines that clients decide about: how many of them are written.
 *
 * Who can have a line written for a few packets could fill the disk with them. Of each kind
 * LOG_LIMIT_COUNT lines are written in a time that begins with the first; the others are
 * counted, and one line says at the end how many they were.
 *
 * Invariant: the timer runs if and only if a line of any kind was written since it fired. */
#ifndef TENON_SERVER_LOG_LIMIT_H
#define TENON_SERVER_LOG_LIMIT_H

#include "base/macros.h"

#include <stdint.h>
#include <uv.h>

#define LOG_LIMIT_COUNT TINY_OR(2, 10)
#define LOG_LIMIT_MS    10000

/* The kinds, and what their lines are about. */
#define LOG_KINDS(X)                                                                               \
    X(LOG_HANDSHAKE, "handshakes of TLS that failed")                                              \
    X(LOG_TOKEN, "unknown tokens")                                                                 \
    X(LOG_STRANGER, "connections that did not authenticate in time")                               \
    X(LOG_OVERLOAD, "full buffers")                                                                \
    X(LOG_SNAPSHOT, "snapshots that failed")

#define LOG_KIND_NAME(name, text) name,
enum log_kind { LOG_KINDS(LOG_KIND_NAME) LOG_KIND_COUNT };
#undef LOG_KIND_NAME

struct log_limit {
    uv_timer_t timer;
    unsigned time_ms;
    unsigned written[LOG_KIND_COUNT];
    uint64_t left_out[LOG_KIND_COUNT];
};

/* `time_ms` is LOG_LIMIT_MS, but in tests. */
void log_limit_init(struct log_limit *limit, uv_loop_t *loop, unsigned time_ms);

/* Says what was left out, and closes the timer. */
void log_limit_close(struct log_limit *limit);

/* Writes a line as log_line() does, or counts it. */
void log_limit_line(struct log_limit *limit, enum log_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
