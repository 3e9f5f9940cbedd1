/* Finding and making stencils. See stencil.h. */
#include "server/stencil.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text_scan.h"
#include "protocol/request.h"

#include <assert.h>

#define ARENA_SIZE  1024

/* Where the method's name stands behind an id: ,"method":" */
#define NAME_OFFSET 11

/* Containers around a param: the request, and its params. */
#define PARAM_DEPTH 2

#define SPREAD      UINT64_C(0x9E3779B97F4A7C15) /* 2^64 divided by the golden ratio */

void stencils_init(struct stencils *stencils)
{
    *stencils = (struct stencils){.sample = STENCIL_SAMPLE};
    for (unsigned set = 0; set < STENCIL_SETS; set++) {
        for (unsigned way = 0; way < STENCIL_WAYS; way++) {
            arena_init(&stencils->sets[set].stencils[way].arena, ARENA_SIZE);
        }
    }
}

void stencils_deinit(struct stencils *stencils)
{
    for (unsigned set = 0; set < STENCIL_SETS; set++) {
        for (unsigned way = 0; way < STENCIL_WAYS; way++) {
            arena_deinit(&stencils->sets[set].stencils[way].arena);
        }
    }
}

/* The set of what stands behind an id, by the first eight bytes from the method's name on; NULL
 * where there is less. */
static struct stencil_set *find_set(struct stencils *stencils, struct slice rest)
{
    uint64_t name;
    if (UNLIKELY(rest.size < NAME_OFFSET + sizeof(name))) {
        return NULL;
    }
    memcpy(&name, rest.data + NAME_OFFSET, sizeof(name));
    return &stencils->sets[(name * SPREAD >> 32) % STENCIL_SETS];
}

static inline bool surrounds(const struct stencil *stencil, struct slice rest)
{
    struct slice head = stencil->head;
    struct slice tail = stencil->tail;
    return head.size > 0 && rest.size > head.size + tail.size &&
           memcmp(rest.data, head.data, head.size) == 0 &&
           memcmp(rest.data + rest.size - tail.size, tail.data, tail.size) == 0;
}

/* Reads `text`, which must be one value to its end. */
static inline bool read_value(struct slice text, struct arena *arena, struct value *value)
{
    const char *end = text.data + text.size;
    if (*text.data == '"' && text_find_special(text.data + 1, end, true) == end - 1 &&
        end[-1] == '"') {
        *value = value_from_text(text);
        return true;
    }
    struct json_error error;
    return json_read_inner(arena, text, PARAM_DEPTH, REQUEST_DEPTH_MAX, value, &error) == end;
}

struct stencil *stencils_find(struct stencils *stencils, struct slice rest, struct arena *arena,
                              struct value *value)
{
    struct stencil_set *set = find_set(stencils, rest);
    for (unsigned way = 0; set != NULL && way < STENCIL_WAYS; way++) {
        struct stencil *stencil = &set->stencils[way];
        if (surrounds(stencil, rest)) {
            size_t around = stencil->head.size + stencil->tail.size;
            struct slice hole = slice_make(rest.data + stencil->head.size, rest.size - around);
            return read_value(hole, arena, value) ? stencil : NULL;
        }
    }
    return NULL;
}

/* Makes a stencil of a message that was prepared before, all in the stencil's own memory. */
static void stencil_make(struct stencil *stencil, struct relations *relations,
                         struct method_entry *method, struct slice source)
{
    struct message message;
    struct request request;
    struct error error;
    struct slice id;
    struct slice rest;
    struct slice hole;
    struct arena *arena = &stencil->arena;
    stencil->head = SLICE("");
    arena_reset(arena);
    error_init(&error, arena);
    struct slice copy = arena_copy(arena, source);
    bool read = message_read_opening(copy, &id, &rest) &&
                message_read(&message, copy, arena, &error) &&
                message_next(&message, &request, &error);
    assert(read);
    stencil->method = method;
    stencil->call = call_prepare(relations, method->method, request.params, NULL, arena, &error);
    assert(stencil->call != NULL);
    bool has_hole = call_hole(stencil->call, &hole);
    assert(has_hole);
    const char *end = rest.data + rest.size;
    if (hole.data < rest.data || hole.data >= end) {
        return; /* the value was written with needless escapes */
    }
    const char *behind = hole.data + hole.size;
    stencil->tail = slice_make(behind, (size_t)(end - behind));
    stencil->head = slice_make(rest.data, (size_t)(hole.data - rest.data));
}

void stencils_note(struct stencils *stencils, struct relations *relations,
                   struct method_entry *method, const struct call *call, struct slice message)
{
    struct slice id;
    struct slice rest;
    struct slice hole;
    if (stencils->sample == 0 || message.size > STENCIL_SIZE_MAX || !call_hole(call, &hole)) {
        return;
    }
    stencils->missed += 1;
    if (stencils->missed % stencils->sample != 0 || !message_read_opening(message, &id, &rest)) {
        return;
    }
    struct stencil_set *set = find_set(stencils, rest);
    if (set == NULL) {
        return;
    }
    struct stencil *stencil = &set->stencils[set->next];
    set->next = (set->next + 1) % STENCIL_WAYS;
    if (stencil->users == 0) {
        stencil_make(stencil, relations, method, message);
    }
}
