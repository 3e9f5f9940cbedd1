/* Operands, and lines of files and pipes. */
#include "base/macros.h"
#include "cli/import_source.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Test(import_source, an_operand_is_a_table_a_file_and_perhaps_a_key)
{
    static const struct {
        const char *operand;
        const char *table;
        const char *file;
        const char *key;
    } cases[] = {
        {"users=users.jsonl", "users", "users.jsonl", ""},
        {"users=users.jsonl:id", "users", "users.jsonl", "id"},
        {"users=a:b.jsonl:user id", "users", "a:b.jsonl", "user id"},
        {"users=a:b.jsonl:", "users", "a:b.jsonl", ""},
        {"users=a:b/c.jsonl", "users", "a:b/c.jsonl", ""},
        {"users=-:id", "users", "-", "id"},
        {"users=a=b:k", "users", "a=b", "k"},
        {"users=f:say \"it\"", "users", "f", "say \\\"it\\\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct import_source source;
        struct buffer message = {0};
        struct arena arena;
        arena_init(&arena, 256);
        cr_assert(import_source_parse(&arena, &source, cases[i].operand, &message));
        cr_expect(slice_equal(source.table, slice_of(cases[i].table)));
        cr_expect_str_eq(source.file, cases[i].file);
        cr_expect(slice_equal(source.key, slice_of(cases[i].key)), "%s", cases[i].operand);
        import_source_close(&source);
        buffer_deinit(&message);
        arena_deinit(&arena);
    }
}

Test(import_source, an_operand_without_a_table_or_a_file_is_refused)
{
    static const char *const operands[] = {"users", "=users.jsonl", "users=", "users=:id", ""};
    for (size_t i = 0; i < sizeof operands / sizeof operands[0]; i++) {
        struct import_source source;
        struct buffer message = {0};
        struct arena arena;
        arena_init(&arena, 256);
        cr_expect_not(import_source_parse(&arena, &source, operands[i], &message));
        cr_expect_gt(message.size, 0);
        buffer_deinit(&message);
        arena_deinit(&arena);
    }
}

/* A temporary file with the content; the name goes to `path`. */
static void make_file(char path[32], const char *content, size_t size)
{
    strcpy(path, "/tmp/tenon-test-XXXXXX");
    int descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(write(descriptor, content, size), (ssize_t)size);
    close(descriptor);
}

static void open_file(struct arena *arena, struct import_source *source, const char *path,
                      const char *key)
{
    struct buffer message = {0};
    struct slice operand = arena_format(arena, "t=%s:%s%c", path, key, '\0');
    cr_assert(import_source_parse(arena, source, operand.data, &message));
    cr_assert(import_source_open(source, &message), "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    buffer_deinit(&message);
}

static void expect_line(struct import_source *source, uint64_t number, const char *text)
{
    struct slice line;
    cr_assert_eq(import_source_next(source, &line), IMPORT_LINE);
    cr_expect_eq(source->line, number);
    cr_expect(slice_equal(line, slice_of(text)), "%.*s", SLICE_FORMAT(line));
}

Test(import_source, lines_are_numbered_and_blank_ones_left_out)
{
    struct arena arena;
    struct import_source source;
    struct slice line;
    char path[32];
    const char content[] = "{\"a\":1}\n\n \t\r\n{\"a\":2}\r\n{\"a\":3}";
    arena_init(&arena, 256);
    make_file(path, content, sizeof content - 1);
    open_file(&arena, &source, path, "");
    expect_line(&source, 1, "{\"a\":1}");
    expect_line(&source, 4, "{\"a\":2}\r");
    expect_line(&source, 5, "{\"a\":3}");
    cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_END);
    cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_END);
    import_source_close(&source);
    unlink(path);
    arena_deinit(&arena);
}

Test(import_source, a_byte_order_mark_is_left_out_at_the_start_and_nowhere_else)
{
    static const char *const contents[] = {"\xEF\xBB\xBF{}\n\xEF\xBB\xBF{}",
                                           "\xEF\xBB\xBF\n\xEF\xBB\xBF{}"};
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        struct arena arena;
        struct import_source source;
        struct slice line;
        char path[32];
        arena_init(&arena, 256);
        make_file(path, contents[i], strlen(contents[i]));
        open_file(&arena, &source, path, "");
        if (i == 0) {
            expect_line(&source, 1, "{}");
        }
        expect_line(&source, 2, "\xEF\xBB\xBF{}");
        cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_END);
        import_source_close(&source);
        unlink(path);
        arena_deinit(&arena);
    }
}

Test(import_source, a_keyed_source_is_read_a_second_time_from_its_start)
{
    struct arena arena;
    struct import_source source;
    struct buffer message = {0};
    struct slice line;
    char path[32];
    arena_init(&arena, 256);
    make_file(path, "1\n2\n", 4);
    open_file(&arena, &source, path, "id");
    for (int pass = 0; pass < 2; pass++) {
        expect_line(&source, 1, "1");
        expect_line(&source, 2, "2");
        cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_END);
        cr_assert(import_source_rewind(&source, &message));
    }
    import_source_close(&source);
    unlink(path);
    arena_deinit(&arena);
}

Test(import_source, a_pipe_with_a_key_is_read_twice_too)
{
    struct arena arena;
    struct import_source source;
    struct buffer message = {0};
    struct slice line;
    int ends[2];
    arena_init(&arena, 256);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "1\n2", 3), 3);
    close(ends[1]);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    open_file(&arena, &source, "-", "id");
    for (int pass = 0; pass < 2; pass++) {
        expect_line(&source, 1, "1");
        expect_line(&source, 2, "2");
        cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_END);
        cr_assert(import_source_rewind(&source, &message));
    }
    import_source_close(&source);
    arena_deinit(&arena);
}

Test(import_source, a_line_that_is_too_long_is_skipped_to_its_end)
{
    struct arena arena;
    struct import_source source;
    struct slice line;
    char path[32];
    size_t size = IMPORT_LINE_SIZE_MAX + 3;
    char *content = malloc(size + 4);
    arena_init(&arena, 256);
    memset(content, 'x', size);
    memcpy(content + size, "\n7\n", 3);
    make_file(path, content, size + 3);
    free(content);
    open_file(&arena, &source, path, "");
    cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_TOO_LONG);
    expect_line(&source, 2, "7");
    cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_END);
    import_source_close(&source);
    unlink(path);
    arena_deinit(&arena);
}

Test(import_source, a_file_that_is_not_there_is_named)
{
    struct arena arena;
    struct import_source source;
    struct buffer message = {0};
    arena_init(&arena, 256);
    cr_assert(import_source_parse(&arena, &source, "t=/nowhere/x.jsonl", &message));
    cr_expect_not(import_source_open(&source, &message));
    cr_expect(
        slice_equal(buffer_slice(&message), SLICE("/nowhere/x.jsonl: No such file or directory")));
    import_source_close(&source);
    buffer_deinit(&message);
    arena_deinit(&arena);
}

Test(import_source, a_row_of_csv_may_have_several_lines)
{
    static const char content[] = "a,b\r\n\n1,\"x\ny\"\n\r\n2,z\n3,\"open\n\n";
    struct source_row {
        uint64_t line;
        const char *text;
    };
    static const struct source_row rows[] = {
        {1, "a,b\r"}, {3, "1,\"x\ny\""}, {6, "2,z"}, {7, "3,\"open\n\n"}};
    struct import_source source;
    struct slice line;
    struct arena arena;
    char path[32];
    arena_init(&arena, 256);
    make_file(path, content, sizeof content - 1);
    open_file(&arena, &source, path, "");
    source.csv = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_line(&source, rows[i].line, rows[i].text);
    }
    cr_expect_eq(import_source_next(&source, &line), IMPORT_LINE_END);
    import_source_close(&source);
    unlink(path);
    arena_deinit(&arena);
}

Test(import_source, a_name_that_ends_in_csv_says_so)
{
    static const struct {
        const char *operand;
        bool csv;
    } cases[] = {{"t=a.csv", true},        {"t=a.csv:id", true}, {"t=x/A.CSV:id", true},
                 {"t=a.csv.jsonl", false}, {"t=-", false},       {"t=csv", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct import_source source;
        struct buffer message = {0};
        struct arena arena;
        arena_init(&arena, 256);
        cr_assert(import_source_parse(&arena, &source, cases[i].operand, &message));
        cr_expect_eq(source.csv, cases[i].csv, "%s", cases[i].operand);
        buffer_deinit(&message);
        arena_deinit(&arena);
    }
}
