/* Making requests. See requests.h. */
#include "bench/requests.h"

#include "bench/wire.h"
#include "storage/id.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* The first stream of blog_mix() that is used here; the blog's own come before. */
#define STREAM_KEYS 1000

/* One request that is being made. */
struct making {
    const struct requests_options *options;
    struct buffer *out;
    uint64_t number;
    char id[ID_TEXT_SIZE_MAX];
    size_t id_size;
};

static uint64_t random_below(const struct making *making, uint64_t limit)
{
    return blog_mix(STREAM_KEYS + making->options->seed, making->number) % limit;
}

/* Chooses the id that the request is about, and returns it. */
static struct slice choose(struct making *making, enum blog_table table, uint64_t number)
{
    struct buffer id = {0};
    blog_append_id(&id, table, number);
    assert(id.size <= sizeof(making->id));
    memcpy(making->id, id.data, id.size);
    making->id_size = id.size;
    buffer_deinit(&id);
    return slice_make(making->id, making->id_size);
}

static struct slice choose_random(struct making *making, enum blog_table table)
{
    return choose(making, table, random_below(making, blog_count(&making->options->blog, table)));
}

/* Begins a request to Tenon; its params follow, then end_tenon(). */
static void begin_tenon(struct making *making, const char *method)
{
    buffer_append_format(making->out,
                         "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"method\":\"%s\",\"params\":",
                         making->number, method);
}

static void end_tenon(struct making *making)
{
    buffer_append_slice(making->out, SLICE("}\n"));
}

/* A request to Tenon whose params are `before`, the id, and `after`. */
static void append_tenon(struct making *making, const char *method, const char *before,
                         struct slice id, const char *after)
{
    begin_tenon(making, method);
    buffer_append_slice(making->out, slice_of(before));
    buffer_append_slice(making->out, id);
    buffer_append_slice(making->out, slice_of(after));
    end_tenon(making);
}

/* What a document refers to, and the list in Redis that leads back from there. */
struct reference {
    const char *field;
    const char *list;
    enum blog_table table;
    uint64_t number;
};

#define REFERENCES_MAX 2

/* Finds the references that Redis has lists for. Returns how many there are. */
static size_t find_references(const struct blog *blog, enum blog_table table, uint64_t number,
                              struct reference found[REFERENCES_MAX])
{
    if (table == BLOG_AUTHOR_PROFILES) {
        found[0] = (struct reference){"userId", "profile:", BLOG_USERS, number};
        return 1;
    }
    if (table == BLOG_POSTS) {
        found[0] = (struct reference){"authorId", "posts:", BLOG_AUTHOR_PROFILES,
                                      blog_author_of_post(blog, number)};
        return 1;
    }
    if (table == BLOG_COMMENTS) {
        found[0] = (struct reference){"postId", "comments:", BLOG_POSTS,
                                      blog_post_of_comment(blog, number)};
        found[1] = (struct reference){"userId", "commentsBy:", BLOG_USERS,
                                      blog_user_of_comment(blog, number)};
        return 2;
    }
    return 0;
}

/* Appends the key in Redis that is `prefix` and an id. */
static struct slice append_key(struct buffer *key, const char *prefix, struct slice id)
{
    buffer_append_slice(key, slice_of(prefix));
    buffer_append_slice(key, id);
    return buffer_slice(key);
}

/* Calls the script of the case with one id. */
static void append_script(struct making *making, struct slice id)
{
    struct slice script = slice_of(making->options->script);
    if (making->options->server == SERVER_REDIS) {
        struct slice words[] = {SLICE("EVALSHA"), script, SLICE("1"), id};
        wire_append_redis(making->out, words, COUNT_OF(words));
    } else {
        wire_append_tarantool_call(making->out, script, &id, 1);
    }
}

/* Point lookups. */

static uint32_t tarantool_space(enum blog_table table)
{
    return WIRE_TARANTOOL_SPACE_FIRST + table;
}

static void append_get(struct making *making, enum blog_table table, struct slice id)
{
    switch (making->options->server) {
    case SERVER_TENON:
        append_tenon(making, "get", "{\"id\":\"", id, "\"}");
        break;
    case SERVER_REDIS: {
        struct slice words[] = {SLICE("GET"), id};
        wire_append_redis(making->out, words, COUNT_OF(words));
        break;
    }
    case SERVER_TARANTOOL:
        wire_append_tarantool_select(making->out, tarantool_space(table), 0, false, 1, id);
        break;
    }
}

static void make_get(struct making *making)
{
    append_get(making, BLOG_COMMENTS, choose_random(making, BLOG_COMMENTS));
}

static void make_get_hot(struct making *making)
{
    append_get(making, BLOG_COMMENTS, choose(making, BLOG_COMMENTS, 4711));
}

/* Lists. */

static void make_get_many_from(struct making *making)
{
    struct slice id = choose_random(making, BLOG_AUTHOR_PROFILES);
    if (making->options->server != SERVER_TENON) {
        append_script(making, id);
        return;
    }
    append_tenon(making, "getManyFrom", "[\"posts\",\"by_authorId\",\"", id, "\"]");
}

static void make_get_many_via(struct making *making)
{
    struct slice id = choose_random(making, BLOG_POSTS);
    if (making->options->server != SERVER_TENON) {
        append_script(making, id);
        return;
    }
    append_tenon(making, "getManyVia", "[\"postCategories\",\"categoryId\",\"postId\",\"", id,
                 "\"]");
}

/* The article's complete query. */

static const char article_before[] = "{\"args\":{\"userId\":\"";

static const char article_after[] =
    "\"},\"do\":["
    "{\"let\":\"author\",\"getOneFromOrThrow\":[\"authorProfiles\",\"userId\",\"$args.userId\"]},"
    "{\"let\":\"barePosts\",\"getManyFrom\":[\"posts\",\"by_authorId\",\"$author._id\"]},"
    "{\"let\":\"posts\",\"asyncMap\":{\"over\":\"$barePosts\",\"as\":\"post\",\"do\":["
    "{\"let\":\"comments\",\"getManyFrom\":[\"comments\",\"postId\",\"$post._id\"]},"
    "{\"let\":\"categories\","
    "\"getManyVia\":[\"postCategories\",\"categoryId\",\"postId\",\"$post._id\"]}],"
    "\"return\":{\"$spread\":\"$post\",\"comments\":\"$comments\","
    "\"categories\":\"$categories\"}}},"
    "{\"let\":\"byComments\",\"sort\":{\"over\":\"$posts\",\"as\":\"p\","
    "\"by\":[[{\"$size\":\"$p.comments\"},\"desc\"]]}},"
    "{\"let\":\"commenterIds\",\"distinct\":{\"over\":\"$posts[*].comments[*].userId\"}},"
    "{\"let\":\"commentUsers\",\"getAll\":[\"users\",\"$commenterIds\"]}],"
    "\"return\":{\"posts\":\"$byComments\",\"commentUsers\":\"$commentUsers\"}}";

static void append_article(struct making *making, struct slice id)
{
    if (making->options->server != SERVER_TENON) {
        append_script(making, id);
        return;
    }
    append_tenon(making, "query", article_before, id, article_after);
}

/* The first users are the authors, and so the ones that have something to show. */
static void make_article(struct making *making)
{
    uint64_t author = random_below(making, making->options->blog.authors);
    append_article(making, choose(making, BLOG_USERS, author));
}

static void make_article_hot(struct making *making)
{
    append_article(making, choose(making, BLOG_USERS, 7));
}

static void append_tenon_insert(struct making *making, enum blog_table table, uint64_t number)
{
    begin_tenon(making, "insert");
    buffer_append_format(making->out, "{\"table\":\"%s\",\"document\":{", blog_table_name(table));
    blog_append_fields(making->out, &making->options->blog, table, number);
    buffer_append_slice(making->out, SLICE("}}"));
    end_tenon(making);
}

/* Inserts of comments that the blog does not have yet. For Redis: SET of the same bytes. */
static void make_insert(struct making *making)
{
    const struct blog *blog = &making->options->blog;
    uint64_t number = blog_count(blog, BLOG_COMMENTS) + making->number;
    if (making->options->server == SERVER_TENON) {
        append_tenon_insert(making, BLOG_COMMENTS, number);
        return;
    }
    struct buffer text = {0};
    blog_append_document(&text, blog, BLOG_COMMENTS, number);
    uint64_t key = random_below(making, 1000000);
    struct slice words[] = {SLICE("SET"), choose(making, BLOG_COMMENTS, key), buffer_slice(&text)};
    wire_append_redis(making->out, words, COUNT_OF(words));
    buffer_deinit(&text);
}

/* Requests of a fixed size, whose content nobody looks at. */
static void make_blank(struct making *making)
{
    for (uint64_t i = 1; i < making->options->size; i++) {
        buffer_append_char(making->out, ' ');
    }
    buffer_append_char(making->out, '\n');
}

/* Entries. */

/* For Redis: SET of the document that Tenon makes of it. */
static void make_entry_set(struct making *making)
{
    struct buffer text = {0};
    blog_append_document(&text, &making->options->blog, BLOG_ENTRIES, making->number);
    struct slice words[] = {SLICE("SET"), choose(making, BLOG_ENTRIES, making->number),
                            buffer_slice(&text)};
    wire_append_redis(making->out, words, COUNT_OF(words));
    buffer_deinit(&text);
}

static void make_entry_insert(struct making *making)
{
    if (making->options->server == SERVER_REDIS) {
        make_entry_set(making);
        return;
    }
    struct slice id = choose(making, BLOG_ENTRIES, making->number);
    begin_tenon(making, "insert");
    buffer_append_format(making->out, "{\"table\":\"entries\",\"document\":{\"_id\":\"%.*s\",",
                         SLICE_FORMAT(id));
    blog_append_fields(making->out, &making->options->blog, BLOG_ENTRIES, making->number);
    buffer_append_slice(making->out, SLICE("}}"));
    end_tenon(making);
}

/* A name for one of them that is not its own, so that there is something to write. */
static void make_entry_patch(struct making *making)
{
    uint64_t number = random_below(making, making->options->blog.entries);
    struct slice id = choose(making, BLOG_ENTRIES, number);
    begin_tenon(making, "patch");
    buffer_append_format(making->out, "{\"id\":\"%.*s\",\"fields\":{\"name\":\"", SLICE_FORMAT(id));
    blog_append_entry_name(making->out, number + 1 + making->options->first);
    buffer_append_slice(making->out, SLICE("\"}}"));
    end_tenon(making);
}

static void make_entry_get(struct making *making)
{
    append_get(making, BLOG_ENTRIES, choose_random(making, BLOG_ENTRIES));
}

static void make_entry_get_one_from(struct making *making)
{
    begin_tenon(making, "getOneFrom");
    buffer_append_slice(making->out, SLICE("[\"entries\",\"name\",\""));
    blog_append_entry_name(making->out, random_below(making, making->options->blog.entries));
    buffer_append_slice(making->out, SLICE("\"]"));
    end_tenon(making);
}

static void make_entry_count(struct making *making)
{
    const struct blog *blog = &making->options->blog;
    uint64_t owner = blog_owner_of_entry(blog, random_below(making, blog->entries));
    append_tenon(making, "count", "[\"entries\",\"ownerId\",[[\"eq\",\"ownerId\",\"",
                 choose(making, BLOG_USERS, owner), "\"]]]");
}

/* The mix of LinkBench, with posts for nodes and comments for links. Every hundred requests in a
 * row hold each operation as often as the mix has it. What is deleted was never updated: deletes
 * begin at the far end and take another document each time.
 *
 * Tenon chooses ids and times itself; the others are told those of the blog that goes on. */

#define MIX_COUNT               100

#define TARANTOOL_INDEX_POST_ID 1

/* What --script names in a mix, with commas between. Tarantool needs no more than the first. */
enum mix_script { MIX_SCRIPT_PATCH, MIX_SCRIPT_INSERT, MIX_SCRIPT_DELETE };

static struct slice mix_script(const struct making *making, enum mix_script script)
{
    const char *name = making->options->script;
    for (unsigned i = 0; i < script; i++) {
        name += strcspn(name, ",");
        name += *name == ',';
    }
    return slice_make(name, strcspn(name, ","));
}

/* Redis: one command that follows a list backwards, faster than a script that does. */
static void make_mix_newest(struct making *making)
{
    struct slice id = choose_random(making, BLOG_POSTS);
    struct buffer key = {0};
    switch (making->options->server) {
    case SERVER_TENON:
        append_tenon(making, "getManyFrom",
                     "{\"table\":\"comments\",\"index\":\"postId\",\"order\":\"desc\",\"take\":10,"
                     "\"value\":\"",
                     id, "\"}");
        break;
    case SERVER_REDIS: {
        struct slice words[] = {
            SLICE("SORT"), append_key(&key, "comments:", id),
            SLICE("BY"),   SLICE("nosort"),
            SLICE("DESC"), SLICE("LIMIT"),
            SLICE("0"),    SLICE("10"),
            SLICE("GET"),  SLICE("*"),
        };
        wire_append_redis(making->out, words, COUNT_OF(words));
        break;
    }
    case SERVER_TARANTOOL:
        wire_append_tarantool_select(making->out, tarantool_space(BLOG_COMMENTS),
                                     TARANTOOL_INDEX_POST_ID, true, 10, id);
        break;
    }
    buffer_deinit(&key);
}

static void make_mix_get(struct making *making)
{
    append_get(making, BLOG_POSTS, choose_random(making, BLOG_POSTS));
}

/* Only the first three quarters are updated. */
static struct slice choose_updated(struct making *making, enum blog_table table)
{
    uint64_t limit = blog_count(&making->options->blog, table) / 4 * 3;
    return choose(making, table, random_below(making, limit));
}

static void make_mix_patch(struct making *making, enum blog_table table, const char *field,
                           size_t size)
{
    struct slice id = choose_updated(making, table);
    struct buffer value = {0};
    blog_append_words(&value, making->number, size);
    switch (making->options->server) {
    case SERVER_TENON:
        begin_tenon(making, "patch");
        buffer_append_format(making->out, "{\"id\":\"%.*s\",\"fields\":{\"%s\":\"",
                             SLICE_FORMAT(id), field);
        buffer_append_slice(making->out, buffer_slice(&value));
        buffer_append_slice(making->out, SLICE("\"}}"));
        end_tenon(making);
        break;
    case SERVER_REDIS: {
        struct slice words[] = {SLICE("EVALSHA"), mix_script(making, MIX_SCRIPT_PATCH),
                                SLICE("1"),       id,
                                slice_of(field),  buffer_slice(&value)};
        wire_append_redis(making->out, words, COUNT_OF(words));
        break;
    }
    case SERVER_TARANTOOL: {
        struct slice arguments[] = {slice_of(blog_table_name(table)), id, slice_of(field),
                                    buffer_slice(&value)};
        wire_append_tarantool_call(making->out, mix_script(making, MIX_SCRIPT_PATCH), arguments,
                                   COUNT_OF(arguments));
        break;
    }
    }
    buffer_deinit(&value);
}

static void make_mix_count(struct making *making)
{
    struct slice id = choose_random(making, BLOG_POSTS);
    struct buffer key = {0};
    switch (making->options->server) {
    case SERVER_TENON:
        append_tenon(making, "count", "[\"comments\",\"postId\",[[\"eq\",\"postId\",\"", id,
                     "\"]]]");
        break;
    case SERVER_REDIS: {
        struct slice words[] = {SLICE("LLEN"), append_key(&key, "comments:", id)};
        wire_append_redis(making->out, words, COUNT_OF(words));
        break;
    }
    case SERVER_TARANTOOL:
        wire_append_tarantool_call(making->out, SLICE("countComments"), &id, 1);
        break;
    }
    buffer_deinit(&key);
}

/* Deletes the document that comes `rank` before the last one. The script for Redis is told where
 * the document names the lists that it stands in. */
static void make_mix_delete(struct making *making, enum blog_table table, uint64_t rank)
{
    const struct blog *blog = &making->options->blog;
    uint64_t number = blog_count(blog, table) - 1 - rank;
    assert(rank < blog_count(blog, table) / 4);
    struct slice id = choose(making, table, number);
    switch (making->options->server) {
    case SERVER_TENON:
        append_tenon(making, "delete", "{\"id\":\"", id, "\"}");
        break;
    case SERVER_REDIS: {
        struct reference references[REFERENCES_MAX];
        struct slice words[4 + 2 * REFERENCES_MAX] = {
            SLICE("EVALSHA"), mix_script(making, MIX_SCRIPT_DELETE), SLICE("1"), id};
        size_t count = find_references(blog, table, number, references);
        for (size_t i = 0; i < count; i++) {
            words[4 + 2 * i] = slice_of(references[i].field);
            words[5 + 2 * i] = slice_of(references[i].list);
        }
        wire_append_redis(making->out, words, 4 + 2 * count);
        break;
    }
    case SERVER_TARANTOOL:
        wire_append_tarantool_delete(making->out, tarantool_space(table), id);
        break;
    }
}

/* Inserts a document. Redis: its key, then those of the lists that lead to it. */
static void append_peer_insert(struct making *making, enum blog_table table, uint64_t number)
{
    struct reference references[REFERENCES_MAX];
    size_t count = find_references(&making->options->blog, table, number, references);
    bool redis = making->options->server == SERVER_REDIS;
    struct slice id = choose(making, table, number);
    static const char *const key_counts[] = {"1", "2", "3"};
    struct slice words[5 + REFERENCES_MAX] = {
        SLICE("EVALSHA"), mix_script(making, MIX_SCRIPT_INSERT), slice_of(key_counts[count]), id};
    struct buffer keys[REFERENCES_MAX] = {{0}};
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_append_slice(&keys[i], slice_of(redis ? references[i].list : ""));
        blog_append_id(&keys[i], references[i].table, references[i].number);
        words[4 + i] = buffer_slice(&keys[i]);
    }
    blog_append_document(&text, &making->options->blog, table, number);
    if (redis) {
        words[4 + count] = buffer_slice(&text);
        wire_append_redis(making->out, words, 5 + count);
    } else {
        wire_append_tarantool_insert(making->out, tarantool_space(table), id, buffer_slice(&text),
                                     blog_creation_time(number), words + 4, count);
    }
    buffer_deinit(&text);
    for (size_t i = 0; i < count; i++) {
        buffer_deinit(&keys[i]);
    }
}

static void make_mix_insert(struct making *making, enum blog_table table)
{
    uint64_t number = blog_count(&making->options->blog, table) + making->number;
    if (making->options->server == SERVER_TENON) {
        append_tenon_insert(making, table, number);
    } else {
        append_peer_insert(making, table, number);
    }
}

/* A place in the hundred: each comes once, in an order that mixes the operations. */
static void make_mix(struct making *making)
{
    uint64_t round = making->number / MIX_COUNT;
    uint64_t place = making->number * 37 % MIX_COUNT;
    if (place < 51) {
        make_mix_newest(making);
    } else if (place < 64) {
        make_mix_get(making);
    } else if (place < 73) {
        make_mix_insert(making, BLOG_COMMENTS);
    } else if (place < 81) {
        make_mix_patch(making, BLOG_COMMENTS, "text", 30);
    } else if (place < 88) {
        make_mix_patch(making, BLOG_POSTS, "title", 20);
    } else if (place < 93) {
        make_mix_count(making);
    } else if (place < 96) {
        make_mix_delete(making, BLOG_COMMENTS, 3 * round + place - 93);
    } else if (place < 99) {
        make_mix_insert(making, BLOG_POSTS);
    } else {
        make_mix_delete(making, BLOG_POSTS, round);
    }
}

static const struct {
    const char *name;
    void (*make)(struct making *making);
    bool servers[3]; /* which of them have the case */
} kinds[] = {
    {"get", make_get, {true, true, true}},
    {"get-hot", make_get_hot, {true, true, true}},
    {"getManyFrom", make_get_many_from, {true, true, true}},
    {"getManyVia", make_get_many_via, {true, true, true}},
    {"article", make_article, {true, true, true}},
    {"article-hot", make_article_hot, {true, true, true}},
    {"insert", make_insert, {true, true, false}},
    {"linkbench", make_mix, {true, true, true}},
    {"blank", make_blank, {true, false, false}},
    {"entry-insert", make_entry_insert, {true, true, false}},
    {"entry-patch", make_entry_patch, {true, false, false}},
    {"entry-get", make_entry_get, {true, false, false}},
    {"entry-getOneFrom", make_entry_get_one_from, {true, false, false}},
    {"entry-count", make_entry_count, {true, false, false}},
};

const char requests_kinds[] = "load get get-hot getManyFrom getManyVia article article-hot insert "
                              "linkbench blank entry-insert entry-patch entry-get entry-getOneFrom "
                              "entry-count";

/* Filling a server: every document once, and for Redis, which has no indexes, lists that lead to
 * those that refer to a document. */

static void load_tenon(struct request_writer *writer, const struct blog *blog,
                       enum blog_table table, uint64_t number)
{
    buffer_append_format(&writer->bytes,
                         "{\"id\":%" PRIu64 ",\"method\":\"insert\",\"params\":[\"%s\",", number,
                         blog_table_name(table));
    blog_append_document(&writer->bytes, blog, table, number);
    buffer_append_slice(&writer->bytes, SLICE("]}\n"));
    request_writer_end_request(writer);
}

/* Appends a command to Redis whose key is `prefix` and an id. */
static void load_redis_command(struct request_writer *writer, const char *command,
                               const char *prefix, struct slice id, struct slice value)
{
    struct buffer key = {0};
    struct slice words[] = {slice_of(command), append_key(&key, prefix, id), value};
    wire_append_redis(&writer->bytes, words, COUNT_OF(words));
    request_writer_end_request(writer);
    buffer_deinit(&key);
}

/* Appends `value` to the list of the document that is referred to. */
static void load_redis_list(struct request_writer *writer, const char *prefix,
                            enum blog_table table, uint64_t number, struct slice value)
{
    struct buffer id = {0};
    blog_append_id(&id, table, number);
    load_redis_command(writer, "RPUSH", prefix, buffer_slice(&id), value);
    buffer_deinit(&id);
}

static void load_redis_lists(struct request_writer *writer, const struct blog *blog,
                             enum blog_table table, uint64_t number, struct slice id)
{
    struct reference references[REFERENCES_MAX];
    size_t count = find_references(blog, table, number, references);
    for (size_t i = 0; i < count; i++) {
        load_redis_list(writer, references[i].list, references[i].table, references[i].number, id);
    }
}

/* The categories of a post are their ids: the join document has nothing else to say. */
static void load_redis_category(struct request_writer *writer, const struct blog *blog,
                                uint64_t number)
{
    uint64_t post = blog_post_of_post_category(blog, number);
    uint64_t category = blog_category_of_post_category(blog, number);
    struct buffer post_id = {0};
    struct buffer category_id = {0};
    blog_append_id(&post_id, BLOG_POSTS, post);
    blog_append_id(&category_id, BLOG_CATEGORIES, category);
    load_redis_list(writer, "categories:", BLOG_POSTS, post, buffer_slice(&category_id));
    load_redis_list(writer, "postsIn:", BLOG_CATEGORIES, category, buffer_slice(&post_id));
    buffer_deinit(&post_id);
    buffer_deinit(&category_id);
}

static void load_redis(struct request_writer *writer, const struct blog *blog,
                       enum blog_table table, uint64_t number)
{
    struct buffer id = {0};
    struct buffer text = {0};
    blog_append_id(&id, table, number);
    blog_append_document(&text, blog, table, number);
    load_redis_command(writer, "SET", "", buffer_slice(&id), buffer_slice(&text));
    load_redis_lists(writer, blog, table, number, buffer_slice(&id));
    if (table == BLOG_POST_CATEGORIES) {
        load_redis_category(writer, blog, number);
    }
    buffer_deinit(&id);
    buffer_deinit(&text);
}

static void append_load(struct request_writer *writer, const struct requests_options *options)
{
    for (unsigned table = 0; table < BLOG_TABLE_COUNT; table++) {
        uint64_t count = blog_count(&options->blog, (enum blog_table)table);
        for (uint64_t number = 0; number < count; number++) {
            if (options->server == SERVER_TENON) {
                load_tenon(writer, &options->blog, (enum blog_table)table, number);
            } else {
                load_redis(writer, &options->blog, (enum blog_table)table, number);
            }
        }
    }
}

bool requests_append(struct request_writer *writer, const struct requests_options *options)
{
    if (strcmp(options->kind, "load") == 0) {
        append_load(writer, options);
        return options->server != SERVER_TARANTOOL;
    }
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        if (strcmp(options->kind, kinds[kind].name) != 0 || !kinds[kind].servers[options->server]) {
            continue;
        }
        for (uint64_t i = 0; i < options->count; i++) {
            struct making making = {
                .options = options, .out = &writer->bytes, .number = options->first + i};
            kinds[kind].make(&making);
            request_writer_end_request(writer);
        }
        return true;
    }
    return false;
}
