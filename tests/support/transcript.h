/* Transcripts: conversations with a server as text, which tests play and people read.
 *
 * A line begins with a mark and a space; lines that begin with two spaces continue the one
 * before. Blank lines and lines that begin with `#` are for people.
 *
 *   ! schema TEXT        the schema of the server; once, before anything is sent
 *   ! include FILE       the lines of tests/transcripts/FILE
 *   ! NAME = VALUE       from now on <NAME> stands for the JSON value
 *   > METHOD [PARAMS]    sends a request with the next id: 1, 2, 3, …
 *   > {…}  or  > […]     sends this very text
 *   ~ TEXT               sends this very text, whatever it is
 *   = VALUE              the next reply has the id of the last METHOD and this result
 *   - NAME [OBJECT]      the next reply has that id and the error NAME; `message` in OBJECT is the
 *                        error's, its other fields are those of the error's data (there may be
 *                        more)
 *   < TEXT               the next reply is this very text
 *
 * A reply is compared byte by byte, so that number formats and the order of names count; and each
 * reply must be JSON in the eyes of cJSON too. In requests and replies <NAME> stands for a value,
 * inside a string for the value's text without its quotes. A NAME that has no value yet gets it
 * from the reply at that place: a JSON value, or inside a string the rest of it. <any> matches
 * likewise and remembers nothing. The last thing a transcript does is to send a ping, so that a
 * reply too many is noticed. */
#ifndef TENON_TESTS_SUPPORT_TRANSCRIPT_H
#define TENON_TESTS_SUPPORT_TRANSCRIPT_H

#include "base/slice.h"

struct transcript;

/* Who answers. `send` carries one line, without its end; `receive` returns the next reply,
 * without its end and valid until the next call, or fails the test. */
struct transcript_peer {
    void *context;
    void (*send)(void *context, struct slice line);
    struct slice (*receive)(void *context);
};

/* Reads tests/transcripts/NAME; the caller gives it back with transcript_destroy. A transcript
 * that breaks the rules above fails the test. */
struct transcript *transcript_read(const char *name);
void transcript_destroy(struct transcript *transcript);

/* The schema's text, ended by a zero; lives as long as the transcript. */
const char *transcript_schema(const struct transcript *transcript);

/* Plays the transcript. Every difference fails the test, and the play goes on. */
void transcript_play(struct transcript *transcript, const struct transcript_peer *peer);

/* The names of all files in tests/transcripts that end in .txt, sorted; `*count` of them. The
 * caller gives them back with transcript_list_release. */
char **transcript_list(size_t *count);
void transcript_list_release(char **names, size_t count);

#endif
