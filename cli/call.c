/* `tenon call`: see the header.
 *
 *   tenon call METHOD [PARAMS]   the result on standard output; an error reply on standard error
 *   tenon call -                 lines of requests from standard input, replies as they come
 *
 * The stream is passed on as it is: replies are whole envelopes, and an error among them is a
 * reply like any other. */
#include "cli/call.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/value.h"
#include "cli/answer.h"
#include "cli/client.h"
#include "cli/options.h"
#include "cli/pretty.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define EXIT_RESULT     0
#define EXIT_ERROR      1
#define EXIT_NO_ANSWER  2

#define READ_SIZE       ((size_t)64 * 1024)
#define UNSENT_MAX      ((size_t)1024 * 1024) /* beyond, standard input has to wait */
#define PARAM_DEPTH_MAX 1000                  /* how deep is deep enough, the server says */

static const char HELP[] =
    "usage: tenon call [options] METHOD [PARAMS]\n"
    "       tenon call [options] - < requests\n"
    "\n"
    "Sends one request and prints its result. PARAMS is JSON, an object (by name) or an array\n"
    "(by position); @FILE reads it from a file, @- from standard input.\n"
    "\n"
    "With - for METHOD, sends the requests on standard input, one JSON-RPC text a line, without\n"
    "waiting for replies, and prints the replies, one a line, as they come.\n"
    "\n"
    "options:\n" CLIENT_OPTION_HELP
    "  --pretty            indent the output (default for a result on a terminal)\n"
    "  --plain             one line of output a result (default otherwise)\n"
    "  --help              print this\n"
    "\n"
    "exit status: 0 a result (with -: every reply has come), 1 an error reply, 2 no answer\n"
    "\n"
    "examples:\n"
    "  tenon call ping\n"
    "  tenon call getManyFrom '[\"posts\", \"by_authorId\", \"j57…\"]'\n"
    "  tenon call query @author-page.json\n";

struct call {
    struct client_target target;
    bool help;
    bool pretty;
    bool plain;
};

static int fail(const char *what, struct slice why)
{
    fprintf(stderr, "tenon call: %s%s%.*s\n", what, what[0] == '\0' ? "" : ": ", SLICE_FORMAT(why));
    return EXIT_NO_ANSWER;
}

static bool print_line(struct buffer *buffer)
{
    buffer_append_char(buffer, '\n');
    return fwrite(buffer->data, 1, buffer->size, stdout) == buffer->size;
}

/* One request. */

static bool read_file(const char *path, struct buffer *content)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    size_t size = 0;
    do {
        size = fread(buffer_reserve(content, READ_SIZE), 1, READ_SIZE, file);
        content->size += size;
    } while (size > 0);
    bool complete = !ferror(file);
    if (file != stdin) {
        fclose(file);
    }
    return complete;
}

/* Appends the params that the operand says, in canonical form, which has no line ends. */
static bool read_params(struct arena *arena, const char *operand, struct buffer *request)
{
    struct buffer content = {0};
    bool from_file = operand[0] == '@';
    const char *name = from_file ? operand + 1 : "PARAMS";
    if (from_file && !read_file(operand + 1, &content)) {
        fail(name, slice_of(strerror(errno)));
        buffer_deinit(&content);
        return false;
    }
    struct slice text = from_file ? arena_copy(arena, buffer_slice(&content)) : slice_of(operand);
    buffer_deinit(&content);
    struct value params;
    struct json_error problem;
    if (!json_read(arena, text, PARAM_DEPTH_MAX, &params, NULL, &problem)) {
        unsigned line;
        unsigned column;
        json_locate(text, problem.offset, &line, &column);
        fprintf(stderr, "tenon call: %s is not JSON: line %u, column %u: %s\n", name, line, column,
                problem.message);
        return false;
    }
    struct slice canonical = value_text(arena, params);
    if (canonical.data[0] != '{' && canonical.data[0] != '[') {
        fail(name, SLICE("params are an object or an array"));
        return false;
    }
    buffer_append_slice(request, SLICE(",\"params\":"));
    buffer_append_slice(request, canonical);
    return true;
}

static int print_reply(struct arena *arena, struct slice line, bool pretty)
{
    struct answer answer;
    if (!answer_read(arena, line, &answer)) {
        return fail("", SLICE("what answers is not a Tenon server"));
    }
    struct buffer output = {0};
    int status = EXIT_RESULT;
    if (answer.is_error) {
        status = EXIT_ERROR;
        answer_describe(&output, &answer);
        fprintf(stderr, "tenon call: %.*s\n", SLICE_FORMAT(buffer_slice(&output)));
    } else {
        struct slice text = value_text(arena, answer.result);
        if (pretty) {
            pretty_write(&output, text);
        } else {
            buffer_append_slice(&output, text);
        }
        if (!print_line(&output) || fflush(stdout) != 0) {
            status = fail("standard output", slice_of(strerror(errno)));
        }
    }
    buffer_deinit(&output);
    return status;
}

static int exchange(struct arena *arena, const struct call *call, struct slice request)
{
    bool pretty = call->pretty || (!call->plain && isatty(STDOUT_FILENO) == 1);
    struct client client;
    struct slice line;
    bool answered = false;
    if (client_open(&client, &call->target)) {
        client_queue(&client, request);
        answered = client_wait_line(&client, &line);
    }
    int status =
        answered ? print_reply(arena, line, pretty) : fail("", buffer_slice(&client.trouble));
    client_close(&client);
    return status;
}

static int call_once(const struct call *call, const char *method, const char *params)
{
    struct arena arena;
    arena_init(&arena, READ_SIZE);
    struct buffer request = {0};
    buffer_append_slice(&request, SLICE("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"));
    json_write_string(&request, slice_of(method));
    int status = EXIT_NO_ANSWER;
    if (params == NULL || read_params(&arena, params, &request)) {
        buffer_append_char(&request, '}');
        status = exchange(&arena, call, buffer_slice(&request));
    }
    buffer_deinit(&request);
    arena_deinit(&arena);
    return status;
}

/* A stream of requests. */

struct stream {
    struct client client;
    struct buffer pending; /* the beginning of a line of standard input */
    struct buffer output;  /* a reply in the making */
    struct arena arena;
    bool pretty;
    bool input_ended;
};

/* Queues the lines of standard input that are complete; what comes after them has to wait. Line
 * ends can only be among the `fresh` bytes at the end. */
static void queue_lines(struct stream *stream, size_t fresh)
{
    struct buffer *pending = &stream->pending;
    size_t size = pending->size;
    while (fresh > 0 && pending->data[size - 1] != '\n') {
        size--;
        fresh--;
    }
    if (fresh > 0) {
        client_queue(&stream->client, slice_make(pending->data, size - 1));
        memmove(pending->data, pending->data + size, pending->size - size);
        pending->size -= size;
    }
}

static bool read_input(struct stream *stream)
{
    char *place = buffer_reserve(&stream->pending, READ_SIZE);
    ssize_t size = read(STDIN_FILENO, place, READ_SIZE);
    if (size < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    stream->pending.size += (size_t)size;
    if (size == 0) {
        stream->input_ended = true;
        if (stream->pending.size > 0) {
            client_queue(&stream->client, buffer_slice(&stream->pending));
        }
        client_finish(&stream->client);
        return true;
    }
    queue_lines(stream, (size_t)size);
    return true;
}

static bool print_stream_line(struct stream *stream, struct slice line)
{
    struct value value;
    struct json_error problem;
    stream->output.size = 0;
    if (stream->pretty &&
        json_read(&stream->arena, line, ANSWER_DEPTH_MAX, &value, NULL, &problem)) {
        pretty_write(&stream->output, value_text(&stream->arena, value));
    } else {
        buffer_append_slice(&stream->output, line);
    }
    arena_reset(&stream->arena);
    return print_line(&stream->output);
}

/* Prints what has come, and sees to it that it leaves now: a reader may be waiting for it. */
static bool print_stream_lines(struct stream *stream)
{
    struct slice line;
    while (client_take_line(&stream->client, &line)) {
        if (!print_stream_line(stream, line)) {
            return false;
        }
    }
    return fflush(stdout) == 0;
}

static int run_stream(struct stream *stream)
{
    struct client *client = &stream->client;
    /* The first byte decides that messages are lines, whatever the input begins with. */
    client_queue(client, SLICE(""));
    while (true) {
        if (!print_stream_lines(stream)) {
            return fail("standard output", slice_of(strerror(errno)));
        }
        if (client->ended) {
            return stream->input_ended && client_unsent(client) == 0
                       ? EXIT_RESULT
                       : fail("connection", SLICE("closed by the server"));
        }
        bool wants_input = !stream->input_ended && client_unsent(client) < UNSENT_MAX;
        bool ready = false;
        if (!client_turn(client, -1, wants_input ? STDIN_FILENO : -1, &ready)) {
            return fail("", buffer_slice(&client->trouble));
        }
        if (wants_input && ready && !read_input(stream)) {
            return fail("standard input", slice_of(strerror(errno)));
        }
    }
}

static int call_stream(const struct call *call)
{
    struct stream stream = {.pretty = call->pretty};
    arena_init(&stream.arena, READ_SIZE);
    int status = client_open(&stream.client, &call->target)
                     ? run_stream(&stream)
                     : fail("", buffer_slice(&stream.client.trouble));
    client_close(&stream.client);
    buffer_deinit(&stream.pending);
    buffer_deinit(&stream.output);
    arena_deinit(&stream.arena);
    return status;
}

int cli_call(int argc, char **argv)
{
    struct call call = {.help = false};
    struct option_rule rules[] = {
        CLIENT_OPTION_RULES(&call.target),
        {.name = "--pretty", .flag = &call.pretty},
        {.name = "--plain", .flag = &call.plain},
        {.name = "--help", .flag = &call.help},
        {.name = NULL},
    };
    struct buffer message = {0};
    int operand_count = 0;
    if (!options_take(argc, argv, rules, &operand_count, &message)) {
        fail("", buffer_slice(&message));
        buffer_deinit(&message);
        return EXIT_NO_ANSWER;
    }
    if (call.help) {
        fputs(HELP, stdout);
        return EXIT_RESULT;
    }
    bool streams = operand_count == 1 && strcmp(argv[1], "-") == 0;
    if (operand_count < 1 || operand_count > 2 || (call.pretty && call.plain)) {
        return fail("", SLICE("METHOD and at most one PARAMS, please; see tenon call --help"));
    }
    return streams ? call_stream(&call)
                   : call_once(&call, argv[1], operand_count == 2 ? argv[2] : NULL);
}
