/* The names of the roles. */
#include "server/role.h"

#include <assert.h>

static const char *const names[ROLE_COUNT] = {
    [ROLE_NONE] = "none", [ROLE_READ] = "read", [ROLE_WRITE] = "write", [ROLE_ADMIN] = "admin"};

const char *role_name(enum role role)
{
    assert(role < ROLE_COUNT);
    return names[role];
}

bool role_find(struct slice name, enum role *role)
{
    for (*role = ROLE_READ; *role < ROLE_COUNT; *role += 1) {
        if (slice_equal(name, slice_of(names[*role]))) {
            return true;
        }
    }
    return false;
}
