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

struct stack {
    struct frame *frames;
    size_t count;
    size_t capacity;
    struct frame first[FRAMES_FIRST];
};

/* Where the text goes. The same walk counts and writes: `counts` is a constant wherever a sink is
 * made, so that the compiler makes two of it, and the one that writes need not look for room,
 * because the other has said how much it takes. */
struct sink {
    bool counts;
    char *text; /* NULL where it only counts */
    size_t size;
};

static ALWAYS_INLINE void emit(struct sink *sink, const char *bytes, size_t size)
{
    if (!sink->counts) {
        memcpy(sink->text + sink->size, bytes, size);
    }
    sink->size += size;
}

static NEVER_INLINE size_t format_eight(char text[ENCODING_SIZE_MAX], struct slice prefix,
                                        uint64_t bits)
{
    unsigned char bytes[8];
    encoding_from_bits(bits, bytes);
    return encoding_write_eight(text, prefix, bytes);
}

static NEVER_INLINE size_t format_double(char text[ENCODING_SIZE_MAX], double number)
{
    static_assert(ENCODING_SIZE_MAX >= NUMBER_TEXT_SIZE, "there is room for either form");
    if (!isfinite(number) || (number == 0 && signbit(number))) {
        uint64_t bits;
        memcpy(&bits, &number, sizeof(bits));
        return format_eight(text, ENCODING_FLOAT, bits);
    }
    return number_format(number, text);
}

/* A value that is no list or object taken apart. */
static ALWAYS_INLINE void emit_scalar(struct sink *sink, struct value value)
{
    char text[ENCODING_SIZE_MAX];
    switch (value.kind) {
    case VALUE_TEXT:
    case VALUE_DOCUMENT:
        emit(sink, value.text, value.size);
        break;
    case VALUE_MISSING:
    case VALUE_NULL:
        emit(sink, "null", 4);
        break;
    case VALUE_FALSE:
        emit(sink, "false", 5);
        break;
    case VALUE_TRUE:
        emit(sink, "true", 4);
        break;
    case VALUE_INT64:
        emit(sink, text, format_eight(text, ENCODING_INTEGER, (uint64_t)value.int64));
        break;
    default:
        assert(value.kind == VALUE_NUMBER);
        emit(sink, text, format_double(text, value.number));
        break;
    }
}

static inline bool is_container(struct value value)
{
    return value.kind >= VALUE_LIST;
}

static void push(struct stack *stack, struct value container)
{
    assert(container.kind == VALUE_LIST || container.kind == VALUE_OBJECT);
    if (UNLIKELY(stack->count == stack->capacity)) {
        size_t size = stack->capacity * sizeof(*stack->frames);
        bool first = stack->frames == stack->first;
        stack->frames = memory_resize(first ? NULL : stack->frames, size * 2);
        if (first) {
            memcpy(stack->frames, stack->first, size);
        }
        stack->capacity *= 2;
    }
    stack->frames[stack->count] = (struct frame){.container = container, .empty = true};
    stack->count++;
}

static ALWAYS_INLINE void emit_comma(struct sink *sink, struct frame *frame)
{
    if (!frame->empty) {
        emit(sink, ",", 1);
    }
    frame->empty = false;
}

static ALWAYS_INLINE void emit_name(struct sink *sink, struct slice name)
{
    emit(sink, "\"", 1);
    emit(sink, name.data, name.size);
    emit(sink, "\":", 2);
}

/* Writes parts of the innermost container up to the next one that is a container itself, or up to
 * its end. Returns that container, or a missing value. */
static ALWAYS_INLINE struct value emit_parts(struct sink *sink, struct frame *frame,
                                             size_t size_max)
{
    bool list = frame->container.kind == VALUE_LIST;
    while (frame->position < frame->container.size && sink->size <= size_max) {
        uint32_t position = frame->position++;
        struct value part;
        if (list) {
            part = frame->container.items[position];
            emit_comma(sink, frame);
        } else {
            const struct value_field *field = &frame->container.fields[position];
            part = field->value;
            if (value_is_missing(part)) {
                continue;
            }
            emit_comma(sink, frame);
            emit_name(sink, field->name);
        }
        if (is_container(part)) {
            return part;
        }
        emit_scalar(sink, part);
    }
    return VALUE_IS(VALUE_MISSING);
}

/* Walks `value`; stops once more than `size_max` bytes were counted or more than `depth_max`
 * containers are open. Returns whether that was all. */
static ALWAYS_INLINE bool walk(struct sink *sink, struct value value, size_t size_max,
                               size_t depth_max)
{
    struct stack stack;
    stack.frames = stack.first;
    stack.count = 0;
    stack.capacity = FRAMES_FIRST;
    struct value next = value;
    for (;;) {
        if (is_container(next)) {
            push(&stack, next);
            emit(sink, next.kind == VALUE_LIST ? "[" : "{", 1);
        } else if (stack.count == 0) {
            emit_scalar(sink, next);
            break;
        } else {
            stack.count--;
            emit(sink, stack.frames[stack.count].container.kind == VALUE_LIST ? "]" : "}", 1);
        }
        if (stack.count == 0 || sink->size > size_max || stack.count > depth_max) {
            break;
        }
        next = emit_parts(sink, &stack.frames[stack.count - 1], size_max);
        if (sink->size > size_max) {
            break;
        }
    }
    if (stack.frames != stack.first) {
        memory_release(stack.frames);
    }
    return stack.count == 0 && sink->size <= size_max;
}

static bool count_up_to(struct value value, size_t size_max, size_t depth_max, size_t *size)
{
    struct sink sink = {.counts = true};
    bool whole = walk(&sink, value, size_max, depth_max);
    *size = sink.size;
    return whole;
}

/* Writes a value of `size` bytes to `text`. */
static void write_whole(char *text, struct value value, size_t size)
{
    struct sink sink = {.counts = false, .text = text};
    bool whole = walk(&sink, value, SIZE_MAX, SIZE_MAX);
    assert(whole && sink.size == size);
}

void value_write(struct buffer *buffer, struct value value)
{
    size_t size = value_write_size(value);
    write_whole(buffer_reserve(buffer, size), value, size);
    buffer->size += size;
}

size_t value_write_size(struct value value)
{
    size_t size;
    bool whole = count_up_to(value, SIZE_MAX, SIZE_MAX, &size);
    assert(whole);
    return size;
}

bool value_fits(struct value value, size_t size_max, size_t *size)
{
    return value_fits_within(value, size_max, SIZE_MAX, size);
}

bool value_fits_within(struct value value, size_t size_max, size_t depth_max, size_t *size)
{
    return count_up_to(value, size_max, depth_max, size);
}

struct slice value_text(struct arena *arena, struct value value)
{
    if (value.kind == VALUE_TEXT || value.kind == VALUE_DOCUMENT) {
        return slice_make(value.text, value.size);
    }
    size_t size = value_write_size(value);
    char *text = arena_allocate(arena, size);
    write_whole(text, value, size);
    return slice_make(text, size);
}
