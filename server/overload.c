/* What connections hold together. See overload.h. */
#include "server/overload.h"

#include "server/connection.h"
#include "server/server.h"

bool overload_is_reached(const struct server *server)
{
    return server->buffered > server->options->buffer_size_max;
}

size_t overload_output_max(const struct server *server)
{
    const struct serve_options *options = server->options;
    if (server->buffered <= options->buffer_size_max / 4) {
        return options->output_size_max;
    }
    uint64_t share =
        options->buffer_size_max / 8 / (server->service->counters.connections_open + 1);
    return share < options->output_size_max ? share : options->output_size_max;
}

/* The connection whose buffers hold most. There is one. */
static struct connection *find_largest(const struct server *server)
{
    const struct link *link = server->connections.next;
    struct connection *largest = LINK_OWNER(link, struct connection, all);
    for (; link != &server->connections; link = link->next) {
        struct connection *connection = LINK_OWNER(link, struct connection, all);
        largest = connection->buffered > largest->buffered ? connection : largest;
    }
    return largest;
}

/* Says it once, until there was room again: clients decide how often connections close. */
static void tell_people(struct server *server)
{
    if (!server->overloaded) {
        log_limit_line(&server->log_limit, LOG_OVERLOAD,
                       "requests and replies of clients reached --max-buffer-bytes: connections "
                       "with the largest are closed (info counts them under connections.evicted)");
    }
    server->overloaded = true;
}

void overload_relieve(struct server *server)
{
    while (overload_is_reached(server)) {
        tell_people(server);
        server->service->counters.connections_evicted += 1;
        connection_close(find_largest(server));
    }
    server->overloaded &= server->buffered > server->options->buffer_size_max / 2;
}
