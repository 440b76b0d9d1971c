//! A body's shape: a JSON Schema 2020-12 without a hole in it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::error::PolicyError;
use super::{Mode, format};
use bundle::Bundle;
use holes::Hole;
use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

mod bounds;
mod bundle;
mod holes;
mod keyword;
mod places;
mod wellformed;

pub use bundle::Source;

/// The largest compiled form of one pattern, in bytes.
const LARGEST_PATTERN: usize = 4 << 20;
/// What the engine may cache for one pattern while it runs, in bytes.
const PATTERN_CACHE: usize = 64 << 10;

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
    /// Compiles the schema in a file beside the policy, and with it the files that it refers to.
    /// Returns the whole of it as one document, for the effective policy.
    ///
    /// # Errors
    /// A file that cannot be had, what is no schema, and every hole; the place is `file#/pointer`.
    pub(super) fn from_file(file: &str, source: &Source) -> Result<(Self, Value), PolicyError> {
        compile(bundle::of_file(file, source)?)
    }

    /// Compiles a schema that stands in the policy itself; `label` names it in messages.
    ///
    /// # Errors
    /// As for a file.
    pub(super) fn from_value(
        label: &str,
        document: Value,
        source: &Source,
    ) -> Result<(Self, Value), PolicyError> {
        compile(bundle::inline(label, document, source)?)
    }

    /// Whether the schema holds for a document.
    pub fn is_valid(&self, document: &Value) -> bool {
        self.validator.is_valid(document)
    }
}

fn compile(bundle: Bundle) -> Result<(BodySchema, Value), PolicyError> {
    let place = |hole: Hole| PolicyError::of_file(&bundle.place(&hole.pointer), hole.message);
    wellformed::check(&bundle.document).map_err(place)?;
    let validator = validator(&bundle.document).map_err(place)?;
    holes::check(&bundle.document).map_err(place)?;
    let places::Found { secrets, overrides } = places::find(&bundle.document).map_err(place)?;
    Ok((BodySchema { validator, secrets, overrides }, bundle.document))
}

/// The validator of the `jsonschema` crate: linear-time patterns, formats asserted, nothing fetched.
fn validator(document: &Value) -> Result<jsonschema::Validator, Hole> {
    let mut options = jsonschema::options();
    for format in format::ALL {
        options = options.with_format(format.name, format.holds);
    }
    options
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_pattern_options(
            PatternOptions::regex().size_limit(LARGEST_PATTERN).dfa_size_limit(PATTERN_CACHE),
        )
        .build(document)
        .map_err(|error| unfit(error.instance_path().as_str()))
}

/// What the validator does not take. Its own words are about the schema of schemas, which its author has not read.
fn unfit(pointer: &str) -> Hole {
    let keyword = pointer.rsplit('/').find(|step| step.parse::<usize>().is_err()).unwrap_or_default();
    let message = match keyword {
        "type" => "no type: write array, boolean, integer, number, object, string or \"null\"".to_owned(),
        "pattern" => "the pattern does not parse".to_owned(),
        "format" => {
            "an unknown format: write uuid, date-time, date, ipv4 or another of JSON Schema's".to_owned()
        }
        "" => "not a schema".to_owned(),
        keyword => format!("not what `{keyword}` may be in JSON Schema 2020-12"),
    };
    Hole::new(pointer, message)
}
