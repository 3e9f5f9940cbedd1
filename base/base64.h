/* Base64 (RFC 4648, section 4), strict: padding demanded, unused bits zero, no white space. */
#ifndef TENON_BASE_BASE64_H
#define TENON_BASE_BASE64_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the text for `size` bytes. */
static inline size_t base64_encoded_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

/* Writes base64_encoded_size(data.size) bytes to `text`. */
void base64_encode(struct slice data, char *text);

/* Writes the decoded bytes, at most text.size / 4 * 3, to `data` and sets `*size`.
 * Errors: false where `text` is not strict base64. */
MUST_CHECK bool base64_decode(struct slice text, void *data, size_t *size);

#endif
