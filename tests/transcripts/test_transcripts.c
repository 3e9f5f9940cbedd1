/* The transcripts of this folder, against the service in this process. */
#include "base/buffer.h"
#include "server/service.h"
#include "storage/schema.h"
#include "tests/support/transcript.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#define NAME_SIZE       64
#define TRANSCRIPTS_MAX 128

struct peer {
    struct service *service;
    struct buffer output;
    size_t taken; /* bytes of `output` that were handed out */
};

static void send_line(void *context, struct slice line)
{
    struct peer *peer = context;
    service_handle(peer->service, line, &peer->output);
}

static struct slice receive_line(void *context)
{
    struct peer *peer = context;
    size_t left = peer->output.size - peer->taken;
    const char *start = peer->output.data + peer->taken;
    const char *end = left == 0 ? NULL : memchr(start, '\n', left);
    cr_assert(end != NULL, "no reply");
    struct slice line = slice_make(start, (size_t)(end - start));
    peer->taken += line.size + 1;
    return line;
}

static struct service *create_service(const char *schema_text)
{
    struct buffer message = {0};
    struct service_options options = service_default_options();
    struct schema *schema = schema_read(slice_of(schema_text), "the schema", &message);
    cr_assert(schema != NULL, "%.*s", SLICE_FORMAT(buffer_slice(&message)));
    buffer_deinit(&message);
    return service_create(schema, &options);
}

ParameterizedTestParameters(transcripts, replies_are_those_of_the_transcript)
{
    static char parameters[TRANSCRIPTS_MAX][NAME_SIZE];
    size_t count;
    char **names = transcript_list(&count);
    cr_assert(count <= TRANSCRIPTS_MAX);
    for (size_t i = 0; i < count; i++) {
        snprintf(parameters[i], NAME_SIZE, "%s", names[i]);
    }
    transcript_list_release(names, count);
    return cr_make_param_array(char[NAME_SIZE], parameters, count);
}

/* Each transcript gets a service of its own. */
ParameterizedTest(char name[NAME_SIZE], transcripts, replies_are_those_of_the_transcript)
{
    struct transcript *transcript = transcript_read(name);
    struct peer peer = {.service = create_service(transcript_schema(transcript))};
    transcript_play(transcript, &(struct transcript_peer){
                                    .context = &peer, .send = send_line, .receive = receive_line});
    database_check(peer.service->database);
    service_destroy(peer.service);
    buffer_deinit(&peer.output);
    transcript_destroy(transcript);
}
