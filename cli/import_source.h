/* A source of an import: a file of JSON lines, or of CSV, that belongs to one table.
 *
 * On the command line: TABLE=FILE or TABLE=FILE:KEY, where KEY names the column that is the row's
 * key in the source. What follows the last colon is the KEY, unless it holds a slash or is empty;
 * a FILE of `-` is standard input.
 *
 * A source with a key is read twice; one that cannot be (standard input, a pipe) is first copied
 * into a temporary file that has no name. */
#ifndef TENON_CLI_IMPORT_SOURCE_H
#define TENON_CLI_IMPORT_SOURCE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "cli/csv.h"

#include <stdbool.h>
#include <stdint.h>

/* A longer line is a bad row: no document is that long. */
#define IMPORT_LINE_SIZE_MAX ((size_t)TINY_OR(256, 16 * 1024 * 1024))

struct import_source {
    struct slice table;
    const char *file;     /* for open() and for messages */
    struct slice key;     /* the key column's name in canonical form; empty: there is none */
    bool csv;             /* a row ends as CSV has it, and may have several lines */
    int descriptor;       /* -1: not open */
    uint64_t size;        /* bytes; 0 where that is not known */
    uint64_t position;    /* bytes read */
    uint64_t line;        /* where the row handed out last begins, from 1 */
    uint64_t line_ends;   /* before what comes next */
    struct buffer buffer; /* the lines at hand */
    size_t start;         /* where the next line begins in it */
    bool ended;           /* nothing comes after what is in the buffer */
};

enum import_line {
    IMPORT_LINE,
    IMPORT_LINE_TOO_LONG, /* skipped to its end */
    IMPORT_LINE_END,      /* the file has no more */
    IMPORT_LINE_TROUBLE   /* errno says which */
};

/* Reads an operand, which must outlive the source, as must `arena`, which gets its texts. The file
 * is not opened yet; it is CSV if its name ends in .csv.
 * Errors: false, and one line for people in `message`. */
MUST_CHECK bool import_source_parse(struct arena *arena, struct import_source *source,
                                    const char *operand, struct buffer *message);

/* Opens the file, and copies it where it must be read twice and cannot. Errors: as above. */
MUST_CHECK bool import_source_open(struct import_source *source, struct buffer *message);
void import_source_close(struct import_source *source);

/* Goes back to the first line. Errors: as above. */
MUST_CHECK bool import_source_rewind(struct import_source *source, struct buffer *message);

/* Hands out the next line, or row of CSV, that is not blank, without its end and without a byte
 * order mark at the start of the file; valid until the next call. */
enum import_line import_source_next(struct import_source *source, struct slice *line);

#endif
