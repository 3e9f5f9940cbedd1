/* RESP (Redis) and the binary protocol of Tarantool, which is MessagePack: a size, a map that is
 * the header (0x00: type, 0x01: number of the request) and a map that is the body. */
#include "bench/wire.h"

#include <assert.h>

#define TYPE_SELECT    0x01
#define TYPE_INSERT    0x02
#define TYPE_DELETE    0x05
#define TYPE_CALL      0x0a
#define KEY_TYPE       0x00
#define KEY_SYNC       0x01
#define KEY_SPACE      0x10
#define KEY_INDEX      0x11
#define KEY_LIMIT      0x12
#define KEY_OFFSET     0x13
#define KEY_ITERATOR   0x14
#define KEY_KEY        0x20
#define KEY_TUPLE      0x21
#define KEY_FUNCTION   0x22
#define PACK_MAP       0x80
#define PACK_ARRAY     0x90
#define PACK_SHORT     0xa0
#define PACK_STRING_8  0xd9
#define PACK_STRING_16 0xda
#define PACK_UINT_16   0xcd
#define PACK_UINT_32   0xce
#define PACK_UINT_64   0xcf
#define ITERATOR_EQ    0
#define ITERATOR_REQ   1 /* equal, from the end */
#define SHORT_MAX      31

void wire_append_redis(struct buffer *out, const struct slice *words, size_t count)
{
    buffer_append_format(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(out, "$%zu\r\n", words[i].size);
        buffer_append_slice(out, words[i]);
        buffer_append_slice(out, SLICE("\r\n"));
    }
}

static void append_byte(struct buffer *out, unsigned byte)
{
    buffer_append_char(out, (char)(unsigned char)byte);
}

/* Appends a pair of small numbers. */
static void append_pair(struct buffer *out, unsigned key, unsigned value)
{
    append_byte(out, key);
    append_byte(out, value);
}

/* Appends a number in `size` bytes, big-endian. */
static void append_number(struct buffer *out, uint64_t number, unsigned size)
{
    for (unsigned i = size; i > 0; i--) {
        append_byte(out, number >> (8 * (i - 1)) & 0xff);
    }
}

static void append_string(struct buffer *out, struct slice text)
{
    if (text.size <= SHORT_MAX) {
        append_byte(out, PACK_SHORT | (unsigned)text.size);
    } else if (text.size <= UINT8_MAX) {
        append_pair(out, PACK_STRING_8, (unsigned)text.size);
    } else {
        assert(text.size <= UINT16_MAX);
        append_byte(out, PACK_STRING_16);
        append_number(out, text.size, 2);
    }
    buffer_append_slice(out, text);
}

static void append_strings(struct buffer *out, const struct slice *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        append_string(out, texts[i]);
    }
}

static void append_space(struct buffer *out, uint32_t space)
{
    append_pair(out, KEY_SPACE, PACK_UINT_16);
    append_number(out, space, 2);
}

/* Appends the key of an array of so many values, which follow. */
static void append_array(struct buffer *out, unsigned key, size_t count)
{
    assert(count < 16);
    append_pair(out, key, PACK_ARRAY | (unsigned)count);
}

/* Begins a message: its size is filled in at the end. Returns where it stands. */
static size_t begin_message(struct buffer *out, unsigned type)
{
    size_t start = out->size;
    append_byte(out, PACK_UINT_32);
    buffer_append(out, "\0\0\0\0", 4);
    append_byte(out, PACK_MAP | 2);
    append_pair(out, KEY_TYPE, type);
    append_pair(out, KEY_SYNC, 0);
    return start;
}

static void end_message(struct buffer *out, size_t start)
{
    size_t size = out->size - start - 5;
    for (unsigned i = 0; i < 4; i++) {
        out->data[start + 1 + i] = (char)(unsigned char)(size >> (24 - 8 * i));
    }
}

void wire_append_tarantool_call(struct buffer *out, struct slice function,
                                const struct slice *arguments, size_t count)
{
    size_t start = begin_message(out, TYPE_CALL);
    append_byte(out, PACK_MAP | 2);
    append_byte(out, KEY_FUNCTION);
    append_string(out, function);
    append_array(out, KEY_TUPLE, count);
    append_strings(out, arguments, count);
    end_message(out, start);
}

void wire_append_tarantool_select(struct buffer *out, uint32_t space, unsigned index,
                                  bool descending, unsigned limit, struct slice key)
{
    size_t start = begin_message(out, TYPE_SELECT);
    append_byte(out, PACK_MAP | 6);
    append_space(out, space);
    append_pair(out, KEY_INDEX, index);
    append_pair(out, KEY_LIMIT, limit);
    append_pair(out, KEY_OFFSET, 0);
    append_pair(out, KEY_ITERATOR, descending ? ITERATOR_REQ : ITERATOR_EQ);
    append_array(out, KEY_KEY, 1);
    append_string(out, key);
    end_message(out, start);
}

void wire_append_tarantool_insert(struct buffer *out, uint32_t space, struct slice id,
                                  struct slice text, uint64_t time, const struct slice *references,
                                  size_t count)
{
    size_t start = begin_message(out, TYPE_INSERT);
    append_byte(out, PACK_MAP | 2);
    append_space(out, space);
    append_array(out, KEY_TUPLE, 3 + count);
    append_string(out, id);
    append_string(out, text);
    append_byte(out, PACK_UINT_64);
    append_number(out, time, 8);
    append_strings(out, references, count);
    end_message(out, start);
}

void wire_append_tarantool_delete(struct buffer *out, uint32_t space, struct slice key)
{
    size_t start = begin_message(out, TYPE_DELETE);
    append_byte(out, PACK_MAP | 3);
    append_space(out, space);
    append_pair(out, KEY_INDEX, 0);
    append_array(out, KEY_KEY, 1);
    append_string(out, key);
    end_message(out, start);
}
