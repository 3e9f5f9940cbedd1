/* Completion, against what a server says it has. */
#include "cli/complete.h"

#include "base/json.h"

#include <criterion/criterion.h>

static const char SCHEMA[] =
    "{\"tables\":{"
    "\"users\":{\"number\":10001,\"fields\":{\"name\":\"string\",\"email\":\"string\"},"
    "  \"indexes\":{\"by_email\":[\"email\"],\"by_name\":[\"name\"]}},"
    "\"posts\":{\"number\":10002,\"fields\":{\"title\":\"string\",\"authorId\":{\"id\":\"users\"}},"
    "  \"indexes\":{\"by_authorId\":[\"authorId\"]}}}}";

static const char METHODS[] =
    "{\"methods\":["
    "{\"name\":\"getOneFrom\",\"tags\":[{\"name\":\"read\"},{\"name\":\"verb\"}],"
    "  \"params\":[{\"name\":\"table\"},{\"name\":\"index\"},{\"name\":\"value\"}]},"
    "{\"name\":\"getManyVia\",\"tags\":[{\"name\":\"read\"},{\"name\":\"verb\"}],"
    "  \"params\":[{\"name\":\"table\"},{\"name\":\"toField\"},{\"name\":\"index\"}]},"
    "{\"name\":\"insert\",\"tags\":[{\"name\":\"write\"},{\"name\":\"verb\"}],"
    "  \"params\":[{\"name\":\"table\"},{\"name\":\"document\"}]},"
    "{\"name\":\"ping\",\"tags\":[{\"name\":\"read\"}],\"params\":[]}]}";

static const char *const commands[] = {".schema", ".explain", NULL};

static void read_vocabulary(struct vocabulary *vocabulary, struct arena *arena)
{
    struct value document;
    struct json_error problem;
    vocabulary_init(vocabulary);
    cr_assert(vocabulary_read_schema(vocabulary, SLICE(SCHEMA)));
    cr_assert(json_read(arena, SLICE(METHODS), 16, &document, NULL, &problem));
    cr_assert(vocabulary_read_methods(vocabulary, document));
}

/* A text, and the names that may follow, with what closes a single one behind a bar. */
Test(complete, what_may_come_next_depends_on_what_is_there)
{
    static const char *const cases[][2] = {
        {"", ".explain .schema getManyVia getOneFrom insert ping"},
        {"get", "getManyVia getOneFrom"},
        {"getO", "getOneFrom| "},
        {".s", ".schema| "},
        {".schema ", "posts users"},
        {".explain o", "off on"},
        {"getOneFrom ", "posts users"},
        {"getOneFrom u", "users| "},
        {"getOneFrom users by_", "by_creation_time by_email by_id by_name"},
        {"getOneFrom  users  by_e", "by_email| "},
        {"getOneFrom nobody by_", ""},
        {"getOneFrom users by_email a", ""},
        {"getManyVia posts a", "authorId| "},
        {"getManyVia posts authorId by_a", "by_authorId| "},
        {"insert p", "posts| "},
        {"ping x", ""},
        {"nothing x", ""},
        {"query {\"do\": [{\"let\": \"a\", \"getO", "getOneFrom|\""},
        {"query {\"do\": [{\"getOneFrom\": [\"us", "users|\""},
        {"{\"do\": [{\"getOneFrom\": [\"users\", \"by_n", "by_name|\""},
        {"{\"do\": [{\"getOneFrom\": [\"users\", \"by_name\", \"a\"]},\n{\"ins", "insert|\""},
        {"insert posts {\"ti", "title|\""},
        {"insert posts {ti", "title|"},
    };
    struct vocabulary vocabulary;
    struct arena arena;
    arena_init(&arena, 4096);
    read_vocabulary(&vocabulary, &arena);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer found = {0};
        struct completion completion =
            completion_find(&arena, &vocabulary, commands, slice_of(cases[i][0]));
        for (uint32_t n = 0; n < completion.count; n++) {
            buffer_append_format(&found, "%s%.*s", n == 0 ? "" : " ",
                                 SLICE_FORMAT(completion.names[n]));
        }
        if (completion.count == 1) {
            buffer_append_format(&found, "|%s", completion.closing);
        }
        cr_expect(slice_equal(buffer_slice(&found), slice_of(cases[i][1])), "%s gave %.*s",
                  cases[i][0], SLICE_FORMAT(found.size == 0 ? SLICE("") : buffer_slice(&found)));
        buffer_deinit(&found);
    }
    vocabulary_deinit(&vocabulary);
    arena_deinit(&arena);
}

Test(complete, what_all_names_share_is_common)
{
    struct vocabulary vocabulary;
    struct arena arena;
    arena_init(&arena, 4096);
    read_vocabulary(&vocabulary, &arena);
    struct completion completion =
        completion_find(&arena, &vocabulary, commands, SLICE("getOneFrom users b"));
    cr_expect_eq(completion.count, 4);
    cr_expect(slice_equal(completion.typed, SLICE("b")));
    cr_expect(slice_equal(completion.common, SLICE("by_")));
    vocabulary_deinit(&vocabulary);
    arena_deinit(&arena);
}

Test(complete, a_vocabulary_that_is_not_known_gives_nothing)
{
    struct vocabulary vocabulary;
    struct arena arena;
    struct value wrong;
    struct json_error problem;
    arena_init(&arena, 4096);
    vocabulary_init(&vocabulary);
    cr_expect_eq(completion_find(&arena, &vocabulary, commands, SLICE("getO")).count, 0);
    cr_expect_not(vocabulary_read_schema(&vocabulary, SLICE("{\"tables\":5}")));
    cr_assert(json_read(&arena, SLICE("{\"methods\":[{}]}"), 16, &wrong, NULL, &problem));
    cr_expect_not(vocabulary_read_methods(&vocabulary, wrong));
    cr_expect_eq(completion_find(&arena, &vocabulary, commands, SLICE("{\"a")).count, 3);
    vocabulary_deinit(&vocabulary);
    arena_deinit(&arena);
}
