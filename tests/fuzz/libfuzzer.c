/* What libFuzzer calls; compiled once for each target, with FUZZ_TARGET its function.
 *
 * Bytes changed at random are rarely JSON, so two mutations of three take a line of the input that
 * is JSON as a tree, and move its nodes about. */
#include "tests/fuzz/targets.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <string.h>

#define NODES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FUZZ_TARGET(data, size);
    return 0;
}

static unsigned random_below(unsigned *seed, unsigned count)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % count;
}

/* The nodes below `root`, parents before their children, each with its parent beside it. */
struct nodes {
    cJSON *nodes[NODES_MAX];
    cJSON *parents[NODES_MAX];
    unsigned count;
};

static void collect_nodes(struct nodes *nodes, cJSON *root)
{
    nodes->nodes[0] = root;
    nodes->parents[0] = NULL;
    nodes->count = 1;
    for (unsigned i = 0; i < nodes->count; i++) {
        cJSON *child = NULL;
        cJSON_ArrayForEach(child, nodes->nodes[i])
        {
            if (nodes->count == NODES_MAX) {
                return;
            }
            nodes->nodes[nodes->count] = child;
            nodes->parents[nodes->count] = nodes->nodes[i];
            nodes->count += 1;
        }
    }
}

/* A value at an edge of something. */
static cJSON *make_value(unsigned *seed)
{
    static const char *const texts[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-0.0",
                                        "1",
                                        "-1",
                                        "1e308",
                                        "9007199254740992",
                                        "0.5",
                                        "\"\"",
                                        "\"a\"",
                                        "\"\\u0000\"",
                                        "\"$it\"",
                                        "\"$args.a\"",
                                        "\"desc\"",
                                        "\"_id\"",
                                        "\"_creationTime\"",
                                        "\"by_id\"",
                                        "\"by_creation_time\"",
                                        "[]",
                                        "{}",
                                        "[[]]",
                                        "{\"$undefined\":null}",
                                        "{\"$integer\":\"AQAAAAAAAAA=\"}",
                                        "{\"$integer\":\"AAAAAAAAAIA=\"}",
                                        "{\"$float\":\"AAAAAAAA+H8=\"}",
                                        "{\"$bytes\":\"AP8=\"}",
                                        "{\"$literal\":[]}",
                                        "{\"$spread\":\"$it\"}"};
    return cJSON_Parse(texts[random_below(seed, sizeof(texts) / sizeof(texts[0]))]);
}

/* Puts `value` at the place of `node`, under the same name. */
static void replace_node(cJSON *parent, cJSON *node, cJSON *value)
{
    if (node->string != NULL) {
        cJSON *named = cJSON_CreateObject();
        cJSON_AddItemToObject(named, node->string, value);
        value = cJSON_DetachItemViaPointer(named, value);
        cJSON_Delete(named);
    }
    cJSON_ReplaceItemViaPointer(parent, node, value);
}

static void add_copy(cJSON *container, const cJSON *node)
{
    cJSON *copy = cJSON_Duplicate(node, true);
    if (cJSON_IsArray(container)) {
        cJSON_AddItemToArray(container, copy);
    } else if (cJSON_IsObject(container) && node->string != NULL &&
               !cJSON_HasObjectItem(container, node->string)) {
        cJSON_AddItemToObject(container, node->string, copy);
    } else {
        cJSON_Delete(copy);
    }
}

static void mutate_tree(cJSON *root, unsigned *seed)
{
    static struct nodes nodes;
    collect_nodes(&nodes, root);
    if (nodes.count < 2) {
        return;
    }
    unsigned at = 1 + random_below(seed, nodes.count - 1);
    cJSON *node = nodes.nodes[at];
    const cJSON *other = nodes.nodes[random_below(seed, nodes.count)];
    switch (random_below(seed, 5)) {
    case 0:
        cJSON_Delete(cJSON_DetachItemViaPointer(nodes.parents[at], node));
        break;
    case 1:
        replace_node(nodes.parents[at], node, make_value(seed));
        break;
    case 2:
        add_copy(node, other);
        break;
    default:
        replace_node(nodes.parents[at], node, cJSON_Duplicate(other, true));
        break;
    }
}

struct line {
    size_t start;
    size_t size;
};

static struct line choose_line(const uint8_t *data, size_t size, unsigned *seed)
{
    size_t at = random_below(seed, (unsigned)size);
    struct line line = {.start = at};
    while (line.start > 0 && data[line.start - 1] != '\n') {
        line.start -= 1;
    }
    while (at < size && data[at] != '\n') {
        at += 1;
    }
    line.size = at - line.start;
    return line;
}

/* The size of the new input; 0 where the line was no JSON, or became too long. */
static size_t replace_line(uint8_t *data, size_t size, size_t size_max, unsigned *seed)
{
    struct line line = choose_line(data, size, seed);
    cJSON *root = cJSON_ParseWithLength((const char *)data + line.start, line.size);
    if (root == NULL) {
        return 0;
    }
    for (unsigned count = 1 + random_below(seed, 3); count > 0; count--) {
        mutate_tree(root, seed);
    }
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    size_t text_size = strlen(text);
    size_t changed = size - line.size + text_size;
    if (changed <= size_max) {
        size_t rest = line.start + line.size;
        memmove(data + line.start + text_size, data + rest, size - rest);
        memcpy(data + line.start, text, text_size);
    }
    cJSON_free(text);
    return changed <= size_max ? changed : 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    size_t changed = 0;
    if (size > 0 && random_below(&seed, 3) > 0) {
        changed = replace_line(data, size, size_max, &seed);
    }
    return changed > 0 ? changed : LLVMFuzzerMutate(data, size, size_max);
}
