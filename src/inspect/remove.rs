//! Taking out what may not leave, until what is left conforms.
//!
//! Rounds: find what breaks the schema, take out the smallest things that are wrong, look again. That
//! something was required shows in the next round, at the object that now lacks it, and then that goes.
//! So nothing here needs to understand a schema, and what comes out was found valid by the validator
//! itself. Removal only ever shrinks the document, so the rounds end; a bound makes them end soon.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::json::{Document, MAX_DEPTH};
use super::places::{Key, Path, Places};
use super::record::{Record, Taken};
use super::violations::{Found, Kind, Violation, find};
use super::{record, text};
use crate::policy::schema::Override;
use crate::policy::{BodySchema, BodyTerms, Mode};
use crate::refusal::{Code, Refusal};
use crate::removal::Removal;
use serde_json::Value;

/// The most things that are taken out of one body; where more is wrong, the body is refused.
pub(super) const MAX_REMOVALS: usize = 16_384;
/// The most values of a body that is not conforming: each of them may be an error to keep in memory.
pub(super) const MAX_VALUES_TO_MEND: usize = 262_144;
/// A parent may go for its child once per level; a few rounds more for alternatives that change.
const MAX_ROUNDS: usize = MAX_DEPTH + 8;

/// Takes everything out of `document` that breaks the terms.
///
/// # Errors
/// `body_not_allowed` where the terms say that the violation refuses the body, and where nothing that
/// conforms is left.
pub(super) fn conform(terms: &BodyTerms, document: Document) -> Result<(Value, Vec<Removal>), Refusal> {
    let Document { mut value, plain, values } = document;
    let mut found = Found::default();
    if !plain {
        text::find(&value, &mut found);
    }
    if found.is_empty() && terms.schema.is_valid(&value) {
        return Ok((value, Vec::new()));
    }
    if values > MAX_VALUES_TO_MEND {
        let detail = format!(
            "the body breaks its schema and has more than {MAX_VALUES_TO_MEND} values: send less in one request"
        );
        return Err(Refusal::new(Code::BodyNotAllowed, detail));
    }
    let received = value.clone();
    let mut record = Record::default();
    for _ in 0..MAX_ROUNDS {
        find(&terms.schema.validator, &value, &mut found);
        take_out(terms, &received, &mut value, found, &mut record)?;
        if terms.schema.is_valid(&value) {
            return Ok((value, record::removals(&received, &record)));
        }
        found = Found::default();
    }
    Err(Refusal::new(Code::BodyNotAllowed, "what breaks the schema cannot be taken out of the body"))
}

/// One round: settles what goes, judges it, and takes it out.
fn take_out(
    terms: &BodyTerms,
    received: &Value,
    value: &mut Value,
    mut found: Found,
    record: &mut Record,
) -> Result<(), Refusal> {
    if !settle(&mut found, record) {
        let detail = "the body breaks its schema at a place that cannot be told";
        return Err(Refusal::new(Code::BodyNotAllowed, detail));
    }
    let mut judge = Judge { terms, path: Path::new(), taken: 0, rejected: false };
    judge.mark(&found, record);
    if judge.rejected {
        let detail = "the body breaks its schema, and here that refuses the request";
        let violations = record::rejected(received, record);
        return Err(Refusal::new(Code::BodyNotAllowed, detail).because(violations));
    }
    if record.here.gone {
        let detail = "the body breaks its schema where nothing can be taken out without breaking it further";
        let violations = record::causes(received, record);
        return Err(Refusal::new(Code::BodyNotAllowed, detail).because(violations));
    }
    if judge.taken > MAX_REMOVALS {
        let detail = format!("the body breaks its schema in more than {MAX_REMOVALS} places");
        return Err(Refusal::new(Code::BodyNotAllowed, detail));
    }
    prune(value, &found, record);
    Ok(())
}

/// Leaves in `found` only what goes in this round: no violation above another one. What is put off is
/// noted, so that it is not taken for a consequence later. Says whether anything goes.
fn settle(found: &mut Found, record: &mut Record) -> bool {
    if found.here.violation.as_ref().is_some_and(|v| !v.as_a_whole) {
        found.members.clear();
        found.elements.clear();
        found.here.unevaluated.clear();
        return true;
    }
    let mut below = false;
    for (name, child) in &mut found.members {
        below |= settle(child, record.member(name));
    }
    for (index, child) in &mut found.elements {
        below |= settle(child, record.element(record.here.received_index(*index)));
    }
    let unevaluated = std::mem::take(&mut found.here.unevaluated);
    if below {
        if let Some(violation) = found.here.violation.take()
            && !record.here.touched
        {
            record.here.own.push(violation.rule);
        }
        return true;
    }
    if found.here.violation.is_some() {
        return true;
    }
    for name in &unevaluated {
        let violation = Violation::of_itself("unevaluatedProperties", Kind::Unknown);
        found.member(name).here.put(violation);
    }
    !unevaluated.is_empty()
}

/// Walks over what goes, says whether it may, and writes it into the record.
struct Judge<'t> {
    terms: &'t BodyTerms,
    path: Path,
    taken: usize,
    rejected: bool,
}

impl Judge<'_> {
    fn mark(&mut self, found: &Found, record: &mut Record) {
        if let Some(violation) = &found.here.violation {
            self.mark_place(violation, &mut record.here);
        }
        for (name, child) in &found.members {
            self.path.push(Key::Member(name.clone()));
            self.mark(child, record.member(name));
            self.path.pop();
        }
        for (index, child) in &found.elements {
            let index = record.here.received_index(*index);
            self.path.push(Key::Index(index));
            self.mark(child, record.element(index));
            self.path.pop();
        }
        record.here.touched |= record.here.gone || record.has_touched_child();
    }

    fn mark_place(&mut self, violation: &Violation, taken: &mut Taken) {
        self.taken += 1;
        taken.gone = true;
        // Broken by what was taken out below, and not before: a consequence, which is not judged again.
        let consequence = taken.touched && violation.as_a_whole && !taken.own.contains(&violation.rule);
        if consequence {
            taken.missed = violation.missing.clone();
            return;
        }
        taken.broke = Some(violation.rule.clone());
        taken.rejected = self.mode(violation.kind) == Mode::Reject;
        self.rejected |= taken.rejected;
    }

    /// The mode at the current place: the nearest choice of a subschema above, else the endpoint's.
    fn mode(&self, kind: Kind) -> Mode {
        // What is not listed is a matter of what encloses it.
        let enclosing = self.path.len().saturating_sub(usize::from(kind == Kind::Unknown));
        let (chosen, default): (fn(&Override) -> Option<Mode>, _) = match kind {
            Kind::Unknown => (|o| o.unknown, self.terms.unknown),
            Kind::Invalid => (|o| o.invalid, self.terms.invalid),
        };
        nearest(&self.terms.schema, &self.path[..enclosing], chosen).unwrap_or(default)
    }
}

fn nearest(schema: &BodySchema, path: &[Key], chosen: fn(&Override) -> Option<Mode>) -> Option<Mode> {
    let above = schema.overrides.iter().filter_map(|o| {
        let length = o.at.0.len();
        let applies = path.get(..length).is_some_and(|prefix| super::places::matches(&o.at, prefix));
        chosen(o).filter(|_| applies).map(|mode| (length, mode == Mode::Reject))
    });
    // Two alternatives may choose for one place: then what lets less out holds.
    above.max().map(|(_, reject)| if reject { Mode::Reject } else { Mode::Strip })
}

/// Takes out of `value` what stands in `found`, each container in one pass.
fn prune(value: &mut Value, found: &Found, record: &mut Record) {
    let goes = |place: Option<&Places<_>>| place.is_some_and(|p: &Found| p.here.violation.is_some());
    match value {
        Value::Object(members) => {
            for (name, child) in &found.members {
                if let Some(member) = members.get_mut(name) {
                    prune(member, child, record.member(name));
                }
            }
            if found.members.values().any(|child| goes(Some(child))) {
                members.retain(|name, _| !goes(found.members.get(name)));
            }
        }
        Value::Array(elements) => {
            for (index, child) in &found.elements {
                if let Some(element) = elements.get_mut(*index) {
                    prune(element, child, record.element(record.here.received_index(*index)));
                }
            }
            if found.elements.values().any(|child| goes(Some(child))) {
                let mut kept = record.here.kept.take().unwrap_or_else(|| (0..elements.len()).collect());
                retain_indexed(&mut kept, |index| !goes(found.elements.get(&index)));
                retain_indexed(elements, |index| !goes(found.elements.get(&index)));
                record.here.kept = Some(kept);
            }
        }
        _ => {}
    }
}

fn retain_indexed<T>(elements: &mut Vec<T>, keep: impl Fn(usize) -> bool) {
    let mut index = 0;
    elements.retain(|_| {
        index += 1;
        keep(index - 1)
    });
}
