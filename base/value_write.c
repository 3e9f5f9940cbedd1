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

/* Where the text goes; NULL where it is only counted. The same walk counts and writes: whether
 * there is a buffer is known wherever a walk begins, so that the compiler makes two of it. The end
 * of the text is passed and returned rather than kept in the buffer, so that it stays in a
 * register. */
struct sink {
    struct buffer *buffer;
};

/* Makes room for `size` bytes at `at`, and returns where they go. */
static ALWAYS_INLINE char *sink_reserve(struct sink sink, size_t at, size_t size)
{
    if (UNLIKELY(sink.buffer->capacity - at < size)) {
        sink.buffer->size = at;
        buffer_grow(sink.buffer, size);
    }
    return sink.buffer->data + at;
}

/* Puts bytes at `at`, and returns where they end. */
static ALWAYS_INLINE size_t emit(struct sink sink, size_t at, const char *bytes, size_t size)
{
    if (sink.buffer != NULL) {
        memcpy(sink_reserve(sink, at, size), bytes, size);
    }
    return at + size;
}

/* Puts the name of a field, with what stands around it. */
static ALWAYS_INLINE size_t emit_name(struct sink sink, size_t at, struct slice name, bool first)
{
    size_t begin = first ? 0 : 1;
    if (sink.buffer != NULL) {
        char *to = sink_reserve(sink, at, begin + name.size + 3);
        *to = ',';
        to[begin] = '"';
        memcpy(to + begin + 1, name.data, name.size);
        memcpy(to + begin + 1 + name.size, "\":", 2);
    }
    return at + begin + name.size + 3;
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

/* A value without a text, which is no list or object. */
static NEVER_INLINE size_t emit_computed(struct sink sink, size_t at, struct value value)
{
    char text[ENCODING_SIZE_MAX];
    switch (value.kind) {
    case VALUE_MISSING:
    case VALUE_NULL:
        return emit(sink, at, "null", 4);
    case VALUE_FALSE:
        return emit(sink, at, "false", 5);
    case VALUE_TRUE:
        return emit(sink, at, "true", 4);
    case VALUE_INT64:
        return emit(sink, at, text, format_eight(text, ENCODING_INTEGER, (uint64_t)value.int64));
    default:
        assert(value.kind == VALUE_NUMBER);
        return emit(sink, at, text, format_double(text, value.number));
    }
}

/* True for a value that is written as it stands, without a walk. */
static ALWAYS_INLINE bool has_text(const struct value *value)
{
    return value->kind == VALUE_TEXT || value->kind == VALUE_DOCUMENT;
}

/* Makes a value whose text was kept that text. */
static inline struct value whole_text(struct value value)
{
    bool kept = value.kind >= VALUE_LIST && (value.flags & VALUE_FLAG_TEXT_KEPT) != 0;
    return kept ? value_from_text(value_kept_text(value)) : value;
}

/* A value that is no list or object taken apart. */
static ALWAYS_INLINE size_t emit_scalar(struct sink sink, size_t at, const struct value *value)
{
    return LIKELY(has_text(value)) ? emit(sink, at, value->text, value->size)
                                   : emit_computed(sink, at, *value);
}

static inline bool is_container(struct value value)
{
    return value.kind >= VALUE_LIST;
}

static NEVER_INLINE void stack_grow(struct stack *stack)
{
    size_t size = stack->capacity * sizeof(*stack->frames);
    bool first = stack->frames == stack->first;
    stack->frames = memory_resize(first ? NULL : stack->frames, size * 2);
    if (first) {
        memcpy(stack->frames, stack->first, size);
    }
    stack->capacity *= 2;
}

static inline void push(struct stack *stack, struct value container)
{
    assert(is_container(container));
    if (UNLIKELY(stack->count == stack->capacity)) {
        stack_grow(stack);
    }
    struct frame *frame = &stack->frames[stack->count];
    frame->container = container;
    frame->position = 0;
    frame->empty = true;
    stack->count++;
}

/* Puts items from `item` on, each behind a comma, as long as they are texts and `*at` is at most
 * `size_max`; `*at` becomes their end. */
static ALWAYS_INLINE const struct value *emit_texts(struct sink sink, const struct value *item,
                                                    const struct value *end, size_t size_max,
                                                    size_t *at)
{
    size_t place = *at;
    for (; item < end && has_text(item) && place <= size_max; item++) {
        if (sink.buffer != NULL) {
            char *to = sink_reserve(sink, place, item->size + 1);
            *to = ',';
            memcpy(to + 1, item->text, item->size);
        }
        place += item->size + 1;
    }
    *at = place;
    return item;
}

/* Writes items of the innermost list up to the next one that is a container itself, or up to the
 * list's end. `*next` becomes that container, or a missing value. */
static ALWAYS_INLINE size_t emit_items(struct sink sink, size_t at, struct frame *frame,
                                       size_t size_max, struct value *next)
{
    *next = VALUE_IS(VALUE_MISSING);
    if (frame->container.size == 0) {
        return at;
    }
    const struct value *items = frame->container.items;
    const struct value *end = items + frame->container.size;
    const struct value *item = items + frame->position;
    if (item == items && item < end && !is_container(*item)) {
        at = emit_scalar(sink, at, item++);
    }
    if (item > items) {
        item = emit_texts(sink, item, end, size_max, &at);
    }
    for (; item < end && at <= size_max; item++) {
        at = item > items ? emit(sink, at, ",", 1) : at;
        if (is_container(*item)) {
            *next = *item++;
            break;
        }
        at = emit_scalar(sink, at, item);
    }
    frame->position = (uint32_t)(item - items);
    return at;
}

/* Writes the fields of the document that an object extends. */
static ALWAYS_INLINE size_t emit_extended(struct sink sink, size_t at, struct frame *frame)
{
    const struct value *document = &frame->container.fields->value;
    frame->position = 1;
    frame->empty = false;
    return emit(sink, at, document->text + 1, document->size - 2);
}

/* The same for the fields of an object; those with missing values are left out. */
static ALWAYS_INLINE size_t emit_fields(struct sink sink, size_t at, struct frame *frame,
                                        size_t size_max, struct value *next)
{
    const struct value_field *fields = frame->container.fields;
    uint32_t count = frame->container.size;
    uint32_t position = frame->position;
    *next = VALUE_IS(VALUE_MISSING);
    while (position < count && at <= size_max) {
        const struct value_field *field = &fields[position++];
        if (value_is_missing(field->value)) {
            continue;
        }
        at = emit_name(sink, at, field->name, frame->empty);
        frame->empty = false;
        if (is_container(field->value)) {
            *next = field->value;
            break;
        }
        at = emit_scalar(sink, at, &field->value);
    }
    frame->position = position;
    return at;
}

/* Walks `value`, whose text begins at `at`; stops once it ends behind `size_max`, or more than
 * `depth_max` containers, at least one, would be open. Returns its end, and in `*whole` whether
 * that was all. */
static ALWAYS_INLINE size_t walk(struct sink sink, size_t at, struct value value, size_t size_max,
                                 size_t depth_max, bool *whole)
{
    if (!is_container(value)) {
        at = emit_scalar(sink, at, &value);
        *whole = at <= size_max;
        return at;
    }
    assert(depth_max > 0);
    struct stack stack;
    stack.frames = stack.first;
    stack.count = 0;
    stack.capacity = FRAMES_FIRST;
    struct value next = value;
    do {
        if (is_container(next)) {
            if (stack.count == depth_max) {
                break;
            }
            push(&stack, next);
            at = emit(sink, at, next.kind == VALUE_LIST ? "[" : "{", 1);
        }
        struct frame *frame = &stack.frames[stack.count - 1];
        bool list = frame->container.kind == VALUE_LIST;
        if (frame->container.kind == VALUE_EXTENDED && frame->position == 0) {
            at = emit_extended(sink, at, frame);
        }
        at = list ? emit_items(sink, at, frame, size_max, &next)
                  : emit_fields(sink, at, frame, size_max, &next);
        if (!is_container(next) && at <= size_max) {
            stack.count--;
            at = emit(sink, at, list ? "]" : "}", 1);
        }
    } while (stack.count > 0 && at <= size_max);
    if (stack.frames != stack.first) {
        memory_release(stack.frames);
    }
    *whole = stack.count == 0 && at <= size_max;
    return at;
}

bool value_fits_within(struct value value, size_t size_max, size_t depth_max, size_t *size)
{
    bool whole;
    value = whole_text(value);
    if (LIKELY(has_text(&value))) {
        *size = value.size;
        return *size <= size_max;
    }
    *size = walk((struct sink){.buffer = NULL}, 0, value, size_max, depth_max, &whole);
    return whole;
}

bool value_fits(struct value value, size_t size_max, size_t *size)
{
    return value_fits_within(value, size_max, SIZE_MAX, size);
}

size_t value_write_size(struct value value)
{
    size_t size;
    bool whole = value_fits_within(value, SIZE_MAX, SIZE_MAX, &size);
    assert(whole);
    return size;
}

bool value_write_within(struct buffer *buffer, struct value value, size_t size_max,
                        size_t depth_max, size_t *size)
{
    size_t begin = buffer->size;
    size_t end_max = size_max < SIZE_MAX - begin ? begin + size_max : SIZE_MAX;
    bool whole;
    value = whole_text(value);
    if (has_text(&value)) {
        *size = value.size;
        whole = *size <= size_max;
        buffer_append(buffer, value.text, whole ? *size : 0);
        return whole;
    }
    size_t end = walk((struct sink){.buffer = buffer}, begin, value, end_max, depth_max, &whole);
    *size = end - begin;
    buffer->size = whole ? end : begin;
    return whole;
}

void value_write(struct buffer *buffer, struct value value)
{
    size_t size;
    bool whole = value_write_within(buffer, value, SIZE_MAX, SIZE_MAX, &size);
    assert(whole);
}

struct slice value_text(struct arena *arena, struct value value)
{
    value = whole_text(value);
    if (has_text(&value)) {
        return slice_make(value.text, value.size);
    }
    /* The size is known, so that this buffer never grows. */
    struct buffer text = {.capacity = value_write_size(value)};
    text.data = arena_allocate(arena, text.capacity);
    value_write(&text, value);
    assert(text.size == text.capacity);
    return buffer_slice(&text);
}
