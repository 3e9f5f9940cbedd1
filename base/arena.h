/* An arena: memory that is taken piece by piece and given back all at once.
 *
 * A request parses, evaluates and replies in one arena, which is then reset. Pieces are aligned
 * to 8 bytes and are never freed one by one. What is not handed out is poisoned (base/poison.h).
 *
 * Invariant: start <= next <= end of the current chunk; older chunks hang behind it. */
#ifndef TENON_BASE_ARENA_H
#define TENON_BASE_ARENA_H

#include "base/macros.h"
#include "base/poison.h"
#include "base/slice.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

struct arena {
    char *next;                 /* first free byte of the current chunk */
    char *end;                  /* end of the current chunk */
    struct arena_chunk *chunks; /* newest first */
    size_t reserved;            /* bytes of all chunks */
    size_t kept;                /* bytes of the first chunk, which a reset keeps */
};

/* Makes an empty arena that takes its first chunk, of `first_size` bytes, when it is first used,
 * and keeps one of that size when it is reset. */
void arena_init(struct arena *arena, size_t first_size);

/* Gives every chunk back. */
void arena_deinit(struct arena *arena);

/* Gives everything taken so far back, but keeps one chunk of the first size. */
void arena_reset(struct arena *arena);

/* The slow path of arena_allocate: takes a new chunk. */
void *arena_allocate_chunk(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* Returns `size` uninitialised bytes, aligned to 8, that live until the arena is reset. */
static inline void *arena_allocate(struct arena *arena, size_t size)
{
    size_t rounded = (size + 7) & ~(size_t)7;
    if (UNLIKELY((size_t)(arena->end - arena->next) < rounded)) {
        return arena_allocate_chunk(arena, rounded);
    }
    char *piece = arena->next;
    arena->next += rounded;
    ASAN_UNPOISON_MEMORY_REGION(piece, size);
    return piece;
}

/* Returns `size` zero bytes, aligned to 8. */
void *arena_allocate_zeroed(struct arena *arena, size_t size);

/* Copies `slice` into the arena. */
struct slice arena_copy(struct arena *arena, struct slice slice);

/* Gives the end of `piece`, which was taken with `size` bytes, back from `used` on, if it is the
 * newest piece; does nothing otherwise. */
void arena_trim(struct arena *arena, void *piece, size_t size, size_t used);

/* Where an arena is, to come back to. */
struct arena_mark {
    char *next;
    struct arena_chunk *chunk;
    struct arena_chunk *older;
};

struct arena_mark arena_mark(const struct arena *arena);

/* Gives everything back that was taken since the mark was made; what was taken before must still
 * be there. */
void arena_rewind(struct arena *arena, const struct arena_mark *mark);

/* Formats into the arena as printf does. */
struct slice arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
struct slice arena_format_list(struct arena *arena, const char *format, va_list values)
    PRINTF_LIKE(2, 0);

#endif
