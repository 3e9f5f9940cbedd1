/* Every example of docs/PROGRAMS.md, in order, against a live server with the example blog; and the
 * article's query against the same answer put together from single helper calls. */
#include "base/memory.h"
#include "tests/support/live.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>

#define PAGE              "docs/PROGRAMS.md"
#define EXAMPLES_AT_LEAST 15

static void open_blog(struct live_server *server, struct live_client *client)
{
    char address[32];
    struct live_result result;
    live_start_with_file(server, "schema.example.json", NULL);
    snprintf(address, sizeof(address), "127.0.0.1:%u", server->port);
    const char *const arguments[] = {"import",
                                     "--server",
                                     address,
                                     "users=examples/blog/users.jsonl:key",
                                     "authorProfiles=examples/blog/authorProfiles.jsonl:key",
                                     "posts=examples/blog/posts.jsonl:key",
                                     "comments=examples/blog/comments.jsonl:key",
                                     "categories=examples/blog/categories.jsonl:key",
                                     "postCategories=examples/blog/postCategories.jsonl",
                                     NULL};
    live_run(&result, arguments, SLICE(""));
    cr_assert(result.status == 0, "%.*s", SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
    live_connect(client, server);
}

static void close_blog(struct live_server *server, struct live_client *client)
{
    live_close(client);
    live_stop(server);
}

/* Asks for the request, which may stand on several lines, and returns the parsed reply. */
static cJSON *ask(struct live_client *client, const cJSON *request)
{
    char *line = cJSON_PrintUnformatted(request);
    struct slice reply = live_ask(client, line);
    cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
    cr_assert(parsed != NULL, "%.*s", SLICE_FORMAT(reply));
    cJSON_free(line);
    return parsed;
}

/* The JSON of the next fenced block with the tag, parsed; NULL behind the last one. */
static cJSON *next_block(const char **text, const char *tag)
{
    const char *begin = strstr(*text, tag);
    if (begin == NULL) {
        return NULL;
    }
    begin += strlen(tag);
    const char *end = strstr(begin, "\n```");
    cr_assert(end != NULL);
    cJSON *block = cJSON_ParseWithLength(begin, (size_t)(end - begin));
    cr_assert(block != NULL, "%.*s", (int)(end - begin), begin);
    *text = end;
    return block;
}

/* Compares the text of both, so that the order of names counts. */
static void expect_same(const cJSON *found, const cJSON *expected, const char *what)
{
    char *found_text = cJSON_PrintUnformatted(found);
    char *expected_text = cJSON_PrintUnformatted(expected);
    cr_expect(strcmp(found_text, expected_text) == 0, "%s\n  gives    %s\n  expected %s", what,
              found_text, expected_text);
    cJSON_free(found_text);
    cJSON_free(expected_text);
}

Test(live_programs_page, every_example_gives_what_the_page_says)
{
    struct live_server server;
    struct live_client client;
    char *page = live_read_file(PAGE);
    const char *next = page;
    unsigned count = 0;
    cJSON *request;
    open_blog(&server, &client);
    while ((request = next_block(&next, "```json request\n")) != NULL) {
        cJSON *expected = next_block(&next, "```json reply\n");
        char *shown = cJSON_PrintUnformatted(request);
        cr_assert(expected != NULL, "%s has no reply", shown);
        cJSON_AddNumberToObject(request, "id", 1);
        cJSON *reply = ask(&client, request);
        cJSON_DeleteItemFromObjectCaseSensitive(reply, "jsonrpc");
        cJSON_DeleteItemFromObjectCaseSensitive(reply, "id");
        expect_same(reply, expected, shown);
        cJSON_free(shown);
        cJSON_Delete(reply);
        cJSON_Delete(expected);
        cJSON_Delete(request);
        count += 1;
    }
    cr_expect(count >= EXAMPLES_AT_LEAST, "%u examples", count);
    close_blog(&server, &client);
    memory_release(page);
}

/* ---- The article's query, from single calls. */

/* Calls a helper with params written as printf does, and returns its result. */
static cJSON *helper(struct live_client *client, const char *method, const char *params, ...)
    PRINTF_LIKE(3, 4);

static cJSON *helper(struct live_client *client, const char *method, const char *params, ...)
{
    struct buffer line = {0};
    char text[512];
    va_list arguments;
    va_start(arguments, params);
    vsnprintf(text, sizeof(text), params, arguments);
    va_end(arguments);
    buffer_append_format(&line, "{\"id\":1,\"method\":\"%s\",\"params\":%s}%c", method, text, 0);
    struct slice reply = live_ask(client, line.data);
    cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
    cJSON *result = cJSON_DetachItemFromObjectCaseSensitive(parsed, "result");
    cr_assert(result != NULL, "%s: %.*s", line.data, SLICE_FORMAT(reply));
    cJSON_Delete(parsed);
    buffer_deinit(&line);
    return result;
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name)->valuestring;
}

static int comments_of(const cJSON *post)
{
    return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(post, "comments"));
}

/* Adds the post where it belongs: behind those with as many comments or more. */
static void add_by_comments(cJSON *posts, cJSON *post)
{
    int place = 0;
    while (place < cJSON_GetArraySize(posts) &&
           comments_of(cJSON_GetArrayItem(posts, place)) >= comments_of(post)) {
        place += 1;
    }
    cJSON_InsertItemInArray(posts, place, post);
}

static void add_commenters(struct live_client *client, cJSON *users, const cJSON *post)
{
    const cJSON *comment;
    cJSON_ArrayForEach(comment, cJSON_GetObjectItemCaseSensitive(post, "comments"))
    {
        bool known = false;
        const cJSON *user;
        cJSON_ArrayForEach(user, users)
        {
            known = known || strcmp(text_of(user, "_id"), text_of(comment, "userId")) == 0;
        }
        if (!known) {
            cJSON_AddItemToArray(users,
                                 helper(client, "get", "[\"%s\"]", text_of(comment, "userId")));
        }
    }
}

static cJSON *query_by_helpers(struct live_client *client, const char *user_id)
{
    cJSON *author =
        helper(client, "getOneFromOrThrow", "[\"authorProfiles\",\"userId\",\"%s\"]", user_id);
    cJSON *bare =
        helper(client, "getManyFrom", "[\"posts\",\"by_authorId\",\"%s\"]", text_of(author, "_id"));
    cJSON *answer = cJSON_CreateObject();
    cJSON *posts = cJSON_AddArrayToObject(answer, "posts");
    cJSON *users = cJSON_AddArrayToObject(answer, "commentUsers");
    while (cJSON_GetArraySize(bare) > 0) {
        cJSON *post = cJSON_DetachItemFromArray(bare, 0);
        const char *id = text_of(post, "_id");
        cJSON_AddItemToObject(
            post, "comments",
            helper(client, "getManyFrom", "[\"comments\",\"postId\",\"%s\"]", id));
        cJSON_AddItemToObject(post, "categories",
                              helper(client, "getManyVia",
                                     "[\"postCategories\",\"categoryId\",\"postId\",\"%s\"]", id));
        add_commenters(client, users, post);
        add_by_comments(posts, post);
    }
    cJSON_Delete(bare);
    cJSON_Delete(author);
    return answer;
}

static const char *const ARTICLE =
    "{\"id\":1,\"method\":\"query\",\"params\":{\"args\":{\"userId\":\"%s\"},\"do\":["
    "{\"let\":\"author\",\"getOneFromOrThrow\":[\"authorProfiles\",\"userId\",\"$args.userId\"]},"
    "{\"let\":\"barePosts\",\"getManyFrom\":[\"posts\",\"by_authorId\",\"$author._id\"]},"
    "{\"let\":\"posts\",\"asyncMap\":{\"over\":\"$barePosts\",\"as\":\"post\",\"do\":["
    "{\"let\":\"comments\",\"getManyFrom\":[\"comments\",\"postId\",\"$post._id\"]},"
    "{\"let\":\"categories\",\"getManyVia\":[\"postCategories\",\"categoryId\",\"postId\","
    "\"$post._id\"]}],\"return\":{\"$spread\":\"$post\",\"comments\":\"$comments\","
    "\"categories\":\"$categories\"}}},"
    "{\"let\":\"byComments\",\"sort\":{\"over\":\"$posts\",\"as\":\"p\","
    "\"by\":[[{\"$size\":\"$p.comments\"},\"desc\"]]}},"
    "{\"let\":\"commenterIds\",\"distinct\":{\"over\":\"$posts[*].comments[*].userId\"}},"
    "{\"let\":\"commentUsers\",\"getAll\":[\"users\",\"$commenterIds\"]}],"
    "\"return\":{\"posts\":\"$byComments\",\"commentUsers\":\"$commentUsers\"}}}";

Test(live_programs_page, the_articles_query_is_what_single_helper_calls_give)
{
    struct live_server server;
    struct live_client client;
    open_blog(&server, &client);
    cJSON *profiles = helper(&client, "collect", "[\"authorProfiles\"]");
    const cJSON *profile;
    cr_assert(cJSON_GetArraySize(profiles) == 3);
    cJSON_ArrayForEach(profile, profiles)
    {
        char request[2048];
        const char *user_id = text_of(profile, "userId");
        snprintf(request, sizeof(request), ARTICLE, user_id);
        struct slice reply = live_ask(&client, request);
        cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
        cJSON *expected = query_by_helpers(&client, user_id);
        cr_assert(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(expected, "posts")) > 0);
        expect_same(cJSON_GetObjectItemCaseSensitive(parsed, "result"), expected, user_id);
        cJSON_Delete(expected);
        cJSON_Delete(parsed);
    }
    cJSON_Delete(profiles);
    close_blog(&server, &client);
}
