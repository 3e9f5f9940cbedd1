/* The OpenRPC document: every method is in it with the params that it takes. */
#include "server/openrpc.h"

#include "server/service.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the checker answers where it cannot check. */
#define STATUS_SKIPPED 77

static cJSON *read_document(struct methods *methods, struct buffer *text)
{
    methods_init(methods);
    openrpc_write(text, methods);
    cJSON *document = cJSON_ParseWithLength(text->data, text->size);
    cr_assert_not_null(document);
    return document;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
    cr_assert_not_null(found, "%s is missing", name);
    return found;
}

static const cJSON *find_method(const cJSON *document, struct slice name)
{
    const cJSON *found = NULL;
    const cJSON *method;
    cJSON_ArrayForEach(method, member(document, "methods"))
    {
        if (slice_equal(slice_of(member(method, "name")->valuestring), name)) {
            cr_expect_null(found, "%.*s is there twice", SLICE_FORMAT(name));
            found = method;
        }
    }
    cr_assert_not_null(found, "%.*s is missing", SLICE_FORMAT(name));
    return found;
}

/* What the meta-schema demands of a method, whether or not node is here to ask. */
static void expect_method(const cJSON *method)
{
    cr_expect(cJSON_IsString(member(method, "summary")));
    cr_expect(cJSON_IsString(member(member(method, "result"), "name")));
    member(member(method, "result"), "schema");
    const char *structure = member(method, "paramStructure")->valuestring;
    cr_expect(strcmp(structure, "either") == 0 || strcmp(structure, "by-name") == 0);
    const cJSON *param;
    cJSON_ArrayForEach(param, member(method, "params"))
    {
        cr_expect(cJSON_IsString(member(param, "name")));
        cr_expect(cJSON_IsBool(member(param, "required")));
        const cJSON *schema = member(param, "schema");
        cr_expect(cJSON_IsObject(schema) || cJSON_IsBool(schema));
    }
}

Test(openrpc, every_method_is_in_the_document_once)
{
    static struct methods methods;
    struct buffer text = {0};
    cJSON *document = read_document(&methods, &text);
    cr_expect_str_eq(member(document, "openrpc")->valuestring, "1.3.2");
    member(member(document, "info"), "title");
    member(member(document, "info"), "version");
    cr_assert_gt(methods.count, 20);
    cr_expect_eq(cJSON_GetArraySize(member(document, "methods")), (int)methods.count);
    for (uint32_t i = 0; i < methods.count; i++) {
        expect_method(find_method(document, methods.entries[i].name));
    }
    cJSON_Delete(document);
    buffer_deinit(&text);
}

/* A method that gets each param that the document says it needs, and one that it does not know,
 * complains only of the latter: so the document and the method agree. */
Test(openrpc, the_params_in_the_document_are_those_that_methods_take)
{
    static const struct {
        const char *method;
        const char *params;
    } cases[] = {
        {"get", "table? id"},
        {"getManyFrom", "table index value field? order? take? range? filter? args? select? "
                        "paginate?"},
        {"paginate", "table index? range? numItems cursor? order? filter? args? select?"},
        {"insert", "table document"},
        {"query", "args? do? return? limits?"},
        {"auth", "token"},
        {"ping", ""},
    };
    static struct methods methods;
    struct buffer text = {0};
    cJSON *document = read_document(&methods, &text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer found = {0};
        const cJSON *param;
        cJSON_ArrayForEach(param,
                           member(find_method(document, slice_of(cases[i].method)), "params"))
        {
            buffer_append_format(&found, "%s%s%s", found.size == 0 ? "" : " ",
                                 member(param, "name")->valuestring,
                                 cJSON_IsTrue(member(param, "required")) ? "" : "?");
        }
        cr_expect(slice_equal(buffer_slice(&found), slice_of(cases[i].params)), "%s takes %.*s",
                  cases[i].method, SLICE_FORMAT(buffer_slice(&found)));
        buffer_deinit(&found);
    }
    cJSON_Delete(document);
    buffer_deinit(&text);
}

static int run_checker(const char *path)
{
    char command[128];
    snprintf(command, sizeof command, "tools/check-openrpc %s", path);
    int status = system(command);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void write_file(char path[32], struct slice text)
{
    strcpy(path, "/tmp/tenon-openrpc-XXXXXX");
    int descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(write(descriptor, text.data, text.size), (ssize_t)text.size);
    close(descriptor);
}

Test(openrpc, the_document_is_valid_by_the_meta_schema_of_openrpc)
{
    static struct methods methods;
    struct buffer text = {0};
    char path[32];
    cJSON_Delete(read_document(&methods, &text));
    write_file(path, buffer_slice(&text));
    int status = run_checker(path);
    cr_expect(status == 0 || status == STATUS_SKIPPED, "status %d", status);
    unlink(path);
    write_file(path, SLICE("{\"openrpc\":\"1.3.2\",\"info\":{},\"methods\":[]}"));
    cr_expect_neq(run_checker(path), 0, "the checker must refuse what is wrong");
    unlink(path);
    buffer_deinit(&text);
}
