/* Archives in the form of tar (POSIX ustar): a header of 512 bytes before each file, its content,
 * and zeros up to the next 512; at the end two blocks of zeros.
 *
 * Of a file there is its name and its size; owner and time are always the same, so that equal
 * files make equal archives. */
#ifndef TENON_CLI_TAR_H
#define TENON_CLI_TAR_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TAR_NAME_SIZE_MAX 99

/* Writes a file's header; its name has at most TAR_NAME_SIZE_MAX bytes.
 * Errors: false; errno says why. This goes for all below. */
MUST_CHECK bool tar_write_header(FILE *archive, const char *name, uint64_t size);

/* Writes what follows a file's content of `size` bytes. */
MUST_CHECK bool tar_write_padding(FILE *archive, uint64_t size);

/* Writes what follows the last file. */
MUST_CHECK bool tar_write_end(FILE *archive);

#endif
