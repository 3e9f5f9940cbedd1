/* Files in memory. See memory_files.h. */
#include "tests/support/memory_files.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#define NAME_SIZE 64

enum operation_kind {
    OPERATION_CREATE,   /* name → inode */
    OPERATION_WRITE,    /* inode, offset, data */
    OPERATION_TRUNCATE, /* inode, offset: the size */
    OPERATION_SYNC,     /* inode */
    OPERATION_RENAME,   /* name, other */
    OPERATION_UNLINK,   /* name */
    OPERATION_SYNC_DIRECTORY,
    OPERATION_MARK /* offset: the number */
};

struct memory_operation {
    enum operation_kind kind;
    size_t inode;
    uint64_t offset;
    char *data;
    size_t size;
    char name[NAME_SIZE];
    char other[NAME_SIZE];
};

struct memory_inode {
    char *data;
    uint64_t size;
    char *synced; /* as it is on the disk */
    uint64_t synced_size;
};

struct memory_name {
    char name[NAME_SIZE];
    size_t inode;
};

static uint64_t next_random(struct memory_files *files)
{
    files->random ^= files->random << 13;
    files->random ^= files->random >> 7;
    files->random ^= files->random << 17;
    return files->random;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Arrays grow by doubling from 16 on. */
static void *grow(void *items, size_t count, size_t size)
{
    bool full = count == 0 || (count >= 16 && (count & (count - 1)) == 0);
    return full ? memory_resize(items, (count < 16 ? 16 : count * 2) * size) : items;
}

static struct memory_operation *log_operation(struct memory_files *files, enum operation_kind kind)
{
    files->log = grow(files->log, files->log_count, sizeof(*files->log));
    struct memory_operation *operation = &files->log[files->log_count++];
    *operation = (struct memory_operation){.kind = kind};
    return operation;
}

static struct memory_name *find_name(struct memory_files *files, const char *name)
{
    for (size_t i = 0; i < files->name_count; i++) {
        if (strcmp(files->names[i].name, name) == 0) {
            return &files->names[i];
        }
    }
    return NULL;
}

static void set_size(struct memory_inode *inode, uint64_t size)
{
    inode->data = memory_resize(inode->data, (size_t)size);
    if (size > inode->size) {
        memset(inode->data + inode->size, 0, (size_t)(size - inode->size));
    }
    inode->size = size;
}

/* Carries an operation out on the present state. */

static void add_inode(struct memory_files *files)
{
    files->inodes = grow(files->inodes, files->inode_count, sizeof(*files->inodes));
    files->inodes[files->inode_count++] = (struct memory_inode){.size = 0};
}

static void apply_create(struct memory_files *files, const char *name)
{
    assert(strlen(name) < NAME_SIZE);
    add_inode(files);
    files->names = grow(files->names, files->name_count, sizeof(*files->names));
    struct memory_name *entry = &files->names[files->name_count++];
    strcpy(entry->name, name);
    entry->inode = files->inode_count - 1;
}

static void apply_write(struct memory_inode *inode, const char *data, size_t size, uint64_t offset)
{
    if (offset + size > inode->size) {
        set_size(inode, offset + size);
    }
    if (size > 0) {
        memcpy(inode->data + offset, data, size);
    }
}

static void apply_sync(struct memory_inode *inode)
{
    inode->synced = memory_resize(inode->synced, (size_t)inode->size);
    if (inode->size > 0) {
        memcpy(inode->synced, inode->data, (size_t)inode->size);
    }
    inode->synced_size = inode->size;
}

static void apply_unlink(struct memory_files *files, const char *name)
{
    struct memory_name *entry = find_name(files, name);
    if (entry) {
        *entry = files->names[files->name_count - 1];
        files->name_count -= 1;
    }
}

static void apply_rename(struct memory_files *files, const char *from, const char *to)
{
    apply_unlink(files, to);
    struct memory_name *entry = find_name(files, from);
    if (entry) {
        strcpy(entry->name, to);
    }
}

static void apply(struct memory_files *files, const struct memory_operation *operation)
{
    switch (operation->kind) {
    case OPERATION_CREATE:
        apply_create(files, operation->name);
        break;
    case OPERATION_WRITE:
        apply_write(&files->inodes[operation->inode], operation->data, operation->size,
                    operation->offset);
        break;
    case OPERATION_TRUNCATE:
        set_size(&files->inodes[operation->inode], operation->offset);
        break;
    case OPERATION_SYNC:
        apply_sync(&files->inodes[operation->inode]);
        break;
    case OPERATION_RENAME:
        apply_rename(files, operation->name, operation->other);
        break;
    case OPERATION_UNLINK:
        apply_unlink(files, operation->name);
        break;
    case OPERATION_SYNC_DIRECTORY:
    case OPERATION_MARK:
        break;
    }
}

static struct memory_files *files_of(struct file_system *files)
{
    return (struct memory_files *)files;
}

static uint64_t used(const struct memory_files *files)
{
    uint64_t size = 0;
    for (size_t i = 0; i < files->name_count; i++) {
        size += files->inodes[files->names[i].inode].size;
    }
    return size;
}

/* The interface. */

static int memory_open(struct file_system *base, const char *path, enum file_mode mode, int *file)
{
    struct memory_files *files = files_of(base);
    int reason = 0;
    pthread_mutex_lock(&files->mutex);
    struct memory_name *entry = find_name(files, base_name(path));
    if (!entry && mode == FILE_READ) {
        reason = ENOENT;
    } else if (!entry) {
        struct memory_operation *operation = log_operation(files, OPERATION_CREATE);
        strcpy(operation->name, base_name(path));
        apply(files, operation);
        entry = find_name(files, base_name(path));
    }
    if (entry) {
        *file = (int)entry->inode;
    }
    pthread_mutex_unlock(&files->mutex);
    return reason;
}

static void memory_close(struct file_system *base, int file)
{
    (void)base;
    (void)file;
}

/* Returns EINTR now and then, and makes *size smaller. */
static int disturb(struct memory_files *files, size_t *size)
{
    if (!files->shortens) {
        return 0;
    }
    uint64_t random = next_random(files);
    if (*size > 1 && random % 4 == 1) {
        *size = 1 + (size_t)(random >> 8) % (*size - 1);
    }
    return random % 4 == 0 ? EINTR : 0;
}

static int memory_read(struct file_system *base, int file, void *data, size_t size, uint64_t offset,
                       size_t *done)
{
    struct memory_files *files = files_of(base);
    *done = 0;
    pthread_mutex_lock(&files->mutex);
    int reason = disturb(files, &size);
    const struct memory_inode *inode = &files->inodes[file];
    if (reason == 0 && offset < inode->size) {
        uint64_t left = inode->size - offset;
        *done = size < left ? size : (size_t)left;
        memcpy(data, inode->data + offset, *done);
    }
    pthread_mutex_unlock(&files->mutex);
    return reason;
}

/* How many of `size` bytes there is space for. */
static size_t room_for(const struct memory_files *files, const struct memory_inode *inode,
                       size_t size, uint64_t offset)
{
    if (files->space_max == 0 || offset + size <= inode->size) {
        return size;
    }
    uint64_t taken = used(files) - inode->size;
    uint64_t end = files->space_max > taken ? files->space_max - taken : 0;
    end = end > inode->size ? end : inode->size;
    if (end <= offset) {
        return 0;
    }
    return end - offset < size ? (size_t)(end - offset) : size;
}

static int memory_write(struct file_system *base, int file, const void *data, size_t size,
                        uint64_t offset, size_t *done)
{
    struct memory_files *files = files_of(base);
    *done = 0;
    pthread_mutex_lock(&files->mutex);
    int reason = disturb(files, &size);
    if (reason == 0 && files->write_fails > 0) {
        files->write_fails -= 1;
        reason = EIO;
    }
    size_t room = room_for(files, &files->inodes[file], size, offset);
    if (reason == 0 && room == 0) {
        reason = ENOSPC;
    }
    if (reason == 0) {
        struct memory_operation *operation = log_operation(files, OPERATION_WRITE);
        operation->inode = (size_t)file;
        operation->offset = offset;
        operation->size = room;
        operation->data = memory_allocate(room);
        memcpy(operation->data, data, room);
        apply(files, operation);
        *done = room;
    }
    pthread_mutex_unlock(&files->mutex);
    return reason;
}

static int memory_sync(struct file_system *base, int file)
{
    struct memory_files *files = files_of(base);
    int reason = 0;
    pthread_mutex_lock(&files->mutex);
    struct timespec pause = {.tv_nsec = files->sync_ms * 1000000L};
    pthread_mutex_unlock(&files->mutex);
    nanosleep(&pause, NULL);
    pthread_mutex_lock(&files->mutex);
    if (files->sync_fails > 0) {
        files->sync_fails -= 1;
        reason = EIO;
    } else {
        struct memory_operation *operation = log_operation(files, OPERATION_SYNC);
        operation->inode = (size_t)file;
        apply(files, operation);
    }
    pthread_mutex_unlock(&files->mutex);
    return reason;
}

static int set_file_size(struct file_system *base, int file, uint64_t size)
{
    struct memory_files *files = files_of(base);
    int reason = 0;
    pthread_mutex_lock(&files->mutex);
    const struct memory_inode *inode = &files->inodes[file];
    uint64_t more = size > inode->size ? size - inode->size : 0;
    if (more > 0 && room_for(files, inode, (size_t)more, inode->size) < more) {
        reason = ENOSPC;
    } else {
        struct memory_operation *operation = log_operation(files, OPERATION_TRUNCATE);
        operation->inode = (size_t)file;
        operation->offset = size;
        apply(files, operation);
    }
    pthread_mutex_unlock(&files->mutex);
    return reason;
}

static int memory_allocate_space(struct file_system *base, int file, uint64_t size)
{
    uint64_t present = 0;
    base->size(base, file, &present);
    return size > present ? set_file_size(base, file, size) : 0;
}

static int memory_size(struct file_system *base, int file, uint64_t *size)
{
    struct memory_files *files = files_of(base);
    pthread_mutex_lock(&files->mutex);
    *size = files->inodes[file].size;
    pthread_mutex_unlock(&files->mutex);
    return 0;
}

static int memory_rename(struct file_system *base, const char *from, const char *to)
{
    struct memory_files *files = files_of(base);
    int reason = ENOENT;
    pthread_mutex_lock(&files->mutex);
    if (find_name(files, base_name(from))) {
        struct memory_operation *operation = log_operation(files, OPERATION_RENAME);
        strcpy(operation->name, base_name(from));
        strcpy(operation->other, base_name(to));
        apply(files, operation);
        reason = 0;
    }
    pthread_mutex_unlock(&files->mutex);
    return reason;
}

static int memory_unlink(struct file_system *base, const char *path)
{
    struct memory_files *files = files_of(base);
    int reason = ENOENT;
    pthread_mutex_lock(&files->mutex);
    if (find_name(files, base_name(path))) {
        struct memory_operation *operation = log_operation(files, OPERATION_UNLINK);
        strcpy(operation->name, base_name(path));
        apply(files, operation);
        reason = 0;
    }
    pthread_mutex_unlock(&files->mutex);
    return reason;
}

static int memory_make_directory(struct file_system *base, const char *path)
{
    (void)base;
    (void)path;
    return EEXIST;
}

static int memory_sync_directory(struct file_system *base, const char *path)
{
    struct memory_files *files = files_of(base);
    (void)path;
    pthread_mutex_lock(&files->mutex);
    log_operation(files, OPERATION_SYNC_DIRECTORY);
    pthread_mutex_unlock(&files->mutex);
    return 0;
}

static int memory_list(struct file_system *base, const char *path,
                       void (*each)(void *context, const char *name), void *context)
{
    (void)path;
    memory_files_each(files_of(base), each, context);
    return 0;
}

static int memory_lock(struct file_system *base, int file)
{
    (void)base;
    (void)file;
    return 0;
}

struct memory_files *memory_files_create(uint64_t seed)
{
    struct memory_files *files = memory_allocate_zeroed(1, sizeof(*files));
    files->random = seed * 2 + 1;
    pthread_mutex_init(&files->mutex, NULL);
    files->base = (struct file_system){
        .open = memory_open,
        .close = memory_close,
        .read = memory_read,
        .write = memory_write,
        .sync = memory_sync,
        .allocate = memory_allocate_space,
        .truncate = set_file_size,
        .size = memory_size,
        .rename = memory_rename,
        .unlink = memory_unlink,
        .make_directory = memory_make_directory,
        .sync_directory = memory_sync_directory,
        .list = memory_list,
        .lock = memory_lock,
    };
    return files;
}

void memory_files_destroy(struct memory_files *files)
{
    for (size_t i = 0; i < files->inode_count; i++) {
        memory_release(files->inodes[i].data);
        memory_release(files->inodes[i].synced);
    }
    for (size_t i = 0; i < files->log_count; i++) {
        memory_release(files->log[i].data);
    }
    memory_release(files->inodes);
    memory_release(files->names);
    memory_release(files->log);
    pthread_mutex_destroy(&files->mutex);
    memory_release(files);
}

void memory_files_set_sync_fails(struct memory_files *files, unsigned count)
{
    pthread_mutex_lock(&files->mutex);
    files->sync_fails = count;
    pthread_mutex_unlock(&files->mutex);
}

void memory_files_set_write_fails(struct memory_files *files, unsigned count)
{
    pthread_mutex_lock(&files->mutex);
    files->write_fails = count;
    pthread_mutex_unlock(&files->mutex);
}

void memory_files_set_sync_ms(struct memory_files *files, unsigned milliseconds)
{
    pthread_mutex_lock(&files->mutex);
    files->sync_ms = milliseconds;
    pthread_mutex_unlock(&files->mutex);
}

void memory_files_set_space(struct memory_files *files, uint64_t space_max)
{
    pthread_mutex_lock(&files->mutex);
    files->space_max = space_max;
    pthread_mutex_unlock(&files->mutex);
}

uint64_t memory_files_used(struct memory_files *files)
{
    pthread_mutex_lock(&files->mutex);
    uint64_t size = used(files);
    pthread_mutex_unlock(&files->mutex);
    return size;
}

size_t memory_files_count(struct memory_files *files)
{
    pthread_mutex_lock(&files->mutex);
    size_t count = files->log_count;
    pthread_mutex_unlock(&files->mutex);
    return count;
}

void memory_files_mark(struct memory_files *files, uint64_t number)
{
    pthread_mutex_lock(&files->mutex);
    log_operation(files, OPERATION_MARK)->offset = number;
    pthread_mutex_unlock(&files->mutex);
}

uint64_t memory_files_marked(struct memory_files *files, size_t count)
{
    uint64_t greatest = 0;
    for (size_t i = 0; i < count; i++) {
        const struct memory_operation *operation = &files->log[i];
        if (operation->kind == OPERATION_MARK && operation->offset > greatest) {
            greatest = operation->offset;
        }
    }
    return greatest;
}

static bool changes_names(const struct memory_operation *operation)
{
    return operation->kind == OPERATION_CREATE || operation->kind == OPERATION_RENAME ||
           operation->kind == OPERATION_UNLINK;
}

/* How many of the first `count` operations may have changed names on the disk: all up to the last
 * sync of the directory, and some behind it. */
static size_t choose_names(struct memory_files *image, const struct memory_files *files,
                           size_t count)
{
    size_t synced = count;
    while (synced > 0 && files->log[synced - 1].kind != OPERATION_SYNC_DIRECTORY) {
        synced -= 1;
    }
    return synced + (size_t)(next_random(image) % (count - synced + 1));
}

/* Makes the inode what the disk may hold of it. */
static void tear(struct memory_files *image, struct memory_inode *inode, size_t block_size)
{
    uint64_t size = next_random(image) % 2 == 0 ? inode->synced_size : inode->size;
    uint64_t common = inode->size < inode->synced_size ? inode->size : inode->synced_size;
    uint64_t unsynced = inode->size;
    if (size > unsynced) {
        set_size(inode, size);
        memcpy(inode->data + common, inode->synced + common, (size_t)(size - common));
    }
    for (uint64_t at = 0; at < size; at += block_size) {
        uint64_t end = at + block_size < size ? at + block_size : size;
        uint64_t random = next_random(image);
        uint64_t from = random % 3 == 0   ? at
                        : random % 3 == 1 ? end
                                          : at + (random >> 8) % (end - at);
        for (uint64_t byte = from; byte < end; byte++) {
            inode->data[byte] = byte < inode->synced_size ? inode->synced[byte] : 0;
        }
    }
    set_size(inode, size);
}

struct memory_files *memory_files_image(struct memory_files *files, size_t count, size_t block_size,
                                        bool whole, uint64_t seed)
{
    struct memory_files *image = memory_files_create(seed);
    size_t names_count = whole ? count : choose_names(image, files, count);
    for (size_t i = 0; i < count; i++) {
        const struct memory_operation *operation = &files->log[i];
        if (changes_names(operation) && i >= names_count && operation->kind == OPERATION_CREATE) {
            /* The inode is there for the operations behind, but nobody will find it. */
            add_inode(image);
        } else if (!changes_names(operation) || i < names_count) {
            apply(image, operation);
        }
    }
    for (size_t i = 0; i < image->inode_count; i++) {
        struct memory_inode *inode = &image->inodes[i];
        if (!whole) {
            tear(image, inode, block_size);
        }
        apply_sync(inode);
    }
    return image;
}

char *memory_files_bytes(struct memory_files *files, const char *name, uint64_t *size)
{
    struct memory_name *entry = find_name(files, name);
    if (!entry) {
        return NULL;
    }
    *size = files->inodes[entry->inode].size;
    return files->inodes[entry->inode].data;
}

void memory_files_each(struct memory_files *files, void (*each)(void *context, const char *name),
                       void *context)
{
    char names[64][NAME_SIZE];
    size_t count = 0;
    pthread_mutex_lock(&files->mutex);
    for (; count < files->name_count && count < 64; count++) {
        strcpy(names[count], files->names[count].name);
    }
    pthread_mutex_unlock(&files->mutex);
    for (size_t i = 0; i < count; i++) {
        each(context, names[i]);
    }
}
