/* Waking, releasing and replacing. See durability.h. */
#include "server/durability.h"

#include "server/connection.h"
#include "server/log.h"
#include "server/server.h"

#include <assert.h>
#include <errno.h>
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
        connection_let_go(connection, server->durable);
    }
}

/* Tells everyone whose reply showed what was undone. */
static void replace_replies(struct server *server, int reason)
{
    struct arena arena;
    struct error error;
    arena_init(&arena, 1024);
    error_init(&error, &arena);
    error_set(&error, ERROR_READ_ONLY, "The write could not be made durable: %s.",
              strerror(reason));
    error.reason = arena_format(&arena, "%s", reason == ENOSPC ? "disk full" : strerror(reason));
    error.outcome = SLICE("unknown");
    while (!list_is_empty(&server->held)) {
        connection_lose(LINK_OWNER(server->held.next, struct connection, held_link),
                        server->durable, &error);
    }
    arena_deinit(&arena);
    log_line("the journal failed (%s): what was not durable is undone", strerror(reason));
}

static void poll_store(struct server *server)
{
    struct store *store = server->service->store;
    struct store_news news;
    store_poll(store, &news);
    server->durable = store_durable(store);
    release_replies(server);
    if (news.lost) {
        replace_replies(server, news.reason);
    }
}

static void on_wake(uv_async_t *async)
{
    poll_store(async->data);
}

void durability_start(struct server *server, struct waker *waker)
{
    server->durable = UINT64_MAX;
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
    return store != NULL && store_turn(store);
}
