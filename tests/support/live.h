/* The real server for tests: started on a free port of 127.0.0.1, spoken to over a real socket,
 * stopped with SIGTERM.
 *
 * The binary is the one that the environment's TENON_BINARY names, else
 * build/tenon-sanitized. Whatever does not happen within a deadline (LIVE_DEADLINE_MS) fails the
 * test, so that a dead server does not hang it; a server dies with its test. */
#ifndef TENON_TESTS_SUPPORT_LIVE_H
#define TENON_TESTS_SUPPORT_LIVE_H

#include "base/buffer.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define LIVE_DEADLINE_MS 30000

struct live_server {
    pid_t pid;
    uint16_t port;
    char folder[64]; /* its own: the schema, the log, the sanitizers' reports */
};

struct live_client {
    int socket;
    struct buffer received;
    size_t taken;  /* bytes of `received` that were handed out */
    bool finished; /* the server sent its end while we were still sending */
};

/* A server and a client of it, as most tests want them. */
struct live_pair {
    struct live_server server;
    struct live_client client;
};

/* What a command printed, and how it ended. */
struct live_result {
    int status; /* exit status; 128 and the signal where one ended it */
    struct buffer output;
    struct buffer errors;
};

/* Starts a server with the schema, given as text, and more options (ended by NULL; may be NULL
 * itself), and waits until it takes connections. */
void live_start(struct live_server *server, const char *schema, const char *const *options);

/* Starts as live_start does, with the schema in a file. */
void live_start_with_file(struct live_server *server, const char *schema_path,
                          const char *const *options);

/* Stops it with SIGTERM: it must end with status 0 and have nothing to tell from a sanitizer. */
void live_stop(struct live_server *server);

/* Waits for the end of a server that was told to stop by other means, and checks the same. */
void live_wait(struct live_server *server);

/* Ends it with SIGKILL, as a crash would. */
void live_kill(struct live_server *server);

/* Starts as live_start does, and connects; closes, and stops as live_stop does. */
void live_pair_start(struct live_pair *pair, const char *schema, const char *const *options);
void live_pair_stop(struct live_pair *pair);

/* Waits until the server's log has the text. */
void live_wait_for_log(const struct live_server *server, const char *text);

/* Opens the log for live_count_in_log(); it can be read when the server has ended, too. */
FILE *live_open_log(const struct live_server *server);

/* How many lines of the log have the text. */
unsigned live_count_in_log(FILE *log, const char *text);

/* Connects. The client belongs to the caller, who closes it with live_close. */
void live_connect(struct live_client *client, const struct live_server *server);
void live_connect_unix(struct live_client *client, const char *path);
void live_close(struct live_client *client);

/* Sends all of `data`. Replies that come meanwhile are read and kept; a server that has finished
 * its side, as one that refuses a connection has, is sent the rest all the same. */
void live_send(struct live_client *client, struct slice data);

/* Sends without ever reading, until the server has not taken anything for `patience_ms`, and
 * returns how many bytes went. */
size_t live_send_without_reading(struct live_client *client, struct slice data, int patience_ms);

/* Sends a zero-terminated line and its end. */
void live_send_line(struct live_client *client, const char *line);

/* Half-close: no more will be sent. */
void live_finish_sending(struct live_client *client);

/* The next line without its end, or `size` bytes; valid until the next call. */
struct slice live_receive_line(struct live_client *client);
struct slice live_receive_bytes(struct live_client *client, size_t size);

/* Sends a line and returns the reply's. */
struct slice live_ask(struct live_client *client, const char *line);

/* Whether nothing at all comes for `milliseconds`. */
bool live_is_silent(struct live_client *client, int milliseconds);

/* Waits for the end of the connection and returns whether it came in order and nothing stood
 * before it. */
bool live_is_finished(struct live_client *client);

/* Whether `part` stands in `text`. */
bool live_contains(struct slice text, const char *part);

/* The whole file, with a zero behind it; given back with memory_release(). */
char *live_read_file(const char *path) __attribute__((returns_nonnull));

/* Makes an empty folder for --data; removes it with its files. */
#define LIVE_DATA_SIZE 64
void live_make_data(char data[LIVE_DATA_SIZE]);
void live_remove_data(const char *data);

/* Runs the binary with the arguments (ended by NULL) and `input` as standard input, to its end. */
void live_run(struct live_result *result, const char *const *arguments, struct slice input);
void live_result_deinit(struct live_result *result);

#endif
