/* JSON pointers (RFC 6901), built from the inside out. */
#ifndef TENON_BASE_JSON_POINTER_H
#define TENON_BASE_JSON_POINTER_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

/* The pointer that leads through `token` (canonical, as is the pointer) to what `rest` points at:
 * "/token" followed by `rest`, in `arena`; `~` and `/` in the token are escaped. */
struct slice json_pointer_prefix(struct arena *arena, struct slice token, struct slice rest);

/* The same for a position in an array. */
struct slice json_pointer_prefix_index(struct arena *arena, uint32_t index, struct slice rest);

#endif
