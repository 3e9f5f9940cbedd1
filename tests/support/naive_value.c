/* Plain values: made from JSON, and compared. */
#include "base/base64.h"
#include "tests/support/naive.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double float_of(const char *text)
{
    char bytes[16];
    size_t size;
    double number;
    cr_assert(base64_decode(slice_of(text), bytes, &size) && size == 8);
    memcpy(&number, bytes, 8);
    return number;
}

static const struct plain *container_of(struct arena *arena, const cJSON *json, struct plain *value)
{
    size_t count = (size_t)cJSON_GetArraySize(json);
    value->type = cJSON_IsArray(json) ? PLAIN_LIST : PLAIN_OBJECT;
    value->items = arena_allocate(arena, count * sizeof(*value->items));
    value->names = arena_allocate(arena, count * sizeof(*value->names));
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        struct slice name = slice_of(item->string ? item->string : "");
        value->names[value->count] = arena_format(arena, "%.*s%c", SLICE_FORMAT(name), 0).data;
        value->items[value->count] = plain_of(arena, item);
        value->count += 1;
    }
    return value;
}

const struct plain *plain_of(struct arena *arena, const cJSON *json)
{
    struct plain *value = arena_allocate_zeroed(arena, sizeof(*value));
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(json, "$float");
    if (number != NULL) {
        value->type = PLAIN_NUMBER;
        value->number = float_of(number->valuestring);
    } else if (cJSON_IsNumber(json)) {
        value->type = PLAIN_NUMBER;
        value->number = json->valuedouble;
    } else if (cJSON_IsString(json)) {
        value->type = PLAIN_STRING;
        value->string = arena_format(arena, "%s%c", json->valuestring, 0).data;
    } else if (cJSON_IsBool(json)) {
        value->type = cJSON_IsTrue(json) ? PLAIN_TRUE : PLAIN_FALSE;
    } else if (!cJSON_IsNull(json)) {
        return container_of(arena, json, value);
    }
    return value;
}

/* IEEE total order of what is not NaN; every NaN is last. */
static int compare_numbers(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return (isnan(a) != 0) - (isnan(b) != 0);
    }
    if (a == 0 && b == 0) {
        return (signbit(b) != 0) - (signbit(a) != 0);
    }
    return (a > b) - (a < b);
}

static int compare_lists(const struct plain *a, const struct plain *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = plain_compare(a->items[i], b->items[i]);
        if (order != 0) {
            return order;
        }
    }
    return (a->count > b->count) - (a->count < b->count);
}

/* The position of the name that comes `rank`-th in order. */
static size_t ranked(const struct plain *object, size_t rank)
{
    for (size_t i = 0; i < object->count; i++) {
        size_t before = 0;
        for (size_t j = 0; j < object->count; j++) {
            before += strcmp(object->names[j], object->names[i]) < 0;
        }
        if (before == rank) {
            return i;
        }
    }
    return object->count;
}

static int compare_objects(const struct plain *a, const struct plain *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        size_t at = ranked(a, i);
        size_t bt = ranked(b, i);
        int order = strcmp(a->names[at], b->names[bt]);
        order = order != 0 ? order : plain_compare(a->items[at], b->items[bt]);
        if (order != 0) {
            return order;
        }
    }
    return (a->count > b->count) - (a->count < b->count);
}

int plain_compare(const struct plain *a, const struct plain *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    switch (a->type) {
    case PLAIN_NUMBER:
        return compare_numbers(a->number, b->number);
    case PLAIN_STRING:
        return strcmp(a->string, b->string);
    case PLAIN_LIST:
        return compare_lists(a, b);
    case PLAIN_OBJECT:
        return compare_objects(a, b);
    default:
        return 0;
    }
}

bool plain_same(const struct plain *a, const struct plain *b)
{
    if (a->type != b->type || a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!plain_same(a->items[i], b->items[i]) ||
            (a->type == PLAIN_OBJECT && strcmp(a->names[i], b->names[i]) != 0)) {
            return false;
        }
    }
    return a->count > 0 || plain_compare(a, b) == 0;
}
