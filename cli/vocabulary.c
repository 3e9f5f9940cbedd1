/* Vocabularies: see the header. */
#include "cli/vocabulary.h"

void vocabulary_init(struct vocabulary *vocabulary)
{
    *vocabulary = (struct vocabulary){.schema = NULL};
    arena_init(&vocabulary->arena, 4096);
}

void vocabulary_deinit(struct vocabulary *vocabulary)
{
    if (vocabulary->schema != NULL) {
        schema_destroy(vocabulary->schema);
    }
    arena_deinit(&vocabulary->arena);
}

bool vocabulary_read_schema(struct vocabulary *vocabulary, struct slice schema)
{
    struct buffer message = {0};
    if (vocabulary->schema != NULL) {
        schema_destroy(vocabulary->schema);
    }
    vocabulary->schema = schema_read(schema, "the server's schema", &message);
    buffer_deinit(&message);
    return vocabulary->schema != NULL;
}

static struct slice name_of(struct arena *arena, struct value object)
{
    struct value name = value_type(object) == TYPE_OBJECT ? value_find(object, SLICE("name"))
                                                          : VALUE_IS(VALUE_MISSING);
    return value_type(name) == TYPE_STRING ? arena_copy(arena, value_string(arena, name))
                                           : slice_make(NULL, 0);
}

static bool has_tag(struct arena *arena, struct value method, struct slice tag)
{
    uint32_t count = 0;
    struct value tags = value_find(method, SLICE("tags"));
    const struct value *items =
        value_type(tags) == TYPE_ARRAY ? value_items(arena, tags, &count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(name_of(arena, items[i]), tag)) {
            return true;
        }
    }
    return false;
}

static void read_params(struct arena *arena, struct value params, struct vocabulary_method *method)
{
    const struct value *items = value_items(arena, params, &method->param_count);
    struct slice *names = arena_allocate(arena, method->param_count * sizeof *names);
    for (uint32_t i = 0; i < method->param_count; i++) {
        names[i] = name_of(arena, items[i]);
    }
    method->params = names;
}

bool vocabulary_read_methods(struct vocabulary *vocabulary, struct value document)
{
    struct arena *arena = &vocabulary->arena;
    struct value list = value_type(document) == TYPE_OBJECT ? value_find(document, SLICE("methods"))
                                                            : VALUE_IS(VALUE_MISSING);
    arena_reset(arena);
    vocabulary->method_count = 0;
    if (value_type(list) != TYPE_ARRAY) {
        return false;
    }
    uint32_t count;
    const struct value *items = value_items(arena, list, &count);
    struct vocabulary_method *methods = arena_allocate(arena, count * sizeof *methods);
    for (uint32_t i = 0; i < count; i++) {
        methods[i] = (struct vocabulary_method){.name = name_of(arena, items[i])};
        if (methods[i].name.size == 0) {
            return false;
        }
        struct value params = value_find(items[i], SLICE("params"));
        if (value_type(params) == TYPE_ARRAY) {
            read_params(arena, params, &methods[i]);
        }
        methods[i].explained =
            has_tag(arena, items[i], SLICE("verb")) && has_tag(arena, items[i], SLICE("read"));
    }
    vocabulary->methods = methods;
    vocabulary->method_count = count;
    return true;
}

const struct vocabulary_method *vocabulary_find_method(const struct vocabulary *vocabulary,
                                                       struct slice name)
{
    for (uint32_t i = 0; i < vocabulary->method_count; i++) {
        if (slice_equal(vocabulary->methods[i].name, name)) {
            return &vocabulary->methods[i];
        }
    }
    return NULL;
}
