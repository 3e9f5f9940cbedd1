/* Two connections whose messages meet in windows, against one that sends them one by one.
 *
 * The input is a byte for how things fall out, then what the target `requests` takes: a schema and
 * messages, a line each. The messages go to two connections, to one as lines, to the other with
 * headers, in pieces. What has arrived is taken in windows of up to WINDOW_MAX messages of both, as
 * server/turn.c does: all prepared, then prefetched, then run; every message that may becomes a
 * stencil for those like it. A second database gets the same messages in the same order, each alone
 * and read in full: the replies and the documents are the same. */
#include "protocol/framing.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

#define CONNECTIONS      2
#define WINDOW_MAX       16
#define PIECE_MAX        300
#define MESSAGE_SIZE_MAX (16 * 1024 * 1024)

struct connection {
    struct buffer stream; /* all that will be sent */
    size_t sent;
    struct framing framing;
    struct buffer input;
    bool open;
};

struct meeting {
    struct peer windows; /* gets the messages in windows */
    struct peer alone;   /* and one by one */
    struct caller caller;
    struct connection connections[CONNECTIONS];
    struct job jobs[WINDOW_MAX];
    struct slice messages[WINDOW_MAX];
    struct buffer reply;
    unsigned count; /* of messages in the window */
    uint32_t chance;
    bool comparable; /* no ids came from the system */
};

static uint32_t draw(struct meeting *meeting, uint32_t below)
{
    meeting->chance = meeting->chance * 1664525 + 1013904223;
    return (meeting->chance >> 16) % below;
}

/* A reply without the headers that it may have. */
static struct slice reply_body(struct slice reply)
{
    if (!slice_starts_with(reply, SLICE("Content-Length: "))) {
        return slice_make(reply.data, reply.size > 0 ? reply.size - 1 : 0);
    }
    const char *body = memchr(reply.data, '{', reply.size);
    const char *batch = memchr(reply.data, '[', reply.size);
    body = body == NULL || (batch != NULL && batch < body) ? batch : body;
    assert(body != NULL);
    return slice_make(body, reply.size - (size_t)(body - reply.data));
}

/* What `info` answers is about the process. */
static bool tells_of_process(struct slice reply)
{
    for (size_t i = 0; i < reply.size; i++) {
        struct slice rest = slice_make(reply.data + i, reply.size - i);
        if (slice_starts_with(rest, SLICE("\"uptime\":"))) {
            return true;
        }
    }
    return false;
}

static void run_place(struct meeting *meeting, unsigned place)
{
    peer_supply_ids(&meeting->windows);
    peer_supply_ids(&meeting->alone);
    meeting->reply.size = 0;
    job_run(&meeting->jobs[place], meeting->windows.service, &meeting->reply);
    struct slice found = reply_body(buffer_slice(&meeting->reply));
    struct slice expected = peer_send(&meeting->alone, meeting->messages[place]);
    meeting->comparable =
        meeting->comparable && peer_has_ids(&meeting->windows) && peer_has_ids(&meeting->alone);
    assert(!meeting->comparable || tells_of_process(found) || slice_equal(found, expected));
}

static void run_window(struct meeting *meeting)
{
    for (unsigned stage = 0; stage < CALL_STAGES; stage++) {
        for (unsigned i = 0; i < meeting->count; i++) {
            job_prefetch(&meeting->jobs[i], stage);
        }
    }
    for (unsigned i = 0; i < meeting->count; i++) {
        run_place(meeting, i);
    }
    meeting->count = 0;
}

/* Takes a connection's next message into the window. Returns false where there is none. */
static bool take_message(struct meeting *meeting, struct connection *connection)
{
    struct slice message;
    enum framing_result found = FRAMING_BAD;
    if (connection->open) {
        found = framing_next(&connection->framing, buffer_slice(&connection->input), &message);
        connection->open = found != FRAMING_BAD && found != FRAMING_HTTP;
    }
    if (found == FRAMING_MESSAGE) {
        bool headers = connection->framing.kind == FRAMING_HEADERS;
        meeting->messages[meeting->count] = message;
        job_prepare(&meeting->jobs[meeting->count], meeting->windows.service, &meeting->caller,
                    message, headers);
        meeting->count += 1;
    }
    return found == FRAMING_MESSAGE || found == FRAMING_OVERSIZED;
}

/* Runs all messages that have arrived, those of both connections in any order. */
static void run_arrived(struct meeting *meeting)
{
    bool left[CONNECTIONS] = {true, true};
    while (left[0] || left[1]) {
        unsigned chosen = draw(meeting, CONNECTIONS);
        chosen = left[chosen] ? chosen : 1 - chosen;
        left[chosen] = take_message(meeting, &meeting->connections[chosen]);
        if (meeting->count == WINDOW_MAX) {
            run_window(meeting);
        }
    }
    run_window(meeting);
}

/* Sends the next piece. Returns whether there was one. */
static bool send_piece(struct meeting *meeting, struct connection *connection)
{
    size_t left = connection->stream.size - connection->sent;
    size_t size = 1 + draw(meeting, PIECE_MAX);
    size = size < left ? size : left;
    struct buffer *input = &connection->input;
    size_t done = framing_drop(&connection->framing);
    memmove(input->data, input->data + done, input->size - done);
    input->size -= done;
    buffer_append(input, connection->stream.data + connection->sent, size);
    connection->sent += size;
    if (left == size) {
        framing_end(&connection->framing);
    }
    return size > 0;
}

/* Gives each message to one of the connections. */
static void deal_messages(struct meeting *meeting, struct slice input)
{
    while (input.size > 0) {
        struct slice line = input_take_line(&input);
        unsigned chosen = draw(meeting, CONNECTIONS);
        struct buffer *stream = &meeting->connections[chosen].stream;
        if (chosen == 1) {
            buffer_append_format(stream, "Content-Length: %zu\r\n\r\n", line.size);
        }
        buffer_append_slice(stream, line);
        if (chosen == 0) {
            buffer_append_char(stream, '\n');
        }
    }
}

static void meeting_init(struct meeting *meeting, struct slice *input)
{
    *meeting = (struct meeting){.caller = {.role = ROLE_ADMIN}, .comparable = true};
    meeting->chance = input_take_byte(input);
    struct slice again = *input;
    peer_init_for(&meeting->windows, input);
    peer_init_for(&meeting->alone, &again);
    meeting->windows.service->stencils.sample = 1;
    meeting->alone.service->stencils.sample = 0;
    for (unsigned i = 0; i < WINDOW_MAX; i++) {
        job_init(&meeting->jobs[i]);
    }
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &meeting->connections[i];
        connection->open = true;
        framing_init(&connection->framing, MESSAGE_SIZE_MAX);
        buffer_reserve(&connection->input, 1);
        buffer_reserve(&connection->stream, 1);
    }
    deal_messages(meeting, *input);
}

static void meeting_deinit(struct meeting *meeting)
{
    for (unsigned i = 0; i < WINDOW_MAX; i++) {
        job_deinit(&meeting->jobs[i]);
    }
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        buffer_deinit(&meeting->connections[i].stream);
        buffer_deinit(&meeting->connections[i].input);
    }
    buffer_deinit(&meeting->reply);
    peer_deinit(&meeting->windows);
    peer_deinit(&meeting->alone);
}

static void check_documents(struct meeting *meeting)
{
    struct buffer found = {0};
    struct buffer expected = {0};
    peer_dump(&meeting->windows, &found);
    peer_dump(&meeting->alone, &expected);
    assert(!meeting->comparable || slice_equal(buffer_slice(&found), buffer_slice(&expected)));
    database_check(meeting->windows.service->database);
    buffer_deinit(&found);
    buffer_deinit(&expected);
}

void fuzz_connections(const uint8_t *data, size_t size)
{
    struct slice input = input_slice(data, size);
    struct meeting meeting;
    meeting_init(&meeting, &input);
    bool sent = true;
    while (sent) {
        sent = send_piece(&meeting, &meeting.connections[0]);
        sent = send_piece(&meeting, &meeting.connections[1]) || sent;
        run_arrived(&meeting);
    }
    check_documents(&meeting);
    meeting_deinit(&meeting);
}
