/* Writing and mapping request files. See request_file.h. */
#include "bench/request_file.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct header {
    char magic[8];
    uint64_t count;
};

static const char magic[8] = {'r', 'e', 'q', 'u', 'e', 's', 't', 's'};

void request_writer_end_request(struct request_writer *writer)
{
    uint64_t end = writer->bytes.size;
    buffer_append(&writer->ends, &end, sizeof(end));
    writer->count += 1;
}

static bool save(const struct request_writer *writer, FILE *file)
{
    struct header header = {.count = writer->count};
    memcpy(header.magic, magic, sizeof(magic));
    return fwrite(&header, sizeof(header), 1, file) == 1 &&
           fwrite(writer->ends.data, 1, writer->ends.size, file) == writer->ends.size &&
           fwrite(writer->bytes.data, 1, writer->bytes.size, file) == writer->bytes.size;
}

bool request_writer_save(struct request_writer *writer, const char *path)
{
    FILE *file = fopen(path, "wb");
    bool saved = file != NULL && save(writer, file);
    if (file != NULL && fclose(file) != 0) {
        saved = false;
    }
    buffer_deinit(&writer->ends);
    buffer_deinit(&writer->bytes);
    *writer = (struct request_writer){0};
    return saved;
}

/* Maps the whole file, faulted in, so that reading it costs no time later. */
static bool map_file(struct request_file *file, const char *path)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0) {
        return false;
    }
    file->map = MAP_FAILED;
    if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
        file->map_size = (size_t)status.st_size;
        file->map = mmap(NULL, file->map_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    }
    close(descriptor);
    return file->map != MAP_FAILED;
}

/* Checks what the map holds and finds its parts. */
static bool find_parts(struct request_file *file)
{
    struct header header;
    if (file->map_size < sizeof(header)) {
        return false;
    }
    memcpy(&header, file->map, sizeof(header));
    const char *ends = (const char *)file->map + sizeof(header);
    size_t room = file->map_size - sizeof(header);
    if (memcmp(header.magic, magic, sizeof(magic)) != 0 || header.count == 0 ||
        header.count > room / sizeof(uint64_t)) {
        return false;
    }
    file->count = header.count;
    file->ends = (const uint64_t *)(const void *)ends;
    file->bytes = ends + header.count * sizeof(uint64_t);
    return file->ends[header.count - 1] == room - header.count * sizeof(uint64_t);
}

bool request_file_open(struct request_file *file, const char *path)
{
    *file = (struct request_file){0};
    if (!map_file(file, path)) {
        return false;
    }
    if (!find_parts(file)) {
        request_file_close(file);
        return false;
    }
    posix_madvise(file->map, file->map_size, POSIX_MADV_WILLNEED);
    return true;
}

void request_file_close(struct request_file *file)
{
    munmap(file->map, file->map_size);
    *file = (struct request_file){0};
}

struct slice request_file_slice(const struct request_file *file, uint64_t first, uint64_t count)
{
    assert(count > 0 && first + count <= file->count);
    uint64_t begin = first == 0 ? 0 : file->ends[first - 1];
    return slice_make(file->bytes + begin, file->ends[first + count - 1] - begin);
}
