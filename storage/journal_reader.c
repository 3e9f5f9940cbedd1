/* Walking the chain of groups through all segments. See journal_reader.h. */
#include "storage/journal_reader.h"

#include "storage/bytes.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The walk through all segments. */
struct walk {
    const struct journal_reading *reading;
    struct journal_report *report;
    struct buffer *message;
    const uint64_t *serials;
    size_t count;
    size_t number;       /* of the segment that is read */
    struct buffer bytes; /* of it */
    char name[JOURNAL_NAME_SIZE];
    bool has_limit; /* there is a later segment, which says where this one ends: */
    uint64_t limit_hash;
    uint64_t limit_sequence;
};

static void segment_name(char name[JOURNAL_NAME_SIZE], uint64_t serial)
{
    snprintf(name, JOURNAL_NAME_SIZE, JOURNAL_SEGMENT_NAME, (unsigned long long)serial);
}

/* Takes note of a file that is a segment. */
static void note_segment(void *context, const char *name)
{
    struct buffer *serials = context;
    unsigned long long serial;
    char again[JOURNAL_NAME_SIZE];
    if (sscanf(name, "journal-%16llx", &serial) == 1) {
        uint64_t number = serial;
        segment_name(again, number);
        if (strcmp(name, again) == 0) {
            buffer_append(serials, &number, sizeof(number));
        }
    }
}

static int compare_serials(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

int journal_list(struct file_system *files, const char *directory, struct buffer *serials)
{
    int reason = files->list(files, directory, note_segment, serials);
    if (serials->size > 0) {
        qsort(serials->data, serials->size / sizeof(uint64_t), sizeof(uint64_t), compare_serials);
    }
    return reason;
}

int journal_load_file(struct file_system *files, const char *directory, const char *name,
                      uint64_t size_max, struct buffer *bytes)
{
    char path[FILE_PATH_MAX];
    int file;
    uint64_t size = 0;
    size_t done = 0;
    int reason = file_path(path, directory, name);
    if (reason == 0) {
        reason = files->open(files, path, FILE_READ, &file);
    }
    if (reason != 0) {
        return reason;
    }
    reason = files->size(files, file, &size);
    size = size < size_max ? size : size_max;
    if (reason == 0) {
        bytes->size = 0;
        char *data = buffer_reserve(bytes, (size_t)size + 1);
        reason = file_read_all(files, file, data, (size_t)size, 0, &done);
        bytes->size = done;
    }
    files->close(files, file);
    return reason;
}

static enum journal_result fail_system(struct walk *walk, const char *name, int reason)
{
    buffer_append_format(walk->message, "cannot read %s/%s: %s", walk->reading->directory, name,
                         strerror(reason));
    return JOURNAL_UNREADABLE;
}

static enum journal_result fail_damaged(struct walk *walk, uint64_t offset, const char *why)
{
    buffer_append_format(walk->message, "%s/%s is damaged at offset %" PRIu64 ": %s",
                         walk->reading->directory, walk->name, offset, why);
    return JOURNAL_DAMAGED;
}

/* Damage that stops the reading, or that the visitor is told of and that is skipped. */
static enum journal_result meet_damage(struct walk *walk, uint64_t offset, uint64_t first,
                                       uint64_t last, const char *why)
{
    const struct journal_visitor *visitor = &walk->reading->visitor;
    if (visitor->lost == NULL) {
        return fail_damaged(walk, offset, why);
    }
    visitor->lost(visitor->context, walk->name, offset, first, last);
    return JOURNAL_READ;
}

static enum journal_result fail_version(struct walk *walk, const struct journal_header *header)
{
    buffer_append_format(
        walk->message, "%s/%s has format version %" PRIu32 "; this version of Tenon reads %d",
        walk->reading->directory, walk->name, header->version, JOURNAL_FORMAT_VERSION);
    return JOURNAL_UNREADABLE;
}

/* Reads and checks the header of the segment `number`, whose bytes are `bytes`. */
static enum journal_result read_header(struct walk *walk, size_t number, struct slice bytes,
                                       struct journal_header *header, uint64_t *hash)
{
    enum journal_header_result result = journal_header_read(bytes, header, hash);
    if (result == JOURNAL_HEADER_VERSION) {
        return fail_version(walk, header);
    }
    if (result != JOURNAL_HEADER_OK) {
        return fail_damaged(walk, 0, "the segment's header is not valid");
    }
    if (memcmp(header->database_id, walk->reading->database_id, DATABASE_ID_SIZE) != 0) {
        return fail_damaged(walk, 0, "the segment belongs to another database");
    }
    if (header->serial != walk->serials[number]) {
        return fail_damaged(walk, 0, "the segment has another segment's name");
    }
    return JOURNAL_READ;
}

/* Looks at the header of the next segment, which says where this one ends. */
static enum journal_result find_limit(struct walk *walk)
{
    walk->has_limit = walk->number + 1 < walk->count;
    if (!walk->has_limit) {
        return JOURNAL_READ;
    }
    struct journal_header header;
    uint64_t hash;
    struct buffer bytes = {0};
    segment_name(walk->name, walk->serials[walk->number + 1]);
    int reason = journal_load_file(walk->reading->files, walk->reading->directory, walk->name,
                                   JOURNAL_BLOCK_SIZE, &bytes);
    enum journal_result result =
        reason != 0 ? fail_system(walk, walk->name, reason)
                    : read_header(walk, walk->number + 1, buffer_slice(&bytes), &header, &hash);
    buffer_deinit(&bytes);
    if (result == JOURNAL_READ) {
        walk->limit_hash = header.last_hash;
        walk->limit_sequence = header.last_sequence;
    } else if (result == JOURNAL_DAMAGED && walk->reading->visitor.lost != NULL) {
        walk->message->size = 0;
        walk->has_limit = false;
        result = JOURNAL_READ;
    }
    return result;
}

/* Hands the records of a group on. */
static enum journal_result visit_group(struct walk *walk, const struct journal_group *group)
{
    const struct journal_visitor *visitor = &walk->reading->visitor;
    struct slice payload = group->payload;
    struct slice record;
    for (uint64_t i = 0; i < group->count; i++) {
        uint64_t sequence = group->first_sequence + i;
        if (!bytes_take_slice(&payload, &record)) {
            return meet_damage(walk, group->offset, sequence, sequence, "a record is cut short");
        }
        if (sequence <= walk->reading->after) {
            continue;
        }
        if (!visitor->record(visitor->context, sequence, record)) {
            enum journal_result result =
                meet_damage(walk, group->offset, sequence, sequence, "a record makes no sense");
            if (result != JOURNAL_READ) {
                return result;
            }
        }
        walk->report->transactions += 1;
    }
    return payload.size == 0 ? JOURNAL_READ
                             : meet_damage(walk, group->offset, 0, 0, "a group holds too much");
}

/* Looks for a group behind `offset` that is valid in itself; `must_claim`: and says that what
 * stands at `offset` was durable. */
static bool find_group_behind(const struct walk *walk, uint64_t offset, bool must_claim,
                              struct journal_group *group)
{
    struct slice bytes = buffer_slice(&walk->bytes);
    uint64_t serial = walk->serials[walk->number];
    for (uint64_t at = offset + JOURNAL_BLOCK_SIZE; at < bytes.size; at += JOURNAL_BLOCK_SIZE) {
        if (journal_group_read(bytes, serial, at, group) &&
            (!must_claim || group->durable_offset > offset)) {
            return true;
        }
    }
    return false;
}

/* Describes what stands at `offset`, if it is not zeros. */
static void report_tail(struct walk *walk, uint64_t offset)
{
    struct journal_report *report = walk->report;
    const struct buffer *bytes = &walk->bytes;
    uint64_t end = bytes->size;
    while (end > offset && bytes->data[end - 1] == 0) {
        end -= 1;
    }
    if (end == offset) {
        return;
    }
    report->torn = true;
    memcpy(report->torn_name, walk->name, JOURNAL_NAME_SIZE);
    report->torn_offset = offset;
    report->torn_size = end - offset;
    if (end - offset >= JOURNAL_GROUP_HEADER) {
        uint64_t count;
        uint64_t first =
            journal_group_claim(slice_make(bytes->data + offset, end - offset), &count);
        bool plausible = first == report->end.sequence + 1;
        report->torn_first_sequence = plausible ? first : 0;
        report->torn_count = plausible ? count : 0;
    }
}

/* Checks the segment's header, and that it follows what came before. */
static enum journal_result enter_segment(struct walk *walk)
{
    struct journal_report *report = walk->report;
    struct journal_header header;
    uint64_t hash;
    enum journal_result result =
        read_header(walk, walk->number, buffer_slice(&walk->bytes), &header, &hash);
    if (result != JOURNAL_READ) {
        return result;
    }
    uint64_t serial = walk->serials[walk->number];
    uint64_t known =
        report->end.sequence > walk->reading->after ? report->end.sequence : walk->reading->after;
    if (walk->number > 0 && serial != walk->serials[walk->number - 1] + 1) {
        result = meet_damage(walk, 0, 0, 0, "the segment before it is missing");
    } else if (header.first_sequence > known + 1) {
        result = meet_damage(walk, 0, known + 1, header.last_sequence,
                             "transactions before it are missing");
    } else if (walk->number > 0 && header.last_hash != report->end.hash) {
        result = meet_damage(walk, 0, 0, 0, "it does not follow the segment before it");
    }
    report->end =
        (struct journal_end){.serial = serial, .sequence = header.last_sequence, .hash = hash};
    report->segments += 1;
    return result;
}

/* What to do where no valid group follows at *offset. Sets *offset to where to go on; to the end of
 * the bytes where that is all. */
static enum journal_result meet_gap(struct walk *walk, uint64_t *offset)
{
    struct journal_report *report = walk->report;
    struct journal_group behind;
    uint64_t first = report->end.sequence + 1;
    uint64_t gap = *offset;
    bool durable = walk->has_limit || find_group_behind(walk, gap, true, &behind);
    if (!durable) {
        report_tail(walk, gap);
        *offset = walk->bytes.size;
        return JOURNAL_READ;
    }
    bool goes_on = find_group_behind(walk, gap, false, &behind);
    uint64_t last = goes_on ? behind.first_sequence - 1 : walk->limit_sequence;
    *offset = goes_on ? behind.offset : walk->bytes.size;
    if (goes_on) {
        report->end.hash = behind.previous_hash;
        report->end.sequence = last;
    } else {
        report->end.hash = walk->limit_hash;
    }
    if (last < first) {
        first = last = 0;
    }
    return meet_damage(walk, gap, first, last, "a group that was durable is not valid any more");
}

static bool group_follows(const struct journal_group *group, const struct journal_end *end)
{
    return group->previous_hash == end->hash && group->first_sequence == end->sequence + 1;
}

/* Goes on with a group that is valid in itself, although what it follows is lost. */
static enum journal_result skip_to_group(struct walk *walk, const struct journal_group *group)
{
    struct journal_end *end = &walk->report->end;
    uint64_t first = end->sequence + 1;
    uint64_t last = group->first_sequence - 1;
    end->hash = group->previous_hash;
    end->sequence = last;
    if (last < first) {
        first = last = 0;
    }
    return meet_damage(walk, group->offset, first, last, "a group does not follow the one before");
}

/* Reads the groups of a segment up to its end. */
static enum journal_result read_groups(struct walk *walk)
{
    struct journal_report *report = walk->report;
    struct slice bytes = buffer_slice(&walk->bytes);
    uint64_t serial = walk->serials[walk->number];
    uint64_t offset = JOURNAL_BLOCK_SIZE;
    enum journal_result result = JOURNAL_READ;
    while (result == JOURNAL_READ && offset < bytes.size) {
        struct journal_group group;
        if (walk->has_limit && report->end.hash == walk->limit_hash) {
            break;
        }
        bool valid = journal_group_read(bytes, serial, offset, &group);
        if (!valid || !group_follows(&group, &report->end)) {
            bool skips = valid && walk->reading->visitor.lost != NULL;
            result = skips ? skip_to_group(walk, &group) : meet_gap(walk, &offset);
            continue;
        }
        result = visit_group(walk, &group);
        report->end.hash = group.hash;
        report->end.sequence += group.count;
        report->groups += 1;
        report->bytes += group.size;
        offset += group.size;
    }
    if (result == JOURNAL_READ && walk->has_limit && report->end.hash != walk->limit_hash) {
        uint64_t first = report->end.sequence + 1;
        report->end.hash = walk->limit_hash;
        result = meet_damage(walk, offset, first, walk->limit_sequence,
                             "the segment ends before its last group");
    }
    return result;
}

static enum journal_result read_segment(struct walk *walk)
{
    enum journal_result result = find_limit(walk);
    segment_name(walk->name, walk->serials[walk->number]);
    if (result != JOURNAL_READ) {
        return result;
    }
    int reason = journal_load_file(walk->reading->files, walk->reading->directory, walk->name,
                                   UINT64_MAX, &walk->bytes);
    if (reason != 0) {
        return fail_system(walk, walk->name, reason);
    }
    result = enter_segment(walk);
    if (result == JOURNAL_DAMAGED && walk->reading->visitor.lost != NULL) {
        /* Without its header the segment's groups can still be told by their own places. */
        walk->message->size = 0;
        const struct journal_visitor *visitor = &walk->reading->visitor;
        visitor->lost(visitor->context, walk->name, 0, 0, 0);
        result = JOURNAL_READ;
    }
    return result == JOURNAL_READ ? read_groups(walk) : result;
}

enum journal_result journal_read(const struct journal_reading *reading,
                                 struct journal_report *report, struct buffer *message)
{
    *report = (struct journal_report){.end = {.sequence = 0}};
    struct buffer serials = {0};
    struct walk walk = {.reading = reading, .report = report, .message = message};
    enum journal_result result = JOURNAL_READ;
    int reason = journal_list(reading->files, reading->directory, &serials);
    if (reason != 0) {
        result = fail_system(&walk, "", reason);
    }
    walk.serials = (const uint64_t *)(const void *)serials.data;
    walk.count = serials.size / sizeof(uint64_t);
    for (; result == JOURNAL_READ && walk.number < walk.count; walk.number++) {
        result = read_segment(&walk);
    }
    buffer_deinit(&walk.bytes);
    buffer_deinit(&serials);
    return result;
}
