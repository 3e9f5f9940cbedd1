/* Writing values as canonical JSON, and knowing beforehand how much that will be.
 *
 * Programs may compute values that are nested deeper than the C stack is, and that mention the
 * same part very often; so the walk has its own stack, and may stop once a size is exceeded. */
#include "base/value.h"

#include "base/memory.h"
#include "base/number.h"
#include "base/value_encoding.h"

#include <assert.h>
#include <math.h>

#define FRAMES_FIRST TINY_OR(2, 32)

/* A list or object that is being written. */
struct frame {
    struct value container;
    uint32_t position; /* of the next item or field */
    bool empty;        /* nothing of it was written yet */
};

struct writer {
    struct buffer *buffer; /* NULL: only count */
    size_t size;
    struct frame *frames;
    size_t frame_count;
    size_t frame_capacity;
    struct frame first_frames[FRAMES_FIRST];
};

static void emit(struct writer *writer, const char *bytes, size_t size)
{
    writer->size += size;
    if (writer->buffer != NULL) {
        buffer_append(writer->buffer, bytes, size);
    }
}

static void emit_eight(struct writer *writer, struct slice prefix, uint64_t bits)
{
    unsigned char bytes[8];
    char text[ENCODING_SIZE_MAX];
    encoding_from_bits(bits, bytes);
    emit(writer, text, encoding_write_eight(text, prefix, bytes));
}

static void emit_number(struct writer *writer, double number)
{
    if (!isfinite(number) || (number == 0 && signbit(number))) {
        uint64_t bits;
        memcpy(&bits, &number, sizeof(bits));
        emit_eight(writer, ENCODING_FLOAT, bits);
        return;
    }
    char text[NUMBER_TEXT_SIZE];
    emit(writer, text, number_format(number, text));
}

/* Writes the opening bracket; the rest is written from a frame. */
static void emit_container(struct writer *writer, struct value container)
{
    if (writer->frame_count == writer->frame_capacity) {
        size_t size = writer->frame_capacity * sizeof(*writer->frames);
        bool first = writer->frames == writer->first_frames;
        writer->frames = memory_resize(first ? NULL : writer->frames, size * 2);
        if (first) {
            memcpy(writer->frames, writer->first_frames, size);
        }
        writer->frame_capacity *= 2;
    }
    writer->frames[writer->frame_count] = (struct frame){.container = container, .empty = true};
    writer->frame_count++;
    emit(writer, container.kind == VALUE_LIST ? "[" : "{", 1);
}

static void emit_value(struct writer *writer, struct value value)
{
    switch (value.kind) {
    case VALUE_MISSING:
    case VALUE_NULL:
        emit(writer, "null", 4);
        break;
    case VALUE_FALSE:
        emit(writer, "false", 5);
        break;
    case VALUE_TRUE:
        emit(writer, "true", 4);
        break;
    case VALUE_INT64:
        emit_eight(writer, ENCODING_INTEGER, (uint64_t)value.int64);
        break;
    case VALUE_NUMBER:
        emit_number(writer, value.number);
        break;
    case VALUE_TEXT:
    case VALUE_DOCUMENT:
        emit(writer, value.text, value.size);
        break;
    default:
        assert(value.kind == VALUE_LIST || value.kind == VALUE_OBJECT);
        emit_container(writer, value);
        break;
    }
}

static void emit_comma(struct writer *writer, struct frame *frame)
{
    if (!frame->empty) {
        emit(writer, ",", 1);
    }
    frame->empty = false;
}

static void emit_field(struct writer *writer, struct frame *frame, const struct value_field *field)
{
    if (value_is_missing(field->value)) {
        return;
    }
    emit_comma(writer, frame);
    emit(writer, "\"", 1);
    emit(writer, field->name.data, field->name.size);
    emit(writer, "\":", 2);
    emit_value(writer, field->value);
}

/* Writes one more part of the innermost container, or its closing bracket. */
static void emit_next(struct writer *writer)
{
    struct frame *frame = &writer->frames[writer->frame_count - 1];
    bool list = frame->container.kind == VALUE_LIST;
    if (frame->position == frame->container.size) {
        writer->frame_count--;
        emit(writer, list ? "]" : "}", 1);
        return;
    }
    uint32_t position = frame->position++;
    if (list) {
        emit_comma(writer, frame);
        emit_value(writer, frame->container.items[position]);
    } else {
        emit_field(writer, frame, &frame->container.fields[position]);
    }
}

/* Writes `value`, or counts what that takes if `buffer` is NULL; stops once more than `size_max`
 * bytes were written or more than `depth_max` containers are open. Returns the bytes so far, and in
 * `*whole` whether that is all. */
static size_t write_up_to(struct buffer *buffer, struct value value, size_t size_max,
                          size_t depth_max, bool *whole)
{
    struct writer writer;
    writer.buffer = buffer;
    writer.size = 0;
    writer.frames = writer.first_frames;
    writer.frame_count = 0;
    writer.frame_capacity = FRAMES_FIRST;
    emit_value(&writer, value);
    while (writer.frame_count > 0 && writer.size <= size_max && writer.frame_count <= depth_max) {
        emit_next(&writer);
    }
    *whole = writer.frame_count == 0 && writer.size <= size_max;
    if (writer.frames != writer.first_frames) {
        memory_release(writer.frames);
    }
    return writer.size;
}

void value_write(struct buffer *buffer, struct value value)
{
    bool whole;
    write_up_to(buffer, value, SIZE_MAX, SIZE_MAX, &whole);
    assert(whole);
}

size_t value_write_size(struct value value)
{
    bool whole;
    return write_up_to(NULL, value, SIZE_MAX, SIZE_MAX, &whole);
}

bool value_fits(struct value value, size_t size_max, size_t *size)
{
    return value_fits_within(value, size_max, SIZE_MAX, size);
}

bool value_fits_within(struct value value, size_t size_max, size_t depth_max, size_t *size)
{
    bool whole;
    *size = write_up_to(NULL, value, size_max, depth_max, &whole);
    return whole;
}

struct slice value_text(struct arena *arena, struct value value)
{
    if (value.kind == VALUE_TEXT || value.kind == VALUE_DOCUMENT) {
        return slice_make(value.text, value.size);
    }
    size_t size = value_write_size(value);
    struct buffer buffer = {.data = arena_allocate(arena, size), .capacity = size};
    value_write(&buffer, value);
    assert(buffer.size == size && buffer.capacity == size);
    return buffer_slice(&buffer);
}
