/* CSV: rows end at the same places however the bytes come, and cells that are quoted and read
 * again are the same. */
#include "base/arena.h"
#include "base/buffer.h"
#include "cli/csv.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

/* Where the row at `from` ends, looking at one byte at a time. */
static const char *scan_slowly(const char *from, const char *end)
{
    struct csv_scan scan = {0};
    const char *found = NULL;
    for (const char *next = from; next < end && found == NULL; next++) {
        found = csv_scan_row(&scan, next, next + 1);
    }
    return found;
}

static void append_quoted(struct buffer *row, struct slice text)
{
    buffer_append_char(row, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') {
            buffer_append_char(row, '"');
        }
        buffer_append_char(row, text.data[i]);
    }
    buffer_append_char(row, '"');
}

static void check_cells(struct arena *arena, const struct csv_cell *cells, uint32_t count)
{
    struct buffer row = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            buffer_append_char(&row, ',');
        }
        append_quoted(&row, cells[i].text);
    }
    struct csv_scan scan = {0};
    assert(csv_scan_row(&scan, row.data, row.data + row.size) == NULL);
    uint32_t again_count;
    const char *problem;
    const struct csv_cell *again = csv_read_row(arena, buffer_slice(&row), &again_count, &problem);
    assert(again != NULL && again_count == count);
    for (uint32_t i = 0; i < count; i++) {
        assert(again[i].quoted && slice_equal(again[i].text, cells[i].text));
    }
    buffer_deinit(&row);
}

static void check_row(struct slice row)
{
    struct arena arena;
    arena_init(&arena, 4096);
    uint32_t count;
    const char *problem;
    const struct csv_cell *cells = csv_read_row(&arena, row, &count, &problem);
    assert((cells == NULL) == (problem != NULL));
    if (cells != NULL) {
        check_cells(&arena, cells, count);
    }
    arena_deinit(&arena);
}

void fuzz_csv(const uint8_t *data, size_t size)
{
    struct slice input = input_slice(data, size);
    const char *end = input.data + input.size;
    while (input.size > 0) {
        struct csv_scan scan = {0};
        const char *stop = csv_scan_row(&scan, input.data, end);
        assert(stop == scan_slowly(input.data, end));
        check_row(input_take(&input, stop == NULL ? input.size : (size_t)(stop - input.data)));
        input_take(&input, 1);
    }
}
