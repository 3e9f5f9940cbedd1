/* Deadlines in queues, and one timer. See deadline.h. */
#include "server/deadline.h"

#include <assert.h>

static void on_timer(uv_timer_t *timer);

/* Has the timer fire at `end_ms`, if it would not before. */
static void deadlines_fire_by(struct deadlines *deadlines, uint64_t end_ms)
{
    if (end_ms >= deadlines->due_ms) {
        return;
    }
    uint64_t now_ms = uv_now(deadlines->timer.loop);
    deadlines->due_ms = end_ms;
    uv_timer_start(&deadlines->timer, on_timer, end_ms > now_ms ? end_ms - now_ms : 0, 0);
}

/* The deadline of the queue that ends first, or NULL. */
static struct deadline *queue_first(const struct link *queue)
{
    return list_is_empty(queue) ? NULL : LINK_OWNER(queue->next, struct deadline, link);
}

static void queue_expire(struct deadlines *deadlines, const struct link *queue, uint64_t now_ms)
{
    struct deadline *first = queue_first(queue);
    while (first != NULL && first->end_ms <= now_ms) {
        deadline_stop(first);
        deadlines->expire(first);
        first = queue_first(queue);
    }
    if (first != NULL) {
        deadlines_fire_by(deadlines, first->end_ms);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct deadlines *deadlines = timer->data;
    deadlines->due_ms = UINT64_MAX;
    for (unsigned kind = 0; kind < DEADLINE_KIND_COUNT; kind++) {
        queue_expire(deadlines, &deadlines->queues[kind], uv_now(timer->loop));
    }
}

void deadlines_init(struct deadlines *deadlines, uv_loop_t *loop, deadline_expire *expire)
{
    *deadlines = (struct deadlines){.expire = expire, .due_ms = UINT64_MAX};
    for (unsigned kind = 0; kind < DEADLINE_KIND_COUNT; kind++) {
        link_init(&deadlines->queues[kind]);
    }
    uv_timer_init(loop, &deadlines->timer);
    deadlines->timer.data = deadlines;
}

void deadlines_close(struct deadlines *deadlines)
{
    for (unsigned kind = 0; kind < DEADLINE_KIND_COUNT; kind++) {
        assert(list_is_empty(&deadlines->queues[kind]));
    }
    uv_close((uv_handle_t *)&deadlines->timer, NULL);
}

void deadline_init(struct deadline *deadline)
{
    link_init(&deadline->link);
}

void deadline_start(struct deadlines *deadlines, struct deadline *deadline, enum deadline_kind kind)
{
    deadline_stop(deadline);
    if (deadlines->patience_ms[kind] == 0) {
        return;
    }
    deadline->kind = kind;
    deadline->end_ms = uv_now(deadlines->timer.loop) + deadlines->patience_ms[kind];
    list_append(&deadlines->queues[kind], &deadline->link);
    deadlines_fire_by(deadlines, deadline->end_ms);
}

void deadline_stop(struct deadline *deadline)
{
    link_remove(&deadline->link);
}

bool deadline_runs(const struct deadline *deadline, enum deadline_kind kind)
{
    return link_is_listed(&deadline->link) && deadline->kind == kind;
}
