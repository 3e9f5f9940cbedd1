/* Sources of an import: see the header. */
#include "cli/import_source.h"

#include "base/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE ((size_t)TINY_OR(16, 256 * 1024))

static bool source_fail(const struct import_source *source, struct buffer *message)
{
    buffer_append_format(message, "%s: %s", source->file, strerror(errno));
    return false;
}

/* The colon before the KEY, or NULL where there is none. */
static const char *find_key_colon(const char *file)
{
    const char *colon = strrchr(file, ':');
    return colon != NULL && strchr(colon, '/') == NULL ? colon : NULL;
}

/* The name as it stands between the quotes of canonical JSON. */
static struct slice canonical_name(struct arena *arena, const char *name)
{
    return value_string_escaped(value_from_string(arena, slice_of(name)));
}

bool import_source_parse(struct arena *arena, struct import_source *source, const char *operand,
                         struct buffer *message)
{
    *source = (struct import_source){.descriptor = -1};
    const char *equals = strchr(operand, '=');
    if (equals == NULL || equals == operand || equals[1] == '\0' || equals[1] == ':') {
        buffer_append_format(message, "%s: should be TABLE=FILE or TABLE=FILE:KEY", operand);
        return false;
    }
    const char *file = equals + 1;
    const char *colon = find_key_colon(file);
    int size = colon == NULL ? (int)strlen(file) : (int)(colon - file);
    source->csv = size > 4 && strncasecmp(file + size - 4, ".csv", 4) == 0;
    source->table = slice_make(operand, (size_t)(equals - operand));
    source->file = arena_format(arena, "%.*s%c", size, file, '\0').data;
    source->key = colon == NULL ? slice_make(NULL, 0) : canonical_name(arena, colon + 1);
    return true;
}

/* Opening. */

static bool write_all(int descriptor, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, data, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        size_t done = written < 0 ? 0 : (size_t)written;
        data += done;
        size -= done;
    }
    return true;
}

static bool copy_all(int from, int to, struct buffer *buffer)
{
    char *place = buffer_reserve(buffer, READ_SIZE);
    ssize_t size = 1;
    while (size > 0) {
        size = read(from, place, READ_SIZE);
        if (size > 0 && !write_all(to, place, (size_t)size)) {
            return false;
        }
        if (size < 0 && errno == EINTR) {
            size = 1;
        }
    }
    return size == 0;
}

/* Puts a temporary file with the same content in the place of the descriptor. */
static bool spool(struct import_source *source)
{
    FILE *file = tmpfile();
    if (file == NULL) {
        return false;
    }
    int copy = dup(fileno(file));
    fclose(file);
    if (copy < 0) {
        return false;
    }
    bool copied = copy_all(source->descriptor, copy, &source->buffer);
    close(source->descriptor);
    source->descriptor = copy;
    return copied && lseek(copy, 0, SEEK_SET) == 0;
}

bool import_source_open(struct import_source *source, struct buffer *message)
{
    bool standard_input = strcmp(source->file, "-") == 0;
    source->descriptor = standard_input ? dup(STDIN_FILENO) : open(source->file, O_RDONLY);
    if (source->descriptor < 0) {
        return source_fail(source, message);
    }
    /* Standard input may be a file that somebody has read the head of. */
    bool rewinds = !standard_input && lseek(source->descriptor, 0, SEEK_SET) == 0;
    if (source->key.size > 0 && !rewinds && !spool(source)) {
        return source_fail(source, message);
    }
    struct stat status;
    if (fstat(source->descriptor, &status) != 0) {
        return source_fail(source, message);
    }
    source->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    return true;
}

void import_source_close(struct import_source *source)
{
    if (source->descriptor >= 0) {
        close(source->descriptor);
        source->descriptor = -1;
    }
    buffer_deinit(&source->buffer);
}

bool import_source_rewind(struct import_source *source, struct buffer *message)
{
    if (lseek(source->descriptor, 0, SEEK_SET) != 0) {
        return source_fail(source, message);
    }
    source->buffer.size = 0;
    source->start = 0;
    source->position = 0;
    source->line = 0;
    source->line_ends = 0;
    source->ended = false;
    return true;
}

/* Reading. */

/* Moves what is at hand to the front of the buffer, and reads more behind it. */
static bool read_more(struct import_source *source)
{
    struct buffer *buffer = &source->buffer;
    size_t left = buffer->size - source->start;
    if (source->start > 0 && left > 0) {
        memmove(buffer->data, buffer->data + source->start, left);
    }
    buffer->size = left;
    source->start = 0;
    char *place = buffer_reserve(buffer, READ_SIZE);
    ssize_t size;
    do {
        size = read(source->descriptor, place, READ_SIZE);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return false;
    }
    buffer->size += (size_t)size;
    source->position += (uint64_t)size;
    source->ended = size == 0;
    return true;
}

/* The end of the row, which may be among the bytes from `from` on, or NULL. */
static const char *find_end(const struct import_source *source, struct csv_scan *scan,
                            const char *from, size_t size)
{
    if (size == 0) {
        return NULL;
    }
    return source->csv ? csv_scan_row(scan, from, from + size) : memchr(from, '\n', size);
}

/* Hands out the next row, blank or not. */
static enum import_line next_row(struct import_source *source, struct slice *line)
{
    struct buffer *buffer = &source->buffer;
    const char *end = NULL;
    size_t searched = 0; /* bytes after source->start */
    bool too_long = false;
    struct csv_scan scan = {0};
    while (end == NULL && !source->ended) {
        size_t size = buffer->size - source->start;
        end = find_end(source, &scan, buffer->data + source->start + searched, size - searched);
        searched = size;
        if (end == NULL && size > IMPORT_LINE_SIZE_MAX) {
            too_long = true;
            source->start = buffer->size;
            searched = 0;
        }
        if (end == NULL && !read_more(source)) {
            return IMPORT_LINE_TROUBLE;
        }
    }
    const char *start = buffer->data + source->start;
    size_t size = end == NULL ? buffer->size - source->start : (size_t)(end - start);
    if (end == NULL && size == 0 && !too_long) {
        return IMPORT_LINE_END;
    }
    source->start += end == NULL ? size : size + 1;
    source->line = source->line_ends + 1;
    source->line_ends += 1 + scan.line_ends;
    *line = slice_make(start, size);
    return too_long || size > IMPORT_LINE_SIZE_MAX ? IMPORT_LINE_TOO_LONG : IMPORT_LINE;
}

static bool is_blank(struct slice line)
{
    size_t position = 0;
    while (position < line.size && strchr(" \t\r", line.data[position]) != NULL &&
           line.data[position] != '\0') {
        position++;
    }
    return position == line.size;
}

/* Some editors and spreadsheets put a byte order mark first. */
static void skip_mark(const struct import_source *source, struct slice *line)
{
    if (source->line == 1 && slice_starts_with(*line, SLICE("\xEF\xBB\xBF"))) {
        *line = slice_make(line->data + 3, line->size - 3);
    }
}

enum import_line import_source_next(struct import_source *source, struct slice *line)
{
    enum import_line status;
    do {
        status = next_row(source, line);
        if (status == IMPORT_LINE) {
            skip_mark(source, line);
        }
    } while (status == IMPORT_LINE && is_blank(*line));
    return status;
}
