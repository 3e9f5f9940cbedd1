/* Keys of an import: see the header. */
#include "cli/import_keys.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ARENA_CHUNK_SIZE ((size_t)256 * 1024)
#define SECONDS_PER_DAY  86400

/* True of 7.0 and 7e0. Whole numbers without either are left as they are, so that those which no
 * double can tell apart stay apart. */
static bool has_fraction_or_exponent(struct slice number)
{
    for (size_t i = 0; i < number.size; i++) {
        if (memchr(".eE", number.data[i], 3) != NULL) {
            return true;
        }
    }
    return false;
}

struct slice import_key_text(struct arena *arena, struct value key)
{
    struct slice text = value_text(arena, key);
    if (value_type(key) != TYPE_NUMBER || text.data[0] == '{' || !has_fraction_or_exponent(text) ||
        !isfinite(number_parse(text))) {
        return text;
    }
    char *plain = arena_allocate(arena, NUMBER_TEXT_SIZE);
    return slice_make(plain, number_format(number_parse(text), plain));
}

static struct slice read_key(const void *entry)
{
    const struct import_key *key = entry;
    return slice_make(key->text, key->size);
}

/* Without random bytes no id can be given out that nobody guesses. */
static void fill_random(void *bytes, size_t size)
{
    char *place = bytes;
    while (size > 0) {
        ssize_t got = getrandom(place, size, 0);
        if (got <= 0) {
            fputs("tenon import: the system gives no random bytes\n", stderr);
            abort();
        }
        place += got;
        size -= (size_t)got;
    }
}

void import_keys_init(struct import_keys *keys, uint32_t table_number)
{
    assert(table_number > 0);
    uint64_t seed;
    fill_random(&seed, sizeof seed);
    keys->table_number = table_number;
    arena_init(&keys->arena, ARENA_CHUNK_SIZE);
    hash_map_init(&keys->map, read_key, seed);
}

void import_keys_deinit(struct import_keys *keys)
{
    hash_map_deinit(&keys->map);
    arena_deinit(&keys->arena);
}

struct import_key *import_keys_find(const struct import_keys *keys, struct slice text)
{
    return hash_map_find(&keys->map, hash_map_hash(&keys->map, text), text);
}

struct import_key *import_keys_add(struct import_keys *keys, struct slice text,
                                   const uint8_t body[ID_BODY_SIZE])
{
    uint64_t hash = hash_map_hash(&keys->map, text);
    if (hash_map_find(&keys->map, hash, text) != NULL) {
        return NULL;
    }
    struct import_key *key = arena_allocate_zeroed(&keys->arena, sizeof *key + text.size);
    memcpy(key->body, body, ID_BODY_SIZE);
    memcpy(key->text, text.data, text.size);
    key->size = (uint32_t)text.size;
    hash_map_insert(&keys->map, hash, key);
    return key;
}

size_t import_keys_write_id(const struct import_keys *keys, const struct import_key *key,
                            char text[ID_TEXT_SIZE_MAX])
{
    struct id id = {.table_number = keys->table_number};
    memcpy(id.body, key->body, ID_BODY_SIZE);
    return id_encode(&id, text);
}

uint64_t import_keys_count_dangling(const struct import_keys *keys)
{
    uint64_t place = 0;
    uint64_t count = 0;
    const struct import_key *key = hash_map_iterate(&keys->map, &place);
    while (key != NULL) {
        count += key->skipped ? key->referrers : 0;
        key = hash_map_iterate(&keys->map, &place);
    }
    return count;
}

void import_ids_init(struct import_ids *ids)
{
    ids->used = sizeof ids->random;
    ids->day = (uint32_t)(time(NULL) / SECONDS_PER_DAY);
}

void import_ids_next(struct import_ids *ids, uint8_t body[ID_BODY_SIZE])
{
    if (ids->used == sizeof ids->random) {
        fill_random(ids->random, sizeof ids->random);
        ids->used = 0;
    }
    assert(ids->used + ID_RANDOM_SIZE <= sizeof ids->random);
    memcpy(body, ids->random + ids->used, ID_RANDOM_SIZE);
    ids->used += ID_RANDOM_SIZE;
    body[ID_RANDOM_SIZE] = (uint8_t)(ids->day >> 8);
    body[ID_RANDOM_SIZE + 1] = (uint8_t)ids->day;
}
