/* Strangers and pauses. See admission.h. */
#include "server/admission.h"

#include "server/connection.h"
#include "server/log.h"
#include "server/server.h"

#include <assert.h>

/* How often the timer looks for pauses that are over. */
#define TICK_MS (ACCESS_DELAY_FIRST_MS / 2)

void admission_init(struct admission *admission, uv_loop_t *loop)
{
    *admission = (struct admission){0};
    link_init(&admission->paused);
    uv_timer_init(loop, &admission->timer);
    admission->timer.data = admission;
}

void admission_deinit(struct admission *admission)
{
    assert(list_is_empty(&admission->paused));
    assert(admission->stranger_count == 0);
    uv_close((uv_handle_t *)&admission->timer, NULL);
}

/* ---- Strangers */

bool admission_is_stranger(const struct connection *connection)
{
    return deadline_runs(&connection->admission, DEADLINE_ADMISSION);
}

static void admission_begin(struct connection *connection)
{
    struct server *server = connection->server;
    server->admission.stranger_count += 1;
    deadline_start(&server->deadlines, &connection->admission, DEADLINE_ADMISSION);
    connection->framing.message_size_max = ADMISSION_REQUEST_SIZE_MAX;
}

static void admission_end(struct connection *connection)
{
    struct server *server = connection->server;
    server->admission.stranger_count -= 1;
    deadline_stop(&connection->admission);
    connection->framing.message_size_max = server->options->request_size_max;
}

void admission_update(struct connection *connection)
{
    bool admitted = connection->caller.role != ROLE_NONE &&
                    (connection->tls == NULL || tls_is_established(connection->tls));
    if (admission_is_stranger(connection) && admitted) {
        admission_end(connection);
    } else if (!admission_is_stranger(connection) && !admitted && !connection->refused) {
        admission_begin(connection);
    }
}

void admission_limit(struct server *server)
{
    struct link *strangers = &server->deadlines.queues[DEADLINE_ADMISSION];
    while (server->admission.stranger_count > ADMISSION_STRANGERS_MAX) {
        struct deadline *oldest = LINK_OWNER(strangers->next, struct deadline, link);
        server->service->counters.connections_refused += 1;
        connection_close(LINK_OWNER(oldest, struct connection, admission));
    }
}

void admission_expire(struct deadline *deadline)
{
    struct connection *connection = LINK_OWNER(deadline, struct connection, admission);
    char peer[PEER_TEXT_SIZE];
    peer_address_describe(&connection->caller.peer, peer);
    log_limit_line(&connection->server->log_limit, LOG_STRANGER,
                   "closed a connection from %s: it has not authenticated in %d ms", peer,
                   ADMISSION_MS);
    connection->server->admission.stranger_count -= 1;
    connection->server->service->counters.connections_timed_out += 1;
    connection_close(connection);
}

void admission_forget(struct connection *connection)
{
    if (admission_is_stranger(connection)) {
        admission_end(connection);
    }
    link_remove(&connection->paused_link);
}

/* ---- Pauses */

static void admission_resume(struct connection *connection)
{
    link_remove(&connection->paused_link);
    connection->paused = false;
    connection_resume(connection);
}

static void on_tick(uv_timer_t *timer)
{
    struct admission *admission = timer->data;
    struct link *link = admission->paused.next;
    while (link != &admission->paused) {
        struct connection *connection = LINK_OWNER(link, struct connection, paused_link);
        link = link->next;
        if (connection->paused_until_ms <= uv_now(timer->loop)) {
            admission_resume(connection);
        }
    }
    if (list_is_empty(&admission->paused)) {
        uv_timer_stop(timer);
    }
}

void admission_pause(struct connection *connection)
{
    struct admission *admission = &connection->server->admission;
    uint64_t delay_ms = connection->caller.delay_ms;
    if (delay_ms == 0) {
        return;
    }
    char peer[PEER_TEXT_SIZE];
    peer_address_describe(&connection->caller.peer, peer);
    log_limit_line(&connection->server->log_limit, LOG_TOKEN,
                   "refused an unknown token from %s; the answer waits %llu ms", peer,
                   (unsigned long long)delay_ms);
    connection->caller.delay_ms = 0;
    connection->paused = true;
    connection->paused_until_ms = uv_now(&connection->server->loop) + delay_ms;
    list_append(&admission->paused, &connection->paused_link);
    if (!uv_is_active((uv_handle_t *)&admission->timer)) {
        uv_timer_start(&admission->timer, on_tick, TICK_MS, TICK_MS);
    }
}

void admission_resume_all(struct server *server)
{
    struct link *paused = &server->admission.paused;
    while (!list_is_empty(paused)) {
        admission_resume(LINK_OWNER(paused->next, struct connection, paused_link));
    }
}

/* ---- Reading anew */

static void refresh_callers(struct server *server)
{
    struct link *link = server->connections.next;
    for (; link != &server->connections; link = link->next) {
        struct connection *connection = LINK_OWNER(link, struct connection, all);
        caller_refresh(&connection->caller, server->options->service.access);
        admission_update(connection);
    }
    admission_limit(server);
}

static void reload_tokens(struct server *server, struct access *access)
{
    struct buffer message = {0};
    if (access_reload(access, &message)) {
        refresh_callers(server);
        log_line("SIGHUP: read %u tokens from %s", access->tokens.count, access->path);
    } else {
        log_line("SIGHUP: the tokens stay as they were: %.*s",
                 SLICE_FORMAT(buffer_slice(&message)));
    }
    buffer_deinit(&message);
}

static void reload_certificates(const struct server *server)
{
    struct buffer message = {0};
    if (tls_context_reload(server->tls, &message)) {
        log_line("SIGHUP: read the certificates of TLS, for connections from now on");
    } else {
        log_line("SIGHUP: the certificates stay as they were: %.*s",
                 SLICE_FORMAT(buffer_slice(&message)));
    }
    buffer_deinit(&message);
}

void admission_reload(struct server *server)
{
    struct access *access = server->options->service.access;
    if (access != NULL) {
        reload_tokens(server, access);
    }
    if (server->tls != NULL) {
        reload_certificates(server);
    }
    if (access == NULL && server->tls == NULL) {
        log_line("SIGHUP: neither --auth-file nor --tls-cert is in use, so there is nothing to "
                 "read again");
    }
}
