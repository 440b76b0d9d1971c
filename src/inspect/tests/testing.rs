//! What the tests of inspection share: terms made by hand, and schemas like those of the real policy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use crate::inspect::{OutgoingBody, clear_body};
use crate::policy::schema::{Override, PatternStep, PlacePattern};
use crate::policy::{BodySchema, BodyTerms, Mode};
use crate::refusal::Refusal;
use crate::removal::{Place, Removal};
use serde_json::{Value, json};

/// Terms that take out whatever breaks `schema`.
pub(super) fn terms(schema: &Value) -> BodyTerms {
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .unwrap();
    BodyTerms {
        content_types: vec!["application/json".to_owned()],
        max_bytes: 16 << 20,
        unknown: Mode::Strip,
        invalid: Mode::Strip,
        schema: BodySchema { validator, secrets: Vec::new(), overrides: Vec::new() },
    }
}

/// A set of places, written as a path: `*` is any element, `?` any member.
pub(super) fn at(path: &str) -> PlacePattern {
    let steps = path.split('/').skip(1).map(|step| match step {
        "*" => PatternStep::AnyElement,
        "?" => PatternStep::AnyMember,
        name => PatternStep::Member(name.to_owned()),
    });
    PlacePattern(steps.collect())
}

/// A choice of modes for a subschema.
pub(super) fn choose(path: &str, unknown: Option<Mode>, invalid: Option<Mode>) -> Override {
    Override { at: at(path), unknown, invalid }
}

/// What leaves, and what was taken out as `pointer rule` or `pointer rule <- cause`.
pub(super) fn clear(terms: &BodyTerms, body: &[u8]) -> Result<(String, Vec<String>), Refusal> {
    let (OutgoingBody { bytes, .. }, removals) = clear_body(terms, body)?;
    Ok((String::from_utf8(bytes.to_vec()).unwrap(), lines(&removals)))
}

/// Removals as `pointer rule` or `pointer rule <- cause`.
pub(super) fn lines(removals: &[Removal]) -> Vec<String> {
    let line = |removal: &Removal| {
        let Place::Body { pointer } = &removal.place else { panic!("not of the body: {removal:?}") };
        let cause = removal.cause.as_ref().map(|cause| format!(" <- {}", cause.as_str()));
        format!("{} {}{}", pointer.as_str(), removal.rule, cause.unwrap_or_default())
    };
    removals.iter().map(line).collect()
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                places(element, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Every place in a document, as a JSON Pointer, outermost first.
pub(super) fn all_places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places(value, "", &mut found);
    found
}

/// A license, and a report with nothing open in it.
pub(super) fn usage() -> Value {
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["license", "from"],
        "properties": {
            "license": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$", "writeOnly": true},
            "from": {"type": "string", "format": "date-time", "maxLength": 40},
            "tags": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "version": text(r"^[0-9]{1,4}(\.[0-9]{1,4}){0,3}$"),
                    "plan": {"enum": ["developer", "enterprise"]},
                    "café": text("^.{0,20}$"),
                }
            },
            "measures": {
                "type": "object",
                "additionalProperties": false,
                "patternProperties": {"^m\\.[a-z]{1,8}$": {"type": "integer", "minimum": 0}},
                "minProperties": 1,
                "maxProperties": 3
            },
            "logs": {"type": "array", "items": false},
        }
    })
}

/// Attributes and data points in the manner of OTLP.
pub(super) fn metrics() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["metrics"],
        "properties": {"metrics": {"type": "array", "maxItems": 20_000, "items": {"$ref": "#/$defs/metric"}}},
        "$defs": {
            "metric": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z_]{1,40}$"},
                    "points": {"type": "array", "minItems": 1, "maxItems": 20_000, "items": {"$ref": "#/$defs/point"}},
                }
            },
            "point": {
                "type": "object",
                "additionalProperties": false,
                "required": ["time"],
                "properties": {
                    "time": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,20}$"}]},
                    "asDouble": {"type": "number"},
                    "attributes": {"type": "array", "maxItems": 16, "items": {"oneOf": [
                        {"$ref": "#/$defs/env"}, {"$ref": "#/$defs/method"}
                    ]}},
                }
            },
            "env": {"type": "object", "additionalProperties": false, "required": ["key", "value"], "properties": {
                "key": {"const": "env"},
                "value": {"$ref": "#/$defs/name"}
            }},
            "method": {"type": "object", "additionalProperties": false, "required": ["key", "value"], "properties": {
                "key": {"const": "method"},
                "value": {"type": "object", "additionalProperties": false, "required": ["stringValue"], "properties": {
                    "stringValue": {"enum": ["GET", "POST"]}
                }}
            }},
            "name": {"type": "object", "additionalProperties": false, "required": ["stringValue"], "properties": {
                "stringValue": {"type": "string", "pattern": "^[a-z_]{1,20}$"}
            }},
        }
    })
}
