/* Rewriting JSON that the reader has accepted in canonical form. */
#include "base/json_rewrite.h"

#include <stdbool.h>

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

int json_hex4(const char *digits)
{
    int code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(digits[i]);
        if (digit < 0) {
            return -1;
        }
        code = code * 16 + digit;
    }
    return code;
}

char *json_write_utf8(char *to, unsigned code_point)
{
    if (code_point < 0x80) {
        *to++ = (char)code_point;
        return to;
    }
    if (code_point < 0x800) {
        *to++ = (char)(0xC0 | code_point >> 6);
    } else if (code_point < 0x10000) {
        *to++ = (char)(0xE0 | code_point >> 12);
        *to++ = (char)(0x80 | (code_point >> 6 & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code_point >> 18);
        *to++ = (char)(0x80 | (code_point >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code_point >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (code_point & 0x3F));
    return to;
}

char *json_write_ascii(char *to, unsigned char byte)
{
    static const char short_escapes[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',  ['\f'] = 'f',
        ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\',
    };
    static const char hex[] = "0123456789abcdef";
    if (byte < sizeof(short_escapes) && short_escapes[byte] != '\0') {
        *to++ = '\\';
        *to++ = short_escapes[byte];
    } else if (byte < 0x20) {
        memcpy(to, "\\u00", 4);
        to[4] = hex[byte >> 4];
        to[5] = hex[byte & 15];
        to += 6;
    } else {
        *to++ = (char)byte;
    }
    return to;
}

/* Rewrites the \u escape at `*at`, with the second of a surrogate pair, and moves past it. */
static char *rewrite_unicode(char *to, const char **at)
{
    unsigned code = (unsigned)json_hex4(*at + 2);
    *at += 6;
    if (code >= 0xD800 && code < 0xDC00) {
        unsigned low = (unsigned)json_hex4(*at + 2);
        *at += 6;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    return code < 0x80 ? json_write_ascii(to, (unsigned char)code) : json_write_utf8(to, code);
}

char *json_rewrite_string(char *to, struct slice escaped)
{
    const char *at = escaped.data;
    const char *end = at + escaped.size;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape == NULL ? end : escape) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (at == end) {
            break;
        }
        if (at[1] == 'u') {
            to = rewrite_unicode(to, &at);
            continue;
        }
        if (at[1] != '/') {
            *to++ = '\\';
        }
        *to++ = at[1];
        at += 2;
    }
    return to;
}

/* The closing quote of the string whose contents begin at `at`. */
static const char *find_closing_quote(const char *at)
{
    while (*at != '"') {
        at += *at == '\\' ? 2 : 1;
    }
    return at;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

char *json_rewrite(char *to, struct slice text)
{
    const char *end = text.data + text.size;
    for (const char *at = text.data; at < end; at++) {
        if (*at == '"') {
            const char *quote = find_closing_quote(at + 1);
            *to++ = '"';
            to = json_rewrite_string(to, slice_make(at + 1, (size_t)(quote - at - 1)));
            *to++ = '"';
            at = quote;
        } else if (!is_space(*at)) {
            *to++ = *at;
        }
    }
    return to;
}
