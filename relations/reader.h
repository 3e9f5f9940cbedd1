/* Readers: walking the documents of one range, for all verbs that read by an index.
 *
 * A reader knows beforehand how many documents there are (from the tree's counts), fetches them in
 * blocks whose cache misses overlap, finds what they refer to (getManyVia), and passes over what
 * the filter refuses. */
#ifndef TENON_RELATIONS_READER_H
#define TENON_RELATIONS_READER_H

#include "base/macros.h"
#include "relations/range.h"
#include "relations/step.h"

#include <stdbool.h>
#include <stdint.h>

/* Documents of a block. */
#define READ_AHEAD TINY_OR(3, 32)

/* What a reader gives: a document of the range and, in getManyVia, what it refers to. */
struct entry {
    struct document *document;
    struct document *target; /* NULL: it refers to nothing that is there; elsewhere `document` */
};

struct reader {
    struct run *run;
    const struct step *step;
    bool is_via;     /* the documents refer to those that are wanted */
    bool is_fetched; /* the documents of the range were asked from memory already */
    struct btree_cursor cursor;
    uint64_t left; /* documents of the range that are not fetched yet */
    uint64_t read; /* documents that were looked at */
    uint32_t count;
    uint32_t next;                        /* of the block's documents, to be looked at */
    void *documents[READ_AHEAD];          /* the block */
    struct document *targets[READ_AHEAD]; /* getManyVia: what they refer to, or NULL */
    struct entry entry;                   /* that was given last */
};

/* Starts at the range's begin, or, where the step is descending, at its end.
 * Errors: LimitExceeded. */
MUST_CHECK bool reader_open(struct reader *reader, struct run *run, const struct step *step,
                            const struct range *range);

/* How many documents the range has behind the reader. */
static inline uint64_t reader_left(const struct reader *reader)
{
    return reader->left + (reader->count - reader->next);
}

/* The document that was looked at last, or NULL where the block is new. */
static inline struct document *reader_last(const struct reader *reader)
{
    return reader->next > 0 ? reader->documents[reader->next - 1] : NULL;
}

/* Gives the next entry that passes the filter, if there is one, after at most `documents_max`
 * documents in all; `*entry` becomes NULL where there is none, and lives until the next call.
 * `wanted` is how many more the caller is going to take.
 * Errors: LimitExceeded, those of the filter, DocumentNotFound where an OrThrow form finds an entry
 * without a target. */
MUST_CHECK bool reader_next(struct reader *reader, uint64_t wanted, uint64_t documents_max,
                            const struct entry **entry);

/* The next entries that pass the filter, at most `most`, as a list. Errors: as reader_next. */
MUST_CHECK bool reader_collect(struct reader *reader, uint64_t most, bool with_link,
                               struct value *result);

/* The entry as the step's result has it. Errors: LimitExceeded. */
MUST_CHECK bool reader_value(const struct reader *reader, const struct entry *entry, bool with_link,
                             struct value *result);

/* The fields of a document that the step's `select` names, in the document's order.
 * Errors: LimitExceeded. */
MUST_CHECK bool reader_select(struct run *run, const struct step *step, struct document *document,
                              struct value *result);

/* Whether a place with the key `key` lies within the range. */
bool reader_range_contains(const struct range *range, struct slice key);

/* For errors: names the table, index and field that the step reads by. */
void reader_name_read(struct run *run, const struct step *step);

/* For errors: the value that the step's helper compares the field with, as messages show it. */
struct slice reader_helper_value(struct run *run, const struct step *step);

#endif
