//! Characters that no string and no name may carry, whatever the schema says.
//!
//! They can be read by a program and not by the person who reviews what left: control and format
//! characters, what is ignored when displayed, what has no agreed meaning. A schema's pattern would
//! have to name each of them to keep them out, so they are kept out here.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::violations::{Found, Kind, Violation};
use serde_json::Value;
use unicode_general_category::{GeneralCategory, get_general_category};

/// The name of this rule in answers and records.
pub(super) const RULE: &str = "text";

/// Assigned characters that are ignored when displayed and are not already of category Cf: the rest of
/// Unicode's Default_Ignorable_Code_Point, variation selectors among them. Ascending.
const IGNORED: &[(char, char)] = &[
    ('\u{34F}', '\u{34F}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{E0100}', '\u{E01EF}'),
];

/// Whether a character may not leave.
fn is_unreadable(c: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned,
    };
    if matches!(c, ' '..='~') {
        return false;
    }
    // Noncharacters are Unassigned.
    matches!(
        get_general_category(c),
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned
    ) || IGNORED.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Marks every string and every member's name that carries such a character.
pub(super) fn find(value: &Value, found: &mut Found) {
    match value {
        Value::String(text) if text.chars().any(is_unreadable) => {
            found.here.put(Violation::of_itself(RULE, Kind::Invalid));
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                descend(element, found, |found| found.element(index));
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                descend(member, found, |found| found.member(name));
                if name.chars().any(is_unreadable) {
                    found.member(name).here.put(Violation::of_itself(RULE, Kind::Invalid));
                }
            }
        }
        _ => {}
    }
}

/// Looks below `value` and makes the place in `found` only where there is something to note.
fn descend(value: &Value, found: &mut Found, place: impl FnOnce(&mut Found) -> &mut Found) {
    let mut below = Found::default();
    find(value, &mut below);
    if !below.is_empty() {
        *place(found) = below;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r46_what_cannot_be_read_may_not_leave() {
        let carriers = [
            '\0',
            '\t',
            '\n',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9f}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{206f}',
            '\u{3164}',
            '\u{e000}',
            '\u{fdd0}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{fffe}',
            '\u{ffff}',
            '\u{1d173}',
            '\u{1fffe}',
            '\u{50000}',
            '\u{e0001}',
            '\u{e0061}',
            '\u{e0100}',
            '\u{f0000}',
            '\u{10ffff}',
        ];
        for c in carriers {
            assert!(is_unreadable(c), "U+{:04X}", u32::from(c));
        }
        for c in [' ', '~', 'ä', 'ß', '中', 'ก', '😀', '\u{a0}', '\u{2010}', '\u{fffd}', '\u{2fa1d}', 'я']
        {
            assert!(!is_unreadable(c), "U+{:04X}", u32::from(c));
        }
    }
}
