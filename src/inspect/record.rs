//! What was taken out, by its places in the body as received.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::places::{Key, Path, Places};
use crate::removal::{JsonType, Place, Pointer, Removal, Step};
use serde_json::Value;

/// The most violations that a refusal lists.
const MAX_LISTED: usize = 100;

/// The record of a body under inspection. Indices are those of the body as received.
pub(super) type Record = Places<Taken>;

/// What happened at one place.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Whether it was taken out.
    pub(super) gone: bool,
    /// Whether it, or something below it, was taken out.
    pub(super) touched: bool,
    /// The rule that it broke itself. `None` for what had to go with something below it.
    pub(super) broke: Option<String>,
    /// Whether that refuses the body.
    pub(super) rejected: bool,
    /// For what had to go with something below: the required member that is missing since.
    pub(super) missed: Option<String>,
    /// Rules that were broken here before anything below was taken out.
    pub(super) own: Vec<String>,
    /// For an array: where its present elements stood in the body as received; `None` while all stand there.
    pub(super) kept: Option<Vec<usize>>,
}

impl Taken {
    /// The index in the body as received of the element that is now at `index`.
    pub(super) fn received_index(&self, index: usize) -> usize {
        self.kept.as_ref().and_then(|kept| kept.get(index).copied()).unwrap_or(index)
    }
}

impl Record {
    pub(super) fn has_touched_child(&self) -> bool {
        self.members.values().chain(self.elements.values()).any(|child| child.here.touched)
    }
}

/// What was taken out, in the order of the document, the outermost thing once.
pub(super) fn removals(received: &Value, record: &Record) -> Vec<Removal> {
    list(received, record, usize::MAX, |taken| taken.gone)
}

/// What refuses the body because the policy says so.
pub(super) fn rejected(received: &Value, record: &Record) -> Vec<Removal> {
    list(received, record, MAX_LISTED, |taken| taken.rejected)
}

/// What broke a rule of itself, so that in the end nothing was left.
pub(super) fn causes(received: &Value, record: &Record) -> Vec<Removal> {
    let mut walk = Walk { path: Path::new(), listed: Vec::new(), most: MAX_LISTED };
    let wanted = |taken: &Taken| taken.broke.is_some();
    let missed = record.here.missed.as_ref().filter(|_| record.here.broke.is_none());
    match missed.and_then(|name| Some((name, received.get(name)?, record.members.get(name)?))) {
        Some((name, member, below)) => {
            walk.path.push(Key::Member(name.clone()));
            walk.visit(member, below, &wanted);
        }
        None => walk.visit(received, record, &wanted),
    }
    walk.listed
}

fn list(received: &Value, record: &Record, most: usize, wanted: impl Fn(&Taken) -> bool) -> Vec<Removal> {
    let mut walk = Walk { path: Path::new(), listed: Vec::new(), most };
    walk.visit(received, record, &wanted);
    walk.listed
}

struct Walk {
    path: Path,
    listed: Vec<Removal>,
    most: usize,
}

impl Walk {
    /// Lists the outermost wanted places in the order of the document.
    fn visit(&mut self, value: &Value, record: &Record, wanted: &dyn Fn(&Taken) -> bool) {
        if self.listed.len() == self.most {
            return;
        }
        if wanted(&record.here) {
            let removal = self.removal(value, record);
            return self.listed.push(removal);
        }
        for_each_below(value, record, &mut |key, value, record| {
            self.path.push(key);
            self.visit(value, record, wanted);
            self.path.pop();
        });
    }

    fn removal(&self, value: &Value, record: &Record) -> Removal {
        let place = Place::Body { pointer: pointer(&self.path) };
        let json_type = Some(JsonType::of(value));
        if let Some(rule) = &record.here.broke {
            return Removal { place, json_type, rule: rule.clone(), cause: None };
        }
        let mut path = self.path.clone();
        let missed = record.here.missed.as_ref();
        let first = missed
            .and_then(|name| {
                path.push(Key::Member(name.clone()));
                first_broken(value.get(name)?, record.members.get(name)?, &mut path)
            })
            .or_else(|| {
                path.clone_from(&self.path);
                first_broken(value, record, &mut path)
            });
        Removal {
            place,
            json_type,
            // Something below broke a rule, else this would have been its own doing.
            rule: first.unwrap_or_default(),
            cause: Some(pointer(&path)),
        }
    }
}

/// The rule that the first place here or below broke of itself; `path` then leads to it.
fn first_broken(value: &Value, record: &Record, path: &mut Path) -> Option<String> {
    if record.here.broke.is_some() {
        return record.here.broke.clone();
    }
    let mut first = None;
    for_each_below(value, record, &mut |key, value, record| {
        if first.is_none() {
            path.push(key);
            first = first_broken(value, record, path);
            if first.is_none() {
                path.pop();
            }
        }
    });
    first
}

/// Visits the recorded places directly below in the order of the document.
fn for_each_below(value: &Value, record: &Record, visit: &mut dyn FnMut(Key, &Value, &Record)) {
    match value {
        Value::Object(members) if !record.members.is_empty() => {
            for (name, member) in members {
                if let Some(below) = record.members.get(name) {
                    visit(Key::Member(name.clone()), member, below);
                }
            }
        }
        Value::Array(elements) => {
            for (index, below) in &record.elements {
                if let Some(element) = elements.get(*index) {
                    visit(Key::Index(*index), element, below);
                }
            }
        }
        _ => {}
    }
}

fn pointer(path: &[Key]) -> Pointer {
    Pointer::new(path.iter().map(|key| match key {
        Key::Member(name) => Step::Member(name),
        Key::Index(index) => Step::Index(*index),
    }))
}
