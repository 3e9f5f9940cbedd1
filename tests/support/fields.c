/* See fields.h. */
#include "tests/support/fields.h"

#include "base/json.h"

#include <criterion/criterion.h>

const struct value_field *fields_from_json(struct arena *arena, const char *text, uint32_t *count)
{
    struct value value;
    struct json_error error;
    struct slice copy = arena_copy(arena, slice_of(text));
    cr_assert(json_read(arena, copy, 128, &value, NULL, &error), "%s", text);
    return value_fields(arena, value, count);
}
