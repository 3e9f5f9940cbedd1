/* The table of methods, and binding params to parameters. */
#include "relations/method.h"

#include "relations/call.h"

#include <assert.h>

#define BIT(name)    PARAM_BIT(PARAM_##name)
#define NAME(string) .name = {.data = (string), .size = sizeof(string) - 1}
#define BOTH         .is_method = true, .is_verb = true
#define VERB_ONLY    .is_verb = true, .by_name_only = true

/* Parameters: `positional` of them by position, and what else may be given by name. */
#define TAKES(positional, ...)                                                                     \
    .positional_count = (positional), .parameters = {__VA_ARGS__},                                 \
    .parameter_count = sizeof((uint8_t[]){__VA_ARGS__})

#define RANGE_READ PARAM_TABLE, PARAM_INDEX, PARAM_RANGE
#define FILTERED   PARAM_FILTER, PARAM_ARGS
#define MANY                                                                                       \
    PARAM_ORDER, PARAM_TAKE, PARAM_RANGE, PARAM_FILTER, PARAM_ARGS, PARAM_SELECT, PARAM_PAGINATE

#define PROGRAM TAKES(0, PARAM_ARGS, PARAM_DO, PARAM_RETURN, PARAM_LIMITS), .by_name_only = true

static const struct method METHODS[] = {
    {NAME("get"), BOTH, .kind = METHOD_GET, TAKES(2, PARAM_TABLE, PARAM_ID),
     .table_may_be_left_out = true, .required = BIT(ID)},
    {NAME("getOrThrow"), BOTH, .kind = METHOD_GET, TAKES(2, PARAM_TABLE, PARAM_ID),
     .table_may_be_left_out = true, .required = BIT(ID), .or_throw = true},
    {NAME("getAll"), BOTH, .kind = METHOD_GET_ALL, TAKES(2, PARAM_TABLE, PARAM_IDS),
     .table_may_be_left_out = true, .required = BIT(IDS)},
    {NAME("getAllOrThrow"), BOTH, .kind = METHOD_GET_ALL, TAKES(2, PARAM_TABLE, PARAM_IDS),
     .table_may_be_left_out = true, .required = BIT(IDS), .or_throw = true},
    {NAME("getOneFrom"), BOTH, .kind = METHOD_GET_ONE_FROM,
     TAKES(4, PARAM_TABLE, PARAM_INDEX, PARAM_VALUE, PARAM_FIELD),
     .required = BIT(TABLE) | BIT(INDEX) | BIT(VALUE)},
    {NAME("getOneFromOrThrow"), BOTH, .kind = METHOD_GET_ONE_FROM,
     TAKES(4, PARAM_TABLE, PARAM_INDEX, PARAM_VALUE, PARAM_FIELD),
     .required = BIT(TABLE) | BIT(INDEX) | BIT(VALUE), .or_throw = true},
    {NAME("getManyFrom"), BOTH, .kind = METHOD_GET_MANY_FROM,
     TAKES(4, PARAM_TABLE, PARAM_INDEX, PARAM_VALUE, PARAM_FIELD, MANY),
     .required = BIT(TABLE) | BIT(INDEX) | BIT(VALUE)},
    {NAME("getManyVia"), BOTH, .kind = METHOD_GET_MANY_VIA,
     TAKES(5, PARAM_TABLE, PARAM_TO_FIELD, PARAM_INDEX, PARAM_VALUE, PARAM_FIELD, MANY,
           PARAM_WITH_LINK),
     .required = BIT(TABLE) | BIT(TO_FIELD) | BIT(INDEX) | BIT(VALUE)},
    {NAME("getManyViaOrThrow"), BOTH, .kind = METHOD_GET_MANY_VIA,
     TAKES(5, PARAM_TABLE, PARAM_TO_FIELD, PARAM_INDEX, PARAM_VALUE, PARAM_FIELD, MANY,
           PARAM_WITH_LINK),
     .required = BIT(TABLE) | BIT(TO_FIELD) | BIT(INDEX) | BIT(VALUE), .or_throw = true},
    {NAME("collect"), BOTH, .kind = METHOD_COLLECT,
     TAKES(3, RANGE_READ, PARAM_ORDER, FILTERED, PARAM_SELECT), .required = BIT(TABLE)},
    {NAME("first"), BOTH, .kind = METHOD_FIRST,
     TAKES(3, RANGE_READ, PARAM_ORDER, FILTERED, PARAM_SELECT), .required = BIT(TABLE)},
    {NAME("unique"), BOTH, .kind = METHOD_UNIQUE, TAKES(3, RANGE_READ, FILTERED, PARAM_SELECT),
     .required = BIT(TABLE)},
    {NAME("take"), BOTH, .kind = METHOD_TAKE,
     TAKES(3, RANGE_READ, PARAM_N, PARAM_ORDER, FILTERED, PARAM_SELECT),
     .required = BIT(TABLE) | BIT(N)},
    {NAME("paginate"), BOTH, .kind = METHOD_PAGINATE,
     TAKES(3, RANGE_READ, PARAM_NUM_ITEMS, PARAM_CURSOR, PARAM_ORDER, FILTERED, PARAM_SELECT),
     .required = BIT(TABLE) | BIT(NUM_ITEMS)},
    {NAME("count"), BOTH, .kind = METHOD_COUNT, TAKES(3, RANGE_READ, FILTERED),
     .required = BIT(TABLE)},
    {NAME("exists"), BOTH, .kind = METHOD_EXISTS, TAKES(3, RANGE_READ, FILTERED),
     .required = BIT(TABLE)},
    {NAME("normalizeId"), BOTH, .kind = METHOD_NORMALIZE_ID, TAKES(2, PARAM_TABLE, PARAM_ID),
     .required = BIT(TABLE) | BIT(ID)},

    {NAME("insert"), BOTH, .kind = METHOD_INSERT, TAKES(2, PARAM_TABLE, PARAM_DOCUMENT),
     .required = BIT(TABLE) | BIT(DOCUMENT), .writes = true},
    {NAME("insertMany"), BOTH, .kind = METHOD_INSERT_MANY, TAKES(2, PARAM_TABLE, PARAM_DOCUMENTS),
     .required = BIT(TABLE) | BIT(DOCUMENTS), .writes = true},
    {NAME("patch"), BOTH, .kind = METHOD_PATCH, TAKES(3, PARAM_TABLE, PARAM_ID, PARAM_FIELDS),
     .table_may_be_left_out = true, .required = BIT(ID) | BIT(FIELDS), .writes = true},
    {NAME("replace"), BOTH, .kind = METHOD_REPLACE, TAKES(3, PARAM_TABLE, PARAM_ID, PARAM_DOCUMENT),
     .table_may_be_left_out = true, .required = BIT(ID) | BIT(DOCUMENT), .writes = true},
    {NAME("delete"), BOTH, .kind = METHOD_DELETE, TAKES(2, PARAM_TABLE, PARAM_ID),
     .table_may_be_left_out = true, .required = BIT(ID), .writes = true},

    {NAME("asyncMap"), VERB_ONLY, .kind = METHOD_ASYNC_MAP,
     TAKES(0, PARAM_OVER, PARAM_AS, PARAM_INDEX, PARAM_DO, PARAM_RETURN),
     .required = BIT(OVER) | BIT(AS) | BIT(RETURN)},
    {NAME("filter"), VERB_ONLY, .kind = METHOD_FILTER, TAKES(0, PARAM_OVER, PARAM_AS, PARAM_WHERE),
     .required = BIT(OVER) | BIT(AS) | BIT(WHERE)},
    {NAME("sort"), VERB_ONLY, .kind = METHOD_SORT, TAKES(0, PARAM_OVER, PARAM_AS, PARAM_BY),
     .required = BIT(OVER) | BIT(AS) | BIT(BY)},
    {NAME("distinct"), VERB_ONLY, .kind = METHOD_DISTINCT, TAKES(0, PARAM_OVER, PARAM_AS, PARAM_BY),
     .required = BIT(OVER)},
    {NAME("group"), VERB_ONLY, .kind = METHOD_GROUP, TAKES(0, PARAM_OVER, PARAM_AS, PARAM_BY),
     .required = BIT(OVER) | BIT(AS) | BIT(BY)},
    {NAME("slice"), VERB_ONLY, .kind = METHOD_SLICE, TAKES(0, PARAM_OVER, PARAM_START, PARAM_COUNT),
     .required = BIT(OVER)},
    {NAME("flatten"), VERB_ONLY, .kind = METHOD_FLATTEN, TAKES(0, PARAM_OVER),
     .required = BIT(OVER)},
    {NAME("walk"), VERB_ONLY, .kind = METHOD_WALK, TAKES(0, PARAM_FROM, PARAM_FIELD, PARAM_DEPTH),
     .required = BIT(FROM) | BIT(FIELD)},
    {NAME("traverse"), VERB_ONLY, .kind = METHOD_TRAVERSE,
     TAKES(0, PARAM_FROM, PARAM_VIA, PARAM_DEPTH), .required = BIT(FROM) | BIT(VIA)},
    {NAME("value"), VERB_ONLY, .kind = METHOD_VALUE, TAKES(0, PARAM_VALUE), .required = BIT(VALUE)},
    {NAME("assert"), VERB_ONLY, .kind = METHOD_ASSERT, TAKES(0, PARAM_THAT, PARAM_MESSAGE),
     .required = BIT(THAT) | BIT(MESSAGE)},

    {NAME("query"), .is_method = true, .kind = METHOD_QUERY, PROGRAM},
    {NAME("mutation"), .is_method = true, .kind = METHOD_MUTATION, PROGRAM, .writes = true},
    {NAME("explain"), .is_method = true, .kind = METHOD_EXPLAIN, PROGRAM},
};

static const struct slice PARAMETER_NAMES[] = {
#define PARAMETER_NAME(constant, name_) {.data = (name_), .size = sizeof(name_) - 1},
    PARAMETERS(PARAMETER_NAME)
#undef PARAMETER_NAME
};

static_assert(PARAM_COUNT_OF_ALL <= 64, "parameters fit into a mask");

const struct method *method_table_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(METHODS); i++) {
        if (slice_equal(METHODS[i].name, name)) {
            return &METHODS[i];
        }
    }
    return NULL;
}

bool method_writes(const struct method *method)
{
    return method->writes;
}

const struct method *method_at(uint32_t number)
{
    for (size_t i = 0; i < COUNT_OF(METHODS); i++) {
        if (METHODS[i].is_method && number-- == 0) {
            return &METHODS[i];
        }
    }
    return NULL;
}

struct slice method_name(const struct method *method)
{
    return method->name;
}

struct slice parameter_name(enum parameter parameter)
{
    return PARAMETER_NAMES[parameter];
}

bool param_fail(const struct bound_params *bound, enum parameter parameter, struct error *error)
{
    if (bound->positions[parameter] >= 0) {
        error_prefix_path_index(error, (uint32_t)bound->positions[parameter]);
    } else {
        error_prefix_path(error, PARAMETER_NAMES[parameter]);
    }
    return false;
}

static void bind(struct bound_params *bound, enum parameter parameter, struct value value,
                 int8_t position)
{
    bound->given |= PARAM_BIT(parameter);
    bound->values[parameter] = value;
    bound->positions[parameter] = position;
}

static bool bind_by_position(const struct method *method, struct value params,
                             struct bound_params *bound, struct error *error)
{
    uint32_t count;
    const struct value *items = value_items(error->arena, params, &count);
    if (method->by_name_only && count > 0) {
        return error_set(error, ERROR_INVALID_PARAMS, "%.*s takes its params by name.",
                         SLICE_FORMAT(method->name));
    }
    if (count > method->positional_count) {
        error_set(error, ERROR_INVALID_PARAMS,
                  "%.*s takes at most %u params by position, the rest by name; got %u.",
                  SLICE_FORMAT(method->name), method->positional_count, count);
        error_prefix_path_index(error, method->positional_count);
        return false;
    }
    uint32_t skipped = method->table_may_be_left_out && count + 1 == method->positional_count;
    for (uint32_t i = 0; i < count; i++) {
        bind(bound, method->parameters[i + skipped], items[i], (int8_t)i);
    }
    return true;
}

static bool bind_by_name(const struct method *method, struct value params,
                         struct bound_params *bound, struct error *error)
{
    uint32_t count;
    const struct value_field *fields = value_fields(error->arena, params, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t p = 0;
        while (p < method->parameter_count &&
               !slice_equal(PARAMETER_NAMES[method->parameters[p]], fields[i].name)) {
            p += 1;
        }
        if (p == method->parameter_count) {
            error_set(error, ERROR_INVALID_PARAMS, "%.*s has no param `%.*s`.",
                      SLICE_FORMAT(method->name), SLICE_FORMAT(fields[i].name));
            error_prefix_path(error, fields[i].name);
            return false;
        }
        bind(bound, method->parameters[p], fields[i].value, -1);
    }
    return true;
}

bool method_bind_params(const struct method *method, struct value params,
                        struct bound_params *bound, struct error *error)
{
    bound->given = 0;
    bool is_array = value_type(params) == TYPE_ARRAY;
    if (!value_is_missing(params) && !(is_array ? bind_by_position(method, params, bound, error)
                                                : bind_by_name(method, params, bound, error))) {
        return false;
    }
    uint64_t lacking = method->required & ~bound->given;
    if (lacking == 0) {
        return true;
    }
    for (uint32_t i = 0; i < method->parameter_count; i++) {
        struct slice name = PARAMETER_NAMES[method->parameters[i]];
        if (lacking & PARAM_BIT(method->parameters[i])) {
            return error_set(error, ERROR_INVALID_PARAMS, "%.*s needs the param `%.*s`.",
                             SLICE_FORMAT(method->name), SLICE_FORMAT(name));
        }
    }
    assert(false && "a required parameter is one of the method's");
    return false;
}
