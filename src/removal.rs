//! What was taken out of a request, or would have to be: where it stood, what it was, and the
//! rule that it broke. Never what it said.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::name;
use serde::Serialize;

/// One thing that did not leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// Where it stood.
    #[serde(flatten)]
    pub place: Place,
    /// Its JSON type; headers and trailers have none.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub json_type: Option<JsonType>,
    /// The rule that it broke: a JSON Schema keyword (`pattern`, `additionalProperties`, …),
    /// `text` (a control or format character), or `unlisted` for headers and trailers.
    pub rule: String,
    /// The pointer of the violation itself, where what had to go is larger than what was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Pointer>,
}

/// The place of a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "in", rename_all = "lowercase")]
pub enum Place {
    /// A member or element of the body.
    Body {
        /// Where in the body *as received*.
        pointer: Pointer,
    },
    /// A header field that no endpoint lists.
    Header {
        /// The field's name, lower case, as far as [`name::recordable`] lets it be written.
        name: String,
    },
    /// A trailer field; the gate forwards none.
    Trailer {
        /// As for a header.
        name: String,
    },
}

/// A JSON Pointer (RFC 6901) into a received body, safe to write down: a member name that does not
/// look like an identifier stands as its length.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Pointer(String);

impl Pointer {
    /// The pointer of the whole body.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// Builds the pointer from its steps, outermost first.
    pub fn new<'a>(steps: impl IntoIterator<Item = Step<'a>>) -> Self {
        let mut text = String::new();
        for step in steps {
            text.push('/');
            match step {
                Step::Index(index) => text.push_str(&index.to_string()),
                Step::Member(member) => {
                    let safe = name::recordable(member);
                    text.push_str(&safe.replace('~', "~0").replace('/', "~1"));
                }
            }
        }
        Self(text)
    }

    /// The pointer as text; empty for the whole body.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "the whole body" } else { &self.0 })
    }
}

/// One step of a path into a JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// An object member, by its decoded name.
    Member(&'a str),
    /// An array element, counted from 0 in the body as received.
    Index(usize),
}

/// The JSON types (RFC 8259 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// Any number
    Number,
    /// A string
    String,
    /// An array
    Array,
    /// An object
    Object,
}

impl JsonType {
    /// The type of a value.
    pub fn of(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// The type's name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_as_rfc_6901_says_and_hides_what_is_no_identifier() {
        let pointer =
            Pointer::new([Step::Member("resource.name"), Step::Index(3), Step::Member("john@example.com")]);
        assert_eq!(pointer.as_str(), "/resource.name/3/(16 bytes)");
    }
}
