/* Transactions: every write is checked, made into a change, and applied. Undoing them is in
 * rollback.c. */
#define _DEFAULT_SOURCE

#include "base/memory.h"
#include "base/number.h"
#include "index/order.h"
#include "storage/database.h"
#include "storage/id.h"
#include "storage/index_hint.h"
#include "storage/insert_ahead.h"
#include "storage/record.h"
#include "storage/walker.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>

#define CREATION_TIME_MAX  9007199254740992.0 /* 2^53 */
#define MICROSECONDS_A_DAY (24ull * 60 * 60 * 1000 * 1000)

/* A buffer for records that is larger is given back. */
#define RECORD_KEPT_MAX    TINY_OR(64, 1024 * 1024)

/* What is known of a document that goes into its table. */
struct known {
    uint64_t hash; /* of its id in the map of documents */
    double creation_time;
    struct insert_ahead *ahead; /* NULL: nothing was searched for */
};

/* The parts of a document to be. */
struct draft {
    struct table *table;
    struct document_parts parts;
    struct known known; /* of an insert's alone */
    char id_text[ID_TEXT_SIZE_MAX];
    char creation_time_text[NUMBER_TEXT_SIZE];
};

/* Applying changes. These cannot fail. */

static void index_put(struct database *database, struct table *table, struct document *document,
                      const struct known *known)
{
    const struct insert_ahead *ahead = known->ahead;
    struct btree *by_creation_time = &table->indexes[0].tree;
    btree_insert_hinted(by_creation_time, document, index_hint_of_time(known->creation_time));
    bool is_newest = btree_last(by_creation_time) == document;
    for (uint32_t i = 1; i < table->index_count; i++) {
        if (ahead && insert_ahead_has(ahead, i)) {
            insert_ahead_put(ahead, &table->indexes[i], i, document, is_newest);
        } else {
            btree_insert(&table->indexes[i].tree, document);
        }
        if (UNLIKELY(table->indexes[i].tree.count == table->indexes[i].adapt_at)) {
            index_adapt(&table->indexes[i]);
        }
    }
    if (table->by_id_is_built) {
        btree_insert(&table->by_id.tree, document);
    }
    hash_map_insert(&database->documents, known->hash, document);
}

void indexes_take(struct table *table, struct document *document)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        btree_remove(&table->indexes[i].tree, document);
    }
    if (table->by_id_is_built) {
        btree_remove(&table->by_id.tree, document);
    }
}

static void index_take(struct database *database, struct table *table, struct document *document)
{
    indexes_take(table, document);
    uint64_t hash = hash_map_hash(&database->documents, document_id(document));
    hash_map_remove(&database->documents, hash, document);
}

static void index_swap(struct database *database, struct table *table, struct document *before,
                       struct document *after)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        struct index *index = &table->indexes[i];
        if (index->order.compare(index, before, after) == 0) {
            btree_replace(&index->tree, before, after);
        } else {
            btree_remove(&index->tree, before);
            btree_insert(&index->tree, after);
        }
    }
    if (table->by_id_is_built) {
        btree_replace(&table->by_id.tree, before, after);
    }
    uint64_t hash = hash_map_hash(&database->documents, document_id(before));
    hash_map_replace(&database->documents, hash, before, after);
}

void change_count(struct database *database, const struct change *change)
{
    struct table *table = change->table;
    const struct document *before = change->before;
    const struct document *after = change->after;
    table->count += (after ? 1u : 0u);
    table->count -= (before ? 1u : 0u);
    table->text_size += after ? after->text_size : 0;
    table->text_size -= before ? before->text_size : 0;
    database->change += 1;
    table->change = database->change;
}

void change_apply(struct database *database, const struct change *change)
{
    struct table *table = change->table;
    struct document *before = change->before;
    struct document *after = change->after;
    if (!before) {
        struct known known = {
            .hash = hash_map_hash(&database->documents, document_id(after)),
            .creation_time = document_creation_time(after),
        };
        index_put(database, table, after, &known);
    } else if (!after) {
        index_take(database, table, before);
    } else {
        index_swap(database, table, before, after);
    }
    change_count(database, change);
}

/* Notes a change that was made as one of the transaction's. */
static void note_change(struct database *database, const struct change *change)
{
    struct transaction *transaction = &database->transaction;
    assert(transaction->open);
    if (transaction->count == transaction->capacity) {
        transaction->capacity = transaction->capacity ? transaction->capacity * 2 : 16;
        size_t size = transaction->capacity * sizeof(struct change);
        transaction->changes = memory_resize(transaction->changes, size);
    }
    transaction->changes[transaction->count] = *change;
    transaction->count += 1;
}

static void add_change(struct database *database, struct table *table, struct document *before,
                       struct document *after)
{
    struct change change = {.table = table, .before = before, .after = after};
    change_apply(database, &change);
    note_change(database, &change);
}

/* The same for a new document, of which more is known. */
static void add_insert(struct database *database, const struct draft *draft,
                       struct document *document)
{
    struct change change = {.table = draft->table, .after = document};
    index_put(database, draft->table, document, &draft->known);
    change_count(database, &change);
    note_change(database, &change);
}

/* Choosing ids and times. */

static void random_bytes(struct database *database, void *bytes, size_t size)
{
    if (database->random_left < size) {
        database->random_left = 0;
        while (database->random_left < sizeof(database->random)) {
            ssize_t got = getrandom(database->random + database->random_left,
                                    sizeof(database->random) - database->random_left, 0);
            assert(got > 0 || errno == EINTR);
            database->random_left += got > 0 ? (size_t)got : 0;
        }
    }
    database->random_left -= size;
    memcpy(bytes, database->random + database->random_left, size);
}

static void choose_id(struct database *database, struct draft *draft, uint64_t now_us)
{
    struct id id = {.table_number = draft->table->number};
    random_bytes(database, id.body, ID_RANDOM_SIZE);
    uint64_t day = now_us / MICROSECONDS_A_DAY;
    id.body[ID_RANDOM_SIZE] = (uint8_t)(day >> 8);
    id.body[ID_RANDOM_SIZE + 1] = (uint8_t)day;
    draft->parts.id = slice_make(draft->id_text, id_encode(&id, draft->id_text));
    /* Until the document is made its place in the map has come from memory. */
    draft->known.hash = hash_map_hash(&database->documents, draft->parts.id);
    hash_map_prefetch_insert(&database->documents, draft->known.hash);
}

/* Writes microseconds as milliseconds with a fraction of up to three digits, and returns the
 * size. Such a text is the shortest that reads back the same, because doubles lie closer than
 * microseconds until 2^53 of them have passed. */
static size_t format_milliseconds(uint64_t us, char text[NUMBER_TEXT_SIZE])
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    uint64_t whole = us / 1000;
    unsigned fraction = (unsigned)(us % 1000);
    char digits[NUMBER_TEXT_SIZE];
    size_t begin = sizeof(digits);
    do {
        begin -= 2;
        memcpy(digits + begin, pairs + whole % 100 * 2, 2);
        whole /= 100;
    } while (whole > 0);
    begin += digits[begin] == '0' ? 1 : 0;
    size_t size = sizeof(digits) - begin;
    memcpy(text, digits + begin, size);
    if (fraction == 0) {
        return size;
    }
    text[size] = '.';
    text[size + 1] = (char)('0' + fraction / 100);
    memcpy(text + size + 2, pairs + fraction % 100 * 2, 2);
    size += 4;
    while (text[size - 1] == '0') {
        size -= 1;
    }
    return size;
}

static void choose_creation_time(struct database *database, struct draft *draft, uint64_t now_us)
{
    database->clock_us = now_us > database->clock_us ? now_us : database->clock_us + 1;
    size_t size = format_milliseconds(database->clock_us, draft->creation_time_text);
    draft->known.creation_time = (double)database->clock_us / 1000;
    draft->parts.creation_time = slice_make(draft->creation_time_text, size);
}

/* Checking. */

/* Completes an error about one of the fields that begin with `_`. */
static bool fail_system_field(struct error *error, const struct table *table, struct slice field,
                              struct value value)
{
    error->table = table->name;
    error->field = field;
    error->value = value;
    error_prefix_path(error, field);
    return false;
}

static bool take_given_id(struct draft *draft, struct value value, struct error *error)
{
    struct table *table = draft->table;
    bool is_string = value_type(value) == TYPE_STRING;
    struct slice text = is_string ? value_string_escaped(value) : SLICE("");
    if (id_table_number(text) != table->number) {
        error_set(error, ERROR_INVALID_ID, "`_id` must be an Id<\"%.*s\">.",
                  SLICE_FORMAT(table->name));
        return fail_system_field(error, table, SLICE("_id"), value);
    }
    if (database_find(table->database, text)) {
        error_set(error, ERROR_UNIQUE_VIOLATION, "Document ID %.*s is in table %.*s already.",
                  SLICE_FORMAT(text), SLICE_FORMAT(table->name));
        error->id = text;
        return fail_system_field(error, table, SLICE("_id"), value);
    }
    draft->parts.id = text;
    draft->known.hash = hash_map_hash(&table->database->documents, text);
    return true;
}

static bool is_creation_time(struct value value)
{
    if (value_type(value) != TYPE_NUMBER) {
        return false;
    }
    /* Through the total order, in which -0 is below 0, and NaN above all. */
    uint64_t time = number_to_ordered(value_number(value));
    return time >= number_to_ordered(0) && time <= number_to_ordered(CREATION_TIME_MAX);
}

static bool take_given_creation_time(struct draft *draft, struct value value, struct error *error)
{
    if (!is_creation_time(value)) {
        error_set(error, ERROR_INVALID_VALUE, "`_creationTime` must be a number from 0 to 2^53.");
        return fail_system_field(error, draft->table, SLICE("_creationTime"), value);
    }
    draft->parts.creation_time = value_text(error->arena, value);
    draft->known.creation_time = value_number(value);
    return true;
}

/* Whether a name begins with `_`. */
static bool has_system_fields(const struct value_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (UNLIKELY(fields[i].name.size > 0 && fields[i].name.data[0] == '_')) {
            return true;
        }
    }
    return false;
}

/* Takes `_id` and `_creationTime` out of the fields that a client gave, and refuses other names
 * that begin with `_`. */
static bool split_fields(struct draft *draft, const struct value_field *fields, uint32_t count,
                         struct value *id, struct value *creation_time, struct error *error)
{
    *id = *creation_time = VALUE_IS(VALUE_MISSING);
    if (LIKELY(!has_system_fields(fields, count))) {
        draft->parts.fields = fields;
        draft->parts.count = count;
        return true;
    }
    struct value_field *user = arena_allocate(error->arena, count * sizeof(*user) + 1);
    uint32_t user_count = 0;
    draft->parts.text = SLICE("");
    for (uint32_t i = 0; i < count; i++) {
        struct slice name = fields[i].name;
        if (name.size == 0 || name.data[0] != '_') {
            user[user_count++] = fields[i];
        } else if (slice_equal(name, SLICE("_id"))) {
            *id = fields[i].value;
        } else if (slice_equal(name, SLICE("_creationTime"))) {
            *creation_time = fields[i].value;
        } else {
            error_set(error, ERROR_INVALID_VALUE,
                      "Field `%.*s`: names at the top of a document do not begin with `_`.",
                      SLICE_FORMAT(name));
            return fail_system_field(error, draft->table, name, VALUE_IS(VALUE_MISSING));
        }
    }
    draft->parts.fields = user;
    draft->parts.count = user_count;
    return true;
}

bool table_check_types(const struct table *table, const struct shape *shape,
                       const struct value_field *fields, uint32_t count, uint64_t known,
                       struct error *error)
{
    const struct type *type = table->schema->fields;
    if (!type) {
        return true;
    }
    if (!shape->conforms) {
        return type_check_fields(type, fields, count, error);
    }
    uint32_t position = SHAPE_USER_FIELDS;
    for (uint32_t i = 0; i < count; i++) {
        struct value value = fields[i].value;
        if (value_is_missing(value)) {
            continue;
        }
        bool is_known = position < 64 && (known >> position & 1) != 0;
        if (!is_known && shape->types[position] &&
            !type_check_field(shape->types[position], fields[i].name, value, error)) {
            return false;
        }
        position += 1;
    }
    return true;
}

static bool check_size(const struct draft *draft, size_t text_size, struct error *error)
{
    if (text_size > DOCUMENT_SIZE_MAX) {
        error_set(error, ERROR_INVALID_VALUE,
                  "The document has %zu bytes of JSON; at most %d are stored.", text_size,
                  DOCUMENT_SIZE_MAX);
        error->table = draft->table->name;
        return false;
    }
    const struct database *database = draft->table->database;
    uint64_t memory_max = database->options.memory_max;
    if (memory_max > 0 && database_memory(database) + text_size > memory_max) {
        error_set(error, ERROR_LIMIT_EXCEEDED,
                  "The memory limit of %" PRIu64 " bytes is reached; reads and deletes go on.",
                  memory_max);
        error->limit = SLICE("memory");
        return false;
    }
    return true;
}

static bool check_unique(struct table *table, const struct document *document,
                         const struct document *except, struct error *error)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        struct index *index = &table->indexes[i];
        if (!index->unique) {
            continue;
        }
        const struct document *other = index_find_duplicate(index, document, except);
        if (other) {
            struct slice id = arena_copy(error->arena, document_id(other));
            error_set(error, ERROR_UNIQUE_VIOLATION,
                      "The unique index %.*s.%.*s has the key already, in document %.*s.",
                      SLICE_FORMAT(table->name), SLICE_FORMAT(index->name), SLICE_FORMAT(id));
            error->table = table->name;
            error->index = index->name;
            error->id = id;
            return false;
        }
    }
    return true;
}

/* Makes the document of a draft. `except` is the one that it will replace, if any. */
static struct document *make_document(const struct draft *draft, const struct document *except,
                                      struct error *error)
{
    struct table *table = draft->table;
    struct shape *shape = shape_acquire(table, draft->parts.fields, draft->parts.count);
    size_t text_size = document_text_size(&draft->parts);
    uint64_t known = draft->known.ahead ? insert_ahead_settle(draft->known.ahead, table, shape) : 0;
    if (!table_check_types(table, shape, draft->parts.fields, draft->parts.count, known, error) ||
        !check_size(draft, text_size, error)) {
        if (error->table.data == NULL) {
            error->table = table->name;
        }
        shape_release(shape);
        return NULL;
    }
    struct pool *pool = table->database->pool;
    struct document *document = document_create(pool, shape, &draft->parts, text_size);
    if (!check_unique(table, document, except, error)) {
        document_release(pool, document);
        return NULL;
    }
    return document;
}

/* The public functions. */

void transaction_begin(struct database *database)
{
    assert(!database->transaction.open && database->transaction.count == 0);
    database->transaction.open = true;
}

struct document *transaction_insert(struct database *database, struct table *table,
                                    const struct value_field *fields, uint32_t count,
                                    struct slice text, struct insert_ahead *ahead,
                                    struct error *error)
{
    struct draft draft;
    struct value id;
    struct value creation_time;
    draft.table = table;
    draft.parts = (struct document_parts){.text = text};
    draft.known.ahead = ahead;
    if (!split_fields(&draft, fields, count, &id, &creation_time, error)) {
        return NULL;
    }
    uint64_t now_us = database->options.now_us();
    if (value_is_missing(id)) {
        choose_id(database, &draft, now_us);
    } else if (!take_given_id(&draft, id, error)) {
        return NULL;
    }
    if (value_is_missing(creation_time)) {
        choose_creation_time(database, &draft, now_us);
    } else if (!take_given_creation_time(&draft, creation_time, error)) {
        return NULL;
    }
    struct document *document = make_document(&draft, NULL, error);
    if (document) {
        add_insert(database, &draft, document);
    }
    return document;
}

/* `_id` and `_creationTime` in a patch or replacement must be those of the document. */
bool transaction_check_names(struct table *table, const struct value_field *fields, uint32_t count,
                             struct error *error)
{
    struct draft draft = {.table = table};
    struct value id;
    struct value creation_time;
    return split_fields(&draft, fields, count, &id, &creation_time, error);
}

static bool check_same_system_fields(const struct draft *draft, const struct document *document,
                                     struct value id, struct value creation_time,
                                     struct error *error)
{
    if (!value_is_missing(id) && !value_equal(id, document_field(document, SHAPE_ID))) {
        error_set(error, ERROR_INVALID_PARAMS,
                  "`_id` cannot be changed: it must be that of the document.");
        return fail_system_field(error, draft->table, SLICE("_id"), id);
    }
    struct value kept = document_field(document, SHAPE_CREATION_TIME);
    if (!value_is_missing(creation_time) && !value_equal(creation_time, kept)) {
        error_set(error, ERROR_INVALID_PARAMS,
                  "`_creationTime` cannot be changed: it must be that of the document.");
        return fail_system_field(error, draft->table, SLICE("_creationTime"), creation_time);
    }
    return true;
}

/* Puts a document of the draft's fields in the place of `before`, unless they are equal. */
static bool swap_document(struct draft *draft, struct document *before, struct error *error)
{
    struct database *database = draft->table->database;
    draft->parts.id = document_id(before);
    draft->parts.creation_time = document_field_text(before, SHAPE_CREATION_TIME);
    struct document *after = make_document(draft, before, error);
    if (!after) {
        return false;
    }
    if (slice_equal(document_text(before), document_text(after))) {
        document_release(database->pool, after);
        return true;
    }
    add_change(database, draft->table, before, after);
    return true;
}

/* The fields of `document` with those of the draft put over them: in place, or at the end. */
static void merge_fields(struct draft *draft, const struct document *document, struct arena *arena)
{
    uint32_t room = document->shape->field_count + draft->parts.count;
    struct value_field *merged = arena_allocate(arena, room * sizeof(*merged));
    uint32_t count = document_user_fields(document, merged);
    for (uint32_t i = 0; i < draft->parts.count; i++) {
        uint32_t position = shape_find(document->shape, draft->parts.fields[i].name);
        if (position == SHAPE_NO_FIELD) {
            merged[count++] = draft->parts.fields[i];
        } else {
            merged[position - SHAPE_USER_FIELDS].value = draft->parts.fields[i].value;
        }
    }
    draft->parts.fields = merged;
    draft->parts.count = count;
}

bool transaction_patch(struct database *database, struct document *document,
                       const struct value_field *fields, uint32_t count, struct error *error)
{
    assert(database->transaction.open);
    struct draft draft = {.table = document->shape->table};
    struct value id;
    struct value creation_time;
    if (!split_fields(&draft, fields, count, &id, &creation_time, error) ||
        !check_same_system_fields(&draft, document, id, creation_time, error)) {
        return false;
    }
    merge_fields(&draft, document, error->arena);
    return swap_document(&draft, document, error);
}

bool transaction_replace(struct database *database, struct document *document,
                         const struct value_field *fields, uint32_t count, struct error *error)
{
    assert(database->transaction.open);
    struct draft draft = {.table = document->shape->table};
    struct value id;
    struct value creation_time;
    if (!split_fields(&draft, fields, count, &id, &creation_time, error) ||
        !check_same_system_fields(&draft, document, id, creation_time, error)) {
        return false;
    }
    return swap_document(&draft, document, error);
}

void transaction_delete(struct database *database, struct document *document)
{
    add_change(database, document->shape->table, document, NULL);
}

static bool only_deletes(const struct transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->count; i++) {
        if (transaction->changes[i].after) {
            return false;
        }
    }
    return true;
}

static bool fail_read_only(struct error *error, int reason)
{
    const char *why = file_reason_is_space(reason) ? "disk full" : strerror(reason);
    error_set(error, ERROR_READ_ONLY, "Writes are refused for now: %s.", why);
    error->reason = arena_format(error->arena, "%s", why);
    error->outcome = SLICE("refused");
    return false;
}

/* Hands the record of the open transaction to the journal. */
static bool hand_over(struct database *database, struct error *error)
{
    const struct transaction *transaction = &database->transaction;
    struct buffer *record = &database->record;
    record->size = 0;
    record_write(record, database->clock_us, transaction->changes, transaction->count);
    int reason = 0;
    enum journal_answer answer =
        journal_accepts(database->journal, record->size, only_deletes(transaction), &reason);
    if (answer == JOURNAL_REFUSED) {
        return fail_read_only(error, reason);
    }
    if (answer == JOURNAL_TOO_LARGE) {
        error_set(error, ERROR_LIMIT_EXCEEDED,
                  "The transaction's changes have %zu bytes, more than a segment of the journal "
                  "takes.",
                  record->size);
        error->limit = SLICE("transaction");
        return false;
    }
    journal_append(database->journal, database->sequence + 1, buffer_slice(record));
    if (UNLIKELY(record->capacity > RECORD_KEPT_MAX)) {
        buffer_deinit(record);
    }
    history_add(&database->history, database->sequence + 1, transaction->changes,
                transaction->count);
    return true;
}

bool transaction_commit(struct database *database, struct error *error)
{
    struct transaction *transaction = &database->transaction;
    assert(transaction->open);
    if (transaction->count == 0) {
        transaction->open = false;
        return true;
    }
    if (database->journal && !hand_over(database, error)) {
        transaction_rollback(database);
        return false;
    }
    database->sequence += 1;
    for (uint32_t i = 0; i < transaction->count; i++) {
        transaction->changes[i].table->sequence = database->sequence;
        walkers_note(database, &transaction->changes[i]);
    }
    transaction->open = false;
    return true;
}

void transaction_end(struct database *database)
{
    struct transaction *transaction = &database->transaction;
    assert(!transaction->open);
    for (uint32_t i = 0; i < transaction->count; i++) {
        if (transaction->changes[i].before) {
            document_release(database->pool, transaction->changes[i].before);
        }
    }
    transaction->count = 0;
}
