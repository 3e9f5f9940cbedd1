/* Serving ready connections, window by window. See turn.h. */
#include "server/turn.h"

#include "protocol/reply.h"
#include "server/admission.h"
#include "server/clock.h"
#include "server/connection.h"
#include "server/durability.h"
#include "server/overload.h"
#include "server/server.h"

#include <assert.h>
#include <openssl/crypto.h>

/* How many short messages of a connection may run between two looks at the clock, which take as
 * long as a tenth of one. A message that read so many documents is not short. */
#define STRETCH_COUNT   4
#define SHORT_DOCUMENTS 32

void window_init(struct window *window)
{
    *window = (struct window){0};
    for (unsigned i = 0; i < WINDOW_COUNT; i++) {
        job_init(&window->places[i].job);
    }
}

void window_deinit(struct window *window)
{
    for (unsigned i = 0; i < WINDOW_COUNT; i++) {
        job_deinit(&window->places[i].job);
    }
}

static const char *describe_oversized(const struct connection *connection)
{
    return admission_is_stranger(connection)
               ? "the message is too large for a connection that has not authenticated"
               : "the message is larger than --max-request-bytes";
}

/* Prepares `place` for what its connection's framing found. */
static void place_prepare(struct place *place, struct service *service, enum framing_result found,
                          struct slice message)
{
    bool refused = place->connection->refused;
    bool headers = place->connection->framing.kind == FRAMING_HEADERS;
    place->last = refused || found == FRAMING_BAD || found == FRAMING_HTTP;
    place->http = found == FRAMING_HTTP;
    if (refused) {
        job_prepare_refusal(&place->job, headers, ERROR_UNAVAILABLE,
                            "too many connections: close some, or raise --max-connections");
    } else if (found == FRAMING_MESSAGE) {
        job_prepare(&place->job, service, &place->connection->caller, message, headers);
    } else if (found == FRAMING_OVERSIZED) {
        job_prepare_refusal(&place->job, headers, ERROR_INVALID_REQUEST,
                            describe_oversized(place->connection));
    } else {
        job_prepare_refusal(&place->job, headers, ERROR_PARSE,
                            "neither a line of JSON nor a Content-Length header");
    }
}

enum taken { TAKEN, TAKEN_LAST, NOTHING_TO_TAKE, ONE_OF_SEVERAL };

/* Takes the connection's next message into the window: the last that there will ever be, unless
 * TAKEN is returned. Where others follow it in the input and `if_alone`, it stays there. */
static enum taken window_take(struct window *window, struct service *service,
                              struct connection *connection, bool if_alone)
{
    struct place *place = &window->places[window->count];
    struct slice message = {0};
    size_t input_size = connection->input.size;
    place->before = connection->framing;
    enum framing_result found =
        framing_next(&connection->framing, buffer_slice(&connection->input), &message);
    if (found == FRAMING_NEED_MORE) {
        return NOTHING_TO_TAKE;
    }
    if (if_alone && framing_left(&connection->framing, input_size) > 0) {
        connection->framing = place->before;
        return ONE_OF_SEVERAL;
    }
    deadline_stop(&connection->deadline);
    place->connection = connection;
    place_prepare(place, service, found, message);
    window->count += 1;
    connection->tenure_count += 1;
    return place->last ? TAKEN_LAST : TAKEN;
}

/* What one busy connection may have of something before the others come, where that is `most` if
 * there are few of them. It is asked three times a message, which a division each would make a
 * twentieth longer. */
static uint64_t busy_share(const struct server *server, uint64_t most)
{
    return LIKELY(server->busy_count < TURN_BUSY_FEW)
               ? most
               : most * TURN_BUSY_FEW / (server->busy_count + 1);
}

/* Whether so many messages of the connection were served that others are next. One that is not
 * busy had its only one. */
static bool had_its_count(const struct server *server, const struct connection *connection)
{
    return connection->tenure_count >= busy_share(server, TURN_TENURE_COUNT);
}

/* Whether it was served for so long. */
static bool had_its_time(const struct server *server, const struct connection *connection)
{
    return connection->tenure_ns >= busy_share(server, TURN_TENURE_NS);
}

/* Lets the others have their turn. */
static void connection_rotate(struct server *server, struct connection *connection)
{
    connection->tenure_count = 0;
    connection->tenure_ns = 0;
    connection_queue(connection, connection->slow ? &server->slow : &server->busy);
}

/* Takes from the first connection of `queue` what is next. */
static void window_take_first(struct window *window, struct server *server,
                              const struct link *queue)
{
    struct connection *connection = LINK_OWNER(queue->next, struct connection, ready);
    list_append(&server->changed, &connection->changed);
    connection->yielded = false;
    switch (window_take(window, server->service, connection, queue == &server->ready)) {
    case TAKEN:
        if (UNLIKELY(connection->caller.role == ROLE_NONE)) {
            connection_queue(connection, &server->aside);
        } else if (had_its_count(server, connection)) {
            connection_rotate(server, connection);
        }
        break;
    case ONE_OF_SEVERAL:
        connection_rotate(server, connection);
        break;
    case TAKEN_LAST:
    case NOTHING_TO_TAKE:
        connection_queue(connection, NULL);
        break;
    }
}

/* Fills the window from `queue`, one of the server's. */
static void window_fill(struct window *window, struct server *server, const struct link *queue)
{
    window->count = 0;
    while (window->count < WINDOW_COUNT && !list_is_empty(queue)) {
        window_take_first(window, server, queue);
    }
}

static void window_prefetch(struct window *window)
{
    for (unsigned stage = 0; stage < CALL_STAGES; stage++) {
        for (unsigned i = 0; i < window->count; i++) {
            job_prefetch(&window->places[i].job, stage);
        }
    }
}

/* Puts the message back into its connection's input, where the rest of them follow it. */
static void place_put_back(struct place *place)
{
    struct connection *connection = place->connection;
    job_abandon(&place->job);
    if (!connection->yielded) {
        connection->yielded = true;
        connection->framing = place->before;
    }
}

/* What follows an auth: the token is wiped out, and the caller may have a role, or must wait. */
static void place_end_auth(struct place *place)
{
    struct connection *connection = place->connection;
    struct buffer *input = &connection->input;
    struct slice message = place->job.message.source;
    OPENSSL_cleanse(input->data + (message.data - input->data), message.size);
    admission_update(connection);
    admission_pause(connection);
}

static void place_run(struct place *place, struct service *service)
{
    struct connection *connection = place->connection;
    struct buffer *output = connection_output(connection);
    if (place->http) {
        job_abandon(&place->job);
        buffer_append_slice(output, reply_http());
    } else {
        job_run(&place->job, service, output);
    }
    connection->closing |= place->last;
    if (UNLIKELY(place->job.has_secret)) {
        place_end_auth(place);
    }
    struct held_state waits_for = {0};
    if (!place->http) {
        waits_for.sequence = place->job.sequence;
        waits_for.snapshot = place->job.snapshot;
    }
    connection_release(connection, &waits_for);
    connection_count(connection);
    if (output->size >= CONNECTION_FLUSH_SIZE) {
        connection_flush(connection);
    }
}

/* Whether the connection's next message must wait: others come first, or its client has to read
 * before more is written. */
static bool must_wait(const struct server *server, const struct connection *connection)
{
    return connection->yielded || had_its_time(server, connection) || connection->paused ||
           connection_is_over_output(connection);
}

/* Whether the clock is looked at behind the place `number`: what a connection takes is worth
 * knowing when another one is next, behind a long message, and every few short ones. */
static bool ends_stretch(const struct window *window, unsigned number)
{
    const struct place *place = &window->places[number];
    return (number + 1) % STRETCH_COUNT == 0 || number + 1 == window->count ||
           place[1].connection != place->connection ||
           place->job.budget.documents > SHORT_DOCUMENTS;
}

/* Adds what a stretch of messages took. */
static void connection_charge(struct connection *connection, uint64_t time_ns)
{
    connection->tenure_ns += time_ns;
    if (!connection->yielded) {
        connection->slow = time_ns >= TURN_TENURE_NS;
    }
}

/* Runs the window in order. Returns the time at its end. */
static uint64_t window_run(struct window *window, struct server *server, uint64_t now_ns)
{
    for (unsigned i = 0; i < window->count; i++) {
        struct place *place = &window->places[i];
        if (must_wait(server, place->connection) || overload_is_reached(server)) {
            place_put_back(place);
        } else {
            place_run(place, server->service);
        }
        if (ends_stretch(window, i)) {
            uint64_t end_ns = clock_read_ns(CLOCK_MONOTONIC);
            connection_charge(place->connection, end_ns - now_ns);
            now_ns = end_ns;
        }
    }
    return now_ns;
}

/* Queues a served connection that has messages left, or will have when its client has read. */
static void connection_requeue(struct server *server, struct connection *connection)
{
    bool waits = connection->yielded || link_is_listed(&connection->ready);
    if (connection_is_over_output(connection)) {
        connection->throttled = true;
        connection_queue(connection, NULL);
    } else if (connection->paused) {
        connection_queue(connection, NULL);
    } else if (waits && (had_its_time(server, connection) || connection->yielded)) {
        connection_rotate(server, connection);
    }
}

static void window_requeue(struct window *window, struct server *server)
{
    const struct connection *last = NULL;
    for (unsigned i = 0; i < window->count; i++) {
        struct connection *connection = window->places[i].connection;
        if (connection != last) {
            connection_requeue(server, connection);
        }
        last = connection;
    }
    while (!list_is_empty(&server->aside)) {
        connection_rotate(server, LINK_OWNER(server->aside.next, struct connection, ready));
    }
}

static void settle_changed(struct server *server)
{
    while (!list_is_empty(&server->changed)) {
        struct connection *connection =
            LINK_OWNER(server->changed.next, struct connection, changed);
        link_remove(&connection->changed);
        connection_settle(connection);
    }
    overload_relieve(server);
}

/* Settles those of the changed connections that have nothing more to be served, while others have.
 */
static void settle_finished(struct server *server)
{
    struct link *link = server->changed.next;
    while (link != &server->changed) {
        struct connection *connection = LINK_OWNER(link, struct connection, changed);
        link = link->next;
        if (!link_is_listed(&connection->ready)) {
            link_remove(&connection->changed);
            connection_settle(connection);
        }
    }
}

/* Serves one message of the slow connection that has waited longest. */
static void serve_slow(struct server *server)
{
    struct window *window = &server->window;
    struct connection *connection = LINK_OWNER(server->slow.next, struct connection, ready);
    list_append(&server->changed, &connection->changed);
    connection_queue(connection, NULL);
    connection->yielded = false;
    connection->tenure_ns = 0;
    window->count = 0;
    bool more = window_take(window, server->service, connection, false) == TAKEN;
    window_run(window, server, clock_read_ns(CLOCK_MONOTONIC));
    if (more) {
        connection_rotate(server, connection);
    }
    window_requeue(window, server);
}

/* Serves a window from `queue`. Returns the time at its end. */
static uint64_t serve_window(struct server *server, const struct link *queue, uint64_t now_ns)
{
    window_fill(&server->window, server, queue);
    window_prefetch(&server->window);
    now_ns = window_run(&server->window, server, now_ns);
    window_requeue(&server->window, server);
    return now_ns;
}

/* Serves windows from `queue` until it is empty or the time is over, but one at least. Returns the
 * time at its end. */
static uint64_t serve_queue(struct server *server, const struct link *queue, uint64_t now_ns,
                            uint64_t end_ns)
{
    bool goes_on = !list_is_empty(queue);
    while (goes_on) {
        now_ns = serve_window(server, queue, now_ns);
        goes_on = !list_is_empty(queue) && now_ns < end_ns && !overload_is_reached(server);
    }
    return now_ns;
}

/* Carries on the handshakes that have waited longest. Returns the time at the end. */
static uint64_t shake_hands(struct server *server, uint64_t now_ns)
{
    uint64_t end_ns = now_ns + TURN_HANDSHAKES_NS;
    while (!list_is_empty(&server->handshakes) && now_ns < end_ns) {
        connection_shake_hands(LINK_OWNER(server->handshakes.next, struct connection, ready));
        now_ns = clock_read_ns(CLOCK_MONOTONIC);
    }
    return now_ns;
}

/* Whether a connection waits for a turn. */
static bool has_work(const struct server *server)
{
    return !list_is_empty(&server->ready) || !list_is_empty(&server->busy) ||
           !list_is_empty(&server->slow) || !list_is_empty(&server->handshakes);
}

bool turn_run(struct server *server)
{
    uint64_t now_ns = shake_hands(server, clock_read_ns(CLOCK_MONOTONIC));
    uint64_t end_ns = now_ns + TURN_NS;
    bool store_has_work = false;
    server->read_size = 0;
    now_ns = serve_queue(server, &server->ready, now_ns, end_ns);
    if (!list_is_empty(&server->busy)) {
        store_has_work = durability_turn(server);
        settle_finished(server);
        uint64_t least_ns = now_ns + TURN_BUSY_NS;
        serve_queue(server, &server->busy, now_ns, end_ns > least_ns ? end_ns : least_ns);
    }
    store_has_work |= durability_turn(server);
    settle_changed(server);
    if (!list_is_empty(&server->slow)) {
        serve_slow(server);
        store_has_work |= durability_turn(server);
        settle_changed(server);
    }
    return store_has_work || has_work(server);
}
