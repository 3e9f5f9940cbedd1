/* Sets of values: what is equal is there once, and small sets are small. */
#include "relations/value_set.h"

#include <criterion/criterion.h>

#include <stdio.h>

struct fixture {
    struct arena arena;
    struct budget budget;
    struct error error;
    struct database database; /* for its seed alone */
    struct run run;
};

static void fixture_init(struct fixture *f)
{
    struct limits limits = {LIMIT_DOCUMENTS, LIMIT_BYTES, LIMIT_MILLISECONDS};
    arena_init(&f->arena, 4096);
    budget_init(&f->budget, &limits);
    error_init(&f->error, &f->arena);
    f->database.documents.seed = 5;
    f->run = (struct run){
        .database = &f->database, .arena = &f->arena, .budget = &f->budget, .error = &f->error};
}

static struct value number_text(struct fixture *f, unsigned number)
{
    return value_from_text(arena_format(&f->arena, "%u", number));
}

/* Values that are equal have one number, however they are written; others have their own. */
Test(value_set, equal_values_have_one_number)
{
    static const struct {
        const char *text;
        uint32_t number;
    } rows[] = {
        {"\"a\"", 0},
        {"1", 1},
        {"1.0", 1},
        {"\"1\"", 2},
        {"\"a\"", 0},
        {"null", 3},
        {"[1]", 4},
        {"[1e0]", 4},
        {"{\"b\":1,\"a\":2}", 5},
        {"{\"a\":2,\"b\":1}", 5},
    };
    struct fixture f;
    struct value_set set = {0};
    fixture_init(&f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t number;
        bool added;
        uint32_t before = set.values.count;
        struct value value = value_from_text(slice_of(rows[i].text));
        cr_assert(value_set_put(&f.run, &set, value, &number, &added));
        cr_assert_eq(number, rows[i].number, "%s", rows[i].text);
        cr_assert_eq(added, number == before, "%s", rows[i].text);
    }
    arena_deinit(&f.arena);
}

/* What was put in is found again while the set grows, with room reserved or not. */
Test(value_set, numbers_stay_while_the_set_grows)
{
    static const uint32_t reserved[] = {0, 10, 1000};
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        struct fixture f;
        struct value_set set = {0};
        fixture_init(&f);
        cr_assert(reserved[i] == 0 || value_set_reserve(&f.run, &set, reserved[i]));
        for (unsigned j = 0; j < 2000; j++) {
            uint32_t number;
            bool added;
            cr_assert(value_set_put(&f.run, &set, number_text(&f, j % 1000), &number, &added));
            cr_assert_eq(number, j % 1000);
            cr_assert_eq(added, j < 1000);
        }
        arena_deinit(&f.arena);
    }
}

/* A program may make hundreds of thousands of small sets within its memory. */
Test(value_set, a_set_of_few_values_takes_little_memory)
{
    struct fixture f;
    struct value_set set = {0};
    fixture_init(&f);
    cr_assert(value_set_reserve(&f.run, &set, 3));
    for (unsigned i = 0; i < 3; i++) {
        uint32_t number;
        bool added;
        cr_assert(value_set_put(&f.run, &set, number_text(&f, i), &number, &added));
    }
    cr_assert_leq(f.budget.bytes, 128);
    arena_deinit(&f.arena);
}

static struct value id_text(struct fixture *f, unsigned number)
{
    return value_from_text(arena_format(&f->arena, "\"j57000820c20a1g7104gm2rc%08u\"", number));
}

/* The hashes are those of the map of documents, by number, as long as there are only ids and no
 * more than was thought; the values are the same with and without. */
Test(value_set, a_list_of_ids_keeps_its_hashes)
{
    static const struct {
        uint32_t reserved;
        uint32_t ids;
        bool has_other;
        bool kept;
    } rows[] = {
        {100, 100, false, true}, {100, 3, false, true},  {100, 99, true, false},
        {20, 200, false, false}, {0, 100, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        struct value values[200];
        struct value_set set = {0};
        fixture_init(&f);
        for (uint32_t j = 0; j < rows[i].ids; j++) {
            values[j] = id_text(&f, j % 150);
        }
        struct value other = value_from_text(SLICE("\"short\""));
        cr_assert(rows[i].reserved == 0 || value_set_reserve(&f.run, &set, rows[i].reserved));
        cr_assert(value_set_put_all(&f.run, &set, values, rows[i].ids));
        cr_assert(value_set_put_all(&f.run, &set, &other, rows[i].has_other));
        struct value list = value_set_list(&set);
        const uint64_t *hashes = value_kept_hashes(list);
        cr_assert_eq(hashes != NULL, rows[i].kept);
        cr_assert_eq(list.size, (rows[i].ids < 150 ? rows[i].ids : 150) + rows[i].has_other);
        for (uint32_t j = 0; j < list.size - rows[i].has_other; j++) {
            struct slice id = value_string_escaped(values[j]);
            cr_assert(value_is_string(list.items[j], id));
            cr_assert(!hashes || hashes[j] == hash_map_hash(&f.database.documents, id));
        }
        arena_deinit(&f.arena);
    }
}
