/* Patterns: JSON text with places <NAME>, which stand for values.
 *
 * A NAME is a lower-case letter, then letters and digits. Outside of strings a place stands for
 * one JSON value; inside a string for the value's text without its quotes, and where it is still
 * open, for the rest of the string, which may be empty. <any> is open always. */
#ifndef TENON_TESTS_SUPPORT_PATTERN_H
#define TENON_TESTS_SUPPORT_PATTERN_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_NAMES_MAX 256

/* What the names stand for. Texts live in the arena. */
struct pattern_names {
    struct arena *arena;
    struct slice names[PATTERN_NAMES_MAX];
    struct slice values[PATTERN_NAMES_MAX]; /* JSON */
    size_t count;
};

/* Gives a name its value, or another one. */
void pattern_set(struct pattern_names *names, struct slice name, struct slice value);

/* Whether `text` is what `pattern` says. Names that had no value have one afterwards. */
bool pattern_match(struct pattern_names *names, struct slice pattern, struct slice text);

/* Appends `pattern` with values in the place of names. Returns false where one has no value. */
bool pattern_expand(const struct pattern_names *names, struct slice pattern, struct buffer *text);

#endif
