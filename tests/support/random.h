/* Random numbers for tests: the same for the same seed, everywhere.
 *
 * A test with random steps takes its seed from random_seed(), which prints it, so that a failure
 * can be had again. The state of a generator is one number of the test's own. */
#ifndef TENON_TESTS_SUPPORT_RANDOM_H
#define TENON_TESTS_SUPPORT_RANDOM_H

#include <stdint.h>

/* The number that the environment's TENON_SEED holds, else a fixed one; printed with the name of
 * the test on standard error. */
uint64_t random_seed(const char *test);

/* The next number, and one below `limit`, which is not 0. Any state will do to begin with. */
uint64_t random_next(uint64_t *state);
unsigned random_below(uint64_t *state, unsigned limit);

#endif
