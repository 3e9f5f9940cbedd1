/* Why a value is not of its type, in Convex's words.
 *
 * Comes after type_accepts has said no, and looks for the first thing that is wrong, in Convex's
 * order: the fields of the type one after the other, missing ones among them, then extra fields.
 * A union is not looked into: which of its members was meant is anybody's guess.
 *
 * On the way down a chain of steps on the stack remembers the path, since the message needs it
 * before the way up could build it. */
#include "storage/type.h"

#include "storage/type_walk.h"

#include <assert.h>

#define FOUND_SIZE_MAX     100
#define VALIDATOR_SIZE_MAX 300

struct step {
    const struct step *up; /* NULL: the step from the checked value itself */
    struct slice name;     /* canonical; .data NULL: an item */
    uint32_t index;        /* of the item */
};

/* The largest size up to `limit` at which UTF-8 text may be cut. */
static size_t cut_size(struct slice text, size_t limit)
{
    if (text.size <= limit) {
        return text.size;
    }
    while (limit > 0 && ((unsigned char)text.data[limit] & 0xc0) == 0x80) {
        limit -= 1;
    }
    return limit;
}

static void append_cut(struct buffer *buffer, struct slice text, size_t limit)
{
    size_t size = cut_size(text, limit);
    buffer_append(buffer, text.data, size);
    if (size < text.size) {
        buffer_append(buffer, "...", 3);
    }
}

static void append_path(struct buffer *buffer, const struct step *step)
{
    if (step == NULL) {
        return;
    }
    append_path(buffer, step->up);
    if (step->name.data == NULL) {
        buffer_append_format(buffer, "[%u]", step->index);
    } else {
        buffer_append_char(buffer, '.');
        buffer_append_slice(buffer, step->name);
    }
}

/* The lines below the first: where, what was found, what would be right. */
static struct slice describe(struct arena *arena, const struct type *type, struct value value,
                             const struct step *step)
{
    struct buffer buffer = {0};
    if (step != NULL) {
        buffer_append_format(&buffer, "\nPath: ");
        append_path(&buffer, step);
    }
    buffer_append_format(&buffer, type->kind == TYPE_KIND_OBJECT ? "\nObject: " : "\nValue: ");
    append_cut(&buffer, value_text(arena, value), FOUND_SIZE_MAX);
    buffer_append_format(&buffer, "\nValidator: ");
    struct buffer validator = {0};
    type_describe(&validator, type);
    append_cut(&buffer, buffer_slice(&validator), VALIDATOR_SIZE_MAX);
    buffer_deinit(&validator);
    struct slice lines = arena_copy(arena, buffer_slice(&buffer));
    buffer_deinit(&buffer);
    return lines;
}

/* Sets path and field of an error at `step`. */
static void locate(struct error *error, const struct step *step)
{
    error->path = SLICE("");
    for (; step != NULL; step = step->up) {
        if (step->name.data == NULL) {
            error_prefix_path_index(error, step->index);
            error->field = (struct slice){0};
        } else {
            error_prefix_path(error, step->name);
            error->field = step->name;
        }
    }
}

static bool fail_mismatch(const struct type *type, struct value value, const struct step *step,
                          struct error *error)
{
    struct slice lines = describe(error->arena, type, value, step);
    error_set(error, ERROR_SCHEMA_VIOLATION, "Value does not match validator.%.*s",
              SLICE_FORMAT(lines));
    locate(error, step);
    error->value = value;
    return false;
}

static bool fail_missing(const struct type *type, struct value value, struct slice name,
                         const struct step *step, struct error *error)
{
    struct slice lines = describe(error->arena, type, value, step);
    error_set(error, ERROR_SCHEMA_VIOLATION,
              "Object is missing the required field `%.*s`. Consider wrapping the field validator "
              "in `v.optional(...)` if this is expected.%.*s",
              SLICE_FORMAT(name), SLICE_FORMAT(lines));
    locate(error, step);
    if (step == NULL) {
        error->field = name;
    }
    return false;
}

static bool fail_extra(const struct type *type, struct value value, struct value extra,
                       const struct step *step, struct error *error)
{
    struct slice lines = describe(error->arena, type, value, step->up);
    error_set(error, ERROR_SCHEMA_VIOLATION,
              "Object contains extra field `%.*s` that is not in the validator.%.*s",
              SLICE_FORMAT(step->name), SLICE_FORMAT(lines));
    locate(error, step);
    error->value = extra;
    return false;
}

static bool explain(const struct type *type, struct value value, const struct step *step,
                    struct error *error);

/* The canonical name as a step's, which is never without data. */
static struct step step_to_name(const struct step *up, struct slice name)
{
    return (struct step){.up = up, .name = name.size > 0 ? name : SLICE("")};
}

static bool explain_object(const struct type *type, struct value value, const struct step *step,
                           struct error *error)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct type_field *field = &type->fields[i];
        struct value found = value_find(value, field->name);
        if (value_is_missing(found) && !field->optional) {
            return fail_missing(type, value, field->name, step, error);
        }
        if (!value_is_missing(found) && !type_accepts(field->type, found)) {
            struct step down = step_to_name(step, field->name);
            return explain(field->type, found, &down, error);
        }
    }
    struct field_walk walk = field_walk_begin(value);
    struct slice name;
    struct value found;
    while (field_walk_next(&walk, &name, &found)) {
        if (type_find_field(type, name) == NULL) {
            struct step down = step_to_name(step, name);
            return fail_extra(type, value, found, &down, error);
        }
    }
    assert(false && "an object that is refused lacks a field, or has a wrong or extra one");
    return false;
}

static bool explain_items(const struct type *type, struct value value, const struct step *step,
                          struct error *error)
{
    struct item_walk walk = item_walk_begin(value);
    struct value item;
    struct step down = {.up = step};
    while (item_walk_next(&walk, &item)) {
        if (!type_accepts(type->element, item)) {
            return explain(type->element, item, &down, error);
        }
        down.index += 1;
    }
    assert(false && "an array that is refused has a wrong item");
    return false;
}

/* A wrong name is told as a mismatch of the name with the type of the keys. */
static bool explain_record(const struct type *type, struct value value, const struct step *step,
                           struct error *error)
{
    struct field_walk walk = field_walk_begin(value);
    struct slice name;
    struct value found;
    while (field_walk_next(&walk, &name, &found)) {
        struct step down = step_to_name(step, name);
        if (!type_accepts_name(type->keys, name)) {
            struct slice quoted = arena_format(error->arena, "\"%.*s\"", SLICE_FORMAT(name));
            return fail_mismatch(type->keys, value_from_text(quoted), &down, error);
        }
        if (!type_accepts(type->element, found)) {
            return explain(type->element, found, &down, error);
        }
    }
    assert(false && "a record that is refused has a wrong name or value");
    return false;
}

static bool explain(const struct type *type, struct value value, const struct step *step,
                    struct error *error)
{
    enum value_type found = value_type(value);
    if (type->kind == TYPE_KIND_OBJECT && found == TYPE_OBJECT) {
        return explain_object(type, value, step, error);
    }
    if (type->kind == TYPE_KIND_ARRAY && found == TYPE_ARRAY) {
        return explain_items(type, value, step, error);
    }
    if (type->kind == TYPE_KIND_RECORD && found == TYPE_OBJECT) {
        return explain_record(type, value, step, error);
    }
    return fail_mismatch(type, value, step, error);
}

bool type_check(const struct type *type, struct value value, struct error *error)
{
    assert(error->code == ERROR_NONE);
    return LIKELY(type_accepts(type, value)) || explain(type, value, NULL, error);
}

bool type_check_field(const struct type *type, struct slice name, struct value value,
                      struct error *error)
{
    struct step step = step_to_name(NULL, name);
    return LIKELY(type_accepts(type, value)) || explain(type, value, &step, error);
}

bool type_check_fields(const struct type *type, const struct value_field *fields, uint32_t count,
                       struct error *error)
{
    assert(type->kind == TYPE_KIND_OBJECT || type->kind == TYPE_KIND_UNION ||
           type->kind == TYPE_KIND_ANY);
    return type_check(type, value_from_fields(fields, count), error);
}
