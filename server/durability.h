/* The server's side of the store: it is woken by the store's threads, lets replies leave, and tells
 * clients what could not be kept. */
#ifndef TENON_SERVER_DURABILITY_H
#define TENON_SERVER_DURABILITY_H

#include "storage/store.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct connection;
struct server;

/* What the store's threads wake: the loop, once there is one. */
struct waker {
    pthread_mutex_t mutex;
    uv_async_t *async; /* NULL: nobody listens */
};

void waker_init(struct waker *waker);
void waker_deinit(struct waker *waker);

/* The store's wake callback; `context` is the waker. */
void waker_wake(void *context);

/* Wakes `async` from now on; NULL: nothing. */
void waker_set(struct waker *waker, uv_async_t *async);

/* Makes the server's handle and listens to the store's threads; does nothing in memory. */
void durability_start(struct server *server, struct waker *waker);

/* Closes the handle. */
void durability_stop(struct server *server);

/* Ends a turn of the loop. Returns whether work is left. */
bool durability_turn(struct server *server);

#endif
