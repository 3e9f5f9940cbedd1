/* Page cursors from clients that make them up.
 *
 * The input is a byte that chooses index and order, and the rest of a cursor behind its owner's
 * number, which is taken from a right one. The page after it is refused, or has exactly the
 * documents whose keys lie behind that key. The whole input is also decoded as a cursor's text. */
#include "base/base64.h"
#include "base/json.h"
#include "index/order.h"
#include "relations/cursor.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/targets.h"

#include <assert.h>
#include <stdio.h>

#define SCHEMA     "{\"tables\":{\"things\":{\"indexes\":{\"by_v\":[\"v\"]}}}}"
#define OWNER_SIZE 8

static const char *const values[] = {"{}",
                                     "{\"v\":null}",
                                     "{\"v\":1}",
                                     "{\"v\":-1.5}",
                                     "{\"v\":true}",
                                     "{\"v\":\"\"}",
                                     "{\"v\":\"a\"}",
                                     "{\"v\":\"a\\u0000b\"}",
                                     "{\"v\":[1,\"a\"]}",
                                     "{\"v\":{\"a\":1}}",
                                     "{\"v\":1}",
                                     "{\"v\":{\"$integer\":\"AQAAAAAAAAA=\"}}",
                                     "{\"v\":{\"$bytes\":\"AP8=\"}}"};

struct probe {
    struct peer peer;
    struct arena arena;
    const char *index;
    bool descending;
};

static void probe_open(struct probe *probe, uint8_t choice)
{
    probe->index = choice % 2 == 0 ? "by_v" : "by_creation_time";
    probe->descending = choice / 2 % 2 == 1;
    arena_init(&probe->arena, 4096);
    bool opened = peer_init(&probe->peer, SLICE(SCHEMA));
    assert(opened);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char params[128];
        int size = snprintf(params, sizeof(params), "[\"things\",%s]", values[i]);
        peer_call(&probe->peer, "insert", slice_make(params, (size_t)size));
    }
}

static void probe_close(struct probe *probe)
{
    arena_deinit(&probe->arena);
    peer_deinit(&probe->peer);
}

/* The result of paginate; missing for an error. `cursor` is a JSON text. */
static struct value ask_page(struct probe *probe, unsigned count, struct slice cursor)
{
    struct slice params = arena_format(
        &probe->arena,
        "{\"table\":\"things\",\"index\":\"%s\",\"order\":\"%s\",\"numItems\":%u,\"cursor\":%.*s}",
        probe->index, probe->descending ? "desc" : "asc", count, SLICE_FORMAT(cursor));
    struct slice result = peer_result(peer_call(&probe->peer, "paginate", params));
    struct value page = {0};
    struct json_error error;
    bool read = result.size == 0 || json_read(&probe->arena, arena_copy(&probe->arena, result), 64,
                                              &page, NULL, &error);
    assert(read);
    return page;
}

/* A cursor, as a JSON text, of the right owner and `key`. */
static struct slice forge_cursor(struct probe *probe, struct slice key)
{
    struct value page = ask_page(probe, 1, SLICE("null"));
    struct slice right = value_string_escaped(value_find(page, SLICE("continueCursor")));
    char *bytes = arena_allocate(&probe->arena, right.size + key.size);
    size_t size;
    bool decoded = base64_decode(right, bytes, &size);
    assert(decoded && size >= OWNER_SIZE);
    uint64_t owner = 0;
    for (unsigned i = 0; i < OWNER_SIZE; i++) {
        owner = owner << 8 | (uint8_t)bytes[i];
    }
    return value_text(&probe->arena, cursor_encode(&probe->arena, owner, key));
}

static bool is_behind(const struct probe *probe, struct value document, struct slice key)
{
    if (key.size == 0) {
        return true;
    }
    struct buffer own = {0};
    if (strcmp(probe->index, "by_v") == 0) {
        key_append(&own, value_find(document, SLICE("v")));
    }
    key_append(&own, value_find(document, SLICE("_creationTime")));
    key_append(&own, value_find(document, SLICE("_id")));
    int order = slice_compare(buffer_slice(&own), key);
    buffer_deinit(&own);
    return probe->descending ? order < 0 : order > 0;
}

static void check_page(struct probe *probe, struct slice key)
{
    struct value page = ask_page(probe, COUNT_OF(values), forge_cursor(probe, key));
    if (value_is_missing(page)) {
        return;
    }
    struct value all = ask_page(probe, COUNT_OF(values), SLICE("null"));
    uint32_t all_count;
    uint32_t found_count;
    const struct value *all_items =
        value_items(&probe->arena, value_find(all, SLICE("page")), &all_count);
    const struct value *found =
        value_items(&probe->arena, value_find(page, SLICE("page")), &found_count);
    assert(all_count == COUNT_OF(values) && found_count <= all_count);
    uint32_t passed = all_count - found_count;
    for (uint32_t i = 0; i < all_count; i++) {
        assert(is_behind(probe, all_items[i], key) == (i >= passed));
        assert(i < passed || value_equal(all_items[i], found[i - passed]));
    }
}

static void check_text(struct arena *arena, struct slice text)
{
    struct slice key;
    if (cursor_decode(arena, text, 0, 2, &key)) {
        struct value again = cursor_encode(arena, 0, key);
        assert(slice_equal(value_string_escaped(again), text));
    }
}

void fuzz_cursors(const uint8_t *data, size_t size)
{
    struct slice input = input_slice(data, size);
    struct probe probe;
    probe_open(&probe, size == 0 ? 0 : data[0]);
    check_text(&probe.arena, input);
    input_take_byte(&input);
    check_page(&probe, input);
    probe_close(&probe);
}
