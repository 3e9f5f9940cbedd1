/* The blog that the benchmarks run on: documents of the article's schema, made from numbers.
 *
 * Every document is a function of its table and its number, ids included, so that a reference
 * needs no memory of what was made before, and every machine makes the same bytes. Documents that
 * belong together are far apart: the posts of an author and the comments on a post come in rounds,
 * as they would over years, so nothing is found in one place because it was made at one time.
 *
 * The text of a document is canonical: it is what a server answers to `get`. */
#ifndef TENON_BENCH_BLOG_H
#define TENON_BENCH_BLOG_H

#include "base/buffer.h"
#include "base/slice.h"

#include <stdint.h>

enum blog_table {
    BLOG_USERS,
    BLOG_AUTHOR_PROFILES,
    BLOG_POSTS,
    BLOG_COMMENTS,
    BLOG_CATEGORIES,
    BLOG_POST_CATEGORIES,
    BLOG_ENTRIES, /* no part of the blog: as many as memory holds */
    BLOG_TABLE_COUNT
};

/* How large the blog is. */
struct blog {
    uint64_t authors;
    uint64_t users; /* at least as many as authors; the first ones are the authors */
    uint64_t posts_per_author;
    uint64_t comments_per_post;
    uint64_t categories; /* in all */
    uint64_t categories_per_post;
    uint64_t entries; /* about 150 bytes each; ten of them have one owner */
};

/* 1,000 authors, 10,000 users, 20 posts an author, 10 comments and 3 categories a post; no
 * entries. */
extern const struct blog blog_standard;

/* The name of the table, in the schema. */
const char *blog_table_name(enum blog_table table);

/* How many documents the table has. */
uint64_t blog_count(const struct blog *blog, enum blog_table table);

/* A number that looks random and depends on nothing but the two. */
uint64_t blog_mix(uint64_t stream, uint64_t number);

/* The number of the post that a comment or a post's category belongs to, and of the author that a
 * post belongs to. */
uint64_t blog_post_of_comment(const struct blog *blog, uint64_t comment);
uint64_t blog_post_of_post_category(const struct blog *blog, uint64_t post_category);
uint64_t blog_author_of_post(const struct blog *blog, uint64_t post);

/* The numbers of the user that wrote a comment and of the category of a post's category. */
uint64_t blog_user_of_comment(const struct blog *blog, uint64_t comment);
uint64_t blog_category_of_post_category(const struct blog *blog, uint64_t post_category);

/* The number of the owner (a user, who may not exist) of an entry. Of entries, owners are random
 * and names unique: some letters that look random, then the number. */
uint64_t blog_owner_of_entry(const struct blog *blog, uint64_t entry);
void blog_append_entry_name(struct buffer *buffer, uint64_t entry);

/* When a document was made, in milliseconds. */
uint64_t blog_creation_time(uint64_t number);

/* Appends the id of a document, without quotes. Numbers may lie beyond blog_count(). */
void blog_append_id(struct buffer *buffer, enum blog_table table, uint64_t number);

/* Appends the user's fields of a document, as `"name":value` with commas between. */
void blog_append_fields(struct buffer *buffer, const struct blog *blog, enum blog_table table,
                        uint64_t number);

/* Appends a whole document. */
void blog_append_document(struct buffer *buffer, const struct blog *blog, enum blog_table table,
                          uint64_t number);

/* Appends `size` bytes of small words, made from `number`. */
void blog_append_words(struct buffer *buffer, uint64_t number, size_t size);

#endif
