//! Why a policy was not loaded: the file, the place in it, its text, and what to write instead.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::audit::escape::is_hidden;
use std::fmt;

/// A policy that cannot be used. Its `Display` is the whole message, several lines long and
/// without a trailing newline:
///
/// ```text
/// site.yaml:12:5: unknown key `host`
///    |
/// 12 |     host: beacon.langchain.com
///    |     ^^^^
///    = write `hosts`
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    place: String,
    message: String,
    excerpt: Option<Excerpt>,
    named_at: Option<String>,
    advice: Option<String>,
}

/// A line of a file with a mark under it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    line: usize,
    column: usize,
    width: usize,
    text: String,
}

/// A position in a text: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl PolicyError {
    /// An error of a whole file: it cannot be read, it is empty.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Fault { place: file.to_owned(), message, excerpt: None, named_at: None, advice: None }))
    }

    /// An error at a place in a text.
    pub fn at(file: &str, text: &str, position: Position, message: impl Into<String>) -> Self {
        let mut error = Self::of_file(file, message);
        error.0.place = format!("{file}:{}:{}", position.line, position.column);
        error.0.excerpt = excerpt(text, position);
        error
    }

    /// Says what to write instead.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// Adds the place in the policy that led to the file in which the error is.
    pub fn named_at(mut self, file: &str, position: Position) -> Self {
        self.0.named_at = Some(format!("{file}:{}:{}", position.line, position.column));
        self
    }

    /// `file:line:column`, `file#/json/pointer` or `file`.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.place, self.0.message)?;
        let mut margin = 2;
        if let Some(Excerpt { line, column, width, text }) = &self.0.excerpt {
            let number = line.to_string();
            margin = number.len();
            write!(f, "\n{:margin$} |\n{number} | {text}", "")?;
            write!(f, "\n{:margin$} | {:indent$}{}", "", "", "^".repeat(*width), indent = column - 1)?;
        }
        if let Some(advice) = &self.0.advice {
            write!(f, "\n{:margin$} = {advice}", "")?;
        }
        if let Some(named_at) = &self.0.named_at {
            write!(f, "\n{:margin$} = named at {named_at}", "")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

/// The line at `position`, made safe for a terminal, and how much of it to underline: the word there.
fn excerpt(text: &str, position: Position) -> Option<Excerpt> {
    const LONGEST: usize = 160;
    let line = text.lines().nth(position.line.checked_sub(1)?)?;
    let column = position.column.max(1);
    let rest = line.chars().skip(column - 1);
    let word = rest.take_while(|c| !c.is_whitespace() && !":,]}".contains(*c)).count();
    if column > LONGEST {
        return None;
    }
    let text = line.chars().take(LONGEST).map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    Some(Excerpt { line: position.line, column, width: word.clamp(1, LONGEST), text })
}

/// The one of `known` that was probably meant by `written`: at most a third of its letters differ.
pub(super) fn meant<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &&str| {
        let distance = distance(&written.to_ascii_lowercase(), &name.to_ascii_lowercase());
        (distance * 3 <= name.chars().count().max(3)).then_some(distance)
    };
    known.into_iter().filter_map(|name| near(&name).map(|d| (d, name))).min().map(|(_, name)| name)
}

/// The Levenshtein distance of two short words, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let change = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_shows_the_line_and_marks_the_word() {
        let text = "version: 1\nendpoints:\n  - host: beacon.langchain.com\n";
        let error = PolicyError::at("site.yaml", text, Position { line: 3, column: 5 }, "unknown key `host`")
            .advise("write `hosts`");
        assert_eq!(
            error.to_string(),
            "site.yaml:3:5: unknown key `host`\n  |\n3 |   - host: beacon.langchain.com\n  |     ^^^^\n  = write `hosts`"
        );
    }

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        let known = ["hosts", "method", "max_bytes"];
        assert_eq!(meant("host", known), Some("hosts"));
        assert_eq!(meant("Max_Byte", known), Some("max_bytes"));
        assert_eq!(meant("colour", known), None);
    }
}
