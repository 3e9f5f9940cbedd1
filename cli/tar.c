/* Archives: see the header. */
#include "cli/tar.h"

#include <assert.h>
#include <string.h>

#define BLOCK_SIZE 512

/* The places in a header. */
enum {
    NAME = 0,
    MODE = 100,
    OWNER = 108,
    GROUP = 116,
    SIZE = 124,
    TIME = 136,
    CHECKSUM = 148,
    KIND = 156,
    MAGIC = 257
};

#define SIZE_DIGITS    11
#define SIZE_OCTAL_MAX ((1ull << 33) - 1)

/* Larger files have their size in binary, big-endian, with the first bit set, as GNU has it. */
static void write_size(char *place, uint64_t size)
{
    if (size <= SIZE_OCTAL_MAX) {
        snprintf(place, SIZE_DIGITS + 1, "%011llo", (unsigned long long)size);
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        place[SIZE_DIGITS - i] = (char)(unsigned char)(size >> (8 * i));
    }
    place[0] = (char)0x80;
}

bool tar_write_header(FILE *archive, const char *name, uint64_t size)
{
    char block[BLOCK_SIZE] = {0};
    unsigned sum = 0;
    assert(strlen(name) <= TAR_NAME_SIZE_MAX);
    memcpy(block + NAME, name, strlen(name));
    memcpy(block + MODE, "0000644", 7);
    memcpy(block + OWNER, "0000000", 7);
    memcpy(block + GROUP, "0000000", 7);
    write_size(block + SIZE, size);
    memcpy(block + TIME, "00000000000", 11);
    memset(block + CHECKSUM, ' ', 8);
    block[KIND] = '0';
    memcpy(block + MAGIC,
           "ustar\0"
           "00",
           8);
    for (unsigned i = 0; i < BLOCK_SIZE; i++) {
        sum += (unsigned char)block[i];
    }
    snprintf(block + CHECKSUM, 7, "%06o", sum);
    return fwrite(block, 1, BLOCK_SIZE, archive) == BLOCK_SIZE;
}

static bool write_zeros(FILE *archive, size_t size)
{
    static const char zeros[2 * BLOCK_SIZE];
    return fwrite(zeros, 1, size, archive) == size;
}

bool tar_write_padding(FILE *archive, uint64_t size)
{
    return write_zeros(archive, (size_t)(-size % BLOCK_SIZE));
}

bool tar_write_end(FILE *archive)
{
    return write_zeros(archive, (size_t)2 * BLOCK_SIZE);
}
