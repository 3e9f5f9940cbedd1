/* The transcripts of tests/transcripts, over TCP against the live server. */
#include "tests/support/live.h"
#include "tests/support/transcript.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#define NAME_SIZE       64
#define TRANSCRIPTS_MAX 128

static void send_line(void *context, struct slice line)
{
    live_send(context, line);
    live_send(context, SLICE("\n"));
}

static struct slice receive_line(void *context)
{
    return live_receive_line(context);
}

ParameterizedTestParameters(live_transcripts, replies_are_those_of_the_transcript)
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

static void play(const char *name, const char *const *options)
{
    struct live_server server;
    struct live_client client;
    struct transcript *transcript = transcript_read(name);
    live_start(&server, transcript_schema(transcript), options);
    live_connect(&client, &server);
    struct transcript_peer peer = {.context = &client, .send = send_line, .receive = receive_line};
    transcript_play(transcript, &peer);
    live_close(&client);
    live_stop(&server);
    transcript_destroy(transcript);
}

/* Each transcript gets a server of its own, and another one whose replies wait for the disk. */
ParameterizedTest(char name[NAME_SIZE], live_transcripts, replies_are_those_of_the_transcript)
{
    char data[LIVE_DATA_SIZE];
    live_make_data(data);
    const char *const durable[] = {"--data", data, NULL};
    play(name, NULL);
    play(name, durable);
    live_remove_data(data);
}
