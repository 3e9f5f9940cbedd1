/* Databases: documents in their tables, transactions, and what undoing them leaves. */
#include "storage/database.h"

#include "base/json.h"
#include "base/number.h"
#include "index/order.h"
#include "storage/id.h"
#include "storage/load_index.h"
#include "tests/support/fields.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char SCHEMA[] =
    "{\"tables\":{"
    "\"users\":{\"fields\":{\"name\":\"string\",\"age\":{\"optional\":\"number\"},"
    "\"friend\":{\"optional\":{\"id\":\"users\"}}},"
    "\"indexes\":{\"by_name\":{\"fields\":[\"name\"],\"unique\":true},\"by_age\":[\"age\"],"
    "\"by_friend\":[\"friend\",\"age\"]}},"
    "\"things\":{\"indexes\":{\"by_path\":[\"a.b\",\"c\"],"
    "\"by_pair\":{\"fields\":[\"c\",\"d\"],\"unique\":true}}}}}";

static uint64_t clock_us;

static uint64_t slow_clock(void)
{
    return clock_us;
}

struct fixture {
    struct database *database;
    struct table *users;
    struct table *things;
    struct arena arena;
    struct error error;
};

static void fixture_init(struct fixture *f)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(slice_of(SCHEMA), "s.json", &message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    clock_us = 1700000000000000;
    struct database_options options = {.now_us = slow_clock};
    f->database = database_create(schema, &options);
    f->users = database_find_table(f->database, SLICE("users"));
    f->things = database_find_table(f->database, SLICE("things"));
    arena_init(&f->arena, 4096);
    error_init(&f->error, &f->arena);
    buffer_deinit(&message);
}

static void fixture_deinit(struct fixture *f)
{
    struct pool *pool = f->database->pool;
    cr_assert_not_null(pool);
    database_check(f->database);
    database_destroy(f->database);
    arena_deinit(&f->arena);
}

static struct document *insert(struct fixture *f, struct table *table, const char *text)
{
    uint32_t count;
    const struct value_field *fields = fields_from_json(&f->arena, text, &count);
    error_init(&f->error, &f->arena);
    return transaction_insert(f->database, table, fields, count, SLICE(""), NULL, &f->error);
}

/* Inserts in a transaction of its own. */
static struct document *insert_alone(struct fixture *f, struct table *table, const char *text)
{
    transaction_begin(f->database);
    struct document *document = insert(f, table, text);
    cr_assert_not_null(document, "%s: %.*s", text, SLICE_FORMAT(f->error.message));
    cr_assert(transaction_commit(f->database, &f->error));
    transaction_end(f->database);
    return document;
}

static bool patch(struct fixture *f, struct document *document, const char *text)
{
    uint32_t count;
    const struct value_field *given = fields_from_json(&f->arena, text, &count);
    struct value_field *fields = arena_allocate(&f->arena, count * sizeof(*fields) + 1);
    for (uint32_t i = 0; i < count; i++) {
        fields[i] = given[i];
        if (value_type(fields[i].value) == TYPE_MISSING) {
            fields[i].value = VALUE_IS(VALUE_MISSING);
        }
    }
    error_init(&f->error, &f->arena);
    return transaction_patch(f->database, document, fields, count, &f->error);
}

static void assert_text(const struct document *document, const char *user_part)
{
    struct slice text = document_text(document);
    size_t size = strlen(user_part);
    cr_assert(text.size > size && memcmp(text.data + text.size - size, user_part, size) == 0,
              "%.*s does not end in %s", SLICE_FORMAT(text), user_part);
}

/* Inserts the fields of a canonical text; with `kept`, as its own text. */
static struct document *insert_text(struct fixture *f, struct table *table, struct slice text,
                                    bool kept)
{
    struct value value;
    struct json_error error;
    cr_assert(json_read(&f->arena, text, 128, &value, NULL, &error));
    cr_assert(slice_equal(value_kept_text(value), text));
    error_init(&f->error, &f->arena);
    transaction_begin(f->database);
    struct document *document =
        transaction_insert(f->database, table, value.fields, value.size,
                           kept ? value_kept_text(value) : SLICE(""), NULL, &f->error);
    cr_assert_not_null(document, "%.*s: %.*s", SLICE_FORMAT(text), SLICE_FORMAT(f->error.message));
    cr_assert(transaction_commit(f->database, &f->error));
    transaction_end(f->database);
    return document;
}

/* Names and values of every kind, short and long, and system fields, with which it cannot be
 * kept. */
Test(database, a_document_is_the_same_whether_its_text_was_kept_or_not)
{
    struct fixture f;
    fixture_init(&f);
    struct buffer wide = {0};
    buffer_append_format(&wide, "{\"a\":\"%070000d\",\"b\":[1,{\"c\":null}]}%c", 7, 0);
    const char *const texts[] = {
        "{}",
        "{\"a\":null}",
        "{\"\":true,\"b\":false,\"e\":[]}",
        "{\"n\":-1.50e+2,\"i\":{\"$integer\":\"AAAAAAAAAAA=\"},\"l\":[[[[[[[1]]]]]]]}",
        "{\"\\\"\\n\":\"\\u0001é\",\"é\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":\"f\"}}}}}}",
        "{\"_creationTime\":5,\"b\":2}",
        wide.data,
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct slice text = slice_of(texts[i]);
        const struct document *kept = insert_text(&f, f.things, text, true);
        const struct document *made = insert_text(&f, f.things, text, false);
        cr_assert_eq(kept->shape, made->shape);
        for (uint32_t p = SHAPE_USER_FIELDS; p < kept->shape->field_count; p++) {
            cr_expect(slice_equal(document_field_text(kept, p), document_field_text(made, p)));
        }
        size_t tail = text.size - 1;
        const char *end = kept->text + kept->text_size;
        bool equal = memcmp(end - tail, made->text + made->text_size - tail, tail) == 0;
        cr_expect(equal, "%.*s", SLICE_FORMAT(document_text(kept)));
    }
    buffer_deinit(&wide);
    database_check(f.database);
    fixture_deinit(&f);
}

Test(database, a_document_begins_with_its_id_and_creation_time)
{
    struct fixture f;
    fixture_init(&f);
    struct document *document = insert_alone(&f, f.users, "{\"name\":\"Ada\",\"age\":36}");
    struct slice id = document_id(document);
    char expected[128];
    snprintf(expected, sizeof(expected),
             "{\"_id\":\"%.*s\",\"_creationTime\":1700000000000,\"name\":\"Ada\",\"age\":36}",
             SLICE_FORMAT(id));
    cr_assert(slice_equal(document_text(document), slice_of(expected)));
    cr_assert_eq(id_table_number(id), f.users->number);
    cr_assert_eq(database_find(f.database, id), document);
    fixture_deinit(&f);
}

Test(database, creation_times_increase_while_the_clock_stands_still)
{
    struct fixture f;
    fixture_init(&f);
    double before = 0;
    for (int i = 0; i < 2100; i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"name\":\"%d\"}", i);
        struct document *document = insert_alone(&f, f.users, text);
        struct value time = document_field(document, SHAPE_CREATION_TIME);
        cr_assert_gt(document_creation_time(document), before);
        char shortest[NUMBER_TEXT_SIZE];
        size_t size = number_format(document_creation_time(document), shortest);
        cr_assert(slice_equal(slice_make(time.text, time.size), slice_make(shortest, size)));
        before = document_creation_time(document);
    }
    fixture_deinit(&f);
}

Test(database, a_given_creation_time_does_not_move_the_clock)
{
    struct fixture f;
    fixture_init(&f);
    insert_alone(&f, f.things, "{\"_creationTime\":9007199254740992}");
    struct document *document = insert_alone(&f, f.things, "{}");
    cr_assert_eq(document_creation_time(document), 1700000000000.0);
    fixture_deinit(&f);
}

Test(database, a_patch_keeps_places_appends_new_fields_and_removes_missing_ones)
{
    struct fixture f;
    fixture_init(&f);
    struct document *document = insert_alone(&f, f.things, "{\"x\":1,\"y\":2,\"z\":3}");
    struct slice id = arena_copy(&f.arena, document_id(document));
    transaction_begin(f.database);
    cr_assert(patch(&f, document, "{\"new\":[],\"y\":{\"$undefined\":null},\"x\":\"one\"}"));
    cr_assert(transaction_commit(f.database, &f.error));
    transaction_end(f.database);
    assert_text(database_find(f.database, id), ",\"x\":\"one\",\"z\":3,\"new\":[]}");
    fixture_deinit(&f);
}

Test(database, a_patch_that_changes_nothing_writes_nothing)
{
    struct fixture f;
    fixture_init(&f);
    struct document *document = insert_alone(&f, f.things, "{\"x\":1}");
    uint64_t change = f.database->change;
    transaction_begin(f.database);
    cr_assert(patch(&f, document, "{\"x\":1,\"y\":{\"$undefined\":null}}"));
    cr_assert_eq(f.database->transaction.count, 0);
    cr_assert(transaction_commit(f.database, &f.error));
    transaction_end(f.database);
    cr_assert_eq(f.database->change, change);
    fixture_deinit(&f);
}

struct refused {
    bool in_users;
    const char *document;
    enum error_code code;
    const char *path;
};

static const struct refused refused[] = {
    {true, "{}", ERROR_SCHEMA_VIOLATION, ""},
    {true, "{\"name\":1}", ERROR_SCHEMA_VIOLATION, "/name"},
    {true, "{\"name\":\"x\",\"extra\":1}", ERROR_SCHEMA_VIOLATION, ""},
    {true, "{\"name\":\"x\",\"friend\":\"nobody\"}", ERROR_SCHEMA_VIOLATION, "/friend"},
    {true, "{\"name\":\"taken\"}", ERROR_UNIQUE_VIOLATION, ""},
    {false, "{\"_x\":1}", ERROR_INVALID_VALUE, "/_x"},
    {false, "{\"_id\":1}", ERROR_INVALID_ID, "/_id"},
    {false, "{\"_id\":\"j57000820c20a1g7104gm2rc1m70ynr8\"}", ERROR_INVALID_ID, "/_id"},
    {false, "{\"_creationTime\":\"x\"}", ERROR_INVALID_VALUE, "/_creationTime"},
    {false, "{\"_creationTime\":-1}", ERROR_INVALID_VALUE, "/_creationTime"},
    {false, "{\"_creationTime\":-0}", ERROR_INVALID_VALUE, "/_creationTime"},
    {false, "{\"_creationTime\":9007199254740994.0}", ERROR_INVALID_VALUE, "/_creationTime"},
};

Test(database, what_is_refused_leaves_nothing_behind)
{
    struct fixture f;
    fixture_init(&f);
    insert_alone(&f, f.users, "{\"name\":\"taken\"}");
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        const struct refused *row = &refused[i];
        transaction_begin(f.database);
        struct document *document = insert(&f, row->in_users ? f.users : f.things, row->document);
        cr_assert_null(document, "%s", row->document);
        cr_assert_eq(f.error.code, row->code, "%s: %.*s", row->document,
                     SLICE_FORMAT(f.error.message));
        struct slice path = f.error.path.data ? f.error.path : SLICE("");
        if (row->path[0] != 0) {
            cr_assert(slice_equal(path, slice_of(row->path)), "%s: %.*s", row->document,
                      SLICE_FORMAT(path));
        }
        cr_assert_eq(f.database->transaction.count, 0);
        cr_assert(transaction_commit(f.database, &f.error));
        transaction_end(f.database);
    }
    cr_assert_eq(f.users->count, 1);
    cr_assert_eq(f.things->count, 0);
    fixture_deinit(&f);
}

Test(database, an_id_in_use_cannot_be_given_again)
{
    struct fixture f;
    fixture_init(&f);
    struct document *document = insert_alone(&f, f.things, "{}");
    struct slice id = document_id(document);
    char text[80];
    snprintf(text, sizeof(text), "{\"_id\":\"%.*s\"}", SLICE_FORMAT(id));
    transaction_begin(f.database);
    cr_assert_null(insert(&f, f.things, text));
    cr_assert_eq(f.error.code, ERROR_UNIQUE_VIOLATION);
    transaction_rollback(f.database);
    transaction_end(f.database);
    fixture_deinit(&f);
}

Test(database, a_unique_index_exempts_documents_that_lack_a_field_but_not_null)
{
    struct fixture f;
    fixture_init(&f);
    insert_alone(&f, f.things, "{\"c\":1}");
    insert_alone(&f, f.things, "{\"c\":1}");
    insert_alone(&f, f.things, "{\"c\":1,\"d\":null}");
    transaction_begin(f.database);
    cr_assert_null(insert(&f, f.things, "{\"d\":null,\"c\":1}"));
    cr_assert_eq(f.error.code, ERROR_UNIQUE_VIOLATION);
    cr_assert(slice_equal(f.error.index, SLICE("by_pair")));
    transaction_rollback(f.database);
    transaction_end(f.database);
    fixture_deinit(&f);
}

Test(database, a_document_of_more_than_a_mebibyte_is_refused_and_one_of_that_size_is_found)
{
    struct fixture f;
    fixture_init(&f);
    struct document *small = insert_alone(&f, f.things, "{\"s\":\"\",\"c\":7}");
    size_t room = DOCUMENT_SIZE_MAX - small->text_size;
    char *text = calloc(1, room + 64);
    for (size_t more = 0; more < 2; more++) {
        size_t begin = (size_t)sprintf(text, "{\"s\":\"");
        memset(text + begin, 'x', room + more);
        strcpy(text + begin + room + more, "\",\"c\":7}");
        clock_us += 1000; /* so that all creation times are equally long */
        transaction_begin(f.database);
        struct document *document = insert(&f, f.things, text);
        cr_assert_eq(document != NULL, more == 0);
        if (document) {
            cr_assert_eq(document->text_size, (uint32_t)DOCUMENT_SIZE_MAX);
            cr_assert_eq(value_number(document_find(document, SLICE("c"))), 7);
            cr_assert_eq(document_find(document, SLICE("s")).size, room + 2);
        } else {
            cr_assert_eq(f.error.code, ERROR_INVALID_VALUE);
        }
        transaction_rollback(f.database);
        transaction_end(f.database);
    }
    free(text);
    fixture_deinit(&f);
}

Test(database, documents_with_many_fields_find_each_of_them)
{
    struct fixture f;
    fixture_init(&f);
    for (int count = 0; count < 3000; count = count * 2 + 1) {
        struct buffer text = {0};
        buffer_append_char(&text, '{');
        for (int i = 0; i < count; i++) {
            buffer_append_format(&text, "%s\"f%d\":%d", i ? "," : "", i, i);
        }
        buffer_append_char(&text, '}');
        buffer_append_char(&text, 0);
        struct document *document = insert_alone(&f, f.things, text.data);
        for (int i = 0; i < count; i++) {
            char name[16];
            snprintf(name, sizeof(name), "f%d", i);
            cr_assert_eq(value_number(document_find(document, slice_of(name))), i);
        }
        cr_assert(value_is_missing(document_find(document, SLICE("none"))));
        cr_assert_eq(value_type(document_find(document, SLICE("_id"))), TYPE_STRING);
        buffer_deinit(&text);
    }
    fixture_deinit(&f);
}

Test(database, shapes_are_shared_and_go_with_their_last_document)
{
    struct fixture f;
    fixture_init(&f);
    size_t used = pool_used(f.database->pool);
    struct document *a = insert_alone(&f, f.things, "{\"x\":1,\"y\":2}");
    struct document *b = insert_alone(&f, f.things, "{\"x\":true,\"y\":[]}");
    struct document *c = insert_alone(&f, f.things, "{\"y\":1,\"x\":2}");
    cr_assert_eq(a->shape, b->shape);
    cr_assert_neq(a->shape, c->shape);
    cr_assert_eq(f.things->shape_count, 2);
    transaction_begin(f.database);
    transaction_delete(f.database, a);
    transaction_delete(f.database, b);
    transaction_delete(f.database, c);
    cr_assert(transaction_commit(f.database, &f.error));
    transaction_end(f.database);
    cr_assert_eq(f.things->shape_count, 0);
    cr_assert_eq(f.database->shape_size, 0);
    cr_assert_eq(pool_used(f.database->pool), used);
    fixture_deinit(&f);
}

Test(database, a_dotted_path_indexes_a_field_of_an_object)
{
    struct fixture f;
    fixture_init(&f);
    struct document *two = insert_alone(&f, f.things, "{\"a\":{\"b\":2}}");
    struct document *none = insert_alone(&f, f.things, "{\"a\":[2]}");
    struct document *one = insert_alone(&f, f.things, "{\"a\":{\"x\":0,\"b\":1}}");
    struct index *index = table_find_index(f.things, SLICE("by_path"));
    struct btree_cursor cursor;
    cr_assert_eq(btree_at(&index->tree, 0, &cursor), none);
    cr_assert_eq(btree_next(&cursor), one);
    cr_assert_eq(btree_next(&cursor), two);
    fixture_deinit(&f);
}

Test(database, by_id_is_built_when_it_is_asked_for_and_kept_up_from_then_on)
{
    struct fixture f;
    fixture_init(&f);
    for (int i = 0; i < 50; i++) {
        insert_alone(&f, f.things, "{}");
    }
    table_build_by_id(f.things);
    struct document *late = insert_alone(&f, f.things, "{\"c\":1}");
    cr_assert_eq(f.things->by_id.tree.count, 51);
    transaction_begin(f.database);
    cr_assert(patch(&f, late, "{\"c\":2}"));
    cr_assert(transaction_commit(f.database, &f.error));
    transaction_end(f.database);
    struct slice before = SLICE("");
    struct btree_cursor cursor;
    for (struct document *d = btree_at(&f.things->by_id.tree, 0, &cursor); d;
         d = btree_next(&cursor)) {
        cr_assert(slice_compare(before, document_id(d)) < 0);
        before = document_id(d);
    }
    fixture_deinit(&f);
}

Test(database, the_memory_limit_refuses_inserts_and_lets_deletes_go_on)
{
    struct fixture f;
    fixture_init(&f);
    struct document *document = insert_alone(&f, f.things, "{}");
    f.database->options.memory_max = database_memory(f.database);
    transaction_begin(f.database);
    cr_assert_null(insert(&f, f.things, "{}"));
    cr_assert_eq(f.error.code, ERROR_LIMIT_EXCEEDED);
    transaction_delete(f.database, document);
    cr_assert(transaction_commit(f.database, &f.error));
    transaction_end(f.database);
    cr_assert_eq(f.things->count, 0);
    fixture_deinit(&f);
}

/* Random transactions, half of them undone, against a copy of all texts. */

#define MODEL_MAX 64

struct model {
    struct document *documents[MODEL_MAX];
    struct slice texts[MODEL_MAX];
    uint32_t count;
};

static void model_read(struct fixture *f, struct model *model)
{
    struct btree_cursor cursor;
    model->count = 0;
    for (struct document *d = btree_at(&f->users->indexes[0].tree, 0, &cursor); d;
         d = btree_next(&cursor)) {
        model->documents[model->count] = d;
        model->texts[model->count] = arena_copy(&f->arena, document_text(d));
        model->count += 1;
    }
}

static void model_assert_equal(const struct model *a, const struct model *b)
{
    cr_assert_eq(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        cr_assert_eq(a->documents[i], b->documents[i]);
        cr_assert(slice_equal(a->texts[i], b->texts[i]));
    }
}

static void random_write(struct fixture *f)
{
    struct btree_cursor cursor;
    uint64_t count = f->users->count;
    struct document *any =
        count ? btree_at(&f->users->indexes[0].tree, (uint64_t)rand() % count, &cursor) : NULL;
    char text[160];
    int name = rand() % 40;
    int kind = rand() % 10;
    if (kind < 5 || !any) {
        if (count < MODEL_MAX && any && kind < 2) {
            snprintf(text, sizeof(text), "{\"name\":\"%d\",\"friend\":\"%.*s\"}", name,
                     SLICE_FORMAT(document_id(any)));
            insert(f, f->users, text);
        } else if (count < MODEL_MAX) {
            snprintf(text, sizeof(text), "{\"name\":\"%d\",\"age\":%d}", name, rand() % 4);
            insert(f, f->users, text);
        }
    } else if (kind < 8) {
        snprintf(text, sizeof(text), "{\"name\":\"%d\",\"age\":%s}", name,
                 kind == 5 ? "{\"$undefined\":null}" : "3");
        bool patched = patch(f, any, text);
        cr_assert(patched || f->error.code == ERROR_UNIQUE_VIOLATION);
    } else {
        transaction_delete(f->database, any);
    }
}

Test(database, undoing_random_transactions_restores_every_document)
{
    struct fixture f;
    fixture_init(&f);
    srand((unsigned)random_seed("database"));
    table_build_by_id(f.users);
    for (int turn = 0; turn < 300; turn++) {
        struct model before;
        struct model after;
        uint64_t text_size = f.users->text_size;
        model_read(&f, &before);
        transaction_begin(f.database);
        for (int i = rand() % 12; i > 0; i--) {
            random_write(&f);
        }
        bool undone = rand() % 2 == 0;
        if (undone) {
            transaction_rollback(f.database);
        } else {
            cr_assert(transaction_commit(f.database, &f.error));
        }
        transaction_end(f.database);
        database_check(f.database);
        model_read(&f, &after);
        if (undone) {
            model_assert_equal(&before, &after);
            cr_assert_eq(f.users->text_size, text_size);
        }
        arena_reset(&f.arena);
    }
    fixture_deinit(&f);
}

static size_t collect_index(struct index *index, void **documents, size_t count)
{
    struct btree_bound start = {0};
    struct btree_cursor cursor;
    btree_seek(&index->tree, &start, &cursor);
    return btree_collect(&cursor, false, documents, count);
}

/* Names tie in their hints in groups, ages in large ones; friends are random ids. */
static void insert_many(struct fixture *f, unsigned count)
{
    char friend[ID_TEXT_SIZE_MAX + 1] = "";
    for (unsigned i = 0; i < count; i++) {
        char text[256];
        snprintf(text, sizeof(text), "{\"name\":\"%c same beginning %u\"%s%u%s%s%s}",
                 'a' + (int)(i * 7 % 26), i * 7919 % 5003, i % 3 ? ",\"age\":" : ",\"age\":1",
                 i % 11, *friend ? ",\"friend\":\"" : "", friend, *friend ? "\"" : "");
        const struct document *document = insert_alone(f, f->users, text);
        if (i % 5 == 0) {
            struct slice id = document_id(document);
            snprintf(friend, sizeof(friend), "%.*s", SLICE_FORMAT(id));
        }
    }
}

/* Everything that a failed transaction must leave as it was. */
struct state {
    void *entries[2][5][2000]; /* of each table's indexes, by_id the last */
    uint64_t counts[2];
    uint64_t text_sizes[2];
};

static struct state *state_read(struct fixture *f)
{
    struct state *state = calloc(1, sizeof(*state));
    for (unsigned i = 0; i < 2; i++) {
        struct table *table = i == 0 ? f->users : f->things;
        cr_assert_lt(table->index_count, 5);
        cr_assert_leq(table->count, COUNT_OF(state->entries[i][0]));
        for (unsigned j = 0; j < table->index_count; j++) {
            (void)collect_index(&table->indexes[j], state->entries[i][j], table->count);
        }
        if (table->by_id_is_built) {
            (void)collect_index(&table->by_id, state->entries[i][4], table->count);
        }
        state->counts[i] = table->count;
        state->text_sizes[i] = table->text_size;
    }
    return state;
}

/* Inserts into both tables, of keys that tie, and now and then changes one that was there. */
static void insert_in_a_row(struct fixture *f, unsigned count, unsigned changed_every)
{
    struct btree_cursor cursor;
    for (unsigned i = 1; i <= count; i++) {
        char text[120];
        snprintf(text, sizeof(text), "{\"name\":\"%c new %u\",\"age\":%u}", 'a' + (int)(i * 5 % 26),
                 i, i % 3);
        cr_assert_not_null(insert(f, f->users, text));
        if (i % 3 == 0) {
            snprintf(text, sizeof(text), "{\"a\":{\"b\":%u},\"c\":%u}", i * 31 % 17, i % 2);
            cr_assert_not_null(insert(f, f->things, text));
        }
        if (changed_every > 0 && i % changed_every == 0) {
            uint64_t place = i * 7919 % f->users->count;
            struct document *any = btree_at(&f->users->indexes[0].tree, place, &cursor);
            snprintf(text, sizeof(text), "{\"age\":%u}", 100 + i);
            cr_assert(patch(f, any, text));
        }
    }
}

/* A few beside many, many beside a few, into an empty table, and between other changes. */
Test(database, undoing_inserts_in_a_row_leaves_every_index_as_it_was)
{
    static const unsigned kept[] = {0, 3, 70, 1500};
    static const unsigned undone[] = {2, 60, 65, 140, 1000};
    for (unsigned turn = 0; turn < COUNT_OF(kept) * COUNT_OF(undone) * 4; turn++) {
        struct fixture f;
        fixture_init(&f);
        if (turn % 2 == 0) {
            table_build_by_id(f.users);
        }
        insert_many(&f, kept[turn / 4 % COUNT_OF(kept)]);
        struct state *before = state_read(&f);
        transaction_begin(f.database);
        insert_in_a_row(&f, undone[turn / 4 / COUNT_OF(kept)], turn / 2 % 2 == 0 ? 0 : 70);
        transaction_rollback(f.database);
        transaction_end(f.database);
        struct state *after = state_read(&f);
        cr_assert_eq(memcmp(before, after, sizeof(*before)), 0, "turn %u", turn);
        cr_assert_eq(f.database->documents.count, f.users->count + f.things->count);
        free(before);
        free(after);
        fixture_deinit(&f);
    }
}

/* Whatever order the documents come in. */
Test(database, an_index_loaded_at_once_is_the_one_that_grew)
{
    enum { COUNT = 1000 };
    struct fixture f;
    void *grown[COUNT];
    void *shuffled[COUNT];
    void *loaded[COUNT];
    fixture_init(&f);
    insert_many(&f, COUNT);
    for (uint32_t i = 0; i < f.users->index_count; i++) {
        struct index *index = &f.users->indexes[i];
        cr_assert_eq(collect_index(index, grown, COUNT), (size_t)COUNT);
        for (size_t place = 0; place < COUNT; place++) {
            shuffled[place] = grown[place * 389 % COUNT];
        }
        btree_deinit(&index->tree);
        btree_init(&index->tree, f.database->pool, &index->order);
        load_index(index, shuffled, COUNT, loaded);
        cr_assert_arr_eq(loaded, grown, sizeof(grown), "%.*s", SLICE_FORMAT(index->name));
        cr_assert_eq(collect_index(index, loaded, COUNT), (size_t)COUNT);
        cr_assert_arr_eq(loaded, grown, sizeof(grown), "%.*s", SLICE_FORMAT(index->name));
    }
    fixture_deinit(&f);
}
