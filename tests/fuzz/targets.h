/* Fuzz targets: functions that take any bytes and assert what must hold for them.
 *
 * A target aborts where something does not hold and returns otherwise; it keeps nothing from one
 * input to the next, so that an input that fails does so alone. Each stands in fuzz_<name>.c; its
 * committed inputs, in corpus/<name>, are replayed by the unit tests, and libFuzzer makes more:
 *
 *   make fuzz TARGET=json SECONDS=60 */
#ifndef TENON_TESTS_FUZZ_TARGETS_H
#define TENON_TESTS_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

/* X(name) for every fuzz_<name>.c, each of which has a corpus. */
#define FUZZ_TARGETS(X)                                                                            \
    X(json)                                                                                        \
    X(order)                                                                                       \
    X(ids)                                                                                         \
    X(framing)                                                                                     \
    X(csv)                                                                                         \
    X(schema)                                                                                      \
    X(cursors)                                                                                     \
    X(programs)                                                                                    \
    X(requests)                                                                                    \
    X(connections)                                                                                 \
    X(journal)                                                                                     \
    X(snapshot)

#define FUZZ_DECLARE(name) void fuzz_##name(const uint8_t *data, size_t size);
FUZZ_TARGETS(FUZZ_DECLARE)
#undef FUZZ_DECLARE

#endif
