/* JSON pointers (RFC 6901), built from the inside out. */
#include "base/json_pointer.h"

#include <stdio.h>

static char *write_token(char *to, struct slice token)
{
    for (size_t i = 0; i < token.size; i++) {
        char byte = token.data[i];
        if (byte == '~' || byte == '/') {
            *to++ = '~';
            *to++ = byte == '~' ? '0' : '1';
        } else {
            *to++ = byte;
        }
    }
    return to;
}

struct slice json_pointer_prefix(struct arena *arena, struct slice token, struct slice rest)
{
    size_t size_max = 1 + token.size * 2 + rest.size;
    char *pointer = arena_allocate(arena, size_max);
    *pointer = '/';
    char *end = write_token(pointer + 1, token);
    if (rest.size > 0) {
        memcpy(end, rest.data, rest.size);
        end += rest.size;
    }
    size_t size = (size_t)(end - pointer);
    arena_trim(arena, pointer, size_max, size);
    return slice_make(pointer, size);
}

struct slice json_pointer_prefix_index(struct arena *arena, uint32_t index, struct slice rest)
{
    char token[16];
    int size = snprintf(token, sizeof(token), "%u", (unsigned)index);
    return json_pointer_prefix(arena, slice_make(token, (size_t)size), rest);
}
