/* Waking, releasing and replacing. See durability.h. */
#include "server/durability.h"

#include "server/connection.h"
#include "server/log.h"
#include "server/server.h"

#include <assert.h>
#include <string.h>

void waker_init(struct waker *waker)
{
    waker->async = NULL;
    pthread_mutex_init(&waker->mutex, NULL);
}

void waker_deinit(struct waker *waker)
{
    assert(waker->async == NULL);
    pthread_mutex_destroy(&waker->mutex);
}

void waker_wake(void *context)
{
    struct waker *waker = context;
    pthread_mutex_lock(&waker->mutex);
    if (waker->async != NULL) {
        uv_async_send(waker->async);
    }
    pthread_mutex_unlock(&waker->mutex);
}

void waker_set(struct waker *waker, uv_async_t *async)
{
    pthread_mutex_lock(&waker->mutex);
    waker->async = async;
    pthread_mutex_unlock(&waker->mutex);
}

static void release_replies(struct server *server)
{
    struct link *link = server->held.next;
    while (link != &server->held) {
        struct connection *connection = LINK_OWNER(link, struct connection, held_link);
        link = link->next;
        connection_let_go(connection);
    }
}

static void replace_replies(struct server *server, const struct held_loss *loss,
                            const struct error *error)
{
    struct link *link = server->held.next;
    while (link != &server->held) {
        struct connection *connection = LINK_OWNER(link, struct connection, held_link);
        link = link->next;
        connection_lose(connection, loss, error);
    }
}

/* Tells everyone whose reply showed what was undone. */
static void report_loss(struct server *server, int reason)
{
    struct arena arena;
    struct error error;
    struct held_loss loss = {.durable = server->reached.sequence};
    arena_init(&arena, 1024);
    error_init(&error, &arena);
    error_set(&error, ERROR_READ_ONLY, "The write could not be made durable: %s.",
              strerror(reason));
    error.reason =
        arena_format(&arena, "%s", file_reason_is_space(reason) ? "disk full" : strerror(reason));
    error.outcome = SLICE("unknown");
    replace_replies(server, &loss, &error);
    arena_deinit(&arena);
    log_line("the journal failed (%s): what was not durable is undone", strerror(reason));
}

/* Tells everyone who waits for the snapshot number `snapshot`. */
static void report_failed_snapshot(struct server *server, uint64_t snapshot, int reason)
{
    struct arena arena;
    struct error error;
    struct held_loss loss = {.durable = UINT64_MAX, .snapshot = snapshot};
    arena_init(&arena, 1024);
    error_init(&error, &arena);
    if (reason == 0) {
        error_set(&error, ERROR_LIMIT_EXCEEDED,
                  "The snapshot was given up: it held back more than --max-walker-bytes of "
                  "documents that were changed meanwhile. Raise it, or ask when less is written.");
        error.limit = SLICE("walker");
    } else {
        error_set(&error, ERROR_UNAVAILABLE,
                  "The snapshot could not be written into the --data directory: %s. "
                  "The journal has everything; ask again when that is mended.",
                  strerror(reason));
        error.reason = arena_format(&arena, "%s", strerror(reason));
    }
    replace_replies(server, &loss, &error);
    log_limit_line(&server->log_limit, LOG_SNAPSHOT, "a snapshot failed: %.*s",
                   SLICE_FORMAT(error.message));
    arena_deinit(&arena);
}

/* Sees whether a snapshot has ended. */
static void poll_snapshot(struct server *server)
{
    struct store_snapshot_info info;
    store_snapshot_info(server->service->store, &info);
    if (info.status == STORE_SNAPSHOT_RUNNING || info.started == server->reached.snapshot) {
        return;
    }
    server->reached.snapshot = info.started;
    if (info.status == STORE_SNAPSHOT_FAILED) {
        report_failed_snapshot(server, info.started, info.reason);
    }
    release_replies(server);
}

static void poll_store(struct server *server)
{
    struct store *store = server->service->store;
    struct store_news news;
    store_poll(store, &news);
    server->reached.sequence = store_durable(store);
    release_replies(server);
    if (news.lost) {
        report_loss(server, news.reason);
    }
    poll_snapshot(server);
}

static void on_wake(uv_async_t *async)
{
    poll_store(async->data);
}

void durability_start(struct server *server, struct waker *waker)
{
    server->reached = (struct held_state){.sequence = UINT64_MAX};
    if (server->service->store == NULL) {
        return;
    }
    int status = uv_async_init(&server->loop, &server->store_woke, on_wake);
    assert(status == 0);
    server->store_woke.data = server;
    server->waker = waker;
    waker_set(waker, &server->store_woke);
    poll_store(server);
}

void durability_stop(struct server *server)
{
    if (server->waker != NULL) {
        waker_set(server->waker, NULL);
        server->waker = NULL;
        uv_close((uv_handle_t *)&server->store_woke, NULL);
    }
}

bool durability_turn(struct server *server)
{
    struct store *store = server->service->store;
    if (store == NULL) {
        return false;
    }
    bool has_work = store_turn(store);
    poll_snapshot(server);
    return has_work;
}
