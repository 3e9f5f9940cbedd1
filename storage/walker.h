/* A walker: the documents of one past moment, read in slices while writes go on.
 *
 * Every table is walked by creation time, up to the last document that it had at the moment. A
 * change to a document that lies before the walker leaves the document as it was with the walker,
 * which holds a reference and hands it out soon; documents that came into being later are passed
 * over. What lies behind the walker, or behind the table's last document, is nobody's concern.
 *
 * Invariant: the documents of the moment are those that were handed out, those in `kept`, and those
 * in the table that lie between the place and the end and are not in `younger`.
 *
 * What a walker holds is bounded; one that would need more fails, and gives all back. */
#ifndef TENON_STORAGE_WALKER_H
#define TENON_STORAGE_WALKER_H

#include "base/macros.h"
#include "storage/database.h"
#include "storage/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in a table by creation time. */
struct walker_place {
    double creation_time;
    uint32_t id_size; /* 0: before every document */
    char id[ID_TEXT_SIZE_MAX];
};

/* Documents by their addresses. */
struct walker_set {
    struct document **slots; /* NULL: free */
    size_t capacity;         /* a power of two, or 0 */
    size_t count;
};

struct walker_table {
    struct walker_place place; /* of the last document that was handed out or passed over */
    struct walker_place end;   /* of the last document at the moment */
    bool done;                 /* nothing is left between the place and the end */
    uint64_t count;            /* documents at the moment */
    uint64_t given;            /* of them, handed out */
    struct walker_set younger;
    struct document **kept; /* documents as they were, with a reference each */
    size_t kept_count;
    size_t kept_capacity;
};

struct walker {
    struct walker *next; /* of the database's walkers */
    struct database *database;
    struct walker_table *tables; /* as database->tables */
    uint64_t sequence;           /* the moment: number of its last transaction */
    uint64_t clock_us;           /* the database's, at the moment */
    size_t size;                 /* bytes of documents that are kept, and of sets */
    size_t size_max;
    bool failed;
};

/* Makes a walker of this moment. It belongs to the caller and must go before the database does. */
struct walker *walker_create(struct database *database, size_t size_max);
void walker_destroy(struct walker *walker);

/* Hands out up to `count` of the next documents of the table number `table`: calls `give` for each,
 * which must not keep it. Returns false once the table has no more. */
bool walker_read(struct walker *walker, uint32_t table, size_t count,
                 void (*give)(void *context, const struct document *document), void *context);

/* Tells all walkers of a change that has just been applied and committed. */
void walkers_note(struct database *database, const struct change *change);

/* Fails the walkers whose moment is above `durable`: it never was. */
void walkers_fail_after(struct database *database, uint64_t durable);

#endif
