/* The logger. See log.h. */
#include "server/log.h"

#include <stdio.h>
#include <time.h>

void log_line_values(const char *format, va_list values)
{
    struct timespec now;
    struct tm utc;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);

    char text[1024];
    vsnprintf(text, sizeof(text), format, values);
    fprintf(stderr, "%s.%03ldZ %s\n", stamp, now.tv_nsec / 1000000, text);
}

void log_line(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    log_line_values(format, values);
    va_end(values);
}
