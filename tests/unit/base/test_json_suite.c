/* The cases of JSONTestSuite (test_parsing): what a reader must accept (y_), must refuse (n_), and
 * may decide for itself (i_); docs/JSON.md has a table of the last. */
#include "base/json.h"
#include "base/macros.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define DEPTH_MAX       128
#define VALUE_DEPTH_MAX 64

enum outcome {
    OUTCOME_VALUE,    /* JSON, and a value */
    OUTCOME_NO_VALUE, /* JSON, but Tenon stores no such value */
    OUTCOME_NO_JSON,
    OUTCOME_TOO_DEEP
};

/* As docs/JSON.md says them. */
static const char *const outcome_names[] = {
    [OUTCOME_VALUE] = "accepted",
    [OUTCOME_NO_VALUE] = "InvalidValue",
    [OUTCOME_NO_JSON] = "ParseError",
    [OUTCOME_TOO_DEEP] = "InvalidRequest",
};

struct suite_case {
    const char *name;
    enum outcome outcome;
    struct slice text;
    struct slice end; /* comes after it, as often */
    size_t times;
};

#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define CASE(name, outcome, text, end, times)                                                      \
    {                                                                                              \
        name, OUTCOME_##outcome, BYTES(text), BYTES(end), times                                    \
    }
#define YES(name, text)          CASE("y_" name, VALUE, text, "", 1)
#define NO(name, text)           CASE("n_" name, NO_JSON, text, "", 1)
#define OWN(name, outcome, text) CASE("i_" name, outcome, text, "", 1)

static const struct suite_case accepted_cases[] = {
    YES("array_arraysWithSpaces", "[[]   ]"),
    YES("array_empty", "[]"),
    YES("array_empty-string", "[\"\"]"),
    YES("array_ending_with_newline", "[\"a\"]"),
    YES("array_false", "[false]"),
    YES("array_heterogeneous", "[null, 1, \"1\", {}]"),
    YES("array_null", "[null]"),
    YES("array_with_1_and_newline", "[1\n]"),
    YES("array_with_leading_space", " [1]"),
    YES("array_with_several_null", "[1,null,null,null,2]"),
    YES("array_with_trailing_space", "[2] "),
    YES("number", "[123e65]"),
    YES("number_0e+1", "[0e+1]"),
    YES("number_0e1", "[0e1]"),
    YES("number_after_space", "[ 4]"),
    YES("number_double_close_to_zero",
        "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]\n"),
    YES("number_int_with_exp", "[20e1]"),
    YES("number_minus_zero", "[-0]"),
    YES("number_negative_int", "[-123]"),
    YES("number_negative_one", "[-1]"),
    YES("number_negative_zero", "[-0]"),
    YES("number_real_capital_e", "[1E22]"),
    YES("number_real_capital_e_neg_exp", "[1E-2]"),
    YES("number_real_capital_e_pos_exp", "[1E+2]"),
    YES("number_real_exponent", "[123e45]"),
    YES("number_real_fraction_exponent", "[123.456e78]"),
    YES("number_real_neg_exp", "[1e-2]"),
    YES("number_real_pos_exponent", "[1e+2]"),
    YES("number_simple_int", "[123]"),
    YES("number_simple_real", "[123.456789]"),
    YES("object", "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}"),
    YES("object_basic", "{\"asd\":\"sdf\"}"),
    YES("object_empty", "{}"),
    YES("object_empty_key", "{\"\":0}"),
    YES("object_escaped_null_in_key", "{\"foo\\u0000bar\": 42}"),
    YES("object_extreme_numbers", "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }"),
    YES("object_long_strings", "{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], "
                               "\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}"),
    YES("object_simple", "{\"a\":[]}"),
    YES("object_string_unicode",
        "{\"title\":\"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430 "
        "\\u0417\\u0435\\u043c\\u043b\\u0435\\u043a\\u043e\\u043f\\u0430\" }"),
    YES("object_with_newlines", "{\n\"a\": \"b\"\n}"),
    YES("string_1_2_3_bytes_UTF-8_sequences", "[\"\\u0060\\u012a\\u12AB\"]"),
    YES("string_accepted_surrogate_pair", "[\"\\uD801\\udc37\"]"),
    YES("string_accepted_surrogate_pairs", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"),
    YES("string_allowed_escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
    YES("string_backslash_and_u_escaped_zero", "[\"\\\\u0000\"]"),
    YES("string_backslash_doublequotes", "[\"\\\"\"]"),
    YES("string_comments", "[\"a/*b*/c/*d//e\"]"),
    YES("string_double_escape_a", "[\"\\\\a\"]"),
    YES("string_double_escape_n", "[\"\\\\n\"]"),
    YES("string_escaped_control_character", "[\"\\u0012\"]"),
    YES("string_escaped_noncharacter", "[\"\\uFFFF\"]"),
    YES("string_in_array", "[\"asd\"]"),
    YES("string_in_array_with_leading_space", "[ \"asd\"]"),
    YES("string_last_surrogates_1_and_2", "[\"\\uDBFF\\uDFFF\"]"),
    YES("string_nbsp_uescaped", "[\"new\\u00A0line\"]"),
    YES("string_nonCharacterInUTF-8_U+10FFFF", "[\"\364\217\277\277\"]"),
    YES("string_nonCharacterInUTF-8_U+FFFF", "[\"\357\277\277\"]"),
    YES("string_null_escape", "[\"\\u0000\"]"),
    YES("string_one-byte-utf-8", "[\"\\u002c\"]"),
    YES("string_pi", "[\"\317\200\"]"),
    YES("string_reservedCharacterInUTF-8_U+1BFFF", "[\"\360\233\277\277\"]"),
    YES("string_simple_ascii", "[\"asd \"]"),
    YES("string_space", "\" \""),
    YES("string_surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF", "[\"\\uD834\\uDd1e\"]"),
    YES("string_three-byte-utf-8", "[\"\\u0821\"]"),
    YES("string_two-byte-utf-8", "[\"\\u0123\"]"),
    YES("string_u+2028_line_sep", "[\"\342\200\250\"]"),
    YES("string_u+2029_par_sep", "[\"\342\200\251\"]"),
    YES("string_uEscape", "[\"\\u0061\\u30af\\u30EA\\u30b9\"]"),
    YES("string_uescaped_newline", "[\"new\\u000Aline\"]"),
    YES("string_unescaped_char_delete", "[\"\177\"]"),
    YES("string_unicode", "[\"\\uA66D\"]"),
    YES("string_unicodeEscapedBackslash", "[\"\\u005C\"]"),
    YES("string_unicode_2", "[\"\342\215\202\343\210\264\342\215\202\"]"),
    YES("string_unicode_U+10FFFE_nonchar", "[\"\\uDBFF\\uDFFE\"]"),
    YES("string_unicode_U+1FFFE_nonchar", "[\"\\uD83F\\uDFFE\"]"),
    YES("string_unicode_U+200B_ZERO_WIDTH_SPACE", "[\"\\u200B\"]"),
    YES("string_unicode_U+2064_invisible_plus", "[\"\\u2064\"]"),
    YES("string_unicode_U+FDD0_nonchar", "[\"\\uFDD0\"]"),
    YES("string_unicode_U+FFFE_nonchar", "[\"\\uFFFE\"]"),
    YES("string_unicode_escaped_double_quote", "[\"\\u0022\"]"),
    YES("string_utf8", "[\"\342\202\254\360\235\204\236\"]"),
    YES("string_with_del_character", "[\"a\177a\"]"),
    YES("structure_lonely_false", "false"),
    YES("structure_lonely_int", "42"),
    YES("structure_lonely_negative_real", "-0.1"),
    YES("structure_lonely_null", "null"),
    YES("structure_lonely_string", "\"asd\""),
    YES("structure_lonely_true", "true"),
    YES("structure_string_empty", "\"\""),
    YES("structure_trailing_newline", "[\"a\"]\n"),
    YES("structure_true_in_array", "[true]"),
    YES("structure_whitespace_array", " [] "),
};

static const struct suite_case refused_cases[] = {
    NO("array_1_true_without_comma", "[1 true]"),
    NO("array_a_invalid_utf8", "[a\345]"),
    NO("array_colon_instead_of_comma", "[\"\": 1]"),
    NO("array_comma_after_close", "[\"\"],"),
    NO("array_comma_and_number", "[,1]"),
    NO("array_double_comma", "[1,,2]"),
    NO("array_double_extra_comma", "[\"x\",,]"),
    NO("array_extra_close", "[\"x\"]]"),
    NO("array_extra_comma", "[\"\",]"),
    NO("array_incomplete", "[\"x\""),
    NO("array_incomplete_invalid_value", "[x"),
    NO("array_inner_array_no_comma", "[3[4]]"),
    NO("array_invalid_utf8", "[\377]"),
    NO("array_items_separated_by_semicolon", "[1:2]"),
    NO("array_just_comma", "[,]"),
    NO("array_just_minus", "[-]"),
    NO("array_missing_value", "[   , \"\"]"),
    NO("array_newlines_unclosed", "[\"a\",\n4\n,1,"),
    NO("array_number_and_comma", "[1,]"),
    NO("array_number_and_several_commas", "[1,,]"),
    NO("array_spaces_vertical_tab_formfeed", "[\"\013a\"\\f]"),
    NO("array_star_inside", "[*]"),
    NO("array_unclosed", "[\"\""),
    NO("array_unclosed_trailing_comma", "[1,"),
    NO("array_unclosed_with_new_lines", "[1,\n1\n,1"),
    NO("array_unclosed_with_object_inside", "[{}"),
    NO("incomplete_false", "[fals]"),
    NO("incomplete_null", "[nul]"),
    NO("incomplete_true", "[tru]"),
    NO("multidigit_number_then_00", "123\000"),
    NO("number_++", "[++1234]"),
    NO("number_+1", "[+1]"),
    NO("number_+Inf", "[+Inf]"),
    NO("number_-01", "[-01]"),
    NO("number_-1.0.", "[-1.0.]"),
    NO("number_-2.", "[-2.]"),
    NO("number_-NaN", "[-NaN]"),
    NO("number_.-1", "[.-1]"),
    NO("number_.2e-3", "[.2e-3]"),
    NO("number_0.1.2", "[0.1.2]"),
    NO("number_0.3e", "[0.3e]"),
    NO("number_0.3e+", "[0.3e+]"),
    NO("number_0.e1", "[0.e1]"),
    NO("number_0_capital_E", "[0E]"),
    NO("number_0_capital_E+", "[0E+]"),
    NO("number_0e", "[0e]"),
    NO("number_0e+", "[0e+]"),
    NO("number_1.0e", "[1.0e]"),
    NO("number_1.0e+", "[1.0e+]"),
    NO("number_1.0e-", "[1.0e-]"),
    NO("number_1_000", "[1 000.0]"),
    NO("number_1eE2", "[1eE2]"),
    NO("number_2.e+3", "[2.e+3]"),
    NO("number_2.e-3", "[2.e-3]"),
    NO("number_2.e3", "[2.e3]"),
    NO("number_9.e+", "[9.e+]"),
    NO("number_Inf", "[Inf]"),
    NO("number_NaN", "[NaN]"),
    NO("number_U+FF11_fullwidth_digit_one", "[\357\274\221]"),
    NO("number_expression", "[1+2]"),
    NO("number_hex_1_digit", "[0x1]"),
    NO("number_hex_2_digits", "[0x42]"),
    NO("number_infinity", "[Infinity]"),
    NO("number_invalid+-", "[0e+-1]"),
    NO("number_invalid-negative-real", "[-123.123foo]"),
    NO("number_invalid-utf-8-in-bigger-int", "[123\345]"),
    NO("number_invalid-utf-8-in-exponent", "[1e1\345]"),
    NO("number_invalid-utf-8-in-int", "[0\345]\n"),
    NO("number_minus_infinity", "[-Infinity]"),
    NO("number_minus_sign_with_trailing_garbage", "[-foo]"),
    NO("number_minus_space_1", "[- 1]"),
    NO("number_neg_int_starting_with_zero", "[-012]"),
    NO("number_neg_real_without_int_part", "[-.123]"),
    NO("number_neg_with_garbage_at_end", "[-1x]"),
    NO("number_real_garbage_after_e", "[1ea]"),
    NO("number_real_with_invalid_utf8_after_e", "[1e\345]"),
    NO("number_real_without_fractional_part", "[1.]"),
    NO("number_starting_with_dot", "[.123]"),
    NO("number_with_alpha", "[1.2a-3]"),
    NO("number_with_alpha_char", "[1.8011670033376514H-308]"),
    NO("number_with_leading_zero", "[012]"),
    NO("object_bad_value", "[\"x\", truth]"),
    NO("object_bracket_key", "{[: \"x\"}\n"),
    NO("object_comma_instead_of_colon", "{\"x\", null}"),
    NO("object_double_colon", "{\"x\"::\"b\"}"),
    NO("object_emoji", "{\360\237\207\250\360\237\207\255}"),
    NO("object_garbage_at_end", "{\"a\":\"a\" 123}"),
    NO("object_key_with_single_quotes", "{key: 'value'}"),
    NO("object_lone_continuation_byte_in_key_and_trailing_comma", "{\"\271\":\"0\",}"),
    NO("object_missing_colon", "{\"a\" b}"),
    NO("object_missing_key", "{:\"b\"}"),
    NO("object_missing_semicolon", "{\"a\" \"b\"}"),
    NO("object_missing_value", "{\"a\":"),
    NO("object_no-colon", "{\"a\""),
    NO("object_non_string_key", "{1:1}"),
    NO("object_non_string_key_but_huge_number_instead", "{9999E9999:1}"),
    NO("object_repeated_null_null", "{null:null,null:null}"),
    NO("object_several_trailing_commas", "{\"id\":0,,,,,}"),
    NO("object_single_quote", "{'a':0}"),
    NO("object_trailing_comma", "{\"id\":0,}"),
    NO("object_trailing_comment", "{\"a\":\"b\"}/**/"),
    NO("object_trailing_comment_open", "{\"a\":\"b\"}/**//"),
    NO("object_trailing_comment_slash_open", "{\"a\":\"b\"}//"),
    NO("object_trailing_comment_slash_open_incomplete", "{\"a\":\"b\"}/"),
    NO("object_two_commas_in_a_row", "{\"a\":\"b\",,\"c\":\"d\"}"),
    NO("object_unquoted_key", "{a: \"b\"}"),
    NO("object_unterminated-value", "{\"a\":\"a"),
    NO("object_with_single_string", "{ \"foo\" : \"bar\", \"a\" }"),
    NO("object_with_trailing_garbage", "{\"a\":\"b\"}#"),
    NO("single_space", " "),
    NO("string_1_surrogate_then_escape", "[\"\\uD800\\\"]"),
    NO("string_1_surrogate_then_escape_u", "[\"\\uD800\\u\"]"),
    NO("string_1_surrogate_then_escape_u1", "[\"\\uD800\\u1\"]"),
    NO("string_1_surrogate_then_escape_u1x", "[\"\\uD800\\u1x\"]"),
    NO("string_accentuated_char_no_quotes", "[\303\251]"),
    NO("string_backslash_00", "[\"\\\000\"]"),
    NO("string_escape_x", "[\"\\x00\"]"),
    NO("string_escaped_backslash_bad", "[\"\\\\\\\"]"),
    NO("string_escaped_ctrl_char_tab", "[\"\\\t\"]"),
    NO("string_escaped_emoji", "[\"\\\360\237\214\200\"]"),
    NO("string_incomplete_escape", "[\"\\\"]"),
    NO("string_incomplete_escaped_character", "[\"\\u00A\"]"),
    NO("string_incomplete_surrogate", "[\"\\uD834\\uDd\"]"),
    NO("string_incomplete_surrogate_escape_invalid", "[\"\\uD800\\uD800\\x\"]"),
    NO("string_invalid-utf-8-in-escape", "[\"\\u\345\"]"),
    NO("string_invalid_backslash_esc", "[\"\\a\"]"),
    NO("string_invalid_unicode_escape", "[\"\\uqqqq\"]"),
    NO("string_invalid_utf8_after_escape", "[\"\\\345\"]"),
    NO("string_leading_uescaped_thinspace", "[\\u0020\"asd\"]"),
    NO("string_no_quotes_with_bad_escape", "[\\n]"),
    NO("string_single_doublequote", "\""),
    NO("string_single_quote", "['single quote']"),
    NO("string_single_string_no_double_quotes", "abc"),
    NO("string_start_escape_unclosed", "[\"\\"),
    NO("string_unescaped_ctrl_char", "[\"a\000a\"]"),
    NO("string_unescaped_newline", "[\"new\nline\"]"),
    NO("string_unescaped_tab", "[\"\t\"]"),
    NO("string_unicode_CapitalU", "\"\\UA66D\""),
    NO("string_with_trailing_garbage", "\"\"x"),
    CASE("n_structure_100000_opening_arrays", TOO_DEEP, "[", "", 100000),
    NO("structure_U+2060_word_joined", "[\342\201\240]"),
    NO("structure_UTF8_BOM_no_data", "\357\273\277"),
    NO("structure_angle_bracket_.", "<.>"),
    NO("structure_angle_bracket_null", "[<null>]"),
    NO("structure_array_trailing_garbage", "[1]x"),
    NO("structure_array_with_extra_array_close", "[1]]"),
    NO("structure_array_with_unclosed_string", "[\"asd]"),
    NO("structure_ascii-unicode-identifier", "a\303\245"),
    NO("structure_capitalized_True", "[True]"),
    NO("structure_close_unopened_array", "1]"),
    NO("structure_comma_instead_of_closing_brace", "{\"x\": true,"),
    NO("structure_double_array", "[][]"),
    NO("structure_end_array", "]"),
    NO("structure_incomplete_UTF8_BOM", "\357\273{}"),
    NO("structure_lone-invalid-utf-8", "\345"),
    NO("structure_lone-open-bracket", "["),
    NO("structure_no_data", ""),
    NO("structure_null-byte-outside-string", "[\000]"),
    NO("structure_number_with_trailing_garbage", "2@"),
    NO("structure_object_followed_by_closing_object", "{}}"),
    NO("structure_object_unclosed_no_value", "{\"\":"),
    NO("structure_object_with_comment", "{\"a\":/*comment*/\"b\"}"),
    NO("structure_object_with_trailing_garbage", "{\"a\": true} \"x\""),
    NO("structure_open_array_apostrophe", "['"),
    NO("structure_open_array_comma", "[,"),
    CASE("n_structure_open_array_object", TOO_DEEP, "[{\"\":", "", 50000),
    NO("structure_open_array_open_object", "[{"),
    NO("structure_open_array_open_string", "[\"a"),
    NO("structure_open_array_string", "[\"a\""),
    NO("structure_open_object", "{"),
    NO("structure_open_object_close_array", "{]"),
    NO("structure_open_object_comma", "{,"),
    NO("structure_open_object_open_array", "{["),
    NO("structure_open_object_open_string", "{\"a"),
    NO("structure_open_object_string_with_apostrophes", "{'a'"),
    NO("structure_open_open", "[\"\\{[\"\\{[\"\\{[\"\\{"),
    NO("structure_single_eacute", "\351"),
    NO("structure_single_star", "*"),
    NO("structure_trailing_#", "{\"a\":\"b\"}#{}"),
    NO("structure_uescaped_LF_before_string", "[\\u000A\"\"]"),
    NO("structure_unclosed_array", "[1"),
    NO("structure_unclosed_array_partial_null", "[ false, nul"),
    NO("structure_unclosed_array_unfinished_false", "[ true, fals"),
    NO("structure_unclosed_array_unfinished_true", "[ false, tru"),
    NO("structure_unclosed_object", "{\"asd\":\"asd\""),
    NO("structure_unicode-identifier", "\303\245"),
    NO("structure_whitespace_U+2060_word_joiner", "[\342\201\240]"),
    NO("structure_whitespace_formfeed", "[\014]"),
};

static const struct suite_case own_cases[] = {
    OWN("number_double_huge_neg_exp", VALUE, "[123.456e-789]"),
    OWN("number_huge_exp", NO_VALUE,
        "[0."
        "4e0066999999999999999999999999999999999999999999999999999999999999999999999999999999999999"
        "9999999999999999999999999999999969999999006]"),
    OWN("number_neg_int_huge_exp", NO_VALUE, "[-1e+9999]"),
    OWN("number_pos_double_huge_exp", NO_VALUE, "[1.5e+9999]"),
    OWN("number_real_neg_overflow", NO_VALUE, "[-123123e100000]"),
    OWN("number_real_pos_overflow", NO_VALUE, "[123123e100000]"),
    OWN("number_real_underflow", VALUE, "[123e-10000000]"),
    OWN("number_too_big_neg_int", NO_VALUE, "[-123123123123123123123123123123]"),
    OWN("number_too_big_pos_int", NO_VALUE, "[100000000000000000000]"),
    OWN("number_very_big_negative_int", NO_VALUE,
        "[-237462374673276894279832749832423479823246327846]"),
    OWN("object_key_lone_2nd_surrogate", NO_JSON, "{\"\\uDFAA\":0}"),
    OWN("string_1st_surrogate_but_2nd_missing", NO_JSON, "[\"\\uDADA\"]"),
    OWN("string_1st_valid_surrogate_2nd_invalid", NO_JSON, "[\"\\uD888\\u1234\"]"),
    OWN("string_UTF-16LE_with_BOM", NO_JSON, "\377\376[\000\"\000\351\000\"\000]\000"),
    OWN("string_UTF-8_invalid_sequence", NO_JSON, "[\"\346\227\245\321\210\372\"]"),
    OWN("string_UTF8_surrogate_U+D800", NO_JSON, "[\"\355\240\200\"]"),
    OWN("string_incomplete_surrogate_and_escape_valid", NO_JSON, "[\"\\uD800\\n\"]"),
    OWN("string_incomplete_surrogate_pair", NO_JSON, "[\"\\uDd1ea\"]"),
    OWN("string_incomplete_surrogates_escape_valid", NO_JSON, "[\"\\uD800\\uD800\\n\"]"),
    OWN("string_invalid_lonely_surrogate", NO_JSON, "[\"\\ud800\"]"),
    OWN("string_invalid_surrogate", NO_JSON, "[\"\\ud800abc\"]"),
    OWN("string_invalid_utf-8", NO_JSON, "[\"\377\"]"),
    OWN("string_inverted_surrogates_U+1D11E", NO_JSON, "[\"\\uDd1e\\uD834\"]"),
    OWN("string_iso_latin_1", NO_JSON, "[\"\351\"]"),
    OWN("string_lone_second_surrogate", NO_JSON, "[\"\\uDFAA\"]"),
    OWN("string_lone_utf8_continuation_byte", NO_JSON, "[\"\201\"]"),
    OWN("string_not_in_unicode_range", NO_JSON, "[\"\364\277\277\277\"]"),
    OWN("string_overlong_sequence_2_bytes", NO_JSON, "[\"\300\257\"]"),
    OWN("string_overlong_sequence_6_bytes", NO_JSON, "[\"\374\203\277\277\277\277\"]"),
    OWN("string_overlong_sequence_6_bytes_null", NO_JSON, "[\"\374\200\200\200\200\200\"]"),
    OWN("string_truncated-utf-8", NO_JSON, "[\"\340\377\"]"),
    OWN("string_utf16BE_no_BOM", NO_JSON, "\000[\000\"\000\351\000\"\000]"),
    OWN("string_utf16LE_no_BOM", NO_JSON, "[\000\"\000\351\000\"\000]\000"),
    CASE("i_structure_500_nested_arrays", TOO_DEEP, "[", "]", 500),
    OWN("structure_UTF-8_BOM_empty_object", NO_JSON, "\357\273\277{}"),
};

/* The grammar takes a name that comes twice, and the suite asks for it; the contract refuses it,
 * because a database would lose one of the two values. */
static const struct suite_case contract_cases[] = {
    CASE("y_object_duplicated_key", NO_JSON, "{\"a\":\"b\",\"a\":\"c\"}", "", 1),
    CASE("y_object_duplicated_key_and_value", NO_JSON, "{\"a\":\"b\",\"a\":\"b\"}", "", 1),
};

static void repeat(char **to, struct slice text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        memcpy(*to, text.data, text.size);
        *to += text.size;
    }
}

static enum outcome read_value(struct arena *arena, struct slice text)
{
    struct value value;
    struct value found;
    struct slice path;
    struct json_error error;
    if (!json_read(arena, text, DEPTH_MAX, &value, NULL, &error)) {
        return error.status == JSON_DEPTH ? OUTCOME_TOO_DEEP : OUTCOME_NO_JSON;
    }
    bool stored = value_vet(arena, value, VALUE_DEPTH_MAX, &path, &found) == VET_OK;
    return stored ? OUTCOME_VALUE : OUTCOME_NO_VALUE;
}

/* Reads the case from a block of exactly its size, so that a sanitizer sees a read beyond it. */
static enum outcome outcome_of(const struct suite_case *suite_case)
{
    size_t size = (suite_case->text.size + suite_case->end.size) * suite_case->times;
    char *block = memory_allocate(size);
    char *end = block;
    repeat(&end, suite_case->text, suite_case->times);
    repeat(&end, suite_case->end, suite_case->times);
    struct arena arena;
    arena_init(&arena, 4096);
    enum outcome outcome = read_value(&arena, slice_make(block, size));
    arena_deinit(&arena);
    memory_release(block);
    return outcome;
}

static void expect_outcomes(const struct suite_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum outcome outcome = outcome_of(&cases[i]);
        cr_expect_eq(outcome, cases[i].outcome, "%s: %s, not %s", cases[i].name,
                     outcome_names[outcome], outcome_names[cases[i].outcome]);
    }
}

Test(json_suite, accepts_what_every_reader_must_accept)
{
    cr_assert_eq(COUNT_OF(accepted_cases) + COUNT_OF(contract_cases), 95);
    expect_outcomes(accepted_cases, COUNT_OF(accepted_cases));
}

Test(json_suite, refuses_what_every_reader_must_refuse)
{
    cr_assert_eq(COUNT_OF(refused_cases), 188);
    expect_outcomes(refused_cases, COUNT_OF(refused_cases));
}

Test(json_suite, refuses_names_given_twice_as_the_contract_says)
{
    expect_outcomes(contract_cases, COUNT_OF(contract_cases));
}

/* Whether a line of docs/JSON.md has the case and its outcome. */
static bool page_says(const char *name, const char *outcome)
{
    char line[256];
    char expected[256];
    bool found = false;
    FILE *page = fopen("docs/JSON.md", "r");
    cr_assert_not_null(page, "docs/JSON.md is read from the root of the tree");
    snprintf(expected, sizeof(expected), "| `%s` | %s |", name, outcome);
    while (!found && fgets(line, sizeof(line), page) != NULL) {
        found = strncmp(line, expected, strlen(expected)) == 0;
    }
    fclose(page);
    return found;
}

Test(json_suite, decides_the_rest_as_the_page_on_json_says)
{
    cr_assert_eq(COUNT_OF(own_cases), 35);
    expect_outcomes(own_cases, COUNT_OF(own_cases));
    for (size_t i = 0; i < COUNT_OF(own_cases); i++) {
        const char *outcome = outcome_names[own_cases[i].outcome];
        cr_expect(page_says(own_cases[i].name, outcome), "docs/JSON.md does not say that %s is %s",
                  own_cases[i].name, outcome);
    }
}
