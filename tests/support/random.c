/* Random numbers for tests. See random.h. The generator is SplitMix64: Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", 2014. */
#include "tests/support/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_SEED 20261122

uint64_t random_seed(const char *test)
{
    const char *given = getenv("TENON_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : DEFAULT_SEED;
    fprintf(stderr, "%s: TENON_SEED=%" PRIu64 "\n", test, seed);
    return seed;
}

uint64_t random_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (*state ^ *state >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

unsigned random_below(uint64_t *state, unsigned limit)
{
    return (unsigned)(random_next(state) % limit);
}
