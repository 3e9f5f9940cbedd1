/* Taking an input apart. */
#ifndef TENON_TESTS_FUZZ_INPUT_H
#define TENON_TESTS_FUZZ_INPUT_H

#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* The whole input as text. */
static inline struct slice input_slice(const uint8_t *data, size_t size)
{
    return slice_make((const char *)data, size);
}

/* Takes the first `size` bytes, or as many as there are. */
static inline struct slice input_take(struct slice *input, size_t size)
{
    struct slice taken = slice_make(input->data, size < input->size ? size : input->size);
    if (taken.size > 0) {
        input->data += taken.size;
        input->size -= taken.size;
    }
    return taken;
}

/* Takes the first byte; 0 where there is none. */
static inline uint8_t input_take_byte(struct slice *input)
{
    struct slice taken = input_take(input, 1);
    return taken.size == 0 ? 0 : (uint8_t)taken.data[0];
}

/* Takes what stands before the next `\n`, or all, and the `\n`. */
static inline struct slice input_take_line(struct slice *input)
{
    const char *end = input->size == 0 ? NULL : memchr(input->data, '\n', input->size);
    struct slice line = input_take(input, end == NULL ? input->size : (size_t)(end - input->data));
    input_take(input, 1);
    return line;
}

#endif
