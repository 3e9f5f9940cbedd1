/* Exports: walkers that clients read page by page while writes go on. */
#ifndef TENON_SERVER_EXPORTS_H
#define TENON_SERVER_EXPORTS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/value.h"
#include "server/own_params.h"

#include <stdbool.h>
#include <stdint.h>

/* The most exports that are open at a time. */
#define EXPORTS_MAX     8

/* An export that nobody reads for so long ends. */
#define EXPORT_IDLE_MS  60000

/* Bytes that an export may hold back, unless options say otherwise. */
#define EXPORT_SIZE_MAX (64 * 1024 * 1024)

struct service;
struct walker;

struct export
{
    struct walker *walker; /* NULL: the place is free */
    uint64_t serial;       /* of the export; its handle */
    uint64_t used_ms;      /* when it was last read, on the monotonic clock */
    uint64_t *pages;       /* for each table, how many pages were read: the cursor of the next */
};

struct exports {
    struct export places[EXPORTS_MAX];
    unsigned open_count;
    uint64_t serial; /* of the newest */
};

/* To be called before the database goes. An empty struct is {0}. */
void exports_deinit(struct exports *exports);

/* Ends the exports that nobody has read for EXPORT_IDLE_MS, and gives back what they held. Returns
 * after how many milliseconds it is to be called again; 0 where none is open. */
uint64_t exports_expire(struct exports *exports);

/* The methods exportOpen (no params → {"handle", "sequence", "tables": {name: documents}}),
 * exportRead (handle, table, cursor (null at first), numItems → {"page", "isDone",
 * "continueCursor"}) and exportClose (handle → null). */
MUST_CHECK bool exports_run_open(struct service *service, struct arena *arena,
                                 const struct own_params *params, struct value *result,
                                 struct error *error);
MUST_CHECK bool exports_run_read(struct service *service, struct arena *arena,
                                 const struct own_params *params, struct value *result,
                                 struct error *error);
MUST_CHECK bool exports_run_close(struct service *service, struct arena *arena,
                                  const struct own_params *params, struct value *result,
                                  struct error *error);

#endif
