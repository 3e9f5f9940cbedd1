/* Pages: where they end, what they say of the rest, and what is no page or cursor. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SCHEMA                                                                                     \
    "{'tables':{'notes':{'indexes':{'by_n':['n']}},"                                               \
    "'other':{'indexes':{'by_n':['n']}}}}"

#define PAGE_MAX 10000 /* documents that are read for a page */

/* Inserts notes with n from `first` on. */
static void insert_notes(struct local *local, unsigned first, unsigned count)
{
    struct buffer params = {0};
    buffer_append_format(&params, "['notes',[");
    for (unsigned i = 0; i < count; i++) {
        buffer_append_format(&params, "%s{'n':%u}", i > 0 ? "," : "", first + i);
    }
    buffer_append_format(&params, "]]%c", 0);
    cr_assert(local_call(local, "insertMany", params.data).size > 2);
    buffer_deinit(&params);
}

/* The first page of the notes with n below `below`, which stand at the beginning. */
static void expect_page(struct local *local, unsigned items, unsigned below, const char *expected)
{
    char params[512];
    snprintf(params, sizeof(params),
             "{'do':[{'let':'r','paginate':{'table':'notes','index':'by_n','numItems':%u,"
             "'cursor':null,'filter':{'$lt':['$it.n',%u]}}}],"
             "'return':['$r.page[*].n','$r.isDone']}",
             items, below);
    local_expect(local, "query", params, expected);
}

/* The page behind that page. */
static void expect_next_page(struct local *local, unsigned items, unsigned below,
                             const char *expected)
{
    char params[1024];
    snprintf(params, sizeof(params),
             "{'do':[{'let':'a','paginate':{'table':'notes','index':'by_n','numItems':%u,"
             "'cursor':null,'filter':{'$lt':['$it.n',%u]}}},{'let':'r','paginate':{'table':'notes',"
             "'index':'by_n','numItems':%u,'cursor':'$a.continueCursor',"
             "'filter':{'$lt':['$it.n',%u]}}}],'return':['$r.page[*].n','$r.isDone']}",
             items, below, items, below);
    local_expect(local, "query", params, expected);
}

/* Whether more follow is found out by reading on, but not beyond what may be read for a page. */
Test(page, is_done_is_exact_as_far_as_a_page_may_read)
{
    struct local local;
    local_start(&local, SCHEMA);
    insert_notes(&local, 0, 100);
    expect_page(&local, 2, 2, "[[0,1],true]");
    expect_page(&local, 2, 3, "[[0,1],false]");
    expect_page(&local, 3, 2, "[[0,1],true]");
    expect_page(&local, 1, 0, "[[],true]");
    insert_notes(&local, 100, PAGE_MAX - 100);
    expect_page(&local, 2, 2, "[[0,1],true]");
    insert_notes(&local, PAGE_MAX, 1);
    expect_page(&local, 2, 2, "[[0,1],false]");
    expect_next_page(&local, 2, 2, "[[],true]");
    expect_page(&local, 3, 2, "[[0,1],false]");
    expect_next_page(&local, 3, 2, "[[],true]");
    local_stop(&local);
}

/* The document that is looked at beyond a full page comes first on the next. */
Test(page, nothing_is_lost_between_two_pages)
{
    struct local local;
    local_start(&local, SCHEMA);
    insert_notes(&local, 0, 5);
    expect_next_page(&local, 2, 9, "[[2,3],false]");
    expect_next_page(&local, 3, 9, "[[3,4],true]");
    expect_next_page(&local, 5, 9, "[[],true]");
    local_stop(&local);
}

/* A range of one id is read without a tree; a cursor behind it leaves nothing. */
Test(page, a_page_of_one_id_ends_behind_it)
{
    struct local local;
    local_start(&local, SCHEMA);
    insert_notes(&local, 7, 2);
    local_expect(&local, "query",
                 "{'do':[{'let':'n','first':['notes']},"
                 "{'let':'a','paginate':{'table':'notes','index':'by_id','range':"
                 "[['eq','_id','$n._id']],'numItems':1,'cursor':null}},"
                 "{'let':'b','paginate':{'table':'notes','index':'by_id','range':"
                 "[['eq','_id','$n._id']],'numItems':1,'cursor':'$a.continueCursor'}}],"
                 "'return':['$a.page[*].n','$a.isDone','$b.page','$b.isDone']}",
                 "[[7],true,[],true]");
    local_stop(&local);
}

/* Names a value as bytes with the letters of an id: an id is a string. */
Test(page, bytes_that_spell_an_id_are_none)
{
    struct local local;
    local_start(&local, SCHEMA);
    local_expect(&local, "insert", "['notes',{'_id':'j57000820c20a1g7104gm2rc1m70ynr8','n':1}]",
                 "'j57000820c20a1g7104gm2rc1m70ynr8'");
    local_expect(&local, "collect",
                 "{'table':'notes','index':'by_id','range':[['eq','_id',"
                 "{'$bytes':'ajU3MDAwODIwYzIwYTFnNzEwNGdtMnJjMW03MHlucjg='}]]}",
                 "[]");
    local_stop(&local);
}

/* What a program says of a page is only known when it runs. */
Test(page, what_is_no_page_or_cursor_is_refused_when_it_runs)
{
    static const struct {
        const char *args;
        const char *expected;
    } rows[] = {
        {"{'p':{'numItems':2,'cursor':null}}", "[0,1]"},
        {"{'p':{'numItems':2}}", "[0,1]"},
        {"{'p':null}", "!NullReference /do/0/getManyFrom/paginate"},
        {"{'p':2}", "!TypeMismatch /do/0/getManyFrom/paginate"},
        {"{'p':{}}", "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'p':{'numItems':0}}", "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'p':{'numItems':1.5}}", "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'p':{'numItems':10001}}", "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'p':{'numItems':'2'}}", "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'p':{'numItems':2,'cursor':5}}", "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'p':{'numItems':2,'more':null}}", "!InvalidParams /do/0/getManyFrom/paginate"},
        {"{'p':{'numItems':2,'cursor':'none'}}",
         "!InvalidCursor /do/0/getManyFrom/paginate/cursor"},
    };
    struct local local;
    local_start(&local, SCHEMA);
    local_call(&local, "insertMany", "['notes',[{'n':1,'k':0},{'n':1,'k':1},{'n':1,'k':2}]]");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char params[512];
        snprintf(params, sizeof(params),
                 "{'args':%s,'do':[{'let':'r','getManyFrom':{'table':'notes','index':'by_n',"
                 "'value':1,'paginate':'$args.p'}}],'return':'$r.page[*].k'}",
                 rows[i].args);
        local_expect(&local, "query", params, rows[i].expected);
    }
    local_expect(&local, "query",
                 "{'args':{'c':5},'do':[{'paginate':{'table':'notes','numItems':1,"
                 "'cursor':'$args.c'}}]}",
                 "!TypeMismatch /do/0/paginate/cursor");
    local_stop(&local);
}

/* A cursor serves the read that it comes from. */
Test(page, a_cursor_of_another_read_is_refused)
{
    static const char *const others[] = {
        "'table':'other','index':'by_n'",
        "'table':'notes'",
        "'table':'notes','index':'by_n','order':'desc'",
        "'table':'notes','index':'by_n','range':[['gt','n',0]]",
        "'table':'notes','index':'by_n','filter':{'$eq':['$it.n',1]}",
    };
    struct local local;
    local_start(&local, SCHEMA);
    insert_notes(&local, 0, 3);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        char params[512];
        snprintf(params, sizeof(params),
                 "{'do':[{'let':'a','paginate':{'table':'notes','index':'by_n','numItems':1,"
                 "'cursor':null}},{'paginate':{%s,'numItems':1,'cursor':'$a.continueCursor'}}]}",
                 others[i]);
        local_expect(&local, "query", params, "!InvalidCursor /do/1/paginate/cursor");
    }
    local_stop(&local);
}
