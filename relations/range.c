/* Compiling index ranges by Convex's rules, with Convex's messages, and evaluating them. */
#include "relations/range.h"

#include "base/hash.h"
#include "index/order.h"
#include "storage/id.h"

#include <assert.h>

static const struct {
    struct slice name;
    const char *sign; /* in Convex's messages */
} COMPARISONS[] = {
    [COMPARISON_EQ] = {{"eq", 2}, "=="},   [COMPARISON_GT] = {{"gt", 2}, ">"},
    [COMPARISON_GTE] = {{"gte", 3}, ">="}, [COMPARISON_LT] = {{"lt", 2}, "<"},
    [COMPARISON_LTE] = {{"lte", 3}, "<="},
};

/* Each field once, and two bounds. */
#define RANGE_PARTS_MAX (SCHEMA_INDEX_FIELDS_MAX + 3)

static bool is_lower(enum comparison comparison)
{
    return comparison == COMPARISON_GT || comparison == COMPARISON_GTE;
}

/* How many fields of the index may be compared. */
static uint32_t field_count(const struct index *index)
{
    return index->field_count + 1;
}

struct slice range_field_name(const struct index *index, uint32_t field)
{
    if (field < index->field_count) {
        return index->fields[field].text;
    }
    return index->by_id ? SLICE("_id") : SLICE("_creationTime");
}

/* ["a", "b", "_creationTime"], for messages. */
static struct slice list_fields(struct compiler *compiler, const struct index *index)
{
    struct slice list = SLICE("[");
    for (uint32_t i = 0; i < field_count(index); i++) {
        list = arena_format(compiler->arena, "%.*s%s\"%.*s\"", SLICE_FORMAT(list), i ? ", " : "",
                            SLICE_FORMAT(range_field_name(index, i)));
    }
    return arena_format(compiler->arena, "%.*s]", SLICE_FORMAT(list));
}

static bool fail_range(struct compiler *compiler, const struct index *index, uint32_t item,
                       struct slice field)
{
    struct error *error = compiler->error;
    error->table = index->table->name;
    error->index = index->name;
    error->field = field;
    error_prefix_path_index(error, item);
    return false;
}

static bool find_field(const struct index *index, struct slice name, uint32_t *field)
{
    for (*field = 0; *field < field_count(index); *field += 1) {
        if (slice_equal(range_field_name(index, *field), name)) {
            return true;
        }
    }
    return false;
}

static bool find_comparison(struct value name, enum comparison *comparison)
{
    for (size_t i = 0; i < COUNT_OF(COMPARISONS); i++) {
        if (value_is_string(name, COMPARISONS[i].name)) {
            *comparison = (enum comparison)i;
            return true;
        }
    }
    return false;
}

static bool compile_part_value(struct compiler *compiler, struct value source,
                               struct expression *value)
{
    if (compiler->in_program) {
        compiler->takes_undefined = true;
        bool compiled = expression_compile(compiler, source, value);
        compiler->takes_undefined = false;
        return compiled;
    }
    bool is_undefined = value_type(source) == TYPE_MISSING;
    *value = expression_of_value(is_undefined ? VALUE_IS(VALUE_MISSING) : source);
    return is_undefined || vet_value(source, DOCUMENT_DEPTH_MAX, compiler->error);
}

/* One `[comparison, field, value]`. */
static bool compile_part(struct compiler *compiler, const struct index *index, uint32_t item,
                         struct value source, struct range_part *part)
{
    struct error *error = compiler->error;
    uint32_t count = 0;
    const struct value *items = NULL;
    if (value_type(source) == TYPE_ARRAY) {
        items = value_items(compiler->arena, source, &count);
    }
    *part = (struct range_part){.item = item};
    if (count != 3 || !find_comparison(items[0], &part->comparison) ||
        value_type(items[1]) != TYPE_STRING) {
        error_set(error, ERROR_INVALID_PARAMS,
                  "A range is a list of [comparison, field, value], where comparison is one of "
                  "\"eq\", \"gt\", \"gte\", \"lt\" and \"lte\".");
        error_prefix_path_index(error, item);
        return false;
    }
    struct slice field = value_string_escaped(items[1]);
    if (!find_field(index, field, &part->field)) {
        error_set(error, ERROR_INVALID_INDEX_RANGE,
                  "The index range included a comparison with \"%.*s\", but %.*s.%.*s with fields "
                  "%.*s doesn't index this field.",
                  SLICE_FORMAT(field), SLICE_FORMAT(index->table->name), SLICE_FORMAT(index->name),
                  SLICE_FORMAT(list_fields(compiler, index)));
        return fail_range(compiler, index, item, field);
    }
    if (!compile_part_value(compiler, items[2], &part->value)) {
        error_prefix_path_index(error, 2);
        error_prefix_path_index(error, item);
        return false;
    }
    return true;
}

/* The part before number `end` that rules part number `end` out: another of the same kind on the
 * same field, or another bound of the same direction. */
static const struct range_part *find_rival(const struct range_plan *plan, uint32_t end)
{
    const struct range_part *part = &plan->parts[end];
    for (uint32_t i = 0; i < end; i++) {
        const struct range_part *other = &plan->parts[i];
        bool both_eq = part->comparison == COMPARISON_EQ && other->comparison == COMPARISON_EQ;
        bool both_bounds = part->comparison != COMPARISON_EQ && other->comparison != COMPARISON_EQ;
        if (both_eq && part->field == other->field) {
            return other;
        }
        if (both_bounds && is_lower(part->comparison) == is_lower(other->comparison)) {
            return other;
        }
    }
    return NULL;
}

static bool fail_rival(struct compiler *compiler, const struct range_plan *plan,
                       const struct range_part *part)
{
    const char *kind = "equality";
    if (part->comparison != COMPARISON_EQ) {
        kind = is_lower(part->comparison) ? "lower" : "upper";
    }
    struct slice field = range_field_name(plan->index, part->field);
    struct slice value = SLICE("…");
    if (part->value.kind == EXPRESSION_LITERAL) {
        value = value_is_missing(part->value.literal)
                    ? SLICE("undefined")
                    : value_text(compiler->arena, part->value.literal);
    }
    error_set(compiler->error, ERROR_INVALID_INDEX_RANGE,
              "Already defined %s bound in index range. Can't add \"%.*s\" %s %.*s.", kind,
              SLICE_FORMAT(field), COMPARISONS[part->comparison].sign, SLICE_FORMAT(value));
    return fail_range(compiler, plan->index, part->item, field);
}

static bool check_rivals(struct compiler *compiler, const struct range_plan *plan)
{
    const struct range_part *bound = NULL;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct range_part *part = &plan->parts[i];
        if (find_rival(plan, i)) {
            return fail_rival(compiler, plan, part);
        }
        if (part->comparison == COMPARISON_EQ) {
            continue;
        }
        if (bound && bound->field != part->field) {
            struct slice first = range_field_name(plan->index, bound->field);
            struct slice second = range_field_name(plan->index, part->field);
            error_set(compiler->error, ERROR_INVALID_INDEX_RANGE,
                      "Upper and lower bounds in `range` can only be applied to a single index "
                      "field. This query against index %.*s.%.*s attempted to set a range bound on "
                      "both \"%.*s\" and \"%.*s\". Consider using `filter` instead.",
                      SLICE_FORMAT(plan->index->table->name), SLICE_FORMAT(plan->index->name),
                      SLICE_FORMAT(first), SLICE_FORMAT(second));
            return fail_range(compiler, plan->index, part->item, second);
        }
        bound = part;
    }
    return true;
}

/* The part that compares the field with `eq` (or, without `eq`, bounds it), or NULL. */
static const struct range_part *find_part(const struct range_plan *plan, uint32_t field, bool eq)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        bool is_eq = plan->parts[i].comparison == COMPARISON_EQ;
        if (plan->parts[i].field == field && is_eq == eq) {
            return &plan->parts[i];
        }
    }
    return NULL;
}

static uint32_t eq_prefix_size(const struct range_plan *plan)
{
    uint32_t size = 0;
    while (size < field_count(plan->index) && find_part(plan, size, true)) {
        size += 1;
    }
    return size;
}

/* The names of the compared fields as Convex lists them: equalities in the order of the index,
 * then the bounded field. */
static struct slice list_query_fields(struct compiler *compiler, const struct range_plan *plan)
{
    struct slice list = SLICE("[");
    bool first = true;
    for (uint32_t turn = 0; turn < 2; turn++) {
        for (uint32_t field = 0; field < field_count(plan->index); field++) {
            if (!find_part(plan, field, turn == 0)) {
                continue;
            }
            list =
                arena_format(compiler->arena, "%.*s%s\"%.*s\"", SLICE_FORMAT(list),
                             first ? "" : ", ", SLICE_FORMAT(range_field_name(plan->index, field)));
            first = false;
        }
    }
    return arena_format(compiler->arena, "%.*s]", SLICE_FORMAT(list));
}

static bool check_order(struct compiler *compiler, const struct range_plan *plan)
{
    uint32_t prefix = eq_prefix_size(plan);
    const struct range_part *wrong = NULL;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct range_part *part = &plan->parts[i];
        bool is_eq = part->comparison == COMPARISON_EQ;
        bool fits = is_eq ? part->field < prefix : part->field == prefix;
        /* Convex names the first in the order of its list: equalities before bounds. */
        bool earlier = !wrong || (is_eq && wrong->comparison != COMPARISON_EQ) ||
                       (is_eq && part->field < wrong->field);
        if (!fits && earlier) {
            wrong = part;
        }
    }
    if (!wrong) {
        return true;
    }
    const struct index *index = plan->index;
    struct slice field = range_field_name(index, wrong->field);
    error_set(compiler->error, ERROR_INVALID_INDEX_RANGE,
              "Tried to query index %.*s.%.*s but the query didn't use the index fields in order.\n"
              "Index fields: %.*s\nQuery fields: %.*s\nFirst incorrect field: \"%.*s\"",
              SLICE_FORMAT(index->table->name), SLICE_FORMAT(index->name),
              SLICE_FORMAT(list_fields(compiler, index)),
              SLICE_FORMAT(list_query_fields(compiler, plan)), SLICE_FORMAT(field));
    return fail_range(compiler, index, wrong->item, field);
}

bool range_compile(struct compiler *compiler, struct index *index, const struct expression *value,
                   struct value source, struct range_plan *plan)
{
    uint32_t count = 0;
    const struct value *items = NULL;
    if (!value_is_missing(source)) {
        if (value_type(source) != TYPE_ARRAY) {
            return error_set(compiler->error, ERROR_INVALID_PARAMS,
                             "A range is a list of [comparison, field, value].");
        }
        items = value_items(compiler->arena, source, &count);
    }
    uint32_t offset = value ? 1 : 0;
    *plan = (struct range_plan){.index = index};
    plan->parts = arena_allocate(compiler->arena, (count + offset) * sizeof(struct range_part));
    if (value) {
        plan->parts[0] = (struct range_part){.value = *value, .is_value = true};
        plan->count = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!compile_part(compiler, index, i, items[i], &plan->parts[i + offset])) {
            return false;
        }
        plan->count += 1;
    }
    bool is_one_eq = plan->count == 1 && plan->parts[0].comparison == COMPARISON_EQ;
    plan->takes_id = is_one_eq && index->by_id;
    plan->by_reference = is_one_eq && index->hints_of_ids && index->field_count > 0;
    return count == 0 || (check_rivals(compiler, plan) && check_order(compiler, plan));
}

/* Evaluating. */

static bool fail_id(struct run *run, const struct index *index, uint32_t field, struct value value)
{
    struct slice name = range_field_name(index, field);
    struct slice text = value_string(run->arena, value);
    uint32_t number = id_table_number(text);
    const struct table *table = database_find_table_by_number(run->database, number);
    if (table) {
        error_set(run->error, ERROR_INVALID_ID,
                  "Field `%.*s` of index %.*s.%.*s refers to another table, got Id<\"%.*s\">.",
                  SLICE_FORMAT(name), SLICE_FORMAT(index->table->name), SLICE_FORMAT(index->name),
                  SLICE_FORMAT(table->name));
    } else {
        error_set(run->error, ERROR_INVALID_ID,
                  "Field `%.*s` of index %.*s.%.*s holds ids, and the value is none.",
                  SLICE_FORMAT(name), SLICE_FORMAT(index->table->name), SLICE_FORMAT(index->name));
    }
    run->error->table = index->table->name;
    run->error->index = index->name;
    run->error->field = name;
    run->error->value = value;
    return false;
}

/* A string that is compared with a field of ids must be an id of one of its tables. */
static bool check_id(struct run *run, const struct index *index, uint32_t field, struct value value)
{
    if (value_type(value) != TYPE_STRING) {
        return true;
    }
    uint32_t number = 0;
    bool checked = false;
    if (field < index->field_count) {
        checked = index->types[field] && type_strings_are_ids(index->types[field]);
        number = checked ? id_table_number(value_string_escaped(value)) : 0;
        checked = checked && !(number && type_takes_id_of(index->types[field], number));
    } else if (index->by_id) {
        checked = id_table_number(value_string_escaped(value)) != index->table->number;
    }
    return !checked || fail_id(run, index, field, value);
}

static bool evaluate_part(struct run *run, const struct range_part *part, struct value *value)
{
    if (!expression_evaluate(run, &part->value, value)) {
        return false;
    }
    if (value_is_missing(*value) && part->value.kind != EXPRESSION_LITERAL) {
        return error_set(run->error, ERROR_NULL_REFERENCE,
                         "The value is missing; {\"$undefined\":null} finds the documents that "
                         "lack the field.");
    }
    return budget_take_value(run->budget, *value, run->error);
}

/* Puts the key that was made where it stays. */
static bool take_key(struct run *run, struct range *range, struct slice *key)
{
    struct slice made = buffer_slice(run->scratch);
    if (made.size > RANGE_ROOM - range->room_used) {
        *key = arena_copy(run->arena, made);
        return budget_take_bytes(run->budget, made.size, run->error);
    }
    *key = slice_make(range->room + range->room_used, made.size);
    if (made.size > 0) {
        memcpy(range->room + range->room_used, made.data, made.size);
    }
    range->room_used += (uint32_t)made.size;
    return true;
}

/* The place at `prefix`, or, where `bound` is given, at the value `bound` behind it. */
static bool make_place(struct run *run, const struct range_plan *plan, struct range *range,
                       size_t prefix_size, const struct range_part *bound,
                       const struct value *values, bool after, struct btree_bound *place)
{
    struct slice key;
    run->scratch->size = prefix_size;
    if (bound) {
        key_append(run->scratch, values[bound - plan->parts]);
        after = bound->comparison == COMPARISON_GT || bound->comparison == COMPARISON_LTE;
    }
    if (!take_key(run, range, &key)) {
        return false;
    }
    index_bound(plan->index, key, after, place);
    return true;
}

static bool make_range(struct run *run, const struct range_plan *plan, const struct value *values,
                       struct range *range)
{
    const struct range_part *lower = NULL;
    const struct range_part *upper = NULL;
    run->scratch->size = 0;
    range->is_run = false;
    range->room_used = 0;
    for (uint32_t field = 0; find_part(plan, field, true); field++) {
        key_append(run->scratch, values[find_part(plan, field, true) - plan->parts]);
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct range_part *part = &plan->parts[i];
        if (part->comparison != COMPARISON_EQ) {
            *(is_lower(part->comparison) ? &lower : &upper) = part;
        }
    }
    size_t prefix_size = run->scratch->size;
    if (!make_place(run, plan, range, prefix_size, lower, values, false, &range->lower)) {
        return false;
    }
    if (!lower && !upper) {
        index_bound(plan->index, range->lower.key, true, &range->upper);
        return true;
    }
    return make_place(run, plan, range, prefix_size, upper, values, true, &range->upper);
}

/* Whether a value is no larger than what a document may hold, and a key be made of.
 * Errors: LimitExceeded. */
static bool take_bound(struct run *run, struct value value)
{
    size_t size = value.size;
    if (value.kind < VALUE_TEXT) {
        return true;
    }
    if (value.kind >= VALUE_LIST && !budget_measure(run->budget, value, &size, run->error)) {
        return false;
    }
    return size <= DOCUMENT_SIZE_MAX ||
           error_set(run->error, ERROR_LIMIT_EXCEEDED,
                     "The value has %zu bytes of JSON; at most %d can be looked for, as many as a "
                     "document may have.",
                     size, DOCUMENT_SIZE_MAX);
}

bool range_evaluate(struct run *run, const struct range_plan *plan, struct range *range,
                    const struct range_part **failed)
{
    struct value values[RANGE_PARTS_MAX];
    assert(plan->count <= RANGE_PARTS_MAX);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct range_part *part = &plan->parts[i];
        if (!evaluate_part(run, part, &values[i]) || !take_bound(run, values[i]) ||
            !check_id(run, plan->index, part->field, values[i])) {
            *failed = part;
            return false;
        }
    }
    *failed = plan->parts;
    return make_range(run, plan, values, range);
}

/* Looks for the documents whose first field is the id `value`. */
static void search_value(const struct range_plan *plan, struct value value,
                         struct index_search *search)
{
    bool is_string = value_type(value) == TYPE_STRING;
    search->id = is_string ? value_string_escaped(value) : SLICE("");
    index_search_ids(plan->index, search, 1);
}

/* Takes what a search found, once it is confirmed. */
static bool take_found(const struct range_plan *plan, const struct index_search *search,
                       struct range *range)
{
    if (!index_search_found(search) || !index_search_confirm(plan->index, search)) {
        return false;
    }
    range->is_run = true;
    range->run = search->run;
    return true;
}

bool range_find(struct run *run, const struct range_plan *plan, const struct index_search *ahead,
                struct range *range, const struct range_part **failed)
{
    struct value value;
    struct index_search own;
    if (!plan->by_reference) {
        return range_evaluate(run, plan, range, failed);
    }
    if (ahead && take_found(plan, ahead, range)) {
        return true;
    }
    *failed = plan->parts;
    if (!evaluate_part(run, plan->parts, &value)) {
        return false;
    }
    if (!ahead) {
        search_value(plan, value, &own);
        if (take_found(plan, &own, range)) {
            return true;
        }
    }
    /* What a document holds is an id of the right table; what none holds may be anything. */
    if (!check_id(run, plan->index, 0, value)) {
        return false;
    }
    range->is_run = true;
    range->run = (struct btree_run){.count = 0};
    bool is_nothing = (ahead ? ahead : &own)->run.count == 0;
    return is_nothing || make_range(run, plan, &value, range);
}

static uint64_t place_hash(const struct btree_bound *place, uint64_t seed)
{
    return hash_bytes(place->key, seed * 2 + (place->after ? 1 : 0));
}

uint64_t range_hash(const struct range *range, uint64_t seed)
{
    return place_hash(&range->upper, place_hash(&range->lower, seed));
}
