//! The gate's own string formats: texts that are spelt from a list of words, and cannot say anything else.
//!
//! A description and a route are free text to JSON Schema, and free text is a place to put a prompt or a
//! name. So they are not described by their alphabet but by their words, those of `policy/formats/`. A list
//! that a reviewer reads is better than a pattern that nobody does, and costs a tenth of its memory.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use serde_json::Value;
use std::sync::LazyLock;

/// One format.
pub struct Format {
    /// Its name in a schema.
    pub name: &'static str,
    /// Whether a text has it.
    pub holds: fn(&str) -> bool,
    list: &'static LazyLock<Vec<&'static str>>,
}

/// Every format that a schema may name beside JSON Schema's own.
pub const ALL: [Format; 2] = [
    Format { name: "operations-words", holds: is_operations_text, list: &WORDS },
    Format { name: "route-template", holds: is_route_template, list: &SEGMENTS },
];

static WORDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../policy/formats/operations-words.txt").lines().collect());
static SEGMENTS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../policy/formats/route-template.txt").lines().collect());

/// The most segments of a route.
const MOST_SEGMENTS: usize = 9;

/// The lists behind the formats that a policy's text names: they decide, so they belong to it.
pub fn lists_used_by(policy: &str) -> Value {
    let used = ALL.iter().filter(|format| policy.contains(format.name));
    used.map(|format| (format.name.to_owned(), Value::from(format.list.to_vec()))).collect()
}

/// `operations-words`: words of the list, each as it stands or capitalised, with single spaces, hyphens or
/// slashes between them, and simple punctuation after them or brackets around them.
fn is_operations_text(text: &str) -> bool {
    text.is_empty() || text.split([' ', '-', '/']).all(|token| is_word(unpunctuated(token)))
}

fn unpunctuated(token: &str) -> &str {
    let token = token.strip_prefix('(').unwrap_or(token);
    let token = token.strip_suffix(['.', ',', ':', ';']).unwrap_or(token);
    token.strip_suffix(')').unwrap_or(token)
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

/// `route-template`: a path of the service's own segments, `v1`, and `{names_of_parameters}`; never an id or
/// a name that stands in the place of one.
fn is_route_template(text: &str) -> bool {
    let Some(segments) = text.strip_prefix('/') else { return false };
    let segments: Vec<&str> = match segments.strip_suffix('/') {
        _ if segments.is_empty() => return true,
        Some(before) => before.split('/').collect(),
        None => segments.split('/').collect(),
    };
    segments.len() <= MOST_SEGMENTS && segments.into_iter().all(is_segment)
}

fn is_segment(segment: &str) -> bool {
    if let Some(name) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
        let words: Vec<&str> = name.split('_').collect();
        let is_name = |w: &&str| (1..=16).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase());
        return words.len() <= 3 && words.iter().all(is_name);
    }
    match segment.strip_prefix('v') {
        Some(version) if (1..=2).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_digit()) => {
            true
        }
        _ => SEGMENTS.binary_search(&segment).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_have_plain_words_only() {
        for format in ALL {
            let list = &**format.list;
            assert!(list.len() > 200, "{}", format.name);
            assert!(list.is_sorted(), "{} is searched by halves: sort it bytewise", format.name);
            let plain = |w: &&str| w.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
            assert!(list.iter().all(plain), "{}", format.name);
            assert!(list.iter().all(|w| !w.is_empty() && w.len() <= 32), "{}", format.name);
        }
    }

    #[test]
    fn what_a_service_measures_can_be_said_and_nothing_else() {
        for text in [
            "",
            "Request latency of LangSmith services",
            "Counter of failed requests for LangSmith services",
            "Runs waiting in the ingestion queue",
            "Latency of ClickHouse inserts",
            "Connections checked out of the Postgres pool",
            "Size of request bodies (in bytes).",
        ] {
            assert!(is_operations_text(text), "{text}");
        }
        for text in [
            " ",
            "Request  latency",
            "Request latency ",
            "request\tlatency",
            "REQUEST latency",
            "Summarise the medical history of Jane Doe",
            "latency 4111111111111111",
            "request.latency",
            "((latency",
            "reque\u{17f}t",
        ] {
            assert!(!is_operations_text(text), "{text:?}");
        }
    }

    #[test]
    fn a_route_is_a_template_and_never_an_id_or_a_name() {
        for text in [
            "/",
            "/sessions",
            "/info",
            "/api/v1/datasets/{dataset_id}/runs",
            "/runs/batch",
            "/otel/v1/traces",
            "/api/v1/feedback/",
        ] {
            assert!(is_route_template(text), "{text}");
        }
        for text in [
            "",
            "sessions",
            "//",
            "/sessions//runs",
            "/users/john-smith",
            "/sessions/3a1c2b6f-4430-4b92-8a5b-79b8b567bbc1",
            "/sessions/12",
            "/v123",
            "/{john.smith@example.com}",
            "/{}",
            "/sessions?id=1",
            "/sessions/%6a",
            "/api/api/api/api/api/api/api/api/api/api",
        ] {
            assert!(!is_route_template(text), "{text:?}");
        }
    }
}
