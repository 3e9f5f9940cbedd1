/* The options of `tenon serve`: one table, read twice, for the environment and the command line. */
#include "server/options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ENVIRONMENT_NAME_SIZE 64
#define SYNC_INTERVAL_MAX_MS  60000
#define SEGMENT_SIZE_MAX      (1ull << 30)
#define BUFFER_SIZE_MAX_LEAST (1ull << 20)

const char serve_options_help[] =
    "Usage: tenon serve --schema FILE [options]\n"
    "\n"
    "  --schema FILE           the tables, their fields and indexes\n"
    "  --data DIR              keep the data in this directory (else it is in memory only)\n"
    "  --sync WHEN             always: before a reply; 100ms: as often; os: when it likes "
    "(always)\n"
    "  --snapshot-ratio N      write a snapshot when the journal has N times the bytes of the\n"
    "                          documents (2; 0: only when asked, and at the end)\n"
    "  --segment-bytes N       of one file of the journal (64M)\n"
    "  --max-walker-bytes N    that a snapshot or an export may hold back (64M)\n"
    "  --listen HOST:PORT      where to listen (127.0.0.1:8366; port 0 picks a free one)\n"
    "  --socket PATH           listen on this Unix socket too\n"
    "  --auth-file FILE        ask for tokens; FILE has the lines that tenon token prints\n"
    "  --tls-cert FILE         speak TLS over TCP with this certificate (PEM, its chain behind "
    "it)\n"
    "  --tls-key FILE          the certificate's private key (PEM)\n"
    "  --tls-client-ca FILE    let in only clients with a certificate that one of these signed\n"
    "  --insecure              allow an address that is not this machine's loopback without\n"
    "                          --auth-file\n"
    "  --max-connections N     connections at a time (10000)\n"
    "  --max-request-bytes N   of one message (16M)\n"
    "  --max-output-bytes N    that may wait for a client before it is not read any more (64M)\n"
    "  --max-buffer-bytes N    of requests and replies of all clients together (1G)\n"
    "  --request-timeout-ms N  for a message to come, from its first byte on (60000; 0: no limit)\n"
    "  --idle-timeout-ms N     that a client may neither send nor read (0: no limit)\n"
    "  --max-documents N       that one request may read (1000000)\n"
    "  --max-result-bytes N    that one request writes and returns (64M)\n"
    "  --max-request-ms N      that one request may run (1000)\n"
    "  --slow-log-ms N         requests that take as long are listed by slowlog (10)\n"
    "  --max-memory N          bytes of documents and indexes (0: no limit)\n"
    "  --help, --version\n"
    "\n"
    "Bytes may end in K, M or G. Every option can be given in the environment too, --max-memory "
    "as\n"
    "TENON_MAX_MEMORY; the command line wins.\n";

enum rule_kind { RULE_TEXT, RULE_SIZE, RULE_COUNT, RULE_FLAG };

struct rule {
    const char *name; /* with its dashes */
    enum rule_kind kind;
    void *target;   /* const char *, uint64_t or bool */
    uint64_t least; /* SIZE, COUNT: smallest value */
};

#define RULE_COUNT_MAX 32

struct rules {
    struct rule rules[RULE_COUNT_MAX];
    unsigned count;
};

static struct rules rules_for(struct serve_options *options)
{
    struct limits *limits = &options->service.limits;
    const struct rule rules[] = {
        {"--schema", RULE_TEXT, &options->schema, 0},
        {"--data", RULE_TEXT, &options->data, 0},
        {"--sync", RULE_TEXT, &options->sync, 0},
        {"--snapshot-ratio", RULE_COUNT, &options->store.snapshot_ratio, 0},
        {"--segment-bytes", RULE_SIZE, &options->store.segment_size, JOURNAL_SEGMENT_SIZE_MIN},
        {"--max-walker-bytes", RULE_SIZE, &options->store.walker_size_max, 1},
        {"--listen", RULE_TEXT, &options->listen, 0},
        {"--socket", RULE_TEXT, &options->socket, 0},
        {"--auth-file", RULE_TEXT, &options->auth_file, 0},
        {"--tls-cert", RULE_TEXT, &options->tls.certificate, 0},
        {"--tls-key", RULE_TEXT, &options->tls.key, 0},
        {"--tls-client-ca", RULE_TEXT, &options->tls.client_ca, 0},
        {"--insecure", RULE_FLAG, &options->insecure, 0},
        {"--max-connections", RULE_COUNT, &options->connections_max, 1},
        {"--max-request-bytes", RULE_SIZE, &options->request_size_max, 1},
        {"--max-output-bytes", RULE_SIZE, &options->output_size_max, 1},
        {"--max-buffer-bytes", RULE_SIZE, &options->buffer_size_max, BUFFER_SIZE_MAX_LEAST},
        {"--request-timeout-ms", RULE_COUNT, &options->request_timeout_ms, 0},
        {"--idle-timeout-ms", RULE_COUNT, &options->idle_timeout_ms, 0},
        {"--max-documents", RULE_COUNT, &limits->documents, 1},
        {"--max-result-bytes", RULE_SIZE, &limits->bytes, 1},
        {"--max-request-ms", RULE_COUNT, &limits->milliseconds, 1},
        {"--slow-log-ms", RULE_COUNT, &options->service.slow_ms, 0},
        {"--max-memory", RULE_SIZE, &options->service.database.memory_max, 0},
    };
    static_assert(COUNT_OF(rules) <= RULE_COUNT_MAX, "room for all rules");
    struct rules all = {.count = COUNT_OF(rules)};
    memcpy(all.rules, rules, sizeof(rules));
    return all;
}

static bool parse_number(const char *text, uint64_t *number, const char **end)
{
    if (*text < '0' || *text > '9') {
        return false;
    }
    char *stop;
    errno = 0;
    *number = strtoull(text, &stop, 10);
    *end = stop;
    return errno == 0;
}

bool serve_options_parse_size(const char *text, uint64_t *size)
{
    static const char suffixes[] = "KMG";
    const char *end;
    uint64_t number;
    if (!parse_number(text, &number, &end)) {
        return false;
    }
    unsigned shift = 0;
    const char *suffix = *end == '\0' ? NULL : strchr(suffixes, *end);
    if (suffix != NULL) {
        shift = 10 * ((unsigned)(suffix - suffixes) + 1);
        end += 1;
    }
    if (*end != '\0' || number > (UINT64_MAX >> 1) >> shift) {
        return false;
    }
    *size = number << shift;
    return true;
}

static bool parse_count(const char *text, uint64_t *count)
{
    const char *end;
    return parse_number(text, count, &end) && *end == '\0' && *count <= UINT64_MAX / 2 / 1000000;
}

static bool parse_flag(const char *text, bool *flag)
{
    *flag = strcmp(text, "1") == 0 || strcmp(text, "true") == 0;
    return *flag || strcmp(text, "0") == 0 || strcmp(text, "false") == 0;
}

/* Gives the rule's target the value that `text` says. `name` is what people called it. */
static bool rule_set(const struct rule *rule, const char *name, const char *text,
                     struct buffer *message)
{
    uint64_t number = 0;
    bool valid = true;
    switch (rule->kind) {
    case RULE_TEXT:
        *(const char **)rule->target = text;
        valid = *text != '\0';
        break;
    case RULE_SIZE:
        valid = serve_options_parse_size(text, &number);
        break;
    case RULE_COUNT:
        valid = parse_count(text, &number);
        break;
    case RULE_FLAG:
        valid = parse_flag(text, rule->target);
        break;
    }
    if (!valid || number < rule->least) {
        buffer_append_format(message, "%s: \"%s\" is not a value for it", name, text);
        return false;
    }
    if (rule->kind == RULE_SIZE || rule->kind == RULE_COUNT) {
        *(uint64_t *)rule->target = number;
    }
    return true;
}

/* TENON_MAX_MEMORY for --max-memory. */
static void environment_name(const char *name, char environment[ENVIRONMENT_NAME_SIZE])
{
    snprintf(environment, ENVIRONMENT_NAME_SIZE, "TENON_%s", name + 2);
    for (char *next = environment; *next != '\0'; next++) {
        if (*next == '-') {
            *next = '_';
        } else if (*next >= 'a' && *next <= 'z') {
            *next = (char)(*next - 'a' + 'A');
        }
    }
}

static bool read_environment(const struct rules *rules, struct buffer *message)
{
    for (unsigned i = 0; i < rules->count; i++) {
        char name[ENVIRONMENT_NAME_SIZE];
        environment_name(rules->rules[i].name, name);
        const char *text = getenv(name);
        if (text != NULL && *text != '\0' && !rule_set(&rules->rules[i], name, text, message)) {
            return false;
        }
    }
    return true;
}

/* The rule for the argument `--name` or `--name=value`, or NULL. */
static const struct rule *find_rule(const struct rules *rules, const char *argument)
{
    size_t size = strcspn(argument, "=");
    for (unsigned i = 0; i < rules->count; i++) {
        const char *name = rules->rules[i].name;
        if (strlen(name) == size && memcmp(name, argument, size) == 0) {
            return &rules->rules[i];
        }
    }
    return NULL;
}

/* Reads the option at *position, which becomes that of its last argument. */
static bool read_option(const struct rules *rules, int argc, char **argv, int *position,
                        struct buffer *message)
{
    const char *argument = argv[*position];
    const struct rule *rule = find_rule(rules, argument);
    if (rule == NULL) {
        buffer_append_format(message, "there is no option %s (see tenon serve --help)", argument);
        return false;
    }
    const char *equals = strchr(argument, '=');
    if (equals != NULL) {
        return rule_set(rule, rule->name, equals + 1, message);
    }
    if (rule->kind == RULE_FLAG) {
        return rule_set(rule, rule->name, "1", message);
    }
    *position += 1;
    if (*position == argc) {
        buffer_append_format(message, "%s needs a value", argument);
        return false;
    }
    return rule_set(rule, rule->name, argv[*position], message);
}

static struct serve_options default_options(void)
{
    return (struct serve_options){
        .listen = "127.0.0.1:8366",
        .request_size_max = 16 * 1024 * 1024,
        .output_size_max = 64 * 1024 * 1024,
        .buffer_size_max = 1024 * 1024 * 1024,
        .connections_max = 10000,
        .request_timeout_ms = 60000,
        .sync = "always",
        .service = service_default_options(),
        .store = store_default_options(),
    };
}

/* Reads --sync: always, os, or a number of milliseconds and `ms`. */
static bool parse_sync(const char *text, struct store_options *store)
{
    const char *end;
    if (strcmp(text, "always") == 0) {
        store->sync = JOURNAL_SYNC_ALWAYS;
        return true;
    }
    if (strcmp(text, "os") == 0) {
        store->sync = JOURNAL_SYNC_SYSTEM;
        return true;
    }
    store->sync = JOURNAL_SYNC_INTERVAL;
    return parse_number(text, &store->sync_interval_ms, &end) && strcmp(end, "ms") == 0 &&
           store->sync_interval_ms >= 1 && store->sync_interval_ms <= SYNC_INTERVAL_MAX_MS;
}

static bool check_store_options(struct serve_options *options, struct buffer *message)
{
    struct store_options *store = &options->store;
    if (!parse_sync(options->sync, store)) {
        buffer_append_format(message, "--sync: \"%s\" is not always, os or a time such as 100ms",
                             options->sync);
        return false;
    }
    if (store->segment_size > SEGMENT_SIZE_MAX) {
        buffer_append_format(message, "--segment-bytes: at most 1G");
        return false;
    }
    store->segment_size -= store->segment_size % JOURNAL_BLOCK_SIZE;
    store->directory = options->data;
    options->service.walker_size_max = store->walker_size_max;
    return true;
}

static bool check_tls_options(const struct tls_options *tls, struct buffer *message)
{
    if ((tls->certificate == NULL) != (tls->key == NULL)) {
        buffer_append_format(message, "--tls-cert and --tls-key: give both, or neither");
        return false;
    }
    if (tls->client_ca != NULL && tls->certificate == NULL) {
        buffer_append_format(message, "--tls-client-ca: needs --tls-cert and --tls-key");
        return false;
    }
    return true;
}

static bool check_options(const struct serve_options *options, struct buffer *message)
{
    char host[64];
    uint16_t port;
    if (options->schema == NULL) {
        buffer_append_format(message, "--schema FILE must be given (see tenon serve --help)");
        return false;
    }
    if (options->request_size_max > UINT32_MAX / 2) {
        buffer_append_format(message, "--max-request-bytes: at most 2 GiB less one byte");
        return false;
    }
    if (!serve_options_split_address(options->listen, host, sizeof(host), &port)) {
        buffer_append_format(message, "--listen: \"%s\" is not HOST:PORT", options->listen);
        return false;
    }
    return true;
}

bool serve_options_read(struct serve_options *options, int argc, char **argv,
                        struct buffer *message)
{
    *options = default_options();
    struct rules rules = rules_for(options);
    if (!read_environment(&rules, message)) {
        return false;
    }
    for (int i = 1; i < argc; i++) {
        options->help |= strcmp(argv[i], "--help") == 0;
        options->version |= strcmp(argv[i], "--version") == 0;
        if (options->help || options->version) {
            return true;
        }
        if (!read_option(&rules, argc, argv, &i, message)) {
            return false;
        }
    }
    return check_store_options(options, message) && check_tls_options(&options->tls, message) &&
           check_options(options, message);
}

bool serve_options_split_address(const char *text, char *host, size_t host_size, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    uint64_t number;
    if (colon == NULL || !parse_count(colon + 1, &number) || number > UINT16_MAX) {
        return false;
    }
    size_t size = (size_t)(colon - text);
    if (*text == '[') {
        if (size < 2 || colon[-1] != ']') {
            return false;
        }
        text += 1;
        size -= 2;
    } else if (memchr(text, ':', size) != NULL) {
        return false;
    }
    if (size == 0 || size >= host_size) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    *port = (uint16_t)number;
    return true;
}
