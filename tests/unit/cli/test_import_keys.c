/* The key map of an import, and the ids that it gives out. */
#include "base/macros.h"
#include "cli/import_keys.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#define KEY_COUNT 5000

Test(import_keys, every_key_is_found_with_the_id_it_was_given)
{
    struct import_keys keys;
    struct import_ids ids;
    import_keys_init(&keys, 10001);
    import_ids_init(&ids);
    static uint8_t bodies[KEY_COUNT][ID_BODY_SIZE];
    for (int i = 0; i < KEY_COUNT; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "\"u%d\"", i);
        import_ids_next(&ids, bodies[i]);
        cr_assert_not_null(import_keys_add(&keys, slice_make(text, (size_t)size), bodies[i]));
    }
    for (int i = 0; i < KEY_COUNT; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "\"u%d\"", i);
        const struct import_key *key = import_keys_find(&keys, slice_make(text, (size_t)size));
        cr_assert_not_null(key);
        cr_assert_arr_eq(key->body, bodies[i], ID_BODY_SIZE);
    }
    hash_map_check(&keys.map);
    import_keys_deinit(&keys);
}

Test(import_keys, equal_numbers_are_the_same_key_and_a_string_is_another)
{
    static const char *const rows[][2] = {
        {"7", "7"},
        {"7.0", "7"},
        {"7e0", "7"},
        {"0.7E+1", "7"},
        {"7.50", "7.5"},
        {"\"7.0\"", "\"7.0\""},
        {"9007199254740993", "9007199254740993"},
        {"1e400", "1e400"},
        {"{\"$integer\":\"BwAAAAAAAAA=\"}", "{\"$integer\":\"BwAAAAAAAAA=\"}"},
        {"{\"$float\":\"AAAAAAAA8H8=\"}", "{\"$float\":\"AAAAAAAA8H8=\"}"},
    };
    struct arena arena;
    arena_init(&arena, 256);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice text = import_key_text(&arena, value_from_text(slice_of(rows[i][0])));
        cr_expect(slice_equal(text, slice_of(rows[i][1])), "%s: %.*s", rows[i][0],
                  SLICE_FORMAT(text));
    }
    arena_deinit(&arena);
}

Test(import_keys, a_key_is_found_by_its_text)
{
    struct import_keys keys;
    const uint8_t body[ID_BODY_SIZE] = {0};
    import_keys_init(&keys, 10001);
    cr_assert_not_null(import_keys_add(&keys, SLICE("7"), body));
    cr_expect_null(import_keys_find(&keys, SLICE("\"7\"")));
    cr_expect_null(import_keys_find(&keys, SLICE("7.0")));
    cr_expect_not_null(import_keys_add(&keys, SLICE("\"7\""), body));
    cr_expect_null(import_keys_add(&keys, SLICE("7"), body), "a key is taken only once");
    import_keys_deinit(&keys);
}

Test(import_keys, ids_are_well_formed_of_the_table_and_of_today)
{
    struct import_keys keys;
    struct import_ids ids;
    uint8_t body[ID_BODY_SIZE];
    char text[ID_TEXT_SIZE_MAX];
    struct id id;
    import_keys_init(&keys, 10007);
    import_ids_init(&ids);
    import_ids_next(&ids, body);
    const struct import_key *key = import_keys_add(&keys, SLICE("1"), body);
    size_t size = import_keys_write_id(&keys, key, text);
    cr_assert(id_decode(slice_make(text, size), &id));
    cr_expect_eq(id.table_number, 10007);
    long day = (long)id.body[14] << 8 | id.body[15];
    long today = (long)(time(NULL) / 86400);
    cr_expect(day == today || day == today - 1);
    import_keys_deinit(&keys);
}

Test(import_keys, no_two_ids_are_the_same)
{
    struct import_ids ids;
    static uint8_t bodies[1000][ID_BODY_SIZE];
    import_ids_init(&ids);
    for (int i = 0; i < 1000; i++) {
        import_ids_next(&ids, bodies[i]);
        for (int j = 0; j < i; j++) {
            cr_assert_neq(memcmp(bodies[i], bodies[j], ID_BODY_SIZE), 0);
        }
    }
}

Test(import_keys, only_references_to_skipped_rows_dangle)
{
    struct import_keys keys;
    const uint8_t body[ID_BODY_SIZE] = {0};
    import_keys_init(&keys, 10001);
    import_keys_add(&keys, SLICE("1"), body)->referrers = 5;
    cr_expect_eq(import_keys_count_dangling(&keys), 0);
    struct import_key *skipped = import_keys_add(&keys, SLICE("2"), body);
    skipped->referrers = 12;
    skipped->skipped = true;
    cr_expect_eq(import_keys_count_dangling(&keys), 12);
    import_keys_deinit(&keys);
}
