/* Reads by an index: the helpers that follow references, and collect and its kin. All of them walk
 * documents of one range through a reader (relations/reader.h); pages are in page.c. */
#include "relations/ahead.h"
#include "relations/page.h"
#include "relations/reader.h"

#include <assert.h>

/* Errors of the helpers, with the texts of convex-helpers. */

static bool fail_not_unique(struct run *run, const struct step *step, const struct document *first,
                            const struct document *second)
{
    struct slice a = document_id(first);
    struct slice b = document_id(second);
    error_set(run->error, ERROR_NOT_UNIQUE,
              "unique() query returned more than one result from table %.*s:\n [%.*s, %.*s, ...]",
              SLICE_FORMAT(step->table->name), SLICE_FORMAT(a), SLICE_FORMAT(b));
    run->error->table = step->table->name;
    run->error->index = step->range.index->name;
    return false;
}

static bool fail_nothing(struct run *run, const struct step *step)
{
    struct slice value = reader_helper_value(run, step);
    struct slice field = range_field_name(step->range.index, 0);
    error_set(run->error, ERROR_DOCUMENT_NOT_FOUND,
              "Can't find a document in %.*s with field %.*s equal to %.*s",
              SLICE_FORMAT(step->table->name), SLICE_FORMAT(field), SLICE_FORMAT(value));
    reader_name_read(run, step);
    return false;
}

/* The reads. */

/* The range in whatever form. */
static bool find_range(struct run *run, const struct step *step, struct range *range)
{
    const struct range_part *failed;
    return range_find(run, &step->range, ahead_find(run, step), range, &failed) ||
           step_fail_at_range(run, step, failed);
}

static bool read_first(struct reader *reader, struct value *result)
{
    const struct entry *entry = NULL;
    *result = VALUE_IS(VALUE_NULL);
    if (!reader_next(reader, 1, UINT64_MAX, &entry)) {
        return false;
    }
    return !entry || reader_value(reader, entry, false, result);
}

static bool read_unique(struct reader *reader, struct value *result)
{
    const struct entry *entry = NULL;
    struct run *run = reader->run;
    const struct step *step = reader->step;
    if (!reader_next(reader, 2, UINT64_MAX, &entry)) {
        return false;
    }
    if (!entry) {
        *result = VALUE_IS(VALUE_NULL);
        return !step->method->or_throw || fail_nothing(run, step);
    }
    struct entry first = *entry;
    if (!reader_next(reader, 1, UINT64_MAX, &entry)) {
        return false;
    }
    if (entry) {
        return fail_not_unique(run, step, first.document, entry->document);
    }
    return reader_value(reader, &first, false, result);
}

static bool read_count(struct reader *reader, struct value *result)
{
    uint64_t count = 0;
    if (!reader->step->filter) {
        *result = value_from_number((double)(reader_left(reader)));
        return true;
    }
    const struct entry *entry = NULL;
    do {
        if (!reader_next(reader, READ_AHEAD, UINT64_MAX, &entry)) {
            return false;
        }
        count += entry ? 1 : 0;
    } while (entry);
    *result = value_from_number((double)count);
    return true;
}

static bool read_exists(struct reader *reader, struct value *result)
{
    const struct entry *entry = NULL;
    if (!reader->step->filter) {
        *result = value_from_bool(reader_left(reader) > 0);
        return true;
    }
    if (!reader_next(reader, READ_AHEAD, UINT64_MAX, &entry)) {
        return false;
    }
    *result = value_from_bool(entry != NULL);
    return true;
}

static bool take_with_link(struct run *run, const struct step *step, bool *with_link)
{
    struct value value;
    *with_link = false;
    if (!step_has_argument(step, PARAM_WITH_LINK)) {
        return true;
    }
    if (!step_argument(run, step, PARAM_WITH_LINK, &value)) {
        return false;
    }
    *with_link = value.kind == VALUE_TRUE;
    return value_is_boolean(value) || step_mismatch(run, step, PARAM_WITH_LINK, "a boolean", value);
}

/* Collects a range in whatever form. */
static bool run_collect(struct run *run, const struct step *step, uint64_t most, bool with_link,
                        struct value *result)
{
    struct range range;
    struct reader reader;
    return find_range(run, step, &range) && reader_open(&reader, run, step, &range) &&
           reader_collect(&reader, most, with_link, result);
}

/* getManyFrom and getManyVia. */
static bool run_many(struct run *run, const struct step *step, struct value *result)
{
    uint64_t most = UINT64_MAX;
    bool with_link;
    if (LIKELY(step->argument_count == 0)) {
        return run_collect(run, step, most, false, result);
    }
    if (!take_with_link(run, step, &with_link)) {
        return false;
    }
    if (step_has_argument(step, PARAM_PAGINATE)) {
        return page_run_many(run, step, with_link, result);
    }
    if (step_has_argument(step, PARAM_TAKE) &&
        !step_whole_number(run, step, PARAM_TAKE, 0, UINT32_MAX, &most)) {
        return false;
    }
    return run_collect(run, step, most, with_link, result);
}

bool read_run(struct run *run, const struct step *step, struct value *result)
{
    struct range range;
    struct reader reader;
    uint64_t most = UINT64_MAX;
    switch (step->method->kind) {
    case METHOD_GET_MANY_FROM:
    case METHOD_GET_MANY_VIA:
        return run_many(run, step, result);
    case METHOD_PAGINATE:
        return page_run(run, step, result);
    default:
        break;
    }
    if (!find_range(run, step, &range)) {
        return false;
    }
    if (step->method->kind == METHOD_TAKE &&
        !step_whole_number(run, step, PARAM_N, 0, UINT32_MAX, &most)) {
        return false;
    }
    if (!reader_open(&reader, run, step, &range)) {
        return false;
    }
    switch (step->method->kind) {
    case METHOD_FIRST:
        return read_first(&reader, result);
    case METHOD_GET_ONE_FROM:
    case METHOD_UNIQUE:
        return read_unique(&reader, result);
    case METHOD_COUNT:
        return read_count(&reader, result);
    case METHOD_EXISTS:
        return read_exists(&reader, result);
    default:
        return reader_collect(&reader, most, false, result);
    }
}
