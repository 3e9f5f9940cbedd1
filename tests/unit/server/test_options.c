/* The options of `tenon serve`. */
#include "server/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define ARGUMENTS_MAX 6

/* Reads the NULL-terminated arguments. */
static bool read_arguments(struct serve_options *options, const char *const *arguments,
                           struct buffer *message)
{
    char *argv[ARGUMENTS_MAX + 2] = {(char[]){"serve"}};
    int argc = 1;
    for (; arguments[argc - 1] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    }
    return serve_options_read(options, argc, argv, message);
}

Test(serve_options, have_the_defaults_of_the_contract)
{
    struct serve_options options;
    struct buffer message = {0};
    cr_assert(read_arguments(&options, (const char *[]){"--schema", "s", NULL}, &message));
    cr_expect_str_eq(options.schema, "s");
    cr_expect_str_eq(options.listen, "127.0.0.1:8366");
    cr_expect_null(options.socket);
    cr_expect_eq(options.request_size_max, 16u << 20);
    cr_expect_eq(options.output_size_max, 64u << 20);
    cr_expect_eq(options.buffer_size_max, 1u << 30);
    cr_expect_eq(options.connections_max, 10000);
    cr_expect_eq(options.request_timeout_ms, 60000);
    cr_expect_eq(options.idle_timeout_ms, 0);
    cr_expect_eq(options.service.limits.documents, 1000000);
    cr_expect_eq(options.service.limits.bytes, 64u << 20);
    cr_expect_eq(options.service.limits.milliseconds, 1000);
    cr_expect_eq(options.service.database.memory_max, 0);
    cr_expect_not(options.insecure);
    buffer_deinit(&message);
}

Test(serve_options, the_command_line_wins_over_the_environment)
{
    struct serve_options options;
    struct buffer message = {0};
    setenv("TENON_SCHEMA", "environment", 1);
    setenv("TENON_MAX_MEMORY", "2G", 1);
    setenv("TENON_MAX_REQUEST_BYTES", "1K", 1);
    setenv("TENON_INSECURE", "true", 1);
    setenv("TENON_LISTEN", "", 1);
    const char *arguments[] = {"--max-request-bytes=3M", "--max-documents", "5", NULL};
    cr_assert(read_arguments(&options, arguments, &message));
    cr_expect_str_eq(options.schema, "environment");
    cr_expect_str_eq(options.listen, "127.0.0.1:8366");
    cr_expect_eq(options.service.database.memory_max, 2ull << 30);
    cr_expect_eq(options.request_size_max, 3u << 20);
    cr_expect_eq(options.service.limits.documents, 5);
    cr_expect(options.insecure);
    buffer_deinit(&message);
}

Test(serve_options, wrong_ones_are_named)
{
    static const char *const rows[][4] = {
        {"--schema FILE must be given (see tenon serve --help)", NULL},
        {"there is no option --shema (see tenon serve --help)", "--shema", "s", NULL},
        {"there is no option x (see tenon serve --help)", "x", NULL},
        {"--schema needs a value", "--schema", NULL},
        {"--max-memory: \"1T\" is not a value for it", "--max-memory", "1T", NULL},
        {"--max-memory: \"-1\" is not a value for it", "--max-memory", "-1", NULL},
        {"--max-memory: \"\" is not a value for it", "--max-memory", "", NULL},
        {"--max-connections: \"0\" is not a value for it", "--max-connections", "0", NULL},
        {"--max-connections: \"1K\" is not a value for it", "--max-connections=1K", NULL},
        {"--max-buffer-bytes: \"1023K\" is not a value for it", "--max-buffer-bytes=1023K", NULL},
        {"--request-timeout-ms: \"1s\" is not a value for it", "--request-timeout-ms", "1s", NULL},
        {"--idle-timeout-ms: \"-1\" is not a value for it", "--idle-timeout-ms=-1", NULL},
        {"--tls-cert and --tls-key: give both, or neither", "--schema=s", "--tls-cert=c", NULL},
        {"--tls-cert and --tls-key: give both, or neither", "--schema=s", "--tls-key=k", NULL},
        {"--tls-client-ca: needs --tls-cert and --tls-key", "--schema=s", "--tls-client-ca=c",
         NULL},
        {"--insecure: \"yes\" is not a value for it", "--insecure=yes", NULL},
        {"--listen: \"8366\" is not HOST:PORT", "--schema=s", "--listen=8366", NULL},
        {"--max-request-bytes: at most 2 GiB less one byte", "--schema=s", "--max-request-bytes=2G",
         NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct serve_options options;
        struct buffer message = {0};
        cr_expect_not(read_arguments(&options, rows[i] + 1, &message), "row %zu", i);
        buffer_append_char(&message, '\0');
        cr_expect_str_eq(message.data, rows[i][0]);
        buffer_deinit(&message);
    }
}

Test(serve_options, sizes_take_binary_suffixes)
{
    static const struct {
        const char *text;
        bool valid;
        uint64_t size;
    } rows[] = {
        {"0", true, 0},
        {"1023", true, 1023},
        {"1K", true, 1024},
        {"16M", true, 16u << 20},
        {"8388607G", true, 8388607ull << 30},
        {"8589934591G", true, 8589934591ull << 30},
        {"8589934592G", false, 0},
        {"18446744073709551616", false, 0},
        {"1KB", false, 0},
        {"1k", false, 0},
        {"K", false, 0},
        {" 1", false, 0},
        {"+1", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t size = 0;
        cr_expect_eq(serve_options_parse_size(rows[i].text, &size), rows[i].valid, "%s",
                     rows[i].text);
        cr_expect_eq(size, rows[i].size, "%s", rows[i].text);
    }
}

Test(serve_options, addresses_are_split_at_the_last_colon)
{
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:8366", "127.0.0.1", 8366},
        {"[::1]:0", "::1", 0},
        {"localhost:65535", "localhost", 65535},
        {"localhost:65536", NULL, 0},
        {"localhost:", NULL, 0},
        {"localhost", NULL, 0},
        {":8366", NULL, 0},
        {"::1:8366", NULL, 0},
        {"[]:1", NULL, 0},
        {"[::1:1", NULL, 0},
        {"[:1", NULL, 0},
        {"123456789012345:1", "123456789012345", 1},
        {"1234567890123456:1", NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char host[16] = "";
        uint16_t port = 0;
        bool valid = serve_options_split_address(rows[i].text, host, sizeof(host), &port);
        cr_expect_eq(valid, rows[i].host != NULL, "%s", rows[i].text);
        if (valid && rows[i].host != NULL) {
            cr_expect_str_eq(host, rows[i].host);
            cr_expect_eq(port, rows[i].port);
        }
    }
}
