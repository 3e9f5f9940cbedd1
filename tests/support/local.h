/* A service in this process, for tests that ask many small questions.
 *
 * In every text that these functions take, `'` stands for `"`, so that JSON can be read within C.
 * Where a test needs a real `'` it uses \u0027. */
#ifndef TENON_TESTS_SUPPORT_LOCAL_H
#define TENON_TESTS_SUPPORT_LOCAL_H

#include "base/buffer.h"
#include "base/slice.h"
#include "server/service.h"

struct local {
    struct service *service;
    struct buffer output;  /* the newest reply */
    struct buffer request; /* the newest request */
};

/* Starts a service with the schema and, for its clock and limits, default options. */
void local_start(struct local *local, const char *schema);
void local_start_with(struct local *local, const char *schema,
                      const struct service_options *options);

/* Checks every invariant of the database and ends the service. */
void local_stop(struct local *local);

/* Appends the text as JSON has it. */
void local_append_quoted(struct buffer *buffer, const char *text);

/* Sends one line as it is and returns the reply without its end; valid until the next call. */
struct slice local_send(struct local *local, struct slice line);

/* Calls a method and returns the JSON of its result, or `!Name /path` of its error, `!Name` where
 * that has no path; valid until the next call. */
struct slice local_call(struct local *local, const char *method, const char *params);

/* Calls a method and compares what local_call returns with `expected`; an expected `!Name` alone
 * takes any path. */
void local_expect(struct local *local, const char *method, const char *params,
                  const char *expected);

/* The same for {"args": args, "return": expression}. */
void local_expect_value(struct local *local, const char *args, const char *expression,
                        const char *expected);

/* The same for many expressions, by a service of its own without tables. */
struct local_value {
    const char *expression;
    const char *expected;
};

void local_expect_values(const char *args, const struct local_value *values, size_t count);

/* Every document of every table, in order, as JSON lines: what must be as before where nothing
 * may have happened. The caller's buffer. */
void local_dump(struct local *local, struct buffer *dump);

#endif
