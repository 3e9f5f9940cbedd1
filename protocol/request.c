/* Reading JSON-RPC 2.0. The reader of base/json.h gives strings in canonical form, but an id is
 * echoed as it was sent; where the two differ the id is looked up in the source once more. */
#include "protocol/request.h"

#include "base/json.h"
#include "base/text_scan.h"

#include <assert.h>

static const struct slice id_null = {.data = "null", .size = 4};

/* The usual form. */

/* Steps over `expected`. Returns false, and stays, where something else stands at `*at`. */
static ALWAYS_INLINE bool skip_text(const char **at, const char *end, struct slice expected)
{
    if ((size_t)(end - *at) < expected.size || memcmp(*at, expected.data, expected.size) != 0) {
        return false;
    }
    *at += expected.size;
    return true;
}

/* Steps over a string of plain ASCII without escapes, from behind its opening quote to its
 * closing one. */
static bool skip_plain_string(const char **at, const char *end)
{
    *at = text_find_special(*at, end, true);
    return *at < end && **at == '"';
}

/* Steps over an id that is echoed as it stands: a plain string, or a whole number from 1 on. */
static bool skip_plain_id(const char **at, const char *end)
{
    if (*at < end && **at == '"') {
        *at += 1;
        return skip_plain_string(at, end) && skip_text(at, end, SLICE("\""));
    }
    const char *start = *at;
    while (*at < end && **at >= '0' && **at <= '9') {
        *at += 1;
    }
    return *at > start && *start != '0';
}

bool message_read_opening(struct slice source, struct slice *id, struct slice *rest)
{
    const char *at = source.data;
    const char *end = at + source.size;
    if (!skip_text(&at, end, SLICE("{\"jsonrpc\":\"2.0\",\"id\":"))) {
        return false;
    }
    const char *begin = at;
    if (!skip_plain_id(&at, end) || at == end || *at != ',') {
        return false; /* the id may be a number that goes on behind its whole part */
    }
    *id = slice_make(begin, (size_t)(at - begin));
    *rest = slice_make(at, (size_t)(end - at));
    return true;
}

/* Reads a request that is written as nearly every client writes it: the four members in the order
 * of the specification, without white space. Returns false for all others, and for whatever is
 * wrong: the general reader tells what. */
static bool read_usual(struct message *message)
{
    struct request *request = &message->usual;
    struct slice rest;
    if (!message_read_opening(message->source, &request->id, &rest)) {
        return false;
    }
    const char *at = rest.data;
    const char *end = at + rest.size;
    if (!skip_text(&at, end, SLICE(",\"method\":\""))) {
        return false;
    }
    const char *method = at;
    if (!skip_plain_string(&at, end)) {
        return false;
    }
    request->method = slice_make(method, (size_t)(at - method));
    if (!skip_text(&at, end, SLICE("\",\"params\":"))) {
        return false;
    }
    struct json_error error;
    at = json_read_inner(message->arena, slice_make(at, (size_t)(end - at)), 1, REQUEST_DEPTH_MAX,
                         &request->params, &error);
    if (at == NULL || at + 1 != end || *at != '}') {
        return false;
    }
    enum value_type type = value_type(request->params);
    return type == TYPE_OBJECT || type == TYPE_ARRAY;
}

/* Every form. */

static bool read_any(struct message *message, struct error *error)
{
    struct arena *arena = message->arena;
    struct slice source = message->source;
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

bool message_read(struct message *message, struct slice source, struct arena *arena,
                  struct error *error)
{
    message->arena = arena;
    message->source = source;
    message->batch = false;
    message->elements = NULL;
    message->count = 1;
    message->next = 0;
    message->raw = source.data;
    message->raw_number = 0;
    return LIKELY(read_usual(message)) || read_any(message, error);
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
    message->next += 1;
    if (LIKELY(message->elements == NULL)) {
        *request = message->usual;
        return true;
    }
    struct value element = message->elements[number];
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
