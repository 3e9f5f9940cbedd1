/* Errors and the pointers that say where they are. */
#include "base/error.h"
#include "base/json_pointer.h"

#include <criterion/criterion.h>

static bool text_is(struct slice slice, const char *text)
{
    return slice_equal(slice, slice_of(text));
}

Test(error, is_empty_at_first)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, 256);
    error_init(&error, &arena);
    cr_assert_eq(error.code, ERROR_NONE);
    cr_assert_eq(error.offset, -1);
    cr_assert(error.path.data == NULL && error.table.data == NULL);
    cr_assert(value_is_missing(error.value));
    error_prefix_path(&error, SLICE("field"));
    error_prefix_path_index(&error, 1);
    cr_assert(error.path.data == NULL, "a path without an error");
    arena_deinit(&arena);
}

Test(error, the_first_one_stays)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, 256);
    error_init(&error, &arena);
    cr_assert_not(error_set(&error, ERROR_INVALID_ID, "id %d of %s", 5, "users"));
    cr_assert_not(error_set(&error, ERROR_PARSE, "later"));
    cr_assert_eq(error.code, ERROR_INVALID_ID);
    cr_assert(text_is(error.message, "id 5 of users"));
    arena_deinit(&arena);
}

Test(error, a_path_grows_at_its_head)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, 256);
    error_init(&error, &arena);
    cr_assert_not(error_set(&error, ERROR_INVALID_VALUE, "no"));
    error_prefix_path(&error, SLICE("a/b~c"));
    error_prefix_path_index(&error, 4294967295u);
    error_prefix_path(&error, SLICE(""));
    error_prefix_path(&error, SLICE("do"));
    cr_assert(text_is(error.path, "/do//4294967295/a~1b~0c"));
    arena_deinit(&arena);
}

Test(error, codes_have_the_numbers_and_names_of_the_contract)
{
    static const struct {
        enum error_code code;
        int number;
        const char *name;
    } rows[] = {
        {ERROR_PARSE, -32700, "ParseError"},
        {ERROR_READ_ONLY, -32003, "ReadOnly"},
        {ERROR_DOCUMENT_NOT_FOUND, 1, "DocumentNotFound"},
        {ERROR_UNIQUE_VIOLATION, 8, "UniqueViolation"},
        {ERROR_NULL_REFERENCE, 10, "NullReference"},
        {ERROR_ARITHMETIC, 16, "ArithmeticError"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert_eq(error_code_number(rows[i].code), rows[i].number);
        cr_assert_str_eq(error_code_name(rows[i].code), rows[i].name);
    }
    for (int i = 1; i < ERROR_CODE_COUNT; i++) {
        for (int j = 1; j < i; j++) {
            cr_assert_neq(error_code_number((enum error_code)i),
                          error_code_number((enum error_code)j));
        }
    }
}

Test(json_pointer, escapes_only_what_pointers_escape)
{
    struct arena arena;
    arena_init(&arena, 64);
    cr_assert(text_is(json_pointer_prefix(&arena, SLICE("a"), SLICE("")), "/a"));
    cr_assert(text_is(json_pointer_prefix(&arena, SLICE("~~//"), SLICE("/b")), "/~0~0~1~1/b"));
    cr_assert(text_is(json_pointer_prefix(&arena, SLICE("\" \\"), (struct slice){0}), "/\" \\"));
    cr_assert(text_is(json_pointer_prefix_index(&arena, 0, SLICE("/b")), "/0/b"));
    arena_deinit(&arena);
}
