/* The JSON reader and writer against themselves, and against cJSON where it is right.
 *
 * The input is the text. What is read is written, read again and written again, the same both
 * times; vetting says the same of both. cJSON takes more than JSON, so it must take whatever the
 * strict reader takes, and what was written means to it what the input did. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/value.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

#include <assert.h>
#include <cjson/cJSON.h>

#define DEPTH_MAX          128

/* cJSON compares objects in quadratic time, and those in objects twice. */
#define COMPARED_SIZE_MAX  2000
#define COMPARED_DEPTH_MAX 8

/* cJSON cuts strings at \u0000, and finds infinite numbers unequal. */
static bool is_clear_to_cjson(struct slice text, enum vet_result vetted, unsigned depth)
{
    for (size_t i = 0; i < text.size; i++) {
        if (slice_starts_with(slice_make(text.data + i, text.size - i), SLICE("\\u0000"))) {
            return false;
        }
    }
    return vetted == VET_OK && text.size <= COMPARED_SIZE_MAX && depth <= COMPARED_DEPTH_MAX;
}

static void check_with_cjson(struct slice text, struct slice written, bool compares)
{
    cJSON *first = cJSON_ParseWithLength(text.data, text.size);
    cJSON *second = cJSON_ParseWithLength(written.data, written.size);
    assert(first != NULL);
    assert(second != NULL);
    assert(!compares || cJSON_Compare(first, second, true));
    cJSON_Delete(first);
    cJSON_Delete(second);
}

static enum vet_result vet(struct arena *arena, struct value value)
{
    struct slice path;
    struct value found;
    return value_vet(arena, value, DEPTH_MAX, &path, &found);
}

static void check_value(struct arena *arena, struct slice text, struct value value, unsigned depth)
{
    struct buffer written = {0};
    value_write(&written, value);
    assert(written.size == value_write_size(value));
    size_t size;
    assert(value_fits(value, written.size, &size) && size == written.size);
    assert(!value_fits(value, written.size - 1, &size));
    struct value again;
    unsigned again_depth;
    struct json_error error;
    bool read = json_read(arena, buffer_slice(&written), DEPTH_MAX, &again, &again_depth, &error);
    assert(read && again_depth == depth);
    struct buffer rewritten = {0};
    value_write(&rewritten, again);
    assert(slice_equal(buffer_slice(&written), buffer_slice(&rewritten)));
    enum vet_result vetted = vet(arena, value);
    assert(vet(arena, again) == vetted);
    assert(vet(arena, value_from_text(buffer_slice(&written))) == vetted);
    check_with_cjson(text, buffer_slice(&written), is_clear_to_cjson(text, vetted, depth));
    buffer_deinit(&written);
    buffer_deinit(&rewritten);
}

void fuzz_json(const uint8_t *data, size_t size)
{
    struct slice text = input_slice(data, size);
    struct arena arena;
    arena_init(&arena, 4096);
    struct value value;
    unsigned depth = 0;
    struct json_error error;
    if (json_read(&arena, text, DEPTH_MAX, &value, &depth, &error)) {
        assert(depth <= DEPTH_MAX);
        check_value(&arena, text, value, depth);
    } else {
        assert(error.status != JSON_OK && error.message != NULL && error.offset <= text.size);
    }
    arena_deinit(&arena);
}
