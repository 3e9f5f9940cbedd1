/* Scripts of the repository that a test runs. */
#ifndef TENON_TESTS_SUPPORT_SCRIPT_H
#define TENON_TESTS_SUPPORT_SCRIPT_H

/* Runs `script` with the server's binary (see live.h) as its argument, from the repository's root,
 * and expects it to exit with 0. What it says is printed where it does not, and its lines that
 * begin with "skipped" always. */
void script_expect_success(const char *script);

#endif
