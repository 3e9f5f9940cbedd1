/* Programs made at random. See program_generator.h. */
#include "tests/support/program_generator.h"

#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

uint32_t generator_next(struct generator *g, uint32_t below)
{
    return random_below(&g->state, below);
}

#define EMIT(...) buffer_append_format(&g->text, __VA_ARGS__)

const char *generator_pick(struct generator *g, const char *const *texts, uint32_t count)
{
    return texts[generator_next(g, count)];
}

#define PICK(...)                                                                                  \
    generator_pick(g, (const char *const[]){__VA_ARGS__},                                          \
                   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A name of the kind, or NULL. */
static const char *find_name(struct generator *g, enum kind kind)
{
    const char *found = NULL;
    if (g->in_filter && g->filtered == kind && generator_next(g, 2) == 0) {
        return "it";
    }
    unsigned start = g->name_count > 0 ? generator_next(g, g->name_count) : 0;
    for (unsigned i = 0; i < g->name_count && found == NULL; i++) {
        unsigned at = (start + i) % g->name_count;
        found = g->kinds[at] == kind ? g->names[at] : NULL;
    }
    return found;
}

static void expression(struct generator *g, enum kind kind, unsigned depth);

static void constant(struct generator *g)
{
    switch (generator_next(g, 7)) {
    case 0:
    case 1:
        EMIT("%d", (int)generator_next(g, 8) - 3);
        break;
    case 2:
        EMIT("%s", PICK("0.5", "-1.25", "2.50", "1e3"));
        break;
    case 3:
        EMIT("'%s'", PICK("", "a", "b", "ab"));
        break;
    case 4:
        EMIT("%s", PICK("true", "false"));
        break;
    case 5:
        EMIT("null");
        break;
    default:
        EMIT("%s", PICK("[]", "[1,2]", "{'k':1}", "['a',null]", "{'$literal':['x',{'y':2}]}"));
        break;
    }
}

static const char *question(struct generator *g)
{
    return generator_next(g, 3) == 0 ? "?" : "";
}

static void number(struct generator *g, unsigned depth)
{
    const char *person = find_name(g, KIND_PERSON);
    const char *people = find_name(g, KIND_PEOPLE);
    const char *bound = find_name(g, KIND_NUMBER);
    switch (generator_next(g, depth > 0 ? 9 : 4)) {
    case 0:
        EMIT("%d", (int)generator_next(g, 6) - 1);
        return;
    case 1:
        EMIT(bound ? "'$%s'" : "7", bound);
        return;
    case 2:
        EMIT(person ? "'$%s%s.%s'" : "3", person, question(g), PICK("k", "w"));
        return;
    case 3:
        EMIT(people ? "'$%s[%u]?.k'" : "2", people, generator_next(g, 4));
        return;
    case 4:
    case 5:
        EMIT("{'%s':[", PICK("$add", "$sub", "$mul", "$div", "$mod"));
        expression(g, KIND_NUMBER, depth - 1);
        EMIT(",");
        expression(g, KIND_NUMBER, depth - 1);
        EMIT("]}");
        return;
    case 6:
        if (generator_next(g, 5) == 0) {
            EMIT("{'$round':[");
            expression(g, KIND_NUMBER, depth - 1);
            EMIT("]}");
            return;
        }
        EMIT("{'%s':", PICK("$neg", "$abs", "$floor", "$ceil"));
        expression(g, KIND_NUMBER, depth - 1);
        EMIT("}");
        return;
    default:
        EMIT("{'%s':", PICK("$size", "$sum", "$avg", "$size"));
        expression(g, KIND_LIST, depth - 1);
        EMIT("}");
        return;
    }
}

static void boolean(struct generator *g, unsigned depth)
{
    if (depth == 0) {
        EMIT("%s", PICK("true", "false"));
        return;
    }
    switch (generator_next(g, 6)) {
    case 0:
    case 1:
    case 2: {
        enum kind kind = generator_next(g, 3) == 0 ? KIND_ANY : KIND_NUMBER;
        EMIT("{'%s':[", PICK("$eq", "$neq", "$lt", "$lte", "$gt", "$gte"));
        expression(g, kind, depth - 1);
        EMIT(",");
        expression(g, kind, depth - 1);
        EMIT("]}");
        return;
    }
    case 3:
        EMIT("{'%s':[", PICK("$and", "$or"));
        expression(g, KIND_BOOL, depth - 1);
        EMIT(",");
        expression(g, KIND_BOOL, depth - 1);
        EMIT("]}");
        return;
    case 4:
        EMIT("{'%s':", PICK("$not", "$exists", "$not"));
        expression(g, KIND_BOOL, depth - 1);
        EMIT("}");
        return;
    default:
        EMIT("{'$in':[");
        expression(g, KIND_ANY, depth - 1);
        EMIT(",");
        expression(g, KIND_LIST, depth - 1);
        EMIT("]}");
        return;
    }
}

static void list(struct generator *g, unsigned depth)
{
    const char *people = find_name(g, KIND_PEOPLE);
    const char *links = find_name(g, KIND_LINKS);
    const char *bound = find_name(g, KIND_LIST);
    switch (generator_next(g, depth > 0 ? 7 : 4)) {
    case 0:
        EMIT(people ? "'$%s%s'" : "[3,1]", people,
             PICK("", "[*].k", "[*].tags", "[*]?.boss", "[*]?.tags[*]", "[*]._id"));
        return;
    case 1:
        EMIT(links ? "'$%s%s'" : "[1]", links, PICK("", "[*].from", "[*].to", "[*].w"));
        return;
    case 2:
        EMIT(bound ? "'$%s%s'" : "['b','a']", bound, PICK("", "[*]", "[*][*]", "[*]?.k"));
        return;
    case 3:
        EMIT("%s", PICK("[]", "[1,2,1]", "['a','b']", "[[1,2],[3]]"));
        return;
    case 4:
        EMIT("[");
        expression(g, KIND_ANY, depth - 1);
        EMIT(",");
        expression(g, KIND_NUMBER, depth - 1);
        EMIT("]");
        return;
    case 5:
        EMIT("{'$reverse':");
        expression(g, KIND_LIST, depth - 1);
        EMIT("}");
        return;
    default:
        EMIT("{'%s':", PICK("$keys", "$values"));
        expression(g, KIND_PERSON, depth - 1);
        EMIT("}");
        return;
    }
}

static void any(struct generator *g, unsigned depth)
{
    const char *bound = find_name(g, KIND_ANY);
    switch (generator_next(g, depth > 0 ? 9 : 3)) {
    case 0:
        constant(g);
        return;
    case 1:
        EMIT(bound ? "'$%s%s'" : "null", bound, PICK("", "?.k", ".w", "[*]", "[0]"));
        return;
    case 2:
        EMIT("'$args.%s'", PICK("n", "s", "o", "l", "o.a", "o.z"));
        return;
    case 3:
        EMIT("{'a':");
        expression(g, KIND_ANY, depth - 1);
        EMIT(",'$spread':");
        expression(g, KIND_PERSON, depth - 1);
        EMIT(",'k':");
        expression(g, KIND_ANY, depth - 1);
        EMIT("}");
        return;
    case 4:
        EMIT("{'x':");
        expression(g, (enum kind)generator_next(g, KIND_COUNT), depth - 1);
        EMIT(",'y':[");
        expression(g, (enum kind)generator_next(g, KIND_COUNT), depth - 1);
        EMIT("]}");
        return;
    case 5:
        EMIT("{'%s':", PICK("$min", "$max", "$first", "$last"));
        expression(g, KIND_LIST, depth - 1);
        EMIT("}");
        return;
    case 6:
        EMIT("{'$if':[");
        expression(g, KIND_BOOL, depth - 1);
        EMIT(",");
        expression(g, KIND_ANY, depth - 1);
        EMIT(",");
        expression(g, KIND_ANY, depth - 1);
        EMIT("]}");
        return;
    case 7:
        EMIT("{'$coalesce':[");
        expression(g, KIND_ANY, depth - 1);
        EMIT(",");
        expression(g, KIND_ANY, depth - 1);
        EMIT("]}");
        return;
    default:
        EMIT("{'%s':[", PICK("$pick", "$omit"));
        expression(g, KIND_PERSON, depth - 1);
        EMIT(",%s]}", PICK("['k','w']", "['_id','tags']", "[]"));
        return;
    }
}

static void document(struct generator *g, enum kind kind)
{
    const char *one = find_name(g, kind);
    const char *many = find_name(g, kind == KIND_PERSON ? KIND_PEOPLE : KIND_LINKS);
    if (one != NULL && generator_next(g, 4) != 0) {
        EMIT("'$%s'", one);
    } else if (many != NULL) {
        EMIT("'$%s[%u]'", many, generator_next(g, 5));
    } else {
        EMIT("null");
    }
}

static void id(struct generator *g)
{
    const char *person = find_name(g, KIND_PERSON);
    const char *link = find_name(g, KIND_LINK);
    const char *people = find_name(g, KIND_PEOPLE);
    switch (generator_next(g, 4)) {
    case 0:
        EMIT(person ? "'$%s%s.%s'" : "'$args.id'", person, question(g), PICK("_id", "boss", "_id"));
        return;
    case 1:
        EMIT(link ? "'$%s%s.%s'" : "'$args.id'", link, question(g), PICK("from", "to"));
        return;
    case 2:
        EMIT(people ? "'$%s[%u]%s._id'" : "'$args.id'", people, generator_next(g, 3), question(g));
        return;
    default:
        EMIT("'$args.%s'", PICK("id", "gone", "id"));
        return;
    }
}

static void string(struct generator *g, unsigned depth)
{
    const char *bound = find_name(g, KIND_STRING);
    if (depth == 0 || generator_next(g, 3) == 0) {
        EMIT(bound ? "'$%s'" : "'ab'", bound);
        return;
    }
    EMIT("{'%s':[[", "$join");
    expression(g, KIND_STRING, depth - 1);
    EMIT(",'x'],");
    expression(g, KIND_STRING, depth - 1);
    EMIT("]}");
}

/* One of the kind, mostly. */
static void expression(struct generator *g, enum kind kind, unsigned depth)
{
    if (generator_next(g, 25) == 0) {
        kind = (enum kind)generator_next(g, KIND_COUNT);
    }
    switch (kind) {
    case KIND_NUMBER:
        number(g, depth);
        break;
    case KIND_STRING:
        string(g, depth);
        break;
    case KIND_BOOL:
        boolean(g, depth);
        break;
    case KIND_PERSON:
    case KIND_LINK:
        document(g, kind);
        break;
    case KIND_ID:
        id(g);
        break;
    case KIND_ANY:
        any(g, depth);
        break;
    default:
        list(g, depth);
        break;
    }
}

/* Steps. */

static void filter_param(struct generator *g, enum kind filtered)
{
    bool outer = g->in_filter;
    if (generator_next(g, 3) != 0) {
        return;
    }
    g->in_filter = true;
    g->filtered = filtered;
    EMIT(",'filter':");
    expression(g, KIND_BOOL, 2);
    g->in_filter = outer;
}

static void read_params(struct generator *g, enum kind filtered)
{
    if (generator_next(g, 3) == 0) {
        EMIT(",'order':'%s'", PICK("asc", "desc"));
    }
    filter_param(g, filtered);
}

/* Reads of a whole table or of a range, and chains. */
static enum kind read_table(struct generator *g)
{
    switch (generator_next(g, 4)) {
    case 0:
        EMIT("'collect':{'table':'people','index':'k','range':[['%s','k',",
             PICK("gt", "gte", "lt", "lte", "eq"));
        expression(g, KIND_ANY, 1);
        EMIT("]]");
        read_params(g, KIND_PERSON);
        EMIT("}");
        return KIND_PEOPLE;
    case 1:
        EMIT("'%s':{'table':'people'",
             PICK("collect", "collect", "first", "unique", "count", "exists"));
        filter_param(g, KIND_PERSON);
        EMIT("}");
        return KIND_ANY;
    case 2:
        EMIT("'take':{'table':'people','n':%u", generator_next(g, 6));
        read_params(g, KIND_PERSON);
        EMIT("}");
        return KIND_PEOPLE;
    default:
        EMIT("'walk':{'from':");
        expression(g, generator_next(g, 2) ? KIND_ID : KIND_PERSON, 1);
        EMIT(",'field':'boss'%s}", PICK("", ",'depth':2"));
        return KIND_PEOPLE;
    }
}

static enum kind lookup(struct generator *g)
{
    switch (generator_next(g, 12)) {
    case 0:
        EMIT("'%s':['people','%s',", PICK("getOneFrom", "getOneFromOrThrow"), PICK("k", "boss"));
        expression(g, generator_next(g, 2) ? KIND_NUMBER : KIND_ID, 1);
        EMIT("]");
        return KIND_PERSON;
    case 1:
        EMIT("'getManyFrom':['people','boss',");
        expression(g, KIND_ID, 1);
        EMIT("]");
        return KIND_PEOPLE;
    case 2:
        EMIT("'getManyFrom':{'table':'links','index':'%s','value':", PICK("from", "from_w"));
        expression(g, KIND_ID, 1);
        read_params(g, KIND_LINK);
        EMIT("%s%s}", PICK("", ",'take':2"), PICK("", "", ",'select':['w','to']"));
        return KIND_LINKS;
    case 3:
        EMIT("'getManyFrom':{'table':'people','index':'kw','value':");
        expression(g, KIND_NUMBER, 1);
        EMIT(",'range':[['%s','w',", PICK("gt", "gte", "lt", "lte", "eq"));
        expression(g, KIND_NUMBER, 1);
        EMIT("]]}");
        return KIND_PEOPLE;
    case 4:
        EMIT("'%s':['links','to','from',", PICK("getManyVia", "getManyVia", "getManyViaOrThrow"));
        expression(g, KIND_ID, 1);
        EMIT("]");
        return KIND_PEOPLE;
    case 5:
        EMIT("'getManyVia':{'table':'links','toField':'to','index':'from','value':");
        expression(g, KIND_ID, 1);
        read_params(g, KIND_PERSON);
        EMIT("%s}", PICK("", ",'withLink':true", ",'take':3", ",'select':['k']"));
        return KIND_LIST;
    case 6:
        EMIT("'%s':[%s", PICK("get", "getOrThrow", "get"), PICK("", "'people',"));
        expression(g, KIND_ID, 1);
        EMIT("]");
        return KIND_PERSON;
    case 7:
        EMIT("'%s':[", PICK("getAll", "getAll", "getAllOrThrow"));
        expression(g, KIND_LIST, 1);
        EMIT("]");
        return KIND_PEOPLE;
    default:
        return read_table(g);
    }
}

static void traverse(struct generator *g)
{
    EMIT("'traverse':{'from':[");
    expression(g, KIND_ID, 1);
    EMIT("],'via':%s%s}",
         PICK("{'getManyFrom':{'table':'people','index':'boss'}}",
              "{'getManyVia':{'table':'links','toField':'to','index':'from'}}"),
         PICK("", ",'depth':1", ",'depth':2"));
}

static const char *bind(struct generator *g, enum kind kind)
{
    char *name = g->names[g->name_count];
    cr_assert(g->name_count < GENERATOR_NAMES_MAX);
    snprintf(name, sizeof(g->names[0]), "v%u", g->names_made++);
    g->kinds[g->name_count++] = kind;
    return name;
}

/* The kind of the items of what `over` is. */
static enum kind over(struct generator *g)
{
    enum kind kinds[] = {KIND_PEOPLE, KIND_PEOPLE, KIND_LINKS, KIND_LIST};
    enum kind kind = kinds[generator_next(g, 4)];
    const char *name = find_name(g, kind);
    EMIT("'over':");
    if (name == NULL || generator_next(g, 8) == 0) {
        expression(g, KIND_LIST, 1);
        return KIND_ANY;
    }
    EMIT("'$%s'", name);
    return kind == KIND_PEOPLE ? KIND_PERSON : kind == KIND_LINKS ? KIND_LINK : KIND_ANY;
}

static void steps(struct generator *g, unsigned count, unsigned depth);

static enum kind list_of(enum kind item)
{
    return item == KIND_PERSON ? KIND_PEOPLE : item == KIND_LINK ? KIND_LINKS : KIND_LIST;
}

static enum kind async_map(struct generator *g, unsigned depth)
{
    unsigned outer = g->name_count;
    EMIT("'asyncMap':{");
    enum kind item = over(g);
    EMIT(",'as':'%s'", bind(g, item));
    if (generator_next(g, 3) == 0) {
        EMIT(",'index':'%s'", bind(g, KIND_NUMBER));
    }
    EMIT(",'do':[");
    steps(g, generator_next(g, 3), depth - 1);
    EMIT("],'return':");
    expression(g, KIND_ANY, 2);
    EMIT("}");
    g->name_count = outer;
    return KIND_LIST;
}

static enum kind on_items(struct generator *g)
{
    unsigned outer = g->name_count;
    const char *verb = PICK("filter", "sort", "distinct", "group");
    EMIT("'%s':{", verb);
    enum kind item = over(g);
    EMIT(",'as':'%s',", bind(g, item));
    if (verb[0] == 'f') {
        EMIT("'where':");
        expression(g, KIND_BOOL, 2);
    } else if (verb[0] == 's') {
        EMIT("'by':[[");
        expression(g, KIND_ANY, 1);
        EMIT(",'%s'],[", PICK("asc", "desc"));
        expression(g, KIND_NUMBER, 1);
        EMIT(",'%s']]", PICK("asc", "desc"));
    } else {
        EMIT("'by':");
        expression(g, KIND_ANY, 1);
    }
    EMIT("}");
    g->name_count = outer;
    return verb[0] == 'g' ? KIND_LIST : list_of(item);
}

/* Writes. */

static void user_fields(struct generator *g, bool person)
{
    static const char *const PERSON[] = {"k", "w", "u", "tags", "boss"};
    static const char *const LINK[] = {"w", "from", "to"};
    unsigned count = person ? 5 : 3;
    for (unsigned i = 0; i < count; i++) {
        const char *name = person ? PERSON[i] : LINK[i];
        bool refers =
            strcmp(name, "boss") == 0 || strcmp(name, "from") == 0 || strcmp(name, "to") == 0;
        if (generator_next(g, 2) != 0) {
            continue;
        }
        EMIT(",'%s':", name);
        expression(g, refers ? KIND_ID : strcmp(name, "tags") == 0 ? KIND_LIST : KIND_NUMBER, 1);
    }
}

/* A document to insert, whose id is the expression `id_text`. */
static void new_document(struct generator *g, bool person, const char *id_text)
{
    EMIT("{");
    if (generator_next(g, 4) == 0) {
        EMIT("'$spread':");
        document(g, person ? KIND_PERSON : KIND_LINK);
        EMIT(",");
    }
    EMIT("'_id':'%s','_creationTime':%u", id_text, 1 + generator_next(g, 9));
    user_fields(g, person);
    EMIT("}");
}

static void fresh_document(struct generator *g, bool person)
{
    char id_text[64];
    snprintf(id_text, sizeof(id_text), "$args.%s[%u]", person ? "people" : "links",
             generator_next(g, GENERATOR_FRESH_IDS));
    new_document(g, person, id_text);
}

static enum kind insert(struct generator *g)
{
    bool person = generator_next(g, 3) != 0;
    const char *table = person ? "people" : "links";
    unsigned outer = g->name_count;
    switch (generator_next(g, 4)) {
    case 0:
        EMIT("'insertMany':['%s',[", table);
        fresh_document(g, person);
        EMIT(",");
        fresh_document(g, person);
        EMIT("]]");
        return KIND_LIST;
    case 1: {
        char id_text[24];
        const char *name = bind(g, KIND_ID);
        snprintf(id_text, sizeof(id_text), "$%s", name);
        EMIT("'asyncMap':{'over':{'$%s':'$args.%s'},'as':'%s','do':[{'insert':['%s',",
             PICK("reverse", "values"), table, name, table);
        new_document(g, person, id_text);
        EMIT("]}],'return':null}");
        g->name_count = outer;
        return KIND_LIST;
    }
    default:
        EMIT("'insert':['%s',", table);
        fresh_document(g, person);
        EMIT("]");
        return KIND_ID;
    }
}

static void patch_fields(struct generator *g)
{
    bool person = generator_next(g, 3) != 0;
    EMIT("{'z':");
    expression(g, KIND_ANY, 1);
    if (generator_next(g, 3) == 0) {
        EMIT(",'%s':{'$undefined':null}", PICK("k", "u", "tags", "gone", "x"));
    } else {
        user_fields(g, person);
    }
    if (generator_next(g, 12) == 0) {
        EMIT(",'%s':", PICK("_id", "_creationTime", "_x"));
        expression(g, KIND_ID, 1);
    }
    EMIT("}");
}

static enum kind write_step(struct generator *g)
{
    const char *table = PICK("", "", "'people',");
    switch (generator_next(g, 7)) {
    case 0:
    case 1:
        EMIT("'patch':[%s", table);
        expression(g, KIND_ID, 1);
        EMIT(",");
        patch_fields(g);
        EMIT("]");
        return KIND_ANY;
    case 2:
        EMIT("'replace':[%s", table);
        expression(g, KIND_ID, 1);
        EMIT(",{'r':");
        expression(g, KIND_ANY, 1);
        user_fields(g, true);
        EMIT("}]");
        return KIND_ANY;
    case 3:
        EMIT("'delete':[%s", table);
        expression(g, KIND_ID, 1);
        EMIT("]");
        return KIND_ANY;
    default:
        return insert(g);
    }
}

static enum kind verb(struct generator *g, unsigned depth)
{
    enum kind item;
    if (g->writes && generator_next(g, 2) == 0) {
        return write_step(g);
    }
    switch (generator_next(g, 14)) {
    case 0:
    case 1:
        return depth > 0 ? async_map(g, depth) : lookup(g);
    case 2:
    case 3:
    case 4:
        return on_items(g);
    case 5:
        EMIT("'slice':{");
        item = over(g);
        EMIT(",'start':%u,'count':%u}", generator_next(g, 4), generator_next(g, 5));
        return list_of(item);
    case 6:
        EMIT("'%s':{", PICK("flatten", "distinct"));
        item = over(g);
        EMIT("}");
        return list_of(item);
    case 7:
        EMIT("'value':");
        item = (enum kind)generator_next(g, KIND_COUNT);
        expression(g, item, 3);
        return item;
    case 8:
        traverse(g);
        return KIND_LIST;
    case 9:
        EMIT("'assert':{'that':{'$or':[true,");
        expression(g, KIND_BOOL, 2);
        EMIT("]},'message':'no'}");
        return KIND_ANY;
    default:
        return lookup(g);
    }
}

static void steps(struct generator *g, unsigned count, unsigned depth)
{
    for (unsigned i = 0; i < count; i++) {
        EMIT(i ? ",{" : "{");
        if (generator_next(g, 8) == 0) {
            EMIT("'if':");
            expression(g, KIND_BOOL, 1);
            EMIT(",");
        }
        enum kind kind = verb(g, depth);
        EMIT(",'let':'%s'}", bind(g, kind));
    }
}

void generator_make_program(struct generator *g, const char *args)
{
    g->text.size = 0;
    g->name_count = 0;
    g->names_made = 0;
    EMIT("{'args':{'n':%u,'s':'a','o':{'a':1,'k':'x'},'l':[1,[2],null],%s},"
         "'do':[{'collect':{'table':'people'},'let':'%s'},",
         generator_next(g, 4), args, bind(g, KIND_PEOPLE));
    steps(g, 1 + generator_next(g, 5), 2);
    EMIT("],'return':[");
    expression(g, KIND_ANY, 3);
    for (unsigned i = 1; i < g->name_count; i++) {
        EMIT(",'$%s'", g->names[i]);
    }
    EMIT("]}%c", 0);
}
