/* Params of the server's own methods. See own_params.h. */
#include "server/own_params.h"

#define TEXT_OF_NUMBER_(number) #number
#define TEXT_OF_NUMBER(number)  TEXT_OF_NUMBER_(number)

static const struct {
    const char *schema;
    const char *expected; /* as messages say it */
} TYPES[] = {
    [OWN_STRING] = {"{\"type\":\"string\"}", "a string"},
    [OWN_STRING_OR_NULL] = {"{\"type\":[\"string\",\"null\"]}", "null or a string"},
    [OWN_PAGE_ITEMS] = {"{\"type\":\"integer\",\"minimum\":1,\"maximum\":" TEXT_OF_NUMBER(
                            OWN_PAGE_ITEMS_MAX) "}",
                        "a whole number from 1 to " TEXT_OF_NUMBER(OWN_PAGE_ITEMS_MAX)},
};

const char *own_type_schema(enum own_type type)
{
    return TYPES[type].schema;
}

static uint32_t count_parameters(const struct own_parameter *parameters)
{
    uint32_t count = 0;
    while (count < OWN_PARAMETERS_MAX && parameters[count].name != NULL) {
        count += 1;
    }
    return count;
}

bool own_params_fail(const struct own_params *params, uint32_t index, struct error *error)
{
    if (params->by_position) {
        error_prefix_path_index(error, index);
    } else {
        error_prefix_path(error, slice_of(params->parameters[index].name));
    }
    return false;
}

static bool bind_by_position(struct slice method, uint32_t parameter_count, struct arena *arena,
                             struct value params, struct own_params *bound, struct error *error)
{
    uint32_t count;
    const struct value *items = value_items(arena, params, &count);
    if (count > parameter_count) {
        error_set(error, ERROR_INVALID_PARAMS, "%.*s takes %u params; got %u.",
                  SLICE_FORMAT(method), parameter_count, count);
        error_prefix_path_index(error, parameter_count);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        bound->values[i] = items[i];
    }
    return true;
}

static bool bind_by_name(struct slice method, uint32_t parameter_count, struct arena *arena,
                         struct value params, struct own_params *bound, struct error *error)
{
    uint32_t count;
    const struct value_field *fields = value_fields(arena, params, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t found = 0;
        while (found < parameter_count &&
               !slice_equal(fields[i].name, slice_of(bound->parameters[found].name))) {
            found += 1;
        }
        if (found == parameter_count) {
            error_set(error, ERROR_INVALID_PARAMS, "%.*s has no param `%.*s`.",
                      SLICE_FORMAT(method), SLICE_FORMAT(fields[i].name));
            error_prefix_path(error, fields[i].name);
            return false;
        }
        bound->values[found] = fields[i].value;
    }
    return true;
}

static bool is_page_items(struct value value)
{
    double number = value_type(value) == TYPE_NUMBER ? value_number(value) : 0;
    return number >= 1 && number <= OWN_PAGE_ITEMS_MAX && number == (double)(uint32_t)number;
}

static bool fits(enum own_type type, struct value value)
{
    switch (type) {
    case OWN_STRING:
        return value_type(value) == TYPE_STRING;
    case OWN_STRING_OR_NULL:
        return value_type(value) == TYPE_STRING || value_type(value) == TYPE_NULL;
    case OWN_PAGE_ITEMS:
        break;
    }
    return is_page_items(value);
}

static bool check_parameter(struct slice method, const struct own_params *bound, uint32_t index,
                            struct error *error)
{
    const struct own_parameter *parameter = &bound->parameters[index];
    struct value value = bound->values[index];
    if (value_is_missing(value)) {
        return !parameter->required ||
               error_set(error, ERROR_INVALID_PARAMS, "%.*s needs the param `%s`.",
                         SLICE_FORMAT(method), parameter->name);
    }
    if (fits(parameter->type, value)) {
        return true;
    }
    bool is_number = value_type(value) == TYPE_NUMBER && parameter->type == OWN_PAGE_ITEMS;
    error_set(error, ERROR_INVALID_PARAMS, "`%s` must be %s%s%s.", parameter->name,
              TYPES[parameter->type].expected, is_number ? "" : ", got ",
              is_number ? "" : value_type_name(value_type(value)));
    error->value = value;
    return own_params_fail(bound, index, error);
}

bool own_params_bind(struct slice method, const struct own_parameter *parameters,
                     struct arena *arena, struct value params, struct own_params *bound,
                     struct error *error)
{
    uint32_t count = count_parameters(parameters);
    *bound = (struct own_params){.parameters = parameters,
                                 .by_position = value_type(params) == TYPE_ARRAY};
    for (uint32_t i = 0; i < OWN_PARAMETERS_MAX; i++) {
        bound->values[i] = VALUE_IS(VALUE_MISSING);
    }
    bool taken = value_is_missing(params) ||
                 (bound->by_position ? bind_by_position(method, count, arena, params, bound, error)
                                     : bind_by_name(method, count, arena, params, bound, error));
    for (uint32_t i = 0; taken && i < count; i++) {
        taken = check_parameter(method, bound, i, error);
    }
    return taken;
}
