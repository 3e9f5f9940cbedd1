/* Sessions: see the header. */
#include "cli/session.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#define RETRY_MS 100

void session_init(struct session *session, const struct client_target *target, int interrupts,
                  unsigned patience_ms)
{
    *session = (struct session){.target = target,
                                .client = {.descriptor = -1},
                                .interrupts = interrupts,
                                .patience_ms = patience_ms};
}

void session_deinit(struct session *session)
{
    client_close(&session->client);
}

static void disconnect(struct session *session)
{
    client_close(&session->client);
    session->connected = false;
}

bool session_connect(struct session *session)
{
    disconnect(session);
    session->connected = client_open(&session->client, session->target);
    session->connections += session->connected;
    return session->connected;
}

/* Waits, and returns whether somebody got tired of it. */
static bool wait_interrupted(const struct session *session, int timeout_ms)
{
    struct pollfd watched = {.fd = session->interrupts, .events = POLLIN};
    return poll(&watched, 1, timeout_ms) > 0;
}

/* Connects again, as often as patience allows. */
static enum session_status reconnect(struct session *session)
{
    for (unsigned waited_ms = 0; !session_connect(session); waited_ms += RETRY_MS) {
        if (waited_ms >= session->patience_ms) {
            return SESSION_ABSENT;
        }
        if (wait_interrupted(session, RETRY_MS)) {
            return SESSION_INTERRUPTED;
        }
    }
    return SESSION_ANSWERED;
}

/* Looks whether the server has gone while nobody asked it. */
static void notice_loss(struct session *session)
{
    struct slice line;
    while (session->connected) {
        bool works = client_turn(&session->client, 0, -1, NULL);
        if (!works || session->client.ended) {
            disconnect(session);
        } else if (!client_take_line(&session->client, &line)) {
            return;
        }
    }
}

/* Waits for the answer. SESSION_UNKNOWN: the connection is lost. */
static enum session_status wait_answer(struct session *session, struct slice *answer)
{
    bool interrupted = false;
    while (!client_take_line(&session->client, answer)) {
        bool works = !session->client.ended &&
                     client_turn(&session->client, -1, session->interrupts, &interrupted);
        if (!works || interrupted) {
            disconnect(session);
            return interrupted ? SESSION_INTERRUPTED : SESSION_UNKNOWN;
        }
    }
    return SESSION_ANSWERED;
}

enum session_status session_ask(struct session *session, struct slice request, bool reads,
                                struct slice *answer)
{
    notice_loss(session);
    for (unsigned attempt = 0;; attempt++) {
        enum session_status status = session->connected ? SESSION_ANSWERED : reconnect(session);
        if (status != SESSION_ANSWERED) {
            return status;
        }
        client_queue(&session->client, request);
        status = wait_answer(session, answer);
        if (status != SESSION_UNKNOWN || !reads || attempt > 0) {
            return status;
        }
    }
}
