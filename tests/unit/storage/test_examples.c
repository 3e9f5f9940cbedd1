/* The schemas that come with Tenon are right, and are what their pages say. */
#include "storage/schema.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* Tests run at the top of the tree. */
static struct schema *read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    cr_assert_not_null(file, "cannot open %s", name);
    static const size_t step = 4096;
    struct buffer text = {0};
    size_t got = 0;
    do {
        got = fread(buffer_reserve(&text, step), 1, step, file);
        text.size += got;
    } while (got > 0);
    fclose(file);
    struct buffer message = {0};
    struct schema *schema = schema_read(buffer_slice(&text), name, &message);
    cr_assert_not_null(schema, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    buffer_deinit(&text);
    buffer_deinit(&message);
    return schema;
}

static void expect_index(const struct schema *schema, const char *table, const char *index,
                         const char *field)
{
    const struct schema_table *found = schema_find_table(schema, slice_of(table));
    cr_assert_not_null(found, "%s", table);
    for (uint32_t i = 0; i < found->index_count; i++) {
        if (slice_equal(found->indexes[i].name, slice_of(index))) {
            cr_expect(slice_equal(found->indexes[i].fields[0].text, slice_of(field)));
            return;
        }
    }
    cr_expect(false, "%s has no index %s", table, index);
}

Test(examples, the_example_schema_has_the_indexes_of_the_article)
{
    struct schema *schema = read_file("schema.example.json");
    cr_expect_eq(schema->table_count, 6);
    expect_index(schema, "authorProfiles", "userId", "userId");
    expect_index(schema, "posts", "by_authorId", "authorId");
    expect_index(schema, "comments", "postId", "postId");
    expect_index(schema, "postCategories", "postId", "postId");
    schema_destroy(schema);
}

Test(examples, every_reference_of_chinook_has_an_index_named_for_it)
{
    struct schema *schema = read_file("examples/chinook/schema.json");
    cr_expect_eq(schema->table_count, 11);
    cr_expect_eq(schema->id_type_count, 11);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        char name[SCHEMA_NAME_SIZE_MAX + 1];
        snprintf(name, sizeof(name), "%.*s", SLICE_FORMAT(table->name));
        for (uint32_t j = 0; j < table->fields->field_count; j++) {
            const struct type_field *field = &table->fields->fields[j];
            char column[64];
            char index[68];
            snprintf(column, sizeof(column), "%.*s", SLICE_FORMAT(field->name));
            snprintf(index, sizeof(index), "by_%s", column);
            if (field->type->kind == TYPE_KIND_ID) {
                expect_index(schema, name, index, column);
            }
        }
    }
    schema_destroy(schema);
}
