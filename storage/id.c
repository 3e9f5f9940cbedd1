/* Ids between their text and their bytes; storage/id.h has the format.
 *
 * Text is handled in groups of eight characters, which are five bytes, which are 40 bits of a
 * 64-bit integer. The bytes of an id are padded with zeros to whole groups on both ways, so that
 * the fill bits of the last character need no case of their own. */
#include "storage/id.h"

#include <assert.h>

#define GROUP_SIZE      5 /* bytes */
#define GROUP_TEXT_SIZE 8 /* characters */
#define GROUP_COUNT_MAX 5
#define FOOTER_SIZE     2
#define BYTES_SIZE      (GROUP_COUNT_MAX * GROUP_SIZE + 3) /* room to move a group as a word */
#define NOT_A_DIGIT     0xff

static const char digits[33] = "0123456789abcdefghjkmnpqrstvwxyz";

#define X NOT_A_DIGIT
/* What a character is worth; upper case and the letters i, l, o, u are worth nothing. */
static const uint8_t digit_values[256] = {
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  10, 11, 12, 13, 14, 15, 16, 17, X, 18, 19, X, 20, 21, X, 22, 23, 24, 25, 26, X, 27, 28,
    29, 30, 31, X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X, X,  X,  X,  X,  X,  X, X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X, X,  X,  X, X,  X,  X};
#undef X

/* How many bytes the table number of a text of a size has; 0 where no id has that size. */
static const uint8_t number_sizes[ID_TEXT_SIZE_MAX + 1] = {
    [31] = 1, [32] = 2, [34] = 3, [36] = 4, [37] = 5};

/* Eight bytes, the first the most significant. Compilers make one load of this. */
static inline uint64_t word_load(const uint8_t *bytes)
{
    return (uint64_t)bytes[0] << 56 | (uint64_t)bytes[1] << 48 | (uint64_t)bytes[2] << 40 |
           (uint64_t)bytes[3] << 32 | (uint64_t)bytes[4] << 24 | (uint64_t)bytes[5] << 16 |
           (uint64_t)bytes[6] << 8 | (uint64_t)bytes[7];
}

static inline void word_store(uint8_t *bytes, uint64_t word)
{
    bytes[0] = (uint8_t)(word >> 56);
    bytes[1] = (uint8_t)(word >> 48);
    bytes[2] = (uint8_t)(word >> 40);
    bytes[3] = (uint8_t)(word >> 32);
    bytes[4] = (uint8_t)(word >> 24);
    bytes[5] = (uint8_t)(word >> 16);
    bytes[6] = (uint8_t)(word >> 8);
    bytes[7] = (uint8_t)word;
}

/* Groups move as words, of which the last three bytes do not belong to them. */
static inline uint64_t group_load(const uint8_t *bytes)
{
    return word_load(bytes) >> 24;
}

static inline void group_store(uint8_t *bytes, uint64_t group)
{
    word_store(bytes, group << 24);
}

/* Unrolled by hand, as compilers do not at -O2: a quarter of the time of an encode. */
static inline void group_write(char *text, uint64_t group)
{
    text[0] = digits[group >> 35 & 31];
    text[1] = digits[group >> 30 & 31];
    text[2] = digits[group >> 25 & 31];
    text[3] = digits[group >> 20 & 31];
    text[4] = digits[group >> 15 & 31];
    text[5] = digits[group >> 10 & 31];
    text[6] = digits[group >> 5 & 31];
    text[7] = digits[group & 31];
}

static inline uint64_t digit_of(char character)
{
    return digit_values[(uint8_t)character];
}

/* The bits of eight characters. `*seen` collects the values, so that its bit 7 tells whether one
 * of the characters was no digit. Pairs are joined to pairs, so that no value waits for all those
 * before it. */
static inline uint64_t group_read(const char *text, uint64_t *seen)
{
    uint64_t a = digit_of(text[0]);
    uint64_t b = digit_of(text[1]);
    uint64_t c = digit_of(text[2]);
    uint64_t d = digit_of(text[3]);
    uint64_t e = digit_of(text[4]);
    uint64_t f = digit_of(text[5]);
    uint64_t g = digit_of(text[6]);
    uint64_t h = digit_of(text[7]);
    *seen |= ((a | b) | (c | d)) | ((e | f) | (g | h));
    return ((a << 5 | b) << 10 | (c << 5 | d)) << 20 | ((e << 5 | f) << 10 | (g << 5 | h));
}

struct fletcher {
    uint64_t sum;
    uint64_t sum_of_sums;
};

/* Adds eight bytes at once. The odd and the even ones stand in four lanes of 16 bits each; a
 * product's top lane is then the sum of the lanes, weighed by how often each byte enters the sum
 * of sums (8 times the first, once the last). No lane overflows: 255 * (8 + 6 + 4 + 2) < 65536. */
static inline void fletcher_add_word(struct fletcher *footer, uint64_t word)
{
    uint64_t first = word >> 8 & 0x00ff00ff00ff00ff;
    uint64_t second = word & 0x00ff00ff00ff00ff;
    uint64_t weighed = (first * 0x0002000400060008 >> 48) + (second * 0x0001000300050007 >> 48);
    footer->sum_of_sums += 8 * footer->sum + weighed;
    footer->sum += (first + second) * 0x0001000100010001 >> 48;
}

/* The two bytes of the footer for a table number of `number_size` bytes and the body behind it,
 * the first in the low byte. */
static inline uint16_t footer_of(const uint8_t *bytes, size_t number_size)
{
    struct fletcher footer = {0};
    for (size_t i = 0; i < number_size; i++) {
        footer.sum += bytes[i];
        footer.sum_of_sums += footer.sum;
    }
    fletcher_add_word(&footer, word_load(bytes + number_size));
    fletcher_add_word(&footer, word_load(bytes + number_size + 8));
    return (uint16_t)((footer.sum_of_sums & 0xff) << 8 | (footer.sum & 0xff));
}

static inline size_t number_write(uint8_t *bytes, uint32_t number)
{
    size_t size = 0;
    while (number >= 0x80) {
        bytes[size] = (uint8_t)(number | 0x80);
        number >>= 7;
        size += 1;
    }
    bytes[size] = (uint8_t)number;
    return size + 1;
}

/* Reads a table number that must fill `size` bytes; 0 where it does not or is no table's. */
static inline uint32_t number_read(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        bool is_last = i + 1 == size;
        if ((bytes[i] & 0x80) != (is_last ? 0 : 0x80)) {
            return 0;
        }
        number |= (uint64_t)(bytes[i] & 0x7f) << 7 * i;
    }
    bool is_shortest = size == 1 || bytes[size - 1] != 0;
    return is_shortest && number <= UINT32_MAX ? (uint32_t)number : 0;
}

size_t id_encode(const struct id *id, char text[ID_TEXT_SIZE_MAX])
{
    assert(id->table_number > 0);
    uint8_t bytes[BYTES_SIZE] = {0};
    size_t number_size = number_write(bytes, id->table_number);
    memcpy(bytes + number_size, id->body, ID_BODY_SIZE);
    uint16_t footer = footer_of(bytes, number_size);
    size_t size = number_size + ID_BODY_SIZE + FOOTER_SIZE;
    bytes[size - 2] = (uint8_t)footer;
    bytes[size - 1] = (uint8_t)(footer >> 8);

    size_t text_size = (size * 8 + 4) / 5;
    char groups[GROUP_COUNT_MAX * GROUP_TEXT_SIZE];
    for (unsigned i = 0; i * GROUP_TEXT_SIZE < text_size; i++) {
        group_write(groups + i * GROUP_TEXT_SIZE, group_load(bytes + i * GROUP_SIZE));
    }
    memcpy(text, groups, text_size);
    assert(number_sizes[text_size] == number_size);
    return text_size;
}

/* Reads `text`, filled up with zeros. Errors: false where a character is no digit. */
static inline bool bytes_read(struct slice text, uint8_t bytes[BYTES_SIZE])
{
    uint64_t seen = 0;
    size_t whole = text.size / GROUP_TEXT_SIZE;
    size_t rest = text.size % GROUP_TEXT_SIZE;
    for (size_t i = 0; i < whole; i++) {
        group_store(bytes + i * GROUP_SIZE, group_read(text.data + i * GROUP_TEXT_SIZE, &seen));
    }
    if (rest > 0) {
        char last[GROUP_TEXT_SIZE];
        memset(last, '0', sizeof(last));
        memcpy(last, text.data + whole * GROUP_TEXT_SIZE, rest);
        group_store(bytes + whole * GROUP_SIZE, group_read(last, &seen));
    }
    return (seen & 0x80) == 0;
}

bool id_decode(struct slice text, struct id *id)
{
    if (text.size > ID_TEXT_SIZE_MAX || number_sizes[text.size] == 0) {
        return false;
    }
    uint8_t bytes[BYTES_SIZE] = {0};
    if (!bytes_read(text, bytes)) {
        return false;
    }
    size_t number_size = number_sizes[text.size];
    uint32_t number = number_read(bytes, number_size);
    size_t footer_at = number_size + ID_BODY_SIZE;
    uint16_t footer = (uint16_t)(bytes[footer_at] | bytes[footer_at + 1] << 8);
    bool fill_is_zero = bytes[footer_at + FOOTER_SIZE] == 0;
    if (number == 0 || !fill_is_zero || footer != footer_of(bytes, number_size)) {
        return false;
    }
    id->table_number = number;
    memcpy(id->body, bytes + number_size, ID_BODY_SIZE);
    return true;
}

uint32_t id_table_number(struct slice text)
{
    struct id id;
    return id_decode(text, &id) ? id.table_number : 0;
}

bool id_read_hint(struct slice text, uint64_t *hint)
{
    if (text.size > ID_TEXT_SIZE_MAX || number_sizes[text.size] == 0) {
        return false;
    }
    size_t first = number_sizes[text.size] * 8u / 5;
    *hint = word_load((const uint8_t *)text.data + first);
    return true;
}

uint64_t id_hint(struct slice text)
{
    uint64_t hint;
    bool read = id_read_hint(text, &hint);
    assert(read);
    return hint;
}
