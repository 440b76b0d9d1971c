//! How much one string, array or object may carry, and how a schema says so.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::super::{format, pattern};
use super::holes::Hole;
use serde_json::{Map, Value};

/// The most characters of one string. More is a document and not a field.
const LONGEST_STRING: u64 = 4096;
/// The most elements of one array.
pub(super) const MOST_ITEMS: u64 = 1_000_000;
/// The most members of an object whose names a pattern gives.
pub(super) const MOST_MEMBERS: u64 = 1000;

/// A string: a format of fixed length, or a pattern for all of it with an end.
pub(super) fn bounded_text(pointer: &str, schema: &Map<String, Value>) -> Result<(), Hole> {
    let most = schema.get("maxLength").and_then(Value::as_u64);
    if most == Some(0) {
        return Ok(());
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        return bounded_pattern(pointer, pattern, most);
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid" | "date" | "ipv4") => Ok(()),
        Some(format @ ("date-time" | "time" | "duration" | "ipv6")) => match most {
            Some(most) if most <= 64 => Ok(()),
            _ => {
                Err(Hole::new(pointer, format!("a `{format}` has no longest form: add `\"maxLength\": 40`")))
            }
        },
        Some(own) if format::ALL.iter().any(|f| f.name == own) => match most {
            Some(most) if most <= 200 => Ok(()),
            _ => Err(Hole::new(pointer, format!("`{own}` has no longest form: add `\"maxLength\": 120`"))),
        },
        Some(format) => Err(Hole::new(
            pointer,
            format!(
                "the format `{format}` leaves room for anything: add a `pattern`, like \"^[a-z]{{1,20}}$\""
            ),
        )),
        None => Err(Hole::new(
            pointer,
            "an unbounded string: add `enum`, a `format` such as \"uuid\", or a `pattern` like \"^[a-z]{1,20}$\"",
        )),
    }
}

/// A pattern for the whole string, with an end or with a `maxLength`.
pub(super) fn bounded_pattern(pointer: &str, pattern: &str, most: Option<u64>) -> Result<(), Hole> {
    let reach = pattern::measure(pattern).map_err(|why| Hole::new(pointer, why))?;
    if !reach.anchored {
        let message = "a pattern that does not match the whole string: begin with `^`, end with `$`, and group \
                       alternatives as \"^(?:a|b)$\"";
        return Err(Hole::new(pointer, message));
    }
    let longest = reach.longest.and_then(|longest| u64::try_from(longest).ok());
    match longest.into_iter().chain(most).min() {
        None => {
            let message = "a pattern without a longest match: add `maxLength`, or write `{1,20}` for `+`";
            Err(Hole::new(pointer, message))
        }
        Some(longest) if longest > LONGEST_STRING => Err(Hole::new(
            pointer,
            format!("a string of up to {longest} characters: at most {LONGEST_STRING} may be"),
        )),
        Some(_) => Ok(()),
    }
}

/// A count that is there and not beyond all use.
pub(super) fn bounded_count(
    pointer: &str,
    schema: &Map<String, Value>,
    keyword: &str,
    most: u64,
) -> Result<(), Hole> {
    match schema.get(keyword).and_then(Value::as_u64) {
        Some(count) if count <= most => Ok(()),
        Some(_) => Err(Hole::new(pointer, format!("`{keyword}` is larger than {most}"))),
        None => Err(Hole::new(pointer, format!("nothing counts what it may hold: add `{keyword}`"))),
    }
}
