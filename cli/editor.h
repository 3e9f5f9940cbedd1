/* Reading lines: with editing, history and completion at a terminal (libedit), else as they come.
 *
 * History is kept in TENON_HISTORY, else in .tenon_history in the home folder. */
#ifndef TENON_CLI_EDITOR_H
#define TENON_CLI_EDITOR_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "cli/complete.h"

#include <stdbool.h>

struct editor;

enum editor_status {
    EDITOR_LINE,
    EDITOR_INTERRUPTED, /* Ctrl-C: what was typed is to be forgotten */
    EDITOR_END
};

/* Says what may come next behind `text`, as cli/complete.h does. */
typedef struct completion editor_complete(void *context, struct arena *arena, struct slice text);

/* An editor on standard input; at a terminal, if standard output is one too. `complete` gets
 * `context`. The caller gives it back with editor_destroy. */
struct editor *editor_create(editor_complete *complete, void *context);
void editor_destroy(struct editor *editor);

/* True if lines are edited at a terminal. */
bool editor_is_interactive(const struct editor *editor);

/* Reads a line, which is appended to `statement` with its `\n`; what is in there already is the
 * statement's beginning. */
enum editor_status editor_read(struct editor *editor, struct buffer *statement);

/* Remembers a statement; one of several lines comes back as one. */
void editor_remember(struct editor *editor, struct slice statement);

#endif
