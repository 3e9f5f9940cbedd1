/* The order of values against the order of their byte forms.
 *
 * The input is JSON texts, a line each, of which the values are compared, each with each. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/value.h"
#include "index/order.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

#define DEPTH_MAX  64
#define VALUES_MAX 8

struct entry {
    struct value value;
    struct slice key;
};

/* Reads the next line that holds a value that could be stored. */
static bool read_value(struct arena *arena, struct slice *input, struct value *value)
{
    struct json_error error;
    struct slice path;
    struct value found;
    while (input->size > 0) {
        struct slice line = input_take_line(input);
        if (json_read(arena, line, DEPTH_MAX, value, NULL, &error) &&
            value_vet(arena, *value, DEPTH_MAX, &path, &found) == VET_OK) {
            return true;
        }
    }
    return false;
}

static struct entry make_entry(struct arena *arena, struct value value)
{
    struct buffer key = {0};
    key_append(&key, value);
    struct entry entry = {.value = value, .key = arena_copy(arena, buffer_slice(&key))};
    buffer_deinit(&key);
    assert(key_skip(entry.key) == entry.key.size);
    assert(key_skip(slice_make(entry.key.data, entry.key.size - 1)) == 0);
    return entry;
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void check_pair(const struct entry *a, const struct entry *b)
{
    int order = sign(value_compare(a->value, b->value));
    assert(order == sign(slice_compare(a->key, b->key)));
    assert(order == -sign(value_compare(b->value, a->value)));
    assert(order != 0 || value_hash(a->value, 7) == value_hash(b->value, 7));
}

void fuzz_order(const uint8_t *data, size_t size)
{
    struct slice input = input_slice(data, size);
    struct arena arena;
    arena_init(&arena, 4096);
    struct entry entries[VALUES_MAX];
    unsigned count = 0;
    struct value value;
    while (count < VALUES_MAX && read_value(&arena, &input, &value)) {
        entries[count] = make_entry(&arena, value);
        count += 1;
    }
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j <= i; j++) {
            check_pair(&entries[i], &entries[j]);
        }
    }
    arena_deinit(&arena);
}
