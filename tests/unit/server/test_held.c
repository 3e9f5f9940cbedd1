/* Replies that wait for the disk: in which order they leave, and what becomes of those that lie. */
#include "protocol/reply.h"
#include "server/held.h"

#include <criterion/criterion.h>

#define FIRST  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"}\n"
#define SECOND "{\"jsonrpc\":\"2.0\",\"id\":\"x\\\"y\",\"result\":{\"id\":[2]}}\n"
#define THIRD                                                                                      \
    "[{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":1},{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":2}]\n"

static void hold(struct held *held, uint64_t end, uint64_t sequence)
{
    struct held_state waits_for = {.sequence = sequence};
    held_add(held, end, &waits_for);
}

static void hold_for_snapshot(struct held *held, uint64_t end, uint64_t snapshot)
{
    struct held_state waits_for = {.snapshot = snapshot};
    held_add(held, end, &waits_for);
}

static uint64_t release(struct held *held, uint64_t sequence, uint64_t snapshot)
{
    struct held_state reached = {.sequence = sequence, .snapshot = snapshot};
    return held_release(held, &reached);
}

/* A later reply that waits for less must not overtake the one before it. */
Test(held, replies_leave_in_order)
{
    struct held held = {.start = 0};
    hold(&held, 10, 5);
    hold(&held, 20, 0);
    hold(&held, 30, 7);
    cr_assert_eq(release(&held, 4, 0), 0u);
    cr_assert_eq(release(&held, 5, 0), 20u);
    cr_assert(!held_is_empty(&held));
    cr_assert_eq(release(&held, 7, 0), 30u);
    cr_assert(held_is_empty(&held));
    held_deinit(&held);
}

static void lose(struct buffer *output, struct held *held, bool headers, struct held_loss loss)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, 1024);
    error_init(&error, &arena);
    error_set(&error, ERROR_READ_ONLY, "lost");
    error.outcome = SLICE("unknown");
    held_replace(held, output, 100, 100, &loss, headers, &error);
    arena_deinit(&arena);
}

#define LOST(id)                                                                                   \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":-32003,\"message\":\"lost\","          \
    "\"data\":{\"name\":\"ReadOnly\",\"outcome\":\"unknown\"}}}"

/* Only what was undone is replaced, each answer under its own id. */
Test(held, replies_that_show_what_was_undone_are_replaced)
{
    struct held held = {.start = 0};
    struct buffer output = {0};
    buffer_append_slice(&output, SLICE(FIRST));
    hold(&held, 100 + output.size, 5);
    buffer_append_slice(&output, SLICE(SECOND));
    hold(&held, 100 + output.size, 8);
    hold(&held, 100 + output.size, 8); /* a notification */
    buffer_append_slice(&output, SLICE(THIRD));
    hold(&held, 100 + output.size, 9);
    lose(&output, &held, false, (struct held_loss){.durable = 7});
    static const char expected[] = FIRST LOST("\"x\\\"y\"") "\n[" LOST("3") "," LOST("4") "]\n";
    cr_assert(slice_equal(buffer_slice(&output), SLICE(expected)), "%.*s",
              SLICE_FORMAT(buffer_slice(&output)));
    cr_assert_eq(release(&held, 7, 0), 100 + output.size, "what was replaced waits no more");
    buffer_deinit(&output);
}

/* With headers the length is that of the error. */
Test(held, a_replaced_reply_has_its_own_length)
{
    struct held held = {.start = 0};
    struct buffer output = {0};
    struct reply reply;
    reply_begin(&reply, &output, true, false);
    reply_begin_result(&reply, SLICE("1"));
    value_write(&output, VALUE_IS(VALUE_NULL));
    reply_end_result(&reply);
    reply_end(&reply);
    hold(&held, 100 + output.size, 8);
    lose(&output, &held, true, (struct held_loss){.durable = 7});
    static const char expected[] = "Content-Length: 112\r\n\r\n" LOST("1");
    cr_assert_eq(sizeof(LOST("1")) - 1, 112u, "%zu", sizeof(LOST("1")) - 1);
    cr_assert(slice_equal(buffer_slice(&output), SLICE(expected)), "%.*s",
              SLICE_FORMAT(buffer_slice(&output)));
    held_deinit(&held);
    buffer_deinit(&output);
}

/* A snapshot that fails: only its replies are replaced, and those before it still wait. */
Test(held, replies_wait_for_their_snapshot_alone)
{
    struct held held = {.start = 0};
    struct buffer output = {0};
    buffer_append_slice(&output, SLICE(FIRST));
    hold(&held, 100 + output.size, 8);
    size_t first = output.size;
    buffer_append_slice(&output, SLICE(FIRST));
    hold_for_snapshot(&held, 100 + output.size, 3);
    buffer_append_slice(&output, SLICE(SECOND));
    hold_for_snapshot(&held, 100 + output.size, 4);
    lose(&output, &held, false, (struct held_loss){.durable = UINT64_MAX, .snapshot = 3});
    static const char expected[] = FIRST LOST("1") "\n" SECOND;
    cr_assert(slice_equal(buffer_slice(&output), SLICE(expected)), "%.*s",
              SLICE_FORMAT(buffer_slice(&output)));
    cr_assert_eq(release(&held, 7, 3), 0u, "the one before them is not durable");
    cr_assert_eq(release(&held, 8, 2), 100 + first + sizeof(LOST("1")), "its newline included");
    cr_assert_eq(release(&held, 8, 3), 0u, "the next snapshot is not done");
    cr_assert_eq(release(&held, 8, 4), 100 + output.size);
    cr_assert(held_is_empty(&held));
    buffer_deinit(&output);
}
