/* What checking values against types and wording what is wrong with them share; for type.c,
 * type_error.c and the schema's readers only.
 *
 * The walks see the fields or items of a value alike, whether it is text or was taken apart. They
 * take no memory; text_cursor does the work where the value is text. */
#ifndef TENON_STORAGE_TYPE_WALK_H
#define TENON_STORAGE_TYPE_WALK_H

#include "base/value.h"
#include "storage/type.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field_walk {
    const struct value_field *next;
    uint32_t left;
    struct text_cursor cursor; /* of a text that comes before those; .next NULL: none */
};

/* `value` is a TYPE_OBJECT. */
static inline struct field_walk field_walk_begin(struct value value)
{
    struct field_walk walk = {.left = 0};
    if (value.kind >= VALUE_OBJECT) {
        uint32_t first = value.kind == VALUE_EXTENDED ? 1 : 0;
        walk.next = value.fields + first;
        walk.left = value.size - first;
        value = value.kind == VALUE_EXTENDED ? value.fields->value : value;
    }
    if (value.kind == VALUE_TEXT || value.kind == VALUE_DOCUMENT) {
        walk.cursor = text_cursor_begin(value.text);
    }
    return walk;
}

/* The next field whose value is not missing; false after the last. */
static inline bool field_walk_next(struct field_walk *walk, struct slice *name, struct value *value)
{
    if (walk->cursor.next != NULL && text_cursor_next_field(&walk->cursor, name, value)) {
        return true;
    }
    while (walk->left > 0 && value_is_missing(walk->next->value)) {
        walk->next += 1;
        walk->left -= 1;
    }
    if (walk->left == 0) {
        return false;
    }
    *name = walk->next->name;
    *value = walk->next->value;
    walk->next += 1;
    walk->left -= 1;
    return true;
}

struct item_walk {
    const struct value *next;
    uint32_t left;
    struct text_cursor cursor; /* .next NULL: the value was taken apart */
};

/* `value` is a TYPE_ARRAY. */
static inline struct item_walk item_walk_begin(struct value value)
{
    if (value.kind == VALUE_LIST) {
        return (struct item_walk){.next = value.items, .left = value.size};
    }
    assert(value.kind == VALUE_TEXT);
    return (struct item_walk){.cursor = text_cursor_begin(value.text)};
}

/* The next item, a missing one as the null that it is written as; false after the last. */
static inline bool item_walk_next(struct item_walk *walk, struct value *item)
{
    if (walk->cursor.next != NULL) {
        return text_cursor_next_item(&walk->cursor, item);
    }
    if (walk->left == 0) {
        return false;
    }
    *item = value_is_missing(*walk->next) ? VALUE_IS(VALUE_NULL) : *walk->next;
    walk->next += 1;
    walk->left -= 1;
    return true;
}

/* True if `name` (canonical, without quotes) may be a name in a record with keys of the type. */
bool type_accepts_name(const struct type *type, struct slice name);

#endif
