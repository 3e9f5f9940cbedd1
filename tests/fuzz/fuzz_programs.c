/* Programs over the article's blog.
 *
 * The input is the params of query and mutation. A query gives the same twice (the second time
 * compiled before), and as explain's value, unless that answer is too long for the program's own
 * limits, and changes nothing; a mutation that fails changes nothing; where a query is possible,
 * the mutation is the same. */
#include "base/json.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

/* clang-format off */
#define SCHEMA                                                                                     \
    "{\"tables\":{"                                                                                \
    "\"users\":{\"fields\":{\"name\":\"string\",\"email\":{\"optional\":\"string\"}},"             \
    "\"indexes\":{\"by_name\":[\"name\"],\"by_email\":{\"fields\":[\"email\"],\"unique\":true}}}," \
    "\"authorProfiles\":{\"fields\":{\"userId\":{\"id\":\"users\"},\"bio\":\"string\"},"           \
    "\"indexes\":{\"userId\":[\"userId\"]}},"                                                      \
    "\"posts\":{\"fields\":{\"title\":\"string\",\"authorId\":{\"id\":\"authorProfiles\"},"        \
    "\"likes\":\"number\"},\"indexes\":{\"by_authorId\":[\"authorId\"],"                           \
    "\"by_author_likes\":[\"authorId\",\"likes\"],\"by_title\":[\"title\"]}},"                     \
    "\"comments\":{\"fields\":{\"postId\":{\"id\":\"posts\"},"                                     \
    "\"userId\":{\"optional\":{\"id\":\"users\"}},\"text\":\"string\"},"                           \
    "\"indexes\":{\"postId\":[\"postId\"],\"userId\":[\"userId\"]}},"                              \
    "\"postCategories\":{\"fields\":{\"postId\":{\"id\":\"posts\"},\"categoryId\":{\"optional\":"  \
    "{\"union\":[{\"id\":\"categories\"},\"null\"]}},\"rank\":\"number\"},\"indexes\":{"           \
    "\"postId\":[\"postId\"],\"by_post_rank\":[\"postId\",\"rank\"],"                              \
    "\"categoryId\":[\"categoryId\"]}},"                                                           \
    "\"categories\":{\"fields\":{\"name\":\"string\"},\"indexes\":{\"name\":[\"name\"]}}}}"

#define ADA       "\"j57fvvj31n0btnyyxb0rdkcqj189yr6f\""
#define GRACE     "\"j57e047x3kgtsgbkwet86pvp6n89ze5a\""
#define PROFILE   "\"j97emwzb0wg7ytm9pvyfa6kq5989y4jv\""
#define FIRST     "\"jd7af4vvcjwcn9cf0ds1qdntsx89yvh0\""
#define SECOND    "\"jd71cdktnjv7mjg1fj6thawnd189y5qp\""
#define COMPILERS "\"js761t1mg3pacgemcsgd2za1ms89yw9p\""

static const char *const documents[] = {
    "[\"users\",[{\"_id\":" ADA ",\"_creationTime\":1,\"name\":\"Ada\",\"email\":\"a@b.c\"},"
    "{\"_id\":" GRACE ",\"_creationTime\":2,\"name\":\"Grace\"}]]",
    "[\"authorProfiles\",[{\"_id\":" PROFILE ",\"_creationTime\":4,\"userId\":" ADA
    ",\"bio\":\"Notes.\"}]]",
    "[\"posts\",[{\"_id\":" FIRST ",\"_creationTime\":6,\"title\":\"On engines\",\"authorId\":"
    PROFILE ",\"likes\":3},{\"_id\":" SECOND ",\"_creationTime\":7,\"title\":\"\\u00d6n\","
    "\"authorId\":"
    PROFILE ",\"likes\":1}]]",
    "[\"comments\",[{\"_id\":\"jh7d1xhhs8exqa6v7f7wq7g5fh89y08r\",\"_creationTime\":9,\"postId\":"
    FIRST ",\"userId\":" GRACE ",\"text\":\"Fine.\"},"
    "{\"_id\":\"jh79r2nya73ecsaxg7f2t12d9x89y83a\",\"_creationTime\":10,\"postId\":" SECOND
    ",\"text\":\"Anonymous.\"}]]",
    "[\"categories\",[{\"_id\":" COMPILERS ",\"_creationTime\":13,\"name\":\"compilers\"}]]",
    "[\"postCategories\",[{\"_id\":\"jn72g15ttvz999az32sb6zhg1589yp6v\",\"_creationTime\":14,"
    "\"postId\":" FIRST ",\"categoryId\":" COMPILERS ",\"rank\":2},"
    "{\"_id\":\"jn711ppdskz8eze0ckaq8gq6z989zsgh\",\"_creationTime\":16,\"postId\":" SECOND
    ",\"categoryId\":\"js7429dw6r4yypq7cdttrm3es189yvm1\",\"rank\":1}]]"};
/* clang-format on */

/* The reply of `method`, as a buffer of its own. */
static struct buffer call(struct peer *peer, const char *method, struct slice params)
{
    struct buffer reply = {0};
    buffer_append_slice(&reply, peer_call(peer, method, params));
    return reply;
}

static void open_blog(struct peer *peer)
{
    bool opened = peer_init(peer, SLICE(SCHEMA));
    assert(opened);
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        struct slice reply = peer_call(peer, "insertMany", slice_of(documents[i]));
        assert(peer_result(reply).size > 0);
    }
}

/* Whether the reply is the error that says that the result has too many bytes. */
static bool is_too_long(struct slice reply)
{
    struct slice end =
        SLICE(" bytes of result.\",\"data\":{\"name\":\"LimitExceeded\",\"limit\":\"bytes\"}}}");
    return reply.size > end.size &&
           slice_equal(slice_make(reply.data + reply.size - end.size, end.size), end);
}

static void check_explained(struct peer *peer, struct slice params, struct slice result)
{
    struct buffer explained = call(peer, "explain", params);
    struct slice explanation = peer_result(buffer_slice(&explained));
    struct slice start = SLICE("{\"value\":");
    if (!is_too_long(buffer_slice(&explained))) {
        assert(slice_starts_with(explanation, start));
        explanation = slice_make(explanation.data + start.size, explanation.size - start.size);
        assert(slice_starts_with(explanation, result));
    }
    buffer_deinit(&explained);
}

static void check_unchanged(struct peer *peer, struct slice before)
{
    struct buffer after = {0};
    peer_dump(peer, &after);
    assert(slice_equal(before, buffer_slice(&after)));
    buffer_deinit(&after);
}

/* Runs the program in every way. */
static void run_program(struct peer *peer, struct slice params, struct slice before)
{
    struct buffer first = call(peer, "query", params);
    struct buffer second = call(peer, "query", params);
    assert(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    struct slice result = peer_result(buffer_slice(&first));
    if (result.size > 0) {
        check_explained(peer, params, result);
    }
    check_unchanged(peer, before);
    struct buffer mutated = call(peer, "mutation", params);
    assert(result.size == 0 || slice_equal(buffer_slice(&first), buffer_slice(&mutated)));
    if (result.size > 0 || peer_result(buffer_slice(&mutated)).size == 0) {
        check_unchanged(peer, before);
    }
    buffer_deinit(&first);
    buffer_deinit(&second);
    buffer_deinit(&mutated);
}

/* True if `params` is one JSON value, so that it cannot end the message and begin another. */
static bool is_json(struct slice params)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct value value;
    struct json_error error;
    bool read = json_read(&arena, params, REQUEST_DEPTH_MAX - 1, &value, NULL, &error);
    arena_deinit(&arena);
    return read;
}

void fuzz_programs(const uint8_t *data, size_t size)
{
    struct slice params = input_slice(data, size);
    if (!is_json(params)) {
        return;
    }
    struct peer peer;
    open_blog(&peer);
    struct buffer before = {0};
    peer_dump(&peer, &before);
    run_program(&peer, params, buffer_slice(&before));
    database_check(peer.service->database);
    buffer_deinit(&before);
    peer_deinit(&peer);
}
