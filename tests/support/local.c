/* The service in this process. */
#include "tests/support/local.h"

#include "storage/schema.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <string.h>

void local_append_quoted(struct buffer *buffer, const char *text)
{
    for (; *text != 0; text++) {
        buffer_append_char(buffer, *text == '\'' ? '"' : *text);
    }
}

void local_start_with(struct local *local, const char *schema,
                      const struct service_options *options)
{
    struct buffer text = {0};
    struct buffer message = {0};
    *local = (struct local){0};
    local_append_quoted(&text, schema);
    struct schema *read = schema_read(buffer_slice(&text), "the schema", &message);
    cr_assert(read != NULL, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    local->service = service_create(read, options);
    buffer_deinit(&message);
    buffer_deinit(&text);
}

void local_start(struct local *local, const char *schema)
{
    struct service_options options = service_default_options();
    local_start_with(local, schema, &options);
}

void local_stop(struct local *local)
{
    database_check(local->service->database);
    service_destroy(local->service);
    buffer_deinit(&local->output);
    buffer_deinit(&local->request);
}

struct slice local_send(struct local *local, struct slice line)
{
    local->output.size = 0;
    service_handle(local->service, line, &local->output);
    struct slice reply = buffer_slice(&local->output);
    return slice_make(reply.data, reply.size > 0 ? reply.size - 1 : 0);
}

/* Puts "!Name /path" of the error in place of the reply. */
static struct slice error_of(struct local *local, const cJSON *error)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(error, "data");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(data, "name");
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(data, "path");
    cr_assert(cJSON_IsString(name));
    local->output.size = 0;
    buffer_append_format(&local->output, "!%s", name->valuestring);
    if (path != NULL) {
        buffer_append_format(&local->output, " %s", path->valuestring);
    }
    return buffer_slice(&local->output);
}

struct slice local_call(struct local *local, const char *method, const char *params)
{
    local->request.size = 0;
    buffer_append_format(&local->request,
                         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
                         "\"params\":",
                         method);
    local_append_quoted(&local->request, params);
    buffer_append_char(&local->request, '}');
    struct slice head = SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":");
    struct slice reply = local_send(local, buffer_slice(&local->request));
    if (slice_starts_with(reply, head)) {
        return slice_make(reply.data + head.size, reply.size - head.size - 1);
    }
    cJSON *json = cJSON_ParseWithLength(reply.data, reply.size);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
    cr_assert(error != NULL, "%s %s: %.*s", method, params, SLICE_FORMAT(reply));
    struct slice text = error_of(local, error);
    cJSON_Delete(json);
    return text;
}

void local_expect(struct local *local, const char *method, const char *params, const char *expected)
{
    struct buffer wanted = {0};
    local_append_quoted(&wanted, expected);
    struct slice found = local_call(local, method, params);
    struct slice compared = found;
    bool name_only = expected[0] == '!' && strchr(expected, ' ') == NULL;
    const char *space = name_only ? memchr(found.data, ' ', found.size) : NULL;
    if (space != NULL && found.data[0] == '!') {
        compared.size = (size_t)(space - found.data);
    }
    cr_expect(slice_equal(compared, buffer_slice(&wanted)),
              "%s %s\n  gives    %.*s\n  expected %.*s", method, params, SLICE_FORMAT(found),
              SLICE_FORMAT(buffer_slice(&wanted)));
    buffer_deinit(&wanted);
}

void local_expect_value(struct local *local, const char *args, const char *expression,
                        const char *expected)
{
    struct buffer params = {0};
    buffer_append_format(&params, "{'args':%s,'return':%s}", args, expression);
    buffer_append_char(&params, 0);
    local_expect(local, "query", params.data, expected);
    buffer_deinit(&params);
}

void local_expect_values(const char *args, const struct local_value *values, size_t count)
{
    struct local local;
    local_start(&local, "{'tables':{}}");
    for (size_t i = 0; i < count; i++) {
        local_expect_value(&local, args, values[i].expression, values[i].expected);
    }
    local_stop(&local);
}

void local_dump(struct local *local, struct buffer *dump)
{
    const struct database *database = local->service->database;
    dump->size = 0;
    for (uint32_t i = 0; i < database->table_count; i++) {
        struct buffer params = {0};
        struct slice name = database->tables[i].name;
        buffer_append_format(&params, "['%.*s']%c", SLICE_FORMAT(name), 0);
        buffer_append_slice(dump, local_call(local, "collect", params.data));
        buffer_append_char(dump, '\n');
        buffer_deinit(&params);
    }
}
