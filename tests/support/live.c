/* See live.h. */
#include "tests/support/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 32
#define PATH_SIZE     128

static const char *binary_path(void)
{
    const char *path = getenv("TENON_BINARY");
    return path == NULL ? "build/tenon-sanitized" : path;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(long milliseconds)
{
    struct timespec time = {.tv_sec = 0, .tv_nsec = milliseconds * 1000000};
    nanosleep(&time, NULL);
}

/* ---- Processes */

struct spawn {
    int input; /* descriptors of the new process */
    int output;
    int errors;
    const char *sanitizer_log; /* NULL: as it is here */
};

static void become(const struct spawn *spawn, char *const *arguments)
{
    char options[2 * PATH_SIZE];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (spawn->sanitizer_log != NULL) {
        snprintf(options, sizeof(options), "log_path=%s", spawn->sanitizer_log);
        setenv("ASAN_OPTIONS", options, 1);
        setenv("UBSAN_OPTIONS", options, 1);
        setenv("TSAN_OPTIONS", options, 1);
    }
    dup2(spawn->input, STDIN_FILENO);
    dup2(spawn->output, STDOUT_FILENO);
    dup2(spawn->errors, STDERR_FILENO);
    for (int descriptor = 3; descriptor < 256; descriptor++) {
        close(descriptor);
    }
    signal(SIGPIPE, SIG_DFL);
    execv(arguments[0], arguments);
    fprintf(stderr, "%s cannot be started: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

static pid_t start_process(const struct spawn *spawn, char *const *arguments)
{
    pid_t pid = fork();
    cr_assert(pid >= 0, "fork: %s", strerror(errno));
    if (pid == 0) {
        become(spawn, arguments);
    }
    return pid;
}

/* Waits for the end of the process; returns its exit status, or 128 and its signal. */
static int wait_process(pid_t pid)
{
    int status;
    int64_t deadline = now_ms() + LIVE_DEADLINE_MS;
    pid_t ended = waitpid(pid, &status, WNOHANG);
    while (ended == 0 && now_ms() < deadline) {
        sleep_ms(2);
        ended = waitpid(pid, &status, WNOHANG);
    }
    if (ended == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        cr_assert(false, "the process did not end in time");
    }
    cr_assert(ended == pid, "waitpid: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- Files of a server's folder */

static void path_in(const struct live_server *server, const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", server->folder, name);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL, "%s cannot be written", path);
    cr_assert(fwrite(text, 1, strlen(text), file) == strlen(text));
    cr_assert(fclose(file) == 0);
}

/* Appends the file, which may not be there. */
static void append_file(struct buffer *buffer, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size = 1;
    while (file != NULL && size > 0) {
        size = fread(buffer_reserve(buffer, 4096), 1, 4096, file);
        buffer->size += size;
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void append_log(const struct live_server *server, struct buffer *log)
{
    char path[PATH_SIZE];
    path_in(server, "log", path);
    append_file(log, path);
}

static void append_sanitizer_report(const struct live_server *server, struct buffer *report)
{
    char path[PATH_SIZE];
    char name[32];
    snprintf(name, sizeof(name), "sanitizer.%d", (int)server->pid);
    path_in(server, name, path);
    append_file(report, path);
    unlink(path);
}

static void remove_folder(const struct live_server *server)
{
    static const char *const names[] = {"log", "schema.json", "socket"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        path_in(server, names[i], path);
        unlink(path);
    }
    rmdir(server->folder);
}

/* ---- The server */

/* The port in the line that tells that the server is ready; 0 while it is not there. */
static uint16_t find_port(struct slice log)
{
    const char address[] = "127.0.0.1:";
    for (size_t i = 0; i + sizeof(address) < log.size; i++) {
        bool found = memcmp(log.data + i, address, sizeof(address) - 1) == 0;
        if (found && memchr(log.data + i, '\n', log.size - i) != NULL) {
            return (uint16_t)strtoul(log.data + i + sizeof(address) - 1, NULL, 10);
        }
    }
    return 0;
}

static void wait_until_ready(struct live_server *server)
{
    struct buffer log = {0};
    int status;
    int64_t deadline = now_ms() + LIVE_DEADLINE_MS;
    while (server->port == 0) {
        sleep_ms(2);
        log.size = 0;
        append_log(server, &log);
        server->port = find_port(buffer_slice(&log));
        bool ended = server->port == 0 && waitpid(server->pid, &status, WNOHANG) != 0;
        if (ended || now_ms() > deadline) {
            append_sanitizer_report(server, &log);
            cr_assert(false, "the server %s: %.*s", ended ? "ended" : "does not get ready",
                      SLICE_FORMAT(log.size == 0 ? SLICE("") : buffer_slice(&log)));
        }
    }
    buffer_deinit(&log);
}

static void start(struct live_server *server, const char *schema_path, const char *const *options)
{
    char log_path[PATH_SIZE];
    char sanitizer_path[PATH_SIZE];
    const char *arguments[ARGUMENTS_MAX] = {binary_path(), "serve",    "--schema",
                                            schema_path,   "--listen", "127.0.0.1:0"};
    size_t count = 6;
    for (; options != NULL && *options != NULL; options++) {
        cr_assert(count < ARGUMENTS_MAX - 1);
        arguments[count++] = *options;
    }
    path_in(server, "log", log_path);
    path_in(server, "sanitizer", sanitizer_path);
    struct spawn spawn = {.input = open("/dev/null", O_RDONLY),
                          .output = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600),
                          .sanitizer_log = sanitizer_path};
    spawn.errors = spawn.output;
    cr_assert(spawn.input >= 0 && spawn.output >= 0);
    server->pid = start_process(&spawn, (char *const *)arguments);
    close(spawn.input);
    close(spawn.output);
    wait_until_ready(server);
}

static void make_folder(struct live_server *server)
{
    *server = (struct live_server){0};
    strcpy(server->folder, "/tmp/tenon-live-XXXXXX");
    cr_assert(mkdtemp(server->folder) != NULL);
}

void live_start(struct live_server *server, const char *schema, const char *const *options)
{
    char path[PATH_SIZE];
    make_folder(server);
    path_in(server, "schema.json", path);
    write_file(path, schema);
    start(server, path, options);
}

void live_start_with_file(struct live_server *server, const char *schema_path,
                          const char *const *options)
{
    make_folder(server);
    start(server, schema_path, options);
}

void live_wait(struct live_server *server)
{
    struct buffer report = {0};
    int status = wait_process(server->pid);
    append_sanitizer_report(server, &report);
    cr_expect(report.size == 0, "%.*s", SLICE_FORMAT(buffer_slice(&report)));
    if (status != 0) {
        append_log(server, &report);
        cr_expect(false, "the server ended with status %d: %.*s", status,
                  SLICE_FORMAT(report.size == 0 ? SLICE("") : buffer_slice(&report)));
    }
    buffer_deinit(&report);
    remove_folder(server);
}

void live_stop(struct live_server *server)
{
    cr_assert(kill(server->pid, SIGTERM) == 0, "the server is not there any more");
    live_wait(server);
}

void live_kill(struct live_server *server)
{
    cr_assert(kill(server->pid, SIGKILL) == 0, "the server is not there any more");
    wait_process(server->pid);
    remove_folder(server);
}

/* ---- The log */

FILE *live_open_log(const struct live_server *server)
{
    char path[PATH_SIZE];
    path_in(server, "log", path);
    FILE *log = fopen(path, "rb");
    cr_assert(log != NULL, "%s: %s", path, strerror(errno));
    return log;
}

unsigned live_count_in_log(FILE *log, const char *text)
{
    char line[2048];
    unsigned count = 0;
    rewind(log);
    while (fgets(line, sizeof(line), log) != NULL) {
        count += strstr(line, text) != NULL;
    }
    return count;
}

void live_wait_for_log(const struct live_server *server, const char *text)
{
    FILE *log = live_open_log(server);
    for (unsigned waited_ms = 0; live_count_in_log(log, text) == 0; waited_ms += 2) {
        cr_assert(waited_ms < LIVE_DEADLINE_MS, "no \"%s\" in the log", text);
        poll(NULL, 0, 2);
    }
    fclose(log);
}

/* ---- Clients */

static void connect_socket(struct live_client *client, int family, const struct sockaddr *address,
                           socklen_t size)
{
    *client = (struct live_client){.socket = socket(family, SOCK_STREAM, 0)};
    cr_assert(client->socket >= 0);
    cr_assert(connect(client->socket, address, size) == 0, "connect: %s", strerror(errno));
    int flags = fcntl(client->socket, F_GETFL);
    cr_assert(fcntl(client->socket, F_SETFL, flags | O_NONBLOCK) == 0);
}

void live_connect(struct live_client *client, const struct live_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(server->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect_socket(client, AF_INET, (const struct sockaddr *)&address, sizeof(address));
    int yes = 1;
    cr_assert(setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) == 0);
}

void live_connect_unix(struct live_client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    cr_assert(strlen(path) < sizeof(address.sun_path));
    strcpy(address.sun_path, path);
    connect_socket(client, AF_UNIX, (const struct sockaddr *)&address, sizeof(address));
}

void live_close(struct live_client *client)
{
    close(client->socket);
    buffer_deinit(&client->received);
}

/* Waits until one of `events` holds, and returns those that do; none after `timeout_ms`. */
static short wait_socket(const struct live_client *client, short events, int timeout_ms)
{
    struct pollfd poll_entry = {.fd = client->socket, .events = events};
    int count = poll(&poll_entry, 1, timeout_ms);
    cr_assert(count >= 0 || errno == EINTR);
    return count > 0 ? poll_entry.revents : 0;
}

/* Reads what has come; returns false at the end of the connection. */
static bool read_some(struct live_client *client)
{
    char *space = buffer_reserve(&client->received, 65536);
    ssize_t size = read(client->socket, space, 65536);
    if (size < 0) {
        cr_assert(errno == EAGAIN || errno == EINTR || errno == ECONNRESET, "read: %s",
                  strerror(errno));
        return errno != ECONNRESET;
    }
    client->received.size += (size_t)size;
    return size > 0;
}

void live_send(struct live_client *client, struct slice data)
{
    while (data.size > 0) {
        short wanted = client->finished ? POLLOUT : POLLIN | POLLOUT;
        short events = wait_socket(client, wanted, LIVE_DEADLINE_MS);
        cr_assert(events != 0, "the server does not read");
        if (events & POLLIN) {
            client->finished = !read_some(client);
        }
        ssize_t size =
            (events & POLLOUT) ? send(client->socket, data.data, data.size, MSG_NOSIGNAL) : 0;
        cr_assert(size >= 0 || errno == EAGAIN || errno == EINTR, "send: %s", strerror(errno));
        size_t sent = size > 0 ? (size_t)size : 0;
        data = slice_make(data.data + sent, data.size - sent);
    }
}

size_t live_send_without_reading(struct live_client *client, struct slice data, int patience_ms)
{
    size_t sent = 0;
    while (sent < data.size && (wait_socket(client, POLLOUT, patience_ms) & POLLOUT)) {
        ssize_t size = send(client->socket, data.data + sent, data.size - sent, MSG_NOSIGNAL);
        cr_assert(size >= 0 || errno == EAGAIN || errno == EINTR, "send: %s", strerror(errno));
        sent += size > 0 ? (size_t)size : 0;
    }
    return sent;
}

void live_send_line(struct live_client *client, const char *line)
{
    live_send(client, slice_of(line));
    live_send(client, SLICE("\n"));
}

void live_finish_sending(struct live_client *client)
{
    cr_assert(shutdown(client->socket, SHUT_WR) == 0);
}

static struct slice waiting(const struct live_client *client)
{
    return slice_make(client->received.data + client->taken, client->received.size - client->taken);
}

/* Drops what was handed out, then waits for more. */
static void receive_more(struct live_client *client)
{
    cr_assert(wait_socket(client, POLLIN, LIVE_DEADLINE_MS) != 0, "no reply in time");
    cr_assert(read_some(client), "the server closed the connection");
}

static void drop_taken(struct live_client *client)
{
    struct slice left = waiting(client);
    if (client->taken > 65536 && client->taken > left.size) {
        memmove(client->received.data, left.data, left.size);
        client->received.size = left.size;
        client->taken = 0;
    }
}

struct slice live_receive_line(struct live_client *client)
{
    drop_taken(client);
    size_t scanned = 0;
    for (;;) {
        struct slice left = waiting(client);
        const char *end =
            left.size == scanned ? NULL : memchr(left.data + scanned, '\n', left.size - scanned);
        if (end != NULL) {
            size_t size = (size_t)(end - left.data);
            client->taken += size + 1;
            return slice_make(left.data, size);
        }
        scanned = left.size;
        receive_more(client);
    }
}

struct slice live_receive_bytes(struct live_client *client, size_t size)
{
    drop_taken(client);
    while (waiting(client).size < size) {
        receive_more(client);
    }
    struct slice bytes = slice_make(waiting(client).data, size);
    client->taken += size;
    return bytes;
}

struct slice live_ask(struct live_client *client, const char *line)
{
    live_send_line(client, line);
    return live_receive_line(client);
}

bool live_is_silent(struct live_client *client, int milliseconds)
{
    return waiting(client).size == 0 && wait_socket(client, POLLIN, milliseconds) == 0;
}

bool live_is_finished(struct live_client *client)
{
    bool open = true;
    while (open) {
        cr_assert(wait_socket(client, POLLIN, LIVE_DEADLINE_MS) != 0, "not closed in time");
        open = read_some(client);
    }
    return waiting(client).size == 0;
}

/* ---- Pairs */

void live_pair_start(struct live_pair *pair, const char *schema, const char *const *options)
{
    live_start(&pair->server, schema, options);
    live_connect(&pair->client, &pair->server);
}

void live_pair_stop(struct live_pair *pair)
{
    live_close(&pair->client);
    live_stop(&pair->server);
}

/* ---- Commands */

static void read_back(int descriptor, struct buffer *buffer)
{
    ssize_t size = 1;
    cr_assert(lseek(descriptor, 0, SEEK_SET) == 0);
    while (size > 0) {
        size = read(descriptor, buffer_reserve(buffer, 65536), 65536);
        cr_assert(size >= 0);
        buffer->size += (size_t)size;
    }
    close(descriptor);
}

/* An unnamed file with `text` in it, to be read from its start. */
static int temporary_file(struct slice text)
{
    char path[] = "/tmp/tenon-live-XXXXXX";
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0);
    unlink(path);
    cr_assert(text.size == 0 || write(descriptor, text.data, text.size) == (ssize_t)text.size);
    cr_assert(lseek(descriptor, 0, SEEK_SET) == 0);
    return descriptor;
}

void live_run(struct live_result *result, const char *const *arguments, struct slice input)
{
    const char *all[ARGUMENTS_MAX] = {binary_path()};
    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert(i + 2 < ARGUMENTS_MAX);
        all[i + 1] = arguments[i];
    }
    *result = (struct live_result){0};
    struct spawn spawn = {.input = temporary_file(input),
                          .output = temporary_file(SLICE("")),
                          .errors = temporary_file(SLICE(""))};
    pid_t pid = start_process(&spawn, (char *const *)all);
    close(spawn.input);
    result->status = wait_process(pid);
    read_back(spawn.output, &result->output);
    read_back(spawn.errors, &result->errors);
}

void live_result_deinit(struct live_result *result)
{
    buffer_deinit(&result->output);
    buffer_deinit(&result->errors);
}

bool live_contains(struct slice text, const char *part)
{
    size_t size = strlen(part);
    for (size_t at = 0; at + size <= text.size; at++) {
        if (memcmp(text.data + at, part, size) == 0) {
            return true;
        }
    }
    return false;
}

char *live_read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s: %s", path, strerror(errno));
    struct buffer text = {0};
    size_t size = 1;
    while (size > 0) {
        size = fread(buffer_reserve(&text, 65536), 1, 65536, file);
        text.size += size;
    }
    fclose(file);
    buffer_append_char(&text, '\0');
    return text.data;
}

void live_make_data(char data[LIVE_DATA_SIZE])
{
    snprintf(data, LIVE_DATA_SIZE, "/tmp/tenon-data-XXXXXX");
    cr_assert_not_null(mkdtemp(data));
}

void live_remove_data(const char *data)
{
    DIR *directory = opendir(data);
    const struct dirent *entry;
    cr_assert_not_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", data, entry->d_name);
        if (entry->d_name[0] != '.') {
            unlink(path);
        }
    }
    closedir(directory);
    rmdir(data);
}
