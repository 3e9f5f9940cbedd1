/* Certificates for tests of TLS, made anew in a folder: one that signs, those of a server and of a
 * client that it signed, and one of a stranger that signed itself.
 *
 *   ca.pem  server.pem server.key  client.pem client.key  stranger.pem stranger.key
 *
 * The server's is for localhost and 127.0.0.1. */
#ifndef TENON_TESTS_SUPPORT_CERTIFICATES_H
#define TENON_TESTS_SUPPORT_CERTIFICATES_H

struct certificates {
    char folder[64];
    char ca[96];
    char server[96];
    char server_key[96];
    char client[96];
    char client_key[96];
    char stranger[96];
    char stranger_key[96];
};

void certificates_make(struct certificates *certificates);

/* Makes the server's certificate anew, with another serial number and key. */
void certificates_renew_server(struct certificates *certificates);

void certificates_remove(struct certificates *certificates);

#endif
