/* A file system with one file, which can only be read, and a database to load it into. */
#ifndef TENON_TESTS_FUZZ_ONE_FILE_H
#define TENON_TESTS_FUZZ_ONE_FILE_H

#include "storage/file.h"
#include "storage/load.h"

struct one_file {
    struct file_system base;
    const char *name;
    struct slice bytes;
};

/* `name` and `bytes` must outlive it. */
void one_file_init(struct one_file *files, const char *name, struct slice bytes);

/* Makes an empty database of the tables users (10001) and things (10002). */
struct database *one_file_database(void);

/* Finishes the loading, or gives it up, checks the database, and gives all back. */
void one_file_finish(struct loader *loader, bool finish);

#endif
