/* Statements: see the header. */
#include "cli/statement.h"

#include "base/json.h"
#include "base/value.h"
#include "cli/place.h"

#include <assert.h>

#define DEPTH_MAX   1000 /* how deep is deep enough, the server says */

/* A longer integer is no number that a document can hold; an id may look like one. */
#define INTEGER_MAX 16

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Follows brackets and strings. */
struct bracket_scan {
    unsigned depth;
    bool in_string;
};

static void scan_byte(struct bracket_scan *scan, char byte, bool escaped)
{
    if (scan->in_string) {
        /* No string of JSON goes on behind a line's end. */
        scan->in_string = byte != '\n' && (byte != '"' || escaped);
        return;
    }
    scan->in_string = byte == '"' && scan->depth > 0;
    scan->depth += byte == '{' || byte == '[';
    scan->depth -= (byte == '}' || byte == ']') && scan->depth > 0;
}

bool statement_is_open(struct slice text)
{
    struct bracket_scan scan = {0};
    bool escaped = false;
    for (size_t i = 0; i < text.size; i++) {
        scan_byte(&scan, text.data[i], escaped);
        escaped = scan.in_string && text.data[i] == '\\' && !escaped;
    }
    return scan.depth > 0;
}

/* Reading. */

struct reader {
    struct arena *arena;
    struct slice text;
    size_t position;
    struct statement_error *error;
};

static bool fail(struct reader *reader, size_t offset, const char *message)
{
    *reader->error = (struct statement_error){.offset = offset, .message = message};
    return false;
}

static void skip_space(struct reader *reader)
{
    while (reader->position < reader->text.size && is_space(reader->text.data[reader->position])) {
        reader->position++;
    }
}

/* Reads JSON that stands alone in `text`, a part of the statement. */
static bool read_json(struct reader *reader, struct slice text, struct value *value)
{
    struct json_error problem;
    if (json_read(reader->arena, text, DEPTH_MAX, value, NULL, &problem)) {
        return true;
    }
    return fail(reader, (size_t)(text.data - reader->text.data) + problem.offset, problem.message);
}

static struct slice rest(const struct reader *reader)
{
    return slice_make(reader->text.data + reader->position, reader->text.size - reader->position);
}

static bool begins_json(char byte)
{
    return byte == '{' || byte == '[' || byte == '"';
}

/* Takes the next word, which is there, as it stands. */
static struct slice take_word(struct reader *reader)
{
    struct slice left = rest(reader);
    const char *end = left.data + left.size;
    const char *stop = left.data;
    if (begins_json(*stop)) {
        stop = place_skip_value(stop, end);
    }
    while (stop < end && !is_space(*stop)) {
        stop++;
    }
    reader->position += (size_t)(stop - left.data);
    return slice_make(left.data, (size_t)(stop - left.data));
}

static bool is_long_integer(struct slice word)
{
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] < '0' || word.data[i] > '9') {
            return false;
        }
    }
    return word.size > INTEGER_MAX;
}

/* What a word says: JSON, or else itself. */
static bool read_word(struct reader *reader, struct slice word, struct value *value)
{
    struct json_error problem;
    if (begins_json(word.data[0])) {
        return read_json(reader, word, value);
    }
    bool is_json = json_read(reader->arena, word, 1, value, NULL, &problem);
    if (!is_json || is_long_integer(word)) {
        struct value string = value_from_string(reader->arena, word);
        return json_read(reader->arena, value_text(reader->arena, string), 1, value, NULL,
                         &problem) ||
               fail(reader, (size_t)(word.data - reader->text.data), "the word is not UTF-8");
    }
    return true;
}

static bool read_params(struct reader *reader, struct statement *statement)
{
    size_t capacity = reader->text.size / 2 + 1;
    struct slice *words = arena_allocate(reader->arena, capacity * sizeof *words);
    struct value *values = arena_allocate(reader->arena, capacity * sizeof *values);
    uint32_t count = 0;
    for (skip_space(reader); reader->position < reader->text.size; skip_space(reader)) {
        assert(count < capacity);
        words[count] = take_word(reader);
        if (!read_word(reader, words[count], &values[count])) {
            return false;
        }
        count++;
    }
    if (count == 0) {
        return true;
    }
    if (count == 1 && (words[0].data[0] == '{' || words[0].data[0] == '[')) {
        statement->typed = words[0];
        statement->params = value_text(reader->arena, values[0]);
        return true;
    }
    statement->words = words;
    statement->word_count = count;
    statement->params = value_text(reader->arena, value_from_items(values, count));
    return true;
}

/* A request or a program. */
static bool read_object(struct reader *reader, struct statement *statement)
{
    struct slice text = rest(reader);
    struct value object;
    if (!read_json(reader, text, &object)) {
        return false;
    }
    struct value method = value_find(object, SLICE("method"));
    struct value params = value_find(object, SLICE("params"));
    bool is_program = !value_is_missing(value_find(object, SLICE("do"))) ||
                      !value_is_missing(value_find(object, SLICE("return")));
    if (value_type(method) == TYPE_STRING) {
        statement->method = value_string(reader->arena, method);
        if (!value_is_missing(params)) {
            statement->params = value_text(reader->arena, params);
            statement->typed = place_find(reader->arena, text, SLICE("/params"));
        }
        return true;
    }
    if (!is_program) {
        return fail(reader, reader->position,
                    "neither a request (\"method\") nor a program (\"do\")");
    }
    statement->method = SLICE("query");
    statement->params = value_text(reader->arena, object);
    statement->typed = text;
    return true;
}

bool statement_read(struct arena *arena, struct slice text, struct statement *statement,
                    struct statement_error *error)
{
    struct reader reader = {.arena = arena, .text = text, .error = error};
    *statement = (struct statement){.source = text};
    skip_space(&reader);
    assert(reader.position < text.size);
    if (text.data[reader.position] == '{') {
        return read_object(&reader, statement);
    }
    if (begins_json(text.data[reader.position])) {
        return fail(&reader, reader.position, "a statement begins with a method; see .help");
    }
    size_t start = reader.position;
    while (reader.position < text.size && !is_space(text.data[reader.position]) &&
           !begins_json(text.data[reader.position])) {
        reader.position++;
    }
    statement->method = slice_make(text.data + start, reader.position - start);
    return read_params(&reader, statement);
}

/* Places. */

struct slice statement_find_place(struct arena *arena, const struct statement *statement,
                                  struct slice pointer)
{
    if (statement->typed.size > 0) {
        return place_find(arena, statement->typed, pointer);
    }
    uint32_t position = 0;
    size_t used = 1;
    while (used < pointer.size && pointer.data[used] >= '0' && pointer.data[used] <= '9' &&
           position < statement->word_count) {
        position = position * 10 + (uint32_t)(pointer.data[used++] - '0');
    }
    bool leads = used > 1 && position < statement->word_count &&
                 (used == pointer.size || pointer.data[used] == '/');
    if (!leads) {
        return slice_make(NULL, 0);
    }
    struct slice word = statement->words[position];
    struct slice inner = slice_make(pointer.data + used, pointer.size - used);
    return begins_json(word.data[0]) ? place_find(arena, word, inner) : word;
}

/* Explaining. */

/* Appends the canonical JSON `text` as an expression whose value it is: a string that begins with
 * a dollar gets another one. */
static void append_as_expression(struct buffer *buffer, struct slice text)
{
    const char *end = text.data + text.size;
    for (const char *next = text.data; next < end;) {
        const char *after = *next == '"' ? place_skip_value(next, end) : next + 1;
        bool is_value = *next == '"' && (after == end || *after != ':');
        if (is_value && next[1] == '$') {
            buffer_append_slice(buffer, SLICE("\"$"));
            next++;
        }
        buffer_append(buffer, next, (size_t)(after - next));
        next = after;
    }
}

/* Appends the params of a step, given by name; `args` are the program's. */
static void append_named(struct arena *arena, struct value params, struct buffer *buffer)
{
    uint32_t count;
    const struct value_field *fields = value_fields(arena, params, &count);
    const char *separator = "{";
    for (uint32_t i = 0; i < count; i++) {
        struct slice name = fields[i].name;
        if (slice_equal(name, SLICE("args"))) {
            continue;
        }
        buffer_append_format(buffer, "%s\"%.*s\":", separator, SLICE_FORMAT(name));
        separator = ",";
        struct slice text = value_text(arena, fields[i].value);
        if (slice_equal(name, SLICE("filter"))) {
            buffer_append_slice(buffer, text);
        } else {
            append_as_expression(buffer, text);
        }
    }
    buffer_append_slice(buffer, *separator == '{' ? SLICE("{}") : SLICE("}"));
}

void statement_write_explain(struct arena *arena, const struct statement *statement,
                             struct buffer *buffer)
{
    struct slice text = statement->params.size == 0 ? SLICE("[]") : statement->params;
    struct value params = value_from_text(text);
    bool by_name = value_type(params) == TYPE_OBJECT;
    struct value args = by_name ? value_find(params, SLICE("args")) : VALUE_IS(VALUE_MISSING);
    buffer_append_char(buffer, '{');
    if (!value_is_missing(args)) {
        buffer_append_slice(buffer, SLICE("\"args\":"));
        value_write(buffer, args);
        buffer_append_char(buffer, ',');
    }
    buffer_append_format(buffer,
                         "\"do\":[{\"let\":\"result\",\"%.*s\":", SLICE_FORMAT(statement->method));
    if (by_name) {
        append_named(arena, params, buffer);
    } else {
        append_as_expression(buffer, text);
    }
    buffer_append_slice(buffer, SLICE("}],\"return\":\"$result\"}"));
}
