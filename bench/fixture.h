/* A service with a blog in it, in this process, for what is measured without sockets. */
#ifndef TENON_BENCH_FIXTURE_H
#define TENON_BENCH_FIXTURE_H

#include "base/buffer.h"
#include "base/slice.h"
#include "bench/blog.h"
#include "bench/request_file.h"
#include "server/service.h"

#include <stdint.h>

/* Makes a service of bench/schema.json, read from the current folder, and fills it. The clock
 * and the seed are fixed, so that every run does the same. Exits with a message on an error. */
struct service *fixture_create(const struct blog *blog);

/* Requests of a case, in memory; the caller gives the buffers back with fixture_release(). */
struct request_writer fixture_requests(const struct blog *blog, const char *kind, uint64_t count);
void fixture_release(struct request_writer *requests);

/* Request number `index`, without the end of its line. */
struct slice fixture_request(const struct request_writer *requests, uint64_t index);

/* Exits with a message where `output`, replies of the service, has an error in it. */
void fixture_check(const struct buffer *output);

#endif
