/* Requests: whatever is sent, the replies are JSON, no reply is an InternalError, and the database
 * stays whole.
 *
 * The input is lines: a schema, then messages. Where the first line is no schema, it is a message
 * to a database of one table. */
#include "tests/fuzz/input.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

#define MESSAGES_PER_CHECK 32

static void open_peer(struct peer *peer, struct slice *input)
{
    struct slice rest = *input;
    if (peer_init(peer, input_take_line(&rest))) {
        *input = rest;
        return;
    }
    bool opened = peer_init(peer, SLICE("{\"tables\":{\"things\":{\"indexes\":{\"by_v\":[\"v\"],"
                                        "\"by_w\":[\"w\",\"v.x\"]}}}}"));
    assert(opened);
}

void fuzz_requests(const uint8_t *data, size_t size)
{
    struct slice input = input_slice(data, size);
    struct peer peer;
    open_peer(&peer, &input);
    for (unsigned count = 1; input.size > 0; count++) {
        peer_send(&peer, input_take_line(&input));
        if (count % MESSAGES_PER_CHECK == 0) {
            database_check(peer.service->database);
        }
    }
    database_check(peer.service->database);
    peer_deinit(&peer);
}
