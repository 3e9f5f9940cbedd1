/* Strict base64. */
#include "base/base64.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

Test(base64, encodes_the_examples_of_rfc_4648)
{
    static const struct {
        struct slice data;
        const char *text;
    } rows[] = {
        {{"", 0}, ""},
        {{"f", 1}, "Zg=="},
        {{"fo", 2}, "Zm8="},
        {{"foo", 3}, "Zm9v"},
        {{"foob", 4}, "Zm9vYg=="},
        {{"fooba", 5}, "Zm9vYmE="},
        {{"foobar", 6}, "Zm9vYmFy"},
        {{"\xfb\xff\xfe", 3}, "+//+"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[16];
        size_t size = base64_encoded_size(rows[i].data.size);
        cr_assert_eq(size, strlen(rows[i].text));
        base64_encode(rows[i].data, text);
        cr_assert(memcmp(text, rows[i].text, size) == 0, "%s", rows[i].text);
        char data[16];
        size_t decoded;
        cr_assert(base64_decode(slice_make(text, size), data, &decoded));
        cr_assert(slice_equal(slice_make(data, decoded), rows[i].data));
    }
}

Test(base64, refuses_what_is_not_strict)
{
    static const char *const rows[] = {
        "Z",    "Zg",   "Zg=",    "Zm8",  "====", "Z===", "Zh==",     "Zm9=",     "Zg==Zg==",
        "Zg=a", "Zm 9", "Zm9v\n", "Zm9-", "Zm9_", "=Zm9", "Zm8=Zm8=", "Zm9v====", "Z\xc3\xa9v",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char data[16];
        size_t size;
        cr_assert_not(base64_decode(slice_of(rows[i]), data, &size), "%s", rows[i]);
    }
}

Test(base64, every_byte_comes_back)
{
    for (size_t size = 0; size < 300; size++) {
        char *data = malloc(size + 1);
        char *text = malloc(base64_encoded_size(size) + 1);
        char *back = malloc(base64_encoded_size(size) / 4 * 3 + 1);
        for (size_t i = 0; i < size; i++) {
            data[i] = (char)(i * 7 + size);
        }
        base64_encode(slice_make(data, size), text);
        size_t decoded;
        cr_assert(base64_decode(slice_make(text, base64_encoded_size(size)), back, &decoded));
        cr_assert(slice_equal(slice_make(back, decoded), slice_make(data, size)));
        free(data);
        free(text);
        free(back);
    }
}
