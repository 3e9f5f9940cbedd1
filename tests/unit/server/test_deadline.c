/* Deadlines: in which order they end, and that they can be stopped and started anew. */
#include "server/deadline.h"

#include <criterion/criterion.h>
#include <poll.h>

#define COUNT 4

struct fixture;

struct waiter {
    struct deadline deadline;
    struct fixture *fixture;
};

struct fixture {
    uv_loop_t loop;
    struct deadlines deadlines;
    struct waiter all[COUNT];
    int ended[COUNT]; /* numbers of waiters */
    unsigned ended_count;
};

/* The first, when it ends, stops the last. */
static void on_expire(struct deadline *deadline)
{
    struct waiter *waiter = LINK_OWNER(deadline, struct waiter, deadline);
    struct fixture *fixture = waiter->fixture;
    fixture->ended[fixture->ended_count] = (int)(waiter - fixture->all);
    fixture->ended_count += 1;
    if (waiter == fixture->all) {
        deadline_stop(&fixture->all[COUNT - 1].deadline);
    }
}

static void setup(struct fixture *fixture)
{
    *fixture = (struct fixture){.ended_count = 0};
    uv_loop_init(&fixture->loop);
    deadlines_init(&fixture->deadlines, &fixture->loop, on_expire);
    fixture->deadlines.patience_ms[DEADLINE_REQUEST] = 20;
    fixture->deadlines.patience_ms[DEADLINE_LINGER] = 5;
    for (unsigned i = 0; i < COUNT; i++) {
        fixture->all[i].fixture = fixture;
        deadline_init(&fixture->all[i].deadline);
    }
}

static void teardown(struct fixture *fixture)
{
    deadlines_close(&fixture->deadlines);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&fixture->loop), 0);
}

static void expect_ended(const struct fixture *fixture, const int *numbers, unsigned count)
{
    cr_assert_eq(fixture->ended_count, count);
    for (unsigned i = 0; i < count; i++) {
        cr_expect_eq(fixture->ended[i], numbers[i], "%u: %d", i, fixture->ended[i]);
    }
}

Test(deadline, those_with_less_patience_end_first)
{
    struct fixture fixture;
    setup(&fixture);
    deadline_start(&fixture.deadlines, &fixture.all[1].deadline, DEADLINE_REQUEST);
    deadline_start(&fixture.deadlines, &fixture.all[2].deadline, DEADLINE_REQUEST);
    deadline_start(&fixture.deadlines, &fixture.all[3].deadline, DEADLINE_LINGER);
    cr_expect(deadline_runs(&fixture.all[3].deadline, DEADLINE_LINGER));
    cr_expect_not(deadline_runs(&fixture.all[3].deadline, DEADLINE_REQUEST));
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    expect_ended(&fixture, (const int[]){3, 1, 2}, 3);
    cr_expect_not(deadline_runs(&fixture.all[3].deadline, DEADLINE_LINGER));
    teardown(&fixture);
}

Test(deadline, one_that_starts_anew_ends_after_the_others)
{
    struct fixture fixture;
    setup(&fixture);
    deadline_start(&fixture.deadlines, &fixture.all[1].deadline, DEADLINE_REQUEST);
    deadline_start(&fixture.deadlines, &fixture.all[2].deadline, DEADLINE_REQUEST);
    poll(NULL, 0, 10);
    uv_update_time(&fixture.loop);
    uint64_t before_ms = uv_now(&fixture.loop);
    deadline_start(&fixture.deadlines, &fixture.all[1].deadline, DEADLINE_REQUEST);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    expect_ended(&fixture, (const int[]){2, 1}, 2);
    cr_expect(uv_now(&fixture.loop) >= before_ms + 20);
    teardown(&fixture);
}

Test(deadline, one_that_was_stopped_does_not_end)
{
    struct fixture fixture;
    setup(&fixture);
    deadline_start(&fixture.deadlines, &fixture.all[0].deadline, DEADLINE_LINGER);
    deadline_start(&fixture.deadlines, &fixture.all[1].deadline, DEADLINE_LINGER);
    deadline_start(&fixture.deadlines, &fixture.all[3].deadline, DEADLINE_LINGER);
    deadline_stop(&fixture.all[1].deadline);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    expect_ended(&fixture, (const int[]){0}, 1);
    teardown(&fixture);
}

Test(deadline, a_kind_without_patience_does_not_start)
{
    struct fixture fixture;
    setup(&fixture);
    deadline_start(&fixture.deadlines, &fixture.all[1].deadline, DEADLINE_IDLE);
    cr_expect_not(deadline_runs(&fixture.all[1].deadline, DEADLINE_IDLE));
    deadline_start(&fixture.deadlines, &fixture.all[1].deadline, DEADLINE_LINGER);
    deadline_start(&fixture.deadlines, &fixture.all[1].deadline, DEADLINE_IDLE);
    cr_expect_not(deadline_runs(&fixture.all[1].deadline, DEADLINE_LINGER));
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    expect_ended(&fixture, NULL, 0);
    teardown(&fixture);
}
