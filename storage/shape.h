/* Shapes: the field names that documents of a table share.
 *
 * Documents with the same names in the same order have the same shape, so a document stores no
 * names besides those in its text, and what follows from the names alone is worked out once: where
 * the fields of every index are, which type each field must have, whether one is missing or too
 * many. A shape is interned in its table and counted: it goes with its last document. */
#ifndef TENON_STORAGE_SHAPE_H
#define TENON_STORAGE_SHAPE_H

#include "base/macros.h"
#include "base/slice.h"
#include "base/value.h"
#include "storage/type.h"

#include <stdbool.h>
#include <stdint.h>

struct table;

/* The fields that every document begins with. */
#define SHAPE_ID            0
#define SHAPE_CREATION_TIME 1
#define SHAPE_USER_FIELDS   2

#define SHAPE_NO_FIELD      UINT32_MAX

/* What stands around a field's name in a document's text: ,"":  */
#define SHAPE_NAME_OVERHEAD 4

struct shape {
    struct table *table;
    uint64_t references;       /* documents of this shape, and holders for a moment */
    uint64_t serial;           /* never given twice, unlike the address: for caches of positions */
    uint64_t hash;             /* of the names */
    struct shape *next;        /* with the same bucket in the table */
    size_t size;               /* bytes of this allocation */
    bool conforms;             /* the names are those that the table's type demands */
    uint32_t field_count;      /* `_id` and `_creationTime` among them */
    const struct slice *names; /* canonical, in the order of the document */
    const struct type **types; /* for each field, or NULL where nothing is demanded */
    uint32_t *index_positions; /* the table's indexes' paths, one behind the other: the position
                                * of the path's first name, or SHAPE_NO_FIELD */
    uint32_t *slots;           /* names by hash, for more than a few fields; position + 1 or 0 */
    uint32_t slot_mask;
};

/* Finds or makes the shape of the user's fields `fields` (names distinct; those with missing
 * values count as not there) and takes a reference to it. */
struct shape *shape_acquire(struct table *table, const struct value_field *fields, uint32_t count);

void shape_release(struct shape *shape);

/* The position of the field `name`, or SHAPE_NO_FIELD. */
uint32_t shape_find(const struct shape *shape, struct slice name);

/* Where a name was in the shape that was looked at last; zeroed: in none yet. */
struct shape_place {
    uint64_t serial;
    uint32_t position;
    uint32_t gap; /* bytes between the field's value and the next field's; 0: there is none */
};

/* Makes `place` that of the name in the shape. */
void shape_find_place(const struct shape *shape, struct slice name, struct shape_place *place);

/* The same as shape_find for a place that always keeps the same name. */
static inline uint32_t shape_find_again(const struct shape *shape, struct slice name,
                                        struct shape_place *place)
{
    if (UNLIKELY(place->serial != shape->serial)) {
        shape_find_place(shape, name, place);
    }
    return place->position;
}

#endif
