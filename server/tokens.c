/* Tokens and their file. See tokens.h for its format. */
#include "server/tokens.h"

#include "base/memory.h"
#include "base/secret_file.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>

#define TOKEN_BEGIN       "tenon_"
#define TOKEN_RANDOM_SIZE 32
#define HASH_BEGIN        "sha256:"
#define HASH_TEXT_SIZE    (sizeof(HASH_BEGIN) - 1 + 2 * TOKEN_SALT_SIZE + 1 + 2 * TOKEN_HASH_SIZE)
#define WORDS_OF_A_LINE   3

static_assert(TOKEN_HASH_SIZE == SHA256_DIGEST_LENGTH, "the hash is SHA-256");

/* ---- Hashes */

static void hash_token(const unsigned char salt[TOKEN_SALT_SIZE], struct slice token,
                       unsigned char hash[TOKEN_HASH_SIZE])
{
    unsigned char input[TOKEN_SALT_SIZE + TOKEN_SIZE_MAX];
    assert(token.size <= TOKEN_SIZE_MAX);
    memcpy(input, salt, TOKEN_SALT_SIZE);
    memcpy(input + TOKEN_SALT_SIZE, token.data, token.size);
    SHA256(input, TOKEN_SALT_SIZE + token.size, hash);
    OPENSSL_cleanse(input, sizeof(input));
}

const struct token_entry *tokens_find(const struct tokens *tokens, struct slice token)
{
    const struct token_entry *found = NULL;
    if (token.size == 0 || token.size > TOKEN_SIZE_MAX) {
        return NULL;
    }
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct token_entry *entry = &tokens->entries[i];
        unsigned char hash[TOKEN_HASH_SIZE];
        hash_token(entry->salt, token, hash);
        found = CRYPTO_memcmp(hash, entry->hash, TOKEN_HASH_SIZE) == 0 ? entry : found;
    }
    return found;
}

const struct token_entry *tokens_find_hash(const struct tokens *tokens,
                                           const unsigned char hash[TOKEN_HASH_SIZE])
{
    for (uint32_t i = 0; i < tokens->count; i++) {
        if (memcmp(tokens->entries[i].hash, hash, TOKEN_HASH_SIZE) == 0) {
            return &tokens->entries[i];
        }
    }
    return NULL;
}

/* ---- The file */

static int hexadecimal_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_hexadecimal(const char *text, unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = hexadecimal_digit(text[2 * i]);
        int low = hexadecimal_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/* Reads sha256:SALT:HASH. */
static bool read_hash(struct slice text, struct token_entry *entry)
{
    if (text.size != HASH_TEXT_SIZE || !slice_starts_with(text, SLICE(HASH_BEGIN))) {
        return false;
    }
    const char *salt = text.data + sizeof(HASH_BEGIN) - 1;
    const char *hash = salt + 2 * TOKEN_SALT_SIZE + 1;
    return hash[-1] == ':' && read_hexadecimal(salt, entry->salt, TOKEN_SALT_SIZE) &&
           read_hexadecimal(hash, entry->hash, TOKEN_HASH_SIZE);
}

bool token_name_is_valid(struct slice name)
{
    static const char taken[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";
    for (size_t i = 0; i < name.size; i++) {
        if (memchr(taken, name.data[i], sizeof(taken) - 1) == NULL) {
            return false;
        }
    }
    return name.size > 0 && name.size <= TOKEN_NAME_SIZE_MAX;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Splits the line into words, of which it stores the first WORDS_OF_A_LINE. Returns how many. */
static unsigned split_words(struct slice line, struct slice words[WORDS_OF_A_LINE])
{
    unsigned count = 0;
    const char *next = line.data;
    const char *end = line.data + line.size;
    while (next < end) {
        const char *start = next;
        while (next < end && !is_blank(*next)) {
            next += 1;
        }
        if (next > start && count < WORDS_OF_A_LINE) {
            words[count] = slice_make(start, (size_t)(next - start));
        }
        count += next > start;
        next += next < end;
    }
    return count;
}

static bool name_is_listed(const struct tokens *tokens, struct slice name)
{
    for (uint32_t i = 0; i < tokens->count; i++) {
        if (slice_equal(slice_of(tokens->entries[i].name), name)) {
            return true;
        }
    }
    return false;
}

/* Reads a line into `entry`. Returns what is wrong with it, or NULL. */
static const char *read_entry(const struct tokens *tokens, struct slice line,
                              struct token_entry *entry)
{
    struct slice words[WORDS_OF_A_LINE];
    if (split_words(line, words) != WORDS_OF_A_LINE) {
        return "a line is NAME ROLE HASH, as tenon token prints it";
    }
    if (!token_name_is_valid(words[0])) {
        return "a name is 1 to 64 letters, digits and . _ @ -";
    }
    if (name_is_listed(tokens, words[0])) {
        return "the name stands in a line before; give each token its own";
    }
    if (!role_find(words[1], &entry->role)) {
        return "the role is none of read, write and admin";
    }
    if (!read_hash(words[2], entry)) {
        return "the hash is not sha256:SALT:HASH, as tenon token prints it";
    }
    if (tokens->count == TOKENS_MAX) {
        return "these are too many tokens for one file; take out those that nobody uses";
    }
    memcpy(entry->name, words[0].data, words[0].size);
    entry->name[words[0].size] = '\0';
    return NULL;
}

static bool line_is_for_people(struct slice line)
{
    struct slice words[WORDS_OF_A_LINE];
    return split_words(line, words) == 0 || words[0].data[0] == '#';
}

static void tokens_add(struct tokens *tokens, const struct token_entry *entry)
{
    size_t size = (tokens->count + 1) * sizeof(*entry);
    tokens->entries = memory_resize(tokens->entries, size);
    tokens->entries[tokens->count] = *entry;
    tokens->count += 1;
}

/* Cuts the first line off `text`, without its end. */
static struct slice cut_line(struct slice *text)
{
    const char *end = memchr(text->data, '\n', text->size);
    size_t size = end == NULL ? text->size : (size_t)(end - text->data);
    struct slice line = slice_make(text->data, size);
    size += end != NULL;
    *text = slice_make(text->data + size, text->size - size);
    return line;
}

bool tokens_read(struct tokens *tokens, const char *path, struct slice text, struct buffer *message)
{
    *tokens = (struct tokens){0};
    for (unsigned number = 1; text.size > 0; number++) {
        struct slice line = cut_line(&text);
        struct token_entry entry;
        if (line_is_for_people(line)) {
            continue;
        }
        const char *wrong = read_entry(tokens, line, &entry);
        if (wrong != NULL) {
            buffer_append_format(message, "%s, line %u: %s", path, number, wrong);
            tokens_deinit(tokens);
            return false;
        }
        tokens_add(tokens, &entry);
    }
    if (tokens->count == 0) {
        buffer_append_format(message, "%s: there is no token in it; make one with tenon token",
                             path);
    }
    return tokens->count > 0;
}

static bool read_content(FILE *file, const char *path, struct buffer *text, struct buffer *message)
{
    char *place = buffer_reserve(text, TOKENS_FILE_MAX + 1);
    text->size = fread(place, 1, TOKENS_FILE_MAX + 1, file);
    if (ferror(file)) {
        buffer_append_format(message, "%s: %s", path, strerror(errno));
        return false;
    }
    if (text->size > TOKENS_FILE_MAX) {
        buffer_append_format(message, "%s: it has more than %d bytes; is it the right file?", path,
                             TOKENS_FILE_MAX);
        return false;
    }
    return true;
}

bool tokens_load(struct tokens *tokens, const char *path, struct buffer *message)
{
    struct buffer text = {0};
    *tokens = (struct tokens){0};
    FILE *file = secret_file_open(path, message);
    if (file == NULL) {
        return false;
    }
    bool loaded = read_content(file, path, &text, message) &&
                  tokens_read(tokens, path, buffer_slice(&text), message);
    fclose(file);
    buffer_deinit(&text);
    return loaded;
}

void tokens_deinit(struct tokens *tokens)
{
    memory_release(tokens->entries);
    *tokens = (struct tokens){0};
}

/* ---- New tokens */

/* Writes 32 bytes as 43 characters that need no quotes anywhere. */
static void write_base64url(const unsigned char bytes[TOKEN_RANDOM_SIZE], char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0;
    unsigned held = 0;
    for (unsigned i = 0; i < TOKEN_RANDOM_SIZE; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 6; bits -= 6) {
            *text++ = digits[held >> (bits - 6) & 63];
        }
    }
    *text++ = digits[held << (6 - bits) & 63];
    *text = '\0';
}

bool token_make(char token[TOKEN_TEXT_SIZE + 1])
{
    unsigned char random[TOKEN_RANDOM_SIZE];
    if (RAND_priv_bytes(random, sizeof(random)) != 1) {
        return false;
    }
    memcpy(token, TOKEN_BEGIN, sizeof(TOKEN_BEGIN) - 1);
    write_base64url(random, token + sizeof(TOKEN_BEGIN) - 1);
    OPENSSL_cleanse(random, sizeof(random));
    return true;
}

static void append_hexadecimal(struct buffer *buffer, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        buffer_append_format(buffer, "%02x", bytes[i]);
    }
}

bool token_write_line(struct buffer *buffer, struct slice name, enum role role, struct slice token)
{
    struct token_entry entry;
    if (RAND_bytes(entry.salt, sizeof(entry.salt)) != 1) {
        return false;
    }
    hash_token(entry.salt, token, entry.hash);
    buffer_append_format(buffer, "%.*s %s " HASH_BEGIN, SLICE_FORMAT(name), role_name(role));
    append_hexadecimal(buffer, entry.salt, sizeof(entry.salt));
    buffer_append_char(buffer, ':');
    append_hexadecimal(buffer, entry.hash, sizeof(entry.hash));
    return true;
}
