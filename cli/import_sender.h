/* Sending rows: batches of insertMany, several under way at a time.
 *
 * Replies come in the order of the batches. A batch that the server refuses is sent again, a row
 * at a time, once nothing else is under way; so rows beside a bad one may go in after the rows of
 * the batches that were under way with it. */
#ifndef TENON_CLI_IMPORT_SENDER_H
#define TENON_CLI_IMPORT_SENDER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "cli/client.h"
#include "cli/import_report.h"
#include "cli/import_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPORT_BATCH_ROWS TINY_OR(3, 256)
#define IMPORT_BATCH_SIZE ((size_t)TINY_OR(128, 256 * 1024)) /* bytes that fill a batch */
#define IMPORT_FLIGHT_MAX TINY_OR(2, 8)                      /* batches under way */

/* Row i has the text from the end of row i - 1 to `end`, without a comma at its end, and the
 * references from those of row i - 1 to `references_end`. */
struct import_batch_row {
    size_t end;
    uint64_t line;
    struct import_key *key; /* NULL: the row has none */
    uint32_t references_end;
};

struct import_batch {
    struct import_batch *next; /* younger, or free */
    struct import_table *table;
    const char *file;
    struct buffer text; /* the documents, with commas between them */
    struct import_batch_row rows[IMPORT_BATCH_ROWS];
    uint32_t row_count;
    struct import_key **references;
    uint32_t reference_count;
    uint32_t reference_capacity;
};

struct import_sender {
    struct client *client;
    struct import_report *report;
    bool skips;                   /* bad rows do not stop the import */
    struct import_batch *filling; /* NULL: none */
    struct import_batch *oldest;  /* under way */
    struct import_batch *newest;
    uint32_t flight_count;
    struct import_batch *free;
    struct arena arena; /* of a reply */
    struct buffer request;
    uint64_t imported; /* rows that are in, of all tables */
};

void import_sender_init(struct import_sender *sender, struct client *client,
                        struct import_report *report, bool skips);
void import_sender_deinit(struct import_sender *sender);

/* Where the text of the next row goes: appended to it, and then said to be complete by
 * import_sender_add. */
struct buffer *import_sender_text(struct import_sender *sender, struct import_table *table,
                                  const char *file);

/* Completes a row whose text was appended to import_sender_text's buffer, and sends the batch if
 * that is full. `references` are copied.
 * Errors: false where the import has to stop; why has been reported. */
MUST_CHECK bool import_sender_add(struct import_sender *sender, uint64_t line,
                                  struct import_key *key, struct import_key *const *references,
                                  uint32_t reference_count);

/* Sends what is waiting to be sent; a batch never holds rows of two sources. Errors as above. */
MUST_CHECK bool import_sender_flush(struct import_sender *sender);

/* Waits until nothing is under way. Errors as above. */
MUST_CHECK bool import_sender_drain(struct import_sender *sender);

#endif
