/* The encodings of values that JSON lacks. */
#include "base/value_encoding.h"

#include "base/base64.h"

#include <assert.h>

/* What stands between `prefix` and the end of an encoding. */
static bool find_payload(struct slice text, struct slice prefix, struct slice *payload)
{
    if (text.size < prefix.size + ENCODING_END.size || !slice_starts_with(text, prefix)) {
        return false;
    }
    size_t size = text.size - prefix.size - ENCODING_END.size;
    *payload = slice_make(text.data + prefix.size, size);
    return memcmp(payload->data + size, ENCODING_END.data, ENCODING_END.size) == 0;
}

bool encoding_read_eight(struct slice text, struct slice prefix, unsigned char bytes[8])
{
    struct slice payload;
    if (!find_payload(text, prefix, &payload) || payload.size != ENCODING_EIGHT_SIZE) {
        return false;
    }
    unsigned char decoded[9];
    size_t size;
    if (!base64_decode(payload, decoded, &size) || size != 8) {
        return false;
    }
    memcpy(bytes, decoded, 8);
    return true;
}

size_t encoding_write_eight(char *to, struct slice prefix, const unsigned char bytes[8])
{
    size_t size = prefix.size + ENCODING_EIGHT_SIZE + ENCODING_END.size;
    assert(size <= ENCODING_SIZE_MAX);
    memcpy(to, prefix.data, prefix.size);
    base64_encode(slice_make((const char *)bytes, 8), to + prefix.size);
    memcpy(to + prefix.size + ENCODING_EIGHT_SIZE, ENCODING_END.data, ENCODING_END.size);
    return size;
}

bool encoding_find_bytes(struct slice text, struct slice *encoded)
{
    return find_payload(text, ENCODING_BYTES, encoded) && encoded->size % 4 == 0;
}

uint64_t encoding_to_bits(const unsigned char bytes[8])
{
    uint64_t bits = 0;
    for (int i = 7; i >= 0; i--) {
        bits = bits << 8 | bytes[i];
    }
    return bits;
}

void encoding_from_bits(uint64_t bits, unsigned char bytes[8])
{
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(bits >> (8 * i));
    }
}

double encoding_to_number(const unsigned char bytes[8])
{
    uint64_t bits = encoding_to_bits(bytes);
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

int64_t encoding_to_int64(const unsigned char bytes[8])
{
    uint64_t bits = encoding_to_bits(bytes);
    int64_t int64;
    memcpy(&int64, &bits, sizeof(int64));
    return int64;
}
