/* Rows and their references, against a schema as the server says it. */
#include "cli/import_row.h"

#include "base/memory.h"
#include "storage/schema.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char SCHEMA[] =
    "{\"tables\":{"
    "\"users\":{\"number\":10001,\"fields\":{\"name\":\"string\","
    "  \"bossId\":{\"optional\":{\"id\":\"users\"}}}},"
    "\"teams\":{\"number\":10002,\"fields\":{\"code\":\"string\"}},"
    "\"elsewhere\":{\"number\":10003,\"fields\":{\"x\":\"string\"}},"
    "\"free\":{\"number\":10004},"
    "\"posts\":{\"number\":10005,\"fields\":{"
    "  \"one\":{\"optional\":{\"id\":\"users\"}},"
    "  \"many\":{\"optional\":{\"array\":{\"id\":\"users\"}}},"
    "  \"either\":{\"optional\":{\"union\":[{\"id\":\"teams\"},{\"id\":\"users\"},\"null\"]}},"
    "  \"loose\":{\"optional\":{\"union\":[\"string\",{\"id\":\"users\"}]}},"
    "  \"nested\":{\"optional\":{\"object\":{\"list\":{\"array\":{\"object\":"
    "    {\"user\":{\"id\":\"users\"},\"note\":\"string\"}}}}}},"
    "  \"record\":{\"optional\":{\"record\":{\"keys\":\"string\",\"values\":{\"id\":\"users\"}}}},"
    "  \"named\":{\"optional\":{\"record\":{\"keys\":{\"id\":\"users\"},\"values\":\"any\"}}},"
    "  \"kinds\":{\"optional\":{\"union\":["
    "    {\"object\":{\"kind\":{\"literal\":\"user\"},\"ref\":{\"id\":\"users\"}}},"
    "    {\"object\":{\"kind\":{\"literal\":\"team\"},\"ref\":{\"id\":\"teams\"}}}]}},"
    "  \"lists\":{\"optional\":{\"union\":[{\"array\":\"string\"},"
    "    {\"array\":{\"id\":\"users\"}}]}},"
    "  \"other\":{\"optional\":{\"id\":\"elsewhere\"}},"
    "  \"plain\":{\"optional\":\"any\"}}}}}";

struct fixture {
    struct schema *schema;
    struct import_tables tables;
    struct import_resolver resolver;
    struct arena arena;
    struct buffer text;
    struct buffer reason;
    /* The ids of the keys: their bodies are zero but for the first byte. */
    char alice[ID_TEXT_SIZE_MAX + 1];
    char seven[ID_TEXT_SIZE_MAX + 1];
    char large[ID_TEXT_SIZE_MAX + 1];
    char red[ID_TEXT_SIZE_MAX + 1];
    char stranger[ID_TEXT_SIZE_MAX + 1]; /* an id of users that no row has */
};

static void write_id(char id[ID_TEXT_SIZE_MAX + 1], uint32_t table_number, uint8_t first)
{
    struct id parts = {.table_number = table_number, .body = {first}};
    id[id_encode(&parts, id)] = '\0';
}

static void add_key(struct import_keys *keys, const char *text, uint8_t first,
                    char id[ID_TEXT_SIZE_MAX + 1])
{
    const uint8_t body[ID_BODY_SIZE] = {first};
    cr_assert_not_null(import_keys_add(keys, slice_of(text), body));
    write_id(id, keys->table_number, first);
}

static void add_table(struct fixture *fixture, const char *name, bool keyed)
{
    const struct schema_table *known = schema_find_table(fixture->schema, slice_of(name));
    cr_assert_not_null(known);
    struct import_table *table = &fixture->tables.tables[fixture->tables.count++];
    *table = (struct import_table){
        .name = known->name, .number = known->number, .type = known->fields, .keyed = keyed};
    if (keyed) {
        import_keys_init(&table->keys, known->number);
    }
}

static struct import_table *table_of(struct fixture *fixture, const char *name)
{
    return import_tables_find(&fixture->tables, slice_of(name));
}

static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    arena_init(&fixture->arena, 4096);
    fixture->schema = schema_read(SLICE(SCHEMA), "schema", &fixture->reason);
    cr_assert_not_null(fixture->schema, "%.*s", SLICE_FORMAT(buffer_slice(&fixture->reason)));
    fixture->tables.tables = memory_allocate_zeroed(4, sizeof(struct import_table));
    add_table(fixture, "users", true);
    add_table(fixture, "teams", true);
    add_table(fixture, "posts", false);
    add_table(fixture, "free", false);
    struct import_keys *users = &table_of(fixture, "users")->keys;
    struct import_keys *teams = &table_of(fixture, "teams")->keys;
    add_key(users, "\"alice\"", 1, fixture->alice);
    add_key(users, "7", 2, fixture->seven);
    add_key(users, "{\"$integer\":\"BwAAAAAAAAA=\"}", 3, fixture->large);
    add_key(teams, "\"red\"", 4, fixture->red);
    write_id(fixture->stranger, 10001, 99);
    fixture->resolver.tables = &fixture->tables;
    fixture->resolver.arena = &fixture->arena;
}

static void fixture_deinit(struct fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->tables.count; i++) {
        if (fixture->tables.tables[i].keyed) {
            import_keys_deinit(&fixture->tables.tables[i].keys);
        }
    }
    memory_release(fixture->tables.tables);
    import_resolver_deinit(&fixture->resolver);
    schema_destroy(fixture->schema);
    arena_deinit(&fixture->arena);
    buffer_deinit(&fixture->text);
    buffer_deinit(&fixture->reason);
}

/* Reads a row of posts and writes its document. */
static bool convert(struct fixture *fixture, const char *row_text)
{
    struct import_row row;
    fixture->text.size = 0;
    fixture->reason.size = 0;
    fixture->resolver.found_count = 0;
    struct slice none = {0};
    cr_assert(import_row_read(&fixture->arena, slice_of(row_text), none, &row, &fixture->reason),
              "%s: %.*s", row_text, SLICE_FORMAT(buffer_slice(&fixture->reason)));
    return import_row_write(&fixture->text, &row, table_of(fixture, "posts"), NULL, none,
                            &fixture->resolver, &fixture->reason);
}

static void expect_document(struct fixture *fixture, const char *row, uint32_t references,
                            struct slice expected)
{
    cr_expect(convert(fixture, row), "%s: %.*s", row, SLICE_FORMAT(buffer_slice(&fixture->reason)));
    cr_expect(slice_equal(buffer_slice(&fixture->text), expected), "%s gave %.*s, not %.*s", row,
              SLICE_FORMAT(buffer_slice(&fixture->text)), SLICE_FORMAT(expected));
    cr_expect_eq(fixture->resolver.found_count, references, "%s", row);
}

static void expect_reason(struct fixture *fixture, const char *row, const char *reason)
{
    cr_expect_not(convert(fixture, row), "%s", row);
    cr_expect(slice_equal(buffer_slice(&fixture->reason), slice_of(reason)), "%s gave %.*s", row,
              SLICE_FORMAT(buffer_slice(&fixture->reason)));
    cr_expect_eq(fixture->text.size, 0, "nothing is left of a bad row");
}

Test(import_row, a_key_becomes_an_id_wherever_the_type_has_one)
{
    struct fixture f;
    fixture_init(&f);
    struct arena *a = &f.arena;
    expect_document(&f, "{\"one\":\"alice\"}", 1, arena_format(a, "{\"one\":\"%s\"}", f.alice));
    expect_document(&f, "{\"one\": 7 }", 1, arena_format(a, "{\"one\":\"%s\"}", f.seven));
    expect_document(&f, "{\"one\":{\"$integer\":\"BwAAAAAAAAA=\"}}", 1,
                    arena_format(a, "{\"one\":\"%s\"}", f.large));
    expect_document(
        &f, "{\"many\":[\"alice\",7,7]}", 3,
        arena_format(a, "{\"many\":[\"%s\",\"%s\",\"%s\"]}", f.alice, f.seven, f.seven));
    expect_document(
        &f, "{\"nested\":{\"list\":[{\"note\":\"alice\",\"user\":\"alice\"}]}}", 1,
        arena_format(a, "{\"nested\":{\"list\":[{\"note\":\"alice\",\"user\":\"%s\"}]}}", f.alice));
    expect_document(
        &f, "{\"record\":{\"alice\":\"alice\",\"b\":7}}", 2,
        arena_format(a, "{\"record\":{\"alice\":\"%s\",\"b\":\"%s\"}}", f.alice, f.seven));
    expect_document(&f, "{\"named\":{\"alice\":\"alice\"}}", 1,
                    arena_format(a, "{\"named\":{\"%s\":\"alice\"}}", f.alice));
    fixture_deinit(&f);
}

Test(import_row, a_union_takes_the_member_that_has_the_key)
{
    struct fixture f;
    fixture_init(&f);
    struct arena *a = &f.arena;
    expect_document(&f, "{\"either\":\"alice\"}", 1,
                    arena_format(a, "{\"either\":\"%s\"}", f.alice));
    expect_document(&f, "{\"either\":\"red\"}", 1, arena_format(a, "{\"either\":\"%s\"}", f.red));
    expect_document(&f, "{\"either\":null}", 0, SLICE("{\"either\":null}"));
    expect_document(&f, "{\"loose\":\"alice\"}", 1, arena_format(a, "{\"loose\":\"%s\"}", f.alice));
    expect_document(&f, "{\"loose\":\"nobody\"}", 0, SLICE("{\"loose\":\"nobody\"}"));
    expect_document(&f, "{\"kinds\":{\"kind\":\"user\",\"ref\":\"alice\"}}", 1,
                    arena_format(a, "{\"kinds\":{\"kind\":\"user\",\"ref\":\"%s\"}}", f.alice));
    expect_document(&f, "{\"kinds\":{\"kind\":\"team\",\"ref\":\"red\"}}", 1,
                    arena_format(a, "{\"kinds\":{\"kind\":\"team\",\"ref\":\"%s\"}}", f.red));
    expect_document(&f, "{\"lists\":[\"alice\"]}", 1,
                    arena_format(a, "{\"lists\":[\"%s\"]}", f.alice));
    expect_document(&f, "{\"lists\":[\"alice\",\"nobody\"]}", 0,
                    SLICE("{\"lists\":[\"alice\",\"nobody\"]}"));
    fixture_deinit(&f);
}

Test(import_row, what_is_no_reference_stays_as_it_was_written)
{
    struct fixture f;
    fixture_init(&f);
    struct arena *a = &f.arena;
    struct slice valid = arena_format(a, "{\"one\":\"%s\"}", f.stranger);
    expect_document(&f, arena_format(a, "%.*s%c", SLICE_FORMAT(valid), '\0').data, 0, valid);
    static const char *const rows[] = {
        "{}",
        "{\"plain\":\"alice\"}",
        "{\"plain\":[1e2,9007199254740991,0.30000000000000004]}",
        "{\"other\":\"alice\"}",
        "{\"unknown\":\"alice\"}",
        "{\"one\":true}",
        "{\"many\":\"alice\"}",
        "{\"_id\":\"alice\",\"_creationTime\":1.5}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_document(&f, rows[i], 0, slice_of(rows[i]));
    }
    fixture_deinit(&f);
}

Test(import_row, a_key_that_nothing_has_is_named_with_its_place)
{
    struct fixture f;
    fixture_init(&f);
    expect_reason(&f, "{\"one\":\"bob\"}", "/one: no row of users has the key \"bob\"");
    expect_reason(&f, "{\"one\":8}", "/one: no row of users has the key 8");
    expect_reason(&f, "{\"many\":[\"alice\",\"7\"]}", "/many/1: no row of users has the key \"7\"");
    expect_reason(&f, "{\"either\":\"bob\"}", "/either: no row of teams has the key \"bob\"");
    expect_reason(&f, "{\"nested\":{\"list\":[{\"note\":\"\",\"user\":\"bob\"}]}}",
                  "/nested/list/0/user: no row of users has the key \"bob\"");
    expect_reason(&f, "{\"record\":{\"a/b\":\"bob\"}}",
                  "/record/a~1b: no row of users has the key \"bob\"");
    expect_reason(&f, "{\"kinds\":{\"kind\":\"team\",\"ref\":\"alice\"}}",
                  "/kinds/ref: no row of teams has the key \"alice\"");
    fixture_deinit(&f);
}

/* Reads a row of users, whose key column is `key`, and writes its document under alice's id. */
static void expect_user(struct fixture *fixture, const char *key, const char *row_text,
                        const char *rest)
{
    struct import_row row;
    struct import_table *users = table_of(fixture, "users");
    cr_assert(import_row_read(&fixture->arena, slice_of(row_text), slice_of(key), &row,
                              &fixture->reason));
    fixture->text.size = 0;
    cr_assert(import_row_write(&fixture->text, &row, users,
                               import_keys_find(&users->keys, SLICE("\"alice\"")), slice_of(key),
                               &fixture->resolver, &fixture->reason));
    struct slice expected =
        arena_format(&fixture->arena, "{\"_id\":\"%s\"%s}", fixture->alice, rest);
    cr_expect(slice_equal(buffer_slice(&fixture->text), expected), "%.*s",
              SLICE_FORMAT(buffer_slice(&fixture->text)));
}

Test(import_row, the_key_column_goes_in_only_where_the_schema_has_it)
{
    struct fixture f;
    fixture_init(&f);
    expect_user(&f, "id", "{\"id\":\"alice\",\"name\":\"A\"}", ",\"name\":\"A\"");
    expect_user(&f, "name", "{\"id\":\"x\",\"name\":\"alice\"}",
                ",\"id\":\"x\",\"name\":\"alice\"");
    expect_user(&f, "_id", "{\"name\":\"A\",\"_id\":\"alice\"}", ",\"name\":\"A\"");
    expect_user(&f, "id", "{\"id\":\"alice\"}", "");
    fixture_deinit(&f);
}

Test(import_row, a_row_may_refer_to_itself)
{
    struct fixture f;
    fixture_init(&f);
    struct slice rest = arena_format(&f.arena, ",\"bossId\":\"%s\"%c", f.alice, '\0');
    expect_user(&f, "id", "{\"id\":\"alice\",\"bossId\":\"alice\"}", rest.data);
    fixture_deinit(&f);
}

Test(import_row, a_row_without_a_usable_key_is_bad)
{
    static const struct {
        const char *row;
        const char *reason;
    } cases[] = {
        {"{\"name\":\"A\"}", "there is no key \"id\""},
        {"{\"id\":null}", "the key \"id\" is null, not a string, number or int64"},
        {"{\"id\":[1]}", "the key \"id\" is array, not a string, number or int64"},
        {"[1]", "the row is array, not an object"},
        {"{\"$integer\":\"BwAAAAAAAAA=\"}", "the row is int64, not an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct buffer reason = {0};
        struct import_row row;
        arena_init(&arena, 1024);
        cr_expect_not(import_row_read(&arena, slice_of(cases[i].row), SLICE("id"), &row, &reason));
        cr_expect(slice_equal(buffer_slice(&reason), slice_of(cases[i].reason)), "%.*s",
                  SLICE_FORMAT(buffer_slice(&reason)));
        buffer_deinit(&reason);
        arena_deinit(&arena);
    }
}

Test(import_row, broken_json_is_told_with_its_column)
{
    static const struct {
        const char *row;
        const char *column;
    } cases[] = {
        {"{\"a\":1,}", "column 8: "},        {"", "column 1: "},
        {"{\"a\":01}", "column 7: "},        {"{} {}", "column 4: "},
        {"{\"a\":1,\"a\":2}", "column 8: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct buffer reason = {0};
        struct import_row row;
        struct slice none = {0};
        arena_init(&arena, 1024);
        cr_expect_not(import_row_read(&arena, slice_of(cases[i].row), none, &row, &reason));
        cr_expect(slice_starts_with(buffer_slice(&reason), slice_of(cases[i].column)),
                  "%s gave %.*s", cases[i].row, SLICE_FORMAT(buffer_slice(&reason)));
        buffer_deinit(&reason);
        arena_deinit(&arena);
    }
}

/* Chooses the id of a row of users with the key column `key`. */
static bool choose(const char *row_text, const char *key, uint8_t body[ID_BODY_SIZE])
{
    struct arena arena;
    struct buffer reason = {0};
    struct import_row row;
    struct import_ids ids;
    arena_init(&arena, 1024);
    import_ids_init(&ids);
    cr_assert(import_row_read(&arena, slice_of(row_text), slice_of(key), &row, &reason));
    bool chosen = import_row_choose_id(&row, 10001, slice_of(key), &ids, body, &reason);
    cr_expect_eq(chosen, reason.size == 0);
    buffer_deinit(&reason);
    arena_deinit(&arena);
    return chosen;
}

Test(import_row, an_id_of_the_table_is_kept_and_any_other_is_only_a_key)
{
    char id[ID_TEXT_SIZE_MAX + 1];
    char row[128];
    uint8_t body[ID_BODY_SIZE];
    const uint8_t given[ID_BODY_SIZE] = {42};
    write_id(id, 10001, 42);
    snprintf(row, sizeof row, "{\"id\":1,\"_id\":\"%s\"}", id);
    cr_assert(choose(row, "id", body));
    cr_expect_arr_eq(body, given, ID_BODY_SIZE);
    cr_assert(choose(row, "_id", body));
    cr_expect_arr_eq(body, given, ID_BODY_SIZE);
    cr_assert(choose("{\"_id\":\"507f1f77bcf86cd799439011\"}", "_id", body));
    cr_expect_not(choose("{\"id\":1,\"_id\":\"507f1f77bcf86cd799439011\"}", "id", body));
    write_id(id, 10002, 42);
    snprintf(row, sizeof row, "{\"id\":1,\"_id\":\"%s\"}", id);
    cr_expect_not(choose(row, "id", body));
}
