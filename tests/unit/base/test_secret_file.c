/* In whose hands a file with a secret may be. */
#include "base/secret_file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens the file, and compares what is told; "" for none. */
static void expect_opened(const char *path, const char *expected)
{
    struct buffer message = {0};
    FILE *file = secret_file_open(path, &message);
    buffer_append_char(&message, '\0');
    cr_expect_eq(file != NULL, *expected == '\0', "%s", path);
    cr_expect_not_null(strstr(message.data, expected), "%s", message.data);
    cr_expect(file != NULL || strncmp(message.data, path, strlen(path)) == 0, "%s", message.data);
    if (file != NULL) {
        fclose(file);
    }
    buffer_deinit(&message);
}

Test(secret_file, what_others_may_read_or_write_is_refused)
{
    static const struct {
        mode_t mode;
        const char *expected;
    } rows[] = {
        {0600, ""},
        {0400, ""},
        {0640, ""},
        {0644, ": others may read or write it (mode 0644); chmod 600 it"},
        {0660, ": others may read or write it (mode 0660); chmod 600 it"},
        {0602, ": others may read or write it (mode 0602); chmod 600 it"},
    };
    char path[] = "/tmp/tenon-secret-XXXXXX";
    int descriptor = mkstemp(path);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert(fchmod(descriptor, rows[i].mode) == 0);
        expect_opened(path, rows[i].expected);
    }
    close(descriptor);
    unlink(path);
}

/* Root's files are taken by everybody who may read them. Only root can try the rest. */
Test(secret_file, what_belongs_to_another_user_is_refused)
{
    char path[] = "/tmp/tenon-secret-XXXXXX";
    int descriptor = mkstemp(path);
    if (geteuid() == 0) {
        cr_assert(fchown(descriptor, 12345, 12345) == 0);
        expect_opened(path, ": it belongs to another user; chown it");
        cr_assert(fchown(descriptor, 0, 12345) == 0 && fchmod(descriptor, 0640) == 0);
        cr_assert(setegid(12345) == 0 && seteuid(12345) == 0);
        expect_opened(path, "");
        cr_assert(seteuid(0) == 0);
    }
    close(descriptor);
    unlink(path);
}

Test(secret_file, what_is_not_there_is_named)
{
    expect_opened("/nowhere/secret", ": No such file or directory");
}
