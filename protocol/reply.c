/* Writing JSON-RPC 2.0. See reply.h. */
#include "protocol/reply.h"

#include <assert.h>
#include <stdio.h>

#define LENGTH_NAME      "Content-Length: "
#define LENGTH_END       "\r\n\r\n"

/* How many digits the length gets when the frame is begun; the JSON is moved where it needs
 * another number of them, which is cheaper than to measure every reply before it is written. */
#define LENGTH_DIGITS    3

/* What every answer begins with. */
#define ANSWER_BEGINNING "{\"jsonrpc\":\"2.0\",\"id\":"

struct slice reply_http(void)
{
    return SLICE(
        "HTTP/1.1 400 Bad Request\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Connection: close\r\n"
        "\r\n"
        "Tenon does not speak HTTP. Send JSON-RPC 2.0 over TCP, one JSON text per line.\n");
}

void reply_begin(struct reply *reply, struct buffer *output, bool headers, bool batch)
{
    *reply =
        (struct reply){.output = output, .start = output->size, .batch = batch, .headers = headers};
    if (headers) {
        static const char frame[] = LENGTH_NAME "000" LENGTH_END;
        buffer_append(output, frame, sizeof(frame) - 1);
    }
    reply->body = output->size;
}

/* Begins an answer, up to the result or error that `member` leads to. */
static inline void reply_begin_answer(struct reply *reply, struct slice id, struct slice member)
{
    struct buffer *output = reply->output;
    reply->answer = output->size;
    if (reply->batch) {
        buffer_append_char(output, reply->count == 0 ? '[' : ',');
    }
    reply->count += 1;
    struct slice beginning = SLICE(ANSWER_BEGINNING);
    char *at = buffer_reserve(output, beginning.size + id.size + member.size);
    memcpy(at, beginning.data, beginning.size);
    memcpy(at + beginning.size, id.data, id.size);
    memcpy(at + beginning.size + id.size, member.data, member.size);
    output->size += beginning.size + id.size + member.size;
}

void reply_begin_result(struct reply *reply, struct slice id)
{
    reply_begin_answer(reply, id, SLICE(",\"result\":"));
}

void reply_end_result(struct reply *reply)
{
    buffer_append_char(reply->output, '}');
}

void reply_abandon_result(struct reply *reply)
{
    assert(reply->count > 0);
    reply->output->size = reply->answer;
    reply->count -= 1;
}

/* Appends the member `name` of an error's data unless it is absent; `text` is canonical. */
static void append_canonical(struct buffer *output, const char *name, struct slice text)
{
    if (text.data != NULL) {
        buffer_append_format(output, ",\"%s\":\"", name);
        buffer_append_slice(output, text);
        buffer_append_char(output, '"');
    }
}

/* The same; `text` is plain. */
static void append_text(struct buffer *output, const char *name, struct slice text)
{
    if (text.data != NULL) {
        buffer_append_format(output, ",\"%s\":", name);
        json_write_string(output, text);
    }
}

static void append_items(struct buffer *output, const struct error *error)
{
    for (uint32_t i = 0; i < error->item_count; i++) {
        buffer_append_format(output, "%s%u", i == 0 ? ",\"items\":[" : ",", error->items[i]);
    }
    if (error->item_count > 0) {
        buffer_append_char(output, ']');
    }
}

static void append_value(struct buffer *output, struct value value)
{
    size_t size;
    if (!value_is_missing(value) && value_fits(value, REPLY_ERROR_VALUE_SIZE_MAX, &size)) {
        buffer_append_slice(output, SLICE(",\"value\":"));
        value_write(output, value);
    }
}

static void append_data(struct buffer *output, const struct error *error)
{
    buffer_append_format(output, "{\"name\":\"%s\"", error_code_name(error->code));
    append_canonical(output, "path", error->path);
    append_items(output, error);
    append_canonical(output, "table", error->table);
    append_canonical(output, "index", error->index);
    append_canonical(output, "field", error->field);
    append_canonical(output, "id", error->id);
    append_value(output, error->value);
    append_text(output, "limit", error->limit);
    append_text(output, "reason", error->reason);
    append_text(output, "outcome", error->outcome);
    if (error->offset >= 0) {
        buffer_append_format(output, ",\"offset\":%lld", (long long)error->offset);
    }
    buffer_append_char(output, '}');
}

void reply_error(struct reply *reply, struct slice id, const struct error *error)
{
    assert(error->code != ERROR_NONE);
    struct buffer *output = reply->output;
    reply_begin_answer(reply, id, SLICE(",\"error\":{\"code\":"));
    buffer_append_format(output, "%d,\"message\":", error_code_number(error->code));
    json_write_string(output, error->message);
    buffer_append_slice(output, SLICE(",\"data\":"));
    append_data(output, error);
    buffer_append_slice(output, SLICE("}}"));
}

/* Puts the length of the JSON into its frame, and the JSON where the frame then ends. */
static void reply_set_length(struct reply *reply)
{
    struct buffer *output = reply->output;
    size_t size = output->size - reply->body;
    char digits[24];
    size_t count = (size_t)snprintf(digits, sizeof(digits), "%zu", size);
    if (count > LENGTH_DIGITS) {
        buffer_reserve(output, count - LENGTH_DIGITS);
    }
    char *length = output->data + reply->start + sizeof(LENGTH_NAME) - 1;
    size_t end_size = sizeof(LENGTH_END) - 1;
    if (count != LENGTH_DIGITS) {
        memmove(length + count, length + LENGTH_DIGITS, end_size + size);
        output->size = output->size + count - LENGTH_DIGITS;
    }
    memcpy(length, digits, count);
}

void reply_end(struct reply *reply)
{
    if (reply->count == 0) {
        reply->output->size = reply->start;
        return;
    }
    if (reply->batch) {
        buffer_append_char(reply->output, ']');
    }
    if (reply->headers) {
        reply_set_length(reply);
    } else {
        buffer_append_char(reply->output, '\n');
    }
}

/* The id of the answer at `text`: a string, a number or null. */
static struct slice answer_id(const char *text)
{
    const char *id = text + sizeof(ANSWER_BEGINNING) - 1;
    return slice_make(id, (size_t)(text_skip(id) - id));
}

void reply_replace(struct buffer *output, struct slice reply, bool headers,
                   const struct error *error)
{
    const char *text = reply.data;
    while (headers && memcmp(text, LENGTH_END, sizeof(LENGTH_END) - 1) != 0) {
        text += 1;
    }
    text += headers ? sizeof(LENGTH_END) - 1 : 0;
    bool batch = *text == '[';
    struct reply replaced;
    reply_begin(&replaced, output, headers, batch);
    text += batch ? 1 : 0;
    while (*text == '{') {
        reply_error(&replaced, answer_id(text), error);
        text = text_skip(text);
        text += *text == ',' ? 1 : 0;
    }
    reply_end(&replaced);
}
