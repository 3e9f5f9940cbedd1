/* Reading JSON-RPC 2.0. The reader of base/json.h gives strings in canonical form, but an id is
 * echoed as it was sent; where the two differ the id is looked up in the source once more. */
#include "protocol/request.h"

#include "base/json.h"

#include <assert.h>

static const struct slice id_null = {.data = "null", .size = 4};

bool message_read(struct message *message, struct slice source, struct arena *arena,
                  struct error *error)
{
    *message = (struct message){.arena = arena, .source = source, .raw = source.data};
    struct json_error json_error;
    if (!json_read(arena, source, REQUEST_DEPTH_MAX, &message->single, NULL, &json_error)) {
        if (json_error.status == JSON_DEPTH) {
            return error_set(error, ERROR_INVALID_REQUEST, "nested deeper than %d levels",
                             REQUEST_DEPTH_MAX);
        }
        error_set(error, ERROR_PARSE, "%s at byte %zu", json_error.message, json_error.offset);
        error->offset = (int64_t)json_error.offset;
        return false;
    }
    message->batch = value_type(message->single) == TYPE_ARRAY;
    if (!message->batch) {
        message->elements = &message->single;
        message->count = 1;
        return true;
    }
    message->count = value_count(message->single);
    if (message->count == 0) {
        return error_set(error, ERROR_INVALID_REQUEST, "a batch must not be empty");
    }
    if (message->count > REQUEST_BATCH_MAX) {
        return error_set(error, ERROR_INVALID_REQUEST, "a batch has at most %d requests",
                         REQUEST_BATCH_MAX);
    }
    message->elements = value_items(arena, message->single, &message->count);
    return true;
}

/* The raw search works on JSON that was read already, so it need not check anything. */

static const char *raw_skip_space(const char *text)
{
    while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r') {
        text += 1;
    }
    return text;
}

static const char *raw_skip_string(const char *text)
{
    assert(*text == '"');
    for (text += 1; *text != '"'; text += 1) {
        text += *text == '\\';
    }
    return text + 1;
}

/* The end of the value that begins at `text`. */
static const char *raw_skip_value(const char *text, const char *end)
{
    unsigned depth = 0;
    do {
        if (*text == '"') {
            text = raw_skip_string(text);
            continue;
        }
        if (*text == '{' || *text == '[') {
            depth += 1;
        } else if (*text == '}' || *text == ']') {
            depth -= 1;
        }
        text += 1;
        if (depth == 0 && (text[-1] == '}' || text[-1] == ']')) {
            break;
        }
    } while (text < end && (depth > 0 || strchr(" \t\r\n,:]}", *text) == NULL));
    return text;
}

/* Whether the raw string `name`, with its quotes, means `id`, perhaps with escapes. */
static bool raw_is_id(struct arena *arena, struct slice name)
{
    struct value value;
    struct json_error json_error;
    return json_read(arena, name, 1, &value, NULL, &json_error) &&
           value_is_string(value, SLICE("id"));
}

/* The bytes of the member `id` of the object that begins at `text`, in which it must be. */
static struct slice raw_find_id(struct arena *arena, const char *text, const char *end)
{
    assert(*text == '{');
    for (;;) {
        text = raw_skip_space(text + 1);
        const char *name_end = raw_skip_string(text);
        struct slice name = slice_make(text, (size_t)(name_end - text));
        const char *value = raw_skip_space(raw_skip_space(name_end) + 1);
        const char *value_end = raw_skip_value(value, end);
        if (raw_is_id(arena, name)) {
            return slice_make(value, (size_t)(value_end - value));
        }
        text = raw_skip_space(value_end);
        assert(*text == ',');
    }
}

/* Where the element `number` begins. Elements are asked for in order, so a batch is walked once
 * however many ids are looked up in it. */
static const char *raw_find_element(struct message *message, uint32_t number)
{
    const char *end = message->source.data + message->source.size;
    assert(number >= message->raw_number);
    if (message->raw == message->source.data) {
        message->raw = raw_skip_space(message->raw);
        message->raw = message->batch ? raw_skip_space(message->raw + 1) : message->raw;
    }
    for (; message->raw_number < number; message->raw_number += 1) {
        message->raw = raw_skip_space(raw_skip_value(message->raw, end));
        message->raw = raw_skip_space(message->raw + 1);
    }
    return message->raw;
}

/* The id's bytes as they were sent. `id` is a string or number; only strings change when they are
 * made canonical. */
static struct slice message_raw_id(struct message *message, struct value id, uint32_t number)
{
    struct slice text = slice_make(id.text, id.size);
    const char *begin = message->source.data;
    bool in_source = text.data >= begin && text.data < begin + message->source.size;
    if (text.data[0] != '"' || in_source) {
        return text;
    }
    const char *element = raw_find_element(message, number);
    return raw_find_id(message->arena, element, begin + message->source.size);
}

static bool is_number_or_string(struct value value)
{
    return value.kind == VALUE_TEXT && (value.text[0] == '"' || value.text[0] == '-' ||
                                        (value.text[0] >= '0' && value.text[0] <= '9'));
}

/* The members of a request object; missing where it has none. */
struct members {
    struct value jsonrpc;
    struct value id;
    struct value method;
    struct value params;
};

static void members_put(struct members *members, const struct value_field *field)
{
    if (slice_equal(field->name, SLICE("method"))) {
        members->method = field->value;
    } else if (slice_equal(field->name, SLICE("params"))) {
        members->params = field->value;
    } else if (slice_equal(field->name, SLICE("id"))) {
        members->id = field->value;
    } else if (slice_equal(field->name, SLICE("jsonrpc"))) {
        members->jsonrpc = field->value;
    }
}

static bool members_check(const struct members *members, struct error *error)
{
    if (!value_is_missing(members->jsonrpc) && !value_is_string(members->jsonrpc, SLICE("2.0"))) {
        return error_set(error, ERROR_INVALID_REQUEST, "`jsonrpc` must be \"2.0\"");
    }
    if (!value_is_missing(members->id) && members->id.kind != VALUE_NULL &&
        !is_number_or_string(members->id)) {
        return error_set(error, ERROR_INVALID_REQUEST, "`id` must be a string, a number or null");
    }
    if (value_type(members->method) != TYPE_STRING) {
        return error_set(error, ERROR_INVALID_REQUEST, "`method` must be a string");
    }
    enum value_type params = value_type(members->params);
    if (params != TYPE_MISSING && params != TYPE_OBJECT && params != TYPE_ARRAY) {
        return error_set(error, ERROR_INVALID_REQUEST, "`params` must be an object or an array");
    }
    return true;
}

bool message_next(struct message *message, struct request *request, struct error *error)
{
    assert(message_has_next(message));
    uint32_t number = message->next;
    struct value element = message->elements[number];
    message->next += 1;
    request->method = (struct slice){0};
    request->params = VALUE_IS(VALUE_MISSING);
    request->id = id_null;
    if (value_type(element) != TYPE_OBJECT) {
        return error_set(error, ERROR_INVALID_REQUEST, "a request must be an object");
    }
    struct members members = {0};
    uint32_t count;
    const struct value_field *fields = value_fields(message->arena, element, &count);
    for (uint32_t i = 0; i < count; i++) {
        members_put(&members, &fields[i]);
    }
    if (is_number_or_string(members.id)) {
        request->id = message_raw_id(message, members.id, number);
    }
    if (!members_check(&members, error)) {
        return false;
    }
    if (value_is_missing(members.id)) {
        request->id = (struct slice){0};
    }
    request->method = value_string_escaped(members.method);
    request->params = members.params;
    return true;
}
