/* A store on files in memory, with a record of every state that it ever had.
 *
 * Random transactions are carried out on it; the digest of the documents after each of them is
 * remembered under its number, so that a recovered store can be compared with the state that it
 * says it has. */
#ifndef TENON_TESTS_SUPPORT_STORE_WORLD_H
#define TENON_TESTS_SUPPORT_STORE_WORLD_H

#include "storage/store.h"
#include "tests/support/memory_files.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_WORLD_STATES_MAX 4096

struct store_world {
    struct memory_files *files;
    struct store_options options;
    struct store *store;
    uint64_t random;
    uint64_t digests[STORE_WORLD_STATES_MAX]; /* by number of the transaction */
    uint64_t refused;                         /* transactions that got ReadOnly */
    uint64_t lost;                            /* times that transactions were undone */
};

void store_world_init(struct store_world *world, uint64_t seed);
void store_world_deinit(struct store_world *world);

/* Opens the store on the files of the options; fails the test where that does not succeed. */
void store_world_open(struct store_world *world);

/* Opens a store on other files, with the same schema and options. NULL and `message` on failure. */
struct store *store_world_try(const struct store_world *world, struct file_system *files,
                              struct buffer *report, struct buffer *message);

/* Carries a random transaction of one to four changes out, and ends a turn. */
void store_world_step(struct store_world *world);

/* Inserts one document, in a transaction. Returns false where that was refused. */
bool store_world_insert_one(struct store_world *world);

/* Deletes one document, in a transaction. Returns false where that was refused. */
bool store_world_delete_one(struct store_world *world);

/* Looks at what became durable, marks it as acknowledged, and compares the state after an undoing.
 */
void store_world_poll(struct store_world *world);

/* Waits until all is durable, or was lost. */
void store_world_settle(struct store_world *world);

/* A number that only databases with the same documents share. */
uint64_t store_world_digest(struct database *database);

uint64_t store_world_random(struct store_world *world);

#endif
