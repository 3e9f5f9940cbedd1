/* The OpenRPC document: what the tables of methods do not say, and writing it. */
#include "server/openrpc.h"

#include "base/value.h"
#include "relations/method.h"
#include "server/version.h"

#include <assert.h>

/* What a param is, as JSON Schema; section 3 of the contract says what values are. */
struct parameter_text {
    const char *schema;
    const char *summary;
};

#define STRING  "{\"type\":\"string\"}"
#define OBJECT  "{\"type\":\"object\"}"
#define ARRAY   "{\"type\":\"array\"}"
#define COUNT   "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}"
#define ANY     "true"
#define ORDER   "{\"type\":\"string\",\"enum\":[\"asc\",\"desc\"]}"
#define STRINGS "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"

static const struct parameter_text PARAMETER_TEXTS[PARAM_COUNT_OF_ALL] = {
    [PARAM_TABLE] = {STRING, "The table's name."},
    [PARAM_ID] = {STRING, "The document's id."},
    [PARAM_IDS] = {ARRAY, "Ids; null stands for no document."},
    [PARAM_INDEX] = {STRING, "The index's name."},
    [PARAM_VALUE] = {ANY, "What the index's first field equals."},
    [PARAM_FIELD] = {STRING, "The index's first field; never needed."},
    [PARAM_TO_FIELD] = {STRING, "The field of the join table that holds the id of the target."},
    [PARAM_RANGE] = {ARRAY, "Bounds on the index's fields: [[comparison, field, value], …]."},
    [PARAM_ORDER] = {ORDER, "Ascending (the default) or descending."},
    [PARAM_FILTER] = {ANY, "An expression over $it, the document."},
    [PARAM_SELECT] = {STRINGS, "The top-level fields to return."},
    [PARAM_TAKE] = {COUNT, "At most so many."},
    [PARAM_N] = {COUNT, "At most so many."},
    [PARAM_PAGINATE] = {OBJECT, "{\"numItems\": n, \"cursor\": null or a string}."},
    [PARAM_NUM_ITEMS] = {"{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000}",
                         "Documents a page, 1 to 10,000."},
    [PARAM_CURSOR] = {"{\"type\":[\"string\",\"null\"]}",
                      "Where the page begins; null: the start."},
    [PARAM_WITH_LINK] = {"{\"type\":\"boolean\"}", "Whether the join document comes with each."},
    [PARAM_ARGS] = {OBJECT, "Values for expressions, as $args."},
    [PARAM_DOCUMENT] = {OBJECT, "The document."},
    [PARAM_DOCUMENTS] = {"{\"type\":\"array\",\"items\":{\"type\":\"object\"}}", "The documents."},
    [PARAM_FIELDS] = {OBJECT, "The fields to replace; {\"$undefined\": null} removes one."},
    [PARAM_DO] = {ARRAY, "The steps of the program."},
    [PARAM_RETURN] = {ANY, "The expression that the program answers."},
    [PARAM_LIMITS] = {OBJECT, "Lower limits: documents, bytes, milliseconds."},
};

static const char *const SUMMARIES[] = {
    [METHOD_GET] = "The document with the id.",
    [METHOD_GET_ALL] = "The documents with the ids, in their order.",
    [METHOD_GET_ONE_FROM] = "The one document whose first index field equals the value.",
    [METHOD_GET_MANY_FROM] = "All documents whose first index field equals the value.",
    [METHOD_GET_MANY_VIA] = "What the documents of a join table refer to.",
    [METHOD_COLLECT] = "All documents of an index range.",
    [METHOD_FIRST] = "The first document of an index range, or null.",
    [METHOD_UNIQUE] = "The only document of an index range, or null.",
    [METHOD_TAKE] = "The first n documents of an index range.",
    [METHOD_PAGINATE] = "A page of an index range.",
    [METHOD_COUNT] = "How many documents an index range has.",
    [METHOD_EXISTS] = "Whether an index range has a document.",
    [METHOD_NORMALIZE_ID] = "The id if it is one of the table, else null.",
    [METHOD_INSERT] = "Inserts a document and answers its id.",
    [METHOD_INSERT_MANY] = "Inserts documents, all or none, and answers their ids.",
    [METHOD_PATCH] = "Replaces fields of a document.",
    [METHOD_REPLACE] = "Replaces a document.",
    [METHOD_DELETE] = "Deletes a document.",
    [METHOD_QUERY] = "Runs a program that reads.",
    [METHOD_MUTATION] = "Runs a program that may write, as one transaction.",
    [METHOD_EXPLAIN] = "Runs a program that reads, and tells what each step cost.",
};

static void write_member(struct buffer *buffer, const char *name, struct slice string)
{
    buffer_append_format(buffer, "\"%s\":", name);
    json_write_string(buffer, string);
}

static void write_parameter(struct buffer *buffer, struct slice name, const char *summary,
                            const char *schema, bool required)
{
    buffer_append_char(buffer, '{');
    write_member(buffer, "name", name);
    buffer_append_char(buffer, ',');
    write_member(buffer, "summary", slice_of(summary));
    buffer_append_format(buffer, ",\"required\":%s,\"schema\":%s}", required ? "true" : "false",
                         schema);
}

/* Params of a method of relations/. */
static void write_parameters(struct buffer *buffer, const struct method *method)
{
    for (uint32_t i = 0; i < method->parameter_count; i++) {
        enum parameter parameter = (enum parameter)method->parameters[i];
        const struct parameter_text *text = &PARAMETER_TEXTS[parameter];
        assert(text->schema != NULL);
        if (i > 0) {
            buffer_append_char(buffer, ',');
        }
        write_parameter(buffer, parameter_name(parameter), text->summary, text->schema,
                        (method->required & PARAM_BIT(parameter)) != 0);
    }
}

/* Params of one of the server's own methods. */
static void write_own_parameters(struct buffer *buffer, const struct method_entry *entry)
{
    for (uint32_t i = 0; i < OWN_PARAMETERS_MAX && entry->parameters[i].name != NULL; i++) {
        const struct own_parameter *parameter = &entry->parameters[i];
        if (i > 0) {
            buffer_append_char(buffer, ',');
        }
        write_parameter(buffer, slice_of(parameter->name), parameter->summary,
                        own_type_schema(parameter->type), parameter->required);
    }
}

static const char *find_summary(const struct method_entry *entry)
{
    const char *summary = entry->method == NULL ? entry->summary : SUMMARIES[entry->method->kind];
    assert(summary != NULL);
    return summary;
}

/* Who may call it, and whether it may be a step of a program. */
static void write_tags(struct buffer *buffer, const struct method_entry *entry)
{
    buffer_append_format(buffer, ",\"tags\":[{\"name\":\"%s\"}", role_name(entry->role));
    if (entry->method != NULL && entry->method->is_verb) {
        buffer_append_slice(buffer, SLICE(",{\"name\":\"verb\"}"));
    }
    buffer_append_char(buffer, ']');
}

static void write_method(struct buffer *buffer, const struct method_entry *entry)
{
    const struct method *method = entry->method;
    bool by_name = method != NULL && method->by_name_only;
    buffer_append_char(buffer, '{');
    write_member(buffer, "name", entry->name);
    buffer_append_char(buffer, ',');
    write_member(buffer, "summary", slice_of(find_summary(entry)));
    write_tags(buffer, entry);
    buffer_append_format(buffer, ",\"paramStructure\":\"%s\"", by_name ? "by-name" : "either");
    buffer_append_slice(buffer, SLICE(",\"params\":["));
    if (method != NULL) {
        write_parameters(buffer, method);
    } else {
        write_own_parameters(buffer, entry);
    }
    buffer_append_slice(buffer, SLICE("],\"result\":{\"name\":\"result\",\"schema\":true}}"));
}

void openrpc_write(struct buffer *buffer, const struct methods *methods)
{
    buffer_append_slice(
        buffer,
        SLICE("{\"openrpc\":\"1.3.2\",\"info\":{\"title\":\"Tenon\",\"version\":\"" TENON_VERSION
              "\"},\"methods\":["));
    for (uint32_t i = 0; i < methods->count; i++) {
        if (i > 0) {
            buffer_append_char(buffer, ',');
        }
        write_method(buffer, &methods->entries[i]);
    }
    buffer_append_slice(buffer, SLICE("]}"));
}
