/* Mutations: transactions that read their own writes, and leave nothing behind where they fail. */
#include "tests/support/local.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SCHEMA                                                                                     \
    "{'tables':{'people':{'fields':{'name':'string','friend':{'optional':{'id':'people'}},"        \
    "'seat':{'optional':'number'}},'indexes':{'by_name':['name'],'friend':['friend'],"             \
    "'seat':{'fields':['seat'],'unique':true}}},'notes':{'indexes':{'tag':['tag','n']}}}}"

#define ADA  "'j57fvvj31n0btnyyxb0rdkcqj189yr6f'"
#define BOB  "'j57e047x3kgtsgbkwet86pvp6n89ze5a'"
#define GONE "'j574va30mpd4dt4c5drte6xff989z8s8'"

static void fill(struct local *local)
{
    local_start(local, SCHEMA);
    local_expect(local, "insertMany",
                 "['people',[{'_id':" ADA ",'_creationTime':1,'name':'Ada','seat':1},{'_id':" BOB
                 ",'_creationTime':2,'name':'Bob','seat':2,'friend':" ADA "}]]",
                 "[" ADA "," BOB "]");
    for (int i = 0; i < 20; i++) {
        char note[64];
        snprintf(note, sizeof(note), "['notes',{'tag':'t%d','n':%d}]", i % 3, i);
        local_call(local, "insert", note);
    }
}

/* What the database counts, beside its documents. */
struct figures {
    uint64_t sequence; /* of transactions */
    uint64_t counts[2];
    uint64_t text_sizes[2];
};

static struct figures figures_of(const struct local *local)
{
    const struct database *database = local->service->database;
    struct figures figures = {.sequence = database->sequence};
    for (int i = 0; i < 2; i++) {
        figures.counts[i] = database->tables[i].count;
        figures.text_sizes[i] = database->tables[i].text_size;
    }
    return figures;
}

/* 99 steps that write in every way, then `last`. */
static void append_hundred(struct buffer *program, const char *last)
{
    buffer_append_format(program, "{'do':[");
    for (int i = 0; i < 99; i++) {
        switch (i % 6) {
        case 0:
            buffer_append_format(program, "{'let':'n%d','insert':['notes',{'tag':'new','n':%d}]},",
                                 i, i);
            break;
        case 1:
            buffer_append_format(program, "{'patch':['$n%d',{'tag':'t%d','more':[%d]}]},", i - 1,
                                 i % 5, i);
            break;
        case 2:
            buffer_append_format(
                program, "{'let':'p%d','insert':['people',{'name':'P','seat':%d}]},", i, 100 + i);
            break;
        case 3:
            buffer_append_format(
                program, "{'replace':[" BOB ",{'name':'Bob %d','friend':'$p%d'}]},", i, i - 1);
            break;
        case 4:
            buffer_append_format(program, "{'delete':['$n%d']},", i - 4);
            break;
        default:
            buffer_append_format(program, "{'patch':[" ADA ",{'seat':%d}]},", 1000 + i);
            break;
        }
    }
    buffer_append_format(program, "%s]}%c", last, 0);
}

Test(mutation, a_hundred_steps_that_fail_at_the_last_leave_no_trace)
{
    static const struct {
        const char *last;
        const char *error;
    } ROWS[] = {
        {"{'getOrThrow':[" GONE "]}", "!DocumentNotFound /do/99"},
        {"{'assert':{'that':false,'message':'no'}}", "!AssertFailed /do/99"},
        {"{'insert':['people',{'name':1}]}", "!SchemaViolation /do/99/insert/1/name"},
        {"{'insert':['people',{'name':'X','seat':1095}]}", "!UniqueViolation"},
        {"{'delete':[" GONE "]}", "!DocumentNotFound /do/99"},
        {"{'value':{'$add':[1,'x']}}", "!TypeMismatch /do/99/value"},
        {"{'insertMany':['notes',[{'tag':1},{'_x':2}]]}", "!InvalidValue"},
        {"{'patch':[" ADA ",{'_id':" BOB "}]}", "!InvalidParams"},
    };
    struct local local;
    fill(&local);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buffer program = {0};
        struct buffer before = {0};
        struct buffer after = {0};
        local_dump(&local, &before);
        struct figures old = figures_of(&local);
        append_hundred(&program, ROWS[i].last);
        local_expect(&local, "mutation", program.data, ROWS[i].error);
        database_check(local.service->database);
        local_dump(&local, &after);
        struct figures new = figures_of(&local);
        cr_expect(slice_equal(buffer_slice(&before), buffer_slice(&after)), "%s", ROWS[i].last);
        cr_expect(old.sequence == new.sequence);
        for (int table = 0; table < 2; table++) {
            cr_expect(old.counts[table] == new.counts[table]);
            cr_expect(old.text_sizes[table] == new.text_sizes[table]);
        }
        local_expect(&local, "getOneFrom", "['people','seat',1]",
                     "{'_id':" ADA ",'_creationTime':1,'name':'Ada','seat':1}");
        local_expect(&local, "count", "['notes','tag',[['eq','tag','new']]]", "0");
        buffer_deinit(&program);
        buffer_deinit(&before);
        buffer_deinit(&after);
    }
    /* The same steps are carried out where nothing fails. */
    struct buffer program = {0};
    append_hundred(&program, "{'value':1}");
    local_expect(&local, "mutation", program.data, "null");
    local_expect(&local, "count", "['people']", "19");
    buffer_deinit(&program);
    local_stop(&local);
}

Test(mutation, it_reads_its_own_writes)
{
    struct local local;
    fill(&local);
    local_expect(
        &local, "mutation",
        "{'do':[{'let':'a','count':['notes']},{'let':'id','insert':['notes',{'tag':'own','n':"
        "-1}]},{'let':'b','count':['notes']},{'let':'c','get':['$id']},"
        "{'patch':['$id',{'n':{'$add':['$c.n',5]}}]},"
        "{'let':'d','getOneFrom':['notes','tag','own']},{'delete':['$id']},"
        "{'let':'e','get':['$id']},{'let':'f','exists':['notes','tag',[['eq','tag','own']]]}],"
        "'return':[{'$sub':['$b','$a']},'$c.n','$d.n','$e','$f',{'$eq':['$d._id','$id']}]}",
        "[1,-1,4,null,false,true]");
    local_expect(&local, "count", "['notes']", "20");
    local_stop(&local);
}

Test(mutation, two_documents_refer_to_each_other)
{
    struct local local;
    fill(&local);
    local_expect(&local, "mutation",
                 "{'do':[{'let':'eve','insert':['people',{'name':'Eve'}]},"
                 "{'let':'dan','insert':['people',{'name':'Dan','friend':'$eve'}]},"
                 "{'patch':['$eve',{'friend':'$dan'}]},"
                 "{'let':'e','get':['$eve']},{'let':'d','get':['$dan']}],"
                 "'return':[{'$eq':['$e.friend','$dan']},{'$eq':['$d.friend','$eve']}]}",
                 "[true,true]");
    local_expect(&local, "query",
                 "{'do':[{'let':'e','getOneFrom':['people','by_name','Eve']},"
                 "{'let':'w','walk':{'from':'$e','field':'friend'}}],'return':'$w[*].name'}",
                 "['Dan']");
    local_stop(&local);
}

Test(mutation, a_document_moves_between_unique_keys)
{
    struct local local;
    fill(&local);
    /* Two change seats by way of a free one. */
    local_expect(&local, "mutation",
                 "{'do':[{'patch':[" ADA ",{'seat':99}]},{'patch':[" BOB ",{'seat':1}]},"
                 "{'patch':[" ADA ",{'seat':2}]},{'let':'p','collect':['people','seat']}],"
                 "'return':'$p[*].name'}",
                 "['Bob','Ada']");
    local_expect(&local, "getOneFrom", "['people','seat',99]", "null");
    local_expect(&local, "mutation", "{'do':[{'patch':[" ADA ",{'seat':1}]}]}",
                 "!UniqueViolation /do/0/patch/1");
    /* Deleted and inserted again under the same id and key, in one transaction. */
    local_expect(&local, "mutation",
                 "{'do':[{'delete':[" ADA "]},{'insert':['people',{'_id':" ADA
                 ",'_creationTime':1,'name':'Ada II','seat':2}]}]}",
                 "null");
    local_expect(&local, "getOneFrom", "['people','seat',2]",
                 "{'_id':" ADA ",'_creationTime':1,'name':'Ada II','seat':2}");
    local_stop(&local);
}

Test(mutation, a_bound_document_stays_as_it_was_read)
{
    struct local local;
    fill(&local);
    local_expect(&local, "mutation",
                 "{'do':[{'let':'a','get':[" ADA "]},{'patch':[" ADA ",{'name':'Changed'}]},"
                 "{'let':'b','get':[" ADA "]},{'delete':[" ADA
                 "]}],'return':['$a.name','$b.name','$b']}",
                 "['Ada','Changed',{'_id':" ADA ",'_creationTime':1,'name':'Changed','seat':1}]");
    local_stop(&local);
}

Test(mutation, fields_of_a_patch)
{
    static const struct {
        const char *fields;
        const char *expected; /* of the document behind `_creationTime` */
    } ROWS[] = {
        {"{'name':'A','seat':{'$undefined':null}}", "'name':'A'}"},
        {"{'seat':'$args?.gone'}", "'name':'Ada','seat':1}"},
        {"{'seat':'$args.more.gone','name':'B'}", "'name':'B','seat':1}"},
        {"{'$spread':'$args.more'}", "'name':'More','seat':7}"},
        {"{'$spread':'$args.more','seat':{'$undefined':null}}", "'name':'More'}"},
        {"'$args.more'", "'name':'More','seat':7}"},
        {"{'friend':" BOB "}", "'name':'Ada','seat':1,'friend':" BOB "}"},
        {"{}", "'name':'Ada','seat':1}"},
        {"{'_id':" ADA ",'_creationTime':1}", "'name':'Ada','seat':1}"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct local local;
        struct buffer program = {0};
        struct buffer expected = {0};
        fill(&local);
        buffer_append_format(&program,
                             "{'args':{'more':{'name':'More','seat':7}},'do':[{'patch':[" ADA
                             ",%s]},{'let':'a','get':[" ADA "]}],'return':'$a'}%c",
                             ROWS[i].fields, 0);
        buffer_append_format(&expected, "{'_id':" ADA ",'_creationTime':1,%s%c", ROWS[i].expected,
                             0);
        local_expect(&local, "mutation", program.data, expected.data);
        buffer_deinit(&expected);
        buffer_deinit(&program);
        local_stop(&local);
    }
}

Test(mutation, what_cannot_be_written_says_where)
{
    static const struct {
        const char *step;
        const char *error;
    } ROWS[] = {
        {"{'insert':['people',null]}", "!NullReference /do/0/insert/1"},
        {"{'insert':['people',[]]}", "!TypeMismatch /do/0/insert/1"},
        {"{'insert':['people',{'name':{'$undefined':null}}]}", "!InvalidValue /do/0/insert/1/name"},
        {"{'insert':['people',{}]}", "!SchemaViolation /do/0/insert/1"},
        {"{'insert':['people',{'name':'X','age':1}]}", "!SchemaViolation /do/0/insert/1/age"},
        {"{'insert':['people',{'name':'X','seat':1}]}", "!UniqueViolation /do/0/insert/1"},
        {"{'insert':['people',{'name':'X','_id':" ADA "}]}", "!UniqueViolation"},
        {"{'insert':['people',{'name':'X','_id':'bad'}]}", "!InvalidId"},
        {"{'insert':['notes',{'_x':1}]}", "!InvalidValue"},
        {"{'insertMany':['people',[{'name':'X'},5]]}", "!TypeMismatch /do/0/insertMany/1/1"},
        {"{'insertMany':['people',{}]}", "!TypeMismatch /do/0/insertMany/1"},
        {"{'insertMany':['people',[{'name':'X'},{'name':5}]]}",
         "!SchemaViolation /do/0/insertMany/1/1/name"},
        {"{'patch':[" GONE ",{'name':'X'}]}", "!DocumentNotFound /do/0"},
        {"{'patch':[" ADA ",5]}", "!TypeMismatch /do/0/patch/1"},
        {"{'patch':['notes'," ADA ",{}]}", "!InvalidId /do/0/patch/1"},
        {"{'patch':[null,{}]}", "!NullReference /do/0/patch/0"},
        {"{'patch':{'id':" ADA ",'fields':{'name':5}}}",
         "!SchemaViolation /do/0/patch/fields/name"},
        {"{'patch':[" ADA ",{'name':{'$undefined':null}}]}", "!SchemaViolation /do/0/patch/1"},
        {"{'replace':[" GONE ",{'name':'X'}]}", "!DocumentNotFound /do/0"},
        {"{'replace':[" ADA ",{'seat':2,'name':'A'}]}", "!UniqueViolation /do/0/replace/1"},
        {"{'delete':[" GONE "]}", "!DocumentNotFound /do/0"},
        {"{'delete':['people','bad']}", "!InvalidId /do/0/delete/1"},
        {"{'asyncMap':{'over':[1,2],'as':'i','do':[{'insert':['people',{'name':'X','seat':'$i'}]}],"
         "'return':1}}",
         "!UniqueViolation /do/0/asyncMap/do/0/insert/1"},
    };
    struct local local;
    struct buffer before = {0};
    struct buffer after = {0};
    fill(&local);
    local_dump(&local, &before);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buffer program = {0};
        buffer_append_format(&program, "{'do':[%s]}%c", ROWS[i].step, 0);
        local_expect(&local, "mutation", program.data, ROWS[i].error);
        buffer_deinit(&program);
    }
    local_dump(&local, &after);
    cr_expect(slice_equal(buffer_slice(&before), buffer_slice(&after)));
    buffer_deinit(&before);
    buffer_deinit(&after);
    local_stop(&local);
}
