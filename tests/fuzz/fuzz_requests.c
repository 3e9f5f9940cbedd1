/* Requests: whatever is sent, the replies are JSON, no reply is an InternalError, and the database
 * stays whole.
 *
 * The input is lines: a schema, then messages. Where the first line is no schema, it is a message
 * to a database of one table. */
#include "tests/fuzz/input.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/targets.h"

#define MESSAGES_PER_CHECK 32

void fuzz_requests(const uint8_t *data, size_t size)
{
    struct slice input = input_slice(data, size);
    struct peer peer;
    peer_init_for(&peer, &input);
    for (unsigned count = 1; input.size > 0; count++) {
        peer_send(&peer, input_take_line(&input));
        if (count % MESSAGES_PER_CHECK == 0) {
            database_check(peer.service->database);
        }
    }
    database_check(peer.service->database);
    peer_deinit(&peer);
}
