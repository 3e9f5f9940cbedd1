/* Every method and every error of the contract, once over the wire of the live server. What they
 * answer in detail is in the transcripts. */
#include "tests/support/live.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>

#define ADA    "\"j57cn5w12b51qfeazb133cwt4d89z2y1\""
#define GRACE  "\"j573w8z82r03jpaa6e4mysb4w589zfhy\""
#define NOBODY "\"j572wz9c0emn0yq2cqpfbd9nd189z5b2\""
#define NOTE   "\"j9735ezqgq8zb42yy2wpmtehbx89z663\""

#define SCHEMA                                                                                     \
    "{\"tables\":{\"users\":{\"fields\":{\"name\":\"string\",\"n\":\"number\"},\"indexes\":{"      \
    "\"by_name\":{\"fields\":[\"name\"],\"unique\":true},\"by_n\":[\"n\"]}},"                      \
    "\"notes\":{\"fields\":{\"userId\":{\"id\":\"users\"}},\"indexes\":{\"userId\":[\"userId\"]}}" \
    "}"                                                                                            \
    "}"

/* A method with its params, and what it answers: the result's text, or its beginning. */
struct call {
    const char *method;
    const char *params;
    const char *result;
};

static const struct call setup_calls[] = {
    {"insertMany",
     "[\"users\",[{\"_id\":" ADA ",\"_creationTime\":1,\"name\":\"Ada\",\"n\":1},{\"_id\":" GRACE
     ",\"_creationTime\":2,\"name\":\"Grace\",\"n\":1}]]",
     "[" ADA "," GRACE "]"},
    {"insert", "[\"notes\",{\"_id\":" NOTE ",\"_creationTime\":3,\"userId\":" ADA "}]", NOTE},
};

static const struct call calls[] = {
    {"ping", "[]", "\"pong\""},
    {"info", "[]", "{\""},
    {"slowlog", "[]", "["},
    {"rpc.discover", "[]", "{\"openrpc\":\"1.3.2\","},
    {"schema", "[]", "{\"tables\":{\"users\":{\"number\":10001,"},
    {"get", "[" ADA "]", "{\"_id\":" ADA ",\"_creationTime\":1,\"name\":\"Ada\",\"n\":1}"},
    {"getOrThrow", "[" GRACE "]", "{\"_id\":" GRACE},
    {"getAll", "[[" ADA "]]", "[{\"_id\":" ADA},
    {"getAllOrThrow", "[[" ADA "]]", "[{\"_id\":" ADA},
    {"getOneFrom", "[\"users\",\"by_name\",\"Ada\"]", "{\"_id\":" ADA},
    {"getOneFromOrThrow", "[\"users\",\"by_name\",\"Ada\"]", "{\"_id\":" ADA},
    {"getManyFrom", "[\"notes\",\"userId\"," ADA "]", "[{\"_id\":" NOTE},
    {"getManyVia", "[\"notes\",\"userId\",\"userId\"," ADA "]", "[{\"_id\":" ADA},
    {"getManyViaOrThrow", "[\"notes\",\"userId\",\"userId\"," ADA "]", "[{\"_id\":" ADA},
    {"collect", "[\"users\"]", "[{\"_id\":" ADA},
    {"first", "[\"users\"]", "{\"_id\":" ADA},
    {"unique", "[\"notes\"]", "{\"_id\":" NOTE},
    {"take", "{\"table\":\"users\",\"n\":1}", "[{\"_id\":" ADA},
    {"paginate", "{\"table\":\"users\",\"numItems\":1,\"cursor\":null}",
     "{\"page\":[{\"_id\":" ADA},
    {"count", "[\"users\"]", "2"},
    {"exists", "[\"users\"]", "true"},
    {"normalizeId", "[\"users\"," ADA "]", ADA},
    {"patch", "[" ADA ",{\"n\":1}]", "null"},
    {"replace", "[" ADA ",{\"name\":\"Ada\",\"n\":1}]", "null"},
    {"delete", "[" NOTE "]", "null"},
};

/* A whole request, and the error that it earns. */
struct refusal {
    const char *request;
    int code;
    const char *name;
};

#define REQUEST(method, params)                                                                    \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"

static const struct refusal refusals[] = {
    {"{\"jsonrpc\":", -32700, "ParseError"},
    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", -32600, "InvalidRequest"},
    {REQUEST("pong", "[]"), -32601, "MethodNotFound"},
    {REQUEST("ping", "[1]"), -32602, "InvalidParams"},
    {REQUEST("getOrThrow", "[" NOBODY "]"), 1, "DocumentNotFound"},
    {REQUEST("unique", "[\"users\"]"), 2, "NotUnique"},
    {REQUEST("insert", "[\"users\",{}]"), 3, "SchemaViolation"},
    {REQUEST("get", "[\"ada\"]"), 4, "InvalidId"},
    {REQUEST("collect", "[\"people\"]"), 5, "UnknownTable"},
    {REQUEST("collect", "[\"users\",\"by_age\"]"), 6, "UnknownIndex"},
    {REQUEST("collect", "[\"users\",\"by_n\",[[\"eq\",\"name\",1]]]"), 7, "InvalidIndexRange"},
    {REQUEST("insert", "[\"users\",{\"name\":\"Ada\",\"n\":2}]"), 8, "UniqueViolation"},
    {REQUEST("collect", "{\"table\":\"users\",\"filter\":{\"$eq\":[\"$it.mail.at\",1]}}"), 10,
     "NullReference"},
    {REQUEST("paginate", "{\"table\":\"users\",\"numItems\":1,\"cursor\":\"x\"}"), 12,
     "InvalidCursor"},
    {REQUEST("take", "{\"table\":\"users\",\"n\":3}"), 13, "LimitExceeded"},
    {REQUEST("insert", "[\"users\",{\"name\":\"Alan\",\"n\":1e400}]"), 14, "InvalidValue"},
    {REQUEST("collect", "{\"table\":\"users\",\"filter\":\"$it.n\"}"), 15, "TypeMismatch"},
    {REQUEST("collect", "{\"table\":\"users\",\"filter\":{\"$eq\":[1,{\"$div\":["
                        "{\"$integer\":\"AQAAAAAAAAA=\"},{\"$integer\":\"AAAAAAAAAAA=\"}]}]}}"),
     16, "ArithmeticError"},
};

/* Some methods read two users and the test of limits three. */
static const char *const options[] = {"--max-documents", "2", NULL};

static void make_calls(struct live_client *client, const struct call *list, size_t count)
{
    struct buffer request = {0};
    struct buffer expected = {0};
    for (size_t i = 0; i < count; i++) {
        request.size = expected.size = 0;
        buffer_append_format(&request,
                             "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"%s\",\"params\":%s}%c",
                             i, list[i].method, list[i].params, 0);
        buffer_append_format(&expected, "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"result\":%s", i,
                             list[i].result);
        struct slice reply = live_ask(client, request.data);
        cr_expect(slice_starts_with(reply, buffer_slice(&expected)), "%s: %.*s", request.data,
                  SLICE_FORMAT(reply));
    }
    buffer_deinit(&request);
    buffer_deinit(&expected);
}

Test(live_methods, every_method_answers)
{
    struct live_server server;
    struct live_client client;
    live_start(&server, SCHEMA, NULL);
    live_connect(&client, &server);
    make_calls(&client, setup_calls, sizeof(setup_calls) / sizeof(setup_calls[0]));
    make_calls(&client, calls, sizeof(calls) / sizeof(calls[0]));
    live_close(&client);
    live_stop(&server);
}

static void expect_refusal(const struct refusal *refusal, struct slice reply)
{
    cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(parsed, "error");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(error, "message");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(error, "data");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(data, "name");
    cr_expect(cJSON_IsNumber(code) && code->valueint == refusal->code && cJSON_IsString(message) &&
                  message->valuestring[0] != '\0' && cJSON_IsString(name) &&
                  strcmp(name->valuestring, refusal->name) == 0,
              "%s should be %s: %.*s", refusal->request, refusal->name, SLICE_FORMAT(reply));
    cJSON_Delete(parsed);
}

Test(live_methods, every_error_can_be_met)
{
    struct live_server server;
    struct live_client client;
    live_start(&server, SCHEMA, options);
    live_connect(&client, &server);
    make_calls(&client, setup_calls, sizeof(setup_calls) / sizeof(setup_calls[0]));
    live_ask(&client, REQUEST("insert", "[\"users\",{\"name\":\"Edsger\",\"n\":3}]"));
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        expect_refusal(&refusals[i], live_ask(&client, refusals[i].request));
    }
    cr_assert(slice_equal(live_ask(&client, "{\"id\":1,\"method\":\"ping\"}"),
                          SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}")));
    live_close(&client);
    live_stop(&server);
}

/* Inserts a user whose name has so many bytes. Returns whether it could be. */
static bool insert_long_name(struct live_client *client, int size, int number)
{
    char request[4096];
    snprintf(request, sizeof(request),
             "{\"id\":1,\"method\":\"insert\",\"params\":[\"users\",{\"name\":\"%0*d\",\"n\":%d}]}",
             size, 0, number);
    return slice_starts_with(live_ask(client, request),
                             SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\""));
}

/* What is returned or written is bounded too, and the request after it is served. */
Test(live_methods, a_result_or_a_document_that_is_too_large_is_refused)
{
    static const char *const limits[] = {"--max-result-bytes", "2000", NULL};
    struct live_server server;
    struct live_client client;
    live_start(&server, SCHEMA, limits);
    live_connect(&client, &server);
    make_calls(&client, setup_calls, sizeof(setup_calls) / sizeof(setup_calls[0]));
    cr_expect_not(insert_long_name(&client, 2000, 8));
    cr_expect(insert_long_name(&client, 1200, 9));
    cr_expect(insert_long_name(&client, 1201, 10));
    struct refusal refusal = {REQUEST("collect", "[\"users\"]"), 13, "LimitExceeded"};
    expect_refusal(&refusal, live_ask(&client, refusal.request));
    make_calls(&client, calls, 1);
    live_close(&client);
    live_stop(&server);
}
