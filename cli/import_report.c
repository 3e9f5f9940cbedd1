/* The report of an import: see the header. */
#include "cli/import_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH       24
#define SECONDS_REDRAWN 0.1
#define CLEAR_LINE      "\r\033[K"
#define COUNT_TEXT_SIZE 32

double import_report_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void import_report_init(struct import_report *report)
{
    double now = import_report_now();
    *report = (struct import_report){
        .terminal = isatty(STDERR_FILENO) == 1, .started = now, .shown = now};
}

static void clear_progress(struct import_report *report)
{
    if (report->drawn) {
        fputs(CLEAR_LINE, stderr);
        report->drawn = false;
    }
}

static void print_harmless(struct slice text)
{
    for (size_t position = 0; position < text.size; position++) {
        unsigned char byte = (unsigned char)text.data[position];
        putc(byte < ' ' || byte == 0x7f ? ' ' : byte, stderr);
    }
}

void import_report_bad_row(struct import_report *report, const char *file, uint64_t line,
                           struct slice reason)
{
    clear_progress(report);
    fprintf(stderr, "%s:%" PRIu64 ": ", file, line);
    print_harmless(reason);
    putc('\n', stderr);
}

void import_report_trouble(struct import_report *report, struct slice trouble)
{
    clear_progress(report);
    fputs("tenon import: ", stderr);
    print_harmless(trouble);
    putc('\n', stderr);
}

/* Writes a count with commas between its thousands: 1,234,567. */
static const char *format_count(uint64_t count, char text[COUNT_TEXT_SIZE])
{
    char *place = text + COUNT_TEXT_SIZE - 1;
    *place = '\0';
    unsigned digits = 0;
    do {
        if (digits > 0 && digits % 3 == 0) {
            *--place = ',';
        }
        *--place = (char)('0' + count % 10);
        count /= 10;
        digits++;
    } while (count > 0);
    return place;
}

static void draw_bar(double share)
{
    unsigned full = (unsigned)(share * BAR_WIDTH + 0.5);
    fputs("  [", stderr);
    for (unsigned i = 0; i < BAR_WIDTH; i++) {
        putc(i < full ? '#' : '.', stderr);
    }
    fprintf(stderr, "] %3.0f %%", share * 100);
}

void import_report_progress(struct import_report *report, const struct import_source *source,
                            uint64_t rows)
{
    double now = import_report_now();
    if (!report->terminal || now - report->shown < SECONDS_REDRAWN) {
        return;
    }
    double seconds = now - report->started;
    char count[COUNT_TEXT_SIZE];
    char rate[COUNT_TEXT_SIZE];
    fprintf(stderr, CLEAR_LINE "%.*s: %s rows, %s rows/s", SLICE_FORMAT(source->table),
            format_count(rows, count), format_count((uint64_t)((double)rows / seconds), rate));
    if (report->bytes_all > 0) {
        double share = (double)(report->bytes + source->position) / (double)report->bytes_all;
        draw_bar(share > 1 ? 1 : share);
    }
    fflush(stderr);
    report->shown = now;
    report->drawn = true;
}

void import_report_summary(struct import_report *report, const struct import_tables *tables)
{
    clear_progress(report);
    uint64_t dangling = 0;
    for (uint32_t i = 0; i < tables->count; i++) {
        const struct import_table *table = &tables->tables[i];
        char imported[COUNT_TEXT_SIZE];
        char skipped[COUNT_TEXT_SIZE];
        fprintf(stderr, "%.*s: %s rows imported, %s skipped, %.2f s\n", SLICE_FORMAT(table->name),
                format_count(table->imported, imported), format_count(table->skipped, skipped),
                table->seconds);
        if (table->keyed && table->skipped > 0) {
            dangling += import_keys_count_dangling(&table->keys);
        }
    }
    if (dangling > 0) {
        char count[COUNT_TEXT_SIZE];
        fprintf(stderr, "%s references lead to skipped rows\n", format_count(dangling, count));
    }
}
