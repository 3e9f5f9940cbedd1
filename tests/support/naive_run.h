/* What the parts of the naive evaluator share. */
#ifndef TENON_TESTS_SUPPORT_NAIVE_RUN_H
#define TENON_TESTS_SUPPORT_NAIVE_RUN_H

#include "tests/support/naive.h"

/* A name that is bound, in front of those bound before. */
struct naive_scope {
    const char *name;
    const struct plain *value;
    const struct naive_scope *outer;
};

struct naive_run {
    const struct naive_database *database;
    struct arena *arena;
    const char *error; /* its name, once there is one */
};

/* Each returns false with the run's error set. */
bool naive_fail(struct naive_run *run, const char *error);
bool naive_evaluate(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                    const struct plain **result);
bool naive_truth(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                 bool *truth);
bool naive_lookup(struct naive_run *run, const char *verb, const cJSON *params,
                  const struct naive_scope *scope, const struct plain **result);
bool naive_write(struct naive_run *run, const char *verb, const cJSON *params,
                 const struct naive_scope *scope, const struct plain **result);

/* The table whose ids look like this one, or NULL. */
const struct naive_table *naive_table_of_id(const struct naive_database *database, const char *id);

/* The document with the id in any table, or NULL. */
const struct plain *naive_find(const struct naive_run *run, const char *id);

struct plain *plain_new(struct arena *arena, enum plain_type type, size_t room);
const struct plain *plain_number(struct arena *arena, double number);
const struct plain *plain_bool(struct arena *arena, bool truth);
const struct plain *plain_field(const struct plain *object, const char *name);

/* Appends; a missing value becomes null. There must be room. */
void plain_push(struct arena *arena, struct plain *list, const struct plain *item);

/* Sets a field, in place where there is one. There must be room. */
void plain_set(struct plain *object, const char *name, const struct plain *value);

#endif
