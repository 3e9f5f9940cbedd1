/* Loading documents at the start: what is put over what, and what counts as a violation. */
#include "storage/load.h"

#include "storage/id.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char SCHEMA[] =
    "{\"tables\":{\"notes\":{\"fields\":{\"n\":\"number\"},\"indexes\":{\"by_n\":[\"n\"]}}}}";

#define TABLE_NUMBER 10001

struct fixture {
    struct database *database;
    struct loader loader;
    struct buffer message;
};

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.database = NULL};
    struct schema *schema = schema_read(slice_of(SCHEMA), "s.json", &f->message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&f->message)));
    struct database_options options = {.seed = 7};
    f->database = database_create(schema, &options);
    loader_init(&f->loader, f->database, NULL);
}

static void fixture_deinit(struct fixture *f)
{
    loader_deinit(&f->loader);
    database_destroy(f->database);
    buffer_deinit(&f->message);
}

static struct slice id_of(unsigned number, char text[ID_TEXT_SIZE_MAX])
{
    struct id id = {.table_number = TABLE_NUMBER,
                    .body = {(uint8_t)(number >> 8), (uint8_t)number}};
    return slice_make(text, id_encode(&id, text));
}

static bool put(struct fixture *f, unsigned number, const char *n)
{
    char id[ID_TEXT_SIZE_MAX];
    char text[256];
    int size = snprintf(text, sizeof(text), "{\"_id\":\"%.*s\",\"_creationTime\":%u,\"n\":%s}",
                        SLICE_FORMAT(id_of(number, id)), number, n);
    return loader_put(&f->loader, TABLE_NUMBER, slice_make(text, (size_t)size));
}

static bool remove_one(struct fixture *f, unsigned number)
{
    char id[ID_TEXT_SIZE_MAX];
    return loader_delete(&f->loader, TABLE_NUMBER, id_of(number, id));
}

static void finish(struct fixture *f, uint64_t count)
{
    cr_assert(loader_finish(&f->loader, &f->message), "%.*s",
              SLICE_FORMAT(buffer_slice(&f->message)));
    cr_assert_eq(f->database->documents.count, count);
    database_check(f->database);
}

Test(load, the_last_text_of_an_id_counts_however_soon_it_follows)
{
    for (unsigned distance = 1; distance < 3 * LOADER_WAITING_COUNT; distance++) {
        struct fixture f;
        char id[ID_TEXT_SIZE_MAX];
        fixture_init(&f);
        for (unsigned i = 0; i < distance; i++) {
            cr_assert(put(&f, i, "1"));
        }
        cr_assert(put(&f, 0, "2"));
        finish(&f, distance);
        struct slice first = id_of(0, id);
        const struct hash_map *map = &f.database->documents;
        const struct document *document = hash_map_find(map, hash_map_hash(map, first), first);
        cr_assert_not_null(document);
        cr_assert_eq(value_number(document_find(document, SLICE("n"))), 2.0);
        fixture_deinit(&f);
    }
}

Test(load, a_document_may_be_deleted_right_after_it_was_put)
{
    struct fixture f;
    fixture_init(&f);
    for (unsigned i = 0; i < 100; i++) {
        cr_assert(put(&f, i, "1"));
        cr_assert(i % 3 != 0 || remove_one(&f, i));
        cr_assert_not(i % 3 == 0 && remove_one(&f, i), "it is gone");
    }
    finish(&f, 66);
    fixture_deinit(&f);
}

Test(load, only_documents_that_are_still_there_violate_the_schema)
{
    struct fixture f;
    fixture_init(&f);
    cr_assert(put(&f, 1, "\"one\""));
    cr_assert(put(&f, 2, "\"two\""));
    cr_assert(put(&f, 3, "3"));
    cr_assert(remove_one(&f, 1));
    cr_assert(put(&f, 2, "2"));
    finish(&f, 2);
    fixture_deinit(&f);

    fixture_init(&f);
    cr_assert(put(&f, 1, "1"));
    cr_assert(put(&f, 2, "\"two\""));
    cr_assert_not(loader_finish(&f.loader, &f.message));
    buffer_append_char(&f.message, '\0');
    cr_assert_not_null(strstr(f.message.data, "1 violations"), "%s", f.message.data);
    fixture_deinit(&f);
}
