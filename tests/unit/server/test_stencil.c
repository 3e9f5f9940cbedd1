/* Requests that are alike: what a stencil prepares is what the general way would have prepared. */
#include "server/stencil.h"

#include "server/service.h"

#include <criterion/criterion.h>

#define OPENING "{\"jsonrpc\":\"2.0\",\"id\":"
#define USER    "j57000820c20a1g7104gm2rc1m70ynr8"
#define POST    "j97fzzzzzzzzzzzzzzzzzzzzzzzzzm7a"
#define NOBODY  "j5700000000000000000000000007f1a"
#define MANY    64 /* messages: more than any set holds */

static struct service *make_service(uint64_t slow_ms)
{
    struct buffer message = {0};
    struct slice text = SLICE(
        "{\"tables\":{\"users\":{\"number\":10001,\"fields\":{\"name\":\"string\"}},"
        "\"posts\":{\"number\":10002,\"fields\":{\"by\":{\"id\":\"users\"},\"title\":\"string\"},"
        "\"indexes\":{\"by\":[\"by\"],\"by_title\":[\"title\"]}}}}");
    struct schema *schema = schema_read(text, "test", &message);
    cr_assert_not_null(schema);
    struct service_options options = service_default_options();
    options.slow_ms = slow_ms;
    struct service *service = service_create(schema, &options);
    buffer_deinit(&message);
    return service;
}

/* Carries a message out that begins with `before` and goes on with `rest`, behind an id. */
static void ask(struct service *service, const char *before, const char *rest,
                struct buffer *output)
{
    struct buffer message = {0};
    output->size = 0;
    buffer_append_format(&message, "%s" OPENING "7,%s", before, rest);
    service_handle(service, buffer_slice(&message), output);
    buffer_append_char(output, '\0');
    buffer_deinit(&message);
}

static struct stencil *find(struct service *service, const char *rest, struct arena *arena)
{
    struct value value;
    struct buffer text = {0};
    buffer_append_format(&text, ",%s", rest);
    struct stencil *found = stencils_find(&service->stencils, buffer_slice(&text), arena, &value);
    buffer_deinit(&text);
    return found;
}

/* Sends a request until there is a stencil of it. */
static void learn(struct service *service, const char *rest)
{
    struct arena arena;
    struct buffer output = {0};
    arena_init(&arena, 64);
    for (unsigned i = 0; i < MANY && find(service, rest, &arena) == NULL; i++) {
        ask(service, "", rest, &output);
    }
    cr_assert_not_null(find(service, rest, &arena), "%s", rest);
    buffer_deinit(&output);
    arena_deinit(&arena);
}

#define GET(params)      "\"method\":\"get\",\"params\":" params "}"
#define FROM(params)     "\"method\":\"getManyFrom\",\"params\":" params "}"
#define INSERT(document) "\"method\":\"insert\",\"params\":[\"posts\"," document "]}"
#define AT(number)       "\"_creationTime\":" number
#define PAGE             "{\"numItems\":1,\"cursor\":null}"

/* What a stencil is made of, and what is asked then. */
static const struct {
    const char *learned;
    const char *asked[10];
} families[] = {
    {GET("{\"id\":\"" USER "\"}"),
     {GET("{\"id\":\"" USER "\"}"), GET("{\"id\":\"" POST "\"}"), GET("{\"id\":\"" NOBODY "\"}"),
      GET("{\"id\":\"\"}"), GET("{\"id\":7}"), GET("{\"id\":null}"), GET("{\"id\":[]}"),
      GET("{\"id\":\"\\u006a57\"}"), GET("{\"id\":\"" USER "\",\"x\":\"\"}"),
      GET("{\"id\": \"" USER "\" }")}},
    {GET("[\"users\",\"" USER "\"]"),
     {GET("[\"users\",\"" USER "\"]"), GET("[\"users\",\"" POST "\"]"), GET("[\"users\",\"a\"b\"]"),
      GET("[\"users\",\"\\\"]"), GET("[\"users\",\"\",\"\"]"), GET("[\"users\",\"\xff\"]"),
      GET("[\"users\",\"é\"]"), GET("[\"users\",\"\n\"]"), GET("[\"users\",\"a]}"),
      GET("[\"users\",{\"a\":1}]")}},
    {FROM("[\"posts\",\"by\",\"" USER "\"]"),
     {FROM("[\"posts\",\"by\",\"" USER "\"]"), FROM("[\"posts\",\"by\",\"" NOBODY "\"]"),
      FROM("[\"posts\",\"by\",\"" POST "\"]"), FROM("[\"posts\",\"by\",null]"),
      FROM("[\"posts\",\"by\",{\"$undefined\":null}]"), FROM("[\"posts\",\"by\",\"x\",\"by\"]"),
      FROM("[\"posts\",\"by\",{\"$integer\":\"AAAAAAAAAAA=\"}]"), FROM("[\"posts\",\"by\",1e400]"),
      FROM("[\"posts\",\"by\",]"), FROM("[\"posts\",\"by\",\"\\ud800\"]")}},
    {FROM("{\"table\":\"posts\",\"index\":\"by_title\",\"value\":\"one\",\"select\":[\"title\"],"
          "\"filter\":{\"$neq\":[\"$it.title\",\"$args.x\"]},\"args\":{\"x\":\"y\"},"
          "\"paginate\":" PAGE "}"),
     {FROM("{\"table\":\"posts\",\"index\":\"by_title\",\"value\":\"one\",\"select\":[\"title\"],"
           "\"filter\":{\"$neq\":[\"$it.title\",\"$args.x\"]},\"args\":{\"x\":\"y\"},"
           "\"paginate\":" PAGE "}"),
      FROM("{\"table\":\"posts\",\"index\":\"by_title\",\"value\":\"y\",\"select\":[\"title\"],"
           "\"filter\":{\"$neq\":[\"$it.title\",\"$args.x\"]},\"args\":{\"x\":\"y\"},"
           "\"paginate\":" PAGE "}"),
      FROM("{\"table\":\"posts\",\"index\":\"by_title\",\"value\":\"two\",\"select\":[\"title\"],"
           "\"filter\":{\"$neq\":[\"$it.title\",\"$args.x\"]},\"args\":{\"x\":\"two\"},"
           "\"paginate\":" PAGE "}")}},
    {INSERT("{\"by\":\"" USER "\",\"title\":\"t\"," AT("1") "}"),
     {INSERT("{\"_id\":\"" POST "\",\"by\":\"" USER "\",\"title\":\"one\"," AT("2") "}"),
      INSERT("{\"_id\":\"" POST "\",\"by\":\"" USER "\",\"title\":\"two\"," AT("3") "}"),
      INSERT("{\"title\":\"t\",\"by\":\"" POST "\"}"), INSERT("{}"), INSERT("[]"),
      INSERT("{\"title\":1e999,\"by\":\"" USER "\"}"), INSERT("{\"a\":1,\"a\":2}"),
      INSERT("{\"$integer\":\"AAAAAAAAAAA=\"}"), INSERT("{\"title\":{\"$x\":{}}}"),
      INSERT("{\"title\":\"t\"},{}")}},
    {"\"method\":\"delete\",\"params\":[\"" NOBODY "\"]}",
     {"\"method\":\"delete\",\"params\":[\"" USER "\"]}",
      "\"method\":\"delete\",\"params\":[\"" USER "\"]}",
      "\"method\":\"delete\",\"params\":[\"x\"]}"}},
};

/* Carries a request out that must not fail, and goes the general way. */
static void must(struct service *service, const char *rest)
{
    struct buffer output = {0};
    ask(service, " ", rest, &output);
    cr_assert_not_null(strstr(output.data, "\"result\""), "%s", output.data);
    buffer_deinit(&output);
}

static void fill(struct service *service)
{
    must(service, "\"method\":\"insert\",\"params\":[\"users\",{\"_id\":\"" USER
                  "\",\"_creationTime\":1,\"name\":\"Ada\"}]}");
    must(service,
         INSERT("{\"_id\":\"" POST "\"," AT("2") ",\"by\":\"" USER "\",\"title\":\"one\"}"));
}

/* White space before a message lets it go the general way. What was learned has other effects than
 * being learned, so the other service gets it too. */
Test(stencil, means_what_the_general_way_means)
{
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        struct service *learned = make_service(UINT64_MAX);
        struct service *general = make_service(UINT64_MAX);
        struct buffer answer = {0};
        struct buffer expected = {0};
        fill(learned);
        fill(general);
        learn(learned, families[i].learned);
        for (unsigned j = 0; j < COUNT_OF(families[i].asked) && families[i].asked[j]; j++) {
            ask(learned, "", families[i].asked[j], &answer);
            ask(general, " ", families[i].asked[j], &expected);
            if (strstr(expected.data, "ParseError") != NULL) {
                cr_expect_not_null(strstr(answer.data, "ParseError"), "%s", answer.data);
            } else {
                cr_expect_str_eq(answer.data, expected.data, "%s", families[i].asked[j]);
            }
        }
        database_check(learned->database);
        buffer_deinit(&answer);
        buffer_deinit(&expected);
        service_destroy(learned);
        service_destroy(general);
    }
}

Test(stencil, is_made_of_nothing_that_varies_elsewhere)
{
    static const char *const others[] = {
        "\"method\":\"ping\",\"params\":[]}",
        "\"method\":\"getAll\",\"params\":[[\"" USER "\"]]}",
        "\"method\":\"collect\",\"params\":[\"users\"]}",
        "\"method\":\"query\",\"params\":{\"do\":[],\"return\":1}}",
        "\"method\":\"patch\",\"params\":[\"" USER "\",{}]}",
        GET("[\"users\",\"\\u006a57\"]"),
        GET("[7]"),
        INSERT("{ \"by\":\"" USER "\",\"title\":\"t\"}"),
    };
    struct service *service = make_service(UINT64_MAX);
    struct buffer output = {0};
    struct arena arena;
    arena_init(&arena, 64);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        for (unsigned j = 0; j < MANY; j++) {
            ask(service, "", others[i], &output);
        }
        cr_expect_null(find(service, others[i], &arena), "%s", others[i]);
    }
    arena_deinit(&arena);
    buffer_deinit(&output);
    service_destroy(service);
}

Test(stencil, asks_what_the_caller_may)
{
    struct service *service = make_service(UINT64_MAX);
    struct caller reader = {.role = ROLE_READ};
    struct buffer output = {0};
    struct job job;
    learn(service, INSERT("{\"by\":\"" USER "\",\"title\":\"t\"}"));
    job_init(&job);
    job_prepare(&job, service, &reader,
                SLICE(OPENING "1," INSERT("{\"by\":\"" USER "\",\"title\":\"u\"}")), false);
    job_run(&job, service, &output);
    buffer_append_char(&output, '\0');
    cr_expect_not_null(strstr(output.data, "\"Forbidden\""), "%s", output.data);
    job_deinit(&job);
    buffer_deinit(&output);
    service_destroy(service);
}

/* New stencils of its set must leave a stencil alone as long as a prepared message refers to it. */
Test(stencil, stays_while_a_prepared_message_refers_to_it)
{
    struct service *service = make_service(UINT64_MAX);
    struct caller admin = {.role = ROLE_ADMIN};
    struct buffer output = {0};
    struct job job;
    learn(service, FROM("[\"posts\",\"by_title\",\"one\",\"title\"]"));
    job_init(&job);
    job_prepare(&job, service, &admin,
                SLICE(OPENING "1," FROM("[\"posts\",\"by_title\",\"two\",\"title\"]")), false);
    cr_assert_not_null(job.stencil);
    for (unsigned i = 0; i < MANY * STENCIL_SAMPLE; i++) {
        struct buffer rest = {0};
        buffer_append_format(&rest,
                             "\"method\":\"getManyFrom\",\"params\":{\"table\":\"posts\",\"take\":"
                             "%u,\"index\":\"by_title\",\"value\":\"one\"}}%c",
                             i, 0);
        ask(service, "", rest.data, &output);
        buffer_deinit(&rest);
    }
    cr_expect_eq(job.stencil->users, 1);
    output.size = 0;
    job_run(&job, service, &output);
    cr_expect(slice_equal(buffer_slice(&output), SLICE(OPENING "1,\"result\":[]}\n")));
    cr_expect_null(job.stencil);
    job_deinit(&job);
    buffer_deinit(&output);
    service_destroy(service);
}

Test(stencil, leaves_the_params_to_the_slow_log)
{
    struct service *service = make_service(0);
    struct buffer output = {0};
    learn(service, GET("[\"users\",\"" USER "\"]"));
    for (unsigned i = 0; i < METHOD_TIMED_EVERY; i++) {
        ask(service, "", GET("[\"users\",\"" NOBODY "\"]"), &output);
    }
    ask(service, "", "\"method\":\"slowlog\"}", &output);
    cr_expect_not_null(strstr(output.data, "[\\\"users\\\",\\\"" NOBODY "\\\"]"), "%s",
                       output.data);
    buffer_deinit(&output);
    service_destroy(service);
}
