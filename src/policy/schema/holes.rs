//! Is there a place where a schema lets anything through? An object that takes members it does not
//! list, a string without an end, an array without a count.
//!
//! A schema is the conjunction of its keywords, so one of them is enough to close it for a type.
//! What cannot be seen to be closed counts as open: the check may refuse a sound schema, and then
//! says what to add; it must never pass an open one.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::super::pattern;
use super::keyword::{Reaches, children, step};
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};

/// The most characters of one string. More is a document and not a field.
const LONGEST_STRING: u64 = 4096;
/// The most elements of one array.
const MOST_ITEMS: u64 = 1_000_000;
/// The most members of an object whose names a pattern gives.
const MOST_MEMBERS: u64 = 1000;
/// How many steps the check takes before it gives up on a schema that refers to itself manifold.
const MOST_STEPS: u32 = 200_000;

/// A place in a schema and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole {
    /// A JSON Pointer into the schema.
    pub pointer: String,
    /// What it lets through, and what to add.
    pub message: String,
}

impl Hole {
    pub fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into() }
    }
}

/// The types that can carry what nobody listed. Numbers, booleans and null cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Text,
    Array,
    Object,
}

impl Carrier {
    const ALL: [Self; 3] = [Self::Object, Self::Array, Self::Text];

    fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    fn keywords(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["pattern", "format", "maxLength", "minLength"],
            Self::Array => &["items", "prefixItems", "maxItems", "minItems", "contains", "unevaluatedItems"],
            Self::Object => &[
                "properties",
                "patternProperties",
                "additionalProperties",
                "unevaluatedProperties",
                "required",
                "maxProperties",
            ],
        }
    }
}

/// Finds the first hole of a schema in which every reference is `#/…`.
///
/// # Errors
/// The hole.
pub(super) fn check(document: &Value) -> Result<(), Hole> {
    Search { document, steps: Cell::new(0), path: RefCell::default() }.closed("", document)
}

struct Search<'a> {
    document: &'a Value,
    steps: Cell<u32>,
    /// The references that are being followed, to notice one that leads back to itself.
    path: RefCell<Vec<String>>,
}

impl<'a> Search<'a> {
    /// Whether a value that the schema admits is of listed content, whatever its type.
    fn closed(&self, pointer: &str, schema: &'a Value) -> Result<(), Hole> {
        Carrier::ALL.iter().try_for_each(|carrier| self.closes(*carrier, pointer, schema))
    }

    /// Whether the schema closes one type: no value of it, or only values of listed content.
    fn closes(&self, carrier: Carrier, pointer: &str, schema: &'a Value) -> Result<(), Hole> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS {
            return Err(Hole::new(
                pointer,
                "the schema is too intricate to be checked: use fewer references",
            ));
        }
        let schema = match schema {
            Value::Bool(false) => return Ok(()),
            Value::Object(schema) => schema,
            _ => {
                return Err(Hole::new(pointer, "admits anything: say what it may be, with `type` or `enum`"));
            }
        };
        if !admits(carrier, schema) {
            return Ok(());
        }
        let own = self.closes_by_itself(carrier, pointer, schema);
        if own.is_ok() {
            return Ok(());
        }
        let by_parts = self.closes_by_parts(carrier, pointer, schema);
        match (own, by_parts) {
            (_, Some(Ok(()))) => Ok(()),
            (Err(own), _) if carrier.keywords().iter().any(|k| schema.contains_key(*k)) => Err(own),
            (_, Some(Err(part))) => Err(part),
            (_, None) if !schema.contains_key("type") => Err(Hole::new(
                pointer,
                format!("admits any {}: say what it may be, with `type` or `enum`", carrier.name()),
            )),
            (own, None) => own,
        }
    }

    fn closes_by_itself(
        &self,
        carrier: Carrier,
        pointer: &str,
        schema: &'a Map<String, Value>,
    ) -> Result<(), Hole> {
        match carrier {
            Carrier::Text => bounded_text(pointer, schema),
            Carrier::Array => self.counted(pointer, schema),
            Carrier::Object => self.listed(pointer, schema),
        }
    }

    /// What the schemas that apply to the same value say: `None` where there are none.
    fn closes_by_parts(
        &self,
        carrier: Carrier,
        pointer: &str,
        schema: &'a Map<String, Value>,
    ) -> Option<Result<(), Hole>> {
        let mut verdicts = Vec::new();
        if let Some(verdict) = self.through_reference(pointer, schema, |at, s| self.closes(carrier, at, s)) {
            verdicts.push(verdict);
        }
        let list = |keyword| schema.get(keyword).and_then(Value::as_array);
        let at = |keyword, index| format!("{pointer}/{keyword}/{index}");
        for (index, part) in list("allOf").into_iter().flatten().enumerate() {
            verdicts.push(self.closes(carrier, &at("allOf", index), part));
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(branches) = list(keyword) {
                let mut branches = branches.iter().enumerate();
                verdicts.push(branches.try_for_each(|(i, s)| self.closes(carrier, &at(keyword, i), s)));
            }
        }
        verdicts.extend(self.closes_by_condition(carrier, pointer, schema));
        let ok = verdicts.iter().any(Result::is_ok);
        if ok { Some(Ok(())) } else { verdicts.into_iter().next() }
    }

    /// `if` A `then` B `else` C admits (A and B) or (not A and C).
    fn closes_by_condition(
        &self,
        carrier: Carrier,
        pointer: &str,
        schema: &'a Map<String, Value>,
    ) -> Option<Result<(), Hole>> {
        let (condition, otherwise) = (schema.get("if")?, schema.get("else")?);
        let branch = |keyword: &str, s| self.closes(carrier, &step(pointer, keyword), s);
        let met = match schema.get("then") {
            Some(then) => branch("then", then).or_else(|hole| branch("if", condition).map_err(|_| hole)),
            None => branch("if", condition),
        };
        Some(met.and_then(|()| branch("else", otherwise)))
    }

    /// Follows `$ref`, once on each path.
    fn through_reference<T>(
        &self,
        pointer: &str,
        schema: &'a Map<String, Value>,
        visit: impl FnOnce(&str, &'a Value) -> Result<T, Hole>,
    ) -> Option<Result<T, Hole>> {
        let target = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        if self.path.borrow().iter().any(|on_path| on_path == target) {
            let message = "refers back to itself, so that nothing bounds its depth: write the levels out";
            return Some(Err(Hole::new(pointer, message)));
        }
        let referred = self.document.pointer(target)?;
        self.path.borrow_mut().push(target.to_owned());
        let verdict = visit(target, referred);
        self.path.borrow_mut().pop();
        Some(verdict)
    }

    /// An object: every member listed, and every listed member closed.
    fn listed(&self, pointer: &str, schema: &'a Map<String, Value>) -> Result<(), Hole> {
        if schema.get("maxProperties").and_then(Value::as_u64) == Some(0) {
            return Ok(());
        }
        let shut = |keyword| schema.get(keyword) == Some(&Value::Bool(false));
        if !shut("additionalProperties") && !shut("unevaluatedProperties") {
            let advice = "add `\"additionalProperties\": false`";
            let message = if schema.contains_key("additionalProperties") {
                format!(
                    "an object whose further members have names that nobody listed: {advice}, and `patternProperties` for a family of names"
                )
            } else {
                format!("an open object: {advice}")
            };
            return Err(Hole::new(pointer, message));
        }
        self.members(pointer, schema, &[])?;
        if shut("additionalProperties") {
            return Ok(());
        }
        let own: Vec<&str> = members_of(schema).map(|(name, _)| name.as_str()).collect();
        self.evaluated_elsewhere(pointer, schema, &own)
    }

    /// Each member that this schema lists, but those that are `closed` already.
    fn members(&self, pointer: &str, schema: &'a Map<String, Value>, closed: &[&str]) -> Result<(), Hole> {
        for (name, member) in members_of(schema).filter(|(name, _)| !closed.contains(&name.as_str())) {
            self.closed(&step(&step(pointer, "properties"), name), member)?;
        }
        let Some(families) = schema.get("patternProperties").and_then(Value::as_object) else {
            return Ok(());
        };
        for (names, member) in families {
            let at = step(&step(pointer, "patternProperties"), names);
            bounded_pattern(&at, names, None)?;
            self.closed(&at, member)?;
        }
        if !families.is_empty() {
            bounded_count(pointer, schema, "maxProperties", MOST_MEMBERS)?;
        }
        Ok(())
    }

    /// `unevaluatedProperties: false` lets through what any schema on the same object has looked at.
    fn evaluated_elsewhere(
        &self,
        pointer: &str,
        schema: &'a Map<String, Value>,
        closed: &[&str],
    ) -> Result<(), Hole> {
        let visit = |at: &str, part: &'a Value| {
            let Value::Object(part) = part else { return Ok(()) };
            for keyword in ["additionalProperties", "unevaluatedProperties"] {
                if part.get(keyword).is_some_and(|further| further != &Value::Bool(false)) {
                    return Err(Hole::new(
                        at,
                        format!("`{keyword}` here opens an object that is closed above: remove it"),
                    ));
                }
            }
            self.members(at, part, closed)?;
            self.evaluated_elsewhere(at, part, closed)
        };
        if let Some(verdict) = self.through_reference(pointer, schema, visit) {
            verdict?;
        }
        let parts = children(pointer, schema);
        parts.iter().filter(|c| c.reaches == Reaches::Itself).try_for_each(|c| visit(&c.pointer, c.schema))
    }

    /// An array: a count, and every element closed.
    fn counted(&self, pointer: &str, schema: &'a Map<String, Value>) -> Result<(), Hole> {
        let most = schema.get("maxItems").and_then(Value::as_u64);
        if most == Some(0) {
            return Ok(());
        }
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, element) in first.iter().enumerate() {
            self.closed(&format!("{pointer}/prefixItems/{index}"), element)?;
        }
        match schema.get("items") {
            Some(Value::Bool(false)) => Ok(()),
            Some(items) => {
                self.closed(&step(pointer, "items"), items)?;
                bounded_count(pointer, schema, "maxItems", MOST_ITEMS)
            }
            None if !first.is_empty() && most.is_some_and(|most| most <= first.len() as u64) => Ok(()),
            None => Err(Hole::new(
                pointer,
                "an array whose elements may be anything: add `items` and `maxItems`, or `\"items\": false`",
            )),
        }
    }
}

fn members_of(schema: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// Whether `type`, `enum` and `const` leave room for unlisted values of this type.
fn admits(carrier: Carrier, schema: &Map<String, Value>) -> bool {
    if schema.contains_key("enum") || schema.contains_key("const") {
        return false;
    }
    match schema.get("type") {
        None => true,
        Some(Value::Array(types)) => types.iter().any(|t| t == carrier.name()),
        Some(one) => one == carrier.name(),
    }
}

/// A string: a format of fixed length, or a pattern for all of it with an end.
fn bounded_text(pointer: &str, schema: &Map<String, Value>) -> Result<(), Hole> {
    let most = schema.get("maxLength").and_then(Value::as_u64);
    if most == Some(0) {
        return Ok(());
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        return bounded_pattern(pointer, pattern, most);
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid" | "date" | "ipv4") => Ok(()),
        Some(format @ ("date-time" | "time" | "duration" | "ipv6")) => match most {
            Some(most) if most <= 64 => Ok(()),
            _ => {
                Err(Hole::new(pointer, format!("a `{format}` has no longest form: add `\"maxLength\": 40`")))
            }
        },
        Some(format) => Err(Hole::new(
            pointer,
            format!(
                "the format `{format}` leaves room for anything: add a `pattern`, like \"^[a-z]{{1,20}}$\""
            ),
        )),
        None => Err(Hole::new(
            pointer,
            "an unbounded string: add `enum`, a `format` such as \"uuid\", or a `pattern` like \"^[a-z]{1,20}$\"",
        )),
    }
}

fn bounded_pattern(pointer: &str, pattern: &str, most: Option<u64>) -> Result<(), Hole> {
    let reach = pattern::measure(pattern).map_err(|why| Hole::new(pointer, why))?;
    if !reach.anchored {
        let message = "a pattern that does not match the whole string: begin with `^`, end with `$`, and group \
                       alternatives as \"^(?:a|b)$\"";
        return Err(Hole::new(pointer, message));
    }
    let longest = reach.longest.and_then(|longest| u64::try_from(longest).ok());
    match longest.into_iter().chain(most).min() {
        None => {
            let message = "a pattern without a longest match: add `maxLength`, or write `{1,20}` for `+`";
            Err(Hole::new(pointer, message))
        }
        Some(longest) if longest > LONGEST_STRING => Err(Hole::new(
            pointer,
            format!("a string of up to {longest} characters: at most {LONGEST_STRING} may be"),
        )),
        Some(_) => Ok(()),
    }
}

fn bounded_count(pointer: &str, schema: &Map<String, Value>, keyword: &str, most: u64) -> Result<(), Hole> {
    match schema.get(keyword).and_then(Value::as_u64) {
        Some(count) if count <= most => Ok(()),
        Some(_) => Err(Hole::new(pointer, format!("`{keyword}` is larger than {most}"))),
        None => Err(Hole::new(pointer, format!("nothing counts what it may hold: add `{keyword}`"))),
    }
}
