/* Peers. See peer_address.h. */
#include "server/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define IP4_PREFIX_SIZE  12
#define IP6_NETWORK_SIZE 8

static const unsigned char ip4_prefix[IP4_PREFIX_SIZE] = {[10] = 0xff, [11] = 0xff};

struct peer_address peer_address_of(const struct sockaddr *address)
{
    struct peer_address peer = {{0}};
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *ip4 = (const struct sockaddr_in *)(const void *)address;
        memcpy(peer.address, ip4_prefix, IP4_PREFIX_SIZE);
        memcpy(peer.address + IP4_PREFIX_SIZE, &ip4->sin_addr, sizeof(ip4->sin_addr));
        return peer;
    }
    const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)(const void *)address;
    memcpy(peer.address, &ip6->sin6_addr, PEER_ADDRESS_SIZE);
    if (memcmp(peer.address, ip4_prefix, IP4_PREFIX_SIZE) != 0) {
        memset(peer.address + IP6_NETWORK_SIZE, 0, PEER_ADDRESS_SIZE - IP6_NETWORK_SIZE);
    }
    return peer;
}

void peer_address_describe(const struct peer_address *peer, char text[PEER_TEXT_SIZE])
{
    static const struct peer_address unix_socket;
    char address[INET6_ADDRSTRLEN] = "";
    if (memcmp(peer, &unix_socket, sizeof(*peer)) == 0) {
        snprintf(text, PEER_TEXT_SIZE, "the Unix socket");
    } else if (memcmp(peer->address, ip4_prefix, IP4_PREFIX_SIZE) == 0) {
        inet_ntop(AF_INET, peer->address + IP4_PREFIX_SIZE, text, PEER_TEXT_SIZE);
    } else {
        inet_ntop(AF_INET6, peer->address, address, sizeof(address));
        snprintf(text, PEER_TEXT_SIZE, "%s/64", address);
    }
}
