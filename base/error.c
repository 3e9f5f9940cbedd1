/* Errors that a user sees. */
#include "base/error.h"

#include "base/json_pointer.h"

#include <assert.h>
#include <stdarg.h>

/* Member by member, because every request has an error ready, and compilers clear a whole one by an
 * instruction that is slow to begin. */
void error_init(struct error *error, struct arena *arena)
{
    struct slice absent = {0};
    error->arena = arena;
    error->code = ERROR_NONE;
    error->message = absent;
    error->path = absent;
    error->table = absent;
    error->index = absent;
    error->field = absent;
    error->id = absent;
    error->limit = absent;
    error->reason = absent;
    error->outcome = absent;
    error->value = VALUE_IS(VALUE_MISSING);
    error->offset = -1;
    error->items = NULL;
    error->item_count = 0;
}

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    assert(code > ERROR_NONE && code < ERROR_CODE_COUNT);
    if (error->code != ERROR_NONE) {
        return false;
    }
    va_list values;
    va_start(values, format);
    error->code = code;
    error->message = arena_format_list(error->arena, format, values);
    va_end(values);
    return false;
}

void error_prefix_path(struct error *error, struct slice token)
{
    if (error->code != ERROR_NONE) {
        error->path = json_pointer_prefix(error->arena, token, error->path);
    }
}

void error_prefix_path_index(struct error *error, uint32_t index)
{
    if (error->code != ERROR_NONE) {
        error->path = json_pointer_prefix_index(error->arena, index, error->path);
    }
}

int error_code_number(enum error_code code)
{
    static const int numbers[] = {0,
#define ERROR_NUMBER(constant, number, name, text) number,
                                  ERROR_CODES(ERROR_NUMBER)
#undef ERROR_NUMBER
    };
    assert(code > ERROR_NONE && code < ERROR_CODE_COUNT);
    return numbers[code];
}

const char *error_code_name(enum error_code code)
{
    static const char *const names[] = {"",
#define ERROR_NAME(constant, number, name, text) name,
                                        ERROR_CODES(ERROR_NAME)
#undef ERROR_NAME
    };
    assert(code > ERROR_NONE && code < ERROR_CODE_COUNT);
    return names[code];
}
