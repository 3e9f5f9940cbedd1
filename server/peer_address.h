/* The address at the other end of a connection, as far as it tells clients apart.
 *
 * Of IPv6 these are the first 64 bits, because a host has all the others to itself; IPv4 stands in
 * the last 32, behind ::ffff. All zeros is the Unix socket. */
#ifndef TENON_SERVER_PEER_ADDRESS_H
#define TENON_SERVER_PEER_ADDRESS_H

#define PEER_ADDRESS_SIZE 16
#define PEER_TEXT_SIZE    64

struct sockaddr;

struct peer_address {
    unsigned char address[PEER_ADDRESS_SIZE];
};

/* The peer with the address, of IPv4 or IPv6. */
struct peer_address peer_address_of(const struct sockaddr *address);

/* Writes what people call it: an address, or "the Unix socket". */
void peer_address_describe(const struct peer_address *peer, char text[PEER_TEXT_SIZE]);

#endif
