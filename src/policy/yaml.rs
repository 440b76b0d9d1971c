//! Reading the policy's YAML: one document, no key twice, no anchors, no tags, and every complaint
//! with its line, its column and what to write instead.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::error::{PolicyError, Position, meant};
use super::file::PolicyFile;
use granit_parser::Parser;
use serde_saphyr::{DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, Options, Spanned};

/// The largest policy file, in bytes.
pub(super) const LARGEST: usize = 1 << 20;

/// Reads a policy file's text.
///
/// # Errors
/// Everything that is not exactly the form of [`PolicyFile`].
pub(super) fn read(file: &str, text: &str) -> Result<PolicyFile, PolicyError> {
    if text.len() > LARGEST {
        return Err(PolicyError::of_file(file, format!("larger than {LARGEST} bytes")));
    }
    if is_blank(text) {
        return Err(PolicyError::of_file(file, "the file is empty")
            .advise("a policy starts with `version: 1`, `name:` and `endpoints:`"));
    }
    plain(file, text)?;
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| explain(file, text, &error))
}

/// Refuses tags and directives, also those that every YAML reader knows: after `!!binary` stands
/// something else than what is read. What does not parse is left to the reader of the values.
fn plain(file: &str, text: &str) -> Result<(), PolicyError> {
    if let Some(line) = text.lines().position(|line| line.starts_with('%')) {
        let place = Position { line: line + 1, column: 1 };
        return Err(PolicyError::at(file, text, place, "a YAML directive").advise("remove the line"));
    }
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        if let Some(tag) = event.tag() {
            let start = span.tag_start().unwrap_or(span.start);
            let place = Position { line: start.line().max(1), column: start.col() + 1 };
            let message = format!("the tag `{}`", tag.original());
            return Err(
                PolicyError::at(file, text, place, message).advise("write the value itself, without a tag")
            );
        }
    }
    Ok(())
}

/// Where a value stands.
pub(super) fn position<T>(value: &Spanned<T>) -> Position {
    at(value.referenced)
}

fn at(location: Location) -> Position {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
    Position { line: number(location.line()), column: number(location.column()) }
}

/// Whether the text has nothing but comments and white space.
fn is_blank(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_anchors: 0, max_aliases: 0, max_documents: 2, max_depth: 64 },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// Puts the reader's complaint into the words of this project.
fn explain(file: &str, text: &str, error: &Error) -> PolicyError {
    let error = error.without_snippet();
    let Some(location) = error.location() else {
        return PolicyError::of_file(file, first_line(&error.to_string()));
    };
    let position = at(location);
    let (message, advice) = words(error);
    let explained = PolicyError::at(file, text, position, message);
    match advice {
        Some(advice) => explained.advise(advice),
        None => explained,
    }
}

fn words(error: &Error) -> (String, Option<String>) {
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let advice = meant(field, expected.iter().copied())
                .map(|name| format!("write `{name}`"))
                .unwrap_or_else(|| format!("the keys here are {}", list(expected)));
            (format!("unknown key `{field}`"), Some(advice))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("`{variant}` is not one of its values"), Some(format!("write {}", list(expected))))
        }
        Error::SerdeMissingField { field, .. } => (
            format!("the key `{field}` is missing from the mapping that is here"),
            Some(format!("add `{field}:`")),
        ),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("this key");
            (format!("`{key}` stands here a second time"), Some("keep one of the two".to_owned()))
        }
        Error::MultipleDocuments { .. } => (
            "a second document starts here".to_owned(),
            Some("a policy is one document: remove `---` and what follows".to_owned()),
        ),
        Error::InvalidBooleanStrict { .. } => {
            ("neither true nor false".to_owned(), Some("write `true` or `false`".to_owned()))
        }
        Error::Unexpected { expected, .. } => (format!("not {}", plain_type(expected)), None),
        Error::InvalidScalar { ty, .. } => (format!("not {}", plain_type(ty)), None),
        Error::NullIntoString { .. } => (
            "nothing stands here".to_owned(),
            Some("write a text, in quotes where it is empty, `null` or `~`".to_owned()),
        ),
        Error::MergeKeyNotAllowed { .. } => no_anchors(),
        Error::UnsupportedTag { tag, .. } => {
            (format!("the tag `{tag}`"), Some("write the value without a tag".to_owned()))
        }
        Error::Budget { .. } | Error::UnknownAnchor { .. } | Error::AliasError { .. } => no_anchors(),
        other => (first_line(&other.to_string()), None),
    }
}

fn no_anchors() -> (String, Option<String>) {
    (
        "an anchor, alias or merge key".to_owned(),
        Some("write the value out where it is used: a reader should see it there".to_owned()),
    )
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn plain_type(name: &str) -> &str {
    match name {
        "u64" | "u32" | "i64" => "a whole number",
        "bool" => "`true` or `false`",
        "mapping start" => "a mapping of keys to values, like `name: site`",
        "sequence start" => "a list, like `[application/json]`",
        "string scalar" => "a text",
        other => other,
    }
}

/// The first line of a message without the place, which stands before it already.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or("not readable");
    line.split(" at line ").next().unwrap_or(line).to_owned()
}
