/* Opening files with secrets. See secret_file.h for which are taken. */
#include "base/secret_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORBIDDEN_MODE_BITS (S_IWGRP | S_IWOTH | S_IROTH)

/* Whether the file is in the hands that it should be in; `message` says why not. */
static bool check_hands(FILE *file, const char *path, struct buffer *message)
{
    struct stat status;
    if (fstat(fileno(file), &status) != 0) {
        buffer_append_format(message, "%s: %s", path, strerror(errno));
        return false;
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        buffer_append_format(message, "%s: it belongs to another user; chown it", path);
        return false;
    }
    if (S_ISREG(status.st_mode) && (status.st_mode & FORBIDDEN_MODE_BITS) != 0) {
        buffer_append_format(message, "%s: others may read or write it (mode %04o); chmod 600 it",
                             path, (unsigned)status.st_mode & 07777);
        return false;
    }
    return true;
}

FILE *secret_file_open(const char *path, struct buffer *message)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        buffer_append_format(message, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (!check_hands(file, path, message)) {
        fclose(file);
        return NULL;
    }
    return file;
}
