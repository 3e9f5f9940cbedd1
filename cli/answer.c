/* Replies: see the header. */
#include "cli/answer.h"

#include "base/json.h"

#include <inttypes.h>

/* The plain text of a string field, or an empty slice. */
static struct slice text_field(struct arena *arena, struct value object, struct slice name)
{
    struct value field = value_find(object, name);
    return value_type(field) == TYPE_STRING ? value_string(arena, field) : slice_make(NULL, 0);
}

static bool read_error(struct arena *arena, struct value error, struct answer *answer)
{
    struct value code = value_find(error, SLICE("code"));
    struct value message = value_find(error, SLICE("message"));
    if (value_type(code) != TYPE_NUMBER || value_type(message) != TYPE_STRING) {
        return false;
    }
    double number = value_number(code);
    answer->is_error = true;
    answer->code = number >= -1e9 && number <= 1e9 ? (int64_t)number : 0;
    answer->message = value_string(arena, message);
    struct value data = value_find(error, SLICE("data"));
    if (value_type(data) == TYPE_OBJECT) {
        answer->name = text_field(arena, data, SLICE("name"));
        answer->path = text_field(arena, data, SLICE("path"));
    }
    return true;
}

bool answer_read(struct arena *arena, struct slice line, struct answer *answer)
{
    *answer = (struct answer){0};
    struct value envelope;
    struct json_error problem;
    if (!json_read(arena, line, ANSWER_DEPTH_MAX, &envelope, NULL, &problem) ||
        value_type(envelope) != TYPE_OBJECT) {
        return false;
    }
    struct value error = value_find(envelope, SLICE("error"));
    if (value_type(error) == TYPE_OBJECT) {
        return read_error(arena, error, answer);
    }
    answer->result = value_find(envelope, SLICE("result"));
    return !value_is_missing(answer->result);
}

/* A message may quote what users stored; it must not be able to command a terminal. */
static void append_harmless(struct buffer *buffer, struct slice text)
{
    for (size_t position = 0; position < text.size; position++) {
        unsigned char byte = (unsigned char)text.data[position];
        bool harmless = (byte >= ' ' && byte != 0x7f) || byte == '\n' || byte == '\t';
        buffer_append_char(buffer, harmless ? (char)byte : '?');
    }
}

void answer_describe(struct buffer *buffer, const struct answer *answer)
{
    if (answer->name.size > 0) {
        append_harmless(buffer, answer->name);
        buffer_append_format(buffer, " (%" PRId64 "): ", answer->code);
    } else {
        buffer_append_format(buffer, "error %" PRId64 ": ", answer->code);
    }
    append_harmless(buffer, answer->message);
    if (answer->path.size > 0) {
        buffer_append_slice(buffer, SLICE(" at "));
        append_harmless(buffer, answer->path);
    }
}
