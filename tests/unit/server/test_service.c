/* Messages carried out in-process: the server's own methods and the rules of JSON-RPC. */
#include "server/service.h"

#include <criterion/criterion.h>

static struct service *service;

static void setup(void)
{
    struct buffer message = {0};
    struct slice text = SLICE("{\"tables\":{\"users\":{},\"posts\":{\"number\":10007}}}");
    struct schema *schema = schema_read(text, "test", &message);
    cr_assert_not_null(schema);
    struct service_options options = service_default_options();
    service = service_create(schema, &options);
    buffer_deinit(&message);
}

static void teardown(void)
{
    service_destroy(service);
}

TestSuite(service, .init = setup, .fini = teardown);

static void expect(const char *message, const char *expected)
{
    struct buffer output = {0};
    service_handle(service, slice_of(message), &output);
    buffer_append_char(&output, '\0');
    cr_expect_str_eq(output.data, expected, "%s: %s", message, output.data);
    buffer_deinit(&output);
}

#define REPLY(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define ERROR(id, code, name, text)                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text          \
    "\",\"data\":{\"name\":\"" name "\"}}}"

Test(service, answers_its_own_methods)
{
    expect("{\"id\":1,\"method\":\"ping\"}", REPLY("1", "\"pong\"") "\n");
    expect("{\"id\":1,\"method\":\"ping\",\"params\":[]}", REPLY("1", "\"pong\"") "\n");
    expect("{\"id\":1,\"method\":\"ping\",\"params\":{}}", REPLY("1", "\"pong\"") "\n");
    expect("{\"id\":1,\"method\":\"auth\",\"params\":[\"t\"]}", REPLY("1", "\"admin\"") "\n");
    expect("{\"id\":1,\"method\":\"auth\",\"params\":{\"token\":\"t\"}}",
           REPLY("1", "\"admin\"") "\n");
    expect("{\"id\":1,\"method\":\"schema\"}",
           REPLY("1",
                 "{\"tables\":{\"users\":{\"number\":10001},\"posts\":{\"number\":10007}}}") "\n");
}

/* A request, the message of its error, and what else its data has. */
static const char *const wrong_params[][3] = {
    {"{\"id\":1,\"method\":\"ping\",\"params\":[1]}", "ping takes 0 params; got 1.",
     ",\"path\":\"/0\""},
    {"{\"id\":1,\"method\":\"info\",\"params\":{\"reset\":true}}", "info has no param `reset`.",
     ",\"path\":\"/reset\""},
    {"{\"id\":1,\"method\":\"snapshot\",\"params\":{\"x\":true}}", "snapshot has no param `x`.",
     ",\"path\":\"/x\""},
    {"{\"id\":1,\"method\":\"auth\"}", "auth needs the param `token`.", ""},
    {"{\"id\":1,\"method\":\"auth\",\"params\":[1]}", "`token` must be a string, got number.",
     ",\"path\":\"/0\",\"value\":1"},
    {"{\"id\":1,\"method\":\"auth\",\"params\":[\"t\",\"u\"]}", "auth takes 1 params; got 2.",
     ",\"path\":\"/1\""},
    {"{\"id\":1,\"method\":\"auth\",\"params\":{\"tokens\":\"t\"}}", "auth has no param `tokens`.",
     ",\"path\":\"/tokens\""},
    {"{\"id\":1,\"method\":\"exportRead\",\"params\":[\"1\",\"t\"]}",
     "exportRead needs the param `numItems`.", ""},
    {"{\"id\":1,\"method\":\"exportRead\",\"params\":[\"1\",\"t\",5,1]}",
     "`cursor` must be null or a string, got number.", ",\"path\":\"/2\",\"value\":5"},
    {"{\"id\":1,\"method\":\"exportRead\",\"params\":[\"1\",\"t\",null,10001]}",
     "`numItems` must be a whole number from 1 to 10000.", ",\"path\":\"/3\",\"value\":10001"},
    {"{\"id\":1,\"method\":\"exportClose\",\"params\":[\"1\"]}",
     "there is no such export, or it was unused for 60 s", ",\"path\":\"/0\""},
};

Test(service, refuses_params_that_its_own_methods_do_not_take)
{
    for (size_t i = 0; i < COUNT_OF(wrong_params); i++) {
        struct buffer expected = {0};
        buffer_append_format(&expected,
                             "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":"
                             "\"%s\",\"data\":{\"name\":\"InvalidParams\"%s}}}\n%c",
                             wrong_params[i][1], wrong_params[i][2], 0);
        expect(wrong_params[i][0], expected.data);
        buffer_deinit(&expected);
    }
}

Test(service, refuses_unknown_methods_without_repeating_what_could_harm)
{
    expect("{\"id\":\"\\u0041\",\"method\":\"nope\"}",
           ERROR("\"\\u0041\"", "-32601", "MethodNotFound", "there is no method `nope`") "\n");
    expect("{\"id\":1,\"method\":\"a\\nb\"}",
           ERROR("1", "-32601", "MethodNotFound", "there is no such method") "\n");
    expect("{\"id\":1,\"method\":\"\"}",
           ERROR("1", "-32601", "MethodNotFound", "there is no method ``") "\n");
}

Test(service, never_answers_a_notification)
{
    expect("{\"method\":\"ping\"}", "");
    expect("{\"method\":\"nope\"}", "");
    expect("{\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}", "");
    expect("{\"method\":\"ping\",\"params\":[1]}", "");
    expect("[{\"method\":\"ping\"},{\"method\":\"nope\"}]", "");
    expect("{\"method\":1}",
           ERROR("null", "-32600", "InvalidRequest", "`method` must be a string") "\n");
}

Test(service, answers_a_batch_in_order_as_one_array)
{
    expect(
        "[{\"id\":1,\"method\":\"ping\"},{\"method\":\"ping\"},7,{\"id\":2,\"method\":\"ping\"}]",
        "[" REPLY("1", "\"pong\"") "," ERROR(
            "null", "-32600", "InvalidRequest",
            "a request must be an object") "," REPLY("2", "\"pong\"") "]\n");
    expect("[]", ERROR("null", "-32600", "InvalidRequest", "a batch must not be empty") "\n");
}

Test(service, says_where_a_message_is_no_json)
{
    struct buffer output = {0};
    service_handle(service, SLICE("{\"id\":1,}"), &output);
    buffer_append_char(&output, '\0');
    cr_expect_not_null(strstr(output.data, "\"id\":null,\"error\":{\"code\":-32700,"));
    cr_expect_not_null(strstr(output.data, "\"data\":{\"name\":\"ParseError\",\"offset\":8}"));
    buffer_deinit(&output);
}

/* Every method that relations/ lists is found under its name, beside the server's own. */
Test(service, finds_every_method)
{
    uint32_t count = 0;
    for (const struct method *method; (method = method_at(count)) != NULL; count++) {
        struct method_entry *entry = methods_find(&service->methods, method_name(method));
        cr_assert_not_null(entry);
        cr_expect_eq(entry->method, method);
        cr_expect_eq(entry->role == ROLE_WRITE, method_writes(method));
    }
    cr_expect_gt(count, 0);
    cr_expect_eq(service->methods.count, count + 10);
    cr_expect_null(methods_find(&service->methods, SLICE("pin")));
}

Test(service, counts_requests_by_method)
{
    expect("{\"method\":\"ping\"}", "");
    expect("[{\"method\":\"ping\"},{\"method\":\"ping\",\"params\":[1]}]", "");
    cr_expect_eq(methods_find(&service->methods, SLICE("ping"))->count, 3);

    struct buffer output = {0};
    service_handle(service, SLICE("{\"id\":1,\"method\":\"info\"}"), &output);
    buffer_append_char(&output, '\0');
    cr_expect_not_null(strstr(output.data, "\"ping\":3,"));
    cr_expect_not_null(strstr(output.data, "\"users\":{\"documents\":0,\"bytes\":0}"));
    cr_expect_not_null(strstr(output.data, "\"durability\":{\"mode\":\"memory\"}"));
    buffer_deinit(&output);
}
