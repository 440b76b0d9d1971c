//! A body's shape: a JSON Schema 2020-12 without a hole in it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::Mode;
use serde_json::Value;

/// A compiled schema, together with what the gate itself reads from it.
#[derive(Debug)]
pub struct BodySchema {
    pub(crate) validator: jsonschema::Validator,
    pub(crate) secrets: Vec<PlacePattern>,
    pub(crate) overrides: Vec<Override>,
}

/// A set of places in a document: each step a member name, or any element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacePattern(pub(crate) Vec<PatternStep>);

/// One step of a [`PlacePattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternStep {
    /// The member of this name.
    Member(String),
    /// Any member (of `patternProperties`).
    AnyMember,
    /// Any element.
    AnyElement,
}

/// Where a subschema chose another [`Mode`] than its endpoint (`x-beacongate-unknown`, `x-beacongate-invalid`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The subschema's places; the choice holds for them and what is below, the nearest one above winning.
    pub at: PlacePattern,
    /// For members that are not listed.
    pub unknown: Option<Mode>,
    /// For values that break their shape.
    pub invalid: Option<Mode>,
}

impl BodySchema {
    /// Whether the schema holds for a document.
    pub fn is_valid(&self, document: &Value) -> bool {
        self.validator.is_valid(document)
    }
}
