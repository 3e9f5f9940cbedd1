/* Requests as the peers want them on the wire. */
#ifndef TENON_BENCH_WIRE_H
#define TENON_BENCH_WIRE_H

#include "base/buffer.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* The spaces of the tables in Tarantool are numbered from here on. */
#define WIRE_TARANTOOL_SPACE_FIRST 600

/* Appends a command of RESP: an array of bulk strings. */
void wire_append_redis(struct buffer *out, const struct slice *words, size_t count);

/* Appends a call of a stored procedure with one string. Names and keys have at most 31 and 255
 * bytes. */
void wire_append_tarantool_call(struct buffer *out, struct slice function, struct slice argument);

/* Appends a select of the tuple whose primary key is `key`. */
void wire_append_tarantool_select(struct buffer *out, uint32_t space, struct slice key);

#endif
