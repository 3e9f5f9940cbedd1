/* The live server with a data directory: killed at random moments, it loses nothing that it has
 * acknowledged; it refuses what it must and says why. */
#include "tests/support/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS   3
#define BURST         8
#define DOCUMENTS_MAX 400
#define PAIRS_MAX     20000
#define LINE_SIZE     512

#define SCHEMA                                                                                     \
    "{\"tables\":{\"notes\":{\"fields\":{\"v\":\"number\"},\"indexes\":{\"by_v\":[\"v\"]}},"       \
    "\"pairs\":{\"fields\":{\"k\":\"number\",\"side\":\"number\"},"                                \
    "\"indexes\":{\"by_k\":[\"k\"],\"by_both\":{\"fields\":[\"k\",\"side\"],\"unique\":true}}}}}"

/* A document as its client knows it. */
struct note {
    char id[40];
    unsigned acknowledged; /* value */
    unsigned sent;         /* value of a patch that may have been carried out */
    bool delete_sent;
    bool deleted;
};

enum kind { INSERT, PATCH, DELETE, PAIR };

struct operation {
    enum kind kind;
    struct note *note;
    unsigned value;
};

struct connection {
    int socket;
    struct operation burst[BURST];
    char received[BURST * LINE_SIZE];
};

struct world {
    char data[LIVE_DATA_SIZE];
    uint64_t random;
    unsigned next_value;
    struct note notes[DOCUMENTS_MAX];
    unsigned note_count;
    bool pair_acknowledged[PAIRS_MAX];
    unsigned pair_count;
    struct connection connections[CONNECTIONS];
};

static unsigned random_below(struct world *world, unsigned limit)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (unsigned)((world->random >> 16) % limit);
}

static int connect_to(const struct live_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int socket_number = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(socket_number, (struct sockaddr *)&address, sizeof(address)), 0);
    return socket_number;
}

/* A document that nothing was sent for yet in this burst, or NULL. */
static struct note *pick_note(struct world *world)
{
    if (world->note_count == 0) {
        return NULL;
    }
    struct note *note = &world->notes[random_below(world, world->note_count)];
    bool busy = note->delete_sent || note->sent != note->acknowledged;
    return busy ? NULL : note;
}

static void choose(struct world *world, struct operation *operation)
{
    unsigned choice = random_below(world, 8);
    operation->value = world->next_value++;
    operation->note = pick_note(world);
    operation->kind = INSERT;
    if (choice < 2 && world->pair_count < PAIRS_MAX) {
        operation->kind = PAIR;
        operation->value = world->pair_count++;
    } else if (choice < 5 && operation->note) {
        operation->kind = PATCH;
        operation->note->sent = operation->value;
    } else if (choice < 6 && operation->note) {
        operation->kind = DELETE;
        operation->note->delete_sent = true;
    }
}

static void write_request(const struct operation *operation, unsigned number, struct buffer *lines)
{
    static const char pair[] =
        "{\"id\":%u,\"method\":\"mutation\",\"params\":{\"args\":{\"k\":%u},\"do\":["
        "{\"insert\":[\"pairs\",{\"k\":\"$args.k\",\"side\":0}]},"
        "{\"insert\":[\"pairs\",{\"k\":\"$args.k\",\"side\":1}]}]}}\n";
    switch (operation->kind) {
    case INSERT:
        buffer_append_format(
            lines, "{\"id\":%u,\"method\":\"insert\",\"params\":[\"notes\",{\"v\":%u}]}\n", number,
            operation->value);
        break;
    case PATCH:
        buffer_append_format(lines,
                             "{\"id\":%u,\"method\":\"patch\",\"params\":[\"%s\",{\"v\":%u}]}\n",
                             number, operation->note->id, operation->value);
        break;
    case DELETE:
        buffer_append_format(lines, "{\"id\":%u,\"method\":\"delete\",\"params\":[\"%s\"]}\n",
                             number, operation->note->id);
        break;
    case PAIR:
        buffer_append_format(lines, pair, number, operation->value);
        break;
    }
}

static void send_burst(struct world *world, struct connection *connection)
{
    struct buffer lines = {0};
    for (unsigned i = 0; i < BURST; i++) {
        choose(world, &connection->burst[i]);
        write_request(&connection->burst[i], i, &lines);
    }
    ssize_t sent = send(connection->socket, lines.data, lines.size, MSG_NOSIGNAL);
    cr_assert(sent == (ssize_t)lines.size || sent < 0);
    buffer_deinit(&lines);
}

static void acknowledge(struct world *world, const struct operation *operation, const char *line)
{
    cr_assert_not_null(strstr(line, "\"result\":"), "%s", line);
    struct note *note = operation->note;
    switch (operation->kind) {
    case INSERT:
        if (world->note_count < DOCUMENTS_MAX) {
            note = &world->notes[world->note_count];
            *note = (struct note){.deleted = false};
            int found = sscanf(strstr(line, "\"result\":"), "\"result\":\"%39[0-9a-z]\"", note->id);
            cr_assert_eq(found, 1, "%s", line);
            note->acknowledged = note->sent = operation->value;
            world->note_count += 1;
        }
        break;
    case PATCH:
        note->acknowledged = operation->value;
        break;
    case DELETE:
        note->deleted = true;
        break;
    case PAIR:
        world->pair_acknowledged[operation->value] = true;
        break;
    }
}

/* Reads the replies to a burst, or as many as come before the end of the connection. */
static void receive_burst(struct world *world, struct connection *connection)
{
    size_t size = 0;
    unsigned lines = 0;
    size_t start = 0;
    while (lines < BURST) {
        ssize_t got = recv(connection->socket, connection->received + size,
                           sizeof(connection->received) - size - 1, 0);
        if (got <= 0) {
            return;
        }
        size += (size_t)got;
        connection->received[size] = '\0';
        char *end;
        while (lines < BURST && (end = strchr(connection->received + start, '\n')) != NULL) {
            *end = '\0';
            acknowledge(world, &connection->burst[lines], connection->received + start);
            start = (size_t)(end - connection->received) + 1;
            lines += 1;
        }
    }
}

/* Bursts on every connection, until a kill in the midst of one. */
static void work_until_killed(struct world *world, struct live_server *server)
{
    unsigned bursts = 1 + random_below(world, 12);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        world->connections[i].socket = connect_to(server);
    }
    for (unsigned burst = 0; burst <= bursts; burst++) {
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            send_burst(world, &world->connections[i]);
        }
        if (burst == bursts) {
            struct timespec pause = {.tv_nsec = random_below(world, 4000000)};
            nanosleep(&pause, NULL);
            live_kill(server);
        }
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            receive_burst(world, &world->connections[i]);
        }
    }
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        close(world->connections[i].socket);
    }
}

/* After the restart, what may have happened is settled: it did, or it did not. */
static void check_note(struct live_client *client, struct note *note)
{
    char request[128];
    unsigned value;
    snprintf(request, sizeof(request), "{\"id\":1,\"method\":\"get\",\"params\":[\"%s\"]}",
             note->id);
    struct slice line = live_ask(client, request);
    char text[LINE_SIZE];
    snprintf(text, sizeof(text), "%.*s", SLICE_FORMAT(line));
    const char *found = strstr(text, "\"v\":");
    if (note->deleted || (note->delete_sent && !found)) {
        cr_assert_null(found, "a document is back that was deleted: %s", text);
        note->deleted = true;
        return;
    }
    cr_assert_not_null(found, "document %s is lost: %s", note->id, text);
    cr_assert_eq(sscanf(found, "\"v\":%u", &value), 1);
    cr_assert(value == note->acknowledged || value == note->sent,
              "document %s has %u, not %u or %u", note->id, value, note->acknowledged, note->sent);
    note->acknowledged = note->sent = value;
    note->delete_sent = false;
}

/* What stands behind the next `word` of the text; NULL where there is none. strstr() would not do:
 * under the address sanitizer it measures the whole text every time. */
static const char *find_behind(struct slice text, const char *word)
{
    size_t size = strlen(word);
    const char *end = text.data + text.size;
    const char *next = text.data;
    while ((next = memchr(next, word[0], (size_t)(end - next))) != NULL) {
        if ((size_t)(end - next) >= size && memcmp(next, word, size) == 0) {
            return next + size;
        }
        next += 1;
    }
    return NULL;
}

/* How many documents an index of a table lists; counts in `seen` how often each `k` occurs. */
static unsigned count_listed(struct live_client *client, const char *table, const char *index,
                             unsigned *seen)
{
    char request[128];
    snprintf(request, sizeof(request),
             "{\"id\":1,\"method\":\"collect\",\"params\":[\"%s\",\"%s\"]}", table, index);
    struct slice left = live_ask(client, request);
    const char *end = left.data + left.size;
    unsigned count = 0;
    const char *next;
    while ((next = find_behind(left, "\"_id\":")) != NULL) {
        left = slice_make(next, (size_t)(end - next));
        const char *key = seen ? find_behind(left, "\"k\":") : NULL;
        count += 1;
        if (key) {
            seen[strtoul(key, NULL, 10)] += 1;
        }
    }
    return count;
}

static void check_pairs(struct world *world, struct live_client *client)
{
    unsigned *seen = calloc(PAIRS_MAX, sizeof(unsigned));
    unsigned count = count_listed(client, "pairs", "by_creation_time", seen);
    for (unsigned k = 0; k < world->pair_count; k++) {
        cr_assert(seen[k] == 2 || (seen[k] == 0 && !world->pair_acknowledged[k]),
                  "of the pair %u there are %u", k, seen[k]);
        world->pair_acknowledged[k] = seen[k] == 2;
    }
    free(seen);
    cr_assert_eq(count_listed(client, "pairs", "by_k", NULL), count);
    cr_assert_eq(count_listed(client, "pairs", "by_both", NULL), count);
}

static void check_world(struct world *world, const struct live_server *server)
{
    struct live_client client;
    live_connect(&client, server);
    for (unsigned i = 0; i < world->note_count; i++) {
        check_note(&client, &world->notes[i]);
    }
    cr_assert_eq(count_listed(&client, "notes", "by_v", NULL),
                 count_listed(&client, "notes", "by_creation_time", NULL));
    check_pairs(world, &client);
    if (random_below(world, 4) == 0) {
        live_ask(&client, "{\"id\":1,\"method\":\"snapshot\"}");
    }
    live_close(&client);
}

/* Kills at random moments, under inserts, patches, deletes and mutations of two documents, sent by
 * several connections without waiting for the replies. */
Test(live_durability, kill_9_loses_nothing_that_was_acknowledged, .timeout = 14400)
{
    const char *long_run = getenv("TENON_LONG");
    const char *seed = getenv("TENON_SEED");
    unsigned kills = long_run && strcmp(long_run, "1") == 0 ? 1000 : 30;
    struct world *world = calloc(1, sizeof(*world));
    world->random = (seed ? strtoull(seed, NULL, 10) : 20261122) * 2 + 1;
    fprintf(stderr, "kill -9: TENON_SEED=%s\n", seed ? seed : "20261122");
    live_make_data(world->data);
    const char *options[] = {"--data", world->data, "--segment-bytes", "256K", NULL};
    for (unsigned i = 0; i < kills; i++) {
        struct live_server server;
        live_start(&server, SCHEMA, options);
        check_world(world, &server);
        work_until_killed(world, &server);
        if (world->note_count == DOCUMENTS_MAX) {
            world->note_count = 0;
        }
    }
    struct live_server server;
    live_start(&server, SCHEMA, options);
    check_world(world, &server);
    live_stop(&server);
    live_remove_data(world->data);
    free(world);
}

static void insert_many(struct live_client *client, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char line[128];
        snprintf(line, sizeof(line),
                 "{\"id\":1,\"method\":\"insert\",\"params\":[\"notes\",{\"v\":%u}]}", i);
        cr_assert(slice_starts_with(live_ask(client, line),
                                    SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\"")));
    }
}

static bool says(const struct buffer *text, const char *words)
{
    size_t size = strlen(words);
    for (size_t i = 0; i + size <= text->size; i++) {
        if (memcmp(text->data + i, words, size) == 0) {
            return true;
        }
    }
    return false;
}

/* Runs a command and expects its exit status and some of its words. */
static void expect_command(const char *const *arguments, int status, const char *words)
{
    struct live_result result = {.status = -1};
    live_run(&result, arguments, SLICE(""));
    cr_assert_eq(result.status, status, "status %d: %.*s%.*s", result.status,
                 SLICE_FORMAT(buffer_slice(&result.output)),
                 SLICE_FORMAT(buffer_slice(&result.errors)));
    cr_assert(says(&result.output, words) || says(&result.errors, words), "%s not in: %.*s%.*s",
              words, SLICE_FORMAT(buffer_slice(&result.output)),
              SLICE_FORMAT(buffer_slice(&result.errors)));
    live_result_deinit(&result);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void flip_bit(const char *data, const char *name, long offset)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", data, name);
    FILE *file = fopen(path, "r+");
    cr_assert_not_null(file);
    fseek(file, offset, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, offset, SEEK_SET);
    fputc(byte ^ 4, file);
    fclose(file);
}

/* Starts a server on the directory, with segments that are soon full, and connects. */
static void start_on(struct live_server *server, struct live_client *client, const char *data)
{
    const char *options[] = {"--data", data, "--segment-bytes", "512K", NULL};
    live_start(server, SCHEMA, options);
    live_connect(client, server);
}

/* Fills a data directory with documents, one in each group, and ends as a crash would. */
static void fill(const char *data, unsigned count)
{
    struct live_server server;
    struct live_client client;
    start_on(&server, &client, data);
    insert_many(&client, count);
    struct timespec pause = {.tv_nsec = 40000000};
    nanosleep(&pause, NULL);
    live_close(&client);
    live_kill(&server);
}

Test(live_durability, damage_refuses_the_start_and_repair_saves_the_rest)
{
    char data[LIVE_DATA_SIZE];
    char repaired[80];
    char schema[80];
    live_make_data(data);
    snprintf(repaired, sizeof(repaired), "%s-repaired", data);
    snprintf(schema, sizeof(schema), "%s/schema.json", data);
    fill(data, 20);
    write_text(schema, SCHEMA);
    const char *check[] = {"check", data, NULL};
    const char *repair[] = {"check", "--repair", data, repaired, NULL};
    const char *serve[] = {"serve", "--schema", schema, "--data", data, NULL};
    expect_command(check, 0, "20 documents; everything is valid");
    flip_bit(data, "journal-0000000000000001", 4096 * 5 + 200);
    expect_command(serve, 1, "journal-0000000000000001 is damaged at offset 20480");
    expect_command(check, 1, "damaged at offset 20480: transactions 5 to 5 are lost");
    expect_command(repair, 1, "wrote 19 documents");
    const char *check_repaired[] = {"check", repaired, NULL};
    expect_command(check_repaired, 0, "19 documents; everything is valid");

    struct live_server server;
    struct live_client client;
    start_on(&server, &client, repaired);
    cr_assert_eq(count_listed(&client, "notes", "by_v", NULL), 19u);
    insert_many(&client, 1);
    live_close(&client);
    live_stop(&server);
    live_remove_data(repaired);
    live_remove_data(data);
}

Test(live_durability, one_process_uses_a_directory)
{
    char data[LIVE_DATA_SIZE];
    char schema[80];
    live_make_data(data);
    struct live_server server;
    const char *options[] = {"--data", data, "--segment-bytes", "512K", NULL};
    live_start(&server, SCHEMA, options);
    snprintf(schema, sizeof(schema), "%s/schema.json", data);
    write_text(schema, SCHEMA);
    const char *serve[] = {"serve", "--schema", schema,        "--data",
                           data,    "--listen", "127.0.0.1:0", NULL};
    const char *check[] = {"check", data, NULL};
    expect_command(serve, 1, "another process uses the directory");
    expect_command(check, 2, "a server uses it");
    live_stop(&server);
    expect_command(check, 0, "everything is valid");
    live_remove_data(data);
}

/* A schema that changed between two starts is checked against the data. */
Test(live_durability, a_changed_schema_is_checked_at_the_start)
{
    char data[LIVE_DATA_SIZE];
    char schema[80];
    live_make_data(data);
    fill(data, 30);
    snprintf(schema, sizeof(schema), "%s/schema.json", data);
    const char *serve[] = {"serve", "--schema", schema,        "--data",
                           data,    "--listen", "127.0.0.1:0", NULL};
    write_text(schema, "{\"tables\":{\"notes\":{\"fields\":{\"v\":\"string\"}},\"pairs\":{}}}");
    expect_command(serve, 1, "30 violations");
    expect_command(serve, 1, "table notes, document ");
    write_text(schema, "{\"tables\":{\"pairs\":{}}}");
    expect_command(serve, 1, "the schema has no table `notes` (number 10001), but the data has 30");

    struct live_server server;
    struct live_client client;
    const char *options[] = {"--data", data, "--segment-bytes", "512K", NULL};
    live_start(&server,
               "{\"tables\":{\"new\":{},\"notes\":{\"fields\":{\"v\":\"number\"},"
               "\"indexes\":{\"other\":{\"fields\":[\"v\"],\"unique\":true}}}}}",
               options);
    live_connect(&client, &server);
    cr_assert_eq(count_listed(&client, "notes", "other", NULL), 30u);
    struct slice line = live_ask(&client, "{\"id\":1,\"method\":\"schema\"}");
    struct buffer text = {0};
    buffer_append_slice(&text, line);
    cr_assert(says(&text, "\"new\":{\"number\":10003"), "%.*s", SLICE_FORMAT(line));
    cr_assert(says(&text, "\"notes\":{\"number\":10001"), "%.*s", SLICE_FORMAT(line));
    buffer_deinit(&text);
    live_close(&client);
    live_stop(&server);
    live_remove_data(data);
}

/* The part of a reply behind `name` up to the next quote. */
static void take_string(struct slice line, const char *name, char *value, size_t size)
{
    char text[4096];
    snprintf(text, sizeof(text), "%.*s", SLICE_FORMAT(line));
    const char *found = strstr(text, name);
    cr_assert_not_null(found, "%s", text);
    found += strlen(name);
    snprintf(value, size, "%.*s", (int)strcspn(found, "\""), found);
}

/* An export shows the moment at which it was opened, whatever is written meanwhile. */
Test(live_durability, an_export_reads_one_moment_while_writes_go_on)
{
    struct live_server server;
    struct live_client client;
    char handle[32];
    char cursor[32] = "0";
    unsigned count = 0;
    unsigned changed = 0;
    live_start(&server, SCHEMA, NULL);
    live_connect(&client, &server);
    insert_many(&client, 100);
    take_string(live_ask(&client, "{\"id\":1,\"method\":\"exportOpen\"}"), "\"handle\":\"", handle,
                sizeof(handle));
    for (unsigned page = 0; page < 10; page++) {
        char line[256];
        snprintf(line, sizeof(line),
                 "{\"id\":1,\"method\":\"exportRead\",\"params\":[\"%s\",\"notes\",\"%s\",10]}",
                 handle, cursor);
        struct slice reply = live_ask(&client, line);
        struct buffer copy = {0};
        buffer_append_slice(&copy, reply);
        buffer_append_char(&copy, '\0');
        for (const char *next = copy.data; (next = strstr(next, "\"v\":")) != NULL; next++) {
            count += 1;
            changed += strtoul(next + 4, NULL, 10) >= 100;
        }
        take_string(slice_make(copy.data + (copy.size > 200 ? copy.size - 200 : 0),
                               copy.size > 200 ? 199 : copy.size - 1),
                    "\"continueCursor\":\"", cursor, sizeof(cursor));
        buffer_deinit(&copy);
        insert_many(&client, 5);
        live_ask(&client,
                 "{\"id\":1,\"method\":\"mutation\",\"params\":{\"do\":["
                 "{\"let\":\"last\",\"first\":{\"table\":\"notes\",\"order\":\"desc\"}},"
                 "{\"let\":\"some\",\"take\":{\"table\":\"notes\",\"n\":90,\"order\":\"desc\"}},"
                 "{\"delete\":[\"$last._id\"]},"
                 "{\"patch\":[\"$some[80]._id\",{\"v\":1000}]},"
                 "{\"delete\":[\"$some[70]._id\"]}]}}");
    }
    cr_assert_eq(count, 100u, "%u documents were read", count);
    cr_assert_eq(changed, 0u, "%u documents are younger than the export", changed);
    char line[128];
    snprintf(line, sizeof(line), "{\"id\":1,\"method\":\"exportClose\",\"params\":[\"%s\"]}",
             handle);
    cr_assert(slice_equal(live_ask(&client, line),
                          SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}")));
    live_close(&client);
    live_stop(&server);
}

/* Asks, and returns the number behind `name` in the reply. */
static unsigned ask_number(struct live_client *client, const char *request, const char *name)
{
    struct slice reply = live_ask(client, request);
    const char *number = find_behind(reply, name);
    cr_assert_not_null(number, "%s not in %.*s", name, SLICE_FORMAT(reply));
    return (unsigned)strtoul(number, NULL, 10);
}

static unsigned count_notes(struct live_client *client)
{
    return ask_number(client, "{\"id\":1,\"method\":\"count\",\"params\":[\"notes\"]}",
                      "\"result\":");
}

static unsigned count_after_restart(const char *data)
{
    struct live_server server;
    struct live_client client;
    start_on(&server, &client, data);
    unsigned count = count_notes(&client);
    live_close(&client);
    live_stop(&server);
    return count;
}

/* What is left is the beginning of the history: the first values, each once. */
static unsigned expect_prefix(const char *data, const char *sync)
{
    struct live_server server;
    struct live_client client;
    char request[128];
    const char *options[] = {"--data", data, "--sync", sync, "--segment-bytes", "512K", NULL};
    live_start(&server, SCHEMA, options);
    live_connect(&client, &server);
    unsigned count = count_notes(&client);
    snprintf(request, sizeof(request),
             "{\"id\":1,\"method\":\"count\",\"params\":[\"notes\",\"by_v\","
             "[[\"lt\",\"v\",%u]]]}",
             count);
    char expected[64];
    snprintf(expected, sizeof(expected), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":%u}", count);
    struct slice reply = live_ask(&client, request);
    cr_assert(slice_equal(reply, slice_of(expected)), "%u are left, but %.*s", count,
              SLICE_FORMAT(reply));
    live_close(&client);
    live_stop(&server);
    return count;
}

/* Inserts in order, waits, and ends as a crash does. Returns how many are there then. */
static unsigned insert_and_kill(const char *sync, unsigned count, long pause_ms)
{
    char data[LIVE_DATA_SIZE];
    struct live_server server;
    struct live_client client;
    live_make_data(data);
    const char *options[] = {"--data", data, "--sync", sync, "--segment-bytes", "512K", NULL};
    live_start(&server, SCHEMA, options);
    live_connect(&client, &server);
    insert_many(&client, count);
    struct timespec pause = {.tv_nsec = pause_ms * 1000000};
    nanosleep(&pause, NULL);
    live_close(&client);
    live_kill(&server);
    unsigned left = expect_prefix(data, sync);
    live_remove_data(data);
    return left;
}

/* Replies that do not wait may tell of what is lost, but only of the end of the history. */
Test(live_durability, a_lax_sync_loses_at_most_the_end_of_the_history)
{
    static const char *const syncs[] = {"100ms", "os"};
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_leq(insert_and_kill(syncs[i], 200, 0), 200u);
        cr_assert_eq(insert_and_kill(syncs[i], 200, 900), 200u,
                     "with --sync %s all is there after a while", syncs[i]);
    }
}

/* The largest file that the running server may write, in bytes; "unlimited" for no limit. */
static void limit_files(const struct live_server *server, const char *size)
{
    char command[96];
    snprintf(command, sizeof(command), "prlimit --pid %d --fsize=%s:", (int)server->pid, size);
    cr_assert_eq(system(command), 0, "%s", command);
}

static void expect_piece(struct slice reply, const char *piece)
{
    char text[LINE_SIZE];
    snprintf(text, sizeof(text), "%.*s", SLICE_FORMAT(reply));
    cr_assert_not_null(strstr(text, piece), "%s not in %s", piece, text);
}

/* Inserts until one is taken, for two seconds and what a busy machine needs. */
static void insert_when_it_resumes(struct live_client *client)
{
    struct timespec pause = {.tv_nsec = 50000000};
    for (unsigned i = 0; i < 200; i++) {
        struct slice reply =
            live_ask(client, "{\"id\":1,\"method\":\"insert\",\"params\":[\"notes\",{\"v\":7}]}");
        if (slice_starts_with(reply, SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\""))) {
            return;
        }
        nanosleep(&pause, NULL);
    }
    cr_assert(false, "writes do not resume");
}

static unsigned count_groups(struct live_client *client)
{
    return ask_number(client, "{\"id\":1,\"method\":\"info\"}", "\"groups\":");
}

/* Waits until the journal writes no more, so that the next write is the next client's. */
static void wait_until_confirmed(struct live_client *client)
{
    struct timespec pause = {.tv_nsec = 20000000};
    unsigned before = count_groups(client);
    for (unsigned same = 0; same < 20; same++) {
        nanosleep(&pause, NULL);
        unsigned groups = count_groups(client);
        same = groups == before ? same : 0;
        before = groups;
    }
}

/* A write to the journal that fails: its writer is told, and so is the reader that saw it; after
 * it the server goes on by itself. */
Test(live_durability, replies_that_wait_through_a_failed_write_say_so)
{
    char data[LIVE_DATA_SIZE];
    struct live_server server;
    struct live_client client;
    live_make_data(data);
    start_on(&server, &client, data);
    insert_many(&client, 20);
    wait_until_confirmed(&client);
    limit_files(&server, "4096");
    live_send(&client, SLICE("{\"id\":1,\"method\":\"insert\",\"params\":[\"notes\",{\"v\":99}]}\n"
                             "{\"id\":2,\"method\":\"count\",\"params\":[\"notes\"]}\n"
                             "{\"id\":3,\"method\":\"ping\"}\n"));
    expect_piece(live_receive_line(&client), "\"outcome\":\"unknown\"");
    expect_piece(live_receive_line(&client), "\"name\":\"ReadOnly\"");
    expect_piece(live_receive_line(&client), "\"result\":\"pong\"");
    cr_assert_eq(count_notes(&client), 20u, "what could not be kept is undone, and reads go on");
    limit_files(&server, "unlimited");
    insert_when_it_resumes(&client);
    cr_assert_eq(count_notes(&client), 21u);
    live_close(&client);
    live_kill(&server);
    cr_assert_eq(count_after_restart(data), 21u);
    live_remove_data(data);
}

/* The largest file that a server started from now on may write. */
static void limit_children(rlim_t size)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(live_durability, a_start_without_space_serves_reads_until_there_is)
{
    char data[LIVE_DATA_SIZE];
    struct live_server server;
    struct live_client client;
    live_make_data(data);
    const char *options[] = {"--data", data, "--segment-bytes", "512K", NULL};
    live_start(&server, SCHEMA, options);
    live_connect(&client, &server);
    insert_many(&client, 20);
    live_close(&client);
    live_kill(&server);
    limit_children(4096);
    live_start(&server, SCHEMA, options);
    limit_children(RLIM_INFINITY);
    live_connect(&client, &server);
    cr_assert_eq(count_notes(&client), 20u, "reads are served");
    expect_piece(live_ask(&client, "{\"id\":1,\"method\":\"insert\","
                                   "\"params\":[\"notes\",{\"v\":99}]}"),
                 "\"reason\":\"disk full\"");
    limit_files(&server, "unlimited");
    insert_when_it_resumes(&client);
    live_close(&client);
    live_kill(&server);
    cr_assert_eq(count_after_restart(data), 21u);
    live_remove_data(data);
}

static bool has_snapshot(const char *data)
{
    DIR *directory = opendir(data);
    cr_assert_not_null(directory);
    bool found = false;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        found = found || strncmp(entry->d_name, "snapshot-0", strlen("snapshot-0")) == 0;
    }
    closedir(directory);
    return found;
}

/* The reply comes when the file has its name, or with what stopped it; others are not kept. */
Test(live_durability, the_reply_to_snapshot_says_how_it_ended)
{
    char data[LIVE_DATA_SIZE];
    struct live_server server;
    struct live_client client;
    struct live_client other;
    live_make_data(data);
    start_on(&server, &client, data);
    live_connect(&other, &server);
    insert_many(&client, 200);
    limit_files(&server, "4096");
    live_send(&client, SLICE("{\"id\":1,\"method\":\"snapshot\"}\n"
                             "{\"id\":2,\"method\":\"ping\"}\n"));
    expect_piece(live_ask(&other, "{\"id\":1,\"method\":\"ping\"}"), "\"result\":\"pong\"");
    expect_piece(live_receive_line(&client), "\"id\":1,\"error\":{\"code\":-32000,");
    expect_piece(live_receive_line(&client), "\"id\":2,\"result\":\"pong\"");
    cr_assert_not(has_snapshot(data));
    limit_files(&server, "unlimited");
    for (unsigned i = 0; i < 2; i++) {
        expect_piece(live_ask(&client, "{\"id\":3,\"method\":\"snapshot\"}"),
                     "\"id\":3,\"result\":{\"sequence\":200}");
        cr_assert(has_snapshot(data), "it is there when the reply is");
    }
    live_close(&other);
    live_close(&client);
    live_kill(&server);
    cr_assert_eq(count_after_restart(data), 200u);
    live_remove_data(data);
}
