/* Programs made at random, over random data: the value, or the error, is that of the naive
 * evaluator. 2,000 queries, 300 mutations; 100,000 and 20,000 where TENON_LONG is set. After each
 * mutation every index has what the naive evaluator has. With a budget that is too small, a program
 * says so and changes nothing. */
#include "storage/id.h"
#include "tests/support/local.h"
#include "tests/support/naive_run.h"
#include "tests/support/program_generator.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define SCHEMA                                                                                     \
    "{'tables':{'people':{'indexes':{'k':['k'],'kw':['k','w'],'boss':['boss'],"                    \
    "'u':{'fields':['u'],'unique':true}}},"                                                        \
    "'links':{'indexes':{'from':['from'],'from_w':['from','w']}}}}"

#define PEOPLE_COUNT     9
#define LINKS_COUNT      16
#define QUERIES_A_DATA   50
#define MUTATIONS_A_DATA 10
#define BUDGETED         400
#define BUDGETS          6

/* An id of the first table that nobody has; made with the contract's rule. */
#define GONE             "j57000820c20a1g7104gm2rc1m70ynr8"

#define EMIT(...)        buffer_append_format(&g->text, __VA_ARGS__)

#define PICK(...)                                                                                  \
    generator_pick(g, (const char *const[]){__VA_ARGS__},                                          \
                   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Data. */

static const struct naive_index PEOPLE_INDEXES[] = {{.name = "k", .fields = {"k"}},
                                                    {.name = "kw", .fields = {"k", "w"}},
                                                    {.name = "boss", .fields = {"boss"}},
                                                    {.name = "u", .fields = {"u"}, .unique = true}};
static const struct naive_index LINKS_INDEXES[] = {{.name = "from", .fields = {"from"}},
                                                   {.name = "from_w", .fields = {"from", "w"}}};

struct world {
    struct local local;
    struct arena arena; /* of the naive tables */
    struct naive_table tables[2];
    struct naive_database naive;
    cJSON *programs; /* those whose texts the naive documents refer to */
};

static const char *random_id(struct generator *g, const struct naive_table *people)
{
    if (people->count == 0 || generator_next(g, 10) == 0) {
        return GONE;
    }
    return plain_field(people->documents[generator_next(g, (uint32_t)people->count)], "_id")
        ->string;
}

static void person(struct generator *g, const struct naive_table *people)
{
    EMIT("['people',{");
    EMIT("%s", PICK("'k':1", "'k':2", "'k':1.0", "'k':'a'", "'k':null", "'z':0", "'k':3"));
    EMIT("%s", PICK("", ",'w':1", ",'w':2", ",'w':0.5", ",'w':'b'"));
    EMIT("%s", PICK("", ",'tags':[]", ",'tags':['a','b']", ",'tags':['b']"));
    if (generator_next(g, 3) != 0) {
        EMIT(",'boss':'%s'", random_id(g, people));
    }
    EMIT("}]%c", 0);
}

static void link_of(struct generator *g, const struct naive_table *people)
{
    EMIT("['links',{'w':%u,'from':'%s'", generator_next(g, 4), random_id(g, people));
    if (generator_next(g, 8) != 0) {
        EMIT(",'to':'%s'", random_id(g, people));
    }
    EMIT("}]%c", 0);
}

/* Inserts a document and keeps what the server made of it. */
static void add(struct world *world, struct generator *g, struct naive_table *table)
{
    char get[64];
    struct slice reply = local_call(&world->local, "insert", g->text.data);
    snprintf(get, sizeof(get), "[%.*s]", SLICE_FORMAT(reply));
    reply = local_call(&world->local, "get", get);
    cJSON *json = cJSON_ParseWithLength(reply.data, reply.size);
    table->documents[table->count++] = plain_of(&world->arena, json);
    cJSON_Delete(json);
}

static void world_create(struct world *world, struct generator *g)
{
    local_start(&world->local, SCHEMA);
    arena_init(&world->arena, 65536);
    world->tables[0] = (struct naive_table){.name = "people",
                                            .id_start = "j57",
                                            .indexes = PEOPLE_INDEXES,
                                            .index_count = COUNT_OF(PEOPLE_INDEXES)};
    world->tables[1] = (struct naive_table){.name = "links",
                                            .id_start = "j97",
                                            .indexes = LINKS_INDEXES,
                                            .index_count = COUNT_OF(LINKS_INDEXES)};
    world->naive = (struct naive_database){.tables = world->tables, .table_count = 2};
    world->programs = cJSON_CreateArray();
    for (int i = 0; i < PEOPLE_COUNT; i++) {
        g->text.size = 0;
        person(g, &world->tables[0]);
        add(world, g, &world->tables[0]);
    }
    for (int i = 0; i < LINKS_COUNT; i++) {
        g->text.size = 0;
        link_of(g, &world->tables[0]);
        add(world, g, &world->tables[1]);
    }
}

static void world_destroy(struct world *world)
{
    cJSON_Delete(world->programs);
    arena_deinit(&world->arena);
    local_stop(&world->local);
}

/* Ids that no document has, as the items of a list. */
static void append_fresh_ids(struct generator *g, struct buffer *args, uint32_t table_number)
{
    for (unsigned i = 0; i < GENERATOR_FRESH_IDS; i++) {
        struct id id = {.table_number = table_number};
        char text[ID_TEXT_SIZE_MAX];
        for (unsigned j = 0; j < ID_BODY_SIZE; j++) {
            id.body[j] = (uint8_t)generator_next(g, 256);
        }
        int size = (int)id_encode(&id, text);
        buffer_append_format(args, "%s'%.*s'", i > 0 ? "," : "", size, text);
    }
}

/* Makes a program with the arguments that the generator wants. */
static void make_program(struct world *world, struct generator *g)
{
    struct buffer args = {0};
    buffer_append_format(&args, "'id':'%s','gone':'%s','people':[", random_id(g, &world->tables[0]),
                         GONE);
    append_fresh_ids(g, &args, 10001);
    buffer_append_format(&args, "],'links':[");
    append_fresh_ids(g, &args, 10002);
    buffer_append_format(&args, "]%c", 0);
    generator_make_program(g, args.data);
    buffer_deinit(&args);
}

/* Whether the reply is the value, or, where there is an error, the error. */
static bool is_same(struct slice reply, const char *error, const struct plain *value,
                    struct arena *arena)
{
    if (error != NULL) {
        size_t size = strlen(error);
        return reply.size > size && reply.data[0] == '!' &&
               memcmp(reply.data + 1, error, size) == 0 &&
               (reply.size == size + 1 || reply.data[size + 1] == ' ');
    }
    cJSON *json = reply.data[0] == '!' ? NULL : cJSON_ParseWithLength(reply.data, reply.size);
    bool same = json != NULL && plain_same(plain_of(arena, json), value);
    cJSON_Delete(json);
    return same;
}

/* Compares one program; returns whether it gave a value. */
static bool compare(struct world *world, struct generator *g, const char *method)
{
    const struct plain *value = NULL;
    make_program(world, g);
    char *text = g->text.data;
    struct slice reply = local_call(&world->local, method, text);
    for (char *c = text; *c != 0; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    cJSON *params = cJSON_Parse(text);
    cJSON_AddItemToArray(world->programs, params);
    const char *error =
        (g->writes ? naive_mutation : naive_query)(&world->naive, params, &world->arena, &value);
    cr_assert(is_same(reply, error, value, &world->arena), "%s\ngives %.*s\nand naively %s", text,
              SLICE_FORMAT(reply), error ? error : "another value");
    return error == NULL;
}

/* What an index lists is what the naive evaluator lists. */
static void compare_index(struct world *world, const char *table, const char *index)
{
    char text[256];
    const struct plain *value = NULL;
    snprintf(text, sizeof(text),
             "{\"do\":[{\"let\":\"all\",\"collect\":{\"table\":\"%s\",\"index\":\"%s\"}}],"
             "\"return\":\"$all\"}",
             table, index);
    cJSON *params = cJSON_Parse(text);
    cr_assert_null(naive_query(&world->naive, params, &world->arena, &value));
    struct slice reply = local_call(&world->local, "query", text);
    cr_assert(is_same(reply, NULL, value, &world->arena), "%s.%s has %.*s", table, index,
              SLICE_FORMAT(reply));
    cJSON_Delete(params);
}

static void compare_data(struct world *world)
{
    for (size_t i = 0; i < world->naive.table_count; i++) {
        const struct naive_table *table = &world->tables[i];
        for (size_t j = 0; j < table->index_count; j++) {
            compare_index(world, table->name, table->indexes[j].name);
        }
    }
}

/* Runs so many programs, each few on data of their own. */
static void run_programs(struct generator *g, unsigned count, unsigned programs_a_data)
{
    struct world world;
    unsigned values = 0;
    for (unsigned i = 0; i < count; i++) {
        if (i % programs_a_data == 0) {
            world_create(&world, g);
        }
        values += compare(&world, g, g->writes ? "mutation" : "query") ? 1 : 0;
        if (g->writes) {
            compare_data(&world);
        }
        if (i % programs_a_data == programs_a_data - 1) {
            world_destroy(&world);
        }
    }
    /* Programs that all fail early would compare little. */
    cr_expect(values > count / 4, "%u of %u programs give a value", values, count);
    buffer_deinit(&g->text);
}

Test(random_programs, give_what_the_naive_evaluator_gives)
{
    struct generator generator = {.state = random_seed("random_programs")};
    run_programs(&generator, getenv("TENON_LONG") ? 100000 : 2000, QUERIES_A_DATA);
}

Test(random_programs, that_write_leave_what_the_naive_evaluator_leaves)
{
    struct generator generator = {.state = random_seed("random_programs that write"),
                                  .writes = true};
    run_programs(&generator, getenv("TENON_LONG") ? 20000 : 300, MUTATIONS_A_DATA);
}

/* Runs the program with a budget that may be too small. Returns whether it was. */
static bool exceeds(struct world *world, struct generator *g, const char *method,
                    struct slice program, struct buffer *reply)
{
    struct buffer limited = {0};
    buffer_append_format(&limited, "%.*s,'limits':{'documents':%u,'bytes':%u}}%c",
                         (int)program.size - 1, program.data, 1 + generator_next(g, 60),
                         1 + generator_next(g, 3000), 0);
    reply->size = 0;
    buffer_append_slice(reply, local_call(&world->local, method, limited.data));
    buffer_deinit(&limited);
    return slice_starts_with(buffer_slice(reply), SLICE("!LimitExceeded"));
}

/* Returns how many of the budgets were too small. With any other, a query gives what it gives
 * without one. */
static unsigned query_with_budgets(struct world *world, struct generator *g, struct slice program)
{
    struct buffer expected = {0};
    struct buffer reply = {0};
    unsigned exceeded = 0;
    buffer_append_slice(&expected, local_call(&world->local, "query", program.data));
    for (unsigned i = 0; i < BUDGETS; i++) {
        if (exceeds(world, g, "query", program, &reply)) {
            exceeded += 1;
        } else {
            cr_assert(slice_equal(buffer_slice(&reply), buffer_slice(&expected)), "%.*s",
                      SLICE_FORMAT(program));
        }
    }
    buffer_deinit(&expected);
    buffer_deinit(&reply);
    return exceeded;
}

/* A mutation leaves no trace where its budget was too small. */
static unsigned mutate_with_budgets(struct world *world, struct generator *g, struct slice program)
{
    struct buffer before = {0};
    struct buffer after = {0};
    struct buffer reply = {0};
    unsigned exceeded = 0;
    for (unsigned i = 0; i < BUDGETS; i++) {
        local_dump(&world->local, &before);
        if (exceeds(world, g, "mutation", program, &reply)) {
            exceeded += 1;
            local_dump(&world->local, &after);
            cr_assert(slice_equal(buffer_slice(&before), buffer_slice(&after)), "%.*s",
                      SLICE_FORMAT(program));
        }
    }
    buffer_deinit(&before);
    buffer_deinit(&after);
    buffer_deinit(&reply);
    return exceeded;
}

Test(random_programs, keep_to_their_budgets)
{
    struct generator g = {.state = random_seed("random_programs with budgets")};
    struct world world;
    unsigned exceeded = 0;
    for (unsigned i = 0; i < BUDGETED; i++) {
        g.writes = i % 2 == 0;
        if (i % MUTATIONS_A_DATA == 0) {
            world_create(&world, &g);
        }
        make_program(&world, &g);
        struct slice program = slice_of(g.text.data);
        exceeded += (g.writes ? mutate_with_budgets : query_with_budgets)(&world, &g, program);
        if (i % MUTATIONS_A_DATA == MUTATIONS_A_DATA - 1) {
            world_destroy(&world);
        }
    }
    cr_expect(exceeded > BUDGETED * BUDGETS / 10, "%u budgets were too small", exceeded);
    cr_expect(exceeded < BUDGETED * BUDGETS / 2, "%u budgets were too small", exceeded);
    buffer_deinit(&g.text);
}
