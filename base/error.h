/* Errors that a user sees: a code, a name, a message, and the data that says where.
 *
 * Of the three kinds of error in Tenon this is the one for users. A bug is an assert, and what
 * the world does (files, sockets) is an enum of the module that met it.
 *
 * An error belongs to one request. Its texts live in the arena it was made with, or are
 * literals. Functions that can fail take a `struct error *` last and return false after they
 * have set it; an error that is set already is never set again. */
#ifndef TENON_BASE_ERROR_H
#define TENON_BASE_ERROR_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

/* X(constant, code on the wire, name on the wire, when it arises) */
#define ERROR_CODES(X)                                                                             \
    X(ERROR_PARSE, -32700, "ParseError", "The text is not JSON.")                                  \
    X(ERROR_INVALID_REQUEST, -32600, "InvalidRequest", "The JSON is not a request.")               \
    X(ERROR_METHOD_NOT_FOUND, -32601, "MethodNotFound", "There is no such method.")                \
    X(ERROR_INVALID_PARAMS, -32602, "InvalidParams", "Wrong names or types of params.")            \
    X(ERROR_INTERNAL, -32603, "InternalError", "A bug in Tenon.")                                  \
    X(ERROR_UNAVAILABLE, -32000, "Unavailable", "Shutting down, or too many connections.")         \
    X(ERROR_UNAUTHENTICATED, -32001, "Unauthenticated", "A request before a valid auth.")          \
    X(ERROR_FORBIDDEN, -32002, "Forbidden", "The token's role does not allow the method.")         \
    X(ERROR_READ_ONLY, -32003, "ReadOnly", "Writes are refused for now.")                          \
    X(ERROR_DOCUMENT_NOT_FOUND, 1, "DocumentNotFound", "The document is not there.")               \
    X(ERROR_NOT_UNIQUE, 2, "NotUnique", "More than one document was found.")                       \
    X(ERROR_SCHEMA_VIOLATION, 3, "SchemaViolation", "The document does not match its schema.")     \
    X(ERROR_INVALID_ID, 4, "InvalidId", "The id is malformed, or of another table.")               \
    X(ERROR_UNKNOWN_TABLE, 5, "UnknownTable", "The schema has no such table.")                     \
    X(ERROR_UNKNOWN_INDEX, 6, "UnknownIndex", "The table has no such index.")                      \
    X(ERROR_INVALID_INDEX_RANGE, 7, "InvalidIndexRange", "The range does not fit the index.")      \
    X(ERROR_UNIQUE_VIOLATION, 8, "UniqueViolation", "A unique index has the key already.")         \
    X(ERROR_NULL_REFERENCE, 10, "NullReference", "A field of null or of a missing value.")         \
    X(ERROR_ASSERT_FAILED, 11, "AssertFailed", "An assert of a program failed.")                   \
    X(ERROR_INVALID_CURSOR, 12, "InvalidCursor", "The cursor does not belong to this read.")       \
    X(ERROR_LIMIT_EXCEEDED, 13, "LimitExceeded", "A limit was exceeded.")                          \
    X(ERROR_INVALID_VALUE, 14, "InvalidValue", "A value that Tenon does not store.")               \
    X(ERROR_TYPE_MISMATCH, 15, "TypeMismatch", "A value of a type that is not taken here.")        \
    X(ERROR_ARITHMETIC, 16, "ArithmeticError", "int64 overflow, or division by zero.")

enum error_code {
    ERROR_NONE,
#define ERROR_CONSTANT(constant, code, name, text) constant,
    ERROR_CODES(ERROR_CONSTANT)
#undef ERROR_CONSTANT
        ERROR_CODE_COUNT
};

struct error {
    struct arena *arena;  /* where texts are made */
    enum error_code code; /* ERROR_NONE until it is set */
    struct slice message; /* for people; plain UTF-8, not JSON-escaped */
    /* These are absent where .data is NULL. From the path to the id they are canonical: as they
     * stand between the quotes of canonical JSON. */
    struct slice path; /* a JSON pointer into params */
    struct slice table;
    struct slice index;
    struct slice field;
    struct slice id;
    struct slice limit;    /* LimitExceeded: its name */
    struct slice reason;   /* ReadOnly */
    struct slice outcome;  /* ReadOnly: "refused" or "unknown" */
    struct value value;    /* absent where VALUE_MISSING */
    int64_t offset;        /* ParseError: bytes into the message; else -1 */
    const uint32_t *items; /* positions in the asyncMaps around the step, outermost first */
    uint32_t item_count;
};

/* Makes `error` empty; its texts will go into `arena`. */
void error_init(struct error *error, struct arena *arena);

/* Sets code and message, if none is set yet. Returns false, so that a function may end with it. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Puts `token` (a name, or a number in decimal) at the head of the path: an error that is found
 * deep down gets its path piece by piece on the way up. `token` is canonical; `~` and `/` in it
 * are escaped here. Does nothing while no error is set. */
void error_prefix_path(struct error *error, struct slice token);
void error_prefix_path_index(struct error *error, uint32_t index);

/* The code on the wire and the name of `code`, which is not ERROR_NONE. */
int error_code_number(enum error_code code);
const char *error_code_name(enum error_code code);

#endif
