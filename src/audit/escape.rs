//! JSON text in which nothing can hide: no control character, line separator, bidi mark or other
//! invisible character stands in a line of the log as itself. Each is a `\uXXXX` escape (RFC 8259 §7),
//! so a record means the same and cannot steer a terminal, an editor or a line reader.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use std::borrow::Cow;

/// Appends `text` as a JSON string, quotes included.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(is_plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| push_char(out, c));
    }
    out.push(b'"');
}

/// A document that cannot stand in a line: not UTF-8, or with control characters that JSON forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotText;

/// Appends a JSON document as it is, but for hidden characters inside its strings, which are
/// escaped, and line breaks and tabs between its tokens, which are left out.
/// Returns whether anything had to be changed.
///
/// # Errors
/// [`NotText`] where the bytes cannot be a JSON document.
pub fn push_document(out: &mut Vec<u8>, json: &[u8]) -> Result<bool, NotText> {
    if json.iter().all(|b| (b' '..0x7f).contains(b)) {
        out.extend_from_slice(json);
        return Ok(false);
    }
    let mut changed = false;
    for c in std::str::from_utf8(json).map_err(|_| NotText)?.chars() {
        match c {
            '\n' | '\r' | '\t' => changed = true,
            c if c < ' ' => return Err(NotText),
            c if is_hidden(c) => {
                push_escape(out, c);
                changed = true;
            }
            c => push_utf8(out, c),
        }
    }
    Ok(changed)
}

/// A JSON document as [`push_document`] writes it, borrowed where nothing had to be changed.
/// The flag says whether anything was.
///
/// # Errors
/// [`NotText`] where the bytes cannot be a JSON document.
pub fn one_line(json: &[u8]) -> Result<(Cow<'_, [u8]>, bool), NotText> {
    let mut out = Vec::new();
    if json.iter().all(|b| (b' '..0x7f).contains(b)) {
        return Ok((Cow::Borrowed(json), false));
    }
    let changed = push_document(&mut out, json)?;
    Ok((Cow::Owned(out), changed))
}

/// `text` for a terminal: hidden characters as `\u{…}`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Whether a character shows as nothing, or moves what stands around it: the general categories
/// Cc, Cf, Zl and Zp, and what Unicode calls default-ignorable.
pub fn is_hidden(c: char) -> bool {
    matches!(u32::from(c),
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x34f | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2
        | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x2028..=0x202e
        | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x110bd | 0x110cd
        | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

fn is_plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}

fn push_char(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if is_hidden(c) => push_escape(out, c),
        c => push_utf8(out, c),
    }
}

fn push_utf8(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn push_escape(out: &mut Vec<u8>, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        for shift in [12, 8, 4, 0] {
            out.push(DIGITS[usize::from((*unit >> shift) & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn every_character_survives_and_no_hidden_one_stands_as_itself() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = format!("a{c}b");
            let mut out = Vec::new();
            push_string(&mut out, &text);
            let line = std::str::from_utf8(&out).unwrap();
            assert!(!line.chars().any(is_hidden), "{:x}", u32::from(c));
            assert_eq!(serde_json::from_str::<String>(line).unwrap(), text);
        }
    }

    #[test]
    fn what_unicode_calls_control_format_or_separator_is_hidden() {
        use unicode_general_category::{GeneralCategory as Is, get_general_category};
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let category = get_general_category(c);
            if matches!(category, Is::Control | Is::Format | Is::LineSeparator | Is::ParagraphSeparator) {
                assert!(is_hidden(c), "{:x}", u32::from(c));
            }
        }
    }

    #[test]
    fn a_document_keeps_its_meaning_and_says_when_its_bytes_changed() {
        let mut out = Vec::new();
        assert_eq!(push_document(&mut out, "{\"a\":\"ö✓\"}".as_bytes()), Ok(false));
        assert_eq!(push_document(&mut out, "[\n\t\"\u{202e}\u{e0041}\"]".as_bytes()), Ok(true));
        assert_eq!(out, "{\"a\":\"ö✓\"}[\"\\u202e\\udb40\\udc41\"]".as_bytes());
        assert_eq!(push_document(&mut out, b"\"\x1b\""), Err(NotText));
        assert_eq!(push_document(&mut out, b"\"\xff\""), Err(NotText));
    }

    #[test]
    fn a_terminal_sees_the_escape_and_not_the_character() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
    }
}
