//! Writing a cleared document: compact JSON, and where in it the secrets stand.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::OutgoingBody;
use crate::policy::schema::{PatternStep, PlacePattern};
use serde::Serialize;
use serde_json::Value;
use std::ops::Range;

/// Writes a document. Members keep their order, integers their digits; other numbers are the
/// shortest decimals that read back as the same doubles; strings are escaped only where they must be.
pub(super) fn write(document: &Value, secrets: &[PlacePattern]) -> OutgoingBody {
    let mut writer = Writer { out: Vec::new(), secrets: Vec::new() };
    let open: Vec<&[PatternStep]> = secrets.iter().map(|pattern| &*pattern.0).collect();
    writer.value(document, &open);
    OutgoingBody { bytes: writer.out.into(), secrets: writer.secrets }
}

struct Writer {
    out: Vec<u8>,
    secrets: Vec<Range<usize>>,
}

impl Writer {
    /// Writes a value; `open` is what is still to go of the patterns that fit so far.
    fn value(&mut self, value: &Value, open: &[&[PatternStep]]) {
        if open.is_empty() {
            return self.json(value);
        }
        if open.iter().any(|steps| steps.is_empty()) {
            // Whatever stands where a secret should is one: also a number, also an object.
            let start = self.out.len();
            self.json(value);
            return self.secrets.push(start..self.out.len());
        }
        match value {
            Value::Object(members) => {
                let mut separator = b'{';
                for (name, member) in members {
                    self.out.push(separator);
                    separator = b',';
                    self.json(name);
                    self.out.push(b':');
                    self.value(member, &after(open, Some(name)));
                }
                self.close(separator, b'{', b'}');
            }
            Value::Array(elements) => {
                let below = after(open, None);
                let mut separator = b'[';
                for element in elements {
                    self.out.push(separator);
                    separator = b',';
                    self.value(element, &below);
                }
                self.close(separator, b'[', b']');
            }
            scalar => self.json(scalar),
        }
    }

    fn close(&mut self, separator: u8, opening: u8, closing: u8) {
        if separator == opening {
            self.out.push(opening);
        }
        self.out.push(closing);
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Neither a `Value` nor a string can fail to serialise, and a `Vec` takes every write.
        let written = serde_json::to_writer(&mut self.out, value);
        debug_assert!(written.is_ok());
    }
}

/// What is left of the patterns that fit the step into a member, or into an element.
fn after<'p>(open: &[&'p [PatternStep]], member: Option<&str>) -> Vec<&'p [PatternStep]> {
    open.iter()
        .filter_map(|steps| {
            let (step, rest) = steps.split_first()?;
            let fits = match (step, member) {
                (PatternStep::Member(wanted), Some(name)) => wanted == name,
                (PatternStep::AnyMember, Some(_)) | (PatternStep::AnyElement, None) => true,
                _ => false,
            };
            fits.then_some(rest)
        })
        .collect()
}
