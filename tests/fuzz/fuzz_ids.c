/* Ids: what decodes is encoded as it was, and any id decodes to itself.
 *
 * The input is read twice: as the text of an id, and as a table number and a body. */
#include "storage/id.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

static void check_text(struct slice text)
{
    struct id id;
    if (!id_decode(text, &id)) {
        assert(id_table_number(text) == 0);
        return;
    }
    char again[ID_TEXT_SIZE_MAX];
    assert(id.table_number > 0 && id_table_number(text) == id.table_number);
    assert(slice_equal(slice_make(again, id_encode(&id, again)), text));
}

static void check_id(struct slice bytes)
{
    struct id id = {0};
    for (unsigned i = 0; i < 4; i++) {
        id.table_number = id.table_number << 8 | input_take_byte(&bytes);
    }
    id.table_number += id.table_number == 0;
    for (unsigned i = 0; i < ID_BODY_SIZE; i++) {
        id.body[i] = input_take_byte(&bytes);
    }
    char text[ID_TEXT_SIZE_MAX];
    struct slice encoded = slice_make(text, id_encode(&id, text));
    assert(encoded.size >= ID_TEXT_SIZE_MIN && encoded.size <= ID_TEXT_SIZE_MAX);
    struct id again;
    bool decoded = id_decode(encoded, &again);
    assert(decoded && again.table_number == id.table_number);
    assert(memcmp(again.body, id.body, ID_BODY_SIZE) == 0);
    size_t number_size = encoded.size * 5 / 8 - ID_BODY_SIZE - 2;
    uint64_t hint = 0;
    for (unsigned i = 0; i < 8; i++) {
        hint = hint << 8 | (uint8_t)text[number_size * 8 / 5 + i];
    }
    assert(id_hint(encoded) == hint);
    check_text(encoded);
}

void fuzz_ids(const uint8_t *data, size_t size)
{
    check_text(input_slice(data, size));
    check_id(input_slice(data, size));
}
