/* Framing: the same messages however the bytes are split.
 *
 * The input is a byte for the size limit, one that seeds the splits, and the bytes of a
 * connection. They are read at once, byte by byte, and in pieces; what comes out is the same. */
#include "base/buffer.h"
#include "protocol/framing.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

#define ALL_AT_ONCE 0
#define PIECE_MAX   23

static bool is_last(enum framing_result result)
{
    return result == FRAMING_HTTP || result == FRAMING_BAD;
}

/* Notes what came out in `trace`, up to the need for more. True if nothing more can be read. */
static bool drain(struct framing *framing, struct buffer *unread, struct buffer *trace)
{
    struct slice message = {0};
    enum framing_result result;
    do {
        result = framing_next(framing, buffer_slice(unread), &message);
        assert(framing->start <= framing->scanned && framing->scanned <= unread->size);
        if (result == FRAMING_MESSAGE) {
            assert(message.size <= framing->message_size_max);
            buffer_append_format(trace, "%zu:%.*s;", message.size, SLICE_FORMAT(message));
        } else if (result != FRAMING_NEED_MORE) {
            buffer_append_format(trace, "!%d;", (int)result);
        }
    } while (result != FRAMING_NEED_MORE && !is_last(result));
    size_t done = framing_drop(framing);
    assert(done <= unread->size);
    memmove(unread->data, unread->data + done, unread->size - done);
    unread->size -= done;
    return is_last(result);
}

static size_t piece_size(uint32_t *seed)
{
    if (*seed == ALL_AT_ONCE) {
        return SIZE_MAX;
    }
    *seed = *seed * 1664525 + 1013904223;
    return 1 + (*seed >> 16) % PIECE_MAX;
}

/* Reads `stream` in pieces. A seed of 1 makes them one byte each. */
static void read_stream(struct slice stream, size_t limit, uint32_t seed, struct buffer *trace)
{
    struct framing framing;
    framing_init(&framing, limit);
    struct buffer unread = {0};
    buffer_reserve(&unread, 1);
    bool ended = false;
    while (stream.size > 0 && !ended) {
        struct slice piece = input_take(&stream, seed == 1 ? 1 : piece_size(&seed));
        buffer_append_slice(&unread, piece);
        ended = drain(&framing, &unread, trace);
    }
    if (!ended) {
        framing_end(&framing);
        drain(&framing, &unread, trace);
    }
    buffer_deinit(&unread);
}

void fuzz_framing(const uint8_t *data, size_t size)
{
    struct slice stream = input_slice(data, size);
    size_t limit = 1 + input_take_byte(&stream);
    uint32_t seed = 2 + input_take_byte(&stream);
    struct buffer whole = {0};
    read_stream(stream, limit, ALL_AT_ONCE, &whole);
    for (uint32_t i = 0; i < 3; i++) {
        struct buffer pieces = {0};
        read_stream(stream, limit, i == 0 ? 1 : seed * i, &pieces);
        assert(slice_equal(buffer_slice(&whole), buffer_slice(&pieces)));
        buffer_deinit(&pieces);
    }
    buffer_deinit(&whole);
}
