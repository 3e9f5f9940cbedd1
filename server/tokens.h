/* Tokens: what clients show to say who they are, and the file that lists them.
 *
 *   NAME ROLE sha256:SALT:HASH
 *
 * One line a token, its words parted by blanks; empty lines, and lines that begin with #, are for
 * people. NAME is 1 to 64 of A-Z a-z 0-9 . _ @ -, each name once; ROLE is read, write or admin;
 * SALT is 16 bytes and HASH 32, in lower-case hexadecimal digits: the SHA-256 of the salt and the
 * token's text. The token itself is nowhere in the file.
 *
 * Why not a slow hash? It makes passwords, which people choose, harder to guess from the file. A
 * token is 256 random bits, which nobody guesses from anything; and while the loop computes a slow
 * hash, everybody waits. */
#ifndef TENON_SERVER_TOKENS_H
#define TENON_SERVER_TOKENS_H

#include "base/buffer.h"
#include "base/macros.h"
#include "base/slice.h"
#include "server/role.h"

#include <stdbool.h>
#include <stdint.h>

#define TOKENS_MAX          TINY_OR(4, 1000) /* in one file */
#define TOKENS_FILE_MAX     (512 * 1024)     /* bytes of the file */
#define TOKEN_NAME_SIZE_MAX 64
#define TOKEN_SIZE_MAX      128 /* a longer text is no token */
#define TOKEN_SALT_SIZE     16
#define TOKEN_HASH_SIZE     32

/* "tenon_" and 256 bits in base64url. */
#define TOKEN_TEXT_SIZE     (6 + 43)

struct token_entry {
    char name[TOKEN_NAME_SIZE_MAX + 1];
    enum role role;
    unsigned char salt[TOKEN_SALT_SIZE];
    unsigned char hash[TOKEN_HASH_SIZE];
};

/* Invariant: names differ; count <= TOKENS_MAX. */
struct tokens {
    struct token_entry *entries;
    uint32_t count;
};

/* Reads `text`, the content of the file `path`.
 * Errors: false, and one line for people in `message` that names the file and the line; `tokens`
 * then holds nothing. A file without tokens is one too: nobody could call anything. */
MUST_CHECK bool tokens_read(struct tokens *tokens, const char *path, struct slice text,
                            struct buffer *message);

/* Reads the file `path`, which must be a secret (base/secret_file.h).
 * Errors: as tokens_read. */
MUST_CHECK bool tokens_load(struct tokens *tokens, const char *path, struct buffer *message);

void tokens_deinit(struct tokens *tokens);

/* The entry of the token, or NULL. Takes the same time whatever the token has in common with those
 * that are listed; the entry lives as long as `tokens`. */
const struct token_entry *tokens_find(const struct tokens *tokens, struct slice token);

/* The entry with the hash, or NULL. */
const struct token_entry *tokens_find_hash(const struct tokens *tokens,
                                           const unsigned char hash[TOKEN_HASH_SIZE]);

/* Whether `name` can be a token's. */
bool token_name_is_valid(struct slice name);

/* Makes a token from the system's randomness, zero-terminated.
 * Errors: false where there is none. */
MUST_CHECK bool token_make(char token[TOKEN_TEXT_SIZE + 1]);

/* Appends the token's line, without its end.
 * Errors: false where the system has no randomness for the salt. */
MUST_CHECK bool token_write_line(struct buffer *buffer, struct slice name, enum role role,
                                 struct slice token);

#endif
