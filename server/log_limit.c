/* Counting lines. See log_limit.h. */
#include "server/log_limit.h"

#include "server/log.h"

#include <stdarg.h>
#include <string.h>

static const char *const kind_texts[LOG_KIND_COUNT] = {
#define LOG_KIND_TEXT(name, text) [name] = (text),
    LOG_KINDS(LOG_KIND_TEXT)
#undef LOG_KIND_TEXT
};

void log_limit_init(struct log_limit *limit, uv_loop_t *loop, unsigned time_ms)
{
    memset(limit, 0, sizeof(*limit));
    limit->time_ms = time_ms;
    uv_timer_init(loop, &limit->timer);
    limit->timer.data = limit;
}

/* Says what was left out, and begins anew. */
static void begin_anew(struct log_limit *limit)
{
    for (enum log_kind kind = 0; kind < LOG_KIND_COUNT; kind++) {
        if (limit->left_out[kind] > 0) {
            log_line("left out %llu more lines about %s: at most %d are written in %u ms",
                     (unsigned long long)limit->left_out[kind], kind_texts[kind], LOG_LIMIT_COUNT,
                     limit->time_ms);
        }
        limit->written[kind] = 0;
        limit->left_out[kind] = 0;
    }
}

static void on_end(uv_timer_t *timer)
{
    begin_anew(timer->data);
}

void log_limit_close(struct log_limit *limit)
{
    begin_anew(limit);
    uv_close((uv_handle_t *)&limit->timer, NULL);
}

void log_limit_line(struct log_limit *limit, enum log_kind kind, const char *format, ...)
{
    if (limit->written[kind] == LOG_LIMIT_COUNT) {
        limit->left_out[kind] += 1;
        return;
    }
    va_list values;
    va_start(values, format);
    log_line_values(format, values);
    va_end(values);
    limit->written[kind] += 1;
    if (!uv_is_active((uv_handle_t *)&limit->timer)) {
        uv_timer_start(&limit->timer, on_end, limit->time_ms, 0);
    }
}
