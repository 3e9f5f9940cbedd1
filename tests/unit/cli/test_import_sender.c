/* The sender against a fake server that refuses documents that hold the word "bad", and whole
 * requests that hold the word "closed". */
#include "cli/import_sender.h"

#include "tests/support/fake_server.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdio.h>

#define ROW_COUNT 1000

static bool holds(struct slice text, struct slice word)
{
    for (size_t i = 0; i + word.size <= text.size; i++) {
        if (memcmp(text.data + i, word.data, word.size) == 0) {
            return true;
        }
    }
    return false;
}

static void answer_insert(struct slice line, struct buffer *reply)
{
    if (holds(line, SLICE("closed"))) {
        buffer_append_slice(reply,
                            SLICE("{\"id\":1,\"error\":{\"code\":-32003,\"message\":\"no\"}}"));
    } else if (holds(line, SLICE("bad"))) {
        buffer_append_slice(reply, SLICE("{\"id\":1,\"error\":{\"code\":3,\"message\":\"wrong\","
                                         "\"data\":{\"path\":\"/documents/0/x\"}}}"));
    } else {
        buffer_append_slice(reply, SLICE("{\"id\":1,\"result\":[]}"));
    }
    buffer_append_char(reply, '\n');
}

struct fixture {
    struct fake_server server;
    struct client client;
    struct import_report report;
    struct import_sender sender;
    struct import_table table;
    struct import_key *keys[ROW_COUNT]; /* of the rows */
};

static void fixture_init(struct fixture *fixture, bool skips)
{
    *fixture = (struct fixture){.table = {.name = SLICE("t")}};
    fake_start(&fixture->server, answer_insert);
    fixture->client.descriptor = fixture->server.descriptor;
    cr_assert_eq(fcntl(fixture->server.descriptor, F_SETFL, O_NONBLOCK), 0);
    import_keys_init(&fixture->table.keys, 10001);
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        char text[16];
        const uint8_t body[ID_BODY_SIZE] = {0};
        int size = snprintf(text, sizeof text, "%u", row);
        fixture->keys[row] =
            import_keys_add(&fixture->table.keys, slice_make(text, (size_t)size), body);
    }
    import_report_init(&fixture->report);
    import_sender_init(&fixture->sender, &fixture->client, &fixture->report, skips);
    cr_redirect_stderr();
}

static void fixture_deinit(struct fixture *fixture)
{
    import_sender_deinit(&fixture->sender);
    import_keys_deinit(&fixture->table.keys);
    client_close(&fixture->client);
    fake_wait(&fixture->server);
}

/* Sends the row number `row` (from 0), which refers to row 0. */
static bool add(struct fixture *f, unsigned row, const char *text)
{
    buffer_append_format(import_sender_text(&f->sender, &f->table, "t.jsonl"), "{\"%s\":%u}", text,
                         row);
    return import_sender_add(&f->sender, row + 1, f->keys[row], &f->keys[0], 1);
}

Test(import_sender, good_rows_are_all_counted_with_their_references)
{
    struct fixture f;
    fixture_init(&f, false);
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        cr_assert(add(&f, row, "good"));
    }
    cr_assert(import_sender_drain(&f.sender));
    cr_expect_eq(f.table.imported, ROW_COUNT);
    cr_expect_eq(f.table.skipped, 0);
    cr_expect_eq(f.keys[0]->referrers, ROW_COUNT);
    fixture_deinit(&f);
}

Test(import_sender, with_skip_only_the_bad_rows_are_left_out)
{
    struct fixture f;
    fixture_init(&f, true);
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        cr_assert(add(&f, row, row % 100 == 7 ? "bad" : "good"));
    }
    cr_assert(import_sender_drain(&f.sender));
    cr_expect_eq(f.table.imported, ROW_COUNT - 10);
    cr_expect_eq(f.table.skipped, 10);
    cr_expect_eq(f.keys[0]->referrers, ROW_COUNT - 10, "references of bad rows do not count");
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        cr_expect_eq(f.keys[row]->skipped, row % 100 == 7);
    }
    fixture_deinit(&f);
}

Test(import_sender, a_bad_row_is_told_with_file_line_and_the_path_within_it)
{
    struct fixture f;
    fixture_init(&f, true);
    cr_assert(add(&f, 0, "good"));
    cr_assert(add(&f, 1, "bad"));
    cr_assert(import_sender_drain(&f.sender));
    fflush(stderr);
    cr_expect_stderr_eq_str("t.jsonl:2: error 3: wrong at /x\n");
    fixture_deinit(&f);
}

Test(import_sender, with_stop_no_row_after_the_bad_one_of_its_batch_goes_in)
{
    struct fixture f;
    fixture_init(&f, false);
    cr_assert(add(&f, 0, "good"));
    cr_assert(add(&f, 1, "bad"));
    bool goes_on = import_sender_flush(&f.sender);
    cr_expect_not(goes_on && import_sender_drain(&f.sender));
    cr_expect_eq(f.table.imported, 1);
    cr_expect_eq(f.table.skipped, 1);
    cr_expect_eq(f.sender.imported, 1);
    fixture_deinit(&f);
}

Test(import_sender, an_answer_that_no_row_can_help_stops_even_with_skip)
{
    struct fixture f;
    fixture_init(&f, true);
    cr_assert(add(&f, 0, "closed"));
    cr_expect_not(import_sender_drain(&f.sender));
    cr_expect_eq(f.table.imported, 0);
    cr_expect_eq(f.table.skipped, 0);
    fixture_deinit(&f);
}
