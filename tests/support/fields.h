/* Documents for tests, from JSON. */
#ifndef TENON_TESTS_SUPPORT_FIELDS_H
#define TENON_TESTS_SUPPORT_FIELDS_H

#include "base/arena.h"
#include "base/value.h"

#include <stdint.h>

/* The fields of the object that `text` is, in the arena; asserts that it is one. */
const struct value_field *fields_from_json(struct arena *arena, const char *text, uint32_t *count);

#endif
