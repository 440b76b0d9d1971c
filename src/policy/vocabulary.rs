//! The format `operations-words`: text that says what a service measures, and cannot say anything else.
//!
//! A description is free text, and free text is a place to put a prompt. So it is not described by its
//! alphabet but by its words: those of `policy/vocabulary.txt`, one by one. A list that a reviewer reads
//! is better than a pattern that nobody does, and costs a tenth of its memory.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::LazyLock;

/// The format's name in a schema.
pub const FORMAT: &str = "operations-words";

/// The list as it stands in its file: sorted, a word a line. Lower-case words also begin a sentence.
const LIST: &str = include_str!("../../policy/vocabulary.txt");

static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| LIST.lines().collect());

/// The words, for the effective policy.
pub fn words() -> &'static [&'static str] {
    &WORDS
}

/// Whether a text is made of words of the list and single spaces.
pub fn holds(text: &str) -> bool {
    !text.is_empty() && text.split(' ').all(is_word)
}

fn is_word(word: &str) -> bool {
    let listed = |word: &str| WORDS.binary_search(&word).is_ok();
    let mut rest = word.chars();
    match rest.next() {
        Some(first) if first.is_ascii_uppercase() => {
            listed(word) || listed(&format!("{}{}", first.to_ascii_lowercase(), rest.as_str()))
        }
        _ => listed(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_words_only() {
        assert!(words().len() > 300);
        assert!(words().is_sorted(), "policy/vocabulary.txt is searched by halves: sort it bytewise");
        assert!(words().iter().all(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric())));
    }

    #[test]
    fn what_a_service_measures_can_be_said() {
        for text in [
            "Request latency of LangSmith services",
            "Counter of failed requests for LangSmith services",
            "Runs waiting in the ingestion queue",
            "Latency of ClickHouse inserts",
            "Connections checked out of the Postgres pool",
        ] {
            assert!(holds(text), "{text}");
        }
    }

    #[test]
    fn nothing_else_can() {
        for text in [
            "",
            " ",
            "Request  latency",
            "Request latency ",
            "request\tlatency",
            "REQUEST latency",
            "Summarise the medical history of Jane Doe",
            "latency 4111111111111111",
            "request.latency",
            "requeſt",
        ] {
            assert!(!holds(text), "{text:?}");
        }
    }
}
