//! Which names of undocumented things may be written down.
//!
//! The name of a removed member, header or query key is the client's to choose, so it can carry
//! what the value could. It is written only when it looks like an identifier; otherwise its length is.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use std::borrow::Cow;

/// The longest name that is written, in bytes.
const LONGEST: usize = 64;
/// The longest run without a separator.
const LONGEST_WORD: usize = 24;
/// The longest run that mixes letters and digits: longer ones look like keys and hashes.
const LONGEST_MIXED: usize = 12;
/// The longest run of digits alone.
const LONGEST_DIGITS: usize = 4;
/// The most digits in all: more of them, however they are grouped, can be a telephone, card or social
/// security number, a date of birth or a UUID.
const MOST_DIGITS: usize = 6;

/// The most words of one name, and of one path: more of them can be a sentence.
const MOST_WORDS: usize = 7;
const MOST_WORDS_OF_PATH: usize = 12;
/// The most changes between upper and lower case in one word: more of them look like base64.
const MOST_CASE_CHANGES: usize = 8;

/// `name` itself where it looks like an identifier, else `(N bytes)`.
pub fn recordable(name: &str) -> Cow<'_, str> {
    if is_identifier(name) { Cow::Borrowed(name) } else { Cow::Owned(format!("({} bytes)", name.len())) }
}

/// The path of a request that was refused, where every segment looks like an identifier.
pub fn recordable_path(path: &str) -> Cow<'_, str> {
    let plain = has_few_digits(path)
        && words(path).count() <= MOST_WORDS_OF_PATH
        && path.strip_prefix('/').is_some_and(|rest| {
            rest.len() <= 128 && rest.split('/').all(|s| s.is_empty() || is_identifier(s))
        });
    if plain { Cow::Borrowed(path) } else { Cow::Owned(format!("({} bytes)", path.len())) }
}

fn has_few_digits(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() <= MOST_DIGITS
}

fn is_identifier(name: &str) -> bool {
    name.len() <= LONGEST
        && has_few_digits(name)
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.$:".contains(&b))
        && words(name).count() <= MOST_WORDS
        && words(name).all(is_plain_word)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_plain_word(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let longest = match digits {
        0 => LONGEST_WORD,
        n if n == word.len() => LONGEST_DIGITS,
        _ => LONGEST_MIXED,
    };
    let changes = word
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase());
    word.len() <= longest && changes.count() <= MOST_CASE_CHANGES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_and_everything_else_is_a_length() {
        for plain in [
            "license",
            "langgraph.platform.uses_js_proxy_middleware",
            "langgraph_checkpoint_postgres.version",
            "x-api-key",
            "$schema",
            "active_pats_30d",
            "traceId",
            "langgraph_0.12.1",
        ] {
            assert_eq!(recordable(plain), plain);
        }
        for carrier in [
            "",
            "john@example.com",
            "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789",
            "call 5551234567",
            "x5551234567y8901",
            "4111111111111111",
            "what is the diagnosis of",
            "tel-555-1234",
            "card-4111-1111-1111-1111",
            "ssn.123.45.6789",
            "tenant-3a1c2b6f-4430-4b92-8a5b-79b8b567bbc1",
            "born_1984_11_20",
            "what_is_the_diagnosis_of_patient_john_smith",
            "please-tell-me-how-to-fire-an-employee",
            "bWljaGFlbEpvaG5TbWl0aA",
            "a\u{200b}b",
            "naïve",
        ] {
            assert_eq!(recordable(carrier), format!("({} bytes)", carrier.len()));
        }
    }

    #[test]
    fn a_path_is_written_when_every_segment_is_plain() {
        assert_eq!(recordable_path("/v1/beacon/metadata/submit"), "/v1/beacon/metadata/submit");
        assert_eq!(recordable_path("/runs/"), "/runs/");
        assert_eq!(recordable_path("/users/john@example.com"), "(23 bytes)");
        assert_eq!(recordable_path("/a%2fb"), "(6 bytes)");
        assert_eq!(recordable_path("/call/n555/n123/n4567"), "(21 bytes)");
        let sentence = "/what/is/the/diagnosis/of/the/patient/who/came/in/on/last/tuesday";
        assert_eq!(recordable_path(sentence), format!("({} bytes)", sentence.len()));
    }
}
