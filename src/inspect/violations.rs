//! What in a document breaks its schema, and at which place.
//!
//! The `jsonschema` crate says which keyword failed where. Some keywords fail at one value, some at
//! an object because of members that it should not have, some at a container as a whole. The first
//! two are wrong *of themselves*: nothing below can mend them. A container that is wrong *as a whole*
//! may be mended by what is taken out below it, so it is looked at again after that.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::places::Places;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Failed;
use serde_json::Value;

/// Violations by their places in the document that was validated.
pub(super) type Found = Places<Verdict>;

/// Which of the endpoint's two modes a violation falls under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A member or element that the schema does not list.
    Unknown,
    /// A value that breaks its shape.
    Invalid,
}

/// A rule that is broken at some place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    /// The JSON Schema keyword, or [`super::text::RULE`]. From the policy, never from the request.
    pub(super) rule: String,
    pub(super) kind: Kind,
    /// Whether something below could mend it.
    pub(super) as_a_whole: bool,
    /// The member that `required` misses.
    pub(super) missing: Option<String>,
}

impl Violation {
    pub(super) fn of_itself(rule: &str, kind: Kind) -> Self {
        Self { rule: rule.to_owned(), kind, as_a_whole: false, missing: None }
    }

    fn as_a_whole(rule: &str, kind: Kind) -> Self {
        Self { as_a_whole: true, ..Self::of_itself(rule, kind) }
    }
}

/// What is wrong at one place.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// The violation of the place itself.
    pub(super) violation: Option<Violation>,
    /// Members that no subschema evaluated. A subschema that fails evaluates nothing, so this
    /// counts only where nothing else is wrong in the object.
    pub(super) unevaluated: Vec<String>,
}

impl Verdict {
    /// Notes a violation. What is not listed is that first of all; a violation of itself goes before
    /// one as a whole; else the first one found stays.
    pub(super) fn put(&mut self, new: Violation) {
        let rank = |v: &Violation| match (v.as_a_whole, v.kind) {
            (false, Kind::Unknown) => 2,
            (false, Kind::Invalid) => 1,
            (true, _) => 0,
        };
        if self.violation.as_ref().is_none_or(|old| rank(old) < rank(&new)) {
            self.violation = Some(new);
        }
    }
}

impl Found {
    /// Whether nothing is wrong here and below.
    pub(super) fn is_empty(&self) -> bool {
        self.here.violation.is_none() && self.here.unevaluated.is_empty() && self.is_leaf()
    }
}

/// Adds everything in `document` that breaks the schema to `found`.
pub(super) fn find(validator: &jsonschema::Validator, document: &Value, found: &mut Found) {
    for error in validator.iter_errors(document) {
        note(&error, document, found);
    }
}

fn note(error: &ValidationError<'_>, document: &Value, found: &mut Found) {
    let pointer = error.instance_path().as_str();
    let Some((value, place)) = locate(document, found, pointer) else {
        // A place that is not there cannot be mended: the whole document is in doubt.
        return found.here.put(Violation::of_itself("internal", Kind::Invalid));
    };
    let rule = error.kind().keyword();
    match error.kind() {
        Failed::AdditionalProperties { unexpected } => {
            for name in unexpected {
                place.member(name).here.put(Violation::of_itself(rule, Kind::Unknown));
            }
        }
        Failed::UnevaluatedProperties { unexpected } => place.here.unevaluated.extend_from_slice(unexpected),
        Failed::PropertyNames { error } => match (&**error.instance(), value) {
            (Value::String(name), Value::Object(_)) => {
                place.member(name).here.put(Violation::of_itself(rule, Kind::Unknown));
            }
            _ => place.here.put(Violation::of_itself(rule, Kind::Invalid)),
        },
        Failed::FalseSchema => note_forbidden(error, value, place),
        Failed::AnyOf { context } | Failed::OneOfNotValid { context } => match meant(context, pointer) {
            Some(branch) => branch.iter().for_each(|error| note(error, document, found)),
            None => place.here.put(Violation::as_a_whole(rule, Kind::Invalid)),
        },
        Failed::Required { property } => {
            let missing = property.as_str().map(str::to_owned);
            place.here.put(Violation { missing, ..Violation::as_a_whole(rule, Kind::Invalid) });
        }
        Failed::UnevaluatedItems { .. } | Failed::AdditionalItems { .. } => {
            place.here.put(Violation::as_a_whole(rule, Kind::Unknown));
        }
        Failed::MinProperties { .. }
        | Failed::MaxProperties { .. }
        | Failed::MinItems { .. }
        | Failed::MaxItems { .. }
        | Failed::UniqueItems
        | Failed::Contains
        | Failed::OneOfMultipleValid { .. }
        | Failed::Not { .. } => place.here.put(Violation::as_a_whole(rule, Kind::Invalid)),
        _ => place.here.put(Violation::of_itself(rule, Kind::Invalid)),
    }
}

/// The schema `false`: nothing may stand here. Under two keywords the validator reports it at the
/// object whose members are all unwanted, not at the members.
fn note_forbidden(error: &ValidationError<'_>, value: &Value, place: &mut Found) {
    let keyword = error.schema_path().as_str().rsplit('/').next().unwrap_or_default();
    match (keyword, value) {
        ("additionalProperties" | "propertyNames", Value::Object(members)) if !members.is_empty() => {
            for name in members.keys() {
                place.member(name).here.put(Violation::of_itself(keyword, Kind::Unknown));
            }
        }
        ("items", _) => place.here.put(Violation::of_itself(keyword, Kind::Unknown)),
        _ => place.here.put(Violation::of_itself("false", Kind::Unknown)),
    }
}

/// The one alternative of `anyOf` or `oneOf` that the client evidently meant: it fails only below the
/// value at `pointer`, and not at a member that tells the alternatives apart.
fn meant<'e>(
    alternatives: &'e [Vec<ValidationError<'static>>],
    pointer: &str,
) -> Option<&'e [ValidationError<'static>]> {
    let only = |fits: fn(&ValidationError<'_>, &str) -> bool| {
        let mut fitting = alternatives.iter().filter(|a| !a.is_empty() && a.iter().all(|e| fits(e, pointer)));
        fitting.next().filter(|_| fitting.next().is_none()).map(Vec::as_slice)
    };
    only(|e, _| lists_unknown(e)).or_else(|| only(|e, pointer| lists_unknown(e) || is_detail(e, pointer)))
}

fn lists_unknown(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), Failed::AdditionalProperties { .. } | Failed::UnevaluatedProperties { .. })
}

/// Whether an error concerns something below `pointer` other than a discriminating member of it.
fn is_detail(error: &ValidationError<'_>, pointer: &str) -> bool {
    let below = error.instance_path().as_str().strip_prefix(pointer).unwrap_or_default();
    let discriminates = matches!(error.kind(), Failed::Constant { .. } | Failed::Enum { .. });
    match below.matches('/').count() {
        0 => false,
        1 => !discriminates,
        _ => true,
    }
}

/// The value at a JSON Pointer (RFC 6901) of the validator's, and its place in `found`.
fn locate<'d, 'f>(
    document: &'d Value,
    found: &'f mut Found,
    pointer: &str,
) -> Option<(&'d Value, &'f mut Found)> {
    let (mut value, mut place) = (document, found);
    for step in pointer.split('/').skip(1) {
        match value {
            Value::Object(members) => {
                let name = step.replace("~1", "/").replace("~0", "~");
                value = members.get(&name)?;
                place = place.member(&name);
            }
            Value::Array(elements) => {
                let index = step.parse().ok()?;
                value = elements.get(index)?;
                place = place.element(index);
            }
            _ => return None,
        }
    }
    Some((value, place))
}
