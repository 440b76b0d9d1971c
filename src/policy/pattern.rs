//! Patterns: written as JSON Schema has them (ECMA-262), run by a linear-time engine, and measured
//! before they are trusted: does one match the whole text, and how long can that be?
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use regex_syntax::hir::Look;

/// What a pattern lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    /// Whether every match runs from the first character to the last.
    pub anchored: bool,
    /// The length of the longest match in bytes of UTF-8, where there is one.
    pub longest: Option<usize>,
}

/// Measures a pattern.
///
/// # Errors
/// Why it cannot be run: its syntax, or what only a backtracking engine could do.
pub(super) fn measure(pattern: &str) -> Result<Reach, String> {
    let pattern = translate(pattern)?;
    let hir = regex_syntax::parse(&pattern).map_err(|error| match error {
        regex_syntax::Error::Parse(e) => format!("the pattern does not parse: {}", e.kind()),
        regex_syntax::Error::Translate(e) => format!("the pattern does not parse: {}", e.kind()),
        _ => "the pattern does not parse".to_owned(),
    })?;
    let properties = hir.properties();
    Ok(Reach {
        anchored: properties.look_set_prefix().contains(Look::Start)
            && properties.look_set_suffix().contains(Look::End),
        longest: properties.maximum_len(),
    })
}

/// Compiles the pattern of a header or query value, which must match the whole value and have an end.
///
/// # Errors
/// What is wrong and what to write.
pub(super) fn whole(pattern: &str) -> Result<regex::Regex, String> {
    let reach = measure(pattern)?;
    if !reach.anchored {
        return Err("the pattern does not match the whole value: begin with `^`, end with `$`, and group \
                    alternatives as `^(?:a|b)$`"
            .to_owned());
    }
    if reach.longest.is_none() {
        return Err(
            "the pattern has no longest match: write `{1,64}` for `+` and `{0,64}` for `*`".to_owned()
        );
    }
    regex::RegexBuilder::new(&translate(pattern)?)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| "the pattern is too large".to_owned())
}

fn translate(pattern: &str) -> Result<std::borrow::Cow<'_, str>, String> {
    jsonschema_regex::to_rust_regex(pattern).map_err(|()| "the pattern does not parse".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_pattern_is_anchored_only_if_every_match_is_the_whole_text() {
        for anchored in ["^a$", "^(?:a|b)$", "^(a|b{2,3})$", "^$", "^a|^b$|^$", "(?:^a$)|(?:^b$)"] {
            let expected = anchored != "^a|^b$|^$";
            assert_eq!(measure(anchored).unwrap().anchored, expected, "{anchored}");
        }
        for open in ["a", "^a", "a$", "^a|b$", "(?m)^a$", "^a$|b", "\\ba\\b", "(?:^a)?$", "^(?:a$)?"] {
            assert!(!measure(open).unwrap().anchored, "{open}");
        }
    }

    #[test]
    fn the_longest_match_is_counted_in_bytes() {
        assert_eq!(measure("^[a-z]{1,5}$").unwrap().longest, Some(5));
        assert_eq!(measure("^\\d{4}$").unwrap().longest, Some(4));
        assert_eq!(measure("^[^a]{3}$").unwrap().longest, Some(12));
        assert_eq!(measure("^a*$").unwrap().longest, None);
        assert_eq!(measure("^(?:a{1,3}){2,}$").unwrap().longest, None);
    }

    #[test]
    fn what_only_a_backtracking_engine_could_run_is_refused() {
        for unsupported in ["^(?=a)a$", "^(a)\\1$", "^(?<!a)b$", "^a(?!b)$"] {
            assert!(measure(unsupported).is_err(), "{unsupported}");
        }
        assert!(measure("^(a$").is_err());
    }
}
