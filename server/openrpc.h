/* The OpenRPC document: every method with its params, made from the tables of methods. */
#ifndef TENON_SERVER_OPENRPC_H
#define TENON_SERVER_OPENRPC_H

#include "base/buffer.h"
#include "server/methods.h"

/* Appends the document (OpenRPC 1.3.2) as canonical JSON. */
void openrpc_write(struct buffer *buffer, const struct methods *methods);

#endif
