//! The keywords of a schema: which there are, what each holds, and to what part of a document it applies.
//!
//! JSON Schema ignores a keyword that it does not know, so that a misspelt `maxItems` bounds nothing.
//! Here an unknown keyword is an error.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use serde_json::{Map, Value};

/// What stands in a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// One subschema.
    Schema,
    /// A list of subschemas.
    List,
    /// Subschemas by name.
    Named,
    /// No subschema.
    Data,
}

/// The part of a document to which a keyword's subschemas apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaches {
    /// The same value.
    Itself,
    /// The member that the subschema is named after.
    Member,
    /// Any member.
    AnyMember,
    /// Any element.
    AnyElement,
    /// No value: a member's name, or nothing until something refers to it.
    Nothing,
}

/// The modes that a subschema may choose for itself.
pub(super) const UNKNOWN: &str = "x-beacongate-unknown";
pub(super) const INVALID: &str = "x-beacongate-invalid";

/// Every keyword that a policy's schema may use.
const KEYWORDS: &[(&str, Holds, Reaches)] = {
    use Holds::{Data, List, Named, Schema};
    use Reaches::{AnyElement, AnyMember, Itself, Member, Nothing};
    &[
        ("$schema", Data, Nothing),
        ("$comment", Data, Nothing),
        ("$ref", Data, Itself),
        ("$defs", Named, Nothing),
        ("title", Data, Nothing),
        ("description", Data, Nothing),
        ("examples", Data, Nothing),
        ("deprecated", Data, Nothing),
        ("writeOnly", Data, Nothing),
        (UNKNOWN, Data, Nothing),
        (INVALID, Data, Nothing),
        ("type", Data, Nothing),
        ("enum", Data, Nothing),
        ("const", Data, Nothing),
        ("multipleOf", Data, Nothing),
        ("minimum", Data, Nothing),
        ("maximum", Data, Nothing),
        ("exclusiveMinimum", Data, Nothing),
        ("exclusiveMaximum", Data, Nothing),
        ("minLength", Data, Nothing),
        ("maxLength", Data, Nothing),
        ("pattern", Data, Nothing),
        ("format", Data, Nothing),
        ("minItems", Data, Nothing),
        ("maxItems", Data, Nothing),
        ("uniqueItems", Data, Nothing),
        ("minContains", Data, Nothing),
        ("maxContains", Data, Nothing),
        ("minProperties", Data, Nothing),
        ("maxProperties", Data, Nothing),
        ("required", Data, Nothing),
        ("dependentRequired", Data, Nothing),
        ("items", Schema, AnyElement),
        ("prefixItems", List, AnyElement),
        ("contains", Schema, AnyElement),
        ("unevaluatedItems", Schema, AnyElement),
        ("properties", Named, Member),
        ("patternProperties", Named, AnyMember),
        ("additionalProperties", Schema, AnyMember),
        ("unevaluatedProperties", Schema, AnyMember),
        ("propertyNames", Schema, Nothing),
        ("dependentSchemas", Named, Itself),
        ("allOf", List, Itself),
        ("anyOf", List, Itself),
        ("oneOf", List, Itself),
        ("not", Schema, Itself),
        ("if", Schema, Itself),
        ("then", Schema, Itself),
        ("else", Schema, Itself),
    ]
};

/// What other drafts have, or what would make a reader look elsewhere, and what to write instead.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    ("$id", "remove it: a schema is found by the name of its file"),
    ("$anchor", "refer to `#/$defs/…` instead"),
    ("$dynamicAnchor", "refer to `#/$defs/…` instead"),
    ("$dynamicRef", "use `$ref`: what a reference means must not depend on where it is read from"),
    ("$recursiveRef", "use `$ref`: what a reference means must not depend on where it is read from"),
    ("$recursiveAnchor", "refer to `#/$defs/…` instead"),
    ("$vocabulary", "remove it"),
    ("id", "remove it: a schema is found by the name of its file"),
    ("definitions", "write `$defs`"),
    ("dependencies", "write `dependentRequired` or `dependentSchemas`"),
    ("additionalItems", "write `items` beside `prefixItems`"),
    ("contentEncoding", "remove it: it asserts nothing; say what the text is with `pattern`"),
    ("contentMediaType", "remove it: it asserts nothing; say what the text is with `pattern`"),
    ("contentSchema", "remove it: it asserts nothing"),
    ("default", "remove it: the gate fills nothing in"),
    ("readOnly", "remove it: what may not be sent is not listed"),
];

/// A keyword's row of the table.
pub(super) fn known(keyword: &str) -> Option<(Holds, Reaches)> {
    KEYWORDS.iter().find(|(name, ..)| *name == keyword).map(|(_, holds, reaches)| (*holds, *reaches))
}

/// The names of all keywords.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().map(|(name, ..)| *name)
}

/// A subschema where it stands.
pub(super) struct Child<'a> {
    pub pointer: String,
    /// The name that it has in a keyword that holds subschemas by name.
    pub name: Option<&'a str>,
    pub reaches: Reaches,
    pub schema: &'a Value,
}

/// The subschemas directly in `schema`, which stands at `pointer`.
pub(super) fn children<'a>(pointer: &str, schema: &'a Map<String, Value>) -> Vec<Child<'a>> {
    let mut found = Vec::new();
    for (keyword, value) in schema {
        let Some((holds, reaches)) = known(keyword) else { continue };
        let at = step(pointer, keyword);
        let mut add = |pointer, name, schema| found.push(Child { pointer, name, reaches, schema });
        match (holds, value) {
            (Holds::Schema, _) => add(at, None, value),
            (Holds::List, Value::Array(list)) => {
                for (index, schema) in list.iter().enumerate() {
                    add(format!("{at}/{index}"), None, schema);
                }
            }
            (Holds::Named, Value::Object(named)) => {
                for (name, schema) in named {
                    add(step(&at, name), Some(name.as_str()), schema);
                }
            }
            (Holds::List | Holds::Named | Holds::Data, _) => {}
        }
    }
    found
}

/// `pointer` with one more step (RFC 6901).
pub(super) fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
