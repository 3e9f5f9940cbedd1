/* Programs made at random, for comparison with the naive evaluator.
 *
 * They are about two tables, `people` (k, w, u, tags, boss) and `links` (from, to, w), and mostly
 * of fitting types, so that many give a value. Where `writes` is set they are for `mutation`, and
 * every document that they insert has an id of `args.people` or `args.links`, and a time. As in
 * tests/support/local.h `'` stands for `"`. */
#ifndef TENON_TESTS_SUPPORT_PROGRAM_GENERATOR_H
#define TENON_TESTS_SUPPORT_PROGRAM_GENERATOR_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

#define GENERATOR_NAMES_MAX 40

/* Ids that `args.people` and `args.links` must each have. */
#define GENERATOR_FRESH_IDS 6

/* What a value is, mostly. */
enum kind {
    KIND_NUMBER,
    KIND_STRING,
    KIND_BOOL,
    KIND_PERSON,
    KIND_LINK,
    KIND_PEOPLE,
    KIND_LINKS,
    KIND_LIST,
    KIND_ID,
    KIND_ANY,
    KIND_COUNT
};

struct generator {
    uint64_t state;
    bool writes;
    struct buffer text; /* what was made */
    char names[GENERATOR_NAMES_MAX][16];
    enum kind kinds[GENERATOR_NAMES_MAX];
    unsigned name_count;
    unsigned names_made;
    bool in_filter;
    enum kind filtered; /* what `$it` is */
};

/* A number from 0 to `below` - 1. */
uint32_t generator_next(struct generator *g, uint32_t below);

/* One of the texts. */
const char *generator_pick(struct generator *g, const char *const *texts, uint32_t count);

/* Makes `text` the params of a program, with a zero behind. `args` are fields that it gets, beside
 * those that every program has. */
void generator_make_program(struct generator *g, const char *args);

#endif
