//! One row per way to write a document: `y_` must be read, `n_` must be refused, and `i_` is where
//! RFC 8259 leaves the choice and the module's page says which one was taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use super::{Flaw, MAX_DEPTH, MAX_NAME, MAX_STRING, MAX_VALUES, read};

/// Documents that are read, with what leaves for them.
const READ: &[(&str, &[u8], &str)] = &[
    ("y_array_empty", b"[]", "[]"),
    ("y_array_spaces", b"[ ]", "[]"),
    ("y_array_nested", b"[[[]],[]]", "[[[]],[]]"),
    ("y_array_null", b"[null]", "[null]"),
    ("y_array_mixed", b"[1,\"1\",true,false,null,{}]", "[1,\"1\",true,false,null,{}]"),
    ("y_array_all_white_space", b"[\t1\r\n, 2 ]", "[1,2]"),
    ("y_object_empty", b"{}", "{}"),
    ("y_object_spaces", b"{ }", "{}"),
    ("y_object_one", b"{\"a\":1}", "{\"a\":1}"),
    ("y_object_white_space", b" { \"a\" : 1 , \"b\" : 2 } ", "{\"a\":1,\"b\":2}"),
    ("y_object_order_kept", b"{\"z\":1,\"a\":2,\"m\":3}", "{\"z\":1,\"a\":2,\"m\":3}"),
    ("y_object_empty_name", b"{\"\":0}", "{\"\":0}"),
    ("y_object_names_differ_in_case", b"{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}"),
    ("y_object_same_name_in_two_objects", b"{\"a\":{\"a\":1}}", "{\"a\":{\"a\":1}}"),
    (
        "y_object_names_differ_by_normalisation",
        "{\"é\":1,\"e\u{301}\":2}".as_bytes(),
        "{\"é\":1,\"e\u{301}\":2}",
    ),
    ("y_object_escaped_name", b"{\"\\u0061\":1}", "{\"a\":1}"),
    ("y_top_string", b"\"a\"", "\"a\""),
    ("y_top_number", b"42", "42"),
    ("y_top_negative", b"-1", "-1"),
    ("y_top_true", b"true", "true"),
    ("y_top_false", b"false", "false"),
    ("y_top_null", b"null", "null"),
    ("y_top_leading_white_space", b" \n\t\r null", "null"),
    ("y_top_trailing_newline", b"[]\n", "[]"),
    ("y_string_empty", b"\"\"", "\"\""),
    ("y_string_escapes", b"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""),
    ("y_string_solidus", b"\"a/b\\/c\"", "\"a/b/c\""),
    ("y_string_u_ascii", b"\"\\u0041\"", "\"A\""),
    ("y_string_u_upper_and_lower_hex", b"\"\\u00e9\\u00E9\"", "\"éé\""),
    ("y_string_u_three_bytes", b"\"\\u4e2d\"", "\"中\""),
    ("y_string_surrogate_pair", b"\"\\uD83D\\uDE00\"", "\"😀\""),
    ("y_string_surrogate_pair_first", b"\"\\ud800\\udc00\"", "\"\u{10000}\""),
    ("y_string_surrogate_pair_last", b"\"\\udbff\\udfff\"", "\"\u{10ffff}\""),
    ("y_string_utf8_two", "\"é\"".as_bytes(), "\"é\""),
    ("y_string_utf8_three", "\"€\"".as_bytes(), "\"€\""),
    ("y_string_utf8_four", "\"😀\"".as_bytes(), "\"😀\""),
    ("y_string_escaped_quote_last", b"\"a\\\"\"", "\"a\\\"\""),
    ("y_string_escaped_backslash_last", b"\"a\\\\\"", "\"a\\\\\""),
    ("y_string_backslash_u_as_text", b"\"\\\\u0061\"", "\"\\\\u0061\""),
    ("y_string_comment_inside", b"\"/* */ // #\"", "\"/* */ // #\""),
    ("y_string_brackets_inside", b"[\"]}{[,:\"]", "[\"]}{[,:\"]"),
    ("y_string_single_quotes_inside", b"\"'\"", "\"'\""),
    ("y_number_zero", b"0", "0"),
    ("y_number_i64_min", b"-9223372036854775808", "-9223372036854775808"),
    ("y_number_i64_max", b"9223372036854775807", "9223372036854775807"),
    ("y_number_u64_max", b"18446744073709551615", "18446744073709551615"),
    ("y_number_nanoseconds", b"1678886400000000000", "1678886400000000000"),
    ("y_number_2_53_plus_1", b"9007199254740993", "9007199254740993"),
    ("y_number_fraction", b"12.34", "12.34"),
    ("y_number_negative_fraction", b"-0.5", "-0.5"),
    ("y_number_zero_fraction", b"0.0", "0.0"),
    ("y_number_whole_fraction", b"1.0", "1.0"),
    ("y_number_trailing_zeros", b"1.500", "1.5"),
    ("y_number_exponent", b"1e2", "100.0"),
    ("y_number_exponent_upper", b"1E2", "100.0"),
    ("y_number_exponent_plus", b"1e+2", "100.0"),
    ("y_number_exponent_minus", b"25e-1", "2.5"),
    ("y_number_exponent_leading_zeros", b"1e002", "100.0"),
    ("y_number_zero_exponent", b"0e5", "0.0"),
    ("y_number_zero_huge_exponent", b"0e999999999999999999", "0.0"),
    ("y_number_17_digits", b"0.12345678901234567", "0.12345678901234566"),
    ("y_number_17_digits_and_zeros", b"0.0012345678901234567000", "0.0012345678901234567"),
    ("y_number_smallest", b"5e-324", "5e-324"),
    ("y_number_exact_from_2_53", b"9007199254740992.0", "9007199254740992.0"),
    ("y_number_exact_2_54_plus_4", b"18014398509481988.0", "1.8014398509481988e16"),
    ("y_number_exact_1e22", b"1e22", "1e22"),
    ("y_number_half_below_2_53", b"4503599627370495.5", "4503599627370495.5"),
    ("y_number_before_comma", b"[1,2.5]", "[1,2.5]"),
    ("i_number_2_64_shortest", b"1.8446744073709552e19", "1.8446744073709552e19"),
    ("i_number_1e23", b"1e23", "1e23"),
    ("i_number_largest_double_shortest", b"1.7976931348623157e308", "1.7976931348623157e308"),
    ("i_number_minus_zero_fraction", b"-0.0", "-0.0"),
    ("i_number_minus_zero_exponent", b"-0e0", "-0.0"),
    ("i_string_nul_escape", b"\"\\u0000\"", "\"\\u0000\""),
    ("i_string_noncharacter", b"\"\\uFFFF\"", "\"\u{ffff}\""),
    ("i_string_bom_inside", b"\"\\uFEFF\"", "\"\u{feff}\""),
    ("i_string_del", b"\"\x7f\"", "\"\x7f\""),
    ("i_string_line_separator", "\"\u{2028}\"".as_bytes(), "\"\u{2028}\""),
];

/// Documents that are refused, with the flaw and its offset.
const REFUSED: &[(&str, &[u8], Flaw, usize)] = &[
    ("n_empty", b"", Flaw::Empty, 0),
    ("n_white_space_only", b" \n\t", Flaw::Empty, 3),
    ("i_bom", b"\xEF\xBB\xBF{}", Flaw::ByteOrderMark, 0),
    ("i_bom_only", b"\xEF\xBB\xBF", Flaw::ByteOrderMark, 0),
    ("n_bom_inside", "[\u{feff}]".as_bytes(), Flaw::NoValue, 1),
    ("n_bom_cut", b"\xEF\xBB{}", Flaw::NotUtf8, 0),
    ("n_utf16_le_bom", b"\xFF\xFE{\0}\0", Flaw::NotUtf8, 0),
    ("n_utf16_be_bom", b"\xFE\xFF\0{\0}", Flaw::NotUtf8, 0),
    ("n_utf16_le", b"{\0}\0", Flaw::NoName, 1),
    ("n_utf16_be", b"\0{\0}", Flaw::NoValue, 0),
    ("n_utf8_latin1", b"\"\xE9\"", Flaw::NotUtf8, 1),
    ("n_utf8_overlong_slash", b"\"\xC0\xAF\"", Flaw::NotUtf8, 1),
    ("n_utf8_overlong_nul", b"\"\xC0\x80\"", Flaw::NotUtf8, 1),
    ("n_utf8_overlong_three", b"\"\xE0\x80\xAF\"", Flaw::NotUtf8, 1),
    ("n_utf8_overlong_four", b"\"\xF0\x80\x80\xAF\"", Flaw::NotUtf8, 1),
    ("n_utf8_surrogate", b"\"\xED\xA0\x80\"", Flaw::NotUtf8, 1),
    ("n_utf8_surrogate_pair", b"\"\xED\xA0\xBD\xED\xB8\x80\"", Flaw::NotUtf8, 1),
    ("n_utf8_beyond_unicode", b"\"\xF4\x90\x80\x80\"", Flaw::NotUtf8, 1),
    ("n_utf8_five_bytes", b"\"\xF8\x88\x80\x80\x80\"", Flaw::NotUtf8, 1),
    ("n_utf8_lone_continuation", b"\"\x80\"", Flaw::NotUtf8, 1),
    ("n_utf8_cut", b"\"\xE2\x82\"", Flaw::NotUtf8, 1),
    ("n_utf8_in_name", b"{\"\xFF\":1}", Flaw::NotUtf8, 2),
    ("n_utf8_after_document", b"{}\xFF", Flaw::NotUtf8, 2),
    ("n_array_open", b"[", Flaw::Truncated, 1),
    ("n_array_open_after_element", b"[1", Flaw::Truncated, 2),
    ("n_array_open_after_comma", b"[1,", Flaw::Truncated, 3),
    ("n_array_closed_by_brace", b"[1}", Flaw::NoComma, 2),
    ("n_array_trailing_comma", b"[1,]", Flaw::TrailingComma, 2),
    ("n_array_trailing_comma_spaces", b"[1 , ]", Flaw::TrailingComma, 3),
    ("n_array_comma_only", b"[,]", Flaw::NoValue, 1),
    ("n_array_comma_first", b"[,1]", Flaw::NoValue, 1),
    ("n_array_double_comma", b"[1,,2]", Flaw::NoValue, 3),
    ("n_array_no_comma", b"[1 2]", Flaw::NoComma, 3),
    ("n_array_colon", b"[1:2]", Flaw::NoComma, 2),
    ("n_array_ellipsis", b"[...]", Flaw::NoValue, 1),
    ("n_object_open", b"{", Flaw::Truncated, 1),
    ("n_object_open_after_name", b"{\"a\"", Flaw::Truncated, 4),
    ("n_object_open_after_colon", b"{\"a\":", Flaw::Truncated, 5),
    ("n_object_open_after_value", b"{\"a\":1", Flaw::Truncated, 6),
    ("n_object_open_after_comma", b"{\"a\":1,", Flaw::Truncated, 7),
    ("n_object_no_colon", b"{\"a\" 1}", Flaw::NoColon, 5),
    ("n_object_comma_for_colon", b"{\"a\",1}", Flaw::NoColon, 4),
    ("n_object_double_colon", b"{\"a\"::1}", Flaw::NoValue, 5),
    ("n_object_no_value", b"{\"a\":}", Flaw::NoValue, 5),
    ("n_object_no_comma", b"{\"a\":1 \"b\":2}", Flaw::NoComma, 7),
    ("n_object_trailing_comma", b"{\"a\":1,}", Flaw::TrailingComma, 6),
    ("n_object_comma_first", b"{,\"a\":1}", Flaw::NoName, 1),
    ("n_object_double_comma", b"{\"a\":1,,\"b\":2}", Flaw::NoName, 7),
    ("n_object_semicolon", b"{\"a\":1;\"b\":2}", Flaw::NoComma, 6),
    ("n_object_bare_name", b"{a:1}", Flaw::NoName, 1),
    ("n_object_number_name", b"{1:1}", Flaw::NoName, 1),
    ("n_object_null_name", b"{null:1}", Flaw::NoName, 1),
    ("n_object_array_name", b"{[]:1}", Flaw::NoName, 1),
    ("n_object_single_quoted_name", b"{'a':1}", Flaw::NoName, 1),
    ("n_object_closed_by_bracket", b"{\"a\":1]", Flaw::NoComma, 6),
    ("i_duplicate_name", b"{\"a\":1,\"a\":2}", Flaw::DuplicateName, 7),
    ("i_duplicate_name_same_value", b"{\"a\":1,\"a\":1}", Flaw::DuplicateName, 7),
    ("i_duplicate_name_escaped", b"{\"license\":1,\"licen\\u0073e\":2}", Flaw::DuplicateName, 13),
    ("i_duplicate_name_both_escaped", b"{\"\\u0061\":1,\"\\u0061\":2}", Flaw::DuplicateName, 12),
    ("i_duplicate_name_solidus", b"{\"a/b\":1,\"a\\/b\":2}", Flaw::DuplicateName, 9),
    ("i_duplicate_name_surrogates", "{\"😀\":1,\"\\ud83d\\ude00\":2}".as_bytes(), Flaw::DuplicateName, 10),
    ("i_duplicate_name_deep", b"[{\"x\":{\"b\":0,\"c\":1,\"b\":2}}]", Flaw::DuplicateName, 19),
    ("i_duplicate_name_empty", b"{\"\":1,\"\":2}", Flaw::DuplicateName, 6),
    ("n_trailing_bracket", b"[]]", Flaw::Trailing, 2),
    ("n_trailing_document", b"{}{}", Flaw::Trailing, 2),
    ("n_trailing_lines", b"{}\n{}", Flaw::Trailing, 3),
    ("n_trailing_comma_top", b"1,", Flaw::Trailing, 1),
    ("n_trailing_nul", b"{}\0", Flaw::Trailing, 2),
    ("n_trailing_comment", b"{} // x", Flaw::Trailing, 3),
    ("n_trailing_letter", b"truex", Flaw::Trailing, 4),
    ("n_leading_nul", b"\0{}", Flaw::NoValue, 0),
    ("n_record_separator", b"\x1e{}", Flaw::NoValue, 0),
    ("n_anti_hijacking_prefix", b")]}'\n{}", Flaw::NoValue, 0),
    ("n_white_space_nbsp", "\u{a0}[]".as_bytes(), Flaw::NoValue, 0),
    ("n_white_space_form_feed", b"[\x0c]", Flaw::NoValue, 1),
    ("n_white_space_vertical_tab", b"[1\x0b]", Flaw::NoComma, 2),
    ("n_white_space_line_separator", "[1\u{2028}]".as_bytes(), Flaw::NoComma, 2),
    ("n_comment_block", b"[1/* */]", Flaw::NoComma, 2),
    ("n_comment_line", b"//x\n[]", Flaw::NoValue, 0),
    ("n_comment_hash", b"#x\n[]", Flaw::NoValue, 0),
    ("n_comment_in_object", b"{/**/}", Flaw::NoName, 1),
    ("n_literal_upper", b"True", Flaw::NoValue, 0),
    ("n_literal_all_upper", b"NULL", Flaw::NoValue, 0),
    ("n_literal_none", b"None", Flaw::NoValue, 0),
    ("n_literal_undefined", b"undefined", Flaw::NoValue, 0),
    ("n_literal_cut", b"tru", Flaw::Truncated, 0),
    ("n_literal_cut_in_array", b"[fals]", Flaw::NoValue, 1),
    ("n_literal_wrong", b"nul1", Flaw::NoValue, 0),
    ("n_literal_nan", b"NaN", Flaw::NoValue, 0),
    ("n_literal_lower_nan", b"nan", Flaw::NoValue, 0),
    ("n_literal_infinity", b"[Infinity]", Flaw::NoValue, 1),
    ("n_literal_minus_infinity", b"-Infinity", Flaw::NoDigit, 1),
    ("n_literal_minus_nan", b"-NaN", Flaw::NoDigit, 1),
    ("n_string_open", b"\"abc", Flaw::Truncated, 4),
    ("n_string_open_escape", b"\"abc\\", Flaw::Truncated, 5),
    ("n_string_open_after_escaped_quote", b"\"abc\\\"", Flaw::Truncated, 6),
    ("n_string_open_u", b"\"\\u00", Flaw::Truncated, 5),
    ("n_string_single_quotes", b"'a'", Flaw::NoValue, 0),
    ("n_string_backticks", b"`a`", Flaw::NoValue, 0),
    ("n_string_curly_quotes", "“a”".as_bytes(), Flaw::NoValue, 0),
    ("n_string_bare", b"abc", Flaw::NoValue, 0),
    ("n_string_newline", b"\"a\nb\"", Flaw::ControlCharacter, 2),
    ("n_string_tab", b"\"a\tb\"", Flaw::ControlCharacter, 2),
    ("n_string_nul", b"\"a\0b\"", Flaw::ControlCharacter, 2),
    ("n_string_escape_char", b"\"\x1b[0m\"", Flaw::ControlCharacter, 1),
    ("n_string_unit_separator", b"\"\x1f\"", Flaw::ControlCharacter, 1),
    ("n_name_newline", b"{\"a\n\":1}", Flaw::ControlCharacter, 3),
    ("n_escape_x", b"\"\\x41\"", Flaw::BadEscape, 1),
    ("n_escape_single_quote", b"\"\\'\"", Flaw::BadEscape, 1),
    ("n_escape_a", b"\"\\a\"", Flaw::BadEscape, 1),
    ("n_escape_v", b"\"\\v\"", Flaw::BadEscape, 1),
    ("n_escape_0", b"\"\\0\"", Flaw::BadEscape, 1),
    ("n_escape_octal", b"\"\\101\"", Flaw::BadEscape, 1),
    ("n_escape_upper_u", b"\"\\U0041\"", Flaw::BadEscape, 1),
    ("n_escape_newline", b"\"\\\n\"", Flaw::BadEscape, 1),
    ("n_escape_nul", b"\"\\\0\"", Flaw::BadEscape, 1),
    ("n_escape_space", b"\"\\ \"", Flaw::BadEscape, 1),
    ("n_escape_utf8", "\"\\é\"".as_bytes(), Flaw::BadEscape, 1),
    ("n_escape_u_three_digits", b"\"\\u041\"", Flaw::BadEscape, 1),
    ("n_escape_u_braces", b"\"\\u{41}\"", Flaw::BadEscape, 1),
    ("n_escape_u_plus", b"\"\\u+041\"", Flaw::BadEscape, 1),
    ("n_escape_u_not_hex", b"\"\\u00G1\"", Flaw::BadEscape, 1),
    ("n_escape_u_full_width", "\"\\u004１\"".as_bytes(), Flaw::BadEscape, 1),
    ("i_surrogate_high", b"\"\\uD800\"", Flaw::LoneSurrogate, 1),
    ("i_surrogate_low", b"\"\\uDC00\"", Flaw::LoneSurrogate, 1),
    ("i_surrogate_two_high", b"\"\\uD800\\uD800\"", Flaw::LoneSurrogate, 1),
    ("i_surrogate_swapped", b"\"\\uDE00\\uD83D\"", Flaw::LoneSurrogate, 1),
    ("i_surrogate_and_letter", b"\"\\uD800a\"", Flaw::LoneSurrogate, 1),
    ("i_surrogate_and_newline_escape", b"\"\\uD800\\n\"", Flaw::LoneSurrogate, 1),
    ("i_surrogate_and_cut_escape", b"\"\\uD800\\u\"", Flaw::BadEscape, 7),
    ("i_surrogate_and_ascii_escape", b"\"\\uD800\\u0041\"", Flaw::LoneSurrogate, 1),
    ("i_surrogate_in_name", b"{\"\\uDFFF\":1}", Flaw::LoneSurrogate, 2),
    ("n_number_plus", b"+1", Flaw::NoValue, 0),
    ("n_number_minus", b"-", Flaw::Truncated, 1),
    ("n_number_minus_in_array", b"[-]", Flaw::NoDigit, 2),
    ("n_number_two_minus", b"--1", Flaw::NoDigit, 1),
    ("n_number_minus_space", b"- 1", Flaw::NoDigit, 1),
    ("n_number_leading_zero", b"01", Flaw::LeadingZero, 0),
    ("n_number_leading_zeros", b"[00]", Flaw::LeadingZero, 1),
    ("n_number_minus_leading_zero", b"-01", Flaw::LeadingZero, 0),
    ("n_number_leading_zero_fraction", b"01.5", Flaw::LeadingZero, 0),
    ("n_number_no_whole", b".5", Flaw::NoValue, 0),
    ("n_number_minus_no_whole", b"-.5", Flaw::NoDigit, 1),
    ("n_number_no_fraction", b"[1.]", Flaw::NoDigit, 3),
    ("n_number_no_fraction_exponent", b"1.e5", Flaw::NoDigit, 2),
    ("n_number_no_exponent", b"[1e]", Flaw::NoDigit, 3),
    ("n_number_no_exponent_sign", b"[1e+]", Flaw::NoDigit, 4),
    ("n_number_two_exponents", b"1e5e5", Flaw::Trailing, 3),
    ("n_number_fraction_exponent", b"1e5.5", Flaw::Trailing, 3),
    ("n_number_two_dots", b"1.2.3", Flaw::Trailing, 3),
    ("n_number_hex", b"0x10", Flaw::Trailing, 1),
    ("n_number_octal", b"0o17", Flaw::Trailing, 1),
    ("n_number_binary", b"0b11", Flaw::Trailing, 1),
    ("n_number_separator", b"1_000", Flaw::Trailing, 1),
    ("n_number_comma", b"1,5", Flaw::Trailing, 1),
    ("n_number_suffix_n", b"1n", Flaw::Trailing, 1),
    ("n_number_suffix_f", b"[1.5f]", Flaw::NoComma, 4),
    ("n_number_full_width", "１".as_bytes(), Flaw::NoValue, 0),
    ("n_number_arabic_digit", "[1٢]".as_bytes(), Flaw::NoComma, 2),
    ("i_number_minus_zero", b"-0", Flaw::NegativeZero, 0),
    ("i_number_u64_max_plus_1", b"18446744073709551616", Flaw::LargeInteger, 0),
    ("i_number_i64_min_minus_1", b"-9223372036854775809", Flaw::LargeInteger, 0),
    ("i_number_1e20_digits", b"100000000000000000000", Flaw::LargeInteger, 0),
    ("i_number_too_precise", b"1.0000000000000000005", Flaw::LongNumber, 0),
    ("i_number_18_digits", b"0.123456789012345678", Flaw::LongNumber, 0),
    ("i_number_18_digits_exponent", b"123456789012345678e-5", Flaw::LongNumber, 0),
    ("i_number_hidden_in_zeros", b"0.1000000000000000000000000001", Flaw::LongNumber, 0),
    ("i_number_too_large", b"1e400", Flaw::NotFinite, 0),
    ("i_number_minus_too_large", b"[-1e400]", Flaw::NotFinite, 1),
    ("i_number_huge_exponent", b"1e99999999999999999999", Flaw::NotFinite, 0),
    ("i_number_underflow", b"1e-400", Flaw::Underflow, 0),
    ("i_number_underflow_minus", b"-1e-99999999999999999999", Flaw::Underflow, 0),
    ("i_number_2_53_plus_1_as_double", b"9007199254740993.0", Flaw::Inexact, 0),
    ("i_number_2_53_plus_half", b"9007199254740992.5", Flaw::Inexact, 0),
    ("i_number_nanoseconds_as_double", b"1678886400000000123.0", Flaw::LongNumber, 0),
    ("i_number_2_64_not_shortest", b"1.8446744073709553e19", Flaw::Inexact, 0),
    ("i_number_nanoseconds_exponent", b"1.6788864000000012e18", Flaw::Inexact, 0),
    (
        "i_number_65_bytes",
        b"0.00000000000000000000000000000000000000000000000000000000000000001",
        Flaw::LongNumber,
        0,
    ),
];

#[test]
fn r42_every_document_of_the_table_is_read_or_refused_as_the_table_says() {
    for (name, document, leaves) in READ {
        let read = read(document).unwrap_or_else(|e| panic!("{name}: {e}"));
        let written = serde_json::to_string(&read.value).unwrap();
        assert_eq!(written.replace("e+", "e"), *leaves, "{name}");
        assert_eq!(
            super::read(written.as_bytes()).unwrap().value,
            read.value,
            "{name} written and read again"
        );
    }
    for (name, document, flaw, offset) in REFUSED {
        let refused = read(document).map(|read| read.value).unwrap_err();
        assert_eq!((refused.flaw, refused.offset), (*flaw, *offset), "{name}");
    }
    assert!(READ.len() + REFUSED.len() >= 150);
}

#[test]
fn r42_names_of_rows_are_unique_and_say_what_is_expected() {
    let mut names: Vec<&str> = READ.iter().map(|r| r.0).chain(REFUSED.iter().map(|r| r.0)).collect();
    assert!(READ.iter().all(|r| r.0.starts_with("y_") || r.0.starts_with("i_")));
    assert!(REFUSED.iter().all(|r| r.0.starts_with("n_") || r.0.starts_with("i_")));
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_flaw_is_placed_by_line_and_column_and_quotes_nothing() {
    let error = read(b"{\n  \"a\": 1,\n  \"secret\": canary\n}").unwrap_err();
    assert_eq!((error.line, error.column, error.offset), (3, 13, 24));
    assert_eq!(error.to_string(), "no JSON value starts like this at byte 24 (line 3, column 13)");
}

#[test]
fn r45_depth_is_bounded_and_the_stack_never_grows_with_the_body() {
    let nested = |open: &str, close: &str, n: usize| format!("{}{}{}", open.repeat(n), "1", close.repeat(n));
    assert!(read(nested("[", "]", MAX_DEPTH).as_bytes()).is_ok());
    assert!(read(nested("{\"a\":", "}", MAX_DEPTH).as_bytes()).is_ok());
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        for n in [MAX_DEPTH + 1, 100_000] {
            assert_eq!(read(nested(open, close, n).as_bytes()).unwrap_err().flaw, Flaw::TooDeep);
        }
        assert_eq!(read(open.repeat(1_000_000).as_bytes()).unwrap_err().flaw, Flaw::TooDeep);
    }
}

#[test]
fn r45_names_strings_and_counts_are_bounded() {
    let string = |n: usize| format!("\"{}\"", "x".repeat(n));
    let name = |n: usize| format!("{{{}:1}}", string(n));
    assert!(read(string(MAX_STRING).as_bytes()).is_ok());
    assert_eq!(read(string(MAX_STRING + 1).as_bytes()).unwrap_err().flaw, Flaw::LongString);
    assert!(read(name(MAX_NAME).as_bytes()).is_ok());
    assert_eq!(read(name(MAX_NAME + 1).as_bytes()).unwrap_err().flaw, Flaw::LongName);
    // Counted after decoding, also where nothing but escapes stands.
    let escapes = |n: usize| format!("\"{}\"", "\\u4e2d".repeat(n));
    assert!(read(escapes(MAX_STRING / 3).as_bytes()).is_ok());
    assert_eq!(read(escapes(MAX_STRING / 3 + 1).as_bytes()).unwrap_err().flaw, Flaw::LongString);
    let empties = |n: usize| format!("[{}[]]", "[],".repeat(n - 2));
    assert_eq!(read(empties(MAX_VALUES).as_bytes()).unwrap().values, MAX_VALUES);
    assert_eq!(read(empties(MAX_VALUES + 1).as_bytes()).unwrap_err().flaw, Flaw::TooManyValues);
}

#[test]
fn r44_a_number_of_a_hundred_thousand_digits_is_refused_without_work() {
    let digits = "9".repeat(100_000);
    for (number, flaw) in [
        (digits.clone(), Flaw::LargeInteger),
        (format!("-{digits}"), Flaw::LargeInteger),
        (format!("0.{digits}"), Flaw::LongNumber),
        (format!("1e{digits}"), Flaw::LongNumber),
        (format!("0e{digits}"), Flaw::LongNumber),
    ] {
        assert_eq!(read(number.as_bytes()).unwrap_err().flaw, flaw);
    }
}

#[test]
fn r46_only_printable_ascii_is_called_plain() {
    for plain in ["{\"a b~\":\"\\u0041\\/\\\"\"}", "[]", "\"\""] {
        assert!(read(plain.as_bytes()).unwrap().plain, "{plain}");
    }
    for other in
        ["\"é\"", "\"\\n\"", "\"\\u007f\"", "\"\x7f\"", "{\"\\u200b\":1}", "[\"é\",\"a\"]", "\"\\u0000\""]
    {
        assert!(!read(other.as_bytes()).unwrap().plain, "{other}");
    }
}
