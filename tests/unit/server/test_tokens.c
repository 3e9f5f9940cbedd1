/* The file of tokens: what is read from it, and what it is refused for. */
#include "server/tokens.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SALT             "000102030405060708090a0b0c0d0e0f"
#define HASH             "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LINE(name, role) name " " role " sha256:" SALT ":" HASH "\n"

/* Expects what is told of `text`. */
static void expect_refused(const char *text, const char *expected)
{
    struct tokens tokens;
    struct buffer message = {0};
    cr_expect_not(tokens_read(&tokens, "file", slice_of(text), &message), "%s", text);
    buffer_append_char(&message, '\0');
    cr_expect_str_eq(message.data, expected, "%s: %s", text, message.data);
    cr_expect_eq(tokens.count, 0);
    buffer_deinit(&message);
    tokens_deinit(&tokens);
}

Test(tokens, wrong_lines_are_named)
{
    static const char *const rows[][2] = {
        {"", "file: there is no token in it; make one with tenon token"},
        {"# nobody\n\n", "file: there is no token in it; make one with tenon token"},
        {"a\n", "file, line 1: a line is NAME ROLE HASH, as tenon token prints it"},
        {"#\n\na read\n", "file, line 3: a line is NAME ROLE HASH, as tenon token prints it"},
        {"a read sha256:" SALT ":" HASH " x",
         "file, line 1: a line is NAME ROLE HASH, as tenon token prints it"},
        {LINE("a/b", "read"), "file, line 1: a name is 1 to 64 letters, digits and . _ @ -"},
        {LINE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "read"),
         "file, line 1: a name is 1 to 64 letters, digits and . _ @ -"},
        {LINE("a", "read") LINE("b", "read") LINE("a", "admin"),
         "file, line 3: the name stands in a line before; give each token its own"},
        {LINE("a", "none"), "file, line 1: the role is none of read, write and admin"},
        {LINE("a", "Read"), "file, line 1: the role is none of read, write and admin"},
        {"a read md5:" SALT ":" HASH,
         "file, line 1: the hash is not sha256:SALT:HASH, as tenon token prints it"},
        {"a read sha256:" SALT "." HASH,
         "file, line 1: the hash is not sha256:SALT:HASH, as tenon token prints it"},
        {"a read sha256:" SALT ":" SALT,
         "file, line 1: the hash is not sha256:SALT:HASH, as tenon token prints it"},
        {"a read sha256:0001020304050607X8090a0b0c0d0e0f:" HASH,
         "file, line 1: the hash is not sha256:SALT:HASH, as tenon token prints it"},
        {"a read sha256:000102030405060708090A0b0c0d0e0f:" HASH,
         "file, line 1: the hash is not sha256:SALT:HASH, as tenon token prints it"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect_refused(rows[i][0], rows[i][1]);
    }
}

Test(tokens, more_than_a_file_may_hold_are_refused)
{
    struct buffer text = {0};
    struct tokens tokens;
    struct buffer message = {0};
    char expected[128];
    for (unsigned i = 0; i < TOKENS_MAX; i++) {
        buffer_append_format(&text, "name%u read sha256:" SALT ":" HASH "\n", i);
    }
    cr_assert(tokens_read(&tokens, "file", buffer_slice(&text), &message));
    cr_expect_eq(tokens.count, TOKENS_MAX);
    tokens_deinit(&tokens);
    buffer_append_format(&text, LINE("more", "read"));
    buffer_append_char(&text, '\0');
    snprintf(expected, sizeof(expected),
             "file, line %u: these are too many tokens for one file; take out those that nobody "
             "uses",
             TOKENS_MAX + 1);
    expect_refused(text.data, expected);
    buffer_deinit(&text);
}

Test(tokens, blanks_line_ends_and_comments_are_taken_as_they_come)
{
    struct tokens tokens;
    struct buffer message = {0};
    struct slice text = SLICE("# people\r\n\r\n  a\t read   sha256:" SALT ":" HASH " \r\n"
                              "  # more\nB.c_d@e-9 admin sha256:" SALT ":" HASH);
    cr_assert(tokens_read(&tokens, "file", text, &message), "%.*s", (int)message.size,
              message.data);
    cr_assert_eq(tokens.count, 2);
    cr_expect_str_eq(tokens.entries[0].name, "a");
    cr_expect_eq(tokens.entries[0].role, ROLE_READ);
    cr_expect_eq(tokens.entries[0].salt[15], 0x0f);
    cr_expect_eq(tokens.entries[0].hash[1], 0x11);
    cr_expect_str_eq(tokens.entries[1].name, "B.c_d@e-9");
    cr_expect_eq(tokens.entries[1].role, ROLE_ADMIN);
    tokens_deinit(&tokens);
}

/* The hash of a salt and a text, as `printf … | sha256sum` says it too. */
Test(tokens, the_hash_is_sha256_of_salt_and_token)
{
    struct tokens tokens;
    struct buffer message = {0};
    struct slice text = SLICE("a write sha256:61626364656667686162636465666768:"
                              "9617c10f46dee963a279e32d1b0023a1cd503ae8a6d017728e0e610da893997d");
    cr_assert(tokens_read(&tokens, "file", text, &message));
    cr_expect_not_null(tokens_find(&tokens, SLICE("secret")));
    cr_expect_null(tokens_find(&tokens, SLICE("Secret")));
    tokens_deinit(&tokens);
}

Test(tokens, what_is_made_is_found_and_nothing_else_is)
{
    static const enum role roles[] = {ROLE_READ, ROLE_WRITE, ROLE_ADMIN};
    char made[COUNT_OF(roles)][TOKEN_TEXT_SIZE + 1];
    char longest[TOKEN_SIZE_MAX + 2];
    struct buffer text = {0};
    struct buffer message = {0};
    struct tokens tokens;
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        cr_assert(token_make(made[i]));
        cr_expect_eq(strlen(made[i]), TOKEN_TEXT_SIZE);
        cr_assert(
            token_write_line(&text, slice_of(role_name(roles[i])), roles[i], slice_of(made[i])));
        buffer_append_char(&text, '\n');
        buffer_append_char(&text, '\0');
        text.size -= 1;
        cr_expect_null(strstr(text.data, made[i]), "the file never has the token");
    }
    cr_assert(tokens_read(&tokens, "file", buffer_slice(&text), &message));
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        const struct token_entry *entry = tokens_find(&tokens, slice_of(made[i]));
        cr_assert_not_null(entry);
        cr_expect_eq(entry->role, roles[i]);
        cr_expect_eq(tokens_find_hash(&tokens, entry->hash), entry);
        cr_expect_null(tokens_find(&tokens, slice_make(made[i], TOKEN_TEXT_SIZE - 1)));
    }
    memset(longest, 'a', sizeof(longest));
    cr_expect_null(tokens_find(&tokens, slice_make(longest, TOKEN_SIZE_MAX)));
    cr_expect_null(tokens_find(&tokens, slice_make(longest, TOKEN_SIZE_MAX + 1)));
    cr_expect_null(tokens_find(&tokens, SLICE("")));
    cr_expect_str_neq(made[0], made[1]);
    buffer_deinit(&text);
    tokens_deinit(&tokens);
}

/* Writes `text` to a new file with the mode, loads it, and compares what is told; "" for none. */
static void expect_loaded(const char *text, size_t size, mode_t mode, const char *expected)
{
    char path[] = "/tmp/tenon-tokens-XXXXXX";
    int descriptor = mkstemp(path);
    struct tokens tokens;
    struct buffer message = {0};
    cr_assert(descriptor >= 0 && write(descriptor, text, size) == (ssize_t)size);
    cr_assert(fchmod(descriptor, mode) == 0);
    close(descriptor);
    bool loaded = tokens_load(&tokens, path, &message);
    buffer_append_char(&message, '\0');
    cr_expect_eq(loaded, expected[0] == '\0', "mode %o", (unsigned)mode);
    cr_expect_not_null(strstr(message.data, expected), "%s", message.data);
    cr_expect_eq(loaded ? 0 : strncmp(message.data, path, strlen(path)), 0, "%s", message.data);
    unlink(path);
    tokens_deinit(&tokens);
    buffer_deinit(&message);
}

Test(tokens, a_file_in_the_hands_of_others_is_refused)
{
    static const char line[] = LINE("a", "read");
    expect_loaded(line, sizeof(line) - 1, 0640, "");
    expect_loaded(line, sizeof(line) - 1, 0644, "others may read or write it (mode 0644)");
}

Test(tokens, a_file_that_is_too_large_missing_or_a_folder_is_named)
{
    struct tokens tokens;
    struct buffer message = {0};
    char *large = calloc(1, TOKENS_FILE_MAX + 1);
    memset(large, '\n', TOKENS_FILE_MAX + 1);
    expect_loaded(large, TOKENS_FILE_MAX + 1, 0600, "it has more than 524288 bytes");
    expect_loaded(large, TOKENS_FILE_MAX, 0600, "there is no token in it");
    cr_expect_not(tokens_load(&tokens, "/nowhere/tokens", &message));
    buffer_append_char(&message, ' ');
    cr_expect_not(tokens_load(&tokens, "/tmp", &message));
    buffer_append_char(&message, '\0');
    cr_expect_str_eq(message.data,
                     "/nowhere/tokens: No such file or directory /tmp: Is a directory");
    buffer_deinit(&message);
    free(large);
}
