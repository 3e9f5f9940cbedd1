/* Memory from the C library, for whatever lives long and is not a document.
 *
 * Out of memory aborts the process with a message: what may grow is limited where data enters,
 * so an allocation that fails is not an error that a request could be told. */
#ifndef TENON_BASE_MEMORY_H
#define TENON_BASE_MEMORY_H

#include <stddef.h>

/* Returns `size` bytes, uninitialised; the caller owns them. */
void *memory_allocate(size_t size) __attribute__((malloc, returns_nonnull));

/* Returns `count` times `size` zero bytes; the caller owns them. */
void *memory_allocate_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Returns `pointer` (NULL allowed) grown or shrunk to `size` bytes. */
void *memory_resize(void *pointer, size_t size) __attribute__((returns_nonnull));

/* Gives memory back; NULL is allowed. */
void memory_release(void *pointer);

#endif
