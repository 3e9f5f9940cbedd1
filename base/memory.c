/* Memory from the C library, checked. */
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static void *memory_check(void *pointer, size_t size)
{
    if (pointer == NULL) {
        fprintf(stderr, "tenon: out of memory (%zu bytes asked for)\n", size);
        abort();
    }
    return pointer;
}

void *memory_allocate(size_t size)
{
    return memory_check(malloc(size > 0 ? size : 1), size);
}

void *memory_allocate_zeroed(size_t count, size_t size)
{
    size_t least = count > 0 && size > 0 ? size : 1;
    return memory_check(calloc(count > 0 ? count : 1, least), size);
}

void *memory_resize(void *pointer, size_t size)
{
    return memory_check(realloc(pointer, size > 0 ? size : 1), size);
}

void memory_release(void *pointer)
{
    free(pointer);
}
