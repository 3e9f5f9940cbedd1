/* Hints of indexes whose keys begin alike, or mostly, against the keys themselves. */
#include "storage/index_hint.h"

#include "storage/database.h"
#include "storage/insert_ahead.h"
#include "storage/load_index.h"
#include "tests/support/fields.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT TINY_OR(700, 3000)
#define FIRST TINY_OR(8, 256) /* documents at which heads are chosen first */

static const char SCHEMA[] =
    "{\"tables\":{\"t\":{\"indexes\":{\"by_name\":[\"name\"],\"by_pair\":[\"tenant\",\"name\"],"
    "\"by_number\":[\"tenant\",\"n\"]}}}}";

enum style {
    NUMBERED,  /* user00042 */
    UNPADDED,  /* user42 */
    ADDRESSES, /* https://example.com/articles/42-title */
    LETTERS,   /* of any kind */
    LONG,      /* a beginning of more bytes than a head may have */
    ESCAPED,   /* escapes in the beginning, and behind it */
    EQUAL,     /* all the same */
    DRIFTING,  /* other beginnings as time goes on */
    STYLE_COUNT
};

struct fixture {
    struct database *database;
    struct table *table;
    struct index *by_name;
    struct arena arena;
    struct error error;
    uint64_t random;
};

static void fixture_init(struct fixture *f)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(slice_of(SCHEMA), "s.json", &message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    f->database = database_create(schema, &(struct database_options){0});
    f->table = database_find_table(f->database, SLICE("t"));
    f->by_name = table_find_index(f->table, SLICE("by_name"));
    f->random = random_seed("index_hint");
    arena_init(&f->arena, 4096);
    error_init(&f->error, &f->arena);
    buffer_deinit(&message);
}

static void fixture_deinit(struct fixture *f)
{
    database_check(f->database);
    database_destroy(f->database);
    arena_deinit(&f->arena);
}

static void write_name(struct fixture *f, enum style style, unsigned i, char name[200])
{
    static const char *const drifts[] = {"user", "vase/", "aaa:", "us", "userland"};
    unsigned any = random_below(&f->random, 100000);
    switch (style) {
    case NUMBERED:
        snprintf(name, 200, "\"user%05u\"", any);
        break;
    case UNPADDED:
        snprintf(name, 200, "\"user%u\"", any);
        break;
    case ADDRESSES:
        snprintf(name, 200, "\"https://example.com/articles/%05u-title\"", any);
        break;
    case LETTERS:
        snprintf(name, 200, "\"%c%c%c%u\"", 'a' + (int)(any % 26), 'a' + (int)(any / 26 % 26),
                 'a' + (int)(any / 676 % 26), any);
        break;
    case LONG:
        snprintf(name, 200, "\"%0*u/%u\"", INDEX_HEAD_MAX + 9, 0, any);
        break;
    case ESCAPED:
        snprintf(name, 200, "\"a\\n\\u0000b%s%u\"", any % 3 == 0 ? "\\u0001" : "", any);
        break;
    case EQUAL:
        snprintf(name, 200, "\"the same\"");
        break;
    default:
        snprintf(name, 200, "\"%s%u\"", drifts[i * COUNT_OF(drifts) / COUNT], any);
    }
}

/* Now and then something else, shorter, or of another type. */
static const char *pick_name(struct fixture *f, enum style style, unsigned i, char name[200])
{
    static const char *const others[] = {"null",        "true",
                                         "17",          "\"\"",
                                         "\"u\"",       "\"user\"",
                                         "\"zebra\"",   "\"\\u0000\"",
                                         "[\"user\"]",  "\"https://example.com/articles/\"",
                                         "\"use\\\\\"", "\"user\\u0000\"",
                                         "\"userz\\n\""};
    if (random_below(&f->random, 40) == 0) {
        return others[random_below(&f->random, COUNT_OF(others))];
    }
    write_name(f, style, i, name);
    return name;
}

static void insert(struct fixture *f, const char *text)
{
    uint32_t count;
    const struct value_field *fields = fields_from_json(&f->arena, text, &count);
    transaction_begin(f->database);
    cr_assert_not_null(
        transaction_insert(f->database, f->table, fields, count, SLICE(""), NULL, &f->error));
    cr_assert(transaction_commit(f->database, &f->error));
    transaction_end(f->database);
}

static void insert_styled(struct fixture *f, enum style style, unsigned i)
{
    char name[200];
    char text[300];
    const char *tenant = random_below(&f->random, 50) == 0 ? "zeta" : "acme";
    snprintf(text, sizeof(text), "{\"name\":%s,\"tenant\":\"%s\",\"n\":%u}",
             pick_name(f, style, i, name), tenant, random_below(&f->random, 1000));
    insert(f, text);
}

/* The keys of all documents, in the order of the index. */
static struct buffer *keys_of(struct index *index)
{
    struct buffer *keys = calloc(index->tree.count + 1, sizeof(*keys));
    struct btree_cursor cursor;
    size_t count = 0;
    for (const struct document *d = btree_at(&index->tree, 0, &cursor); d;
         d = btree_next(&cursor)) {
        index_append_key(index, d, &keys[count]);
        cr_assert(count == 0 ||
                  slice_compare(buffer_slice(&keys[count - 1]), buffer_slice(&keys[count])) < 0);
        count += 1;
    }
    return keys;
}

/* Every beginning of a key is a place, before and behind all that begin with it. */
static void assert_places_agree(struct fixture *f, struct index *index)
{
    struct buffer *keys = keys_of(index);
    uint64_t count = index->tree.count;
    for (unsigned turn = 0; turn < 300; turn++) {
        const struct buffer *any = &keys[random_below(&f->random, (unsigned)count)];
        size_t size = 1 + random_below(&f->random, (unsigned)any->size);
        struct slice key = slice_make(any->data, size);
        uint64_t before = 0;
        uint64_t behind = 0;
        for (uint64_t i = 0; i < count; i++) {
            struct slice other = buffer_slice(&keys[i]);
            bool begins = slice_starts_with(other, key);
            before += !begins && slice_compare(other, key) < 0 ? 1 : 0;
            behind += begins || slice_compare(other, key) < 0 ? 1 : 0;
        }
        struct btree_bound bound;
        index_bound(index, key, false, &bound);
        cr_assert_eq(btree_rank(&index->tree, &bound), before);
        index_bound(index, key, true, &bound);
        cr_assert_eq(btree_rank(&index->tree, &bound), behind);
    }
    for (uint64_t i = 0; i < count; i++) {
        buffer_deinit(&keys[i]);
    }
    free(keys);
}

/* Documents whose hint is that of the one before. */
static unsigned count_ties(struct index *index)
{
    struct btree_cursor cursor;
    unsigned ties = 0;
    const struct document *last = NULL;
    for (const struct document *d = btree_at(&index->tree, 0, &cursor); d;
         d = btree_next(&cursor)) {
        ties += last && index_hint(index, d) == index_hint(index, last) ? 1 : 0;
        last = d;
    }
    return ties;
}

Test(index_hint, places_are_right_whatever_keys_begin_with, .timeout = 300)
{
    for (enum style style = 0; style < STYLE_COUNT; style++) {
        struct fixture f;
        fixture_init(&f);
        for (unsigned i = 0; i < COUNT; i++) {
            insert_styled(&f, style, i);
        }
        for (uint32_t i = 0; i < f.table->index_count; i++) {
            assert_places_agree(&f, &f.table->indexes[i]);
        }
        fixture_deinit(&f);
    }
}

/* With a head, hints tell them apart as they do keys that begin with anything. */
Test(index_hint, keys_that_begin_alike_are_told_apart)
{
    static const enum style styles[] = {NUMBERED, UNPADDED, ADDRESSES};
    for (size_t style = 0; style < COUNT_OF(styles); style++) {
        struct fixture f;
        char name[200];
        char text[300];
        fixture_init(&f);
        for (unsigned i = 0; i < COUNT; i++) {
            write_name(&f, styles[style], i, name);
            snprintf(text, sizeof(text), "{\"name\":%s,\"tenant\":\"acme\",\"n\":%u}", name, i);
            insert(&f, text);
        }
        cr_expect_gt(f.by_name->head_size, 4);
        for (uint32_t i = 0; i < f.table->index_count; i++) {
            cr_expect_lt(count_ties(&f.table->indexes[i]), COUNT / 20, "style %zu, index %u", style,
                         i);
        }
        fixture_deinit(&f);
    }
}

/* A head ends before digits that count on, and is never part of a number. */
Test(index_hint, a_head_leaves_out_what_will_not_change)
{
    static const struct {
        const char *form, *head;
    } cases[] = {
        {"{\"name\":\"user%05u\"}", "\007user"},
        {"{\"name\":\"https://a.b/2026/%u\"}", "\007https://a.b/2026/"},
        {"{\"name\":\"%03u\"}", ""},
        {"{\"name\":\"u%u\"}", ""},
        {"{\"name\":%u}", ""},
        {"{\"other\":%u}", ""},
        {"{\"name\":[\"the same\",%u]}", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture f;
        char text[100];
        fixture_init(&f);
        for (unsigned n = 0; n < FIRST; n++) {
            snprintf(text, sizeof(text), cases[i].form, n);
            insert(&f, text);
        }
        struct slice head = slice_make(f.by_name->head, f.by_name->head_size);
        cr_expect(slice_equal(head, slice_of(cases[i].head)), "%zu: %.*s", i, SLICE_FORMAT(head));
        fixture_deinit(&f);
    }
}

/* Searches that were made before the head was chosen are not used behind that. */
Test(index_hint, a_search_ahead_is_void_when_hints_have_changed)
{
    struct fixture f;
    char text[100];
    fixture_init(&f);
    for (unsigned i = 0; i < FIRST - 1; i++) {
        snprintf(text, sizeof(text), "{\"name\":\"somebody%07u\"}", i * 7919 % 10007);
        insert(&f, text);
    }
    struct insert_ahead ahead;
    struct value_field field = {SLICE("name"),
                                value_from_string(&f.arena, SLICE("somebody0000001"))};
    struct value document = {.kind = VALUE_OBJECT, .size = 1, .fields = &field};
    bool goes_on = insert_ahead_begin(&ahead, f.table, document);
    cr_assert(goes_on && insert_ahead_has(&ahead, 1));
    while (goes_on) {
        goes_on = insert_ahead_continue(&ahead);
    }
    insert(&f, "{\"name\":\"somebody0001000\"}");
    cr_assert_gt(f.by_name->head_size, 0);
    transaction_begin(f.database);
    cr_assert_not_null(
        transaction_insert(f.database, f.table, &field, 1, SLICE(""), &ahead, &f.error));
    cr_assert(transaction_commit(f.database, &f.error));
    transaction_end(f.database);
    fixture_deinit(&f);
}

/* Loading chooses a head too, and the index is the same. */
Test(index_hint, a_loaded_index_has_a_head_and_the_same_order)
{
    for (enum style style = 0; style < STYLE_COUNT; style++) {
        struct fixture f;
        void *grown[COUNT];
        void *loaded[COUNT];
        struct btree_cursor cursor;
        fixture_init(&f);
        for (unsigned i = 0; i < COUNT; i++) {
            insert_styled(&f, style, i);
        }
        for (uint32_t i = 1; i < f.table->index_count; i++) {
            struct index *index = &f.table->indexes[i];
            (void)btree_at(&index->tree, 0, &cursor);
            cr_assert_eq(btree_collect(&cursor, false, grown, COUNT), (size_t)COUNT);
            btree_deinit(&index->tree);
            btree_init(&index->tree, f.database->pool, &index->order);
            index->head_size = 0;
            index_adapt_init(index);
            load_index(index, grown, COUNT, loaded);
            cr_assert_arr_eq(loaded, grown, sizeof(grown));
            cr_assert(style != NUMBERED || index->head_size > 4);
            assert_places_agree(&f, index);
        }
        fixture_deinit(&f);
    }
}
