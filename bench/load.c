/* The load generator: sends the requests of a file over many connections and measures.
 *
 *   closed loop   every connection keeps `--pipeline` requests under way: a new one for each reply
 *   open loop     (--rate) requests leave when their time has come, whatever the server does, and
 *                 latency counts from that time, so that a slow server cannot hide what it delays
 *
 * Connections take requests from the file in one sequence, which begins again at its end (with
 * --once it does not, and the run ends with the last reply). Prints one line of JSON. Replies are
 * counted and errors among them are too, but nothing else is looked at: see bench/run. */
#include "base/macros.h"
#include "base/memory.h"
#include "bench/histogram.h"
#include "bench/process_time.h"
#include "bench/reply_reader.h"
#include "bench/request_file.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define READ_SIZE     (256 * 1024)
#define NS_PER_SECOND 1e9
#define RATE_BURST    64 /* requests that one look at the clock sends at most to a connection */

struct options {
    const char *host;
    int port;
    const char *file;
    enum reply_protocol protocol;
    unsigned connections;
    unsigned pipeline;
    double rate; /* requests a second; 0: closed loop */
    double seconds;
    double warm_up_seconds;
    bool once;
    int pid; /* of the server, for its CPU time; 0: unknown */
};

/* Requests that were sent, or were to be sent, at one time. */
struct sending {
    uint64_t time_ns;
    uint64_t count;
};

/* A ring of sendings, oldest first. */
struct sendings {
    struct sending *items;
    uint64_t first;
    uint64_t count;
    uint64_t capacity; /* a power of two */
};

struct load {
    struct options options;
    uv_loop_t loop;
    uv_timer_t begin;
    uv_timer_t end;
    uv_idle_t idle; /* keeps an open loop awake */
    struct request_file requests;
    uint64_t next; /* of the file */
    struct connection *connections;
    char *read_buffer; /* of all connections: what is read is consumed at once */
    struct histogram latencies;
    bool measuring;
    bool stopping;
    uint64_t started_ns; /* of the whole run: the open loop's zero */
    uint64_t begun_ns;   /* of what is measured */
    uint64_t ended_ns;
    uint64_t issued; /* requests since the start */
    uint64_t answered;
    uint64_t bytes;
    uint64_t cpu_ns; /* the server's, at the beginning, then what it took */
};

struct connection {
    uv_tcp_t socket;
    uv_connect_t connect;
    struct load *load;
    struct reply_reader reader;
    struct sendings sendings;
};

_Noreturn static void fail(const char *what, int status)
{
    fprintf(stderr, "bench-load: %s: %s\n", what, uv_strerror(status));
    exit(1);
}

static void must(const char *what, int status)
{
    if (status < 0) {
        fail(what, status);
    }
}

/* Sendings. */

static void sendings_push(struct sendings *sendings, uint64_t time_ns, uint64_t count)
{
    if (sendings->count == sendings->capacity) {
        uint64_t capacity = sendings->capacity == 0 ? 64 : 2 * sendings->capacity;
        struct sending *items = memory_allocate(capacity * sizeof(*items));
        for (uint64_t i = 0; i < sendings->count; i++) {
            items[i] = sendings->items[(sendings->first + i) & (sendings->capacity - 1)];
        }
        memory_release(sendings->items);
        sendings->items = items;
        sendings->first = 0;
        sendings->capacity = capacity;
    }
    uint64_t last = (sendings->first + sendings->count) & (sendings->capacity - 1);
    sendings->items[last] = (struct sending){.time_ns = time_ns, .count = count};
    sendings->count += 1;
}

/* Takes the oldest `count` requests off and counts how long they took. */
static void sendings_answer(struct sendings *sendings, uint64_t count, uint64_t now_ns,
                            struct histogram *latencies)
{
    while (count > 0) {
        if (sendings->count == 0) {
            fail("a reply that nobody asked for", UV_EPROTO);
        }
        struct sending *oldest = &sendings->items[sendings->first];
        uint64_t taken = count < oldest->count ? count : oldest->count;
        if (latencies != NULL) {
            histogram_add(latencies, now_ns - oldest->time_ns, taken);
        }
        oldest->count -= taken;
        count -= taken;
        if (oldest->count == 0) {
            sendings->first = (sendings->first + 1) & (sendings->capacity - 1);
            sendings->count -= 1;
        }
    }
}

/* Sending. */

static void on_written(uv_write_t *write, int status)
{
    must("write", status);
    memory_release(write);
}

static void connection_write(struct connection *connection, struct slice bytes)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->socket;
    uv_buf_t buffer = {.base = (char *)(uintptr_t)bytes.data, .len = bytes.size};
    int sent = uv_try_write(stream, &buffer, 1);
    if (sent < 0 && sent != UV_EAGAIN) {
        fail("write", sent);
    }
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done < bytes.size) {
        buffer.base += done;
        buffer.len -= done;
        uv_write_t *write = memory_allocate(sizeof(*write));
        must("write", uv_write(write, stream, &buffer, 1, on_written));
    }
}

/* How many of `wanted` requests may still be sent from where the file is read. */
static uint64_t load_take(struct load *load, uint64_t wanted)
{
    if (load->next == load->requests.count && !load->options.once) {
        load->next = 0;
    }
    uint64_t left = load->requests.count - load->next;
    return wanted < left ? wanted : left;
}

/* Sends `count` requests whose latency counts from `time_ns`. */
static void connection_send(struct connection *connection, uint64_t count, uint64_t time_ns)
{
    struct load *load = connection->load;
    while (count > 0) {
        uint64_t taken = load_take(load, count);
        if (taken == 0) {
            return;
        }
        sendings_push(&connection->sendings, time_ns, taken);
        connection_write(connection, request_file_slice(&load->requests, load->next, taken));
        load->next += taken;
        load->issued += taken;
        count -= taken;
    }
}

/* Sends what is due. Runs once a turn of the loop, which does not sleep meanwhile. */
static void on_idle(uv_idle_t *idle)
{
    struct load *load = idle->data;
    double interval_ns = NS_PER_SECOND / load->options.rate;
    uint64_t now_ns = uv_hrtime();
    for (unsigned burst = 0; burst < RATE_BURST && !load->stopping; burst++) {
        uint64_t due_ns = load->started_ns + (uint64_t)((double)load->issued * interval_ns);
        if (due_ns > now_ns) {
            return;
        }
        unsigned turn = (unsigned)(load->issued % load->options.connections);
        connection_send(&load->connections[turn], 1, due_ns);
    }
}

/* Measuring. */

static void load_begin(struct load *load)
{
    load->latencies = (struct histogram){0};
    load->answered = 0;
    load->bytes = 0;
    load->measuring = true;
    load->cpu_ns = process_time_ns(load->options.pid);
    load->begun_ns = uv_hrtime();
}

static void load_stop(struct load *load)
{
    if (!load->stopping) {
        load->ended_ns = uv_hrtime();
        load->cpu_ns = process_time_ns(load->options.pid) - load->cpu_ns;
        load->stopping = true;
        uv_stop(&load->loop);
    }
}

static void on_begin(uv_timer_t *timer)
{
    load_begin(timer->data);
}

static void on_end(uv_timer_t *timer)
{
    load_stop(timer->data);
}

/* Receiving. */

static void on_allocate(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
    (void)suggested_size;
    struct connection *connection = handle->data;
    *buffer = uv_buf_init(connection->load->read_buffer, READ_SIZE);
}

static void connection_answer(struct connection *connection, uint64_t count)
{
    struct load *load = connection->load;
    uint64_t now_ns = uv_hrtime();
    sendings_answer(&connection->sendings, count, now_ns,
                    load->measuring ? &load->latencies : NULL);
    load->answered += count;
    if (load->options.once && load->answered == load->requests.count) {
        load_stop(load);
    } else if (load->options.rate == 0) {
        connection_send(connection, count, now_ns);
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    struct load *load = connection->load;
    if (load->stopping) {
        return;
    }
    if (size < 0) {
        fail("read", (int)size);
    }
    load->bytes += (uint64_t)size;
    uint64_t count = reply_reader_feed(&connection->reader, slice_make(buffer->base, (size_t)size));
    if (count > 0) {
        connection_answer(connection, count);
    }
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct connection *connection = connect->data;
    struct load *load = connection->load;
    must("connect", status);
    uv_tcp_nodelay(&connection->socket, 1);
    must("read", uv_read_start((uv_stream_t *)&connection->socket, on_allocate, on_read));
    if (load->options.rate == 0) {
        connection_send(connection, load->options.pipeline, uv_hrtime());
    }
}

/* Starting. */

static void connection_open(struct connection *connection, struct load *load)
{
    struct sockaddr_in address;
    *connection = (struct connection){.load = load};
    reply_reader_init(&connection->reader, load->options.protocol);
    must("host", uv_ip4_addr(load->options.host, load->options.port, &address));
    must("socket", uv_tcp_init(&load->loop, &connection->socket));
    connection->socket.data = connection;
    connection->connect.data = connection;
    must("connect", uv_tcp_connect(&connection->connect, &connection->socket,
                                   (const struct sockaddr *)&address, on_connected));
}

static void start_timers(struct load *load)
{
    uint64_t warm_up_ms = (uint64_t)(load->options.warm_up_seconds * 1000);
    uint64_t end_ms = warm_up_ms + (uint64_t)(load->options.seconds * 1000);
    uv_timer_init(&load->loop, &load->begin);
    uv_timer_init(&load->loop, &load->end);
    load->begin.data = load;
    load->end.data = load;
    if (warm_up_ms == 0 || load->options.once) {
        load_begin(load);
    } else {
        uv_timer_start(&load->begin, on_begin, warm_up_ms, 0);
    }
    if (!load->options.once) {
        uv_timer_start(&load->end, on_end, end_ms, 0);
    }
}

static void load_run(struct load *load)
{
    load->connections =
        memory_allocate_zeroed(load->options.connections, sizeof(struct connection));
    load->read_buffer = memory_allocate(READ_SIZE);
    must("loop", uv_loop_init(&load->loop));
    load->started_ns = uv_hrtime();
    for (unsigned i = 0; i < load->options.connections; i++) {
        connection_open(&load->connections[i], load);
    }
    if (load->options.rate > 0) {
        uv_idle_init(&load->loop, &load->idle);
        load->idle.data = load;
        uv_idle_start(&load->idle, on_idle);
    }
    start_timers(load);
    uv_run(&load->loop, UV_RUN_DEFAULT);
}

/* Closes everything; requests that were not answered are forgotten. */
static void on_walk(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void load_end(struct load *load)
{
    uv_walk(&load->loop, on_walk, NULL);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    uv_loop_close(&load->loop);
    for (unsigned i = 0; i < load->options.connections; i++) {
        memory_release(load->connections[i].sendings.items);
    }
    memory_release(load->connections);
    memory_release(load->read_buffer);
    request_file_close(&load->requests);
}

/* Reporting. */

static double quantile_us(const struct load *load, double quantile)
{
    return (double)histogram_quantile(&load->latencies, quantile) / 1e3;
}

static void load_report(const struct load *load)
{
    uint64_t errors = 0;
    uint64_t nulls = 0;
    for (unsigned i = 0; i < load->options.connections; i++) {
        errors += load->connections[i].reader.errors;
        nulls += load->connections[i].reader.nulls;
    }
    double seconds = (double)(load->ended_ns - load->begun_ns) / NS_PER_SECOND;
    double answered = (double)load->answered;
    double each = load->answered == 0 ? 1 : answered;
    printf("{\"requests\":%.0f,\"seconds\":%.4f,\"perSecond\":%.0f,\"p50us\":%.1f,\"p99us\":%.1f,"
           "\"p999us\":%.1f,\"largestUs\":%.1f,\"bytesPerReply\":%.1f,\"cpuUsPerRequest\":%.4f,"
           "\"errors\":%llu,\"nulls\":%llu}\n",
           answered, seconds, answered / seconds, quantile_us(load, 0.5), quantile_us(load, 0.99),
           quantile_us(load, 0.999), (double)load->latencies.largest_ns / 1e3,
           (double)load->bytes / each, (double)load->cpu_ns / 1e3 / each,
           (unsigned long long)errors, (unsigned long long)nulls);
}

/* Options. */

static const char usage[] =
    "Usage: bench-load --file FILE --port PORT [options]\n"
    "\n"
    "  --host ADDRESS       127.0.0.1\n"
    "  --protocol NAME      lines (the default), redis or tarantool\n"
    "  --connections N      50\n"
    "  --pipeline N         requests under way on each connection (1)\n"
    "  --rate N             requests a second of an open loop, instead\n"
    "  --seconds N          how long to measure (2)\n"
    "  --warm-up N          seconds before that (0.2)\n"
    "  --once               send the file once, measure until its last reply\n"
    "  --pid N              the server's process, to report its CPU time\n";

static bool parse_protocol(const char *name, enum reply_protocol *protocol)
{
    static const char *const names[] = {"lines", "redis", "tarantool"};
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *protocol = (enum reply_protocol)i;
            return true;
        }
    }
    return false;
}

static bool take_option(struct options *options, int name, const char *value)
{
    switch (name) {
    case 'h':
        options->host = value;
        return true;
    case 'p':
        options->port = atoi(value);
        return options->port > 0;
    case 'f':
        options->file = value;
        return true;
    case 'P':
        return parse_protocol(value, &options->protocol);
    case 'c':
        options->connections = (unsigned)atoi(value);
        return options->connections > 0;
    case 'l':
        options->pipeline = (unsigned)atoi(value);
        return options->pipeline > 0;
    case 'r':
        options->rate = atof(value);
        return options->rate > 0;
    case 's':
        options->seconds = atof(value);
        return options->seconds > 0;
    case 'w':
        options->warm_up_seconds = atof(value);
        return options->warm_up_seconds >= 0;
    case 'o':
        options->once = true;
        return true;
    case 'i':
        options->pid = atoi(value);
        return options->pid > 0;
    default:
        return false;
    }
}

static bool parse_options(struct options *options, int count, char **arguments)
{
    static const struct option names[] = {
        {"host", 1, NULL, 'h'},     {"port", 1, NULL, 'p'},        {"file", 1, NULL, 'f'},
        {"protocol", 1, NULL, 'P'}, {"connections", 1, NULL, 'c'}, {"pipeline", 1, NULL, 'l'},
        {"rate", 1, NULL, 'r'},     {"seconds", 1, NULL, 's'},     {"warm-up", 1, NULL, 'w'},
        {"once", 0, NULL, 'o'},     {"pid", 1, NULL, 'i'},         {NULL, 0, NULL, 0},
    };
    *options = (struct options){
        .host = "127.0.0.1",
        .connections = 50,
        .pipeline = 1,
        .seconds = 2,
        .warm_up_seconds = 0.2,
    };
    for (int name; (name = getopt_long(count, arguments, "", names, NULL)) != -1;) {
        if (!take_option(options, name, optarg)) {
            return false;
        }
    }
    return options->file != NULL && options->port > 0 && optind == count;
}

int main(int count, char **arguments)
{
    struct load *load = memory_allocate_zeroed(1, sizeof(*load));
    if (!parse_options(&load->options, count, arguments)) {
        fputs(usage, stderr);
        memory_release(load);
        return 2;
    }
    if (!request_file_open(&load->requests, load->options.file)) {
        fprintf(stderr, "bench-load: %s is no request file\n", load->options.file);
        memory_release(load);
        return 1;
    }
    load_run(load);
    load_report(load);
    load_end(load);
    memory_release(load);
    return 0;
}
