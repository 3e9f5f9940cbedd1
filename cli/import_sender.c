/* Sending rows: see the header. */
#include "cli/import_sender.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/answer.h"

#include <assert.h>
#include <string.h>

#define ARENA_SIZE ((size_t)64 * 1024)

enum verdict {
    VERDICT_DONE,
    VERDICT_REFUSED, /* something is wrong with the rows */
    VERDICT_FATAL    /* nothing will go in, whatever the rows; reported */
};

/* Batches. */

static struct import_batch *take_batch(struct import_sender *sender)
{
    struct import_batch *batch = sender->free;
    if (batch == NULL) {
        batch = memory_allocate_zeroed(1, sizeof *batch);
    } else {
        sender->free = batch->next;
    }
    batch->next = NULL;
    batch->text.size = 0;
    batch->row_count = 0;
    batch->reference_count = 0;
    return batch;
}

static void free_batch(struct import_sender *sender, struct import_batch *batch)
{
    batch->next = sender->free;
    sender->free = batch;
}

static void destroy_batches(struct import_batch *batch)
{
    while (batch != NULL) {
        struct import_batch *next = batch->next;
        buffer_deinit(&batch->text);
        memory_release(batch->references);
        memory_release(batch);
        batch = next;
    }
}

void import_sender_init(struct import_sender *sender, struct client *client,
                        struct import_report *report, bool skips)
{
    *sender = (struct import_sender){.client = client, .report = report, .skips = skips};
    arena_init(&sender->arena, ARENA_SIZE);
}

void import_sender_deinit(struct import_sender *sender)
{
    destroy_batches(sender->filling);
    destroy_batches(sender->oldest);
    destroy_batches(sender->free);
    buffer_deinit(&sender->request);
    arena_deinit(&sender->arena);
}

static struct slice row_text(const struct import_batch *batch, uint32_t row)
{
    size_t start = row == 0 ? 0 : batch->rows[row - 1].end + 1;
    return slice_make(batch->text.data + start, batch->rows[row].end - start);
}

static uint32_t first_reference(const struct import_batch *batch, uint32_t row)
{
    return row == 0 ? 0 : batch->rows[row - 1].references_end;
}

/* Rows that are in, and rows that will never be. */

static void count_imported(struct import_sender *sender, struct import_batch *batch, uint32_t row)
{
    batch->table->imported++;
    sender->imported++;
    for (uint32_t i = first_reference(batch, row); i < batch->rows[row].references_end; i++) {
        batch->references[i]->referrers++;
    }
}

static void report_refused(struct import_sender *sender, struct import_batch *batch, uint32_t row,
                           struct slice reason)
{
    batch->table->skipped++;
    if (batch->rows[row].key != NULL) {
        batch->rows[row].key->skipped = true;
    }
    import_report_bad_row(sender->report, batch->file, batch->rows[row].line, reason);
}

/* Requests and replies. */

static void queue_documents(struct import_sender *sender, const struct import_table *table,
                            struct slice documents)
{
    struct buffer *request = &sender->request;
    request->size = 0;
    buffer_append_slice(request, SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"insertMany\","
                                       "\"params\":{\"table\":"));
    json_write_string(request, table->name);
    buffer_append_slice(request, SLICE(",\"documents\":["));
    buffer_append_slice(request, documents);
    buffer_append_slice(request, SLICE("]}}"));
    client_queue(sender->client, buffer_slice(request));
}

/* These are answers to whoever asks, not to what was sent. */
static bool is_fatal(int64_t code)
{
    static const enum error_code fatal[] = {ERROR_METHOD_NOT_FOUND, ERROR_UNAVAILABLE,
                                            ERROR_UNAUTHENTICATED,  ERROR_FORBIDDEN,
                                            ERROR_READ_ONLY,        ERROR_UNKNOWN_TABLE};
    for (size_t i = 0; i < COUNT_OF(fatal); i++) {
        if (error_code_number(fatal[i]) == code) {
            return true;
        }
    }
    return false;
}

static enum verdict judge_reply(struct import_sender *sender, struct slice line,
                                struct buffer *reason)
{
    struct answer answer;
    arena_reset(&sender->arena);
    if (!answer_read(&sender->arena, line, &answer)) {
        import_report_trouble(sender->report, SLICE("what answers is not a Tenon server"));
        return VERDICT_FATAL;
    }
    if (!answer.is_error) {
        return VERDICT_DONE;
    }
    /* Where a row is at fault, it was the only one: the path is told from there. */
    if (slice_starts_with(answer.path, SLICE("/documents/0"))) {
        answer.path.data += sizeof "/documents/0" - 1;
        answer.path.size -= sizeof "/documents/0" - 1;
    }
    answer_describe(reason, &answer);
    if (is_fatal(answer.code)) {
        import_report_trouble(sender->report, buffer_slice(reason));
        return VERDICT_FATAL;
    }
    return VERDICT_REFUSED;
}

/* Waits for a reply; `reason` gets why it is not VERDICT_DONE. */
static enum verdict wait_verdict(struct import_sender *sender, struct buffer *reason)
{
    struct slice line;
    reason->size = 0;
    if (!client_wait_line(sender->client, &line)) {
        import_report_trouble(sender->report, buffer_slice(&sender->client->trouble));
        return VERDICT_FATAL;
    }
    return judge_reply(sender, line, reason);
}

/* Sending again, a row at a time. */

static bool settle_row(struct import_sender *sender, struct import_batch *batch, uint32_t row)
{
    struct buffer reason = {0};
    enum verdict verdict = wait_verdict(sender, &reason);
    if (verdict == VERDICT_DONE) {
        count_imported(sender, batch, row);
    } else if (verdict == VERDICT_REFUSED) {
        report_refused(sender, batch, row, buffer_slice(&reason));
    }
    buffer_deinit(&reason);
    return verdict == VERDICT_DONE || (verdict == VERDICT_REFUSED && sender->skips);
}

/* Where a bad row stops the import, no row after it may go in: one by one. */
static bool send_rows(struct import_sender *sender, struct import_batch *batch)
{
    for (uint32_t row = 0; row < batch->row_count; row++) {
        queue_documents(sender, batch->table, row_text(batch, row));
        if (!sender->skips && !settle_row(sender, batch, row)) {
            return false;
        }
    }
    for (uint32_t row = 0; sender->skips && row < batch->row_count; row++) {
        if (!settle_row(sender, batch, row)) {
            return false;
        }
    }
    return true;
}

/* Batches under way. */

static struct import_batch *take_oldest(struct import_sender *sender)
{
    struct import_batch *batch = sender->oldest;
    assert(batch != NULL && sender->flight_count > 0);
    sender->oldest = batch->next;
    sender->flight_count--;
    if (sender->oldest == NULL) {
        sender->newest = NULL;
    }
    batch->next = NULL;
    return batch;
}

/* Waits for the reply to the oldest batch. */
static enum verdict settle_oldest(struct import_sender *sender, struct import_batch *batch)
{
    struct buffer reason = {0};
    enum verdict verdict = wait_verdict(sender, &reason);
    for (uint32_t row = 0; verdict == VERDICT_DONE && row < batch->row_count; row++) {
        count_imported(sender, batch, row);
    }
    buffer_deinit(&reason);
    return verdict;
}

/* Waits for all that are under way, and then sends the refused ones again, in their order. */
static bool settle_all(struct import_sender *sender, struct import_batch *refused)
{
    struct import_batch *last = refused;
    bool goes_on = true;
    while (goes_on && sender->oldest != NULL) {
        struct import_batch *batch = take_oldest(sender);
        enum verdict verdict = settle_oldest(sender, batch);
        goes_on = verdict != VERDICT_FATAL;
        if (verdict == VERDICT_REFUSED) {
            last->next = batch;
            last = batch;
        } else {
            free_batch(sender, batch);
        }
    }
    while (refused != NULL) {
        struct import_batch *next = refused->next;
        goes_on = goes_on && send_rows(sender, refused);
        free_batch(sender, refused);
        refused = next;
    }
    return goes_on;
}

static bool settle(struct import_sender *sender)
{
    struct import_batch *batch = take_oldest(sender);
    enum verdict verdict = settle_oldest(sender, batch);
    if (verdict == VERDICT_REFUSED) {
        return settle_all(sender, batch);
    }
    free_batch(sender, batch);
    return verdict == VERDICT_DONE;
}

/* Filling a batch. */

struct buffer *import_sender_text(struct import_sender *sender, struct import_table *table,
                                  const char *file)
{
    if (sender->filling == NULL) {
        sender->filling = take_batch(sender);
        sender->filling->table = table;
        sender->filling->file = file;
    }
    assert(sender->filling->table == table && sender->filling->file == file);
    return &sender->filling->text;
}

static void add_references(struct import_batch *batch, struct import_key *const *references,
                           uint32_t count)
{
    uint32_t needed = batch->reference_count + count;
    if (needed > batch->reference_capacity) {
        batch->reference_capacity = needed * 2;
        batch->references = memory_resize(batch->references,
                                          batch->reference_capacity * sizeof(struct import_key *));
    }
    for (uint32_t i = 0; i < count; i++) {
        batch->references[batch->reference_count++] = references[i];
    }
}

bool import_sender_add(struct import_sender *sender, uint64_t line, struct import_key *key,
                       struct import_key *const *references, uint32_t reference_count)
{
    struct import_batch *batch = sender->filling;
    assert(batch != NULL && batch->row_count < IMPORT_BATCH_ROWS);
    add_references(batch, references, reference_count);
    batch->rows[batch->row_count++] = (struct import_batch_row){
        .end = batch->text.size,
        .line = line,
        .key = key,
        .references_end = batch->reference_count,
    };
    buffer_append_char(&batch->text, ',');
    bool full = batch->row_count == IMPORT_BATCH_ROWS || batch->text.size >= IMPORT_BATCH_SIZE;
    return !full || import_sender_flush(sender);
}

bool import_sender_flush(struct import_sender *sender)
{
    struct import_batch *batch = sender->filling;
    sender->filling = NULL;
    if (batch == NULL) {
        return true;
    }
    if (batch->row_count == 0) {
        free_batch(sender, batch);
        return true;
    }
    queue_documents(sender, batch->table,
                    slice_make(batch->text.data, batch->rows[batch->row_count - 1].end));
    if (sender->newest == NULL) {
        sender->oldest = batch;
    } else {
        sender->newest->next = batch;
    }
    sender->newest = batch;
    sender->flight_count++;
    if (!client_turn(sender->client, 0, -1, NULL)) {
        import_report_trouble(sender->report, buffer_slice(&sender->client->trouble));
        return false;
    }
    while (sender->flight_count >= IMPORT_FLIGHT_MAX) {
        if (!settle(sender)) {
            return false;
        }
    }
    return true;
}

bool import_sender_drain(struct import_sender *sender)
{
    bool goes_on = import_sender_flush(sender);
    while (goes_on && sender->oldest != NULL) {
        goes_on = settle(sender);
    }
    return goes_on;
}
