/* Access: who may call what, where tokens are in use.
 *
 * A caller is a connection as the service sees it. It begins without a role, gets one by `auth`,
 * and may then call the methods whose role is no higher. Where no tokens are in use, everybody is
 * an admin.
 *
 * After a token that is not known, the answer waits: 100 ms, then twice as long each time, 5 s at
 * most. Failures are counted by peer, so that a new connection does not begin anew, and forgotten
 * after a minute without one. A known token never waits, so that nobody can lock out who comes
 * from the same address. Who waits for how long is decided here, the waiting is done by the event
 * loop. */
#ifndef TENON_SERVER_ACCESS_H
#define TENON_SERVER_ACCESS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/value.h"
#include "server/peer_address.h"
#include "server/role.h"
#include "server/tokens.h"

#include <stdbool.h>
#include <stdint.h>

/* The peers whose failures are remembered; one more takes the place of the one that failed
 * longest ago. */
#define ACCESS_PEERS_MAX      TINY_OR(3, 1024)
#define ACCESS_DELAY_FIRST_MS 100
#define ACCESS_DELAY_MAX_MS   5000
#define ACCESS_FORGET_MS      60000

struct failing_peer {
    struct peer_address peer;
    unsigned failures;
    uint64_t last_ms; /* on the monotonic clock */
};

struct access {
    const char *path; /* the file of the tokens */
    struct tokens tokens;
    struct failing_peer peers[ACCESS_PEERS_MAX];
    uint32_t peer_count;
    uint64_t failures; /* so far, for `info` */
};

/* Who calls, from the beginning of its connection to the end. */
struct caller {
    enum role role;
    unsigned char hash[TOKEN_HASH_SIZE]; /* the token's, where the role comes from one */
    uint64_t delay_ms; /* how long the newest answer has to wait; the event loop sets it back */
    struct peer_address peer;
};

/* Reads the tokens of the file `path`, which must live as long as the access.
 * Errors: NULL, and one line for people in `message`. */
struct access *access_create(const char *path, struct buffer *message);
void access_destroy(struct access *access);

/* Reads the file anew. Errors: false, and one line for people in `message`; the tokens stay. */
MUST_CHECK bool access_reload(struct access *access, struct buffer *message);

/* A caller at the beginning of its connection. `access` is NULL where no tokens are in use. */
void caller_init(struct caller *caller, const struct access *access,
                 const struct peer_address *peer);

/* Gives the caller the role that its token has by now: none, where it is not listed any more. */
void caller_refresh(struct caller *caller, const struct access *access);

/* Whether the caller may call a method for `role`. */
static inline bool caller_may(const struct caller *caller, enum role role)
{
    return caller->role >= role;
}

/* Says why the caller may not call the method for `role`: Unauthenticated or Forbidden. */
void caller_refuse(const struct caller *caller, struct slice method, enum role role,
                   struct error *error);

/* The method `auth`. The caller gets the token's role; after a failure it keeps the one it has,
 * and `delay_ms` is set. `token` is canonical; `now_ms` is a time on the monotonic clock.
 * Errors: Unauthenticated. */
MUST_CHECK bool access_authenticate(struct access *access, struct caller *caller, uint64_t now_ms,
                                    struct arena *arena, struct slice token, struct value *result,
                                    struct error *error);

#endif
