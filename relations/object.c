/* Evaluating objects.
 *
 * A field that comes again overrides in place; one that is missing then is dropped at the end, as
 * JSON drops what JavaScript has as undefined.
 *
 * Most objects that programs make are a document and a few fields more. As long as an object begins
 * with a document, and the fields behind it have other names, it stays these two (VALUE_EXTENDED),
 * and nothing of the document is copied. Where that ends, the document is taken apart. */
#include "relations/expression.h"

#include "storage/document.h"

#include <assert.h>

struct object_builder {
    const struct document *document; /* that the object extends, and fields[0] holds; or NULL */
    struct value_field *fields;
    uint32_t count;
    uint32_t capacity;
    uint32_t expected;  /* fields, beside those that are spread */
    bool spread_before; /* only then can a name come again */
    bool has_missing;
};

static bool object_grow(struct run *run, struct object_builder *object, uint32_t more)
{
    uint32_t needed = object->count + more + (object->capacity == 0 ? object->expected : 0);
    uint32_t capacity = object->capacity * 2 > needed ? object->capacity * 2 : needed;
    if (!budget_take_bytes(run->budget, capacity * sizeof(struct value_field), run->error)) {
        return false;
    }
    struct value_field *fields = arena_allocate(run->arena, capacity * sizeof(*fields));
    if (object->count > 0) {
        memcpy(fields, object->fields, object->count * sizeof(*fields));
    }
    object->fields = fields;
    object->capacity = capacity;
    return true;
}

static inline bool object_reserve(struct run *run, struct object_builder *object, uint32_t more)
{
    bool has_room = object->capacity - object->count >= more;
    return LIKELY(has_room) || object_grow(run, object, more);
}

/* There is room. */
static void object_put(struct object_builder *object, struct slice name, struct value value)
{
    uint32_t first = object->document ? 1 : 0;
    uint32_t place = object->spread_before ? first : object->count;
    while (place < object->count && !slice_equal(object->fields[place].name, name)) {
        place += 1;
    }
    object->fields[place] = (struct value_field){.name = name, .value = value};
    object->count += place == object->count ? 1 : 0;
}

/* Begins an empty object with a document, or with one that is extended already. */
static bool object_extend(struct run *run, struct object_builder *object, struct value value)
{
    bool extended = value.kind == VALUE_EXTENDED;
    uint32_t count = extended ? value.size : 1;
    if (!object_reserve(run, object, count)) {
        return false;
    }
    if (extended) {
        memcpy(object->fields, value.fields, count * sizeof(struct value_field));
    } else {
        object->fields[0] = (struct value_field){.value = value};
    }
    object->document = document_of(object->fields[0].value);
    object->count = count;
    object->spread_before = extended;
    return true;
}

/* Appends a document's fields to an object that has none, and room for them. */
static void put_document(struct object_builder *object, const struct document *document)
{
    const struct shape *shape = document->shape;
    for (uint32_t i = 0; i < shape->field_count; i++) {
        object->fields[i].name = shape->names[i];
        object->fields[i].value = document_field(document, i);
    }
    object->count = shape->field_count;
}

/* Puts the fields of the document that the object extends, if it extends one, in its place. */
static bool object_take_apart(struct run *run, struct object_builder *object)
{
    const struct document *document = object->document;
    if (!document) {
        return true;
    }
    uint32_t field_count = document->shape->field_count;
    uint32_t further = object->count - 1;
    struct object_builder whole = {
        .expected = object->expected,
        .spread_before = true,
        .has_missing = object->has_missing,
    };
    if (!object_reserve(run, &whole, field_count + further) ||
        !budget_take_work(run->budget, field_count, run->error)) {
        return false;
    }
    assert(whole.fields); /* of a document there are two at least */
    put_document(&whole, document);
    memcpy(whole.fields + field_count, object->fields + 1, further * sizeof(struct value_field));
    whole.count += further;
    *object = whole;
    return true;
}

/* The fields of any object value. */
static const struct value_field *fields_of(struct run *run, struct value value, uint32_t *count)
{
    if (value.kind != VALUE_DOCUMENT) {
        return value_fields(run->arena, value, count);
    }
    const struct document *document = document_of(value);
    *count = document->shape->field_count;
    struct value_field *fields = arena_allocate(run->arena, *count * sizeof(*fields));
    struct object_builder whole = {.fields = fields};
    put_document(&whole, document);
    return fields;
}

/* Spreads what is no document, or comes behind other fields. */
static bool spread_fields(struct run *run, struct object_builder *object, struct value value)
{
    uint32_t count;
    const struct value_field *fields = fields_of(run, value, &count);
    if (!object_take_apart(run, object) || !object_reserve(run, object, count)) {
        return false;
    }
    bool first = object->count == 0;
    for (uint32_t i = 0; i < count; i++) {
        if (first) {
            object->fields[object->count++] = fields[i];
        } else {
            object->spread_before = true;
            object_put(object, fields[i].name, fields[i].value);
        }
        if (!budget_take_work(run->budget, 1 + (first ? 0 : object->count / 16), run->error)) {
            return false;
        }
    }
    object->spread_before = true;
    return true;
}

static bool spread_one(struct run *run, struct object_builder *object, struct value value)
{
    if (value_is_null_or_missing(value)) {
        return true;
    }
    if (value_type(value) != TYPE_OBJECT) {
        return run_mismatch(run, "What `$spread` puts in", "an object", value);
    }
    bool extends = value.kind == VALUE_DOCUMENT || value.kind == VALUE_EXTENDED;
    return extends && object->count == 0 ? object_extend(run, object, value)
                                         : spread_fields(run, object, value);
}

static bool spread(struct run *run, struct object_builder *object, struct value value)
{
    if (value_type(value) != TYPE_ARRAY) {
        return spread_one(run, object, value);
    }
    uint32_t count;
    const struct value *items;
    if (!run_items(run, value, "`$spread`", &items, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!budget_take_time(run->budget, run->error)) {
            return false;
        }
        if (!spread_one(run, object, items[i])) {
            error_prefix_path_index(run->error, i);
            return false;
        }
    }
    return true;
}

/* What a patch takes for the removal of a field: the one text whose type is missing. */
static struct value value_from_text_undefined(void)
{
    struct slice text = SLICE("{\"$undefined\":null}");
    return (struct value){.kind = VALUE_TEXT, .size = (uint32_t)text.size, .text = text.data};
}

/* Whether the member's name is one of the document that the object extends. */
static bool is_in_document(const struct object_builder *object, struct expression_member *member)
{
    const struct document *document = object->document;
    return document &&
           shape_find_again(document->shape, member->name, &member->place) != SHAPE_NO_FIELD;
}

static bool evaluate_member(struct run *run, struct expression_member *member, bool keeps_missing,
                            struct object_builder *object)
{
    struct value value;
    if (!expression_evaluate(run, &member->expression, &value)) {
        return false;
    }
    if (member->spreads) {
        return spread(run, object, value);
    }
    bool removes = keeps_missing && member->expression.kind == EXPRESSION_LITERAL;
    if (value_is_missing(value)) {
        value = removes ? value_from_text_undefined() : value;
        object->has_missing |= !removes;
    }
    if (is_in_document(object, member) && !object_take_apart(run, object)) {
        return false;
    }
    if (!object_reserve(run, object, 1)) {
        return false;
    }
    if (object->spread_before && !budget_take_work(run->budget, object->count / 16, run->error)) {
        return false;
    }
    object_put(object, member->name, value);
    return true;
}

static void drop_missing(struct object_builder *object)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < object->count; i++) {
        if (!value_is_missing(object->fields[i].value)) {
            object->fields[count++] = object->fields[i];
        }
    }
    object->count = count;
}

bool object_evaluate(struct run *run, const struct expression *expression, bool keeps_missing,
                     struct value *result)
{
    assert(expression->kind == EXPRESSION_OBJECT);
    struct object_builder object = {.expected = expression->count};
    for (uint32_t i = 0; i < expression->count; i++) {
        struct expression_member *member = &expression->members[i];
        if (!evaluate_member(run, member, keeps_missing, &object)) {
            error_prefix_path(run->error, member->name);
            return false;
        }
    }
    if (object.has_missing) {
        drop_missing(&object);
    }
    *result = object.document ? value_from_extension(object.fields, object.count)
                              : value_from_fields(object.fields, object.count);
    return true;
}
