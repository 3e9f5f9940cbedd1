/* Looking ids up in an index of ids, against the documents themselves. */
#include "storage/index_search.h"

#include "storage/database.h"
#include "storage/id.h"

#include <criterion/criterion.h>

#define PEOPLE 40
#define MANY   TINY_OR(20, 400)

static const char SCHEMA[] = "{\"tables\":{\"people\":{\"fields\":{\"friend\":"
                             "{\"optional\":{\"union\":[\"null\",{\"id\":\"people\"}]}}},"
                             "\"indexes\":{\"by_friend\":[\"friend\"]}}}}";

struct fixture {
    struct database *database;
    struct table *people;
    struct index *by_friend;
    struct arena arena;
    struct error error;
};

static void fixture_init(struct fixture *f)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(slice_of(SCHEMA), "s.json", &message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    f->database = database_create(schema, &(struct database_options){0});
    f->people = database_find_table(f->database, SLICE("people"));
    f->by_friend = table_find_index(f->people, SLICE("by_friend"));
    arena_init(&f->arena, 4096);
    error_init(&f->error, &f->arena);
    buffer_deinit(&message);
}

static void fixture_deinit(struct fixture *f)
{
    database_destroy(f->database);
    arena_deinit(&f->arena);
}

static struct document *insert(struct fixture *f, struct value friend)
{
    struct value_field field = {SLICE("friend"), friend};
    transaction_begin(f->database);
    struct document *document =
        transaction_insert(f->database, f->people, &field, 1, SLICE(""), NULL, &f->error);
    cr_assert_not_null(document, "%.*s", SLICE_FORMAT(f->error.message));
    cr_assert(transaction_commit(f->database, &f->error));
    transaction_end(f->database);
    return document;
}

static struct value id_of(const struct document *document)
{
    return document_field(document, SHAPE_ID);
}

/* Another id of the same table whose first random bytes, and so whose hint, are the same. */
static struct value id_beside(struct fixture *f, const struct document *document)
{
    struct id id;
    char text[ID_TEXT_SIZE_MAX];
    cr_assert(id_decode(document_id(document), &id));
    id.body[ID_BODY_SIZE - 3] ^= 1;
    size_t size = id_encode(&id, text);
    return value_from_string(&f->arena, slice_make(text, size));
}

/* Each finds the documents that hold it, in the order of the index; together as one by one. */
Test(index_search, ids_find_the_documents_that_hold_them)
{
    struct fixture f;
    struct document *people[PEOPLE];
    struct index_search searches[PEOPLE];
    fixture_init(&f);
    for (unsigned i = 0; i < PEOPLE; i++) {
        people[i] = insert(&f, i % 5 == 0 ? VALUE_IS(VALUE_NULL) : VALUE_IS(VALUE_MISSING));
    }
    for (unsigned i = 0; i < 3 * PEOPLE; i++) {
        insert(&f, id_of(people[i % (PEOPLE / 2)]));
    }
    for (unsigned i = 0; i < PEOPLE; i++) {
        searches[i].id = document_id(people[i]);
    }
    index_search_ids(f.by_friend, searches, PEOPLE);
    for (unsigned i = 0; i < PEOPLE; i++) {
        bool has_friends = i < PEOPLE / 2;
        cr_assert_eq(index_search_found(&searches[i]), has_friends);
        cr_assert(!has_friends || index_search_confirm(f.by_friend, &searches[i]));
        cr_assert_eq(searches[i].run.count, has_friends ? 6 : 0);
        struct btree_cursor cursor = searches[i].run.first;
        double time = 0;
        for (unsigned j = 0; j < searches[i].run.count; j++) {
            const struct document *found = btree_entry(&cursor);
            cr_assert(value_is_string(document_find(found, SLICE("friend")), searches[i].id));
            cr_assert_gt(document_creation_time(found), time);
            time = document_creation_time(found);
            cr_assert(j + 1 < searches[i].run.count || found == btree_entry(&searches[i].run.last));
            (void)btree_next(&cursor);
        }
    }
    fixture_deinit(&f);
}

/* What is no id, and what is held too often, is left to others. */
Test(index_search, what_hints_cannot_tell_is_unknown)
{
    struct fixture f;
    fixture_init(&f);
    struct document *popular = insert(&f, VALUE_IS(VALUE_MISSING));
    for (unsigned i = 0; i < MANY; i++) {
        insert(&f, id_of(popular));
    }
    struct index_search searches[] = {
        {.id = SLICE("")},
        {.id = SLICE("no id")},
        {.id = document_id(popular)},
    };
    index_search_ids(f.by_friend, searches, COUNT_OF(searches));
    for (unsigned i = 0; i < COUNT_OF(searches); i++) {
        cr_assert_eq(searches[i].run.count, BTREE_RUN_LONG, "%.*s", SLICE_FORMAT(searches[i].id));
        cr_assert_not(index_search_found(&searches[i]));
    }
    fixture_deinit(&f);
}

/* Ids with the same hint hide each other: neither's documents are confirmed. */
Test(index_search, documents_of_another_id_are_not_confirmed)
{
    struct fixture f;
    fixture_init(&f);
    struct document *one = insert(&f, VALUE_IS(VALUE_MISSING));
    struct value twin = id_beside(&f, one);
    struct index_search searches[] = {
        {.id = document_id(one)},
        {.id = value_string_escaped(twin)},
    };
    insert(&f, id_of(one));
    index_search_ids(f.by_friend, searches, 2);
    cr_assert(index_search_confirm(f.by_friend, &searches[0]));
    cr_assert(index_search_found(&searches[1]));
    cr_assert_not(index_search_confirm(f.by_friend, &searches[1]));
    insert(&f, twin);
    index_search_ids(f.by_friend, searches, 2);
    cr_assert_not(index_search_confirm(f.by_friend, &searches[0]));
    cr_assert_not(index_search_confirm(f.by_friend, &searches[1]));
    fixture_deinit(&f);
}
