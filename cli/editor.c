/* Editors: see the header. */
#include "cli/editor.h"

#include "base/memory.h"

#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define HISTORY_COUNT 1000
#define LIST_COLUMNS  80

struct editor {
    EditLine *line; /* NULL: not at a terminal */
    History *history;
    struct buffer history_path;     /* ended by a zero; empty: none */
    const struct buffer *statement; /* what comes before the line that is being edited */
    bool interrupted;
    editor_complete *complete;
    void *context;
    struct arena arena;
};

static struct editor *editor_of(EditLine *line)
{
    void *editor = NULL;
    el_get(line, EL_CLIENTDATA, &editor);
    return editor;
}

static char *prompt(EditLine *line)
{
    return editor_of(line)->statement->size == 0 ? "tenon> " : "  ...> ";
}

/* Keys. */

static unsigned char interrupt(EditLine *line, wint_t key)
{
    (void)key;
    editor_of(line)->interrupted = true;
    fputs("^C\n", stdout);
    fflush(stdout);
    return CC_NEWLINE;
}

static void list_names(const struct completion *completion)
{
    size_t width = 0;
    for (uint32_t i = 0; i < completion->count; i++) {
        width = completion->names[i].size > width ? completion->names[i].size : width;
    }
    size_t columns = LIST_COLUMNS / (width + 2);
    columns = columns == 0 ? 1 : columns;
    for (uint32_t i = 0; i < completion->count; i++) {
        struct slice name = completion->names[i];
        fputs(i % columns == 0 ? "\n" : "  ", stdout);
        printf("%-*.*s", (int)width, SLICE_FORMAT(name));
    }
    fputs("\n", stdout);
    fflush(stdout);
}

static void insert(struct editor *editor, struct slice text)
{
    struct slice string = arena_format(&editor->arena, "%.*s%c", SLICE_FORMAT(text), '\0');
    el_insertstr(editor->line, string.data);
}

/* A line that begins with tabs was pasted: they are white space. */
static bool is_blank(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != ' ' && text.data[i] != '\t') {
            return false;
        }
    }
    return true;
}

static unsigned char complete_word(EditLine *line, wint_t key)
{
    (void)key;
    struct editor *editor = editor_of(line);
    const LineInfo *info = el_line(line);
    struct slice typed = slice_make(info->buffer, (size_t)(info->cursor - info->buffer));
    arena_reset(&editor->arena);
    if (editor->statement->size > 0 && is_blank(typed)) {
        insert(editor, SLICE("  "));
        return CC_REFRESH;
    }
    struct slice text =
        arena_format(&editor->arena, "%.*s%.*s", SLICE_FORMAT(buffer_slice(editor->statement)),
                     SLICE_FORMAT(typed));
    struct completion found = editor->complete(editor->context, &editor->arena, text);
    if (found.count == 0) {
        return CC_ERROR;
    }
    size_t known = found.typed.size;
    insert(editor, slice_make(found.common.data + known, found.common.size - known));
    if (found.count == 1) {
        insert(editor, slice_of(found.closing));
    } else if (found.common.size == known) {
        list_names(&found);
        return CC_REDISPLAY;
    }
    return CC_REFRESH;
}

/* Opening and closing. */

static void find_history(struct buffer *path)
{
    const char *given = getenv("TENON_HISTORY");
    const char *home = getenv("HOME");
    if (given != NULL && given[0] != '\0') {
        buffer_append_format(path, "%s%c", given, '\0');
    } else if (home != NULL && home[0] != '\0') {
        buffer_append_format(path, "%s/.tenon_history%c", home, '\0');
    }
}

static void open_history(struct editor *editor)
{
    HistEvent event;
    editor->history = history_init();
    history(editor->history, &event, H_SETSIZE, HISTORY_COUNT);
    history(editor->history, &event, H_SETUNIQUE, 1);
    find_history(&editor->history_path);
    if (editor->history_path.size > 0) {
        history(editor->history, &event, H_LOAD, editor->history_path.data);
    }
    el_set(editor->line, EL_HIST, history, editor->history);
}

/* libedit reads multibyte characters as the locale says; nothing else of it is wanted. */
static void choose_characters(void)
{
    const char *chosen = setlocale(LC_CTYPE, "");
    if (chosen == NULL || strcmp(chosen, "C") == 0 || strcmp(chosen, "POSIX") == 0) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
}

static void open_line(struct editor *editor)
{
    choose_characters();
    editor->line = el_init("tenon", stdin, stdout, stderr);
    if (editor->line == NULL) {
        return;
    }
    el_set(editor->line, EL_CLIENTDATA, editor);
    el_set(editor->line, EL_PROMPT, prompt);
    el_set(editor->line, EL_EDITOR, "emacs");
    /* Wide names are kept as they are; libedit would copy narrow ones and never free them. */
    el_wset(editor->line, EL_ADDFN, L"tenon-complete", L"complete a word", complete_word);
    el_wset(editor->line, EL_ADDFN, L"tenon-interrupt", L"forget the statement", interrupt);
    el_set(editor->line, EL_BIND, "^I", "tenon-complete", NULL);
    el_set(editor->line, EL_BIND, "^C", "tenon-interrupt", NULL);
    el_set(editor->line, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_set(editor->line, EL_SETTY, "-d", "-isig", NULL);
    open_history(editor);
    el_source(editor->line, NULL);
}

struct editor *editor_create(editor_complete *complete, void *context)
{
    struct editor *editor = memory_allocate_zeroed(1, sizeof *editor);
    editor->complete = complete;
    editor->context = context;
    arena_init(&editor->arena, 4096);
    if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {
        open_line(editor);
    }
    return editor;
}

void editor_destroy(struct editor *editor)
{
    if (editor->line != NULL) {
        history_end(editor->history);
        el_end(editor->line);
    }
    buffer_deinit(&editor->history_path);
    arena_deinit(&editor->arena);
    memory_release(editor);
}

bool editor_is_interactive(const struct editor *editor)
{
    return editor->line != NULL;
}

/* Reading. */

static enum editor_status read_plain(struct buffer *statement)
{
    size_t before = statement->size;
    int byte = getchar();
    while (byte != EOF && byte != '\n') {
        buffer_append_char(statement, (char)byte);
        byte = getchar();
    }
    if (byte == EOF && statement->size == before) {
        return EDITOR_END;
    }
    buffer_append_char(statement, '\n');
    return EDITOR_LINE;
}

enum editor_status editor_read(struct editor *editor, struct buffer *statement)
{
    if (editor->line == NULL) {
        return read_plain(statement);
    }
    int size = 0;
    editor->statement = statement;
    editor->interrupted = false;
    el_resize(editor->line);
    const char *text = el_gets(editor->line, &size);
    if (editor->interrupted) {
        return EDITOR_INTERRUPTED;
    }
    if (text == NULL || size <= 0) {
        fputs("\n", stdout);
        return EDITOR_END;
    }
    buffer_append(statement, text, (size_t)size);
    return EDITOR_LINE;
}

void editor_remember(struct editor *editor, struct slice statement)
{
    HistEvent event;
    if (editor->line == NULL) {
        return;
    }
    arena_reset(&editor->arena);
    struct slice copy = arena_format(&editor->arena, "%.*s%c", SLICE_FORMAT(statement), '\0');
    char *text = (char *)copy.data;
    for (size_t i = 0; i + 1 < copy.size; i++) {
        text[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
    }
    history(editor->history, &event, H_ENTER, text);
    if (editor->history_path.size > 0) {
        history(editor->history, &event, H_SAVE, editor->history_path.data);
    }
}
