/* CSV as text: cells and rows. */
#include "cli/csv.h"

#include <criterion/criterion.h>

#define CELLS_MAX 4

Test(csv, a_row_is_its_cells)
{
    static const struct {
        const char *row;
        const char *cells[CELLS_MAX + 1];
        unsigned quoted; /* a bit a cell */
    } cases[] = {
        {"a,b,c", {"a", "b", "c"}, 0},
        {"a", {"a"}, 0},
        {"", {""}, 0},
        {",", {"", ""}, 0},
        {"a,,c", {"a", "", "c"}, 0},
        {"a,b\r", {"a", "b"}, 0},
        {"a,\"b\"\r", {"a", "b"}, 2},
        {"\"a,b\",c", {"a,b", "c"}, 1},
        {"\"a\nb\",c", {"a\nb", "c"}, 1},
        {"\"a\r\nb\"", {"a\r\nb"}, 1},
        {"\"say \"\"it\"\"\"", {"say \"it\""}, 1},
        {"\"\",\"\"\"\"", {"", "\""}, 3},
        {" a , b ", {" a ", " b "}, 0},
        {"a,", {"a", ""}, 0},
    };
    struct arena arena;
    arena_init(&arena, 256);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t count;
        const char *problem;
        const struct csv_cell *cells =
            csv_read_row(&arena, slice_of(cases[i].row), &count, &problem);
        cr_assert_not_null(cells, "%s: %s", cases[i].row, problem);
        for (uint32_t c = 0; c < count; c++) {
            cr_assert_not_null(cases[i].cells[c], "%s has more cells", cases[i].row);
            cr_expect(slice_equal(cells[c].text, slice_of(cases[i].cells[c])), "%s", cases[i].row);
            cr_expect_eq(cells[c].quoted, (cases[i].quoted >> c & 1) == 1, "%s", cases[i].row);
        }
        cr_expect_null(cases[i].cells[count], "%s has too few cells", cases[i].row);
    }
    arena_deinit(&arena);
}

Test(csv, a_quote_in_the_wrong_place_is_told_with_its_cell)
{
    static const struct {
        const char *row;
        uint32_t cell;
        const char *problem;
    } cases[] = {
        {"a,\"b", 1, "the quote that opens the cell is not closed"},
        {"\"", 0, "the quote that opens the cell is not closed"},
        {"\"a\"\"", 0, "the quote that opens the cell is not closed"},
        {"a,b\"c", 1, "there is a quote inside a cell that does not begin with one"},
        {"a,\"b\"c,d", 1, "there is text behind the closing quote"},
        {"\"a\" ,b", 0, "there is text behind the closing quote"},
    };
    struct arena arena;
    arena_init(&arena, 256);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t count;
        const char *problem;
        cr_expect_null(csv_read_row(&arena, slice_of(cases[i].row), &count, &problem));
        cr_expect_eq(count, cases[i].cell, "%s", cases[i].row);
        cr_expect_str_eq(problem, cases[i].problem, "%s", cases[i].row);
    }
    arena_deinit(&arena);
}

/* The end is the same wherever the text is cut in two. */
Test(csv, a_row_ends_outside_quotes)
{
    static const struct {
        const char *text;
        size_t end; /* 0: there is none */
        uint64_t line_ends;
    } cases[] = {
        {"a,b\nc", 3, 0},      {"\"a\nb\",c\nd", 7, 1}, {"\"a\"\"\n\"\"b\"\nc", 9, 1},
        {"a\"b\nc\"\n", 3, 0}, {"\"a\n\n", 0, 2},       {"a,\"\n\",\"\n\"\n", 9, 2},
        {"abc", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;
        const char *end = text + strlen(text);
        const char *expected = cases[i].end == 0 ? NULL : text + cases[i].end;
        for (const char *cut = text; cut <= end; cut++) {
            struct csv_scan scan = {0};
            const char *found = csv_scan_row(&scan, text, cut);
            if (found == NULL) {
                found = csv_scan_row(&scan, cut, end);
            }
            cr_expect_eq(found, expected, "%s cut at %d", text, (int)(cut - text));
            cr_expect_eq(scan.line_ends, cases[i].line_ends, "%s", text);
        }
    }
}
