/* See transcript.h. */
#include "tests/support/transcript.h"

#include "base/memory.h"
#include "tests/support/pattern.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER "tests/transcripts/"

struct line {
    struct line *next;
    const char *file;
    unsigned number; /* from 1 */
    char mark;
    struct buffer text;
};

struct transcript {
    struct arena arena;
    struct line *first;
    struct line **end;
    char *schema;
    struct pattern_names names;
};

struct play {
    struct transcript *transcript;
    const struct transcript_peer *peer;
    const struct line *line;
    unsigned id;   /* of the last request by METHOD */
    bool answered; /* it has had its reply */
};

/* ---- Reading */

static char *read_file(struct arena *arena, const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s cannot be opened", path);
    cr_assert(fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    rewind(file);
    char *text = arena_allocate(arena, *size + 1);
    cr_assert(fread(text, 1, *size, file) == *size);
    text[*size] = '\0';
    fclose(file);
    return text;
}

static void read_lines(struct transcript *transcript, const char *name);

/* Directives that are carried out while reading. Returns false for the others. */
static bool read_directive(struct transcript *transcript, struct slice text)
{
    const struct slice include = SLICE("include ");
    if (!slice_starts_with(text, include)) {
        return false;
    }
    struct slice name = arena_format(&transcript->arena, "%.*s%c", (int)(text.size - include.size),
                                     text.data + include.size, 0);
    read_lines(transcript, name.data);
    return true;
}

static struct line *add_line(struct transcript *transcript, char mark, const char *file,
                             unsigned number)
{
    struct line *line = memory_allocate_zeroed(1, sizeof(*line));
    line->file = file;
    line->number = number;
    line->mark = mark;
    *transcript->end = line;
    transcript->end = &line->next;
    return line;
}

static bool is_blank(struct slice text)
{
    return text.size == 0 || text.data[0] == '#';
}

static void read_lines(struct transcript *transcript, const char *name)
{
    size_t size;
    struct slice path = arena_format(&transcript->arena, FOLDER "%s%c", name, 0);
    const char *next = read_file(&transcript->arena, path.data, &size);
    struct line *last = NULL;
    for (unsigned number = 1; *next != '\0'; number++) {
        struct slice text = slice_make(next, strcspn(next, "\n"));
        next += text.size + (next[text.size] == '\n');
        if (is_blank(text)) {
            continue;
        }
        if (slice_starts_with(text, SLICE("  "))) {
            cr_assert(last != NULL, "%s:%u: nothing to continue", path.data, number);
            size_t indent = strspn(text.data, " ");
            buffer_append(&last->text, text.data + indent, text.size - indent);
            continue;
        }
        cr_assert(strchr("!>~=-<", text.data[0]) != NULL && text.size > 2 && text.data[1] == ' ',
                  "%s:%u: unknown mark", path.data, number);
        struct slice body = slice_make(text.data + 2, text.size - 2);
        if (text.data[0] != '!' || !read_directive(transcript, body)) {
            last = add_line(transcript, text.data[0], path.data, number);
            buffer_append_slice(&last->text, body);
        }
    }
}

static void take_schema(struct transcript *transcript)
{
    const struct slice keyword = SLICE("schema ");
    for (const struct line *line = transcript->first; line != NULL; line = line->next) {
        struct slice text = buffer_slice(&line->text);
        if (line->mark == '!' && slice_starts_with(text, keyword)) {
            cr_assert(transcript->schema == NULL, "%s:%u: a second schema", line->file,
                      line->number);
            struct slice schema =
                arena_format(&transcript->arena, "%.*s%c", (int)(text.size - keyword.size),
                             text.data + keyword.size, 0);
            transcript->schema = (char *)schema.data;
        }
    }
}

struct transcript *transcript_read(const char *name)
{
    struct transcript *transcript = memory_allocate_zeroed(1, sizeof(*transcript));
    arena_init(&transcript->arena, 65536);
    transcript->end = &transcript->first;
    transcript->names.arena = &transcript->arena;
    read_lines(transcript, name);
    take_schema(transcript);
    cr_assert(transcript->schema != NULL, "%s has no schema", name);
    return transcript;
}

void transcript_destroy(struct transcript *transcript)
{
    for (struct line *line = transcript->first; line != NULL;) {
        struct line *next = line->next;
        buffer_deinit(&line->text);
        memory_release(line);
        line = next;
    }
    arena_deinit(&transcript->arena);
    memory_release(transcript);
}

const char *transcript_schema(const struct transcript *transcript)
{
    return transcript->schema;
}

/* ---- Playing */

static void differ(const struct play *play, const char *what, struct slice expected,
                   struct slice reply)
{
    cr_expect(false, "%s:%u: %s\n  expected %.*s\n  received %.*s", play->line->file,
              play->line->number, what, SLICE_FORMAT(expected), SLICE_FORMAT(reply));
}

static void play_set(struct play *play, struct slice text)
{
    if (slice_starts_with(text, SLICE("schema "))) {
        return;
    }
    const char *equals = memchr(text.data, '=', text.size);
    cr_assert(equals != NULL && equals > text.data + 1 && equals + 2 < text.data + text.size,
              "%s:%u: should be NAME = VALUE", play->line->file, play->line->number);
    struct slice name = slice_make(text.data, (size_t)(equals - text.data) - 1);
    struct slice value = slice_make(equals + 2, (size_t)(text.data + text.size - (equals + 2)));
    pattern_set(&play->transcript->names, name, value);
}

static void play_send(struct play *play, struct slice text)
{
    struct buffer request = {0};
    if (!pattern_expand(&play->transcript->names, text, &request)) {
        differ(play, "a name without a value", text, SLICE(""));
    }
    play->peer->send(play->peer->context, buffer_slice(&request));
    buffer_deinit(&request);
}

/* `text` is METHOD or METHOD PARAMS. */
static void play_method(struct play *play, struct slice text)
{
    const char *space = memchr(text.data, ' ', text.size);
    size_t size = space == NULL ? text.size : (size_t)(space - text.data);
    struct buffer request = {0};
    cr_assert(play->answered, "%s:%u: the request before has no reply", play->line->file,
              play->line->number);
    play->id++;
    play->answered = false;
    buffer_append_format(&request, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%.*s\"", play->id,
                         (int)size, text.data);
    if (space != NULL) {
        buffer_append_format(&request, ",\"params\":%.*s", (int)(text.size - size - 1), space + 1);
    }
    buffer_append_char(&request, '}');
    play_send(play, buffer_slice(&request));
    buffer_deinit(&request);
}

/* Parses a reply with cJSON; NULL, and the test has failed, where it is not JSON. */
static cJSON *parse_reply(const struct play *play, struct slice reply)
{
    const char *end = NULL;
    cJSON *parsed = cJSON_ParseWithLengthOpts(reply.data, reply.size, &end, false);
    if (parsed == NULL || end != reply.data + reply.size) {
        differ(play, "a reply that is not JSON", SLICE("JSON"), reply);
    }
    return parsed;
}

static struct slice receive(struct play *play)
{
    struct slice reply = play->peer->receive(play->peer->context);
    cJSON_Delete(parse_reply(play, reply));
    return reply;
}

static void play_expect(struct play *play, struct slice pattern)
{
    struct slice reply = receive(play);
    if (!pattern_match(&play->transcript->names, pattern, reply)) {
        differ(play, "another reply", pattern, reply);
    }
}

static void play_expect_result(struct play *play, struct slice value)
{
    struct buffer pattern = {0};
    buffer_append_format(&pattern, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"result\":%.*s}", play->id,
                         SLICE_FORMAT(value));
    play->answered = true;
    play_expect(play, buffer_slice(&pattern));
    buffer_deinit(&pattern);
}

/* The numbers of the contract, on purpose not those of base/error.h. */
static int error_number(struct slice name)
{
    static const struct {
        const char *name;
        int number;
    } errors[] = {
        {"ParseError", -32700},
        {"InvalidRequest", -32600},
        {"MethodNotFound", -32601},
        {"InvalidParams", -32602},
        {"InternalError", -32603},
        {"Unavailable", -32000},
        {"Unauthenticated", -32001},
        {"Forbidden", -32002},
        {"ReadOnly", -32003},
        {"DocumentNotFound", 1},
        {"NotUnique", 2},
        {"SchemaViolation", 3},
        {"InvalidId", 4},
        {"UnknownTable", 5},
        {"UnknownIndex", 6},
        {"InvalidIndexRange", 7},
        {"UniqueViolation", 8},
        {"NullReference", 10},
        {"AssertFailed", 11},
        {"InvalidCursor", 12},
        {"LimitExceeded", 13},
        {"InvalidValue", 14},
        {"TypeMismatch", 15},
        {"ArithmeticError", 16},
    };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (slice_equal(slice_of(errors[i].name), name)) {
            return errors[i].number;
        }
    }
    cr_assert(false, "there is no error named %.*s", SLICE_FORMAT(name));
    return 0;
}

static bool item_matches(struct play *play, const cJSON *expected, const cJSON *item)
{
    if (item == NULL) {
        return false;
    }
    char *pattern = cJSON_PrintUnformatted(expected);
    char *text = cJSON_PrintUnformatted(item);
    bool same = pattern_match(&play->transcript->names, slice_of(pattern), slice_of(text));
    cJSON_free(pattern);
    cJSON_free(text);
    return same;
}

/* Whether the error has what `expected` (an object) says. */
static bool error_matches(struct play *play, const cJSON *error, const cJSON *expected)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(error, "data");
    const cJSON *item;
    cJSON_ArrayForEach(item, expected)
    {
        const cJSON *from = strcmp(item->string, "message") == 0 ? error : data;
        if (!item_matches(play, item, cJSON_GetObjectItemCaseSensitive(from, item->string))) {
            return false;
        }
    }
    return true;
}

/* Names, quotes and all, as cJSON will take them. */
static cJSON *parse_expected(struct play *play, struct slice text)
{
    cJSON *expected = cJSON_ParseWithLength(text.data, text.size);
    cr_assert(cJSON_IsObject(expected), "%s:%u: not an object: %.*s", play->line->file,
              play->line->number, SLICE_FORMAT(text));
    return expected;
}

/* `text` is NAME or NAME OBJECT. */
static void play_expect_error(struct play *play, struct slice text)
{
    const char *space = memchr(text.data, ' ', text.size);
    struct slice name =
        slice_make(text.data, space == NULL ? text.size : (size_t)(space - text.data));
    struct slice details = SLICE("{}");
    if (space != NULL) {
        details = slice_make(space + 1, text.size - name.size - 1);
    }
    struct slice reply = play->peer->receive(play->peer->context);
    cJSON *parsed = parse_reply(play, reply);
    cJSON *expected = parse_expected(play, details);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(parsed, "error");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(error, "data");
    const cJSON *named = cJSON_GetObjectItemCaseSensitive(data, "name");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(parsed, "id");
    bool same = cJSON_IsNumber(code) && code->valueint == error_number(name) &&
                cJSON_IsString(named) && slice_equal(slice_of(named->valuestring), name) &&
                cJSON_IsNumber(id) && id->valuedouble == (double)play->id &&
                error_matches(play, error, expected);
    if (!same) {
        differ(play, "another reply", text, reply);
    }
    play->answered = true;
    cJSON_Delete(expected);
    cJSON_Delete(parsed);
}

static void play_line(struct play *play)
{
    struct slice text = buffer_slice(&play->line->text);
    switch (play->line->mark) {
    case '!':
        play_set(play, text);
        break;
    case '>':
        if (text.data[0] != '{' && text.data[0] != '[') {
            play_method(play, text);
            break;
        }
        play_send(play, text);
        break;
    case '~':
        play->peer->send(play->peer->context, text);
        break;
    case '=':
        play_expect_result(play, text);
        break;
    case '-':
        play_expect_error(play, text);
        break;
    default:
        play_expect(play, text);
    }
}

void transcript_play(struct transcript *transcript, const struct transcript_peer *peer)
{
    struct play play = {.transcript = transcript, .peer = peer, .answered = true};
    for (play.line = transcript->first; play.line != NULL; play.line = play.line->next) {
        play_line(&play);
    }
    struct line end = {.file = "the end", .number = 0};
    play.line = &end;
    play_method(&play, SLICE("ping"));
    play_expect_result(&play, SLICE("\"pong\""));
}

/* ---- The folder */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **transcript_list(size_t *count)
{
    DIR *folder = opendir(FOLDER);
    cr_assert(folder != NULL, FOLDER " is not there: tests run at the root of the tree");
    char **names = NULL;
    *count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t size = strlen(entry->d_name);
        if (size > 4 && strcmp(entry->d_name + size - 4, ".txt") == 0) {
            names = memory_resize(names, (*count + 1) * sizeof(*names));
            names[*count] = memory_allocate(size + 1);
            memcpy(names[*count], entry->d_name, size + 1);
            *count += 1;
        }
    }
    closedir(folder);
    cr_assert(*count > 0, FOLDER " holds no transcripts");
    qsort(names, *count, sizeof(*names), compare_names);
    return names;
}

void transcript_list_release(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory_release(names[i]);
    }
    memory_release(names);
}
