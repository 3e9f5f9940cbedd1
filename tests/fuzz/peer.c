/* A service in this process. See peer.h. */
#include "tests/fuzz/peer.h"

#include "base/json.h"
#include "storage/schema.h"
#include "tests/fuzz/input.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>

#define REPLY_DEPTH_MAX 1000
#define RESULT_START    SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":")

static uint64_t standing_clock(void)
{
    return 1700000000000000;
}

static struct service_options peer_options(void)
{
    struct service_options options = service_default_options();
    options.limits.documents = 4000;
    options.limits.bytes = 256 * 1024;
    options.limits.milliseconds = 3600 * 1000;
    options.database.now_us = standing_clock;
    options.database.seed = 1;
    options.slow_ms = UINT64_MAX;
    return options;
}

bool peer_init(struct peer *peer, struct slice schema_text)
{
    *peer = (struct peer){0};
    struct buffer message = {0};
    struct schema *schema = schema_read(schema_text, "input", &message);
    buffer_deinit(&message);
    if (schema == NULL) {
        return false;
    }
    struct service_options options = peer_options();
    peer->service = service_create(schema, &options);
    return true;
}

void peer_init_for(struct peer *peer, struct slice *input)
{
    struct slice rest = *input;
    if (peer_init(peer, input_take_line(&rest))) {
        *input = rest;
        return;
    }
    bool opened = peer_init(peer, SLICE("{\"tables\":{\"things\":{\"indexes\":{\"by_v\":[\"v\"],"
                                        "\"by_w\":[\"w\",\"v.x\"]}}}}"));
    assert(opened);
}

void peer_supply_ids(struct peer *peer)
{
    struct database *database = peer->service->database;
    for (size_t i = 0; i < sizeof(database->random); i++) {
        peer->random = peer->random * 6364136223846793005u + 1442695040888963407u;
        database->random[i] = (unsigned char)(peer->random >> 56);
    }
    database->random_left = sizeof(database->random);
    memcpy(peer->supplied, database->random, sizeof(peer->supplied));
}

bool peer_has_ids(const struct peer *peer)
{
    const struct database *database = peer->service->database;
    return memcmp(peer->supplied, database->random, sizeof(peer->supplied)) == 0;
}

void peer_deinit(struct peer *peer)
{
    service_destroy(peer->service);
    buffer_deinit(&peer->output);
}

static void check_reply(struct slice reply)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct value value;
    struct json_error error;
    bool read = json_read(&arena, reply, REPLY_DEPTH_MAX, &value, NULL, &error);
    assert(read);
    cJSON *tree = cJSON_ParseWithLength(reply.data, reply.size);
    assert(tree != NULL);
    const cJSON *code =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(tree, "error"), "code");
    assert(code == NULL || code->valuedouble != -32603);
    cJSON_Delete(tree);
    arena_deinit(&arena);
}

struct slice peer_send(struct peer *peer, struct slice message)
{
    peer->output.size = 0;
    service_handle(peer->service, message, &peer->output);
    struct slice reply = buffer_slice(&peer->output);
    if (reply.size > 0) {
        reply.size -= 1;
        assert(reply.data[reply.size] == '\n');
        assert(memchr(reply.data, '\n', reply.size) == NULL);
        check_reply(reply);
    }
    return reply;
}

struct slice peer_call(struct peer *peer, const char *method, struct slice params)
{
    struct buffer message = {0};
    buffer_append_format(&message,
                         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":", method);
    buffer_append_slice(&message, params);
    buffer_append_char(&message, '}');
    struct slice reply = peer_send(peer, buffer_slice(&message));
    buffer_deinit(&message);
    return reply;
}

struct slice peer_result(struct slice reply)
{
    struct slice start = RESULT_START;
    if (!slice_starts_with(reply, start)) {
        return (struct slice){0};
    }
    return slice_make(reply.data + start.size, reply.size - start.size - 1);
}

void peer_dump(struct peer *peer, struct buffer *dump)
{
    const struct database *database = peer->service->database;
    for (uint32_t i = 0; i < database->table_count; i++) {
        char params[128];
        int size =
            snprintf(params, sizeof(params), "[\"%.*s\"]", SLICE_FORMAT(database->tables[i].name));
        struct slice reply = peer_call(peer, "collect", slice_make(params, (size_t)size));
        assert(peer_result(reply).size > 0);
        buffer_append_slice(dump, peer_result(reply));
        buffer_append_char(dump, '\n');
    }
}
