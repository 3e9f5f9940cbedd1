/* Access. See access.h. */
#include "server/access.h"

#include "base/memory.h"

struct access *access_create(const char *path, struct buffer *message)
{
    struct access *access = memory_allocate_zeroed(1, sizeof(*access));
    access->path = path;
    if (!tokens_load(&access->tokens, path, message)) {
        memory_release(access);
        return NULL;
    }
    return access;
}

void access_destroy(struct access *access)
{
    tokens_deinit(&access->tokens);
    memory_release(access);
}

bool access_reload(struct access *access, struct buffer *message)
{
    struct tokens tokens;
    if (!tokens_load(&tokens, access->path, message)) {
        return false;
    }
    tokens_deinit(&access->tokens);
    access->tokens = tokens;
    return true;
}

/* ---- Callers */

void caller_init(struct caller *caller, const struct access *access,
                 const struct peer_address *peer)
{
    *caller = (struct caller){.role = access == NULL ? ROLE_ADMIN : ROLE_NONE, .peer = *peer};
}

void caller_refresh(struct caller *caller, const struct access *access)
{
    if (caller->role == ROLE_NONE) {
        return;
    }
    const struct token_entry *entry = tokens_find_hash(&access->tokens, caller->hash);
    caller->role = entry == NULL ? ROLE_NONE : entry->role;
}

void caller_refuse(const struct caller *caller, struct slice method, enum role role,
                   struct error *error)
{
    if (caller->role == ROLE_NONE) {
        error_set(error, ERROR_UNAUTHENTICATED,
                  "this server wants a token: call auth with it before anything else");
        return;
    }
    error_set(error, ERROR_FORBIDDEN,
              "%.*s needs the role %s, and the token of this connection has the role %s",
              SLICE_FORMAT(method), role_name(role), role_name(caller->role));
}

/* ---- Failures */

static struct failing_peer *find_peer(struct access *access, const struct peer_address *peer)
{
    for (uint32_t i = 0; i < access->peer_count; i++) {
        if (memcmp(&access->peers[i].peer, peer, sizeof(*peer)) == 0) {
            return &access->peers[i];
        }
    }
    return NULL;
}

/* A place for one more peer: a new one, or that of the one that failed longest ago. */
static struct failing_peer *make_place(struct access *access)
{
    if (access->peer_count < ACCESS_PEERS_MAX) {
        access->peer_count += 1;
        return &access->peers[access->peer_count - 1];
    }
    struct failing_peer *oldest = &access->peers[0];
    for (uint32_t i = 1; i < access->peer_count; i++) {
        oldest = access->peers[i].last_ms < oldest->last_ms ? &access->peers[i] : oldest;
    }
    return oldest;
}

/* Counts a failure. Returns how long its answer waits. */
static uint64_t note_failure(struct access *access, const struct peer_address *peer,
                             uint64_t now_ms)
{
    struct failing_peer *known = find_peer(access, peer);
    if (known == NULL) {
        known = make_place(access);
        *known = (struct failing_peer){.peer = *peer};
    } else if (now_ms - known->last_ms >= ACCESS_FORGET_MS) {
        known->failures = 0;
    }
    uint64_t delay_ms = ACCESS_DELAY_FIRST_MS;
    for (unsigned i = 0; i < known->failures && delay_ms < ACCESS_DELAY_MAX_MS; i++) {
        delay_ms *= 2;
    }
    known->failures += 1;
    known->last_ms = now_ms;
    access->failures += 1;
    return delay_ms < ACCESS_DELAY_MAX_MS ? delay_ms : ACCESS_DELAY_MAX_MS;
}

/* ---- auth */

static bool refuse(struct access *access, struct caller *caller, uint64_t now_ms,
                   struct error *error)
{
    caller->delay_ms = note_failure(access, &caller->peer, now_ms);
    return error_set(error, ERROR_UNAUTHENTICATED,
                     "the token is not known to this server; see tenon token for a new one");
}

bool access_authenticate(struct access *access, struct caller *caller, uint64_t now_ms,
                         struct arena *arena, struct slice token, struct value *result,
                         struct error *error)
{
    if (access != NULL) {
        const struct token_entry *entry = tokens_find(&access->tokens, token);
        if (entry == NULL) {
            return refuse(access, caller, now_ms, error);
        }
        caller->role = entry->role;
        memcpy(caller->hash, entry->hash, sizeof(caller->hash));
    }
    *result = value_from_string(arena, slice_of(role_name(caller->role)));
    return true;
}
