/* The version of this tree. */
#ifndef TENON_SERVER_VERSION_H
#define TENON_SERVER_VERSION_H

#define TENON_VERSION "0.1.0"

#endif
