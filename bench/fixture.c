/* A filled service. See fixture.h. */
#include "bench/fixture.h"

#include "bench/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_FILE     "bench/schema.json"
#define SCHEMA_SIZE_MAX 65536
#define SEED            1
#define NOW_US          UINT64_C(1800000000000000)

_Noreturn static void fail(const char *what, struct slice why)
{
    fprintf(stderr, "bench: %s: %.*s\n", what, SLICE_FORMAT(why));
    exit(1);
}

static uint64_t fixed_now_us(void)
{
    return NOW_US;
}

static struct schema *read_schema(void)
{
    static const size_t size_max = SCHEMA_SIZE_MAX;
    struct buffer text = {0};
    struct buffer message = {0};
    FILE *file = fopen(SCHEMA_FILE, "rb");
    if (file == NULL) {
        fail(SCHEMA_FILE, SLICE("cannot be opened; the benchmarks run at the top of the tree"));
    }
    text.size = fread(buffer_reserve(&text, size_max), 1, size_max, file);
    fclose(file);
    struct schema *schema = schema_read(buffer_slice(&text), SCHEMA_FILE, &message);
    if (schema == NULL) {
        fail("schema", buffer_slice(&message));
    }
    buffer_deinit(&text);
    buffer_deinit(&message);
    return schema;
}

struct service *fixture_create(const struct blog *blog)
{
    struct service_options options = service_default_options();
    options.database.seed = SEED;
    options.database.now_us = fixed_now_us;
    struct service *service = service_create(read_schema(), &options);
    struct request_writer requests = fixture_requests(blog, "load", 0);
    struct buffer output = {0};
    for (uint64_t i = 0; i < requests.count; i++) {
        service_handle(service, fixture_request(&requests, i), &output);
        fixture_check(&output);
        output.size = 0;
    }
    buffer_deinit(&output);
    fixture_release(&requests);
    return service;
}

struct request_writer fixture_requests(const struct blog *blog, const char *kind, uint64_t count)
{
    struct request_writer requests = {0};
    struct requests_options options = {
        .kind = kind, .blog = *blog, .count = count, .seed = SEED, .script = ""};
    if (!requests_append(&requests, &options)) {
        fail("no such case", slice_of(kind));
    }
    return requests;
}

void fixture_release(struct request_writer *requests)
{
    buffer_deinit(&requests->bytes);
    buffer_deinit(&requests->ends);
}

struct slice fixture_request(const struct request_writer *requests, uint64_t index)
{
    const uint64_t *ends = (const uint64_t *)(const void *)requests->ends.data;
    uint64_t begin = index == 0 ? 0 : ends[index - 1];
    return slice_make(requests->bytes.data + begin, ends[index] - begin - 1);
}

void fixture_check(const struct buffer *output)
{
    static const char mark[] = "\"error\":{";
    size_t size = sizeof(mark) - 1;
    for (size_t at = 0; at + size <= output->size && at < 64; at++) {
        if (memcmp(output->data + at, mark, size) == 0) {
            fail("an error", buffer_slice(output));
        }
    }
}
