/* Base64 (RFC 4648, section 4), strict. */
#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The 24 bits of up to three bytes; what is not there counts as zero. */
static uint32_t read_group(const unsigned char *bytes, size_t count)
{
    uint32_t group = (uint32_t)bytes[0] << 16;
    if (count > 1) {
        group |= (uint32_t)bytes[1] << 8;
    }
    if (count > 2) {
        group |= bytes[2];
    }
    return group;
}

void base64_encode(struct slice data, char *text)
{
    const unsigned char *bytes = (const unsigned char *)data.data;
    for (size_t i = 0; i < data.size; i += 3) {
        size_t count = data.size - i;
        uint32_t group = read_group(bytes + i, count);
        *text++ = alphabet[group >> 18];
        *text++ = alphabet[group >> 12 & 63];
        *text++ = count > 1 ? alphabet[group >> 6 & 63] : '=';
        *text++ = count > 2 ? alphabet[group & 63] : '=';
    }
}

/* The six bits that `letter` stands for, or -1. */
static int letter_bits(char letter)
{
    if (letter >= 'A' && letter <= 'Z') {
        return letter - 'A';
    }
    if (letter >= 'a' && letter <= 'z') {
        return letter - 'a' + 26;
    }
    if (letter >= '0' && letter <= '9') {
        return letter - '0' + 52;
    }
    if (letter == '+') {
        return 62;
    }
    return letter == '/' ? 63 : -1;
}

/* Decodes the four letters of a group of which the first `count` are not padding; false where
 * one is no letter or unused bits are set. */
static bool decode_group(const char *letters, size_t count, unsigned char *bytes)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int bits = i < count ? letter_bits(letters[i]) : 0;
        if (bits < 0) {
            return false;
        }
        group = group << 6 | (uint32_t)bits;
    }
    uint32_t unused = count == 4 ? 0 : count == 3 ? 0xFF : 0xFFFF;
    if ((group & unused) != 0) {
        return false;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        bytes[i] = (unsigned char)(group >> (16 - 8 * i));
    }
    return true;
}

bool base64_decode(struct slice text, void *data, size_t *size)
{
    unsigned char *bytes = data;
    *size = 0;
    if (text.size % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < text.size; i += 4) {
        size_t count = 4;
        if (i + 4 == text.size && text.data[i + 3] == '=') {
            count = text.data[i + 2] == '=' ? 2 : 3;
        }
        if (!decode_group(text.data + i, count, bytes + *size)) {
            return false;
        }
        *size += count - 1;
    }
    return true;
}
