/* Carrying messages out. See service.h for the life of a job. */
#include "server/service.h"

#include "base/memory.h"
#include "protocol/reply.h"
#include "server/clock.h"

#include <assert.h>

/* What a job's arena keeps from one message to the next. */
#define JOB_ARENA_SIZE    TINY_OR(64, 16 * 1024)

/* How many requests of a batch are prepared and prefetched together. */
#define BATCH_GROUP_COUNT 16

/* Pieces of work that a request of a batch counts as, so that the time of a batch ends all of it:
 * compiling and answering are work too. */
#define BATCH_WORK        16

/* Reading a message of so many bytes takes time that counts; a shorter one is read sooner than the
 * clock. */
#define LONG_MESSAGE      TINY_OR(64, 64 * 1024)

/* What a byte of it takes beside: to come from the socket and be found the end of before, and for
 * the rest of a batch to be refused and the memory given back when the time is over, which is most
 * of it: with 2 ns, batches of 16 MB took up to 1.05 s of a second. */
#define BYTE_NS           8

/* A longer name of an unknown method is not repeated in the error. */
#define METHOD_SHOWN_MAX  64

struct service_options service_default_options(void)
{
    return (struct service_options){
        .limits = {.documents = LIMIT_DOCUMENTS,
                   .bytes = LIMIT_BYTES,
                   .milliseconds = LIMIT_MILLISECONDS},
        .walker_size_max = EXPORT_SIZE_MAX,
        .slow_ms = SLOWLOG_DEFAULT_MS,
    };
}

static struct service *create(struct database *database, const struct service_options *options)
{
    struct service *service = memory_allocate_zeroed(1, sizeof(*service));
    service->options = *options;
    service->started_ns = clock_read_ns(CLOCK_MONOTONIC);
    service->database = database;
    service->relations = relations_create(service->database);
    methods_init(&service->methods);
    stencils_init(&service->stencils);
    slowlog_init(&service->slowlog, options->slow_ms);
    return service;
}

struct service *service_create(struct schema *schema, const struct service_options *options)
{
    return create(database_create(schema, &options->database), options);
}

struct service *service_create_on_store(struct store *store, const struct service_options *options)
{
    struct service *service = create(store_database(store), options);
    service->store = store;
    return service;
}

void service_destroy(struct service *service)
{
    slowlog_deinit(&service->slowlog);
    stencils_deinit(&service->stencils);
    exports_deinit(&service->exports);
    relations_destroy(service->relations);
    if (service->store == NULL) {
        database_destroy(service->database);
    }
    memory_release(service);
}

void job_init(struct job *job)
{
    *job = (struct job){0};
    arena_init(&job->arena, JOB_ARENA_SIZE);
}

void job_deinit(struct job *job)
{
    arena_deinit(&job->arena);
}

static bool refuse_method(struct slice name, struct error *error)
{
    bool plain = memchr(name.data, '\\', name.size) == NULL;
    if (plain && name.size <= METHOD_SHOWN_MAX) {
        return error_set(error, ERROR_METHOD_NOT_FOUND, "there is no method `%.*s`",
                         SLICE_FORMAT(name));
    }
    return error_set(error, ERROR_METHOD_NOT_FOUND, "there is no such method");
}

static void exchange_init(struct exchange *exchange, struct arena *arena)
{
    exchange->request = (struct request){.id = SLICE("null")};
    exchange->method = NULL;
    exchange->call = NULL;
    exchange->prefetches = false;
    error_init(&exchange->error, arena);
}

/* Takes the next request of the job's message and prepares it; errors wait in the exchange. */
static void exchange_prepare(struct exchange *exchange, struct service *service, struct job *job)
{
    if (!message_next(&job->message, &exchange->request, &exchange->error)) {
        return;
    }
    if (job->batch && !budget_take_work(&job->budget, BATCH_WORK, &exchange->error)) {
        return;
    }
    const struct request *request = &exchange->request;
    struct method_entry *method = methods_find(&service->methods, request->method);
    enum role role = method == NULL ? ROLE_READ : method->role;
    if (UNLIKELY(!caller_may(job->caller, role))) {
        caller_refuse(job->caller, request->method, role, &exchange->error);
        return;
    }
    exchange->method = method;
    if (method == NULL) {
        refuse_method(request->method, &exchange->error);
    } else if (exchange->method->method != NULL) {
        exchange->call = call_prepare(service->relations, exchange->method->method, request->params,
                                      &job->budget, &job->arena, &exchange->error);
        exchange->prefetches = exchange->call != NULL;
    }
}

/* Carries one of the server's own methods out, and counts the memory that this takes: that of a
 * batch is given back at its end. */
static bool run_own(struct service *service, const struct method_entry *method, struct job *job,
                    const struct own_params *params, struct value *result, struct error *error)
{
    size_t reserved = job->arena.reserved;
    return method->run(service, &job->arena, params, result, error) &&
           budget_take_bytes(&job->budget, job->arena.reserved - reserved, error);
}

static bool authenticate(struct exchange *exchange, struct service *service, struct job *job,
                         const struct own_params *params, struct value *result)
{
    uint64_t now_ms = clock_read_ns(CLOCK_MONOTONIC) / CLOCK_NS_PER_MS;
    return access_authenticate(service->options.access, job->caller, now_ms, &job->arena,
                               value_string_escaped(params->values[0]), result, &exchange->error);
}

/* What the caller may is asked again, for an auth may have run since this was prepared. */
static bool exchange_execute(struct exchange *exchange, struct service *service, struct job *job,
                             struct value *result)
{
    if (exchange->method != NULL) {
        exchange->method->count += 1;
    }
    if (exchange->error.code != ERROR_NONE ||
        (job->batch && !budget_require_bytes(&job->budget, &exchange->error))) {
        return false;
    }
    const struct method_entry *method = exchange->method;
    assert(method != NULL);
    if (UNLIKELY(!caller_may(job->caller, method->role))) {
        caller_refuse(job->caller, method->name, method->role, &exchange->error);
        return false;
    }
    if (exchange->call != NULL) {
        return call_run(exchange->call, result, &exchange->error);
    }
    job->has_secret = job->has_secret || method->run == NULL;
    struct own_params params;
    if (!own_params_bind(method->name, method->parameters, &job->arena, exchange->request.params,
                         &params, &exchange->error)) {
        return false;
    }
    return method->run == NULL ? authenticate(exchange, service, job, &params, result)
                               : run_own(service, method, job, &params, result, &exchange->error);
}

static bool exchange_write_result(struct exchange *exchange, struct job *job, struct value result,
                                  struct buffer *output)
{
    if (exchange->call != NULL) {
        return call_write_result(exchange->call, result, output, &exchange->error);
    }
    return budget_write_result(&job->budget, result, output, &exchange->error);
}

/* Answers with the result where it is `done` and fits, otherwise with the error. */
static void exchange_answer(struct exchange *exchange, struct job *job, bool done,
                            struct value result, struct reply *reply)
{
    struct slice id = exchange->request.id;
    if (!done) {
        reply_error(reply, id, &exchange->error);
        return;
    }
    reply_begin_result(reply, id);
    if (exchange_write_result(exchange, job, result, reply->output)) {
        reply_end_result(reply);
    } else {
        reply_abandon_result(reply);
        reply_error(reply, id, &exchange->error);
    }
}

/* A request that is timed. */
struct timing {
    uint64_t started_ns;  /* 0: it is not timed */
    struct budget before; /* what its message had taken then */
};

static void timing_begin(struct timing *timing, const struct exchange *exchange,
                         const struct job *job)
{
    const struct method_entry *method = exchange->method;
    if (method != NULL && (method->always_timed || method->count % METHOD_TIMED_EVERY == 0)) {
        timing->before = job->budget;
        timing->started_ns = clock_read_ns(CLOCK_MONOTONIC);
    }
}

/* The params of a request; of one that fitted a stencil they are read now. */
static struct value exchange_params(const struct exchange *exchange, struct job *job)
{
    struct message message;
    struct request request;
    struct error error;
    if (job->stencil == NULL) {
        return exchange->request.params;
    }
    error_init(&error, &job->arena);
    bool read = message_read(&message, job->message.source, &job->arena, &error) &&
                message_next(&message, &request, &error);
    assert(read);
    return request.params;
}

static void note_slow(struct service *service, const struct exchange *exchange, struct job *job,
                      const struct timing *timing, uint64_t took_ns)
{
    enum error_code code = exchange->error.code;
    assert(exchange->method != NULL);
    struct slow_request slow = {
        .method = exchange->method->name,
        .params = exchange_params(exchange, job),
        .time_ms = clock_read_ns(CLOCK_REALTIME) / CLOCK_NS_PER_MS,
        .took_ns = took_ns,
        .documents = job->budget.documents - timing->before.documents,
        .ranges = job->budget.ranges - timing->before.ranges,
        .result_bytes = job->budget.result_bytes - timing->before.result_bytes,
        .error = code == ERROR_NONE ? SLICE("") : slice_of(error_code_name(code)),
    };
    slowlog_add(&service->slowlog, &job->arena, &slow);
}

/* The slow log is read by others, and what auth takes is nobody else's business. */
static bool exchange_is_for_others(const struct exchange *exchange)
{
    const struct method_entry *method = exchange->method;
    assert(method != NULL);
    return method->method != NULL || method->run != NULL;
}

static void timing_end(const struct timing *timing, struct service *service,
                       const struct exchange *exchange, struct job *job)
{
    if (timing->started_ns == 0) {
        return;
    }
    uint64_t took_ns = clock_read_ns(CLOCK_MONOTONIC) - timing->started_ns;
    histogram_add(&exchange->method->latencies, took_ns);
    if (took_ns >= service->slowlog.limit_ns && exchange_is_for_others(exchange)) {
        note_slow(service, exchange, job, timing, took_ns);
    }
}

static void exchange_run(struct exchange *exchange, struct service *service, struct job *job,
                         struct reply *reply)
{
    struct value result = VALUE_IS(VALUE_MISSING);
    struct timing timing = {.started_ns = 0};
    timing_begin(&timing, exchange, job);
    bool done = exchange_execute(exchange, service, job, &result);
    if (exchange->call != NULL && service->store != NULL) {
        uint64_t sequence = call_sequence(exchange->call, done ? &result : NULL);
        job->sequence = sequence > job->sequence ? sequence : job->sequence;
    } else if (exchange->method != NULL && exchange->method->reads_data) {
        job->sequence = service->database->sequence;
    }
    if (service->awaited_snapshot != 0) {
        job->snapshot = service->awaited_snapshot;
        service->awaited_snapshot = 0;
    }
    if (!request_is_notification(&exchange->request)) {
        exchange_answer(exchange, job, done, result, reply);
    }
    timing_end(&timing, service, exchange, job);
    if (exchange->call != NULL) {
        call_end(exchange->call);
    }
}

/* Prepares a message that fits a stencil. Returns false, and has prepared nothing, for others. */
static bool prepare_by_stencil(struct job *job, struct service *service, struct slice message)
{
    struct exchange *exchange = &job->exchange;
    struct slice id;
    struct slice rest;
    struct value value;
    if (!message_read_opening(message, &id, &rest)) {
        return false;
    }
    struct stencil *stencil = stencils_find(&service->stencils, rest, &job->arena, &value);
    if (stencil == NULL || !caller_may(job->caller, stencil->method->role)) {
        return false;
    }
    exchange->call = call_prepare_like(stencil->call, value, &job->budget, &job->arena);
    if (exchange->call == NULL) {
        return false;
    }
    exchange->request = (struct request){.id = id, .method = stencil->method->name};
    exchange->method = stencil->method;
    exchange->prefetches = true;
    job->batch = false;
    job->message.source = message;
    job->stencil = stencil;
    stencil->users += 1;
    return true;
}

static void release_stencil(struct job *job)
{
    if (job->stencil != NULL) {
        assert(job->stencil->users > 0);
        job->stencil->users -= 1;
        job->stencil = NULL;
    }
}

/* Prepares a message in the general way. */
static void prepare_any(struct job *job, struct service *service, struct slice message)
{
    struct exchange *exchange = &job->exchange;
    bool valid = message_read(&job->message, message, &job->arena, &exchange->error);
    job->batch = valid && job->message.batch;
    if (!valid || job->batch) {
        return;
    }
    exchange_prepare(exchange, service, job);
    if (exchange->call != NULL) {
        stencils_note(&service->stencils, service->relations, exchange->method, exchange->call,
                      message);
    }
}

/* Of a long message: counts what came before it runs. Kept out of the path of all others. */
static NEVER_INLINE void reading_begin(struct job *job)
{
    job->budget.spent_ns = clock_read_ns(CLOCK_MONOTONIC);
}

static NEVER_INLINE void reading_end(struct job *job, size_t size)
{
    uint64_t took_ns = clock_read_ns(CLOCK_MONOTONIC) - job->budget.spent_ns;
    job->budget.spent_ns = took_ns + size * BYTE_NS;
}

void job_prepare(struct job *job, struct service *service, struct caller *caller,
                 struct slice message, bool headers)
{
    job->caller = caller;
    job->has_secret = false;
    job->headers = headers;
    job->sequence = 0;
    job->snapshot = 0;
    assert(job->stencil == NULL);
    exchange_init(&job->exchange, &job->arena);
    budget_init(&job->budget, &service->options.limits);
    if (UNLIKELY(message.size >= LONG_MESSAGE)) {
        reading_begin(job);
    }
    if (UNLIKELY(!prepare_by_stencil(job, service, message))) {
        prepare_any(job, service, message);
    }
    if (UNLIKELY(message.size >= LONG_MESSAGE)) {
        reading_end(job, message.size);
    }
}

void job_prepare_refusal(struct job *job, bool headers, enum error_code code, const char *text)
{
    job->headers = headers;
    job->sequence = 0;
    job->snapshot = 0;
    job->batch = false;
    job->has_secret = false;
    exchange_init(&job->exchange, &job->arena);
    error_set(&job->exchange.error, code, "%s", text);
    if (code == ERROR_PARSE) {
        job->exchange.error.offset = 0;
    }
}

/* Carries out the next requests of a batch, a group of them; one by one where the first may be the
 * auth that decides about the next. */
static void run_batch_group(struct job *job, struct service *service, struct reply *reply)
{
    struct exchange group[BATCH_GROUP_COUNT];
    unsigned count = 0;
    unsigned count_max = job->caller->role == ROLE_NONE ? 1 : BATCH_GROUP_COUNT;
    while (count < count_max && message_has_next(&job->message)) {
        exchange_init(&group[count], &job->arena);
        exchange_prepare(&group[count], service, job);
        count += 1;
    }
    for (unsigned stage = 0; stage < CALL_STAGES; stage++) {
        for (unsigned i = 0; i < count; i++) {
            struct exchange *exchange = &group[i];
            exchange->prefetches = exchange->prefetches && call_prefetch(exchange->call, stage);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        exchange_run(&group[i], service, job, reply);
    }
}

void job_run(struct job *job, struct service *service, struct buffer *output)
{
    struct reply reply;
    reply_begin(&reply, output, job->headers, job->batch);
    if (!job->batch) {
        exchange_run(&job->exchange, service, job, &reply);
    }
    while (job->batch && message_has_next(&job->message)) {
        run_batch_group(job, service, &reply);
    }
    reply_end(&reply);
    release_stencil(job);
    arena_reset(&job->arena);
}

void job_abandon(struct job *job)
{
    if (!job->batch && job->exchange.call != NULL) {
        call_end(job->exchange.call);
    }
    release_stencil(job);
    arena_reset(&job->arena);
}

void service_handle(struct service *service, struct slice message, struct buffer *output)
{
    struct job job;
    struct caller admin = {.role = ROLE_ADMIN};
    job_init(&job);
    job_prepare(&job, service, &admin, message, false);
    for (unsigned stage = 0; stage < CALL_STAGES; stage++) {
        job_prefetch(&job, stage);
    }
    job_run(&job, service, output);
    job_deinit(&job);
}
