/* Framing at every split point, by lines and by headers, and hostile input. */
#include "base/buffer.h"
#include "protocol/framing.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define LIMIT 40

/* Appends what the framing found to `seen`: a message in angle brackets, a letter for others. */
static void note(struct buffer *seen, enum framing_result result, struct slice message)
{
    static const char letters[] = {
        [FRAMING_OVERSIZED] = 'O', [FRAMING_HTTP] = 'H', [FRAMING_BAD] = 'B'};
    if (result == FRAMING_MESSAGE) {
        buffer_append_char(seen, '<');
        buffer_append_slice(seen, message);
        buffer_append_char(seen, '>');
    } else {
        buffer_append_char(seen, letters[result]);
    }
}

/* Takes all messages that the input has. Returns false when nothing more can be read. */
static bool drain(struct framing *framing, struct buffer *input, struct buffer *seen)
{
    for (;;) {
        struct slice message;
        enum framing_result result = framing_next(framing, buffer_slice(input), &message);
        if (result == FRAMING_NEED_MORE) {
            size_t dropped = framing_drop(framing);
            memmove(input->data, input->data + dropped, input->size - dropped);
            input->size -= dropped;
            return true;
        }
        note(seen, result, message);
        if (result == FRAMING_HTTP || result == FRAMING_BAD) {
            return false;
        }
    }
}

/* Feeds `text` in pieces: the first of `first` bytes, the others of `piece`. */
static void feed(struct slice text, size_t first, size_t piece, struct buffer *seen)
{
    struct framing framing;
    struct buffer input = {0};
    buffer_reserve(&input, 1);
    framing_init(&framing, LIMIT);
    bool open = true;
    for (size_t at = 0; open && at < text.size;) {
        size_t size = at == 0 && first > 0 ? first : piece;
        size = size < text.size - at ? size : text.size - at;
        buffer_append(&input, text.data + at, size);
        at += size;
        open = drain(&framing, &input, seen);
        cr_assert_leq(input.size, LIMIT + FRAMING_HEADERS_SIZE_MAX + piece + first);
    }
    framing_end(&framing);
    if (open) {
        open = drain(&framing, &input, seen);
    }
    buffer_deinit(&input);
}

static void expect(const char *text, const char *expected)
{
    struct slice slice = slice_of(text);
    for (size_t first = 0; first <= slice.size; first++) {
        for (size_t piece = 1; piece <= slice.size; piece += piece < 3 ? 1 : slice.size / 2) {
            struct buffer seen = {0};
            feed(slice, first, piece, &seen);
            buffer_append_char(&seen, '\0');
            cr_assert_str_eq(seen.data, expected, "%s, first %zu, then %zu", text, first, piece);
            buffer_deinit(&seen);
        }
    }
}

#define FORTY   "{234567890123456789012345678901234567890"
#define TEN     "1234567890"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

Test(framing, finds_the_same_messages_wherever_the_input_is_split)
{
    static const char *const rows[][2] = {
        {"{}\n", "<{}>"},
        {"{}\n[1]\n", "<{}><[1]>"},
        {"{}\r\n{1}\r\n", "<{}><{1}>"},
        {"\n \r\n\t\n{}\n\n\n{}\n", "<{}><{}>"},
        {"{}", "<{}>"},
        {"{}\n ", "<{}>"},
        {" {}\n", "< {}>"},
        {"{}\n7\nGET /\n", "<{}><7><GET />"},
        {"{\r}\n", "<{\r}>"},
        {"", ""},
        {"\n", ""},
        {FORTY "\n{}\n", "<" FORTY "><{}>"},
        {FORTY "\r\n{}\n", "<" FORTY "><{}>"},
        {FORTY "1\n{}\n", "O<{}>"},
        {"{" HUNDRED "\n{}\n", "O<{}>"},
        {"{" HUNDRED "\n[" HUNDRED "\n{}\n", "OO<{}>"},
        {"{" HUNDRED, "O"},
        {FORTY, "<" FORTY ">"},
        {FORTY "1", "O"},
        {FORTY "\r", "<" FORTY ">"},
        {"Content-Length: 2\r\n\r\n{}", "<{}>"},
        {"content-LENGTH:2\r\n\r\n{}Content-Length:  3 \r\n\r\n[1]", "<{}><[1]>"},
        {"Content-Type: x; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}", "<{}>"},
        {"Content-Length: 2\r\nContent-Type: x\r\n\r\n{}", "<{}>"},
        {"Content-Length: 2\n\n{}", "<{}>"},
        {"Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n\n\n", "<><\n\n>"},
        {"Content-Length: 40\r\n\r\n" FORTY, "<" FORTY ">"},
        {"Content-Length: 41\r\n\r\n" FORTY "1Content-Length: 2\r\n\r\n{}", "O<{}>"},
        {"Content-Length: 100\r\n\r\n" HUNDRED "Content-Length: 2\r\n\r\n{}", "O<{}>"},
        {"Content-Length: 999999999999999999\r\n\r\n" HUNDRED, "O"},
        {"Content-Length: 5\r\n\r\n{}", ""},
        {"Content-Len", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect(rows[i][0], rows[i][1]);
    }
}

Test(framing, ends_at_what_is_neither_a_line_nor_a_header)
{
    static const char *const rows[][2] = {
        {"7\n", "B"},
        {"\"text\"\n", "B"},
        {"\xef\xbb\xbf{}\n", "B"},
        {"\x16\x03\x01", "B"},
        {"*1\r\n$4\r\nPING\r\n", "B"},
        {"Host: x\r\n", "B"},
        {"hello\r\n", "B"},
        {"Content-Length\r\n", "B"},
        {"Content-Length: \r\n", "B"},
        {"Content-Length: -1\r\n", "B"},
        {"Content-Length: 1 2\r\n", "B"},
        {"Content-Length: 0x2\r\n", "B"},
        {"Content-Length: 1234567890123456789\r\n", "B"},
        {"Content-Length: 2\r\nContent-Length: 2\r\n", "B"},
        {"Content-Type: x\r\n\r\n", "B"},
        {"Content-Length: 2\r\n\r\n{}\r\n", "<{}>B"},
        {"Content-Length: 2\r\n\r\n{}{}\n", "<{}>B"},
        {"GET / HTTP/1.1\r\n", "H"},
        {"POST /rpc HTTP/1.1\r\n", "H"},
        {"OPTIONS * HTTP/1.1\r\n", "H"},
        {"PRI * HTTP/2.0\r\n", "H"},
        {"PATCHES: 1\r\n", "B"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect(rows[i][0], rows[i][1]);
    }
}

Test(framing, gives_up_on_headers_without_an_end)
{
    struct buffer seen = {0};
    struct buffer text = {0};
    buffer_append_slice(&text, SLICE("Content-Type: "));
    memset(buffer_reserve(&text, FRAMING_HEADERS_SIZE_MAX), 'x', FRAMING_HEADERS_SIZE_MAX);
    text.size += FRAMING_HEADERS_SIZE_MAX;
    feed(buffer_slice(&text), 0, 7, &seen);
    cr_assert(slice_equal(buffer_slice(&seen), SLICE("B")));
    buffer_deinit(&seen);
    buffer_deinit(&text);
}

/* Each byte of a line is looked at once, however it comes: `scanned` follows the input. */
Test(framing, scans_an_open_line_once)
{
    struct framing framing;
    struct slice message;
    static const char text[] = "{\"a\":123456}";
    framing_init(&framing, LIMIT);
    for (size_t size = 1; size < sizeof(text); size++) {
        cr_assert_eq(framing_next(&framing, slice_make(text, size), &message), FRAMING_NEED_MORE);
        cr_assert_eq(framing.scanned, size);
        cr_assert_eq(framing.start, 0);
    }
}

/* How long a client may take for a message depends on it. */
Test(framing, tells_whether_a_message_has_begun)
{
    static const struct {
        const char *text;
        bool begun;
    } rows[] = {
        {"", false},
        {"{1}\n", false},
        {"{1}\n\n \r\n", false},
        {"{1}\n{", true},
        {"Content-Length: 1\r\n\r\n1", false},
        {"Content-Length: 1\r\n\r\n1C", true},
        {"Content-Length: 1\r\n\r\n", true},
        {"[ this line is larger than the limit", true},
        {"[ this line is larger than the limit\n", false},
        {"Content-Length: 99\r\n\r\nthis", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct framing framing;
        struct slice message;
        struct slice input = slice_of(rows[i].text);
        framing_init(&framing, LIMIT);
        while (framing_next(&framing, input, &message) != FRAMING_NEED_MORE) {
        }
        size_t left = input.size - framing_drop(&framing);
        cr_expect_eq(framing_has_begun(&framing, left), rows[i].begun, "%s", rows[i].text);
    }
}

Test(framing, drops_exactly_what_was_handed_out)
{
    struct framing framing;
    struct slice message;
    framing_init(&framing, LIMIT);
    struct slice input = SLICE("{1}\n{2}\n{3");
    cr_assert_eq(framing_next(&framing, input, &message), FRAMING_MESSAGE);
    cr_assert_eq(framing_left(&framing, input.size), 6);
    cr_assert_eq(framing_drop(&framing), 4);
    input = SLICE("{2}\n{3");
    cr_assert_eq(framing_next(&framing, input, &message), FRAMING_MESSAGE);
    cr_assert(slice_equal(message, SLICE("{2}")));
    cr_assert_eq(framing_next(&framing, input, &message), FRAMING_NEED_MORE);
    cr_assert_eq(framing_drop(&framing), 4);
    cr_assert_eq(framing_drop(&framing), 0);
    cr_assert_eq(framing.scanned, 2);
}
