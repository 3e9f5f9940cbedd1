/* An arena of chunks from the C library.
 *
 * Chunks double in size up to ARENA_GROWTH_MAX; a piece that is larger than the next chunk would
 * be gets a chunk of its own, which is hung behind the current one so that the room left there is
 * still used. */
#include "base/arena.h"

#include "base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define ARENA_FIRST_SIZE_MIN 64
#define ARENA_GROWTH_MAX     ((size_t)1 << 20)

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* bytes after this header */
};

static_assert(sizeof(struct arena_chunk) % 8 == 0, "pieces are aligned to 8");

static char *chunk_data(struct arena_chunk *chunk)
{
    return (char *)(chunk + 1);
}

/* An empty current chunk; not NULL, because adding even 0 to NULL is undefined. */
static void arena_point_nowhere(struct arena *arena)
{
    arena->next = (char *)arena;
    arena->end = arena->next;
}

static void arena_point_at(struct arena *arena, struct arena_chunk *chunk)
{
    arena->next = chunk_data(chunk);
    arena->end = arena->next + chunk->size;
    ASAN_POISON_MEMORY_REGION(arena->next, chunk->size);
}

void arena_init(struct arena *arena, size_t first_size)
{
    size_t kept = first_size < ARENA_FIRST_SIZE_MIN ? ARENA_FIRST_SIZE_MIN : first_size;
    *arena = (struct arena){.kept = (kept + 7) & ~(size_t)7};
    arena_point_nowhere(arena);
}

static void arena_release_chunk(struct arena *arena, struct arena_chunk *chunk)
{
    assert(arena->reserved >= chunk->size);
    arena->reserved -= chunk->size;
    memory_release(chunk);
}

void arena_deinit(struct arena *arena)
{
    while (arena->chunks != NULL) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->older;
        arena_release_chunk(arena, chunk);
    }
    assert(arena->reserved == 0);
    arena_point_nowhere(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *first = arena->chunks;
    if (LIKELY(first != NULL && first->older == NULL && first->size == arena->kept)) {
        arena_point_at(arena, first);
        return;
    }
    struct arena_chunk *kept = NULL;
    while (arena->chunks != NULL) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->older;
        if (kept == NULL && chunk->size == arena->kept) {
            kept = chunk;
        } else {
            arena_release_chunk(arena, chunk);
        }
    }
    arena_point_nowhere(arena);
    if (kept != NULL) {
        kept->older = NULL;
        arena->chunks = kept;
        arena_point_at(arena, kept);
    }
}

static struct arena_chunk *arena_new_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = memory_allocate(sizeof(*chunk) + size);
    chunk->size = size;
    chunk->older = NULL;
    arena->reserved += size;
    return chunk;
}

/* The first chunk has the size that is kept, later ones double what there is. */
static size_t arena_next_chunk_size(const struct arena *arena)
{
    if (arena->reserved == 0) {
        return arena->kept;
    }
    size_t size = arena->kept;
    while (size < arena->reserved && size < ARENA_GROWTH_MAX) {
        size *= 2;
    }
    return size * 2;
}

void *arena_allocate_chunk(struct arena *arena, size_t size)
{
    assert(size % 8 == 0);
    size_t next_size = arena_next_chunk_size(arena);
    if (size > next_size && arena->chunks != NULL) {
        struct arena_chunk *own = arena_new_chunk(arena, size);
        own->older = arena->chunks->older;
        arena->chunks->older = own;
        return chunk_data(own);
    }
    struct arena_chunk *chunk = arena_new_chunk(arena, size > next_size ? size : next_size);
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena_point_at(arena, chunk);
    arena->next += size;
    assert(arena->next <= arena->end);
    ASAN_UNPOISON_MEMORY_REGION(chunk_data(chunk), size);
    return chunk_data(chunk);
}

void arena_trim(struct arena *arena, void *piece, size_t size, size_t used)
{
    assert(used <= size);
    char *end = (char *)piece + ((size + 7) & ~(size_t)7);
    if (end == arena->next) {
        arena->next = (char *)piece + ((used + 7) & ~(size_t)7);
        ASAN_POISON_MEMORY_REGION(arena->next, (size_t)(end - arena->next));
    }
}

struct arena_mark arena_mark(const struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    return (struct arena_mark){
        .next = arena->next, .chunk = chunk, .older = chunk != NULL ? chunk->older : NULL};
}

/* Gives back the chunks from `*link` on, up to `end`, which is among them. */
static void arena_release_until(struct arena *arena, struct arena_chunk **link,
                                const struct arena_chunk *end)
{
    while (*link != end) {
        struct arena_chunk *chunk = *link;
        *link = chunk->older;
        arena_release_chunk(arena, chunk);
    }
}

void arena_rewind(struct arena *arena, const struct arena_mark *mark)
{
    struct arena_chunk *chunk = mark->chunk;
    if (LIKELY(arena->chunks == chunk && chunk != NULL && chunk->older == mark->older)) {
        ASAN_POISON_MEMORY_REGION(mark->next, (size_t)(arena->next - mark->next));
        arena->next = mark->next;
        return;
    }
    arena_release_until(arena, &arena->chunks, chunk);
    if (chunk == NULL) {
        arena_point_nowhere(arena);
        return;
    }
    arena_release_until(arena, &chunk->older, mark->older);
    arena->next = mark->next;
    arena->end = chunk_data(chunk) + chunk->size;
    ASAN_POISON_MEMORY_REGION(arena->next, (size_t)(arena->end - arena->next));
}

void *arena_allocate_zeroed(struct arena *arena, size_t size)
{
    void *piece = arena_allocate(arena, size);
    return memset(piece, 0, size);
}

struct slice arena_copy(struct arena *arena, struct slice slice)
{
    char *copy = arena_allocate(arena, slice.size);
    if (slice.size > 0) {
        memcpy(copy, slice.data, slice.size);
    }
    return slice_make(copy, slice.size);
}

struct slice arena_format(struct arena *arena, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct slice text = arena_format_list(arena, format, values);
    va_end(values);
    return text;
}

struct slice arena_format_list(struct arena *arena, const char *format, va_list values)
{
    va_list again;
    va_copy(again, values);
    int size = vsnprintf(NULL, 0, format, values);
    assert(size >= 0);
    char *text = arena_allocate(arena, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return slice_make(text, (size_t)size);
}
