/* Compiling programs and keeping them. */
#include "relations/program.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "index/hash_map.h"

#include <assert.h>

#define PROGRAM_ARENA_SIZE 4096
#define PROGRAM_DEPTH_MAX  128

struct program_cache {
    struct database *database;
    struct hash_map programs; /* by text */
    struct program *newest;
    struct program *oldest;
    uint32_t count;
    size_t size; /* bytes of the programs' arenas */
};

static struct slice program_key(const void *entry)
{
    return ((const struct program *)entry)->text;
}

struct program_cache *program_cache_create(struct database *database)
{
    struct program_cache *cache = memory_allocate_zeroed(1, sizeof(*cache));
    cache->database = database;
    hash_map_init(&cache->programs, program_key, database->documents.seed);
    return cache;
}

static void program_destroy(struct program *program)
{
    arena_deinit(&program->arena);
    memory_release(program);
}

void program_cache_destroy(struct program_cache *cache)
{
    while (cache->newest) {
        struct program *program = cache->newest;
        assert(program->users == 0);
        cache->newest = program->older;
        program_destroy(program);
    }
    hash_map_deinit(&cache->programs);
    memory_release(cache);
}

/* The list in order of use. */

static void list_unlink(struct program_cache *cache, struct program *program)
{
    *(program->newer ? &program->newer->older : &cache->newest) = program->older;
    *(program->older ? &program->older->newer : &cache->oldest) = program->newer;
}

static void list_push(struct program_cache *cache, struct program *program)
{
    program->newer = NULL;
    program->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = program;
    cache->newest = program;
}

/* Evicts the programs that were used longest ago until the cache is within its bounds. */
static void evict(struct program_cache *cache)
{
    struct program *program = cache->oldest;
    while (program &&
           (cache->count > PROGRAM_CACHE_COUNT_MAX || cache->size > PROGRAM_CACHE_SIZE_MAX)) {
        struct program *newer = program->newer;
        if (program->users == 0) {
            list_unlink(cache, program);
            hash_map_remove(&cache->programs, program->hash, program);
            cache->count -= 1;
            cache->size -= program->arena.reserved;
            program_destroy(program);
        }
        program = newer;
    }
}

/* Compiling. */

/* The two params of a program, read from text that lives as long as the program. */
static void read_param(struct arena *arena, const struct bound_params *source,
                       enum parameter parameter, struct bound_params *copy)
{
    if (!param_is_given(source, parameter)) {
        return;
    }
    struct slice text = arena_copy(arena, value_text(arena, source->values[parameter]));
    struct json_error error;
    bool read = json_read(arena, text, PROGRAM_DEPTH_MAX, &copy->values[parameter], NULL, &error);
    assert(read); /* it was read before */
    copy->given |= PARAM_BIT(parameter);
    copy->positions[parameter] = -1;
}

static bool compile(struct program *program, struct database *database, const struct method *method,
                    const struct bound_params *bound, const struct value *args, struct error *error)
{
    struct bound_params copy;
    copy.given = 0;
    read_param(&program->arena, bound, PARAM_DO, &copy);
    read_param(&program->arena, bound, PARAM_RETURN, &copy);
    struct compiler compiler = {
        .database = database,
        .arena = &program->arena,
        .error = error,
        .in_program = true,
        .may_write = method->writes,
        .checks_args = true,
        .args = *args,
        .slot_count = SLOT_FIRST,
        .bindings = arena_allocate(error->arena, PROGRAM_NAMES_MAX * sizeof(struct binding)),
    };
    if (!block_compile(&compiler, &copy, &program->block)) {
        return false;
    }
    program->slot_count = compiler.slot_count;
    program->step_count = compiler.step_count;
    program->required_args = compiler.required_args;
    program->required_count = compiler.required_count;
    return true;
}

/* What does not apply stays without data. */
static void move_text(struct arena *arena, struct slice *text)
{
    if (text->data) {
        *text = arena_copy(arena, *text);
    }
}

/* Errors speak of texts in the program's arena, which goes with it. */
static void move_error(struct error *error)
{
    move_text(error->arena, &error->table);
    move_text(error->arena, &error->index);
    move_text(error->arena, &error->field);
    move_text(error->arena, &error->id);
    if (!value_is_missing(error->value)) {
        struct slice text = value_text(error->arena, error->value);
        error->value = value_from_text(arena_copy(error->arena, text));
    }
}

static struct program *program_create(struct program_cache *cache, const struct method *method,
                                      const struct bound_params *bound, struct value args,
                                      struct error *error)
{
    struct program *program = memory_allocate_zeroed(1, sizeof(*program));
    arena_init(&program->arena, PROGRAM_ARENA_SIZE);
    if (!compile(program, cache->database, method, bound, &args, error)) {
        move_error(error);
        program_destroy(program);
        return NULL;
    }
    return program;
}

static struct slice param_text(struct arena *arena, const struct bound_params *bound,
                               enum parameter parameter)
{
    return param_is_given(bound, parameter) ? value_text(arena, bound->values[parameter])
                                            : SLICE("");
}

/* What a compiled form is found by. */
static struct slice program_text(struct arena *arena, const struct method *method,
                                 const struct bound_params *bound)
{
    struct slice steps = param_text(arena, bound, PARAM_DO);
    struct slice result = param_text(arena, bound, PARAM_RETURN);
    size_t size = 2 + steps.size + result.size;
    char *text = arena_allocate(arena, size);
    text[0] = method->writes ? 'm' : 'q';
    if (steps.size > 0) {
        memcpy(text + 1, steps.data, steps.size);
    }
    /* A byte that canonical JSON does not have tells where `return` begins. */
    text[1 + steps.size] = '\n';
    if (result.size > 0) {
        memcpy(text + 2 + steps.size, result.data, result.size);
    }
    return slice_make(text, size);
}

/* Errors: that of compiler_takes. */
static bool check_size(const struct bound_params *bound, struct error *error)
{
    size_t steps = param_text(error->arena, bound, PARAM_DO).size;
    size_t result = param_text(error->arena, bound, PARAM_RETURN).size;
    return compiler_takes(steps + result, error) ||
           param_fail(bound, steps > result ? PARAM_DO : PARAM_RETURN, error);
}

static bool args_suffice(const struct program *program, struct value args)
{
    for (uint32_t i = 0; i < program->required_count; i++) {
        if (value_is_missing(value_find(args, program->required_args[i]))) {
            return false;
        }
    }
    return true;
}

struct program *program_acquire(struct program_cache *cache, const struct method *method,
                                const struct bound_params *bound, struct value args,
                                struct error *error)
{
    if (!check_size(bound, error)) {
        return NULL;
    }
    struct slice text = program_text(error->arena, method, bound);
    uint64_t hash = hash_map_hash(&cache->programs, text);
    struct program *program = hash_map_find(&cache->programs, hash, text);
    if (program && !args_suffice(program, args)) {
        /* Compiled anew, only to find the place of the reference for the error. */
        program = program_create(cache, method, bound, args, error);
        assert(!program);
        return NULL;
    }
    if (program) {
        list_unlink(cache, program);
    } else {
        program = program_create(cache, method, bound, args, error);
        if (!program) {
            return NULL;
        }
        program->text = arena_copy(&program->arena, text);
        program->hash = hash;
        hash_map_insert(&cache->programs, hash, program);
        cache->count += 1;
        cache->size += program->arena.reserved;
    }
    list_push(cache, program);
    program->users += 1;
    evict(cache);
    return program;
}

void program_release(struct program_cache *cache, struct program *program)
{
    assert(program->users > 0);
    program->users -= 1;
    evict(cache);
}
