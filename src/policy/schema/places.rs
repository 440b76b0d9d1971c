//! What the gate itself reads from a schema: where secrets stand, and where another mode holds.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::super::Mode;
use super::holes::Hole;
use super::keyword::{self, Reaches, children};
use super::{Override, PatternStep, PlacePattern};
use serde_json::{Map, Value};

/// The most places that are visited; references multiply them.
const MOST_VISITS: usize = 100_000;

/// What was found, each place once.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub secrets: Vec<PlacePattern>,
    pub overrides: Vec<Override>,
}

/// Walks through every place of the documents that a schema describes.
///
/// # Errors
/// A schema that contains itself: its places cannot be listed.
pub(super) fn find(document: &Value) -> Result<Found, Hole> {
    let mut walk = Walk { document, found: Found::default(), steps: Vec::new(), path: Vec::new(), visits: 0 };
    walk.schema("", document)?;
    Ok(walk.found)
}

struct Walk<'a> {
    document: &'a Value,
    found: Found,
    steps: Vec<PatternStep>,
    path: Vec<&'a str>,
    visits: usize,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, pointer: &str, schema: &'a Value) -> Result<(), Hole> {
        self.visits += 1;
        if self.visits > MOST_VISITS {
            return Err(Hole::new(pointer, "the schema has too many places: use fewer references"));
        }
        let Value::Object(schema) = schema else { return Ok(()) };
        self.note(schema);
        self.reference(pointer, schema)?;
        for child in children(pointer, schema) {
            let step = match child.reaches {
                Reaches::Nothing => continue,
                Reaches::Itself => None,
                Reaches::Member => child.name.map(|name| PatternStep::Member(name.to_owned())),
                Reaches::AnyMember => Some(PatternStep::AnyMember),
                Reaches::AnyElement => Some(PatternStep::AnyElement),
            };
            let depth = self.steps.len();
            self.steps.extend(step);
            self.schema(&child.pointer, child.schema)?;
            self.steps.truncate(depth);
        }
        Ok(())
    }

    fn note(&mut self, schema: &Map<String, Value>) {
        let here = || PlacePattern(self.steps.clone());
        if schema.get("writeOnly") == Some(&Value::Bool(true)) && !self.found.secrets.contains(&here()) {
            self.found.secrets.push(here());
        }
        let mode =
            |keyword| schema.get(keyword).map(|m| if m == "reject" { Mode::Reject } else { Mode::Strip });
        let (unknown, invalid) = (mode(keyword::UNKNOWN), mode(keyword::INVALID));
        if unknown.is_some() || invalid.is_some() {
            let choice = Override { at: here(), unknown, invalid };
            if !self.found.overrides.contains(&choice) {
                self.found.overrides.push(choice);
            }
        }
    }

    fn reference(&mut self, pointer: &str, schema: &'a Map<String, Value>) -> Result<(), Hole> {
        let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'))
        else {
            return Ok(());
        };
        if self.path.contains(&target) {
            let message = "refers back to itself, so that nothing bounds its depth: write the levels out";
            return Err(Hole::new(pointer, message));
        }
        let Some(referred) = self.document.pointer(target) else { return Ok(()) };
        self.path.push(target);
        let verdict = self.schema(target, referred);
        self.path.pop();
        verdict
    }
}
