/* Completion: see the header. */
#include "cli/complete.h"

#include <stdlib.h>

#define WORDS_MAX 8

/* Names that begin as the word does. */
struct finding {
    struct slice *names;
    uint32_t count;
    struct slice typed;
};

static void add(struct finding *finding, struct slice name)
{
    if (finding->count < COMPLETE_MAX && name.size > 0 && slice_starts_with(name, finding->typed)) {
        finding->names[finding->count++] = name;
    }
}

static void add_words(struct finding *finding, const char *const *words)
{
    for (; *words != NULL; words++) {
        add(finding, slice_of(*words));
    }
}

static void add_methods(struct finding *finding, const struct vocabulary *vocabulary)
{
    for (uint32_t i = 0; i < vocabulary->method_count; i++) {
        add(finding, vocabulary->methods[i].name);
    }
}

static void add_params(struct finding *finding, const struct vocabulary *vocabulary)
{
    for (uint32_t i = 0; i < vocabulary->method_count; i++) {
        const struct vocabulary_method *method = &vocabulary->methods[i];
        for (uint32_t p = 0; p < method->param_count; p++) {
            add(finding, method->params[p]);
        }
    }
}

static void add_tables(struct finding *finding, const struct schema *schema)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        add(finding, schema->tables[i].name);
    }
}

static void add_indexes(struct finding *finding, const struct schema_table *table)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        add(finding, table->indexes[i].name);
    }
    add(finding, SLICE("by_creation_time"));
    add(finding, SLICE("by_id"));
}

static void add_fields(struct finding *finding, const struct schema_table *table)
{
    const struct type *type = table->fields;
    bool known = type != NULL && type->kind == TYPE_KIND_OBJECT;
    for (uint32_t i = 0; known && i < type->field_count; i++) {
        add(finding, type->fields[i].name);
    }
    add(finding, SLICE("_id"));
    add(finding, SLICE("_creationTime"));
}

static void add_all_of_tables(struct finding *finding, const struct schema *schema)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        add_indexes(finding, &schema->tables[i]);
        add_fields(finding, &schema->tables[i]);
    }
}

/* Where the cursor is. */

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n';
}

/* The words of the text; the last is the one that is being typed, perhaps empty. */
static uint32_t split_words(struct slice text, struct slice words[WORDS_MAX])
{
    uint32_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && !is_space(text.data[i])) {
            continue;
        }
        if ((i > start || i == text.size) && count < WORDS_MAX) {
            words[count++] = slice_make(text.data + start, i - start);
        }
        start = i + 1;
    }
    return count;
}

/* What was typed of the string or name that the cursor is in. */
static struct slice last_word(struct slice text)
{
    size_t start = text.size;
    while (start > 0 && memchr(" \t\n\"[]{},:", text.data[start - 1], 10) == NULL) {
        start--;
    }
    return slice_make(text.data + start, text.size - start);
}

static bool is_inside_json(struct slice text)
{
    return memchr(text.data, '{', text.size) != NULL || memchr(text.data, '[', text.size) != NULL;
}

/* The table whose name, as a whole string, stands last in the text. */
static const struct schema_table *find_last_table(const struct schema *schema, struct slice text)
{
    const struct schema_table *found = NULL;
    size_t open = text.size;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '"') {
            continue;
        }
        if (open < i) {
            struct slice name = slice_make(text.data + open + 1, i - open - 1);
            const struct schema_table *table = schema_find_table(schema, name);
            found = table != NULL ? table : found;
            open = text.size;
        } else {
            open = i;
        }
    }
    return found;
}

/* Finding names. */

static void find_in_json(struct finding *finding, const struct vocabulary *vocabulary,
                         struct slice text)
{
    const struct schema_table *table =
        vocabulary->schema == NULL ? NULL : find_last_table(vocabulary->schema, text);
    if (table != NULL) {
        add_indexes(finding, table);
        add_fields(finding, table);
    }
    if (finding->count > 0) {
        return;
    }
    if (vocabulary->schema != NULL) {
        add_tables(finding, vocabulary->schema);
        add_all_of_tables(finding, vocabulary->schema);
    }
    add_methods(finding, vocabulary);
    add_params(finding, vocabulary);
    add_words(finding, (const char *const[]){"let", "if", "asyncMap", "filter", "sort", "distinct",
                                             "group", "slice", "flatten", "walk", "traverse",
                                             "value", "assert", "over", "as", NULL});
}

static void find_param(struct finding *finding, const struct vocabulary *vocabulary,
                       const struct slice *words, uint32_t count)
{
    const struct vocabulary_method *method = vocabulary_find_method(vocabulary, words[0]);
    const struct schema *schema = vocabulary->schema;
    if (method == NULL || schema == NULL || count - 2 >= method->param_count) {
        return;
    }
    struct slice param = method->params[count - 2];
    const struct schema_table *table = schema_find_table(schema, words[1]);
    if (slice_equal(param, SLICE("table"))) {
        add_tables(finding, schema);
    } else if (table != NULL && slice_equal(param, SLICE("index"))) {
        add_indexes(finding, table);
    } else if (table != NULL &&
               (slice_equal(param, SLICE("toField")) || slice_equal(param, SLICE("field")))) {
        add_fields(finding, table);
    }
}

static void find_argument(struct finding *finding, const struct vocabulary *vocabulary,
                          struct slice command)
{
    if (slice_equal(command, SLICE(".schema")) && vocabulary->schema != NULL) {
        add_tables(finding, vocabulary->schema);
    } else if (slice_equal(command, SLICE(".explain")) || slice_equal(command, SLICE(".pager"))) {
        add_words(finding, (const char *const[]){"on", "off", NULL});
    }
}

/* The result. */

static int compare_names(const void *a, const void *b)
{
    const struct slice *left = a;
    const struct slice *right = b;
    return slice_compare(*left, *right);
}

static uint32_t remove_twins(struct slice *names, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || !slice_equal(names[kept - 1], names[i])) {
            names[kept++] = names[i];
        }
    }
    return kept;
}

/* Of sorted names, what the first and the last share all share. */
static struct slice find_common(const struct finding *finding)
{
    if (finding->count == 0) {
        return finding->typed;
    }
    struct slice first = finding->names[0];
    struct slice last = finding->names[finding->count - 1];
    size_t size = 0;
    while (size < first.size && size < last.size && first.data[size] == last.data[size]) {
        size++;
    }
    return slice_make(first.data, size);
}

static bool is_in_string(struct slice text, struct slice typed)
{
    return typed.data > text.data && typed.data[-1] == '"';
}

struct completion completion_find(struct arena *arena, const struct vocabulary *vocabulary,
                                  const char *const *commands, struct slice text)
{
    struct slice words[WORDS_MAX];
    uint32_t count = split_words(text, words);
    bool in_json = is_inside_json(text);
    struct finding finding = {.names = arena_allocate(arena, COMPLETE_MAX * sizeof(struct slice)),
                              .typed = in_json || count == 0 ? last_word(text) : words[count - 1]};
    if (in_json) {
        find_in_json(&finding, vocabulary, slice_make(text.data, text.size - finding.typed.size));
    } else if (count <= 1) {
        add_methods(&finding, vocabulary);
        add_words(&finding, commands);
    } else if (words[0].size > 0 && words[0].data[0] == '.') {
        find_argument(&finding, vocabulary, words[0]);
    } else {
        find_param(&finding, vocabulary, words, count);
    }
    qsort(finding.names, finding.count, sizeof(struct slice), compare_names);
    finding.count = remove_twins(finding.names, finding.count);
    return (struct completion){
        .names = finding.names,
        .count = finding.count,
        .typed = finding.typed,
        .common = find_common(&finding),
        .closing = !in_json                            ? " "
                   : is_in_string(text, finding.typed) ? "\""
                                                       : "",
    };
}
