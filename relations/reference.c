/* References: `$name`, then any of `.field`, `?.field`, `[n]`, `[*]`, `["any name"]`. */
#include "relations/expression.h"

#include "base/json.h"

#include <assert.h>

/* A place in the text of a reference. */
struct scanner {
    struct compiler *compiler;
    struct slice text;
    size_t offset;
};

static bool fail_syntax(const struct scanner *scanner)
{
    return error_set(scanner->compiler->error, ERROR_INVALID_PARAMS,
                     "`%.*s` is no reference: after `$name` come .field, ?.field, [n], [*] or "
                     "[\"any name\"]; a string that begins with `$` is written with `$$`.",
                     SLICE_FORMAT(scanner->text));
}

static bool is_name_char(char c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return letter || (!first && c >= '0' && c <= '9');
}

/* Takes a name from the text; an empty slice where there is none. */
static struct slice take_name(struct scanner *scanner)
{
    size_t begin = scanner->offset;
    struct slice text = scanner->text;
    while (scanner->offset < text.size &&
           is_name_char(text.data[scanner->offset], scanner->offset == begin)) {
        scanner->offset += 1;
    }
    return slice_make(text.data + begin, scanner->offset - begin);
}

static bool take_char(struct scanner *scanner, char c)
{
    if (scanner->offset < scanner->text.size && scanner->text.data[scanner->offset] == c) {
        scanner->offset += 1;
        return true;
    }
    return false;
}

static bool take_field(struct scanner *scanner, struct segment *segment)
{
    segment->kind = SEGMENT_FIELD;
    segment->name = take_name(scanner);
    return segment->name.size > 0 || fail_syntax(scanner);
}

/* A JSON string up to the `]`. */
static bool take_quoted_name(struct scanner *scanner, struct segment *segment)
{
    struct slice text = scanner->text;
    size_t end = scanner->offset + 1;
    while (end < text.size && text.data[end] != '"') {
        end += text.data[end] == '\\' ? 2 : 1;
    }
    if (end >= text.size) {
        return fail_syntax(scanner);
    }
    struct value name;
    struct json_error error;
    struct slice quoted = slice_make(text.data + scanner->offset, end + 1 - scanner->offset);
    if (!json_read(scanner->compiler->arena, quoted, 1, &name, NULL, &error)) {
        return fail_syntax(scanner);
    }
    scanner->offset = end + 1;
    segment->kind = SEGMENT_FIELD;
    segment->name = value_string_escaped(name);
    return take_char(scanner, ']') || fail_syntax(scanner);
}

static bool take_position(struct scanner *scanner, struct segment *segment)
{
    uint64_t position = 0;
    size_t begin = scanner->offset;
    while (scanner->offset < scanner->text.size) {
        char c = scanner->text.data[scanner->offset];
        if (c < '0' || c > '9' || position > UINT32_MAX) {
            break;
        }
        position = position * 10 + (uint64_t)(c - '0');
        scanner->offset += 1;
    }
    segment->kind = SEGMENT_ITEM;
    segment->position = (uint32_t)position;
    bool fits = scanner->offset > begin && position <= UINT32_MAX;
    return (fits && take_char(scanner, ']')) || fail_syntax(scanner);
}

static bool take_bracket(struct scanner *scanner, struct segment *segment)
{
    if (take_char(scanner, '*')) {
        segment->kind = SEGMENT_EACH;
        return take_char(scanner, ']') || fail_syntax(scanner);
    }
    if (scanner->offset < scanner->text.size && scanner->text.data[scanner->offset] == '"') {
        return take_quoted_name(scanner, segment);
    }
    return take_position(scanner, segment);
}

static bool take_segment(struct scanner *scanner, struct segment *segment)
{
    *segment = (struct segment){0};
    if (take_char(scanner, '.')) {
        return take_field(scanner, segment);
    }
    if (take_char(scanner, '?')) {
        segment->optional = true;
        return take_char(scanner, '.') ? take_field(scanner, segment) : fail_syntax(scanner);
    }
    return take_char(scanner, '[') ? take_bracket(scanner, segment) : fail_syntax(scanner);
}

static bool resolve_name(struct compiler *compiler, struct slice name, uint32_t *slot)
{
    if (slice_equal(name, SLICE("args"))) {
        *slot = SLOT_ARGS;
        return true;
    }
    if (compiler->in_filter && slice_equal(name, SLICE("it"))) {
        *slot = SLOT_IT;
        return true;
    }
    if (compiler->in_link_filter && slice_equal(name, SLICE("link"))) {
        *slot = SLOT_LINK;
        return true;
    }
    for (uint32_t i = compiler->binding_count; i > 0; i--) {
        if (slice_equal(compiler->bindings[i - 1].name, name)) {
            *slot = compiler->bindings[i - 1].slot;
            return true;
        }
    }
    return error_set(compiler->error, ERROR_INVALID_PARAMS, "`$%.*s` is not bound here.",
                     SLICE_FORMAT(name));
}

/* Notes that the program cannot do without args.`name`. */
static bool require_arg(struct compiler *compiler, struct slice name)
{
    if (compiler->checks_args && value_is_missing(value_find(compiler->args, name))) {
        error_set(compiler->error, ERROR_INVALID_PARAMS,
                  "`$args.%.*s` is not among the args; `$args?.%.*s` makes it optional.",
                  SLICE_FORMAT(name), SLICE_FORMAT(name));
        compiler->error->field = name;
        return false;
    }
    for (uint32_t i = 0; i < compiler->required_count; i++) {
        if (slice_equal(compiler->required_args[i], name)) {
            return true;
        }
    }
    if (compiler->required_count == PROGRAM_NAMES_MAX) {
        return error_set(compiler->error, ERROR_INVALID_PARAMS, "A program may refer to %d args.",
                         PROGRAM_NAMES_MAX);
    }
    if (compiler->required_count == compiler->required_capacity) {
        uint32_t capacity = compiler->required_capacity ? compiler->required_capacity * 2 : 8;
        struct slice *names = arena_allocate(compiler->arena, capacity * sizeof(struct slice));
        if (compiler->required_count > 0) {
            memcpy(names, compiler->required_args, compiler->required_count * sizeof(*names));
        }
        compiler->required_args = names;
        compiler->required_capacity = capacity;
    }
    compiler->required_args[compiler->required_count++] = name;
    return true;
}

static uint32_t count_segments(struct slice text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '.' || text.data[i] == '[' ? 1 : 0;
    }
    return count;
}

bool reference_compile(struct compiler *compiler, struct slice text, struct expression *expression)
{
    struct scanner scanner = {.compiler = compiler, .text = text, .offset = 1};
    struct slice name = take_name(&scanner);
    *expression = (struct expression){.kind = EXPRESSION_REFERENCE, .source = text};
    if (name.size == 0) {
        return fail_syntax(&scanner);
    }
    if (!resolve_name(compiler, name, &expression->slot)) {
        return false;
    }
    size_t room = count_segments(text);
    expression->segments = arena_allocate(compiler->arena, room * sizeof(struct segment));
    while (scanner.offset < text.size) {
        struct segment segment;
        if (!take_segment(&scanner, &segment)) {
            return false;
        }
        assert(expression->count < room);
        expression->segments[expression->count] = segment;
        expression->count += 1;
    }
    const struct segment *first = expression->segments;
    if (expression->slot == SLOT_ARGS && expression->count > 0 && first->kind == SEGMENT_FIELD &&
        !first->optional) {
        return require_arg(compiler, first->name);
    }
    return true;
}

/* Evaluating. */

/* Bytes of a text, or fields of an object, that are one piece of work to walk. */
#define WALKED_SIZE 64

static bool fail_reference(struct run *run, const struct expression *expression,
                           const struct segment *segment, struct value value)
{
    enum value_type type = value_type(value);
    const char *what = segment->kind == SEGMENT_FIELD ? "Field" : "An item";
    struct slice name = segment->kind == SEGMENT_FIELD ? segment->name : SLICE("");
    error_set(run->error, type <= TYPE_NULL ? ERROR_NULL_REFERENCE : ERROR_TYPE_MISMATCH,
              "%s%s%.*s%s of %s was read in `%.*s`.", what, name.size ? " `" : "",
              SLICE_FORMAT(name), name.size ? "`" : "", value_type_name(type),
              SLICE_FORMAT(expression->source));
    if (segment->kind == SEGMENT_FIELD) {
        run->error->field = segment->name;
    }
    return false;
}

static struct value document_segment(const struct document *document, struct segment *segment)
{
    return document_find_again(document, segment->name, &segment->place);
}

static NEVER_INLINE struct value extended_segment(struct value value, struct segment *segment)
{
    struct value field = value_find_further(value, segment->name);
    return value_is_missing(field) ? document_segment(document_of(value.fields->value), segment)
                                   : field;
}

/* The field of a document, or of an object that extends one by few fields. Returns false for other
 * values. */
static inline bool find_field(struct value value, struct segment *segment, struct value *field)
{
    if (LIKELY(value.kind == VALUE_DOCUMENT)) {
        *field = document_segment(document_of(value), segment);
        return true;
    }
    if (value.kind == VALUE_EXTENDED && value.size < WALKED_SIZE) {
        *field = extended_segment(value, segment);
        return true;
    }
    return false;
}

bool reference_peek(const struct expression *expression, struct value root, struct value *result)
{
    assert(expression->kind == EXPRESSION_REFERENCE && expression->count <= 1);
    *result = root;
    if (expression->count == 0) {
        return true;
    }
    if (expression->segments->kind != SEGMENT_FIELD) {
        return false;
    }
    return find_field(root, expression->segments, result);
}

/* Steps from `*value` along one FIELD or ITEM segment; `*stopped` where a `?.` met nothing. */
static bool follow(struct run *run, const struct expression *expression, struct segment *segment,
                   struct value *value, bool *stopped)
{
    if (LIKELY(segment->kind == SEGMENT_FIELD) && find_field(*value, segment, value)) {
        return true;
    }
    enum value_type type = value_type(*value);
    if (segment->optional && type <= TYPE_NULL) {
        *value = VALUE_IS(VALUE_MISSING);
        *stopped = true;
        return true;
    }
    if (value->size >= WALKED_SIZE &&
        !budget_take_work(run->budget, value->size / WALKED_SIZE, run->error)) {
        return false;
    }
    if (segment->kind == SEGMENT_FIELD && type == TYPE_OBJECT) {
        *value = value_find(*value, segment->name);
        return true;
    }
    if (segment->kind == SEGMENT_ITEM && type == TYPE_ARRAY) {
        *value = value_item(*value, segment->position);
        return true;
    }
    return fail_reference(run, expression, segment, *value);
}

/* Follows segments from number `*from` on, up to the next EACH or the end. */
static bool follow_to_each(struct run *run, const struct expression *expression, uint32_t *from,
                           struct value *value, bool *stopped)
{
    *stopped = false;
    while (*from < expression->count && !*stopped) {
        struct segment *segment = &expression->segments[*from];
        if (segment->kind == SEGMENT_EACH) {
            break;
        }
        if (!follow(run, expression, segment, value, stopped)) {
            return false;
        }
        *from += 1;
    }
    return true;
}

/* Whether segment number `place` is a field, and the last one. */
static bool is_last_field(const struct expression *expression, uint32_t place)
{
    return place + 1 == expression->count && expression->segments[place].kind == SEGMENT_FIELD;
}

/* Appends the field that the last segment names of each item: most paths over lists end so. */
static bool append_fields(struct run *run, const struct expression *expression,
                          const struct value *items, uint32_t count, struct list_builder *results)
{
    struct segment *segment = &expression->segments[expression->count - 1];
    if (!budget_take_work(run->budget, count, run->error) || !list_make_room(run, results, count)) {
        return false;
    }
    if (count == 0) {
        return true; /* there may be no list yet */
    }
    struct value *fields = results->items + results->count;
    for (uint32_t i = 0; i < count; i++) {
        bool stopped;
        if (LIKELY(items[i].kind == VALUE_DOCUMENT)) {
            fields[i] = document_segment(document_of(items[i]), segment);
        } else {
            fields[i] = items[i];
            if (!follow(run, expression, segment, &fields[i], &stopped)) {
                return false;
            }
        }
        if (UNLIKELY(value_is_missing(fields[i]))) {
            fields[i] = VALUE_IS(VALUE_NULL);
        }
    }
    results->count += count;
    return true;
}

/* Applies the segments from number `from` on to each item of `list` and appends the results;
 * what a further EACH gives is joined to them. */
static bool append_each(struct run *run, const struct expression *expression, uint32_t from,
                        struct value list, struct list_builder *results)
{
    const struct segment *each = &expression->segments[from - 1];
    if (value_type(list) != TYPE_ARRAY) {
        return fail_reference(run, expression, each, list);
    }
    const struct value *items;
    uint32_t count;
    if (!run_items(run, list, "`[*]`", &items, &count)) {
        return false;
    }
    if (is_last_field(expression, from)) {
        return append_fields(run, expression, items, count, results);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct value value = items[i];
        uint32_t place = from;
        bool stopped;
        if (!budget_take_time(run->budget, run->error) ||
            !follow_to_each(run, expression, &place, &value, &stopped)) {
            return false;
        }
        bool more = !stopped && place < expression->count;
        if (more ? !append_each(run, expression, place + 1, value, results)
                 : !list_append(run, results, value)) {
            return false;
        }
    }
    return true;
}

bool reference_evaluate(struct run *run, const struct expression *expression, struct value *result)
{
    struct value value = run->slots[expression->slot];
    uint32_t place = 0;
    if (is_last_field(expression, 0) && find_field(value, expression->segments, result)) {
        return true;
    }
    bool stopped;
    if (!follow_to_each(run, expression, &place, &value, &stopped)) {
        return false;
    }
    if (stopped || place == expression->count) {
        *result = value;
        return true;
    }
    struct list_builder results = {0};
    if (!append_each(run, expression, place + 1, value, &results)) {
        return false;
    }
    *result = value_from_items(results.items, results.count);
    return true;
}
