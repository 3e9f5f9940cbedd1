/* The naive evaluator: expressions, the verbs on lists, and programs. */
#include "tests/support/naive.h"

#include "tests/support/naive_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool naive_fail(struct naive_run *run, const char *error)
{
    run->error = error;
    return false;
}

struct plain *plain_new(struct arena *arena, enum plain_type type, size_t room)
{
    struct plain *value = arena_allocate_zeroed(arena, sizeof(*value));
    value->type = type;
    value->items = arena_allocate(arena, room * sizeof(*value->items));
    value->names = arena_allocate(arena, room * sizeof(*value->names));
    return value;
}

const struct plain *plain_number(struct arena *arena, double number)
{
    struct plain *value = plain_new(arena, PLAIN_NUMBER, 0);
    value->number = number;
    return value;
}

const struct plain *plain_bool(struct arena *arena, bool truth)
{
    return plain_new(arena, truth ? PLAIN_TRUE : PLAIN_FALSE, 0);
}

const struct plain *plain_field(const struct plain *object, const char *name)
{
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->names[i], name) == 0) {
            return object->items[i];
        }
    }
    return NULL;
}

void plain_push(struct arena *arena, struct plain *list, const struct plain *item)
{
    list->items[list->count++] = item != NULL ? item : plain_new(arena, PLAIN_NULL, 0);
}

void plain_set(struct plain *object, const char *name, const struct plain *value)
{
    size_t i = 0;
    while (i < object->count && strcmp(object->names[i], name) != 0) {
        i += 1;
    }
    object->names[i] = name;
    object->items[i] = value;
    object->count += i == object->count ? 1 : 0;
}

/* References. */

#define EACH_MAX 20000

static bool is_nothing(const struct plain *value)
{
    return value == NULL || value->type == PLAIN_NULL;
}

/* Takes one `.field`, `?.field` or `[n]` off the path. */
static bool step(struct naive_run *run, const char **path, const struct plain **value,
                 bool *stopped)
{
    bool optional = **path == '?';
    *path += optional ? 1 : 0;
    bool is_item = **path == '[';
    size_t size = strcspn(*path + 1, ".[?]");
    const char *name = arena_format(run->arena, "%.*s%c", (int)size, *path + 1, 0).data;
    *path += 1 + size + (is_item ? 1 : 0);
    if (is_nothing(*value)) {
        *stopped = optional;
        *value = NULL;
        return optional || naive_fail(run, "NullReference");
    }
    if ((*value)->type != (is_item ? PLAIN_LIST : PLAIN_OBJECT)) {
        return naive_fail(run, "TypeMismatch");
    }
    size_t position = strtoul(name, NULL, 10);
    *value = !is_item                     ? plain_field(*value, name)
             : position < (*value)->count ? (*value)->items[position]
                                          : NULL;
    return true;
}

static bool follow(struct naive_run *run, const char *path, const struct plain *value,
                   struct plain *into, const struct plain **end);

static bool follow_each(struct naive_run *run, const char *path, const struct plain *value,
                        struct plain *into)
{
    if (is_nothing(value)) {
        return naive_fail(run, "NullReference");
    }
    if (value->type != PLAIN_LIST) {
        return naive_fail(run, "TypeMismatch");
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct plain *end = NULL;
        if (!follow(run, path, value->items[i], into, &end)) {
            return false;
        }
    }
    return true;
}

/* Follows the path; what it leads to goes to `*end`, or, below a `[*]`, into a list. */
static bool follow(struct naive_run *run, const char *path, const struct plain *value,
                   struct plain *into, const struct plain **end)
{
    bool stopped = false;
    while (*path != 0 && !stopped) {
        if (strncmp(path, "[*]", 3) == 0) {
            struct plain *list = into ? into : plain_new(run->arena, PLAIN_LIST, EACH_MAX);
            *end = list;
            return follow_each(run, path + 3, value, list);
        }
        if (!step(run, &path, &value, &stopped)) {
            return false;
        }
    }
    *end = value;
    if (into != NULL) {
        cr_assert(into->count < EACH_MAX);
        plain_push(run->arena, into, value);
    }
    return true;
}

static bool reference(struct naive_run *run, const char *text, const struct naive_scope *scope,
                      const struct plain **result)
{
    size_t size = strcspn(text + 1, ".[?");
    while (scope != NULL &&
           (strlen(scope->name) != size || strncmp(scope->name, text + 1, size) != 0)) {
        scope = scope->outer;
    }
    cr_assert(scope != NULL, "%s is not bound", text);
    return follow(run, text + 1 + size, scope->value, NULL, result);
}

/* Operators. */

bool naive_truth(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                 bool *truth)
{
    const struct plain *value;
    if (!naive_evaluate(run, source, scope, &value)) {
        return false;
    }
    *truth = value != NULL && value->type == PLAIN_TRUE;
    return *truth || (value != NULL && value->type == PLAIN_FALSE) ||
           naive_fail(run, "TypeMismatch");
}

/* Those that do not evaluate all of their arguments. Returns false where it is none of them. */
static bool lazy(struct naive_run *run, const char *name, const cJSON *arguments,
                 const struct naive_scope *scope, const struct plain **result)
{
    bool truth = false;
    bool ok = true;
    const cJSON *argument;
    if (strcmp(name, "$and") == 0 || strcmp(name, "$or") == 0) {
        bool decisive = strcmp(name, "$or") == 0;
        truth = !decisive;
        cJSON_ArrayForEach(argument, arguments)
        {
            if (ok && truth != decisive) {
                ok = naive_truth(run, argument, scope, &truth);
            }
        }
        *result = plain_bool(run->arena, truth);
    } else if (strcmp(name, "$if") == 0) {
        if (naive_truth(run, cJSON_GetArrayItem(arguments, 0), scope, &truth)) {
            naive_evaluate(run, cJSON_GetArrayItem(arguments, truth ? 1 : 2), scope, result);
        }
    } else if (strcmp(name, "$coalesce") == 0) {
        *result = NULL;
        cJSON_ArrayForEach(argument, arguments)
        {
            if (ok && is_nothing(*result)) {
                ok = naive_evaluate(run, argument, scope, result);
            }
        }
    } else {
        return false;
    }
    return true;
}

static bool numbers(struct naive_run *run, const struct plain *list, double *sum)
{
    *sum = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->type != PLAIN_NUMBER) {
            return naive_fail(run, "TypeMismatch");
        }
        *sum += list->items[i]->number;
    }
    return true;
}

static bool of_list(struct naive_run *run, const char *name, const struct plain *list,
                    const struct plain **result)
{
    double sum;
    if (list == NULL || list->type != PLAIN_LIST) {
        return naive_fail(run, "TypeMismatch");
    }
    *result = NULL;
    if (strcmp(name, "$sum") == 0 || strcmp(name, "$avg") == 0) {
        if (!numbers(run, list, &sum)) {
            return false;
        }
        bool average = strcmp(name, "$avg") == 0;
        if (!average || list->count > 0) {
            *result = plain_number(run->arena, average ? sum / (double)list->count : sum);
        }
        return true;
    }
    if (strcmp(name, "$reverse") == 0) {
        struct plain *turned = plain_new(run->arena, PLAIN_LIST, list->count);
        for (size_t i = list->count; i > 0; i--) {
            plain_push(run->arena, turned, list->items[i - 1]);
        }
        *result = turned;
        return true;
    }
    for (size_t i = 0; i < list->count; i++) {
        int order = i == 0 ? 0 : plain_compare(list->items[i], *result);
        bool takes = i == 0 || strcmp(name, "$last") == 0 ||
                     (strcmp(name, "$min") == 0 && order < 0) ||
                     (strcmp(name, "$max") == 0 && order > 0);
        *result = takes ? list->items[i] : *result;
    }
    return true;
}

static bool arithmetic(struct naive_run *run, const char *name, const struct plain *const *values,
                       size_t count, const struct plain **result)
{
    double x[2] = {0, 0};
    for (size_t i = 0; i < count; i++) {
        if (values[i] == NULL || values[i]->type != PLAIN_NUMBER) {
            return naive_fail(run, "TypeMismatch");
        }
        x[i] = values[i]->number;
    }
    static const char NAMES[][8] = {"$add", "$sub", "$mul",   "$div",  "$mod",
                                    "$neg", "$abs", "$floor", "$ceil", "$round"};
    size_t number = 0;
    while (strcmp(NAMES[number], name) != 0) {
        number += 1;
        cr_assert(number < 10, "%s", name);
    }
    double results[] = {x[0] + x[1], x[0] - x[1], x[0] * x[1], x[0] / x[1], fmod(x[0], x[1]),
                        -x[0],       fabs(x[0]),  floor(x[0]), ceil(x[0]),  round(x[0])};
    *result = plain_number(run->arena, results[number]);
    return true;
}

static bool of_object(struct naive_run *run, const char *name, const struct plain *const *values,
                      const struct plain **result)
{
    const struct plain *object = values[0];
    if (object == NULL || object->type != PLAIN_OBJECT) {
        return naive_fail(run, "TypeMismatch");
    }
    bool chooses = strcmp(name, "$pick") == 0 || strcmp(name, "$omit") == 0;
    struct plain *made = plain_new(run->arena, chooses ? PLAIN_OBJECT : PLAIN_LIST, object->count);
    for (size_t i = 0; i < object->count; i++) {
        struct plain *key = plain_new(run->arena, PLAIN_STRING, 0);
        key->string = object->names[i];
        bool listed = false;
        for (size_t j = 0; chooses && j < values[1]->count; j++) {
            listed |= plain_compare(values[1]->items[j], key) == 0;
        }
        if (!chooses) {
            plain_push(run->arena, made, strcmp(name, "$keys") == 0 ? key : object->items[i]);
        } else if (listed == (strcmp(name, "$pick") == 0)) {
            plain_set(made, key->string, object->items[i]);
        }
    }
    *result = made;
    return true;
}

static bool strings(struct naive_run *run, const struct plain *list, const char *separator,
                    const struct plain **result)
{
    struct slice text = SLICE("");
    if (list == NULL || list->type != PLAIN_LIST) {
        return naive_fail(run, "TypeMismatch");
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->type != PLAIN_STRING) {
            return naive_fail(run, "TypeMismatch");
        }
        text = arena_format(run->arena, "%.*s%s%s", SLICE_FORMAT(text), i > 0 ? separator : "",
                            list->items[i]->string);
    }
    struct plain *joined = plain_new(run->arena, PLAIN_STRING, 0);
    joined->string = arena_format(run->arena, "%.*s%c", SLICE_FORMAT(text), 0).data;
    *result = joined;
    return true;
}

static bool contains(struct naive_run *run, const struct plain *const *values,
                     const struct plain **result)
{
    bool found = false;
    if (values[1] == NULL || values[1]->type != PLAIN_LIST) {
        return naive_fail(run, "TypeMismatch");
    }
    for (size_t i = 0; i < values[1]->count; i++) {
        found |= plain_compare(values[0], values[1]->items[i]) == 0;
    }
    *result = plain_bool(run->arena, found);
    return true;
}

static bool size_of(struct naive_run *run, const struct plain *value, const struct plain **result)
{
    if (value == NULL || value->type < PLAIN_STRING) {
        return naive_fail(run, "TypeMismatch");
    }
    bool is_string = value->type == PLAIN_STRING;
    *result = plain_number(run->arena, (double)(is_string ? strlen(value->string) : value->count));
    return true;
}

static bool comparison(const char *name, int order, bool *truth)
{
    static const struct {
        const char *name;
        bool below;
        bool same;
        bool above;
    } TABLE[] = {{"$eq", false, true, false}, {"$neq", true, false, true},
                 {"$lt", true, false, false}, {"$lte", true, true, false},
                 {"$gt", false, false, true}, {"$gte", false, true, true}};
    for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
        if (strcmp(TABLE[i].name, name) == 0) {
            *truth = order < 0 ? TABLE[i].below : order > 0 ? TABLE[i].above : TABLE[i].same;
            return true;
        }
    }
    return false;
}

static bool is_one_of(const char *name, const char *names)
{
    const char *found = strstr(names, name);
    return found != NULL && found[strlen(name)] == ' ';
}

static bool apply(struct naive_run *run, const char *name, const struct plain *const *values,
                  size_t count, const struct plain **result)
{
    bool truth;
    if (comparison(name, count > 1 ? plain_compare(values[0], values[1]) : 0, &truth)) {
        *result = plain_bool(run->arena, truth);
        return true;
    }
    if (strcmp(name, "$in") == 0) {
        return contains(run, values, result);
    }
    if (strcmp(name, "$size") == 0) {
        return size_of(run, values[0], result);
    }
    if (strcmp(name, "$exists") == 0) {
        *result = plain_bool(run->arena, values[0] != NULL);
        return true;
    }
    if (strcmp(name, "$not") == 0) {
        bool fits =
            values[0] != NULL && (values[0]->type == PLAIN_FALSE || values[0]->type == PLAIN_TRUE);
        *result = plain_bool(run->arena, fits && values[0]->type == PLAIN_FALSE);
        return fits || naive_fail(run, "TypeMismatch");
    }
    if (is_one_of(name, "$sum $avg $min $max $first $last $reverse ")) {
        return of_list(run, name, values[0], result);
    }
    if (is_one_of(name, "$pick $omit $keys $values ")) {
        return of_object(run, name, values, result);
    }
    if (strcmp(name, "$concat") == 0) {
        return strings(run, values[0], "", result);
    }
    if (strcmp(name, "$join") == 0) {
        return values[1] == NULL || values[1]->type != PLAIN_STRING
                   ? naive_fail(run, "TypeMismatch")
                   : strings(run, values[0], values[1]->string, result);
    }
    return arithmetic(run, name, values, count, result);
}

static bool operator_of(struct naive_run *run, const cJSON *member, const struct naive_scope *scope,
                        const struct plain **result)
{
    const char *name = member->string;
    if (strcmp(name, "$literal") == 0) {
        *result = plain_of(run->arena, member);
        return true;
    }
    if (lazy(run, name, member, scope, result)) {
        return run->error == NULL;
    }
    const struct plain *values[3] = {NULL, NULL, NULL};
    size_t count = 0;
    if (strcmp(name, "$round") == 0 && cJSON_IsArray(member)) {
        return naive_evaluate(run, member->child, scope, &values[0]) &&
               apply(run, name, values, 1, result);
    }
    if (is_one_of(name, "$eq $neq $lt $lte $gt $gte $in $add $sub $mul $div $mod $pick $omit "
                        "$join ")) {
        const cJSON *argument;
        cJSON_ArrayForEach(argument, member)
        {
            if (!naive_evaluate(run, argument, scope, &values[count++])) {
                return false;
            }
        }
    } else if (!naive_evaluate(run, member, scope, &values[count++])) {
        return false;
    }
    return apply(run, name, values, count, result);
}

/* Objects. */

#define FIELDS_MAX 200

static bool spread(struct naive_run *run, struct plain *object, const struct plain *value)
{
    if (is_nothing(value)) {
        return true;
    }
    if (value->type != PLAIN_OBJECT) {
        return naive_fail(run, "TypeMismatch");
    }
    for (size_t i = 0; i < value->count; i++) {
        plain_set(object, value->names[i], value->items[i]);
    }
    return true;
}

static bool member_of(struct naive_run *run, const cJSON *member, const struct naive_scope *scope,
                      struct plain *object)
{
    const struct plain *value;
    if (!naive_evaluate(run, member, scope, &value)) {
        return false;
    }
    if (strcmp(member->string, "$spread") != 0) {
        plain_set(object, member->string, value);
        return true;
    }
    if (value == NULL || value->type != PLAIN_LIST) {
        return spread(run, object, value);
    }
    for (size_t i = 0; i < value->count; i++) {
        if (!spread(run, object, value->items[i])) {
            return false;
        }
    }
    return true;
}

static bool object_of(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                      const struct plain **result)
{
    struct plain *object = plain_new(run->arena, PLAIN_OBJECT, FIELDS_MAX);
    struct plain *whole = plain_new(run->arena, PLAIN_OBJECT, FIELDS_MAX);
    const cJSON *member;
    cJSON_ArrayForEach(member, source)
    {
        if (!member_of(run, member, scope, object)) {
            return false;
        }
    }
    for (size_t i = 0; i < object->count; i++) {
        if (object->items[i] != NULL) {
            plain_set(whole, object->names[i], object->items[i]);
        }
    }
    *result = whole;
    return true;
}

bool naive_evaluate(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                    const struct plain **result)
{
    if (cJSON_IsString(source) && source->valuestring[0] == '$') {
        return reference(run, source->valuestring, scope, result);
    }
    if (cJSON_IsArray(source)) {
        struct plain *list = plain_new(run->arena, PLAIN_LIST, (size_t)cJSON_GetArraySize(source));
        const cJSON *item;
        cJSON_ArrayForEach(item, source)
        {
            const struct plain *value;
            if (!naive_evaluate(run, item, scope, &value)) {
                return false;
            }
            plain_push(run->arena, list, value);
        }
        *result = list;
        return true;
    }
    if (!cJSON_IsObject(source)) {
        *result = plain_of(run->arena, source);
        return true;
    }
    const cJSON *first = source->child;
    if (first != NULL && strcmp(first->string, "$undefined") == 0) {
        *result = NULL;
        return true;
    }
    bool is_operator = first != NULL && first->next == NULL && first->string[0] == '$' &&
                       strcmp(first->string, "$spread") != 0;
    return is_operator ? operator_of(run, first, scope, result)
                       : object_of(run, source, scope, result);
}

/* Verbs on lists. */

static bool block(struct naive_run *run, const cJSON *params, const struct naive_scope *scope,
                  const struct plain **result);

static const cJSON *param(const cJSON *params, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(params, name);
}

/* One item of a verb, with `as` and `index` bound. What it gives goes to `*value`. */
static bool run_item(struct naive_run *run, const char *verb, const cJSON *params,
                     const struct naive_scope *scope, const struct plain *item, size_t index,
                     const struct plain **value)
{
    const cJSON *as = param(params, "as");
    const cJSON *index_name = param(params, "index");
    *value = item;
    if (as == NULL) {
        return true;
    }
    struct naive_scope inner = {.name = as->valuestring, .value = item, .outer = scope};
    struct naive_scope innermost = {.outer = &inner};
    if (index_name != NULL) {
        innermost.name = index_name->valuestring;
        innermost.value = plain_number(run->arena, (double)index);
    }
    scope = index_name != NULL ? &innermost : &inner;
    if (strcmp(verb, "asyncMap") == 0) {
        return block(run, params, scope, value);
    }
    if (strcmp(verb, "filter") == 0) {
        bool truth;
        bool ok = naive_truth(run, param(params, "where"), scope, &truth);
        *value = plain_bool(run->arena, ok && truth);
        return ok;
    }
    if (strcmp(verb, "sort") != 0) {
        return naive_evaluate(run, param(params, "by"), scope, value);
    }
    struct plain *keys = plain_new(run->arena, PLAIN_OBJECT, 8);
    const cJSON *by;
    cJSON_ArrayForEach(by, param(params, "by"))
    {
        /* A missing key is no null, so that this is no list. */
        keys->names[keys->count] = by->child->next->valuestring;
        if (!naive_evaluate(run, by->child, scope, &keys->items[keys->count++])) {
            return false;
        }
    }
    *value = keys;
    return true;
}

static int compare_keys(const struct plain *a, const struct plain *b)
{
    for (size_t i = 0; i < a->count; i++) {
        int order = plain_compare(a->items[i], b->items[i]);
        if (order != 0) {
            return strcmp(a->names[i], "desc") == 0 ? -order : order;
        }
    }
    return 0;
}

/* Insertion sort: stable, and obviously so. */
static const struct plain *sorted(struct naive_run *run, const struct plain *over,
                                  const struct plain **keys)
{
    struct plain *list = plain_new(run->arena, PLAIN_LIST, over->count);
    for (size_t i = 0; i < over->count; i++) {
        const struct plain *key = keys[i];
        size_t place = i;
        for (; place > 0 && compare_keys(keys[place - 1], key) > 0; place--) {
            keys[place] = keys[place - 1];
            list->items[place] = list->items[place - 1];
        }
        keys[place] = key;
        list->items[place] = over->items[i];
        list->count += 1;
    }
    return list;
}

static const struct plain *grouped(struct naive_run *run, const struct plain *over,
                                   const struct plain **keys, bool groups)
{
    struct plain *list = plain_new(run->arena, PLAIN_LIST, over->count);
    for (size_t i = 0; i < over->count; i++) {
        bool first = true;
        struct plain *items = plain_new(run->arena, PLAIN_LIST, over->count);
        for (size_t j = 0; j < over->count; j++) {
            bool equal = plain_compare(keys[i], keys[j]) == 0;
            first = first && (j >= i || !equal);
            if (equal) {
                plain_push(run->arena, items, over->items[j]);
            }
        }
        struct plain *group = plain_new(run->arena, PLAIN_OBJECT, 2);
        if (keys[i] != NULL) {
            plain_set(group, "key", keys[i]);
        }
        plain_set(group, "items", items);
        if (first) {
            plain_push(run->arena, list, groups ? group : over->items[i]);
        }
    }
    return list;
}

static bool over_items(struct naive_run *run, const char *verb, const cJSON *params,
                       const struct naive_scope *scope, const struct plain *over,
                       const struct plain **result)
{
    const struct plain **keys = arena_allocate(run->arena, over->count * sizeof(*keys));
    for (size_t i = 0; i < over->count; i++) {
        if (!run_item(run, verb, params, scope, over->items[i], i, &keys[i])) {
            return false;
        }
    }
    if (strcmp(verb, "sort") == 0) {
        *result = sorted(run, over, keys);
    } else if (strcmp(verb, "group") == 0 || strcmp(verb, "distinct") == 0) {
        *result = grouped(run, over, keys, strcmp(verb, "group") == 0);
    } else {
        struct plain *list = plain_new(run->arena, PLAIN_LIST, over->count);
        bool filters = strcmp(verb, "filter") == 0;
        for (size_t i = 0; i < over->count; i++) {
            if (!filters || keys[i]->type == PLAIN_TRUE) {
                plain_push(run->arena, list, filters ? over->items[i] : keys[i]);
            }
        }
        *result = list;
    }
    return true;
}

static const struct plain *flattened(struct naive_run *run, const struct plain *over)
{
    size_t room = 0;
    for (size_t i = 0; i < over->count; i++) {
        room += 1 + over->items[i]->count;
    }
    struct plain *list = plain_new(run->arena, PLAIN_LIST, room);
    for (size_t i = 0; i < over->count; i++) {
        const struct plain *item = over->items[i];
        for (size_t j = 0; item->type == PLAIN_LIST && j < item->count; j++) {
            plain_push(run->arena, list, item->items[j]);
        }
        if (item->type != PLAIN_LIST) {
            plain_push(run->arena, list, item);
        }
    }
    return list;
}

/* `start` and `count` are literals in the programs that this is for. */
static const struct plain *sliced(struct naive_run *run, const struct plain *over,
                                  const cJSON *params)
{
    const cJSON *start = param(params, "start");
    const cJSON *count = param(params, "count");
    size_t first = start ? (size_t)start->valuedouble : 0;
    size_t most = count ? (size_t)count->valuedouble : over->count;
    struct plain *list = plain_new(run->arena, PLAIN_LIST, over->count);
    for (size_t i = first; i < over->count && i - first < most; i++) {
        plain_push(run->arena, list, over->items[i]);
    }
    return list;
}

static bool verb_over(struct naive_run *run, const char *verb, const cJSON *params,
                      const struct naive_scope *scope, const struct plain **result)
{
    const struct plain *over;
    if (!naive_evaluate(run, param(params, "over"), scope, &over)) {
        return false;
    }
    if (is_nothing(over)) {
        return naive_fail(run, "NullReference");
    }
    if (over->type != PLAIN_LIST) {
        return naive_fail(run, "TypeMismatch");
    }
    if (strcmp(verb, "flatten") == 0) {
        *result = flattened(run, over);
    } else if (strcmp(verb, "slice") == 0) {
        *result = sliced(run, over, params);
    } else {
        return over_items(run, verb, params, scope, over, result);
    }
    return true;
}

/* Programs. */

static bool run_verb(struct naive_run *run, const cJSON *verb, const struct naive_scope *scope,
                     const struct plain **result)
{
    const char *name = verb->string;
    if (strcmp(name, "value") == 0) {
        return naive_evaluate(run, verb, scope, result);
    }
    if (strcmp(name, "assert") == 0) {
        const struct plain *that;
        *result = plain_new(run->arena, PLAIN_NULL, 0);
        return naive_evaluate(run, param(verb, "that"), scope, &that) &&
               ((that != NULL && that->type == PLAIN_TRUE) || naive_fail(run, "AssertFailed"));
    }
    if (is_one_of(name, "asyncMap filter sort distinct group slice flatten ")) {
        return verb_over(run, name, verb, scope, result);
    }
    bool writes = is_one_of(name, "insert insertMany patch replace delete ");
    return (writes ? naive_write : naive_lookup)(run, name, verb, scope, result);
}

static bool run_step(struct naive_run *run, const cJSON *source, const struct naive_scope *scope,
                     const struct plain **result)
{
    const cJSON *condition = param(source, "if");
    bool truth = true;
    if (condition != NULL && !naive_truth(run, condition, scope, &truth)) {
        return false;
    }
    *result = plain_new(run->arena, PLAIN_NULL, 0);
    const cJSON *verb = source->child;
    while (strcmp(verb->string, "let") == 0 || strcmp(verb->string, "if") == 0) {
        verb = verb->next;
    }
    return !truth || run_verb(run, verb, scope, result);
}

static bool block(struct naive_run *run, const cJSON *params, const struct naive_scope *scope,
                  const struct plain **result)
{
    const cJSON *source;
    cJSON_ArrayForEach(source, param(params, "do"))
    {
        const struct plain *value;
        const cJSON *let = param(source, "let");
        if (!run_step(run, source, scope, &value)) {
            return false;
        }
        if (let != NULL) {
            struct naive_scope *inner = arena_allocate(run->arena, sizeof(*inner));
            *inner = (struct naive_scope){.name = let->valuestring, .value = value, .outer = scope};
            scope = inner;
        }
    }
    *result = NULL;
    const cJSON *returned = param(params, "return");
    return returned == NULL || naive_evaluate(run, returned, scope, result);
}

const char *naive_query(const struct naive_database *database, const cJSON *params,
                        struct arena *arena, const struct plain **result)
{
    struct naive_run run = {.database = database, .arena = arena};
    const cJSON *args = param(params, "args");
    struct naive_scope scope = {.name = "args"};
    scope.value = args ? plain_of(arena, args) : plain_new(arena, PLAIN_OBJECT, 0);
    bool ok = block(&run, params, &scope, result);
    if (ok && *result == NULL) {
        *result = plain_new(arena, PLAIN_NULL, 0);
    }
    cr_assert(ok == (run.error == NULL));
    return run.error;
}
