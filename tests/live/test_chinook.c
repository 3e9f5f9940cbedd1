/* The Chinook data, imported with one command, and questions about its relations answered by
 * following references with the helpers. What is expected was computed by SQLite.
 *
 * The data stands outside the tree: in ../shared/data/chinook, or below TENON_SHARED. Where it is
 * not there, the tests say so and end. */
#include "base/memory.h"
#include "tests/support/live.h"

#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_SIZE 512

static const struct {
    const char *name;
    const char *key; /* its column; NULL: none */
} tables[] = {
    /* References lead forward and backward in this order. */
    {"Album", "AlbumId"},         {"Artist", "ArtistId"},
    {"Customer", "CustomerId"},   {"Employee", "EmployeeId"},
    {"Genre", "GenreId"},         {"Invoice", "InvoiceId"},
    {"Playlist", "PlaylistId"},   {"PlaylistTrack", NULL},
    {"Track", "TrackId"},         {"InvoiceLine", "InvoiceLineId"},
    {"MediaType", "MediaTypeId"},
};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

struct shop {
    struct live_server server;
    struct live_client client;
    cJSON *expected; /* the questions with their answers */
};

/* ---- Files */

static void data_path(char path[PATH_SIZE], const char *name, const char *suffix)
{
    const char *shared = getenv("TENON_SHARED");
    snprintf(path, PATH_SIZE, "%s/data/chinook/%s%s", shared == NULL ? "../shared" : shared, name,
             suffix);
}

static unsigned count_lines(const char *path)
{
    char *text = live_read_file(path);
    unsigned lines = 0;
    for (const char *next = text; *next != '\0'; next++) {
        lines += *next == '\n';
    }
    memory_release(text);
    return lines;
}

/* ---- The shop */

static void import_all(const struct live_server *server)
{
    char address[32];
    char pairs[TABLE_COUNT][PATH_SIZE + 64];
    const char *arguments[TABLE_COUNT + 4] = {"import", "--server", address};
    struct live_result result;
    snprintf(address, sizeof(address), "127.0.0.1:%u", server->port);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        char path[PATH_SIZE];
        data_path(path, tables[i].name, ".jsonl");
        snprintf(pairs[i], sizeof(pairs[i]), "%s=%s%s%s", tables[i].name, path,
                 tables[i].key == NULL ? "" : ":", tables[i].key == NULL ? "" : tables[i].key);
        arguments[i + 3] = pairs[i];
    }
    live_run(&result, arguments, SLICE(""));
    cr_assert(result.status == 0, "import: status %d, %.*s", result.status, (int)result.errors.size,
              result.errors.data);
    live_result_deinit(&result);
}

/* Returns false, having said so, where the data is not there. */
static bool open_shop(struct shop *shop)
{
    char path[PATH_SIZE];
    data_path(path, "expected", ".json");
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "skipped: %s is not there\n", path);
        return false;
    }
    char *text = live_read_file(path);
    shop->expected = cJSON_Parse(text);
    cr_assert(cJSON_IsArray(shop->expected));
    memory_release(text);
    live_start_with_file(&shop->server, "examples/chinook/schema.json", NULL);
    import_all(&shop->server);
    live_connect(&shop->client, &shop->server);
    return true;
}

static void close_shop(struct shop *shop)
{
    cJSON_Delete(shop->expected);
    live_close(&shop->client);
    live_stop(&shop->server);
}

/* Calls a method, its params written as printf does, and returns the result, which belongs to the
 * caller. */
static cJSON *call(struct shop *shop, const char *method, const char *params, ...)
    PRINTF_LIKE(3, 4);

static cJSON *call(struct shop *shop, const char *method, const char *params, ...)
{
    char request[1024];
    int size =
        snprintf(request, sizeof(request), "{\"id\":1,\"method\":\"%s\",\"params\":", method);
    va_list arguments;
    va_start(arguments, params);
    size += vsnprintf(request + size, sizeof(request) - (size_t)size, params, arguments);
    va_end(arguments);
    cr_assert((size_t)size + 2 < sizeof(request));
    strcpy(request + size, "}");
    struct slice reply = live_ask(&shop->client, request);
    cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
    cJSON *result = cJSON_DetachItemFromObjectCaseSensitive(parsed, "result");
    cr_assert(result != NULL, "%s: %.*s", request, SLICE_FORMAT(reply));
    cJSON_Delete(parsed);
    return result;
}

static const char *text_of(const cJSON *document, const char *field)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, field);
    cr_assert(cJSON_IsString(item), "the document has no string in %s", field);
    return item->valuestring;
}

static void add_text(cJSON *row, const cJSON *document, const char *field)
{
    cJSON_AddItemToArray(row, cJSON_CreateString(text_of(document, field)));
}

static cJSON *add_row(cJSON *rows)
{
    cJSON *row = cJSON_CreateArray();
    cJSON_AddItemToArray(rows, row);
    return row;
}

/* Compares `rows`, which it takes over, with what the question expects. */
static void expect_rows(const struct shop *shop, const char *question, cJSON *rows)
{
    const cJSON *expected = NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, shop->expected)
    {
        if (strcmp(text_of(item, "case"), question) == 0) {
            expected = cJSON_GetObjectItemCaseSensitive(item, "rows");
        }
    }
    cr_assert(cJSON_GetArraySize(expected) > 0, "there is no question %s", question);
    char *text = cJSON_PrintUnformatted(rows);
    cr_expect(cJSON_Compare(expected, rows, true), "%s: %s", question, text);
    cJSON_free(text);
    cJSON_Delete(rows);
}

/* ---- The questions */

Test(live_chinook, the_import_is_complete)
{
    struct shop shop;
    if (!open_shop(&shop)) {
        return;
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        char path[PATH_SIZE];
        data_path(path, tables[i].name, ".jsonl");
        unsigned lines = count_lines(path);
        cJSON *count = call(&shop, "count", "[\"%s\"]", tables[i].name);
        cr_expect(lines > 0 && count->valuedouble == (double)lines, "%s has %g documents, not %u",
                  tables[i].name, count->valuedouble, lines);
        cJSON_Delete(count);
    }
    close_shop(&shop);
}

Test(live_chinook, albums_of_an_artist_with_their_numbers_of_tracks)
{
    struct shop shop;
    if (!open_shop(&shop)) {
        return;
    }
    cJSON *rows = cJSON_CreateArray();
    cJSON *artist = call(&shop, "getOneFromOrThrow", "[\"Artist\",\"by_Name\",\"Iron Maiden\"]");
    cJSON *albums =
        call(&shop, "getManyFrom", "[\"Album\",\"by_ArtistId\",\"%s\"]", text_of(artist, "_id"));
    const cJSON *album;
    cJSON_ArrayForEach(album, albums)
    {
        cJSON *row = add_row(rows);
        add_text(row, album, "Title");
        cJSON_AddItemToArray(row, call(&shop, "count",
                                       "[\"Track\",\"by_AlbumId\",[[\"eq\",\"AlbumId\",\"%s\"]]]",
                                       text_of(album, "_id")));
    }
    expect_rows(&shop, "albums-of-artist", rows);
    cJSON_Delete(artist);
    cJSON_Delete(albums);
    close_shop(&shop);
}

Test(live_chinook, tracks_of_a_playlist_with_album_and_artist)
{
    struct shop shop;
    if (!open_shop(&shop)) {
        return;
    }
    cJSON *rows = cJSON_CreateArray();
    cJSON *playlist = call(&shop, "getOneFromOrThrow", "[\"Playlist\",\"by_Name\",\"Grunge\"]");
    cJSON *tracks =
        call(&shop, "getManyViaOrThrow", "[\"PlaylistTrack\",\"TrackId\",\"by_PlaylistId\",\"%s\"]",
             text_of(playlist, "_id"));
    const cJSON *track;
    cJSON_ArrayForEach(track, tracks)
    {
        cJSON *album = call(&shop, "getOrThrow", "[\"Album\",\"%s\"]", text_of(track, "AlbumId"));
        cJSON *artist = call(&shop, "getOrThrow", "[\"%s\"]", text_of(album, "ArtistId"));
        cJSON *row = add_row(rows);
        add_text(row, track, "Name");
        add_text(row, album, "Title");
        add_text(row, artist, "Name");
        cJSON_Delete(album);
        cJSON_Delete(artist);
    }
    expect_rows(&shop, "tracks-of-playlist", rows);
    cJSON_Delete(playlist);
    cJSON_Delete(tracks);
    close_shop(&shop);
}

Test(live_chinook, playlists_that_hold_a_track)
{
    struct shop shop;
    if (!open_shop(&shop)) {
        return;
    }
    cJSON *rows = cJSON_CreateArray();
    cJSON *track = call(&shop, "getOneFromOrThrow", "[\"Track\",\"by_Name\",\"Evenflow\"]");
    cJSON *playlists =
        call(&shop, "getManyVia", "[\"PlaylistTrack\",\"PlaylistId\",\"by_TrackId\",\"%s\"]",
             text_of(track, "_id"));
    const cJSON *playlist;
    cJSON_ArrayForEach(playlist, playlists)
    {
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(playlist, "PlaylistId");
        cJSON *row = add_row(rows);
        cJSON_AddItemToArray(row, cJSON_Duplicate(number, true));
        add_text(row, playlist, "Name");
    }
    expect_rows(&shop, "playlists-of-track", rows);
    cJSON_Delete(track);
    cJSON_Delete(playlists);
    close_shop(&shop);
}

Test(live_chinook, managers_of_an_employee)
{
    struct shop shop;
    if (!open_shop(&shop)) {
        return;
    }
    cJSON *rows = cJSON_CreateArray();
    cJSON *employee =
        call(&shop, "getOneFromOrThrow", "[\"Employee\",\"by_LastName\",\"Callahan\"]");
    while (cJSON_HasObjectItem(employee, "ReportsTo")) {
        cJSON *manager = call(&shop, "getOrThrow", "[\"%s\"]", text_of(employee, "ReportsTo"));
        add_text(add_row(rows), manager, "LastName");
        cJSON_Delete(employee);
        employee = manager;
    }
    cJSON_Delete(employee);
    expect_rows(&shop, "managers-of-employee", rows);
    close_shop(&shop);
}

/* Every question of the data, each answered by the one program in examples/chinook. */
Test(live_chinook, each_question_is_answered_by_one_query)
{
    struct shop shop;
    if (!open_shop(&shop)) {
        return;
    }
    const cJSON *question;
    cJSON_ArrayForEach(question, shop.expected)
    {
        char path[PATH_SIZE];
        struct buffer request = {0};
        snprintf(path, sizeof(path), "examples/chinook/%s.json", text_of(question, "case"));
        char *program = live_read_file(path);
        for (char *c = program; *c != '\0'; c++) {
            *c = *c == '\n' ? ' ' : *c; /* a message is a line */
        }
        buffer_append_format(&request, "{\"id\":1,\"method\":\"query\",\"params\":%s}%c", program,
                             0);
        struct slice reply = live_ask(&shop.client, request.data);
        cJSON *parsed = cJSON_ParseWithLength(reply.data, reply.size);
        cJSON *rows = cJSON_DetachItemFromObjectCaseSensitive(parsed, "result");
        cr_assert(rows != NULL, "%s: %.*s", path, SLICE_FORMAT(reply));
        expect_rows(&shop, text_of(question, "case"), rows);
        cJSON_Delete(parsed);
        buffer_deinit(&request);
        memory_release(program);
    }
    close_shop(&shop);
}
