/* Loading: what a file with a right checksum may hold all the same, and what is said of documents
 * that the schema does not take any more. */
#include "storage/load.h"

#include "storage/bytes.h"
#include "storage/id.h"
#include "tests/fuzz/one_file.h"

#include <criterion/criterion.h>

#define USERS  10001
#define THINGS 10002
#define GONE   10003

/* An id of the table; `number` tells ids apart. */
static struct slice make_id(struct arena *arena, uint32_t table_number, uint8_t number)
{
    char text[ID_TEXT_SIZE_MAX];
    struct id id = {.table_number = table_number, .body = {number}};
    size_t size = id_encode(&id, text);
    return arena_copy(arena, slice_make(text, size));
}

/* `%s` in the format is an id of the table, `rest` what follows its fields. */
static struct slice make_text(struct arena *arena, uint32_t table_number, uint8_t number,
                              const char *rest)
{
    struct slice id = make_id(arena, table_number, number);
    return arena_format(arena, "{\"_id\":\"%.*s\",\"_creationTime\":%u%s}", SLICE_FORMAT(id),
                        number + 1, rest);
}

struct fixture {
    struct loader loader;
    struct arena arena;
};

static void setup(struct fixture *f)
{
    arena_init(&f->arena, 4096);
    loader_init(&f->loader, one_file_database(), NULL);
}

static void teardown(struct fixture *f, bool finish)
{
    one_file_finish(&f->loader, finish);
    arena_deinit(&f->arena);
}

Test(load, texts_that_are_no_documents_are_refused)
{
    struct fixture f;
    setup(&f);
    struct slice id = make_id(&f.arena, USERS, 1);
    struct slice other = make_id(&f.arena, THINGS, 1);
    const struct slice texts[] = {
        SLICE(""),
        SLICE("nothing"),
        SLICE("[]"),
        SLICE("{}"),
        SLICE("{\"_id\":1,\"_creationTime\":1}"),
        SLICE("{\"_id\":\"no id\",\"_creationTime\":1}"),
        arena_format(&f.arena, "{\"_id\":\"%.*s\"}", SLICE_FORMAT(id)),
        arena_format(&f.arena, "{\"_id\":\"%.*s\",\"name\":1}", SLICE_FORMAT(id)),
        arena_format(&f.arena, "{\"_creationTime\":1,\"_id\":\"%.*s\"}", SLICE_FORMAT(id)),
        arena_format(&f.arena, "{\"_id\":\"%.*s\",\"_creationTime\":\"1\"}", SLICE_FORMAT(id)),
        arena_format(&f.arena, "{\"_id\":\"%.*s\",\"_creationTime\":-1}", SLICE_FORMAT(id)),
        arena_format(&f.arena, "{\"_id\":\"%.*s\",\"_creationTime\":1e300}", SLICE_FORMAT(id)),
        arena_format(&f.arena, "{\"_id\":\"%.*s\",\"_creationTime\":1}", SLICE_FORMAT(other)),
        arena_format(&f.arena, "{\"_id\":\"%.*s\", \"_creationTime\":1}", SLICE_FORMAT(id)),
        arena_format(&f.arena, "{\"_id\":\"%.*s\",\"_creationTime\":1,\"name\":\"\\u0041\"}",
                     SLICE_FORMAT(id)),
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        cr_expect_not(loader_put(&f.loader, USERS, texts[i]), "%.*s", SLICE_FORMAT(texts[i]));
    }
    teardown(&f, true);
}

/* The numbers of a record, and behind them a size and text, where that is not empty. */
static struct slice make_record(struct buffer *record, const uint64_t *numbers, size_t count,
                                struct slice text)
{
    record->size = 0;
    for (size_t i = 0; i < count; i++) {
        bytes_append_varint(record, numbers[i]);
    }
    if (text.size > 0) {
        bytes_append_varint(record, text.size);
        buffer_append_slice(record, text);
    }
    return buffer_slice(record);
}

Test(load, records_that_make_no_sense_are_refused)
{
    struct fixture f;
    struct buffer record = {0};
    setup(&f);
    struct slice text = make_text(&f.arena, USERS, 1, ",\"name\":\"a\"");
    struct slice id = make_id(&f.arena, USERS, 2);
    struct slice two = arena_format(&f.arena, "%.*s%.*s", SLICE_FORMAT(text), SLICE_FORMAT(text));
    const struct {
        const char *what;
        uint64_t numbers[3];
        size_t count;
        struct slice text;
    } rows[] = {
        {"nothing", {0}, 0, SLICE("")},
        {"only a time", {5}, 1, SLICE("")},
        {"no change where one is said to be", {5, 1}, 2, SLICE("")},
        {"only a table", {5, 1, USERS * 2}, 3, SLICE("")},
        {"a table beyond every number", {5, 1, UINT64_MAX}, 3, text},
        {"a second change that is not there", {5, 2, USERS * 2}, 3, text},
        {"text that is no document", {5, 1, USERS * 2}, 3, SLICE("text")},
        {"a document with something behind", {5, 1, USERS * 2}, 3, two},
        {"a document of another table", {5, 1, THINGS * 2}, 3, text},
        {"a delete of what is not there", {5, 1, USERS * 2 + 1}, 3, id},
        {"a delete of what is not there, in no table", {5, 1, GONE * 2 + 1}, 3, id},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice bytes = make_record(&record, rows[i].numbers, rows[i].count, rows[i].text);
        cr_expect_not(loader_apply(&f.loader, bytes), "%s", rows[i].what);
    }
    /* Numbers that never end, or are longer than 64 bits. */
    cr_expect_not(loader_apply(&f.loader, SLICE("\377\377")));
    cr_expect_not(loader_apply(&f.loader, SLICE("\377\377\377\377\377\377\377\377\377\377\1")));
    cr_expect_not(loader_apply(&f.loader, SLICE("\377\377\377\377\377\377\377\377\377\2\1")));
    buffer_append_char(&record, 0);
    cr_expect(
        loader_apply(&f.loader, make_record(&record, (uint64_t[]){5, 1, USERS * 2}, 3, text)));
    cr_expect_eq(f.loader.clock_us, 5);
    buffer_append_char(&record, 0);
    cr_expect_not(loader_apply(&f.loader, buffer_slice(&record)), "a byte behind the last change");
    buffer_deinit(&record);
    teardown(&f, true);
}

static bool contains(const struct buffer *text, const char *word)
{
    struct slice rest = buffer_slice(text);
    for (; rest.size > 0; rest = slice_make(rest.data + 1, rest.size - 1)) {
        if (slice_starts_with(rest, slice_of(word))) {
            return true;
        }
    }
    return false;
}

/* Twenty of them are named, the rest counted. */
Test(load, documents_that_the_schema_does_not_take_are_named)
{
    enum { COUNT = LOADER_VIOLATIONS_SHOWN + 5 };
    struct fixture f;
    struct buffer message = {0};
    setup(&f);
    for (uint8_t i = 0; i < COUNT; i++) {
        cr_assert(loader_put(&f.loader, USERS, make_text(&f.arena, USERS, i, ",\"name\":1")));
    }
    cr_expect_not(loader_finish(&f.loader, &message));
    struct slice first = make_id(&f.arena, USERS, 0);
    struct slice last = make_id(&f.arena, USERS, COUNT - 1);
    cr_expect(contains(&message, arena_format(&f.arena, "%.*s%c", SLICE_FORMAT(first), 0).data));
    cr_expect_not(contains(&message, arena_format(&f.arena, "%.*s%c", SLICE_FORMAT(last), 0).data));
    cr_expect(contains(&message, "25"), "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    cr_expect(contains(&message, "at /name: Value does not match validator. Path: .name Value: 1 "
                                 "Validator: v.string()\n"),
              "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    buffer_deinit(&message);
    teardown(&f, false);
}

Test(load, a_document_that_was_mended_or_deleted_later_is_no_violation)
{
    struct fixture f;
    setup(&f);
    cr_assert(loader_put(&f.loader, USERS, make_text(&f.arena, USERS, 1, ",\"name\":1")));
    cr_assert(loader_put(&f.loader, USERS, make_text(&f.arena, USERS, 2, "")));
    cr_assert(loader_put(&f.loader, USERS, make_text(&f.arena, USERS, 1, ",\"name\":\"a\"")));
    cr_assert(loader_delete(&f.loader, USERS, make_id(&f.arena, USERS, 2)));
    teardown(&f, true);
}

Test(load, documents_of_a_table_that_is_gone_stop_the_start_unless_they_are_deleted)
{
    for (unsigned deleted = 0; deleted < 2; deleted++) {
        struct fixture f;
        struct buffer message = {0};
        setup(&f);
        cr_assert(loader_put(&f.loader, GONE, make_text(&f.arena, GONE, 1, "")));
        cr_assert(loader_put(&f.loader, GONE, make_text(&f.arena, GONE, 1, ",\"a\":2")));
        cr_assert_not(loader_put(&f.loader, GONE, make_text(&f.arena, USERS, 1, "")));
        if (deleted == 1) {
            cr_assert(loader_delete(&f.loader, GONE, make_id(&f.arena, GONE, 1)));
        }
        cr_expect_eq(loader_finish(&f.loader, &message), deleted == 1);
        cr_expect_eq(contains(&message, "10003"), deleted == 0, "%.*s",
                     SLICE_FORMAT(buffer_slice(&message)));
        buffer_deinit(&message);
        teardown(&f, false);
    }
}

Test(load, two_documents_with_one_key_of_a_unique_index_stop_the_start)
{
    struct fixture f;
    struct buffer message = {0};
    setup(&f);
    cr_assert(loader_put(&f.loader, USERS, make_text(&f.arena, USERS, 1, ",\"name\":\"a\"")));
    cr_assert(loader_put(&f.loader, USERS, make_text(&f.arena, USERS, 2, ",\"name\":\"a\"")));
    cr_expect_not(loader_finish(&f.loader, &message));
    cr_expect(contains(&message, "by_name"), "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    buffer_deinit(&message);
    teardown(&f, false);
}
