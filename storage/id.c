/* Ids between their text and their bytes; storage/id.h has the format.
 *
 * Text is handled in groups of eight characters, which are five bytes, which are 40 bits of a
 * 64-bit integer. The bytes of an id are padded with zeros to whole groups on both ways, so that
 * the fill bits of the last character need no case of their own. */
#include "storage/id.h"

#include <assert.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define GROUP_SIZE       5 /* bytes */
#define GROUP_TEXT_SIZE  8 /* characters */
#define GROUP_COUNT_MAX  5
#define FOOTER_SIZE      2
#define COMMON_TEXT_SIZE 32 /* of an id whose table number has two bytes */
#define BYTES_SIZE       (GROUP_COUNT_MAX * GROUP_SIZE + 3) /* room to move a group as a word */
#define NOT_A_DIGIT      0xff

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

/* Unrolled by hand, as compilers do not at -O2. */
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

#ifdef __SSE2__
/* The eight values of a group, the first in the lowest byte: halves are parted, then quarters, then
 * eighths. */
static inline uint64_t group_part(uint64_t group)
{
    uint64_t halves = (group & 0xfffff) << 32 | (group >> 20 & 0xfffff);
    uint64_t quarters = (halves & 0x000003ff000003ff) << 16 | (halves >> 10 & 0x000003ff000003ff);
    return (quarters & 0x001f001f001f001f) << 8 | (quarters >> 5 & 0x001f001f001f001f);
}

/* Adds one to the characters whose values are greater than `value`: a letter is left out there. */
static inline __m128i leave_gap(__m128i characters, __m128i values, char value)
{
    return _mm_sub_epi8(characters, _mm_cmpgt_epi8(values, _mm_set1_epi8(value)));
}

static inline void groups_write(char *text, uint64_t first, uint64_t second)
{
    __m128i values = _mm_set_epi64x((long long)group_part(second), (long long)group_part(first));
    __m128i is_letter = _mm_cmpgt_epi8(values, _mm_set1_epi8(9));
    __m128i to_letter = _mm_and_si128(is_letter, _mm_set1_epi8('a' - 10 - '0'));
    __m128i characters = _mm_add_epi8(_mm_add_epi8(values, _mm_set1_epi8('0')), to_letter);
    characters = leave_gap(characters, values, 17); /* i */
    characters = leave_gap(characters, values, 19); /* l */
    characters = leave_gap(characters, values, 21); /* o */
    characters = leave_gap(characters, values, 26); /* u */
    _mm_storeu_si128((__m128i *)(void *)text, characters);
}
#else
static inline void groups_write(char *text, uint64_t first, uint64_t second)
{
    group_write(text, first);
    group_write(text + GROUP_TEXT_SIZE, second);
}
#endif

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

#ifdef __SSE2__
/* Letters behind `gap`, which is no digit, are worth one less than their distance from `a`. */
static inline void skip_gap(__m128i bytes, char gap, __m128i *letter, __m128i *is_gap)
{
    __m128i gaps = _mm_set1_epi8(gap);
    *is_gap = _mm_or_si128(*is_gap, _mm_cmpeq_epi8(bytes, gaps));
    *letter = _mm_add_epi8(*letter, _mm_cmpgt_epi8(bytes, gaps));
}

/* What 16 characters are worth, where all of them are digits. Errors: false where one is no digit.
 */
static inline bool digits_read(const char *text, __m128i *values)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)text);
    __m128i number = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(bytes, _mm_set1_epi8('a' - 10));
    __m128i is_number = _mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8(9)), number);
    __m128i is_letter = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('a' - 1)),
                                      _mm_cmplt_epi8(bytes, _mm_set1_epi8('z' + 1)));
    __m128i is_gap = _mm_setzero_si128();
    skip_gap(bytes, 'i', &letter, &is_gap);
    skip_gap(bytes, 'l', &letter, &is_gap);
    skip_gap(bytes, 'o', &letter, &is_gap);
    skip_gap(bytes, 'u', &letter, &is_gap);
    __m128i is_digit = _mm_andnot_si128(is_gap, _mm_or_si128(is_number, is_letter));
    *values = _mm_or_si128(_mm_and_si128(is_number, number), _mm_and_si128(is_letter, letter));
    return _mm_movemask_epi8(is_digit) == 0xffff;
}

/* Reads two groups: neighbours are joined to 10 bits, then to 20, then to 40.
 * Errors: false where a character is no digit. */
static inline bool groups_read(const char *text, uint64_t *first, uint64_t *second)
{
    __m128i values;
    bool are_digits = digits_read(text, &values);
    __m128i tens = _mm_or_si128(_mm_and_si128(_mm_slli_epi16(values, 5), _mm_set1_epi16(0x03e0)),
                                _mm_srli_epi16(values, 8));
    __m128i twenties = _mm_madd_epi16(tens, _mm_set1_epi32(1 << 16 | 1 << 10));
    __m128i upper = _mm_srli_epi64(_mm_slli_epi64(twenties, 44), 24);
    __m128i forties = _mm_or_si128(upper, _mm_srli_epi64(twenties, 32));
    uint64_t groups[2];
    _mm_storeu_si128((__m128i *)(void *)groups, forties);
    *first = groups[0];
    *second = groups[1];
    return are_digits;
}
#else
/* Reads two groups. Errors: false where a character is no digit. */
static inline bool groups_read(const char *text, uint64_t *first, uint64_t *second)
{
    uint64_t seen = 0;
    *first = group_read(text, &seen);
    *second = group_read(text + GROUP_TEXT_SIZE, &seen);
    return (seen & 0x80) == 0;
}
#endif

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

/* The two bytes of the footer for a table number of `number_size` bytes and the body behind it, of
 * two words; the first in the low byte. */
static inline uint16_t footer_of_words(const uint8_t *number, size_t number_size, uint64_t first,
                                       uint64_t second)
{
    struct fletcher footer = {0};
    for (size_t i = 0; i < number_size; i++) {
        footer.sum += number[i];
        footer.sum_of_sums += footer.sum;
    }
    fletcher_add_word(&footer, first);
    fletcher_add_word(&footer, second);
    return (uint16_t)((footer.sum_of_sums & 0xff) << 8 | (footer.sum & 0xff));
}

static inline uint16_t footer_of(const uint8_t *bytes, size_t number_size)
{
    const uint8_t *body = bytes + number_size;
    return footer_of_words(bytes, number_size, word_load(body), word_load(body + 8));
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

/* Ids of table numbers of two bytes, which nearly all have: four groups, of which the first begins
 * with the number and the last ends with the footer. Their bytes stay in registers. */

static void encode_common(const struct id *id, char text[COMMON_TEXT_SIZE])
{
    uint8_t number[2] = {(uint8_t)(id->table_number | 0x80), (uint8_t)(id->table_number >> 7)};
    uint64_t first = word_load(id->body);
    uint64_t second = word_load(id->body + 8);
    uint64_t footer = footer_of_words(number, sizeof(number), first, second);
    groups_write(text, (uint64_t)number[0] << 32 | (uint64_t)number[1] << 24 | first >> 40, first);
    groups_write(text + 16, second >> 24,
                 (second & 0xffffff) << 16 | (footer & 0xff) << 8 | footer >> 8);
}

/* Errors: false where `text` is not an id. */
static inline bool decode_common(const char text[COMMON_TEXT_SIZE], struct id *id)
{
    uint64_t a;
    uint64_t b;
    uint64_t c;
    uint64_t d;
    if (!groups_read(text, &a, &b) || !groups_read(text + 16, &c, &d)) {
        return false;
    }
    uint8_t number[2] = {(uint8_t)(a >> 32), (uint8_t)(a >> 24)};
    uint64_t first = a << 40 | b;
    uint64_t second = c << 24 | d >> 16;
    uint64_t footer = footer_of_words(number, sizeof(number), first, second);
    id->table_number = number_read(number, sizeof(number));
    word_store(id->body, first);
    word_store(id->body + 8, second);
    return id->table_number != 0 && ((footer & 0xff) << 8 | footer >> 8) == (d & 0xffff);
}

static size_t encode_any(const struct id *id, char text[ID_TEXT_SIZE_MAX])
{
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

size_t id_encode(const struct id *id, char text[ID_TEXT_SIZE_MAX])
{
    assert(id->table_number > 0);
    if (LIKELY(id->table_number >= 1u << 7 && id->table_number < 1u << 14)) {
        encode_common(id, text);
        return COMMON_TEXT_SIZE;
    }
    return encode_any(id, text);
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

static bool decode_any(struct slice text, struct id *id)
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

static inline bool decode(struct slice text, struct id *id)
{
    if (LIKELY(text.size == COMMON_TEXT_SIZE)) {
        return decode_common(text.data, id);
    }
    return decode_any(text, id);
}

bool id_decode(struct slice text, struct id *id)
{
    return decode(text, id);
}

uint32_t id_table_number(struct slice text)
{
    struct id id;
    return decode(text, &id) ? id.table_number : 0;
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
