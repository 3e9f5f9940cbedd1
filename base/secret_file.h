/* Files with secrets: tokens and private keys.
 *
 * What others can read is no secret, and what they can write is theirs. A file is taken only if it
 * belongs to the user who runs the process, or to root, and, if it is a regular one, only its owner
 * may write it and only its owner and group may read it. What stands in it is the caller's matter.
 */
#ifndef TENON_BASE_SECRET_FILE_H
#define TENON_BASE_SECRET_FILE_H

#include "base/buffer.h"

#include <stdio.h>

/* Opens the file for reading; the caller closes it.
 * Errors: NULL, and one line for people in `message` that names the file. */
FILE *secret_file_open(const char *path, struct buffer *message);

#endif
