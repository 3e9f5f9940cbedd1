/* What the shell says: see the header. */
#include "cli/shell_print.h"

#include "cli/place.h"
#include "cli/pretty.h"

#include <stdio.h>

#define RED  "\033[31m"
#define GREY "\033[2m"
#define OFF  "\033[0m"

static void append_coloured(struct buffer *buffer, const struct terminal *terminal,
                            const char *colour, struct slice text)
{
    buffer_append_slice(buffer, terminal->colours ? slice_of(colour) : SLICE(""));
    buffer_append_slice(buffer, text);
    buffer_append_slice(buffer, terminal->colours ? SLICE(OFF) : SLICE(""));
}

void shell_print_result(const struct terminal *terminal, struct arena *arena, struct value result)
{
    struct buffer output = {0};
    struct slice text = value_text(arena, result);
    if (terminal->colours) {
        pretty_write_coloured(&output, text);
    } else if (terminal->is_one) {
        pretty_write(&output, text);
    } else {
        buffer_append_slice(&output, text);
    }
    buffer_append_char(&output, '\n');
    terminal_write(terminal, buffer_slice(&output));
    buffer_deinit(&output);
}

static void print_grey(const struct terminal *terminal, struct buffer *line)
{
    struct buffer output = {0};
    append_coloured(&output, terminal, GREY, buffer_slice(line));
    buffer_append_char(&output, '\n');
    (void)fwrite(output.data, 1, output.size, stdout);
    fflush(stdout);
    buffer_deinit(&output);
    line->size = 0;
}

static void append_counted(struct buffer *buffer, double count, const char *one, const char *many)
{
    buffer_append_format(buffer, "%.0f %s", count, count == 1 ? one : many);
}

void shell_print_time(const struct terminal *terminal, struct value result, double seconds)
{
    struct buffer line = {0};
    if (!terminal->is_one) {
        return;
    }
    if (value_type(result) == TYPE_ARRAY) {
        append_counted(&line, value_count(result), "item", "items");
        buffer_append_slice(&line, SLICE(", "));
    }
    buffer_append_format(&line, "%.2f ms", seconds * 1000);
    print_grey(terminal, &line);
    buffer_deinit(&line);
}

/* A number of an object, or 0. */
static double number_of(struct value object, const char *name)
{
    struct value value = value_find(object, slice_of(name));
    return value_type(value) == TYPE_NUMBER ? value_number(value) : 0;
}

static struct slice text_of(struct arena *arena, struct value object, const char *name)
{
    struct value value = value_find(object, slice_of(name));
    return value_type(value) == TYPE_STRING ? value_string(arena, value) : SLICE("");
}

static void print_step(const struct terminal *terminal, struct arena *arena, struct value step,
                       struct buffer *line)
{
    struct slice table = text_of(arena, step, "table");
    struct slice index = text_of(arena, step, "index");
    buffer_append_format(line, "  %-14.*s %.*s", SLICE_FORMAT(text_of(arena, step, "path")),
                         SLICE_FORMAT(text_of(arena, step, "verb")));
    if (table.size > 0) {
        buffer_append_format(line, " %.*s", SLICE_FORMAT(table));
    }
    if (index.size > 0) {
        buffer_append_format(line, " by %.*s", SLICE_FORMAT(index));
    }
    buffer_append_slice(line, SLICE(": "));
    append_counted(line, number_of(step, "calls"), "call", "calls");
    buffer_append_slice(line, SLICE(", "));
    append_counted(line, number_of(step, "documents"), "document", "documents");
    print_grey(terminal, line);
}

void shell_print_cost(const struct terminal *terminal, struct arena *arena, struct value explained)
{
    struct buffer line = {0};
    struct value cost = value_find(explained, SLICE("cost"));
    struct value steps = value_find(explained, SLICE("steps"));
    if (value_type(cost) == TYPE_OBJECT) {
        buffer_append_slice(&line, SLICE("cost: "));
        append_counted(&line, number_of(cost, "documents"), "document", "documents");
        buffer_append_slice(&line, SLICE(" read in "));
        append_counted(&line, number_of(cost, "ranges"), "range", "ranges");
        buffer_append_slice(&line, SLICE(", "));
        append_counted(&line, number_of(cost, "bytes"), "byte", "bytes");
        print_grey(terminal, &line);
    }
    uint32_t count = 0;
    const struct value *items =
        value_type(steps) == TYPE_ARRAY ? value_items(arena, steps, &count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        print_step(terminal, arena, items[i], &line);
    }
    buffer_deinit(&line);
}

/* Errors. */

static void print_errors(struct buffer *output)
{
    fflush(stdout);
    (void)fwrite(output->data, 1, output->size, stderr);
    fflush(stderr);
    buffer_deinit(output);
}

void shell_print_error(const struct terminal *terminal, struct arena *arena,
                       const struct answer *answer, const struct statement *statement,
                       struct slice pointer)
{
    struct buffer output = {0};
    struct buffer text = {0};
    answer_describe(&text, answer);
    append_coloured(&output, terminal, RED, buffer_slice(&text));
    buffer_append_char(&output, '\n');
    struct slice place =
        pointer.size == 0 ? slice_make(NULL, 0) : statement_find_place(arena, statement, pointer);
    if (place.size > 0) {
        place_show(&output, statement->source, place);
    }
    buffer_deinit(&text);
    print_errors(&output);
}

void shell_print_mistake(const struct terminal *terminal, struct slice source,
                         const struct statement_error *error)
{
    struct buffer output = {0};
    append_coloured(&output, terminal, RED, slice_of(error->message));
    buffer_append_char(&output, '\n');
    size_t offset = error->offset < source.size ? error->offset : source.size;
    while (offset > 0 && source.data[offset - 1] == '\n') {
        offset--;
    }
    place_show(&output, source, slice_make(source.data + offset, 0));
    print_errors(&output);
}

void shell_print_trouble(const struct terminal *terminal, const char *what, struct slice why)
{
    struct buffer output = {0};
    struct buffer text = {0};
    buffer_append_format(&text, "%s%s%.*s", what, what[0] == '\0' ? "" : ": ", SLICE_FORMAT(why));
    append_coloured(&output, terminal, RED, buffer_slice(&text));
    buffer_append_char(&output, '\n');
    buffer_deinit(&text);
    print_errors(&output);
}
