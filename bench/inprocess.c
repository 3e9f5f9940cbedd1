/* What a request costs without socket and kernel, in this process.
 *
 *   bench-inprocess instructions KIND COUNT   carries COUNT requests out inside bench_measured(),
 *                                             whose instructions callgrind counts
 *   bench-inprocess time [KIND COUNT]         prints nanoseconds a request and a returned document:
 *                                             of the whole, of the evaluation alone, and of
 *                                             copying alone; of all kinds, or of COUNT requests
 *                                             of one
 *
 * Copying is what remains of a request if all else cost nothing: the documents of the reply, known
 * beforehand, are copied one behind the other from where they lie, each asked from memory ahead.
 *
 * Requests come in windows, as in a turn of the loop: all are prepared, prefetched, then run. */
#include "base/memory.h"
#include "bench/fixture.h"
#include "server/clock.h"
#include "server/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUCTIONS_AUTHORS 40
#define INSTRUCTIONS_USERS   400
#define TIME_ROUNDS          9
#define COPY_AHEAD           6 /* documents; more gain nothing */

struct bench {
    struct service *service;
    struct caller admin;
    struct job jobs[WINDOW_COUNT];
    struct buffer output;
};

void bench_measured(struct bench *bench, const struct request_writer *requests, uint64_t first,
                    uint64_t count);

/* Carries `count` requests from `first` on out, in windows; replies are thrown away. */
__attribute__((noinline)) void bench_measured(struct bench *bench,
                                              const struct request_writer *requests, uint64_t first,
                                              uint64_t count)
{
    for (uint64_t at = first; at < first + count; at += WINDOW_COUNT) {
        uint64_t left = first + count - at;
        unsigned window = left < WINDOW_COUNT ? (unsigned)left : WINDOW_COUNT;
        for (unsigned i = 0; i < window; i++) {
            job_prepare(&bench->jobs[i], bench->service, &bench->admin,
                        fixture_request(requests, at + i), false);
        }
        for (unsigned stage = 0; stage < CALL_STAGES; stage++) {
            for (unsigned i = 0; i < window; i++) {
                job_prefetch(&bench->jobs[i], stage);
            }
        }
        bench->output.size = 0;
        for (unsigned i = 0; i < window; i++) {
            job_run(&bench->jobs[i], bench->service, &bench->output);
        }
    }
}

static void bench_init(struct bench *bench, const struct blog *blog)
{
    *bench = (struct bench){.service = fixture_create(blog), .admin = {.role = ROLE_ADMIN}};
    for (unsigned i = 0; i < WINDOW_COUNT; i++) {
        job_init(&bench->jobs[i]);
    }
}

static void bench_deinit(struct bench *bench)
{
    for (unsigned i = 0; i < WINDOW_COUNT; i++) {
        job_deinit(&bench->jobs[i]);
    }
    buffer_deinit(&bench->output);
    service_destroy(bench->service);
}

/* Half of the requests warm caches, programs and buffers up in a function of another name. */
__attribute__((noinline)) static void warm_up(struct bench *bench,
                                              const struct request_writer *requests)
{
    struct buffer *output = &bench->output;
    for (uint64_t i = 0; i < requests->count / 2; i++) {
        output->size = 0;
        job_prepare(&bench->jobs[0], bench->service, &bench->admin, fixture_request(requests, i),
                    false);
        job_run(&bench->jobs[0], bench->service, output);
        fixture_check(output);
    }
}

static void count_instructions(const char *kind, uint64_t count)
{
    struct blog blog = blog_standard;
    blog.authors = INSTRUCTIONS_AUTHORS;
    blog.users = INSTRUCTIONS_USERS;
    struct bench *bench = memory_allocate(sizeof(*bench));
    bench_init(bench, &blog);
    struct request_writer requests = fixture_requests(&blog, kind, 2 * count);
    warm_up(bench, &requests);
    bench_measured(bench, &requests, count, count);
    printf("%" PRIu64 "\n", count);
    fixture_release(&requests);
    bench_deinit(bench);
    memory_release(bench);
}

/* Nanoseconds of evaluating all requests one by one: calls are run, but nothing is written. */
static uint64_t time_evaluation(struct bench *bench, const struct request_writer *requests)
{
    uint64_t spent_ns = 0;
    struct job *job = &bench->jobs[0];
    for (uint64_t i = 0; i < requests->count; i++) {
        struct value result;
        job_prepare(job, bench->service, &bench->admin, fixture_request(requests, i), false);
        uint64_t begun_ns = clock_read_ns(CLOCK_MONOTONIC);
        bool done = call_run(job->exchange.call, &result, &job->exchange.error);
        spent_ns += clock_read_ns(CLOCK_MONOTONIC) - begun_ns;
        job_abandon(job);
        if (!done) {
            fprintf(stderr, "bench: a request failed\n");
            exit(1);
        }
    }
    return spent_ns;
}

/* The documents of all replies, and how many there are in each. */
struct found {
    struct buffer texts;  /* struct slice */
    struct buffer counts; /* size_t */
    size_t largest;       /* bytes of the documents of one reply */
};

static size_t found_reply_count(const struct found *found)
{
    return found->counts.size / sizeof(size_t);
}

/* Adds the documents that a value consists of. Returns how many bytes they have. */
static size_t collect_documents(struct found *found, struct value value)
{
    size_t size = 0;
    if (value.kind == VALUE_DOCUMENT) {
        struct slice text = slice_make(value.text, value.size);
        buffer_append(&found->texts, &text, sizeof(text));
        return value.size;
    }
    for (uint32_t i = 0; value.kind == VALUE_LIST && i < value.size; i++) {
        size += collect_documents(found, value.items[i]);
    }
    bool has_fields = value.kind == VALUE_OBJECT || value.kind == VALUE_EXTENDED;
    for (uint32_t i = 0; has_fields && i < value.size; i++) {
        size += collect_documents(found, value.fields[i].value);
    }
    return size;
}

static void find_documents(struct bench *bench, const struct request_writer *requests,
                           struct found *found)
{
    struct job *job = &bench->jobs[0];
    size_t before = 0;
    for (uint64_t i = 0; i < requests->count; i++) {
        struct value result;
        job_prepare(job, bench->service, &bench->admin, fixture_request(requests, i), false);
        if (!call_run(job->exchange.call, &result, &job->exchange.error)) {
            fprintf(stderr, "bench: a request failed\n");
            exit(1);
        }
        size_t size = collect_documents(found, result);
        size_t end = found->texts.size / sizeof(struct slice);
        size_t count = end - before;
        buffer_append(&found->counts, &count, sizeof(count));
        found->largest = size > found->largest ? size : found->largest;
        before = end;
        job_abandon(job);
    }
}

static char *copy_reply(char *to, const struct slice *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t ahead = i + COPY_AHEAD < count ? i + COPY_AHEAD : i;
        prefetch_bytes(texts[ahead].data, texts[ahead].size);
        memcpy(to, texts[i].data, texts[i].size);
        to += texts[i].size;
    }
    return to;
}

/* Nanoseconds of copying what the replies consist of. */
static uint64_t time_copying(struct bench *bench, const struct found *found)
{
    const struct slice *texts = (const struct slice *)(const void *)found->texts.data;
    const size_t *counts = (const size_t *)(const void *)found->counts.data;
    bench->output.size = 0;
    char *to = buffer_reserve(&bench->output, found->largest);
    uint64_t begun_ns = clock_read_ns(CLOCK_MONOTONIC);
    for (size_t i = 0; i < found_reply_count(found); i++) {
        copy_reply(to, texts, counts[i]);
        texts += counts[i];
    }
    return clock_read_ns(CLOCK_MONOTONIC) - begun_ns;
}

static uint64_t time_whole(struct bench *bench, const struct request_writer *requests)
{
    uint64_t begun_ns = clock_read_ns(CLOCK_MONOTONIC);
    bench_measured(bench, requests, 0, requests->count);
    return clock_read_ns(CLOCK_MONOTONIC) - begun_ns;
}

static void keep_least(uint64_t *least, uint64_t time_ns)
{
    *least = time_ns < *least ? time_ns : *least;
}

/* The least of several rounds is printed: what disturbs a round only adds to it. */
static void print_times(struct bench *bench, const char *kind, uint64_t count)
{
    struct request_writer requests = fixture_requests(&blog_standard, kind, count);
    warm_up(bench, &requests);
    struct found found = {0};
    find_documents(bench, &requests, &found);
    uint64_t whole_ns = UINT64_MAX;
    uint64_t evaluation_ns = UINT64_MAX;
    uint64_t copying_ns = UINT64_MAX;
    for (unsigned round = 0; round < TIME_ROUNDS; round++) {
        keep_least(&whole_ns, time_whole(bench, &requests));
        keep_least(&evaluation_ns, time_evaluation(bench, &requests));
        keep_least(&copying_ns, time_copying(bench, &found));
    }
    double requested = (double)count;
    double documents = (double)(found.texts.size / sizeof(struct slice));
    printf("%-12s %8.0f %8.0f %8.0f %9.1f %8.1f %8.1f %8.1f\n", kind, (double)whole_ns / requested,
           (double)evaluation_ns / requested, (double)copying_ns / requested, documents / requested,
           (double)whole_ns / documents, (double)evaluation_ns / documents,
           (double)copying_ns / documents);
    buffer_deinit(&found.texts);
    buffer_deinit(&found.counts);
    fixture_release(&requests);
}

static const struct {
    const char *kind;
    uint64_t count;
} timed[] = {
    {"get", 20000},        {"get-hot", 20000}, {"getManyFrom", 2000},
    {"getManyVia", 10000}, {"article", 500},   {"article-hot", 500},
};

/* Measures `count` requests of one kind; NULL: all kinds. */
static void measure_times(const char *kind, uint64_t count)
{
    struct bench *bench = memory_allocate(sizeof(*bench));
    bench_init(bench, &blog_standard);
    printf("%-12s %8s %8s %8s %9s %8s %8s %8s\n", "", "whole", "evaluate", "copy", "documents",
           "whole", "evaluate", "copy");
    printf("%-12s %8s %8s %8s %9s %8s %8s %8s\n", "", "ns", "ns", "ns", "", "ns each", "ns each",
           "ns each");
    for (size_t i = 0; !kind && i < COUNT_OF(timed); i++) {
        print_times(bench, timed[i].kind, timed[i].count);
    }
    if (kind) {
        print_times(bench, kind, count);
    }
    bench_deinit(bench);
    memory_release(bench);
}

int main(int count, char **arguments)
{
    bool times = count >= 2 && strcmp(arguments[1], "time") == 0;
    if (count == 4 && strcmp(arguments[1], "instructions") == 0) {
        count_instructions(arguments[2], strtoull(arguments[3], NULL, 10));
        return 0;
    }
    if (times && (count == 2 || count == 4)) {
        measure_times(count == 4 ? arguments[2] : NULL,
                      count == 4 ? strtoull(arguments[3], NULL, 10) : 0);
        return 0;
    }
    fputs("Usage: bench-inprocess instructions KIND COUNT\n"
          "       bench-inprocess time [KIND COUNT]\n",
          stderr);
    return 2;
}
