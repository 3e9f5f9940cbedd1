/* Operators on strings. They work on canonical text between its quotes wherever what they do
 * commutes with escaping, so that most results are put together without being decoded. */
#include "relations/operator.h"

#include <assert.h>
#include <math.h>

static bool argument_string(const struct operator_call *call, uint32_t index, struct slice *escaped)
{
    struct value value = call->arguments[index];
    if (value_type(value) != TYPE_STRING) {
        return operator_mismatch(call, "a string", value);
    }
    *escaped = value_string_escaped(value);
    return true;
}

/* Memory for a string of `size` bytes between its quotes; taken from the budget. */
static bool string_begin(const struct operator_call *call, size_t size, char **text)
{
    if (!budget_take_bytes(call->run->budget, size + 2, call->run->error)) {
        return false;
    }
    *text = arena_allocate(call->run->arena, size + 2);
    (*text)[0] = '"';
    (*text)[size + 1] = '"';
    return true;
}

static bool string_of(const struct operator_call *call, struct slice escaped, struct value *result)
{
    char *text;
    if (!string_begin(call, escaped.size, &text)) {
        return false;
    }
    if (escaped.size > 0) {
        assert(escaped.data != NULL);
        memcpy(text + 1, escaped.data, escaped.size);
    }
    *result = value_from_text(slice_make(text, escaped.size + 2));
    return true;
}

/* Puts the strings of `items` together, with `separator` between them. */
static bool join(const struct operator_call *call, struct slice separator, struct value *result)
{
    const struct value *items;
    uint32_t count;
    if (!operator_items(call, 0, &items, &count)) {
        return false;
    }
    size_t size = count > 0 ? separator.size * (count - 1) : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (value_type(items[i]) != TYPE_STRING) {
            return operator_mismatch(call, "a list of strings", items[i]);
        }
        size += items[i].size - 2;
    }
    char *text;
    if (!string_begin(call, size, &text)) {
        return false;
    }
    char *end = text + 1;
    for (uint32_t i = 0; i < count; i++) {
        struct slice piece = value_string_escaped(items[i]);
        if (i > 0 && separator.size > 0) {
            memcpy(end, separator.data, separator.size);
            end += separator.size;
        }
        memcpy(end, piece.data, piece.size);
        end += piece.size;
    }
    *result = value_from_text(slice_make(text, size + 2));
    return true;
}

bool operator_concat(const struct operator_call *call, struct value *result)
{
    return join(call, SLICE(""), result);
}

bool operator_join(const struct operator_call *call, struct value *result)
{
    struct slice separator = {0};
    return argument_string(call, 1, &separator) && join(call, separator, result);
}

/* The bytes of the code point, or of the escape for one, at the head of `escaped`. */
static size_t code_point_size(struct slice escaped)
{
    unsigned char first = (unsigned char)escaped.data[0];
    if (first == '\\') {
        return escaped.data[1] == 'u' ? 6 : 2;
    }
    if (first < 0x80) {
        return 1;
    }
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Counts the work of comparing `needle` with what stands at a place that begins as it does: strings
 * that begin alike nearly everywhere are compared nearly everywhere. */
static bool take_comparison(const struct operator_call *call, struct slice needle)
{
    struct run *run = call->run;
    return budget_take_work(run->budget, 1 + needle.size / BYTES_OF_WORK, run->error);
}

/* Moves `offset` on to the place of `needle` in `escaped`, at the border of a code point, or to the
 * end. Errors: LimitExceeded. */
static bool find_string(const struct operator_call *call, struct slice escaped, struct slice needle,
                        size_t *offset, bool *found)
{
    *found = false;
    while (*offset + needle.size <= escaped.size) {
        struct slice rest = slice_make(escaped.data + *offset, escaped.size - *offset);
        if (needle.size == 0 || *rest.data == *needle.data) {
            if (!take_comparison(call, needle)) {
                return false;
            }
            *found = slice_starts_with(rest, needle);
        }
        if (*found) {
            return true;
        }
        *offset += code_point_size(rest);
    }
    *offset = escaped.size;
    return true;
}

/* Every code point by itself, as JavaScript splits by the empty string. */
static bool split_code_points(const struct operator_call *call, struct slice escaped,
                              struct list_builder *list)
{
    while (escaped.size > 0) {
        size_t size = code_point_size(escaped);
        struct value piece;
        if (!string_of(call, slice_make(escaped.data, size), &piece) ||
            !list_append(call->run, list, piece)) {
            return false;
        }
        escaped = slice_make(escaped.data + size, escaped.size - size);
    }
    return true;
}

static bool split_by(const struct operator_call *call, struct slice escaped, struct slice separator,
                     struct list_builder *list)
{
    size_t begin = 0;
    bool found = true;
    while (found) {
        size_t end = begin;
        struct value piece;
        if (!find_string(call, escaped, separator, &end, &found) ||
            !string_of(call, slice_make(escaped.data + begin, end - begin), &piece) ||
            !list_append(call->run, list, piece)) {
            return false;
        }
        begin = end + separator.size;
    }
    return true;
}

bool operator_split(const struct operator_call *call, struct value *result)
{
    struct slice escaped = {0};
    struct slice separator = {0};
    struct list_builder list = {0};
    if (!argument_string(call, 0, &escaped) || !argument_string(call, 1, &separator)) {
        return false;
    }
    if (!(separator.size == 0 ? split_code_points(call, escaped, &list)
                              : split_by(call, escaped, separator, &list))) {
        return false;
    }
    *result = value_from_items(list.items, list.count);
    return true;
}

/* Maps the ASCII letters from `first` on, 26 of them, by `distance`; escapes stay. */
static bool map_letters(const struct operator_call *call, char first, int distance,
                        struct value *result)
{
    struct slice escaped = {0};
    if (!argument_string(call, 0, &escaped) || !string_of(call, escaped, result)) {
        return false;
    }
    char *text = (char *)(uintptr_t)result->text;
    for (size_t i = 1; i + 1 < result->size; i++) {
        if (text[i] == '\\') {
            i += text[i + 1] == 'u' ? 5 : 1;
        } else if (text[i] >= first && text[i] < first + 26) {
            text[i] = (char)(text[i] + distance);
        }
    }
    return true;
}

bool operator_lower(const struct operator_call *call, struct value *result)
{
    return map_letters(call, 'A', 'a' - 'A', result);
}

bool operator_upper(const struct operator_call *call, struct value *result)
{
    return map_letters(call, 'a', 'A' - 'a', result);
}

static bool argument_position(const struct operator_call *call, uint32_t index, uint32_t *position)
{
    struct value value = call->arguments[index];
    double number = value_type(value) == TYPE_NUMBER ? value_number(value) : NAN;
    if (!(number >= 0 && number <= UINT32_MAX) || number != floor(number)) {
        return operator_mismatch(call, "a whole number from 0 on", value);
    }
    *position = (uint32_t)number;
    return true;
}

/* Cuts `count` code points off the head of `*escaped`, or as many as there are. */
static struct slice cut(struct slice *escaped, uint32_t count)
{
    struct slice head = slice_make(escaped->data, 0);
    while (count > 0 && escaped->size > 0) {
        size_t size = code_point_size(*escaped);
        *escaped = slice_make(escaped->data + size, escaped->size - size);
        head.size += size;
        count -= 1;
    }
    return head;
}

bool operator_substring(const struct operator_call *call, struct value *result)
{
    struct slice escaped = {0};
    uint32_t start = 0;
    uint32_t count = UINT32_MAX;
    if (!argument_string(call, 0, &escaped) || !argument_position(call, 1, &start) ||
        (call->count > 2 && !argument_position(call, 2, &count))) {
        return false;
    }
    cut(&escaped, start);
    return string_of(call, cut(&escaped, count), result);
}

bool operator_starts_with(const struct operator_call *call, struct value *result)
{
    struct slice escaped = {0};
    struct slice prefix = {0};
    if (!argument_string(call, 0, &escaped) || !argument_string(call, 1, &prefix)) {
        return false;
    }
    *result = value_from_bool(slice_starts_with(escaped, prefix));
    return true;
}

bool operator_ends_with(const struct operator_call *call, struct value *result)
{
    struct slice escaped = {0};
    struct slice suffix = {0};
    if (!argument_string(call, 0, &escaped) || !argument_string(call, 1, &suffix)) {
        return false;
    }
    /* From the only place where it could begin; that may lie inside of an escape. */
    size_t offset = escaped.size >= suffix.size ? escaped.size - suffix.size : 0;
    size_t place = 0;
    while (place < offset) {
        place += code_point_size(slice_make(escaped.data + place, escaped.size - place));
    }
    struct slice rest = slice_make(escaped.data + place, escaped.size - place);
    *result = value_from_bool(slice_equal(rest, suffix));
    return true;
}

bool operator_contains(const struct operator_call *call, struct value *result)
{
    struct slice escaped = {0};
    struct slice needle = {0};
    if (!argument_string(call, 0, &escaped) || !argument_string(call, 1, &needle)) {
        return false;
    }
    size_t offset = 0;
    bool found;
    if (!find_string(call, escaped, needle, &offset, &found)) {
        return false;
    }
    *result = value_from_bool(found);
    return true;
}
