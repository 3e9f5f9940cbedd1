/* Lookups of a window are searched for together, before the first of its calls runs. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA                                                                                     \
    "{'tables':{'people':{'number':10001,'fields':{'friend':{'optional':{'id':'people'}}},"        \
    "'indexes':{'by_friend':['friend']}}}}"

#define ADA "'j57000820c20a1g7104gm2rc1m70ynr8'"
#define BOB "'j571048j2ca1a5gq30chm6rw3mf1ynw8'"

/* Expects a bar for each result of the batch, and behind it an x for each document that has a
 * friend. */
static void expect_batch(struct local *local, const char *batch, const char *expected)
{
    char text[2048];
    char counts[64] = "";
    size_t size = strlen(batch);
    cr_assert(size < sizeof(text));
    for (size_t i = 0; i < size; i++) {
        text[i] = batch[i] == '\'' ? '"' : batch[i];
    }
    struct slice reply = local_send(local, slice_make(text, size));
    for (size_t i = 0; i + 8 < reply.size; i++) {
        const char *at = reply.data + i;
        if (memcmp(at, "\"result\":", 9) == 0) {
            strcat(counts, "|");
        } else if (memcmp(at, "\"friend\":", 9) == 0) {
            strcat(counts, "x");
        }
    }
    cr_expect_str_eq(counts, expected, "%.*s", SLICE_FORMAT(reply));
}

#define GET     "{'id':1,'method':'getManyFrom','params':['people','by_friend'," ADA "]}"
#define ADD_BOB "{'id':1,'method':'insert','params':['people',{'friend':" BOB "}]}"
#define ADD_OLD                                                                                    \
    "{'id':1,'method':'insert','params':['people',{'friend':" ADA ",'_creationTime':1}]}"
#define ADD "{'id':1,'method':'insert','params':['people',{'friend':" ADA "}]}"

/* What was searched for before a write is searched for again behind it. */
Test(call_ahead, lookups_see_the_writes_of_their_window)
{
    struct local local;
    local_start(&local, SCHEMA);
    local_call(&local, "insert", "['people',{'_id':" ADA "}]");
    expect_batch(&local, "[" GET "," ADD "," GET "," ADD "," ADD "," GET "]", "|||x|||xxx");
    /* Leaves are split between the search and the lookup. */
    local_call(&local, "mutation",
               "{'do':[{'asyncMap':{'over':[1,2,3,4,5,6,7,8,9,10],'as':'n','do':[{'insert':"
               "['people',{'friend':" ADA "}]}],'return':null}}]}");
    expect_batch(&local, "[" GET "," ADD "," GET "]", "|xxxxxxxxxxxxx||xxxxxxxxxxxxxx");
    local_stop(&local);
}

/* Each of a window's inserts goes behind those before, wherever these have split leaves. */
Test(call_ahead, inserts_find_their_places_among_those_of_their_window)
{
    struct local local;
    local_start(&local, SCHEMA);
    local_call(&local, "insert", "['people',{'_id':" ADA "}]");
    local_call(&local, "insert", "['people',{'_id':" BOB ",'friend':" ADA "}]");
    for (unsigned round = 0; round < 40; round++) {
        expect_batch(&local, "[" ADD "," ADD_BOB "," ADD "," ADD_OLD "," ADD_BOB "," ADD "]",
                     "||||||");
    }
    local_expect(&local, "count", "['people','by_friend',[['eq','friend'," ADA "]]]", "161");
    local_expect(&local, "count", "['people','by_friend',[['eq','friend'," BOB "]]]", "80");
    local_stop(&local);
}

#define ADD_WRONG                                                                                  \
    "{'id':1,'method':'insert','params':['people',{'friend':'j57000820c20a1g7104gm2rc1m70ynr9'}]}"

/* A value that a document beside has is not checked again, but one that only begins alike is. */
Test(call_ahead, a_value_that_looks_like_a_known_one_is_checked)
{
    struct local local;
    local_start(&local, SCHEMA);
    local_call(&local, "insert", "['people',{'_id':" ADA "}]");
    local_call(&local, "insert", "['people',{'friend':" ADA "}]");
    expect_batch(&local, "[" ADD "," ADD_WRONG "," ADD "," ADD_BOB "," ADD_WRONG "]", "|||");
    local_expect(&local, "count", "['people']", "5");
    local_stop(&local);
}

#define PATCH  "{'id':1,'method':'patch','params':[" BOB ",{'friend':" ADA "}]}"
#define CLEAR  "{'id':1,'method':'patch','params':[" BOB ",{'friend':{'$undefined':null}}]}"
#define DELETE "{'id':1,'method':'delete','params':[" BOB "]}"

/* A document that takes the place of another, moves, or goes, between the search and the lookup. */
Test(call_ahead, lookups_see_documents_come_and_go_in_their_window)
{
    struct local local;
    local_start(&local, SCHEMA);
    local_call(&local, "insert", "['people',{'_id':" ADA "}]");
    local_call(&local, "insert", "['people',{'_id':" BOB ",'friend':" ADA "}]");
    expect_batch(&local, "[" GET "," CLEAR "," GET "," PATCH "," GET "," DELETE "," GET "]",
                 "|x||||x||");
    local_stop(&local);
}
