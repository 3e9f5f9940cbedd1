/* The slow log: a ring of entries. */
#include "server/slowlog.h"

#include "server/builder.h"
#include "server/clock.h"

#include <assert.h>
#include <stdlib.h>

void slowlog_init(struct slowlog *slowlog, uint64_t limit_ms)
{
    *slowlog = (struct slowlog){.limit_ns = limit_ms * CLOCK_NS_PER_MS};
}

void slowlog_deinit(struct slowlog *slowlog)
{
    for (uint32_t i = 0; i < SLOWLOG_COUNT; i++) {
        buffer_deinit(&slowlog->entries[i].method);
        buffer_deinit(&slowlog->entries[i].text);
    }
}

/* What of a program stays the same from one call to the next. */
static struct value program_text(struct arena *arena, struct value params)
{
    struct builder program = builder_begin(arena, 2);
    builder_put(&program, SLICE("do"), value_find(params, SLICE("do")));
    builder_put(&program, SLICE("return"), value_find(params, SLICE("return")));
    return builder_end(&program);
}

static bool is_program(struct value params)
{
    return value_type(params) == TYPE_OBJECT && !value_is_missing(value_find(params, SLICE("do")));
}

/* Cuts the text where a character begins. */
static size_t cut_size(struct slice text)
{
    size_t size = text.size < SLOWLOG_TEXT_SIZE ? text.size : SLOWLOG_TEXT_SIZE;
    while (size < text.size && size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80) {
        size -= 1;
    }
    return size;
}

void slowlog_add(struct slowlog *slowlog, struct arena *arena, const struct slow_request *request)
{
    struct slowlog_entry *entry = &slowlog->entries[slowlog->next];
    slowlog->next = (slowlog->next + 1) % SLOWLOG_COUNT;
    slowlog->count += slowlog->count < SLOWLOG_COUNT;
    entry->request = *request;
    entry->method.size = 0;
    entry->text.size = 0;
    buffer_append_slice(&entry->method, request->method);
    bool program = is_program(request->params);
    struct value text = program ? program_text(arena, request->params) : request->params;
    struct value arguments = program ? value_find(request->params, SLICE("args")) : request->params;
    struct slice json = value_is_missing(text) ? SLICE("") : value_text(arena, text);
    entry->text_size = json.size;
    entry->arguments_size = value_is_missing(arguments) ? 0 : value_write_size(arguments);
    buffer_append(&entry->text, json.data, cut_size(json));
}

static struct value describe_entry(const struct slowlog_entry *entry, struct arena *arena)
{
    const struct slow_request *request = &entry->request;
    struct builder fields = builder_begin(arena, 8);
    struct builder cost = builder_begin(arena, 3);
    builder_put(&fields, SLICE("method"), value_from_string(arena, buffer_slice(&entry->method)));
    builder_put(&fields, SLICE("milliseconds"),
                value_from_number((double)request->took_ns / (double)CLOCK_NS_PER_MS));
    builder_put_count(&fields, "time", request->time_ms);
    builder_put_count(&cost, "documents", request->documents);
    builder_put_count(&cost, "ranges", request->ranges);
    builder_put_count(&cost, "bytes", request->result_bytes);
    builder_put(&fields, SLICE("cost"), builder_end(&cost));
    builder_put(&fields, SLICE("text"), value_from_string(arena, buffer_slice(&entry->text)));
    builder_put_count(&fields, "textBytes", entry->text_size);
    builder_put_count(&fields, "argumentsBytes", entry->arguments_size);
    builder_put(&fields, SLICE("error"),
                request->error.size == 0 ? VALUE_IS(VALUE_NULL)
                                         : value_from_string(arena, request->error));
    return builder_end(&fields);
}

/* Slowest first. */
static int compare_entries(const void *a, const void *b)
{
    const struct slowlog_entry *const *left = a;
    const struct slowlog_entry *const *right = b;
    uint64_t left_ns = (*left)->request.took_ns;
    uint64_t right_ns = (*right)->request.took_ns;
    return (left_ns < right_ns) - (left_ns > right_ns);
}

struct value slowlog_describe(const struct slowlog *slowlog, struct arena *arena)
{
    const struct slowlog_entry *order[SLOWLOG_COUNT];
    assert(slowlog->count <= SLOWLOG_COUNT);
    for (uint32_t i = 0; i < slowlog->count; i++) {
        order[i] = &slowlog->entries[i];
    }
    qsort(order, slowlog->count, sizeof(order[0]), compare_entries);
    struct value *items = arena_allocate(arena, slowlog->count * sizeof(*items));
    for (uint32_t i = 0; i < slowlog->count; i++) {
        items[i] = describe_entry(order[i], arena);
    }
    return value_from_items(items, slowlog->count);
}
