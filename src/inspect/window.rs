//! Finding violations in a large document piece by piece.
//!
//! The validator collects every error before it hands out the first, some kilobytes for each. A body of
//! `[{},{},…]` would so cost a gigabyte before it is refused. So a large document is looked at through
//! windows: the document with its large arrays reduced to a few of their elements. What is wrong with an
//! element, or with an object that is small enough to be seen whole, is found that way; what is wrong
//! with a large container as a whole is looked for when nothing else is left. Whether the document is
//! valid is never decided here.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::violations::{self, Found};
use serde_json::Value;

/// The most values that a window shows of an array; what has more is large. Small in this crate's own
/// tests, so that every scenario there is also one of windows.
const WINDOW: usize = if cfg!(test) { 12 } else { 4096 };

/// More violations than the caller would take.
#[derive(Debug)]
pub(super) struct TooMany;

/// Adds what in `document` breaks the schema to `found`.
///
/// # Errors
/// When that is more than `most` places.
pub(super) fn find(
    validator: &jsonschema::Validator,
    document: &Value,
    found: &mut Found,
    most: usize,
) -> Result<(), TooMany> {
    if is_large(document) {
        let frame = reduced(document);
        let mut windows = Windows { validator, document, frame, chain: Vec::new(), found, left: most };
        windows.scan(document)?;
    }
    if found.is_empty() || !is_large(document) {
        violations::find(validator, document, found);
    }
    Ok(())
}

/// One step from the document to the array that the window shows.
enum Link {
    Member(String),
    /// The element with this index, alone in its array.
    Element(usize),
    /// Some elements, from this index on.
    Elements(usize),
}

struct Windows<'a> {
    validator: &'a jsonschema::Validator,
    document: &'a Value,
    /// The document, its large arrays empty but for what the window shows.
    frame: Value,
    chain: Vec<Link>,
    found: &'a mut Found,
    left: usize,
}

impl Windows<'_> {
    /// Looks at all of `value`, which is large and to which the chain leads.
    fn scan(&mut self, value: &Value) -> Result<(), TooMany> {
        match value {
            Value::Object(members) => {
                let mut large = members.iter().filter(|(_, member)| is_large(member)).peekable();
                if large.peek().is_none() {
                    return self.look();
                }
                for (name, member) in large {
                    self.chain.push(Link::Member(name.clone()));
                    self.scan(member)?;
                    self.chain.pop();
                }
                Ok(())
            }
            Value::Array(elements) => self.scan_array(elements),
            _ => Ok(()),
        }
    }

    fn scan_array(&mut self, elements: &[Value]) -> Result<(), TooMany> {
        let mut from = 0;
        while let Some(element) = elements.get(from) {
            let size = count(element, WINDOW + 1);
            let (shown, link) = if size > WINDOW {
                (vec![reduced(element)], Link::Element(from))
            } else {
                let mut room = WINDOW - size;
                let fits = |element: &&Value| {
                    let size = count(element, room + 1);
                    room = room.saturating_sub(size);
                    size <= room
                };
                let more = elements[from + 1..].iter().take_while(fits).count();
                (elements[from..=from + more].to_vec(), Link::Elements(from))
            };
            let next = from + shown.len();
            self.show(shown);
            self.chain.push(link);
            if size > WINDOW { self.scan(element) } else { self.look() }?;
            self.chain.pop();
            self.show(Vec::new());
            from = next;
        }
        Ok(())
    }

    /// Puts elements into the array of the frame that the chain leads to.
    fn show(&mut self, elements: Vec<Value>) {
        let mut place = Some(&mut self.frame);
        for link in &self.chain {
            place = place.and_then(|place| match link {
                Link::Member(name) => place.get_mut(name),
                Link::Element(_) | Link::Elements(_) => place.get_mut(0),
            });
        }
        if let Some(place) = place {
            *place = Value::Array(elements);
        }
    }

    fn look(&mut self) -> Result<(), TooMany> {
        let mut seen = Found::default();
        violations::find(self.validator, &self.frame, &mut seen);
        let added = merge(seen, self.found, self.document, &self.chain);
        self.left = self.left.checked_sub(added).ok_or(TooMany)?;
        Ok(())
    }
}

/// Adds what was seen through a window to what was found in `document`, at the places that things have
/// there. Says how many violations are new.
fn merge(seen: Found, found: &mut Found, document: &Value, chain: &[Link]) -> usize {
    let mut added = 0;
    let large = is_large(document);
    // Of a large container the window shows only parts: what it looks like as a whole is no matter yet.
    if let Some(violation) = seen.here.violation
        && !(large && violation.as_a_whole)
    {
        added += usize::from(found.here.violation.is_none());
        found.here.put(violation);
    }
    if !large {
        found.here.unevaluated = seen.here.unevaluated;
    }
    for (name, below) in seen.members {
        let Some(member) = document.get(&name) else { continue };
        let rest = match chain.split_first() {
            Some((Link::Member(next), rest)) if *next == name => rest,
            _ => &[],
        };
        added += merge(below, found.member(&name), member, rest);
    }
    for (index, below) in seen.elements {
        let (index, rest) = match chain.split_first() {
            Some((Link::Element(index), rest)) => (*index, rest),
            Some((Link::Elements(from), rest)) => (from + index, rest),
            _ => (index, &[][..]),
        };
        let Some(element) = document.get(index) else { continue };
        added += merge(below, found.element(index), element, rest);
    }
    added
}

fn is_large(value: &Value) -> bool {
    count(value, WINDOW + 1) > WINDOW
}

/// The number of values in `value`, itself included, counted up to `most`.
fn count(value: &Value, most: usize) -> usize {
    let mut sum = 1;
    let mut add = |below: &Value| {
        sum += count(below, most.saturating_sub(sum));
        sum < most
    };
    match value {
        Value::Array(elements) => drop(elements.iter().all(&mut add)),
        Value::Object(members) => drop(members.values().all(&mut add)),
        _ => {}
    }
    sum
}

/// A copy in which large arrays are empty.
fn reduced(value: &Value) -> Value {
    match value {
        large if !is_large(large) => large.clone(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, member)| (name.clone(), reduced(member))).collect())
        }
        Value::Array(_) => Value::Array(Vec::new()),
        scalar => scalar.clone(),
    }
}
