/* The logger: one line an event, for people, with a time stamp, on stderr. */
#ifndef TENON_SERVER_LOG_H
#define TENON_SERVER_LOG_H

#include "base/macros.h"

#include <stdarg.h>

/* Writes a line: the time (ISO 8601, UTC, milliseconds), a space, and the text. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same, as vprintf is to printf. */
void log_line_values(const char *format, va_list values) PRINTF_LIKE(1, 0);

#endif
