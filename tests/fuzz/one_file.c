/* One file that can only be read. */
#include "tests/fuzz/one_file.h"

#include <assert.h>
#include <errno.h>

static struct one_file *one_file_of(struct file_system *files)
{
    return (struct one_file *)files;
}

static int one_open(struct file_system *files, const char *path, enum file_mode mode, int *file)
{
    const char *slash = strrchr(path, '/');
    *file = 0;
    assert(mode == FILE_READ && slash != NULL);
    return strcmp(slash + 1, one_file_of(files)->name) == 0 ? 0 : ENOENT;
}

static void one_close(struct file_system *files, int file)
{
    (void)files;
    (void)file;
}

static int one_read(struct file_system *files, int file, void *data, size_t size, uint64_t offset,
                    size_t *done)
{
    struct slice bytes = one_file_of(files)->bytes;
    (void)file;
    size_t left = offset < bytes.size ? bytes.size - (size_t)offset : 0;
    *done = size < left ? size : left;
    if (*done > 0) {
        memcpy(data, bytes.data + offset, *done);
    }
    return 0;
}

static int one_size(struct file_system *files, int file, uint64_t *size)
{
    (void)file;
    *size = one_file_of(files)->bytes.size;
    return 0;
}

static int one_list(struct file_system *files, const char *path,
                    void (*each)(void *context, const char *name), void *context)
{
    (void)path;
    each(context, one_file_of(files)->name);
    return 0;
}

void one_file_init(struct one_file *files, const char *name, struct slice bytes)
{
    *files = (struct one_file){
        .base = {.open = one_open,
                 .close = one_close,
                 .read = one_read,
                 .size = one_size,
                 .list = one_list},
        .name = name,
        .bytes = bytes,
    };
}

struct database *one_file_database(void)
{
    static const char text[] =
        "{\"tables\":{\"users\":{\"fields\":{\"name\":\"string\",\"of\":{\"optional\":{\"id\":"
        "\"things\"}}},\"indexes\":{\"by_name\":{\"fields\":[\"name\"],\"unique\":true},"
        "\"by_of\":[\"of\"]}},\"things\":{\"indexes\":{\"by_path\":[\"a.b\",\"name\"]}}}}";
    struct buffer message = {0};
    struct database_options options = {.seed = 7};
    struct schema *schema = schema_read(slice_of(text), "s.json", &message);
    assert(schema != NULL);
    buffer_deinit(&message);
    return database_create(schema, &options);
}

void one_file_finish(struct loader *loader, bool finish)
{
    struct database *database = loader->database;
    struct buffer message = {0};
    bool finished = finish && loader_finish(loader, &message);
    assert(!finish || finished || message.size > 0);
    loader_deinit(loader);
    if (finished) {
        database_check(database);
    }
    buffer_deinit(&message);
    database_destroy(database);
}
