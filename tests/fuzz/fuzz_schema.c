/* Schema files: any text is a schema or is refused in one line, and what is written of a schema is
 * the same schema. */
#include "base/buffer.h"
#include "storage/schema.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

#include <assert.h>

static void check_schema(const struct schema *schema)
{
    struct buffer written = {0};
    struct buffer rewritten = {0};
    struct buffer message = {0};
    schema_write(&written, schema);
    struct schema *again = schema_read(buffer_slice(&written), "written", &message);
    assert(again != NULL && message.size == 0);
    schema_write(&rewritten, again);
    assert(slice_equal(buffer_slice(&written), buffer_slice(&rewritten)));
    schema_destroy(again);
    buffer_deinit(&written);
    buffer_deinit(&rewritten);
    buffer_deinit(&message);
}

void fuzz_schema(const uint8_t *data, size_t size)
{
    struct buffer message = {0};
    struct schema *schema = schema_read(input_slice(data, size), "input", &message);
    assert((schema == NULL) == (message.size > 0));
    if (schema == NULL) {
        assert(memchr(message.data, '\n', message.size) == NULL);
    } else {
        check_schema(schema);
    }
    schema_destroy(schema);
    buffer_deinit(&message);
}
