/* Objects that are built field by field, for the answers of the server's own methods. */
#ifndef TENON_SERVER_BUILDER_H
#define TENON_SERVER_BUILDER_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"

#include <assert.h>

struct builder {
    struct arena *arena;
    struct value_field *fields;
    uint32_t count;
    uint32_t capacity;
};

static inline struct builder builder_begin(struct arena *arena, uint32_t capacity)
{
    return (struct builder){
        .arena = arena,
        .fields = arena_allocate(arena, capacity * sizeof(struct value_field)),
        .capacity = capacity,
    };
}

static inline void builder_put(struct builder *builder, struct slice name, struct value value)
{
    assert(builder->count < builder->capacity);
    builder->fields[builder->count] = (struct value_field){.name = name, .value = value};
    builder->count += 1;
}

static inline void builder_put_count(struct builder *builder, const char *name, uint64_t count)
{
    builder_put(builder, slice_of(name), value_from_number((double)count));
}

static inline void builder_put_string(struct builder *builder, const char *name, const char *string)
{
    builder_put(builder, slice_of(name), value_from_string(builder->arena, slice_of(string)));
}

static inline struct value builder_end(const struct builder *builder)
{
    return value_from_fields(builder->fields, builder->count);
}

#endif
