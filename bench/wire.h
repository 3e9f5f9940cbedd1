/* Requests as the peers want them on the wire. */
#ifndef TENON_BENCH_WIRE_H
#define TENON_BENCH_WIRE_H

#include "base/buffer.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The spaces of the tables in Tarantool are numbered from here on. */
#define WIRE_TARANTOOL_SPACE_FIRST 600

/* Appends a command of RESP: an array of bulk strings. */
void wire_append_redis(struct buffer *out, const struct slice *words, size_t count);

/* Appends a call of a stored procedure with strings. */
void wire_append_tarantool_call(struct buffer *out, struct slice function,
                                const struct slice *arguments, size_t count);

/* Appends a select of at most `limit` tuples by `index`, the last ones first if `descending`. */
void wire_append_tarantool_select(struct buffer *out, uint32_t space, unsigned index,
                                  bool descending, unsigned limit, struct slice key);

/* Appends an insert of the tuple {id, text, time, reference...}. */
void wire_append_tarantool_insert(struct buffer *out, uint32_t space, struct slice id,
                                  struct slice text, uint64_t time, const struct slice *references,
                                  size_t count);

/* Appends a delete of the tuple whose primary key is `key`. */
void wire_append_tarantool_delete(struct buffer *out, uint32_t space, struct slice key);

#endif
