/* The strict JSON reader.
 *
 * A recursive descent whose depth is bounded. Items and fields of open containers lie on a scratch
 * stack, which begins on the C stack, and are copied to the arena when their container closes. The
 * stack moves when it grows, so that nothing points into it while something is read.
 *
 * A container that comes out as TEXT keeps nothing but its extent in the source, and the names of
 * its fields while it is open, because they must differ. The whole read takes at most
 * JSON_TREE_NODES items and fields apart, so that no request costs much more memory than its
 * size.
 *
 * Two counters are compared between the opening and the closing of a container: `blemishes`, of
 * whatever is not canonical, tells whether its text must be rewritten, or may be kept; `unvetted`,
 * of whatever value_vet must look at, whether VALUE_FLAG_VETTED is set.
 *
 * Functions that read take where to read and return where they stopped, or NULL after an error;
 * then they have not set what they were to read. */
#include "base/json.h"

#include "base/json_rewrite.h"
#include "base/memory.h"
#include "base/text_scan.h"

#include <assert.h>
#include <stdint.h>
#include <xxhash.h>

#define SCRATCH_FIRST_SIZE   TINY_OR(64, 4096)
#define JSON_TREE_NODES      (8 * (size_t)JSON_TREE_ITEMS)
#define NAMES_PAIRWISE_MAX   TINY_OR(2, 8)
#define NUMBER_VETTED_DIGITS 15

struct reader {
    struct arena *arena;
    const char *start;
    const char *end;
    char *scratch;
    char *scratch_top; /* what is used ends here */
    char *scratch_end;
    size_t tree_nodes; /* items and fields taken apart so far */
    size_t blemishes;
    size_t unvetted;
    unsigned depth; /* containers open */
    unsigned depth_max;
    unsigned depth_seen;
    bool in_text; /* the innermost container comes out as TEXT */
    struct json_error *error;
    _Alignas(16) char scratch_first[SCRATCH_FIRST_SIZE];
};

/* What is to be known about a container when it closes. */
struct container {
    const char *start;
    size_t scratch; /* where its items begin, in bytes from the scratch stack's start */
    size_t blemishes;
    size_t unvetted;
    bool outer_in_text;
};

static const char *read_list(struct reader *reader, const char *at, struct value *value);
static const char *read_object(struct reader *reader, const char *at, struct value *value);

static const char *fail(struct reader *reader, const char *at, const char *message)
{
    *reader->error = (struct json_error){.status = JSON_SYNTAX,
                                         .offset = (size_t)(at - reader->start),
                                         .message = at < reader->end ? message : "text ends early"};
    return NULL;
}

/* The byte at `at`, or a zero, which JSON does not know, at the end. */
static inline char peek(const struct reader *reader, const char *at)
{
    return LIKELY(at < reader->end) ? *at : '\0';
}

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static NEVER_INLINE const char *skip_spaces(struct reader *reader, const char *at)
{
    const char *start = at;
    while (at < reader->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    reader->blemishes += at != start;
    return at;
}

/* Moves `*at` over white space; returns the byte there, as peek does. */
static ALWAYS_INLINE char next_byte(struct reader *reader, const char **at)
{
    char byte = peek(reader, *at);
    if (UNLIKELY((unsigned char)byte <= ' ')) {
        *at = skip_spaces(reader, *at);
        byte = peek(reader, *at);
    }
    return byte;
}

/* Steps over white space and the byte `expected`; says in `*found` whether it was there. White
 * space is looked for second: programs send none. */
static ALWAYS_INLINE const char *skip_byte(struct reader *reader, const char *at, char expected,
                                           bool *found)
{
    if (LIKELY(at < reader->end && *at == expected)) {
        *found = true;
        return at + 1;
    }
    *found = next_byte(reader, &at) == expected;
    return at + *found;
}

/* The scratch stack. */

static void grow_scratch(struct reader *reader, size_t more)
{
    size_t used = (size_t)(reader->scratch_top - reader->scratch);
    size_t size = (size_t)(reader->scratch_end - reader->scratch) * 2;
    while (size - used < more) {
        size *= 2;
    }
    if (reader->scratch == reader->scratch_first) {
        reader->scratch = memory_allocate(size);
        memcpy(reader->scratch, reader->scratch_first, used);
    } else {
        reader->scratch = memory_resize(reader->scratch, size);
    }
    reader->scratch_top = reader->scratch + used;
    reader->scratch_end = reader->scratch + size;
}

static inline void *push_scratch(struct reader *reader, size_t size)
{
    if (UNLIKELY((size_t)(reader->scratch_end - reader->scratch_top) < size)) {
        grow_scratch(reader, size);
    }
    void *top = reader->scratch_top;
    reader->scratch_top += size;
    return top;
}

static inline struct value text_value(struct slice text, bool vetted)
{
    return (struct value){.kind = VALUE_TEXT,
                          .flags = vetted ? VALUE_FLAG_VETTED : 0,
                          .size = (uint32_t)text.size,
                          .text = text.data};
}

/* Moves the parts of a container that ends before `end` from the scratch stack to the arena, behind
 * the container's text. */
static inline void *take_parts(struct reader *reader, const struct container *container,
                               const char *end, size_t count)
{
    char *first = reader->scratch + container->scratch;
    size_t size = (size_t)(reader->scratch_top - first);
    struct slice *text = arena_allocate(reader->arena, sizeof(*text) + size);
    *text = slice_make(container->start, (size_t)(end - container->start));
    memcpy(text + 1, first, size);
    reader->scratch_top = first;
    reader->tree_nodes += count;
    return text + 1;
}

/* Strings. */

/* The bytes of the well-formed UTF-8 sequence at `at`, which does not begin with ASCII, or 0. */
static unsigned utf8_sequence_size(const char *at, const char *end)
{
    const unsigned char *bytes = (const unsigned char *)at;
    unsigned char lead = bytes[0];
    unsigned size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || (size_t)(end - at) < size) {
        return 0;
    }
    for (unsigned i = 1; i < size; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xF0 && bytes[1] < 0x90);
    bool surrogate = lead == 0xED && bytes[1] > 0x9F;
    bool too_large = lead == 0xF4 && bytes[1] > 0x8F;
    return overlong || surrogate || too_large ? 0 : size;
}

static const char *read_utf8(struct reader *reader, const char *at)
{
    while (at < reader->end && (unsigned char)*at >= 0x80) {
        unsigned size = utf8_sequence_size(at, reader->end);
        if (size == 0) {
            return fail(reader, at, "invalid UTF-8");
        }
        at += size;
    }
    return at;
}

/* True for the one way in which a \u escape is canonical. */
static bool is_canonical_unicode(int code, const char *digits)
{
    bool has_short_form =
        code == '\b' || code == '\t' || code == '\n' || code == '\f' || code == '\r';
    bool upper_case = digits[3] >= 'A' && digits[3] <= 'F';
    return code < 0x20 && !has_short_form && !upper_case;
}

static const char *read_unicode(struct reader *reader, const char *at)
{
    int code = reader->end - at >= 6 ? json_hex4(at + 2) : -1;
    if (code < 0) {
        return fail(reader, at, "expected four hexadecimal digits");
    }
    reader->blemishes += !is_canonical_unicode(code, at + 2);
    if (code < 0xD800 || code > 0xDFFF) {
        return at + 6;
    }
    bool paired = code < 0xDC00 && reader->end - at >= 12 && at[6] == '\\' && at[7] == 'u';
    int low = paired ? json_hex4(at + 8) : -1;
    if (low < 0xDC00 || low > 0xDFFF) {
        return fail(reader, at, "lone surrogate");
    }
    return at + 12;
}

static const char *read_escape(struct reader *reader, const char *at)
{
    switch (peek(reader, at + 1)) {
    case '"':
    case '\\':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return at + 2;
    case '/':
        reader->blemishes++;
        return at + 2;
    case 'u':
        return read_unicode(reader, at);
    default:
        return fail(reader, at + 1, "unknown escape");
    }
}

/* What is not plain ASCII up to a quote: from the first special byte on. */
static const char *read_string_rest(struct reader *reader, const char *at)
{
    while (at != NULL && at < reader->end && *at != '"') {
        if (*at == '\\') {
            at = read_escape(reader, at);
        } else if ((unsigned char)*at >= 0x80) {
            at = read_utf8(reader, at);
        } else {
            return fail(reader, at, "control character in a string");
        }
        if (at != NULL) {
            at = text_find_special(at, reader->end, true);
        }
    }
    if (at == reader->end) {
        return fail(reader, at, "text ends early");
    }
    return at;
}

/* A canonical copy of `text`, which is valid and ends up no longer. */
static struct slice rewrite(struct reader *reader, struct slice text)
{
    char *copy = arena_allocate(reader->arena, text.size);
    size_t size = (size_t)(json_rewrite(copy, text) - copy);
    assert(size <= text.size);
    arena_trim(reader->arena, copy, text.size, size);
    return slice_make(copy, size);
}

/* Reads on behind `special`, the first byte of the string at `at` that is not plain ASCII; sets
 * `*text` to the string in canonical form, with its quotes. */
static NEVER_INLINE const char *read_special_string(struct reader *reader, const char *at,
                                                    const char *special, struct slice *text)
{
    size_t blemishes = reader->blemishes;
    const char *quote = read_string_rest(reader, special);
    if (quote == NULL) {
        return NULL;
    }
    *text = slice_make(at, (size_t)(quote + 1 - at));
    if (reader->blemishes != blemishes) {
        *text = rewrite(reader, *text);
    }
    return quote + 1;
}

/* Sets `*text` to the string whose opening quote is at `at`, in canonical form, with its
 * quotes. */
static inline const char *read_string(struct reader *reader, const char *at, struct slice *text)
{
    const char *quote = text_find_special(at + 1, reader->end, true);
    if (LIKELY(quote < reader->end && *quote == '"')) {
        *text = slice_make(at, (size_t)(quote + 1 - at));
        return quote + 1;
    }
    return read_special_string(reader, at, quote, text);
}

static inline const char *read_name(struct reader *reader, const char *at, struct slice *name)
{
    bool found;
    at = skip_byte(reader, at, '"', &found);
    if (UNLIKELY(!found)) {
        return fail(reader, at, "expected a name");
    }
    at = read_string(reader, at - 1, name);
    if (LIKELY(at != NULL)) {
        *name = slice_make(name->data + 1, name->size - 2);
        if (UNLIKELY(*name->data == '$')) {
            reader->unvetted++;
        }
    }
    return at;
}

static ALWAYS_INLINE const char *read_string_value(struct reader *reader, const char *at,
                                                   struct value *value)
{
    struct slice text;
    at = read_string(reader, at, &text);
    if (LIKELY(at != NULL)) {
        *value = text_value(text, true);
    }
    return at;
}

/* Numbers and literals. */

static inline const char *skip_digits(const struct reader *reader, const char *at)
{
    const char *end = reader->end;
    while (at < end && is_digit(*at)) {
        at++;
    }
    return at;
}

static const char *read_exponent(struct reader *reader, const char *at)
{
    char sign = peek(reader, ++at);
    at += sign == '-' || sign == '+';
    if (!is_digit(peek(reader, at))) {
        return fail(reader, at, "expected a digit");
    }
    return skip_digits(reader, at);
}

/* Reads the fraction and the exponent of a number whose integer part ends at `at`; `*vetted` is
 * cleared where there is an exponent. */
static NEVER_INLINE const char *read_number_rest(struct reader *reader, const char *at,
                                                 bool *vetted)
{
    if (peek(reader, at) == '.') {
        if (!is_digit(peek(reader, at + 1))) {
            return fail(reader, at + 1, "expected a digit");
        }
        at = skip_digits(reader, at + 1);
    }
    if (peek(reader, at) == 'e' || peek(reader, at) == 'E') {
        *vetted = false;
        at = read_exponent(reader, at);
    }
    return at;
}

static inline const char *read_number(struct reader *reader, const char *start, struct value *value)
{
    const char *first = start + (*start == '-');
    const char *at = skip_digits(reader, first);
    if (UNLIKELY(at == first)) {
        return fail(reader, at, "expected a digit");
    }
    if (UNLIKELY(*first == '0' && at > first + 1)) {
        return fail(reader, first + 1, "digit after a leading zero");
    }
    char byte = peek(reader, at);
    bool vetted = true;
    if (byte == '.' || (byte | 0x20) == 'e') {
        at = read_number_rest(reader, at, &vetted);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
    }
    if (!vetted || at - first > NUMBER_VETTED_DIGITS) {
        vetted = false;
        reader->unvetted++;
    }
    *value = text_value(slice_make(start, (size_t)(at - start)), vetted);
    return at;
}

static inline const char *read_literal(struct reader *reader, const char *at, struct slice literal,
                                       enum value_kind kind, struct value *value)
{
    size_t left = (size_t)(reader->end - at);
    if (left < literal.size || memcmp(at, literal.data, literal.size) != 0) {
        return fail(reader, at, "expected a value");
    }
    *value = (struct value){.kind = (uint8_t)kind, .flags = VALUE_FLAG_VETTED};
    return at + literal.size;
}

/* Names that are given twice. */

static inline bool names_equal(struct slice a, struct slice b)
{
    return a.size == b.size &&
           (a.size == 0 || (*a.data == *b.data && memcmp(a.data, b.data, a.size) == 0));
}

static const struct value_field *find_twice_pairwise(const struct value_field *fields,
                                                     uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (UNLIKELY(names_equal(fields[i].name, fields[j].name))) {
                return &fields[i];
            }
        }
    }
    return NULL;
}

/* Whether the names differ for sure: by size and first byte. An empty name's is its quote. */
static inline bool names_differ(const struct value_field *fields, uint32_t count)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t mark = (unsigned char)*fields[i].name.data + fields[i].name.size * 8;
        uint64_t bit = (uint64_t)1 << (mark & 63);
        if (seen & bit) {
            return false;
        }
        seen |= bit;
    }
    return true;
}

/* An open hash set in `table`, of `size` slots, a power of two. A slot is 0 or holds the upper
 * half of a hash and the position of a field, plus 1. */
static const struct value_field *find_twice_hashed(const struct value_field *fields, uint32_t count,
                                                   uint64_t *table, size_t size, uint64_t seed)
{
    for (uint32_t i = 0; i < count; i++) {
        struct slice name = fields[i].name;
        uint64_t hash = XXH3_64bits_withSeed(name.data, name.size, seed);
        uint64_t tag = hash & ~(uint64_t)UINT32_MAX;
        size_t slot = hash & (size - 1);
        for (; table[slot] != 0; slot = (slot + 1) & (size - 1)) {
            uint32_t other = (uint32_t)table[slot] - 1;
            if ((table[slot] & ~(uint64_t)UINT32_MAX) == tag &&
                names_equal(name, fields[other].name)) {
                return &fields[i];
            }
        }
        table[slot] = tag | (i + 1);
    }
    return NULL;
}

/* The first of the `count` fields from `base` on the scratch stack whose name an earlier one has,
 * or NULL. Where the stack and the arena lie is what a client cannot know about the seed. */
static const struct value_field *find_twice(struct reader *reader, size_t base, uint32_t count)
{
    const struct value_field *fields = (const void *)(reader->scratch + base);
    if (LIKELY(count <= NAMES_PAIRWISE_MAX)) {
        return names_differ(fields, count) ? NULL : find_twice_pairwise(fields, count);
    }
    size_t size = 4;
    while (size < (size_t)count * 2) {
        size *= 2;
    }
    uint64_t *table = push_scratch(reader, size * sizeof(*table));
    memset(table, 0, size * sizeof(*table));
    uint64_t seed = (uint64_t)(uintptr_t)reader ^ (uint64_t)(uintptr_t)reader->arena << 24;
    reader->scratch_top = (char *)table;
    return find_twice_hashed((const void *)(reader->scratch + base), count, table, size, seed);
}

static const char *fail_twice(struct reader *reader, const char *object,
                              const struct value_field *field)
{
    bool in_source = field->name.data > reader->start && field->name.data < reader->end;
    return fail(reader, in_source ? field->name.data - 1 : object, "name given twice");
}

/* Containers. */

static inline bool open_container(struct reader *reader, const char *at,
                                  struct container *container)
{
    if (UNLIKELY(reader->depth == reader->depth_max)) {
        fail(reader, at, "nested too deeply");
        reader->error->status = JSON_DEPTH;
        return false;
    }
    *container = (struct container){.start = at,
                                    .scratch = (size_t)(reader->scratch_top - reader->scratch),
                                    .blemishes = reader->blemishes,
                                    .unvetted = reader->unvetted,
                                    .outer_in_text = reader->in_text};
    reader->depth++;
    if (reader->depth > reader->depth_seen) {
        reader->depth_seen = reader->depth;
    }
    reader->unvetted += reader->depth > JSON_VETTED_LEVELS;
    if (UNLIKELY(reader->depth > JSON_TREE_LEVELS || reader->tree_nodes >= JSON_TREE_NODES)) {
        reader->in_text = true;
    }
    return true;
}

static inline unsigned container_flags(const struct reader *reader,
                                       const struct container *container)
{
    unsigned vetted = reader->unvetted == container->unvetted ? VALUE_FLAG_VETTED : 0;
    return reader->blemishes == container->blemishes ? vetted | VALUE_FLAG_TEXT_KEPT : vetted;
}

/* The value of a container that ends before `end` and is not taken apart; drops its parts. */
static struct value close_text(struct reader *reader, const struct container *container,
                               const char *end)
{
    struct slice text = slice_make(container->start, (size_t)(end - container->start));
    if (reader->blemishes != container->blemishes && !container->outer_in_text) {
        text = rewrite(reader, text);
    }
    reader->scratch_top = reader->scratch + container->scratch;
    return text_value(text, reader->unvetted == container->unvetted);
}

static inline void close_container(struct reader *reader, const struct container *container)
{
    reader->in_text = container->outer_in_text;
    reader->depth--;
}

static inline void close_list(struct reader *reader, const struct container *container,
                              const char *end, uint32_t count, struct value *value)
{
    if (UNLIKELY(reader->in_text)) {
        *value = close_text(reader, container, end);
    } else {
        *value = value_from_items(take_parts(reader, container, end, count), count);
        value->flags = (uint8_t)container_flags(reader, container);
    }
    close_container(reader, container);
}

static inline void close_object(struct reader *reader, const struct container *container,
                                const char *end, uint32_t count, struct value *value)
{
    const struct value_field *fields = (const void *)(reader->scratch + container->scratch);
    bool encoding = count == 1 && fields->name.size > 0 && *fields->name.data == '$';
    if (UNLIKELY(reader->in_text || encoding)) {
        *value = close_text(reader, container, end);
    } else {
        *value = value_from_fields(take_parts(reader, container, end, count), count);
        value->flags = (uint8_t)container_flags(reader, container);
    }
    close_container(reader, container);
}

/* Reads a value that does not begin with its quote at once. */
static NEVER_INLINE const char *read_other(struct reader *reader, const char *at,
                                           struct value *value)
{
    switch (next_byte(reader, &at)) {
    case '"':
        return read_string_value(reader, at, value);
    case '{':
        return read_object(reader, at, value);
    case '[':
        return read_list(reader, at, value);
    case 't':
        return read_literal(reader, at, SLICE("true"), VALUE_TRUE, value);
    case 'f':
        return read_literal(reader, at, SLICE("false"), VALUE_FALSE, value);
    case 'n':
        return read_literal(reader, at, SLICE("null"), VALUE_NULL, value);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(reader, at, value);
    default:
        return fail(reader, at, "expected a value");
    }
}

/* Strings, which are most of what is sent, are read without a call. */
static ALWAYS_INLINE const char *read_value(struct reader *reader, const char *at,
                                            struct value *value)
{
    if (at < reader->end && *at == '"') {
        return read_string_value(reader, at, value);
    }
    struct value other;
    at = read_other(reader, at, &other);
    *value = other;
    return at;
}

/* What must happen behind an item or a field: returns the next one, or the closing bracket with
 * `*last` set. */
static ALWAYS_INLINE const char *read_separator(struct reader *reader, const char *at, char bracket,
                                                bool *last)
{
    bool found;
    at = skip_byte(reader, at, ',', &found);
    *last = !found;
    if (found) {
        return at;
    }
    if (UNLIKELY(peek(reader, at) != bracket)) {
        return fail(reader, at, bracket == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
    }
    return at;
}

/* Reads the items of a list up to its closing bracket. From one item too many on, the list comes
 * out as TEXT and keeps none. */
static const char *read_items(struct reader *reader, const char *at, size_t base, uint32_t *count)
{
    bool last = false;
    while (!last) {
        if (UNLIKELY(*count == JSON_TREE_ITEMS)) {
            reader->in_text = true;
        }
        struct value item;
        at = read_value(reader, at, &item);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
        *count += 1;
        if (reader->in_text) {
            reader->scratch_top = reader->scratch + base;
        } else {
            *(struct value *)push_scratch(reader, sizeof(item)) = item;
        }
        at = read_separator(reader, at, ']', &last);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
    }
    return at;
}

static NEVER_INLINE const char *read_list(struct reader *reader, const char *at,
                                          struct value *value)
{
    struct container container;
    if (UNLIKELY(!open_container(reader, at, &container))) {
        return NULL;
    }
    uint32_t count = 0;
    at++;
    if (next_byte(reader, &at) != ']') {
        at = read_items(reader, at, container.scratch, &count);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
    }
    close_list(reader, &container, at + 1, count, value);
    return at + 1;
}

/* Reads a name, its colon and its value. */
static ALWAYS_INLINE const char *read_field(struct reader *reader, const char *at,
                                            struct value_field *field)
{
    at = read_name(reader, at, &field->name);
    if (UNLIKELY(at == NULL)) {
        return NULL;
    }
    bool found;
    at = skip_byte(reader, at, ':', &found);
    if (UNLIKELY(!found)) {
        return fail(reader, at, "expected ':'");
    }
    return read_value(reader, at, &field->value);
}

/* Reads the fields of an object up to its closing bracket. */
static const char *read_fields(struct reader *reader, const char *at, uint32_t *count)
{
    bool last = false;
    while (!last) {
        if (UNLIKELY(*count == JSON_TREE_ITEMS)) {
            reader->in_text = true;
        }
        struct value_field field;
        at = read_field(reader, at, &field);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
        *(struct value_field *)push_scratch(reader, sizeof(field)) = field;
        *count += 1;
        at = read_separator(reader, at, '}', &last);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
    }
    return at;
}

static NEVER_INLINE const char *read_object(struct reader *reader, const char *at,
                                            struct value *value)
{
    struct container container;
    if (UNLIKELY(!open_container(reader, at, &container))) {
        return NULL;
    }
    uint32_t count = 0;
    at++;
    if (next_byte(reader, &at) != '}') {
        at = read_fields(reader, at, &count);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
        const struct value_field *twice = find_twice(reader, container.scratch, count);
        if (UNLIKELY(twice != NULL)) {
            return fail_twice(reader, container.start, twice);
        }
    }
    close_object(reader, &container, at + 1, count, value);
    return at + 1;
}

/* Readies `reader` for the text of an outermost value, or of one with `depth` containers around. */
static inline void begin_reading(struct reader *reader, struct arena *arena, struct slice text,
                                 unsigned depth, unsigned depth_max, struct json_error *error)
{
    assert(text.size <= UINT32_MAX);
    assert(depth <= depth_max && depth_max <= JSON_DEPTH_MAX);
    reader->arena = arena;
    reader->start = text.size > 0 ? text.data : "";
    reader->end = reader->start + text.size;
    reader->scratch = reader->scratch_first;
    reader->scratch_top = reader->scratch;
    reader->scratch_end = reader->scratch + sizeof(reader->scratch_first);
    reader->tree_nodes = 0;
    reader->blemishes = 0;
    reader->unvetted = 0;
    reader->depth = depth;
    reader->depth_max = depth_max;
    reader->depth_seen = depth;
    reader->in_text = false;
    reader->error = error;
    error->status = JSON_OK;
}

static inline void end_reading(struct reader *reader)
{
    if (UNLIKELY(reader->scratch != reader->scratch_first)) {
        memory_release(reader->scratch);
    }
}

bool json_read(struct arena *arena, struct slice text, unsigned depth_max, struct value *value,
               unsigned *depth, struct json_error *error)
{
    struct reader reader;
    begin_reading(&reader, arena, text, 0, depth_max, error);
    const char *at = read_value(&reader, reader.start, value);
    if (at != NULL) {
        next_byte(&reader, &at);
        if (at < reader.end) {
            at = fail(&reader, at, "expected nothing after the value");
        }
    }
    end_reading(&reader);
    if (depth != NULL) {
        *depth = reader.depth_seen;
    }
    return at != NULL;
}

const char *json_read_inner(struct arena *arena, struct slice text, unsigned depth,
                            unsigned depth_max, struct value *value, struct json_error *error)
{
    struct reader reader;
    begin_reading(&reader, arena, text, depth, depth_max, error);
    const char *end = read_value(&reader, reader.start, value);
    end_reading(&reader);
    return end;
}

void json_locate(struct slice text, size_t offset, unsigned *line, unsigned *column)
{
    assert(offset <= text.size);
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text.data[i] == '\n') {
            *line += 1;
            *column = 1;
        } else {
            *column += 1;
        }
    }
}
