/* CSV: see the header. */
#include "cli/csv.h"

#include "base/buffer.h"

#include <assert.h>

static enum csv_state next_state(enum csv_state state, char byte)
{
    if (state == CSV_QUOTED) {
        return byte == '"' ? CSV_QUOTE_SEEN : CSV_QUOTED;
    }
    if (byte == ',') {
        return CSV_CELL_START;
    }
    return byte == '"' && state != CSV_PLAIN ? CSV_QUOTED : CSV_PLAIN;
}

const char *csv_scan_row(struct csv_scan *scan, const char *from, const char *end)
{
    for (const char *next = from; next < end; next++) {
        if (*next == '\n' && scan->state != CSV_QUOTED) {
            return next;
        }
        scan->line_ends += *next == '\n';
        scan->state = next_state(scan->state, *next);
    }
    return NULL;
}

/* Reads the cell that begins with the quote at `*next`, and moves `*next` behind it. Returns what
 * is wrong with it, or NULL. */
static const char *read_quoted(struct arena *arena, const char **next, const char *end,
                               struct csv_cell *cell)
{
    const char *from = *next + 1;
    char *text = arena_allocate(arena, (size_t)(end - from) + 1);
    char *to = text;
    while (from < end && !(*from == '"' && (from + 1 == end || from[1] != '"'))) {
        from += *from == '"';
        *to++ = *from++;
    }
    if (from == end) {
        return "the quote that opens the cell is not closed";
    }
    size_t size = (size_t)(to - text);
    arena_trim(arena, text, (size_t)(end - *next), size);
    *cell = (struct csv_cell){.text = slice_make(text, size), .quoted = true};
    *next = from + 1;
    return *next == end || **next == ',' ? NULL : "there is text behind the closing quote";
}

static const char *read_plain(const char **next, const char *end, struct csv_cell *cell)
{
    const char *comma = memchr(*next, ',', (size_t)(end - *next));
    const char *stop = comma == NULL ? end : comma;
    *cell = (struct csv_cell){.text = slice_make(*next, (size_t)(stop - *next))};
    *next = stop;
    return memchr(cell->text.data, '"', cell->text.size) == NULL
               ? NULL
               : "there is a quote inside a cell that does not begin with one";
}

/* An upper bound: commas inside quotes count too. */
static uint32_t count_commas(struct slice row)
{
    uint32_t count = 0;
    for (size_t i = 0; i < row.size; i++) {
        count += row.data[i] == ',';
    }
    return count;
}

const struct csv_cell *csv_read_row(struct arena *arena, struct slice row, uint32_t *count,
                                    const char **problem)
{
    assert(row.data != NULL);
    if (row.size > 0 && row.data[row.size - 1] == '\r') {
        row.size -= 1;
    }
    const char *next = row.data;
    const char *end = row.data + row.size;
    struct csv_cell *cells = arena_allocate(arena, (count_commas(row) + 1) * sizeof *cells);
    *count = 0;
    while (true) {
        bool quoted = next < end && *next == '"';
        struct csv_cell *cell = &cells[*count];
        *problem = quoted ? read_quoted(arena, &next, end, cell) : read_plain(&next, end, cell);
        if (*problem != NULL) {
            return NULL;
        }
        *count += 1;
        if (next == end) {
            return cells;
        }
        next += 1;
    }
}
