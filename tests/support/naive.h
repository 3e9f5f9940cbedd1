/* A naive evaluator of programs, for comparison: it walks the program's JSON as it is, over plain
 * lists of documents, with linear scans and sorted copies; no indexes, no compilation. It shares
 * nothing with relations/.
 *
 * It knows: null, booleans, numbers, strings without zeros, arrays, objects; every verb that reads
 * apart from paginate and normalizeId, and those that write, by position; every operator apart from
 * those on code points, and $round to whole numbers only; positions and names of params where both
 * make sense. It takes programs that compile, and knows of no limits. */
#ifndef TENON_TESTS_SUPPORT_NAIVE_H
#define TENON_TESTS_SUPPORT_NAIVE_H

#include "base/arena.h"

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* In the order of values; a missing value is a NULL pointer. */
enum plain_type {
    PLAIN_NULL,
    PLAIN_NUMBER,
    PLAIN_FALSE,
    PLAIN_TRUE,
    PLAIN_STRING,
    PLAIN_LIST,
    PLAIN_OBJECT
};

/* A value that never changes once it is made. */
struct plain {
    enum plain_type type;
    double number;
    const char *string;
    const struct plain **items; /* of a list or object */
    const char **names;         /* of an object */
    size_t count;
};

/* The value of parsed JSON; {"$float": …} is its number. */
const struct plain *plain_of(struct arena *arena, const cJSON *json);

/* The order of values. */
int plain_compare(const struct plain *a, const struct plain *b);

/* Whether both are the same JSON, the order of names included. */
bool plain_same(const struct plain *a, const struct plain *b);

#define NAIVE_INDEX_FIELDS_MAX 3
#define NAIVE_DOCUMENTS_MAX    100

struct naive_index {
    const char *name;
    bool unique; /* in its first field */
    const char *fields[NAIVE_INDEX_FIELDS_MAX];
};

struct naive_table {
    const char *name;
    const char *id_start; /* what its ids begin with, and no other table's */
    const struct naive_index *indexes;
    size_t index_count;
    const struct plain *documents[NAIVE_DOCUMENTS_MAX];
    size_t count;
};

struct naive_database {
    struct naive_table *tables;
    size_t table_count;
};

/* Runs the params of a query. Returns NULL and sets `*result`, or the name of the error. What it
 * makes lives in the arena. */
const char *naive_query(const struct naive_database *database, const cJSON *params,
                        struct arena *arena, const struct plain **result);

/* The same of a mutation, which changes the tables unless there is an error. Every document that it
 * inserts must have an id and a time. */
const char *naive_mutation(const struct naive_database *database, const cJSON *params,
                           struct arena *arena, const struct plain **result);

#endif
