/* Index ranges: Convex's rules and messages, all types as bounds, and what is found against a
 * naive look at every document. */
#include "index/order.h"
#include "tests/support/local.h"
#include "tests/support/random.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SCHEMA                                                                                     \
    "{'tables':{'t':{'indexes':{'a':['a'],'ab':['a','b'],'abc':['a','b','c.d']}},"                 \
    "'users':{'fields':{'boss':{'union':[{'id':'users'},'null']},'n':'number'},"                   \
    "'indexes':{'boss':['boss']}}}}"

static void expect_message(struct local *local, const char *range, const char *index,
                           const char *message)
{
    struct buffer line = {0};
    buffer_append_format(&line, "{\"id\":1,\"method\":\"collect\",\"params\":[\"t\",\"%s\",",
                         index);
    local_append_quoted(&line, range);
    buffer_append_format(&line, "]}");
    struct slice reply = local_send(local, buffer_slice(&line));
    cJSON *json = cJSON_ParseWithLength(reply.data, reply.size);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(error, "message");
    cr_assert(cJSON_IsString(found), "%s: %.*s", range, SLICE_FORMAT(reply));
    cr_expect(strcmp(found->valuestring, message) == 0, "%s\n  says     %s\n  expected %s", range,
              found->valuestring, message);
    cJSON_Delete(json);
    buffer_deinit(&line);
}

Test(range, what_breaks_the_rules_is_told_in_the_words_of_convex)
{
    static const struct {
        const char *index;
        const char *range;
        const char *message;
    } ROWS[] = {
        {"ab", "[['eq','b',1]]",
         "Tried to query index t.ab but the query didn't use the index fields in order.\nIndex "
         "fields: [\"a\", \"b\", \"_creationTime\"]\nQuery fields: [\"b\"]\nFirst incorrect field: "
         "\"b\""},
        {"ab", "[['gt','a',1],['eq','b',1]]",
         "Tried to query index t.ab but the query didn't use the index fields in order.\nIndex "
         "fields: [\"a\", \"b\", \"_creationTime\"]\nQuery fields: [\"b\", \"a\"]\nFirst incorrect "
         "field: \"b\""},
        {"ab", "[['eq','a',1],['gt','_creationTime',1]]",
         "Tried to query index t.ab but the query didn't use the index fields in order.\nIndex "
         "fields: [\"a\", \"b\", \"_creationTime\"]\nQuery fields: [\"a\", "
         "\"_creationTime\"]\nFirst incorrect field: \"_creationTime\""},
        {"ab", "[['eq','a',1],['eq','a',2]]",
         "Already defined equality bound in index range. Can't add \"a\" == 2."},
        {"ab", "[['gt','a',1],['gte','a',2]]",
         "Already defined lower bound in index range. Can't add \"a\" >= 2."},
        {"ab", "[['lt','a','x'],['lte','a','y']]",
         "Already defined upper bound in index range. Can't add \"a\" <= \"y\"."},
        {"ab", "[['gt','a',1],['lt','b',2]]",
         "Upper and lower bounds in `range` can only be applied to a single index field. This "
         "query "
         "against index t.ab attempted to set a range bound on both \"a\" and \"b\". Consider "
         "using "
         "`filter` instead."},
        {"ab", "[['eq','z',1]]",
         "The index range included a comparison with \"z\", but t.ab with fields [\"a\", \"b\", "
         "\"_creationTime\"] doesn't index this field."},
    };
    struct local local;
    local_start(&local, SCHEMA);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        expect_message(&local, ROWS[i].range, ROWS[i].index, ROWS[i].message);
    }
    local_stop(&local);
}

Test(range, errors_say_where)
{
    static const struct {
        const char *params;
        const char *expected;
    } ROWS[] = {
        {"['t','ab',1]", "!InvalidParams /2"},
        {"['t','ab',[1]]", "!InvalidParams /2/0"},
        {"['t','ab',[['eq','a']]]", "!InvalidParams /2/0"},
        {"['t','ab',[['eq','a',1,2]]]", "!InvalidParams /2/0"},
        {"['t','ab',[['eq',1,1]]]", "!InvalidParams /2/0"},
        {"['t','ab',[['ne','a',1]]]", "!InvalidParams /2/0"},
        {"['t','ab',[['eq','a',1],['eq','z',1]]]", "!InvalidIndexRange /2/1"},
        {"['t','ab',[['eq','b',1]]]", "!InvalidIndexRange /2/0"},
        {"['t','ab',[['eq','a',1e999]]]", "!InvalidValue /2/0/2"},
        {"['t','ab',[['eq','a',{'$x':1}]]]", "!InvalidValue"},
        {"{'table':'t','index':'ab','range':[['eq','a',1],['eq','a',1]]}",
         "!InvalidIndexRange /range/1"},
        {"['users','boss',[['eq','boss','nobody']]]", "!InvalidId /2/0/2"},
        {"['users','boss',[['gt','boss','nobody']]]", "!InvalidId /2/0/2"},
        {"['users','boss',[['eq','boss',null]]]", "[]"},
        {"['users','boss',[['eq','boss',5]]]", "[]"},
        {"['users','boss',[['eq','boss',{'$undefined':null}]]]", "[]"},
        {"['t','by_id',[['eq','_id','nobody']]]", "!InvalidId /2/0/2"},
        {"['t','by_creation_time',[['eq','_id','x']]]", "!InvalidIndexRange /2/0"},
        {"['t','ab',[]]", "[]"},
    };
    struct local local;
    local_start(&local, SCHEMA);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        local_expect(&local, "collect", ROWS[i].params, ROWS[i].expected);
    }
    local_stop(&local);
}

/* Values of every type, in their order; the first is missing. */
static const char *const VALUES[] = {
    "{'$undefined':null}",
    "null",
    "{'$integer':'AAAAAAAAAIA='}",
    "{'$integer':'//////////8='}",
    "{'$integer':'AQAAAAAAAAA='}",
    "{'$float':'AAAAAAAA8P8='}",
    "-5",
    "{'$float':'AAAAAAAAAIA='}",
    "0",
    "1.5",
    "{'$float':'AAAAAAAA+H8='}",
    "false",
    "true",
    "''",
    "'a'",
    "'a\\u0000'",
    "'b'",
    "'\xc3\xa4'",
    "{'$bytes':''}",
    "{'$bytes':'/w=='}",
    "[]",
    "[1]",
    "[1,2]",
    "['a']",
    "{}",
    "{'a':1}",
    "{'a':1,'b':2}",
    "{'b':0}",
};

#define VALUE_COUNT ((int)(sizeof(VALUES) / sizeof(VALUES[0])))

static bool fits(int value, const char *comparison, int bound)
{
    if (comparison[0] == 'e') {
        return value == bound;
    }
    bool or_equal = comparison[2] != 0;
    return (or_equal && value == bound) || (comparison[0] == 'g' ? value > bound : value < bound);
}

/* Documents with every value as `a`, some twice; `n` is the value's place in the order. */
static void fill(struct local *local)
{
    local_start(local, SCHEMA);
    for (int i = 0; i < 2 * VALUE_COUNT; i++) {
        struct buffer params = {0};
        int place = i * 11 % VALUE_COUNT;
        buffer_append_format(&params, "['t',{");
        if (place > 0) {
            buffer_append_format(&params, "'a':%s,", VALUES[place]);
        }
        if (i % 3 > 0) {
            buffer_append_format(&params, "'b':%d,'c':{'d':%d},", i % 3, i % 2);
        }
        buffer_append_format(&params, "'n':%d}]%c", place, 0);
        cr_assert(local_call(local, "insert", params.data).data[0] == '"');
        buffer_deinit(&params);
    }
}

/* Appends the places that fit, each twice, in order or backwards. */
static void append_expected(struct buffer *expected, const char *const *comparisons,
                            const int *bounds, int count, bool descends)
{
    bool first = true;
    buffer_append_char(expected, '[');
    for (int i = 0; i < VALUE_COUNT; i++) {
        int place = descends ? VALUE_COUNT - 1 - i : i;
        bool all = true;
        for (int j = 0; j < count; j++) {
            all = all && fits(place, comparisons[j], bounds[j]);
        }
        for (int twice = 0; all && twice < 2; twice++) {
            buffer_append_format(expected, "%s{\"n\":%d}", first ? "" : ",", place);
            first = false;
        }
    }
    buffer_append_format(expected, "]%c", 0);
}

static void check_bounds(struct local *local, const char *const *comparisons, const int *bounds,
                         int count, bool descends)
{
    struct buffer params = {0};
    struct buffer expected = {0};
    buffer_append_format(&params, "{'table':'t','index':'a','order':'%s','select':['n'],'range':[",
                         descends ? "desc" : "asc");
    for (int i = 0; i < count; i++) {
        buffer_append_format(&params, "%s['%s','a',%s]", i ? "," : "", comparisons[i],
                             VALUES[bounds[i]]);
    }
    buffer_append_format(&params, "]}%c", 0);
    append_expected(&expected, comparisons, bounds, count, descends);
    local_expect(local, "collect", params.data, expected.data);
    buffer_deinit(&params);
    buffer_deinit(&expected);
}

Test(range, bounds_of_every_type_find_what_the_order_of_values_says)
{
    static const char *const COMPARISONS[] = {"eq", "gt", "gte", "lt", "lte"};
    struct local local;
    fill(&local);
    for (int bound = 0; bound < VALUE_COUNT; bound++) {
        for (int i = 0; i < 5; i++) {
            check_bounds(&local, &COMPARISONS[i], &bound, 1, (bound + i) % 2 == 1);
        }
        for (int other = 0; other < VALUE_COUNT; other++) {
            const char *both[] = {other % 2 ? "gt" : "gte", bound % 2 ? "lt" : "lte"};
            int bounds[] = {bound, other};
            check_bounds(&local, both, bounds, 2, (bound + other) % 2 == 1);
        }
    }
    local_stop(&local);
}

/* Ranges at random over two and three fields, against a filter over all documents that asks the
 * same. */
Test(range, ranges_find_what_a_filter_over_all_documents_finds)
{
    static const char *const COMPARISONS[] = {"gt", "gte", "lt", "lte"};
    static const char *const OPERATORS[] = {"$gt", "$gte", "$lt", "$lte"};
    static const char *const NUMBERS[] = {"{'$undefined':null}", "0", "1", "2"};
    struct local local;
    srand((unsigned)random_seed("range"));
    fill(&local);
    for (int i = 0; i < 300; i++) {
        struct buffer range = {0};
        struct buffer filter = {0};
        const char *a = VALUES[rand() % VALUE_COUNT];
        const char *b = NUMBERS[rand() % 4];
        const char *d = NUMBERS[rand() % 4];
        int bound = rand() % 4;
        bool three = rand() % 2 == 0;
        buffer_append_format(&range, "{'table':'t','index':'abc','range':[['eq','a',%s],", a);
        buffer_append_format(&filter, "{'table':'t','filter':{'$and':[{'$eq':['$it.a',%s]},", a);
        if (three) {
            buffer_append_format(&range, "['eq','b',%s],['%s','c.d',%s]]}%c", b, COMPARISONS[bound],
                                 d, 0);
            buffer_append_format(&filter, "{'$eq':['$it.b',%s]},{'%s':['$it.c?.d',%s]}]}}%c", b,
                                 OPERATORS[bound], d, 0);
        } else {
            buffer_append_format(&range, "['%s','b',%s]]}%c", COMPARISONS[bound], b, 0);
            buffer_append_format(&filter, "{'%s':['$it.b',%s]}]}}%c", OPERATORS[bound], b, 0);
        }
        struct buffer expected = {0};
        buffer_append_slice(&expected, local_call(&local, "count", filter.data));
        buffer_append_char(&expected, 0);
        local_expect(&local, "count", range.data, expected.data);
        buffer_deinit(&expected);
        buffer_deinit(&range);
        buffer_deinit(&filter);
    }
    local_stop(&local);
}
