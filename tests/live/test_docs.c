/* What README.md and docs/ show is so: every command runs, and every conversation with the server
 * goes as docs/PROTOCOL.md says. */
#include "tests/support/live.h"
#include "tests/support/script.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>

#define LINE_SIZE 4096

Test(live_docs, every_command_that_is_shown_runs)
{
    script_expect_success("tools/check-docs");
}

Test(live_docs, chinook_from_nothing_by_one_script)
{
    script_expect_success("examples/chinook/run");
}

/* A reply that ends in "…" goes on. */
static void expect_reply(struct slice expected, struct slice reply, const char *request)
{
    struct slice more = SLICE("…");
    bool goes_on = expected.size > more.size &&
                   memcmp(expected.data + expected.size - more.size, more.data, more.size) == 0;
    expected.size -= goes_on ? more.size : 0;
    cr_expect(goes_on ? slice_starts_with(reply, expected) : slice_equal(reply, expected),
              "%s\n%.*s is not\n%.*s", request, SLICE_FORMAT(reply), SLICE_FORMAT(expected));
}

/* Plays the lines of the page's transcripts; returns how many requests there were. */
static unsigned play_page(FILE *page, struct live_client *client)
{
    char line[LINE_SIZE];
    char request[LINE_SIZE] = "";
    struct slice reply = SLICE("");
    bool inside = false;
    unsigned count = 0;
    while (fgets(line, sizeof line, page) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "```", 3) == 0) {
            inside = strcmp(line, "```transcript") == 0;
        } else if (inside && strncmp(line, "> ", 2) == 0) {
            strcpy(request, line + 2);
            reply = live_ask(client, request);
            count++;
        } else if (inside) {
            cr_assert_eq(strncmp(line, "< ", 2), 0, "neither a request nor a reply: %s", line);
            expect_reply(slice_of(line + 2), reply, request);
        }
    }
    return count;
}

Test(live_docs, the_protocol_is_as_its_page_says)
{
    struct live_server server;
    struct live_client client;
    FILE *page = fopen("docs/PROTOCOL.md", "r");
    cr_assert_not_null(page);
    live_start_with_file(&server, "schema.example.json", NULL);
    live_connect(&client, &server);
    cr_expect_gt(play_page(page, &client), 40);
    fclose(page);
    live_close(&client);
    live_stop(&server);
}

/* Every method that the server has is in a request on the page. */
Test(live_docs, every_method_is_on_the_page)
{
    struct live_server server;
    struct live_client client;
    static char page[200000];
    FILE *file = fopen("docs/PROTOCOL.md", "r");
    cr_assert_not_null(file);
    cr_assert_lt(fread(page, 1, sizeof page - 1, file), sizeof page - 1);
    fclose(file);
    live_start_with_file(&server, "schema.example.json", NULL);
    live_connect(&client, &server);
    struct slice reply = live_ask(&client, "{\"id\":1,\"method\":\"rpc.discover\"}");
    cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
    const cJSON *document = cJSON_GetObjectItemCaseSensitive(parsed, "result");
    const cJSON *method;
    unsigned count = 0;
    cJSON_ArrayForEach(method, cJSON_GetObjectItemCaseSensitive(document, "methods"))
    {
        char wanted[128];
        snprintf(wanted, sizeof wanted, "\"method\":\"%s\"",
                 cJSON_GetObjectItemCaseSensitive(method, "name")->valuestring);
        cr_expect_not_null(strstr(page, wanted), "%s", wanted);
        count++;
    }
    cJSON_Delete(parsed);
    cr_expect_gt(count, 25);
    live_close(&client);
    live_stop(&server);
}
