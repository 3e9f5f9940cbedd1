/* The generator: the blog's data as files, or request files for the load generator.
 *
 *   bench-generate data TABLE FILE [options]
 *   bench-generate requests KIND FILE [options]
 *
 * Deterministic: the same options make the same bytes everywhere. */
#include "bench/blog.h"
#include "bench/requests.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_SIZE (1024 * 1024)

static const char usage[] =
    "Usage: bench-generate data TABLE FILE [options]\n"
    "       bench-generate requests KIND FILE [options]\n"
    "\n"
    "  --authors N (1000)  --users N (10000)  --posts N (20 an author)\n"
    "  --comments N (10 a post)  --categories N (100)  --post-categories N (3 a post)\n"
    "  --entries N (0)\n"
    "\n"
    "  --server NAME   tenon (the default), redis or tarantool\n"
    "  --count N       requests (100000)\n"
    "  --first N       number of the first one (0)\n"
    "  --seed N        of the keys (1)\n"
    "  --script NAME   what EVALSHA or CALL names\n"
    "  --size N        bytes of a blank request (100)\n"
    "\n"
    "Kinds: ";

enum option_name {
    OPTION_AUTHORS = 256,
    OPTION_USERS,
    OPTION_POSTS,
    OPTION_COMMENTS,
    OPTION_CATEGORIES,
    OPTION_POST_CATEGORIES,
    OPTION_ENTRIES,
    OPTION_SERVER,
    OPTION_COUNT,
    OPTION_FIRST,
    OPTION_SEED,
    OPTION_SCRIPT,
    OPTION_SIZE
};

static bool parse_server(const char *name, enum requests_server *server)
{
    static const char *const names[] = {"tenon", "redis", "tarantool"};
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *server = (enum requests_server)i;
            return true;
        }
    }
    return false;
}

/* The number that an option sets, or NULL. */
static uint64_t *find_number(struct requests_options *options, int name)
{
    switch (name) {
    case OPTION_AUTHORS:
        return &options->blog.authors;
    case OPTION_USERS:
        return &options->blog.users;
    case OPTION_POSTS:
        return &options->blog.posts_per_author;
    case OPTION_COMMENTS:
        return &options->blog.comments_per_post;
    case OPTION_CATEGORIES:
        return &options->blog.categories;
    case OPTION_POST_CATEGORIES:
        return &options->blog.categories_per_post;
    case OPTION_ENTRIES:
        return &options->blog.entries;
    case OPTION_COUNT:
        return &options->count;
    case OPTION_FIRST:
        return &options->first;
    case OPTION_SEED:
        return &options->seed;
    case OPTION_SIZE:
        return &options->size;
    default:
        return NULL;
    }
}

static bool take_option(struct requests_options *options, int name, const char *value)
{
    if (name == OPTION_SERVER) {
        return parse_server(value, &options->server);
    }
    if (name == OPTION_SCRIPT) {
        options->script = value;
        return true;
    }
    uint64_t *number = find_number(options, name);
    if (number == NULL) {
        return false;
    }
    char *end;
    *number = strtoull(value, &end, 10);
    return end != value && *end == '\0';
}

static bool parse_options(struct requests_options *options, int count, char **arguments)
{
    static const struct option names[] = {
        {"authors", 1, NULL, OPTION_AUTHORS},
        {"users", 1, NULL, OPTION_USERS},
        {"posts", 1, NULL, OPTION_POSTS},
        {"comments", 1, NULL, OPTION_COMMENTS},
        {"categories", 1, NULL, OPTION_CATEGORIES},
        {"post-categories", 1, NULL, OPTION_POST_CATEGORIES},
        {"entries", 1, NULL, OPTION_ENTRIES},
        {"server", 1, NULL, OPTION_SERVER},
        {"count", 1, NULL, OPTION_COUNT},
        {"first", 1, NULL, OPTION_FIRST},
        {"seed", 1, NULL, OPTION_SEED},
        {"script", 1, NULL, OPTION_SCRIPT},
        {"size", 1, NULL, OPTION_SIZE},
        {NULL, 0, NULL, 0},
    };
    *options = (struct requests_options){
        .blog = blog_standard, .count = 100000, .seed = 1, .script = "", .size = 100};
    for (int name; (name = getopt_long(count, arguments, "", names, NULL)) != -1;) {
        if (!take_option(options, name, optarg)) {
            return false;
        }
    }
    return true;
}

static bool find_table(const char *name, enum blog_table *found)
{
    for (unsigned table = 0; table < BLOG_TABLE_COUNT; table++) {
        if (strcmp(blog_table_name((enum blog_table)table), name) == 0) {
            *found = (enum blog_table)table;
            return true;
        }
    }
    return false;
}

static bool write_table(FILE *file, const struct blog *blog, enum blog_table table)
{
    struct buffer out = {0};
    bool written = true;
    uint64_t count = blog_count(blog, table);
    for (uint64_t number = 0; number < count && written; number++) {
        blog_append_document(&out, blog, table, number);
        buffer_append_char(&out, '\n');
        if (out.size >= FLUSH_SIZE || number + 1 == count) {
            written = fwrite(out.data, 1, out.size, file) == out.size;
            out.size = 0;
        }
    }
    buffer_deinit(&out);
    return written;
}

static bool generate_data(const struct requests_options *options, const char *table_name,
                          const char *path)
{
    enum blog_table table;
    if (!find_table(table_name, &table)) {
        errno = EINVAL;
        return false;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    bool written = write_table(file, &options->blog, table);
    return fclose(file) == 0 && written;
}

static bool generate_requests(struct requests_options *options, const char *kind, const char *path)
{
    struct request_writer writer = {0};
    options->kind = kind;
    if (!requests_append(&writer, options)) {
        errno = EINVAL;
        return false;
    }
    return request_writer_save(&writer, path);
}

int main(int count, char **arguments)
{
    struct requests_options options;
    if (!parse_options(&options, count, arguments) || count - optind != 3) {
        fputs(usage, stderr);
        fprintf(stderr, "%s\n", requests_kinds);
        return 2;
    }
    const char *what = arguments[optind];
    const char *name = arguments[optind + 1];
    const char *path = arguments[optind + 2];
    bool data = strcmp(what, "data") == 0;
    bool done =
        data ? generate_data(&options, name, path) : generate_requests(&options, name, path);
    if (!done) {
        fprintf(stderr, "bench-generate: %s %s: %s\n", what, name, strerror(errno));
        return 1;
    }
    return 0;
}
