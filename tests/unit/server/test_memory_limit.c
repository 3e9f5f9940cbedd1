/* At --max-memory: what is refused, and what goes on. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA      "{'tables':{'notes':{'indexes':{'by_n':['n']}}}}"
#define MEMORY_MAX  (4 * 1024 * 1024)
#define ID_SIZE_MAX 40

/* Inserts the same document until it is refused. */
static void insert_until_refused(struct local *local, const char *params)
{
    unsigned count = 0;
    while (!slice_starts_with(local_call(local, "insert", params), SLICE("!LimitExceeded"))) {
        count += 1;
        cr_assert(count < MEMORY_MAX / 50, "nothing is refused");
    }
}

/* Fills a service until not even the smallest document fits, and gives the id of the first. */
static void fill(struct local *local, char id[ID_SIZE_MAX])
{
    struct service_options options = service_default_options();
    struct buffer params = {0};
    options.database.memory_max = MEMORY_MAX;
    local_start_with(local, SCHEMA, &options);
    local_call(local, "insert", "['notes',{}]"); /* what follows has the same shapes */
    struct slice first = local_call(local, "insert", "['notes',{'n':0,'t':'first'}]");
    cr_assert(first.size > 2 && first.size < ID_SIZE_MAX);
    snprintf(id, ID_SIZE_MAX, "%.*s", (int)first.size - 2, first.data + 1);
    buffer_append_format(&params, "['notes',{'n':1,'t':'%01000d'}]%c", 0, 0);
    insert_until_refused(local, params.data);
    insert_until_refused(local, "['notes',{}]");
    buffer_deinit(&params);
}

/* `%s` in the params stands for the id of a document. */
struct row {
    const char *method;
    const char *params;
    const char *expected;
};

static void expect_rows(struct local *local, const char *id, const struct row *rows, size_t count)
{
    struct buffer params = {0};
    for (size_t i = 0; i < count; i++) {
        params.size = 0;
        buffer_append_format(&params, rows[i].params, id);
        buffer_append_char(&params, '\0');
        local_expect(local, rows[i].method, params.data, rows[i].expected);
    }
    buffer_deinit(&params);
}

#define LONG "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"

Test(memory_limit, refuses_every_method_that_makes_documents)
{
    static const struct row rows[] = {
        {"insertMany", "['notes',[{'t':" LONG "},{'t':" LONG "}]]", "!LimitExceeded"},
        {"patch", "['%s',{'t':" LONG "}]", "!LimitExceeded"},
        {"patch", "['%s',{'t':''}]", "!LimitExceeded"},
        {"replace", "['%s',{'t':" LONG "}]", "!LimitExceeded"},
        {"mutation", "{'do':[{'insert':['notes',{'t':" LONG "}]}]}", "!LimitExceeded"},
        {"mutation", "{'do':[{'insertMany':['notes',[{'t':" LONG "}]]}]}", "!LimitExceeded"},
        {"mutation", "{'do':[{'patch':['%s',{'t':" LONG "}]}]}", "!LimitExceeded"},
        {"mutation", "{'do':[{'replace':['%s',{'t':" LONG "}]}]}", "!LimitExceeded"},
    };
    struct local local;
    char id[ID_SIZE_MAX];
    struct buffer before = {0};
    struct buffer after = {0};
    fill(&local, id);
    local_dump(&local, &before);
    expect_rows(&local, id, rows, COUNT_OF(rows));
    local_dump(&local, &after);
    cr_expect(slice_equal(buffer_slice(&before), buffer_slice(&after)), "something was written");
    buffer_deinit(&before);
    buffer_deinit(&after);
    local_stop(&local);
}

Test(memory_limit, lets_reads_and_what_makes_room_go_on)
{
    static const struct row rows[] = {
        {"getOneFrom", "['notes','by_n',2]", "null"},
        {"exists", "['notes']", "true"},
        {"collect", "{'table':'notes','index':'by_n','range':[['eq','n',0]],'select':['t']}",
         "[{'t':'first'}]"},
        {"query", "{'do':[{'let':'a','getManyFrom':['notes','by_n',0]}],'return':'$a[*].t'}",
         "['first']"},
        {"query", "{'return':{'$concat':[" LONG ",'']}}", LONG},
        {"normalizeId", "['notes','x']", "null"},
        {"ping", "[]", "'pong'"},
        {"mutation", "{'do':[{'value':1}],'return':2}", "2"},
        {"delete", "['%s']", "null"},
        {"count", "{'table':'notes','filter':{'$eq':['$it.n',0]}}", "0"},
        {"mutation",
         "{'do':[{'let':'a','take':{'table':'notes','n':20}},"
         "{'asyncMap':{'over':'$a','as':'x','do':[{'delete':['$x._id']}],'return':1}}],"
         "'return':{'$size':'$a'}}",
         "20"},
        {"patch", "{'id':'%s','fields':{}}", "!DocumentNotFound"},
    };
    struct local local;
    char id[ID_SIZE_MAX];
    fill(&local, id);
    expect_rows(&local, id, rows, COUNT_OF(rows));
    cr_expect_neq(*local_call(&local, "insert", "['notes',{'n':3}]").data, '!', "no room was made");
    local_stop(&local);
}
