/* Ids: the vectors of the contract, round trips, and strictness. */
#include "storage/id.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* Table numbers of every length, the borders between lengths more often than chance has them. */
static uint32_t random_table_number(uint64_t *state)
{
    static const uint32_t borders[] = {1,       127,       128,       16383,      16384, 2097151,
                                       2097152, 268435455, 268435456, UINT32_MAX, 10001};
    uint64_t random = random_next(state);
    if (random % 2 == 0) {
        return borders[random / 2 % COUNT_OF(borders)];
    }
    uint32_t number = (uint32_t)(random >> 32) >> (random / 2 % 32);
    return number == 0 ? 1 : number;
}

static struct id random_id(uint64_t *state)
{
    struct id id = {.table_number = random_table_number(state)};
    for (size_t i = 0; i < ID_BODY_SIZE; i++) {
        id.body[i] = (uint8_t)(random_next(state) >> 24);
    }
    return id;
}

static bool id_equal(const struct id *a, const struct id *b)
{
    return a->table_number == b->table_number && memcmp(a->body, b->body, ID_BODY_SIZE) == 0;
}

Test(id, the_vectors_of_the_contract_are_written_and_read)
{
    struct id counting = {.table_number = 10001};
    for (uint8_t i = 0; i < ID_BODY_SIZE; i++) {
        counting.body[i] = i;
    }
    struct id ones = {.table_number = 10002};
    memset(ones.body, 0xff, ID_BODY_SIZE);
    const struct {
        struct id id;
        const char *text;
    } vectors[] = {{counting, "j57000820c20a1g7104gm2rc1m70ynr8"},
                   {{.table_number = 1}, "0400000000000000000000000000248"},
                   {ones, "j97fzzzzzzzzzzzzzzzzzzzzzzzzzm7a"}};
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        char text[ID_TEXT_SIZE_MAX + 1] = {0};
        size_t size = id_encode(&vectors[i].id, text);
        cr_expect_str_eq(text, vectors[i].text);
        cr_expect_eq(size, strlen(vectors[i].text));
        struct id decoded;
        cr_assert(id_decode(slice_of(vectors[i].text), &decoded));
        cr_expect(id_equal(&decoded, &vectors[i].id));
    }
}

Test(id, random_ids_come_back_from_their_text)
{
    uint64_t state = random_seed("id");
    for (unsigned round = 0; round < 50000; round++) {
        struct id id = random_id(&state);
        char text[ID_TEXT_SIZE_MAX];
        struct slice slice = slice_make(text, id_encode(&id, text));
        cr_assert(slice.size >= ID_TEXT_SIZE_MIN && slice.size <= ID_TEXT_SIZE_MAX);
        struct id decoded;
        cr_assert(id_decode(slice, &decoded));
        cr_assert(id_equal(&id, &decoded));
        cr_assert_eq(id_table_number(slice), id.table_number);
    }
}

Test(id, a_change_of_any_one_character_is_refused)
{
    uint64_t state = random_seed("id");
    for (unsigned round = 0; round < 200; round++) {
        struct id id = random_id(&state);
        char text[ID_TEXT_SIZE_MAX];
        size_t size = id_encode(&id, text);
        for (size_t at = 0; at < size; at++) {
            char right = text[at];
            for (unsigned byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                struct id decoded;
                cr_assert_eq(id_decode(slice_make(text, size), &decoded), text[at] == right,
                             "byte %u at %zu of %.*s", byte, at, (int)size, text);
            }
            text[at] = right;
        }
    }
}

/* The plain reading of the format, bit by bit: what the fast one must agree with. */
static size_t model_decode(const char *text, size_t size, uint8_t *bytes)
{
    size_t bits = 0;
    memset(bytes, 0, 64);
    for (size_t i = 0; i < size; i++) {
        unsigned value = (unsigned)(strchr(digits, text[i]) - digits);
        for (unsigned bit = 0; bit < 5; bit++, bits++) {
            if ((value >> (4 - bit) & 1) != 0) {
                bytes[bits / 8] = (uint8_t)(bytes[bits / 8] | 0x80 >> bits % 8);
            }
        }
    }
    return bits / 8;
}

/* The hint begins with the character that says the body's first bit. */
Test(id, the_hint_is_the_first_eight_characters_that_say_bits_of_the_body)
{
    uint64_t state = random_seed("id");
    for (unsigned round = 0; round < 5000; round++) {
        struct id id = random_id(&state);
        char text[ID_TEXT_SIZE_MAX];
        size_t text_size = id_encode(&id, text);
        size_t number_size = text_size * 5 / 8 - ID_BODY_SIZE - 2;
        uint64_t expected = 0;
        for (size_t i = 0; i < 8; i++) {
            expected = expected << 8 | (uint8_t)text[number_size * 8 / 5 + i];
        }
        cr_assert_eq(id_hint(slice_make(text, text_size)), expected);
    }
}

Test(id, hints_order_as_the_texts_of_one_table_do)
{
    uint64_t state = random_seed("id");
    for (unsigned round = 0; round < 5000; round++) {
        struct id a = random_id(&state);
        struct id b = random_id(&state);
        b.table_number = a.table_number;
        b.body[0] = (uint8_t)(a.body[0] + random_next(&state) % 2);
        char a_text[ID_TEXT_SIZE_MAX];
        char b_text[ID_TEXT_SIZE_MAX];
        struct slice a_slice = slice_make(a_text, id_encode(&a, a_text));
        struct slice b_slice = slice_make(b_text, id_encode(&b, b_text));
        uint64_t a_hint = id_hint(a_slice);
        uint64_t b_hint = id_hint(b_slice);
        if (a_hint != b_hint) {
            cr_assert_eq(a_hint < b_hint, slice_compare(a_slice, b_slice) < 0);
        }
    }
}

/* Builds texts with a right footer around a wrong table number, or with fill bits set. */
static size_t model_encode(const uint8_t *bytes, size_t size, char *text)
{
    size_t text_size = (size * 8 + 4) / 5;
    for (size_t i = 0; i < text_size; i++) {
        unsigned value = 0;
        for (size_t bit = i * 5; bit < i * 5 + 5; bit++) {
            unsigned byte = bit / 8 < size ? bytes[bit / 8] : 0;
            value = value << 1 | (byte >> (7 - bit % 8) & 1);
        }
        text[i] = digits[value];
    }
    return text_size;
}

static void model_append_footer(uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    uint8_t sum_of_sums = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
        sum_of_sums = (uint8_t)(sum_of_sums + sum);
    }
    bytes[size] = sum;
    bytes[size + 1] = sum_of_sums;
}

Test(id, a_table_number_that_is_longer_than_needed_or_no_number_is_refused)
{
    const struct {
        uint8_t number[6];
        size_t size;
        bool right;
    } cases[] = {{{0x01}, 1, true},
                 {{0x00}, 1, false},
                 {{0x80, 0x00}, 2, false},
                 {{0x81, 0x00}, 2, false},
                 {{0x81, 0x01}, 2, true},
                 {{0x01, 0x01}, 2, false},
                 {{0x81, 0x80, 0x00}, 3, false},
                 {{0xff, 0xff, 0xff, 0xff, 0x0f}, 5, true},
                 {{0xff, 0xff, 0xff, 0xff, 0x1f}, 5, false},
                 {{0xff, 0xff, 0xff, 0xff, 0x8f}, 5, false},
                 {{0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 6, false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[32] = {0};
        memcpy(bytes, cases[i].number, cases[i].size);
        model_append_footer(bytes, cases[i].size + ID_BODY_SIZE);
        char text[64];
        size_t size = model_encode(bytes, cases[i].size + ID_BODY_SIZE + 2, text);
        struct id id;
        cr_expect_eq(id_decode(slice_make(text, size), &id), cases[i].right, "case %zu", i);
    }
}

Test(id, the_model_and_the_code_read_the_same_bytes)
{
    uint64_t state = random_seed("id");
    for (unsigned round = 0; round < 2000; round++) {
        struct id id = random_id(&state);
        char text[ID_TEXT_SIZE_MAX];
        size_t size = id_encode(&id, text);
        uint8_t bytes[64];
        size_t byte_count = model_decode(text, size, bytes);
        size_t body_at = byte_count - ID_BODY_SIZE - 2;
        cr_assert_arr_eq(bytes + body_at, id.body, ID_BODY_SIZE);
        uint8_t written[64];
        memcpy(written, bytes, sizeof(written));
        model_append_footer(written, byte_count - 2);
        cr_assert_arr_eq(written, bytes, sizeof(written));
    }
}

Test(id, fill_bits_that_are_not_zero_are_refused)
{
    static const uint32_t numbers[] = {1, 10001, 20000, 3000000, 300000000};
    static const unsigned fill_bits[] = {3, 0, 2, 4, 1};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct id id = {.table_number = numbers[i]};
        char text[ID_TEXT_SIZE_MAX];
        size_t size = id_encode(&id, text);
        unsigned last = (unsigned)(strchr(digits, text[size - 1]) - digits);
        for (unsigned fill = 1; fill < 1u << fill_bits[i]; fill++) {
            text[size - 1] = digits[last | fill];
            struct id decoded;
            cr_expect_not(id_decode(slice_make(text, size), &decoded));
        }
    }
}

Test(id, other_texts_are_no_ids)
{
    static const char *texts[] = {"",
                                  "j57",
                                  "J57000820C20A1G7104GM2RC1M70YNR8",
                                  "j57000820c20a1g7104gm2rc1m70ynr80",
                                  "j57000820c20a1g7104gm2rc1m70ynr",
                                  " 57000820c20a1g7104gm2rc1m70ynr8",
                                  "j57ooo820c20a1g7104gm2rc1m70ynr8",
                                  "00000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        cr_expect_eq(id_table_number(slice_of(texts[i])), 0, "%s", texts[i]);
    }
}
