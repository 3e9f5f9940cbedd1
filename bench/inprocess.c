/* What a request costs without socket and kernel, in this process.
 *
 *   bench-inprocess instructions KIND COUNT   carries COUNT requests out inside bench_measured(),
 *                                             whose instructions callgrind counts
 *   bench-inprocess time [KIND COUNT]         prints nanoseconds a request and a returned document:
 *                                             of the whole, and of the evaluation alone; of all
 *                                             kinds, or of COUNT requests of one
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

/* How many documents the replies of all requests hold: each has one `_id`. */
static uint64_t count_documents(struct bench *bench, const struct request_writer *requests)
{
    static const char mark[] = "\"_id\":";
    uint64_t documents = 0;
    for (uint64_t i = 0; i < requests->count; i++) {
        bench->output.size = 0;
        bench_measured(bench, requests, i, 1);
        buffer_append_char(&bench->output, '\0');
        const char *at = bench->output.data;
        while ((at = strstr(at, mark)) != NULL) {
            documents += 1;
            at += sizeof(mark) - 1;
        }
    }
    return documents;
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

static uint64_t time_whole(struct bench *bench, const struct request_writer *requests)
{
    uint64_t begun_ns = clock_read_ns(CLOCK_MONOTONIC);
    bench_measured(bench, requests, 0, requests->count);
    return clock_read_ns(CLOCK_MONOTONIC) - begun_ns;
}

/* The least of several rounds is printed: what disturbs a round only adds to it. */
static void print_times(struct bench *bench, const char *kind, uint64_t count)
{
    struct request_writer requests = fixture_requests(&blog_standard, kind, count);
    warm_up(bench, &requests);
    uint64_t documents = count_documents(bench, &requests);
    uint64_t whole_ns = UINT64_MAX;
    uint64_t evaluation_ns = UINT64_MAX;
    for (unsigned round = 0; round < TIME_ROUNDS; round++) {
        uint64_t whole = time_whole(bench, &requests);
        uint64_t evaluation = time_evaluation(bench, &requests);
        whole_ns = whole < whole_ns ? whole : whole_ns;
        evaluation_ns = evaluation < evaluation_ns ? evaluation : evaluation_ns;
    }
    printf("%-14s %9.0f %9.0f %9.1f %9.1f %9.1f\n", kind, (double)whole_ns / (double)count,
           (double)evaluation_ns / (double)count, (double)documents / (double)count,
           (double)whole_ns / (double)documents, (double)evaluation_ns / (double)documents);
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
    printf("%-14s %9s %9s %9s %9s %9s\n", "", "whole", "evaluate", "documents", "whole",
           "evaluate");
    printf("%-14s %9s %9s %9s %9s %9s\n", "", "ns", "ns", "", "ns each", "ns each");
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
