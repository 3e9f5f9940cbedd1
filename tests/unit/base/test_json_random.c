/* Random values: written with white space and escapes of every kind, they must be read back in
 * their canonical form; damaged, they must never be read beyond their end. */
#include "base/json.h"

#include "base/memory.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 3000

/* A value is made twice at once: as it might be sent, and as it must come out. */
struct maker {
    uint64_t state;
    struct buffer sent;
    struct buffer canonical;
    unsigned names; /* makes names differ */
    bool tidy;      /* sent in canonical form already */
};

static unsigned choose(struct maker *maker, unsigned count)
{
    return random_below(&maker->state, count);
}

static void make_space(struct maker *maker)
{
    while (!maker->tidy && choose(maker, 3) == 0) {
        buffer_append_char(&maker->sent, " \t\n\r"[choose(maker, 4)]);
    }
}

static void make_token(struct maker *maker, const char *token)
{
    make_space(maker);
    buffer_append(&maker->sent, token, strlen(token));
    buffer_append(&maker->canonical, token, strlen(token));
    make_space(maker);
}

static void send_escaped(struct maker *maker, unsigned unit)
{
    buffer_append_format(&maker->sent, choose(maker, 2) ? "\\u%04X" : "\\u%04x", unit);
}

static void make_beyond_ascii(struct maker *maker)
{
    static const struct {
        unsigned high;
        unsigned low;
        const char *utf8;
    } letters[] = {{0xE9, 0, "\xc3\xa9"},
                   {0x7FF, 0, "\xdf\xbf"},
                   {0x20AC, 0, "\xe2\x82\xac"},
                   {0xFFFF, 0, "\xef\xbf\xbf"},
                   {0xD83D, 0xDE39, "\xf0\x9f\x98\xb9"},
                   {0xDBFF, 0xDFFF, "\xf4\x8f\xbf\xbf"}};
    unsigned letter = choose(maker, COUNT_OF(letters));
    const char *utf8 = letters[letter].utf8;
    buffer_append(&maker->canonical, utf8, strlen(utf8));
    if (maker->tidy || choose(maker, 2)) {
        buffer_append(&maker->sent, utf8, strlen(utf8));
        return;
    }
    send_escaped(maker, letters[letter].high);
    if (letters[letter].low != 0) {
        send_escaped(maker, letters[letter].low);
    }
}

static void make_ascii(struct maker *maker)
{
    static const char *const canonical[] = {"a",       "Z",       "/", "\\\"", "\\\\", "\\n", "\\b",
                                            "\\u0001", "\\u001f", "~", "{",    "]",    ",",   ":"};
    static const unsigned codes[] = {'a', 'Z',  '/', '"', '\\', '\n', '\b',
                                     1,   0x1F, '~', '{', ']',  ',',  ':'};
    unsigned letter = choose(maker, COUNT_OF(codes));
    buffer_append(&maker->canonical, canonical[letter], strlen(canonical[letter]));
    if (maker->tidy || choose(maker, 2)) {
        buffer_append(&maker->sent, canonical[letter], strlen(canonical[letter]));
    } else {
        send_escaped(maker, codes[letter]);
    }
}

static void make_letters(struct maker *maker)
{
    for (unsigned i = choose(maker, choose(maker, 8) == 0 ? 60 : 6); i > 0; i--) {
        if (choose(maker, 4) == 0) {
            make_beyond_ascii(maker);
        } else {
            make_ascii(maker);
        }
    }
}

static void make_both(struct maker *maker, const char *text)
{
    buffer_append(&maker->sent, text, strlen(text));
    buffer_append(&maker->canonical, text, strlen(text));
}

static void make_string(struct maker *maker, bool name)
{
    char number[16];
    make_space(maker);
    make_both(maker, "\"");
    make_letters(maker);
    if (name) {
        snprintf(number, sizeof(number), "-%u", maker->names++);
        make_both(maker, number);
    }
    make_both(maker, "\"");
    make_space(maker);
}

static void make_value(struct maker *maker, unsigned depth);

static void make_list(struct maker *maker, unsigned depth)
{
    make_token(maker, "[");
    for (unsigned i = choose(maker, 7), first = i; i > 0; i--) {
        if (i != first) {
            make_token(maker, ",");
        }
        make_value(maker, depth);
    }
    make_token(maker, "]");
}

static void make_object(struct maker *maker, unsigned depth)
{
    make_token(maker, "{");
    for (unsigned i = choose(maker, choose(maker, 5) == 0 ? 40 : 4), first = i; i > 0; i--) {
        if (i != first) {
            make_token(maker, ",");
        }
        make_string(maker, true);
        make_token(maker, ":");
        make_value(maker, first > 8 ? 0 : depth);
    }
    make_token(maker, "}");
}

static void make_value(struct maker *maker, unsigned depth)
{
    static const char *const scalars[] = {"null", "true", "false", "0",       "-0",
                                          "12",   "1E5",  "1.000", "-2.5e-7", "1e400"};
    unsigned kind = choose(maker, depth == 0 ? 4 : 8);
    if (kind < 2) {
        make_token(maker, scalars[choose(maker, COUNT_OF(scalars))]);
    } else if (kind < 4) {
        make_string(maker, false);
    } else if (kind < 6) {
        make_list(maker, depth - 1);
    } else {
        make_object(maker, depth - 1);
    }
}

static void make_text(struct maker *maker)
{
    maker->sent.size = 0;
    maker->canonical.size = 0;
    maker->tidy = choose(maker, 4) == 0;
    make_value(maker, choose(maker, 10));
}

/* The text that a value becomes when all of it is taken apart and put together again. */
static void take_apart(struct arena *arena, struct value value, struct buffer *written);

static void take_list_apart(struct arena *arena, struct value value, struct buffer *written)
{
    uint32_t count;
    const struct value *items = value_items(arena, value, &count);
    cr_assert_eq(value_count(value), count);
    buffer_append_char(written, '[');
    for (uint32_t i = 0; i < count; i++) {
        buffer_append(written, ",", i > 0);
        take_apart(arena, items[i], written);
    }
    buffer_append_char(written, ']');
}

static void take_object_apart(struct arena *arena, struct value value, struct buffer *written)
{
    uint32_t count;
    const struct value_field *fields = value_fields(arena, value, &count);
    cr_assert_eq(value_count(value), count);
    buffer_append_char(written, '{');
    for (uint32_t i = 0; i < count; i++) {
        buffer_append(written, ",", i > 0);
        json_write_string(written, json_unescape(arena, fields[i].name));
        buffer_append_char(written, ':');
        struct value found = value_find(value, fields[i].name);
        cr_assert_eq(found.kind, fields[i].value.kind);
        take_apart(arena, found, written);
    }
    buffer_append_char(written, '}');
}

static void take_apart(struct arena *arena, struct value value, struct buffer *written)
{
    switch (value_type(value)) {
    case TYPE_ARRAY:
        take_list_apart(arena, value, written);
        break;
    case TYPE_OBJECT:
        take_object_apart(arena, value, written);
        break;
    case TYPE_STRING:
        json_write_string(written, value_string(arena, value));
        break;
    default:
        value_write(written, value);
        break;
    }
}

static bool read_block(struct arena *arena, struct slice text, struct value *value)
{
    struct json_error error;
    bool read = json_read(arena, text, 128, value, NULL, &error);
    cr_assert(read || error.offset <= text.size);
    return read;
}

Test(json, random_values_come_out_in_canonical_form)
{
    struct maker maker = {.state = random_seed("json_random")};
    struct buffer written = {0};
    for (int i = 0; i < ROUNDS; i++) {
        make_text(&maker);
        char *block = memory_allocate(maker.sent.size);
        memcpy(block, maker.sent.data, maker.sent.size);
        struct arena arena;
        arena_init(&arena, 256);
        struct value value;
        cr_assert(read_block(&arena, slice_make(block, maker.sent.size), &value), "%.*s",
                  SLICE_FORMAT(buffer_slice(&maker.sent)));

        struct slice expected = buffer_slice(&maker.canonical);
        written.size = 0;
        value_write(&written, value);
        cr_assert(slice_equal(buffer_slice(&written), expected), "%.*s became %.*s",
                  SLICE_FORMAT(buffer_slice(&maker.sent)), SLICE_FORMAT(buffer_slice(&written)));
        cr_assert_eq(value_write_size(value), expected.size);
        cr_assert(slice_equal(value_text(&arena, value), expected));
        written.size = 0;
        take_apart(&arena, value, &written);
        cr_assert(slice_equal(buffer_slice(&written), expected));
        arena_deinit(&arena);
        memory_release(block);
    }
    buffer_deinit(&written);
    buffer_deinit(&maker.sent);
    buffer_deinit(&maker.canonical);
}

/* A prefix of a number is a value as well; of anything else that is not white space it is none. */
Test(json, every_prefix_is_refused_or_read_within_its_bounds)
{
    struct maker maker = {.state = random_seed("json_random")};
    for (int i = 0; i < 60; i++) {
        make_text(&maker);
        bool container = memchr(maker.sent.data, '[', maker.sent.size) != NULL ||
                         memchr(maker.sent.data, '{', maker.sent.size) != NULL;
        for (size_t size = 0; size < maker.sent.size && maker.sent.size < 3000; size++) {
            char *block = memory_allocate(size);
            memcpy(block, maker.sent.data, size);
            struct arena arena;
            arena_init(&arena, 64);
            struct value value;
            bool read = read_block(&arena, slice_make(block, size), &value);
            bool trimmed = size > 0 && memchr(" \t\n\r", maker.sent.data[size], 4) != NULL;
            cr_assert(!read || !container || trimmed, "%.*s", (int)size, maker.sent.data);
            arena_deinit(&arena);
            memory_release(block);
        }
    }
    buffer_deinit(&maker.sent);
    buffer_deinit(&maker.canonical);
}

Test(json, damaged_texts_are_refused_or_read_into_canonical_form)
{
    struct maker maker = {.state = random_seed("json_random")};
    struct buffer written = {0};
    for (int i = 0; i < ROUNDS; i++) {
        make_text(&maker);
        char *block = memory_allocate(maker.sent.size);
        memcpy(block, maker.sent.data, maker.sent.size);
        for (unsigned j = choose(&maker, 3) + 1; j > 0; j--) {
            size_t place = choose(&maker, (unsigned)maker.sent.size);
            block[place] = choose(&maker, 2) ? "\"\\{}[],:u0 \n/e"[choose(&maker, 14)]
                                             : (char)choose(&maker, 256);
        }
        struct arena arena;
        arena_init(&arena, 64);
        struct value value;
        struct value again;
        if (read_block(&arena, slice_make(block, maker.sent.size), &value)) {
            written.size = 0;
            value_write(&written, value);
            struct value walked = value;
            walked.flags = 0;
            cr_assert(slice_equal(value_text(&arena, walked), buffer_slice(&written)));
            cr_assert(read_block(&arena, buffer_slice(&written), &again));
            cr_assert(slice_equal(value_text(&arena, again), buffer_slice(&written)));
            uint8_t flag = VALUE_FLAG_VETTED;
            cr_assert_eq(value.flags & flag, again.flags & flag);
        }
        arena_deinit(&arena);
        memory_release(block);
    }
    buffer_deinit(&written);
    buffer_deinit(&maker.sent);
    buffer_deinit(&maker.canonical);
}
