/* Encoding and checking page cursors. */
#include "relations/cursor.h"

#include "base/base64.h"
#include "index/order.h"

#define OWNER_SIZE sizeof(uint64_t)

struct value cursor_encode(struct arena *arena, uint64_t owner, struct slice key)
{
    size_t size = OWNER_SIZE + key.size;
    char *bytes = arena_allocate(arena, size);
    for (size_t i = 0; i < OWNER_SIZE; i++) {
        bytes[i] = (char)(owner >> (8 * (OWNER_SIZE - 1 - i)));
    }
    if (key.size > 0) {
        memcpy(bytes + OWNER_SIZE, key.data, key.size);
    }
    size_t text_size = base64_encoded_size(size);
    char *text = arena_allocate(arena, text_size + 2);
    text[0] = '"';
    base64_encode(slice_make(bytes, size), text + 1);
    text[text_size + 1] = '"';
    return value_from_text(slice_make(text, text_size + 2));
}

bool cursor_decode(struct arena *arena, struct slice text, uint64_t owner, uint32_t form_count,
                   struct slice *key)
{
    size_t size;
    char *bytes = arena_allocate(arena, text.size);
    if (!base64_decode(text, bytes, &size) || size < OWNER_SIZE) {
        return false;
    }
    uint64_t found = 0;
    for (size_t i = 0; i < OWNER_SIZE; i++) {
        found = found << 8 | (uint8_t)bytes[i];
    }
    *key = slice_make(bytes + OWNER_SIZE, size - OWNER_SIZE);
    struct slice rest = *key;
    for (uint32_t i = 0; i < form_count && key->size > 0; i++) {
        size_t form = key_skip(rest);
        if (form == 0) {
            return false;
        }
        rest = slice_make(rest.data + form, rest.size - form);
    }
    return found == owner && rest.size == 0;
}
