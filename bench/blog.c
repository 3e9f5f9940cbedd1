/* The benchmarks' blog. See blog.h. */
#include "bench/blog.h"

#include "base/macros.h"
#include "storage/id.h"
#include "storage/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define ENTRIES_PER_OWNER  10
#define ENTRY_NAME_LETTERS 9
#define DAY_OF_ALL_IDS     20300
#define TIME_OF_FIRST_MS   UINT64_C(1750000000000)

/* Streams of numbers that look random; the tables' ids come before them. */
enum stream { STREAM_COMMENTER = BLOG_TABLE_COUNT, STREAM_CATEGORY, STREAM_OWNER, STREAM_WORDS };

const struct blog blog_standard = {
    .authors = 1000,
    .users = 10000,
    .posts_per_author = 20,
    .comments_per_post = 10,
    .categories = 100,
    .categories_per_post = 3,
};

/* In the order of the schema, which gives them their numbers. */
static const struct {
    const char *name;
    uint32_t number;
} tables[BLOG_TABLE_COUNT] = {
    [BLOG_USERS] = {"users", SCHEMA_TABLE_NUMBER_FIRST},
    [BLOG_AUTHOR_PROFILES] = {"authorProfiles", SCHEMA_TABLE_NUMBER_FIRST + 1},
    [BLOG_POSTS] = {"posts", SCHEMA_TABLE_NUMBER_FIRST + 2},
    [BLOG_COMMENTS] = {"comments", SCHEMA_TABLE_NUMBER_FIRST + 3},
    [BLOG_CATEGORIES] = {"categories", SCHEMA_TABLE_NUMBER_FIRST + 4},
    [BLOG_POST_CATEGORIES] = {"postCategories", SCHEMA_TABLE_NUMBER_FIRST + 5},
    [BLOG_ENTRIES] = {"entries", SCHEMA_TABLE_NUMBER_FIRST + 6},
};

/* 64 words, so that six bits choose one. */
static const char words[64][8] = {
    "joint",   "timber", "grain",  "chisel", "mortise", "ledger",  "bench",  "plane",
    "oak",     "ash",    "walnut", "maple",  "glue",    "peg",     "frame",  "panel",
    "hinge",   "square", "saw",    "mallet", "vise",    "clamp",   "shelf",  "drawer",
    "table",   "chair",  "stool",  "door",   "window",  "beam",    "rafter", "joist",
    "post",    "sill",   "brace",  "purlin", "wedge",   "dowel",   "spline", "rabbet",
    "dado",    "groove", "tongue", "miter",  "bevel",   "gauge",   "rule",   "pencil",
    "shaving", "dust",   "finish", "oil",    "wax",     "varnish", "stain",  "sand",
    "scrape",  "polish", "level",  "plumb",  "string",  "nail",    "screw",  "bolt",
};

const char *blog_table_name(enum blog_table table)
{
    return tables[table].name;
}

static uint64_t posts_of(const struct blog *blog)
{
    return blog->authors * blog->posts_per_author;
}

uint64_t blog_count(const struct blog *blog, enum blog_table table)
{
    switch (table) {
    case BLOG_USERS:
        return blog->users;
    case BLOG_AUTHOR_PROFILES:
        return blog->authors;
    case BLOG_POSTS:
        return posts_of(blog);
    case BLOG_COMMENTS:
        return posts_of(blog) * blog->comments_per_post;
    case BLOG_CATEGORIES:
        return blog->categories;
    case BLOG_POST_CATEGORIES:
        return posts_of(blog) * blog->categories_per_post;
    case BLOG_ENTRIES:
        return blog->entries;
    case BLOG_TABLE_COUNT:
        break;
    }
    return 0;
}

/* A finalizer of Stafford's kind over a Weyl sequence, as splitmix64 has it. */
uint64_t blog_mix(uint64_t stream, uint64_t number)
{
    uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15u + stream * 0xd1342543de82ef95u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint64_t blog_post_of_comment(const struct blog *blog, uint64_t comment)
{
    return comment % posts_of(blog);
}

uint64_t blog_post_of_post_category(const struct blog *blog, uint64_t post_category)
{
    return post_category % posts_of(blog);
}

uint64_t blog_author_of_post(const struct blog *blog, uint64_t post)
{
    return post % blog->authors;
}

uint64_t blog_user_of_comment(const struct blog *blog, uint64_t comment)
{
    return blog_mix(STREAM_COMMENTER, comment) % blog->users;
}

/* The categories of one post follow each other, so that they differ. */
uint64_t blog_category_of_post_category(const struct blog *blog, uint64_t post_category)
{
    uint64_t post = blog_post_of_post_category(blog, post_category);
    uint64_t round = post_category / posts_of(blog);
    return (blog_mix(STREAM_CATEGORY, post) + round) % blog->categories;
}

uint64_t blog_owner_of_entry(const struct blog *blog, uint64_t entry)
{
    uint64_t owners = blog->entries / ENTRIES_PER_OWNER;
    return blog_mix(STREAM_OWNER, entry) % (owners == 0 ? 1 : owners);
}

void blog_append_entry_name(struct buffer *buffer, uint64_t entry)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint64_t bits = blog_mix(STREAM_OWNER, ~entry);
    for (unsigned i = 0; i < ENTRY_NAME_LETTERS; i++, bits >>= 5) {
        buffer_append_char(buffer, letters[bits & 31]);
    }
    buffer_append_format(buffer, "-%" PRIu64, entry);
}

uint64_t blog_creation_time(uint64_t number)
{
    return TIME_OF_FIRST_MS + number;
}

void blog_append_id(struct buffer *buffer, enum blog_table table, uint64_t number)
{
    struct id id = {.table_number = tables[table].number};
    uint64_t random[2] = {blog_mix(table, 2 * number), blog_mix(table, 2 * number + 1)};
    memcpy(id.body, random, ID_RANDOM_SIZE);
    id.body[ID_RANDOM_SIZE] = DAY_OF_ALL_IDS >> 8;
    id.body[ID_RANDOM_SIZE + 1] = DAY_OF_ALL_IDS & 0xff;
    buffer->size += id_encode(&id, buffer_reserve(buffer, ID_TEXT_SIZE_MAX));
}

void blog_append_words(struct buffer *buffer, uint64_t number, size_t size)
{
    size_t end = buffer->size + size;
    for (uint64_t i = 0; buffer->size < end; i++) {
        uint64_t bits = blog_mix(STREAM_WORDS, (number << 8) + i);
        for (unsigned word = 0; word < 10 && buffer->size < end; word++, bits >>= 6) {
            const char *text = words[bits & 63];
            buffer_append(buffer, text, strnlen(text, sizeof(words[0])));
            buffer_append_char(buffer, ' ');
        }
    }
    buffer->size = end;
    buffer->data[end - 1] = '.';
}

/* Appends `"name":"id"`. */
static void append_reference(struct buffer *buffer, const char *name, enum blog_table table,
                             uint64_t number)
{
    buffer_append_format(buffer, "\"%s\":\"", name);
    blog_append_id(buffer, table, number);
    buffer_append_char(buffer, '"');
}

/* Appends `"name":"words"`. */
static void append_words_field(struct buffer *buffer, const char *name, uint64_t number,
                               size_t size)
{
    buffer_append_format(buffer, "\"%s\":\"", name);
    blog_append_words(buffer, number, size);
    buffer_append_char(buffer, '"');
}

static void append_post_fields(struct buffer *buffer, const struct blog *blog, uint64_t number)
{
    buffer_append_format(buffer, "\"title\":\"Post %" PRIu64 "\",", number);
    append_reference(buffer, "authorId", BLOG_AUTHOR_PROFILES, blog_author_of_post(blog, number));
    buffer_append_char(buffer, ',');
    append_words_field(buffer, "content", number, 200 + blog_mix(STREAM_WORDS, number) % 200);
    buffer_append_format(buffer, ",\"status\":\"%s\"", number % 5 == 0 ? "draft" : "published");
}

static void append_comment_fields(struct buffer *buffer, const struct blog *blog, uint64_t number)
{
    append_reference(buffer, "postId", BLOG_POSTS, blog_post_of_comment(blog, number));
    buffer_append_char(buffer, ',');
    append_reference(buffer, "userId", BLOG_USERS, blog_user_of_comment(blog, number));
    buffer_append_char(buffer, ',');
    append_words_field(buffer, "text", number, 20 + blog_mix(STREAM_WORDS, number) % 40);
}

static void append_entry_fields(struct buffer *buffer, const struct blog *blog, uint64_t number)
{
    append_reference(buffer, "ownerId", BLOG_USERS, blog_owner_of_entry(blog, number));
    buffer_append_format(buffer, ",\"name\":\"");
    blog_append_entry_name(buffer, number);
    buffer_append_char(buffer, '"');
}

void blog_append_fields(struct buffer *buffer, const struct blog *blog, enum blog_table table,
                        uint64_t number)
{
    switch (table) {
    case BLOG_USERS:
        buffer_append_format(buffer, "\"name\":\"User %" PRIu64 "\",", number);
        buffer_append_format(buffer, "\"email\":\"user%" PRIu64 "@example.org\"", number);
        break;
    case BLOG_AUTHOR_PROFILES:
        append_reference(buffer, "userId", BLOG_USERS, number);
        buffer_append_char(buffer, ',');
        append_words_field(buffer, "bio", number, 60);
        break;
    case BLOG_POSTS:
        append_post_fields(buffer, blog, number);
        break;
    case BLOG_COMMENTS:
        append_comment_fields(buffer, blog, number);
        break;
    case BLOG_CATEGORIES:
        buffer_append_format(buffer, "\"name\":\"Category %" PRIu64 "\",", number);
        append_words_field(buffer, "description", number, 30);
        break;
    case BLOG_POST_CATEGORIES:
        append_reference(buffer, "postId", BLOG_POSTS, blog_post_of_post_category(blog, number));
        buffer_append_char(buffer, ',');
        append_reference(buffer, "categoryId", BLOG_CATEGORIES,
                         blog_category_of_post_category(blog, number));
        break;
    case BLOG_ENTRIES:
        append_entry_fields(buffer, blog, number);
        break;
    case BLOG_TABLE_COUNT:
        break;
    }
}

void blog_append_document(struct buffer *buffer, const struct blog *blog, enum blog_table table,
                          uint64_t number)
{
    buffer_append_format(buffer, "{\"_id\":\"");
    blog_append_id(buffer, table, number);
    buffer_append_format(buffer, "\",\"_creationTime\":%" PRIu64 ",", blog_creation_time(number));
    blog_append_fields(buffer, blog, table, number);
    buffer_append_char(buffer, '}');
}
