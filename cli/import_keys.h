/* The keys of a table's rows in the source, and the ids that their documents get.
 *
 * A key is the canonical JSON text of a string, a number or an int64: 7 and "7" are two keys.
 * Ids are chosen here, before any row is sent, so that rows may refer to rows that come later. */
#ifndef TENON_CLI_IMPORT_KEYS_H
#define TENON_CLI_IMPORT_KEYS_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"
#include "index/hash_map.h"
#include "storage/id.h"

#include <stdbool.h>
#include <stdint.h>

/* A key; it stays at its place as long as the map lives. */
struct import_key {
    uint8_t body[ID_BODY_SIZE]; /* of its id */
    uint32_t source;            /* which source has its row … */
    uint32_t size;              /* bytes of text */
    uint64_t line;              /* … and where in it */
    uint32_t referrers;         /* references to it in rows that are in */
    bool skipped;               /* its row will not go in */
    char text[];
};

struct import_keys {
    struct hash_map map;
    struct arena arena;
    uint32_t table_number;
};

void import_keys_init(struct import_keys *keys, uint32_t table_number);
void import_keys_deinit(struct import_keys *keys);

/* The text of a key, a string, a number or an int64: its canonical JSON, but one for 7, 7.0 and
 * 0.7e1, which are the same number. Lives in `arena`. */
struct slice import_key_text(struct arena *arena, struct value key);

/* The key with the text `text`, or NULL. */
struct import_key *import_keys_find(const struct import_keys *keys, struct slice text);

/* Adds a key with the id body `body`. Returns it, or NULL where `text` is a key already. */
struct import_key *import_keys_add(struct import_keys *keys, struct slice text,
                                   const uint8_t body[ID_BODY_SIZE]);

/* Writes the id of a key of this table, and returns its size. */
size_t import_keys_write_id(const struct import_keys *keys, const struct import_key *key,
                            char text[ID_TEXT_SIZE_MAX]);

/* References, in rows that are in, to rows that are not. */
uint64_t import_keys_count_dangling(const struct import_keys *keys);

/* Chooses id bodies: random bytes, fetched in bulk, and today's day number. */
struct import_ids {
    uint8_t random[256 * ID_RANDOM_SIZE];
    size_t used; /* bytes of it */
    uint32_t day;
};

/* Starts with no random bytes at hand. */
void import_ids_init(struct import_ids *ids);
void import_ids_next(struct import_ids *ids, uint8_t body[ID_BODY_SIZE]);

#endif
