/* Memory: the arena and the C library's behind it. */
#include "base/arena.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdint.h>

Test(memory, zeroed_bytes_are_zero)
{
    unsigned char *bytes = memory_allocate_zeroed(7, 11);
    for (int i = 0; i < 77; i++) {
        cr_assert_eq(bytes[i], 0);
    }
    memory_release(bytes);
}

Test(memory, growing_keeps_what_was_there)
{
    char *bytes = memory_resize(NULL, 4);
    memcpy(bytes, "abcd", 4);
    bytes = memory_resize(bytes, 100000);
    cr_assert(memcmp(bytes, "abcd", 4) == 0);
    memory_release(bytes);
    memory_release(NULL);
}

Test(memory, nothing_can_be_asked_for)
{
    void *none = memory_allocate(0);
    void *zeroed = memory_allocate_zeroed(0, 8);
    cr_assert(none != NULL && zeroed != NULL && none != zeroed);
    memory_release(none);
    memory_release(zeroed);
}

Test(arena, pieces_are_aligned_and_do_not_overlap)
{
    struct arena arena;
    arena_init(&arena, 100);
    char *pieces[300];
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        pieces[i] = arena_allocate(&arena, i);
        cr_assert_eq((uintptr_t)pieces[i] % 8, 0);
        memset(pieces[i], (int)(i & 0x7F), i);
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert_eq(pieces[i][j], (char)(i & 0x7F), "piece %zu was written over", i);
        }
    }
    arena_deinit(&arena);
}

Test(arena, nothing_is_reserved_before_it_is_used)
{
    struct arena arena;
    arena_init(&arena, 4096);
    cr_assert_eq(arena.reserved, 0);
    arena_allocate(&arena, 1);
    cr_assert_eq(arena.reserved, 4096);
    arena_deinit(&arena);
    cr_assert_eq(arena.reserved, 0);
}

Test(arena, a_reset_keeps_one_chunk_of_the_first_size)
{
    struct arena arena;
    arena_init(&arena, 1024);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            memset(arena_allocate(&arena, 100), round, 100);
        }
        cr_assert_gt(arena.reserved, 100000);
        arena_reset(&arena);
        cr_assert_eq(arena.reserved, 1024);
    }
    arena_deinit(&arena);
}

Test(arena, a_reset_gives_a_first_chunk_that_is_too_large_back)
{
    struct arena arena;
    arena_init(&arena, 1024);
    memset(arena_allocate(&arena, 50000), 1, 50000);
    arena_reset(&arena);
    cr_assert_eq(arena.reserved, 0);
    memset(arena_allocate(&arena, 10), 1, 10);
    cr_assert_eq(arena.reserved, 1024);
    arena_deinit(&arena);
}

Test(arena, a_large_piece_leaves_the_room_in_the_current_chunk_usable)
{
    struct arena arena;
    arena_init(&arena, 1024);
    char *first = arena_allocate(&arena, 16);
    char *large = arena_allocate(&arena, 100000);
    char *second = arena_allocate(&arena, 16);
    memset(large, 1, 100000);
    cr_assert_eq(second, first + 16);
    arena_deinit(&arena);
}

Test(arena, trimming_the_newest_piece_gives_its_end_back)
{
    struct arena arena;
    arena_init(&arena, 1024);
    char *piece = arena_allocate(&arena, 100);
    arena_trim(&arena, piece, 100, 9);
    char *next = arena_allocate(&arena, 8);
    cr_assert_eq(next, piece + 16);
    arena_trim(&arena, piece, 100, 1);
    cr_assert_eq((char *)arena_allocate(&arena, 8), next + 8, "an older piece was trimmed");
    arena_deinit(&arena);
}

/* Takes pieces of many sizes, large ones among them, until `size` bytes are reserved. */
static void take_much(struct arena *arena, size_t size)
{
    for (size_t piece = 1; arena->reserved < size; piece = piece * 3 % 20011) {
        memset(arena_allocate(arena, piece), 1, piece);
    }
}

Test(arena, rewinding_gives_back_what_was_taken_since_the_mark)
{
    struct arena arena;
    arena_init(&arena, 1024);
    char *first = arena_allocate(&arena, 16);
    memset(first, 7, 16);
    size_t reserved = arena.reserved;
    struct arena_mark mark = arena_mark(&arena);
    for (size_t more = 1024; more < 1000000; more *= 3) {
        take_much(&arena, more);
        arena_rewind(&arena, &mark);
        cr_assert_eq(arena.reserved, reserved);
        cr_assert_eq((char *)arena_allocate(&arena, 8), first + 16);
        arena_rewind(&arena, &mark);
    }
    cr_assert_eq(first[15], 7);
    arena_deinit(&arena);
}

/* A large piece hangs behind the current chunk, which is then the same as before. */
Test(arena, rewinding_gives_a_large_piece_back_and_keeps_an_older_one)
{
    struct arena arena;
    arena_init(&arena, 1024);
    arena_allocate(&arena, 16);
    char *older = arena_allocate(&arena, 5000);
    size_t reserved = arena.reserved;
    struct arena_mark mark = arena_mark(&arena);
    memset(arena_allocate(&arena, 100000), 1, 100000);
    arena_rewind(&arena, &mark);
    cr_assert_eq(arena.reserved, reserved);
    memset(older, 1, 5000);
    arena_deinit(&arena);
}

Test(arena, rewinding_to_nothing_leaves_nothing)
{
    struct arena arena;
    arena_init(&arena, 1024);
    struct arena_mark mark = arena_mark(&arena);
    arena_rewind(&arena, &mark);
    take_much(&arena, 100000);
    arena_rewind(&arena, &mark);
    cr_assert_eq(arena.reserved, 0);
    memset(arena_allocate(&arena, 100), 1, 100);
    arena_deinit(&arena);
}

Test(arena, copies_and_formats_text)
{
    struct arena arena;
    arena_init(&arena, 64);
    struct slice copy = arena_copy(&arena, SLICE("a\0b"));
    cr_assert(slice_equal(copy, SLICE("a\0b")));
    cr_assert_eq(arena_copy(&arena, (struct slice){0}).size, 0);
    struct slice text = arena_format(&arena, "%d %s %.*s", -5, "x", SLICE_FORMAT(SLICE("yz")));
    cr_assert(slice_equal(text, SLICE("-5 x yz")));
    unsigned char *zeroed = arena_allocate_zeroed(&arena, 500);
    for (int i = 0; i < 500; i++) {
        cr_assert_eq(zeroed[i], 0);
    }
    arena_deinit(&arena);
}
