/* Types as text: in the form of the schema file, and in Convex's notation for messages. */
#include "storage/type.h"

#include <assert.h>
#include <string.h>

/* A name or a table in canonical form needs only its quotes. */
static void write_quoted(struct buffer *buffer, struct slice canonical)
{
    buffer_append_char(buffer, '"');
    buffer_append_slice(buffer, canonical);
    buffer_append_char(buffer, '"');
}

static void write_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

struct kind_names {
    const char *schema;
    const char *convex;
};

/* What the types without an argument are called. */
static struct kind_names kind_names(enum type_kind kind)
{
    static const struct kind_names names[] = {
        [TYPE_KIND_ANY] = {"\"any\"", "v.any()"},
        [TYPE_KIND_STRING] = {"\"string\"", "v.string()"},
        [TYPE_KIND_NUMBER] = {"\"number\"", "v.float64()"},
        [TYPE_KIND_INT64] = {"\"int64\"", "v.int64()"},
        [TYPE_KIND_BOOLEAN] = {"\"boolean\"", "v.boolean()"},
        [TYPE_KIND_NULL] = {"\"null\"", "v.null()"},
        [TYPE_KIND_BYTES] = {"\"bytes\"", "v.bytes()"},
    };
    assert((unsigned)kind < COUNT_OF(names));
    return names[kind];
}

static void write_union(struct buffer *buffer, const struct type *type)
{
    write_text(buffer, "{\"union\":[");
    for (uint32_t i = 0; i < type->member_count; i++) {
        write_text(buffer, i > 0 ? "," : "");
        type_write(buffer, type->members[i]);
    }
    write_text(buffer, "]}");
}

void type_write_fields(struct buffer *buffer, const struct type *type)
{
    assert(type->kind == TYPE_KIND_OBJECT);
    buffer_append_char(buffer, '{');
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct type_field *field = &type->fields[i];
        write_text(buffer, i > 0 ? "," : "");
        write_quoted(buffer, field->name);
        write_text(buffer, field->optional ? ":{\"optional\":" : ":");
        type_write(buffer, field->type);
        write_text(buffer, field->optional ? "}" : "");
    }
    buffer_append_char(buffer, '}');
}

void type_write(struct buffer *buffer, const struct type *type)
{
    switch (type->kind) {
    case TYPE_KIND_ID:
        write_text(buffer, "{\"id\":");
        write_quoted(buffer, type->table);
        break;
    case TYPE_KIND_ARRAY:
        write_text(buffer, "{\"array\":");
        type_write(buffer, type->element);
        break;
    case TYPE_KIND_OBJECT:
        write_text(buffer, "{\"object\":");
        type_write_fields(buffer, type);
        break;
    case TYPE_KIND_RECORD:
        write_text(buffer, "{\"record\":{\"keys\":");
        type_write(buffer, type->keys);
        write_text(buffer, ",\"values\":");
        type_write(buffer, type->element);
        buffer_append_char(buffer, '}');
        break;
    case TYPE_KIND_UNION:
        write_union(buffer, type);
        return;
    case TYPE_KIND_LITERAL:
        write_text(buffer, "{\"literal\":");
        value_write(buffer, type->literal);
        break;
    default:
        write_text(buffer, kind_names(type->kind).schema);
        return;
    }
    buffer_append_char(buffer, '}');
}

static void describe_fields(struct buffer *buffer, const struct type *type)
{
    write_text(buffer, "v.object({");
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct type_field *field = &type->fields[i];
        write_text(buffer, i > 0 ? ", " : "");
        buffer_append_slice(buffer, field->name);
        write_text(buffer, field->optional ? ": v.optional(" : ": ");
        type_describe(buffer, field->type);
        write_text(buffer, field->optional ? ")" : "");
    }
    write_text(buffer, "})");
}

static void describe_union(struct buffer *buffer, const struct type *type)
{
    write_text(buffer, "v.union(");
    for (uint32_t i = 0; i < type->member_count; i++) {
        write_text(buffer, i > 0 ? ", " : "");
        type_describe(buffer, type->members[i]);
    }
    buffer_append_char(buffer, ')');
}

static void describe_literal(struct buffer *buffer, struct value literal)
{
    write_text(buffer, "v.literal(");
    if (value_type(literal) == TYPE_INT64) {
        buffer_append_format(buffer, "%lldn", (long long)value_int64(literal));
    } else {
        value_write(buffer, literal);
    }
    buffer_append_char(buffer, ')');
}

void type_describe(struct buffer *buffer, const struct type *type)
{
    switch (type->kind) {
    case TYPE_KIND_ID:
        write_text(buffer, "v.id(");
        write_quoted(buffer, type->table);
        buffer_append_char(buffer, ')');
        break;
    case TYPE_KIND_ARRAY:
        write_text(buffer, "v.array(");
        type_describe(buffer, type->element);
        buffer_append_char(buffer, ')');
        break;
    case TYPE_KIND_OBJECT:
        describe_fields(buffer, type);
        break;
    case TYPE_KIND_RECORD:
        write_text(buffer, "v.record(");
        type_describe(buffer, type->keys);
        write_text(buffer, ", ");
        type_describe(buffer, type->element);
        buffer_append_char(buffer, ')');
        break;
    case TYPE_KIND_UNION:
        describe_union(buffer, type);
        break;
    case TYPE_KIND_LITERAL:
        describe_literal(buffer, type->literal);
        break;
    default:
        write_text(buffer, kind_names(type->kind).convex);
        break;
    }
}
