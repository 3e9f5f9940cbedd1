/* Roles: what a client may do. Each may what those before it may.
 *
 *   none   has not authenticated: only `auth`
 *   read   methods and programs that read
 *   write  and those that write
 *   admin  and those that look after the server */
#ifndef TENON_SERVER_ROLE_H
#define TENON_SERVER_ROLE_H

#include "base/macros.h"
#include "base/slice.h"

#include <stdbool.h>

enum role { ROLE_NONE, ROLE_READ, ROLE_WRITE, ROLE_ADMIN, ROLE_COUNT };

/* The role's name: a literal. */
const char *role_name(enum role role);

/* Finds the role that a token can have: read, write or admin.
 * Errors: false where `name` is none of them. */
MUST_CHECK bool role_find(struct slice name, enum role *role);

#endif
