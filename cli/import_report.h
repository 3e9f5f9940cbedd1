/* What an import tells people, on standard error: bad rows, a progress line on a terminal, and a
 * summary. */
#ifndef TENON_CLI_IMPORT_REPORT_H
#define TENON_CLI_IMPORT_REPORT_H

#include "base/slice.h"
#include "cli/import_source.h"
#include "cli/import_table.h"

#include <stdbool.h>
#include <stdint.h>

struct import_report {
    bool terminal;      /* standard error is one: draw progress */
    bool drawn;         /* a progress line is on it */
    uint64_t bytes_all; /* of the sources, each counted as often as it is read; 0: not known */
    uint64_t bytes;     /* of them, of the sources that are done */
    double started;     /* seconds of the monotonic clock */
    double shown;       /* when progress was drawn last */
};

/* Seconds of a clock that never goes back. */
double import_report_now(void);

void import_report_init(struct import_report *report);

/* Tells of a bad row; what a terminal would obey is replaced. */
void import_report_bad_row(struct import_report *report, const char *file, uint64_t line,
                           struct slice reason);

/* Tells of what stops the import. */
void import_report_trouble(struct import_report *report, struct slice trouble);

/* Draws progress, if it is time to. `rows` are those that are in; `source` is being read. */
void import_report_progress(struct import_report *report, const struct import_source *source,
                            uint64_t rows);

/* The summary: a line a table. */
void import_report_summary(struct import_report *report, const struct import_tables *tables);

#endif
