/* The server's life: start, the loop, shutdown. See server.h. */
#include "server/server.h"

#include "base/memory.h"
#include "server/clock.h"
#include "server/connection.h"
#include "server/listen.h"
#include "server/log.h"

#include <assert.h>
#include <signal.h>

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void close_handle(void *handle)
{
    uv_close(handle, NULL);
}

/* Closes what keeps the loop alive, once the last connection of a stopping server has gone. */
void server_hold_hangups(bool held)
{
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(held ? SIG_BLOCK : SIG_UNBLOCK, &hangup, NULL);
}

static void server_close_handles(struct server *server)
{
    server_hold_hangups(true);
    durability_stop(server);
    close_handle(&server->check);
    close_handle(&server->idle);
    close_handle(&server->grace);
    close_handle(&server->expiry);
    deadlines_close(&server->deadlines);
    admission_deinit(&server->admission);
    log_limit_close(&server->log_limit);
    close_handle(&server->interrupt);
    close_handle(&server->terminate);
    close_handle(&server->hangup);
}

static void server_count_turn(struct server *server)
{
    uint64_t now_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    histogram_add(&server->service->counters.turns, now_ns - server->turn_start_ns);
    server->turn_start_ns = now_ns;
}

static void on_expiry(uv_timer_t *timer)
{
    struct server *server = timer->data;
    uint64_t next_ms = exports_expire(&server->service->exports);
    if (next_ms > 0) {
        uv_timer_start(timer, on_expiry, next_ms, 0);
    }
}

/* Starts the timer when the first export is open. */
static void server_watch_exports(struct server *server)
{
    const uv_handle_t *timer = (const uv_handle_t *)&server->expiry;
    if (server->service->exports.open_count > 0 && !uv_is_active(timer) && !uv_is_closing(timer)) {
        uv_timer_start(&server->expiry, on_expiry, EXPORT_IDLE_MS, 0);
    }
}

static void on_check(uv_check_t *check)
{
    struct server *server = check->data;
    if (turn_run(server)) {
        uv_idle_start(&server->idle, on_idle);
    } else {
        uv_idle_stop(&server->idle);
    }
    server_watch_exports(server);
    server_count_turn(server);
    if (server->stopping && list_is_empty(&server->connections)) {
        server_close_handles(server);
    }
}

static void server_close_connections(struct server *server)
{
    while (!list_is_empty(&server->connections)) {
        connection_close(LINK_OWNER(server->connections.next, struct connection, all));
    }
}

static void on_grace(uv_timer_t *timer)
{
    log_line("clients did not read their last replies in time");
    server_close_connections(timer->data);
}

/* Lets the poll end at once. */
void server_wake(struct server *server)
{
    uv_idle_start(&server->idle, on_idle);
}

static void server_stop(struct server *server)
{
    server->stopping = true;
    server_close_listeners(server);
    struct link *link = server->connections.next;
    for (; link != &server->connections; link = link->next) {
        connection_finish(LINK_OWNER(link, struct connection, all));
    }
    admission_resume_all(server);
    uv_timer_start(&server->grace, on_grace, SERVER_GRACE_MS, 0);
    server_wake(server);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *server = handle->data;
    if (server->stopping) {
        server_close_connections(server);
        server_wake(server);
        return;
    }
    log_line("stopping: %s", number == SIGINT ? "interrupted" : "terminated");
    server_stop(server);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    (void)number;
    admission_reload(handle->data);
}

/* Initialises the handles whose initialisation cannot fail. */
static void server_init_handles(struct server *server)
{
    uv_loop_t *loop = &server->loop;
    uv_check_init(loop, &server->check);
    uv_idle_init(loop, &server->idle);
    uv_timer_init(loop, &server->grace);
    uv_timer_init(loop, &server->expiry);
    deadlines_init(&server->deadlines, loop, connection_expire);
    server->deadlines.patience_ms[DEADLINE_REQUEST] = server->options->request_timeout_ms;
    server->deadlines.patience_ms[DEADLINE_IDLE] = server->options->idle_timeout_ms;
    server->deadlines.patience_ms[DEADLINE_LINGER] = SERVER_LINGER_MS;
    server->deadlines.patience_ms[DEADLINE_ADMISSION] = ADMISSION_MS;
    admission_init(&server->admission, loop);
    log_limit_init(&server->log_limit, loop, LOG_LIMIT_MS);
    uv_pipe_init(loop, &server->pipe, 0);
    uv_tcp_init(loop, &server->tcp);
    server->check.data = server;
    server->grace.data = server;
    server->expiry.data = server;
    server->interrupt.data = server;
    server->terminate.data = server;
    server->hangup.data = server;
}

/* Before the server says that it listens: who waits for that line may send a signal at once. */
static void server_catch_signals(struct server *server)
{
    signal(SIGPIPE, SIG_IGN);
    uv_signal_start(&server->interrupt, on_signal, SIGINT);
    uv_signal_start(&server->terminate, on_signal, SIGTERM);
    uv_signal_start(&server->hangup, on_hangup, SIGHUP);
    server_hold_hangups(false);
}

static void server_init(struct server *server, const struct serve_options *options,
                        struct service *service)
{
    server->options = options;
    server->service = service;
    link_init(&server->connections);
    link_init(&server->ready);
    link_init(&server->busy);
    link_init(&server->slow);
    link_init(&server->handshakes);
    link_init(&server->changed);
    link_init(&server->aside);
    link_init(&server->held);
    window_init(&server->window);
}

/* Reads the certificates, if the options name any. */
static bool server_start_tls(struct server *server)
{
    struct buffer message = {0};
    if (server->options->tls.certificate == NULL) {
        return true;
    }
    server->tls = tls_context_create(&server->options->tls, &message);
    if (server->tls == NULL) {
        log_line("cannot serve with TLS: %.*s", SLICE_FORMAT(buffer_slice(&message)));
    }
    buffer_deinit(&message);
    return server->tls != NULL;
}

static void server_release(struct server *server)
{
    if (server->tls != NULL) {
        tls_context_destroy(server->tls);
    }
    window_deinit(&server->window);
    memory_release(server);
}

struct server *server_create(const struct serve_options *options, struct service *service,
                             struct waker *waker)
{
    struct server *server = memory_allocate_zeroed(1, sizeof(*server));
    server_init(server, options, service);
    int status = uv_loop_init(&server->loop);
    if (status != 0) {
        goto release_memory;
    }
    status = uv_signal_init(&server->loop, &server->interrupt);
    if (status != 0) {
        goto close_loop;
    }
    status = uv_signal_init(&server->loop, &server->terminate);
    if (status != 0) {
        goto close_interrupt;
    }
    status = uv_signal_init(&server->loop, &server->hangup);
    if (status != 0) {
        goto close_terminate;
    }
    server_init_handles(server);
    durability_start(server, waker);
    server_catch_signals(server);
    if (!descriptors_claim(&server->descriptors, options->connections_max) ||
        !server_start_tls(server) || !server_listen(server)) {
        goto close_handles;
    }
    service->counters.connections_max = server->descriptors.connections_max;
    uv_check_start(&server->check, on_check);
    return server;

close_handles:
    server_close_listeners(server);
    server_close_handles(server);
    goto run_closed;
close_terminate:
    close_handle(&server->terminate);
close_interrupt:
    close_handle(&server->interrupt);
run_closed:
    uv_run(&server->loop, UV_RUN_DEFAULT);
close_loop:
    uv_loop_close(&server->loop);
release_memory:
    if (status != 0) {
        log_line("cannot start the event loop: %s", uv_strerror(status));
    }
    server_release(server);
    return NULL;
}

void server_run(struct server *server)
{
    server->turn_start_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    assert(list_is_empty(&server->connections));
}

void server_destroy(struct server *server)
{
    int status = uv_loop_close(&server->loop);
    assert(status == 0);
    buffer_pool_deinit(&server->buffers);
    server_release(server);
}
