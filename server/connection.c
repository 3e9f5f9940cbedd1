/* Connections. See connection.h for their states. */
#include "server/connection.h"

#include "base/memory.h"
#include "server/admission.h"
#include "server/overload.h"
#include "server/server.h"

#include <assert.h>

/* A read is offered at least this much room; less makes reading slower by a quarter. */
#define READ_SIZE_MIN   TINY_OR(16, 16 * 1024)

/* A read is offered at most this much, so that libuv, which reads while buffers come back full,
 * takes a bounded amount from one connection in a turn. */
#define READ_SIZE_MAX   (64 * 1024)

/* Once a poll has read so much from all connections together, a connection is read once and offered
 * READ_SIZE_MIN, so that a poll with a thousand of them ends soon. */
#define READ_POLL_MAX   TINY_OR(64, 1024 * 1024)

/* The same of sealed bytes, so that what they say fits into a buffer of the pool. */
#define READ_SEALED_MAX TINY_OR(128, 48 * 1024)

/* Reading goes on while no more than this waits to be served. Most clients will send nothing before
 * they are answered, and to stop reading for that while and to start again are three system
 * calls. */
#define READ_AHEAD_MAX  TINY_OR(16, 16 * 1024)

/* A piece of a message that is no larger waits in memory of its own size. */
#define PARKED_SIZE_MAX TINY_OR(8, 4 * 1024)

static void connection_check(const struct connection *connection)
{
    assert(connection->released <= connection->output.size);
    assert(!connection->throttled || !link_is_listed(&connection->ready));
    assert(!connection->paused || !link_is_listed(&connection->ready));
    assert(!connection->lingering || connection->closing);
}

void connection_queue(struct connection *connection, struct link *queue)
{
    struct server *server = connection->server;
    server->busy_count -= connection->queue == &server->busy;
    server->busy_count += queue == &server->busy;
    connection->queue = queue;
    link_remove(&connection->ready);
    if (queue != NULL) {
        list_append(queue, &connection->ready);
    }
}

static void connection_make_ready(struct connection *connection)
{
    struct server *server = connection->server;
    list_append(&server->changed, &connection->changed);
    bool waits = connection->throttled || connection->paused || connection->closing;
    if (!waits && !link_is_listed(&connection->ready)) {
        connection->tenure_count = 0;
        connection->tenure_ns = 0;
        connection_queue(connection, connection->slow ? &server->slow : &server->ready);
    }
}

/* Drops what was served from the front of the input. */
static void connection_compact(struct connection *connection)
{
    struct buffer *input = &connection->input;
    size_t dropped = framing_drop(&connection->framing);
    input->size -= dropped;
    if (dropped > 0 && input->size > 0) {
        memmove(input->data, input->data + dropped, input->size);
    }
}

/* Moves a piece of a message to a buffer of the pool. */
static void connection_unpark(struct connection *connection)
{
    struct buffer parked = connection->input;
    connection->input = (struct buffer){0};
    buffer_pool_take(&connection->server->buffers, &connection->input);
    buffer_append_slice(&connection->input, buffer_slice(&parked));
    buffer_deinit(&parked);
}

static bool connection_should_park(const struct buffer *input)
{
    return (input->capacity >= BUFFER_POOL_SIZE && input->size <= PARKED_SIZE_MAX) ||
           (input->capacity > BUFFER_POOL_SIZE && input->size <= input->capacity / 4);
}

/* Gives the input's memory back where nothing, or little, is left in it. */
static void connection_park(struct connection *connection)
{
    struct buffer *input = &connection->input;
    connection_compact(connection);
    if (input->size == 0) {
        buffer_pool_give(&connection->server->buffers, input);
    } else if (connection_should_park(input)) {
        struct buffer parked = {0};
        buffer_append_slice(&parked, buffer_slice(input));
        buffer_pool_give(&connection->server->buffers, input);
        *input = parked;
    }
}

/* Makes room for a read. */
static void connection_make_room(struct connection *connection)
{
    struct buffer *input = &connection->input;
    if (input->capacity < BUFFER_POOL_SIZE) {
        connection_unpark(connection);
    }
    if (input->capacity - input->size < READ_SIZE_MIN) {
        connection_compact(connection);
        buffer_reserve(input, READ_SIZE_MIN);
    }
}

static void on_allocate(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
    (void)suggested_size;
    struct connection *connection = handle->data;
    struct buffer *input = &connection->input;
    if (connection->tls != NULL) {
        buffer_pool_take(&connection->server->buffers, &connection->opening);
        *buffer = uv_buf_init(connection->opening.data, READ_SEALED_MAX);
        return;
    }
    connection_make_room(connection);
    bool much = connection->server->read_size >= READ_POLL_MAX;
    size_t most = much ? READ_SIZE_MIN : READ_SIZE_MAX;
    size_t room = input->capacity - input->size;
    buffer->base = input->data + input->size;
    buffer->len = room < most ? room : most;
}

static void connection_stop_reading(struct connection *connection)
{
    if (connection->reading) {
        uv_read_stop(&connection->socket.stream);
        connection->reading = false;
    }
}

/* Nothing can be sent any more. */
static void connection_break(struct connection *connection)
{
    connection->broken = true;
    connection->ended = true;
    connection->finished = true;
    connection_stop_reading(connection);
    connection_make_ready(connection);
}

/* Nothing more will come. */
static void connection_end_input(struct connection *connection)
{
    connection->ended = true;
    connection->finished = true;
    connection_stop_reading(connection);
    connection_make_ready(connection);
}

/* What follows when a read has added to the input. */
static void connection_receive(struct connection *connection)
{
    connection_make_ready(connection);
    connection_count(connection);
    struct server *server = connection->server;
    if (overload_is_reached(server) || server->read_size >= READ_POLL_MAX) {
        connection_stop_reading(connection);
    }
}

static void log_tls_trouble(const struct connection *connection, const char *trouble)
{
    char peer[PEER_TEXT_SIZE];
    peer_address_describe(&connection->caller.peer, peer);
    log_limit_line(&connection->server->log_limit, LOG_HANDSHAKE,
                   "closed a connection from %s: TLS: %s", peer, trouble);
}

/* Tells the client why, if it still listens, and ends the connection. */
static void connection_fail_tls(struct connection *connection)
{
    struct buffer alert = {0};
    struct slice nothing = {0};
    log_tls_trouble(connection, tls_trouble(connection->tls));
    tls_seal(connection->tls, &nothing, 0, &alert);
    if (alert.size > 0 && connection->writing.capacity == 0) {
        uv_buf_t bytes = uv_buf_init(alert.data, (unsigned)alert.size);
        (void)uv_try_write(&connection->socket.stream, &bytes, 1);
    }
    buffer_deinit(&alert);
    connection_break(connection);
}

/* Opens the bytes that came into `opening`. */
static void connection_receive_sealed(struct connection *connection, size_t size)
{
    connection_make_room(connection);
    switch (tls_receive(connection->tls, slice_make(connection->opening.data, size),
                        &connection->input)) {
    case TLS_OPEN:
        admission_update(connection);
        connection_receive(connection);
        break;
    case TLS_ENDED:
        admission_update(connection);
        framing_end(&connection->framing);
        connection_end_input(connection);
        break;
    case TLS_BROKEN:
        connection_fail_tls(connection);
        break;
    }
}

/* Has what came wait for its turn: the mathematics of a handshake takes longer than most requests.
 * Nothing more is read until then. */
static void connection_wait_to_shake_hands(struct connection *connection, size_t size)
{
    struct server *server = connection->server;
    struct buffer piece = {0};
    buffer_append(&piece, connection->opening.data, size);
    buffer_pool_give(&server->buffers, &connection->opening);
    connection->opening = piece;
    connection_stop_reading(connection);
    connection_queue(connection, &server->handshakes);
    list_append(&server->changed, &connection->changed);
}

void connection_shake_hands(struct connection *connection)
{
    struct service_counters *counters = &connection->server->service->counters;
    connection_queue(connection, NULL);
    connection_receive_sealed(connection, connection->opening.size);
    buffer_pool_give(&connection->server->buffers, &connection->opening);
    counters->handshakes += tls_is_established(connection->tls);
    counters->handshakes_failed += connection->broken;
}

/* A client that goes away without a word of TLS may have been cut off in the middle of a message,
 * by whoever sits between; what is not whole does not count. */
static void connection_end_unsaid(struct connection *connection)
{
    if (tls_has_begun(connection->tls) && !tls_is_established(connection->tls)) {
        connection->server->service->counters.handshakes_failed += 1;
        log_tls_trouble(connection, "the client left in the middle of the handshake");
    }
    connection_end_input(connection);
}

static void connection_take_read(struct connection *connection, ssize_t size)
{
    bool sealed = connection->tls != NULL;
    if (connection->lingering) {
        if (size < 0) {
            connection_close(connection);
        }
    } else if (size > 0 && sealed && !tls_is_established(connection->tls)) {
        connection_wait_to_shake_hands(connection, (size_t)size);
    } else if (size > 0 && sealed) {
        connection_receive_sealed(connection, (size_t)size);
    } else if (size > 0) {
        connection->input.size += (size_t)size;
        connection_receive(connection);
    } else if (size == UV_EOF && sealed) {
        connection_end_unsaid(connection);
    } else if (size == UV_EOF) {
        framing_end(&connection->framing);
        connection_end_input(connection);
    } else if (size < 0) {
        connection_break(connection);
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    (void)buffer;
    struct connection *connection = stream->data;
    connection->server->read_size += size > 0 ? (uint64_t)size : 0;
    connection_take_read(connection, size);
    if (connection->opening.size == 0) {
        buffer_pool_give(&connection->server->buffers, &connection->opening);
    }
}

static void connection_start_reading(struct connection *connection)
{
    if (connection->reading) {
        return;
    }
    connection->reading = true;
    if (uv_read_start(&connection->socket.stream, on_allocate, on_read) != 0) {
        connection_break(connection);
    }
}

struct buffer *connection_output(struct connection *connection)
{
    if (connection->output.capacity == 0) {
        buffer_pool_take(&connection->server->buffers, &connection->output);
    }
    return &connection->output;
}

void connection_release(struct connection *connection, const struct held_state *waits_for)
{
    struct server *server = connection->server;
    bool waits = waits_for->sequence > server->reached.sequence ||
                 waits_for->snapshot > server->reached.snapshot;
    if (UNLIKELY(connection->paused) && held_is_empty(&connection->held)) {
        return;
    }
    if (held_is_empty(&connection->held) && !waits) {
        connection->released = connection->output.size;
        return;
    }
    held_add(&connection->held, connection->output_start + connection->output.size, waits_for);
    if (!link_is_listed(&connection->held_link)) {
        list_append(&server->held, &connection->held_link);
    }
}

void connection_let_go(struct connection *connection)
{
    uint64_t end = held_release(&connection->held, &connection->server->reached);
    if (end > 0) {
        connection->released = (size_t)(end - connection->output_start);
        list_append(&connection->server->changed, &connection->changed);
    }
    if (held_is_empty(&connection->held)) {
        link_remove(&connection->held_link);
    }
}

void connection_lose(struct connection *connection, const struct held_loss *loss,
                     const struct error *error)
{
    held_replace(&connection->held, &connection->output, connection->output_start,
                 connection->output_start + connection->released, loss,
                 connection->framing.kind == FRAMING_HEADERS, error);
    connection_let_go(connection);
}

/* Forgets replies that nobody will read. */
static void connection_drop_held(struct connection *connection)
{
    held_deinit(&connection->held);
    link_remove(&connection->held_link);
}

/* Bytes that the socket has not taken yet. */
static size_t connection_waiting(const struct connection *connection)
{
    size_t size = connection->output.size + (connection->sealing.size - connection->sealed);
    if (connection->writing.capacity > 0) {
        size += uv_stream_get_write_queue_size(&connection->socket.stream);
    }
    return size;
}

bool connection_is_over_output(const struct connection *connection)
{
    return connection_waiting(connection) > overload_output_max(connection->server);
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    buffer_pool_give(&connection->server->buffers, &connection->writing);
    if (uv_is_closing(&connection->socket.handle)) {
        return;
    }
    if (status < 0) {
        connection_break(connection);
        return;
    }
    connection_flush(connection);
    list_append(&connection->server->changed, &connection->changed);
}

/* Takes the first `size` bytes off the output, which have left. */
static void output_drop(struct connection *connection, size_t size)
{
    struct buffer *output = &connection->output;
    output->size -= size;
    connection->released -= size;
    connection->output_start += size;
    if (output->size > 0) {
        memmove(output->data, output->data + size, output->size);
    } else {
        buffer_pool_give(&connection->server->buffers, output);
    }
}

/* Moves the released output to `buffer`, which has no memory, without copying it. */
static void output_move(struct connection *connection, struct buffer *buffer)
{
    size_t released = connection->released;
    *buffer = connection->output;
    connection->output = (struct buffer){0};
    connection->released = 0;
    connection->output_start += released;
    if (released < buffer->size) {
        buffer_append(connection_output(connection), buffer->data + released,
                      buffer->size - released);
        buffer->size = released;
    }
}

/* Has libuv send `writing` from `sent` on when the socket takes it again. */
static void connection_write_later(struct connection *connection, size_t sent)
{
    uv_buf_t rest = {.base = connection->writing.data + sent,
                     .len = connection->writing.size - sent};
    connection->write.data = connection;
    if (uv_write(&connection->write, &connection->socket.stream, &rest, 1, on_written) != 0) {
        buffer_pool_give(&connection->server->buffers, &connection->writing);
        connection_break(connection);
    }
}

void connection_count(struct connection *connection)
{
    size_t size = connection->input.capacity + connection->output.capacity +
                  connection->writing.capacity + connection->sealing.capacity +
                  connection->opening.capacity;
    if (connection->tls != NULL) {
        size += tls_size(connection->tls);
    }
    connection->server->buffered += size - connection->buffered;
    connection->buffered = size;
}

/* Sends what `writing` holds. */
static void connection_write(struct connection *connection)
{
    uv_buf_t bytes = {.base = connection->writing.data, .len = connection->writing.size};
    int sent = uv_try_write(&connection->socket.stream, &bytes, 1);
    if (sent >= 0 && (size_t)sent == connection->writing.size) {
        buffer_pool_give(&connection->server->buffers, &connection->writing);
    } else if (sent >= 0 || sent == UV_EAGAIN) {
        connection_write_later(connection, sent > 0 ? (size_t)sent : 0);
    } else {
        buffer_pool_give(&connection->server->buffers, &connection->writing);
        connection_break(connection);
    }
}

/* Takes the next piece of what may leave, sealed, to `writing`. Returns false where there is
 * none. */
static bool connection_seal(struct connection *connection)
{
    struct buffer_pool *buffers = &connection->server->buffers;
    struct buffer *sealing = &connection->sealing;
    if (sealing->capacity == 0 && connection->released > 0) {
        output_move(connection, sealing);
    }
    struct slice left =
        slice_make(sealing->data + connection->sealed, sealing->size - connection->sealed);
    buffer_pool_take(buffers, &connection->writing);
    tls_seal(connection->tls, &left, BUFFER_POOL_SIZE, &connection->writing);
    connection->sealed = sealing->size - left.size;
    if (left.size == 0) {
        buffer_pool_give(buffers, sealing);
        connection->sealed = 0;
    }
    bool some = connection->writing.size > 0;
    if (!some) {
        buffer_pool_give(buffers, &connection->writing);
    }
    return some;
}

static void connection_flush_sealed(struct connection *connection)
{
    while (!connection->broken && connection->writing.capacity == 0 &&
           connection_seal(connection)) {
        connection_write(connection);
    }
}

/* Forgets output that cannot be sent. */
static void connection_drop_output(struct connection *connection)
{
    struct buffer_pool *buffers = &connection->server->buffers;
    connection_drop_held(connection);
    connection->released = 0;
    connection->sealed = 0;
    buffer_pool_give(buffers, &connection->output);
    buffer_pool_give(buffers, &connection->sealing);
}

void connection_flush(struct connection *connection)
{
    if (connection->broken) {
        connection_drop_output(connection);
    }
    if (connection->tls != NULL) {
        connection_flush_sealed(connection);
        return;
    }
    if (connection->released == 0 || connection->writing.capacity > 0) {
        return;
    }
    uv_buf_t output = {.base = connection->output.data, .len = connection->released};
    int sent = uv_try_write(&connection->socket.stream, &output, 1);
    if (sent < 0 && sent != UV_EAGAIN) {
        connection_break(connection);
        return;
    }
    if (sent > 0 && (size_t)sent == connection->released) {
        output_drop(connection, connection->released);
    } else {
        output_move(connection, &connection->writing);
        connection_write_later(connection, sent > 0 ? (size_t)sent : 0);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct buffer_pool *buffers = &connection->server->buffers;
    buffer_pool_give(buffers, &connection->input);
    buffer_pool_give(buffers, &connection->output);
    buffer_pool_give(buffers, &connection->writing);
    buffer_pool_give(buffers, &connection->sealing);
    buffer_pool_give(buffers, &connection->opening);
    if (connection->tls != NULL) {
        tls_destroy(connection->tls);
    }
    memory_release(connection);
}

void connection_close(struct connection *connection)
{
    struct server *server = connection->server;
    server->lingering_count -= connection->lingering || connection->refused;
    server->buffered -= connection->buffered;
    connection->buffered = 0;
    server->service->counters.connections_open -= !connection->refused;
    link_remove(&connection->all);
    connection_queue(connection, NULL);
    link_remove(&connection->changed);
    deadline_stop(&connection->deadline);
    admission_forget(connection);
    connection_drop_held(connection);
    uv_close(&connection->socket.handle, on_closed);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status;
}

/* Sends a FIN, and closes when the client does, or after a while. */
static void connection_linger(struct connection *connection)
{
    struct server *server = connection->server;
    bool room = connection->refused || server->lingering_count < server->descriptors.lingering_max;
    if (connection->finished || !room ||
        uv_shutdown(&connection->shutdown, &connection->socket.stream, on_shutdown) != 0) {
        connection_close(connection);
        return;
    }
    connection->lingering = true;
    server->lingering_count += !connection->refused;
    deadline_start(&server->deadlines, &connection->deadline, DEADLINE_LINGER);
    connection_start_reading(connection);
}

/* Says in TLS that nothing more will be sent. Returns whether that has left. */
static bool connection_close_tls(struct connection *connection)
{
    if (connection->tls != NULL && !connection->broken) {
        tls_finish(connection->tls);
        connection_flush_sealed(connection);
    }
    return connection->broken || connection->writing.capacity == 0;
}

void connection_finish(struct connection *connection)
{
    if (connection->lingering) {
        return;
    }
    connection->ended = true;
    connection_stop_reading(connection);
    list_append(&connection->server->changed, &connection->changed);
}

void connection_resume(struct connection *connection)
{
    connection_release(connection, &(struct held_state){0});
    connection_make_ready(connection);
    server_wake(connection->server);
}

/* Serves again a client that has read half of what waited for it. */
static void connection_unthrottle(struct connection *connection)
{
    size_t half = overload_output_max(connection->server) / 2;
    if (connection->throttled && connection_waiting(connection) <= half) {
        connection->throttled = false;
        connection_make_ready(connection);
        link_remove(&connection->changed);
    }
}

/* Forgets what came behind the last message that is answered. */
static void connection_drop_input(struct connection *connection)
{
    connection->input.size = 0;
    framing_init(&connection->framing, connection->framing.message_size_max);
    connection_queue(connection, NULL);
}

/* Starts or stops the deadline of a connection, by whose step is next. A request has as long from
 * its first byte to its last; one that is idle, since the client sent or read anything. */
static void connection_watch(struct connection *connection)
{
    struct deadlines *deadlines = &connection->server->deadlines;
    struct deadline *deadline = &connection->deadline;
    bool begun = framing_has_begun(&connection->framing, connection->input.size);
    if (connection->refused) {
        return;
    }
    if (link_is_listed(&connection->ready) || !held_is_empty(&connection->held)) {
        deadline_stop(deadline);
    } else if (begun && connection->reading) {
        if (!deadline_runs(deadline, DEADLINE_REQUEST)) {
            deadline_start(deadlines, deadline, DEADLINE_REQUEST);
        }
    } else {
        connection->deadline_output = connection_waiting(connection);
        deadline_start(deadlines, deadline, DEADLINE_IDLE);
    }
}

/* Whether the client may send more. */
static bool connection_may_read(const struct connection *connection)
{
    if (connection->throttled || connection->paused || connection->closing || connection->ended) {
        return false;
    }
    if (!link_is_listed(&connection->ready)) {
        return true;
    }
    return connection->queue != &connection->server->handshakes &&
           framing_left(&connection->framing, connection->input.size) <= READ_AHEAD_MAX;
}

void connection_settle(struct connection *connection)
{
    if (connection->lingering) {
        return;
    }
    connection_flush(connection);
    connection_unthrottle(connection);
    if (connection->closing) {
        connection_drop_input(connection);
    }
    bool waits = link_is_listed(&connection->ready) || connection->throttled || connection->paused;
    if (!waits || connection->closing) {
        connection_park(connection);
        connection->closing |= connection->ended;
    }
    if (connection->output.size == 0) {
        buffer_pool_give(&connection->server->buffers, &connection->output);
    }
    connection_check(connection);
    if (connection_may_read(connection)) {
        connection_start_reading(connection);
    } else {
        connection_stop_reading(connection);
    }
    connection_watch(connection);
    connection_count(connection);
    bool sent = connection->broken || connection_waiting(connection) == 0;
    if (connection->closing && sent && connection_close_tls(connection)) {
        connection_linger(connection);
    }
}

/* Makes the handle for a connection from `listener`. Returns 0 or libuv's error. */
static int connection_init_socket(struct connection *connection, const uv_stream_t *listener)
{
    uv_loop_t *loop = &connection->server->loop;
    if (listener->type == UV_TCP) {
        return uv_tcp_init(loop, &connection->socket.tcp);
    }
    return uv_pipe_init(loop, &connection->socket.pipe, 0);
}

/* Answers with an error what is no request, as the last that the connection says. */
static void connection_refuse(struct connection *connection, enum error_code code, const char *text)
{
    struct job job;
    job_init(&job);
    job_prepare_refusal(&job, connection->framing.kind == FRAMING_HEADERS, code, text);
    job_run(&job, connection->server->service, connection_output(connection));
    job_deinit(&job);
    connection_release(connection, &(struct held_state){0});
    connection->closing = true;
}

/* Answers a request that took too long to come, if the client has read what came before. */
static void connection_refuse_late(struct connection *connection)
{
    connection->server->service->counters.connections_timed_out += 1;
    connection_refuse(connection, ERROR_INVALID_REQUEST,
                      "the request did not come whole within --request-timeout-ms");
    connection_settle(connection);
    if (!connection->lingering && !uv_is_closing(&connection->socket.handle)) {
        connection_close(connection);
    }
}

/* Closes an idle connection, unless its client has read a part of a long reply. */
static void connection_end_idle(struct connection *connection)
{
    if (connection_waiting(connection) < connection->deadline_output) {
        connection_watch(connection);
        return;
    }
    connection->server->service->counters.connections_timed_out += 1;
    connection_close(connection);
}

void connection_expire(struct deadline *deadline)
{
    if (deadline->kind == DEADLINE_ADMISSION) {
        admission_expire(deadline);
        return;
    }
    struct connection *connection = LINK_OWNER(deadline, struct connection, deadline);
    switch (deadline->kind) {
    case DEADLINE_REQUEST:
        connection_refuse_late(connection);
        break;
    case DEADLINE_IDLE:
        connection_end_idle(connection);
        break;
    default:
        connection_close(connection);
        break;
    }
}

/* Finds out who is at the other end, and how much it may send before it has said more. */
static void connection_meet(struct connection *connection)
{
    const struct access *access = connection->server->options->service.access;
    struct sockaddr_storage address;
    int size = sizeof(address);
    struct peer_address peer = {{0}};
    bool matters = access != NULL || connection->tls != NULL;
    if (matters && connection->socket.handle.type == UV_TCP &&
        uv_tcp_getpeername(&connection->socket.tcp, (struct sockaddr *)&address, &size) == 0) {
        peer = peer_address_of((const struct sockaddr *)&address);
    }
    caller_init(&connection->caller, access, &peer);
    admission_update(connection);
}

void connection_accept(struct server *server, uv_stream_t *listener)
{
    struct service_counters *counters = &server->service->counters;
    struct connection *connection = memory_allocate_zeroed(1, sizeof(*connection));
    connection->server = server;
    connection->refused = counters->connections_open >= server->descriptors.connections_max;
    framing_init(&connection->framing, server->options->request_size_max);
    link_init(&connection->all);
    link_init(&connection->ready);
    link_init(&connection->changed);
    deadline_init(&connection->deadline);
    deadline_init(&connection->admission);
    link_init(&connection->held_link);
    link_init(&connection->paused_link);
    int status = connection_init_socket(connection, listener);
    if (status != 0) {
        memory_release(connection);
        return;
    }
    connection->socket.handle.data = connection;
    counters->connections_open += !connection->refused;
    counters->connections_accepted += !connection->refused;
    counters->connections_refused += connection->refused;
    server->lingering_count += connection->refused;
    list_append(&server->connections, &connection->all);
    bool room = server->lingering_count <= server->descriptors.lingering_max;
    if (uv_accept(listener, &connection->socket.stream) != 0 || (connection->refused && !room)) {
        connection_close(connection);
        return;
    }
    if (listener->type == UV_TCP) {
        uv_tcp_nodelay(&connection->socket.tcp, 1);
    }
    if (listener->type == UV_TCP && server->tls != NULL) {
        connection->tls = tls_create(server->tls);
    }
    if (connection->refused) {
        deadline_start(&server->deadlines, &connection->deadline, DEADLINE_LINGER);
    }
    connection_meet(connection);
    list_append(&server->changed, &connection->changed);
    admission_limit(server);
}
